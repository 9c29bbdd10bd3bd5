"""Arcs between texts, and the few of them that say the same of a partition as all its edges do.

What is connected needs no more than a tree. The edges at one partition are a forest's worth of arcs after a
union-find, and each of its trees may as well be a star around its smallest text: at most one arc per text,
however dense a cluster is.

An arc lies at the home of the text `at` and tells it of another. Of the two arcs between two texts
the `DOWN` arc lies at the greater and names the smaller, the `UP` arc lies at the smaller and names the
greater.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.graph import components
from dedup.engines.spark.packets import Hashes, Inbox, Packet, addressed, column, partition_of

EDGE: Final = "edge"
EDGE_SCHEMA: Final = pa.schema(
    [("left", pa.int64()), ("right", pa.int64()), ("sum", pa.int64()), ("relation", pa.int8())]
)
"""A confirmed pair, at the home of the smaller text hash, `left`: its score as a sum (`dedup.confirm.model`),
its relation as a number."""

DOWN: Final = "down"
UP: Final = "up"
ARC_SCHEMA: Final = pa.schema([("at", pa.int64()), ("other", pa.int64())])

COUNT: Final = "count"
COUNT_SCHEMA: Final = pa.schema([("n", pa.int64())])
"""What a kernel tells the driver: one number."""


def spanning_forest(
    least: int, n_partitions: int, partition: int, packets: Iterator[Packet]
) -> Iterator[Packet]:
    """Kernel: replace the edges of a partition by stars with the same connected components.

    Parameters
    ----------
    least : int
        Integer sum that an edge must reach.
    n_partitions : int
    partition : int
    packets
        Of kind "edge".

    Yields
    ------
    Packet
        "down" and "up": both arcs between the smallest text of each component and each of its others, at
        their homes; no two partitions give the same. The smallest is at home here, since an edge lies where
        its smaller text does, so the "up" arcs stay here. "count": how many "down" arcs there are.
    """
    edges = Inbox(packets).table(EDGE, EDGE_SCHEMA)
    edges = edges.filter(pc.greater_equal(edges["sum"], least))
    left, right = (hashes_of(edges, name) for name in ("left", "right"))
    at, other = stars(left, right)
    yield from send_arcs(DOWN, at, other, n_partitions)
    yield from send_arcs(UP, other, at, n_partitions)
    yield send_count(partition, len(at))


def stars(left: Hashes, right: Hashes) -> tuple[Hashes, Hashes]:
    """Find the connected components of edges.

    Parameters
    ----------
    left, right : uint64 array, shape (m,)

    Returns
    -------
    texts, smallest : uint64 array, shape (k,)
        Each text that is not the smallest of its component, ascending, and the one that is.
    """
    texts, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    label = components(len(texts), places[: len(left)], places[len(left) :])
    moved = label != np.arange(len(texts))
    return texts[moved], texts[label[moved]]


def read_arcs(packets: Iterator[Packet], kinds: Sequence[str]) -> tuple[Hashes, Hashes]:
    """Return the distinct arcs that a partition got, by `at`, then `other`; uint64, shape (m,)."""
    inbox = Inbox(packets)
    arcs = pa.concat_tables([inbox.table(kind, ARC_SCHEMA) for kind in kinds])
    return distinct(hashes_of(arcs, "at"), hashes_of(arcs, "other"))


def send_arcs(kind: str, at: Hashes, other: Hashes, n_partitions: int) -> Iterator[Packet]:
    """Pack arcs for the homes of `at`."""
    table = pa.table([at.view(np.int64), other.view(np.int64)], schema=ARC_SCHEMA)
    yield from addressed(kind, table, partition_of(at, n_partitions))


def send_count(partition: int, n: int) -> Packet:
    """Pack a number for the driver."""
    return Packet.of(partition, COUNT, pa.table([[n]], schema=COUNT_SCHEMA))


def total(counts: Sequence[pa.Table]) -> int:
    """Add up what the partitions counted."""
    return sum(int(column(table, "n").sum()) for table in counts)


def hashes_of(table: pa.Table, name: str) -> Hashes:
    """Return a column of text hashes in the type that orders them."""
    return np.ascontiguousarray(column(table, name)).view(np.uint64)


def distinct(at: Hashes, other: Hashes) -> tuple[Hashes, Hashes]:
    """Return the distinct arcs, by `at`, then `other`."""
    order = np.lexsort((other, at))
    at, other = at[order], other[order]
    new = np.append(True, (at[1:] != at[:-1]) | (other[1:] != other[:-1]))[: len(at)]
    return at[new], other[new]
