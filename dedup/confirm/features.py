"""The features of a pair of texts, as integers in thousandths.

Each is a plain ratio a reader can check by hand; together they tell copies from
templates, furniture and independent reports. Everything is integer arithmetic
on sorted entries (`dedup.confirm.documents`), so every machine and engine gets the
same numbers. *shorter* is the text with fewer words, ties by smaller IDF sum.

========== =====================================================================================
containment IDF-weighted share of the shorter's bigrams found in the other text
outside     the same without furniture, taken of the text that has less left; 50 units of IDF
            (ten rare bigrams) are added below, so that a scrap of text proves little
runs        share of the runs of four words outside furniture found in both texts
evidence    100 ln(1 + x/160) of the IDF of the shared bigrams outside furniture, x in sixteenths; at most
            `MOST_EVIDENCE`
furniture   share of the shared runs that lie in furniture, in either text
numbers     numbers that only one text has, min of both sides; over the same plus those of both, plus 2
rare        share of the rarest fifth of the words that the other text lacks; min of both sides
interface   share of interface words among the words of the shared bigrams
names       IDF of the names that only one text has, min of both sides; over the same plus those of both, plus
            `NAMES_PRIOR`
figures     share of numbers among the words of the shorter: price tables, results and draws are little else
slots       numbers and names that stand between the same two words in both texts, but differ; over these
            plus those that agree, plus 2. The slots of a template differ, those of a copy do not
deficit     how far `outside` falls short of `HALF`, times the length of the shorter (`_LONG_FROM` words: 0,
            `_LONG_TO` and more: 1): two long reports share half their text only if they are one copy,
            where a short rewrite may share less
========== =====================================================================================

Headlines and briefs are compared otherwise, see `dedup.confirm.briefs`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.documents import Documents

FEATURES: Final = (
    "containment",
    "outside",
    "runs",
    "evidence",
    "furniture",
    "numbers",
    "rare",
    "interface",
    "names",
    "figures",
    "deficit",
    "slots",
)
SIGNS: Final = {
    "containment": 1, "outside": 1, "runs": 1, "evidence": 1,
    "furniture": -1, "numbers": -1, "rare": -1, "interface": -1,
    "names": -1, "figures": -1, "deficit": -1, "slots": -1,
}  # fmt: skip
"""Whether more of a feature may only speak for (1) or against (-1) a match."""

MIN_CONTAINMENT: Final = 100
"""Pairs that share less than a tenth are not measured further: `containment` stays, the rest is 0."""

MOST_EVIDENCE: Final = 350
"""About thirty rare bigrams, a paragraph. Beyond that more says nothing more, or any two pages of 7,000
words that share a tenth would be copies; capped from 300 to 400 or not at all, the labelled pairs come out
alike."""

NAMES_PRIOR: Final = 160
"""IDF, in sixteenths, of about one rare name: a single one that differs is no conflict yet."""

HALF: Final = 550
"""Half, and a little for the phrases any two reports of one event share; in thousandths."""

_LONG_FROM: Final = 250
_LONG_TO: Final = 1850
_OUTSIDE_PRIOR: Final = 800
_PAIRS_PER_TASK: Final = 4096
_NO_BOUND: Final = np.iinfo(np.int64).min
compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def pair_features(
    documents: Documents,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    *,
    weights: NDArray[np.int64] | None = None,
    least: int = _NO_BOUND,
    threads: int = 1,
) -> NDArray[np.int32]:
    """Measure pairs of running texts.

    Parameters
    ----------
    documents : Documents
        n texts.
    left, right : int64 array, shape (p,)
        Places of the two texts of each pair; the order within a pair does not matter. Sorted by `left` they
        are measured faster.
    weights : int64 array, shape (len(FEATURES),), optional
    least : int
        With both: once the weighted sum of a pair cannot reach `least` any more, its other features stay 0,
        and so may those of weight 0.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    int32 array, shape (p, len(FEATURES))
        In thousandths, columns as in `FEATURES`.
    """
    wanted = np.ones(len(FEATURES), np.bool_) if weights is None else weights != 0
    weights = np.zeros(len(FEATURES), np.int64) if weights is None else weights
    d = documents
    arrays = (
        d.n_units, d.n_numbers, d.bigrams, d.bigram_idf, d.bigram_flags, d.bigram_offsets,
        d.runs, d.run_flags, d.run_offsets,
        d.words, d.word_idf, d.word_flags, d.word_offsets, d.rare, d.rare_offsets,
        d.slots, d.fillings, d.slot_offsets,
    )  # fmt: skip
    return measure_pairs(
        _pairs, arrays, left, right, len(FEATURES), threads, weights, wanted, np.int64(least)
    )


def own_features(documents: Documents, places: NDArray[np.int64], *, threads: int = 1) -> NDArray[np.int32]:
    """Features of texts paired with an equal one, as if there were no furniture.

    Parameters
    ----------
    documents : Documents
    places : int64 array, shape (p,)

    Returns
    -------
    int32 array, shape (p, len(FEATURES))
    """
    of_bigrams = sums_of(documents.bigram_idf, documents.bigram_offsets, places)
    n_runs = np.diff(documents.run_offsets)[places]
    out = np.zeros((len(places), len(FEATURES)), np.int32)
    out[:, FEATURES.index("containment")] = 1000
    out[:, FEATURES.index("outside")] = 1000 * of_bigrams // (of_bigrams + _OUTSIDE_PRIOR)
    out[:, FEATURES.index("runs")] = 1000 * n_runs // (n_runs + 8)
    out[:, FEATURES.index("evidence")] = log_evidence(of_bigrams)
    # Out of reach from the first: what takes long to measure is not asked for here.
    measured = pair_features(
        documents, places, places, weights=np.zeros(len(FEATURES), np.int64), least=1, threads=threads
    )
    for name in ("interface", "figures"):
        out[:, FEATURES.index(name)] = measured[:, FEATURES.index(name)]
    return out


def sums_of(
    values: NDArray[np.uint8], offsets: NDArray[np.int64], places: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sum the values of some lists of a CSR array; shape (p,)."""
    out = np.empty(len(places), np.int64)
    _sum_lists(values, offsets, places, out)
    return out


