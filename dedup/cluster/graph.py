"""The graph that clustering works on: distinct texts and the confirmed edges between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ScorePairs = Callable[[Ints, Ints], Ints]
"""Integer score sums of pairs of nodes, shape (p,), computed whether or not LSH proposed the pair."""


@dataclass(frozen=True, slots=True)
class Graph:
    """n distinct texts (nodes) and the m edges whose score reached the threshold.

    Parameters
    ----------
    keys : int64 array, shape (n,)
        Smallest article key of the articles with this text; distinct, breaks every tie.
    copies : int64 array, shape (n,)
        Number of articles with this text, 1 or more.
    units : int64 array, shape (n,)
        Length in words.
    left, right : int64 array, shape (m,)
        Ends of each edge, left < right, each pair once.
    sums : int64 array, shape (m,)
        Integer score of each edge, at least `least`.
    least : int
        The threshold as a sum.
    """

    keys: Ints
    copies: Ints
    units: Ints
    left: Ints
    right: Ints
    sums: Ints
    least: int

    def __len__(self) -> int:
        return len(self.keys)

    def edges_among(self, kept: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        """Edges with both ends in `kept`."""
        inside = kept[self.left] & kept[self.right]
        return self.left[inside], self.right[inside], self.sums[inside]
