"""A new catalog from the parts, the manifest, and what of the old catalog answers.

The parts hold every text with its key, hash and version number. What only the catalog knew is taken
from it as far as it can be read: loads and states of texts, hashes of refused ones, rejects, epochs, runs.
Without it the texts of one article are ranked by time, part and hash, and replaced texts count as versions
again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from dedup.errors import IndexFolderError
from dedup.index.catalog import Catalog
from dedup.index.check.epochs import MendedEpochs, mended_epochs
from dedup.index.check.evidence import Evidence, count, gathered, last_number, parsed, possible_parts
from dedup.index.check.findings import Dropped, OnDropped, OnStage
from dedup.index.check.parts import is_the_stored_file, keys_and_hashes_fit, one_batch
from dedup.index.check.salvage import nameable_texts, readable_texts
from dedup.index.identity import Int64s, identities, stamps
from dedup.index.layout import Layout, Thing
from dedup.index.parts import PART_SCHEMA, footer_checksum, read_parquet
from dedup.index.planning import HISTORY_COLUMNS, by_rank
from dedup.index.publish import remove
from dedup.index.rebuilt import promise_rebuilt, put_rebuilt
from dedup.index.rules import CURRENT, LISTED
from dedup.index.sketches import sketched_with

EPOCH_LOST: Final = "the current epoch: the next report learns a new one, so scores may differ from before"
"""What a repair says that leaves no current epoch."""
UNREADABLE: Final = "its articles cannot be read"
OTHER_FILE: Final = "its file holds other articles than were stored; that file stays where it is"
"""Why a part is dropped."""


class _OtherFileError(ValueError):
    """A file that can be read and is not the one that was stored."""


@dataclass
class _Texts:
    """What the files of all parts hold, and what is gone."""

    parts: list[tuple[int, ...]] = field(default_factory=list)
    blocks: list[Int64s] = field(default_factory=lambda: [np.empty((0, len(HISTORY_COLUMNS)), np.int64)])
    dropped: list[Dropped] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def rebuild_catalog(
    layout: Layout, done: list[str], lost: list[str], on_stage: OnStage, on_dropped: OnDropped
) -> None:
    """Put a new catalog in place of one that is lost or damaged.

    Parameters
    ----------
    layout : Layout
        Its lock is held.
    done, lost : lists of str
        Get a line for each thing done, and for each that could not be brought back.
    on_stage : callable
    on_dropped : callable
        Gets what can be told of the texts that cannot be read, before anything is changed.
    """
    old = gathered(layout)
    found = _texts(layout, old, on_stage)
    if found.dropped:
        on_dropped(found.dropped)
    lost += found.lost
    stored = np.concatenate(found.blocks)
    decided = _with_states(stored, old.texts)
    if decided is None:
        lost.append("which texts were refused or replaced, and the order of loads: time and part decide now")
    texts = _one_current(stored) if decided is None else decided
    epochs = _epochs(layout, old, lost)
    if "rejects" not in old.tables:
        lost.append("the list of rejected records; reading the feeds in again makes it anew")
    if "runs" not in old.tables:
        lost.append("the stored runs; the next report makes one again")
    generation = max(count(old.value("generation")), count(old.manifest.get("generation")), len(found.parts))
    values = {
        "generation": generation + 1,
        "load": max([count(old.value("load")), *(row[2] for row in found.parts)]),
        "load_open": old.value("load_open") is True,
        "epoch": epochs.current,
        "settings": old.value("settings") or old.manifest.get("settings") or {"background": sketched_with()},
        **{f"last_{kind}": last_number(layout, old, kind) for kind in ("part", "run")},
    }
    if (kept := old.value("keep_runs")) is not None:
        values["keep_runs"] = kept
    _write(layout, values, found.parts, texts, old, epochs.whole)
    promise_rebuilt(layout)
    put_rebuilt(layout)
    done.append(f"catalog made anew from {len(found.parts)} parts")
    done += found.done


def _texts(layout: Layout, old: Evidence, on_stage: OnStage) -> _Texts:
    """Read all parts that can be read; what another part holds already is not taken twice."""
    found = _Texts()
    numbers = possible_parts(layout, old)
    seen = np.empty(0, np.int64)
    for at, number in enumerate(numbers):
        on_stage("rebuilding the catalog", at, len(numbers))
        listed, place = old.texts_of(number), _place(layout.articles(number))
        try:
            row, texts = _part(layout, number, old)
        except _OtherFileError:
            why = OTHER_FILE
            gone = [] if listed is None else readable_texts(place, number, listed)
            if listed is None:
                found.lost.append(f"which articles part {number} held")
        except (IndexFolderError, OSError, KeyError, ValueError):
            if number not in old.loads and listed is None and place == layout.articles(number).staged:
                continue  # half of a part that was never committed
            why = UNREADABLE
            gone = nameable_texts(place, number) if listed is None else readable_texts(place, number, listed)
        else:
            pairs = texts[:, 0] ^ np.left_shift(texts[:, 1], 1)
            repeated = np.isin(pairs, seen)
            if not repeated.any():
                seen = np.concatenate([seen, pairs])
                found.parts.append(row)
                found.blocks.append(texts)
                continue
            why = "it repeats what another part holds"
            named = nameable_texts(place, number)
            gone = [one for one, again in zip(named, repeated.tolist(), strict=True) if not again]
        found.done.append(f"part {number} dropped: {why}")
        found.dropped += gone
    return found


def _epochs(layout: Layout, old: Evidence, lost: list[str]) -> MendedEpochs:
    in_manifest = Path(str(old.manifest.get("epoch") or "")).name or None
    entries = {name: entry for name, entry in old.tables.get("epochs", []) if isinstance(name, str)}
    current = old.value("epoch")
    current = current if isinstance(current, str) else in_manifest
    mended = mended_epochs(layout, entries, current, in_manifest)
    if mended.current is not None:
        return mended
    if current is None and len(mended.whole) == 1:
        return MendedEpochs(mended.whole, mended.right, next(iter(mended.whole)))
    if current is not None or len(mended.whole) > 1:
        lost.append(EPOCH_LOST)
    return mended


def _write(
    layout: Layout,
    values: dict[str, Any],
    parts: list[tuple[int, ...]],
    texts: Int64s,
    old: Evidence,
    epochs: dict[str, str],
) -> None:
    """Write the new catalog in staging."""
    new = layout.unfinished_catalog
    for left in layout.staging.glob(f"{new.name}*"):
        remove(left)
    Catalog.create(new, values)
    with Catalog(new, write=True) as catalog:
        with catalog.transaction("repair"):
            catalog.many("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", parts)
            catalog.insert_texts(texts[np.lexsort((texts[:, 1], texts[:, 0]))].tolist())
            rejects = [
                row for row in old.tables.get("rejects", []) if list(map(type, row)) == [str, int, str, str]
            ]
            catalog.many("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?, ?)", rejects)
            catalog.many("INSERT INTO epochs VALUES (?, ?)", sorted(epochs.items()))
            runs = [row for row in old.tables.get("runs", []) if isinstance(row[0], int) and parsed(row[1])]
            catalog.many("INSERT OR IGNORE INTO runs VALUES (?, ?)", runs)
        # The file alone is renamed: nothing of it may be left in a log.
        catalog.query("PRAGMA wal_checkpoint(TRUNCATE)")


def _place(thing: Thing) -> Path:
    return thing.final if thing.final.exists() else thing.staged


def _part(layout: Layout, number: int, old: Evidence) -> tuple[tuple[int, ...], Int64s]:
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
    if not is_the_stored_file(footer, texts[:, :2], old.footers.get(number, set()), old.texts_of(number)):
        raise _OtherFileError
    load = old.loads.get(number, number)
    texts[:, 5], texts[:, 6], texts[:, 7], texts[:, 8] = load, LISTED, number, np.arange(table.num_rows)
    sketch = _place(layout.sketch(number))
    sketch_bytes = sketch.stat().st_size if sketch.exists() else 0
    return (number, table.num_rows, load, place.stat().st_size, sketch_bytes, footer), texts


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
    order = by_rank(some)
    order = order[np.lexsort((some[order, 6] == CURRENT, some[order, 0]))]  # one that is current stays so
    last = np.append(some[order][1:, 0] != some[order][:-1, 0], True)[: len(some)]
    texts[stored, 6] = LISTED
    texts[stored[order[last]], 6] = CURRENT
    return texts
