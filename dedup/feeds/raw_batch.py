"""Raw records of a batch and the columns in them, before anybody has asked what they mean.

`Batch` is what a reader yields and the builder of articles takes. `RawBatch` holds
records as mappings; `dedup.feeds.from_json.line_batch` holds places in the text of a file.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.article import Reject
from dedup.feeds.dotted_path import value_at

RawRecord = Mapping[str, Any]

# news-please finds a title in three places and writes null where it found none, article by article. (That a
# description stands in for a text is no matter of a format: `FieldMap.teaser`.)
_FALLS_BACK: Final = {"title": ("title_page", "title_rss")}

DEEPEST_NAME: Final = 3
"""Keys in a dotted path that is offered as a column, at most."""

MOST_NAMES: Final = 512
"""Columns of a feed, beyond which no more dotted paths are offered."""

SETTLED_BY: Final = 1_000
"""The columns and the order of day and month are settled by so many records."""


@dataclass(slots=True)
class RawBatch:
    """Some records as a reader found them.

    Parameters
    ----------
    records : list of mappings
        In feed order.
    lines : list of int
        The 1-based line of each record.
    rejects : list of Reject
        Records among these that could not even be parsed.
    columns : tuple of str
        The column names where the format states them (CSV); else empty.
    size : int
        Bytes of input they took.
    """

    records: list[RawRecord] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    size: int = 0

    def column_names(self) -> tuple[str, ...]:
        """Return the columns: stated, or every key of these records in order of appearance."""
        if self.columns:
            return self.columns
        names: dict[str, None] = {}
        for record in self.records:
            names.update(dict.fromkeys(record))
            names.update(dict.fromkeys(dotted_names(record, names)))
        return tuple(names)

    def text_column(self, name: str, nulls: frozenset[str]) -> TextValues:
        """Return the values of a column for a field that is text; of plain strings, `nulls` are null."""
        return _Values(self._values(name), nulls)

    def dates(self, name: str) -> DateValues:
        """Return the values of a column for a field that is a date."""
        values = self._values(name)
        return DateValues(values, np.arange(len(values)))

    def _values(self, name: str) -> list[Any]:
        if "." in name or falls_back_on(name):
            return [value_of(record, name) for record in self.records]
        return [record.get(name) for record in self.records]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A field of a batch.

    Parameters
    ----------
    array : pa.StringArray
        A value each record.
    unmended : mapping of int to str
        By row, the values in which invalid characters had to be replaced, as they were.
    """

    array: pa.StringArray
    unmended: Mapping[int, str]

    @classmethod
    def of(cls, values: list[str | None]) -> TextColumn:
        """Return `values` as a column."""
        try:
            return cls(pa.array(values, pa.string()), {})
        except UnicodeEncodeError:
            mended = [value if value is None else mend(value) for value in values]
            pairs = zip(values, mended, strict=True)
            unmended = {row: old for row, (old, new) in enumerate(pairs) if old is not None and old != new}
            return cls(pa.array(mended, pa.string()), unmended)


class TextValues(Protocol):
    """The values of one column, most of which are strings to be taken as they are."""

    @property
    def apart(self) -> Iterable[tuple[int, Any]]:
        """Row and value of those that are not, rows ascending."""
        ...

    def column(self, settled: Mapping[int, str | None]) -> TextColumn:
        """Return the column; `settled` says what each value of `apart` is."""
        ...


@dataclass(frozen=True, slots=True)
class DateValues:
    """The values of one column, n of them, for a field that is a date.

    Parameters
    ----------
    values : list
        What is left to read.
    numbers : int64 array, shape (n,)
        Which of `values` each is; -1: none.
    times, precision : int64 and int32 array, shape (n,), optional
        Those that have been read: microseconds since 1970, and seconds they are good to, 0 for the others.
    naive : bool array, shape (n,), optional
        Which of those name no zone: they are local times, of UTC or where the user says. None: all name one.
    """

    values: list[Any]
    numbers: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64] | None = None
    precision: npt.NDArray[np.int32] | None = None
    naive: npt.NDArray[np.bool_] | None = None


class Batch(Protocol):
    """What `ArticleBuilder` needs of a batch of raw records; see `RawBatch`."""

    rejects: list[Reject]
    columns: tuple[str, ...]
    size: int

    @property
    def records(self) -> Sequence[RawRecord]:
        """In feed order."""
        ...

    @property
    def lines(self) -> Sequence[int] | npt.NDArray[np.int64]:
        """The 1-based line of each record."""
        ...

    def column_names(self) -> tuple[str, ...]:
        """Return the columns."""
        ...

    def text_column(self, name: str, nulls: frozenset[str]) -> TextValues:
        """Return the values of a column for a field that is text."""
        ...

    def dates(self, name: str) -> DateValues:
        """Return the values of a column for a field that is a date."""
        ...


class _Values:
    """Values in a list."""

    def __init__(self, values: list[Any], nulls: frozenset[str]) -> None:
        self._values = values
        self.apart: list[tuple[int, Any]] = []
        for row, value in enumerate(values):
            if type(value) is not str or not value or value.isspace() or "\0" in value:
                self.apart.append((row, value))
            elif value in nulls:
                values[row] = None

    def column(self, settled: Mapping[int, str | None]) -> TextColumn:
        for row, text in settled.items():
            self._values[row] = text
        return TextColumn.of(self._values)


def value_of(record: RawRecord, name: str) -> Any:
    """Return the value of a column, a key or a dotted path, or of what stands in for it; else None."""
    value = value_at(record, name)
    for other in falls_back_on(name):
        if value is None or value == "":
            value = value_at(record, other)
    return value


def dotted_names(record: RawRecord, known: Container[str] = ()) -> list[str]:
    """Return the paths into the objects in a record, but for those `known`: `DEEPEST_NAME` keys at most.

    A path that leads to an object is one too, and stands before those that lead into it.

    Examples
    --------
    >>> dotted_names({"id": 1, "data": {"title": "Lamp found", "by": {"name": "A. Bo"}}})
    ['data.title', 'data.by', 'data.by.name']
    """
    paths: list[str] = []
    for key, value in record.items():
        if type(value) is dict:
            _add_paths(key, value, DEEPEST_NAME - 1, known, paths)
    return paths


def _add_paths(path: str, value: RawRecord, deeper: int, known: Container[str], paths: list[str]) -> None:
    for key, inner in value.items():
        if len(paths) >= MOST_NAMES:
            return
        inner_path = f"{path}.{key}"
        if inner_path not in known:
            paths.append(inner_path)
        if deeper > 1 and type(inner) is dict:
            _add_paths(inner_path, inner, deeper - 1, known, paths)


def falls_back_on(name: str) -> tuple[str, ...]:
    """Return the columns that stand in, record by record, where the one called `name` holds nothing.

    Examples
    --------
    >>> falls_back_on("title"), falls_back_on("doc.title"), falls_back_on("text")
    (('title_page', 'title_rss'), ('doc.title_page', 'doc.title_rss'), ())
    """
    prefix, dot, last = name.rpartition(".")
    return tuple(f"{prefix}{dot}{other}" for other in _FALLS_BACK.get(last, ()))


def mend(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
