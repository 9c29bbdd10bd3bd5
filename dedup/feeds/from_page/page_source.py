"""Who, where, when and from which agency: what a page says about its article.

The outlet is never looked up in a list of sites. It is read where pages
print it: before "News Desk" in the byline, after the author's name, in the copyright
line, or as the masthead that opens the page and stands again in its footer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dedup.feeds.dates.read_date import Moment
from dedup.feeds.from_page.page_layout import PageLayout
from dedup.feeds.from_page.page_lines import LONGEST_SPECIAL, count_words, folded, is_capitals, is_menu
from dedup.feeds.from_page.page_stamps import author_of, byline_and_place, is_name
from dedup.feeds.from_page.page_words import CREDIT_LINE, DESK, INTERFACE_WORDS, STAFF_LINE

_DATELINE = re.compile(
    r"(?P<place>[^\W\d_](?:[^\W\d_]|[ .,'’/\-]){1,48}?)"
    r"(?:,\s+(?:\w{3,9}\.?\s+\d{1,2}|\d{1,2}\s+\w{3,9}\.?))?"
    r"\s*\((?P<agency>[^()\d]{2,30})\)\s*(?:[-–—]|--|:)\s*\S"
)
_COPYRIGHT = re.compile(
    r".*?(?:©|\(c\)|\bcopyright\b)(?:©|\(c\)|copyright|by\b|[\d\s,–-])*(?P<name>[^\W\d_][^|·•©]*)",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"[.,]?\s*(?:(?:19|20)\d\d|all rights|derechos|tous droits|alle rechte|todos os|tutti i).*$|[\s,.]+$",
    re.IGNORECASE,
)


_LEGAL_FORM = re.compile(
    r"(?: (?:media|publishing|publications|newspapers?|verlag|group))*,?"
    r" (?:ltd|limited|inc|llc|plc|co|corp|company|gmbh|ag|s\.?a|s\.?l|s\.?p\.?a|b\.?v)\.?$",
    re.IGNORECASE,
)


@dataclass
class PageSource:
    """What a page says about its main article; None where it does not.

    Parameters
    ----------
    published, updated : Moment or None
        Times in UTC with their precision.
    byline, place, outlet : str or None
        As printed.
    credit : str or None
        The credit line or the agency of the dateline, without brackets and end point.
    """

    published: Moment | None = None
    updated: Moment | None = None
    byline: str | None = None
    place: str | None = None
    outlet: str | None = None
    credit: str | None = None


def page_source(layout: PageLayout) -> PageSource:
    """Return what the page says about its main article."""
    source = PageSource()
    lines, body = layout.lines, layout.body
    top = layout.title if layout.title is not None else 0
    head = range(top, body.start) if body else range(0)
    # Some pages put the stamps below the text; those above it come first, and a label before all.
    near = [*head, *body, *range(body.stop, min(len(lines), body.stop + 6))] if body else []
    stamps = [layout.stamps[index] for index in near if index in layout.stamps]
    for stamp in sorted(stamps, key=lambda one: (not one.labelled, not one.timed)):
        source.published = source.published or stamp.published
        source.updated = source.updated or stamp.updated
    after_author: str | None = None
    for index in head:
        author = author_of(lines[index])
        if author is not None and source.byline is None:
            source.byline, after_author = author
    if source.byline is None:
        source.byline = _bare_name(layout, head)
    words = " ".join([lines[top].text if lines else "", *layout.paragraphs])
    for index in head:
        if index in layout.stamps:
            source.byline, place = byline_and_place(layout.stamps[index].rest, source.byline, words)
            source.place = source.place or place
    dateline = _DATELINE.match(layout.paragraphs[0]) if layout.paragraphs else None
    if dateline and _names_place(dateline["place"]):
        source.place = source.place or dateline["place"].strip(" ,")
    source.credit = _credit(layout, dateline["agency"] if dateline else None)
    source.outlet = _outlet(layout, source.byline, after_author)
    return source


def _bare_name(layout: PageLayout, head: range) -> str | None:
    """Return the author's name where it stands alone right above the first stamp."""
    for index in head:
        if index in layout.stamps and index > head.start + 1:
            line = layout.lines[index - 1]
            if line.item or is_menu(line) or is_capitals(line.text) or count_words(line.text) < 2:
                return None
            return line.text if is_name(line.text) else None
    return None


def _names_place(text: str) -> bool:
    words = [word for word in re.split(r"[\s,/\-]+", text) if word]
    small = ("de", "del", "of", "la", "el")
    return len(words) <= 6 and all(word[0].isupper() or word in small for word in words)


def _credit(layout: PageLayout, agency: str | None) -> str | None:
    """Return the line that names agencies, else the dateline's agency, else the line that names the staff."""
    near = [layout.lines[index].text for index in range(len(layout.lines)) if _near_body(layout, index)]
    staff: str | None = None
    for text in near:
        if found := CREDIT_LINE.fullmatch(text):
            return found[1].strip(" .)]")
        if staff is None and (found := STAFF_LINE.fullmatch(text)):
            staff = found[1].strip(" .)]")
    return agency.strip() if agency else staff


def _near_body(layout: PageLayout, index: int) -> bool:
    body = layout.body
    top = layout.title if layout.title is not None else body.start
    return bool(body) and top <= index < body.stop + 3


def _outlet(layout: PageLayout, byline: str | None, after_author: str | None) -> str | None:
    """Return the outlet's name by the rules of the module, the surest first."""
    lines = layout.lines
    if byline is not None:
        desk = DESK.fullmatch(byline)
        if desk and desk["outlet"].strip():
            return desk["outlet"].strip()
    copyrighted = None
    for line in reversed(lines):
        found = _COPYRIGHT.fullmatch(line.text) if len(line.text) <= LONGEST_SPECIAL else None
        if found and line.words <= 25:
            name = _AFTER_NAME.sub("", _AFTER_NAME.sub("", found["name"])).strip(" ,.-|")
            name = _LEGAL_FORM.sub("", name)
            if name and count_words(name) <= 8 and folded(name) not in ("all rights reserved", "reserved"):
                copyrighted = name
                break
    if after_author is not None and (copyrighted is None or folded(after_author) == folded(copyrighted)):
        return after_author
    return copyrighted or _masthead(layout)


def _masthead(layout: PageLayout) -> str | None:
    """Return the short first line of the page if it stands again, in whichever spelling has small letters."""
    if not layout.lines:
        return None
    first = layout.lines[0]
    name = folded(first.text)
    if not 1 <= count_words(first.text) <= 5 or is_menu(first) or set(name.split()) <= INTERFACE_WORDS:
        return None
    pattern = re.compile(r"\b" + r"\W+".join(map(re.escape, name.split())) + r"\b", re.IGNORECASE)
    again = [found[0] for line in layout.lines[1:] for found in pattern.finditer(line.text)]
    if not again:
        return None
    return next((spelling for spelling in again if not is_capitals(spelling)), first.text)
