"""What tells what an index held when its catalog is damaged: what of it answers, and the manifest."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dedup.index.identity import Int64s
from dedup.index.layout import Layout
from dedup.index.planning import HISTORY_COLUMNS
from dedup.index.rules import CURRENT, DROPPED, LISTED

_TABLES: Final = {
    "meta": "name, value",
    "parts": "number, load, footer_crc",
    "articles": ", ".join(HISTORY_COLUMNS),
    "rejects": "file, line, reason, detail",
    "epochs": "id, meta",
    "runs": "number, meta",
}
_NUMBERED: Final = {
    "part": re.compile(r"part-(\d{1,9})\.(?:parquet|sketch)"),
    "run": re.compile(r"(?:run-)?(\d{1,9})"),
}
_FOLDERS: Final = {"part": ("articles", "sketches", "staging"), "run": ("runs", "staging")}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What could be read.

    Parameters
    ----------
    tables : dict of str to list of tuple
        Tables of the old catalog that could be read to their end.
    meta : dict of str to str
        Its table `meta`, values in JSON.
    manifest : dict
        Empty if it cannot be read.
    loads : dict of int to int
        Parts by number, and the load that brought each.
    footers : dict of int to set of int
        The checksums that were noted for the footer of each; usually one.
    texts : int64 array, shape (k, 9), or None
        The table `articles`; None if it cannot be read whole, or makes no sense.
    """

    tables: dict[str, list[tuple[Any, ...]]]
    meta: dict[str, str]
    manifest: dict[str, Any]
    loads: dict[int, int]
    footers: dict[int, set[int]]
    texts: Int64s | None

    def value(self, name: str) -> Any:
        """Return one value of the old catalog's table `meta`."""
        return parsed(self.meta.get(name))

    def texts_of(self, number: int) -> Int64s | None:
        """Return what the old catalog lists of a part, by row; None if it does not answer."""
        if self.texts is None:
            return None
        found = self.texts[self.texts[:, 7] == number]
        by_row: Int64s = found[np.argsort(found[:, 8], kind="stable")]
        return by_row


def gathered(layout: Layout) -> Evidence:
    """Read whatever of a damaged index tells what it held."""
    tables, manifest = _old_tables(layout.catalog), old_manifest(layout)
    meta = {name: value for name, value in tables.get("meta", []) if isinstance(name, str)}
    if "parts" in tables:
        tables["parts"] = [row for row in tables["parts"] if _whole(row)]
    loads: dict[int, int] = {row[0]: row[1] for row in tables.get("parts", [])}
    for number, entry in _listed(manifest):
        loads.setdefault(number, count(entry.get("load")) or number)
    footers = manifest_footers(manifest)
    for number, _, footer in tables.get("parts", []):
        footers.setdefault(number, set()).add(footer)
    return Evidence(tables, meta, manifest, loads, footers, _as_array(tables.get("articles")))


def last_number(layout: Layout, evidence: Evidence, kind: str) -> int:
    """Return the greatest number of a part or run that anything tells of.

    It must not be given again: whoever remembers that part or run would take another one for it.
    """
    found = [count(evidence.value(f"last_{kind}")), count(evidence.manifest.get(f"last_{kind}"))]
    found += [count(row[0]) for row in evidence.tables.get(f"{kind}s", [])]
    if kind == "part":
        found += evidence.loads
        if evidence.texts is not None and len(evidence.texts):
            found.append(int(evidence.texts[:, 7].max()))
    names = [Path(str(evidence.manifest.get(kind))).name]
    for folder in _FOLDERS[kind]:
        with suppress(OSError):
            names += [path.name for path in (layout.root / folder).iterdir()]
    found += [int(match[1]) for name in names if (match := _NUMBERED[kind].fullmatch(name))]
    return max(found)


def possible_parts(layout: Layout, evidence: Evidence) -> list[int]:
    """Return the numbers of the parts that may be of the index, ascending.

    Where the catalog does not answer, a part that was committed just before is in no manifest, and may lie in
    staging still. It has a greater number than all that the manifest knows of: what else is not in the
    manifest was taken out of the index. One that was not committed is articles of the same feed, and taken
    in whole or, if it is torn, not at all.
    """
    numbers = set(evidence.loads)
    if evidence.texts is not None:
        numbers |= set(evidence.texts[evidence.texts[:, 7] > 0, 7].tolist())
    if "parts" in evidence.tables or evidence.texts is not None:
        return sorted(numbers)
    known = max([0, *numbers, count(evidence.manifest.get("last_part"))])
    for folder in ("articles", "staging"):
        for path in (layout.root / folder).iterdir():
            match = _NUMBERED["part"].fullmatch(path.name)
            if match and path.suffix == ".parquet" and int(match[1]) > known:
                numbers.add(int(match[1]))
    return sorted(numbers)


def old_manifest(layout: Layout) -> dict[str, Any]:
    """Return what the manifest says; nothing if it cannot be read."""
    try:
        manifest = json.loads(layout.manifest.read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("parts"), list) else {}


def manifest_format(layout: Layout) -> int:
    """Return the format that the manifest names, 0 where it names none."""
    found = old_manifest(layout).get("format")
    return found if isinstance(found, int) else 0


def manifest_footers(manifest: dict[str, Any]) -> dict[int, set[int]]:
    """Map the parts of a manifest to the checksums of their footers."""
    return {
        number: {entry["footer_crc"]}
        for number, entry in _listed(manifest)
        if isinstance(entry.get("footer_crc"), int)
    }


def parsed(text: Any) -> Any:
    """Return what JSON says; None if it is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def count(value: Any) -> int:
    """Return a value if it is a number of something, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else 0


def _listed(manifest: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for entry in manifest.get("parts", []):
        if isinstance(entry, dict):
            match = _NUMBERED["part"].fullmatch(Path(str(entry.get("articles"))).name)
            if match:
                yield int(match[1]), entry


def _old_tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read whole tables of a damaged catalog; one that cannot be read to its end is left out."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    with suppress(sqlite3.Error, OSError, UnicodeDecodeError):
        uri = path.absolute().as_uri()
        if not path.is_file():
            return tables
        with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True)) as connection:
            for table, columns in _TABLES.items():
                with suppress(sqlite3.Error, UnicodeDecodeError, OverflowError):
                    tables[table] = connection.execute(f"SELECT {columns} FROM {table}").fetchall()
    return tables


def _as_array(rows: list[tuple[Any, ...]] | None) -> Int64s | None:
    """Rows of the old table `articles`; None if they cannot be read whole, or make no sense."""
    try:
        table = None if rows is None else np.array(rows, np.int64).reshape(-1, len(HISTORY_COLUMNS))
    except (ValueError, OverflowError, TypeError):
        return None
    return None if table is None or not np.isin(table[:, 6], (DROPPED, LISTED, CURRENT)).all() else table


def _whole(row: tuple[Any, ...]) -> bool:
    return all(isinstance(value, int) for value in row)
