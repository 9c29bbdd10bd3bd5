"""The report a person reads: each cluster as a headline, its facts, and who carried it when.

One layout for the whole report, so columns stand under each other from
cluster to cluster and the eye can run down them. What a member shares with
the canonical article is dimmed; what differs stands out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.compute as pc

from dedup.report.credits import evidence_line
from dedup.report.facts import cluster_facts
from dedup.report.layout import Canvas
from dedup.report.member_rows import MemberColumns
from dedup.report.schema import ClusterReport
from dedup.report.wording import (
    count,
    duration,
    fitted,
    percent,
    printable,
)

CLUSTERS_SHOWN: Final = 20
MEMBERS_SHOWN: Final = 8
_SHORT_ID: Final = 8
ORDER_WORDS: Final = {
    "size": "the largest",
    "recent": "the most recent",
    "lag": "those that travelled longest",
    "outlets": "those in most outlets",
}
_MORE_LINKS: Final = 3
_NAMED: Final = 90  # width from which there is room for the word "cluster"


@dataclass(frozen=True)
class TableOptions:
    """What the table shows of a report.

    Parameters
    ----------
    clusters : int, optional
        Show so many clusters, the first; None: all.
    members : int, optional
        Show so many members of a cluster; None: all. One more than allowed is shown too, for a line that
        says "1 more" is no shorter.
    sort : str
        The order the clusters are in, to word the last line.
    index : str, optional
        Folder to name in ``dedup show -i ...``; None when the report is of feeds without an index.
    detail : bool
        Print ids and addresses of the members too, and full cluster ids.
    """

    clusters: int | None = CLUSTERS_SHOWN
    members: int | None = MEMBERS_SHOWN
    sort: str = "size"
    index: str | None = None
    detail: bool = False


def table_lines(report: ClusterReport, canvas: Canvas, options: TableOptions) -> Iterator[str]:
    """Yield the lines of the table of a report.

    Parameters
    ----------
    report : ClusterReport
        Shown in its order.
    canvas : Canvas
        Width and colour.
    options : TableOptions
        How much of it.
    """
    if report.n_clusters == 0:
        found = int(report.counts.get("clusters", 0))
        if found:
            said = f"Of {count(found, 'cluster')} found, none is as these options ask."
        elif report.counts.get("articles") == 0 and report.counts.get("indexed"):
            said = f"None of the {int(report.counts['indexed']):,} articles was published in that time."
        elif report.counts.get("articles") == 0:
            said = "No clusters: there are no articles."
        else:
            said = "No clusters: no two of these articles are near-duplicates."
        yield from canvas.wrapped(said, 3)
    shown = report if options.clusters is None else report.top(options.clusters)
    columns = MemberColumns.for_report(shown, canvas)
    length = None if options.detail else _id_length(report)
    linked = _links(report)
    for members in shown.iter_clusters():
        yield from _cluster_lines(members.to_pylist(), columns, options, length, linked)
        yield ""
    yield from _composite_lines(report, columns, length)
    if report.n_clusters > shown.n_clusters:
        part = f"{shown.n_clusters:,} of {report.n_clusters:,} clusters shown"
        part += f", {ORDER_WORDS[options.sort]} first; --top 0 prints all, -o FILE.csv writes all"
        yield from canvas.wrapped(part, 3)


def summary_line(report: ClusterReport, *, timed: bool = True) -> str:
    """Return what came out of a run in one line, and how much of it `report` still holds.

    `timed`: say how long it took, which is another time at every run.

    Examples
    --------
    >>> counts = {"articles": 312, "clusters": 41, "clustered": 160, "composites": 2, "seconds": 1.23}
    >>> summary_line(ClusterReport(ClusterReport.empty().members, counts=counts))
    '312 articles, 41 clusters hold 160 of them (51 %), 2 composites, 1.2 s'
    """
    counts = report.counts
    articles, clustered = int(counts.get("articles", 0)), int(counts.get("clustered", 0))
    clusters = int(counts.get("clusters", report.n_clusters))
    if not clusters:
        said = [count(articles, "article"), "no clusters"]
    else:
        holds = "holds" if clusters == 1 else "hold"
        share = percent(clustered, articles)
        said = [
            count(articles, "article"),
            f"{count(clusters, 'cluster')} {holds} {clustered:,} of them ({share})",
        ]
    if report.members.num_rows and report.n_clusters < clusters:
        said.append(f"{report.n_clusters:,} of the clusters chosen")
    if composites := int(counts.get("composites", 0)):
        said.append(count(composites, "composite"))
    if capped := int(counts.get("capped_buckets", 0)):
        said.append(count(capped, "capped bucket"))
    if timed and "seconds" in counts:
        seconds = float(counts["seconds"])
        said.append(f"{seconds:.1f} s" if seconds < 60 else duration(seconds))
    return ", ".join(said)


def _cluster_lines(
    members: list[dict[str, Any]],
    columns: MemberColumns,
    options: TableOptions,
    id_length: int | None,
    linked: dict[str, list[str]],
) -> Iterator[str]:
    canvas = columns.canvas
    canonical = members[0]
    cluster_id = canonical["cluster_id"]
    short = cluster_id[:id_length]
    headline = printable(canonical["title"])
    for line in canvas.wrapped(headline or "(no headline)", 2):
        yield canvas.paint(line, "bold")
    facts, name = canvas.ends(
        _facts(members, linked.get(cluster_id, []), id_length),
        f"{'cluster ' * (canvas.width >= _NAMED)}{short}",
    )
    yield canvas.paint(facts + name, "dim")
    limit = len(members) if options.members is None else options.members
    if len(members) == limit + 1:
        limit += 1
    outlets: set[str] = set()
    for member in members[:limit]:
        outlet = member["outlet"]
        again = outlet is not None and outlet in outlets
        yield from columns.row(member, canonical, again=again)
        if options.detail:
            # Not cut to the width: an address is there to be copied.
            yield canvas.paint(_whereabouts(member), "dim")
            if member["credit"]:
                yield canvas.paint(f"      {evidence_line(member)}", "dim")
        if outlet is not None:
            outlets.add(outlet)
    if (more := len(members) - limit) > 0:
        how = f"dedup show -i {options.index} {short}" if options.index else "--format csv lists all"
        yield canvas.paint(f"  … {more:,} more ({how})", "dim")


def _facts(members: list[dict[str, Any]], linked: list[str], id_length: int | None) -> str:
    said = cluster_facts(members)
    if linked:
        names = ", ".join(one[:id_length] for one in linked[:_MORE_LINKS])
        said.append(f"linked with {names}" + (" …" if len(linked) > _MORE_LINKS else ""))
    return " · ".join(said)


def _whereabouts(member: dict[str, Any]) -> str:
    place = f"{member['file']}:{member['line']}" if member["file"] else ""
    return "      " + " · ".join(filter(None, map(printable, (member["article_id"], place, member["url"]))))


def _composite_lines(report: ClusterReport, columns: MemberColumns, id_length: int | None) -> Iterator[str]:
    if report.composites.num_rows == 0:
        return
    canvas = columns.canvas
    total = report.composites.num_rows
    yield canvas.paint(f"Composites (round-ups and the like), in no cluster: {total:,}", "bold")
    for composite in report.composites.slice(0, MEMBERS_SHOWN).to_pylist():
        clusters = composite["clusters"] or []
        matches = (
            "draws on " + ", ".join(one[:id_length] for one in clusters[:_MORE_LINKS]) if clusters else ""
        )
        matches += " …" if len(clusters) > _MORE_LINKS else ""
        outlet = fitted(printable(composite["outlet"]) or "-", columns.outlet)
        title = printable(composite["title"]) or "(no headline)"
        left, right = canvas.ends(f"  {outlet}{columns.gap}{title}", matches)
        yield left + canvas.paint(right, "dim")
    if total > MEMBERS_SHOWN:
        yield canvas.paint(f"  … {total - MEMBERS_SHOWN:,} more", "dim")
    yield ""


def _links(report: ClusterReport) -> dict[str, list[str]]:
    links: defaultdict[str, list[str]] = defaultdict(list)
    for link in report.links.to_pylist():
        links[link["cluster_a"]].append(link["cluster_b"])
        links[link["cluster_b"]].append(link["cluster_a"])
    return {name: sorted(others) for name, others in links.items()}


def _id_length(report: ClusterReport) -> int:
    """Return how many characters tell the cluster ids of the report apart, at least 8."""
    ids = pc.unique(report.members.column("cluster_id"))
    longest = pc.max(pc.utf8_length(ids)).as_py() or _SHORT_ID
    for length in range(_SHORT_ID, longest):
        if len(pc.unique(pc.utf8_slice_codeunits(ids, 0, length))) == len(ids):
            return length
    return int(longest)
