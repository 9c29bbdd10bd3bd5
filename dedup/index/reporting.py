"""From a clustering, which is numbers, to the tables people and programs read."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.relation import RELATIONS
from dedup.engines.assemble import Clustering
from dedup.engines.corpus import Corpus, Ints
from dedup.engines.local import State
from dedup.engines.query import Near
from dedup.errors import DedupError
from dedup.index.identity import display_id
from dedup.index.snapshot import Snapshot
from dedup.report.schema import (
    CANONICAL,
    COMPOSITE_SCHEMA,
    LINK_SCHEMA,
    MEMBER_SCHEMA,
    QUERY_SCHEMA,
    ClusterReport,
)
from dedup.text.credit import find_credits

SHOWN: tuple[str, ...] = (
    "id",
    "outlet",
    "published",
    "title",
    "url",
    "place",
    "byline",
    "credit",
    "text",
    "file",
    "line",
)


_MINUTE: Final = 60
_PREFIX: Final = 4  # characters of a cluster id that may stand for it


def cluster_ids(corpus: Corpus, clustering: Clustering) -> NDArray[np.str_]:
    """Return the name of each cluster: a hash of its smallest article key, the same in every engine.

    Returns
    -------
    str array, shape (k,)
        16 hexadecimal digits each.
    """
    first = np.flatnonzero(np.append(True, np.diff(clustering.cluster) != 0)[: len(clustering.cluster)])
    # Members stand in key order within their cluster.
    keys = corpus.keys[clustering.member[first]].tolist()
    names = [blake2b(int(key).to_bytes(8, "little", signed=True), digest_size=8).hexdigest() for key in keys]
    return np.array(names, dtype="<U16")


def display_ids(corpus: Corpus, feed_ids: list[str | None], articles: Ints) -> list[str]:
    """Return the id a user sees of each article: the feed's own, or the key."""
    return [
        display_id(feed_id, int(key)) for feed_id, key in zip(feed_ids, corpus.keys[articles], strict=True)
    ]


def member_table(snapshot: Snapshot, corpus: Corpus, clustering: Clustering) -> pa.Table:
    """Build the member table, in cluster and key order (`ClusterReport.select` sorts it)."""
    member = clustering.member
    if not len(member):
        return MEMBER_SCHEMA.empty_table()
    rows = snapshot.rows_at(corpus.part[member], corpus.row[member], SHOWN)
    ids = display_ids(corpus, rows["id"].to_pylist(), member)
    canonical = clustering.canonical[clustering.cluster]
    place = {article: i for i, article in enumerate(member.tolist())}
    relation = [RELATIONS[code] for code in clustering.relation.tolist()]
    relation = [
        CANONICAL if a == c else r
        for a, c, r in zip(member.tolist(), canonical.tolist(), relation, strict=True)
    ]
    times, first = corpus.published_s[member], corpus.published_s[canonical]
    known = (times != UNKNOWN) & (first != UNKNOWN)
    # Nobody knows by how many hours "4 March" precedes "4 March 06:10". Minutes and seconds are near enough.
    coarse = np.stack([corpus.precision_s[member], corpus.precision_s[canonical]])
    known &= (coarse[0] == coarse[1]) | (coarse.max(axis=0) <= _MINUTE)
    lag = times - first
    columns = {
        "cluster_id": pa.array(cluster_ids(corpus, clustering)[clustering.cluster]),
        "article_id": pa.array(ids),
        "canonical_id": pa.array([ids[place[article]] for article in canonical.tolist()]),
        "relation": pa.array(relation),
        "score": pa.array(np.round(clustering.score, 4)),
        "lag_s": pa.array(np.where(known, lag, 0), mask=~known),
        "credit": pa.array([found.agency if found else None for found in find_credits(rows)], pa.string()),
        "size": pa.array(np.bincount(clustering.cluster)[clustering.cluster], pa.int32()),
    }
    arrays = [
        columns.get(field.name, rows[field.name] if field.name in rows.column_names else None)
        for field in MEMBER_SCHEMA
    ]
    return pa.table(arrays, names=MEMBER_SCHEMA.names).cast(MEMBER_SCHEMA)


