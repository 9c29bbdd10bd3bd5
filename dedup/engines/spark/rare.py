"""Stage D: which values of a slot are frequent, counted over all bodies wherever they lie.

Each home partition counts its own bodies once and sends the counts, compressed; added up they are those of
`dedup.sketch.rarity.rare_slots`. What comes back are the few values that more texts hold than may: a bitmap
of all values would be two megabytes, of which hardly a bit is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.engines.spark.packets import Packet, column
from dedup.sketch.rarity import WORDS, count_slots, flag_slots, rare_limit

COUNTS: Final = "slot-counts"
FREQUENT: Final = "frequent"

FREQUENT_SCHEMA: Final = pa.schema([pa.field("code", pa.uint32())])
"""Values that are not rare, as ``slot << 16 | value``."""

_COUNTS_SCHEMA: Final = pa.schema(
    [
        pa.field("word", pa.uint8()),  # the slots ``32 * word`` and on
        pa.field("texts", pa.int64()),  # bodies counted
        pa.field("width", pa.uint8()),  # bytes of a count
        pa.field("counts", pa.binary()),  # first the low bytes of all, then the next; compressed
    ]
)
_CELLS: Final = 32 << 16  # counts of a word
_CODEC: Final = "zstd"


def count_values(bodies: NDArray[np.uint16], n_partitions: int) -> Iterator[Packet]:
    """Count how many bodies of a partition hold each value, and send each word of slots to one partition.

    Parameters
    ----------
    bodies : uint16 array, shape (m, 256)
    n_partitions : int

    Yields
    ------
    Packet
        `COUNTS`.
    """
    if not len(bodies):
        return
    for word in range(WORDS):
        counts = count_slots(bodies, word).reshape(-1)
        width = max(1, (int(counts.max()).bit_length() + 7) // 8)
        # Nearly all high bytes are zero: apart from the low ones they take next to nothing.
        planes = np.empty((width, _CELLS), np.uint8)
        for k, plane in enumerate(planes):
            plane[:] = counts >> np.uint32(8 * k) if k else counts
        row = [[word], [len(bodies)], [width], [pa.compress(planes, codec=_CODEC, asbytes=True)]]
        yield Packet.of(word % n_partitions, COUNTS, pa.table(row, schema=_COUNTS_SCHEMA))


def find_frequent(to: int, packets: Iterable[Packet]) -> Iterator[Packet]:
    """Add counts up, one packet after the other, and tell which values are frequent.

    Yields
    ------
    Packet
        `FREQUENT` (`FREQUENT_SCHEMA`), for the driver to collect.
    """
    totals: dict[int, NDArray[np.uint32]] = {}
    texts: dict[int, int] = {}
    for packet in packets:
        for row in packet.table().to_pylist():
            word, width = row["word"], row["width"]
            planes = pa.decompress(row["counts"], _CELLS * width, codec=_CODEC)
            total = totals.setdefault(word, np.zeros(_CELLS, np.uint32))
            for k, plane in enumerate(np.frombuffer(planes, np.uint8).reshape(width, _CELLS)):
                total += plane.astype(np.uint32) << np.uint32(8 * k) if k else plane
            texts[word] = texts.get(word, 0) + row["texts"]
    for word, total in totals.items():
        code = np.flatnonzero(total > rare_limit(texts[word])) + word * _CELLS
        if len(code):
            yield Packet.of(to, FREQUENT, pa.table([pa.array(code, pa.uint32())], schema=FREQUENT_SCHEMA))


def frequent_codes(tables: Iterable[pa.Table]) -> NDArray[np.uint32]:
    """Join what `find_frequent` gave."""
    codes = np.concatenate([np.empty(0, np.uint32), *(column(table, "code") for table in tables)])
    return np.sort(codes)


def rare_among(bodies: NDArray[np.uint16], frequent: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Tell which slots of each body are rare: rows of `dedup.sketch.rarity.rare_slots`, shape (m, 8)."""
    out = np.empty((len(bodies), WORDS), np.uint32)
    is_frequent = np.zeros((WORDS, 32, 1 << 16), np.uint8)
    is_frequent.reshape(-1)[frequent] = 1
    for word in range(WORDS):
        flag_slots(bodies, word, is_frequent[word], 0, out)
    return out
