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
    x, y = _open_runs(d, a), _open_runs(d, b)
    fewer, more = sorted((len(x), len(y)))
    if fewer < BRIEF_RUNS:
        return _brief_relation(d, a, b)
    share = len(np.intersect1d(x, y, assume_unique=True)) / fewer
    if share >= 0.85 and fewer >= 0.85 * more:
        return VERBATIM
    if share >= 0.70:
        return CUT
    return VERSION if share >= 0.30 else REWRITE


def _open_runs(d: Documents, a: int) -> NDArray[np.uint32]:
    """Runs outside furniture; all of them, if furniture leaves too few."""
    span = slice(d.run_offsets[a], d.run_offsets[a + 1])
    is_open = d.run_flags[span] & 1 == 1
    return d.runs[span][is_open] if is_open.sum() >= BRIEF_RUNS else d.runs[span]


def _brief_relation(d: Documents, a: int, b: int) -> int:
    x = d.words[d.word_offsets[a] : d.word_offsets[a + 1]]
    y = d.words[d.word_offsets[b] : d.word_offsets[b + 1]]
    fewer, more = sorted((len(x), len(y)))
    share = len(np.intersect1d(x, y, assume_unique=True)) / max(fewer, 1)
    if share == 1 and fewer == more:
        return VERBATIM
    if share < 0.88:
        return REWRITE
    return CUT if fewer < 0.9 * more else VERSION
