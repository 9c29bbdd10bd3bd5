"""What an index has committed, as plain rows that two indices can be compared by.

Everything counts: every table of the catalog, the manifest, (key, content hash, version) of every row of
every part, and the bytes of every file that a part, run or epoch consists of. The only thing that may differ
is `_LOAD`; a table that a later format adds is compared without anybody having to think of it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

Rows = list[tuple[Any, ...]]
State = dict[str, Rows]
"""Name of a table, or of what else is compared -> its rows, sorted."""

_LOAD: Final = "table meta", "load"
"""The one value that may differ: killed after its load had ended, the same command again is another load,
which finds everything there and adds nothing. So the counter may be one more, never anything else; that no
part and no article counts for that load is seen in their tables. Nothing in an index is a time of day or a
random name."""


def committed_state(index: Path) -> State:
    """Read what an index holds; nothing where there is no index.

    Raises
    ------
    OSError, sqlite3.Error
        If something that is listed cannot be read.
    """
    if not (index / "catalog.sqlite").exists():
        return {}
    state: State = {}
    with closing(
        sqlite3.connect(f"{(index / 'catalog.sqlite').absolute().as_uri()}?mode=ro", uri=True)
    ) as one:
        names = [name for (name,) in one.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            state[f"table {name}"] = sorted(one.execute(f'SELECT * FROM "{name}"'), key=repr)
        state["schema"] = sorted(one.execute("SELECT type, name, sql FROM sqlite_schema"), key=repr)
    manifest = json.loads((index / "manifest.json").read_bytes())
    state["manifest"] = [(name, json.dumps(value)) for name, value in sorted(manifest.items())]
    for part in manifest["parts"]:
        table = pq.read_table(index / part["articles"], columns=["key", "content", "version"])
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        state[f"rows {part['articles']}"] = list(rows)
    state["files"] = [
        (path.relative_to(index).as_posix(), file_hash(path))
        for path in sorted(index.rglob("*"))
        if path.is_file() and path.parent != index
    ]
    return state


def differences(expected: State, found: State) -> list[str]:
    """Return what differs, one line for each table; nothing if the two are the same."""
    wrong = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found or name not in expected:
            wrong.append(f"{name}: {'missing' if name in expected else 'not in the undisturbed run'}")
            continue
        one, other = expected[name], found[name]
        if name == _LOAD[0]:
            other = [_as_before(row, one) for row in other]
        if one != other:
            lost, new = ([row for row in a if row not in b] for a, b in ((one, other), (other, one)))
            told = f"{lost[:1]} became {new[:1]}" if lost or new else "in another order or number"
            wrong.append(f"{name}: {len(lost)} rows lost, {len(new)} new: {told[:300]}")
    return wrong


def _as_before(row: tuple[Any, ...], expected: Rows) -> tuple[Any, ...]:
    """Return the counter of loads as it was expected, if it is one more; any other row as it is."""
    before = (row[0], str(int(row[1]) - 1)) if row[0] == _LOAD[1] else row
    return before if before in expected else row


def file_hash(path: Path) -> str:
    """Return a hash of a file, or that there is none."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest() if path.exists() else "none"
