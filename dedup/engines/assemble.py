"""From confirmed edges to clusters of articles.

The threshold, the choice of articles and the time window are applied here, so
asking again with other settings costs no new confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN, choose_canonical
from dedup.cluster.composite import find_composites, without
from dedup.cluster.graph import Graph
from dedup.cluster.split import split_components
from dedup.confirm.judge import Judge
from dedup.confirm.model import least_sum, probability
from dedup.engines.corpus import Corpus, Ints, Nodes
from dedup.engines.matching import NO_SCORE, Matches
from dedup.engines.outlets import Carriers

OWN_THRESHOLD: Final = 0.7
"""Score a text must reach with itself to have copies at all."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters of a corpus of n articles.

    Parameters
    ----------
    member : int64 array, shape (m,)
        Articles (places in the corpus) that are in a cluster of two or more.
    cluster : int64 array, shape (m,)
        Cluster number 0..k-1 of each, ascending.
    canonical : int64 array, shape (k,)
        Article that is canonical.
    core : int64 array, shape (k,)
        Article of smallest key whose text is the core.
    relation : int8 array, shape (m,)
        To the canonical article, indices into `dedup.cluster.relation.RELATIONS`.
    score : float64 array, shape (m,)
        Probability that the member is a copy of the core or of the canonical article, whichever is
        more; 1 for a text equal to one of them.
    links : int64 array, shape (l, 2)
        Clusters that were one component, joined by an edge.
    composites : int64 array, shape (c,)
        Articles that hold several strangers.
    composite_links : int64 array, shape (e, 2)
        (article, cluster) a composite has an edge to.
    n_edges : int
        Edges between distinct texts that reach the threshold.
    """

    member: Ints
    cluster: Ints
    canonical: Ints
    core: Ints
    relation: NDArray[np.int8]
    score: NDArray[np.float64]
    links: Ints
    composites: Ints
    composite_links: Ints
    n_edges: int


def assemble(
    corpus: Corpus,
    nodes: Nodes,
    matches: Matches,
    judge: Judge,
    *,
    least: int,
    kept: NDArray[np.bool_] | None = None,
    window_s: int | None = None,
    own: NDArray[np.bool_] | None = None,
    carriers: Carriers | None = None,
) -> Clustering:
    """Cluster the chosen articles.

    Parameters
    ----------
    corpus, nodes, matches, judge
        Of the whole corpus.
    least : int
        Threshold as an integer sum (`dedup.confirm.model.least_sum`).
    kept : bool array, shape (n,), optional
        Articles to cluster; all by default.
    window_s : int, optional
        Greatest time between the two ends of an edge, in seconds. An article
        without a date is within every window.
    own : bool array, shape (n,), optional
        Whether the article stands on the agency's own site, for the choice of the canonical.
    carriers : Carriers, optional
        Outlets and dates of the texts, a hint where headlines look alike; without it their words decide.

    Returns
    -------
    Clustering
    """
    chosen = (nodes.of >= 0) if kept is None else (nodes.of >= 0) & kept
    # A text that does not even match itself (furniture, a lone common word) says nothing about copies. How
    # strict a user is does not matter here: equal texts stay together under every threshold.
    least_own = least_sum(OWN_THRESHOLD)
    own_sums = matches.own[nodes.of[chosen]]
    chosen[chosen] = (own_sums >= least_own) | (own_sums == NO_SCORE)
    articles = np.flatnonzero(chosen)
    group = _groups(corpus, nodes, articles, window_s)

    def handicap(left: Ints, right: Ints) -> Ints:
        return np.zeros(len(left), np.int64) if carriers is None else carriers.handicap(left, right)

    matches = replace(matches, sums=matches.sums - handicap(matches.left, matches.right))
    graph, node_of, spans = _graph(corpus, nodes, matches, articles, group, least, window_s)
    if window_s is not None:
        graph = _within(graph, spans, window_s)

    def score(left: Ints, right: Ints) -> Ints:
        a, b = node_of[left], node_of[right]
        sums = judge.score(a, b) - handicap(a, b)
        # The window holds for a member and its core too, not only for the edges LSH proposed.
        return sums if window_s is None else np.where(_near(spans, left, right, window_s), sums, least - 1)

    def likeness(left: Ints, right: Ints) -> Ints:
        return judge.likeness(node_of[left], node_of[right])

    composite = find_composites(graph, likeness)
    split = split_components(without(graph, composite), score)
    core = split.cores[group]
    in_cluster = ~composite[group]
    size = np.bincount(core[in_cluster], minlength=len(graph))
    in_cluster &= size[core] >= 2
    cores, cluster = np.unique(core[in_cluster], return_inverse=True)
    member, group_of = articles[in_cluster], group[in_cluster]
    order = np.lexsort((corpus.keys[member], cluster))
    member, cluster, group_of = member[order], cluster[order], group_of[order]
    number = np.full(len(graph), -1, np.int64)
    number[cores] = np.arange(len(cores))
    is_own = np.zeros(len(member), np.bool_) if own is None else own[member]
    canonical = member[
        choose_canonical(
            cluster, corpus.published_s[member], corpus.precision_s[member], is_own, corpus.units[member],
            corpus.keys[member],
        )
    ]  # fmt: skip
    same_as_core = cores[cluster] == group_of
    of, against = nodes.of[member], nodes.of[canonical[cluster]]
    # The pair with the canonical article may be one LSH never proposed; it need not reach the threshold.
    values = np.maximum(probability(split.sums[group_of]), probability(judge.score(of, against)))
    values = np.where(same_as_core | (of == against), 1.0, values)
    holders = np.flatnonzero(composite[group])
    return Clustering(
        member,
        cluster,
        canonical,
        member[np.unique(np.where(same_as_core, cluster, len(cores)), return_index=True)[1][: len(cores)]],
        _relations(nodes, judge, canonical[cluster], member),
        values,
        _links(split.links, number),
        articles[holders],
        _composite_links(graph, composite, split.cores, number, articles[holders], group[holders]),
        len(graph.left),
    )


def _groups(corpus: Corpus, nodes: Nodes, articles: Ints, window_s: int | None) -> Ints:
    """Number 0..g-1 of each article's group: one text, published without a gap wider than the window."""
    if not len(articles):
        return np.empty(0, np.int64)
    node = nodes.of[articles]
    if window_s is None:
        return np.unique(node, return_inverse=True)[1].astype(np.int64)
    time = corpus.published_s[articles]
    order = np.lexsort((time, node))
    dated = time[order] != UNKNOWN
    gap = np.append(False, (np.diff(time[order]) > window_s) & dated[1:] & dated[:-1])
    new = np.append(True, np.diff(node[order]) != 0) | gap
    out = np.empty(len(articles), np.int64)
    out[order] = np.cumsum(new) - 1
    return out


