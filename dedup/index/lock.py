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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from dedup.errors import IndexFolderError
from dedup.index.atomic import explained

_PAUSE_S: Final = 0.1


class WriterLock:
    """The right to write to one index folder, held until `release`.

    A child made by ``fork`` inherits it: a writer that forks holds the lock
    until the last of them has ended.

    Parameters
    ----------
    path : Path
        The lock file; made if it is not there, never removed (removing it
        would let two processes each lock a file of that name).
    wait_s : float
        How long to wait for another writer to end, in seconds; 0: not at all.
    on_wait : callable, optional
        Gets who is waited for, in words, when the waiting begins.

    Raises
    ------
    IndexFolderError
        If another process (or another `IndexStore` of this one) holds it (still, after `wait_s`), or
        the file cannot be opened.
    """

    def __init__(self, path: Path, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None) -> None:
        with explained(path, action="locking"):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._take(path, wait_s, on_wait)
        except BaseException:
            self.release()
            raise
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

    def _take(self, path: Path, wait_s: float, on_wait: Callable[[str], None] | None) -> None:
        # Asked again and again instead of blocking in the system: waiting must end, and Ctrl-C be heard.
        until = time.monotonic() + wait_s
        told = False
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise IndexFolderError(
                        f"cannot lock {path}: {error.strerror}", "keep the index on a local disk"
                    ) from error
            else:
                if self._is_at(path):
                    return
                # The folder was moved or made anew while we waited: that lock guards another index.
                os.close(self._descriptor)
                self._descriptor = -1
                with explained(path, action="locking"):
                    self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
                continue
            holder = _describe(os.pread(self._descriptor, 4096, 0))
            if time.monotonic() >= until:
                waited = f" (waited {wait_s:.3g} s)" if wait_s else ""
                raise IndexFolderError(
                    f"index {path.parent} is being written by {holder}{waited}",
                    "wait until it has finished, or stop it",
                )
            if not told and on_wait is not None:
                on_wait(holder)
            told = True
            time.sleep(min(_PAUSE_S, max(0.0, until - time.monotonic())))

    def _is_at(self, path: Path) -> bool:
        """Return whether the file that is open is still the one of that name."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(path))
        except FileNotFoundError:
            return False

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
        pid, host = int(said["pid"]), said["host"]
        if host == socket.gethostname() and not _alive(pid):
            return "another process"  # the note is of the one before, who was killed
        return f"process {pid} on {host} since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # somebody else's, or a number that says nothing
    return True
