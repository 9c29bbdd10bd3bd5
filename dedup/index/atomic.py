"""Files that are there whole or not at all.

Every file the index or an export leaves behind is written beside its place,
fsynced, and renamed: a reader, a crash or a full disk never meets half a file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final

from dedup.errors import DedupError, IndexFolderError
from dedup.index.faults import fault, watching
from dedup.leftovers import passing

INDEX_SAFE: Final = "run the same command again, what was committed is safe"
"""The fix every failed write to an index ends with: a commit is never half done."""


def explain_os_error(
    error: OSError,
    path: str | os.PathLike[str],
    *,
    action: str = "writing",
    again: str = INDEX_SAFE,
    kind: type[DedupError] = IndexFolderError,
) -> DedupError:
    """Turn an operating-system error into one line that says what to do.

    Parameters
    ----------
    error : OSError
        What the system said.
    path : path-like
        The file concerned, unless the error names one.
    action : str
        "writing", "reading", "creating".
    again : str
        What a second attempt will find, put after the fix.
    kind : type of DedupError
        Class of the error returned.

    Returns
    -------
    DedupError
        To be raised ``from error``.
    """
    path = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return kind(f"disk full while {action} {os.fspath(path)}", f"free space and {again}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return kind(f"no permission while {action} {os.fspath(path)}", f"change the permissions and {again}")
    reason = error.strerror or str(error)
    return kind(f"{reason} while {action} {os.fspath(path)}", again)


@contextmanager
def explained(
    path: str | os.PathLike[str],
    *,
    action: str = "writing",
    again: str = INDEX_SAFE,
    kind: type[DedupError] = IndexFolderError,
) -> Iterator[None]:
    """Raise operating-system errors of the block as `explain_os_error` words them."""
    try:
        yield
    except OSError as error:
        raise explain_os_error(error, path, action=action, again=again, kind=kind) from error


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: without it a crash may undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write `data`; its own function so that a test can fill the disk here."""
    file.write(data)


class _Sink:
    """The write half of a file, for Arrow and for us: every byte goes through `_write`."""

    def __init__(self, file: BinaryIO, kind: str) -> None:
        self._file = file
        # Asked once: a report in JSON lines is a million writes.
        self._points = (f"{kind}-write", f"{kind}-wrote") if watching() else None
        self.closed = False

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data)
        if self._points is None:
            _write(self._file, view)
        else:
            fault(self._points[0])
            _write(self._file, view)
            fault(self._points[1])
        return view.nbytes

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        # Arrow closes what it writes to; the file must stay open for the fsync.
        self._file.flush()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


@contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    """Remove `path` if the block fails, and name it in what the system says."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = os.fspath(path)  # a failed write or fsync does not say of which file
        with suppress(OSError):
            path.unlink()
        raise


@contextmanager
def _filled(file: BinaryIO, kind: str, durable: bool) -> Iterator[BinaryIO]:
    """Yield what the block is to write to; then all of it is in the file and, if `durable`, on the disk."""
    fault(f"{kind}-open")
    yield _Sink(file, kind)  # type: ignore[misc]
    fault(f"{kind}-written")
    file.flush()
    if durable:
        os.fsync(file.fileno())
    fault(f"{kind}-fsynced")


@contextmanager
def durable_file(path: Path, kind: str, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open `path` for writing and fsync it at the end; on an error it is removed.

    Parameters
    ----------
    path : Path
        A name in staging: nobody reads it yet, and nobody else writes there.
    kind : str
        First half of the fault points passed: ``kind-open``, ``kind-written``, ``kind-fsynced``.
    durable : bool
        False leaves the fsync out (temporary indices).

    Yields
    ------
    BinaryIO
        A sink with `write`; it need not be closed.

    Raises
    ------
    OSError
        As the system gave it; callers word it with `explained`.
    """
    with _removed_on_error(path):
        fault(f"{kind}-begin")
        with open(path, "wb") as file, _filled(file, kind, durable) as sink:
            yield sink


_TAG_BYTES: Final = 8
_NAME_BYTES: Final = 200
"""A longer name stands in the name of its temporary file as a hash: 255 is what file systems allow."""

_CLAIMS: Final = 100


def _beginning(target: Path) -> str:
    """Return how the names of temporary files of `target` begin."""
    name = target.name
    encoded = os.fsencode(name)
    if len(encoded) > _NAME_BYTES:
        name = blake2b(encoded, digest_size=_TAG_BYTES).hexdigest()
    return f".{name}.dedup-"


def _claimed(path: Path) -> BinaryIO | None:
    """Make a temporary file and lock it; None if its name is taken, or it was swept before it was locked.

    The kernel lets go of the lock however the process ends. The name says nothing about the process:
    containers that share a folder have the same process numbers.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return None
    file = os.fdopen(descriptor, "wb")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass  # a sweeper took it for abandoned
    except OSError:
        return file  # a file system without locks: nothing is swept there either
    file.close()
    return None


def sweep_abandoned(target: Path) -> None:
    """Remove the temporary files that killed writers of `target` left beside it; never one in use.

    Nothing is removed but regular files of this user whose name only `replacing_file` gives.
    """
    try:
        names = os.listdir(target.parent)
    except OSError:
        return  # a folder that may not be listed can still be written to
    for name in names:
        if is_temporary(target.parent / name, target):
            with suppress(OSError):
                _remove_if_abandoned(target.parent / name)


def is_temporary(path: Path, target: Path) -> bool:
    """Whether `path` has a name that `replacing_file` gives to what is to replace `target`."""
    tag = rf"[0-9a-f]{{{2 * _TAG_BYTES}}}\.tmp"
    return re.fullmatch(re.escape(_beginning(target)) + tag, path.name) is not None


def _remove_if_abandoned(path: Path) -> None:
    # Neither waits for the other end of a pipe nor follows a link.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


@contextmanager
def replacing_file(
    path: str | os.PathLike[str], kind: str = "export", *, durable: bool = True
) -> Iterator[BinaryIO]:
    """Write a file that takes the place of `path` when, and only when, the block ends well.

    A symbolic link is followed, so the link stays. A target that is no regular
    file (``/dev/stdout``, a pipe) is written straight: renaming over it would
    destroy the device.

    Parameters
    ----------
    path : path-like
        The file to replace or create; its folder must exist.
    kind : str
        Fault point prefix, for the index's own files.
    durable : bool
        False leaves the fsyncs out.

    Yields
    ------
    BinaryIO
        A sink with `write`.

    Raises
    ------
    OSError
        As the system gave it; `path` is then unchanged.
    """
    # Asked before the link is followed: /dev/stdout resolves to a name that cannot be opened.
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as device:
            yield device
        return
    target = Path(os.path.realpath(path))
    sweep_abandoned(target)
    fault(f"{kind}-begin")
    for _ in range(_CLAIMS):
        temporary = target.with_name(f"{_beginning(target)}{os.urandom(_TAG_BYTES).hex()}.tmp")
        with passing(temporary), _removed_on_error(temporary):
            claimed = _claimed(temporary)
            if claimed is None:
                continue
            with claimed:
                with _filled(claimed, kind, durable) as file:
                    yield file
                fault(f"{kind}-replace")
                # While it is locked: once it is not, it counts as abandoned.
                os.replace(temporary, target)
        break
    else:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), os.fspath(target))
    fault(f"{kind}-renamed")
    if durable:
        fsync_folder(target.parent)
    fault(f"{kind}-settled")
