"""What a member is to the canonical article: verbatim, cut, version or rewrite.

Told by two shares over runs of four words outside furniture: c, how much of the
shorter text stands in the longer, and r, the shorter length over the longer.

======== ==================================================
verbatim c >= 0.85 and r >= 0.85
cut      c >= 0.70 (either text may be the shorter)
version  c >= 0.30
rewrite  what is left: one story in other words
======== ==================================================

Headlines and briefs, too short for runs, go by words: all the same is verbatim; with c >= 0.88 a
headline a tenth shorter is a cut (one that ends in "...", say), another a version; else a rewrite.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.graph import compiled
from dedup.confirm.documents import Documents

RELATIONS: Final = ("verbatim", "cut", "version", "rewrite")
VERBATIM, CUT, VERSION, REWRITE = range(4)

BRIEF_RUNS: Final = 12
"""Texts with fewer runs are too short to tell a cut from a version."""


def relations(
    documents: Documents, canonical: NDArray[np.int64], members: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Tell the relation of each member.

    Parameters
    ----------
    documents : Documents
    canonical, members : int64 array, shape (p,)
        Places in `documents`; equal places are verbatim.

    Returns
    -------
    int8 array, shape (p,)
        Indices into `RELATIONS`.
    """
    out = np.full(len(members), VERBATIM, np.int8)
    d = documents
    _scan_relations(canonical, members, d.runs, d.run_flags, d.run_offsets, d.words, d.word_offsets, out)
    return out


@compiled
def _scan_relations(  # type: ignore[no-untyped-def]
    canonical, members, runs, run_flags, run_offsets, words, word_offsets, out
):
    for i in range(len(members)):
        a = canonical[i]
        b = members[i]
        if a == b:
            continue
        n_x, closed_x = _n_runs(run_flags, run_offsets[a], run_offsets[a + 1])
        n_y, closed_y = _n_runs(run_flags, run_offsets[b], run_offsets[b + 1])
        fewer = min(n_x, n_y)
        if fewer < BRIEF_RUNS:
            out[i] = _brief_relation(words, word_offsets, a, b)
            continue
        x = run_offsets[a]
        y = run_offsets[b]
        shared = 0
        while x < run_offsets[a + 1] and y < run_offsets[b + 1]:
            # Without branches: which of two runs is the smaller is anyone's guess.
            p = runs[x]
            q = runs[y]
            in_x = run_flags[x] | closed_x
            in_y = run_flags[y] | closed_y
            shared += (p == q) & in_x & in_y & 1
            x += p <= q
            y += q <= p
        share = shared / fewer
        if share >= 0.85 and fewer >= 0.85 * max(n_x, n_y):
            out[i] = VERBATIM
        elif share >= 0.70:
            out[i] = CUT
        else:
            out[i] = VERSION if share >= 0.30 else REWRITE


@compiled
def _n_runs(flags, begin, end):  # type: ignore[no-untyped-def]
    """How many runs count, and 1 if those in furniture do: all of them, if it leaves too few, else 0."""
    n_open = 0
    for i in range(begin, end):
        n_open += flags[i] & 1
    if n_open >= BRIEF_RUNS:
        return n_open, np.uint8(0)
    return end - begin, np.uint8(1)


@compiled
def _brief_relation(words, offsets, a, b):  # type: ignore[no-untyped-def]
    x = offsets[a]
    y = offsets[b]
    shared = 0
    while x < offsets[a + 1] and y < offsets[b + 1]:
        p = words[x]
        q = words[y]
        shared += p == q
        x += p <= q
        y += q <= p
    fewer = min(offsets[a + 1] - offsets[a], offsets[b + 1] - offsets[b])
    more = max(offsets[a + 1] - offsets[a], offsets[b + 1] - offsets[b])
    share = shared / max(fewer, 1)
    if share == 1 and fewer == more:
        return VERBATIM
    if share < 0.88:
        return REWRITE
    return CUT if fewer < 0.9 * more else VERSION
