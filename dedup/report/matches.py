"""The answer to a query as a person reads it: each article asked about, and what it is a copy of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from rich.cells import cell_len

from dedup.report.layout import Canvas
from dedup.report.wording import fitted, moment, printable

_ID = 8  # characters of a cluster id shown


def match_lines(matches: pa.Table, titles: Sequence[str | None], canvas: Canvas) -> Iterator[str]:
    """Yield lines for every article that has a match, and how many have none.

    Parameters
    ----------
    matches : pa.Table
        `QUERY_SCHEMA`, best match first for each query.
    titles : sequence of str or None
        Headlines of all articles asked about.
    canvas : Canvas
        Width and colour.
    """
    if not titles:
        yield "No articles to look for."
        return
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for match in matches.to_pylist():
        found[match["query"]].append(match)
    names = {printable(match["outlet"]) for rows in found.values() for match in rows}
    outlet = min(max((cell_len(name) for name in names), default=0), max(12, canvas.width * 22 // 100))
    for query, rows in sorted(found.items()):
        for line in canvas.wrapped(printable(titles[query]) or "(no headline)", 2):
            yield canvas.paint(line, "bold")
        for match in rows:
            yield from _match(match, outlet, canvas)
        yield ""
    if alone := len(titles) - len(found):
        whole = "nothing" if not found else f"{alone:,} of {len(titles):,} articles: nothing"
        yield f"{whole} like {'it' if len(titles) == 1 else 'them'} in the index".capitalize()


def _match(match: dict[str, Any], outlet: int, canvas: Canvas) -> Iterator[str]:
    score = "" if match["score"] is None else f"{match['score']:.2f}"
    cells = [
        fitted(score, 4, right=True),
        fitted(printable(match["relation"]), 8),
        fitted(printable(match["outlet"]) or "-", outlet),
        fitted(moment(match["published"]), 16),
    ]
    left = "  " + "  ".join(cells) + "  "
    right = "no cluster" if match["cluster_id"] is None else match["cluster_id"][:_ID]
    room = canvas.width - cell_len(left) - len(right) - 2
    headline = printable(match["title"]) or "(no headline)"
    below: list[str] = []
    if room < cell_len(headline):
        below, headline = canvas.wrapped(headline, 2, 8), ""
    yield left + fitted(headline, max(room, 0)) + "  " + canvas.paint(right, "dim")
    yield from below
