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

from collections import defaultdict
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.graph import Graph, ScorePairs

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
    held = _held(graph)
    neighbours = _neighbours(graph, {node for nodes in held.values() for node in nodes})
    suspects = {
        holder: groups
        for holder, nodes in held.items()
        if len(groups := _groups(nodes, neighbours)) >= MIN_GROUPS
    }
    asked = sorted({pair for groups in suspects.values() for pair in combinations(_heads(groups, graph), 2)})
    if not asked:
        return out
    left, right = np.array(asked, np.int64).T
    alike = {
        pair for pair, total in zip(asked, likeness(left, right).tolist(), strict=True) if total >= STRANGERS
    }
    for holder, groups in suspects.items():
        heads = _heads(groups, graph)
        links = defaultdict(set)
        for a, b in combinations(heads, 2):
            if (a, b) in alike:
                links[a].add(b)
                links[b].add(a)
        out[holder] = len(_groups(heads, links)) >= MIN_GROUPS
    return out


def _held(graph: Graph) -> dict[int, list[int]]:
    """For each node the much shorter nodes it has an edge to, where there are enough of them."""
    a, b = np.concatenate([graph.left, graph.right]), np.concatenate([graph.right, graph.left])
    shorter = graph.units[b] <= MAX_HELD * graph.units[a]
    held: dict[int, list[int]] = defaultdict(list)
    for holder, node in zip(a[shorter].tolist(), b[shorter].tolist(), strict=True):
        held[holder].append(node)
    return {holder: nodes for holder, nodes in held.items() if len(nodes) >= MIN_GROUPS}


def _neighbours(graph: Graph, nodes: set[int]) -> dict[int, set[int]]:
    """Edges among `nodes`."""
    kept = np.zeros(len(graph), np.bool_)
    kept[list(nodes)] = True
    links: dict[int, set[int]] = defaultdict(set)
    left, right, _ = graph.edges_among(kept)
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        links[a].add(b)
        links[b].add(a)
    return links


def _groups(nodes: list[int], links: dict[int, set[int]]) -> list[list[int]]:
    """Connected groups of `nodes` under `links`."""
    waiting, groups = set(nodes), []
    for start in nodes:
        if start not in waiting:
            continue
        waiting.discard(start)
        group = [start]
        for node in group:
            reached = links.get(node, set()) & waiting
            waiting -= reached
            group.extend(sorted(reached))
        groups.append(group)
    return groups


def _heads(groups: list[list[int]], graph: Graph) -> list[int]:
    """The longest text of each group (ties: smaller key), at most `MAX_COMPARED`, in node order."""

    def rank(node: int) -> tuple[int, int]:
        return (-int(graph.units[node]), int(graph.keys[node]))

    return sorted(sorted((min(group, key=rank) for group in groups), key=rank)[:MAX_COMPARED])


def without(graph: Graph, left_out: NDArray[np.bool_]) -> Graph:
    """Return the graph without the edges of some nodes (the nodes keep their numbers)."""
    left, right, sums = graph.edges_among(~left_out)
    return Graph(graph.keys, graph.copies, graph.units, left, right, sums, graph.least)
