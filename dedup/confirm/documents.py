"""Documents: each text as sorted arrays, made once, so that a pair is one merge.

A confirm compares the bigrams, the runs of four words, the words and the
numbers of two texts. Sorting them per text, not per pair, makes a pair cost a
few microseconds; packing each entry into one integer makes the sort numpy's.

In scripts without spaces a single character says little, so there the unit is
two consecutive characters, a "bigram" is four and a "run" is eight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.tfidf import Idf
from dedup.sketch.shingles import shingle_hash
from dedup.text.captions import caption_mask, credit_phrases
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import Furniture, furniture_mask
from dedup.text.words import NUMBER, SPACELESS, Words, tokenize

MOST_RARE: Final = 256
"""Rare words kept per text; beyond that many the share that the other text lacks has settled."""

RARE_IDF: Final = 48
"""Three natural-log units: words in more than 1 / e**3 = 5 % of the articles are never rare."""

OPENING_WORDS: Final = 64
"""Words that a brief is compared with: all of a headline, a brief or an opening paragraph."""

_CHUNK_WORDS: Final = 1 << 20
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R32: Final = np.uint64(32)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


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
        The words of `RARE_IDF` or more, rarest first (ties: smaller hash), at most `MOST_RARE`.
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
        columns: dict[str, Any] = {}
        for field in fields(cls):
            arrays = [getattr(part, field.name) for part in parts]
            columns[field.name] = (
                _join_offsets(arrays) if field.name.endswith("offsets") else np.concatenate(arrays)
            )
        return cls(**columns)


def make_documents(
    words: Words, idf: Idf, furniture: Furniture, interface: NDArray[np.uint64], *, threads: int = 1
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
    interface : uint64 array, sorted
        Hashes of the words web pages address their user with (`dedup.text.interface`).
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Documents
        Of n texts.
    """
    with ThreadPoolExecutor(max(1, threads)) as pool:
        parts = list(pool.map(lambda chunk: _derive(chunk, idf, furniture, interface), chunks(words)))
    return Documents.joined(parts)


def chunks(words: Words) -> Iterator[Words]:
    """Yield runs of texts of about `_CHUNK_WORDS` words: small enough to sort in cache."""
    marks = np.arange(0, len(words.hashes), _CHUNK_WORDS)[1:]
    cuts = np.unique(np.concatenate(([0], np.searchsorted(words.offsets[:-1], marks), [len(words)])))
    for low, high in pairwise(cuts.tolist()):
        begin, end = words.offsets[low], words.offsets[high]
        stems = None if words.stems is None else words.stems[begin:end]
        offsets = words.offsets[low : high + 1] - begin
        yield Words(words.hashes[begin:end], words.flags[begin:end], offsets, stems=stems)
    if len(words) == 0:
        yield words


def _derive(words: Words, idf: Idf, furniture: Furniture, interface: NDArray[np.uint64]) -> Documents:
    units, bigrams, runs = unit_hashes(words)
    owner = owners(words)
    n = len(words)
    hidden = furniture_mask(runs, words.offsets, furniture)
    hidden |= caption_mask(bigrams, words.offsets, _credits())
    is_interface = np.isin(words.hashes, interface)
    inside = _inside(hidden, words.offsets)
    open_bigram, open_run = ~inside[0], ~inside[1]
    after = np.append(is_interface[1:], False)
    flags = open_bigram.astype(np.uint64) | (is_interface.astype(np.uint64) + after) << np.uint64(1)
    bigram_owner, bigram, bigram_flags = _entries(owner, bigrams, flags, 3)
    run_owner, run, run_flags = _entries(owner, runs, open_run.astype(np.uint64), 1)
    in_frame = _in_frame(words, bigrams, furniture.frames)
    flags_of_words = _word_flags(words, units, idf, ~in_frame)
    word_owner, word, word_flags = _entries(owner, units, flags_of_words, 3)
    word_idf = idf.words(word)
    early = np.arange(len(units)) - words.offsets[owner] < OPENING_WORDS
    stems = _stems(words, units)[early]
    opening = offsets_of(np.minimum(np.diff(words.offsets), OPENING_WORDS))
    stem, stem_idf, stem_flags, stem_offsets = _distinct_stems(
        opening, stems, idf.words(units[early]), flags_of_words[early].astype(np.uint8)
    )
    slot_owner, slot, filling = _slots(words, units, flags_of_words, owner)
    rare, rare_offsets = _rarest(word_owner, word, word_idf, n)
    return Documents(
        np.diff(words.offsets).astype(np.int32),
        np.bincount(owner[words.flags & NUMBER != 0], minlength=n).astype(np.int32),
        bigram, idf.bigrams(bigram), bigram_flags, offsets_of(np.bincount(bigram_owner, minlength=n)),
        run, run_flags, offsets_of(np.bincount(run_owner, minlength=n)),
        word, word_idf, word_flags, offsets_of(np.bincount(word_owner, minlength=n)),
        stems, opening, stem, stem_idf, stem_flags, stem_offsets,
        slot, filling, offsets_of(np.bincount(slot_owner, minlength=n)),
        rare, rare_offsets,
    )  # fmt: skip


