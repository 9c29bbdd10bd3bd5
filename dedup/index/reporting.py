"""From a clustering, which is numbers, to the tables people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.relation import RELATIONS
from dedup.engines.assemble import Clustering
from dedup.engines.corpus import Corpus, Ints
from dedup.engines.holding import Holding
from dedup.engines.local import State
from dedup.engines.query import Near
from dedup.engines.shelf import Shelf
from dedup.errors import DedupError
from dedup.index.credits import credit_columns
from dedup.index.shown import Shown
from dedup.index.snapshot import Snapshot
from dedup.report.schema import (
    CANONICAL,
    COMPOSITE_SCHEMA,
    LINK_SCHEMA,
    MEMBER_SCHEMA,
    QUERY_SCHEMA,
    ClusterReport,
)
from dedup.text.credit import Agency

_MINUTE: Final = 60
_PREFIX: Final = 4  # characters of a cluster id that may stand for it


def cluster_ids(corpus: Corpus, clustering: Clustering) -> pa.Array:
    """Return the name of each cluster: a hash of its smallest article key, the same in every engine.

    Returns
    -------
    string array, shape (k,)
        16 hexadecimal digits each.
    """
    first = np.flatnonzero(np.append(True, np.diff(clustering.cluster) != 0)[: len(clustering.cluster)])
    # Members stand in key order within their cluster.
    keys = corpus.keys[clustering.member[first]].astype("<i8").tobytes()
    return _hex(b"".join(blake2b(keys[at : at + 8], digest_size=8).digest() for at in range(0, len(keys), 8)))


def display_ids(keys: Ints, feed_ids: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the id a user sees of each article: the feed's own, or the key (`display_id`)."""
    given = pc.fill_null(pc.not_equal(feed_ids, ""), False)
    found = pc.if_else(given, feed_ids, _hex(keys.astype(">i8").tobytes()))
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _hex(numbers: bytes) -> pa.Array:
    """Return every eight bytes as 16 hexadecimal digits."""
    offsets = np.arange(0, 2 * len(numbers) + 1, 16, dtype=np.int32)
    digits = numbers.hex().encode()
    return pa.StringArray.from_buffers(len(numbers) // 8, pa.py_buffer(offsets), pa.py_buffer(digits))


def member_table(
    shown: Shown,
    corpus: Corpus,
    clustering: Clustering,
    names: pa.Array,
    agencies: Sequence[Agency] | None = None,
) -> pa.Table:
    """Build the member table, in cluster and key order (`ClusterReport.select` sorts it).

    Parameters
    ----------
    shown : Shown
        Of its members.
    corpus, clustering
        Of one run.
    names : string array, shape (k,)
        What `cluster_ids` gives.
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.
    """
    member = clustering.member
    if not len(member):
        return MEMBER_SCHEMA.empty_table()
    rows = shown.rows
    ids = display_ids(corpus.keys[member], rows["id"])
    canonical = clustering.canonical[clustering.cluster]
    place = np.empty(len(corpus), np.int64)
    place[member] = np.arange(len(member))
    relation = np.where(member == canonical, len(RELATIONS), clustering.relation)
    times, first = corpus.published_s[member], corpus.published_s[canonical]
    known = (times != UNKNOWN) & (first != UNKNOWN)
    # Nobody knows by how many hours "4 March" precedes "4 March 06:10". Minutes and seconds are near enough.
    coarse = np.stack([corpus.precision_s[member], corpus.precision_s[canonical]])
    known &= (coarse[0] == coarse[1]) | (coarse.max(axis=0) <= _MINUTE)
    columns = {
        "cluster_id": names.take(pa.array(clustering.cluster)),
        "article_id": ids,
        "canonical_id": ids.take(pa.array(place[canonical])),
        "relation": pa.array([*RELATIONS, CANONICAL]).take(pa.array(relation)),
        "score": pa.array(np.round(clustering.score, 4)),
        "lag_s": pa.array(np.where(known, times - first, 0), mask=~known),
        "size": pa.array(np.bincount(clustering.cluster)[clustering.cluster], pa.int32()),
        **credit_columns(rows, shown.credits, clustering.cluster, times, agencies),
    }
    arrays = [columns[name] if name in columns else rows[name] for name in MEMBER_SCHEMA.names]
    return pa.table(arrays, names=MEMBER_SCHEMA.names).cast(MEMBER_SCHEMA)


def link_table(clustering: Clustering, names: pa.Array) -> pa.Table:
    """Build the table of clusters that were one chain; `names` is what `cluster_ids` gives."""
    ends = [names.take(pa.array(clustering.links[:, end])) for end in range(2)]
    table = pa.table([pc.min_element_wise(*ends), pc.max_element_wise(*ends)], schema=LINK_SCHEMA)
    return table.sort_by([(name, "ascending") for name in LINK_SCHEMA.names])


def composite_table(holding: Holding, corpus: Corpus, clustering: Clustering, names: pa.Array) -> pa.Table:
    """Build the table of composites, by article id; `names` is what `cluster_ids` gives."""
    articles = clustering.composites
    if not len(articles):
        return COMPOSITE_SCHEMA.empty_table()
    rows = holding.rows_at(corpus.part[articles], corpus.row[articles], ("id", "outlet", "title"))
    linked: dict[int, list[str]] = {article: [] for article in articles.tolist()}
    clusters = names.take(pa.array(clustering.composite_links[:, 1])).to_pylist()
    for article, cluster in zip(clustering.composite_links[:, 0].tolist(), clusters, strict=True):
        linked[article].append(cluster)
    table = pa.table(
        [display_ids(corpus.keys[articles], rows["id"]), rows["outlet"], rows["title"],
         [sorted(clusters) for clusters in linked.values()]],
        schema=COMPOSITE_SCHEMA,
    )  # fmt: skip
    return table.sort_by("article_id")


def cluster_report(
    snapshot: Snapshot,
    state: State,
    clustering: Clustering,
    shown: Shown,
    n_chosen: int,
    notes: tuple[str, ...],
    agencies: Sequence[Agency] | None = None,
) -> ClusterReport:
    """Put tables and counts of a run over `n_chosen` articles together; the caller adds the time taken.

    `shown` is of the members, and its credits were found by `agencies`.
    """
    counts: dict[str, int | float] = {
        "articles": n_chosen,
        "indexed": len(state.corpus),
        "clusters": len(clustering.canonical),
        "clustered": len(clustering.member),
        "composites": len(clustering.composites),
        "without_words": int((state.nodes.of < 0).sum()),
        "distinct_texts": len(state.nodes),
        "candidate_pairs": state.matches.n_candidates,
        "judged_pairs": state.matches.n_judged,
        "confirmed_pairs": clustering.n_edges,
        "capped_buckets": len(state.matches.capped),
    }
    names = cluster_ids(state.corpus, clustering)
    return ClusterReport(
        member_table(shown, state.corpus, clustering, names, agencies),
        composite_table(snapshot, state.corpus, clustering, names),
        link_table(clustering, names),
        counts,
        notes,
    )


def one_cluster(report: ClusterReport, name: str, is_article: bool, folder: Path) -> ClusterReport:
    """Return the cluster of a report that `name` means: its id, the beginning of it, a member's id or URL.

    Parameters
    ----------
    report : ClusterReport
    name : str
    is_article : bool
        Whether the index has an article of that name; then a report without members is an answer too.
    folder : Path
        Of the index, for the message.

    Raises
    ------
    DedupError
        If nothing has that name, or several clusters begin with it.
    """
    rows = report.members
    ids = rows["cluster_id"]
    found = _distinct(ids.filter(pc.equal(ids, name)))
    if not found:
        named = pc.or_kleene(pc.equal(rows["article_id"], name), pc.equal(rows["url"], name))
        found = _distinct(ids.filter(named))
    if not found and not is_article and len(name) >= _PREFIX:
        found = _distinct(ids.filter(pc.starts_with(ids, name)))
        if len(found) > 1:
            listed = ", ".join(found[:5])
            raise DedupError(f"{name!r} begins {len(found)} cluster ids: {listed}", "give more of it")
    if not found and not is_article:
        raise DedupError(
            f"{name!r} is neither a cluster nor an article of {folder}",
            "give an id as `dedup clusters` prints it",
        )
    kept = pc.is_in(rows["cluster_id"], pa.array(found, pa.string()))
    return ClusterReport(rows.filter(kept), report.composites, report.links, report.counts, report.notes)


def _distinct(names: pa.ChunkedArray) -> list[str]:
    return sorted(pc.unique(names).to_pylist())


def match_table(shelf: Shelf, cluster_of: pa.Array, articles: pa.Table, near: Near) -> pa.Table:
    """Build the table of what was found near some articles, best first for each.

    Parameters
    ----------
    shelf : Shelf
    cluster_of : string array
        Cluster of each article found, null for one in none.
    articles : pa.Table
        Those asked about.
    near : Near
    """
    if not len(near.asked):
        return QUERY_SCHEMA.empty_table()
    columns = ("id", "outlet", "published", "title", "url")
    rows = shelf.snapshot.rows_at(shelf.part[near.found], shelf.row[near.found], columns)
    titles, asked_ids = articles["title"].to_pylist(), articles["id"].to_pylist()
    own = {
        "query": pa.array(near.asked, pa.int64()),
        "query_id": pa.array([asked_ids[row] for row in near.asked.tolist()], pa.string()),
        "query_title": pa.array([titles[row] for row in near.asked.tolist()], pa.string()),
        "article_id": display_ids(shelf.keys[near.found], rows["id"]),
        "cluster_id": cluster_of,
        "score": pa.array(near.score),
        "relation": pa.array(near.relation),
    }
    arrays = [own.get(name, rows[name] if name in rows.column_names else None) for name in QUERY_SCHEMA.names]
    table = pa.table(arrays, names=QUERY_SCHEMA.names).cast(QUERY_SCHEMA)
    return table.sort_by([("query", "ascending"), ("score", "descending"), ("article_id", "ascending")])
