"""The check on the whole signature that every raw pair must pass before it is stored.

Bands of two rows make many strangers meet. Most go here, inside the kernel, so
that memory is bounded by the pairs that stay and not by those that met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.curve import may_share
from dedup.sketch.rarity import rare_enough

_CHUNK: Final = 1 << 22  # pairs a kernel call may store
_FIRST_BANDS: Final = 16  # of two slots of 16 bits: the first cache line of a signature

Pairs = tuple[NDArray[np.int64], NDArray[np.uint16]]
"""Pairs of rows packed as ``left << 32 | right``, left < right, and their equal slots."""

Whole = tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.uint32]]
"""Signatures and sizes of the shingle sets of whole texts, and their rare slots (`dedup.sketch.rarity`)."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def checked_pairs(
    signatures: NDArray[np.uint32] | NDArray[np.uint16],
    members: NDArray[np.int64],
    last: NDArray[np.int64],
    n_earlier: int,
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
    whole: Whole | None,
    store: Callable[[Pairs], None],
    first: NDArray[np.int64] | None = None,
) -> int:
    """Check each member i with ``first[i] : last[i]`` and store the pairs that pass; returns how many met.

    Parameters
    ----------
    signatures : uint32 or uint16 array, shape (n, k)
    members : int64 array, shape (m,)
        Rows of signatures.
    last : int64 array, shape (m,)
        Not descending, i < last[i] <= m.
    n_earlier : int
        Bands looked at for a bucket in common.
    rows : int
        Slots of a band.
    min_equal : int
        Least equal slots.
    is_capped : bool array, shape (n, k // rows), or (0, k // rows) where nothing is capped
        Whether the bucket of a row in a band is capped.
    whole : Whole, optional
        Of the n texts.
    store : callable
        Gets the pairs that pass, some millions at a time.
    first : int64 array, shape (m,), optional
        ``i < first[i] <= last[i]``; without it ``i + 1``.

    Left out are pairs that by `whole` cannot share enough, and those that share an uncapped bucket in one of
    the first `n_earlier` bands.
    """
    first = np.arange(1, len(last) + 1) if first is None else first
    reach = last - first
    size = max(min(int(reach.sum()), _CHUNK), int(reach.max(initial=0)))
    packed, equal = np.empty(size, np.int64), np.empty(size, np.uint16)
    nothing = np.empty((0, 1), np.uint16), np.empty(0, np.int64), np.empty((0, 1), np.uint32)
    bodies, sizes, rare = nothing if whole is None else whole
    bands = pairs_of_slots(signatures) if rows == 2 else signatures[:0]
    at = n_checks = 0
    while at < len(members):
        n, at, made = _check(
            signatures, bands, members, first, last, at, n_earlier, rows, min_equal, is_capped,
            bodies, sizes, rare, packed, equal,
        )  # fmt: skip
        store((packed[:n].copy(), equal[:n].copy()))
        n_checks += made
    return n_checks


