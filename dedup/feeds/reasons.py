"""Why a record was rejected: the fixed phrases, so that rejects can be counted by reason.

Most reasons mean that the record is lost to the run. A few only tell that
something about it was (`KEPT`): a date that could not be read, a damaged
file whose readable part was used. The two kinds are apart because the counts
must add up: records read = articles + records lost.
"""

from __future__ import annotations

import re
from typing import Final

from dedup.article import Reject

NOT_JSON: Final = "not valid JSON"
NOT_OBJECT: Final = "not a JSON object"
NOTHING_TO_READ: Final = "no title and no text"
TITLE_NOT_TEXT: Final = "title is not a string"
TEXT_NOT_TEXT: Final = "text is not a string"
WRONG_WIDTH: Final = "wrong number of fields"
OPEN_QUOTE: Final = "quote never closed"
TOO_LONG: Final = "line too long"
ENTRY_TOO_LONG: Final = "entry too long"
NO_FEED: Final = "not an RSS or Atom feed"
PAGE_TOO_LARGE: Final = "page too large"
NOT_PUBLISHED: Final = "no published article (WordPress export)"
NO_ARTICLE: Final = "no article found in the page"

BAD_DATE: Final = "date not understood (article kept without it)"
RELATIVE_DATE: Final = "date is relative to a day the feed does not tell (article kept without it)"
TITLE_LEFT_OUT: Final = "title is not a string (article kept without it)"
TEXT_LEFT_OUT: Final = "text is not a string (article kept without it)"
DAMAGED: Final = "file damaged (what was readable is kept)"
OVER_LIMIT: Final = "unpacks to more than the limit (what came before is kept)"
CHANGED: Final = "file changed while it was read (what was read is kept)"
MEMBER: Final = "member of an archive not read"
ENCRYPTED: Final = "file encrypted (not read)"
NOT_WELL_FORMED: Final = "not well-formed XML (entry read as far as possible)"
EMPTY_FILE: Final = "empty file"
NOT_A_FEED: Final = "not a feed (skipped in its folder)"
SAVED_PAGE: Final = (
    "saved page skipped: needs trafilatura, pip install 'dedup[html]' (in a clone: pip install '.[html]')"
)
ABOUT_FILES: Final = "README, LICENSE or Markdown file skipped (name it to read it)"

KEPT: Final = frozenset(
    {
        *(BAD_DATE, RELATIVE_DATE, TITLE_LEFT_OUT, TEXT_LEFT_OUT),
        *(NOT_WELL_FORMED, DAMAGED, OVER_LIMIT, CHANGED, MEMBER, ENCRYPTED),
        *(EMPTY_FILE, NOT_A_FEED, SAVED_PAGE, ABOUT_FILES),
    }
)
"""Reasons that cost no record: the article was kept, or the file as a whole is meant."""

SKIPPED: Final = frozenset({SAVED_PAGE, ABOUT_FILES})
"""Reasons whose count says it all: which files they were need not be told."""

# Control characters and line ends; what turns the direction of a line round or cannot be seen.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
_LONGEST_DETAIL = 200


def shown(value: object) -> str:
    """Return `value` fit for one line of a message.

    At most 200 characters, control characters, lone surrogates and what turns text
    round as one space; the middle of a long value never helps, so the end is cut.
    """
    # A 50 MB value must not be scanned whole for a 200-character message.
    text = value[: 2 * _LONGEST_DETAIL] if isinstance(value, str) else repr(value)[: 2 * _LONGEST_DETAIL]
    text = _UNPRINTABLE.sub(" ", text).strip()
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"


def reject(file: str, line: int, reason: str, detail: object = "") -> Reject:
    """Return a `Reject` whose detail is safe to print on one line."""
    return Reject(file=file, line=line, reason=reason, detail=shown(detail))
