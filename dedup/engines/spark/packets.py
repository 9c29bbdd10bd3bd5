"""Packets: tables on their way to a partition, all that ever moves between two tasks.

An engine moves rows; moving a hundred million rows of sixteen bytes costs more than computing them. So what
goes to one partition goes as one Arrow table in one binary value, and is arrays again where it arrives.

A *kernel* gets the packets addressed to one partition and yields packets for the next stage. Which packets
come together depends on the data and the number of partitions alone; in what order they come is chance, so a
kernel sorts before anything that depends on order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

PACKET_SCHEMA: Final = pa.schema(
    [
        pa.field("to", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("data", pa.binary(), nullable=False),
    ]
)
"""A packet as a row: partition, kind, and a table as an Arrow IPC stream."""

MOST_BYTES: Final = 4 << 20
"""Size that packets are kept below, where rows allow: some of them are in memory at a time, in Java too."""

MIX: Final = np.uint64(0x9E3779B97F4A7C15)
HALF: Final = np.uint64(32)
"""Multiplier and shift that spread hashes over partitions (Knuth, see `partition_of`)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A table addressed to a partition.

    Parameters
    ----------
    to : int
        Partition, from 0.
    kind : str
        What the table holds; tables of one kind have one schema.
    data : bytes
        The table, an Arrow IPC stream.
    """

    to: int
    kind: str
    data: bytes

    @classmethod
    def of(cls, to: int, kind: str, table: pa.Table) -> Packet:
        """Pack a table."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return cls(to, kind, sink.getvalue().to_pybytes())

    def table(self) -> pa.Table:
        """Unpack the table; its arrays lie in `data`."""
        return pa.ipc.open_stream(self.data).read_all()


Kernel = Callable[[int, Iterator[Packet]], Iterator[Packet]]
"""Gets a partition and the packets addressed to it, by kind; yields packets."""


def partition_of(hashes: Hashes | Ints, n_partitions: int) -> Ints:
    """Return the partition that a text hash or an article key belongs to; shape (m,).

    The hash is mixed first (Knuth, The Art of Computer Programming 3, 6.4), so that neither samples of
    smallest hashes nor keys that count upwards fall into a few partitions.
    """
    mixed = np.ascontiguousarray(hashes).view(np.uint64) * MIX
    return ((mixed >> HALF) % np.uint64(n_partitions)).astype(np.int64)


def addressed(kind: str, table: pa.Table, to: Ints) -> Iterator[Packet]:
    """Pack the rows of a table for the partitions they go to.

    Parameters
    ----------
    kind : str
    table : pa.Table
        m rows.
    to : int64 array, shape (m,)
    """
    if not table.num_rows:
        return
    order = np.argsort(to, kind="stable")
    ordered = to[order]
    cuts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    bounds = np.append(cuts, len(to))
    most = _rows_of_a_packet(table)
    taken = table.combine_chunks().take(pa.array(order))
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        for rows in _cut(taken.slice(begin, end - begin), most):
            yield Packet.of(int(ordered[begin]), kind, rows)


def slices(table: pa.Table) -> Iterator[pa.Table]:
    """Cut a table in pieces of as many rows as go into a packet, one at least; none of an empty table."""
    return _cut(table, _rows_of_a_packet(table))


def _rows_of_a_packet(table: pa.Table) -> int:
    each: int = max(1, table.nbytes // max(1, table.num_rows))
    return max(1, MOST_BYTES // each)


def _cut(table: pa.Table, most: int) -> Iterator[pa.Table]:
    for low in range(0, table.num_rows, most):
        yield table.slice(low, most)


def before(packets: Iterator[Packet], kind: str) -> tuple[list[Packet], Iterator[Packet]]:
    """Take the packets that come before those of a kind, the last one; return them, and the rest unread."""
    early: list[Packet] = []
    for packet in packets:
        if packet.kind == kind:
            return early, chain([packet], packets)
        early.append(packet)
    return early, iter(())


class Inbox:
    """The packets of one partition, gathered by kind.

    Parameters
    ----------
    packets : iterable of Packet
    """

    def __init__(self, packets: Iterable[Packet]) -> None:
        self._tables: dict[str, list[pa.Table]] = {}
        for packet in packets:
            self._tables.setdefault(packet.kind, []).append(packet.table())

    def table(self, kind: str, schema: pa.Schema) -> pa.Table:
        """Return all rows of a kind as one table, in no certain order; empty if there are none."""
        tables = self._tables.get(kind)
        return pa.concat_tables(tables).combine_chunks() if tables else schema.empty_table()


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column without nulls as a numpy array."""
    values: NDArray[Any] = table[name].to_numpy()
    return values


def fixed(array: NDArray[Any]) -> pa.Array:
    """Return the rows of a matrix as fixed-size binary values, shape (m,)."""
    flat = np.ascontiguousarray(array)
    width = flat.shape[1] * flat.itemsize
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(flat), [None, pa.py_buffer(flat.tobytes())]
    )


def matrix(values: pa.Array | pa.ChunkedArray, kind: Any) -> NDArray[Any]:
    """Return fixed-size binary values as the rows of a matrix; what stands under a null is not defined."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    width = array.type.byte_width
    raw = np.frombuffer(array.buffers()[1] or b"", np.uint8)[array.offset * width :][: len(array) * width]
    return raw.reshape(len(array), width).view(kind)
