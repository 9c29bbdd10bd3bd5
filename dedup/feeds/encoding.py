"""Which encoding a feed is in, told by its first bytes.

UTF-8 unless something speaks against it: a byte order mark, or the zero in
every other byte that UTF-16 has, or bytes that are no UTF-8 and make good
sense as Western European text. A few bad bytes in a UTF-8 file are just that;
reading the whole file as Latin-1 for their sake would turn every accent into two letters.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from dedup.errors import SettingsError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Bytes that stand for letters in cp1252 and Latin-1; the Icelandic ones and y with diaeresis are left
# out, for they are rare in news and what binary rubbish (0xFE, 0xFF) looks like.
_LETTERS: Final = rb"[\xc0-\xcf\xd1-\xd6\xd8-\xdd\xdf-\xef\xf1-\xf6\xf8-\xfd]"
_WESTERN: Final = re.compile(
    rb"(?<=[A-Za-z])" + _LETTERS + rb"|" + _LETTERS + rb"(?=[a-z])"
    rb"|[\x80\x85\x91-\x97\xa0\xa3\xa7\xab\xb0\xbb\xbf]"
)
_MULTIBYTE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
# Code points cp1252 leaves empty: a text that uses them is Latin-1.
_NOT_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# What Python calls codecs of text and no file is in.
_NO_FEED_CODECS: Final = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)

_PLAUSIBLE_SHARE: Final = 0.8
# Above this share of bytes that are neither UTF-8 nor Western text, replacing them would leave no text.
_HOPELESS_SHARE: Final = 0.15
_BINARY_SHARE: Final = 0.05
_FEW_CONTROLS: Final = 8  # so that a few in a tiny file do not make it binary


def named_encoding(name: str) -> str:
    """Return the codec a user named; raise `SettingsError` when Python has none of that name for texts."""
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)  # fails for what recodes bytes, such as base64
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        codec = None
    if codec is None or codec.name in _NO_FEED_CODECS:
        raise SettingsError(
            f"--encoding {name[:80]!r} is no encoding of texts", "examples: utf-8, cp1251, gb18030, shift_jis"
        )
    return codec.name


def guess_encoding(head: bytes) -> str:
    """Return the name of the codec for a file that begins with `head`.

    Returns
    -------
    str
        ``utf-8`` (also for a file with some invalid bytes), ``utf-8-sig``, ``utf-16``, ``utf-16-le``,
        ``utf-16-be``, ``utf-32``, ``cp1252``, ``latin-1``, or ``unknown``.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide_without_mark(head):
        return wide
    try:
        # Final=False: the head may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    single = _MULTIBYTE.sub(b" ", head)
    invalid = len(_HIGH.findall(single))
    if len(_MULTIBYTE.findall(head)) >= invalid:
        return "utf-8"
    high = len(_HIGH.findall(head))
    if len(_WESTERN.findall(head)) >= _PLAUSIBLE_SHARE * high:
        return "latin-1" if _NOT_IN_CP1252.search(head) else "cp1252"
    if invalid > _HOPELESS_SHARE * len(head) and not looks_binary(head, "utf-8"):
        return "unknown"
    return "utf-8"


def _wide_without_mark(head: bytes) -> str | None:
    """Return the UTF-16 codec of a text without mark: mostly Latin letters, so every other byte is zero."""
    sample = head[:4096]
    if len(sample) < 8:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def looks_binary(head: bytes, encoding: str) -> bool:
    """Return whether `head` holds more control characters than any text, NULs counted where many."""
    if encoding.startswith(("utf-16", "utf-32")) or not head:
        return False
    # A stray NUL is dropped and noted; a tenth of the file is not stray.
    controls = len(_CONTROL.findall(head))
    return controls > _FEW_CONTROLS + _BINARY_SHARE * len(head) or head.count(0) > 2 * _BINARY_SHARE * len(
        head
    )
