"""Some records of a JSON lines file, most of them known only by where their values stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dedup.article import Reject
from dedup.feeds.dates.iso_dates import iso_dates, naive_times
from dedup.feeds.from_json.json_columns import PATCHED, Segment, string_column
from dedup.feeds.from_json.json_scan import (
    ARRAYS_FULL,
    BYTES,
    LINE,
    MISSING,
    NULL,
    OTHER,
    PLAIN,
    POSITION,
    ROWS,
    scan_lines,
)
from dedup.feeds.raw_batch import DateValues, RawRecord, TextColumn, TextValues, falls_back_on, mend, value_of

MOST_KEYS: Final = 256
"""Keys whose values are noted; records with others are parsed one by one."""

_FIRST_ROWS: Final = 4096


class KeyTable:
    """The keys that a scan knows: the first `MOST_KEYS` of a file in order of appearance."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self.add(())

    def add(self, names: Sequence[str]) -> None:
        """Take in further keys as far as there is room; those that UTF-8 cannot hold stay out."""
        if len(self._number) == MOST_KEYS:
            return
        for name in names:
            if len(self._number) < MOST_KEYS and mend(name) == name:
                self._number.setdefault(name, len(self._number))
        encoded = [name.encode() for name in self._number]
        self.text = np.frombuffer(b"".join(encoded) + b"\0", dtype=np.uint8)
        self.ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)

    @property
    def size(self) -> int:
        """How many keys are known."""
        return len(self._number)

    def number(self, name: str) -> int | None:
        """Return the number of a key, None if it is not known."""
        return self._number.get(name)


