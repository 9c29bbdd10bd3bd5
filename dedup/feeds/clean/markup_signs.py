"""Whether a value is HTML, or a text that speaks of it.

A name in angle brackets proves nothing: "Type <br> to break a line" is a sentence. What tells is whether the
tags fit their place. A line break or a paragraph stands where a sentence ends, not in the midst of one; an
element that is closed again encloses something ("<b>lamp</b>", not "<b> and </b>").
"""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])([^<>]*)>")
_BLOCK_NAMES: Final = (
    "article aside blockquote center dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header li main "
    "ol p pre section table tbody td th thead tr ul"
)
_INLINE_NAMES: Final = (
    "a abbr b big cite code del em font i iframe ins label mark q s script small span strike strong style "
    "sub sup tt u video"
)
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_ELEMENTS: Final = _BLOCKS | frozenset(_INLINE_NAMES.split())
_VOID: Final = frozenset({"br", "hr", "img"})
_UNREAD: Final = frozenset({"iframe", "script", "style", "video"})
_ENDS: Final = '.!?>;…"”»’)]'  # what a sentence ends in, or a tag
_CLINGS: Final = ".,;:!?)\"'”’»"  # what follows a word, and so a tag that stands for one
_LOOKED_BACK: Final = 40
_STRUCTURE: Final = re.compile(
    r"</(?:p|div|li|h[1-6]|blockquote)>\s*+<(?:p|div|ul|ol|li|h[1-6]|blockquote|img|/)[\s>/a-z]"
    r"|<br\s*+/?>\s*+<br\s*+/?>",
    re.IGNORECASE,
)


def is_markup(text: str) -> bool:
    """Return whether `text` is clearly HTML and not a text that speaks of it.

    Examples
    --------
    >>> is_markup("The <b>lamp</b> was blue"), is_markup("One.<br>Two.")
    (True, True)
    >>> is_markup("Type <br> to break a line")
    False
    """
    opened: dict[str, tuple[int, bool]] = {}  # where the content of the last of a name begins; attributes
    paragraph = False
    for found in _TAG.finditer(text):
        closing, name, rest = found[1], found[2].lower(), found[3]
        if name in _VOID:
            if (name == "img" and "=" in rest) or (name != "img" and _fits(text, *found.span())):
                return True
        elif name in _ELEMENTS:
            if closing:
                if name in opened and _encloses(text, *opened.pop(name), found.start()):
                    return True
                continue
            if name in _BLOCKS and "=" not in rest and not _fits(text, *found.span()):
                continue
            if name == "p":
                if paragraph:
                    return True
                paragraph = True
            opened[name] = found.end(), "=" in rest
    return False


def is_wholly_markup(text: str) -> bool:
    """Return whether a text whose tags had been escaped is HTML that was escaped once too often.

    More is asked than by `is_markup`, for escaping is how a text that speaks of tags is written: it begins
    with a tag, or has paragraphs behind each other.
    """
    first = _TAG.match(text.lstrip())
    begins = first is not None and not first[1] and first[2].lower() in (_ELEMENTS | _VOID) - _UNREAD
    return (begins or _STRUCTURE.search(text) is not None) and is_markup(text)


def _fits(text: str, start: int, end: int) -> bool:
    """Return whether a tag that breaks the text stands where a text may be broken."""
    after = text[end : end + 1]
    if start and after and after in _CLINGS:
        return False
    before = text[max(0, start - _LOOKED_BACK) : start]
    bare = before.rstrip(" \t\xa0")
    return not bare or bare == before or bare[-1] in "\r\n" or bare[-1] in _ENDS or after in "\r\n"


def _encloses(text: str, start: int, attributes: bool, end: int) -> bool:
    """Return whether what stands between two tags belongs to them."""
    return attributes or (end > start and not (text[start].isspace() and text[end - 1].isspace()))
