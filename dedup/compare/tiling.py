"""Tiles: which runs of words two texts share, in order or moved; the compiled core of the alignment.

Anchors are runs of 8, then 4, 2 and 1 words that stand exactly once in either
text, or later once in either side of what is still open between two anchors:
Cohen's patience diff, told of runs of words rather than of lines. The longest
increasing chain of anchors is kept and each is extended while words are equal.
Runs that repeat are paired by their rank, the first with the first, so periodic
texts align too. What is left over is tiled once more without regard to order:
these passages moved (greedy string tiling, Wise 1993).

A chance match of a few letters amid change is no shared passage, so an equal
run no longer than the changes on both its sides counts as changed: the semantic
clean-up of diff-match-patch (Fraser 2006). Runs of `LASTING` letters stay.

Every round takes O(n log n) for n words of both texts, and there is a fixed
number of rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from dedup.compare.anchors import equal_run, match_gaps, name_runs

SAME: Final = 0
CHANGED: Final = 1
CUT: Final = 2
ADDED: Final = 3
MOVED: Final = 4

LASTING: Final = 24
"""Letters (`widths`) of an equal run that is shared whatever surrounds it, about five English words; a run
moved elsewhere needs as many."""

WIDEST_CHANGE: Final = 240
"""Letters of the longer side beyond which a change is told as a cut and an addition: two paragraphs that
stand at one place are seldom two wordings of one."""

_ROUNDS: Final = np.array([[3, 0], [2, 0], [2, 0], [2, 1], [1, 0], [0, 0], [0, 0]])
"""Rounds: logarithm of the run's length in words, and whether runs that repeat are paired by rank."""

_MOVED_LEVEL: Final = 2

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def tile(left, right, widths_left, widths_right, weak_left):  # type: ignore[no-untyped-def]
    """Cut two texts into tiles.

    Parameters
    ----------
    left, right : uint64 array, shape (n,) and (m,)
        Hashes of the words.
    widths_left, widths_right : int64 array, shape (n,) and (m,)
        Letters of each word.
    weak_left : bool array, shape (n,)
        Words that are no shared passage alone, at a text's end either.

    Returns
    -------
    int64 array, shape (k, 5)
        Kind, first and end word in the left text, in the right text. Ordered by the left text, and by the
        right one except where tiles are `MOVED`; all words are covered, each once.
    """
    n = len(left)
    m = len(right)
    names, n_names = name_runs(np.concatenate((left, right)), n)
    partner = np.full(n, -1, np.int64)
    reached = equal_run(left, right, 0, 0, min(n, m), 1)
    for i in range(reached):
        partner[i] = i
    rest = equal_run(left, right, n - 1, m - 1, min(n, m) - reached, -1)
    for i in range(rest):
        partner[n - 1 - i] = m - 1 - i
    head = np.full(n_names, -1, np.int64)
    tally = np.zeros((n_names, 2), np.int32)
    for r in range(len(_ROUNDS)):
        level = _ROUNDS[r, 0]
        match_gaps(left, right, names[level], 1 << level, _ROUNDS[r, 1] == 1, partner, head, tally)
    sums_left = _sums(widths_left)
    sums_right = _sums(widths_right)
    _drop_chance(partner, m, sums_left, sums_right, weak_left)
    moved, source = _moved(left, right, names[_MOVED_LEVEL], partner, sums_left, head, tally)
    return _emit(partner, moved, source, m, sums_left, sums_right)


@_compiled
def _sums(widths):  # type: ignore[no-untyped-def]
    """Letters before each word, and of all."""
    out = np.zeros(len(widths) + 1, np.int64)
    for i in range(len(widths)):
        out[i + 1] = out[i] + widths[i]
    return out


@_compiled
def _drop_chance(partner, m, sums_left, sums_right, weak):  # type: ignore[no-untyped-def]
    """Forget equal runs that are short and no longer than the changes on both their sides.

    Dropping a run makes the change around it wider, which the run before it is asked about anew; a run is
    dropped once, so the loop is linear.
    """
    n = len(partner)
    begins = np.empty(n + 1, np.int64)  # of the runs still kept
    ends = np.empty(n + 1, np.int64)
    kept = 0
    i = 0
    while True:
        while i < n and partner[i] < 0:
            i += 1
        next_left = i
        next_right = partner[i] if i < n else m
        while kept > 0:
            begin = begins[kept - 1]
            end = ends[kept - 1]
            past_left = ends[kept - 2] if kept > 1 else 0
            past_right = partner[past_left - 1] + 1 if kept > 1 else 0
            before = max(
                sums_left[begin] - sums_left[past_left], sums_right[partner[begin]] - sums_right[past_right]
            )
            after = max(
                sums_left[next_left] - sums_left[end],
                sums_right[next_right] - sums_right[partner[end - 1] + 1],
            )
            width = sums_left[end] - sums_left[begin]
            lonely = end - begin == 1 and weak[begin] and max(before, after) > 0
            if width >= LASTING or (width > min(before, after) and not (lonely and min(before, after) == 0)):
                break
            for x in range(begin, end):
                partner[x] = -1
            kept -= 1
        if i == n:
            return
        begins[kept] = i
        i += 1
        while i < n and partner[i] == partner[i - 1] + 1:
            i += 1
        ends[kept] = i
        kept += 1


