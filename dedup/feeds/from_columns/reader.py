"""Parquet and Arrow: files that hold columns.

Only columns are read whose name a field could have (`dedup.feeds.fields.field_names.KNOWN_NAMES`) or that are
mapped; once the first records have settled which are fields, only those. A Parquet file is read page by page,
so the size of a row group does not matter; of an Arrow file one record batch is held, as large as its writer
made it. What is damaged costs the rows in it (of an Arrow stream, what follows too), never those before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.from_columns.column_batch import ColumnBatch
from dedup.feeds.from_columns.column_files import ArrowFile, ColumnFile, Damage, ParquetFile, Rows, said
from dedup.feeds.from_columns.column_names import column_names, readable_columns, wanted_columns
from dedup.feeds.from_columns.column_values import checked, row_bytes
from dedup.feeds.lines import LONGEST_LINE

if TYPE_CHECKING:
    from dedup.article import Reject
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

_ENCRYPTED: Final = b"PARE"
_PARQUET: Final = (b"PAR1", _ENCRYPTED)
_ARROW_FILE: Final = b"ARROW1"
_FEATHER_1: Final = b"FEA1"


class ColumnarReader:
    """Reads one Parquet or Arrow file (IPC file, IPC stream, Feather 2).

    Parameters
    ----------
    source : Source
        Read through `seekable`.
    options : ReadOptions
        `mapped` columns are read whatever they are called.

    Attributes
    ----------
    described : str
        ``parquet``, ``arrow file`` or ``arrow stream``.
    replaced : int
        Values in which invalid UTF-8 was replaced so far.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.described = "parquet" if source.raw_head.startswith(_PARQUET) else "arrow"
        self.replaced = 0
        self._path = source.path
        self._source = source
        self._options = options
        self._names: tuple[str, ...] = ()
        self._readable: tuple[str, ...] = ()  # of these, what can be read
        self._wanted: list[str] = []

    def need(self, columns: Collection[str]) -> None:
        """Say which columns are fields; from now on no others are read."""
        self._wanted = wanted_columns(self._readable, self._options.mapped, columns)

    def read(self) -> Iterator[ColumnBatch]:
        """Yield the rows; `lines` are their numbers from 1.

        Raises
        ------
        FeedError
            The file is Feather version 1.
        """
        try:
            opened = self._opened()
            if opened is not None:
                self._names = column_names(opened.schema, self._options.mapped)
                self._readable = readable_columns(self._names, opened.schema)
        except FeedError:
            raise
        except Exception as error:  # whatever it is, it is the file's fault
            yield self._lost(0, reasons.DAMAGED, f"{self.described} without a readable schema: {said(error)}")
            return
        if opened is None:
            yield self._lost(0, reasons.ENCRYPTED, "parquet, its footer encrypted")
            return
        self.described = opened.described
        self._wanted = wanted_columns(self._readable, self._options.mapped, None)
        some = False
        if self._wanted:
            options = self._options
            found = opened.rows(lambda: self._wanted, options.batch_size, options.batch_bytes)
            for rows in self._merged(self._checked(found)):
                if isinstance(rows, Damage):
                    yield self._lost(rows.row, reasons.DAMAGED, rows.said)
                else:
                    for batch in self._batches(rows):
                        some = True
                        yield batch
        if not some:
            kinds = {field.name: field.type for field in opened.schema}
            nothing = {name: pa.nulls(0, kinds[name]) for name in self._readable if name in kinds}
            yield ColumnBatch(self._names, nothing, np.empty(0, dtype=np.int64), [], 0)

    def _opened(self) -> ColumnFile | None:
        head = self._source.raw_head[:8]
        if head.startswith(_FEATHER_1):
            raise FeedError(
                f"{self._path}: Feather version 1, which is not read",
                "write it anew, with pandas: pd.read_feather(IN).to_parquet(OUT)",
            )
        if head.startswith(_ENCRYPTED):
            return None
        file = self._source.seekable()
        if head.startswith(_PARQUET):
            return ParquetFile(file)
        return ArrowFile(file, is_stream=not head.startswith(_ARROW_FILE))

    def _merged(self, found: Iterable[Rows | Damage]) -> Iterator[Rows | Damage]:
        """Yield the same with small batches put together: a file may be cut into rows of a hundred."""
        waiting: list[Rows] = []
        count = size = 0
        for rows in found:
            fits = isinstance(rows, Rows) and (
                not waiting
                or (
                    rows.batch.schema.equals(waiting[0].batch.schema)
                    and count + rows.batch.num_rows <= self._options.batch_size
                    and size + rows.batch.nbytes <= self._options.batch_bytes
                )
            )
            if not fits and waiting:
                yield _together(waiting)
                waiting, count, size = [], 0, 0
            if isinstance(rows, Damage):
                yield rows
                continue
            waiting.append(rows)
            count += rows.batch.num_rows
            size += rows.batch.nbytes
            if 2 * count > self._options.batch_size or 2 * size > self._options.batch_bytes:
                yield _together(waiting)
                waiting, count, size = [], 0, 0
        if waiting:
            yield _together(waiting)

    def _checked(self, found: Iterable[Rows | Damage]) -> Iterator[Rows | Damage]:
        """Yield the same with columns that are safe to look into; of columns of one name the first."""
        for rows in found:
            if isinstance(rows, Damage):
                yield rows
                continue
            arrays: dict[str, Any] = {}
            mended = 0
            name = ""
            try:
                for name, array in zip(rows.batch.schema.names, rows.batch.columns, strict=True):
                    if name not in arrays:
                        arrays[name], some = checked(array)
                        mended += some
            except Exception as error:  # whatever it is, it is the file's fault
                last = rows.row + rows.batch.num_rows - 1
                yield Damage(rows.row, f"rows {rows.row:,} to {last:,}, column {name}: {said(error)}")
                continue
            self.replaced += mended
            batch = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
            yield Rows(rows.row, batch)

    def _batches(self, rows: Rows) -> Iterator[ColumnBatch]:
        """Yield some rows in batches of the size that was asked for."""
        arrays = dict(zip(rows.batch.schema.names, rows.batch.columns, strict=True))
        n = rows.batch.num_rows
        sizes = sum((row_bytes(array) for array in arrays.values()), np.zeros(n, dtype=np.int64))
        ends = np.cumsum(sizes)
        lines = np.arange(rows.row, rows.row + n, dtype=np.int64)
        start = 0
        while start < n:
            taken = int(ends[start - 1]) if start else 0
            full = int(np.searchsorted(ends, taken + self._options.batch_bytes)) + 1
            stop = min(n, start + self._options.batch_size, full)
            some = {name: array.slice(start, stop - start) for name, array in arrays.items()}
            numbers = lines[start:stop]
            long = sizes[start:stop] > LONGEST_LINE
            rejects = [
                reasons.reject(
                    self._path, int(line), reasons.TOO_LONG, f"a row of over {LONGEST_LINE >> 20} MB"
                )
                for line in numbers[long]
            ]
            if rejects:
                kept = pa.array(np.flatnonzero(~long))
                some = {name: array.take(kept) for name, array in some.items()}
                numbers = numbers[~long]
            yield ColumnBatch(self._names, some, numbers, rejects, int(ends[stop - 1]) - taken)
            start = stop

    def _lost(self, row: int, reason: str, detail: str) -> ColumnBatch:
        rejects: list[Reject] = [reasons.reject(self._path, row, reason, detail)]
        return ColumnBatch(self._names, {}, np.empty(0, dtype=np.int64), rejects, 0)


def _together(waiting: list[Rows]) -> Rows:
    if len(waiting) == 1:
        return waiting[0]
    return Rows(waiting[0].row, pa.concat_batches([rows.batch for rows in waiting]))
