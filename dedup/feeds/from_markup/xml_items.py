"""An XML feed cut into its entries before any parser sees it.

So a feed of any size takes bounded memory, its entries can be parsed by several processes, one broken entry
costs no other, and every entry has its line. Only what can hide an entry is looked at: tags of the entries
themselves, comments and CDATA sections. The document type is left out of what goes to the parser, but for
entities of a few characters: no external entity is named any more, and none that grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html.entities import name2codepoint
from itertools import chain
from typing import Final

LONGEST_ENTRY: Final = 16 << 20
"""Characters of one entry; a longer one is rejected."""
LONGEST_TAIL: Final = 64 << 10
"""Characters behind the last entry that are looked at."""

_MARK: Final = re.compile(r"<!--|<!\[CDATA\[|<(/?)((?:[A-Za-z][\w.\-]*:)?(?:item|entry|ITEM))(?=[\s/>])")
_LONGEST_MARK: Final = 200
_CLOSING: Final = {"<!--": "-->", "<![CDATA[": "]]>"}
_TAG: Final = re.compile(r"<(/?)([A-Za-z_][^\s/<>]*)([^<>]*)>")
_ENTITY: Final = re.compile(
    r"""<!ENTITY\s+([A-Za-z_][\w.\-]*)\s+(?:"([^"&%<]{0,32}|&\#\w{1,7};)"|'([^'"&%<]{0,32})')\s*>"""
)
_USED: Final = re.compile(r"&([A-Za-z][A-Za-z0-9_.\-]*);")
_OF_XML: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))
_OF_HTML: Final = {name: chr(code) for name, code in name2codepoint.items()}
# feedparser looks for an address in these in quadratic time; a byline longer than this is none.
_PERSON: Final = re.compile(
    r"(<(?:[\w.\-]+:)?(?:author|creator|contributor|managingEditor|webMaster|owner|name|email|publisher)\b[^<>]*>"
    r"(?:\s*<!\[CDATA\[)?[^<>]{500})[^<>]+",
    re.IGNORECASE,
)
_OF_ITSELF: Final = re.compile(
    r"<((?:dc:)?(?:title|language|link|publisher))(?:\s[^<>]*)?>"
    r"(?:\s*<!\[CDATA\[[^\[\]]{0,2000}\]\]>\s*|[^<>]{0,2000})</\1\s*>",
    re.IGNORECASE,
)
# What XML 1.0 forbids, as characters and as references.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bceBCEfF]|1[0-9a-fA-F]));"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed.

    Parameters
    ----------
    line : int
        1-based line at which it begins.
    markup : str
        From its start tag to its end tag; "" when it was longer than `LONGEST_ENTRY`.
    closed : bool
        There was an end tag.
    """

    line: int
    markup: str
    closed: bool


class Scanner:
    """Cuts the text of one feed.

    Parameters
    ----------
    blocks : iterable of str
        The feed.

    Attributes
    ----------
    before : str
        What stood before the first entry (or all of a feed without one, as far as it was kept); settled by
        the first item.
    after : str
        What stood behind the last one, settled by the last; at most `LONGEST_TAIL`.
    """

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = blocks
        self.before = ""
        self.after = ""
        self._text = ""
        self._offset = 0  # of `_text` in the feed
        self._line = 1  # of place `_counted` in `_text`
        self._counted = 0
        self._searched: dict[str, int] = {}  # up to which offset no such mark was found

    def items(self) -> Iterator[Item]:
        """Yield the entries in order, once."""
        name: str | None = None  # of the elements that are entries
        start: int | None = None  # of the entry that is open
        position = behind = 0  # `behind`: where what is behind the last entry begins
        for block in chain(self._blocks, (None,)):
            final = block is None
            if block is not None:
                self._text += block
            while (found := _MARK.search(self._text, position)) is not None:
                mark = found[0]
                if found[2] is None:
                    end = self._closing(_CLOSING[mark], found.end())
                    if end < 0 and not final and len(self._text) - found.start() <= LONGEST_ENTRY:
                        position = found.start()
                        break
                    position = found.end() if end < 0 else end
                    continue
                position = found.end()
                if name is None and not found[1]:
                    name, self.before = found[2], self._text[: found.start()]
                    self._cut(found.start())
                    start, position = 0, position - found.start()
                elif found[2] != name:
                    continue
                elif not found[1]:
                    if start is not None:  # the one before has no end tag
                        yield self._item(start, found.start(), False)
                    start = found.start()
                elif start is not None:
                    end = self._text.find(">", position)
                    if end < 0 and not final:
                        position = found.start()
                        break
                    position = len(self._text) if end < 0 else end + 1
                    yield self._item(start, position, True)
                    start = None
                    self.after, behind = "", position
            else:
                # A mark may be cut in two by the end of the block.
                last = self._text.rfind("<", max(position, len(self._text) - _LONGEST_MARK))
                position = max(position, last if last >= 0 else len(self._text))
            if name is None:
                if len(self._text) > LONGEST_ENTRY:
                    break  # no feed begins like this
                continue
            if start is not None and not final and position - start > LONGEST_ENTRY:
                yield Item(self._line_at(start), "", False)
                start = None
            if start is None:
                self.after = (self.after + self._text[behind:position])[:LONGEST_TAIL]
            behind = 0
            keep = position if start is None else start
            self._cut(keep)
            position -= keep
            start = None if start is None else 0
        if name is None:
            self.before = self._text
        elif start is not None and self._text[start:].strip():
            yield self._item(start, len(self._text), False)
        else:
            self.after = (self.after + self._text)[:LONGEST_TAIL]
        self._text = ""

    def _item(self, start: int, end: int, closed: bool) -> Item:
        line = self._line_at(start)
        return Item(line, "" if end - start > LONGEST_ENTRY else self._text[start:end], closed)

    def _cut(self, start: int) -> None:
        self._line_at(start)
        self._counted = 0
        self._offset += start
        self._text = self._text[start:]

    def _line_at(self, place: int) -> int:
        """Return the line of a place in `_text`; places come in order, so nothing is counted twice."""
        self._line += self._text.count("\n", self._counted, place)
        self._counted = place
        return self._line

    def _closing(self, mark: str, position: int) -> int:
        """Return where `mark` ends after `position`, or -1; nothing is searched in vain twice."""
        begin = max(position, self._searched.get(mark, 0) - self._offset)
        found = self._text.find(mark, begin)
        if found < 0:
            self._searched[mark] = max(position, len(self._text) - len(mark) + 1) + self._offset
            return -1
        return found + len(mark)


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the entries of a feed, so that some of them can be parsed as a whole feed.

    Parameters
    ----------
    root : str
        Name of the outermost element; "" when there is none.
    opening, closing : str
        What goes before and behind the entries.
    entities : tuple of (name, value)
        Declared by the feed; values without markup and references, at most 32 characters.
    """

    root: str
    opening: str
    closing: str
    entities: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, before: str) -> Frame:
        """Return the frame of a feed that has `before` before its first entry."""
        declared: dict[str, str] = {}
        begin = 0
        doctype = before.find("<!DOCTYPE")
        if doctype >= 0:
            subset = re.compile(r"[\[>]").search(before, doctype)
            if subset is not None and subset[0] == "[":
                end = re.compile(r"\]\s*>").search(before, subset.end())
                begin = end.end() if end else len(before)
                for entity in _ENTITY.finditer(before, doctype, begin):
                    declared.setdefault(entity[1], entity[2] or entity[3] or "")
            elif subset is not None:
                begin = subset.end()
        opening = _without(_without(before[begin:], "<!--", "-->"), "<?", "?>")
        root = _TAG.search(opening)
        if root is None or root[1]:
            return cls("", "", "")
        # RSS 1.0 lists all its entries before the first one.
        opening = _without(opening[root.start() :], "<items", "</items>")
        return cls(root[2], opening, closing_tags(opening), tuple(declared.items()))

    def with_tail(self, after: str) -> Frame:
        """Return a frame with what the feed says of itself in `after` and not before its entries."""
        here = _without(self.opening, "<image", "</image>")
        before = {found[1].lower() for found in _OF_ITSELF.finditer(here)}
        there = _without(_without(after, "<!--", "-->"), "<image", "</image>")
        said: dict[str, str] = {}
        for found in _OF_ITSELF.finditer(there):
            if found[1].lower() not in before:
                said.setdefault(found[1].lower(), found[0])
        return replace(self, opening=self.opening + "".join(said.values())) if said else self

    def document(self, markup: str) -> bytes:
        """Return a whole feed of the entries in `markup`: UTF-8, without characters that XML forbids."""
        body = _PERSON.sub(r"\1", _FORBIDDEN.sub(" ", self.opening + markup + self.closing))
        # Names of HTML that no feed declares are common; so are those that this one did.
        known = {**_OF_HTML, **dict(self.entities)}
        used = sorted({name for name in _USED.findall(body) if name in known and name not in _OF_XML})
        doctype = ""
        if used:
            rules = "".join(f'<!ENTITY {name} "{_quoted(known[name])}">\n' for name in used)
            doctype = f"<!DOCTYPE feed [\n{rules}]>\n"
        return f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}{body}'.encode()


