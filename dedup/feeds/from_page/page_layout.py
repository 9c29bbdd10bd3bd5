"""Where on a page the article stands: its title, its stamps, its body, and where lists and footer begin.

The body is the longest run of paragraphs that no stamp, credit line or list
heading interrupts. The title is the headline nearest above it and above the stamps; one
that stands twice there (once as title, once as the caption of the picture) is the surest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dedup.feeds.dates.date_order import DateReader
from dedup.feeds.from_page.page_lines import (
    HEADLINE_WORDS,
    PageLine,
    ends_sentence,
    folded,
    is_capitals,
    is_credit,
    is_furniture,
    is_headline,
    is_legal_line,
    is_list_heading,
    is_menu,
    is_paragraph,
    page_lines,
)
from dedup.feeds.from_page.page_stamps import Stamp, is_byline, is_name, read_stamp
from dedup.feeds.from_page.page_words import BODY_END, COMMENTS_HEADING

# Lines between two paragraphs of one body: a picture, its caption and an advertisement.
_WIDEST_GAP = 4
# A standfirst is longer than the headline above it.
_STANDFIRST_WORDS = 16
_TITLE_WORDS = 3
_COMPANY_FORMS = (" Co", " Inc", " Ltd", " LLC", " GmbH", " S.A")


@dataclass
class PageLayout:
    """The parts of a page, as indices into its lines.

    Parameters
    ----------
    lines : list of PageLine
        Every line that is not blank.
    stamps : dict of int to Stamp
        Stamp lines by index.
    title : int or None
        The main title.
    body : range
        From the first paragraph of the article to behind its last; empty when there is none.
    footer : int
        Where the footer begins; ``len(lines)`` when there is none.
    """

    lines: list[PageLine]
    stamps: dict[int, Stamp] = field(default_factory=dict)
    title: int | None = None
    body: range = range(0)
    footer: int = 0

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the body, without what stands between them."""
        inside = [self.lines[index] for index in self.body]
        return [line.raw for line in inside if is_paragraph(line) or _is_short_sentence(line)]


def lay_out(text: str) -> PageLayout:
    """Return the layout of a page; title, body and lists may each be missing."""
    lines = page_lines(text)
    dates = DateReader()
    dates.learn(line.raw[:80] for line in lines)
    layout = PageLayout(lines, footer=len(lines))
    prose = [is_paragraph(line) for line in lines]
    for index, line in enumerate(lines):
        stamp = None if prose[index] and line.words > 15 else read_stamp(line, dates)
        if stamp is not None:
            layout.stamps[index] = stamp
            prose[index] = False
    layout.body = _find_body(layout, prose)
    layout.title = _find_title(layout)
    layout.footer = _find_footer(layout)
    return layout


def _is_short_sentence(line: PageLine) -> bool:
    """Return whether a line within the body is text although it is short: '"No," she said.'"""
    text = line.text
    return ends_sentence(text) and not (line.item or is_furniture(text) or is_credit(text) or is_menu(line))


def _find_body(layout: PageLayout, prose: list[bool]) -> range:
    """Return the run of paragraphs with the most characters."""
    lines = layout.lines
    best, best_size = range(0), 0
    start: int | None = None
    last = size = 0
    for index, line in enumerate(lines):
        if start is not None and (index - last > _WIDEST_GAP or _ends_body(layout, index, prose)):
            start = None
        if prose[index]:
            if start is None:
                start, size = index, 0
            last = index
            size += len(line.text)
            if size > best_size:
                best, best_size = range(start, index + 1), size
    # What follows closely as short sentences is still the article: its last line may be '"No," he said.'
    end = best.stop
    while best and end < len(lines) and not _ends_body(layout, end, prose) and _is_short_sentence(lines[end]):
        end += 1
    return range(best.start, end)


def _ends_body(layout: PageLayout, index: int, prose: list[bool]) -> bool:
    line = layout.lines[index]
    if index in layout.stamps or is_credit(line.text):
        return True
    if prose[index]:
        return False
    if line.rank is not None or is_byline(line):
        return True
    if BODY_END.fullmatch(line.text) or COMMENTS_HEADING.fullmatch(line.text):
        return True
    if is_furniture(line.text) or not is_list_heading(line):
        return False
    # A line in capitals with a paragraph below it is a heading within the article.
    below = index + 1
    while below < len(prose) and is_furniture(layout.lines[below].text):
        below += 1
    return below == len(prose) or not prose[below]


