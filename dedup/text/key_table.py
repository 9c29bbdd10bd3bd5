"""Sets of 32-bit keys with a byte each, looked up a few nanoseconds apiece.

The background tables are asked about every word and word pair of a feed. A
binary search among 50,000 keys costs a hundred nanoseconds, most of it guessed
branches; one step to a bucket of about one key costs less than ten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

BUCKET_SHIFT: Final = 14
"""A key's bucket is its upper 32 - 14 bits: about one key to a bucket, found without a search."""

_LANE_SHIFT: Final = 15
_FULL: Final = 0xFFFF
_EVERY_LANE: Final = np.uint64(0x0001000100010001)
_TOP_BITS: Final = np.uint64(0x8000800080008000)
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A set of 32-bit keys with a byte each, laid out for look-up in a compiled loop.

    Parameters
    ----------
    keys : uint32 array, shape (m,)
        Sorted, distinct.
    values : uint8 array, shape (m,)
        The byte of each key.
    starts : int32 array, shape (2**18 + 1,)
        Keys of bucket b (``key >> BUCKET_SHIFT``) are ``keys[starts[b]:starts[b + 1]]``.
    """

    keys: NDArray[np.uint32]
    values: NDArray[np.uint8]
    starts: NDArray[np.int32]

    @classmethod
    def of(cls, keys: NDArray[np.uint32], values: NDArray[np.uint8] | None = None) -> KeyTable:
        """Lay out sorted distinct `keys` (values: 0 unless given); the arrays become read-only."""
        keys = np.array(keys, np.uint32)
        values = np.zeros(len(keys), np.uint8) if values is None else np.array(values, np.uint8)
        bounds = np.arange(1 << (32 - BUCKET_SHIFT), dtype=np.uint32) << np.uint32(BUCKET_SHIFT)
        starts = np.append(np.searchsorted(keys, bounds), len(keys)).astype(np.int32)
        for array in (keys, values, starts):
            array.flags.writeable = False
        return cls(keys, values, starts)

    def has(self, wanted: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Whether each wanted key is in the table; same shape as `wanted`."""
        out = np.empty(len(wanted), np.bool_)
        _has(self.keys, self.starts, np.ascontiguousarray(wanted), out)
        return out

    def get(self, wanted: NDArray[np.uint32], default: int) -> NDArray[np.uint8]:
        """Value of each wanted key, `default` for those not in the table; same shape as `wanted`."""
        out = np.empty(len(wanted), np.uint8)
        _get(self.keys, self.values, self.starts, np.ascontiguousarray(wanted), np.uint8(default), out)
        return out


@dataclass(frozen=True, slots=True)
class KeySet:
    """A set of 32-bit keys in which asking costs one load and no branch.

    Parameters
    ----------
    lanes : uint64 array, shape (2**17,)
        Bucket b holds, in four lanes of 16 bits, one more than the lower 15 bits of each key whose upper
        17 bits are b; 0 is no key. `_FULL` in the top lane: the bucket has more, ask the table.
    table : KeyTable
        The same keys.
    """

    lanes: NDArray[np.uint64]
    table: KeyTable

    @classmethod
    def of(cls, keys: NDArray[np.uint32]) -> KeySet:
        """Lay out sorted distinct `keys`."""
        lanes = np.zeros(1 << (32 - _LANE_SHIFT), np.uint64)
        bucket = (keys >> np.uint32(_LANE_SHIFT)).astype(np.int64)
        lane = np.arange(len(keys)) - np.searchsorted(bucket, bucket)
        rest = (keys & np.uint32((1 << _LANE_SHIFT) - 1)).astype(np.uint64) + np.uint64(1)
        some = lane < 4
        np.bitwise_or.at(lanes, bucket[some], rest[some] << (np.uint64(16) * lane[some].astype(np.uint64)))
        lanes[bucket[~some]] |= np.uint64(_FULL) << np.uint64(48)
        lanes.flags.writeable = False
        return cls(lanes, KeyTable.of(keys))


@_compiled
def in_set(lanes, keys, starts, key):  # type: ignore[no-untyped-def]
    """Whether a `KeySet` holds a key; callable from compiled code.

    All four lanes are compared at once: a lane that agrees becomes 0, and a zero
    lane borrows from its top bit (Mycroft's test, Warren, Hacker's Delight, 6-1).
    """
    bucket = lanes[key >> np.uint32(_LANE_SHIFT)]
    if bucket >> np.uint64(48) == _FULL:
        return find_key(keys, starts, key) >= 0
    rest = np.uint64(key & np.uint32((1 << _LANE_SHIFT) - 1)) + np.uint64(1)
    x = bucket ^ (rest * _EVERY_LANE)
    return (x - _EVERY_LANE) & ~x & _TOP_BITS != 0


@_compiled
def find_key(keys, starts, key):  # type: ignore[no-untyped-def]
    """Place of a uint32 key in a `KeyTable`, -1 when it is not there; callable from compiled code."""
    bucket = key >> BUCKET_SHIFT
    for i in range(starts[bucket], starts[bucket + 1]):
        if keys[i] == key:
            return i
    return -1


@_compiled
def _has(keys, starts, wanted, out):  # type: ignore[no-untyped-def]
    for i in range(len(wanted)):
        out[i] = find_key(keys, starts, wanted[i]) >= 0


@_compiled
def _get(keys, values, starts, wanted, default, out):  # type: ignore[no-untyped-def]
    for i in range(len(wanted)):
        place = find_key(keys, starts, wanted[i])
        out[i] = values[place] if place >= 0 else default
