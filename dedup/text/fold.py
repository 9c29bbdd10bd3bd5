"""The folding table: what each code point becomes before words are cut and hashed.

Two editions of one story differ in case, accents, width, ligatures and in
whether "é" is one code point or two; none of that may make two words of one.
So every code point is mapped, once and for all, to a short run of *items*: the
case-folded, compatibility-decomposed (NFKD) code points, each with a kind that
tells the tokenizer what to do with it. The table is data with a version
(`fold_table.npz`, written by `dedup.text.build_fold_table`): a newer Python
brings newer Unicode tables, and that must not change a signature.

Layout: a two-stage table. ``stage1[cp >> 7]`` names a block of 128 entries in
``stage2``; equal blocks are stored once, which is why a single item is held as
a difference to its own code point (all of Han is then one block).

An entry is a uint32:

===========  ==========================================================
bits 0-3     kind (the constants below)
bit 4        the code point is an upper- or title-case letter
bits 8-31    kind < `SEQUENCE`: item minus code point, modulo 2**24;
             `SEQUENCE`: (offset into ``pool``) * 32 + number of items
===========  ==========================================================

Items in ``pool`` hold kind and code point itself (bits 8-31). Unlike NFKD the
table keeps Hangul syllables composed, and maps every decimal digit to ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

FORMAT: Final = 2
"""Version of the layout and of the rules; part of every stored signature's version."""

# Kinds. The order matters: what ends a word is below IGNORED, what makes one is from STRIPPED on.
SEPARATOR: Final = 0
SENTENCE: Final = 1  # a separator that ends a sentence
LINE: Final = 2  # a separator that ends a line
APOSTROPHE: Final = 3  # vanishes between two letters, else a separator
COMMA: Final = 4  # vanishes between two digits, else a separator
POINT: Final = 5  # vanishes between two digits, else ends a sentence
IGNORED: Final = 6  # soft hyphen, joiners, variation selectors: as if it were not there
MARK: Final = 7  # combining mark: its fate depends on the letter before it
STRIPPED: Final = 8  # letter of a script that loses its marks
KEPT: Final = 9  # letter of a script that keeps its marks
SPACELESS: Final = 10  # letter of a script written without spaces: a word of its own
DIGIT: Final = 11
SEQUENCE: Final = 12  # more than one item

KIND_MASK: Final = 0xF
UPPER_BIT: Final = 0x10
VALUE_SHIFT: Final = 8
BLOCK_SHIFT: Final = 7
LENGTH_BITS: Final = 5
N_CODE_POINTS: Final = 0x110000


@dataclass(frozen=True, slots=True)
class FoldTable:
    """The folding table, ready for the tokenizer.

    Parameters
    ----------
    stage1 : uint16 array, shape (0x110000 / 128,)
        Block number of each run of 128 code points.
    stage2 : uint32 array, shape (128 * n_blocks,)
        Entries (see the module).
    pool : uint32 array
        Items of the code points that fold to more than one.
    ascii_plain : uint8 array, shape (256,)
        What `ascii_shortcut` returns.
    marks : uint8 array, shape (64,)
        Kinds of the general punctuation U+2000 to U+203F: quotation marks, dashes and the like.
    unicode_version : str
        Version of the Unicode data the table was made from.
    """

    stage1: NDArray[np.uint16]
    stage2: NDArray[np.uint32]
    pool: NDArray[np.uint32]
    ascii_plain: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    unicode_version: str


@cache
def load_fold_table() -> FoldTable:
    """Return the shipped folding table (read once a process, read-only arrays).

    Raises
    ------
    RuntimeError
        If the data file belongs to another format than this code.
    """
    with resources.files("dedup.text").joinpath("fold_table.npz").open("rb") as file, np.load(file) as data:
        found = int(data["format"])
        if found != FORMAT:
            raise RuntimeError(
                f"fold_table.npz has format {found}, this code reads {FORMAT}; "
                "run python -m dedup.text.build_fold_table"
            )
        stage1, stage2, pool = data["stage1"], data["stage2"], data["pool"]
        version = bytes(data["unicode_version"]).decode("ascii")
    ascii_plain = ascii_shortcut(stage1, stage2)
    block = int(stage1[0x2000 >> BLOCK_SHIFT]) << BLOCK_SHIFT
    marks = (stage2[block : block + 64] & KIND_MASK).astype(np.uint8)
    for array in (stage1, stage2, pool, ascii_plain, marks):
        array.flags.writeable = False
    return FoldTable(stage1, stage2, pool, ascii_plain, marks, version)


def ascii_shortcut(stage1: NDArray[np.uint16], stage2: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Derive the 256-byte table of the tokenizer's fast path from the full table.

    Returns
    -------
    uint8 array, shape (256,)
        The folded byte of an ASCII letter or digit (48 and up), kind + 1 of an ASCII byte that always parts
        words (1 to 3), and 0 for every byte whose meaning depends on others.
    """
    entries = stage2[(int(stage1[0]) << BLOCK_SHIFT) + np.arange(128)]
    kinds = entries & KIND_MASK
    folded = (np.arange(128) + (entries >> VALUE_SHIFT).astype(np.int64)) & 0xFFFFFF
    out = np.zeros(256, np.uint8)
    out[:128] = np.where(kinds <= LINE, kinds + 1, 0)
    out[:128] = np.where((kinds == STRIPPED) | (kinds == DIGIT), folded, out[:128])
    return out
