"""A new catalog from the parts, the manifest, and what of the old catalog answers.

The parts hold every text with its key, hash and version number. What only the catalog knew is taken
from it as far as it can be read: loads and states of texts, hashes of refused ones, rejects, epochs, runs.
Without it the texts of one article are ranked by time, part and hash, and replaced texts count as versions
again.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from dedup.confirm.epoch import FILES, Learnt
from dedup.errors import IndexFolderError
from dedup.index.atomic import fsync_folder
from dedup.index.catalog import Catalog
from dedup.index.check.findings import Dropped, OnStage
from dedup.index.check.parts import keys_and_hashes_fit, one_batch
from dedup.index.check.salvage import nameable_texts, readable_texts
from dedup.index.faults import fault
from dedup.index.identity import Int64s, identities, stamps
from dedup.index.layout import Layout, Thing
from dedup.index.parts import PART_SCHEMA, footer_checksum, read_parquet
from dedup.index.planning import HISTORY_COLUMNS
from dedup.index.publish import remove
from dedup.index.rules import CURRENT, DROPPED, LISTED
from dedup.index.runs import epoch_hashes
from dedup.index.sketches import sketched_with

_PART: Final = re.compile(r"part-(\d+)\.parquet")
_TABLES: Final = {
    "meta": "name, value",
    "parts": "number, load",
    "articles": ", ".join(HISTORY_COLUMNS),
    "rejects": "file, line, reason, detail",
    "epochs": "id, meta",
    "runs": "number, meta",
}


def rebuild_catalog(
    layout: Layout, done: list[str], lost: list[str], on_stage: OnStage, on_dropped: Any
) -> list[Dropped]:
    """Put a new catalog in place of one that is lost or damaged.

    Parameters
    ----------
    layout : Layout
        Its lock is held.
    done, lost : lists of str
        Get a line for each thing done, and for each that could not be brought back.
    on_stage : callable
    on_dropped : callable
        Gets the texts that cannot be read, before anything is changed.

    Returns
    -------
    list of Dropped
        What can be told of the texts that cannot be read.
    """
    old = _old_tables(layout.catalog)
    manifest = _old_manifest(layout)
    meta = {name: value for name, value in old.get("meta", []) if isinstance(name, str)}
    known = {row[0]: row[1] for row in old.get("parts", []) if _whole(row)}
    listed: list[dict[str, Any]] = manifest.get("parts", [])
    for entry in listed:
        if match := _PART.search(str(entry.get("articles"))):
            known.setdefault(int(match[1]), _number(entry.get("load")) or int(match[1]))
    rows = _as_array(old.get("articles"))

    numbers = sorted({*known} if "parts" in old else {*known, *_numbers(layout)})
    parts: list[tuple[int, ...]] = []
    blocks = [np.empty((0, len(HISTORY_COLUMNS)), np.int64)]
    dropped: list[Dropped] = []
    unreadable: list[int] = []
    seen = np.empty(0, np.int64)
    for at, number in enumerate(numbers):
        on_stage("rebuilding the catalog", at, len(numbers))
        try:
            row, texts = _part(layout, number, known.get(number, number))
        except (IndexFolderError, OSError, KeyError, ValueError):
            unreadable.append(number)
            place = _place(layout.articles(number))
            if rows is None:
                dropped += nameable_texts(place, number)
            else:
                dropped += readable_texts(place, number, rows[rows[:, 7] == number])
            continue
        pairs = texts[:, 0] ^ np.left_shift(texts[:, 1], 1)
        if np.isin(pairs, seen).any():
            unreadable.append(number)  # it repeats what another part holds
            continue
        seen = np.concatenate([seen, pairs])
        parts.append(row)
        blocks.append(texts)
    if dropped:
        on_dropped(dropped)
    stored = np.concatenate(blocks)
    decided = _with_states(stored, rows)
    if decided is None:
        lost.append("which texts were refused or replaced, and the order of loads: time and part decide now")
    texts = _one_current(stored) if decided is None else decided

    epochs = _epochs(layout, dict(old.get("epochs", [])))
    current = _json(meta.get("epoch")) or str(manifest.get("epoch") or "").rpartition("/")[2] or None
    if current not in epochs:
        if current is not None or len(epochs) > 1:
            lost.append(
                "the current epoch: the next report learns a new one, so scores may differ from before"
            )
        current = next(iter(epochs)) if current is None and len(epochs) == 1 else None
    if "rejects" not in old:
        lost.append("the list of rejected records; reading the feeds in again makes it anew")
    if "runs" not in old:
        lost.append("the stored runs; the next report makes one again")
    settings = _json(meta.get("settings")) or manifest.get("settings") or {"background": sketched_with()}
    generation = (
        max(_number(_json(meta.get("generation"))), _number(manifest.get("generation")), len(parts)) + 1
    )
    load = max([_number(_json(meta.get("load"))), *(row[2] for row in parts)])
    values = {"generation": generation, "load": load, "epoch": current, "settings": settings}
    if (kept := _json(meta.get("keep_runs"))) is not None:
        values["keep_runs"] = kept
    _write(layout, values, parts, texts, old, epochs)
    done.append(f"catalog made anew from {len(parts)} parts")
    done += [f"part {number} dropped: its articles cannot be read" for number in unreadable]
    return dropped


def _write(
    layout: Layout,
    values: dict[str, Any],
    parts: list[tuple[int, ...]],
    texts: Int64s,
    old: dict[str, list[tuple[Any, ...]]],
    epochs: dict[str, str],
) -> None:
    new = layout.unfinished_catalog
    for left in layout.staging.glob(f"{new.name}*"):
        remove(left)
    Catalog.create(new, values)
    with Catalog(new, write=True) as catalog, catalog.transaction("repair"):
        catalog.many("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", parts)
        catalog.insert_texts(texts[np.lexsort((texts[:, 1], texts[:, 0]))].tolist())
        rejects = [row for row in old.get("rejects", []) if list(map(type, row)) == [str, int, str, str]]
        catalog.many("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?, ?)", rejects)
        catalog.many("INSERT INTO epochs VALUES (?, ?)", sorted(epochs.items()))
        runs = [row for row in old.get("runs", []) if isinstance(row[0], int) and _json(row[1])]
        catalog.many("INSERT OR IGNORE INTO runs VALUES (?, ?)", runs)
    fault("rebuild-catalog")
    # A log that is left would be played into the new file.
    for suffix in ("-wal", "-shm"):
        Path(f"{layout.catalog}{suffix}").unlink(missing_ok=True)
    fault("rebuild-log")
    if layout.catalog.is_dir():
        remove(layout.catalog)
    os.replace(new, layout.catalog)
    fault("rebuild-renamed")
    fsync_folder(layout.root)


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


def manifest_format(layout: Layout) -> int:
    """Return the format that the manifest names, 0 where it names none."""
    found = _old_manifest(layout).get("format")
    return found if isinstance(found, int) else 0


def _old_manifest(layout: Layout) -> dict[str, Any]:
    try:
        manifest = json.loads(layout.manifest.read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("parts"), list) else {}


def _numbers(layout: Layout) -> list[int]:
    """Numbers of the parts that were committed: those in place; one in staging need not have been."""
    matches = (_PART.fullmatch(path.name) for path in (layout.root / "articles").iterdir())
    return sorted(int(match[1]) for match in matches if match)


def _place(thing: Thing) -> Path:
    return thing.final if thing.final.exists() else thing.staged


def _part(layout: Layout, number: int, load: int) -> tuple[tuple[int, ...], Int64s]:
    """Row of the table `parts`, and rows of `articles` as if all were older versions."""
    place = _place(layout.articles(number))
    # The old checksum of the footer may be wrong itself: keys and hashes say whether the articles are right.
    footer = footer_checksum(place)
    table = read_parquet(place, footer, PART_SCHEMA.names)
    texts = np.empty((table.num_rows, len(HISTORY_COLUMNS)), np.int64)
    batch = one_batch(table)
    keys, contents = (table[name].to_numpy() for name in ("key", "content"))
    if not keys_and_hashes_fit(batch, keys, contents):
        raise ValueError("keys and hashes are not those of the articles")
    columns = (keys, contents, identities(batch).proof, table["version"].to_numpy(), stamps(batch))
    for j, column in enumerate(columns):
        texts[:, j] = column
    texts[:, 5], texts[:, 6], texts[:, 7], texts[:, 8] = load, LISTED, number, np.arange(table.num_rows)
    sketch = _place(layout.sketch(number))
    sketch_bytes = sketch.stat().st_size if sketch.exists() else 0
    return (number, table.num_rows, load, place.stat().st_size, sketch_bytes, footer), texts


def _as_array(rows: list[tuple[Any, ...]] | None) -> Int64s | None:
    """Rows of the old table `articles`; None if they cannot be read whole, or make no sense."""
    try:
        table = None if rows is None else np.array(rows, np.int64).reshape(-1, len(HISTORY_COLUMNS))
    except (ValueError, OverflowError, TypeError):
        return None
    return None if table is None or not np.isin(table[:, 6], (DROPPED, LISTED, CURRENT)).all() else table


def _with_states(texts: Int64s, known: Int64s | None) -> Int64s | None:
    """Give the texts the loads and states the old catalog had; None if it does not have them all."""
    if known is None:
        return None
    places = {tuple(row[:2]): row for row in known.tolist()}
    mine = {tuple(row[:2]) for row in texts.tolist()}
    if not mine <= places.keys():
        return None
    kept = np.array([places[pair] for pair in map(tuple, texts[:, :2].tolist())], np.int64)
    if len(texts):
        texts[:, 5:7] = kept[:, 5:7]
    # What was refused stays known; what lay in a part that is gone takes its old place when it comes again.
    others = known[[tuple(row[:2]) not in mine for row in known.tolist()]]
    others[:, 6:9] = 0  # no state, no part, no row
    return _one_current(np.concatenate([texts, others]))


def _one_current(texts: Int64s) -> Int64s:
    """Make the greatest listed text of each article that has no current one its current text."""
    # As `dedup.index.check.catalog` has it: an article that lost no text has one that is listed.
    placed, listed = texts[:, 7] > 0, texts[:, 6] >= LISTED
    fine = np.isin(texts[:, 0], texts[(placed & listed) | (~placed & (texts[:, 3] > 0)), 0])
    texts[placed & ~fine, 6] = LISTED
    stored = np.flatnonzero((texts[:, 7] > 0) & (texts[:, 6] >= LISTED))
    some = texts[stored]
    # By key, then the current one, then by rank (`dedup.index.rules.Seen.rank`).
    order = np.lexsort((some[:, 1], some[:, 5], some[:, 4], some[:, 6] == CURRENT, some[:, 0]))
    last = np.append(some[order][1:, 0] != some[order][:-1, 0], True)[: len(some)]
    texts[stored, 6] = LISTED
    texts[stored[order[last]], 6] = CURRENT
    return texts


def _epochs(layout: Layout, entries: dict[Any, Any]) -> dict[str, str]:
    """Epochs that lie whole in their folders, with what the catalog keeps of each."""
    found = {}
    for folder in sorted((layout.root / "epochs").iterdir()):
        with suppress(OSError, ValueError, KeyError):
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            digest, hashes = epoch_hashes(files)
            if digest != folder.name or not set(FILES) <= set(files):
                continue
            entry = _json(entries.get(digest))
            if not isinstance(entry, dict) or entry.get("files") != hashes:
                entry = {"meta": {"texts": Learnt.from_files(files).n_texts}, "files": hashes}
            found[digest] = json.dumps(entry)
    return found


def _whole(row: tuple[Any, ...]) -> bool:
    return all(isinstance(value, int) for value in row)


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
