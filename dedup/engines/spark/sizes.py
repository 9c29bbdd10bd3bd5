"""Stage E, where buckets are gathered: their sizes, and which of them are capped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.engines.spark.buckets import SIZES, SIZES_AGAIN, SIZES_SCHEMA, packed_rows, unpacked_bits
from dedup.engines.spark.packets import Ints, Packet
from dedup.sketch.buckets import buckets_of
from dedup.sketch.capped import large_buckets

CAPPED: Final = "capped"

CAPPED_SCHEMA: Final = pa.schema(
    [
        pa.field("kind", pa.uint8()),
        pa.field("buckets", pa.int64()),  # capped ones of a partition
        pa.field("largest", pa.int64()),
    ]
)

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


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
                [unpacked_bits(some, len(sender[3])) for some, sender in zip(bits, senders, strict=True)]
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
    yield from packed_rows(SIZES if kinds is None else SIZES_AGAIN, SIZES_SCHEMA, rows)
    yield from packed_rows(CAPPED, CAPPED_SCHEMA, [told])


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
