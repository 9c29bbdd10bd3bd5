"""Carriers: the texts that hold a key (an anchor, a word pair), and what a few of them share.

Furniture and frames are told by looking at a handful of the texts that carry a
passage. Which ones must not depend on the order of the texts: those of smallest
hash are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.key_table import KeyTable, find_key

MAX_CARRIERS: Final = 6

Ranks = tuple[NDArray[np.int64], NDArray[np.uint32]]
"""Texts in their order, and the rank of each text in it."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R32: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Shared:
    """The g keys that several texts hold, and the first of these texts.

    Parameters
    ----------
    keys : uint32 array, shape (g,)
        Sorted.
    chosen : int32 array, shape (g, MAX_CARRIERS)
        Carriers of each key by rank, -1 where there are fewer.
    sizes : int8 array, shape (g,)
        How many of them.
    n_held : int
        Texts of each key, summed.
    """

    keys: NDArray[np.uint32]
    chosen: NDArray[np.int32]
    sizes: NDArray[np.int8]
    n_held: int


def ranks(order: NDArray[np.uint64]) -> Ranks:
    """Rank n texts by an order that does not depend on where they stand, such as their hash."""
    by_order = np.argsort(order, kind="stable")
    rank = np.empty(len(order), np.uint32)
    rank[by_order] = np.arange(len(order), dtype=np.uint32)
    return by_order, rank


def shared_carriers(
    keys: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    ranked: Ranks,
    least: int,
    low: int = 0,
    high: int = 1 << 32,
) -> Shared:
    """Find the keys that several texts hold, and the first of these texts.

    Parameters
    ----------
    keys : uint32 array, shape (m,), offsets : int64 array, shape (n + 1,)
        Distinct keys of n texts, CSR.
    ranked : Ranks
        Of the texts.
    least : int
        Keys of fewer texts are left out.
    low, high : int
        Only keys of this range.

    Returns
    -------
    Shared
    """
    by_order, rank = ranked
    packed = np.empty(int(_count_range(keys, low, high)), np.uint64)
    _pack_range(keys, offsets, rank, low, high, packed)
    packed.sort()
    n, n_held = _count_shared(packed, least)
    found, sizes = np.empty(n, np.uint32), np.empty(n, np.int8)
    chosen = np.full((n, MAX_CARRIERS), -1, np.int32)
    _choose(packed, by_order, least, found, chosen, sizes)
    return Shared(found, chosen, sizes, int(n_held))


def lists_among(
    keys: NDArray[np.uint32], offsets: NDArray[np.int64], shared: NDArray[np.uint32], n_held: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return of the keys of n texts those that are `shared` (sorted), `n_held` in all; CSR, in order."""
    table = KeyTable.of(shared)
    out, out_offsets = np.empty(n_held, np.uint32), np.zeros(len(offsets), np.int64)
    _keep_among(keys, offsets, table.keys, table.starts, out, out_offsets)
    return out, out_offsets


def set_hashes(chosen: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Hash each row of `chosen`; shape (g,)."""
    out = np.zeros(len(chosen), np.uint64)
    for column in range(chosen.shape[1]):
        text = chosen[:, column].astype(np.int64).view(np.uint64)
        out = (out ^ out >> np.uint64(29)) * np.uint64(0x9FB21C651E98DF25) ^ text
    return np.asarray((out ^ out >> _R32) * np.uint64(0x9FB21C651E98DF25), np.uint64)


@_compiled
def shared_keys(anchors, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    """Return the size of the intersection of two sorted ranges of `anchors`; callable from compiled code."""
    n = 0
    while a < a_end and b < b_end:
        x = anchors[a]
        y = anchors[b]
        n += x == y
        a += x <= y
        b += y <= x
    return n


@_compiled
def common_to_all(anchors, offsets, chosen, k):  # type: ignore[no-untyped-def]
    """Return how many keys the first k texts of `chosen` all hold; callable from compiled code."""
    at = np.empty(k, np.int64)
    for i in range(k):
        at[i] = offsets[chosen[i]]
    n = 0
    for p in range(offsets[chosen[0]], offsets[chosen[0] + 1]):
        key = anchors[p]
        everywhere = True
        for i in range(1, k):
            end = offsets[chosen[i] + 1]
            while at[i] < end and anchors[at[i]] < key:
                at[i] += 1
            if at[i] == end or anchors[at[i]] != key:
                everywhere = False
                break
        n += everywhere
    return n


@_compiled
def _count_range(keys, low, high):  # type: ignore[no-untyped-def]
    n = 0
    for i in range(len(keys)):
        n += low <= keys[i] < high
    return n


@_compiled
def _pack_range(keys, offsets, rank, low, high, packed):  # type: ignore[no-untyped-def]
    """Write each key of [low, high) with the rank of its text below it."""
    n = 0
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            if low <= keys[i] < high:
                packed[n] = np.uint64(keys[i]) << _R32 | np.uint64(rank[text])
                n += 1


@_compiled
def _count_shared(packed, least):  # type: ignore[no-untyped-def]
    """Return the number of keys that occur `least` times or more, and how often they do together."""
    n = 0
    n_held = 0
    start = 0
    for i in range(1, len(packed) + 1):
        if i == len(packed) or packed[i] >> _R32 != packed[start] >> _R32:
            if i - start >= least:
                n += 1
                n_held += i - start
            start = i
    return n, n_held


@_compiled
def _choose(packed, by_order, least, keys, chosen, sizes):  # type: ignore[no-untyped-def]
    n = 0
    start = 0
    for i in range(1, len(packed) + 1):
        if i == len(packed) or packed[i] >> _R32 != packed[start] >> _R32:
            if i - start >= least:
                keys[n] = np.uint32(packed[start] >> _R32)
                sizes[n] = min(i - start, MAX_CARRIERS)
                for k in range(sizes[n]):
                    chosen[n, k] = by_order[np.int64(packed[start + k] & _LOW)]
                n += 1
            start = i


@_compiled
def _keep_among(keys, offsets, shared, starts, out, out_offsets):  # type: ignore[no-untyped-def]
    n = 0
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            if find_key(shared, starts, keys[i]) >= 0:
                out[n] = keys[i]
                n += 1
        out_offsets[text + 1] = n
