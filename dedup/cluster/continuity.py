"""What became of the clusters of the run before: born, grown, shrunk, merged, split or gone.

A cluster id names a set by its smallest key, so it may change when an earlier
key joins. Continuity is told by members instead: the heir of an old cluster is
the new one that holds most of it (ties: smaller id).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

import pyarrow as pa

EVENT_SCHEMA: Final = pa.schema([("old_id", pa.string()), ("new_id", pa.string()), ("event", pa.string())])
"""One row per change; `old_id` is null for born, `new_id` for gone. Unchanged clusters have no row."""


def cluster_events(old: Mapping[int, str], new: Mapping[int, str]) -> pa.Table:
    """Compare two runs.

    Parameters
    ----------
    old, new : mapping of int to str
        Article key -> cluster id, of the run before and of this one.

    Returns
    -------
    pa.Table
        `EVENT_SCHEMA`, sorted.
    """
    shared: dict[str, Counter[str]] = defaultdict(Counter)
    for key, cluster in old.items():
        if key in new:
            shared[cluster][new[key]] += 1
    sizes_old, sizes_new = Counter(old.values()), Counter(new.values())
    heir = {o: min(counts, key=lambda n: (-counts[n], n)) for o, counts in shared.items()}
    parents: dict[str, list[str]] = defaultdict(list)
    for o, n in heir.items():
        parents[n].append(o)
    rows: set[tuple[str | None, str | None, str]] = set()
    for o in sizes_old:
        if o not in heir:
            rows.add((o, None, "gone"))
    for n in sizes_new:
        came_from = [o for o, counts in shared.items() if n in counts]
        if not came_from:
            rows.add((None, n, "born"))
        elif n not in parents:
            rows.update((o, n, "split") for o in came_from)
        elif len(parents[n]) > 1:
            rows.update((o, n, "merged") for o in parents[n])
        else:
            o = parents[n][0]
            kept = shared[o][n]
            if sizes_new[n] > kept:
                rows.add((o, n, "grown"))
            if sizes_old[o] > kept:
                rows.add((o, n, "shrunk"))
            if o != n and sizes_new[n] == kept == sizes_old[o]:
                rows.add((o, n, "renamed"))
    ordered = sorted(rows, key=lambda row: (row[2], row[0] or "", row[1] or ""))
    return pa.table(
        [list(column) for column in zip(*ordered, strict=True)] or [[], [], []], schema=EVENT_SCHEMA
    )
