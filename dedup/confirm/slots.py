"""Slots: numbers and names by the two words they stand between.

"rose 4 percent" and "rose 7 percent" fill one slot differently, which two
copies of a story do not and two fill-ins of a template do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.radix import sort_packed

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R32: Final = np.uint64(32)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def find_slots(
    units: NDArray[np.uint32], flags: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int64]]:
    """Find the slots of each text: places between two words that a number or a name fills.

    Parameters
    ----------
    units : uint32 array, shape (m,)
    flags : uint8 array, shape (m,)
        Bit 0: a number, bit 1: a name.
    offsets : int64 array, shape (n + 1,)

    Returns
    -------
    slots, fillings : uint32 array, shape (k,)
        Hash of the two words around, and what stands between; distinct and sorted within each text.
    offsets : int64 array, shape (n + 1,)
    """
    size = int(np.count_nonzero(flags & 3))
    slots, fillings = np.empty((2, size), np.uint32)
    out_offsets = np.zeros(len(offsets), np.int64)
    longest = int(np.diff(offsets).max(initial=0))
    n = _find(units, flags, offsets, np.empty((2, longest), np.uint64), slots, fillings, out_offsets)
    return slots[:n], fillings[:n], out_offsets


@_compiled
def _find(units, flags, offsets, scratch, slots, fillings, out_offsets):  # type: ignore[no-untyped-def]
    values, spare = scratch[0], scratch[1]
    written = 0
    for text in range(len(offsets) - 1):
        n = 0
        for i in range(offsets[text] + 1, offsets[text + 1] - 1):
            if flags[i] & 3:
                # Any mixing will do: the slots of a pair are compared by equality alone.
                before, after = np.uint64(units[i - 1]), np.uint64(units[i + 1])
                slot = ((before * _MIX ^ after) * _MIX) >> _R32
                values[n] = slot << _R32 | np.uint64(units[i])
                n += 1
        sort_packed(values, n, spare, 8)
        for i in range(n):
            if i == 0 or values[i] != values[i - 1]:
                slots[written] = np.uint32(values[i] >> _R32)
                fillings[written] = np.uint32(values[i])
                written += 1
        out_offsets[text + 1] = written
    return written
