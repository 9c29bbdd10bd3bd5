"""The tables of the catalog, and the version of the format of the folder they describe.

What is done with the tables is for `dedup.index.catalog`.
"""

from __future__ import annotations

import os
from typing import Final

from dedup.errors import NewerFormatError

FORMAT_VERSION: Final = 2
"""Version of everything in the folder; raised when an older `dedup` could not read it.

2 keeps the originals of cleaned fields in columns of their own. An index of format 1 is read as it is, for
nothing in it was cleaned, and becomes one of format 2 when something is added.
"""

SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (
    number INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,
    load INTEGER NOT NULL,
    article_bytes INTEGER NOT NULL,
    sketch_bytes INTEGER NOT NULL,
    footer_crc INTEGER NOT NULL
);
CREATE TABLE articles (
    key INTEGER NOT NULL,
    content INTEGER NOT NULL,
    proof INTEGER NOT NULL,
    version INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    load INTEGER NOT NULL,
    state INTEGER NOT NULL,      -- 0 dropped or refused, 1 older version, 2 current
    part INTEGER NOT NULL,       -- 0: refused, only the hash is kept
    row INTEGER NOT NULL,
    PRIMARY KEY (key, content)
) WITHOUT ROWID;
CREATE INDEX shadowed ON articles (part, row, state) WHERE state < 2;
CREATE TABLE rejects (
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (file, line, reason)
) WITHOUT ROWID;
CREATE TABLE epochs (id TEXT PRIMARY KEY, meta TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (number INTEGER PRIMARY KEY, meta TEXT NOT NULL);
"""


def refuse_newer(found: int, folder: os.PathLike[str]) -> None:
    """Raise `NewerFormatError` for an index of a format that this version does not know."""
    if found > FORMAT_VERSION:
        raise NewerFormatError(
            f"index {os.fspath(folder)} has format {found}, this dedup reads up to {FORMAT_VERSION}",
            "upgrade dedup or re-create the index",
        )
