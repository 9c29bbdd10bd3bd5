"""What went wrong in Spark, in one line: its own messages are a page of Java."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

from dedup.engines.spark.tasks import unmarked
from dedup.errors import DedupError

_PYTHON: Final = re.compile(r"Traceback \(most recent call last\):\n(.*?)(?:\n\s*\n|\n\tat |\Z)", re.DOTALL)
"""A traceback of Python in what Java says; an empty line or a line of Java's own trace ends it."""

_LOST: Final = re.compile(r"Lost task \S+ in stage \S+ \(TID \d+\) \([^)]*\): (?:[\w.$]+Exception: )?(.+)")
"""What a task was lost to, where Python does not say."""


class SparkError(DedupError):
    """Spark cannot do what it was asked: no Java, no master, a path it cannot use, a task that failed."""


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Raise what Spark raises as one line.

    Parameters
    ----------
    doing : str
        What was done, for the line: "stage x".

    Raises
    ------
    DedupError
        That of a kernel, as it was raised there.
    SparkError
        Whatever else went wrong: with the last line of the Python error, else the first of Java's.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = _whole(error)
        ours = unmarked(text)
        if ours is not None:
            raise ours from error
        tracebacks = _PYTHON.findall(text)
        if tracebacks:
            raise SparkError(f"{doing} failed: {_error_line(tracebacks[-1])}") from error
        lost = _LOST.search(text)
        raise SparkError(f"{doing} failed: {lost[1] if lost else first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says that says something."""
    text = _message(error) if isinstance(error, Py4JJavaError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _whole(error: BaseException) -> str:
    return f"{_message(error)}\n{error}" if isinstance(error, Py4JJavaError) else str(error)


def _message(error: Py4JJavaError) -> str:
    thrown = error.java_exception
    return str(thrown.getMessage() or thrown.getClass().getSimpleName())


def _error_line(traceback: str) -> str:
    """Return the line that names the error: the first after the frames, which are indented."""
    lines = traceback.rstrip("'\" \n").splitlines()
    said = [line for line in lines if line[:1].strip()]
    return (said or lines)[0].strip()