def pairs_of_slots(signatures: NDArray[np.uint32] | NDArray[np.uint16]) -> Any:
    """Bands of two rows as one number each, shape (n, k // 2); a view."""
    slots = signatures[:, : signatures.shape[1] // 2 * 2]
    return slots.view(np.uint32) if signatures.dtype == np.uint16 else slots.view(np.uint64)


def unique_pairs(parts: list[Pairs]) -> Pairs:
    """Join pairs, each once, sorted."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.uint16)
    packed = np.concatenate([p for p, _ in parts])
    equal = np.concatenate([e for _, e in parts])
    turn = np.argsort(packed)
    packed, equal = packed[turn], equal[turn]
    first = np.ones(len(packed), np.bool_)
    first[1:] = packed[1:] != packed[:-1]
    return packed[first], equal[first]


@_compiled
def _agreeing(mine, other):  # type: ignore[no-untyped-def]
    """Number of slots in which two signatures agree; compiles to SIMD, and most pairs need no more."""
    n = 0
    for slot in range(len(mine)):
        n += mine[slot] == other[slot]
    return n


@_compiled
def _whole_enough(bodies, sizes, rare, left, right):  # type: ignore[no-untyped-def]
    """Whether two texts can share enough, and not only what many others share too."""
    equal = _agreeing(bodies[left], bodies[right])
    if not may_share(equal, sizes[left], sizes[right]):
        return False
    return rare_enough(bodies[left], bodies[right], rare[left], equal, sizes[left], sizes[right])


@_compiled
def _check(  # type: ignore[no-untyped-def]
    signatures,
    bands,
    members,
    first,
    last,
    at,
    n_earlier,
    rows,
    min_equal,
    is_capped,
    bodies,
    sizes,
    rare,
    packed,
    equal,
):
    """Fill the buffers from member `at` on; returns (pairs stored, next member, checks made)."""
    n = 0
    n_checks = 0
    any_capped = len(is_capped) > 0
    early = min(n_earlier, _FIRST_BANDS)
    run_end = at  # of members side by side that share their first band
    run_last = skip = resume = -1
    for i in range(at, len(members)):
        if n + last[i] - first[i] > len(packed):
            return n, i, n_checks
        if first[i] == last[i]:
            continue
        left = members[i]
        mine = signatures[left]
        begin = first[i]
        is_apart = begin > i + 1
        ends = last[i], last[i]  # of those before and those after a run that is stepped over
        next_begin = last[i]
        if len(bands) and early and not (any_capped and is_capped[left, 0]):
            # Copies of one story stand side by side, and most pairs of them met in the first band.
            if run_end <= i or (is_apart and last[i] != run_last):
                run_end = i + 1
                while run_end < len(members) and bands[members[run_end], 0] == bands[left, 0]:
                    run_end += 1
                if is_apart:
                    run_last = last[i]
                    skip = begin
                    while skip < run_last and bands[members[skip], 0] != bands[left, 0]:
                        skip += 1
                    resume = skip
                    while resume < run_last and bands[members[resume], 0] == bands[left, 0]:
                        resume += 1
            begin = max(begin, min(run_end, last[i]))
            if is_apart:
                ends = skip, last[i]
                next_begin = resume
        n_checks += last[i] - first[i]
        for end in ends:
            for j in range(begin, end):
                right = members[j]
                other = signatures[right]
                # Near copies share most bands, the first among them; strangers fail the tests after.
                if len(bands) and _agreeing(bands[left][:early], bands[right][:early]):
                    if not any_capped:
                        continue
                    if _shares_open(bands[left], bands[right], is_capped[left], early):
                        continue
                n_equal = _agreeing(mine, other)
                if n_equal < min_equal:
                    continue
                if len(sizes) and not _whole_enough(bodies, sizes, rare, left, right):
                    continue
                if len(bands):
                    if any_capped:
                        met = _shares_open(bands[left], bands[right], is_capped[left], n_earlier)
                    else:
                        met = _agreeing(bands[left][:n_earlier], bands[right][:n_earlier]) > 0
                else:
                    met = _met_before(mine, other, n_earlier, rows, any_capped, is_capped, left)
                if met:
                    continue
                packed[n] = min(left, right) << 32 | max(left, right)
                equal[n] = n_equal
                n += 1
            begin = next_begin
    return n, len(members), n_checks


@_compiled
def _shares_open(mine, other, is_capped, n_earlier):  # type: ignore[no-untyped-def]
    """Whether two rows of bands agree in one of the first that is not capped; without a branch, for SIMD."""
    n = 0
    for band in range(n_earlier):
        n += (mine[band] == other[band]) & (not is_capped[band])
    return n > 0


@_compiled
def _met_before(mine, other, n_earlier, rows, any_capped, is_capped, left):  # type: ignore[no-untyped-def]
    """Whether two signatures share an uncapped bucket in one of the first bands."""
    for band in range(n_earlier):
        slot = band * rows
        if mine[slot] == other[slot]:
            same = 1
            while same < rows and mine[slot + same] == other[slot + same]:
                same += 1
            if same == rows and not (any_capped and is_capped[left, band]):
                return True
    return False
