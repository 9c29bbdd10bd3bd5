"""The opening of a text as stems: what headlines and briefs are compared by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.units import offsets_of
from dedup.text.radix import sort_packed

OPENING_WORDS: Final = 64
"""Words that a brief is compared with: all of a headline, a brief or an opening paragraph."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_R8: Final = np.uint64(8)
_LOW: Final = np.uint64(255)

Opening = tuple[NDArray[np.uint32], NDArray[np.int64]]
Stems = tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]


def first_stems(
    stems: NDArray[np.uint32],
    words: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    idf_of: Callable[[NDArray[np.uint32]], NDArray[np.uint8]],
) -> tuple[Opening, Stems]:
    """Take the first `OPENING_WORDS` words of each text.

    Parameters
    ----------
    stems, words : uint32 array, shape (m,)
        Stem and key of each word.
    flags : uint8 array, shape (m,)
        Of each word.
    offsets : int64 array, shape (n + 1,)
    idf_of : callable
        Gives the IDF of words.

    Returns
    -------
    opening : (uint32 array, int64 array of shape (n + 1,))
        The stems as they stand, and offsets.
    stems : (uint32 array, uint8 array, uint8 array, int64 array of shape (n + 1,))
        The distinct ones sorted; greatest IDF, all flags; offsets.
    """
    sizes = np.minimum(np.diff(offsets), OPENING_WORDS)
    places = offsets_of(sizes)
    opening, found = np.empty((2, int(places[-1])), np.uint32)
    early = np.empty(len(opening), np.uint32)
    _take_first(words, offsets, places, early)
    greatest, every = np.empty((2, int(places[-1])), np.uint8)
    out_offsets = np.zeros(len(offsets), np.int64)
    n = _take_stems(
        stems, idf_of(early), flags, offsets, places, opening, found, greatest, every, out_offsets
    )
    return (opening, places), (found[:n], greatest[:n], every[:n], out_offsets)


@_compiled
def _take_stems(  # type: ignore[no-untyped-def]
    stems, idf, flags, offsets, places, opening, found, greatest, every, out_offsets
):
    packed = np.empty(OPENING_WORDS, np.uint64)
    spare = np.empty(OPENING_WORDS, np.uint64)
    written = 0
    for text in range(len(offsets) - 1):
        n = places[text + 1] - places[text]
        for k in range(n):
            i = offsets[text] + k
            opening[places[text] + k] = stems[i]
            packed[k] = np.uint64(stems[i]) << _R8 | np.uint64(k)
        sort_packed(packed, n, spare, 5)
        before = np.uint32(0)
        for k in range(n):
            stem = np.uint32(packed[k] >> _R8)
            i = offsets[text] + np.int64(packed[k] & _LOW)
            if k == 0 or stem != before:
                found[written] = stem
                greatest[written] = idf[places[text] + np.int64(packed[k] & _LOW)]
                every[written] = flags[i]
                written += 1
            else:
                greatest[written - 1] = max(
                    greatest[written - 1], idf[places[text] + np.int64(packed[k] & _LOW)]
                )
                every[written - 1] |= flags[i]
            before = stem
        out_offsets[text + 1] = written
    return written


@_compiled
def _take_first(words, offsets, places, out):  # type: ignore[no-untyped-def]
    """Write the first words of each text, as many as `places` leaves room for."""
    for text in range(len(offsets) - 1):
        for k in range(places[text + 1] - places[text]):
            out[places[text] + k] = words[offsets[text] + k]
