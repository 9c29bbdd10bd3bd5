"""Radix sorts of the short lists of integers a text is made of, compiled.

A text has a thousand words, so lists of a few hundred keys are sorted by the
million. Within the cache a radix sort of 32-bit keys takes a few nanoseconds a
key, a comparison sort several times that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_FEW: Final = 64  # lists shorter than this are sorted by insertion
_LOW: Final = np.uint64(255)


@_compiled
def _insert_sort(values, n):  # type: ignore[no-untyped-def]
    for i in range(1, n):
        x = values[i]
        j = i
        while j > 0 and values[j - 1] > x:
            values[j] = values[j - 1]
            j -= 1
        values[j] = x


@_compiled
def sort_packed(values, n, spare, digits):  # type: ignore[no-untyped-def]
    """Sort the first n uint64 in place; callable from compiled code.

    Parameters
    ----------
    values, spare : uint64 array, shape (n,) or more
        `spare` is overwritten.
    n : int
    digits : int
        Bytes to sort by, from the lowest; those above must all be 0.
    """
    if n < _FEW:
        _insert_sort(values, n)
        return
    counts = np.zeros((8, 256), np.int32)
    for i in range(n):
        x = values[i]
        for digit in range(digits):
            counts[digit, x & _LOW] += 1
            x >>= np.uint64(8)
    for digit in range(digits):
        shift = np.uint64(8 * digit)
        total = np.int32(0)
        largest = np.int32(0)
        for b in range(256):
            here = counts[digit, b]
            largest = max(largest, here)
            counts[digit, b] = total
            total += here
        if largest == n:  # all alike in this byte
            continue
        for i in range(n):
            b = (values[i] >> shift) & _LOW
            spare[counts[digit, b]] = values[i]
            counts[digit, b] += 1
        for i in range(n):
            values[i] = spare[i]


@_compiled
def sort_distinct(values, n, spare):  # type: ignore[no-untyped-def]
    """Sort the first n uint32 in place and drop repeats; returns how many stay. For compiled code.

    Parameters
    ----------
    values, spare : uint32 array, shape (n,) or more
        `spare` is overwritten.
    n : int
    """
    if n < _FEW:
        _insert_sort(values, n)
    else:
        counts = np.zeros((4, 256), np.int32)
        for i in range(n):
            x = values[i]
            counts[0, x & 255] += 1
            counts[1, (x >> 8) & 255] += 1
            counts[2, (x >> 16) & 255] += 1
            counts[3, x >> 24] += 1
        for digit in range(4):
            total = np.int32(0)
            for b in range(256):
                here = counts[digit, b]
                counts[digit, b] = total
                total += here
        for digit in range(0, 4, 2):  # there and back again, so that no copy is needed
            for i in range(n):
                b = (values[i] >> (8 * digit)) & 255
                spare[counts[digit, b]] = values[i]
                counts[digit, b] += 1
            for i in range(n):
                b = (spare[i] >> (8 * digit + 8)) & 255
                values[counts[digit + 1, b]] = spare[i]
                counts[digit + 1, b] += 1
    m = 0
    for i in range(n):
        if m == 0 or values[m - 1] != values[i]:
            values[m] = values[i]
            m += 1
    return m
