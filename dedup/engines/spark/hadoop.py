"""Files on any path that Hadoop knows: the disk, HDFS, object stores; all through the session's own Java.

Executors and driver may see nothing of each other but such a path, and Python has no client for all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.sql import SparkSession

from dedup.engines.spark.failures import SparkError, first_line

_PARQUET: Final = (".parquet", ".parq", ".pq")


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file of the user's.

    Parameters
    ----------
    path : str
        With its scheme.
    shown : str
        As the user would write it: no scheme, and no working directory, where none was given.
    n_bytes : int
    modified : int
        Milliseconds since 1970.
    status : object
        Java's ``FileStatus``.
    """

    path: str
    shown: str
    n_bytes: int
    modified: int
    status: Any = field(compare=False)


class Files:
    """What is done with files, by Hadoop's `FileSystem`.

    Parameters
    ----------
    session : SparkSession
        Its Hadoop settings (credentials, the default file system) hold.

    Raises
    ------
    SparkError
        From every method: Hadoop says why, the path stands before it.
    """

    def __init__(self, session: SparkSession) -> None:
        context = session.sparkContext
        self._java = cast(Any, context._jvm)
        self._conf: Any = context._jsc.hadoopConfiguration()
        with _said("the default file system"):
            system = self._java.org.apache.hadoop.fs.FileSystem.get(self._conf)
            self._local = system.getUri().getScheme() == "file"

    def absolute(self, path: str) -> str:
        """Return a path with its scheme, as executors are told it."""
        with _said(path):
            system, place = self._open(path)
            return str(system.makeQualified(place).toString())

    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder."""
        with _said(path):
            system, place = self._open(path)
            return bool(system.exists(place))

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""
        with _said(path):
            system, place = self._open(path)
            return bool(system.exists(place) and system.getFileStatus(place).isDirectory())

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none if there is no folder."""
        with _said(folder):
            system, place = self._open(folder)
            if not system.exists(place):
                return []
            return sorted(str(status.getPath().getName()) for status in system.listStatus(place))

    def size(self, path: str) -> tuple[int, int]:
        """Return how many files lie at or below a path, and their bytes; (0, 0) if nothing does."""
        with _said(path):
            system, place = self._open(path)
            if not system.exists(place):
                return 0, 0
            summary = system.getContentSummary(place)
            return int(summary.getFileCount()), int(summary.getLength())

    def listed(self, path: str) -> list[FeedFile]:
        """Return the files at a path, in a folder, or of a pattern, sorted by name.

        Of a folder those named like Parquet are taken, all if none is; what is named ``_x`` or ``.x`` never.
        """
        with _said(path):
            system, place = self._open(path)
            roots = [system.getFileStatus(place)] if system.exists(place) else system.globStatus(place)
            found = [file for root in roots or [] for file in self._below(system, root, path)]
        if not found:
            raise SparkError(f"{path}: no such file, or no file in it", "check the path")
        return found

    def _below(self, system: Any, root: Any, given: str) -> list[FeedFile]:
        if not root.isDirectory():
            return [self._file(root, given)]
        top = str(root.getPath().toString())
        statuses = []
        below = system.listFiles(root.getPath(), True)
        while below.hasNext():
            status = below.next()
            inside = str(status.getPath().toString())[len(top) :].split("/")
            if not any(part.startswith(("_", ".")) for part in inside):
                statuses.append(status)
        files = sorted((self._file(status, given) for status in statuses), key=lambda file: file.path)
        return [file for file in files if file.path.lower().endswith(_PARQUET)] or files

    def _file(self, status: Any, given: str) -> FeedFile:
        place = status.getPath()
        path = shown = str(place.toString())
        if not urlsplit(given).scheme:
            shown = str(place.toUri().getPath())
            system, root = self._open(given)
            base = str(system.makeQualified(root).toUri().getPath()).rstrip("/")
            if shown == base or shown.startswith(f"{base}/"):
                shown = given.rstrip("/") + shown[len(base) :]
            elif not given.startswith("/"):  # a pattern
                there = place.getFileSystem(self._conf).getWorkingDirectory().toUri().getPath()
                shown = shown.removeprefix(f"{os.getcwd() if self._local else there}/")
        return FeedFile(path, shown, int(status.getLen()), int(status.getModificationTime()), status)

    def read(self, path: str) -> str | None:
        """Return the text of a file that `write` wrote; None if there is none.

        Of a process killed where the one is gone and the next not yet there, the next.
        """
        with _said(path):
            for name in (path, f"{path}.tmp"):
                system, place = self._open(name)
                if system.exists(place):
                    stream = system.open(place)
                    try:
                        return bytes(stream.readAllBytes()).decode()
                    finally:
                        stream.close()
        return None

    def write(self, path: str, text: str) -> None:
        """Put a small file where it may have been, whole: it is written beside, then renamed."""
        beside = f"{path}.tmp"
        with _said(path):
            system, place = self._open(beside)
            stream = system.create(place, True)
            try:
                stream.write(bytearray(text.encode()))
            finally:
                stream.close()
            # Hadoop renames onto nothing; killed in between, a process leaves what `read` finds.
            self.remove(path)
            self.rename(beside, path)

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it."""
        with _said(path):
            system, place = self._open(path)
            system.mkdirs(place)

    def rename(self, path: str, to: str) -> None:
        """Move a file or a folder to where nothing is."""
        with _said(to):
            system, place = self._open(path)
            target = self._java.org.apache.hadoop.fs.Path(to)
            # A folder renamed onto a folder goes into it.
            if system.exists(target) or not system.rename(place, target):
                raise SparkError(
                    f"cannot write {to}: it is there already, or its folder cannot be written to"
                )

    def begin(self, path: str) -> str:
        """Return a name beside that of a folder, for what is to replace it; nothing is there.

        What a process that was killed has left there is removed, and a folder put back that it had moved.
        """
        new, old = self._beside(path)
        self.remove(new)
        if self.exists(old) and not self.exists(path):
            self.rename(old, path)
        self.remove(old)
        return new

    def replace(self, path: str) -> None:
        """Put what was written to the name from `begin` in the folder's place; the folder goes."""
        new, old = self._beside(path)
        there = self.exists(path)
        if there:
            self.rename(path, old)
        try:
            self.rename(new, path)
        except SparkError:
            if there:
                self.rename(old, path)
            raise
        self.remove(old)

    def _beside(self, path: str) -> tuple[str, str]:
        """Return two names that listings of Hadoop and Spark leave out."""
        above, _, name = path.rstrip("/").rpartition("/")
        return f"{above}/.{name}.new", f"{above}/.{name}.old"

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it; nothing happens if there is none."""
        with _said(path):
            system, place = self._open(path)
            system.delete(place, True)

    def _open(self, path: str) -> tuple[Any, Any]:
        if self._local and not urlsplit(path).scheme:
            # Java may have been started elsewhere, and stays there.
            path = os.path.abspath(path)
        place = self._java.org.apache.hadoop.fs.Path(path)
        return place.getFileSystem(self._conf), place


@contextmanager
def _said(path: str) -> Iterator[None]:
    try:
        yield
    except Py4JJavaError as error:
        raise SparkError(f"cannot use {path}: {first_line(error)}") from error
    except (Py4JError, OSError) as error:
        raise SparkError(f"cannot use {path}: Spark is gone ({first_line(error)})") from error
