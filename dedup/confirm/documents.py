"""Documents: each text as sorted arrays, made once, so that a pair is one merge.

A confirm compares the bigrams, the runs of four words, the words and the
numbers of two texts. Sorting them per text, not per pair, makes a pair cost a
few microseconds.

In scripts without spaces a single character says little, so there the unit is
two consecutive characters, a "bigram" is four and a "run" is eight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.entries import entries
from dedup.confirm.slots import find_slots
from dedup.confirm.stems import first_stems
from dedup.confirm.tfidf import Idf
from dedup.confirm.units import chunks, offsets_of, unit_hashes
from dedup.sketch.background import load_background, word_keys
from dedup.text.captions import caption_mask, credit_phrases
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import Furniture, furniture_mask
from dedup.text.key_table import KeySet, KeyTable, find_key, in_set
from dedup.text.radix import sort_packed
from dedup.text.words import NUMBER, SPACELESS, Words, tokenize

MOST_RARE: Final = 256
"""Rare words kept per text; beyond that many the share that the other text lacks has settled."""

RARE_IDF: Final = 48
"""Three natural-log units: words in more than 1 / e**3 = 5 % of the articles are never rare."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R32: Final = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Documents:
    """n texts as sorted entries; every list is CSR: text i has ``offsets[i]:offsets[i + 1]``.

    Parameters
    ----------
    n_units : int32 array, shape (n,)
        Words (in scripts without spaces: characters) of each text.
    n_numbers : int32 array, shape (n,)
        How many of them are numbers.
    bigrams, bigram_idf, bigram_flags, bigram_offsets
        Distinct bigrams by hash (uint32), IDF in sixteenths (uint8), flags (uint8: bit 0 stands
        somewhere outside furniture, bits 1-2 number of interface words in it), int64 offsets.
    runs, run_flags, run_offsets
        Distinct runs of four words (uint32; flag bit 0: somewhere outside furniture).
    words, word_idf, word_flags, word_offsets
        Distinct words (uint32; flag bit 0: a number, bit 1: a name, or not in the background
        table, bit 2: stands somewhere outside a headline's frame).
    openings, opening_offsets
        The stems of the first `OPENING_WORDS` words (uint32), in the order of the text.
    stems, stem_idf, stem_flags, stem_offsets
        The distinct ones among them, sorted; IDF of the rarest word of each stem, flags as of `words`.
    slots, fillings, slot_offsets
        Where a number or a name stands between two words: hash of these two (uint32, sorted) and the number
        or name (uint32, sorted within a slot).
    rare, rare_offsets
        Places in the text's `words` of those of `RARE_IDF` or more, rarest first (ties: smaller hash), at
        most `MOST_RARE`.
    """

    n_units: NDArray[np.int32]
    n_numbers: NDArray[np.int32]
    bigrams: NDArray[np.uint32]
    bigram_idf: NDArray[np.uint8]
    bigram_flags: NDArray[np.uint8]
    bigram_offsets: NDArray[np.int64]
    runs: NDArray[np.uint32]
    run_flags: NDArray[np.uint8]
    run_offsets: NDArray[np.int64]
    words: NDArray[np.uint32]
    word_idf: NDArray[np.uint8]
    word_flags: NDArray[np.uint8]
    word_offsets: NDArray[np.int64]
    openings: NDArray[np.uint32]
    opening_offsets: NDArray[np.int64]
    stems: NDArray[np.uint32]
    stem_idf: NDArray[np.uint8]
    stem_flags: NDArray[np.uint8]
    stem_offsets: NDArray[np.int64]
    slots: NDArray[np.uint32]
    fillings: NDArray[np.uint32]
    slot_offsets: NDArray[np.int64]
    rare: NDArray[np.uint32]
    rare_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.n_units)

    @classmethod
    def joined(cls, parts: list[Documents]) -> Documents:
        """Put documents one after the other."""
        if len(parts) == 1:
            return parts[0]
        columns: dict[str, Any] = {}
        for field in fields(cls):
            arrays = [getattr(part, field.name) for part in parts]
            columns[field.name] = (
                _join_offsets(arrays) if field.name.endswith("offsets") else np.concatenate(arrays)
            )
        return cls(**columns)


