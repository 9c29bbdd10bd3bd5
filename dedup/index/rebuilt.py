"""Putting a catalog that was made anew in place of the old one, whatever moment the process is killed at.

The old catalog is two files, for what was committed last may lie in SQLite's log beside it, and no rename
changes two files at once. So the new catalog is first made durable under a name of its own, while the
old one and its log are not touched. From then on it is the one that counts: readers open it
(`dedup.index.catalog`), and whoever next repairs the index or opens it for writing puts it in place.
"""

from __future__ import annotations

import os
from pathlib import Path

from dedup.index.atomic import explained, fsync_folder
from dedup.index.faults import fault
from dedup.index.layout import Layout
from dedup.index.publish import remove


def promise_rebuilt(layout: Layout) -> None:
    """Make the catalog that lies ready in staging the one that counts.

    Raises
    ------
    OSError
        If the system refuses; then the old one counts as before.
    """
    made = layout.unfinished_catalog
    descriptor = os.open(made, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fault("rebuild-catalog")
    os.replace(made, layout.rebuilt_catalog)
    fault("rebuild-promised")
    fsync_folder(layout.root)
    fsync_folder(layout.staging)


def put_rebuilt(layout: Layout) -> bool:
    """Put a rebuilt catalog in its place, if there is one; the writer's lock must be held.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    IndexFolderError
        If the system refuses; the next one to ask goes on.
    """
    if not layout.rebuilt_catalog.exists():
        return False
    with explained(layout.root, action="repairing"):
        # A log that is left would be played into the new file.
        for suffix in ("-wal", "-shm", "-journal"):
            Path(f"{layout.catalog}{suffix}").unlink(missing_ok=True)
        fsync_folder(layout.root)
        fault("rebuild-log")
        if layout.catalog.is_dir():
            remove(layout.catalog)
        os.replace(layout.rebuilt_catalog, layout.catalog)
        fault("rebuild-renamed")
        fsync_folder(layout.root)
    return True
