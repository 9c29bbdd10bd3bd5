"""Locality-sensitive hashing: from signatures to candidate pairs.

A signature is cut into bands of a few rows (slots); two articles that agree on
a whole band fall into one bucket and are a raw pair (Indyk and Motwani 1998;
Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4). Bands of two
rows find pairs down to a Jaccard similarity of about 0.1, at the price of many
strangers, so a raw pair is kept only when its whole signatures agree in
`min_equal` slots; that is checked before the pair is stored.

A bucket of more than `cap` members is not paired in full, but in windows
(`dedup.sketch.capped`); every such bucket is counted and reported. Where each
text may ask for its nearest only, the far ones go while pairs are gathered
(`dedup.sketch.nearest`). What comes out is a set of pairs that depends on the
set of texts, not on their order, nor on the thread count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.sketch.buckets import Keys, Slots, band_keys, buckets_of, taken
from dedup.sketch.capped import (
    CAP,
    MOST_CAPPED,
    CappedBucket,
    Large,
    large_buckets,
    to_be_windowed,
    windowed_pairs,
)
from dedup.sketch.check import Whole, checked_pairs
from dedup.sketch.curve import MIN_EQUAL, ROWS, collision_probability, expected_recall
from dedup.sketch.nearest import Nearest

__all__ = [
    "CAP",
    "MIN_EQUAL",
    "ROWS",
    "Candidates",
    "CappedBucket",
    "Whole",
    "candidate_pairs",
    "collision_probability",
    "expected_recall",
]

_BANDS_PER_TASK: Final = 16
"""Bands whose keys are read together: 16 bands of two 16-bit slots are one cache line."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate pairs of n signatures, each once, sorted by (left, right).

    Parameters
    ----------
    left, right : int32 array, shape (p,)
        Rows of the signatures; left < right.
    equal : uint16 array, shape (p,)
        Slots in which the two signatures agree.
    n_checks : int
        Raw pairs in buckets that are paired in full: a pair counts once for each bucket it shares.
    capped : tuple of CappedBucket
        The buckets that were not paired in full, by band and size.
    n_crowded : int
        Pairs left out because both texts had enough nearer ones, at most: one found in several buckets may
        count several times.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    equal: NDArray[np.uint16]
    n_checks: int
    capped: tuple[CappedBucket, ...]
    n_crowded: int = 0


