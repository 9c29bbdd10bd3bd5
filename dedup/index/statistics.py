"""What `dedup stats` tells of an index."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc

from dedup.engines.matching import MIN_EQUAL_OF
from dedup.index.options import IndexStats
from dedup.index.reading import StoreReader
from dedup.index.snapshot import Snapshot
from dedup.sketch.bands import expected_recall
from dedup.sketch.shingles import BODY, BRIEF

SIMILARITIES: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)


def index_stats(store: StoreReader, snapshot: Snapshot) -> IndexStats:
    """Count what a snapshot holds."""
    outlets: Counter[str] = Counter()
    undated = 0
    times: list[datetime] = []
    for table, kept in zip(snapshot.articles(["outlet", "published"]), snapshot.current(), strict=True):
        rows = table.take(np.flatnonzero(kept))
        for entry in pc.value_counts(rows["outlet"]).to_pylist():
            if entry["values"] is not None:
                outlets[entry["values"]] += entry["counts"]
        undated += rows["published"].null_count
        bounds = pc.min_max(rows["published"]).as_py()
        times += [moment.astimezone(UTC) for moment in bounds.values() if moment is not None]
    epoch = store.epoch()
    stored = sum(part.rows for part in snapshot.parts)
    return IndexStats(
        articles=snapshot.n_articles,
        versions=stored - snapshot.n_articles,
        parts=len(snapshot.parts),
        outlets=sorted(outlets.items(), key=lambda item: (-item[1], item[0])),
        first=min(times, default=None),
        last=max(times, default=None),
        undated=undated,
        rejects=store.reject_counts(),
        epoch=None if epoch is None else (epoch.id, int(epoch.meta.get("texts", 0))),
        runs=len(store.runs()),
        bytes_on_disk=bytes_in(store.path),
        recall=_recall(BODY),
        headline_recall=_recall(BRIEF),
    )


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes; one that a writer moves meanwhile may be missed."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total


def _recall(kind: int) -> list[tuple[float, float]]:
    """S-curve of one kind of sketch: its bands and its check on equal slots. A lead's is that of a body."""
    return [
        (s, round(max(float(expected_recall(s, min_equal=MIN_EQUAL_OF[kind])), 0.0), 4)) for s in SIMILARITIES
    ]
