"""From confirmed edges to clusters of articles.

The threshold, the choice of articles and the time window are applied here, so
asking again with other settings costs no new confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from dedup.engines.pairs import near_groups

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
    core_score : float64 array, shape (m,)
        The same for the core alone: at least the threshold, but where edges alone decided
        (`dedup.cluster.split`); 1 for a text equal to the core.
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
    core_score: NDArray[np.float64]
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

    lowered = matches.sums - handicap(matches.left, matches.right)
    graph, node_of, spans = _graph(corpus, nodes, matches, lowered, articles, group, least, window_s)
    del lowered

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
    cores = np.flatnonzero(np.bincount(core[in_cluster], minlength=len(graph)) >= 2)
    number = np.full(len(graph), -1, np.int64)
    number[cores] = np.arange(len(cores))
    in_cluster &= number[core] >= 0
    member, cluster, group_of = articles[in_cluster], number[core[in_cluster]], group[in_cluster]
    # Articles are in key order, and stay so within their cluster.
    order = np.argsort(cluster, kind="stable")
    member, cluster, group_of = member[order], cluster[order], group_of[order]
    is_own = np.zeros(len(member), np.bool_) if own is None else own[member]
    canonical = member[
        choose_canonical(
            cluster, corpus.published_s[member], corpus.precision_s[member], is_own, corpus.units[member],
            corpus.keys[member],
        )
    ]  # fmt: skip
    same_as_core = np.flatnonzero(cores[cluster] == group_of)
    first = np.append(True, np.diff(cluster[same_as_core]) != 0)[: len(same_as_core)]
    of, against = nodes.of[member], nodes.of[canonical[cluster]]
    # The pair with the canonical article may be one LSH never proposed; it need not reach the threshold.
    core_values, values = np.ones(len(member)), np.ones(len(member))
    loose = np.ones(len(member), np.bool_)
    loose[same_as_core] = False
    core_values[loose] = probability(split.sums[group_of[loose]])
    differs = of != against
    differs[same_as_core] = False
    values[differs] = probability(
        np.maximum(split.sums[group_of[differs]], judge.score(of[differs], against[differs]))
    )
    holders = np.flatnonzero(composite[group])
    return Clustering(
        member,
        cluster,
        canonical,
        member[same_as_core[first]],
        judge.relations(against, of),
        values,
        core_values,
        _links(split.links, number),
        articles[holders],
        _composite_links(graph, composite, number[split.cores], articles[holders], group[holders]),
        len(graph.left),
    )


def _groups(corpus: Corpus, nodes: Nodes, articles: Ints, window_s: int | None) -> Ints:
    """Number 0..g-1 of each article's group: one text, published without a gap wider than the window.

    Groups are numbered by text, those of one text by time.
    """
    node = nodes.of[articles]
    if window_s is None:
        present = np.zeros(len(nodes), np.int64)
        present[node] = 1
        return (np.cumsum(present) - 1)[node]
    time = corpus.published_s[articles]
    order = np.lexsort((time, node))
    dated = time[order] != UNKNOWN
    gap = (np.diff(time[order]) > window_s) & dated[1:] & dated[:-1]
    out = np.zeros(len(articles), np.int64)
    out[order[1:]] = np.cumsum((np.diff(node[order]) != 0) | gap)
    return out


def _graph(
    corpus: Corpus,
    nodes: Nodes,
    matches: Matches,
    sums: Ints,
    articles: Ints,
    group: Ints,
    least: int,
    window_s: int | None,
) -> tuple[Graph, Ints, Ints]:
    """Graph of g groups by the pairs of `matches`, scored `sums`; node of each; its times, shape (2, g)."""
    n = int(group.max(initial=-1)) + 1
    first = np.full(n, len(articles))
    # Articles are in key order, so the first of a group has its smallest key.
    np.minimum.at(first, group, np.arange(len(group)))
    first = articles[first]
    time = corpus.published_s[articles]
    spans = np.stack([np.full(n, np.iinfo(np.int64).max), np.full(n, UNKNOWN)])
    np.minimum.at(spans[0], group, np.where(time == UNKNOWN, np.iinfo(np.int64).max, time))
    np.maximum.at(spans[1], group, time)
    starts = np.searchsorted(nodes.of[first], np.arange(len(nodes) + 1))
    strong = sums >= least
    a, b, edge = near_groups(matches.left[strong], matches.right[strong], starts, spans, window_s)
    copies = np.bincount(group, minlength=n).astype(np.int64)
    graph = Graph(corpus.keys[first], copies, corpus.units[first], a, b, sums[strong][edge], least)
    return graph, nodes.of[first], spans


def _near(spans: Ints, a: Ints, b: Ints, window_s: int) -> NDArray[np.bool_]:
    """Whether the nearest ends of two groups lie within the window; one without a date is near everything."""
    later = np.maximum(spans[0][a], spans[0][b])
    earlier = np.minimum(spans[1][a], spans[1][b])
    undated = (spans[1][a] == UNKNOWN) | (spans[1][b] == UNKNOWN)
    return np.asarray(undated | (later <= np.where(undated, 0, earlier) + window_s), np.bool_)


def _links(links: tuple[Ints, Ints], number: Ints) -> Ints:
    """Pairs of cluster numbers; a core that ended up alone is no cluster."""
    a, b = number[links[0]], number[links[1]]
    both = (a >= 0) & (b >= 0)
    pairs = np.stack([np.minimum(a, b)[both], np.maximum(a, b)[both]], axis=1)
    return np.unique(pairs, axis=0)


def _composite_links(
    graph: Graph, composite: NDArray[np.bool_], cluster: Ints, articles: Ints, group: Ints
) -> Ints:
    """Pairs of a composite article (ascending, each with its group) and a cluster it has an edge to."""
    one_way, other_way = composite[graph.left], composite[graph.right]
    mixed = one_way != other_way
    left, right, one_way = graph.left[mixed], graph.right[mixed], one_way[mixed]
    holder, held = np.where(one_way, left, right), cluster[np.where(one_way, right, left)]
    found = np.unique(np.stack([holder, held], axis=1)[held >= 0], axis=0)
    begin, end = (np.searchsorted(found[:, 0], group, side=side) for side in ("left", "right"))
    count = end - begin
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.stack([np.repeat(articles, count), found[np.repeat(begin, count) + within, 1]], axis=1)
