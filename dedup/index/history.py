"""What a run leaves in the index: edges to reuse, clusters and what changed since the run before."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from dedup.engines.assemble import Clustering
from dedup.engines.local import State
from dedup.engines.matching import Known, Proposed
from dedup.errors import IndexFolderError
from dedup.index.changes import cluster_changes
from dedup.index.reading import StoreReader
from dedup.index.reporting import cluster_ids
from dedup.index.runs import Run
from dedup.sketch.bands import CappedBucket

EDGES_FORMAT: Final = 5
"""Changes whenever the same texts, epoch and model could give other candidate pairs or scores."""

CAPPED: Final = "capped"
"""Table of the buckets not paired in full."""


def run_identity(epoch: str, model: str) -> dict[str, Any]:
    """What must be equal for the edges of a run to be used again."""
    return {"edges_format": EDGES_FORMAT, "epoch": epoch, "model": model}


def known_edges(store: StoreReader, identity: dict[str, Any], generation: int) -> Known | None:
    """Read what the latest run of the same identity decided; None if there was none.

    Of a run of the same generation, what it proposed is known too.
    """
    run = store.latest_run(**identity)
    if run is None:
        return None
    try:
        with run.held():
            texts, pairs = run.table("texts"), run.table("edges")
            same = run.meta.get("generation") == generation and CAPPED in run.tables
            proposed = _proposed(pairs, run.table(CAPPED), run.meta["crowded"]) if same else None
    except IndexFolderError:
        return None  # a run is a cache; a damaged one only costs time
    return Known(
        hashes=texts["text_hash"].to_numpy(),
        own=texts["own"].to_numpy(),
        left=pairs["left"].to_numpy(),
        right=pairs["right"].to_numpy(),
        sums=pairs["sum"].to_numpy(),
        relations=pairs["relation"].to_numpy(),
        proposed=proposed,
    )


def _proposed(pairs: pa.Table, capped: pa.Table, n_crowded: int) -> Proposed:
    candidates = pairs.filter(pairs["candidate"])
    buckets = zip(capped["band"].to_pylist(), capped["size"].to_pylist(), strict=True)
    return Proposed(
        candidates["left"].to_numpy(),
        candidates["right"].to_numpy(),
        tuple(CappedBucket(band, size) for band, size in buckets),
        n_crowded,
    )


def run_before(store: StoreReader, settings: str) -> tuple[Run, pa.Table] | None:
    """Return the newest run of the same settings whose clusters can be read, and those; None without one."""
    for run in reversed(store.runs()):
        if run.meta.get("settings") == settings:
            try:
                return run, run.table("clusters")
            except IndexFolderError:
                continue  # a run is a cache; changes are told against the one before the damaged one
    return None


def run_tables(state: State, clustering: Clustering, before: pa.Table | None) -> dict[str, pa.Table]:
    """Tables of a run: texts, edges (by text hash), capped buckets, clusters (by article key), changes.

    Parameters
    ----------
    state, clustering
        Of this run.
    before : pa.Table, optional
        Table "clusters" of the run to tell changes against.
    """
    nodes = state.nodes
    # More than the edges: what clustering asked about besides is not judged again either.
    left, right, verdicts = state.judge.memory.everything()
    candidate = np.zeros(len(left), np.bool_)
    candidate[np.searchsorted(left * len(nodes) + right, state.matches.proposed)] = True
    capped = state.matches.capped
    keys = state.corpus.keys[clustering.member]
    names = cluster_ids(state.corpus, clustering).take(pa.array(clustering.cluster))
    clusters = pa.table(
        {
            "key": pa.array(keys, pa.int64()),
            "cluster_id": names,
            "canonical": pa.array(clustering.member == clustering.canonical[clustering.cluster], pa.bool_()),
            "core": pa.array(clustering.member == clustering.core[clustering.cluster], pa.bool_()),
            "score": pa.array(clustering.score, pa.float64()),
        }
    )
    return {
        "texts": pa.table({"text_hash": nodes.hashes, "own": state.judge.own_sums}),
        "edges": pa.table(
            {
                "left": nodes.hashes[left],
                "right": nodes.hashes[right],
                "sum": verdicts.sums,
                "relation": verdicts.relations,
                "candidate": candidate,
            }
        ),
        CAPPED: pa.table(
            {
                "band": pa.array([bucket.band for bucket in capped], pa.int32()),
                "size": pa.array([bucket.size for bucket in capped], pa.int64()),
            }
        ),
        "clusters": clusters,
        "changes": cluster_changes(clusters.slice(0, 0) if before is None else before, clusters),
    }
