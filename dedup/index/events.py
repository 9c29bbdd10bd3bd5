"""What became of the clusters between two stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import DedupError, IndexFolderError
from dedup.index.changes import change_counts, cluster_changes, told_clusters
from dedup.index.reading import StoreReader
from dedup.index.reporting import display_ids
from dedup.index.runs import Run
from dedup.report.events import EVENT_SCHEMA, EventReport, events_line

CHANGES: Final = "changes"
"""Name of the table that holds `dedup.index.changes.CHANGES_SCHEMA` in a run."""

_SAME_KIND: Final = ("epoch", "model", "edges_format")


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
        If there is no such run, it is no longer kept, or the two were made by other settings.
    """
    runs = store.runs()
    if not runs:
        raise IndexFolderError(
            f"index {store.path} has no runs yet, so nothing has changed",
            f"run first: dedup clusters {store.path}",
        )
    run = runs[-1] if number is None else _numbered(store, runs, number)
    if since is None and CHANGES in run.tables:
        # Stored with the run, so that they can be told when the run before is gone.
        changes = run.table(CHANGES)
        told, anew = run.meta["since"], run.meta["learnt_anew"]
        clusters = run.table("clusters")["cluster_id"]
    else:
        before = _before(store, runs, run) if since is None else _numbered(store, runs, since)
        if before is not None and since is not None:
            _comparable(before, run)
        new = run.table("clusters")
        changes = cluster_changes(new.slice(0, 0) if before is None else before.table("clusters"), new)
        told = None if before is None else before.number
        anew = before is not None and learnt_anew(before, run.meta)
        clusters = new["cluster_id"]
    n_clusters = pc.count_distinct(clusters).as_py()
    return EventReport(
        run=run.number,
        since=told,
        events=_described(store, changes, run.number, told),
        clusters=n_clusters,
        unchanged=n_clusters - told_clusters(changes),
        learnt_anew=anew,
    )


def learnt_anew(before: Run, meta: dict[str, Any]) -> bool:
    """Whether a run and one of that `meta` decided by different epochs or models."""
    return any(before.meta.get(name) != meta.get(name) for name in _SAME_KIND)


@dataclass(frozen=True, slots=True)
class NotKept:
    """That the run of a report could not be kept.

    Parameters
    ----------
    reason : str
        Why, for the user.
    """

    reason: str


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


def kept(number: int, meta: dict[str, Any], tables: dict[str, pa.Table]) -> Kept:
    """Return what there is to tell of a run that was just stored."""
    changes = tables[CHANGES]
    clusters = pc.count_distinct(tables["clusters"]["cluster_id"]).as_py()
    unchanged = clusters - told_clusters(changes)
    line = events_line(
        number, meta["since"], change_counts(changes), unchanged, learnt_anew=meta["learnt_anew"]
    )
    return Kept(number, True, line)


def _numbered(store: StoreReader, runs: Sequence[Run], number: int) -> Run:
    for run in runs:
        if run.number == number:
            return run
    if not 1 <= number <= runs[-1].number:
        raise DedupError(f"there is no run {number}", _listed(runs))
    raise _no_longer_kept(store, f"run {number}", runs)


def _no_longer_kept(store: StoreReader, what: str, runs: Sequence[Run]) -> DedupError:
    return DedupError(
        f"{what} is no longer kept, {_listed(runs)}",
        f"choose one of them; to keep more from now on: dedup index -i {store.path} --keep-runs N",
    )


def _listed(runs: Sequence[Run]) -> str:
    """Return ``the runs are 3, 5 to 9``: of other options newer runs may be gone and older ones there."""
    spans: list[list[int]] = []
    for run in runs:
        if spans and run.number == spans[-1][1] + 1:
            spans[-1][1] = run.number
        else:
            spans.append([run.number, run.number])
    numbers = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in spans)
    return f"the runs are {numbers}" if len(runs) > 1 else f"the only run is {numbers}"


def _comparable(before: Run, run: Run) -> None:
    if before.number > run.number:
        raise DedupError(f"run {before.number} came after run {run.number}", "give an earlier one")
    if before.meta.get("settings") != run.meta.get("settings"):
        raise DedupError(
            f"run {before.number} had another threshold, window or --no-furniture than run {run.number}",
            "compare runs of the same options",
        )


def _before(store: StoreReader, runs: Sequence[Run], run: Run) -> Run | None:
    """Return the run that one stored by an older dedup, without its changes, is told against."""
    since = run.meta.get("since", 0)
    if since is None:
        return None
    same = [
        one
        for one in runs
        if one.number < run.number and one.meta.get("settings") == run.meta.get("settings")
    ]
    if since == 0:
        return same[-1] if same else None
    for one in same:
        if one.number == since:
            return one
    what = f"run {since}, which run {run.number} is told against,"
    raise _no_longer_kept(store, what, runs)


def _described(store: StoreReader, changes: pa.Table, run: int, since: int | None) -> pa.Table:
    """Return `EVENT_SCHEMA` of `CHANGES_SCHEMA`, with what the canonical articles now say."""
    keys = changes["key"].to_numpy()
    with store.snapshot() as snapshot:
        there = snapshot.holds(keys)
        found = snapshot.rows(keys[there], ["id", "outlet", "published", "title"])
    # An article that a repair has dropped since is told by its key alone.
    told = found.take(pa.array(np.cumsum(there) - 1, mask=~there))
    columns = {
        "run": pa.repeat(run, len(keys)),
        "since": pa.array([since] * len(keys), pa.int64()),
        **{name: changes[name] for name in changes.column_names if name != "key"},
        "canonical_id": display_ids(keys, told["id"]),
        **{name: told[name] for name in ("outlet", "published", "title")},
    }
    return pa.table(columns).cast(EVENT_SCHEMA)
