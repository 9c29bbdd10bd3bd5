"""Composites: texts that hold several strangers, such as a news-in-brief round-up.

Containment is not transitive. A round-up holds five briefs whole, so it has an
edge to each, and would weld five stories into one cluster. A text is a
composite when, among the shorter texts it holds, three or more groups are
strangers to each other: their rare words differ. It joins no cluster; the
report links it to all of them.

Not being copies of each other is not enough to be strangers, nor are two groups enough: the
opening and the end of one long story, each carried as a cut, share no passage, but they share their names.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.graph import Graph, Ints, ScorePairs, adjacency, compiled, components

MIN_GROUPS: Final = 3
MAX_HELD: Final = 0.8
"""A text is held by another if it has at most this share of the other's words."""

STRANGERS: Final = 200
"""Two texts are strangers when less of the shorter one's words, weighted by IDF, stand in the other; in
thousandths. Measured on four labelled corpora, 5th to 95th percentile: copies .54-1, independent reports of
one event .26-.75, random pairs of articles 0-.15."""

MAX_COMPARED: Final = 16
"""Held texts compared with each other per composite: the least alike are found among few."""


def find_composites(graph: Graph, likeness: ScorePairs) -> NDArray[np.bool_]:
    """Tell which nodes are composites.

    Parameters
    ----------
    graph : Graph
    likeness : callable
        IDF-weighted share of the shorter text's words found in the other, in thousandths, for pairs of nodes.

    Returns
    -------
    bool array, shape (n,)
    """
    out = np.zeros(len(graph), np.bool_)
    offsets, others, _ = adjacency(len(graph), graph.left, graph.right)
    n_groups = np.zeros(len(graph), np.int64)
    every, unwritten = np.arange(len(graph)), np.empty((0, MAX_COMPARED), np.int64)
    _scan_groups(every, offsets, others, graph.units, graph.keys, n_groups, unwritten)
    suspects = np.flatnonzero(n_groups >= MIN_GROUPS)
    if not len(suspects):
        return out
    heads = np.full((len(suspects), MAX_COMPARED), -1)
    _scan_groups(suspects, offsets, others, graph.units, graph.keys, n_groups[suspects], heads)
    # Strangers stay apart when those alike are joined.
    a, b = _pairs_of_heads(heads)
    left, right = heads.ravel()[a], heads.ravel()[b]
    codes, of = np.unique(left * len(graph) + right, return_inverse=True)
    alike = likeness(codes // len(graph), codes % len(graph))[of] >= STRANGERS
    joined = components(heads.size, a[alike], b[alike])
    apart = (joined == np.arange(heads.size)).reshape(heads.shape) & (heads >= 0)
    out[suspects] = apart.sum(axis=1) >= MIN_GROUPS
    return out


def _pairs_of_heads(heads: Ints) -> tuple[Ints, Ints]:
    """Pairs of heads of one composite, as places in the flattened `heads`; the smaller node first."""
    left, right = [], []
    for first, second in combinations(range(MAX_COMPARED), 2):
        rows = np.flatnonzero(heads[:, second] >= 0)
        left.append(rows * MAX_COMPARED + first)
        right.append(rows * MAX_COMPARED + second)
    return np.concatenate(left), np.concatenate(right)


@compiled
def _scan_groups(holders, offsets, others, units, keys, n_groups, heads):  # type: ignore[no-untyped-def]
    """Count the connected groups of the much shorter texts each holder has an edge to.

    The longest text of each group (ties: smaller key), at most `MAX_COMPARED`, in node order, is written
    to the holder's row of `heads`, if there is one.
    """
    held_by = np.full(len(units), -1)
    widest = 0
    for holder in holders:
        widest = max(widest, offsets[holder + 1] - offsets[holder])
    reached = np.empty(widest, np.int64)
    best = np.empty(widest, np.int64)
    for h in range(len(holders)):
        holder = holders[h]
        begin = offsets[holder]
        end = offsets[holder + 1]
        left = 0
        for i in range(begin, end):
            if units[others[i]] <= MAX_HELD * units[holder]:
                held_by[others[i]] = holder
                left += 1
        if left < MIN_GROUPS:
            continue
        found = 0
        for i in range(begin, end):
            if held_by[others[i]] != holder:
                continue
            head = np.int64(others[i])
            held_by[head] = -1
            left -= 1
            reached[0] = head
            n_reached = 1
            at = 0
            while at < n_reached and left:
                node = reached[at]
                at += 1
                for j in range(offsets[node], offsets[node + 1]):
                    near = others[j]
                    if held_by[near] == holder:
                        held_by[near] = -1
                        left -= 1
                        reached[n_reached] = near
                        n_reached += 1
                        if _before(near, head, units, keys):
                            head = np.int64(near)
            best[found] = head
            found += 1
        n_groups[h] = found
        if len(heads):
            _keep_longest(best[:found], units, keys, heads[h])


@compiled
def _before(a, b, units, keys):  # type: ignore[no-untyped-def]
    return units[a] > units[b] or (units[a] == units[b] and keys[a] < keys[b])


@compiled
def _keep_longest(nodes, units, keys, out):  # type: ignore[no-untyped-def]
    kept = 0
    for node in nodes:
        if kept == len(out) and not _before(node, out[kept - 1], units, keys):
            continue
        kept = min(kept + 1, len(out))
        at = kept - 1
        while at > 0 and _before(node, out[at - 1], units, keys):
            out[at] = out[at - 1]
            at -= 1
        out[at] = node
    out[:kept].sort()


def without(graph: Graph, left_out: NDArray[np.bool_]) -> Graph:
    """Return the graph without the edges of some nodes (the nodes keep their numbers)."""
    if not left_out.any():
        return graph
    left, right, sums = graph.edges_among(~left_out)
    return Graph(graph.keys, graph.copies, graph.units, left, right, sums, graph.least)
