"""What the stages are run by: one place where packets are moved, kept and collected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa

from dedup.engines.spark.packets import Kernel, Packet


class Runner(Protocol):
    """Moves packets between stages and keeps what each stage gave.

    Attributes
    ----------
    n_partitions : int
        Partitions that packets are addressed to.
    """

    n_partitions: int

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


class InProcess:
    """Runs stages in this process, one partition after the other, and keeps packets in memory."""

    def __init__(self, n_partitions: int) -> None:
        self.n_partitions = n_partitions
        self.kept: dict[str, list[Packet]] = {}

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
