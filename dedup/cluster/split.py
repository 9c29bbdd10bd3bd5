"""Clusters from edges, without chains.

Connected components alone weld strangers: A is like B, B is like C, and at
scale one false cluster swallows a corpus. So a component is only a proposal.
Its *core* is the member with the greatest sum of edge scores (each edge counted
once for every article at its other end; ties: smaller key), and a member stays if
its own score against the core reaches the threshold, computed even where LSH
did not propose the pair. The rest are clustered again alone, until none is
left. Which core came first is no reason to stay with it: at the end each member
moves to the core it has its best edge to. Clusters that were one component stay
linked where an edge joins them.

Every step is a pure function of the graph; the order of nodes does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dedup.cluster.graph import Graph, Ints, ScorePairs


@dataclass(frozen=True, slots=True)
class Split:
    """Which cluster each node is in.

    Parameters
    ----------
    cores : int64 array, shape (n,)
        Node that is the core of the node's cluster; its own number for a core and for a node alone.
    sums : int64 array, shape (n,)
        Score of each node against its core; for a core (and a node alone) 0, which means nothing.
    links : tuple of int64 arrays, shape (k,) each
        Cores of two clusters that an edge joins, smaller node first, each pair once.
    rounds : int
        How often the rest was clustered again.
    """

    cores: Ints
    sums: Ints
    links: tuple[Ints, Ints]
    rounds: int


def split_components(graph: Graph, score: ScorePairs) -> Split:
    """Cluster a graph by the core rule.

    Parameters
    ----------
    graph : Graph
    score : callable
        See `dedup.cluster.graph.ScorePairs`.

    Returns
    -------
    Split
    """
    n = len(graph)
    cores = np.arange(n, dtype=np.int64)
    sums = np.zeros(n, np.int64)
    open_nodes = np.ones(n, np.bool_)
    known = _Known(graph)
    rounds = 0
    while True:
        left, right, weight = graph.edges_among(open_nodes)
        if not len(left):
            break
        rounds += 1
        component = _components(n, left, right)
        touched = np.zeros(n, np.bool_)
        touched[left] = touched[right] = True
        nodes = np.flatnonzero(touched)
        core_of = _cores(graph, nodes, component, left, right, weight)
        members = nodes[nodes != core_of[component[nodes]]]
        against = core_of[component[members]]
        found = known.sums(members, against, score)
        stays = found >= graph.least
        cores[members[stays]] = against[stays]
        sums[members[stays]] = found[stays]
        open_nodes[members[stays]] = False
        open_nodes[against] = False
        open_nodes[~touched] = False
    _join_nearest(graph, cores, sums)
    a, b = cores[graph.left], cores[graph.right]
    joined = a != b
    pairs = np.unique(np.stack([np.minimum(a, b)[joined], np.maximum(a, b)[joined]]), axis=1)
    return Split(cores, sums, (pairs[0], pairs[1]), rounds)


def _join_nearest(graph: Graph, cores: Ints, sums: Ints) -> None:
    """Move each member to the core it has the best edge to, in place; no core moves."""
    is_core = np.zeros(len(graph), np.bool_)
    is_core[cores[cores != np.arange(len(graph))]] = True
    a, b = np.concatenate([graph.left, graph.right]), np.concatenate([graph.right, graph.left])
    weight = np.concatenate([graph.sums, graph.sums])
    moves = is_core[b] & ~is_core[a] & (weight > sums[a])
    a, b, weight = a[moves], b[moves], weight[moves]
    order = np.lexsort((graph.keys[b], -weight, a))
    first = order[np.append(True, np.diff(a[order]) != 0)[: len(order)]]
    cores[a[first]], sums[a[first]] = b[first], weight[first]


def _components(n: int, left: Ints, right: Ints) -> Ints:
    matrix = coo_array((np.ones(len(left), np.bool_), (left, right)), shape=(n, n))
    return np.asarray(connected_components(matrix, directed=False)[1], np.int64)


def _cores(graph: Graph, nodes: Ints, component: Ints, left: Ints, right: Ints, weight: Ints) -> Ints:
    """Core of each component, by component number."""
    # Counted from just below the threshold, so that every edge adds something however low it is.
    gain = weight - graph.least + 1
    total = np.zeros(len(graph), np.int64)
    np.add.at(total, left, gain * graph.copies[right])
    np.add.at(total, right, gain * graph.copies[left])
    best = nodes[np.lexsort((graph.keys[nodes], -total[nodes], component[nodes]))]
    first = np.append(True, component[best][1:] != component[best][:-1])
    core_of = np.full(int(component.max()) + 1, -1, np.int64)
    core_of[component[best[first]]] = best[first]
    return core_of


class _Known:
    """Scores of pairs: those of the edges are known, the others are asked for."""

    def __init__(self, graph: Graph) -> None:
        self._n = len(graph)
        order = np.argsort(graph.left * self._n + graph.right)
        self._codes = (graph.left * self._n + graph.right)[order]
        self._sums = graph.sums[order]

    def sums(self, a: Ints, b: Ints, score: ScorePairs) -> NDArray[np.int64]:
        codes = np.minimum(a, b) * self._n + np.maximum(a, b)
        place = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        out = self._sums[place].copy()
        missing = self._codes[place] != codes
        if missing.any():
            out[missing] = score(np.minimum(a, b)[missing], np.maximum(a, b)[missing])
        return out
