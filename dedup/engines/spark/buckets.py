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

from dedup.engines.spark.packets import MOST_BYTES, Ints, Packet
from dedup.engines.spark.sketches import Sketched
from dedup.sketch.buckets import buckets_of
from dedup.sketch.capped import MOST_CAPPED, large_buckets
from dedup.sketch.check import pairs_of_slots

BANDS: Final = 128

KEYS: Final = "keys"
CROWD: Final = "crowd"
SIZES: Final = "sizes"
SIZES_AGAIN: Final = "sizes-again"
CAPPED: Final = "capped"

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
_SIZES_SCHEMA: Final = pa.schema(
    [
        pa.field("origin", pa.int32()),  # the partition that answers
        pa.field("block", pa.int32()),
        pa.field("kind", pa.uint8()),
        pa.field(
            "shared", pa.binary()
        ),  # a bit for each key, whether another text has it; empty in a second round
        pa.field("capped", pa.binary()),  # places of the keys whose bucket is capped, uint32
        pa.field("sizes", pa.binary()),  # and the sizes of these, uint32
    ]
)
CAPPED_SCHEMA: Final = pa.schema(
    [
        pa.field("kind", pa.uint8()),
        pa.field("buckets", pa.int64()),  # capped ones of a partition
        pa.field("largest", pa.int64()),
    ]
)

_MOST_ROWS: Final = 1 << 16
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def bucket_partition(kind, band, key, n):  # type: ignore[no-untyped-def]
    """Return the partition where the bucket of a key in a band is gathered (compiled)."""
    mixed = (np.uint64(key) + _MIX * np.uint64(kind * BANDS + band + 1)) * _MIX
    mixed ^= mixed >> _HALF
    return np.int64((((mixed * _MIX) >> _HALF) * np.uint64(n)) >> _HALF)


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
        yield from _packed(KEYS, _KEYS_SCHEMA, rows)


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
        yield from _packed(CROWD, _CROWD_SCHEMA, rows)


def measure_buckets(
    origin: int,
    tables: Iterable[pa.Table],
    crowds: Iterable[pa.Table],
    cap: int,
    n_partitions: int,
    kinds: frozenset[int] | None = None,
) -> Iterator[Packet]:
    """Gather the buckets of a partition, and answer each key.

    Parameters
    ----------
    origin : int
        This partition.
    tables : iterable of pa.Table
        What `send_keys` sent.
    crowds : iterable of pa.Table
        What `send_crowded` sent.
    cap : int
    n_partitions : int
    kinds : frozenset of int, optional
        Kinds to look at again, those that have crowded texts.

    Yields
    ------
    Packet
        `SIZES`, or `SIZES_AGAIN`, to whom asked, and `CAPPED` (`CAPPED_SCHEMA`) to be collected.
    """
    asked: dict[int, list[tuple[int, int, Any, Any]]] = {}
    for table in tables:
        for row in table.to_pylist():
            if kinds is None or row["kind"] in kinds:
                counts, keys = (np.frombuffer(row[name], "<u4") for name in ("counts", "keys"))
                asked.setdefault(row["kind"], []).append((row["home"], row["block"], counts, keys))
    crowded = {
        (row["home"], row["block"], row["kind"]): row["crowded"]
        for table in crowds
        for row in table.to_pylist()
    }
    rows: list[list[tuple[Any, ...]]] = [[] for _ in range(n_partitions)]
    told = []
    for kind, senders in sorted(asked.items()):
        bits = [crowded.get((home, block, kind)) for home, block, *_ in senders]
        crowd = None
        if kinds is not None:
            crowd = np.concatenate(
                [_bits(some, len(sender[3])) for some, sender in zip(bits, senders, strict=True)]
            )
        shared, at, size, buckets, largest = _sizes(
            np.stack([counts for *_, counts, _ in senders]),
            np.concatenate([keys for *_, keys in senders]), cap, crowd,
        )  # fmt: skip
        told.append((kind, buckets, largest))
        begin = 0
        for home, block, _, keys in senders:
            end = begin + len(keys)
            low, high = np.searchsorted(at, (begin, end)).tolist()
            rows[home].append(
                (
                    origin, block, kind, np.packbits(shared[begin:end]).tobytes() if kinds is None else b"",
                    (at[low:high] - begin).astype("<u4").tobytes(), size[low:high].astype("<u4").tobytes(),
                )
            )  # fmt: skip
            begin = end
    yield from _packed(SIZES if kinds is None else SIZES_AGAIN, _SIZES_SCHEMA, rows)
    yield from _packed(CAPPED, CAPPED_SCHEMA, [told])


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
            flat[bounds[origin] : bounds[origin + 1]] = _bits(row["shared"], int(np.diff(bounds)[origin]))
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


def _packed(kind: str, schema: pa.Schema, rows: list[list[tuple[Any, ...]]]) -> Iterator[Packet]:
    for to, some in enumerate(rows):
        if some:
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            yield Packet.of(to, kind, pa.table(columns, schema=schema))


def _bits(packed: bytes | None, n: int) -> NDArray[np.bool_]:
    if packed is None:
        return np.zeros(n, np.bool_)
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=n).view(np.bool_)


def _sizes(
    counts: NDArray[np.uint32], keys: NDArray[np.uint32], cap: int, crowd: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_], Ints, Ints, int, int]:
    """Gather keys that came from several senders, each band by band.

    Returns
    -------
    shared : bool array, shape (m,)
        Whether the key is there twice in its band.
    at, size : int64 array, shape (k,)
        Places of the keys whose bucket is capped, ascending, and its size.
    buckets, largest : int
        Number of capped buckets, and the largest size.
    """
    turn = np.empty(len(keys), np.int64)
    _band_by_band(counts, turn)
    bounds = np.concatenate(([0], np.cumsum(counts.sum(axis=0, dtype=np.int64))))
    ordered = keys[turn]
    crowded = None if crowd is None else crowd[turn]
    shared = np.zeros(len(keys), np.bool_)
    at, size = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    buckets = largest = 0
    for band, (low, high) in enumerate(pairwise(bounds.tolist())):
        mine, live = ordered[low:high], np.arange(high - low)
        members, cuts = buckets_of(mine, live)
        sizes = np.diff(cuts)
        shared[turn[low + members]] = np.repeat(sizes > 1, sizes)
        if crowded is None and sizes.max(initial=0) <= cap:
            continue
        large = large_buckets(band, mine, live, cap, None if crowded is None else crowded[low:high])
        if len(large):
            sizes = np.diff(large.bounds)
            at.append(turn[low + large.members])
            size.append(np.repeat(sizes, sizes))
            buckets += len(large)
            largest = max(largest, int(sizes.max()))
    places = np.concatenate(at)
    by_place = np.argsort(places)
    return shared, places[by_place], np.concatenate(size)[by_place], buckets, largest


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


@_compiled
def _band_by_band(counts, turn):  # type: ignore[no-untyped-def]
    """Write the places of keys in the order of their bands; they lie by sender, then band."""
    senders, bands = counts.shape
    nexts = np.zeros(bands, np.int64)
    at = 0
    for band in range(bands):
        nexts[band] = at
        for sender in range(senders):
            at += counts[sender, band]
    at = 0
    for sender in range(senders):
        for band in range(bands):
            for _ in range(counts[sender, band]):
                turn[nexts[band]] = at
                nexts[band] += 1
                at += 1