def log_evidence(idf: NDArray[np.int64]) -> NDArray[np.int32]:
    """Evidence of what two texts share: ``100 ln(1 + idf / 160)``, at most `MOST_EVIDENCE`; same shape."""
    return np.minimum(np.rint(100.0 * np.log1p(idf / 160.0)), MOST_EVIDENCE).astype(np.int32)


def measure_pairs(
    kernel: Any,
    arrays: Any,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    width: int,
    threads: int,
    *options: Any,
) -> NDArray[np.int32]:
    """Run a compiled kernel over pairs, a few thousand a task; shape (p, width)."""
    left, right = np.ascontiguousarray(left, np.int64), np.ascontiguousarray(right, np.int64)
    out = np.zeros((len(left), width), np.int32)
    cuts = [*range(0, len(left), _PAIRS_PER_TASK), len(left)]

    def run(task: tuple[int, int]) -> None:
        low, high = task
        kernel(arrays, left[low:high], right[low:high], *options, out[low:high])

    if threads <= 1 or len(cuts) <= 2:
        for task in pairwise(cuts):
            run(task)
        return out
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, pairwise(cuts)))
    return out


@compiled
def _sum_lists(values, offsets, places, out):  # type: ignore[no-untyped-def]
    for i in range(len(places)):
        total = np.int64(0)
        for j in range(offsets[places[i]], offsets[places[i] + 1]):
            total += values[j]
        out[i] = total


@compiled
def log_evidence_of(x):  # type: ignore[no-untyped-def]
    """`log_evidence` of one sum; for compiled code."""
    return np.int32(min(np.rint(100.0 * np.log1p(x / 160.0)), MOST_EVIDENCE))


@compiled
def _length(n_units):  # type: ignore[no-untyped-def]
    """0 to 1000 as a text grows from `_LONG_FROM` to `_LONG_TO` words, by the logarithm."""
    if n_units <= _LONG_FROM:
        return 0
    return min(np.int64(np.rint(1000.0 * np.log(n_units / _LONG_FROM) / np.log(_LONG_TO / _LONG_FROM))), 1000)


@compiled
def _missing(rare, begin, end, most, shared):  # type: ignore[no-untyped-def]
    """Share, in thousandths, of the `most` rarest words that the other text lacks."""
    n = min(end - begin, most)
    if n == 0:
        return 0
    lacking = 0
    for i in range(begin, begin + n):
        lacking += not shared[rare[i]]
    return 1000 * lacking // n


