"""Stage F, where texts meet: the pairs that pass the check on the whole signature.

A partition pairs one group of texts with another, or two groups within themselves
(`dedup.engines.spark.dealing`), and the texts of capped buckets in windows. Any two texts that share an
uncapped bucket are in one partition with all buckets they share: it is known there what they met in before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit

from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES
from dedup.engines.spark.arriving import Arrived, arrived
from dedup.engines.spark.buckets import BANDS, partitions_of_keys
from dedup.engines.spark.dealing import Deal
from dedup.engines.spark.nearest import ask_for_pairs
from dedup.engines.spark.packets import Ints, Packet
from dedup.sketch.buckets import Keys, band_keys, buckets_of, taken
from dedup.sketch.capped import Large, windowed_pairs
from dedup.sketch.check import checked_pairs, pairs_of_slots
from dedup.sketch.curve import ROWS
from dedup.sketch.nearest import Nearest

_BANDS_TOGETHER: Final = 16  # of two slots of 16 bits: a cache line
_FILTER_BITS: Final = 18
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def pair_texts(to: int, met: list[pa.Table], windowed: list[pa.Table], n_partitions: int) -> Iterator[Packet]:
    """Find the pairs of the texts that met in a partition; both lists are emptied.

    Yields
    ------
    Packet
        Of each pair, to the home of either text for which it is among the nearest here
        (`dedup.engines.spark.nearest`).
    """
    deal = Deal.of(n_partitions)
    for kind, texts in arrived(met, deal):
        found = Nearest(texts.hashes, MOST_CANDIDATES)
        group = deal.group_of(texts.hashes)
        if (pair := deal.pairs[to]) is not None:
            _pair_groups(
                texts, kind, np.flatnonzero(group == pair[0]), np.flatnonzero(group == pair[1]), found
            )
        for alone in deal.alone[to]:
            _pair_groups(texts, kind, np.flatnonzero(group == alone), None, found)
        yield from ask_for_pairs(kind, texts.hashes, found, n_partitions)
    for kind, texts in arrived(windowed, deal):
        found = Nearest(texts.hashes, MOST_CANDIDATES)
        _pair_windows(texts, kind, to, n_partitions, found)
        yield from ask_for_pairs(kind, texts.hashes, found, n_partitions)


def _pair_groups(texts: Arrived, kind: int, one: Ints, other: Ints | None, found: Nearest) -> None:
    """Pair texts of one group with those of another, which stand after them, or with each other, in full."""
    rows = one if other is None else np.concatenate((one, other))
    n_one = None if other is None else len(one)
    seen = np.empty((2, (1 << _FILTER_BITS) // 64), np.uint64)
    room, key_room = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint32)
    for low in range(0, BANDS, _BANDS_TOGETHER):
        keys_of = band_keys(texts.slots, rows, low, low + _BANDS_TOGETHER, ROWS)
        bits = np.unpackbits(texts.bands[rows, low // 8 : (low + _BANDS_TOGETHER) // 8], axis=1)
        flags = np.ascontiguousarray(bits.T).view(np.bool_)
        for band, (keys, is_open) in enumerate(zip(keys_of, flags, strict=True), start=low):
            n = _not_alone(keys, is_open, -1 if n_one is None else n_one, seen, room, key_room)
            members, first, last = _met(key_room[:n], room[:n], n_one)
            if len(members):
                checked_pairs(
                    texts.slots, rows[members], last, band, ROWS, MIN_EQUAL_OF[kind], texts.is_capped,
                    texts.whole, found.add, first,
                )  # fmt: skip


def _met(keys: Keys, live: Ints, n_one: int | None) -> tuple[Ints, Ints | None, Ints]:
    """Members of buckets, and where those that each is to be paired with begin and end."""
    members, bounds = buckets_of(keys, live)
    sizes = np.diff(bounds)
    if n_one is None:
        members, bounds = taken(members, bounds, sizes > 1)
        return members, None, np.repeat(bounds[1:], np.diff(bounds))
    # In a bucket members ascend: first those of the one group.
    ones = np.concatenate(([0], np.cumsum(members < n_one)))
    of_one = ones[bounds[1:]] - ones[bounds[:-1]]
    both = (of_one > 0) & (of_one < sizes)
    members, bounds = taken(members, bounds, both)
    sizes, of_one = sizes[both], of_one[both]
    last = np.repeat(bounds[1:], sizes)
    first = np.where(members < n_one, np.repeat(bounds[:-1] + of_one, sizes), last)
    return members, first, last


def _pair_windows(texts: Arrived, kind: int, to: int, n_partitions: int, found: Nearest) -> None:
    """Pair the texts of capped buckets in windows."""
    every = pairs_of_slots(texts.slots)
    for band in range(BANDS):
        rows = np.flatnonzero(texts.bands[:, band // 8] & (128 >> band % 8))
        keys = every[rows, band]
        mine = partitions_of_keys(kind, np.full(len(rows), band), keys, n_partitions) == to
        members, bounds = buckets_of(keys[mine], rows[mine])
        if len(members):
            windowed_pairs(
                texts.slots, Large(band, members.astype(np.int32), bounds), texts.hashes, ROWS,
                MIN_EQUAL_OF[kind], texts.is_capped, texts.whole, found.add,
            )  # fmt: skip


@_compiled
def _not_alone(keys, is_open, n_one, seen, rows, row_keys):  # type: ignore[no-untyped-def]
    """Write the open rows whose key may be there twice, and their keys; returns how many.

    With `n_one` not negative a key must be on both sides of that row. Keys are marked in a table of bits, so
    a few rows are written that are alone, which costs time only.
    """
    # Every other row is open: without a branch it takes half the time.
    seen[:] = 0
    ones = len(keys) if n_one < 0 else n_one
    for i in range(ones):
        word, bit = _place(keys[i], is_open[i])
        if n_one < 0:
            seen[1, word] |= seen[0, word] & bit
        seen[0, word] |= bit
    for i in range(ones, len(keys)):
        word, bit = _place(keys[i], is_open[i])
        seen[1, word] |= seen[0, word] & bit
    n = 0
    for i in range(len(keys)):
        word, bit = _place(keys[i], is_open[i])
        rows[n] = i
        row_keys[n] = keys[i]
        n += (seen[1, word] & bit) != 0
    return n


@_compiled
def _place(key, is_open):  # type: ignore[no-untyped-def]
    """Word and bit of a key in a table of bits; no bit if it is not open."""
    at = np.uint32(np.uint32(key) * np.uint32(0x9E3779B1)) >> np.uint32(32 - _FILTER_BITS)
    return at >> np.uint32(6), np.uint64(is_open) << np.uint64(at & np.uint32(63))
