"""Which encoding a feed is in, told by its first bytes.

UTF-8 unless something speaks against it: a byte order mark, or the zero in
every other byte that UTF-16 has, or bytes that are no UTF-8 and make good
sense in another encoding. A few bad bytes in a UTF-8 file are just that;
reading the whole file as Latin-1 for their sake would turn every accent into two letters.

A wrong guess ruins every text and nobody is told, so where two encodings are about as
likely the answer is "unknown", and the user is asked to name it.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from dedup.errors import SettingsError
from dedup.feeds.sources.alphabets import latin_codec

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
    rb"|(?<=[ckm\d ]m)[\xb2\xb3]"
    rb"|[\x80\x85\x91-\x97\xa0\xa3\xa7\xab\xb0\xbb\xbf]"
)
_MULTIBYTE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
# Code points cp1252 leaves empty: a text that uses them is Latin-1.
_NOT_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# Scripts other than Latin; some only as rivals, so that a text of theirs is not taken for another.
_READ: Final = frozenset(
    {
        *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "cp1253", "iso8859_7", "cp1255", "cp1256"),
        *("iso8859_6", "gb18030", "big5", "big5hkscs", "cp932", "euc_jp", "cp949", "tis_620", "cp874"),
    }
)
_JAPANESE_ESCAPES: Final = (b"\x1b$B", b"\x1b$@")  # all else of ISO-2022-JP is ASCII
_CANDIDATES: Final = (*sorted(_READ), "mac_cyrillic", "mac_greek", "cp1125", "cp864", "johab", "euc_jis_2004")
# What differs only in rare characters is read by the codec that has most of them.
_SUPERSETS: Final = {"cp1125": "cp866", "big5": "big5hkscs", "euc_jis_2004": "euc_jp"}
_SAMPLE: Final = 64 << 10  # bytes; more does not make it surer
_LEAST_HIGH: Final = 20
_STRAY_SHARE: Final = 0.1
_MOST_MESS: Final = 0.1
_MESS_MARGIN: Final = 0.03
_LANGUAGE_MARGIN: Final = 0.25

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
        ``utf-16-be``, ``utf-32``, the name of a national encoding such as ``cp1252``, or ``unknown``.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide_without_mark(head):
        return wide
    if any(escape in head for escape in _JAPANESE_ESCAPES):
        return "iso2022_jp"
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
    if looks_binary(head, "utf-8"):
        return "utf-8"  # whatever: it will be refused
    sample = _dense(head)
    if codec := latin_codec(sample):
        return codec
    high = len(_HIGH.findall(head))
    if len(_WESTERN.findall(head)) >= _PLAUSIBLE_SHARE * high:
        return "latin-1" if _NOT_IN_CP1252.search(head) else "cp1252"
    if high >= _LEAST_HIGH and (codec := _other_script(sample)):
        return codec
    # Many bytes that are in no UTF-8 character, and hardly one that is: it is another encoding.
    foreign = high >= _LEAST_HIGH and len(_MULTIBYTE.findall(head)) < _STRAY_SHARE * high
    return "unknown" if foreign or invalid > _HOPELESS_SHARE * len(head) else "utf-8"


def _dense(head: bytes) -> bytes:
    """Return lines of `head` that hold more than ASCII, which say nothing about the encoding."""
    taken: list[bytes] = []
    size = 0
    for line in head.split(b"\n"):
        if not line.isascii():
            taken.append(line)
            size += len(line)
            if size >= _SAMPLE:
                break
    if size < _SAMPLE and len(head) < _SAMPLE:
        return b"\n".join(taken)
    # No character may be cut in two, and no encoding looked for has these within one.
    sample = b"\n".join(taken)[:_SAMPLE]
    return sample[: max(sample.rfind(end) for end in (b"\n", b" ", b'"', b",")) + 1] or sample


def _other_script(sample: bytes) -> str | None:
    """Return the codec of a text that is not in Latin letters, None where none is clearly the best.

    charset-normalizer measures how much of a text is mess under each encoding, and how far its letters
    are as frequent as in a language. A guess counts only if every other that reads the text otherwise is
    messier, or much less like a language.
    """
    from charset_normalizer import from_bytes

    found = list(from_bytes(sample, cp_isolation=list(_CANDIDATES)))
    if not found:
        return None
    best = found[0]
    codec = _SUPERSETS.get(best.encoding, best.encoding)
    if best.chaos > _MOST_MESS or codec not in _READ:
        return None
    for other in found[1:]:
        if str(other) == str(best):
            continue
        messier = other.chaos - best.chaos >= _MESS_MARGIN
        if not messier and best.coherence - other.coherence < _LANGUAGE_MARGIN:
            return None
    return codecs.lookup(codec).name


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