def make_documents(
    words: Words, idf: Idf, furniture: Furniture, interface: KeyTable, *, threads: int = 1
) -> Documents:
    """Derive the sorted entries of each text.

    Parameters
    ----------
    words : Words
        The words of n texts, with their stems.
    idf : Idf
        What is rare.
    furniture : Furniture
        What the corpus has shown to be furniture.
    interface : KeyTable
        The words web pages address their user with (`dedup.text.interface`).
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Documents
        Of n texts.

    Raises
    ------
    ValueError
        If the words come without stems.
    """
    return Documents.joined(list(derive_documents(words, idf, furniture, interface, threads=threads)))


def derive_documents(
    words: Words, idf: Idf, furniture: Furniture, interface: KeyTable, *, threads: int = 1
) -> Iterator[Documents]:
    """Yield what `make_documents` returns piece by piece, some of the texts at a time, in their order."""
    if words.stems is None:
        raise ValueError("documents are made of words with stems: tokenize(..., stems=True)")

    def run(chunk: Words) -> Documents:
        return _derive(chunk, idf, furniture, interface)

    if threads <= 1:
        yield from map(run, chunks(words))
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(run, chunks(words))


def _derive(words: Words, idf: Idf, furniture: Furniture, interface: KeyTable) -> Documents:
    units, bigrams, runs = unit_hashes(words)
    offsets = words.offsets
    hidden = furniture_mask(runs, offsets, furniture)
    hidden |= caption_mask(bigrams, offsets, _credits())
    bigram_flags, run_flags = np.empty((2, len(units)), np.uint8)
    addressing = interface.has(word_keys(words.hashes))
    _flag_spans(hidden, addressing, offsets, bigram_flags, run_flags)
    bigram, bigram_flag, bigram_offsets = entries(bigrams, bigram_flags, offsets)
    run, run_flag, run_offsets = entries(runs, run_flags, offsets)
    word_flags = _word_flags(words, units, bigrams, furniture.frame_table)
    word, word_flag, word_offsets = entries(units, word_flags, offsets)
    word_idf = idf.words(word)
    roots = np.maximum(word_keys(words.stems), np.uint32(1)) if words.stems is not None else units
    roots = np.where(words.flags & SPACELESS != 0, units, roots)
    (opening, opening_offsets), (stem, stem_idf, stem_flags, stem_offsets) = first_stems(
        roots, units, word_flags, offsets, idf.words
    )
    slot, filling, slot_offsets = find_slots(units, word_flags, offsets)
    rare, rare_offsets = _rarest(word_idf, word_offsets)
    return Documents(
        np.diff(offsets).astype(np.int32), _count_numbers(words),
        bigram, idf.bigrams(bigram), _open_first(bigram_flag), bigram_offsets,
        run, run_flag, run_offsets,
        word, word_idf, word_flag, word_offsets,
        opening, opening_offsets, stem, stem_idf, stem_flags, stem_offsets,
        slot, filling, slot_offsets, rare, rare_offsets,
    )  # fmt: skip


def _count_numbers(words: Words) -> NDArray[np.int32]:
    """Numbers of each text."""
    before = offsets_of((words.flags & NUMBER).astype(np.int64))
    return np.diff(before[words.offsets]).astype(np.int32)


