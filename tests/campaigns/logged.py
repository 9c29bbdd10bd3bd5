"""An index whose last batches lie only in SQLite's log, and all that a catalog says, to be compared."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dedup.index.index import Index
from dedup.index.store import IndexStore

_COUNTERS = ("generation", "last_part", "last_run")


def leave_log(index: Path, feed: Path) -> None:
    """Replace the first article of a feed that was read in and note a reject, and end without a checkpoint.

    The catalog then contradicts itself too, so a repair makes it anew; the log is all that knows of the new
    text's place, of the old one's state, and of the reject.
    """
    first = json.loads(feed.read_text(encoding="utf-8").splitlines()[0])
    late = feed.parent / "late.jsonl"
    replaced = {**first, "title": "Replaced now", "updated": "2031-01-01T00:00Z"}
    late.write_text(json.dumps(replaced) + "\n{broken too\n", encoding="utf-8")
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
        assert index.joinpath("catalog.sqlite-wal").stat().st_size > 0
        return
    code = 1
    try:
        os.chdir(feed.parent)
        writer = Index.open(index, write=True)
        writer.add(late.name, on_change="replace", threads=1)
        writer._store._catalog.query("UPDATE parts SET rows = rows + 1 WHERE number = 1")
        code = 0
    finally:
        os._exit(code)


def catalog_rows(index: Path) -> dict[str, Any]:
    """Return every table of a catalog, without what counts commits and repairs."""
    with IndexStore.open(index) as store:
        found: dict[str, Any] = {
            table: sorted(store._catalog.query(f"SELECT * FROM {table}"))
            for table in ("articles", "parts", "rejects", "epochs", "runs", "meta")
        }
    found["meta"] = [row for row in found["meta"] if row[0] not in _COUNTERS]
    return found
