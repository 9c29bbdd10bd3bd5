"""The catalog: one SQLite file that says what the index holds.

A thing is in the index when, and only when, its row is committed here; files
follow (`dedup.index.store` renames them after the commit). Write-ahead logging
lets readers go on while the writer commits. Articles are kept in a table
without row ids, ordered by (key, content), and inserted in that order: with
text keys in feed order a million rows took 16 s; so they take 5.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from dedup.article import Reject
from dedup.errors import DAMAGED, IndexFolderError
from dedup.index.atomic import explained
from dedup.index.catalog_copy import State, copied, state_of
from dedup.index.catalog_schema import FORMAT_VERSION, SCHEMA, refuse_newer
from dedup.index.faults import fault
from dedup.index.identity import Int64s
from dedup.index.layout import REBUILT
from dedup.index.planning import HISTORY_COLUMNS
from dedup.index.sqlite_errors import explained_sqlite

_FETCHED: Final = 65_536
_ATTEMPTS: Final = 200
_PAUSE_S: Final = 0.05
"""A writer that comes or goes at the moment of opening: looked again for ten seconds at most."""

_CACHE_KIB: Final = 64 * 1024
_PAGE_BYTES: Final = 8192
_CHECKPOINT_PAGES: Final = 16 * 1024
"""128 MB of log between checkpoints: a part touches pages all over the key order, so letting parts share
a checkpoint writes each page once instead of once per part. A million articles in 100 parts, fsynced: 4.9 s;
with SQLite's own 1,000 pages of 4,096 bytes 7.5 s."""


@dataclass(frozen=True, slots=True)
class PartRow:
    """What the catalog knows of a part; sizes in bytes, `footer_crc` for `dedup.index.parts`."""

    number: int
    rows: int
    load: int
    article_bytes: int
    sketch_bytes: int
    footer_crc: int


