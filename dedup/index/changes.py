"""What a run changed, as it is stored with the run: it can be told when the run before is gone."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.continuity import cluster_events
from dedup.cluster.graph import Ints
from dedup.report.events import EVENTS

CHANGES_SCHEMA: Final = pa.schema(
    [
        ("event", pa.string()),  # one of `EVENTS`
        ("cluster_id", pa.string()),  # as it is called now; of one that ended: as it was called
        ("old_ids", pa.list_(pa.string())),  # the clusters of the run before that it comes from
        ("size_before", pa.int64()),  # articles in those
        ("size", pa.int64()),  # articles in it now
        ("joined", pa.int64()),  # articles of it that were in none of the old ones
        ("left", pa.int64()),  # articles of the old ones that are not in it
        ("key", pa.int64()),  # of its canonical article
    ]
)
"""One row per cluster and event, in the order of `EVENTS`, then by size, then by id."""

_NAMES: Final = {"gone": "ended"}


class _Clusters:
    """The clusters of a run by their ids.

    Parameters
    ----------
    table : pa.Table
        Columns key, cluster_id, canonical.
    """

    def __init__(self, table: pa.Table) -> None:
        encoded = pc.dictionary_encode(table["cluster_id"].combine_chunks())
        self.names: pa.Array = encoded.dictionary
        self.keys: Ints = table["key"].to_numpy()
        self.of: Ints = encoded.indices.to_numpy().astype(np.int64)
        self.sizes: Ints = np.bincount(self.of, minlength=len(self.names)).astype(np.int64)
        chosen = table["canonical"].to_numpy()
        self.canonical = np.zeros(len(self.names), np.int64)
        self.canonical[self.of[chosen]] = self.keys[chosen]

    def at(self, ids: pa.Array) -> Ints:
        """Return the places of ids, -1 where there is none."""
        places = pc.fill_null(pc.index_in(ids, value_set=self.names), -1)
        return places.to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def cluster_changes(old: pa.Table, new: pa.Table) -> pa.Table:
    """Compare the clusters of two runs.

    Parameters
    ----------
    old, new : pa.Table
        Table "clusters" of the run before (no rows: there was none) and of this one.

    Returns
    -------
    pa.Table
        `CHANGES_SCHEMA`. Clusters that hold the same articles as before have no row.
    """
    was, now = _Clusters(old), _Clusters(new)
    found = cluster_events(
        was.keys, old["cluster_id"].combine_chunks(), now.keys, new["cluster_id"].combine_chunks()
    )
    is_born = pc.equal(found["event"], "born")
    # Of a first run all clusters, so they are not gone through one by one.
    born = now.at(found["new_id"].filter(is_born).combine_chunks())
    tables = [_born(now, born), _others(was, now, found.filter(pc.invert(is_born)))]
    changes = pa.concat_tables(tables)
    order = pc.index_in(changes["event"], value_set=pa.array(EVENTS))
    keys = [("order", "ascending"), ("size", "descending"), ("size_before", "descending")]
    ordered = changes.append_column("order", order).sort_by([*keys, ("cluster_id", "ascending")])
    return ordered.drop_columns(["order"]).combine_chunks()


def told_clusters(changes: pa.Table) -> int:
    """Return how many clusters that are there now are not as they were."""
    there = changes.filter(pc.not_equal(changes["event"], "ended"))
    number: int = pc.count_distinct(there["cluster_id"]).as_py()
    return number


def change_counts(changes: pa.Table) -> dict[str, int]:
    """Return the number of clusters by event, and under ``merged_from`` of those that were merged."""
    counts = {row["values"]: row["counts"] for row in pc.value_counts(changes["event"]).to_pylist()}
    merged = changes.filter(pc.equal(changes["event"], "merged"))["old_ids"]
    return {**counts, "merged_from": pc.sum(pc.list_value_length(merged)).as_py() or 0}


def _born(now: _Clusters, at: Ints) -> pa.Table:
    size, none = now.sizes[at], np.zeros(len(at), np.int64)
    offsets = pa.array(np.zeros(len(at) + 1, np.int32))
    columns = {
        "event": pa.repeat("born", len(at)),
        "cluster_id": now.names.take(pa.array(at)),
        "old_ids": pa.ListArray.from_arrays(offsets, pa.array([], pa.string())),
        "size_before": none, "size": size, "joined": size, "left": none, "key": now.canonical[at],
    }  # fmt: skip
    return pa.table(columns, schema=CHANGES_SCHEMA)


def _others(was: _Clusters, now: _Clusters, found: pa.Table) -> pa.Table:
    """Return the changes of clusters that come of old ones."""
    # (event, the new cluster or the one that ended) -> the old clusters it comes from.
    changes: dict[tuple[str, str], list[str]] = {}
    for row in found.to_pylist():
        event = _NAMES.get(row["event"], row["event"])
        if event in EVENTS:
            changes.setdefault((event, row["new_id"] or row["old_id"]), []).append(row["old_id"])
    # Looked up all at once: each look-up goes through all names.
    of = np.repeat(np.arange(len(changes)), [len(olds) for olds in changes.values()])
    old = was.at(pa.array([one for olds in changes.values() for one in olds], pa.string()))
    new = now.at(pa.array([name for _, name in changes], pa.string()))
    ended = np.array([event == "ended" for event, _ in changes], np.bool_)
    before = _summed(of, was.sizes[old], len(changes))
    both = _summed(of, np.where(ended[of], 0, _shared(was, now, old, new[of])), len(changes))
    # One that ended comes of itself alone, so `old` has one place for it.
    key, size = np.zeros(len(changes), np.int64), np.zeros(len(changes), np.int64)
    size[~ended], key[~ended] = now.sizes[new[~ended]], now.canonical[new[~ended]]
    key[ended] = was.canonical[old[ended[of]]]
    columns = {
        "event": pa.array([event for event, _ in changes], pa.string()),
        "cluster_id": pa.array([name for _, name in changes], pa.string()),
        "old_ids": pa.array(list(changes.values()), pa.list_(pa.string())),
        "size_before": before, "size": size, "joined": size - both, "left": before - both, "key": key,
    }  # fmt: skip
    return pa.table(columns, schema=CHANGES_SCHEMA)


def _summed(groups: Ints, values: Ints, n: int) -> Ints:
    sums = np.zeros(n, np.int64)
    np.add.at(sums, groups, values)
    return sums


def _shared(was: _Clusters, now: _Clusters, old: Ints, new: Ints) -> Ints:
    """Return how many articles the clusters of each pair of places have in common."""
    _, at_old, at_new = np.intersect1d(was.keys, now.keys, assume_unique=True, return_indices=True)
    width = len(now.names)
    codes, counts = np.unique(was.of[at_old] * width + now.of[at_new], return_counts=True)
    if not len(codes):
        return np.zeros(len(old), np.int64)
    wanted = old * width + new
    found = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(codes[found] == wanted, counts[found], 0)
