"""Dropping what cannot be read and keeping the rest; may be killed anywhere and begun again.

Order: what is about to be dropped is told first (a caller may write it to a file), then one transaction
takes it out of the catalog, then files go. A text that is dropped leaves its hash behind: when its
feed is read in again it takes its old place among the versions of its article, so that the index decides
as if nothing had been lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dedup.errors import IndexFolderError
from dedup.index.arrays import write_arrays
from dedup.index.atomic import durable_file, explained, fsync_folder, sweep_abandoned
from dedup.index.catalog import Catalog
from dedup.index.check.catalog import read_catalog
from dedup.index.check.check import check_folder, check_is_ours
from dedup.index.check.findings import CheckReport, Dropped, OnStage, RepairReport
from dedup.index.check.folder import left_over
from dedup.index.check.parts import made_arrays
from dedup.index.check.rebuild import rebuild_catalog
from dedup.index.check.salvage import readable_texts
from dedup.index.faults import fault
from dedup.index.identity import Int64s
from dedup.index.layout import Layout
from dedup.index.lock import WriterLock
from dedup.index.parts import footer_checksum, read_parquet
from dedup.index.publish import remove, remove_unlisted_runs, roll_forward, write_manifest
from dedup.index.rules import CURRENT, LISTED

OnDropped = Callable[[Sequence[Dropped]], None]


def repair_folder(path: Path, *, deep: bool, on_stage: OnStage, on_dropped: OnDropped) -> RepairReport:
    """Repair an index.

    Parameters
    ----------
    path : Path
    deep : bool
        As of `check_folder`.
    on_stage : callable
    on_dropped : callable
        Gets the texts that will be dropped, before anything is; not called if there are none. Called
        again, with what is left to drop, if a repair was killed and is begun again.

    Raises
    ------
    IndexFolderError
        If it is no index, of a newer format, or held by a writer; or the system refuses.
    """
    layout = Layout(path)
    check_is_ours(layout)
    with WriterLock(layout.lock):
        fault("repair-begin")
        before = check_folder(path, deep=deep, on_stage=on_stage)
        done: list[str] = []
        lost: list[str] = []
        dropped: list[Dropped] = []
        with explained(path, action="repairing"):
            for folder in layout.folders:
                folder.mkdir(exist_ok=True)
            if any(one.kind == "catalog" for one in before.damage):
                dropped += rebuild_catalog(layout, done, lost, on_stage, on_dropped)
        found = check_folder(path, deep=deep or bool(dropped or lost), on_stage=on_stage)
        with explained(path, action="repairing"), Catalog(layout.catalog, write=True) as catalog:
            sweep_abandoned(layout.manifest)
            roll_forward(layout, catalog, durable=catalog.durable)
            dropped += _drop(layout, catalog, found, done, lost, on_dropped)
            for number in map(int, found.names("sketch")):
                if catalog.has("part", str(number)):
                    _remake_sketch(layout, catalog, number)
                    done.append(f"sketches of part {number} made anew from its articles")
            if layout.manifest.is_dir():
                remove(layout.manifest)
            write_manifest(layout, catalog, durable=catalog.durable)
            if any(one.kind == "manifest" for one in found.damage):
                done.append("manifest written anew")
            remove_unlisted_runs(layout, catalog)
            _remove_unlisted(layout, catalog, done)
        after = check_folder(path, deep=deep, on_stage=on_stage)
        fault("repair-done")
    return RepairReport(before, tuple(done), tuple(lost), tuple(dropped), after)


def _drop(
    layout: Layout,
    catalog: Catalog,
    found: CheckReport,
    done: list[str],
    lost: list[str],
    on_dropped: OnDropped,
) -> list[Dropped]:
    """Take what cannot be read out of the catalog; return the texts that are gone."""
    parts = [int(name) for name in found.names("part")]
    epochs, runs = found.names("epoch"), [int(name) for name in found.names("run")]
    if not parts and not epochs and not runs:
        return []
    texts = catalog.texts()
    dropped: list[Dropped] = []
    for number in parts:
        dropped += readable_texts(layout.articles(number).final, number, texts[texts[:, 7] == number])
    if dropped:
        on_dropped(dropped)
    with catalog.transaction("repair"):
        for number in parts:
            catalog.query("UPDATE articles SET part = 0, row = 0, state = 0 WHERE part = ?", (number,))
            catalog.query("DELETE FROM parts WHERE number = ?", (number,))
        if parts:
            gone = texts[np.isin(texts[:, 7], parts) & (texts[:, 6] == CURRENT), 0]
            _promote(catalog, np.unique(gone))
            catalog.set_meta("generation", catalog.meta("generation") + 1)
        for digest in epochs:
            catalog.query("DELETE FROM epochs WHERE id = ?", (digest,))
            if catalog.meta("epoch") == digest:
                catalog.set_meta("epoch", None)
                lost.append(
                    "the current epoch: the next report learns a new one, so scores may differ from before"
                )
        for number in runs:
            catalog.query("DELETE FROM runs WHERE number = ?", (number,))
    for number in parts:
        for thing in (layout.articles(number), layout.sketch(number)):
            fault("repair-remove")
            remove(thing.final)
            fault("repair-removed")
    done += [f"part {number} dropped: its articles cannot be read" for number in parts]
    done += [f"epoch {digest} dropped" for digest in epochs]
    done += [f"run {number} dropped; the next report makes it again" for number in runs]
    return dropped


def _promote(catalog: Catalog, keys: Int64s) -> None:
    """Make the greatest of the versions that are left the current text of each article."""
    history = catalog.history(keys)
    history = history[history[:, 6] == LISTED]
    # By key, then by rank (`dedup.index.rules.Seen.rank`): the last of each key is its greatest.
    history = history[np.lexsort((history[:, 1], history[:, 5], history[:, 4], history[:, 0]))]
    last = np.append(history[1:, 0] != history[:-1, 0], True)[: len(history)]
    catalog.many("UPDATE articles SET state = 2 WHERE key = ? AND content = ?", history[last, :2].tolist())


def _remake_sketch(layout: Layout, catalog: Catalog, number: int) -> None:
    """Write the sketch file of a part anew and put it in place of the old one."""
    part = next(part for part in catalog.parts() if part.number == number)
    table = layout.articles(number).read(partial(read_parquet, footer_crc=part.footer_crc))
    final = layout.sketch(number).final
    # Under a name that no commit uses: half of it would be taken for rubbish, never for the sketch.
    made = layout.staging / f"repaired-{number}"
    with durable_file(made, "repaired", durable=catalog.durable) as file:
        write_arrays(file, made_arrays(table))
    size = made.stat().st_size
    if final.is_dir():
        remove(final)
    fault("repaired-replace")
    os.replace(made, final)
    fault("repaired-renamed")
    if catalog.durable:
        fsync_folder(final.parent)
    if size != part.sketch_bytes:
        with catalog.transaction("repair"):
            catalog.query("UPDATE parts SET sketch_bytes = ? WHERE number = ?", (size, number))


def _remove_unlisted(layout: Layout, catalog: Catalog, done: list[str]) -> None:
    """Remove what has a name of ours and is not listed, but no articles that can be read."""
    listed, _ = read_catalog(catalog)
    assert listed is not None
    staged, ours, _ = left_over(layout, listed)
    kept = {path.stem for path in ours if path.suffix == ".parquet" and _readable(path)}
    for path in [*staged, *ours]:
        if path.stem in kept or (path.parent == layout.runs and path.name.isdecimal()):
            continue  # a run that is left here is one a reader has open
        fault("repair-remove")
        remove(path)
        fault("repair-removed")
        done.append(f"{path.relative_to(layout.root).as_posix()} removed")


def _readable(path: Path) -> bool:
    try:
        read_parquet(path, footer_checksum(path))
    except (IndexFolderError, OSError):
        return False
    return True
