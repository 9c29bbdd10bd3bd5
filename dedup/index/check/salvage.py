"""What can still be read of a part that is damaged: enough to tell which articles are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from dedup.index.check.findings import Dropped
from dedup.index.identity import Int64s, display_id
from dedup.index.parts import ROW_GROUP
from dedup.index.rules import CURRENT

_NAMING: Final = ("id", "outlet", "url", "file", "line")


def readable_texts(path: Path, part: int, texts: Int64s) -> list[Dropped]:
    """Name the texts of a damaged part, each by what can be read of it.

    Parameters
    ----------
    path : Path
        Its article file.
    part : int
        Its number.
    texts : int64 array, shape (rows, 9)
        What the catalog lists of it, by row.

    Returns
    -------
    list of Dropped
        One for each row of `texts`.
    """
    read = _readable_rows(path)
    dropped = []
    for row, (key, state) in enumerate(texts[:, [0, 6]].tolist()):
        # A row is believed only if its key is the one the catalog has there.
        found = read.get(row, {})
        if found.get("key") != key:
            found = {}
        dropped.append(_named(found, key, part, state == CURRENT))
    return dropped


def nameable_texts(path: Path, part: int) -> list[Dropped]:
    """Name the texts of a part that cannot be read, where no catalog tells which there are."""
    rows = _readable_rows(path)
    return [_named(found, found["key"], part, None) for _, found in sorted(rows.items())]


def _named(found: dict[str, Any], key: int, part: int, current: bool | None) -> Dropped:
    outlet, url, file, line = (found.get(name) for name in ("outlet", "url", "file", "line"))
    return Dropped(display_id(found.get("id"), key), outlet, url, file, line, part, current)


def _readable_rows(path: Path) -> dict[int, dict[str, Any]]:
    """Read row group by row group what names an article; pages with a wrong checksum are left out."""
    rows: dict[int, dict[str, Any]] = {}
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                try:
                    table = file.read_row_group(group, columns=[*_NAMING, "key"])
                    found = table.to_pylist()
                except (pa.ArrowException, OSError, ValueError):
                    continue
                rows.update(enumerate(found, start=group * ROW_GROUP))
    except (pa.ArrowException, OSError, ValueError):
        pass  # without a footer nothing tells where anything is
    return rows