def link_table(corpus: Corpus, clustering: Clustering) -> pa.Table:
    """Build the table of clusters that were one chain."""
    names = cluster_ids(corpus, clustering)
    pairs = sorted(sorted((str(names[a]), str(names[b]))) for a, b in clustering.links.tolist())
    return pa.table([[a for a, _ in pairs], [b for _, b in pairs]], schema=LINK_SCHEMA)


def composite_table(snapshot: Snapshot, corpus: Corpus, clustering: Clustering) -> pa.Table:
    """Build the table of composites, by article id."""
    articles = clustering.composites
    if not len(articles):
        return COMPOSITE_SCHEMA.empty_table()
    rows = snapshot.rows_at(corpus.part[articles], corpus.row[articles], ("id", "outlet", "title"))
    names = cluster_ids(corpus, clustering)
    linked: dict[int, list[str]] = {article: [] for article in articles.tolist()}
    for article, cluster in clustering.composite_links.tolist():
        linked[article].append(str(names[cluster]))
    table = pa.table(
        [display_ids(corpus, rows["id"].to_pylist(), articles), rows["outlet"], rows["title"],
         [sorted(clusters) for clusters in linked.values()]],
        schema=COMPOSITE_SCHEMA,
    )  # fmt: skip
    return table.sort_by("article_id")


def cluster_report(
    snapshot: Snapshot, state: State, clustering: Clustering, n_chosen: int, notes: tuple[str, ...]
) -> ClusterReport:
    """Put tables and counts of a run over `n_chosen` articles together; the caller adds the time taken."""
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
    return ClusterReport(
        member_table(snapshot, state.corpus, clustering),
        composite_table(snapshot, state.corpus, clustering),
        link_table(state.corpus, clustering),
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
    ids = rows["cluster_id"].to_pylist()
    found = {one for one in ids if one == name}
    if not found:
        members = zip(ids, rows["article_id"].to_pylist(), rows["url"].to_pylist(), strict=True)
        found = {cluster for cluster, article, url in members if name in (article, url)}
    if not found and not is_article and len(name) >= _PREFIX:
        found = {one for one in ids if one.startswith(name)}
        if len(found) > 1:
            listed = ", ".join(sorted(found)[:5])
            raise DedupError(f"{name!r} begins {len(found)} cluster ids: {listed}", "give more of it")
    if not found and not is_article:
        raise DedupError(
            f"{name!r} is neither a cluster nor an article of {folder}",
            "give an id as `dedup clusters` prints it",
        )
    kept = pc.is_in(rows["cluster_id"], pa.array(sorted(found), pa.string()))
    return ClusterReport(rows.filter(kept), report.composites, report.links, report.counts, report.notes)


def match_table(
    snapshot: Snapshot, corpus: Corpus, clustering: Clustering, articles: pa.Table, near: Near
) -> pa.Table:
    """Build the table of what was found near some articles, best first for each."""
    if not len(near.asked):
        return QUERY_SCHEMA.empty_table()
    columns = ("id", "outlet", "published", "title", "url")
    rows = snapshot.rows_at(corpus.part[near.found], corpus.row[near.found], columns)
    names = cluster_ids(corpus, clustering)
    members = zip(clustering.member.tolist(), clustering.cluster.tolist(), strict=True)
    cluster_of = {article: str(names[cluster]) for article, cluster in members}
    titles, asked_ids = articles["title"].to_pylist(), articles["id"].to_pylist()
    own = {
        "query": pa.array(near.asked, pa.int64()),
        "query_id": pa.array([asked_ids[row] for row in near.asked.tolist()], pa.string()),
        "query_title": pa.array([titles[row] for row in near.asked.tolist()], pa.string()),
        "article_id": pa.array(display_ids(corpus, rows["id"].to_pylist(), near.found)),
        "cluster_id": pa.array([cluster_of.get(article) for article in near.found.tolist()], pa.string()),
        "score": pa.array(near.score),
        "relation": pa.array(near.relation),
    }
    arrays = [own.get(name, rows[name] if name in rows.column_names else None) for name in QUERY_SCHEMA.names]
    table = pa.table(arrays, names=QUERY_SCHEMA.names).cast(QUERY_SCHEMA)
    return table.sort_by([("query", "ascending"), ("score", "descending"), ("article_id", "ascending")])