def _find_title(layout: PageLayout) -> int | None:
    lines, body = layout.lines, layout.body
    if not body:
        return None
    cut = _stamps_above(layout)
    above = [index for index in range(cut) if _could_be_title(layout, index)]
    if not above:
        above = [index for index in range(cut, body.start) if _could_be_title(layout, index)][:1]
    if not above:
        # Set in capitals, like a section's name, but the only candidate.
        above = [
            index
            for index, line in enumerate(lines[:cut])
            if is_capitals(line.text) and line.words >= HEADLINE_WORDS and not is_menu(line)
        ]
    if not above:
        return None
    seen = Counter(folded(lines[index].text) for index in range(body.start))
    twice = [index for index in above if seen[folded(lines[index].text)] > 1]
    if twice:
        return twice[-1]
    return _above_standfirst(layout, above, cut)


def _above_standfirst(layout: PageLayout, above: list[int], cut: int) -> int:
    """Return the last candidate that is neither the author's name nor the standfirst."""
    lines = layout.lines
    while len(above) > 1:
        line, before = lines[above[-1]], lines[above[-2]]
        name = above[-1] == cut - 1 and is_name(line.text) and before.words >= HEADLINE_WORDS
        close = above[-1] - above[-2] == 1
        standfirst = close and line.words >= _STANDFIRST_WORDS and before.words < line.words
        if not (name or standfirst):
            break
        above = above[:-1]
    return above[-1]


def _stamps_above(layout: PageLayout) -> int:
    """Return the index of the first of the byline and stamp lines right above the body.

    A bare date can also be today's, at the top of the page: with a headline below it and none right
    above it, it is not the article's.
    """
    lines, top = layout.lines, layout.body.start
    marked = [index for index in range(top) if index in layout.stamps or is_byline(lines[index])]
    if marked and _is_bare_date(layout, marked[-1]):
        near = range(max(0, marked[-1] - 2), marked[-1])
        own = any(_could_be_title(layout, index) and lines[index].words >= HEADLINE_WORDS for index in near)
        if not own and any(_could_be_title(layout, index) for index in range(marked[-1] + 1, top)):
            return top
    if not marked:
        return layout.body.start
    first = marked[-1]
    for index in reversed(marked[:-1]):
        between = range(index + 1, first)
        titled = _is_bare_date(layout, index) and any(_could_be_title(layout, one) for one in between)
        if first - index > 3 or titled:
            break
        first = index
    return first


def _is_bare_date(layout: PageLayout, index: int) -> bool:
    stamp = layout.stamps.get(index)
    return stamp is not None and not (stamp.labelled or stamp.timed)


def _could_be_title(layout: PageLayout, index: int) -> bool:
    line = layout.lines[index]
    if line.item or line.flash or index in layout.stamps or is_byline(line) or is_menu(line):
        return False
    if is_list_heading(line) or len(line.parts) > 1:
        return False
    return is_headline(line.text, _TITLE_WORDS)


def _find_footer(layout: PageLayout) -> int:
    """Return where the footer begins: a legal or contact line with more furniture than headlines below it."""
    lines = layout.lines
    for index in range(layout.body.stop, len(lines)):
        if not is_legal_line(lines[index].text):
            continue
        below = lines[index:]
        listed = sum(line.item and is_headline(line.text) for line in below)
        plain = sum(is_headline(line.text) and not is_menu(line) for line in below)
        if listed == 0 and plain <= len(below) / 2:
            return _with_address(lines, index, layout.body.stop)
    return len(lines)


def _with_address(lines: list[PageLine], footer: int, top: int) -> int:
    """Return the footer's first line: the publisher's name and address stand right above the legal lines."""
    while footer > top and not lines[footer - 1].item and _is_address(lines[footer - 1]):
        footer -= 1
    return footer


def _is_address(line: PageLine) -> bool:
    pieces = [piece.strip() for piece in line.text.split(",")]
    if len(pieces) < 2 or not all(piece and len(piece.split()) <= 5 for piece in pieces):
        return False
    return any(piece[0].isdigit() or piece.rstrip(".").endswith(_COMPANY_FORMS) for piece in pieces)
