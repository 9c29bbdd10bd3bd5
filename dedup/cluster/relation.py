"""What a member is to the canonical article: verbatim, cut, version or rewrite.

Told by two shares over runs of four words: c, how much of the shorter text
stands in the longer, and r, the shorter length over the longer.

======== ==================================================
verbatim c >= 0.85 and r >= 0.85
cut      c >= 0.70 (either text may be the shorter)
version  c >= 0.30
rewrite  what is left: one story in other words
======== ==================================================

Headlines and briefs, too short for runs, are verbatim when their words are the same, else rewrites.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    for i, (a, b) in enumerate(zip(canonical.tolist(), members.tolist(), strict=True)):
        if a != b:
            out[i] = _relation(documents, a, b)
    return out


def _relation(d: Documents, a: int, b: int) -> int:
    x = d.runs[d.run_offsets[a] : d.run_offsets[a + 1]]
    y = d.runs[d.run_offsets[b] : d.run_offsets[b + 1]]
    fewer, more = sorted((len(x), len(y)))
    if fewer < BRIEF_RUNS:
        same = np.array_equal(
            d.words[d.word_offsets[a] : d.word_offsets[a + 1]],
            d.words[d.word_offsets[b] : d.word_offsets[b + 1]],
        )
        return VERBATIM if same else REWRITE
    share = len(np.intersect1d(x, y, assume_unique=True)) / fewer
    if share >= 0.85 and fewer >= 0.85 * more:
        return VERBATIM
    if share >= 0.70:
        return CUT
    return VERSION if share >= 0.30 else REWRITE
