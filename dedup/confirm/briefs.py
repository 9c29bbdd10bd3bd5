"""The features of two headlines or briefs, as integers in thousandths.

A headline has ten words, and an editor changes half of them. So words are
compared by their stems ("recalls" and "recalled"), each weighted by IDF, and
what the two do not share weighs as much as what they do. Words that stand in a
headline only as part of a frame (`dedup.text.frames`) do not count, but for
``numbers``. Of a longer text the first `dedup.confirm.documents.OPENING_WORDS` words are read.

========== =====================================================================================
words       IDF-weighted share of the shorter's words found in the other
overlap     IDF-weighted Jaccard similarity of the words
evidence    100 ln(1 + x/160) of the IDF of the shared words, x in sixteenths
numbers     numbers that only one text has, min of both sides; over the same plus those of both, plus 2
names       IDF of the names that only one text has, min of both sides; over the same plus the IDF of all
            words shared
order       longest common subsequence of the words, over the words of the shorter plus one
========== =====================================================================================
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.documents import Documents
from dedup.confirm.features import compiled, conflicts, log_evidence, log_evidence_of, measure_pairs, sums_of

BRIEF_FEATURES: Final = ("words", "overlap", "evidence", "numbers", "names", "order")
BRIEF_SIGNS: Final = {"words": 1, "overlap": 1, "evidence": 1, "numbers": -1, "names": -1, "order": 1}
"""Whether more of a feature may only speak for (1) or against (-1) a match."""


def brief_features(
    documents: Documents, left: NDArray[np.int64], right: NDArray[np.int64], *, threads: int = 1
) -> NDArray[np.int32]:
    """Measure pairs of headlines or briefs.

    Parameters
    ----------
    documents : Documents
        n texts.
    left, right : int64 array, shape (p,)
        Places of the two texts of each pair; the order within a pair does not matter.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    int32 array, shape (p, len(BRIEF_FEATURES))
        In thousandths, columns as in `BRIEF_FEATURES`.
    """
    d = documents
    arrays = (d.stems, d.stem_idf, d.stem_flags, d.stem_offsets, d.openings, d.opening_offsets)
    return measure_pairs(_briefs, arrays, left, right, len(BRIEF_FEATURES), threads)


def own_brief_features(documents: Documents, places: NDArray[np.int64]) -> NDArray[np.int32]:
    """Features of texts paired with an equal one, as if there were no frames; shape (p, k)."""
    of_stems = sums_of(documents.stem_idf, documents.stem_offsets, places)
    n_words = np.diff(documents.opening_offsets)[places]
    out = np.zeros((len(places), len(BRIEF_FEATURES)), np.int32)
    out[:, [BRIEF_FEATURES.index(name) for name in ("words", "overlap")]] = 1000
    out[:, BRIEF_FEATURES.index("evidence")] = log_evidence(of_stems)
    out[:, BRIEF_FEATURES.index("order")] = 1000 * n_words // (n_words + 1)
    return out


def likeness(
    documents: Documents, left: NDArray[np.int64], right: NDArray[np.int64], *, threads: int = 1
) -> NDArray[np.int64]:
    """IDF-weighted share of the shorter text's words, all of them, found in the other, in thousandths.

    Parameters
    ----------
    documents, left, right, threads
        As of `brief_features`.

    Returns
    -------
    int64 array, shape (p,)
    """
    d = documents
    arrays = (d.words, d.word_idf, d.word_flags, d.word_offsets)
    return measure_pairs(_likeness, arrays, left, right, 1, threads)[:, 0].astype(np.int64)


@compiled
def _shares(keys, idf, flags, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    """IDF outside frames: shared, only in the first, only in the second, and of these two the names."""
    shared = 0
    only_a = 0
    only_b = 0
    names_a = 0
    names_b = 0
    while a < a_end or b < b_end:
        if b == b_end or (a < a_end and keys[a] < keys[b]):
            w: Any = np.int64(idf[a]) * (flags[a] >> 2)
            only_a += w
            names_a += w * (flags[a] >> 1 & 1)
            a += 1
        elif a == a_end or keys[b] < keys[a]:
            w = np.int64(idf[b]) * (flags[b] >> 2)
            only_b += w
            names_b += w * (flags[b] >> 1 & 1)
            b += 1
        else:
            # Two words of one stem may differ in rarity: the commoner is what they surely share.
            shared += np.int64(min(idf[a], idf[b])) * ((flags[a] & flags[b]) >> 2)
            a += 1
            b += 1
    return shared, only_a, only_b, names_a, names_b


@compiled
def _common_subsequence(x, y):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of two word lists (Wagner & Fischer 1974)."""
    row = np.zeros(len(y) + 1, np.int64)
    for i in range(len(x)):
        diagonal = 0
        for j in range(len(y)):
            above = row[j + 1]
            row[j + 1] = diagonal + 1 if x[i] == y[j] else max(above, row[j])
            diagonal = above
    return row[len(y)]


@compiled
def _briefs(arrays, left, right, out):  # type: ignore[no-untyped-def]
    stems, idf, flags, offsets, openings, opening_offsets = arrays
    nothing = np.empty(0, np.bool_)
    for p in range(len(left)):
        x = left[p]
        y = right[p]
        a, a_end = offsets[x], offsets[x + 1]
        b, b_end = offsets[y], offsets[y + 1]
        shared, only_a, only_b, names_a, names_b = _shares(stems, idf, flags, a, a_end, b, b_end)
        out[p, 0] = 1000 * shared // max(min(only_a, only_b) + shared, 1)
        out[p, 1] = 1000 * shared // max(only_a + only_b + shared, 1)
        out[p, 2] = log_evidence_of(shared)
        out[p, 3], _ = conflicts(stems, idf, flags, a, a_end, b, b_end, nothing, nothing)
        out[p, 4] = 1000 * min(names_a, names_b) // max(min(names_a, names_b) + shared, 1)
        c = openings[opening_offsets[x] : opening_offsets[x + 1]]
        d = openings[opening_offsets[y] : opening_offsets[y + 1]]
        out[p, 5] = 1000 * _common_subsequence(c, d) // (min(len(c), len(d)) + 1)


@compiled
def _likeness(arrays, left, right, out):  # type: ignore[no-untyped-def]
    words, idf, flags, offsets = arrays
    for p in range(len(left)):
        x = left[p]
        y = right[p]
        shared, only_a, only_b, _, _ = _shares(
            words, idf, flags, offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
        )
        out[p, 0] = 1000 * shared // max(min(only_a, only_b) + shared, 1)