@compiled
def _compare_slots(slots, fillings, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    """How many slots of two sorted ranges agree in a filling, and how many in none."""
    agree = 0
    differ = 0
    while a < a_end and b < b_end:
        if slots[a] < slots[b]:
            a += 1
            continue
        if slots[b] < slots[a]:
            b += 1
            continue
        slot = slots[a]
        shared = False
        while a < a_end and b < b_end and slots[a] == slot and slots[b] == slot:
            shared |= fillings[a] == fillings[b]
            if fillings[a] <= fillings[b]:
                a += 1
            else:
                b += 1
        agree += shared
        differ += not shared
        while a < a_end and slots[a] == slot:
            a += 1
        while b < b_end and slots[b] == slot:
            b += 1
    return agree, differ


@compiled
def conflicts(words, idf, flags, a, a_end, b, b_end, shared_a, shared_b):  # type: ignore[no-untyped-def]
    """Conflict of the numbers and of the names of two sorted word ranges, in thousandths (compiled).

    Which words the two share is marked by place in `shared_a` and `shared_b`, unless these are empty.
    """
    first_a = a
    first_b = b
    mark = len(shared_a) > 0
    numbers_a = 0
    numbers_b = 0
    numbers = 0
    names_a: Any = 0
    names_b: Any = 0
    names: Any = 0
    while a < a_end or b < b_end:
        if b == b_end or (a < a_end and words[a] < words[b]):
            if mark:
                shared_a[a - first_a] = False
            numbers_a += flags[a] & 1
            names_a += np.int64(idf[a]) * (flags[a] >> 1 & 1)
            a += 1
        elif a == a_end or words[b] < words[a]:
            if mark:
                shared_b[b - first_b] = False
            numbers_b += flags[b] & 1
            names_b += np.int64(idf[b]) * (flags[b] >> 1 & 1)
            b += 1
        else:
            if mark:
                shared_a[a - first_a] = True
                shared_b[b - first_b] = True
            numbers += flags[a] & 1
            names += np.int64(idf[a]) * (flags[a] >> 1 & 1)
            a += 1
            b += 1
    own_numbers = min(numbers_a, numbers_b)
    own_names = min(names_a, names_b)
    return (
        1000 * own_numbers // (own_numbers + numbers + 2),
        1000 * own_names // (own_names + names + NAMES_PRIOR),
    )


@compiled
def _fill_table(keys, begin, end, slots, places):  # type: ignore[no-untyped-def]
    """Put sorted keys into an open hash table (the keys are hashes); returns the mask of its size."""
    size = 64
    while size < 2 * (end - begin):
        size *= 2
    mask = np.int64(size - 1)
    for i in range(size):
        places[i] = -1
    for i in range(begin, end):
        slot = np.int64(keys[i]) & mask
        while places[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = keys[i]
        places[slot] = i
    return mask


@compiled
def _pairs(arrays, left, right, weights, wanted, least, out):  # type: ignore[no-untyped-def]
    (
        n_units, n_numbers, bigrams, idf, flags, offsets, runs, run_flags, run_offsets,
        words, word_idf, word_flags, word_offsets, rare, rare_offsets,
        slots, fillings, slot_offsets,
    ) = arrays  # fmt: skip
    longest = 0
    for p in range(len(left)):
        longest = max(longest, offsets[left[p] + 1] - offsets[left[p]])
    table = np.empty(max(64, 4 * longest), np.uint32)
    places = np.empty(len(table), np.int64)
    longest = 1
    for p in range(len(left)):
        for text in (left[p], right[p]):
            longest = max(longest, word_offsets[text + 1] - word_offsets[text])
    shared_a = np.empty(longest, np.bool_)  # which words of each text the other shares
    shared_b = np.empty(longest, np.bool_)
    tabled = -1
    mask = np.int64(0)
    for p in range(len(left)):
        x = left[p]
        y = right[p]
        a, a_end = offsets[x], offsets[x + 1]
        b, b_end = offsets[y], offsets[y + 1]
        # Pairs come sorted by their left text, so its table serves several of them.
        if tabled != x:
            mask = _fill_table(bigrams, a, a_end, table, places)
            tabled = x
        sum_a: Any = 0
        sum_b: Any = 0
        open_a: Any = 0  # IDF outside furniture
        open_b: Any = 0
        for i in range(a, a_end):
            sum_a += np.int64(idf[i])
            open_a += np.int64(idf[i]) * (flags[i] & 1)
        for i in range(b, b_end):
            sum_b += np.int64(idf[i])
            open_b += np.int64(idf[i]) * (flags[i] & 1)
        shared: Any = 0
        open_shared_a: Any = 0  # and found in the other text
        open_shared_b: Any = 0
        n_shared = 0
        n_interface = 0
        for i in range(b, b_end):
            key = bigrams[i]
            slot = np.int64(key) & mask
            place = places[slot]
            while place >= 0 and table[slot] != key:
                slot = (slot + 1) & mask
                place = places[slot]
            if place >= 0:
                w: Any = np.int64(idf[i])
                shared += w
                open_shared_a += w * (flags[place] & 1)
                open_shared_b += w * (flags[i] & 1)
                n_shared += 1
                n_interface += flags[place] >> 1
        if n_units[x] > n_units[y] or (n_units[x] == n_units[y] and sum_a > sum_b):
            x, y = y, x
            sum_a, sum_b = sum_b, sum_a
            open_a, open_b = open_b, open_a
            open_shared_a, open_shared_b = open_shared_b, open_shared_a
        out[p, 0] = 1000 * shared // max(sum_a, 1)
        if out[p, 0] < MIN_CONTAINMENT:
            continue
        if open_a < open_b or (open_a == open_b and open_shared_a < open_shared_b):
            out[p, 1] = 1000 * open_shared_a // (open_a + _OUTSIDE_PRIOR)
        else:
            out[p, 1] = 1000 * open_shared_b // (open_b + _OUTSIDE_PRIOR)
        out[p, 3] = log_evidence_of(min(open_shared_a, open_shared_b))
        out[p, 10] = max(HALF - out[p, 1], 0) * _length(n_units[x]) // 1000
        out[p, 7] = 1000 * n_interface // (2 * n_shared + 20)
        out[p, 9] = 1000 * n_numbers[x] // max(n_units[x], 1)
        best = np.int64(0)
        for k in range(len(weights)):
            known = k <= 1 or k == 3 or k == 7 or k == 9 or k == 10
            best += weights[k] * out[p, k] if known else max(weights[k], 0) * 1000
        if best < least:
            continue  # whatever else is found, it is no match

        if wanted[2] or wanted[4]:
            out[p, 2], out[p, 4] = _compare_runs(
                runs, run_flags, run_offsets[x], run_offsets[x + 1], run_offsets[y], run_offsets[y + 1]
            )
        a, a_end = word_offsets[x], word_offsets[x + 1]
        b, b_end = word_offsets[y], word_offsets[y + 1]
        out[p, 5], out[p, 8] = conflicts(words, word_idf, word_flags, a, a_end, b, b_end, shared_a, shared_b)
        most = max(5, (a_end - a) // 5)
        lacks = _missing(rare, rare_offsets[x], rare_offsets[x + 1], most, shared_a)
        lacked = _missing(rare, rare_offsets[y], rare_offsets[y + 1], most, shared_b)
        out[p, 6] = min(lacks, lacked)
        agree, differ = _compare_slots(
            slots, fillings, slot_offsets[x], slot_offsets[x + 1], slot_offsets[y], slot_offsets[y + 1]
        )
        out[p, 11] = 1000 * differ // (differ + agree + 2)


@compiled
def _compare_runs(runs, flags, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    """Features ``runs`` and ``furniture`` of two sorted ranges of runs."""
    n_open_a = 0
    n_open_b = 0
    for i in range(a, a_end):
        n_open_a += flags[i] & 1
    for i in range(b, b_end):
        n_open_b += flags[i] & 1
    n_shared = 0
    n_open = 0
    while a < a_end and b < b_end:
        if runs[a] < runs[b]:
            a += 1
        elif runs[b] < runs[a]:
            b += 1
        else:
            n_shared += 1
            n_open += flags[a] & flags[b] & 1
            a += 1
            b += 1
    return 1000 * n_open // (min(n_open_a, n_open_b) + 8), 1000 * (n_shared - n_open + 1) // (n_shared + 4)
