"""What a run leaves in the index: edges to reuse, clusters and what changed since the run before."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from dedup.cluster.continuity import cluster_events
from dedup.engines.assemble import Clustering
from dedup.engines.local import State
from dedup.engines.matching import Known
from dedup.errors import IndexFolderError
from dedup.index.reading import StoreReader
from dedup.index.reporting import cluster_ids
from dedup.index.runs import Run

EDGES_FORMAT: Final = 3
"""Changes whenever the same texts, epoch and model could give other candidate pairs or scores."""


def run_identity(epoch: str, model: str) -> dict[str, Any]:
    """What must be equal for the edges of a run to be used again."""
    return {"edges_format": EDGES_FORMAT, "epoch": epoch, "model": model}


def known_edges(store: StoreReader, identity: dict[str, Any]) -> Known | None:
    """Read what the latest run of the same identity decided; None if there was none."""
    run = store.latest_run(**identity)
    # A capped bucket pairs only neighbours, and who is a neighbour changes when texts leave.
    if run is None or run.meta.get("capped", True):
        return None
    try:
        texts, edges = run.table("texts"), run.table("edges")
    except IndexFolderError:
        return None  # a run is a cache; a damaged one only costs time
    return Known(
        texts["text_hash"].to_numpy(),
        edges["left"].to_numpy(),
        edges["right"].to_numpy(),
        edges["sum"].to_numpy(),
        edges["relation"].to_numpy(),
    )


def run_tables(state: State, clustering: Clustering, before: Run | None) -> dict[str, pa.Table]:
    """Tables of a run: texts, edges (by text hash), clusters (by article key), events.

    Parameters
    ----------
    state, clustering
        Of this run.
    before : Run, optional
        The run to tell changes against.
    """
    nodes, matches = state.nodes, state.matches
    keys = state.corpus.keys[clustering.member]
    ids = cluster_ids(state.corpus, clustering)
    names = ids[clustering.cluster] if len(ids) else np.empty(0, "<U16")
    clusters = pa.table(
        {
            "key": pa.array(keys, pa.int64()),
            "cluster_id": pa.array(names, pa.string()),
            "canonical": pa.array(clustering.member == clustering.canonical[clustering.cluster], pa.bool_()),
            "core": pa.array(clustering.member == clustering.core[clustering.cluster], pa.bool_()),
            "score": pa.array(clustering.score, pa.float64()),
        }
    )
    old: dict[int, str] = {}
    if before is not None:
        try:
            table = before.table("clusters")
            old = dict(zip(table["key"].to_pylist(), table["cluster_id"].to_pylist(), strict=True))
        except IndexFolderError:
            old = {}
    new = dict(zip(keys.tolist(), [str(name) for name in names], strict=True))
    return {
        "texts": pa.table({"text_hash": nodes.hashes}),
        "edges": pa.table(
            {
                "left": nodes.hashes[matches.left],
                "right": nodes.hashes[matches.right],
                "sum": matches.sums,
                "relation": matches.relations,
            }
        ),
        "clusters": clusters,
        "events": cluster_events(old, new),
    }