class LineBatch:
    """Some records as `JsonLinesReader` found them; it takes the place of a `RawBatch`.

    Parameters
    ----------
    table : KeyTable
        Of the file; may grow while the batch is filled.

    Attributes
    ----------
    loose : dict of int to dict
        Records that were parsed, by row.
    names : dict of str to None
        Keys of this batch that the file did not have before.
    rejects : list of Reject
        Records among these that could not even be parsed.
    size, rows : int
        Bytes of JSON, and records.
    """

    columns: tuple[str, ...] = ()

    def __init__(self, table: KeyTable) -> None:
        self.table = table
        self.loose: dict[int, dict[str, Any]] = {}
        self.names: dict[str, None] = {}
        self.rejects: list[Reject] = []
        self.size = 0
        self.rows = 0
        self._nested: dict[str, dict[int, Any]] = {}
        self._segments: list[tuple[bytes, Segment]] = []
        self._starts = self._ends = np.empty((0, 0), dtype=np.int32)
        self._kinds = np.empty((0, 0), dtype=np.uint8)
        self._spans = np.empty((0, 2), dtype=np.int32)
        self._lines = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return self.rows

    @property
    def lines(self) -> npt.NDArray[np.int64]:
        """The 1-based line of each record."""
        return self._lines[: self.rows]

    @property
    def records(self) -> Sequence[RawRecord]:
        """The records, parsed when they are asked for."""
        return _Records(self)

    def column_names(self) -> tuple[str, ...]:
        """Return the keys that are new to the file with this batch."""
        return tuple(self.names)

    def scan(
        self, data: npt.NDArray[np.uint8], size: int, position: int, line: int, rows: int, size_limit: int
    ) -> tuple[int, int, int]:
        """Take in records of `data` from `position` on, until `rows` or `size_limit` is reached.

        Returns
        -------
        reason, position, line : int
            Of `scan_lines`, and where it stopped.
        """
        if self._kinds.shape[1] < self.table.size:
            self._resize(len(self._lines))
        state = np.array([position, line, self.rows, self.size], dtype=np.int64)
        while True:
            reason = scan_lines(
                *(data, size, state, self.table.text, self.table.ends, self._starts, self._ends),
                *(self._kinds, self._spans, self._lines, rows, size_limit),
            )
            self.rows, self.size = int(state[ROWS]), int(state[BYTES])
            if reason != ARRAYS_FULL:
                return reason, int(state[POSITION]), int(state[LINE])
            self._resize(2 * self.rows)

    def add(self, record: dict[str, Any], line: int, size: int) -> None:
        """Take in a record that has been parsed."""
        if self.rows >= len(self._lines):
            self._resize(2 * self.rows)
        self._kinds[self.rows] = MISSING
        self._lines[self.rows] = line
        self.loose[self.rows] = record
        self.rows += 1
        self.size += size

    def end_segment(self, data: bytes, array: npt.NDArray[np.uint8]) -> None:
        """Say that all records since the last call stand in `data`, of which `array` is a view."""
        low = self._segments[-1][1].high if self._segments else 0
        if self.rows > low:
            self._segments.append((data, Segment(array, low, self.rows)))

    def record(self, row: int) -> RawRecord:
        """Return one record."""
        if row in self.loose:
            return self.loose[row]
        for data, segment in self._segments:
            if row < segment.high:
                record: dict[str, Any] = orjson.loads(memoryview(data)[slice(*self._spans[row].tolist())])
                return record
        raise IndexError(row)

    def text_column(self, name: str, nulls: frozenset[str]) -> TextValues:
        """Return the values of a column for a field that is text; JSON has a null of its own."""
        return _TextValues(self, name)

    def dates(self, name: str) -> DateValues:
        """Return the values of a column for a field that is a date."""
        starts, ends, kinds = self._places(name)
        strings = string_column(self._of_data(), starts, ends, kinds, keep_blank=True)
        times, precision = iso_dates(strings)
        coded = pc.if_else(pa.array(precision == 0), strings, None).dictionary_encode()
        values: list[Any] = coded.dictionary.to_pylist()
        numbers = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        for row, value in self._apart(name, kinds):
            numbers[row] = len(values)
            values.append(value)
        return DateValues(values, numbers, times, precision, naive_times(strings, precision))

    def _places(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        starts, ends, kinds = self._own_places(name)
        for other in falls_back_on(name):
            empty = (kinds <= NULL) | ((kinds == PLAIN) & (starts == ends))
            if empty.any():
                for own, then in zip((starts, ends, kinds), self._own_places(other), strict=True):
                    own[empty] = then[empty]
        return starts, ends, kinds

    def _own_places(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        number = self.table.number(name)
        if number is None or number >= self._kinds.shape[1]:
            nothing = np.zeros(self.rows, dtype=np.int32)
            return nothing, nothing.copy(), np.zeros(self.rows, dtype=np.uint8)
        own = (array[: self.rows, number].copy() for array in (self._starts, self._ends, self._kinds))
        starts, ends, kinds = own
        return starts, ends, kinds

    def _apart(self, name: str, kinds: npt.NDArray[np.uint8]) -> list[tuple[int, Any]]:
        """Return (row, value) of all that is no string, rows ascending."""
        found = self._parsed(name, np.flatnonzero(kinds == OTHER))
        if "." in name:
            top = name.partition(".")[0]
            number = self.table.number(top)
            if number is not None and number < self._kinds.shape[1]:
                objects = (kinds == MISSING) & (self._column(number) == OTHER)
                if top not in self._nested:  # several fields lie in one object
                    self._nested[top] = self._parsed(top, np.flatnonzero(self._column(number) == OTHER))
                for row in np.flatnonzero(objects).tolist():
                    found[row] = value_of({top: self._nested[top][row]}, name)
        for row, record in self.loose.items():
            found[row] = value_of(record, name)
        return sorted(found.items(), key=lambda item: item[0])

    def _column(self, number: int) -> npt.NDArray[np.uint8]:
        return self._kinds[: self.rows, number]

    def _parsed(self, name: str, rows: npt.NDArray[np.intp]) -> dict[int, Any]:
        if not len(rows):
            return {}
        starts, ends, _ = self._places(name)
        found = {}
        for data, segment in self._segments:
            view = memoryview(data)
            low, high = np.searchsorted(rows, [segment.low, segment.high])
            some = rows[low:high]
            for row, start, end in zip(
                some.tolist(), starts[some].tolist(), ends[some].tolist(), strict=True
            ):
                found[row] = orjson.loads(view[start:end])
        return found

    def _of_data(self) -> list[Segment]:
        return [segment for _, segment in self._segments]

    def _resize(self, rows: int) -> None:
        """Make room for so many records and all keys that are known."""
        rows = max(_FIRST_ROWS, rows)
        for name in ("_starts", "_ends", "_kinds"):
            old = getattr(self, name)[: self.rows]
            new = np.empty((rows, self.table.size), dtype=old.dtype)
            new[: self.rows, : old.shape[1]] = old
            new[: self.rows, old.shape[1] :] = MISSING
            setattr(self, name, new)
        for name in ("_spans", "_lines"):
            old = getattr(self, name)[: self.rows]
            new = np.empty((rows, *old.shape[1:]), dtype=old.dtype)
            new[: self.rows] = old
            setattr(self, name, new)


class _TextValues:
    """The values of one column; see `dedup.feeds.raw_batch.TextValues`."""

    def __init__(self, batch: LineBatch, name: str) -> None:
        self._batch = batch
        self._starts, self._ends, self._kinds = batch._places(name)
        self.apart = batch._apart(name, self._kinds)

    def column(self, settled: Mapping[int, str | None]) -> TextColumn:
        unmended: dict[int, str] = {}
        patches: list[bytes] = []
        end = 0
        self._kinds[self._kinds == OTHER] = MISSING
        for row, text in settled.items():
            if text is None:
                self._kinds[row] = MISSING
                continue
            try:
                patch = text.encode()
            except UnicodeEncodeError:
                unmended[row] = text
                patch = mend(text).encode()
            self._kinds[row] = PATCHED
            self._starts[row], self._ends[row] = end, end + len(patch)
            end += len(patch)
            patches.append(patch)
        array = string_column(
            self._batch._of_data(), self._starts, self._ends, self._kinds, b"".join(patches)
        )
        return TextColumn(array, unmended)


class _Records(Sequence[RawRecord]):
    """The records of a batch, each parsed when it is asked for."""

    def __init__(self, batch: LineBatch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return self._batch.rows

    @overload
    def __getitem__(self, row: int) -> RawRecord: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[RawRecord]: ...
    def __getitem__(self, row: int | slice) -> RawRecord | Sequence[RawRecord]:
        if isinstance(row, slice):
            return [self._batch.record(one) for one in range(*row.indices(len(self)))]
        return self._batch.record(row)

    def __iter__(self) -> Iterator[RawRecord]:
        return map(self._batch.record, range(len(self)))
