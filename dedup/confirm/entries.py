"""Sorted entries: the distinct keys of each text with their flags, compiled.

Every comparison of two texts is a merge of two sorted lists, so sorting is most
of the price of a document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.radix import sort_packed

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R8: Final = np.uint64(8)
_LOW: Final = np.uint64(255)


def entries(
    keys: NDArray[np.uint32], flags: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.int64]]:
    """Sort the keys of each text and unite equal ones.

    Parameters
    ----------
    keys : uint32 array, shape (m,)
        Key 0 is left out.
    flags : uint8 array, shape (m,)
        Of equal keys the greatest stays; so a bit that must be "or" goes on top.
    offsets : int64 array, shape (n + 1,)
        Keys of text i are ``keys[offsets[i]:offsets[i + 1]]``.

    Returns
    -------
    keys : uint32 array, flags : uint8 array, shape (k,)
        Sorted and distinct within each text.
    offsets : int64 array, shape (n + 1,)
    """
    out = np.empty(len(keys), np.uint32)
    out_flags = np.empty(len(keys), np.uint8)
    out_offsets = np.zeros(len(offsets), np.int64)
    longest = int(np.diff(offsets).max(initial=0))
    n = _unite(keys, flags, offsets, np.empty((2, longest), np.uint64), out, out_flags, out_offsets)
    return out[:n], out_flags[:n], out_offsets


@_compiled
def _unite(keys, flags, offsets, scratch, out, out_flags, out_offsets):  # type: ignore[no-untyped-def]
    written = 0
    values, spare = scratch[0], scratch[1]
    for text in range(len(offsets) - 1):
        n = 0
        for i in range(offsets[text], offsets[text + 1]):
            values[n] = np.uint64(keys[i]) << _R8 | np.uint64(flags[i])
            n += keys[i] != 0
        sort_packed(values, n, spare, 5)
        for i in range(n):
            key = np.uint32(values[i] >> _R8)
            if i + 1 == n or np.uint32(values[i + 1] >> _R8) != key:
                out[written] = key
                out_flags[written] = values[i] & _LOW
                written += 1
        out_offsets[text + 1] = written
    return written