def _graph(
    corpus: Corpus,
    nodes: Nodes,
    matches: Matches,
    articles: Ints,
    group: Ints,
    least: int,
    window_s: int | None,
) -> tuple[Graph, Ints, Ints]:
    """Graph of groups, the node of each group, and its first and last time, shape (2, g)."""
    n = int(group.max(initial=-1)) + 1
    # Articles are in key order, so the first of a group has its smallest key.
    _, first = np.unique(group, return_index=True)
    copies = np.bincount(group, minlength=n).astype(np.int64)
    node_of = nodes.of[articles[first]] if n else np.empty(0, np.int64)
    time = corpus.published_s[articles]
    spans = np.stack([np.full(n, np.iinfo(np.int64).max), np.full(n, UNKNOWN)])
    np.minimum.at(spans[0], group, np.where(time == UNKNOWN, np.iinfo(np.int64).max, time))
    np.maximum.at(spans[1], group, time)
    by_node = np.argsort(node_of, kind="stable")
    starts = np.searchsorted(node_of[by_node], np.arange(len(nodes) + 1))
    strong = matches.sums >= least
    left, right, sums = matches.left[strong], matches.right[strong], matches.sums[strong]
    a, b, edge = _group_pairs(by_node, starts, left, right, spans, window_s)
    graph = Graph(
        corpus.keys[articles[first]] if n else np.empty(0, np.int64), copies, corpus.units[articles[first]],
        np.minimum(a, b), np.maximum(a, b), sums[edge], least,
    )  # fmt: skip
    return graph, node_of, spans


