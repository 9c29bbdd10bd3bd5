"""The lines of a page dump and what each looks like, taken by itself.

A page that was copied as text has lost its tags but not its shape: paragraphs
are long and end with a full stop, headlines are a few words and do not, menus
are words between bars, list items carry numbers or bullets. Everything here looks
at one line; what the lines mean together is settled elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from dedup.feeds.from_page.page_words import (
    BY,
    COMMENTS_HEADING,
    CREDIT_LINE,
    FLASH,
    FOOTER,
    FURNITURE,
    INTERFACE_WORDS,
    LIST_HEADING,
    STAFF_LINE,
)

HEADLINE_WORDS: Final = 4
"""Least words of a listed headline (a word is two CJK characters); fewer are section names, menu words."""
LONGEST_HEADLINE: Final = 30  # words
PARAGRAPH_WORDS: Final = 8
LONGEST_SPECIAL: Final = 400
"""Characters. A longer line is a paragraph or nothing; trying patterns on it would only take time."""

_LINK_NUMBER = re.compile(r"\[\d+\]")  # as text browsers number links
_BULLET = re.compile(r"^[•·●▪◦‣►▶→\-–—*+>»]\s+")
_RANKED = re.compile(r"^(?:#\s?)?(\d{1,2})(?:[.)\]:]\s*|\s+|$)(?=\D|$)")
_SURELY_RANKED = re.compile(r"^(?:#\s?\d{1,2}|\d{1,2}[.)\]])(?:\s|$)")
_CLOCK = re.compile(r"^\d{1,2}[:.h]\d{2}(?:\s?[ap]\.?m\.?)?\s*[-–—|:]?\s+(?=\D)", re.IGNORECASE)
_AGO = re.compile(r"\s*[-–—|·(]*\s*\d+\s*(?:min(?:ute)?s?|hours?|hrs?|h|days?|d)\s+ago\)?$", re.IGNORECASE)
_MARKDOWN = re.compile(r"!\[[^\]]*\]\([^)]*\)|\[([^\]]*)\]\([^)]*\)")
_GAP = re.compile(r"\s{4,}")  # a gap says as much at three spaces, and long ones take patterns long
_MARKS = re.compile(r"^#{1,6}\s+|^\*\*|\*\*$")
_PARTS = re.compile(r"\s(?:\||·|•|>|»|›)\s|\s{3,}|\t")
_CRUMBS = re.compile(r"\s(?:\||·|•|>|»|›|/|-)\s|\s{3,}|\t")
_END = re.compile(r"[.!?…。！？؟।]+[\"'”’»)\]]*$")
_ABBREVIATED = re.compile(r"\b(?:[A-Z]\.){2,}$|\.\.\.$|…$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_THAI = re.compile(r"[\u0e00-\u0eff]")
_WORD = re.compile(r"[^\W_]+(?:['’.\-&][^\W_]+)*")


@dataclass(frozen=True)
class PageLine:
    """One line that is not blank.

    Parameters
    ----------
    number : int
        1-based, in the file.
    text : str
        Without bullet, number, clock time and link marks.
    raw : str
        As it stands, trimmed.
    item : bool
        It has, or follows, a bullet, number or clock time.
    rank : int or None
        The number before it, or that it is.
    flash : bool
        It began with "BREAKING:" or the like.
    """

    number: int
    text: str
    raw: str
    item: bool = False
    rank: int | None = None
    flash: bool = False

    @cached_property
    def words(self) -> int:
        """How many words, CJK by two characters each."""
        return count_words(self.text)

    @property
    def parts(self) -> list[str]:
        """What bars, dots and wide gaps part."""
        return [part.strip() for part in _PARTS.split(self.text) if part.strip()]


def count_words(text: str) -> int:
    """Return the number of words; two Han or Kana characters, or five Thai ones, are one."""
    dense = len(_CJK.findall(text))
    thai = len(_THAI.findall(text))
    spaced = _THAI.sub(" ", _CJK.sub(" ", text)) if dense or thai else text
    return len(_WORD.findall(spaced)) + dense // 2 + thai // 5


def folded(text: str) -> str:
    """Return `text` as two lines are compared: case, space, quotes and end points do not count."""
    return " ".join(_WORD.findall(text.casefold().replace("’", "'")))


def page_lines(text: str) -> list[PageLine]:
    """Return the lines of a page that are not blank, wrapped paragraphs joined."""
    lines: list[PageLine] = []
    for number, raw in _paragraphs(text):
        line = _GAP.sub("   ", raw.replace("\xa0", " ").strip(" \t\ufeff\u200b\u3000"))
        if not any(char.isalnum() for char in line):
            continue
        if len(line) > LONGEST_SPECIAL or "©" in line[:2]:
            lines.append(PageLine(number, line, line))
            continue
        line = _MARKS.sub("", _MARKDOWN.sub(r"\1", _LINK_NUMBER.sub("", line)).strip())
        body = _BULLET.sub("", line)
        item = body != line
        flash = FLASH.match(body)
        if flash:
            body = body[flash.end() :]
        timed = _CLOCK.sub("", body)
        if timed != body and count_words(timed) >= HEADLINE_WORDS:
            body, item = timed, True
        lines.append(PageLine(number, _AGO.sub("", body).strip(), line, item=item, flash=bool(flash)))
    return _with_ranks(lines)


def _paragraphs(text: str) -> list[tuple[int, str]]:
    """Return (line number, text) of each line, those of a paragraph wrapped at some column joined."""
    lines = [line.rstrip() for line in re.split(r"\r\n|\r|\n", text)]
    width = _wrap_width(lines)
    joined: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        before = lines[number - 2] if number > 1 else ""
        if width and before and line and _goes_on(before, line, width):
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line.strip()}")
        else:
            joined.append((number, line))
    return joined


def _wrap_width(lines: list[str]) -> int:
    """Return the column at which the page is wrapped, 0 when it is not.

    Wrapped lines go on in lower case and are about equally long; lists of headlines are neither.
    """
    width = found = 0
    start = 0
    for end in range(len(lines) + 1):
        if end < len(lines) and lines[end]:
            continue
        block, start = lines[start:end], end + 1
        if len(block) < 3 or any(not 45 <= len(line) <= 120 for line in block[:-1]):
            continue
        if sum(line.strip()[:1].islower() for line in block[1:]) >= 0.4 * (len(block) - 1):
            found += 1
            width = max(width, *map(len, block))
    return width if found > 1 else 0


def _goes_on(before: str, line: str, width: int) -> bool:
    """Return whether `line` was put on a line of its own only because its first word had no room above."""
    word = line.split()[0]
    return len(before) + 1 + len(word) > width and not (
        _BULLET.match(line.strip()) or _SURELY_RANKED.match(line.strip())
    )


def _with_ranks(lines: list[PageLine]) -> list[PageLine]:
    """Return `lines` with list numbers taken off.

    "3 min read" and "12 dead in fire" begin with numbers too, so a bare number
    counts only in a row: 1 with a 2 near below, or n with an n - 1 near above.
    """
    found = [_RANKED.match(line.text) for line in lines]
    ranks = [int(match[1]) if match else None for match in found]
    accepted: list[int | None] = [None] * len(lines)
    for index, (line, match) in enumerate(zip(lines, found, strict=True)):
        rank = ranks[index]
        if match is None or rank is None:
            continue
        sure = bool(_SURELY_RANKED.match(line.text))
        follows = rank > 1 and rank - 1 in accepted[max(0, index - 6) : index]
        begins = rank == 1 and 2 in ranks[index + 1 : index + 7]
        if sure or follows or begins:
            accepted[index] = rank
            lines[index] = replace(line, text=line.text[match.end() :].strip(), item=True, rank=rank)
    for index in range(1, len(lines)):
        if not lines[index - 1].text and lines[index].text:  # the number stood alone, above
            lines[index] = replace(lines[index], item=True, rank=lines[index - 1].rank)
    return lines


def is_capitals(text: str) -> bool:
    """Return whether every cased letter is a capital, and there are at least three."""
    cased = [char for char in text if char.isupper() or char.islower()]
    return len(cased) >= 3 and all(char.isupper() for char in cased)


def ends_sentence(text: str) -> bool:
    """Return whether `text` ends as a sentence does."""
    return bool(_END.search(text))


def is_menu(line: PageLine) -> bool:
    """Return whether the line is a row of short entries, a trail of crumbs or all interface words."""
    if len(line.raw) > LONGEST_SPECIAL:
        return False
    parts = [part for part in _CRUMBS.split(line.raw) if part.strip()]
    if len(parts) > 1 and all(count_words(part) < HEADLINE_WORDS for part in parts):
        return True
    words = [word.casefold() for word in re.findall(r"[\w&\-]+", line.text)]
    return bool(words) and all(word in INTERFACE_WORDS for word in words)


def is_furniture(text: str) -> bool:
    """Return whether `text` belongs to the page, not to an article: share links, captions, legal lines."""
    if len(text) > LONGEST_SPECIAL:
        return False
    return bool(FURNITURE.fullmatch(text) or COMMENTS_HEADING.fullmatch(text))


def is_list_heading(line: PageLine) -> bool:
    """Return whether the line is the title of a list or section: its words say so, or its capitals."""
    if line.item or line.flash or len(line.text) > LONGEST_SPECIAL or line.words > LONGEST_HEADLINE // 3:
        return False
    return bool(LIST_HEADING.fullmatch(line.text)) or is_capitals(line.text)


def is_credit(text: str) -> bool:
    """Return whether the line says where the story comes from or who made it."""
    if len(text) > LONGEST_SPECIAL:
        return False
    return bool(CREDIT_LINE.fullmatch(text) or STAFF_LINE.fullmatch(text))


def is_legal_line(text: str) -> bool:
    """Return whether `text` is of the kind that stands in footers: copyright, terms, contact."""
    return len(text) <= LONGEST_SPECIAL and bool(FOOTER.fullmatch(text))


def is_paragraph(line: PageLine) -> bool:
    """Return whether the line is running text: some words and the end of a sentence."""
    text = line.text
    if line.words < PARAGRAPH_WORDS or is_credit(text) or is_furniture(text):
        return False
    if line.item and line.words < 2 * PARAGRAPH_WORDS:
        return False
    if ends_sentence(text):
        # A question or exclamation of a headline's length is a headline.
        return not text.rstrip("\"'”’»)]").endswith(("?", "!", "？", "！")) or line.words > 15
    return text.endswith((":", "：")) and line.words > 2 * PARAGRAPH_WORDS


def is_headline(text: str, least_words: int = HEADLINE_WORDS) -> bool:
    """Return whether `text` could be a headline: a few words, no full stop, none of the page's furniture."""
    if len(text) > LONGEST_SPECIAL:
        return False
    words = count_words(text)
    if not least_words <= words <= LONGEST_HEADLINE:
        return False
    if text.endswith((":", ",", ";", ".", "。")) and not _ABBREVIATED.search(text):
        return False
    first = next((char for char in text if char.isalnum()), "")
    second = text[text.index(first) + 1 : text.index(first) + 2] if first else ""
    if first.islower() and not second.isupper():  # headlines begin large, "iPhone" and "eBay" excepted
        return False
    if sum(char.isalpha() or char.isspace() for char in text) < 0.6 * len(text):
        return False
    named = BY.match(text)
    if named and words <= 6 and text[named.end() :].istitle() | is_capitals(text[named.end() :]):
        return False
    return not (is_furniture(text) or is_credit(text) or LIST_HEADING.fullmatch(text))
