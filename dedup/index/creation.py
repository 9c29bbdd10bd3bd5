"""Making an index folder, and telling one from anything else.

A folder is an index once ``catalog.sqlite`` has its name, which is the last
step of creation: killed before it, the folder holds empty folders of ours
and can be created again; anything else in it is somebody's data and stops us.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from dedup.errors import IndexFolderError
from dedup.index.atomic import explained, fsync_folder
from dedup.index.catalog import Catalog
from dedup.index.faults import fault
from dedup.index.layout import Layout
from dedup.index.lock import WriterLock
from dedup.index.publish import make_folders, remove, write_manifest


def check_is_index(layout: Layout) -> None:
    """Raise IndexFolderError if there is no index to open."""
    root = layout.root
    with explained(root, action="opening"):
        if not root.exists():
            raise IndexFolderError(
                f"there is no index at {root}", f"create one: dedup index FEED... -i {root}"
            )
        if not root.is_dir():
            raise IndexFolderError(f"{root} is a file, an index is a folder", "give another path")
        # stat and not is_file(): that would call a folder we may not enter "no index".
        try:
            layout.catalog.stat()
        except FileNotFoundError:
            if layout.rebuilt_catalog.exists():
                return
            if layout.lost_catalog:
                raise IndexFolderError(
                    f"index {root} has lost its {layout.catalog.name}", f"dedup check {root} --repair"
                ) from None
            raise IndexFolderError(
                f"{root} is not an index: it has no {layout.catalog.name}", "give another path"
            ) from None


def create_folder(layout: Layout, meta: dict[str, Any], *, durable: bool) -> WriterLock:
    """Create an empty index and return its writer's lock, held.

    Parameters
    ----------
    layout : Layout
        Of the folder to create.
    meta : dict
        Further values for the catalog's table `meta`.
    durable : bool
        Whether to fsync.

    Raises
    ------
    IndexFolderError
        If the folder holds an index or anything else, is a file, or cannot be written.
    """
    root = layout.root
    again = "then run the same command again"
    with explained(root, action="creating", again=again):
        if root.exists() and not root.is_dir():
            raise IndexFolderError(f"{root} is a file, an index is a folder", "give another path")
        _check_free(layout)
        fault("create-begin")
        root.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(layout.lock)
    fault("create-locked")
    try:
        with explained(root, action="creating", again=again):
            _check_free(layout)  # Another process may have created it before we had the lock.
            make_folders(layout, durable=False)  # what holds their names is fsynced below
            fault("create-folders")
            for left in layout.staging.iterdir():
                remove(left)
            Catalog.create(layout.unfinished_catalog, meta, durable=durable)
            fault("create-catalog")
            with Catalog(layout.unfinished_catalog) as catalog:
                write_manifest(layout, catalog, durable=durable)
            fault("create-manifest")
            os.replace(layout.unfinished_catalog, layout.catalog)
            fault("create-renamed")
            if durable:
                for folder in (layout.staging, root, root.absolute().parent):
                    fsync_folder(folder)
            fault("create-fsynced")
    except BaseException:
        lock.release()
        raise
    return lock


def _check_free(layout: Layout) -> None:
    """Raise if the folder holds anything but what a killed creation leaves."""
    root = layout.root
    if not root.exists():
        return
    if layout.catalog.exists():
        raise IndexFolderError(f"{root} already holds an index", "open it, or give another path")
    foreign = sorted(path.name for path in root.iterdir() if not _left_by_creation(layout, path))
    if foreign:
        shown = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise IndexFolderError(f"{root} is not empty and no index (it holds {shown})", "give another path")


def _left_by_creation(layout: Layout, path: Path) -> bool:
    if path in (layout.lock, layout.manifest):
        return True
    if path.name.startswith(f".{layout.manifest.name}."):
        return True
    if path == layout.staging:
        return path.is_dir() and all(p.name.startswith(layout.catalog.name) for p in path.iterdir())
    return path in layout.folders and path.is_dir() and not any(path.iterdir())


def remove_empty(root: Path) -> None:
    """Remove an index that holds no article, unless another process writes to it by now."""
    layout = Layout(root)
    with suppress(IndexFolderError), WriterLock(layout.lock):
        with Catalog(layout.catalog) as catalog:
            if catalog.parts():
                return
        # Who waits for the lock meanwhile finds that its file is gone, and makes the index anew.
        shutil.rmtree(root, ignore_errors=True)
