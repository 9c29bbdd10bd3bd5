"""Articles in Parquet: written once per part, read whole, by rows, or one at a time.

Row groups are small because the smallest thing that can be read is one row
group: one article out of 256 costs a few milliseconds, out of 10,000 a hundred.
Pages carry checksums and every read verifies them, so a flipped bit is an
error that names the file, never a wrong text. Only the parts of a temporary
index are Arrow files without checksums: they live for one command.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import DAMAGED, IndexFolderError
from dedup.index.identity import Int64s, text_hashes

PART_SCHEMA: Final = pa.schema(
    [
        *ARTICLE_SCHEMA,
        pa.field("key", pa.int64(), nullable=False),
        pa.field("content", pa.int64(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
    ]
)
"""Columns of an article part: the record, its key, its content hash, its version number (from 1)."""

SINCE_FORMAT_2: Final = frozenset(name for name in PART_SCHEMA.names if name.startswith("original_"))
"""Columns that parts written before have not: nothing was cleaned then, so nothing is missing."""

ROW_GROUP: Final = 256
KEY: Final = "_key"
FIND_HASH: Final = "_find_hash"
FIND_ROW: Final = "_find_row"
"""Arrays the store keeps beside a part's sketch: the keys in row order; sorted hashes of ids and
URLs, and the row of each. Searching them part by part costs microseconds; an index on id and URL in the
catalog would cost more than all else of a commit."""

PASSING: Final = -1
"""Stands for the checksum of a footer where the part is a passing one (`write_passing`)."""

_REPETITIVE: Final = ["outlet", "place", "credit", "language", "file", "byline"]
"""Columns written with a dictionary; for texts and ids one would only cost memory."""


def write_parquet(file: BinaryIO, table: pa.Table, *, row_group: int = ROW_GROUP) -> None:
    """Write a table with zstd and page checksums.

    Parameters
    ----------
    file : BinaryIO
        A sink; left open.
    table : pa.Table
        Columns of dictionary type are written with a dictionary.
    row_group : int
        Rows per row group.

    Raises
    ------
    OSError
        From the sink.
    """
    pq.write_table(
        table,
        file,
        row_group_size=row_group,
        compression="zstd",
        use_dictionary=[
            field.name
            for field in table.schema
            if field.name in _REPETITIVE or pa.types.is_dictionary(field.type)
        ],
        write_page_checksum=True,
        write_statistics=False,
        store_schema=True,
    )


def write_passing(file: BinaryIO, table: pa.Table) -> None:
    """Write a part that is removed at the end of the command: as it lies in memory, to be mapped again.

    Compressing and summing up would cost more than all else of reading a feed. `read_parquet` and `read_rows`
    read it too.
    """
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def look_up_arrays(articles: pa.Table) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays by which a part's articles are found.

    Parameters
    ----------
    articles : pa.Table
        Of `PART_SCHEMA`, n rows.

    Returns
    -------
    dict
        `KEY`: int64 (n,); `FIND_HASH`: int64 (m,), ascending; `FIND_ROW`: int32 (m,).
        m is the number of ids and URLs.
    """
    columns = [articles.column(name).combine_chunks() for name in ("id", "url")]
    hashes = np.concatenate([text_hashes(column) for column in columns])
    rows = np.tile(np.arange(articles.num_rows, dtype=np.int32), 2)
    order = np.argsort(hashes, kind="stable")
    order = order[hashes[order] != 0]
    return {KEY: articles.column("key").to_numpy(), FIND_HASH: hashes[order], FIND_ROW: rows[order]}


def read_parquet(path: Path, footer_crc: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a whole Parquet file of ours.

    Parameters
    ----------
    path : Path
        Written by `write_parquet`.
    footer_crc : int
        What `footer_checksum` said of it, or `PASSING`.
    columns : sequence of str, optional
        In the order wanted; all if None.

    Raises
    ------
    FileNotFoundError
        If there is none.
    IndexFolderError
        If it is damaged; names the file.
    """
    if footer_crc == PASSING:
        return _selected(_mapped(path), columns)
    with _open(path, footer_crc) as file:
        return _selected(file.read(columns=columns), columns)


def read_rows(path: Path, footer_crc: int, rows: Int64s, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some rows of a part, in the order asked.

    Parameters
    ----------
    path, footer_crc
        As for `read_parquet`.
    rows : int64 array, shape (m,)
        Row numbers; may repeat.
    columns : sequence of str, optional
        In the order wanted; all if None.

    Returns
    -------
    pa.Table
        m rows. Only the row groups that hold them are read.
    """
    if footer_crc == PASSING:
        return _selected(_mapped(path), columns).take(pa.array(rows))
    with _open(path, footer_crc) as file:
        groups, group_of = np.unique(rows // ROW_GROUP, return_inverse=True)
        table = file.read_row_groups(groups.tolist(), columns=columns)
        # All row groups but the last are full, and the last one comes last here too.
        return _selected(table.take(pa.array(group_of * ROW_GROUP + rows % ROW_GROUP)), columns)


def footer_checksum(path: Path) -> int:
    """Return the CRC-32 of a Parquet file's footer: the one piece the format leaves unprotected.

    A flipped bit there can rename a column or crash the parser, so the catalog
    keeps this number and every read compares it first.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        file.seek(max(0, size - 8 - length))
        return zlib.crc32(file.read(length) + tail)


def _mapped(path: Path) -> pa.Table:
    """Map a part that `write_passing` wrote."""
    try:
        with pa.memory_map(os.fspath(path)) as file:
            return pa.ipc.open_file(file).read_all()
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, str(error).partition("\n")[0][:200]) from error


@contextmanager
def _open(path: Path, footer_crc: int) -> Iterator[pq.ParquetFile]:
    try:
        stat = path.stat()
        footer = _footer(path, stat.st_size, stat.st_mtime_ns, footer_crc)
        with pq.ParquetFile(path, metadata=footer, page_checksum_verification=True) as file:
            yield file
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, str(error).partition("\n")[0][:200]) from error


@lru_cache(maxsize=512)  # a query meets all parts of a million articles, 20 KB each
def _footer(path: Path, size: int, modified: int, footer_crc: int) -> Any:
    """Check and parse the footer once; for a part of 10,000 rows that is half the cost of one article."""
    if footer_checksum(path) != footer_crc:
        raise _damaged(path, "the checksum of its footer is wrong")
    return pq.read_metadata(path)


def _selected(table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """Return columns in the order asked, as nulls those that parts of format 1 do not have."""
    if columns is None:
        return table
    for name in columns:
        if name in SINCE_FORMAT_2 and name not in table.column_names:
            field = PART_SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(columns)  # Parquet returns them in file order


def _damaged(path: Path, why: str) -> IndexFolderError:
    return IndexFolderError(f"part file {path} is damaged or unreadable: {why}", DAMAGED)
