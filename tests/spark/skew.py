"""Feeds that gather at one place, as Parquet articles: ``python -m tests.spark.skew KIND FOLDER N [FILES]``.

`equal`: N articles of one text, all at one home. `template`: N forecasts that differ in a place and numbers
and meet in the same buckets. The texts are those of `tests.benchmarks.speed.hostile_feed`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.article import FEED_SCHEMA
from tests.benchmarks.speed.hostile_feed import ARTICLES, lines

SCHEMA: Final = pa.schema([field for field in FEED_SCHEMA if field.name not in ("file", "line")])
ROWS: Final = 20_000
"""Rows of a row group; one is in memory at a time."""


def write_equal(folder: Path, n: int, n_files: int = 1) -> list[Path]:
    """Write n articles of one text; see `write`."""
    return write("equal", folder, n, n_files)


def write_template(folder: Path, n: int, n_files: int = 1) -> list[Path]:
    """Write n fill-ins of one template; see `write`."""
    return write("template", folder, n, n_files)


def write(kind: str, folder: Path, n: int, n_files: int = 1) -> list[Path]:
    """Write a feed of `hostile_feed`, the same articles for any number of files.

    Parameters
    ----------
    kind : str
        "equal" or "template".
    folder : Path
        Made if missing.
    n : int
        Articles, 2 or more.
    n_files : int
        Files to divide them into, so that as many tasks can read.

    Returns
    -------
    list of Path
        The files; none is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = -(-n // n_files)
    paths: list[Path] = []
    records = _records(kind, n)
    for first in range(0, n, each):
        paths.append(folder / f"{kind}-{len(paths):04}.parquet")
        _write_file(paths[-1], records, min(each, n - first))
    return paths


def _records(kind: str, n: int) -> Iterator[dict[str, Any]]:
    for line in lines(kind, n / ARTICLES[kind]):
        record = orjson.loads(line)
        record["published"] = datetime.fromisoformat(record["published"])
        record["precision_s"] = 1
        yield record


def _write_file(path: Path, records: Iterator[dict[str, Any]], n: int) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for low in range(0, n, ROWS):
            some = list(islice(records, min(ROWS, n - low)))
            assert len(some) == min(ROWS, n - low)
            writer.write_table(pa.Table.from_pylist(some, schema=SCHEMA))


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:5]))