def _stems(words: Words, units: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Stem of each word; in scripts without spaces the unit stands for it. 0 only where there is no unit."""
    if words.stems is None:
        raise ValueError("documents are made of words with stems: tokenize(..., stems=True)")
    roots = np.maximum((words.stems >> _R32).astype(np.uint32), np.uint32(1))
    return np.where(words.flags & SPACELESS != 0, units, roots)


def _distinct_stems(
    offsets: NDArray[np.int64], stems: NDArray[np.uint32], idf: NDArray[np.uint8], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Sort and unite the stems of each text: greatest IDF, all flags."""
    n = len(offsets) - 1
    owner = np.repeat(np.arange(n), np.diff(offsets))
    order = np.lexsort((stems, owner))
    owner, stems = owner[order], stems[order]
    new = np.append(True, (np.diff(owner) != 0) | (np.diff(stems.astype(np.int64)) != 0))[: len(stems)]
    starts = np.flatnonzero(new)
    if not len(starts):
        return stems, idf, flags, np.zeros(n + 1, np.int64)
    greatest = np.maximum.reduceat(idf[order], starts)
    every = np.bitwise_or.reduceat(flags[order], starts)
    return stems[starts], greatest, every, offsets_of(np.bincount(owner[starts], minlength=n))


def _slots(
    words: Words, units: NDArray[np.uint32], flags: NDArray[np.uint64], owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Text, slot and filling of each number and name that has a word on both sides, sorted and distinct."""
    place = np.flatnonzero(flags & np.uint64(3))
    place = place[(place > words.offsets[owner[place]]) & (place + 1 < words.offsets[owner[place] + 1])]
    # Any mixing will do: the slots of a pair are compared by equality alone.
    before, after = units[place - 1].astype(np.uint64), units[place + 1].astype(np.uint64)
    slot = ((before * _MIX ^ after) * _MIX >> _R32).astype(np.uint32)
    key = owner[place].astype(np.uint64) << _R32 | slot
    order = np.lexsort((units[place], key))
    key, filling = key[order], units[place][order]
    new = np.append(True, (key[1:] != key[:-1]) | (filling[1:] != filling[:-1]))[: len(key)]
    return (key[new] >> _R32).astype(np.int64), key[new].astype(np.uint32), filling[new]


def _in_frame(words: Words, bigrams: NDArray[np.uint32], frames: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each word of a headline stands in a word pair that is a frame."""
    short = np.repeat(np.diff(words.offsets) < FRAME_MAX_WORDS, np.diff(words.offsets))
    begins = short & np.isin(bigrams, frames) & (bigrams != 0)
    # The pair that begins at a word takes in the next one; a text's last word begins none.
    return np.asarray(begins | np.append(False, begins[:-1])[: len(begins)], np.bool_)


def _word_flags(
    words: Words, units: NDArray[np.uint32], idf: Idf, is_open: NDArray[np.bool_]
) -> NDArray[np.uint64]:
    """Number, name and open bits of each word."""
    number = words.flags & NUMBER != 0
    # A word the table does not know is most often a name. Capitals do not take part: they would make a score
    # depend on which of two equal texts was read.
    unseen = ~idf.background.words.has(units) & (words.flags & SPACELESS == 0)
    name = (idf.background.names.has(units) | unseen) & ~number
    flags = number.astype(np.uint64) | name.astype(np.uint64) << np.uint64(1)
    return np.asarray(flags | is_open.astype(np.uint64) << np.uint64(2), np.uint64)


def unit_hashes(words: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return hashes of the unit, the bigram and the run that begin at each word; 0 where there is none."""
    out = np.zeros((3, len(words.hashes)), np.uint32)
    _scan_units(words.hashes, words.flags, words.offsets, out)
    return out[0], out[1], out[2]


@cache
def _credits() -> NDArray[np.uint32]:
    found = unit_hashes(tokenize(pa.array(credit_phrases())))[1]
    return np.unique(found[found != 0])


def owners(words: Words) -> NDArray[np.int64]:
    """Return the text of each word; shape (n_words,)."""
    return np.repeat(np.arange(len(words), dtype=np.int64), np.diff(words.offsets))


def distinct(
    owner: NDArray[np.int64], keys: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the distinct (owner, key), sorted, without key 0."""
    found_owner, found, _ = _entries(owner, keys, np.zeros(1, np.uint64), 0)
    return found_owner, found


def _entries(
    owner: NDArray[np.int64], keys: NDArray[np.uint32], flags: NDArray[np.uint64], bits: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]:
    """Sort and unite equal (owner, key); of flags that differ the greatest stays, so bit 0 must be "or"."""
    shift = np.uint64(bits)
    # The open bit goes on top of the other flags: the greatest flag word then has it, if any has.
    top = (flags & np.uint64(1)) << np.uint64(max(bits - 1, 0)) | flags >> np.uint64(1)
    packed = (owner.astype(np.uint64) << _R32 | keys) << shift | top
    packed = np.sort(packed[keys != 0])
    entry = packed >> shift
    last = np.append(entry[1:] != entry[:-1], True)[: len(entry)]
    packed, entry = packed[last], entry[last]
    value = packed & np.uint64((1 << bits) - 1)
    back = value >> np.uint64(max(bits - 1, 0)) | (value << np.uint64(1)) & np.uint64((1 << bits) - 1)
    return (entry >> _R32).astype(np.int64), entry.astype(np.uint32), back.astype(np.uint8)


def _rarest(
    owner: NDArray[np.int64], words: NDArray[np.uint32], idf: NDArray[np.uint8], n: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    kept = idf >= RARE_IDF
    packed = owner[kept].astype(np.uint64) << np.uint64(40)
    packed |= (255 - idf[kept]).astype(np.uint64) << _R32 | words[kept]
    packed.sort()
    of = (packed >> np.uint64(40)).astype(np.int64)
    offsets = offsets_of(np.bincount(of, minlength=n))
    first = np.arange(len(of)) - offsets[of] < MOST_RARE
    return packed[first].astype(np.uint32), offsets_of(np.bincount(of[first], minlength=n))


def offsets_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of n lists of these lengths begins, and where the last ends; shape (n + 1,)."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _join_offsets(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return offsets_of(np.concatenate([np.diff(part) for part in parts]))


def _inside(hidden: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the bigram (row 0) and the run (row 1) that begin at each word lie wholly inside furniture."""
    out = np.zeros((2, len(hidden)), np.bool_)
    _scan_inside(hidden, offsets, out)
    return out


@_compiled
def _next(i, end, flags):  # type: ignore[no-untyped-def]
    """Place of the unit after the one at i: two characters on, or one word on."""
    return i + 2 if i + 1 < end and flags[i] & flags[i + 1] & SPACELESS else i + 1


@_compiled
def _scan_units(hashes, flags, offsets, out):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        end = offsets[text + 1]
        units = out[0]
        unit = np.empty(end - begin, np.uint64)
        for i in range(begin, end):
            h = hashes[i]
            if i + 1 < end and flags[i] & flags[i + 1] & SPACELESS:
                # Multiply one of the two, so that AB and BA differ.
                h = (h * np.uint64(0x9E3779B97F4A7C15)) ^ hashes[i + 1]
            unit[i - begin] = h
            units[i] = max(np.uint32(h >> _R32), np.uint32(1))
        for i in range(begin, end):
            j = _next(i, end, flags)
            if j >= end:
                continue
            first = shingle_hash(unit[i - begin], unit[j - begin])
            out[1, i] = max(first, np.uint32(1))
            k = _next(j, end, flags)
            m = _next(k, end, flags)
            if m < end:
                second = shingle_hash(unit[k - begin], unit[m - begin])
                out[2, i] = max(shingle_hash(np.uint64(first), np.uint64(second)), np.uint32(1))


@_compiled
def _scan_inside(hidden, offsets, out):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        end = offsets[text + 1]
        for i in range(offsets[text], end):
            out[0, i] = hidden[i] and i + 1 < end and hidden[i + 1]
            out[1, i] = hidden[i] and i + 3 < end and hidden[i + 3]
