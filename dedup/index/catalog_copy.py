"""Reading a catalog where nothing may be written: a copy in memory, taken while nobody writes.

SQLite shares its log through a file beside the catalog, which a reader without
write permission cannot make. Without a log the catalog is complete, and it can
be opened as a file that never changes. But a writer may begin while it is open:
pages read before and after its checkpoint were then taken for a damaged
catalog. So the file is copied whole, at a moment when it did not change.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

_SETTLED_S: Final = 0.05
"""A file system keeps times in ticks of a few milliseconds: a file changed just now may change unseen."""
_WAL_BYTES: Final = slice(18, 20)
"""Versions of the file format in the header: 2 is write-ahead logging, which memory does not have."""

State = tuple[int, int, int, int]


def state_of(path: Path) -> State | None:
    """Return what changes with every checkpoint of the catalog; None while there is a log with content."""
    try:
        if Path(f"{path}-wal").stat().st_size:
            return None
    except FileNotFoundError:
        pass
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def copied(path: Path) -> tuple[sqlite3.Connection, State] | None:
    """Return a connection to a copy of the catalog, and the state it was in; None while it is being written.

    Notes
    -----
    It takes as much memory as the file: some 100 MB for a million articles.
    """
    before = state_of(path)
    if before is None or time.time() - os.stat(path).st_mtime < _SETTLED_S:
        return None
    data = bytearray(path.read_bytes())
    if state_of(path) != before:
        return None
    data[_WAL_BYTES] = b"\x01\x01"
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.deserialize(bytes(data))
    connection.execute("PRAGMA query_only = 1")
    return connection, before
