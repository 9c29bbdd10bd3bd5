"""Some records of a file of columns; a column of strings goes to the article as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dedup.article import Reject
from dedup.feeds.dates.iso_dates import iso_dates, naive_times
from dedup.feeds.dates.read_date import DAY, EARLIEST_YEAR, LATEST_YEAR
from dedup.feeds.dotted_path import value_at
from dedup.feeds.from_columns.column_values import is_text, objects, strings
from dedup.feeds.raw_batch import DateValues, RawBatch, RawRecord, TextColumn, TextValues, falls_back_on

PRECISION: Final = "precision_s"
"""The column in which `dedup export` tells what `published` is good to; a timestamp does not say."""

_EARLIEST: Final = int(np.datetime64(f"{EARLIEST_YEAR}-01-01", "us").astype(np.int64))
_AFTER: Final = int(np.datetime64(f"{LATEST_YEAR + 1}-01-01", "us").astype(np.int64))
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_US: Final = DAY * 1_000_000


class ColumnBatch:
    """Some rows of a Parquet or Arrow file; it takes the place of a `RawBatch`.

    Parameters
    ----------
    columns : tuple of str
        The columns of the whole file, fields of structs as dotted paths.
    arrays : mapping of str to pa.Array
        The columns that were read, checked (`column_values.checked`); all of one length.
    lines : int64 array, shape (n,)
        1-based number of each row in its file.
    rejects : list of Reject
        Rows among these that cannot be used.
    size : int
        Bytes they take.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        arrays: Mapping[str, pa.Array],
        lines: npt.NDArray[np.int64],
        rejects: list[Reject],
        size: int,
    ) -> None:
        self.columns = columns
        self.lines = lines
        self.rejects = rejects
        self.size = size
        self._arrays = arrays

    @property
    def records(self) -> Sequence[RawRecord]:
        """The rows, made into objects when they are asked for, with the columns that were read."""
        return _Rows(self._arrays, len(self.lines))

    def column_names(self) -> tuple[str, ...]:
        """Return the columns of the file."""
        return self.columns

    def text_column(self, name: str, nulls: frozenset[str]) -> TextValues:
        """Return the values of a column for a field that is text; Arrow has a null of its own."""
        array = self._column(name)
        others = [self._column(other) for other in falls_back_on(name)]
        if array is not None and is_text(array.type):
            filled = _filled(strings(array))
            for other in others:
                if filled.null_count and other is not None and is_text(other.type):
                    filled = pc.coalesce(filled, _filled(strings(other)))
            return _Strings(filled)
        return RawBatch([{name: value} for value in self._values(name)]).text_column(name, nulls)

    def dates(self, name: str) -> DateValues:
        """Return the values of a column for a field that is a date."""
        array = self._column(name)
        if array is None:
            return _listed(self._values(name))
        if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
            told = self._arrays.get(PRECISION) if name == "published" else None
            return _times(array, told)
        times = precision = naive = None
        if is_text(array.type):
            texts = strings(array)
            times, precision = iso_dates(texts)
            naive = naive_times(texts, precision)
            left = pc.if_else(pa.array(precision == 0), texts, None)
        elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
            left = pc.if_else(pc.is_nan(array), None, array) if pa.types.is_floating(array.type) else array
        else:
            return _listed(self._values(name))
        coded = left.dictionary_encode()
        numbers = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return DateValues(objects(coded.dictionary), numbers, times, precision, naive)

    def _column(self, path: str) -> pa.Array | None:
        """Return the column at a path of names; None where the path does not end in a column."""
        if path in self._arrays:
            return self._arrays[path]
        for name, array in self._arrays.items():
            if path.startswith(f"{name}.") and pa.types.is_struct(array.type):
                found = _field(array, path[len(name) + 1 :])
                if found is not None:
                    return found
        return None

    def _values(self, path: str) -> list[Any]:
        array = self._column(path)
        if array is not None:
            return objects(array)
        for name, array in self._arrays.items():
            if path.startswith(f"{name}."):  # into a map, or a list
                return [value_at({name: value}, path) for value in objects(array)]
        return [None] * len(self.lines)