def _open_first(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flags as `Documents` has them: the open bit, which had to be on top to win, comes first."""
    return np.asarray(flags >> 2 | (flags & 3) << 1, np.uint8)


def _word_flags(
    words: Words, units: NDArray[np.uint32], bigrams: NDArray[np.uint32], frames: KeyTable
) -> NDArray[np.uint8]:
    """Number, name and open bits of each word."""
    out = np.empty(len(units), np.uint8)
    known, names = word_sets()
    _flag_words(
        words.flags, units, bigrams, words.offsets,
        known.lanes, known.table.keys, known.table.starts, names.lanes, names.table.keys, names.table.starts,
        frames.keys, frames.starts, out,
    )  # fmt: skip
    return out


@cache
def word_sets() -> tuple[KeySet, KeySet]:
    """Return the words that the background knows, and the names among them."""
    background = load_background()
    return KeySet.of(background.words.keys), KeySet.of(background.names.keys)


@cache
def _credits() -> NDArray[np.uint32]:
    found = unit_hashes(tokenize(pa.array(credit_phrases())))[1]
    return np.unique(found[found != 0])


def _rarest(
    idf: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    out, out_offsets = np.empty(len(idf), np.uint32), np.zeros(len(offsets), np.int64)
    longest = int(np.diff(offsets).max(initial=0))
    n = _take_rarest(idf, offsets, np.empty((2, longest), np.uint64), out, out_offsets)
    return out[:n], out_offsets


def _join_offsets(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return offsets_of(np.concatenate([np.diff(part) for part in parts]))


@_compiled
def _flag_spans(hidden, interface, offsets, bigram_flags, run_flags):  # type: ignore[no-untyped-def]
    """Bigrams: interface words in it, and bit 2 outside furniture. Runs: 1 outside furniture.

    Inside is what begins and ends in a hidden word: its first word and the next, or the one three on.
    """
    for text in range(len(offsets) - 1):
        end = offsets[text + 1]
        for i in range(offsets[text], end):
            next_hidden = i + 1 < end and hidden[i + 1]
            run_hidden = i + 3 < end and hidden[i + 3]
            addressed = np.uint8(interface[i]) + np.uint8(i + 1 < end and interface[i + 1])
            bigram_flags[i] = addressed | np.uint8(0 if hidden[i] and next_hidden else 4)
            run_flags[i] = np.uint8(0 if hidden[i] and run_hidden else 1)


@_compiled
def _flag_words(  # type: ignore[no-untyped-def]
    flags,
    units,
    bigrams,
    offsets,
    known_lanes,
    known,
    known_starts,
    name_lanes,
    names,
    name_starts,
    frames,
    frames_starts,
    out,
):
    """Bit 0: a number; 1: a name; 2: stands outside a headline's frame."""
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        framed = end - begin < FRAME_MAX_WORDS and len(frames) > 0
        before = False
        for i in range(begin, end):
            number = flags[i] & NUMBER != 0
            # A word the table does not know is most often a name. Capitals do not take part: they would make
            # a score depend on which of two equal texts was read.
            unseen = (flags[i] & SPACELESS == 0) & (not in_set(known_lanes, known, known_starts, units[i]))
            name = (not number) & (unseen | in_set(name_lanes, names, name_starts, units[i]))
            begins = framed and bigrams[i] != 0 and find_key(frames, frames_starts, bigrams[i]) >= 0
            # The pair that begins at a word takes in the next one.
            out[i] = np.uint8(np.uint8(number) | np.uint8(name) << 1 | (0 if begins or before else 4))
            before = begins


@_compiled
def _take_rarest(idf, offsets, scratch, out, out_offsets):  # type: ignore[no-untyped-def]
    values, spare = scratch[0], scratch[1]
    written = 0
    for text in range(len(offsets) - 1):
        n = 0
        begin = offsets[text]
        for i in range(begin, offsets[text + 1]):  # in order of their hash, so that the place breaks ties
            if idf[i] >= RARE_IDF:
                values[n] = np.uint64(255 - idf[i]) << _R32 | np.uint64(i - begin)
                n += 1
        sort_packed(values, n, spare, 5)
        for i in range(min(n, MOST_RARE)):
            out[written] = np.uint32(values[i])
            written += 1
        out_offsets[text + 1] = written
    return written
