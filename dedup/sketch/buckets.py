"""The buckets of one band: texts side by side that agree on all its slots."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.sketch.check import pairs_of_slots

Slots = NDArray[np.uint32] | NDArray[np.uint16]
Keys = NDArray[np.uint32] | NDArray[np.uint64]

_LOW: Final = np.uint64(0xFFFFFFFF)
_LOW_16: Final = 0xFFFF


def band_keys(signatures: Slots, live: NDArray[np.int64], first: int, last: int, rows: int) -> Keys:
    """Return one key per live row for each band from `first` to `last`, shape (last - first, n_live).

    Two slots side by side are a number of twice their width. More are mixed into 64 bits, and could collide,
    with a chance of 2**-64 a pair; such a pair would still have to agree in enough slots.
    """
    if rows == 2:
        pairs: Any = np.ascontiguousarray(pairs_of_slots(signatures)[:, first:last].T)
        keys: Keys = pairs if len(live) == len(signatures) else pairs[:, live]
        return keys
    out = np.zeros((last - first, len(live)), np.uint64)
    for mixed, band in zip(out, range(first, last), strict=True):
        for slot in range(band * rows, (band + 1) * rows):
            mixed ^= mixed >> np.uint64(29)
            mixed *= np.uint64(0x9FB21C651E98DF25)
            mixed[:] = (mixed << np.uint64(32) | mixed >> np.uint64(32)) ^ signatures[live, slot]
    return out


def repeated(keys: Keys, cap: int) -> Keys:
    """Return the keys of a band that more than `cap` rows have, ascending."""
    ordered = np.sort(keys)
    # A run of more than cap equal keys shows as a key equal to the one cap places on.
    return np.unique(ordered[cap:][ordered[cap:] == ordered[:-cap]])


def one_of(keys: Keys, wanted: Keys) -> NDArray[np.bool_]:
    """Tell which keys of a band are among a few wanted ones, ascending; shape (n,)."""
    if not len(wanted):
        return np.zeros(len(keys), np.bool_)
    # By their low 16 bits most drop out at once; the few that stay are looked up.
    by_low = np.zeros(1 << 16, np.bool_)
    by_low[wanted & _LOW_16] = True
    found: NDArray[np.bool_] = by_low[keys & _LOW_16]
    some = keys[found]
    found[found] = wanted[np.minimum(np.searchsorted(wanted, some), len(wanted) - 1)] == some
    return found


def buckets_of(keys: Keys, live: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the live rows bucket by bucket, in each ascending, and the bounds of the k buckets, (k + 1,)."""
    if not len(keys):
        return live, np.zeros(1, np.int64)
    if keys.dtype == np.uint32:  # sorted with its row below it: half the time of an argsort
        packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
        packed.sort()
        keys, turn = packed >> np.uint64(32), (packed & _LOW).astype(np.int64)
    else:
        turn = np.argsort(keys, kind="stable")
        keys = keys[turn]
    bounds = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return live[turn], np.concatenate(([0], bounds, [len(keys)]))


def taken(
    members: NDArray[np.int64], bounds: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return members and bounds of the chosen buckets only."""
    sizes = np.diff(bounds)
    kept = np.repeat(chosen, sizes)
    return members[kept], np.concatenate(([0], np.cumsum(sizes[chosen])))
