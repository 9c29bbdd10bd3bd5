"""What was decided of pairs, remembered: the stages after ask again, and so does the next run."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

UNRELATED: Final = -1
"""Relation of a pair that is no match."""

UNDECIDED: Final = np.iinfo(np.int64).min
"""Stands for the sum of a pair that nobody has decided."""


class Verdicts(NamedTuple):
    """What is decided of p pairs.

    Parameters
    ----------
    sums : int64 array, shape (p,)
        Scores (`dedup.confirm.model`).
    relations : int8 array, shape (p,)
        Indices into `dedup.cluster.relation.RELATIONS`; the same for (a, b) and (b, a). `UNRELATED` where
        nobody asked, for the pair is no match.
    """

    sums: Ints
    relations: NDArray[np.int8]


class Memory:
    """The verdicts on pairs of n nodes; the order within a pair does not matter.

    Parameters
    ----------
    n_nodes : int
    """

    def __init__(self, n_nodes: int) -> None:
        self._n = max(n_nodes, 1)
        self.forget()

    def forget(self) -> None:
        """Forget every verdict."""
        self._codes: Ints = np.empty(0, np.int64)  # of the pairs, ascending
        self._known = Verdicts(np.empty(0, np.int64), np.empty(0, np.int8))

    def remember(self, left: Ints, right: Ints, verdicts: Verdicts) -> None:
        """Take in what was decided of p pairs; of a pair known before the earlier verdict stays."""
        codes = np.concatenate([self._codes, self._codes_of(left, right)])
        sums = np.concatenate([self._known.sums, verdicts.sums])
        kinds = np.concatenate([self._known.relations, verdicts.relations])
        self._codes, first = np.unique(codes, return_index=True)
        self._known = Verdicts(sums[first], kinds[first])

    def recall(self, left: Ints, right: Ints) -> Verdicts:
        """Return what is known of p pairs; `UNDECIDED` as the sum of those of which nothing is."""
        codes = self._codes_of(left, right)
        sums, kinds = np.full(len(codes), UNDECIDED), np.full(len(codes), UNRELATED, np.int8)
        if len(self._codes):
            place = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            hit = self._codes[place] == codes
            sums[hit], kinds[hit] = self._known.sums[place[hit]], self._known.relations[place[hit]]
        return Verdicts(sums, kinds)

    def everything(self) -> tuple[Ints, Ints, Verdicts]:
        """Return every pair whose verdict is known, sorted, left < right."""
        return self._codes // self._n, self._codes % self._n, self._known

    def _codes_of(self, left: Ints, right: Ints) -> Ints:
        return np.minimum(left, right) * self._n + np.maximum(left, right)
