"""One writer at a time, and a second one is told who the first is.

The lock is `flock` on a file in the index folder: the kernel releases it when
the process ends, however it ends, so there is never a stale lock to clear by
hand. What the file says (process, host, since when) is for the message only.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from dedup.errors import IndexFolderError
from dedup.index.atomic import explained


class WriterLock:
    """The right to write to one index folder, held until `release`.

    A child made by ``fork`` inherits it: a writer that forks holds the lock
    until the last of them has ended.

    Parameters
    ----------
    path : Path
        The lock file; made if it is not there, never removed (removing it
        would let two processes each lock a file of that name).

    Raises
    ------
    IndexFolderError
        If another process (or another `IndexStore` of this one) holds it, or
        the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with explained(path, action="locking"):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _describe(os.pread(self._descriptor, 4096, 0))
            os.close(self._descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise IndexFolderError(
                    f"cannot lock {path}: {error.strerror}", "keep the index on a local disk"
                ) from error
            raise IndexFolderError(
                f"index {path.parent} is being written by {holder}", "wait until it has finished, or stop it"
            ) from None
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        # A full disk must not stop a writer that might free space; the note is for the message only.
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(note).encode(), 0)
        except OSError:
            pass

    def release(self) -> None:
        """Let the next writer in; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def in_use(descriptor: int) -> Iterator[None]:
    """Hold a shared lock on an open file or folder during the block, and close it: whoever wants to
    remove it (`removable`) leaves it alone."""
    try:
        with suppress(OSError):  # a file system without locks: then only what is open already is safe
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def removable(folder: Path) -> Iterator[bool]:
    """Tell whether nobody uses `folder` (`in_use`), and keep it so during the block."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except OSError:
        free = False
    try:
        yield free
    finally:
        os.close(descriptor)


def _describe(note: bytes) -> str:
    """Word the holder's note; it may be empty or torn, as it is written after the lock is taken."""
    try:
        said = json.loads(note)
        return f"process {said['pid']} on {said['host']} since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
