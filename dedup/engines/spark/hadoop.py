"""Files on any path that Hadoop knows: the disk, HDFS, object stores; all through the session's own Java.

Executors and driver may see nothing of each other but such a path, and Python has no client for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.sql import SparkSession

from dedup.engines.spark.failures import SparkError, first_line


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
        self._java: Any = context._jvm
        self._conf: Any = context._jsc.hadoopConfiguration()

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

    def read(self, path: str) -> str | None:
        """Return a small file's text; None if there is none."""
        with _said(path):
            system, place = self._open(path)
            if not system.exists(place):
                return None
            stream = system.open(place)
            try:
                return bytes(stream.readAllBytes()).decode()
            finally:
                stream.close()

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
            # Hadoop renames onto nothing. A process killed in between leaves no file, which says "not done".
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
                raise SparkError(f"cannot write {to}: it is there already, or its folder cannot be written to")

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it; nothing happens if there is none."""
        with _said(path):
            system, place = self._open(path)
            system.delete(place, True)

    def _open(self, path: str) -> tuple[Any, Any]:
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
