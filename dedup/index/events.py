"""What became of the clusters between two stored runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.continuity import cluster_events
from dedup.errors import DedupError, IndexFolderError
from dedup.index.reading import StoreReader
from dedup.index.reporting import display_ids
from dedup.index.runs import Run
from dedup.report.events import EVENT_SCHEMA, EVENTS, EventReport, events_line

_NAMES = {"gone": "ended"}
_SAME_KIND = ("epoch", "model", "edges_format")


def event_report(store: StoreReader, number: int | None = None, since: int | None = None) -> EventReport:
    """Compare a stored run with one before it.

    Parameters
    ----------
    store : StoreReader
    number : int, optional
        The run; the latest by default.
    since : int, optional
        The run to compare it with; by default the one before it of the same settings.

    Raises
    ------
    IndexFolderError
        If there is no run, or a run is damaged.
    DedupError
        If there is no such run, or the two were made by other settings.
    """
    runs = store.runs()
    if not runs:
        raise IndexFolderError(
            f"index {store.path} has no runs yet, so nothing has changed",
            f"run first: dedup clusters {store.path}",
        )
    run = runs[-1] if number is None else _numbered(runs, number)
    before = _before(runs, run) if since is None else _numbered(runs, since)
    if before is not None and since is not None:
        if before.number > run.number:
            raise DedupError(f"run {since} came after run {run.number}", "give an earlier one")
        if before.meta.get("settings") != run.meta.get("settings"):
            raise DedupError(
                f"run {since} had another threshold, window or --no-furniture than run {run.number}",
                "compare runs of the same options",
            )
    new = run.table("clusters")
    old = new.slice(0, 0) if before is None else before.table("clusters")
    found = cluster_events(*_members(old), *_members(new))
    changes = _changes(found)
    table = _described(store, changes, old, new, run.number, None if before is None else before.number)
    clusters = pc.count_distinct(new["cluster_id"]).as_py()
    return EventReport(
        run=run.number,
        since=None if before is None else before.number,
        events=table,
        clusters=clusters,
        unchanged=clusters - _changed(changes),
        learnt_anew=before is not None and learnt_anew(before, run.meta),
    )


def learnt_anew(before: Run, meta: dict[str, Any]) -> bool:
    """Whether a run and one of that `meta` decided by different epochs or models."""
    return any(before.meta.get(name) != meta.get(name) for name in _SAME_KIND)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the run of a report.

    Parameters
    ----------
    number : int
        Its number.
    new : bool
        Whether it was stored now; else the same articles were reported on before by the same rules.
    line : str
        What has changed, in one line.
    """

    number: int
    new: bool
    line: str


def kept_again(run: Run) -> Kept:
    """Return what there is to tell of a run that was there already."""
    return Kept(run.number, False, f"nothing new since run {run.number}")


def kept(number: int, before: Run | None, meta: dict[str, Any], tables: dict[str, pa.Table]) -> Kept:
    """Return what there is to tell of a run that was just stored."""
    clusters = pc.count_distinct(tables["clusters"]["cluster_id"]).as_py()
    if before is None:
        return Kept(number, True, events_line(number, None, {"born": clusters}, 0))
    changes = _changes(tables["events"])
    counts = Counter(event for event, _ in changes)
    counts["merged_from"] = sum(len(olds) for (event, _), olds in changes.items() if event == "merged")
    unchanged, anew = clusters - _changed(changes), learnt_anew(before, meta)
    line = events_line(number, before.number, counts, unchanged, learnt_anew=anew)
    return Kept(number, True, line)


def _changes(found: pa.Table) -> dict[tuple[str, str], list[str]]:
    """Map (event, the new cluster or the one that ended) to the old clusters it comes from."""
    changes: dict[tuple[str, str], list[str]] = {}
    for row in found.to_pylist():
        event = _NAMES.get(row["event"], row["event"])
        if event in EVENTS:
            olds = changes.setdefault((event, row["new_id"] or row["old_id"]), [])
            olds += [row["old_id"]] if row["old_id"] is not None else []
    return changes


def _changed(changes: dict[tuple[str, str], list[str]]) -> int:
    """Clusters there now that are not as they were."""
    return len({name for event, name in changes if event != "ended"})


def _numbered(runs: Sequence[Run], number: int) -> Run:
    for run in runs:
        if run.number == number:
            return run
    raise DedupError(f"there is no run {number}", f"the runs are {runs[0].number} to {runs[-1].number}")


def _before(runs: Sequence[Run], run: Run) -> Run | None:
    if "since" in run.meta:
        return next((one for one in runs if one.number == run.meta["since"]), None)
    same = [
        one
        for one in runs
        if one.number < run.number and one.meta.get("settings") == run.meta.get("settings")
    ]
    return same[-1] if same else None


def _members(clusters: pa.Table) -> tuple[Any, pa.Array]:
    names = clusters["cluster_id"]
    return clusters["key"].to_numpy(), pa.array(names.to_pylist(), pa.string())


def _described(
    store: StoreReader,
    changes: dict[tuple[str, str], list[str]],
    old: pa.Table,
    new: pa.Table,
    run: int,
    since: int | None,
) -> pa.Table:
    """Return `EVENT_SCHEMA` of what `_changes` found."""
    sizes = {"old": _counted(old["cluster_id"]), "new": _counted(new["cluster_id"])}
    shared = _shared(old, new)
    rows: list[dict[str, Any]] = []
    for (event, name), olds in changes.items():
        size = 0 if event == "ended" else sizes["new"][name]
        before = sum(sizes["old"][one] for one in olds)
        both = sum(shared[one, name] for one in olds)
        rows.append(
            {
                "run": run, "since": since, "event": event, "cluster_id": name, "old_ids": olds,
                "size_before": before, "size": size, "joined": size - both, "left": before - both,
            }
        )  # fmt: skip
    order = {event: place for place, event in enumerate(EVENTS)}
    rows.sort(key=lambda row: (order[row["event"]], -row["size"], -row["size_before"], row["cluster_id"]))
    canonical = {"old": _canonical(old), "new": _canonical(new)}
    keys = [canonical["old" if row["event"] == "ended" else "new"][row["cluster_id"]] for row in rows]
    with store.snapshot() as snapshot:
        told = snapshot.rows(keys, ["id", "outlet", "published", "title"])
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(EVENT_SCHEMA)[:9]))
    table = table.append_column("canonical_id", display_ids(np.array(keys, np.int64), told["id"]))
    for name in ("outlet", "published", "title"):
        table = table.append_column(name, told[name])
    return table.cast(EVENT_SCHEMA)


def _counted(names: pa.ChunkedArray) -> Counter[str]:
    return Counter(names.to_pylist())


def _shared(old: pa.Table, new: pa.Table) -> Counter[tuple[str, str]]:
    """Articles that each two clusters of the runs have in common."""
    _, at_old, at_new = np.intersect1d(
        old["key"].to_numpy(), new["key"].to_numpy(), assume_unique=True, return_indices=True
    )
    pairs = zip(
        old["cluster_id"].take(pa.array(at_old)).to_pylist(),
        new["cluster_id"].take(pa.array(at_new)).to_pylist(),
        strict=True,
    )
    return Counter(pairs)


def _canonical(clusters: pa.Table) -> dict[str, int]:
    chosen = clusters.filter(clusters["canonical"])
    return dict(zip(chosen["cluster_id"].to_pylist(), chosen["key"].to_pylist(), strict=True))
