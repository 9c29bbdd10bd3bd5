"""Which slots of a signature are rare: what two texts agree in may be what hundreds of others hold too.

Pages under one menu agree in the slots that fell on the menu, all of them with
each other: ten thousand pages are fifty million pairs that share a fifth of
their shingles. A story carried by thousands is common as well, but its copies agree in most slots.
So where two texts agree in few slots (`WEAK`), a third of these must be rare.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.curve import SLOTS

FREQUENT: Final = 64
"""Texts that may hold a value before it is no longer rare."""

BY_CHANCE: Final = 4096
"""One more for so many texts: in a slot of 16 bits strangers hold the same value by chance."""

WEAK: Final = 2
"""A pair is weak when, by its equal slots, it shares less than one part in so many of the smaller set."""

RARE_PART: Final = 3
"""Of the equal slots of a weak pair one in so many must be rare."""

_TOGETHER: Final = 32  # slots of 16 bits in a cache line

WORDS: Final = SLOTS // _TOGETHER
"""Words of 32 slots, whose rare ones are flagged together."""

_BITS: Final = np.uint32(1) << np.arange(_TOGETHER, dtype=np.uint32)
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def rare_limit(n_texts: int) -> int:
    """Return how many of n texts may hold a value for it to be rare."""
    return FREQUENT + n_texts // BY_CHANCE


def rare_slots(signatures: NDArray[np.uint16], threads: int = 1) -> NDArray[np.uint32]:
    """Tell which slots of each signature are rare among all of them.

    Parameters
    ----------
    signatures : uint16 array, shape (n, 256)
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    uint32 array, shape (n, 8)
        Bit s of word w: whether slot ``32 * w + s`` is rare.
    """
    n = len(signatures)
    out = np.empty((n, WORDS), np.uint32)
    limit = rare_limit(n)
    if n <= limit:
        out[:] = 0xFFFFFFFF
        return out

    def flag(word: int) -> None:
        flag_slots(signatures, word, count_slots(signatures, word), limit, out)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(flag, range(WORDS)))
    return out


@_compiled
def count_slots(signatures, word):  # type: ignore[no-untyped-def]
    """Count the texts that hold each value in each slot of one word, uint32, shape (32, 65536) (compiled)."""
    counts = np.zeros((_TOGETHER, 1 << 16), np.uint32)
    first = word * _TOGETHER
    for row in range(len(signatures)):
        for s in range(_TOGETHER):
            counts[s, signatures[row, first + s]] += np.uint32(1)
    return counts


@_compiled
def flag_slots(signatures, word, counts, limit, out):  # type: ignore[no-untyped-def]
    """Write one word of `rare_slots`: the values that at most `limit` texts hold are rare (compiled)."""
    first = word * _TOGETHER
    for row in range(len(signatures)):
        bits = np.uint32(0)
        for s in range(_TOGETHER):
            rare = counts[s, signatures[row, first + s]] <= limit
            bits |= np.uint32(rare) << np.uint32(s)
        out[row, word] = bits


@_compiled
def weak(equal, left_size, right_size):  # type: ignore[no-untyped-def]
    """Whether two sets of these sizes share little (`WEAK`), by their equal slots (compiled)."""
    e = np.int64(equal)
    both = np.int64(left_size) + np.int64(right_size)
    return WEAK * e * both < min(left_size, right_size) * (SLOTS + e)


@_compiled
def rare_share(n_rare, equal):  # type: ignore[no-untyped-def]
    """Whether enough of the equal slots of a weak pair are rare: numbers or arrays (compiled)."""
    return RARE_PART * n_rare >= equal


@_compiled
def rare_enough(mine, other, rare, equal, left_size, right_size):  # type: ignore[no-untyped-def]
    """Whether two signatures agree in enough slots, or in rare ones; callable from compiled code.

    Parameters
    ----------
    mine, other : uint16 array, shape (256,)
    rare : uint32 array, shape (8,)
        Rare slots of the one (of the other they are the same where the two agree).
    equal : int
        Slots in which they agree.
    left_size, right_size : int
        Sizes of the two sets.
    """
    if not weak(equal, left_size, right_size):
        return True
    n = np.uint32(0)
    for word in range(len(rare)):
        # Slices, a table of bits and one width throughout: so it compiles to SIMD, in half the time.
        flags = rare[word]
        some = mine[word * _TOGETHER : (word + 1) * _TOGETHER]
        others = other[word * _TOGETHER : (word + 1) * _TOGETHER]
        for s in range(_TOGETHER):
            n = np.uint32(n + np.uint32((some[s] == others[s]) & ((flags & _BITS[s]) != 0)))
    return rare_share(np.int64(n), np.int64(equal))
