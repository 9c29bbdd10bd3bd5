"""What the stages are run by: one place where packets are moved, kept and collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.engines.spark.packets import Kernel, Packet

FILE: Final = "_file"
LINE: Final = "_line"
"""Columns in which a source tells where a row stood; no feed has a field of such a name."""

SourceKernel = Callable[[Iterator[pa.RecordBatch]], Iterator[Packet]]
"""Gets rows of the user's files as Arrow batches; yields packets."""


class Runner(Protocol):
    """Moves packets between stages and keeps what each stage gave.

    Attributes
    ----------
    n_partitions : int
        Partitions that packets are addressed to.
    """

    n_partitions: int

    def schema(self, paths: Sequence[str]) -> pa.Schema:
        """Return the columns of Parquet files or folders.

        Raises
        ------
        DedupError
            If one of them is not there or is no Parquet.
        """

    def source(
        self,
        name: str,
        paths: Sequence[str],
        columns: Sequence[str],
        kernel: SourceKernel,
        *,
        most: int | None = None,
    ) -> None:
        """Run a kernel over rows of Parquet files, and keep what it gives under a name.

        Parameters
        ----------
        name : str
            Of this stage.
        paths : sequence of str
        columns : sequence of str
            To read. Beside them the kernel gets `FILE`, the path a row is from, and `LINE`, its number
            there from 1.
        kernel : SourceKernel
            Called for some rows at a time, all of the same columns.
        most : int, optional
            Rows to read of all files with the same columns, the first; all by default.
        """

    def stage(
        self, name: str, inputs: Sequence[tuple[str, Sequence[str]]], kernel: Kernel, *, exchange: bool = True
    ) -> None:
        """Run a kernel over what earlier stages gave, and keep what it gives under a name.

        Parameters
        ----------
        name : str
            Of this stage; what a stage of that name gave in an interrupted run is taken as it is.
        inputs : sequence of (stage, kinds)
            Packets to read: those of some kinds of an earlier stage.
        kernel : Kernel
            Called once for each partition that packets are addressed to.
        exchange : bool
            False: the kernel is called with some packets at a time, whatever their address (and -1 for the
            partition); for work on one packet after the other, which then need not be moved.
        """

    def collect(self, stage: str, kind: str) -> list[pa.Table]:
        """Return the tables of a kind that a stage gave: counts and sizes, never what grows with the feed."""

    def drop(self, stage: str, kinds: Sequence[str]) -> None:
        """Give back the space of some kinds of a stage, which no stage reads any more."""


class InProcess:
    """Runs stages in this process, one partition after the other, and keeps packets in memory."""

    def __init__(self, n_partitions: int) -> None:
        self.n_partitions = n_partitions
        self.kept: dict[str, list[Packet]] = {}

    def schema(self, paths: Sequence[str]) -> pa.Schema:
        """Return the columns of Parquet files; see `Runner`."""
        found: dict[str, pa.Field] = {}
        for path in paths:
            for each in pq.read_schema(path):
                found.setdefault(each.name, each)
        return pa.schema(list(found.values()))

    def source(
        self,
        name: str,
        paths: Sequence[str],
        columns: Sequence[str],
        kernel: SourceKernel,
        *,
        most: int | None = None,
    ) -> None:
        """Run a kernel over the rows of Parquet files; see `Runner`."""
        alike: dict[str, list[str]] = {}
        for path in paths:
            alike.setdefault(str(pq.read_schema(path)), []).append(path)
        self.kept[name] = [
            packet for group in alike.values() for packet in kernel(_rows(group, columns, most))
        ]

    def stage(
        self, name: str, inputs: Sequence[tuple[str, Sequence[str]]], kernel: Kernel, *, exchange: bool = True
    ) -> None:
        """Run a kernel; see `Runner`."""
        packets = [
            packet for stage, kinds in inputs for packet in self.kept[stage] if packet.kind in set(kinds)
        ]
        self.kept[name] = list(self._run(packets, kernel, exchange))

    def _run(self, packets: list[Packet], kernel: Kernel, exchange: bool) -> Iterator[Packet]:
        if not exchange:
            yield from kernel(-1, iter(packets))
            return
        for to in sorted({packet.to for packet in packets}):
            mine = sorted((packet for packet in packets if packet.to == to), key=lambda packet: packet.kind)
            yield from kernel(to, iter(mine))

    def collect(self, stage: str, kind: str) -> list[pa.Table]:
        """Return small tables; see `Runner`."""
        return [packet.table() for packet in self.kept[stage] if packet.kind == kind]

    def drop(self, stage: str, kinds: Sequence[str]) -> None:
        """Forget some packets; see `Runner`."""
        self.kept[stage] = [packet for packet in self.kept[stage] if packet.kind not in kinds]


def _rows(paths: Sequence[str], columns: Sequence[str], most: int | None) -> Iterator[pa.RecordBatch]:
    left = most
    for path in paths:
        line = 0
        for batch in pq.ParquetFile(path).iter_batches(4096, columns=list(columns)):
            some = batch if left is None else batch.slice(0, left)
            numbers = np.arange(line + 1, line + 1 + len(some))
            line += len(batch)
            left = None if left is None else left - len(some)
            yield some.append_column(FILE, pa.repeat(path, len(some))).append_column(LINE, pa.array(numbers))
            if left == 0:
                return
