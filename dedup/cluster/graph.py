"""The graph that clustering works on: distinct texts and the confirmed edges between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
"""Decorator of the loops over edges: there are millions of them."""

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


def components(n: int, left: Ints, right: Ints) -> Ints:
    """Return the smallest node of the connected component of each of n nodes; shape (n,)."""
    label = np.arange(n, dtype=np.int64)
    _scan_components(left, right, label)
    return label


def adjacency(n: int, left: Ints, right: Ints) -> tuple[Ints, NDArray[np.int32], Ints]:
    """List the edges of each node, both ways.

    Returns
    -------
    offsets : int64 array, shape (n + 1,)
        Node i has the entries ``offsets[i]:offsets[i + 1]``.
    others : int32 array, shape (2 m,)
        The node at the other end.
    edges : int64 array, shape (2 m,)
        The edge.
    """
    degree = np.bincount(left, minlength=n) + np.bincount(right, minlength=n)
    offsets = np.concatenate(([0], np.cumsum(degree, dtype=np.int64)))
    others, edges = np.empty(2 * len(left), np.int32), np.empty(2 * len(left), np.int64)
    _scan_adjacency(left, right, offsets[:-1].copy(), others, edges)
    return offsets, others, edges


@compiled
def _root(label, node):  # type: ignore[no-untyped-def]
    while label[node] != node:
        label[node] = label[label[node]]
        node = label[node]
    return node


@compiled
def _scan_components(left, right, label):  # type: ignore[no-untyped-def]
    for edge in range(len(left)):
        a = _root(label, left[edge])
        b = _root(label, right[edge])
        if a < b:
            label[b] = a
        else:
            label[a] = b
    for node in range(len(label)):
        label[node] = _root(label, node)


@compiled
def _scan_adjacency(left, right, free, others, edges):  # type: ignore[no-untyped-def]
    for edge in range(len(left)):
        a = left[edge]
        b = right[edge]
        others[free[a]] = b
        edges[free[a]] = edge
        free[a] += 1
        others[free[b]] = a
        edges[free[b]] = edge
        free[b] += 1