@_compiled
def _moved(left, right, names, partner, sums, head, tally):  # type: ignore[no-untyped-def]
    """Runs that stand elsewhere in the other text, longest first; none overlaps another.

    Returns the place on the right of each word on the left, and the other way round; -1: none.
    """
    n = len(left)
    m = len(right)
    length = 1 << _MOVED_LEVEL
    moved = np.full(n, -1, np.int64)
    source = np.full(m, -1, np.int64)
    taken_right = np.zeros(m, np.bool_)
    for x in range(n):
        if partner[x] >= 0:
            taken_right[partner[x]] = True
    at = np.empty(len(head), np.int64)
    free = 0
    for y in range(m):
        free = 0 if taken_right[y] else free + 1
        if free >= length:
            name = names[n + y - length + 1]
            tally[name, 1] += 1
            at[name] = y - length + 1
    free = 0
    for x in range(n):
        free = 0 if partner[x] >= 0 else free + 1
        if free >= length:
            tally[names[x - length + 1], 0] += 1
    blocks = np.empty((n + 1, 3), np.int64)
    count = 0
    free = 0
    for x in range(n):
        free = 0 if partner[x] >= 0 else free + 1
        if free < length:
            continue
        a = x - length + 1
        name = names[a]
        if tally[name, 0] != 1 or tally[name, 1] != 1:
            continue
        b = at[name]
        if count > 0:
            past = a - blocks[count - 1, 0]
            if past < blocks[count - 1, 2] and b - blocks[count - 1, 1] == past:
                continue
        begin = a
        other = b
        while (
            begin > 0
            and other > 0
            and partner[begin - 1] < 0
            and not taken_right[other - 1]
            and left[begin - 1] == right[other - 1]
        ):
            begin -= 1
            other -= 1
        end = a + length
        stop = b + length
        while (
            end < n and stop < m and partner[end] < 0 and not taken_right[stop] and left[end] == right[stop]
        ):
            end += 1
            stop += 1
        if sums[end] - sums[begin] >= LASTING:
            blocks[count, 0] = begin
            blocks[count, 1] = other
            blocks[count, 2] = end - begin
            count += 1
    for k in np.argsort(-blocks[:count, 2], kind="mergesort"):
        begin = blocks[k, 0]
        other = blocks[k, 1]
        size = blocks[k, 2]
        # A longer one may have taken either end.
        while size > 0 and (moved[begin] >= 0 or source[other] >= 0):
            begin += 1
            other += 1
            size -= 1
        while size > 0 and (moved[begin + size - 1] >= 0 or source[other + size - 1] >= 0):
            size -= 1
        whole = sums[begin + size] - sums[begin] >= LASTING
        for x in range(size):
            whole &= moved[begin + x] < 0 and source[other + x] < 0
        if whole:
            for x in range(size):
                moved[begin + x] = other + x
                source[other + x] = begin + x
    return moved, source


@_compiled
def _emit(partner, moved, source, m, sums_left, sums_right):  # type: ignore[no-untyped-def]
    """Write the tiles of the matches found."""
    n = len(partner)
    out = np.empty((n + m, 5), np.int64)
    count = 0
    i = 0
    j = 0
    while i < n or j < m:
        if i < n and partner[i] == j:
            start = i
            while i < n and partner[i] == j:
                i += 1
                j += 1
            count = _put(out, count, SAME, start, i, j - (i - start), j)
            continue
        i_end = i
        while i_end < n and partner[i_end] < 0:
            i_end += 1
        j_end = partner[i_end] if i_end < n else m
        plain_left = _pieces(moved, i, i_end)
        plain_right = _pieces(source, j, j_end)
        wide = max(sums_left[i_end] - sums_left[i], sums_right[j_end] - sums_right[j])
        together = plain_left == 1 and plain_right == 1 and wide <= WIDEST_CHANGE
        x = i
        y = j
        while x < i_end:
            start = x
            if moved[x] >= 0:
                while x < i_end and moved[x] == moved[start] + x - start:
                    x += 1
                count = _put(out, count, MOVED, start, x, moved[start], moved[start] + x - start)
                continue
            while x < i_end and moved[x] < 0:
                x += 1
            if together:
                while source[y] >= 0:
                    y += 1
                first = y
                while y < j_end and source[y] < 0:
                    y += 1
                count = _put(out, count, CHANGED, start, x, first, y)
            else:
                count = _put(out, count, CUT, start, x, y, y)
        y = j_end if together else j
        while y < j_end:
            start = y
            if source[y] >= 0:
                y += 1
                continue
            while y < j_end and source[y] < 0:
                y += 1
            count = _put(out, count, ADDED, i_end, i_end, start, y)
        i = i_end
        j = j_end
    return out[:count]


@_compiled
def _put(out, count, kind, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    out[count, 0] = kind
    out[count, 1] = a
    out[count, 2] = a_end
    out[count, 3] = b
    out[count, 4] = b_end
    return count + 1


@_compiled
def _pieces(elsewhere, begin, end):  # type: ignore[no-untyped-def]
    """Number of pieces of a range that did not move."""
    count = 0
    for x in range(begin, end):
        count += elsewhere[x] < 0 and (x == begin or elsewhere[x - 1] >= 0)
    return count
