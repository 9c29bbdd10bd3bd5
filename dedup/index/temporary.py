"""The folder of an index that lives for one command, and the folders that killed commands left.

A command removes its folder however it ends, but nothing runs after SIGKILL. So each folder is locked
as long as its command lives (the kernel lets go of the lock then), and the next command that makes one
removes those of this user that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dedup.index.atomic import explained
from dedup.index.faults import fault
from dedup.index.lock import removable
from dedup.leftovers import passing

_PREFIX: Final = "dedup-index-"
_NAME: Final = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")
CONTENT: Final = "index"
"""The one name in such a folder; a folder that holds another is somebody else's."""

_TRIES: Final = 100


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder in ``TMPDIR`` that is removed at the end, or by the next command if this one is killed.

    Yields
    ------
    Path
        Put the index at `CONTENT` in it.

    Raises
    ------
    IndexFolderError
        If ``TMPDIR`` refuses.
    """
    with explained(tempfile.gettempdir(), action="making a folder in", again="set TMPDIR to another folder"):
        remove_abandoned()
        folder, descriptor = _locked_folder()
    try:
        fault("temporary-locked")
        with passing(folder):
            yield folder
    finally:
        fault("temporary-remove")
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
        fault("temporary-removed")


def remove_abandoned() -> None:
    """Remove the folders in ``TMPDIR`` that commands of this user left when they were killed."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) is None:
                continue
            with suppress(OSError):  # it may go while we look, or be a file
                if entry.stat(follow_symlinks=False).st_uid != os.geteuid():
                    continue
                with removable(Path(entry.path)) as free:
                    if free and set(os.listdir(entry.path)) <= {CONTENT}:
                        shutil.rmtree(entry.path, ignore_errors=True)


def _locked_folder() -> tuple[Path, int]:
    """Make a folder and lock it; another command may take it for abandoned before it is locked."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        fault("temporary-made")
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists():
                return folder, descriptor
        except BlockingIOError:
            pass
        except OSError:
            return folder, descriptor  # a file system without locks: nothing is swept there either
        os.close(descriptor)
    raise FileExistsError(f"no folder could be made in {tempfile.gettempdir()}")
