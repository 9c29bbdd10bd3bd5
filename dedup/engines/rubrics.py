"""Rubrics: short texts one outlet prints day after day, such as the name of a column.

"NHL Glance" under ninety articles of one outlet is no story carried ninety
times. A headline or brief that a single outlet published on three or more
days is taken for a rubric and matches nothing. Learnt once an epoch; a story
that three outlets carry on three days is not one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN
from dedup.engines.corpus import Corpus, Nodes, outlet_numbers
from dedup.engines.holding import Holding
from dedup.sketch.minhash import BODY_MIN_WORDS

MIN_DAYS: Final = 3
_DAY: Final = 86_400


def find_rubrics(holding: Holding, corpus: Corpus, nodes: Nodes) -> NDArray[np.uint64]:
    """Find the rubrics of a corpus.

    Returns
    -------
    uint64 array, shape (r,)
        Their text hashes, ascending.
    """
    short = nodes.of >= 0
    short[short] = nodes.copies[nodes.of[short]] >= MIN_DAYS
    short &= (corpus.units < BODY_MIN_WORDS) & (corpus.published_s != UNKNOWN)
    at = np.flatnonzero(short)
    if not len(at):
        return np.empty(0, np.uint64)
    outlet = outlet_numbers(holding, corpus)[at]
    seen = np.stack([nodes.of[at], outlet, corpus.published_s[at] // _DAY], axis=1)
    days = np.unique(seen[seen[:, 1] >= 0], axis=0)
    carried, n_days = np.unique(days[:, :2], axis=0, return_counts=True)
    return np.unique(nodes.hashes[carried[n_days >= MIN_DAYS, 0]])
