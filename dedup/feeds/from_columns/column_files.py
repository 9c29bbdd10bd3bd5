"""Record batches out of Parquet and Arrow files, as far as these can be read.

Both are formats in which a file says where its parts are and how long; when it says
wrong, pyarrow raises whatever the place it stumbled at raises. So every step into it is taken by
`_stepped`, and what failed is handed on as `Damage`, in its place among the rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, Final

import pyarrow as pa

from dedup.feeds.reasons import shown

_READ_AHEAD: Final = 1 << 20
# How large rows are is seen by reading some: what a file says of the size of its columns is that of their
# encoded form, in which a long text repeated a million times takes a few bytes.
_FIRST_ROWS: Final = 16
_MOST_RESTARTS: Final = 8  # of a row group, for the sake of its batches' size
_FILE_MARK: Final = 8  # "ARROW1" and two bytes; what follows is a stream

Columns = Callable[[], Sequence[str]]
"""Which columns to read; asked again after each batch."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Rows that cannot be read, from `row` (1-based) on."""

    row: int
    said: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A record batch; its first row is number `row` of the file."""

    row: int
    batch: pa.RecordBatch


class ColumnFile(ABC):
    """An opened file: its schema and its rows.

    Attributes
    ----------
    described : str
        What it is.
    schema : pa.Schema
    """

    described: str
    schema: pa.Schema

    @abstractmethod
    def rows(self, columns: Columns, batch_size: int, batch_bytes: int) -> Iterator[Rows | Damage]:
        """Yield the rows in file order."""


class ParquetFile(ColumnFile):
    """A Parquet file, read page by page.

    Raises
    ------
    Exception
        Of any type: the footer cannot be read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        from pyarrow import parquet

        self.described = "parquet"
        self._opened = parquet.ParquetFile(
            file, buffer_size=_READ_AHEAD, pre_buffer=False, page_checksum_verification=True
        )
        self.schema = self._opened.schema_arrow
        self._counts = [
            self._opened.metadata.row_group(j).num_rows for j in range(self._opened.num_row_groups)
        ]
        self._row_bytes: int | None = None

    def rows(self, columns: Columns, batch_size: int, batch_bytes: int) -> Iterator[Rows | Damage]:
        """Yield the rows; a row group that is damaged is read as far as it goes, then the next one."""
        first = 1
        with ThreadPoolExecutor(1, "read ahead") as pool:
            for group, count in enumerate(self._counts):
                done = 0
                for step in _stepped(self._group(group, columns, batch_size, batch_bytes, pool)):
                    if isinstance(step, Exception):
                        where = f"row group {group + 1} of {len(self._counts)} from row {first + done:,} on"
                        yield Damage(first + done, f"{where}: {said(step)}")
                    elif step.num_rows:
                        yield Rows(first + done, step)
                        done += step.num_rows
                first += max(0, count)

    def _group(
        self, group: int, columns: Columns, batch_size: int, batch_bytes: int, pool: Executor
    ) -> Iterator[pa.RecordBatch]:
        done = 0
        patience = _MOST_RESTARTS
        restart = True
        while restart:
            restart = False
            reading = list(columns())
            rows = self._rows_at_once(batch_size, batch_bytes)
            at = 0
            pages = self._opened.iter_batches(batch_size=rows, row_groups=[group], columns=reading)
            with closing(_ahead(pages, pool)) as batches:
                for batch in batches:
                    # Rows that were read before, with more columns or fewer at once, are read over.
                    new = batch.slice(max(0, done - at))
                    at += batch.num_rows
                    if not new.num_rows:
                        continue
                    done += new.num_rows
                    self._row_bytes = -(-batch.nbytes // batch.num_rows)
                    better = self._rows_at_once(batch_size, batch_bytes)
                    yield new
                    if done < self._counts[group]:
                        restart = list(columns()) != reading
                        if patience > 0 and not rows // 4 <= better <= 4 * rows:
                            patience -= 1
                            restart = True
                    if restart:
                        break
        if done != self._counts[group]:
            raise ValueError(f"{done:,} rows of {self._counts[group]:,}")

    def _rows_at_once(self, batch_size: int, batch_bytes: int) -> int:
        if self._row_bytes is None:
            return min(batch_size, _FIRST_ROWS)
        return min(batch_size, max(1, batch_bytes // max(1, self._row_bytes)))


class ArrowFile(ColumnFile):
    """An Arrow file or stream; a file that has lost its end is read as the stream it was written as.

    Raises
    ------
    Exception
        Of any type: the schema cannot be read.
    """

    def __init__(self, file: IO[bytes], is_stream: bool) -> None:
        self._file = file
        self._is_stream = is_stream
        self._lost_end: Exception | None = None
        try:
            self.schema = self._open().schema
        except Exception as error:
            if is_stream:
                raise
            self._lost_end = error
            self.schema = self._open().schema
        self.described = "arrow stream" if is_stream else "arrow file"

    def _open(self, options: Any = None) -> Any:
        from pyarrow import ipc

        by_place = not self._is_stream and self._lost_end is None
        self._file.seek(0 if by_place or self._is_stream else _FILE_MARK)
        return (ipc.open_file if by_place else ipc.open_stream)(self._file, options=options)

    def rows(self, columns: Columns, batch_size: int, batch_bytes: int) -> Iterator[Rows | Damage]:
        """Yield the rows by the batches they were written in, whatever their size."""
        first = 1
        for step in _stepped(self._read(columns())):
            if isinstance(step, Exception):
                yield Damage(first, f"from row {first:,} on: {said(step)}")
                continue
            if step.num_rows:
                yield Rows(first, step)
            first += step.num_rows
        if self._lost_end is not None:
            yield Damage(first, f"the end of the file is missing, from row {first:,} on")

    def _read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        from pyarrow import ipc

        tops = [
            j
            for j, field in enumerate(self.schema)
            if any(name == field.name or name.startswith(f"{field.name}.") for name in columns)
        ]
        opened = self._open(ipc.IpcReadOptions(included_fields=tops))
        if isinstance(opened, ipc.RecordBatchFileReader):
            for number in range(opened.num_record_batches):
                yield opened.get_batch(number)
        else:
            yield from opened


def _ahead(batches: Iterator[pa.RecordBatch], pool: Executor) -> Generator[pa.RecordBatch, None, None]:
    """Yield what an iterator yields, while the next one is being read: Arrow works without the lock."""
    coming = pool.submit(next, batches, None)
    try:
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
    finally:
        wait([coming])  # a file is read from one place at a time


def _stepped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch | Exception]:
    """Yield what an iterator yields and, last, what it raised."""
    iterator = iter(batches)
    while True:
        try:
            batch = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # whatever it is, it is the file's fault
            yield error
            return
        yield batch


def said(error: Exception) -> str:
    """Return in one line what pyarrow said."""
    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__)