def candidate_pairs(
    signatures: Slots,
    *,
    rows: int = ROWS,
    min_equal: int = MIN_EQUAL,
    cap: int = CAP,
    order: NDArray[np.uint64],
    whole: Whole | None = None,
    most: int | None = None,
    threads: int = 1,
) -> Candidates:
    """Find the pairs of signatures that share a band and agree in `min_equal` slots.

    Parameters
    ----------
    signatures : uint32 or uint16 array, shape (n, k)
        MinHash signatures, C-contiguous; all of one kind, in full or their lower halves
        (`dedup.sketch.minhash.stored_slots`). Those of empty sets pair with nothing.
    rows : int, default 2
        Slots in a band; the k // rows bands use the leading slots.
    min_equal : int, default `MIN_EQUAL`
        Least number of equal slots of a pair.
    cap : int, default `CAP`
        Largest bucket that is paired in full, unless too many of its texts are crowded
        (`dedup.sketch.capped.CROWDED_CAP`).
    order : uint64 array, shape (n,)
        A key of each text that does not depend on the input order, such as its
        hash; distinct, for equal texts are collapsed before.
    whole : Whole, optional
        Sketches of whole texts, row by row; left out is a pair that by these cannot share enough
        (`dedup.sketch.curve.may_share`), or only what many others share (`dedup.sketch.rarity`).
    most : int, optional
        Pairs a text may ask for, those that agree in most slots; without it all are kept.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Candidates
        The pairs.

    Raises
    ------
    ValueError
        If rows, min_equal, cap or most is out of range or the arrays do not fit.
    """
    n, slots = signatures.shape
    if not 1 <= rows <= slots or min_equal < 0 or cap < 2:
        raise ValueError(f"need 1 <= rows <= {slots}, min_equal >= 0, cap >= 2: {rows}, {min_equal}, {cap}")
    if most is not None and not (most >= 1 and slots < 1024):
        raise ValueError(f"need most >= 1 and fewer than 1,024 slots: {most}, {slots}")
    if len(order) != n:
        raise ValueError(f"{n} signatures and {len(order)} order keys; they must be of one length")
    if whole is not None and any(len(array) != n for array in whole):
        raise ValueError(f"{n} signatures, but whole sketches of another number of texts")
    n_bands = slots // rows
    empty = np.iinfo(signatures.dtype).max
    perhaps = np.flatnonzero(signatures[:, 0] == empty)
    is_live = np.ones(n, np.bool_)
    is_live[perhaps] = (signatures[perhaps] != empty).any(axis=1)
    live = np.flatnonzero(is_live)
    blocks = list(range(0, n_bands, _BANDS_PER_TASK))

    def in_threads(task: Callable[[int], Any], n_tasks: int) -> Iterator[Any]:
        if threads == 1:
            yield from map(task, range(n_tasks))
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(task, range(n_tasks))

    def keys_of(block: int) -> Iterator[tuple[int, Keys]]:
        """Each band of a block, and the keys of its live rows."""
        first = blocks[block]
        keys = band_keys(signatures, live, first, min(first + _BANDS_PER_TASK, n_bands), rows)
        return enumerate(keys, start=first)

    def capped_by(crowded: NDArray[np.bool_] | None) -> tuple[list[Large], NDArray[np.bool_]]:
        """The capped buckets by band, and whether each row is in one of the band."""

        def capped_in(block: int) -> list[Large]:
            return [large_buckets(band, keys, live, cap, crowded) for band, keys in keys_of(block)]

        large = [each for found in in_threads(capped_in, len(blocks)) for each in found if len(each)]
        is_capped = np.zeros((n if large else 0, n_bands), np.bool_)
        for each in large:
            is_capped[each.members, each.band] = True
        return large, is_capped

    large, is_capped = capped_by(None)
    crowded = is_capped.sum(axis=1, dtype=np.uint16) > MOST_CAPPED
    if crowded.any():
        large, is_capped = capped_by(crowded)
    windows = to_be_windowed(large, n)

    def paired_in(block: int) -> tuple[Nearest, int]:
        found = Nearest(order, most)
        made = 0
        for band, keys in keys_of(block):
            members, last = _paired_members(keys, live, band, is_capped)
            made += checked_pairs(
                signatures, members, last, band, rows, min_equal, is_capped, whole, found.add
            )
        found.pairs()  # what waits to be gathered is little
        return found, made

    def windowed(i: int) -> Nearest:
        found = Nearest(order, most)
        windowed_pairs(signatures, windows[i], order, rows, min_equal, is_capped, whole, found.add)
        found.pairs()
        return found

    gathered = Nearest(order, most)
    n_checks = 0
    for found, made in in_threads(paired_in, len(blocks)):
        gathered.take_all(found)
        n_checks += made
    for found in in_threads(windowed, len(windows)):
        gathered.take_all(found)
    packed, equal = gathered.pairs()
    return Candidates(
        left=(packed >> 32).astype(np.int32),
        right=(packed & 0xFFFFFFFF).astype(np.int32),
        equal=equal,
        n_checks=n_checks,
        capped=tuple(
            sorted(CappedBucket(each.band, int(size)) for each in large for size in np.diff(each.bounds))
        ),
        n_crowded=gathered.left_out,
    )


def _paired_members(
    keys: Keys, live: NDArray[np.int64], band: int, is_capped: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Members of the uncapped buckets of a band, bucket by bucket, and where the bucket of each ends."""
    if len(is_capped):
        kept = ~is_capped[live, band]
        live, keys = live[kept], keys[kept]
    members, bounds = buckets_of(keys, live)
    sizes = np.diff(bounds)
    members, bounds = taken(members, bounds, sizes > 1)  # most buckets have one member; leave them out
    return members, np.repeat(bounds[1:], np.diff(bounds))
