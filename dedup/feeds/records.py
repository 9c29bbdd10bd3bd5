"""From raw records (mappings, as JSON or CSV gave them) to a batch of articles.

The common case must cost little: values that are plain strings go to Arrow as
they are, column by column, and only what is not looked at one by one. What a
value can be, and what becomes of it:

- nothing, "" or white space alone: null;
- a list: its strings joined (", ", for the text a blank line), an empty one null;
- an object with a ``name`` (schema.org's author and publisher): the name;
- a number: its digits, but never for the text, where it can only be a mistake;
- NUL characters are dropped, lone surrogates become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, FeedBatch, Reject
from dedup.feeds import reasons
from dedup.feeds.date_order import DateReader
from dedup.feeds.dates import Moment
from dedup.feeds.fields import FieldMap

RawRecord = Mapping[str, Any]

_TEXT_FIELDS: Final = ("id", "outlet", "url", "title", "text", "byline", "place", "credit", "language")
_HOST = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\d?\.)?([^/?#:\s]+)")


@dataclass(slots=True)
class RawBatch:
    """Some records as a reader found them.

    Parameters
    ----------
    records : list of mappings
        In feed order.
    lines : list of int
        The 1-based line of each record.
    rejects : list of Reject
        Records among these that could not even be parsed.
    columns : tuple of str
        The column names where the format states them (CSV); else empty.
    size : int
        Bytes of input they took.
    """

    records: list[RawRecord] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    size: int = 0

    def column_names(self) -> tuple[str, ...]:
        """Return the columns: stated, or every key of these records in order of appearance."""
        if self.columns:
            return self.columns
        names: dict[str, None] = {}
        for record in self.records:
            names.update(dict.fromkeys(record))
        return tuple(names)


class _NotTextError(ValueError):
    """A value that cannot be taken as the string it should be."""


class ArticleBuilder:
    """Builds batches of articles from the records of one file.

    Parameters
    ----------
    file : str
        The path as given; stands in every article and reject.
    fields : FieldMap
        Which column is which field.
    nulls : frozenset of str
        Strings that stand for "nothing" in this format (CSV has no other way to say it).

    Attributes
    ----------
    mended : int
        Values in which invalid characters were replaced so far.
    dates : DateReader
        Reads the dates of this file.
    """

    def __init__(self, file: str, fields: FieldMap, nulls: frozenset[str] = frozenset()) -> None:
        # A file name need not be valid text; a column of Arrow must be.
        self.file = file.encode("utf-8", "replace").decode()
        self.fields = fields
        self.mended = 0
        self.dates = DateReader()
        self._nulls = nulls
        self._learnt = False

    def learn(self, records: Sequence[RawRecord]) -> None:
        """Settle the order of day and month by these records; without a call, by those built first."""
        dated = [self.fields.values(name, records) or [] for name in ("published", "updated")]
        self.dates.learn(value for values in dated for value in values)
        self._learnt = True

    def build(self, raw: RawBatch) -> FeedBatch:
        """Return the articles of `raw` and all its rejects, in order of their lines."""
        if not self._learnt:
            self.learn(raw.records)
        records, lines = raw.records, raw.lines
        rejects = list(raw.rejects)
        columns: dict[str, list[Any]] = {}
        lost: set[int] = set()
        for name in _TEXT_FIELDS:
            columns[name] = self._strings(name, records, lines, rejects, lost)
        for row, (title, text) in enumerate(zip(columns["title"], columns["text"], strict=True)):
            if title is None and text is None and row not in lost:
                keys = ", ".join(key for key, value in records[row].items() if value not in (None, ""))
                detail = f"filled columns: {keys or 'none'}"
                rejects.append(reasons.reject(self.file, lines[row], reasons.NOTHING_TO_READ, detail))
                lost.add(row)
        if lost:
            kept = [row for row in range(len(records)) if row not in lost]
            records = [records[row] for row in kept]
            lines = [lines[row] for row in kept]
            columns = {name: [values[row] for row in kept] for name, values in columns.items()}
        if self.fields.outlet_from_url:
            columns["outlet"] = [None if url is None else host_of(url) for url in columns["url"]]
        published = self._dates("published", records, lines, rejects)
        updated = self._dates("updated", records, lines, rejects)
        columns["published"] = [None if moment is None else moment[0] for moment in published]
        columns["precision_s"] = [None if moment is None else moment[1] for moment in published]
        columns["updated"] = [None if moment is None else moment[0] for moment in updated]
        columns["file"] = [self.file] * len(lines)
        columns["line"] = list(lines)
        rejects.sort(key=lambda one: one.line)
        return FeedBatch(articles=self._to_arrow(columns), rejects=tuple(rejects))

    def _strings(
        self,
        name: str,
        records: Sequence[RawRecord],
        lines: Sequence[int],
        rejects: list[Reject],
        lost: set[int],
    ) -> list[str | None]:
        values = self.fields.values(name, records)
        if values is None:
            return [None] * len(records)
        nulls = self._nulls
        for row, value in enumerate(values):
            if type(value) is str and value and not value.isspace() and "\0" not in value:
                if value in nulls:
                    values[row] = None
                continue
            try:
                values[row] = _as_text(name, value)
            except _NotTextError:
                values[row] = None
                # Only title and text carry an article; any other field is merely missing.
                if name in ("title", "text") and row not in lost:
                    reason = reasons.TITLE_NOT_TEXT if name == "title" else reasons.TEXT_NOT_TEXT
                    rejects.append(reasons.reject(self.file, lines[row], reason, value))
                    lost.add(row)
        return values

    def _dates(
        self, name: str, records: Sequence[RawRecord], lines: Sequence[int], rejects: list[Reject]
    ) -> list[Moment | None]:
        values = self.fields.values(name, records)
        if values is None:
            return [None] * len(records)
        moments: list[Moment | None] = []
        for value, line in zip(values, lines, strict=True):
            moment = None if value is None else self.dates.read(value)
            if moment is None and not (_is_nothing(value) or (type(value) is str and value in self._nulls)):
                column = self.fields.columns[name]
                detail = f"{column}: {reasons.shown(value)}"
                rejects.append(reasons.reject(self.file, line, reasons.BAD_DATE, detail))
            moments.append(moment)
        return moments

    def _to_arrow(self, columns: Mapping[str, list[Any]]) -> pa.RecordBatch:
        arrays = []
        for column in ARTICLE_SCHEMA:
            values = columns[column.name]
            try:
                arrays.append(pa.array(values, column.type))
            except UnicodeEncodeError:
                repaired = [value if value is None else mend(value) for value in values]
                self.mended += sum(old != new for old, new in zip(values, repaired, strict=True))
                arrays.append(pa.array(repaired, column.type))
        return pa.RecordBatch.from_arrays(arrays, schema=ARTICLE_SCHEMA)


def empty_articles() -> pa.RecordBatch:
    """Return a batch of no articles, for rejects that come alone."""
    return pa.RecordBatch.from_arrays(
        [pa.array([], column.type) for column in ARTICLE_SCHEMA], schema=ARTICLE_SCHEMA
    )


def mend(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def host_of(url: str) -> str | None:
    """Return the host of `url` in lower case, without user, port and ``www.``; None when it has none.

    Examples
    --------
    >>> host_of("https://www.Example.org:8080/a?b=c")
    'example.org'
    """
    found = _HOST.match(url)
    return found[1].lower() if found else None


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip("\0 \t\r\n")) or value in ([], {})


def _as_text(name: str, value: Any) -> str | None:
    """Return a value that is no plain string as one, or None for nothing."""
    if isinstance(value, str):
        value = value.replace("\0", "")
        return value if value and not value.isspace() else None
    if value is None or value != value:  # NaN is how pandas writes a missing string
        return None
    if isinstance(value, list):
        parts = [part for part in (_as_text(name, one) for one in value) if part is not None]
        return ("\n\n" if name == "text" else ", ").join(parts) or None
    if isinstance(value, Mapping) and name not in ("title", "text", "id"):
        return _as_text(name, value.get("name"))
    if isinstance(value, int | float) and not isinstance(value, bool) and name != "text":
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise _NotTextError