class Catalog:
    """One connection to the catalog.

    Parameters
    ----------
    path : Path
        The SQLite file; it must exist.
    write : bool
        Whether this is the writer's connection.

    Raises
    ------
    IndexFolderError
        If the file is no catalog, is damaged, or has a newer format.

    Notes
    -----
    Not for use by two threads at once.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        self._copied: State | None = None
        self._writes = write
        self._opened = self._place()
        self._connection = self._connect(write)
        try:
            self.format_version = self._checked_format()
            self.durable = bool(self.meta("durable"))
            if write:
                self.query("PRAGMA journal_mode = WAL")
                self.query(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")
                self.query(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self.query(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path, meta: dict[str, Any], *, durable: bool = True) -> None:
        """Write an empty catalog; `path` must not be read by anyone yet."""
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            with explained_sqlite(path):
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
                connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
                start = {"generation": 0, "load": 0, "load_open": False, "epoch": None}
                every = {"format": FORMAT_VERSION, "durable": durable, **start, **meta}
                rows = [(name, json.dumps(value)) for name, value in every.items()]
                connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
        finally:
            connection.close()

    def _place(self) -> tuple[Path, int, int]:
        """Return the file that counts, and which it is: a repair replaces the one of a damaged catalog."""
        # A writer puts the new one in place before it opens it.
        for path in (self.path,) if self._writes else (self.path.with_name(REBUILT), self.path):
            with suppress(OSError):
                found = path.stat()
                return path, found.st_dev, found.st_ino
        return self.path, 0, 0

    def _connect(self, write: bool) -> sqlite3.Connection:
        with explained_sqlite(self.path, action="opening"):
            if write:
                return self._open(f"{self.path.absolute().as_uri()}?mode=rw")
            for patience in range(_ATTEMPTS, -1, -1):
                self._opened = self._place()
                path = self._opened[0]
                try:
                    return self._open(f"{path.absolute().as_uri()}?mode=ro")
                except sqlite3.OperationalError:
                    if patience and self._place() != self._opened:
                        continue
                    # Where we may not write, the log cannot be shared (`dedup.index.catalog_copy`).
                    if os.access(self.path.parent, os.W_OK):
                        raise
                    try:
                        copy = copied(path)
                    except OSError:
                        copy, patience = None, 0
                    if copy is not None:
                        self._copied = copy[1]
                        return copy[0]
                    if not patience:
                        raise
                time.sleep(_PAUSE_S)
        raise AssertionError

    def _renew(self) -> None:
        """Open the catalog anew if it is another file now, or a copy of what has changed since.

        A state once begun to be read stays.
        """
        if self._writes or self._connection.in_transaction:
            return
        if self._place() == self._opened:
            if self._copied is None:
                return
            with explained(self.path, action="opening"):
                if state_of(self._opened[0]) == self._copied:
                    return
        self._copied = None
        self._connection.close()
        self._connection = self._connect(False)

    def _open(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False)
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _checked_format(self) -> int:
        folder = self.path.parent
        if not self.query("SELECT 1 FROM sqlite_schema WHERE name = 'meta'"):
            raise IndexFolderError(f"{folder} is not an index: its {self.path.name} has no table 'meta'")
        found = self.meta("format")
        if not isinstance(found, int):
            raise IndexFolderError(f"index {folder} is damaged: {self.path.name} names no format", DAMAGED)
        refuse_newer(found, folder)
        return found

    def raise_format(self) -> None:
        """Say, within a transaction, that the folder now holds what only this version reads."""
        if self.format_version < FORMAT_VERSION:
            self.set_meta("format", FORMAT_VERSION)
            self.format_version = FORMAT_VERSION

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows."""
        for _ in range(_ATTEMPTS):
            self._renew()
            with explained_sqlite(self.path):
                rows = self._connection.execute(sql, values).fetchall()
            # A file that was replaced meanwhile may have been read with the log of the one that came.
            if self._writes or self._connection.in_transaction or self._place() == self._opened:
                break
        return rows

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row."""
        with explained_sqlite(self.path):
            self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self, kind: str) -> Iterator[Self]:
        """Commit all of the block or none of it; passes the fault points ``transaction-kind-*``."""
        fault(f"transaction-{kind}-begin")
        self.query("BEGIN IMMEDIATE")
        try:
            yield self
            fault(f"transaction-{kind}-filled")
            self.query("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        fault(f"transaction-{kind}-committed")

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """See one state of the catalog throughout the block."""
        for _ in range(_ATTEMPTS):
            self.query("BEGIN")
            self.query("SELECT count(*) FROM meta")  # from here on the state is fixed
            if self._place() == self._opened:
                break
            self._connection.rollback()
        try:
            yield self
        finally:
            self._connection.rollback()

    def meta(self, name: str) -> Any:
        """Return one value of the table `meta`."""
        rows = self.query("SELECT value FROM meta WHERE name = ?", (name,))
        try:
            return json.loads(rows[0][0]) if rows else None
        except (ValueError, TypeError) as error:
            raise IndexFolderError(
                f"catalog {self.path} is damaged: its value {name!r} cannot be read", DAMAGED
            ) from error

    def set_meta(self, name: str, value: Any) -> None:
        """Set one value of the table `meta`."""
        self.query("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def parts(self) -> list[PartRow]:
        """Return all parts in the order they were committed."""
        names = ", ".join(field.name for field in fields(PartRow))
        return [PartRow(*row) for row in self.query(f"SELECT {names} FROM parts ORDER BY number")]

    def has(self, kind: str, name: str) -> bool:
        """Whether a part, run (by number) or epoch (by hash) is committed."""
        table, column = {"part": ("parts", "number"), "run": ("runs", "number"), "epoch": ("epochs", "id")}[
            kind
        ]
        value = name if kind == "epoch" else int(name)
        return bool(self.query(f"SELECT 1 FROM {table} WHERE {column} = ?", (value,)))

    def last_number(self, kind: str) -> int:
        """Return the greatest number that a part or run ever had; 0 if there has been none.

        A number is never given twice, or whoever remembers the old part or run would take the new one for it.
        A repair notes the greatest before it drops anything; otherwise the greatest is still listed.
        """
        table = {"part": "parts", "run": "runs"}[kind]
        listed: int | None = self.query(f"SELECT max(number) FROM {table}")[0][0]
        return max(listed or 0, self.meta(f"last_{kind}") or 0)

    def note_last_numbers(self) -> None:
        """Keep, within a transaction, the numbers that its deletions would have given again."""
        for kind in ("part", "run"):
            self.set_meta(f"last_{kind}", self.last_number(kind))

    def drop_runs(self, keep: int) -> None:
        """Forget all runs but the newest `keep` of each choice of settings; within a transaction."""
        ranked = (
            "SELECT number, row_number() OVER"
            " (PARTITION BY json_extract(meta, '$.meta.settings') ORDER BY number DESC) AS place FROM runs"
        )
        self.query(
            f"DELETE FROM runs WHERE number IN (SELECT number FROM ({ranked}) WHERE place > ?)", (keep,)
        )

    def history(self, keys: Int64s) -> Int64s:
        """Return all texts known of some articles.

        Parameters
        ----------
        keys : int64 array
            Sorted and unique: the look-ups then walk the table in its order.

        Returns
        -------
        int64 array, shape (k, 9)
            Columns `HISTORY_COLUMNS`, sorted by key.
        """
        # One bound value instead of thousands: no limit on variables, no SQL to assemble.
        rows = self.query(
            f"SELECT {', '.join('a.' + name for name in HISTORY_COLUMNS)}"
            " FROM json_each(?) AS wanted CROSS JOIN articles AS a ON a.key = wanted.value",
            (json.dumps(keys.tolist()),),
        )
        return np.array(rows, dtype=np.int64).reshape(-1, len(HISTORY_COLUMNS))

    def texts(self) -> Int64s:
        """Return all stored texts in the order they lie, shape (k, 9), columns `HISTORY_COLUMNS`."""
        sql = f"SELECT {', '.join(HISTORY_COLUMNS)} FROM articles WHERE part > 0"
        with explained_sqlite(self.path):
            cursor = self._connection.execute(sql)
            blocks = [np.empty((0, len(HISTORY_COLUMNS)), np.int64)]
            while rows := cursor.fetchmany(_FETCHED):
                blocks.append(np.array(rows, dtype=np.int64))
        rows_found = np.concatenate(blocks)
        return rows_found[np.lexsort((rows_found[:, 8], rows_found[:, 7]))]

    def shadowed(self) -> Int64s:
        """Return (part, row, state) of all stored texts that are not current, shape (k, 3)."""
        rows = self.query(
            "SELECT part, row, state FROM articles WHERE state < 2 AND part > 0 ORDER BY part, row"
        )
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def insert_texts(self, rows: Iterable[Sequence[int]]) -> None:
        """Insert rows of `HISTORY_COLUMNS`; a stored text takes the place of a refused one."""
        marks = ", ".join("?" * len(HISTORY_COLUMNS))
        self.many(f"INSERT OR REPLACE INTO articles ({', '.join(HISTORY_COLUMNS)}) VALUES ({marks})", rows)

    def insert_rejects(self, rejects: Iterable[Reject]) -> None:
        """Insert rejects that are not there yet; the same place and reason is the same reject."""
        self.many(
            "INSERT OR IGNORE INTO rejects VALUES (?, ?, ?, ?)",
            [(_storable(r.file), r.line, _storable(r.reason), _storable(r.detail)) for r in rejects],
        )

    def rejects(self, limit: int | None) -> list[Reject]:
        """Return rejects by file, line and reason."""
        sql = "SELECT file, line, reason, detail FROM rejects ORDER BY file, line, reason LIMIT ?"
        return [Reject(*row) for row in self.query(sql, (-1 if limit is None else limit,))]

    def reject_counts(self) -> dict[str, int]:
        """Return the number of rejects by reason, the most frequent first."""
        sql = "SELECT reason, count(*) AS n FROM rejects GROUP BY reason ORDER BY n DESC, reason"
        return dict(self.query(sql))

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _storable(text: str) -> str:
    """Escape what UTF-8 cannot hold (file names may carry stray bytes as lone surrogates)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
