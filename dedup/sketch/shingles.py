"""Shingles: the set of 32-bit hashes that stands for an article in its sketch.

Two kinds. `BODY` shingles, for running text, are word pairs without the common
ones: longer shingles lose the re-worded copies (five words found 5-11 % of the
wholly derived pairs of four labelled corpora, two words 77-97 %), and common
pairs ("in the") only make strangers meet. `BRIEF` shingles, for headlines and
news in brief, are the words that are not common, and pairs of words.

Both know only the text and the fixed background table, never the corpus. Where
the table does not cover a text (another language), word length stands in for
it: grammar is made of short words nearly everywhere. Runs of characters of
scripts without spaces are cut into overlapping pieces of four (body) or two
and three (brief) characters.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.background import BUCKET_SHIFT, Background
from dedup.text.words import NUMBER, SHORT, SPACELESS, Words

BODY: Final = 0
BRIEF: Final = 1
LEAD: Final = 2  # the body shingles of a long text's first words

MIN_SHINGLES: Final = 3
"""A text with fewer shingles keeps its common ones as well, so that it is not empty."""

MIN_COVERED: Final = 0.05
"""Share of a text's word pairs that must be common for the background to cover it."""

MIN_KNOWN: Final = 0.5
"""Share of a brief's words that must be in the background for it to be covered."""

BODY_RUN: Final = 4
"""Characters of a body shingle in scripts without spaces."""

_TASK_WORDS: Final = 1 << 18
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)

