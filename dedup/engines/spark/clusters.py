"""Stage J: whole components come to one partition each, and are clustered there as on one machine.

A component has all that its clusters depend on (`dedup.engines.assemble`): its articles, its edges, and its
texts, for the pairs of a member and a core that no sketch proposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.cluster.relation import RELATIONS
from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, probability
from dedup.confirm.verdicts import Verdicts
from dedup.engines.assemble import assemble
from dedup.engines.corpus import Corpus, Nodes, distinct_texts, outlet_numbers, publication_times
from dedup.engines.holding import HeldRows
from dedup.engines.matching import NO_SCORE, Matches
from dedup.engines.outlets import Carriers, own_sites
from dedup.engines.spark.components import LABEL_SCHEMA
from dedup.engines.spark.confirm import OWN_SCHEMA, TEXT_SCHEMA
from dedup.engines.spark.forest import EDGE_SCHEMA
from dedup.engines.spark.held import HeldTexts, corpus_of
from dedup.engines.spark.packets import (
    Hashes,
    Inbox,
    Ints,
    Packet,
    addressed,
    before,
    column,
    partition_of,
)
from dedup.engines.spark.texts import LIGHT_SCHEMA
from dedup.index.credits import FOUND_SCHEMA
from dedup.index.reporting import cluster_ids, composite_table, display_ids, link_table, member_table
from dedup.index.session import chosen_articles, chosen_times
from dedup.index.shown import SHOWN, Shown
from dedup.report.schema import ClusterReport
from dedup.settings import Settings
from dedup.text.credit import Agency

EDGES_SCHEMA: Final = pa.schema(
    [
        pa.field("left_id", pa.string()),  # the article that stands for the one text: of smallest key
        pa.field("right_id", pa.string()),
        pa.field("score", pa.float64()),  # 0..1
        pa.field("sum", pa.int64()),  # the score as millionths of a logit
        pa.field("relation", pa.string()),  # of the one text to the other
    ]
)
"""One row per pair of distinct texts that reaches the threshold."""

_ROWS: Final = 8192  # of a packet of results

CHOSEN_SCHEMA: Final = pa.schema([pa.field("articles", pa.int64())])
FOUND_COUNTS_SCHEMA: Final = pa.schema(
    [
        pa.field("clusters", pa.int64()),
        pa.field("clusters_shown", pa.int64()),  # of them, as the settings choose
        pa.field("clustered", pa.int64()),
        pa.field("composites", pa.int64()),
        pa.field("edges", pa.int64()),
    ]
)


def count_chosen(_: int, packets: Iterator[Packet], *, settings: Settings) -> Iterator[Packet]:
    """Count the articles that the settings choose.

    Parameters
    ----------
    packets : iterator of Packet
        ``article`` and ``wordless``: each article once.
    settings : Settings

    Yields
    ------
    Packet
        ``chosen`` (`CHOSEN_SCHEMA`).
    """
    for packet in packets:
        n_chosen = int(chosen_times(publication_times(packet.table())[0], settings).sum())
        yield Packet.of(0, "chosen", pa.table([[n_chosen]], schema=CHOSEN_SCHEMA))


def gather_components(
    _: int, packets: Iterator[Packet], *, n_partitions: int, least: int
) -> Iterator[Packet]:
    """Send articles, texts, edges and scores of the nodes of this home where their component is clustered.

    A text of one article that has no edge is in no cluster, and goes nowhere; one of several is a component.

    Parameters
    ----------
    packets : iterator of Packet
        ``article`` (`dedup.engines.spark.texts.LIGHT_SCHEMA`), ``edge`` (`EDGE_SCHEMA`), ``label``
        (`LABEL_SCHEMA`), ``node`` (`dedup.engines.spark.texts.NODE_SCHEMA`) and ``own`` (`OWN_SCHEMA`).
    n_partitions : int
    least : int
        Threshold as a sum; edges below it join nothing.

    Yields
    ------
    Packet
        ``member``, ``edge``, ``own``, and ``text`` (`TEXT_SCHEMA`) of nodes with an edge.
    """
    early: list[Packet] = []
    labels: _Labels | None = None
    for packet in packets:  # by kind: article, edge and label come before node and own
        if packet.kind in ("article", "edge", "label"):
            early.append(packet)
            continue
        if labels is None:
            labels = _Labels(early)
            yield from _members(early, labels, n_partitions)
            yield from _strong(early, labels, n_partitions, least)
            early.clear()
        table = packet.table()
        linked, label = labels.of(column(table, "hash"))
        to = partition_of(label, n_partitions)
        if packet.kind == "own":
            yield from addressed("own", table, to)
            continue
        texts = table.select(TEXT_SCHEMA.names).filter(pa.array(linked))
        yield from addressed("text", texts, to[linked])


class _Labels:
    """The component of each node of a home, from its packets of kind ``label``."""

    def __init__(self, packets: list[Packet]) -> None:
        table = Inbox(packet for packet in packets if packet.kind == "label").table("label", LABEL_SCHEMA)
        order = np.argsort(column(table, "hash"))
        self._hashes, self._labels = (column(table, name)[order] for name in ("hash", "label"))

    def of(self, hashes: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """Tell which nodes have a label, and the label of each; of one without, its own hash."""
        if not len(self._hashes):
            return np.zeros(len(hashes), np.bool_), hashes
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        there = self._hashes[at] == hashes
        return there, np.where(there, self._labels[at], hashes)


def _members(packets: list[Packet], labels: _Labels, n_partitions: int) -> Iterator[Packet]:
    """Address the articles of nodes that have an edge or several articles."""
    tables = [packet.table() for packet in packets if packet.kind == "article"]
    hashes = [column(table, "hash") for table in tables]
    carried, n_articles = np.unique(np.concatenate([np.empty(0, np.int64), *hashes]), return_counts=True)
    several = carried[n_articles > 1]
    for table, mine in zip(tables, hashes, strict=True):
        linked, label = labels.of(mine)
        kept = linked | np.isin(mine, several)
        yield from addressed("member", table.filter(pa.array(kept)), partition_of(label[kept], n_partitions))


def _strong(packets: list[Packet], labels: _Labels, n_partitions: int, least: int) -> Iterator[Packet]:
    """Address the edges that reach the threshold."""
    for packet in packets:
        if packet.kind != "edge":
            continue
        table = packet.table()
        table = table.filter(pa.array(column(table, "sum") >= least))
        _, label = labels.of(column(table, "left"))
        yield from addressed("edge", table, partition_of(label, n_partitions))


def cluster_components(
    to: int,
    packets: Iterator[Packet],
    *,
    learnt: Learnt,
    model: Model,
    least: int,
    settings: Settings,
    agencies: Sequence[Agency] | None,
) -> Iterator[Packet]:
    """Cluster the components of a partition.

    Parameters
    ----------
    to, packets
        ``member`` (`dedup.engines.spark.texts.LIGHT_SCHEMA`), ``edge`` (`EDGE_SCHEMA`), ``own``
        (`OWN_SCHEMA`) and ``text`` (`TEXT_SCHEMA`), of whole components.
    learnt : Learnt
        The epoch.
    model : Model
    least : int
        Threshold as a sum.
    settings : Settings
        What is chosen and shown; `top` is not heeded.
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.

    Yields
    ------
    Packet
        ``cluster`` (`dedup.report.schema.MEMBER_SCHEMA`), ``composite``, ``link``, ``match``
        (`EDGES_SCHEMA`), ``counts`` (`FOUND_COUNTS_SCHEMA`).
    """
    early, texts = before(packets, "text")  # those of a large component are never in memory all at once
    inbox = Inbox(early)
    del early
    articles = inbox.table("member", LIGHT_SCHEMA)
    articles = articles.take(pa.array(np.argsort(column(articles, "key")))).combine_chunks()
    corpus = corpus_of(articles)
    nodes = distinct_texts(corpus)
    matches = _matches(inbox, nodes, learnt.rubrics)
    judge = _judge(corpus, nodes, matches, texts, learnt, model)
    holding = HeldRows(articles.append_column("text", pa.nulls(len(articles), pa.string())))
    clustering = assemble(
        corpus,
        nodes,
        matches,
        judge,
        least=least,
        kept=chosen_articles(corpus, settings),
        window_s=settings.window_s,
        own=own_sites(holding, corpus),
        carriers=Carriers.of(corpus, nodes, outlet_numbers(holding, corpus)),
    )
    names = cluster_ids(corpus, clustering)
    rows = articles.take(pa.array(clustering.member))
    credits = pa.table([rows[f"found_{name}"] for name in FOUND_SCHEMA.names], schema=FOUND_SCHEMA)
    shown = Shown(rows.select(list(SHOWN)).combine_chunks(), credits.combine_chunks())
    report = ClusterReport(
        member_table(shown, corpus, clustering, names, agencies),
        composite_table(holding, corpus, clustering, names),
        link_table(clustering, names),
    ).select(replace(settings, top=None))
    counts = [
        [len(clustering.canonical)], [report.n_clusters], [len(clustering.member)],
        [len(clustering.composites)], [clustering.n_edges],
    ]  # fmt: skip
    yield Packet.of(to, "counts", pa.table(counts, schema=FOUND_COUNTS_SCHEMA))
    for kind, table in (
        ("cluster", report.members),
        ("composite", report.composites),
        ("link", report.links),
        ("match", _edge_table(articles, nodes, matches)),
    ):
        for low in range(0, len(table), _ROWS):
            yield Packet.of(to, kind, table.slice(low, _ROWS))


def _matches(inbox: Inbox, nodes: Nodes, mute: Hashes) -> Matches:
    """Return the edges and scores as `assemble` wants them; what only a whole run knows is left empty."""
    edge, scored = inbox.table("edge", EDGE_SCHEMA), inbox.table("own", OWN_SCHEMA)
    left, right = (
        np.searchsorted(nodes.hashes, column(edge, end).view(np.uint64)) for end in ("left", "right")
    )
    order = np.lexsort((right, left))
    own = np.full(len(nodes), NO_SCORE)
    hashes = column(scored, "hash").view(np.uint64)
    at = np.minimum(np.searchsorted(nodes.hashes, hashes), max(len(nodes) - 1, 0))
    there = nodes.hashes[at] == hashes if len(nodes) else np.zeros(len(at), np.bool_)
    own[at[there]] = column(scored, "sum")[there]
    own[np.isin(nodes.hashes, mute)] = NO_SCORE + 1
    sums, relations = column(edge, "sum")[order], column(edge, "relation")[order]
    nothing = np.empty(0, np.int64)
    return Matches(left[order], right[order], sums, relations, own, 0, 0, (), 0, nothing)


def _judge(
    corpus: Corpus, nodes: Nodes, matches: Matches, texts: Iterator[Packet], learnt: Learnt, model: Model
) -> Judge:
    """Return a judge that knows what is decided, and has the texts for the rest."""
    judge = Judge(corpus.units[nodes.first], HeldTexts.of(nodes.hashes, texts), learnt, model)
    judge.memory.remember(matches.left, matches.right, Verdicts(matches.sums, matches.relations))
    known = np.flatnonzero(matches.own != NO_SCORE)
    judge.remember_own(known, matches.own[known])
    return judge


def _edge_table(articles: pa.Table, nodes: Nodes, matches: Matches) -> pa.Table:
    ids = display_ids(column(articles, "key"), articles["id"]).take(pa.array(nodes.first))
    return pa.table(
        [
            ids.take(pa.array(matches.left)), ids.take(pa.array(matches.right)),
            pa.array(np.round(probability(matches.sums), 4)), pa.array(matches.sums),
            pa.array(RELATIONS).take(pa.array(matches.relations)),
        ],
        schema=EDGES_SCHEMA,
    )  # fmt: skip
