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

A text of a chain could be scored against every core found before its own, which is
quadratic. After `MOST_ROUNDS` rounds what is still left is a chain, and only edges decide:
a core takes its neighbours. That is the same rule as long as no other score reaches the threshold.

Every step is a pure function of the graph; the order of nodes does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.graph import Graph, Ints, ScorePairs, adjacency, compiled, components

MOST_ROUNDS: Final = 16
"""Rounds in which members are scored against a core they have no edge to; real feeds took three at most."""


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
    rest = _Rest.of(cores.copy(), graph.left, graph.right, graph.sums)
    rounds = 0
    while len(rest.left):
        rounds += 1
        if rounds > MOST_ROUNDS:
            _take_neighbours(graph, rest, cores, sums)
            break
        rest = _one_round(graph, rest, score, cores, sums)
    _join_nearest(graph, cores, sums)
    a, b = cores[graph.left], cores[graph.right]
    joined = a != b
    codes = np.unique(np.minimum(a, b)[joined] * n + np.maximum(a, b)[joined])
    return Split(cores, sums, (codes // max(n, 1), codes % max(n, 1)), rounds)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is still to be clustered: k nodes, by their number in the graph, and the edges among them."""

    nodes: Ints
    left: Ints
    right: Ints
    weight: Ints

    @classmethod
    def of(cls, nodes: Ints, left: Ints, right: Ints, weight: Ints) -> Self:
        """Leave out the nodes without an edge; the ends of the edges are places among `nodes`."""
        touched = np.zeros(len(nodes), np.bool_)
        touched[left] = touched[right] = True
        place = np.cumsum(touched) - 1
        return cls(nodes[touched], place[left], place[right], weight)

    def within(self, kept: NDArray[np.bool_]) -> Self:
        """Return what is left of some of the nodes."""
        inside = kept[self.left] & kept[self.right]
        return self.of(self.nodes, self.left[inside], self.right[inside], self.weight[inside])


def _one_round(graph: Graph, rest: _Rest, score: ScorePairs, cores: Ints, sums: Ints) -> _Rest:
    """Take one cluster out of each component; return what is left of them."""
    nodes = rest.nodes
    root = components(len(nodes), rest.left, rest.right)
    core, found = np.empty(len(nodes), np.int64), np.zeros(len(nodes), np.int64)
    known = np.zeros(len(nodes), np.bool_)
    _scan_round(
        rest.left, rest.right, rest.weight, graph.copies[nodes], graph.keys[nodes], graph.least, root,
        core, found, known,
    )  # fmt: skip
    is_core = core == np.arange(len(nodes))
    asked = np.flatnonzero(~known & ~is_core)
    if len(asked):
        a, b = nodes[asked], nodes[core[asked]]
        found[asked] = score(np.minimum(a, b), np.maximum(a, b))
    stays = ~is_core & (found >= graph.least)
    cores[nodes[stays]] = nodes[core[stays]]
    sums[nodes[stays]] = found[stays]
    return rest.within(~stays & ~is_core)


def _take_neighbours(graph: Graph, rest: _Rest, cores: Ints, sums: Ints) -> None:
    """Cluster the rest by its edges alone: a core takes its neighbours, in place."""
    nodes = rest.nodes
    offsets, others, edges = adjacency(len(nodes), rest.left, rest.right)
    core, found = np.arange(len(nodes), dtype=np.int64), np.zeros(len(nodes), np.int64)
    gain = rest.weight - graph.least + 1
    _scan_stars(offsets, others, edges, gain, graph.copies[nodes], graph.keys[nodes], core, found)
    taken = core != np.arange(len(nodes))
    cores[nodes[taken]] = nodes[core[taken]]
    sums[nodes[taken]] = found[taken] + graph.least - 1


def _join_nearest(graph: Graph, cores: Ints, sums: Ints) -> None:
    """Move each member to the core it has the best edge to, in place; no core moves."""
    is_core = np.zeros(len(graph), np.bool_)
    is_core[cores[cores != np.arange(len(graph))]] = True
    _scan_nearest(graph.left, graph.right, graph.sums, graph.keys, is_core, cores, sums)


@compiled
def _scan_round(  # type: ignore[no-untyped-def]
    left, right, weight, copies, keys, least, root, core, found, known
):
    """Find the core of each node's component, and the score of its edge to it, if there is one."""
    # Counted from just below the threshold, so that every edge adds something however low it is.
    total = np.zeros(len(root), np.int64)
    for edge in range(len(left)):
        gain = weight[edge] - least + 1
        total[left[edge]] += gain * copies[right[edge]]
        total[right[edge]] += gain * copies[left[edge]]
    best = np.full(len(root), -1)
    for node in range(len(root)):
        b = best[root[node]]
        if b < 0 or total[node] > total[b] or (total[node] == total[b] and keys[node] < keys[b]):
            best[root[node]] = node
    for node in range(len(root)):
        core[node] = best[root[node]]
    for edge in range(len(left)):
        a = left[edge]
        b = right[edge]
        if core[a] == b:
            found[a] = weight[edge]
            known[a] = True
        elif core[a] == a:
            found[b] = weight[edge]
            known[b] = True


@compiled
def _scan_stars(offsets, others, edges, gain, copies, keys, core, found):  # type: ignore[no-untyped-def]
    n = len(core)
    total = np.zeros(n, np.int64)
    for node in range(n):
        for i in range(offsets[node], offsets[node + 1]):
            total[node] += gain[edges[i]] * copies[others[i]]
    waiting = [(-total[node], keys[node], node) for node in range(n)]
    heapify(waiting)
    is_open = np.ones(n, np.bool_)
    while len(waiting):
        lost, _, node = heappop(waiting)
        # A node is put in again whenever its sum falls; a sum of 0 means that no neighbour is left.
        if not is_open[node] or lost != -total[node] or lost == 0:
            continue
        is_open[node] = False
        begin = offsets[node]
        end = offsets[node + 1]
        for i in range(begin, end):
            if is_open[others[i]]:
                core[others[i]] = node
                found[others[i]] = gain[edges[i]]
                is_open[others[i]] = False
        for i in range(begin, end):
            gone = others[i]
            if core[gone] != node:
                continue
            for j in range(offsets[gone], offsets[gone + 1]):
                near = others[j]
                if is_open[near]:
                    total[near] -= gain[edges[j]] * copies[gone]
                    heappush(waiting, (-total[near], keys[near], np.int64(near)))  # type: ignore[misc]


@compiled
def _scan_nearest(left, right, weight, keys, is_core, cores, sums):  # type: ignore[no-untyped-def]
    moved = np.zeros(len(cores), np.bool_)
    for edge in range(len(left)):
        for way in range(2):
            a = left[edge] if way else right[edge]
            b = right[edge] if way else left[edge]
            if is_core[a] or not is_core[b] or weight[edge] < sums[a]:
                continue
            if weight[edge] > sums[a] or (moved[a] and keys[b] < keys[cores[a]]):
                cores[a] = b
                sums[a] = weight[edge]
                moved[a] = True
