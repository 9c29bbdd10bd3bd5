"""Buckets too large to be paired in full: windows of several MinHash orders.

The members of such a bucket are put in order by other slots of the signature,
several times by different slots, and paired with those near them in each
order: similar texts share minima and so stand together. (Pairing all with one
representative kept 0.3 % of the true pairs among 1,000 chained revisions.)

A text of a template is in such buckets in nearly every band, and stands among
the same texts in each of them. Such a text is *crowded*: it takes part only in
the smallest few of its capped buckets, for what few hold says most about it,
and a bucket that holds more than a few crowded texts is capped as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.buckets import Keys, Slots, buckets_of, one_of, repeated
from dedup.sketch.check import Pairs, Whole, checked_pairs

CAP: Final = 288
"""Largest bucket that is paired in full: above it windows are fewer checks than all pairs, and of its nearest
texts each keeps but a few (`dedup.engines.matching.MOST_CANDIDATES`)."""

CROWDED_CAP: Final = 32
"""Crowded texts a bucket may hold to be paired in full."""

WINDOW_ORDERS: Final = 6
WINDOW: Final = 12
WINDOW_CHECKS: Final = 4_000_000
"""A capped bucket of m members is put in `WINDOW_ORDERS` orders, and each member paired with the `WINDOW`
before it; in buckets so large that this would pass `WINDOW_CHECKS` with fewer, but two at least."""

MOST_CAPPED: Final = 8
"""Capped buckets in which a text is windowed, its smallest; one that is in more is crowded."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True, order=True)
class CappedBucket:
    """A bucket with too many members, or too many crowded ones (`CROWDED_CAP`), to be paired in full.

    Parameters
    ----------
    band : int
        Its band, from 0.
    size : int
        Number of its members.
    """

    band: int
    size: int


@dataclass(frozen=True, slots=True)
class Large:
    """The k capped buckets of one band.

    Parameters
    ----------
    band : int
    members : int32 array, shape (m,)
        Rows, bucket by bucket.
    bounds : int64 array, shape (k + 1,)
        Bucket i has the members ``bounds[i] : bounds[i + 1]``.
    """

    band: int
    members: NDArray[np.int32]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def large_buckets(
    band: int, keys: Keys, live: NDArray[np.int64], cap: int, crowded: NDArray[np.bool_] | None = None
) -> Large:
    """Find the buckets of a band with more than `cap` members or `CROWDED_CAP` crowded ones.

    Parameters
    ----------
    band : int
    keys : uint32 or uint64 array, shape (m,)
        Key of each live row.
    live : int64 array, shape (m,)
    cap : int
    crowded : bool array, shape (n,), optional
        By row; without it no text is crowded.
    """
    # Few buckets are large: their rows are picked out first, and only those sorted with their rows.
    wanted = repeated(keys, cap)
    if crowded is not None:
        wanted = np.union1d(wanted, repeated(keys[crowded[live]], CROWDED_CAP))
    at = np.flatnonzero(one_of(keys, wanted))
    members, bounds = buckets_of(keys[at], live[at])
    return Large(band, members.astype(np.int32), bounds)


def to_be_windowed(large: list[Large], n: int) -> list[Large]:
    """Return those parts of capped buckets that are windowed.

    Of each text these are its `MOST_CAPPED` smallest buckets, among equals those of the first bands.

    Parameters
    ----------
    large : list of Large
        The capped buckets, one of a band, by band.
    n : int
        Number of texts; rows are less.
    """
    sizes = np.concatenate([np.diff(each.bounds) for each in large] or [np.empty(0, np.int64)])
    members = np.concatenate([each.members for each in large] or [np.empty(0, np.int32)])
    # In each band buckets are in the order of their keys, so ties go by band, then key.
    turn = np.argsort(sizes, kind="stable")
    is_taken = np.empty(len(members), np.bool_)
    take_smallest(members, np.concatenate(([0], np.cumsum(sizes))), turn, np.zeros(n, np.uint8), is_taken)
    kept = []
    at = 0
    for each in large:
        mine = is_taken[at : at + len(each.members)]
        at += len(each.members)
        ends = np.concatenate(([0], np.cumsum(mine)))[each.bounds]
        kept.append(Large(each.band, each.members[mine], ends[np.append(True, np.diff(ends) > 0)]))
    return [each for each in kept if len(each.members)]


@_compiled
def take_smallest(members, bounds, turn, n_taken, is_taken):  # type: ignore[no-untyped-def]
    """Take of each text the first `MOST_CAPPED` of its buckets in their turn, smallest first (compiled)."""
    for bucket in turn:
        for i in range(bounds[bucket], bounds[bucket + 1]):
            row = members[i]
            is_taken[i] = n_taken[row] < MOST_CAPPED
            n_taken[row] += is_taken[i]


def windowed_pairs(
    signatures: Slots,
    large: Large,
    order: NDArray[np.uint64],
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
    whole: Whole | None,
    store: Callable[[Pairs], None],
) -> None:
    """Store the pairs that stand near each other in one of several MinHash orders of their capped bucket.

    Parameters
    ----------
    signatures : uint32 or uint16 array, shape (n, k)
    large : Large
        Buckets of one band, or parts of them.
    order : uint64 array, shape (n,)
        A key of each text that does not depend on the input order.
    rows, min_equal, is_capped, whole
        As for `dedup.sketch.check.checked_pairs`.
    store : callable
        Gets the pairs of each order; one found in several orders comes several times.
    """
    sizes = np.diff(large.bounds)
    bucket = np.repeat(np.arange(len(large)), sizes)
    turn = np.lexsort((order[large.members], bucket))
    members = large.members[turn].astype(np.int64)
    slots = signatures.shape[1]
    window = np.clip(WINDOW_CHECKS // (WINDOW_ORDERS * sizes), 2, WINDOW)
    last = np.minimum(np.arange(len(members)) + 1 + window[bucket], large.bounds[1:][bucket])
    for turn_number in range(WINDOW_ORDERS):
        # Slots of other bands, spread over the signature, others in each band and turn.
        chosen = [(large.band * rows + rows + (3 * turn_number + k) * 37) % slots for k in range(3)]
        first, second, third = (signatures[members, slot] for slot in chosen)
        # Stable: members that agree in all three stay in the order of their keys.
        ranked = members[np.lexsort((third, second, first, bucket))]
        checked_pairs(signatures, ranked, last, slots // rows, rows, min_equal, is_capped, whole, store)
