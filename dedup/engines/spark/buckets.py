"""Stage E: how large the bucket of each text in each band is, and which buckets are capped.

A text is in 128 buckets a kind of sketch. It sends their keys, and nothing else, to the partitions where the
buckets are gathered: an answer comes back in the order of the question, so it need not say of which text it
is. That order is worked out again from the sketches wherever it is needed (`Arranged`).

The rules are those of `dedup.sketch.bands`: a bucket of more than `cap` members is capped; a text in more
than `MOST_CAPPED` capped buckets is crowded; and where there is any crowded text, a bucket of more than
`CROWDED_CAP` of them is capped as well (a second round).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.engines.spark.packets import HALF, MIX, MOST_BYTES, Ints, Packet
from dedup.engines.spark.sketches import Sketched
from dedup.sketch.capped import MOST_CAPPED
from dedup.sketch.check import pairs_of_slots

BANDS: Final = 128

KEYS: Final = "keys"
CROWD: Final = "crowd"
SIZES: Final = "sizes"
SIZES_AGAIN: Final = "sizes-again"

_KEYS_SCHEMA: Final = pa.schema(
    [
        pa.field("home", pa.int32()),  # the partition that asks
        pa.field("block", pa.int32()),  # of its texts
        pa.field("kind", pa.uint8()),  # of sketch
        pa.field("counts", pa.binary()),  # keys of each band, uint32
        pa.field("keys", pa.binary()),  # uint32, band by band
    ]
)
_CROWD_SCHEMA: Final = pa.schema(
    [
        pa.field("home", pa.int32()),
        pa.field("block", pa.int32()),
        pa.field("kind", pa.uint8()),
        pa.field("crowded", pa.binary()),  # a bit for each key that was sent
    ]
)
SIZES_SCHEMA: Final = pa.schema(
    [
        pa.field("origin", pa.int32()),  # the partition that answers
        pa.field("block", pa.int32()),
        pa.field("kind", pa.uint8()),
        # A bit for each key, whether another text has it; empty in a second round.
        pa.field("shared", pa.binary()),
        pa.field("capped", pa.binary()),  # places of the keys whose bucket is capped, uint32
        pa.field("sizes", pa.binary()),  # and the sizes of these, uint32
    ]
)

_MOST_ROWS: Final = 1 << 16
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def bucket_partition(kind, band, key, n):  # type: ignore[no-untyped-def]
    """Return the partition where the bucket of a key in a band is gathered (compiled)."""
    mixed = (np.uint64(key) + MIX * np.uint64(kind * BANDS + band + 1)) * MIX
    mixed ^= mixed >> HALF
    return np.int64((((mixed * MIX) >> HALF) * np.uint64(n)) >> HALF)


def partitions_of_keys(kind: int, bands: Ints, keys: NDArray[np.uint32], n_partitions: int) -> Ints:
    """Return the partition of each bucket, given its band and key; shape (m,)."""
    out = np.empty(len(keys), np.int64)
    _partitions(kind, bands, keys, n_partitions, out)
    return out


@_compiled
def _partitions(kind, bands, keys, n, out):  # type: ignore[no-untyped-def]
    for i in range(len(keys)):
        out[i] = bucket_partition(kind, bands[i], keys[i], n)


@dataclass(frozen=True, slots=True)
class Arranged:
    """The keys of a block of m texts under one kind: by partition, band, and text.

    Parameters
    ----------
    keys : uint32 array, shape (m, 128)
        Key of each text in each band; a view of the signatures.
    cells : uint32 array, shape (m * 128,)
        ``128 * text + band`` of each key, in the order in which keys are sent.
    counts : uint32 array, shape (n, 128)
        Keys that go to each of n partitions, by band.
    """

    keys: NDArray[np.uint32]
    cells: NDArray[np.uint32]
    counts: NDArray[np.uint32]

    @classmethod
    def of(cls, slots: NDArray[np.uint16], kind: int, n_partitions: int) -> Arranged:
        """Arrange signatures, shape (m, 256)."""
        keys = pairs_of_slots(np.ascontiguousarray(slots))
        counts = np.zeros((n_partitions, BANDS), np.uint32)
        cells = np.empty(keys.size, np.uint32)
        _arrange(keys, kind, counts, cells)
        return cls(keys, cells, counts)

    @property
    def bounds(self) -> Ints:
        """Where the keys of each partition begin and the last ones end, shape (n + 1,)."""
        return np.concatenate(([0], np.cumsum(self.counts.sum(axis=1, dtype=np.int64))))


@dataclass(frozen=True, slots=True)
class Capped:
    """Which of a block of m texts are in which capped buckets, k times in all.

    Parameters
    ----------
    text, band, size : int64 array, shape (k,)
        By text, then band; the size is that of the bucket.
    is_crowded : bool array, shape (m,)
        Whether a text is in more than `MOST_CAPPED` of them.
    """

    text: Ints
    band: Ints
    size: Ints
    is_crowded: NDArray[np.bool_]


def blocks(sketched: Sketched, n_partitions: int) -> Iterator[tuple[int, dict[int, Ints]]]:
    """Cut the texts of a partition into blocks small enough to be sent.

    Yields
    ------
    block : int
    chosen : dict of int to int64 array
        Of each kind the rows of `Sketched.slots` in this block; those of kinds without any are left out.
    """
    # A band has four bytes, there are up to three kinds, and keys are spread over the partitions evenly.
    step = min(_MOST_ROWS, n_partitions * (MOST_BYTES // (4 * BANDS * 4)))
    for low in range(0, len(sketched), step):
        chosen = {}
        for kind, rows in sketched.rows.items():
            begin, end = np.searchsorted(rows, (low, low + step)).tolist()
            if begin < end:
                chosen[kind] = np.arange(begin, end)
        yield low // step, chosen


def send_keys(home: int, sketched: Sketched, n_partitions: int) -> Iterator[Packet]:
    """Send the key of each text in each band to the partition of its bucket.

    Yields
    ------
    Packet
        `KEYS`; one for each partition and block.
    """
    for block, chosen in blocks(sketched, n_partitions):
        rows: list[list[tuple[Any, ...]]] = [[] for _ in range(n_partitions)]
        for kind, at in chosen.items():
            arranged = Arranged.of(sketched.slots[kind][at[0] : at[-1] + 1], kind, n_partitions)
            keys, counts = arranged.keys.reshape(-1)[arranged.cells], arranged.counts.astype("<u4")
            for to, (low, high) in enumerate(pairwise(arranged.bounds.tolist())):
                if low < high:
                    rows[to].append((home, block, kind, counts[to].tobytes(), keys[low:high].tobytes()))
        yield from packed_rows(KEYS, _KEYS_SCHEMA, rows)


def send_crowded(
    home: int, sketched: Sketched, answers: Answers, n_partitions: int, n_crowded: dict[int, int]
) -> Iterator[Packet]:
    """Tell the partitions of buckets which of the keys they got are of crowded texts.

    Parameters
    ----------
    home : int
    sketched : Sketched
    answers : Answers
    n_partitions : int
    n_crowded : dict of int to int
        Crowded texts of each kind that has any; added up here.

    Yields
    ------
    Packet
        `CROWD`; nothing of a block without crowded texts.
    """
    for block, chosen in blocks(sketched, n_partitions):
        rows: list[list[tuple[Any, ...]]] = [[] for _ in range(n_partitions)]
        for kind, at in chosen.items():
            arranged = Arranged.of(sketched.slots[kind][at[0] : at[-1] + 1], kind, n_partitions)
            is_crowded = answers.capped(block, kind, arranged).is_crowded
            if not is_crowded.any():
                continue
            n_crowded[kind] = n_crowded.get(kind, 0) + int(is_crowded.sum())
            bits = is_crowded[arranged.cells // np.uint32(BANDS)]
            for to, (low, high) in enumerate(pairwise(arranged.bounds.tolist())):
                if bits[low:high].any():
                    rows[to].append((home, block, kind, np.packbits(bits[low:high]).tobytes()))
        yield from packed_rows(CROWD, _CROWD_SCHEMA, rows)


class Answers:
    """What the partitions of buckets answered to one home partition.

    Parameters
    ----------
    tables : iterable of pa.Table
        `SIZES`.
    """

    def __init__(self, tables: Iterable[pa.Table]) -> None:
        self._rows: dict[tuple[int, int], dict[int, dict[str, Any]]] = {}
        for table in tables:
            for row in table.to_pylist():
                self._rows.setdefault((row["block"], row["kind"]), {})[row["origin"]] = row

    def shared(self, block: int, kind: int, arranged: Arranged) -> NDArray[np.bool_]:
        """Tell which buckets of a block hold another text too, shape (m, 128)."""
        bounds = arranged.bounds
        flat = np.zeros(len(arranged.cells), np.bool_)
        for origin, row in self._rows.get((block, kind), {}).items():
            flat[bounds[origin] : bounds[origin + 1]] = unpacked_bits(
                row["shared"], int(np.diff(bounds)[origin])
            )
        out = np.empty(len(flat), np.bool_)
        out[arranged.cells] = flat
        return out.reshape(-1, BANDS)

    def capped(self, block: int, kind: int, arranged: Arranged) -> Capped:
        """Tell which buckets of a block are capped, and which texts are crowded by them."""
        bounds = arranged.bounds
        places = [np.empty(0, np.int64)]
        sizes = [np.empty(0, np.int64)]
        for origin, row in self._rows.get((block, kind), {}).items():
            places.append(np.frombuffer(row["capped"], "<u4") + bounds[origin])
            sizes.append(np.frombuffer(row["sizes"], "<u4").astype(np.int64))
        cell = arranged.cells[np.concatenate(places)].astype(np.int64)
        turn = np.argsort(cell)
        text, band = np.divmod(cell[turn], BANDS)
        n_capped = np.bincount(text, minlength=len(arranged.keys))
        return Capped(text, band, np.concatenate(sizes)[turn], n_capped > MOST_CAPPED)


def packed_rows(kind: str, schema: pa.Schema, rows: list[list[tuple[Any, ...]]]) -> Iterator[Packet]:
    """Pack the rows that go to each partition, if there are any."""
    for to, some in enumerate(rows):
        if some:
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            yield Packet.of(to, kind, pa.table(columns, schema=schema))


def unpacked_bits(packed: bytes | None, n: int) -> NDArray[np.bool_]:
    """Unpack n bits; none of them is set where nothing was sent."""
    if packed is None:
        return np.zeros(n, np.bool_)
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=n).view(np.bool_)


@_compiled
def _arrange(keys, kind, counts, cells):  # type: ignore[no-untyped-def]
    """Counting sort of keys by partition and band, text by text."""
    n, bands = counts.shape
    for text in range(len(keys)):
        for band in range(bands):
            counts[bucket_partition(kind, band, keys[text, band], n), band] += np.uint32(1)
    nexts = np.empty((n, bands), np.int64)
    at = 0
    for to in range(n):
        for band in range(bands):
            nexts[to, band] = at
            at += counts[to, band]
    for text in range(len(keys)):
        for band in range(bands):
            to = bucket_partition(kind, band, keys[text, band], n)
            cells[nexts[to, band]] = text * bands + band
            nexts[to, band] += 1
