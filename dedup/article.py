"""The article: the one record every stage speaks of, and its Arrow schema.

Readers yield batches of this schema; the index stores them; nothing between
the two adds a field. A field a feed does not have is null, never "".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

ARTICLE_SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.string()),  # the feed's own id, unchanged; null: the feed has none
        pa.field("outlet", pa.string()),
        pa.field("url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("text", pa.string()),  # null for a headline-only item
        pa.field("published", pa.timestamp("us", tz="UTC")),
        pa.field("precision_s", pa.int32()),  # seconds `published` is good to: 1, 60, 86400
        pa.field("updated", pa.timestamp("us", tz="UTC")),
        pa.field("byline", pa.string()),
        pa.field("place", pa.string()),
        pa.field("credit", pa.string()),  # the line that names the agency, as the feed or page gives it
        pa.field("language", pa.string()),
        pa.field("file", pa.string(), nullable=False),  # where the record stood, for messages
        pa.field("line", pa.int64(), nullable=False),  # 1-based
        # As the feed had them, where cleaning changed them; null where it did not.
        pa.field("original_title", pa.string()),
        pa.field("original_text", pa.string()),
        pa.field("original_byline", pa.string()),
    ]
)
"""Arrow schema of a batch of articles. `published` is UTC; `precision_s` is in seconds."""

FEED_SCHEMA: Final = pa.schema(
    [column for column in ARTICLE_SCHEMA if not column.name.startswith("original_")]
)
"""The article as it is exported: without the originals of what was cleaned."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article as the API hands it out; the fields are those of `ARTICLE_SCHEMA`.

    The ``original_...`` fields are set only where cleaning changed the title, text or byline.
    """

    id: str | None = None
    outlet: str | None = None
    url: str | None = None
    title: str | None = None
    text: str | None = None
    published: datetime | None = None
    precision_s: int | None = None
    updated: datetime | None = None
    byline: str | None = None
    place: str | None = None
    credit: str | None = None
    language: str | None = None
    file: str = ""
    line: int = 0
    original_title: str | None = None
    original_text: str | None = None
    original_byline: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that could not be used: where it stood and why.

    Parameters
    ----------
    file : str
        Path as the user gave it.
    line : int
        1-based line (or record) number; 0 when the whole file is meant.
    reason : str
        Short fixed phrase, so that rejects can be counted by reason ("not valid JSON").
    detail : str
        The offending value or parser message, at most 200 characters, no control characters.
    """

    file: str
    line: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Some articles of a feed (`ARTICLE_SCHEMA`, possibly no rows) and the records rejected among them."""

    articles: pa.RecordBatch
    rejects: tuple[Reject, ...] = ()
