"""What became of the clusters of the run before: born, grown, shrunk, merged, split or gone.

A cluster id names a set by its smallest key, so it may change when an earlier
key joins. Continuity is told by members instead: the heir of an old cluster is
the new one that holds most of it (ties: smaller id).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.graph import Ints

EVENT_SCHEMA: Final = pa.schema([("old_id", pa.string()), ("new_id", pa.string()), ("event", pa.string())])
"""One row per change; `old_id` is null for born, `new_id` for gone. Unchanged clusters have no row."""


def cluster_events(old_keys: Ints, old_ids: pa.Array, new_keys: Ints, new_ids: pa.Array) -> pa.Table:
    """Compare two runs.

    Parameters
    ----------
    old_keys, new_keys : int64 array, shape (n,) and (m,)
        Articles in clusters of the run before and of this one; distinct.
    old_ids, new_ids : string arrays, shape (n,) and (m,)
        Cluster id of each.

    Returns
    -------
    pa.Table
        `EVENT_SCHEMA`, sorted.
    """
    old_names, old_of = _numbered(old_ids)
    new_names, new_of = _numbered(new_ids)
    n_old, n_new = len(old_names), len(new_names)
    _, at_old, at_new = np.intersect1d(old_keys, new_keys, assume_unique=True, return_indices=True)
    codes, shared = np.unique(old_of[at_old] * n_new + new_of[at_new], return_counts=True)
    # Each pair of clusters that share articles once: the old one `o`, the new one `n`.
    o, n = codes // max(n_new, 1), codes % max(n_new, 1)
    best = np.lexsort((n, -shared, o))
    is_heir = np.zeros(len(codes), np.bool_)
    is_heir[best[np.append(True, np.diff(o[best]) != 0)[: len(best)]]] = True
    n_parents = np.bincount(n[is_heir], minlength=n_new)
    only = is_heir & (n_parents[n] == 1)
    more = np.bincount(new_of, minlength=n_new)[n] > shared
    fewer = np.bincount(old_of, minlength=n_old)[o] > shared
    names = (old_names.take(pa.array(o)), new_names.take(pa.array(n)))
    renamed = pc.not_equal(*names).to_numpy(zero_copy_only=False)
    born = np.flatnonzero(np.bincount(n, minlength=n_new) == 0)
    gone = np.flatnonzero(np.bincount(o, minlength=n_old) == 0)
    # In the order of their names; within each, pairs are sorted already.
    parts = [
        _events("born", None, new_names.take(pa.array(born))),
        _events("gone", old_names.take(pa.array(gone)), None),
    ]
    for event, rows in (
        ("grown", only & more),
        ("merged", is_heir & (n_parents[n] > 1)),
        ("renamed", only & renamed & ~more & ~fewer),
        ("shrunk", only & fewer),
        ("split", n_parents[n] == 0),
    ):
        parts.append(_events(event, *(column.filter(pa.array(rows)) for column in names)))
    return pa.concat_tables(parts).combine_chunks()


def _numbered(ids: pa.Array) -> tuple[pa.Array, Ints]:
    """Return the distinct ids in order, and the place among them of each id."""
    encoded = pc.dictionary_encode(ids)
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return encoded.dictionary.take(pa.array(order)), rank[encoded.indices.to_numpy()]


def _events(event: str, old: pa.Array | None, new: pa.Array | None) -> pa.Table:
    known = old if old is not None else new
    nothing = pa.nulls(len(known), pa.string())  # type: ignore[arg-type]
    columns = [
        nothing if old is None else old,
        nothing if new is None else new,
        pa.repeat(event, len(nothing)),
    ]
    return pa.table(columns, schema=EVENT_SCHEMA)
