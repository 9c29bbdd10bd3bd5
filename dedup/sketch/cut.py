"""The kernels of shingling: from word hashes to the shingle set of each article, compiled.

`dedup.sketch.shingles` says what the shingles are and why, and is the way in;
here stand the rules in full, with the limits between them. A shingle is 32
bits: a 64-bit hash over its words, finished by a multiplication that carries
every bit into the half that is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from dedup.text.key_table import find_key, in_set
from dedup.text.radix import sort_distinct
from dedup.text.words import NUMBER, SHORT, SPACELESS

MIN_SHINGLES: Final = 3
"""A text with fewer shingles keeps its common ones as well, so that it is not empty."""

MIN_COVERED: Final = 0.05
"""Share of a text's word pairs that must be common for the background to cover it. Of 37,554 English articles
one in a thousand had less than 0.34, and the least (a list of names) 0.07."""

MIN_KNOWN: Final = 0.7
"""Share of a brief's words that must be in the background for it to be covered. One English title in a
thousand had less than 0.75; headlines in other languages mostly have less than 0.5."""

BODY_RUN: Final = 4
"""Characters of a body shingle in scripts without spaces."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)

_JOIN: Final = np.uint64(0x9FB21C651E98DF25)
_MIX: Final = np.uint64(0xC4CEB9FE1A85EC53)
_LONE: Final = np.uint64(0x2545F4914F6CDD1D)  # stands where a single word has no second
_R29: Final = np.uint64(29)
_R32: Final = np.uint64(32)
_R35: Final = np.uint64(35)


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
def all_bigrams(hashes, offsets, out):  # type: ignore[no-untyped-def]
    """Write the hash of each word with the next one of its article."""
    for article in range(len(offsets) - 1):
        for i in range(offsets[article], offsets[article + 1] - 1):
            out[i] = shingle_hash(hashes[i], hashes[i + 1])


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
def cut_body(hashes, flags, begins, ends, lanes, keys, starts, out, counts):  # type: ignore[no-untyped-def]
    """Write the body shingles of each article one after the other; returns their number.

    `lanes`, `keys` and `starts` are the set of common pairs (`dedup.text.key_table.KeySet`).
    """
    longest = 0
    for article in range(len(counts)):
        longest = max(longest, ends[article] - begins[article])
    spare = np.empty(longest, np.uint32)
    written = 0
    for article in range(len(counts)):
        begin = begins[article]
        end = ends[article]
        mine = out[written : written + end - begin]
        kinds = np.uint8(0)
        for i in range(begin, end):
            kinds |= flags[i]
        # Scripts with spaces, covered by the background: nearly all there is, and a loop without branches.
        n = 0
        if kinds & SPACELESS == 0:
            for i in range(begin, end - 1):
                pair = shingle_hash(hashes[i], hashes[i + 1])
                mine[n] = pair
                n += not in_set(lanes, keys, starts, pair)
        n_pairs = max(end - begin - 1, 0)
        if kinds & SPACELESS or n < MIN_SHINGLES or n_pairs - n < MIN_COVERED * n_pairs:
            n = _cut_any(hashes, flags, begin, end, lanes, keys, starts, mine)
        counts[article] = sort_distinct(mine, n, spare)
        written += counts[article]
    return written


@_compiled
def _cut_any(hashes, flags, begin, end, lanes, keys, starts, mine):  # type: ignore[no-untyped-def]
    """Write the body shingles of one article of any script; returns their number."""
    pairs = np.empty(end - begin, np.uint32)
    is_common = np.empty(end - begin, np.bool_)
    n_pairs = 0
    n_common = 0
    for i in range(begin, end - 1):
        pair = shingle_hash(hashes[i], hashes[i + 1])
        found = in_set(lanes, keys, starts, pair)
        pairs[i - begin] = pair
        is_common[i - begin] = found
        if flags[i] & flags[i + 1] & SPACELESS == 0:
            n_pairs += 1
            n_common += found
    covered = n_common >= MIN_COVERED * n_pairs
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
    return n


@_compiled
def cut_brief(  # type: ignore[no-untyped-def]
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
        counts[article] = sort_distinct(mine, n, np.empty(n, np.uint32))
        written += counts[article]
    return written
