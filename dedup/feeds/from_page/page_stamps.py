"""The line that says who, where and when: bylines and time stamps of a page dump.

Such a line is told by a date in a short line. Labels decide what the date is
("Updated", "Created" ...); one without a label is the publication. What is left of
the line beside dates and labels is a person, a desk or a place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from dedup.feeds.dates.date_order import DateReader
from dedup.feeds.dates.read_date import Moment
from dedup.feeds.from_page.page_lines import LONGEST_SPECIAL, PageLine, count_words, is_capitals, is_furniture
from dedup.feeds.from_page.page_words import BY, DESK, STAMP_LABEL

# Something that can be the year or the numbers of a date; without it no window is tried.
_ANCHOR = re.compile(r"(?:19|20)\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}\b|\d{4}[年년]")
_LONGEST_STAMP: Final = 32  # words
_LONGEST_REST: Final = 12  # words beside dates and labels
_REACH: Final = 9  # words a date can extend to either side of its year
_NAME_PARTICLES: Final = frozenset(
    ("de", "del", "da", "di", "do", "dos", "la", "van", "von", "der", "den", "al", "bin", "e")
)
_SPLIT = re.compile(r"\s*[|•·/–—]\s*|\s-\s|\s{3,}|,\s(?=(?:the )?[A-ZÀ-Þ])")
_NAME_PART = re.compile(r"[^\W\d_][\w.'’\- ]*")


@dataclass
class Stamp:
    """What one line of stamps says.

    Parameters
    ----------
    published, updated : Moment or None
        Times in UTC, as `dedup.feeds.dates.read_date` gives them.
    labelled : bool
        A word such as "Updated" stood before a date.
    timed : bool
        A date had a time of day.
    rest : list of str
        What stood beside dates and labels, part by part.
    """

    published: Moment | None = None
    updated: Moment | None = None
    labelled: bool = False
    timed: bool = False
    rest: list[str] = field(default_factory=list)


def read_stamp(line: PageLine, dates: DateReader) -> Stamp | None:
    """Return what a stamp line says, or None when the line is none."""
    text = line.raw
    if len(text) > LONGEST_SPECIAL or not _ANCHOR.search(text):
        return None
    if line.words > _LONGEST_STAMP or is_furniture(text):
        return None
    stamp = Stamp()
    labels = list(STAMP_LABEL.finditer(text))
    cuts = [0, *(label.start() for label in labels), len(text)]
    for index, (start, end) in enumerate(pairwise(cuts)):
        label = labels[index - 1] if index else None
        segment = text[label.end() if label else start : end]
        while (found := _find_date(segment, dates)) is not None:
            moment, left, right = found
            if label is not None and label["updated"]:
                stamp.updated = stamp.updated or moment
            elif stamp.published is None:
                stamp.published = moment
            else:
                break
            stamp.labelled = stamp.labelled or label is not None
            stamp.timed = stamp.timed or moment[1] < 86_400
            stamp.rest += _named(left)
            segment, label = right, None if label is None else label
        stamp.rest += _named(segment)
    if stamp.published is None and stamp.updated is None:
        return None
    if sum(map(count_words, stamp.rest)) > _LONGEST_REST:
        return None
    return stamp


def _named(text: str) -> list[str]:
    parts = [part.strip(" \t,;:()[]") for part in _SPLIT.split(text)]
    return [part for part in parts if part and _NAME_PART.fullmatch(part) and not is_furniture(part)]


def _find_date(text: str, dates: DateReader) -> tuple[Moment, str, str] | None:
    """Return the date in `text`, with what stands before and after it; the longest reading wins."""
    anchor = _ANCHOR.search(text)
    if anchor is None:
        return None
    words = [(found.start(), found.end()) for found in re.finditer(r"\S+", text)]
    at = next(index for index, (start, end) in enumerate(words) if start <= anchor.start() < end)
    best: tuple[int, int, int, Moment] | None = None
    for first in range(max(0, at - _REACH), at + 1):
        for last in range(at, min(len(words), at + _REACH)):
            start, end = words[first][0], words[last][1]
            if not any(char.isalnum() for char in text[start : words[first][1]]):
                continue
            moment = dates.read(text[start:end].strip(" ,;|()[]"))
            if moment is not None and (best is None or last - first > best[0]):
                best = (last - first, start, end, moment)
    if best is None:
        return None
    _, start, end, moment = best
    return moment, text[:start], text[end:]


def is_byline(line: PageLine) -> bool:
    """Return whether the line names an author by a word such as "By"."""
    return author_of(line) is not None


def author_of(line: PageLine) -> tuple[str, str | None] | None:
    """Return the author a "By ..." line names, and what follows the name after a comma; else None."""
    found = BY.match(line.text)
    if (
        found is None
        or len(line.text) > LONGEST_SPECIAL
        or count_words(line.text) > 14
        or line.text.endswith(".")
    ):
        return None
    name, _, after = line.text[found.end() :].partition(",")
    name = re.split(r"\s[|•·–—-]\s", name)[0].strip()
    if not name or not (is_name(name) or is_capitals(name)):
        return None
    return name, after.strip() or None


def is_name(text: str) -> bool:
    """Return whether `text` could name a person or place: up to five words, capitals first."""
    words = text.split()
    if not 1 <= len(words) <= 5 or any(char.isdigit() for char in text):
        return False
    return all(
        word[0].isupper() or word.lower() in _NAME_PARTICLES or not word[0].isalpha() for word in words
    )


def byline_and_place(
    parts: Sequence[str], author: str | None, named_in_text: str
) -> tuple[str | None, str | None]:
    """Tell who from where in the parts of a stamp line.

    Parameters
    ----------
    parts : sequence of str
        From `Stamp.rest`.
    author : str or None
        Already known from a line of its own; then no part is one.
    named_in_text : str
        Title and body. A name of two words that occurs there is taken for the place, for stories name
        their place and not their author.

    Returns
    -------
    (str or None, str or None)
        Byline and place.
    """
    place: str | None = None
    for part in parts:
        if author is None and (DESK.fullmatch(part) or BY.match(part)):
            named = BY.match(part)
            author = part[named.end() :] if named else part
        elif not is_name(part):
            continue
        elif author is None and len(part.split()) > 1 and part not in named_in_text:
            author = part
        elif place is None and part != author:
            place = part
    return author, place
