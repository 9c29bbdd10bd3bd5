"""Whether a file is a feed in XML or a saved page in HTML, told by its first bytes.

Both begin with a tag, once marks of the encoding, white space, comments, the XML
declaration and the document type are out of the way, and the first element says
which of them it is. A text that merely holds tags somewhere is neither. Only
element names are looked at, never how the document is parsed, so nothing that a
document declares (entities, external files) is acted on here.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final, Literal

_LOOKED_AT: Final = 256 << 10
"""Bytes; inline styles and comments of saved pages come before the first element of interest."""

_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_BOM_AS_LATIN: Final = "\xef\xbb\xbf"
_SPACE: Final = " \t\r\n\f\v\0\ufeff\u200b\xa0"
_ELEMENT = re.compile(r"<(?:([A-Za-z_][\w.\-]*):)?([A-Za-z_][\w.\-]*)(?=[\s/>])")
_DOCTYPE = re.compile(r"<!doctype\s+([\w:.\-]+)", re.IGNORECASE)
_RSS_1 = re.compile(r"purl\.org/(?:net/)?rss|netscape\.com/rdf|<(?:\w+:)?(?:item|channel)[\s>]")
# What a page that was saved without its <html> begins with.
_PAGE_PARTS: Final = frozenset(
    (
        *("head", "body", "title", "meta", "link", "base", "script", "style", "noscript", "main", "article"),
        *("section", "header", "nav", "aside", "div", "table", "center"),
    )
)
_PAGE_TAG = re.compile(
    r"</?(?:html|head|body|title|meta|link|script|style|main|article|section|header|footer|nav|aside|div|p|"
    r"span|a|h[1-6]|ul|ol|li|img|br|table|tr|td|figure|blockquote)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_MAIL = re.compile(rb"\s*[A-Za-z-]+:")  # as web archives of pages begin (MHTML)
_PAGE_TAGS: Final = 8  # a fragment with fewer is a text with a tag or two
_CDF_ITEM = re.compile(r"<item[\s>]", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:rss|rdf:RDF|feed)(?=\s+(?:version|xmlns))")
_PAGE_ROOT = re.compile(r"<(?:!doctype\s+html|html|body)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Markup:
    """What a document in markup is.

    Parameters
    ----------
    kind : {"xml", "html", "other"}
        A feed, a page, or XML that is no feed.
    root : str
        Its first element, as it stands.
    """

    kind: Literal["xml", "html", "other"]
    root: str


def markup_kind(raw_head: bytes, ending: str = "") -> Markup | None:
    """Return what the file that begins with `raw_head` is, or None for no markup.

    Parameters
    ----------
    raw_head : bytes
        The first bytes, unpacked, in the file's own encoding.
    ending : str
        Of the file's name ("html", "rss"); it decides where something stands before the markup.
    """
    text = _as_text(raw_head[:_LOOKED_AT])
    if _MAIL.match(raw_head):
        from dedup.feeds.from_markup.page_file import is_mhtml  # it imports a parser of mails

        if is_mhtml(raw_head):
            return Markup("html", "multipart/related")
    start = _past_space(text, 0)
    if not text.startswith("<", start):
        return _by_name(text, ending)
    declared = text.startswith("<?xml", start)
    position, doctype = _past_prolog(text, start)
    root = _ELEMENT.match(text, position)
    name = root[2] if root else ""
    shown = root[0][1:] if root else doctype
    if "html" in (doctype.lower(), name.lower()):
        return Markup("html", shown or "html")
    if name in ("rss", "feed") or (name == "RDF" and _RSS_1.search(text, position)):
        return Markup("xml", shown)
    if name.lower() == "channel" and _CDF_ITEM.search(text, position):
        return Markup("xml", shown)
    if declared and name:
        return Markup("other", shown)
    if name.lower() in ("rss", "feed"):  # names of XML have a case, but not all who write them know
        return Markup("xml", shown)
    if name.lower() in _PAGE_PARTS and _is_fragment(text, position):
        return Markup("html", shown)
    return _by_name(text, ending)


def _as_text(head: bytes) -> str:
    """Return the head as text in which the ASCII characters are right, whatever the others are."""
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    return head.decode("latin-1")


def _past_space(text: str, position: int) -> int:
    while position < len(text):
        if text.startswith(_BOM_AS_LATIN, position):
            position += len(_BOM_AS_LATIN)
        elif text[position] in _SPACE:
            position += 1
        else:
            break
    return position


def _past_prolog(text: str, position: int) -> tuple[int, str]:
    """Return where the first element begins, and the name the document type gives."""
    doctype = ""
    while True:
        position = _past_space(text, position)
        if text.startswith("<!--", position):
            end = text.find("-->", position + 4)
            end = -1 if end < 0 else end + 3
        elif text.startswith("<?", position):
            end = text.find(">", position)
            end = -1 if end < 0 else end + 1
        elif named := _DOCTYPE.match(text, position):
            doctype = named[1]
            end = _past_doctype(text, named.end())
        else:
            return position, doctype
        if end < 0:
            return len(text), doctype
        position = end


def _past_doctype(text: str, position: int) -> int:
    close, subset = text.find(">", position), text.find("[", position)
    if 0 <= subset < close:  # entities are declared between brackets, each with a ">" of its own
        end = text.find("]", subset)
        close = -1 if end < 0 else text.find(">", end)
    return -1 if close < 0 else close + 1


def _is_fragment(text: str, position: int) -> bool:
    return any(found >= _PAGE_TAGS for found, _ in enumerate(_PAGE_TAG.finditer(text, position), 1))


def _by_name(text: str, ending: str) -> Markup | None:
    if ending in ("html", "htm", "xhtml") and (_PAGE_ROOT.search(text) or _is_fragment(text, 0)):
        return Markup("html", "html")
    if ending in ("xml", "rss", "atom", "rdf") and (root := _FEED_ROOT.search(text)):
        return Markup("xml", root[0][1:])
    return None
