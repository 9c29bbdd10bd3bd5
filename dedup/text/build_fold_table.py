"""Write `fold_table.npz` from Python's `unicodedata`.

Run as ``python -m dedup.text.build_fold_table``. Only needed when the rules or
the wanted Unicode version change; either changes words and with them every
stored signature, so raise `dedup.text.fold.FORMAT` at the same time.

`unicodedata` knows no scripts, but a character's name begins with its script;
that is enough here.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.text import fold

# Marks are spelling in most scripts but optional, or a matter of the editor's keyboard, in these.
STRIPPED_SCRIPTS: Final = ("LATIN ", "GREEK ", "CYRILLIC ", "HEBREW ", "ARABIC ", "MODIFIER LETTER ")
SPACELESS_SCRIPTS: Final = (
    "CJK UNIFIED IDEOGRAPH",
    "CJK COMPATIBILITY IDEOGRAPH",
    "IDEOGRAPHIC ",
    "HIRAGANA ",
    "KATAKANA ",
    "KATAKANA-HIRAGANA ",
    "HENTAIGANA ",
    "VERTICAL KANA ",
    "VERTICAL IDEOGRAPHIC ",
    "THAI ",
    "LAO ",
    "KHMER ",
    "MYANMAR ",
)
APOSTROPHES: Final = frozenset("'’‘ʼʻ＇`´")
COMMAS: Final = frozenset(",\u066b\u066c")  # the Arabic decimal and thousands separators
SENTENCE_ENDS: Final = frozenset(".!?…。｡！？؟۔।॥։።፧።။។៕‼⁇⁈⁉")
LINE_ENDS: Final = frozenset("\n\r\v\f\x85\u2028\u2029")
TATWEEL: Final = "\u0640"  # stretches an Arabic word, no letter
GRAPHEME_JOINER: Final = "\u034f"
ZERO_WIDTH_SPACE: Final = "\u200b"  # Cf, yet it parts words in Khmer and Thai
_SYLLABLE: Final = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")


def fold_text(char: str) -> str:
    """Case-fold and decompose one character; Hangul composed, digits in ASCII."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    text = _SYLLABLE.sub(lambda m: unicodedata.normalize("NFC", m.group()), text)
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def kind_of(char: str) -> int:
    """Kind of one folded character (see `dedup.text.fold`)."""
    if char in APOSTROPHES:
        return fold.APOSTROPHE
    if char in COMMAS:
        return fold.COMMA
    if char == ".":
        return fold.POINT
    if char in SENTENCE_ENDS:
        return fold.SENTENCE
    if char in LINE_ENDS:
        return fold.LINE
    category = unicodedata.category(char)
    name = unicodedata.name(char, "")
    if char in (TATWEEL, GRAPHEME_JOINER) or "VARIATION SELECTOR" in name:
        return fold.IGNORED
    if category == "Cf":
        # The Arabic signs of this category (U+0600 ...) stand for words; they and U+200B part words.
        return fold.SEPARATOR if char == ZERO_WIDTH_SPACE or name.startswith("ARABIC ") else fold.IGNORED
    if category[0] == "M":
        return fold.MARK
    if category[0] not in "LN":
        return fold.SEPARATOR
    if char in "0123456789":
        return fold.DIGIT
    if name.startswith(SPACELESS_SCRIPTS):
        return fold.SPACELESS
    return fold.STRIPPED if name.startswith(STRIPPED_SCRIPTS) else fold.KEPT


def items_of(char: str) -> list[tuple[int, str]]:
    """Return the items (kind, character) that `char` folds to; never empty."""
    canonical = unicodedata.normalize("NFD", char)
    char = canonical if len(canonical) == 1 else char  # "´" has two code points
    if kind_of(char) in (fold.APOSTROPHE, fold.SENTENCE, fold.LINE, fold.IGNORED):
        return [(kind_of(char), char)]  # before NFKD makes a space and an accent, or three points, of it
    folded = fold_text(char)
    items = [(kind_of(c), c) for c in folded]
    if len(items) == 1:
        return items
    if not any(kind >= fold.MARK for kind, _ in items):
        ends = any(kind in (fold.SENTENCE, fold.POINT) for kind, _ in items)
        return [(fold.SENTENCE if ends else fold.SEPARATOR, " ")]
    # Inside an expansion ("a.m.", "1/2") punctuation only parts words.
    items = [(kind, c) if kind >= fold.MARK else (fold.SEPARATOR, " ") for kind, c in items]
    if items[0][0] == fold.SEPARATOR and all(kind == fold.MARK for kind, _ in items[1:]):
        return [(fold.SEPARATOR, " ")]  # a spacing accent
    return items


def build() -> dict[str, NDArray[Any]]:
    """Return the arrays of `fold_table.npz`."""
    entries = np.zeros(fold.N_CODE_POINTS, np.uint32)
    pool: list[int] = []
    places: dict[tuple[int, ...], int] = {}
    for cp in range(fold.N_CODE_POINTS):
        char = chr(cp)
        if unicodedata.category(char) in ("Cn", "Co", "Cs"):
            continue
        items = items_of(char)
        upper = fold.UPPER_BIT if unicodedata.category(char) in ("Lu", "Lt") else 0
        if len(items) == 1:
            kind, folded = items[0]
            value = (ord(folded) - cp) & 0xFFFFFF if kind >= fold.MARK else 0
            entries[cp] = kind | upper | value << fold.VALUE_SHIFT
            continue
        run = tuple(kind | ord(c) << fold.VALUE_SHIFT for kind, c in items)
        if run not in places:
            places[run] = len(pool)
            pool.extend(run)
        value = places[run] << fold.LENGTH_BITS | len(run)
        entries[cp] = fold.SEQUENCE | upper | value << fold.VALUE_SHIFT
    blocks, stage1 = np.unique(entries.reshape(-1, 1 << fold.BLOCK_SHIFT), axis=0, return_inverse=True)
    return {
        "format": np.array(fold.FORMAT),
        "unicode_version": np.frombuffer(unicodedata.unidata_version.encode("ascii"), np.uint8),
        "stage1": stage1.reshape(-1).astype(np.uint16),
        "stage2": blocks.reshape(-1),
        "pool": np.array(pool, np.uint32),
    }


def main(argv: Sequence[str]) -> None:
    """Write the table beside this module, or to the path given."""
    target = Path(argv[0]) if argv else Path(__file__).with_name("fold_table.npz")
    arrays = build()
    # The members carry no date: the same bytes every time.
    np.savez_compressed(target, allow_pickle=False, **arrays)
    sizes = ", ".join(f"{name} {array.size}" for name, array in arrays.items())
    print(f"{target}: {target.stat().st_size} bytes; {sizes}")


if __name__ == "__main__":
    main(sys.argv[1:])
