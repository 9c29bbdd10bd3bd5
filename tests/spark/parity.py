"""What the engine for one machine finds in Parquet articles, as the tables that the one on Spark writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.article import FEED_SCHEMA
from dedup.cluster.relation import RELATIONS
from dedup.confirm.model import load_model, probability
from dedup.engines.spark.clusters import EDGES_SCHEMA
from dedup.feeds import read_feed
from dedup.index.index import Index
from dedup.index.reporting import display_ids
from dedup.index.session import least_of, silent
from dedup.settings import Settings

Tables = dict[str, pa.Table]


def write_articles(feed: str | Path, path: Path, row_group: int = 1 << 14) -> Path:
    """Write the records of a feed as Parquet articles, as they are."""
    columns = [name for name in FEED_SCHEMA.names if name not in ("file", "line")]
    tables = [pa.Table.from_batches([batch.articles]) for batch in read_feed(feed, clean=False)]
    pq.write_table(pa.concat_tables(tables).select(columns), path, row_group_size=row_group)
    return path


def found_locally(
    paths: Sequence[Path],
    folder: Path,
    settings: Settings | None = None,
    mapping: Mapping[str, str] | None = None,
    counts: dict[str, float] | None = None,
) -> Tables:
    """Return clusters, composites, links and edges of one load of all files; `counts` gets its counts."""
    settings = settings or Settings()
    with Index.create(folder) as idx:
        idx.add([str(path) for path in paths], mapping=mapping)
        report = idx.report(settings)
        if counts is not None:
            counts |= report.counts
        matched = idx._session.matched(settings, None, silent)
        corpus, nodes, matches = matched.state.corpus, matched.state.nodes, matched.state.matches
        rows = matched.snapshot.rows_at(corpus.part, corpus.row, ("id",))
        ids = display_ids(corpus.keys, rows["id"]).take(pa.array(nodes.first))
    strong = matches.sums >= least_of(settings, load_model(None))
    left, right, sums = matches.left[strong], matches.right[strong], matches.sums[strong]
    edges = pa.table(
        [
            ids.take(pa.array(left)), ids.take(pa.array(right)),
            pa.array(np.round(probability(sums), 4)), pa.array(sums),
            pa.array(RELATIONS).take(pa.array(matches.relations[strong])),
        ],
        schema=EDGES_SCHEMA,
    )  # fmt: skip
    return {
        "clusters": report.members,
        "composites": report.composites,
        "links": report.links,
        "edges": edges,
    }


def differences(found: Mapping[str, pa.Table], expected: Mapping[str, pa.Table]) -> dict[str, int]:
    """Count the rows, of all columns, that only one of the two has; by table."""
    return {name: _differing(found[name], table) for name, table in expected.items()}


def _differing(found: pa.Table, expected: pa.Table) -> int:
    if found.schema.names != expected.schema.names or found.schema.types != expected.schema.types:
        raise AssertionError(f"columns {found.schema} and not {expected.schema}")
    mine, theirs = (Counter(map(repr, table.to_pylist())) for table in (found, expected))
    return ((mine - theirs) + (theirs - mine)).total()
