"""A report source in memory, for pages of made-up clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.report.html.source import Ints, Ties
from dedup.report.schema import MEMBER_SCHEMA, ClusterReport

MORNING = 1_741_068_600  # 2025-03-04 06:10


class MadeSource:
    """Texts by row of the member table; the canonical article is the core."""

    threshold = 0.5

    def __init__(self, texts: Sequence[str | None], scores: Sequence[float] | None = None) -> None:
        self._texts = texts
        self._scores = scores

    def ties(self, members: pa.Table) -> Ties:
        core = np.array([relation == "canonical" for relation in members["relation"].to_pylist()], np.bool_)
        scores = members["score"].to_numpy() if self._scores is None else np.array(self._scores)
        return Ties(core, np.where(core, 1.0, scores))

    def texts(self, members: pa.Table) -> Iterator[tuple[Ints, pa.Table]]:
        # Backwards and in two batches: a page must not depend on the order texts come in.
        lines = np.array(members["line"].to_pylist(), np.int64)
        for rows in np.array_split(np.arange(len(lines))[::-1], 2):
            titles = members["title"].take(pa.array(rows))
            texts = pa.array([self._texts[line] for line in lines[rows].tolist()], pa.string())
            yield rows, pa.table({"title": titles, "text": texts})

    def outlets(self) -> Mapping[str, int]:
        return self._totals

    _totals: Mapping[str, int] = {}


def made_report(clusters: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[ClusterReport, MadeSource]:
    """Make a report and its source; the first member of each cluster is canonical."""
    rows: list[dict[str, Any]] = []
    texts: list[str | None] = []
    for number, members in enumerate(clusters):
        for place, given in enumerate(members):
            lag = None if given.get("lag_s") is None and place else given.get("lag_s", 0)
            published = None if lag is None else datetime.fromtimestamp(MORNING + lag, UTC)
            texts.append(given.get("text"))
            rows.append(
                {
                    "cluster_id": f"{number:016x}",
                    "article_id": f"a{number}-{place}",
                    "canonical_id": f"a{number}-0",
                    "relation": "verbatim" if place else "canonical",
                    "score": 0.9 if place else 1.0,
                    "lag_s": lag,
                    "outlet": f"Outlet {place}",
                    "published": published,
                    "title": f"Story {number}",
                    "url": f"https://outlet-{place}.example/{number}",
                    "size": len(members),
                    "file": "feed.jsonl",
                    "line": len(rows),
                    **{name: value for name, value in given.items() if name in MEMBER_SCHEMA.names},
                }
            )
    counts = {"articles": len(rows) + 10, "clusters": len(clusters), "clustered": len(rows), "composites": 0}
    source = MadeSource(texts)
    source._totals = Counter(row["outlet"] or "" for row in rows)
    return ClusterReport(pa.Table.from_pylist(rows, schema=MEMBER_SCHEMA), counts=counts), source
