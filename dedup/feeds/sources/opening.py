"""A file as it lies there, opened: plain, a pipe, a device or standard input.

A plain file is read up to the size it had when it was opened. A log that is
appended to as fast as it is read would otherwise never end, and its last line may be half
written; the same command run again takes what has come since. Whether the file changed
meanwhile is told at the end.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from typing import IO, Final

from dedup.errors import FeedError
from dedup.feeds import reasons

STDIN: Final = "-"

_FIRST: Final = 64 << 10  # enough to tell how a file is packed
_BLOCK: Final = 1 << 20  # stays in the processor's cache from reading to copying


class Trouble:
    """Why reading stopped before its end: the first cause, for what follows from it says less.

    Attributes
    ----------
    reason : str or None
        One of `reasons`.
    said : str or None
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.said: str | None = None

    def add(self, reason: str, said: str) -> None:
        """Take `said` down, unless something was said before."""
        if self.reason is None:
            self.reason, self.said = reason, said


class OpenFile:
    """One open file.

    Parameters
    ----------
    path : str
        File, or ``-`` for standard input.

    Attributes
    ----------
    file : file object
        As opened; standard input itself for ``-``.
    regular : bool
        A plain file of known size, so it has an end.
    trouble : Trouble
        What went wrong while reading.
    taken : int
        Bytes read so far.

    Raises
    ------
    FeedError
        It cannot be opened, or is a socket, a disk or a folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.trouble = Trouble()
        self.taken = 0
        self.file: IO[bytes] = _open(path)
        self._status = _status(self.file)
        self.regular = False
        self._left: int | None = None
        # Files that say they hold nothing may be made up as they are read (/proc): those go to their end.
        if self._status is not None and stat.S_ISREG(self._status.st_mode) and self._status.st_size:
            self.regular = True
            self._left = max(0, self._status.st_size - (self.file.tell() if path == STDIN else 0))

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end or when reading failed."""
        if self._left is not None:
            size = min(size, self._left)
        if size == 0:
            return b""
        try:
            block = self.file.read(size)
        except OSError as error:
            self.trouble.add(reasons.DAMAGED, f"reading stopped: {error_said(error)}")
            return b""
        self.taken += len(block)
        if self._left is not None:
            self._left -= len(block)
        return block

    def blocks(self) -> Iterator[bytes]:
        """Yield the file in blocks, the first of them small."""
        if first := self.read(_FIRST):
            yield first
            while block := self.read(_BLOCK):
                yield block

    def changed(self) -> str | None:
        """Return how a plain file has changed since it was opened, or None."""
        if not self.regular or self._status is None or self.file.closed:
            return None
        before, now = self._status, os.fstat(self.file.fileno())
        sizes = f"{before.st_size:,} to {now.st_size:,} bytes"
        if now.st_size < before.st_size:
            return f"it shrank from {sizes}"
        if now.st_size > before.st_size:
            return f"it grew from {sizes}; for what was added run the command again"
        return "it was written to" if now.st_mtime_ns != before.st_mtime_ns else None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.path != STDIN:
            self.file.close()


def _open(path: str) -> IO[bytes]:
    if path == STDIN:
        return sys.stdin.buffer
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
        if said := _NO_FILES.get(kind):
            raise FeedError(f"{path}: {said}", "name a file, a folder or - for standard input")
        return open(path, "rb")
    except OSError as error:
        raise FeedError(f"{path}: cannot be read ({error_said(error)})") from error


_NO_FILES: Final = {stat.S_IFSOCK: "a socket, not a file", stat.S_IFBLK: "a disk, not a file"}


def _status(file: IO[bytes]) -> os.stat_result | None:
    try:
        return os.fstat(file.fileno())
    except OSError:  # io.UnsupportedOperation too: a stand-in for standard input
        return None


def error_said(error: Exception) -> str:
    """Return the system's words for an error, without number and path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