def _quoted(value: str) -> str:
    # feedparser keeps declarations of one reference, or of text without any.
    return f"&#{ord(value)};" if len(value) == 1 else value


def mended(markup: str, closing: str) -> tuple[str, bool]:
    """Return an entry without an end tag with all that is open in it closed.

    Parameters
    ----------
    markup : str
        The entry; the last one has the end of the feed in it.
    closing : str
        The end tags of the feed.

    Returns
    -------
    tuple of (str, bool)
        The entry, and whether the end of the feed was there.
    """
    markup = markup.rstrip()
    ends = False
    for tag in reversed(_TAG.findall(closing)):
        end = re.compile(rf"</{re.escape(tag[1])}\s*>\Z").search(markup, max(0, len(markup) - _LONGEST_MARK))
        if end is not None:
            markup, ends = markup[: end.start()].rstrip(), True
    if markup.rfind("<![CDATA[") > markup.rfind("]]>"):
        markup += "]]>"
    elif markup.rfind("<") > markup.rfind(">"):  # it breaks off within a tag
        markup = markup[: markup.rfind("<")]
    return markup + closing_tags(markup), ends


def closing_tags(opening: str) -> str:
    """Return the end tags of the elements that `opening` leaves open."""
    stack: list[str] = []
    for begin, end in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
        opening = _without(opening, begin, end)
    for tag in _TAG.finditer(opening):
        name = tag[2]
        if tag[3].endswith("/"):
            continue
        if not tag[1]:
            stack.append(name)
        elif name in stack[-20:]:
            while stack.pop() != name:
                pass
    return "".join(f"</{name}>" for name in reversed(stack[-100:]))


def _without(text: str, begin: str, end: str) -> str:
    """Return `text` without what stands between `begin` and `end`; where there is no end it stays."""
    parts: list[str] = []
    position = 0
    while (start := text.find(begin, position)) >= 0:
        stop = text.find(end, start + len(begin))
        if stop < 0:
            break
        parts.append(text[position:start])
        position = stop + len(end)
    return "".join(parts) + text[position:] if parts else text[position:]
