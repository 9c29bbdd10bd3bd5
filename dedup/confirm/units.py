"""Units, bigrams and runs: the hashes by which two texts are compared word for word.

A unit is a word; in scripts without spaces, where a single character says
little, two consecutive characters. A bigram is two units, a run four. So a
"bigram" of Chinese spans four characters and a run eight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.shingles import shingle_hash
from dedup.text.words import SPACELESS, Words

_CHUNK_WORDS: Final = 1 << 18
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R32: Final = np.uint64(32)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def unit_hashes(words: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Hash the unit, the bigram and the run that begin at each word.

    Parameters
    ----------
    words : Words
        Of n texts.

    Returns
    -------
    units, bigrams, runs : uint32 array, shape (n_words,)
        0 where there is none.
    """
    out = np.empty((3, len(words.hashes)), np.uint32)
    _scan_units(words.hashes, words.flags, words.offsets, out[0], out[1], out[2])
    return out[0], out[1], out[2]


def owners(words: Words) -> NDArray[np.int64]:
    """Return the text of each word; shape (n_words,)."""
    return np.repeat(np.arange(len(words), dtype=np.int64), np.diff(words.offsets))


def offsets_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of n lists of these lengths begins, and where the last ends; shape (n + 1,)."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def chunks(words: Words) -> Iterator[Words]:
    """Yield runs of texts of about `_CHUNK_WORDS` words: what is made of one stays in cache."""
    marks = np.arange(0, len(words.hashes), _CHUNK_WORDS)[1:]
    cuts = np.unique(np.concatenate(([0], np.searchsorted(words.offsets[:-1], marks), [len(words)])))
    for low, high in pairwise(cuts.tolist()):
        begin, end = words.offsets[low], words.offsets[high]
        stems = None if words.stems is None else words.stems[begin:end]
        offsets = words.offsets[low : high + 1] - begin
        yield Words(words.hashes[begin:end], words.flags[begin:end], offsets, stems=stems)
    if len(words) == 0:
        yield words


@_compiled
def _next(i, end, flags):  # type: ignore[no-untyped-def]
    """Place of the unit after the one at i: two characters on, or one word on."""
    return i + 2 if i + 1 < end and flags[i] & flags[i + 1] & SPACELESS else i + 1


@_compiled
def _scan_units(hashes, flags, offsets, units, bigrams, runs):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        end = offsets[text + 1]
        spaceless = np.uint8(0)
        for i in range(begin, end):
            spaceless |= flags[i]
        if spaceless & SPACELESS:
            _mixed_text(hashes, flags, begin, end, units, bigrams, runs)
            continue
        # Without such scripts the next unit is the next word: three plain loops.
        for i in range(begin, end):
            units[i] = max(np.uint32(hashes[i] >> _R32), np.uint32(1))
        for i in range(begin, end - 1):
            bigrams[i] = max(shingle_hash(hashes[i], hashes[i + 1]), np.uint32(1))
        for i in range(begin, end - 3):
            runs[i] = max(shingle_hash(np.uint64(bigrams[i]), np.uint64(bigrams[i + 2])), np.uint32(1))
        for i in range(max(begin, end - 1), end):
            bigrams[i] = 0
        for i in range(max(begin, end - 3), end):
            runs[i] = 0


@_compiled
def _mixed_text(hashes, flags, begin, end, units, bigrams, runs):  # type: ignore[no-untyped-def]
    """The same for a text that holds a script without spaces."""
    unit = np.empty(end - begin, np.uint64)
    for i in range(begin, end):
        h = hashes[i]
        if i + 1 < end and flags[i] & flags[i + 1] & SPACELESS:
            # Multiply one of the two, so that AB and BA differ.
            h = (h * _MIX) ^ hashes[i + 1]
        unit[i - begin] = h
        units[i] = max(np.uint32(h >> _R32), np.uint32(1))
    for i in range(begin, end):
        bigrams[i] = 0
        runs[i] = 0
        j = _next(i, end, flags)
        if j >= end:
            continue
        first = max(shingle_hash(unit[i - begin], unit[j - begin]), np.uint32(1))
        bigrams[i] = first
        k = _next(j, end, flags)
        m = _next(k, end, flags)
        if m < end:
            second = max(shingle_hash(unit[k - begin], unit[m - begin]), np.uint32(1))
            runs[i] = max(shingle_hash(np.uint64(first), np.uint64(second)), np.uint32(1))