_JOIN: Final = np.uint64(0x9FB21C651E98DF25)
_MIX: Final = np.uint64(0xC4CEB9FE1A85EC53)
_LONE: Final = np.uint64(0x2545F4914F6CDD1D)  # stands where a single word has no second
_R29: Final = np.uint64(29)
_R32: Final = np.uint64(32)
_R35: Final = np.uint64(35)


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingle sets of n articles.

    Parameters
    ----------
    hashes : uint32 array, shape (m,)
        Distinct and sorted within an article.
    offsets : int64 array, shape (n + 1,)
        The shingles of article i are ``hashes[offsets[i]:offsets[i + 1]]``.
    """

    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@_compiled
def _join(a, b):  # type: ignore[no-untyped-def]
    """Take b into a; the order matters."""
    x = (((a << _R29) | (a >> _R35)) ^ b) * _JOIN
    return x ^ (x >> _R32)


@_compiled
def _to32(x):  # type: ignore[no-untyped-def]
    return np.uint32((x * _MIX) >> _R32)


@_compiled
def shingle_hash(a, b):  # type: ignore[no-untyped-def]
    """Hash of the pair of words (a, b); callable from compiled code.

    Parameters
    ----------
    a, b : uint64
        Word hashes, in text order.

    Returns
    -------
    uint32
    """
    return _to32(_join(a, b))


@_compiled
def find_key(keys, starts, key):  # type: ignore[no-untyped-def]
    """Place of a uint32 key in a `KeyTable`, -1 when it is not there; callable from compiled code."""
    bucket = key >> BUCKET_SHIFT
    for i in range(starts[bucket], starts[bucket + 1]):
        if keys[i] == key:
            return i
    return -1


def bigram_hashes(words: Words) -> NDArray[np.uint32]:
    """Hash of each word with the one after it.

    Returns
    -------
    uint32 array, shape (n_words,)
        0 at the last word of an article.
    """
    out = np.zeros(len(words.hashes), np.uint32)
    _all_bigrams(words.hashes, words.offsets, out)
    return out


def body_shingles(words: Words, background: Background, threads: int = 1) -> Shingles:
    """Shingle running text.

    Parameters
    ----------
    words : Words
        The words of n texts.
    background : Background
        What is common.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Shingles
        Empty only for a text without words.
    """
    common = background.common_bigrams

    def run(low: int, high: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        offsets = words.offsets[low : high + 1]
        out = np.empty(int(offsets[-1] - offsets[0]), np.uint32)
        counts = np.empty(high - low, np.int64)
        n = _body(words.hashes, words.flags, offsets, common.keys, common.starts, out, counts)
        return out[:n].copy(), counts

    return _in_tasks(run, words.offsets, threads)


def brief_shingles(words: Words, background: Background, threads: int = 1, *, segments: int = 1) -> Shingles:
    """Shingle headlines and briefs: words that are not common, and pairs of words.

    Parameters
    ----------
    words : Words
        The words of n * segments texts.
    background : Background
        What is common.
    threads : int, default 1
        Threads to use; the result does not depend on it.
    segments : int, default 1
        Consecutive texts that make up one article (title, text). No pair spans
        two of them, so a title that the text repeats adds nothing.

    Returns
    -------
    Shingles
        Of n articles; empty only where there are no words.
    """
    common, known = background.common_words, background.words

    def run(low: int, high: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        offsets = words.offsets[low * segments : high * segments + 1]
        out = np.empty(2 * int(offsets[-1] - offsets[0]), np.uint32)
        counts = np.empty(high - low, np.int64)
        n = _brief(
            words.hashes, words.flags, offsets, segments,
            common.keys, common.starts, known.keys, known.starts, out, counts,
        )  # fmt: skip
        return out[:n].copy(), counts

    return _in_tasks(run, words.offsets[::segments], threads)


def _in_tasks(
    run: Callable[[int, int], tuple[NDArray[np.uint32], NDArray[np.int64]]],
    offsets: NDArray[np.int64],
    threads: int,
) -> Shingles:
    """Apply `run` to ranges of articles of about `_TASK_WORDS` words, and join what it returns."""
    marks = np.arange(offsets[0], offsets[-1], _TASK_WORDS)[1:]
    inner = np.searchsorted(offsets[:-1], marks)
    cuts = np.unique(np.concatenate(([0], inner, [len(offsets) - 1]))).tolist()
    tasks = list(pairwise(cuts)) or [(0, 0)]
    if threads > 1 and len(tasks) > 1:
        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(lambda task: run(*task), tasks))
    else:
        results = [run(*task) for task in tasks]
    hashes = np.concatenate([result[0] for result in results])
    out = np.zeros(len(offsets), np.int64)
    np.cumsum(np.concatenate([result[1] for result in results]), out=out[1:])
    return Shingles(hashes, out)


@_compiled
def _all_bigrams(hashes, offsets, out):  # type: ignore[no-untyped-def]
    for article in range(len(offsets) - 1):
        for i in range(offsets[article], offsets[article + 1] - 1):
            out[i] = shingle_hash(hashes[i], hashes[i + 1])


@_compiled
def _sort_distinct(values, n, spare):  # type: ignore[no-untyped-def]
    """Sort the first n uint32 in place (radix, 8 bits at a time), drop repeats, return how many stay."""
    for shift in range(0, 32, 8):
        places = np.zeros(257, np.int64)
        for i in range(n):
            places[((values[i] >> shift) & 255) + 1] += 1
        for b in range(256):
            places[b + 1] += places[b]
        for i in range(n):
            b = (values[i] >> shift) & 255
            spare[places[b]] = values[i]
            places[b] += 1
        for i in range(n):
            values[i] = spare[i]
    m = 0
    for i in range(n):
        if m == 0 or values[m - 1] != values[i]:
            values[m] = values[i]
            m += 1
    return m


@_compiled
def _run_hash(hashes, i, n):  # type: ignore[no-untyped-def]
    """Hash of the n consecutive characters from word i on."""
    x = hashes[i]
    for k in range(1, n):
        x = _join(x, hashes[i + k])
    return _to32(_join(x, _LONE)) if n == 1 else _to32(x)


@_compiled
def _run_length(flags, i, end, most):  # type: ignore[no-untyped-def]
    """Number of consecutive SPACELESS words from i on, at most `most`."""
    n = 0
    while n < most and i + n < end and flags[i + n] & SPACELESS:
        n += 1
    return n


@_compiled
def _body(hashes, flags, offsets, common, starts, out, counts):  # type: ignore[no-untyped-def]
    """Write the body shingles of each article one after the other; returns their number."""
    longest = 0
    for article in range(len(counts)):
        longest = max(longest, offsets[article + 1] - offsets[article])
    spare = np.empty(longest, np.uint32)
    pairs = np.empty(longest, np.uint32)
    is_common = np.empty(longest, np.bool_)
    written = 0
    for article in range(len(counts)):
        begin = offsets[article]
        end = offsets[article + 1]
        n_pairs = 0
        n_common = 0
        for i in range(begin, end - 1):
            pair = shingle_hash(hashes[i], hashes[i + 1])
            found = find_key(common, starts, pair) >= 0
            pairs[i - begin] = pair
            is_common[i - begin] = found
            if flags[i] & flags[i + 1] & SPACELESS == 0:
                n_pairs += 1
                n_common += found
        covered = n_common >= MIN_COVERED * n_pairs
        mine = out[written : written + end - begin]
        n = 0
        # The second round, without leaving out anything, is for texts that had nearly nothing.
        for sparing in (True, False):
            n = 0
            for i in range(begin, end):
                both = np.int64(flags[i] & flags[i + 1]) if i + 1 < end else 0
                if flags[i] & SPACELESS and (both & SPACELESS or i + 1 == end):
                    run = _run_length(flags, i, end, BODY_RUN)
                    first = i == begin or flags[i - 1] & SPACELESS == 0
                    if run == BODY_RUN or (first and not sparing):
                        mine[n] = _run_hash(hashes, i, run)
                        n += 1
                elif i + 1 < end:
                    grammar = not covered and both & SHORT and (flags[i] | flags[i + 1]) & SPACELESS == 0
                    if not (sparing and (is_common[i - begin] or grammar)):
                        mine[n] = pairs[i - begin]
                        n += 1
            if n >= MIN_SHINGLES:
                break
        if n == 0 and end > begin:
            mine[0] = _run_hash(hashes, begin, 1)
            n = 1
        counts[article] = _sort_distinct(mine, n, spare)
        written += counts[article]
    return written


@_compiled
def _brief(  # type: ignore[no-untyped-def]
    hashes, flags, offsets, segments, common, common_starts, known, known_starts, out, counts
):
    """Write the brief shingles of each article one after the other; returns their number."""
    written = 0
    for article in range(len(counts)):
        begin = offsets[article * segments]
        end = offsets[(article + 1) * segments]
        n_words = 0
        n_known = 0
        for i in range(begin, end):
            if flags[i] & (SPACELESS | NUMBER) == 0:
                n_words += 1
                n_known += find_key(known, known_starts, np.uint32(hashes[i] >> _R32)) >= 0
        covered = n_known >= MIN_KNOWN * n_words
        mine = out[written : written + 2 * (end - begin)]
        n = 0
        for sparing in (True, False):
            n = 0
            for segment in range(article * segments, (article + 1) * segments):
                stop = offsets[segment + 1]
                was_common = True
                for i in range(offsets[segment], stop):
                    if flags[i] & SPACELESS:
                        run = _run_length(flags, i, stop, 3)
                        if run == 3:
                            mine[n] = _run_hash(hashes, i, 3)
                            n += 1
                        if run >= 2 or not sparing:
                            mine[n] = _run_hash(hashes, i, min(run, 2))
                            n += 1
                        was_common = True
                        continue
                    if covered:
                        is_common = find_key(common, common_starts, np.uint32(hashes[i] >> _R32)) >= 0
                    else:
                        is_common = flags[i] & SHORT != 0 and flags[i] & NUMBER == 0
                    if not (sparing and is_common):
                        mine[n] = _run_hash(hashes, i, 1)
                        n += 1
                    follows = i > offsets[segment] and flags[i - 1] & SPACELESS == 0
                    if follows and not (sparing and is_common and was_common):
                        mine[n] = shingle_hash(hashes[i - 1], hashes[i])
                        n += 1
                    was_common = is_common
            if n >= MIN_SHINGLES:
                break
        counts[article] = _sort_distinct(mine, n, np.empty(n, np.uint32))
        written += counts[article]
    return written
