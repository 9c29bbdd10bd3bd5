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
    chosen : int64 array, shape (g, MAX_CARRIERS)
        Carriers of each key by rank, -1 where there are fewer.
    sizes : int64 array, shape (g,)
        How many of them.
    held : uint64 array, shape (h,)
        Every text of every key: ``text << 32 | key``.
    """

    keys: NDArray[np.uint32]
    chosen: NDArray[np.int64]
    sizes: NDArray[np.int64]
    held: NDArray[np.uint64]


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
    found, sizes = np.empty(n, np.uint32), np.empty(n, np.int64)
    chosen, held = np.full((n, MAX_CARRIERS), -1, np.int64), np.empty(n_held, np.uint64)
    _choose(packed, by_order, least, found, chosen, sizes, held)
    return Shared(found, chosen, sizes, held)


def lists_of_texts(held: NDArray[np.uint64], n: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the shared keys of each of n texts, CSR and sorted; `held` as in `Shared`, in any order."""
    held = np.sort(held)
    return held.astype(np.uint32), np.searchsorted(held >> _R32, np.arange(n + 1)).astype(np.int64)


def set_hashes(chosen: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash each row of `chosen`; shape (g,)."""
    out = np.zeros(len(chosen), np.uint64)
    for column in range(chosen.shape[1]):
        out = (out ^ out >> np.uint64(29)) * np.uint64(0x9FB21C651E98DF25) ^ chosen[:, column].view(np.uint64)
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
def _choose(packed, by_order, least, keys, chosen, sizes, held):  # type: ignore[no-untyped-def]
    n = 0
    n_held = 0
    start = 0
    for i in range(1, len(packed) + 1):
        if i == len(packed) or packed[i] >> _R32 != packed[start] >> _R32:
            if i - start >= least:
                keys[n] = np.uint32(packed[start] >> _R32)
                sizes[n] = min(i - start, MAX_CARRIERS)
                for k in range(i - start):
                    text = by_order[np.int64(packed[start + k] & _LOW)]
                    if k < MAX_CARRIERS:
                        chosen[n, k] = text
                    held[n_held] = np.uint64(text) << _R32 | packed[start] >> _R32
                    n_held += 1
                n += 1
            start = i
