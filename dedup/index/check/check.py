"""The whole check of an index; changes nothing, takes no lock, and may run beside a writer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from dedup.errors import IndexFolderError, NewerFormatError
from dedup.index.catalog import Catalog
from dedup.index.catalog_schema import refuse_newer
from dedup.index.check.catalog import Listed, epoch_damage, read_catalog
from dedup.index.check.evidence import manifest_footers, manifest_format, old_manifest
from dedup.index.check.findings import CheckReport, Damage, Findings, OnStage
from dedup.index.check.folder import check_epochs, check_leftovers, check_manifest, check_runs
from dedup.index.check.parts import check_part
from dedup.index.layout import Layout
from dedup.index.sketches import sketched_with
from dedup.report.wording import count


def check_folder(path: Path, *, deep: bool, on_stage: OnStage) -> CheckReport:
    """Check everything in an index folder.

    Parameters
    ----------
    path : Path
    deep : bool
        Sketch and hash every article anew, not a sample.
    on_stage : callable

    Raises
    ------
    IndexFolderError
        If it is no index at all, or of a newer format.
    """
    layout = Layout(path)
    check_is_ours(layout)
    found = Findings()
    for folder in layout.folders:
        # One that is not there was empty, or what it held is told of by name below; writers make it.
        if os.path.lexists(folder) and not folder.is_dir():
            found.damage.append(Damage(folder.name, "it is not a folder: move it away", "folder"))
    on_stage("checking the catalog", 0, 0)
    try:
        catalog = Catalog(layout.catalog)
    except NewerFormatError:
        raise
    except IndexFolderError as error:
        # What the manifest says of a lost catalog: an index of a newer format is none to be mended here.
        refuse_newer(manifest_format(layout), layout.root)
        reason = "it is missing" if not layout.catalog.exists() else str(error.__cause__ or error.message)
        found.damage.append(Damage(layout.catalog.name, reason, "catalog"))
        return found.report(path)
    with catalog:
        listed, wrong = read_catalog(catalog)
        found.damage += [Damage(layout.catalog.name, reason, "catalog") for reason in wrong]
        if listed is None:
            return found.report(path)
        found.checked.append(
            f"catalog: {count(len(listed.texts), 'text')} in {count(len(listed.parts), 'part')}"
        )
        if not wrong:
            _check_parts(layout, listed, found, deep, on_stage)
        on_stage("checking epochs and runs", 0, 0)
        found.damage += epoch_damage(listed)
        check_epochs(layout, listed, found)
        check_runs(layout, listed, catalog, found)
        check_manifest(layout, catalog, found)
        check_leftovers(layout, listed, found)
    found.checked.append(f"epochs: {len(listed.epochs):,}, every file")
    found.checked.append(f"runs: {len(listed.runs):,}, every table")
    found.checked.append("manifest: against the catalog")
    if listed.lost:
        found.notes.append(f"{listed.lost:,} texts that a repair dropped have not been read in again")
    return found.report(path)


def check_is_ours(layout: Layout) -> None:
    """Raise IndexFolderError unless the folder is an index, or was one that lost its catalog."""
    root = layout.root
    if not root.is_dir():
        what = "is a file, an index is a folder" if root.exists() else "is not there"
        raise IndexFolderError(f"{root} {what}", "name the folder of an index")
    if layout.catalog.exists():
        return
    # A folder that happens to hold an empty folder "articles" is not ours.
    if not layout.manifest.is_file() and not any((root / "articles").glob("part-*.parquet")):
        raise IndexFolderError(
            f"{root} is not an index: it has no {layout.catalog.name}", "give another path"
        )


def _check_parts(layout: Layout, listed: Listed, found: Findings, deep: bool, on_stage: OnStage) -> None:
    alike = listed.settings.get("background") == sketched_with()
    if not alike:
        found.notes.append(
            "sketched by another version of dedup: sketches were not compared with their texts"
        )
    bounds = np.searchsorted(listed.texts[:, 7], [part.number for part in listed.parts])
    noted = manifest_footers(old_manifest(layout))
    sketched = 0
    for done, (part, start) in enumerate(zip(listed.parts, bounds.tolist(), strict=True)):
        on_stage("checking parts", done, len(listed.parts))
        texts = listed.texts[start : start + part.rows]
        damage, some = check_part(
            layout, part, texts, noted.get(part.number, set()), resketch=alike, deep=deep
        )
        found.damage += damage
        sketched += some
    on_stage("checking parts", len(listed.parts), len(listed.parts))
    rows = sum(part.rows for part in listed.parts)
    found.checked.append(f"articles: {rows:,} in {count(len(listed.parts), 'file')}, every page and checksum")
    found.checked.append(f"sketches: every array and checksum; {sketched:,} articles sketched anew")
