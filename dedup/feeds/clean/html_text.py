"""HTML of a feed entry to plain text.

An entry is a fragment written by thousands of programs: tags left open, attributes of megabytes, text
that was never markup at all. Nothing here builds a tree, so nesting costs nothing; the text is walked
once, from tag to tag. Measured on entries of 3 KB (``tests/benchmarks/markup_speed.py``): this walk 37 MB/s,
selectolax 37, html.parser 21, lxml 67. The feed parser in front of it is ten times slower, so lxml's
lead would not be seen, and neither it nor selectolax comes with a plain install.

What is a tag is decided more carefully than in a browser, for what a browser drops is lost to us:
``<jane@example.org>``, ``<https://...>``, ``if x <y`` and ``a <b && c> d`` are text. Behind a name come
attributes that look like some; a name that is no element of HTML needs one with a value, an end tag or a
prefix.
"""

from __future__ import annotations

import html
import re
from typing import Final

from dedup.feeds.clean.markup_signs import is_wholly_markup

_BLOCKS: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd"),
        *("details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html"),
        *("legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre"),
        *("section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    )
)
# Text in these is never read by anybody.
_UNREAD: Final = frozenset(
    (
        *("applet", "audio", "canvas", "iframe", "math", "noembed", "noframes"),
        *("noscript", "object", "script", "style", "svg", "template", "textarea", "video"),
    )
)
_CELLS: Final = frozenset(("td", "th"))
_INLINE: Final = frozenset(
    (
        *("a", "abbr", "acronym", "area", "b", "base", "basefont", "bdi", "bdo", "big", "button"),
        *("cite", "code", "col", "colgroup", "data", "datalist", "del", "dfn", "em", "embed", "font"),
        *("frame", "frameset", "head", "i", "img", "input", "ins", "kbd", "label", "link", "map"),
        *("mark", "meta", "meter", "nobr", "output", "param", "picture", "progress", "q", "rb"),
        *("rp", "rt", "rtc", "ruby", "s", "samp", "select", "slot", "small", "source", "span"),
        *("strike", "strong", "sub", "sup", "time", "title", "track", "tt", "u", "var", "wbr"),
    )
)
_KNOWN: Final = _BLOCKS | _UNREAD | _CELLS | _INLINE

_TAG: Final = re.compile(
    r"<(?:(/?)([A-Za-z][A-Za-z0-9:_.\-]*+)(?=[\s/>]|\Z)([^<>]*+)(>?)|(!--)|(!\[CDATA\[)|[!?][A-Za-z\[][^<>]*+>)"
)
# Attributes in which a quoted value may hold < and >.
_ATTRIBUTE: Final = r"""\s++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=]++))?+"""
_WHOLE: Final = re.compile(rf"</?[A-Za-z][A-Za-z0-9:_.\-]*+(?:{_ATTRIBUTE})*+\s*+/?>")
# An open quote could be looked for over and over: so far and so often, no further.
_LONGEST_QUOTED: Final = 8_192
_MOST_TRIES: Final = 256
_ENTITY: Final = re.compile(
    r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,7};?|[A-Za-z][A-Za-z0-9]{1,31};|(?:amp|lt|gt|quot|nbsp)(?![A-Za-z0-9=;]))"
)
_CLOSER: Final = re.compile(r"</([A-Za-z][A-Za-z0-9:_.\-]*+)")
_PREFIXED: Final = re.compile(r"[a-z][a-z0-9]*:[a-z][a-z0-9\-]*")
# Attributes without a value; any other word behind a name in brackets is a word.
_SWITCHES_NAMES: Final = (
    "allowfullscreen allowpaymentrequest async autofocus autoplay checked compact controls default defer "
    "disabled download hidden ismap itemscope loop multiple muted nohref noresize noshade novalidate nowrap "
    "open playsinline readonly required reversed scoped seamless selected"
)
_SWITCHES: Final = frozenset(_SWITCHES_NAMES.split())
_FIRST_ATTRIBUTE: Final = re.compile(
    rf"[\s/]++(?:(?:{'|'.join(_SWITCHES_NAMES.split())})\s++)*+[A-Za-z_:@][\w:.\-]*+(?:=|\s++=\s*+[\"'])",
    re.IGNORECASE,
)
_CODE: Final = frozenset(("script", "style"))
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|td|section|article|blockquote|h[1-6])\s*+>", re.IGNORECASE)


