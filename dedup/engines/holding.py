"""Where the rows of articles are: in the parts of an index, or all in memory.

What is learnt and reported of articles asks three things of whoever holds them, and an index snapshot
answers them. So does a table, for an engine that has no index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.index.parts import PART_SCHEMA

Ints = NDArray[np.int64]


class Part(Protocol):
    """Rows that are held together."""

    @property
    def rows(self) -> int:
        """Number of rows, superseded ones too."""


class Holding(Protocol):
    """Holds articles in parts of rows; `dedup.index.snapshot.Snapshot` is one."""

    @property
    def parts(self) -> Sequence[Part]:
        """The parts, always in the same order."""

    def articles(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield each part as a table: all rows, always in the same order.

        Parameters
        ----------
        columns : sequence of str, optional
            Of `PART_SCHEMA`; all if None.
        """

    def rows_at(
        self, parts: Sequence[int] | Ints, rows: Sequence[int] | Ints, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows at given places, in the order asked.

        Parameters
        ----------
        parts, rows : int64 arrays, shape (m,)
            Position of the part, row in it.
        columns : sequence of str, optional
            Of `PART_SCHEMA`; all if None.
        """


@dataclass(frozen=True, slots=True)
class HeldPart:
    """The one part of a table."""

    rows: int


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Articles in memory: one part, a row of the table each.

    Parameters
    ----------
    table : pa.Table
        n rows. Columns of `PART_SCHEMA`, of the types it gives them (or large_string for string), and any
        others. What it has not of `PART_SCHEMA` is null.
    """

    table: pa.Table

    @property
    def parts(self) -> tuple[HeldPart, ...]:
        """The part; see `Holding`."""
        return (HeldPart(self.table.num_rows),)

    def articles(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the part; see `Holding`.

        Raises
        ------
        ValueError
            For a column that is neither of the table nor of `PART_SCHEMA`.
        """
        yield self._select(columns, None)

    def rows_at(
        self, parts: Sequence[int] | Ints, rows: Sequence[int] | Ints, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return rows; see `Holding`.

        Raises
        ------
        ValueError
            For a column that is neither of the table nor of `PART_SCHEMA`.
        IndexError
            For a place that is not there.
        """
        at = np.asarray(rows, np.int64)
        if np.any(np.asarray(parts, np.int64)) or np.any((at < 0) | (at >= self.table.num_rows)):
            raise IndexError(f"rows in memory are rows 0 to {self.table.num_rows - 1} of part 0")
        return self._select(columns, pa.array(at))

    def _select(self, columns: Sequence[str] | None, rows: pa.Array | None) -> pa.Table:
        """Return columns of some rows, or of all."""
        names = list(PART_SCHEMA.names if columns is None else columns)
        there = set(self.table.column_names)
        unknown = [name for name in names if name not in there and name not in PART_SCHEMA.names]
        if unknown:
            raise ValueError(f"no column {', '.join(unknown)}; there are {', '.join(PART_SCHEMA.names)}")
        held = self.table.select([name for name in dict.fromkeys(names) if name in there])
        n = self.table.num_rows
        if rows is not None:
            held, n = held.take(rows), len(rows)
        arrays = [
            held[name] if name in there else pa.nulls(n, PART_SCHEMA.field(name).type) for name in names
        ]
        return pa.table(arrays, names=names)
