"""Dropping what cannot be read and keeping the rest; may be killed anywhere and begun again.

Order: what is about to be dropped is told first (a caller may write it to a file), then one transaction
takes it out of the catalog, then files go. A text that is dropped leaves its hash behind: when its
feed is read in again it takes its old place among the versions of its article, so that the index decides
as if nothing had been lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dedup.errors import IndexFolderError
from dedup.index.arrays import write_arrays
from dedup.index.atomic import durable_file, explained, fsync_folder, sweep_abandoned
from dedup.index.catalog import Catalog
from dedup.index.check.catalog import read_catalog
from dedup.index.check.check import check_folder, check_is_ours
from dedup.index.check.drop import Once, drop
from dedup.index.check.findings import OnDropped, OnStage, RepairReport
from dedup.index.check.folder import left_over
from dedup.index.check.parts import made_arrays
from dedup.index.check.rebuild import rebuild_catalog
from dedup.index.faults import fault
from dedup.index.layout import Layout
from dedup.index.lock import WriterLock
from dedup.index.parts import footer_checksum, read_parquet
from dedup.index.publish import make_folders, remove, remove_unlisted_runs, roll_forward, write_manifest
from dedup.index.rebuilt import put_rebuilt


def repair_folder(
    path: Path,
    *,
    deep: bool,
    on_stage: OnStage,
    on_dropped: OnDropped,
    wait_s: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
) -> RepairReport:
    """Repair an index.

    Parameters
    ----------
    path : Path
    deep : bool
        As of `check_folder`.
    on_stage : callable
    on_dropped : callable
        Gets the texts that will be dropped, before they are, each once; not called if there are none.
        A repair that was killed and is begun again tells what is left to drop.
    wait_s, on_wait
        As for `dedup.index.lock.WriterLock`.

    Raises
    ------
    IndexFolderError
        If it is no index, of a newer format, or held by a writer; or the system refuses.
    """
    layout = Layout(path)
    check_is_ours(layout)
    with WriterLock(layout.lock, wait_s, on_wait):
        fault("repair-begin")
        done: list[str] = []
        if put_rebuilt(layout):
            done.append("the catalog put in place that a repair had made anew when it was stopped")
        before = check_folder(path, deep=deep, on_stage=on_stage)
        sweep_abandoned(layout.told_dropped)
        tell = Once(layout.told_dropped, on_dropped)
        lost: list[str] = []
        with explained(path, action="repairing"):
            make_folders(layout, durable=True)
            if any(one.kind == "catalog" for one in before.damage):
                rebuild_catalog(layout, done, lost, on_stage, tell)
        found = check_folder(path, deep=deep or bool(tell.told or lost), on_stage=on_stage)
        with explained(path, action="repairing"), Catalog(layout.catalog, write=True) as catalog:
            sweep_abandoned(layout.manifest)
            roll_forward(layout, catalog, durable=catalog.durable)
            if layout.manifest.is_dir():
                remove(layout.manifest)
            drop(layout, catalog, found, done, lost, tell)
            for number in map(int, found.names("sketch")):
                if catalog.has("part", str(number)):
                    _remake_sketch(layout, catalog, number)
                    done.append(f"sketches of part {number} made anew from its articles")
            write_manifest(layout, catalog, durable=catalog.durable)
            if any(one.kind == "manifest" for one in found.damage):
                done.append("manifest written anew")
            remove_unlisted_runs(layout, catalog)
            _remove_unlisted(layout, catalog, done)
        tell.end()
        after = check_folder(path, deep=deep, on_stage=on_stage)
        fault("repair-done")
    return RepairReport(before, tuple(done), tuple(lost), tuple(tell.told), after)


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
        if path.stem in kept or path == layout.told_dropped:
            continue
        if path.parent == layout.runs and path.name.isdecimal():
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
