"""An operating system that refuses: the nth write, fsync, rename, open, mkdir or SQL statement fails."""

from __future__ import annotations

import builtins
import errno
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dedup.index import atomic
from dedup.index.catalog import Catalog

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "write": ("ENOSPC", "EIO", "EDQUOT", "short"),
    "open": ("ENOSPC", "EIO", "EACCES"),
    "mkdir": ("ENOSPC", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "replace": ("ENOSPC", "EIO"),
    "sql": ("full", "io"),
}
"""Operations, and the ways each may fail; ``short``: half of the bytes are written, then the disk is full."""

_WRITING: Final = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN IMMEDIATE")


def _makes_a_file(arguments: tuple[Any, ...]) -> bool:
    """Whether arguments of `open` or `os.open` ask for a file of the case, the working folder, to be written.

    Caches of compiled kernels lie elsewhere; that one cannot be written is no error.
    """
    path, mode = arguments[0], arguments[1] if len(arguments) > 1 else "r"
    makes = bool(mode & os.O_CREAT) if isinstance(mode, int) else "w" in str(mode)
    return makes and Path(os.path.abspath(os.fspath(path))).is_relative_to(Path.cwd())


class Failing:
    """Counts operations, and makes one fail.

    Parameters
    ----------
    kind, how : str
        Of `KINDS`; an empty kind only counts.
    nth : int
        Which passage fails, from 1.
    lasting : bool
        Whether all later operations of that kind fail too, as on a disk that stays full.
    """

    def __init__(self, kind: str = "", how: str = "", nth: int = 0, *, lasting: bool = False) -> None:
        self.kind, self.how, self.nth, self.lasting = kind, how, nth, lasting
        self.counts: Counter[str] = Counter()
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        """Put it in place; in a child that ends, or until `remove`."""
        write, connect = atomic._write, Catalog._open

        def failing_write(file: Any, data: Any) -> None:
            if self._hit("write"):
                if self.how == "short":
                    write(file, memoryview(data)[: len(data) // 2])
                raise _error("ENOSPC" if self.how == "short" else self.how)
            write(file, data)

        def failing(kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if kind == "open" and not _makes_a_file(arguments):
                    return real(*arguments, **options)
                if self._hit(kind):
                    raise _error(self.how)
                return real(*arguments, **options)

            return call

        def failing_connect(catalog: Catalog, uri: str) -> Any:
            return _Connection(connect(catalog, uri), self)

        self._put(atomic, "_write", failing_write)
        self._put(atomic, "open", failing("open", builtins.open))
        self._put(os, "open", failing("open", os.open))
        self._put(os, "fsync", failing("fsync", os.fsync))
        self._put(os, "replace", failing("replace", os.replace))
        self._put(Path, "mkdir", failing("mkdir", Path.mkdir))
        self._put(Catalog, "_open", failing_connect)

    def remove(self) -> None:
        """Take it away."""
        while self._undo:
            self._undo.pop()()

    def _put(self, where: Any, name: str, value: Any) -> None:
        if hasattr(where, name):
            kept = getattr(where, name)
            self._undo.append(lambda: setattr(where, name, kept))
        else:
            self._undo.append(lambda: delattr(where, name))
        setattr(where, name, value)

    def _hit(self, kind: str) -> bool:
        self.counts[kind] += 1
        if kind != self.kind:
            return False
        return self.counts[kind] >= self.nth if self.lasting else self.counts[kind] == self.nth


class _Connection:
    """A connection to SQLite whose writing statements may fail."""

    def __init__(self, real: sqlite3.Connection, failing: Failing) -> None:
        self._real = real
        self._failing = failing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, *values: Any) -> Any:
        self._ask(sql)
        return self._real.execute(sql, *values)

    def executemany(self, sql: str, rows: Any) -> Any:
        self._ask(sql)
        return self._real.executemany(sql, rows)

    def _ask(self, sql: str) -> None:
        if sql.startswith(_WRITING) and self._failing._hit("sql"):
            full = self._failing.how == "full"
            error = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR  # type: ignore[misc]
            raise error


def _error(name: str) -> OSError:
    number = getattr(errno, name)
    return OSError(number, os.strerror(number))
