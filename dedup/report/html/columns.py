"""What the page must know at once: every cluster and member, column by column, without the texts.

Names stand once in a dictionary and rows hold their number, so 20,000 clusters
are two megabytes of JSON and a quarter of that packed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.provenance.families import load_families
from dedup.provenance.origins import origins
from dedup.report.html.source import Ints, Ties
from dedup.report.schema import CANONICAL, ClusterReport
from dedup.report.wording import printable
from dedup.settings import RELATIONS

KINDS: Final = (CANONICAL, *RELATIONS)
"""Relations by the number they have in the page."""

LISTED: Final = frozenset(
    (
        "cluster_id",
        "canonical_id",
        "relation",
        "score",
        "lag_s",
        "outlet",
        "published",
        "title",
        "credit",
        "size",
    )
)
"""Columns of the member table that stand in the list; the others go with the details of their cluster."""

_TEN_THOUSANDTHS: Final = 10_000
_SECOND: Final = 1_000_000


def list_columns(
    report: ClusterReport, starts: Ints, ties: Ties, chunks: Ints, totals: Mapping[str, int]
) -> dict[str, Any]:
    """Return what the list, the matrix and the summaries are made of.

    Parameters
    ----------
    report : ClusterReport
    starts : int64 array, shape (k + 1,)
        Row at which each cluster begins.
    ties : Ties
        Of the rows.
    chunks : int64 array, shape (k,)
        Block that holds the details of each cluster.
    totals : mapping of str to int
        Articles of each outlet, also those in no cluster.

    Returns
    -------
    dict
        Plain data for JSON. -1 stands for a name that is missing, null for a number.
    """
    members = report.members
    outlet, outlets = _numbered(members["outlet"])
    agency, agencies = _numbered(members["credit"])
    title, titles = _numbered(members["title"])
    number = {name: at for at, name in enumerate(outlets)}
    articles = [0] * len(outlets)
    elsewhere = 0
    for name, n in totals.items():
        if (at := number.get(printable(name))) is None:
            elsewhere += n
        else:
            articles[at] += n
    begin = starts[:-1]
    ids = members["cluster_id"].take(pa.array(begin)).to_pylist()
    place = {name: at for at, name in enumerate(ids)}
    core, weakest = held_by(starts, ties)
    return {
        "kinds": KINDS,
        "outlets": outlets,
        "articles": articles,
        "articles_elsewhere": elsewhere,
        "agencies": agencies,
        "titles": titles,
        "clusters": {
            "id": ids,
            "rows": np.diff(starts).tolist(),
            "size": members["size"].take(pa.array(begin)).to_pylist(),
            "credit": _cluster_credits(members, begin, agencies),
            "origins": _origins(members, starts),
            "chunk": chunks.tolist(),
            "core": core.tolist(),
            "weakest": weakest.tolist(),
            "weakest_score": _fraction(ties.score[np.maximum(weakest, 0)]).tolist(),
        },
        "members": {
            "outlet": outlet.tolist(),
            "kind": pc.index_in(members["relation"], pa.array(KINDS)).to_pylist(),
            "score": _fraction(_floats(members["score"])).tolist(),
            "lag": members["lag_s"].to_pylist(),
            "time": _seconds(members["published"]),
            "agency": agency.tolist(),
            "title": title.tolist(),
        },
        "links": _links(report, place),
        "composites": _composites(report, place),
    }


def held_by(starts: Ints, ties: Ties) -> tuple[Ints, Ints]:
    """Return the row of the core of each cluster, and of the member least tied to it; shape (k,) each.

    -1 where a filter hides the core, or where all members have its text.
    """
    core, weakest = np.full(len(starts) - 1, -1), np.full(len(starts) - 1, -1)
    owner = np.repeat(np.arange(len(core)), np.diff(starts))
    rows = np.flatnonzero(ties.core)
    core[owner[rows]] = rows
    # The first of the least: rows of one cluster stand in the order they are shown.
    order = np.lexsort((np.arange(len(owner)), ties.score, owner))
    least = order[starts[:-1]]
    loose = (ties.score[least] < 1) & (core >= 0)
    weakest[loose] = least[loose]
    return core, weakest


def detail_fields(members: pa.Table) -> list[str]:
    """Return the columns that go with the details: those of the schema not listed, and any beyond it."""
    return [name for name in members.schema.names if name not in LISTED]


def _numbered(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Return the number of each row's name, -1 for none, and the names made printable."""
    coded = column.combine_chunks().dictionary_encode()
    names: dict[str, int] = {}
    of = [
        names.setdefault(name, len(names)) if name else -1
        for name in map(printable, coded.dictionary.to_pylist())
    ]
    numbers = pc.fill_null(coded.indices, len(of)).to_numpy()
    return np.array([*of, -1], np.int64)[numbers], list(names)


def _cluster_credits(members: pa.Table, begin: Ints, agencies: list[str]) -> list[int]:
    """Return the agency each cluster is said to come from, where the member table says so; else -1."""
    if "cluster_credit" not in members.schema.names:
        return [-1] * len(begin)
    number = {name: at for at, name in enumerate(agencies)}
    said = members["cluster_credit"].take(pa.array(begin)).to_pylist()
    return [number.get(printable(name), -1) for name in said]


def _origins(members: pa.Table, starts: Ints) -> list[list[str]]:
    """Return the sources each cluster goes back to; none where a filter hides members of it."""
    rows = members.select(["relation", "credit", "credit_tier", "outlet", "url", "size"]).to_pylist()
    families = load_families()
    found = []
    for low, high in pairwise(starts.tolist()):
        is_whole = rows[low]["size"] == high - low
        found.append([printable(name) for name in origins(rows[low:high], families)] if is_whole else [])
    return found


def _floats(column: pa.ChunkedArray) -> Any:
    return pc.fill_null(column, -1.0).to_numpy()


def _fraction(values: Any) -> Ints:
    """Return 0..1 in ten thousandths; what is below 0 becomes -1."""
    return np.where(values < 0, -1, np.round(np.asarray(values) * _TEN_THOUSANDTHS)).astype(np.int64)


def _seconds(column: pa.ChunkedArray) -> list[int | None]:
    times: list[int | None] = pc.cast(column, pa.int64()).to_pylist()
    return [None if time is None else time // _SECOND for time in times]


def _links(report: ClusterReport, place: dict[str, int]) -> list[tuple[int, int]]:
    pairs = (report.links[name].to_pylist() for name in ("cluster_a", "cluster_b"))
    return [(place[a], place[b]) for a, b in zip(*pairs, strict=True) if a in place and b in place]


def _composites(report: ClusterReport, place: dict[str, int]) -> list[dict[str, Any]]:
    found = []
    for row in report.composites.to_pylist():
        drawn: defaultdict[bool, list[str]] = defaultdict(list)
        for name in row["clusters"] or ():
            drawn[name in place].append(name)
        found.append(
            {
                "id": printable(row["article_id"]),
                "outlet": printable(row["outlet"]),
                "title": printable(row["title"]),
                "clusters": [place[name] for name in drawn[True]],
                "hidden": len(drawn[False]),
            }
        )
    return found
