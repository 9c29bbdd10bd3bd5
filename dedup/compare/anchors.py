"""Anchors: equal runs of words in the gaps between the words of two texts matched so far; compiled.

Names of runs are exact (Karp, Miller & Rosenberg 1972): a run of 2k words is
named by the names of its two halves. A gap is matched by the longest increasing
chain of the runs that stand once in either side (Cohen's patience diff), each
extended as far as words are equal; no word is passed over more than twice a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

_N_LEVELS: Final = 4
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def name_runs(words, n):  # type: ignore[no-untyped-def]
    """Name the runs of 1, 2, 4 and 8 words of both texts by small numbers, equal runs alike.

    Returns shape (`_N_LEVELS`, words of both), -1 where a run would leave its text, and the number of names.
    """
    total = len(words)
    size = 64
    while size < 2 * total:
        size *= 2
    mask = np.uint64(size - 1)
    keys = np.empty(size, np.uint64)
    ids = np.empty(size, np.int64)
    names = np.full((_N_LEVELS, total), -1, np.int32)  # half the memory, for a text of 50 MB
    most = 0
    for level in range(_N_LEVELS):
        ids[:] = -1
        count = 0
        half = (1 << level) >> 1
        for i in range(total):
            key = words[i]
            if level > 0:
                if i + 2 * half > (n if i < n else total):
                    continue
                key = np.uint64(names[level - 1, i]) << np.uint64(32) | np.uint64(names[level - 1, i + half])
            mixed = key * _MIX
            slot = (mixed ^ (mixed >> np.uint64(32))) & mask
            while ids[slot] >= 0 and keys[slot] != key:
                slot = (slot + np.uint64(1)) & mask
            if ids[slot] < 0:
                keys[slot] = key
                ids[slot] = count
                count += 1
            names[level, i] = ids[slot]
        most = max(most, count)
    return names, most


@_compiled
def equal_run(left, right, i, j, most, step):  # type: ignore[no-untyped-def]
    """Number of equal words from places i and j on, `most` at most, forwards or backwards."""
    run = 0
    while run < most and left[i] == right[j]:
        run += 1
        i += step
        j += step
    return run


@_compiled
def match_gaps(left, right, names, length, ranked, partner, head, tally):  # type: ignore[no-untyped-def]
    """Match words in every gap between the words already matched, by anchors of `length` words."""
    n = len(left)
    m = len(right)
    follower = np.empty(m, np.int64)
    i = 0
    j = 0
    while i < n:
        i_end = i
        while i_end < n and partner[i_end] < 0:
            i_end += 1
        j_end = partner[i_end] if i_end < n else m
        if i_end - i >= length and j_end - j >= length:
            _match_gap(left, right, names, length, ranked, i, i_end, j, j_end, partner, head, tally, follower)
        i = i_end + 1
        j = j_end + 1


@_compiled
def _pair_names(names, n, length, ranked, i, i_end, j, j_end, head, tally, follower):  # type: ignore[no-untyped-def]
    """Places of equal runs of two ranges that are unique in both, or paired by rank; ascending on the left.

    `head` is -1 and `tally` 0 throughout, before and after.
    """
    for y in range(j_end - length, j - 1, -1):
        name = names[n + y]
        follower[y] = head[name]
        head[name] = y
        tally[name, 1] += 1
    for x in range(i, i_end - length + 1):
        tally[names[x], 0] += 1
    xs = np.empty(min(i_end - i, j_end - j), np.int64)
    ys = np.empty(len(xs), np.int64)
    count = 0
    for x in range(i, i_end - length + 1):
        name = names[x]
        y = head[name]
        if y >= 0 and (ranked or (tally[name, 0] == 1 and tally[name, 1] == 1)):
            xs[count] = x
            ys[count] = y
            count += 1
            head[name] = follower[y]
    for y in range(j, j_end - length + 1):
        head[names[n + y]] = -1
        tally[names[n + y], 1] = 0
    for x in range(i, i_end - length + 1):
        tally[names[x], 0] = 0
    return xs[:count], ys[:count]


@_compiled
def _match_gap(  # type: ignore[no-untyped-def]
    left, right, names, length, ranked, i, i_end, j, j_end, partner, head, tally, follower
):
    """Match words of one gap: the longest chain of anchors, each extended as far as words are equal."""
    xs, ys = _pair_names(names, len(left), length, ranked, i, i_end, j, j_end, head, tally, follower)
    chain = _longest_chain(ys)
    for c in range(len(chain)):
        x = xs[chain[c]]
        y = ys[chain[c]]
        for back in range(equal_run(left, right, x - 1, y - 1, min(x - i, y - j), -1)):
            partner[x - 1 - back] = y - 1 - back
        last = c + 1 == len(chain)
        x_stop = i_end if last else xs[chain[c + 1]]
        y_stop = j_end if last else ys[chain[c + 1]]
        run = equal_run(left, right, x, y, min(x_stop - x, y_stop - y), 1)
        for ahead in range(run):
            partner[x + ahead] = y + ahead
        i = x + run
        j = y + run


@_compiled
def _longest_chain(values):  # type: ignore[no-untyped-def]
    """Places of a longest increasing subsequence (Schensted 1961)."""
    n = len(values)
    tails = np.empty(n, np.int64)
    before = np.empty(n, np.int64)
    length = 0
    for i in range(n):
        low = 0
        high = length
        while low < high:
            middle = (low + high) >> 1
            if values[tails[middle]] < values[i]:
                low = middle + 1
            else:
                high = middle
        before[i] = tails[low - 1] if low > 0 else -1
        tails[low] = i
        length = max(length, low + 1)
    out = np.empty(length, np.int64)
    at = tails[length - 1] if length > 0 else -1
    for k in range(length - 1, -1, -1):
        out[k] = at
        at = before[at]
    return out