def html_to_text(markup: str) -> str:
    """Return the text of an HTML fragment.

    Paragraphs, list items, headings, table rows and line breaks are parted by a blank line, table cells by
    a space; scripts, styles, comments, images and frames leave nothing; entities are characters; runs of
    white space are one space. Text without a tag keeps its lines. What is wholly markup once it is decoded,
    and has no tag before, was escaped once too often, and is read as markup; other escaped tags are text.

    Takes time linear in the length; nothing in `markup` makes it fail.

    Examples
    --------
    >>> html_to_text("<p>One &amp; two</p><ul><li>three<br>four")
    'One & two\\n\\nthree\\n\\nfour'
    >>> html_to_text("AT&T < 5 & rising")
    'AT&T < 5 & rising'
    """
    if "<" not in markup:
        text = decode_entities(markup)
        if text is markup or not is_wholly_markup(text):
            return _lines(text)
        markup = text
    return _walk(markup)


def decode_entities(text: str) -> str:
    """Return `text` with character references replaced; of those without a semicolon only what is certain.

    Examples
    --------
    >>> decode_entities("Q&A: caf&eacute; &#8212; ?a=1&copy=2")
    'Q&A: café — ?a=1&copy=2'
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    return html.unescape(found[0])


def _walk(markup: str) -> str:
    paragraphs: list[str] = []
    run: list[str] = []
    search, tries, parted = _TAG.search, 0, False
    closers: set[str] | None = None  # names that have an end tag
    open_to_the_end: set[str] = set()  # unread elements that have none from here on
    start = position = 0  # of the text not yet taken; of where to look on
    while (found := search(markup, position)) is not None:
        closing, name, rest, end, comment, literal = found.groups()
        position = found.end()
        if name is None:
            run.append(markup[start : found.start()])
            if comment is not None:
                position = markup.find("-->", position)
                position = len(markup) if position < 0 else position + 3
            elif literal is not None:
                end = markup.find("]]>", position)
                if end < 0:  # never closed: what is left is read as it is
                    return _lines(decode_entities("".join(run) + markup[position:]))
                run.append(markup[position:end])
                position = end + 3
            start = position
            continue
        name = name.lower()
        # A tag that ends within a quoted value, or before its end, may have < or > in the value.
        if not end or (("'" in rest or '"' in rest) and (rest.count('"') % 2 or rest.count("'") % 2)):
            whole = None
            if tries < _MOST_TRIES:
                whole = _WHOLE.match(markup, found.start(), found.start() + _LONGEST_QUOTED)
                tries += whole is None
            if whole is not None:
                position, end = whole.end(), ">"
            elif not end and (position < len(markup) or name not in _KNOWN or not rest):
                continue  # a less-than sign
        rest = markup[found.end(2) : position - bool(end)]
        bare = not rest.strip(" /\t\r\n")
        if name not in _KNOWN:
            if bare and not _PREFIXED.fullmatch(name):
                if closers is None:
                    closers = set(map(str.lower, _CLOSER.findall(markup)))
                if name not in closers:
                    continue
            elif not bare and ("=" not in rest or not _WHOLE.match(markup, found.start(), position)):
                continue
        elif not bare and not _plausible(rest):
            continue
        run.append(markup[start : found.start()])
        if name in _BLOCKS:
            parted = True
            _flush(run, paragraphs)
        elif name in _CELLS:
            parted = True
            run.append(" ")
        elif name in _UNREAD and not closing and not rest.endswith("/") and name not in open_to_the_end:
            ended = _after(markup, name, position)
            if ended < 0:
                open_to_the_end.add(name)
            position = max(position, ended)
        start = position
    run.append(markup[start:])
    if not parted:  # inline tags alone: the lines of the text are its paragraphs
        return _lines(decode_entities("".join(run)))
    _flush(run, paragraphs)
    return "\n\n".join(paragraphs)


def _plausible(rest: str) -> bool:
    """Return whether `rest` can follow the name of an element: attributes, though badly written."""
    return _FIRST_ATTRIBUTE.match(rest) is not None or all(
        word in _SWITCHES or word.startswith("data-") for word in rest.lower().replace("/", " ").split()
    )


def _after(markup: str, name: str, position: int) -> int:
    """Return where the element that began before `position` has ended; -1: nowhere.

    A script that is left open ends with the block it is in, or with the text: nobody wants to read it.
    """
    found = re.compile(rf"</{name}\b[^>]*+>?", re.IGNORECASE).search(markup, position)
    if found is not None:
        return found.end()
    if name not in _CODE:
        return -1
    block = _BLOCK_END.search(markup, position)
    return block.start() if block else len(markup)


def _flush(run: list[str], paragraphs: list[str]) -> None:
    text = " ".join(decode_entities("".join(run)).split())
    run.clear()
    if text:
        paragraphs.append(text)


def _lines(text: str) -> str:
    """Return text that is no markup: its lines, white space in each and between them collapsed."""
    lines: list[str] = []
    for line in text.splitlines():
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")
