"""SQLite's errors as one line that says what is wrong, in which file, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dedup.errors import DAMAGED, IndexFolderError
from dedup.index.atomic import INDEX_SAFE


@contextmanager
def explained_sqlite(path: Path, action: str = "using") -> Iterator[None]:
    """Raise errors of SQLite in the block as IndexFolderError."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite's own message quotes what it found in a damaged schema
        raise IndexFolderError(
            f"catalog {path} is damaged: it holds no text where text is due", DAMAGED
        ) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise IndexFolderError(
                f"catalog {path} is damaged or no SQLite file ({error})",
                DAMAGED,
            ) from error
        if code == sqlite3.SQLITE_FULL:
            raise IndexFolderError(
                f"disk full while writing {path}", f"free space and {INDEX_SAFE}"
            ) from error
        if code in (
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_PERM,
            sqlite3.SQLITE_AUTH,
        ):
            raise IndexFolderError(
                f"no permission while {action} {path} ({error})", "change the permissions of the folder"
            ) from error
        raise IndexFolderError(f"{error} while {action} {path}", INDEX_SAFE) from error
