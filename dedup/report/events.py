"""What became of the clusters between two runs, as a sentence, as a table for people, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from dedup.report.layout import Canvas
from dedup.report.wording import count, fitted, marked, printable

EVENTS: Final = ("merged", "split", "born", "grown", "shrunk", "ended")
"""What can become of a cluster, in the order it is told."""

EVENTS_SHOWN: Final = 20
_SHORT_ID: Final = 8

EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("run", pa.int64()),
        pa.field("since", pa.int64()),  # the run compared with; null: there was none, all clusters are born
        pa.field("event", pa.string()),  # one of EVENTS
        pa.field("cluster_id", pa.string()),  # as it is called now; of one that ended: as it was called
        pa.field("old_ids", pa.list_(pa.string())),  # the clusters of the run before that it comes from
        pa.field("size_before", pa.int64()),  # articles in those
        pa.field("size", pa.int64()),  # articles in it now
        pa.field("joined", pa.int64()),  # articles of it that were in none of the old ones
        pa.field("left", pa.int64()),  # articles of the old ones that are not in it
        pa.field("canonical_id", pa.string()),
        pa.field("outlet", pa.string()),
        pa.field("published", pa.timestamp("us", tz="UTC")),
        pa.field("title", pa.string()),  # of the canonical article, as it now reads
    ]
)
"""One row per cluster and event; one that lost articles and got others has two. Unchanged ones have none."""


@dataclass(frozen=True)
class EventReport:
    """What changed between two runs.

    Parameters
    ----------
    run : int
        Number of the run.
    since : int, optional
        Number of the run it is compared with; None for the first.
    events : pa.Table
        `EVENT_SCHEMA`, in the order of `EVENTS`, then by size, then by id.
    clusters : int
        Clusters in the run.
    unchanged : int
        Those among them that hold the same articles as before.
    learnt_anew : bool
        Whether the runs decided by different epochs or models: not every change then comes of new articles.
    """

    run: int
    since: int | None
    events: pa.Table = field(default_factory=EVENT_SCHEMA.empty_table)
    clusters: int = 0
    unchanged: int = 0
    learnt_anew: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Clusters by event, and under ``merged_from`` the number of those that were merged."""
        found = self.events.column("event").to_pylist()
        counts = {event: found.count(event) for event in EVENTS}
        olds = self.events.column("old_ids").to_pylist()
        merged = [old for old, event in zip(olds, found, strict=True) if event == "merged"]
        return {**counts, "merged_from": sum(map(len, merged))}

    def line(self) -> str:
        """Return all of it in one line."""
        return events_line(self.run, self.since, self.counts, self.unchanged, learnt_anew=self.learnt_anew)


def events_line(
    run: int,
    since: int | None,
    counts: Mapping[str, int],
    unchanged: int,
    *,
    learnt_anew: bool = False,
) -> str:
    """Return what happened in one line.

    Examples
    --------
    >>> events_line(12, 11, {"merged": 1, "merged_from": 2, "born": 3, "grown": 12}, 57)
    'run 12, since run 11: 3 clusters born, 12 grown, 1 merged from 2, 57 unchanged'
    >>> events_line(12, 11, {}, 57)
    'run 12, since run 11: nothing changed, 57 clusters'
    """
    told: list[str] = []
    for event in ("born", "grown", "merged", "split", "shrunk", "ended"):
        number = counts.get(event, 0)
        if number:
            words = count(number, "cluster") if not told else f"{number:,}"
            extra = {"merged": f" from {counts.get('merged_from', 0):,}", "split": " off"}.get(event, "")
            told.append(f"{words} {event}{extra}")
    told = [*told, f"{unchanged:,} unchanged"] if told else ["nothing changed", count(unchanged, "cluster")]
    anew = " (what counts was learnt anew in between)" if learnt_anew else ""
    named = "the first" if since is None else f"since run {since}"
    if since is None:
        told = told[:-1] or ["no clusters"]
    return f"run {run}, {named}: {', '.join(told)}{anew}"


def event_lines(report: EventReport, canvas: Canvas, top: int | None = EVENTS_SHOWN) -> Iterator[str]:
    """Yield the line, and one for each cluster that changed.

    Parameters
    ----------
    report : EventReport
    canvas : Canvas
        Width and colour.
    top : int, optional
        At most so many clusters; None: all.
    """
    yield canvas.paint(report.line(), "bold")
    shown = report.events if top is None else report.events.slice(0, top)
    if not shown.num_rows:
        return
    yield ""
    rows: list[dict[str, Any]] = shown.to_pylist()
    sizes = [_sizes(row) for row in rows]
    widest = max(map(len, sizes))
    for row, size in zip(rows, sizes, strict=True):
        left = f"{row['event']:<6}  {fitted(size, widest)}  "
        right = row["cluster_id"][:_SHORT_ID]
        room = max(canvas.width - len(left) - len(right) - 2, 10)
        headline = marked(printable(row["title"])) or "(no headline)"
        yield left + fitted(headline, room) + "  " + canvas.paint(right, "dim")
    if shown.num_rows < report.events.num_rows:
        yield ""
        part = f"{shown.num_rows:,} of {report.events.num_rows:,} shown; --top 0 prints all, -o FILE.csv"
        yield from canvas.wrapped(f"{part} writes all", 3)


def _sizes(row: dict[str, Any]) -> str:
    """Return ``5 to 7 articles``, ``2 clusters to 7 articles``."""
    now = count(row["size"], "article")
    if row["event"] == "born":
        return now
    if row["event"] == "merged":
        return f"{count(len(row['old_ids']), 'cluster')} to {now}"
    if row["event"] == "split":
        return f"{now} of {row['size_before']:,}"
    if row["event"] == "ended":
        return f"{row['size_before']:,} to none"
    return f"{row['size_before']:,} to {now}"