class _Strings:
    """A column of strings; see `dedup.feeds.raw_batch.TextValues`."""

    apart: tuple[tuple[int, Any], ...] = ()

    def __init__(self, array: pa.StringArray) -> None:
        self._array = array

    def column(self, settled: Mapping[int, str | None]) -> TextColumn:
        return TextColumn(self._array, {})


class _Rows(Sequence[RawRecord]):
    """The rows of a batch as objects."""

    def __init__(self, arrays: Mapping[str, pa.Array], length: int) -> None:
        self._arrays = arrays
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, row: int) -> RawRecord: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[RawRecord]: ...
    def __getitem__(self, row: int | slice) -> RawRecord | Sequence[RawRecord]:
        if isinstance(row, slice):
            start, stop, step = row.indices(self._length)
            return list(self._between(start, stop))[::step] if step > 0 else list(self)[row]
        return next(self._between(row % self._length, row % self._length + 1))

    def __iter__(self) -> Iterator[RawRecord]:
        step = 256  # whoever wants the first thousand must not pay for all
        for start in range(0, self._length, step):
            yield from self._between(start, min(start + step, self._length))

    def _between(self, start: int, stop: int) -> Iterator[RawRecord]:
        columns = {name: objects(array.slice(start, stop - start)) for name, array in self._arrays.items()}
        for at in range(stop - start):
            yield {name: values[at] for name, values in columns.items()}


def _field(array: pa.Array, path: str) -> pa.Array | None:
    names = [array.type.field(j).name for j in range(array.type.num_fields)]
    for j, name in enumerate(names):
        if name == path:
            return array.flatten()[j]
    for j, name in enumerate(names):
        if path.startswith(f"{name}.") and pa.types.is_struct(array.type.field(j).type):
            found = _field(array.flatten()[j], path[len(name) + 1 :])
            if found is not None:
                return found
    return None


def _filled(texts: pa.StringArray) -> pa.StringArray:
    """Return `texts` with null for what is empty or white space, and without NUL characters."""
    if texts.null_count:  # the bytes under a null need not be UTF-8
        texts = pc.fill_null(texts, "")
    data = texts.buffers()[2]
    if data is not None and data.size and not np.frombuffer(data, dtype=np.uint8).all():
        texts = pc.replace_substring(texts, "\0", "")
    blank = pc.or_(pc.equal(texts, ""), pc.utf8_is_space(texts))
    if pc.any(blank).as_py():
        texts = pc.if_else(blank, None, texts)
    return texts


def _listed(values: list[Any]) -> DateValues:
    return DateValues(values, np.arange(len(values)))


def _times(array: pa.Array, told: pa.Array | None) -> DateValues:
    """Read timestamps and days; without a time zone they are UTC, and midnight is a day."""
    n = len(array)
    kind = array.type
    there = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_date32(kind):
        raw = array.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        per_second = 1
        raw = raw * DAY
    else:
        per_second = 1_000 if pa.types.is_date64(kind) else _PER_SECOND[kind.unit]
        raw = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    # Outside these the unit cannot be changed without overflow; no newspaper is so old.
    low, high = (bound // 1_000_000 * per_second for bound in (_EARLIEST, _AFTER))
    good = there & (raw >= low) & (raw < high)
    times = np.where(good, raw, 0)
    if per_second > 1_000_000:
        times //= per_second // 1_000_000
    else:
        times *= 1_000_000 // per_second
    precision = good.astype(np.int32)
    if pa.types.is_date(kind):
        precision *= DAY
    elif kind.tz is None:
        precision[good & (times % _DAY_US == 0)] = DAY
    if told is not None and pa.types.is_integer(told.type):
        known = told.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        use = good & (known > 0) & (known <= DAY)
        precision[use] = known[use]
    numbers = np.full(n, -1, dtype=np.int64)
    odd = np.flatnonzero(there & ~good)
    numbers[odd] = np.arange(len(odd))
    values = [f"{kind} {raw[row]}" for row in odd]
    return DateValues(values, numbers, times, precision)
