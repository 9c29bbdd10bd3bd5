"""What follows a commit: the rename out of staging, and the manifest.

Both may be repeated at will and stop anywhere: they bring the folder to what
the catalog says. A commit ends with them, and so does opening for writing after a crash.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dedup.errors import IndexFolderError
from dedup.index.atomic import explained, fsync_folder, replacing_file
from dedup.index.catalog import Catalog
from dedup.index.faults import fault
from dedup.index.layout import Layout
from dedup.index.lock import removable


def make_folders(layout: Layout, *, durable: bool) -> None:
    """Make the folders of an index that are not there: a copy (git, some archives) leaves empty ones out.

    Raises
    ------
    IndexFolderError
        If something else has the name of one.
    OSError
        As the system gave it; callers word it with `explained`.
    """
    missing = [folder for folder in layout.folders if not folder.is_dir()]
    for folder in missing:
        if os.path.lexists(folder):
            raise IndexFolderError(f"{folder} is not a folder", "move it away and run the command again")
        folder.mkdir()
    if durable and missing:
        fsync_folder(layout.root)


def roll_forward(layout: Layout, catalog: Catalog, *, durable: bool) -> None:
    """Move committed things from staging to their places and delete the rest of staging.

    Raises
    ------
    IndexFolderError
        If the system refuses; what is committed stays readable in staging.
    """
    fault("publish-begin")
    touched: set[Path] = set()
    with explained(layout.staging, action="moving files out of"):
        for path in sorted(layout.staging.iterdir()):
            thing = layout.staged_thing(path)
            if thing is None or not catalog.has(thing.kind, thing.name) or thing.final.is_dir():
                remove(path)
                continue
            fault("publish-rename")
            os.replace(path, thing.final)
            fault("publish-renamed")
            touched.add(thing.final.parent)
        fault("publish-fsync")
        if durable and touched:
            for folder in sorted(touched):
                fsync_folder(folder)
            fsync_folder(layout.staging)
    fault("publish-fsynced")


def remove_unlisted_runs(layout: Layout, catalog: Catalog) -> None:
    """Delete the folders of runs the catalog no longer lists, but none a reader has open.

    Such a folder stays until a later commit finds it free. What has not the very name of a run that there
    has been is not ours, and stays for good.

    Raises
    ------
    IndexFolderError
        If the system refuses.
    """
    fault("prune-begin")
    last = catalog.last_number("run")
    with explained(layout.runs, action="removing old runs of"):
        for path in sorted(layout.runs.iterdir()):
            number = int(path.name) if re.fullmatch("[0-9]{6,18}", path.name) else 0
            if not 0 < number <= last or path != layout.run(number).final:
                continue
            if catalog.has("run", path.name) or not is_of_ours(path):
                continue
            with removable(path) as free:
                if free:
                    fault("prune-remove")
                    remove(path)
                    fault("prune-removed")


def is_of_ours(folder: Path, names: Collection[str] = ()) -> bool:
    """Whether it is a folder with nothing in it but tables, and files of some names."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(
        path.is_file() and (path.suffix == ".parquet" or path.name in names) for path in folder.iterdir()
    )


def write_manifest(layout: Layout, catalog: Catalog, *, durable: bool) -> None:
    """Replace ``manifest.json`` if it does not say what the catalog says.

    Called after `roll_forward`, so every path in it exists.
    """
    data = json.dumps(manifest_of(layout, catalog), indent=1).encode() + b"\n"
    with explained(layout.manifest):
        if layout.manifest.exists() and layout.manifest.read_bytes() == data:
            return
        with replacing_file(layout.manifest, "manifest", durable=durable) as file:
            file.write(data)


def manifest_of(layout: Layout, catalog: Catalog) -> dict[str, Any]:
    """Return what ``manifest.json`` is to say.

    Besides what a reader needs it holds what a lost catalog could not be rebuilt without.
    """

    def relative(path: Path) -> str:
        return path.relative_to(layout.root).as_posix()

    epoch = catalog.meta("epoch")
    parts = catalog.parts()
    last_run = catalog.query("SELECT max(number) FROM runs")[0][0]
    # Numbers that must not be given again; where nothing was dropped the lists below tell them.
    listed = {"part": parts[-1].number if parts else 0, "run": last_run or 0}
    marks = {f"last_{kind}": last for kind, n in listed.items() if (last := catalog.last_number(kind)) > n}
    return {
        "format": catalog.format_version,
        "generation": catalog.meta("generation"),
        "settings": catalog.meta("settings"),
        "epoch": None if epoch is None else relative(layout.epoch(epoch).final),
        "run": None if last_run is None else relative(layout.run(last_run).final),
        "parts": [
            {
                "articles": relative(layout.articles(part.number).final),
                "sketch": relative(layout.sketch(part.number).final),
                "rows": part.rows,
                "load": part.load,
                "footer_crc": part.footer_crc,
            }
            for part in parts
        ],
        **marks,
    }


def remove(path: Path) -> None:
    """Delete a file or a folder of staging."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