def _group_pairs(
    by_node: Ints, starts: Ints, left: Ints, right: Ints, spans: Ints, window_s: int | None
) -> tuple[Ints, Ints, Ints]:
    """Pairs of groups of the two texts of each edge, and the edge of each; one pair an edge without a window.

    Groups of one text follow each other in time, so under a window those near a group
    of the other text are found by search: two texts republished every hour for years are no square.
    """
    n_left, n_right = np.diff(starts)[left], np.diff(starts)[right]
    single = (n_left == 1) & (n_right == 1)
    plain = np.flatnonzero(single)
    a, b, edges = [by_node[starts[left[plain]]]], [by_node[starts[right[plain]]]], [plain]
    for edge in np.flatnonzero(~single & (n_left > 0) & (n_right > 0)).tolist():
        mine = by_node[starts[left[edge]] : starts[left[edge] + 1]]
        theirs = by_node[starts[right[edge]] : starts[right[edge] + 1]]
        mine, theirs = (groups[np.argsort(spans[1][groups], kind="stable")] for groups in (mine, theirs))
        # A group without any date is near everything; it is the first, for its time counts as the least.
        free = int((spans[1][theirs] == UNKNOWN).sum())
        reach = 0 if window_s is None else window_s
        low = np.maximum(np.searchsorted(spans[1][theirs], spans[0][mine] - reach), free)
        high = np.searchsorted(spans[0][theirs[free:]], spans[1][mine] + reach, side="right") + free
        undated = spans[1][mine] == UNKNOWN
        low, high = np.where(undated, free, low), np.where(undated, len(theirs), high)
        count = np.maximum(high - low, 0)
        each = np.repeat(np.arange(len(mine)), count)
        within = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
        a += [mine[each], np.repeat(mine, free)]
        b += [theirs[low[each] + within], np.tile(theirs[:free], len(mine))]
        edges.append(np.full(len(each) + free * len(mine), edge))
    return np.concatenate(a), np.concatenate(b), np.concatenate(edges)


def _within(graph: Graph, spans: Ints, window_s: int) -> Graph:
    """Drop the edges whose nearest ends lie further apart than the window."""
    near = _near(spans, graph.left, graph.right, window_s)
    left, right, sums = graph.left[near], graph.right[near], graph.sums[near]
    return Graph(graph.keys, graph.copies, graph.units, left, right, sums, graph.least)


def _near(spans: Ints, a: Ints, b: Ints, window_s: int) -> NDArray[np.bool_]:
    """Whether the nearest ends of two groups lie within the window; one without a date is near everything."""
    later = np.maximum(spans[0][a], spans[0][b])
    earlier = np.minimum(spans[1][a], spans[1][b])
    undated = (spans[1][a] == UNKNOWN) | (spans[1][b] == UNKNOWN)
    return np.asarray(undated | (later <= np.where(undated, 0, earlier) + window_s), np.bool_)


def _relations(nodes: Nodes, judge: Judge, canonical: Ints, member: Ints) -> NDArray[np.int8]:
    return judge.relations(nodes.of[canonical], nodes.of[member])


def _links(links: tuple[Ints, Ints], number: Ints) -> Ints:
    """Pairs of cluster numbers; a core that ended up alone is no cluster."""
    a, b = number[links[0]], number[links[1]]
    both = (a >= 0) & (b >= 0)
    pairs = np.stack([np.minimum(a, b)[both], np.maximum(a, b)[both]], axis=1)
    return np.unique(pairs, axis=0)


def _composite_links(
    graph: Graph, composite: NDArray[np.bool_], cores: Ints, number: Ints, articles: Ints, group: Ints
) -> Ints:
    a, b = np.concatenate([graph.left, graph.right]), np.concatenate([graph.right, graph.left])
    edge = composite[a] & ~composite[b]
    cluster = number[cores[b[edge]]]
    holder = a[edge][cluster >= 0]
    found = np.unique(np.stack([holder, cluster[cluster >= 0]], axis=1), axis=0)
    pairs = [(article, cluster) for article, g in zip(articles.tolist(), group.tolist(), strict=True)
             for cluster in found[found[:, 0] == g, 1].tolist()]  # fmt: skip
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)
