"""The text of an XML file: the encoding it declares, checked against what is there.

A declaration counts where the bytes do not contradict it. UTF-8 with characters beyond ASCII is UTF-8
whatever is declared, for no other text looks like it by chance. "ISO-8859-1" means Windows-1252, as in every
browser.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
# What is declared is often a part of what is meant.
_MEANT: Final = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_STRAY: Final = re.compile("[\udc80-\udcff]")


def xml_encoding(head: bytes, otherwise: str = "cp1252") -> str:
    """Return the name of the codec for an XML file that begins with `head`.

    Parameters
    ----------
    head : bytes
        The first bytes.
    otherwise : str
        The codec where none is declared and it is not UTF-8.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    found = _DECLARED.match(head)
    declared = codec_named(found[1].decode()) if found else "utf-8"
    try:
        # A character may be cut by the end of the head.
        codecs.getincrementaldecoder("utf-8")().decode(head)
        if not head.isascii():
            return "utf-8"
    except UnicodeDecodeError:
        return declared if found else otherwise
    # Wide encodings would have shown in the first bytes.
    return "utf-8" if declared.startswith(("utf-16", "utf-32", "utf_16", "utf_32")) else declared


def codec_named(name: str) -> str:
    """Return the codec that is meant where an encoding is declared; UTF-8 for names that are none."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        return "utf-8"
    if not getattr(found, "_is_text_encoding", True):
        return "utf-8"
    return _MEANT.get(found.name, found.name)


class Decoder:
    """Decodes the blocks of a file.

    Attributes
    ----------
    replaced : int
        Invalid bytes so far: in UTF-8 they are read as Windows-1252, elsewhere they become U+FFFD.
    """

    def __init__(self, encoding: str) -> None:
        self.replaced = 0
        self._utf8 = encoding == "utf-8"
        make: Any = codecs.getincrementaldecoder(encoding)
        self._decoder = make("surrogateescape" if self._utf8 else "replace")

    def text(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text of `blocks`, line ends as line feeds."""
        after_return = False
        for number, block in enumerate(blocks):
            text = self._mended(self._decoder.decode(block))
            if number == 0:
                text = text.removeprefix("\ufeff")
            if after_return:
                text = text.removeprefix("\n")
            after_return = text.endswith("\r")
            yield text.replace("\r\n", "\n").replace("\r", "\n")
        yield self._mended(self._decoder.decode(b"", True))

    def _mended(self, text: str) -> str:
        if self._utf8:
            text, stray = _STRAY.subn(_in_1252, text)
            self.replaced += stray
        else:
            self.replaced += text.count("\ufffd")
        return text


def _in_1252(found: re.Match[str]) -> str:
    return bytes((ord(found[0]) - 0xDC00,)).decode("cp1252", "replace")
