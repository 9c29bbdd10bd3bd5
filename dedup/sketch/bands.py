"""Locality-sensitive hashing: from signatures to candidate pairs.

A signature is cut into bands of a few rows (slots); two articles that agree on
a whole band fall into one bucket and are a raw pair (Indyk and Motwani 1998;
Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4). Bands of two
rows find pairs down to a Jaccard similarity of about 0.1, at the price of many
strangers, so a raw pair is kept only when its whole signatures agree in
`min_equal` slots; that is checked before the pair is stored.

A bucket of more than `cap` members is not paired in full. Its members are put
in order by other slots of the signature, several times by different slots, and
paired with those near them in each order: similar texts share minima and so
stand together. (Pairing all with one representative kept 0.3 % of the true
pairs among 1,000 chained revisions.) Every such bucket is counted and
reported. What comes out is a set of pairs that depends on the set of texts,
not on their order, nor on the thread count.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.sketch.check import Pairs, Whole, checked_pairs, pairs_of_slots, unique_pairs
from dedup.sketch.curve import MIN_EQUAL, ROWS, collision_probability, expected_recall

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

CAP: Final = 288
"""Largest bucket that is paired in full: above it windows are fewer checks than all pairs, and of its nearest
texts each keeps but a few (`dedup.engines.matching.MOST_CANDIDATES`)."""

WINDOW_ORDERS: Final = 6
WINDOW: Final = 24
WINDOW_CHECKS: Final = 4_000_000
"""A capped bucket of m members is put in `WINDOW_ORDERS` orders, and each member paired with the `WINDOW`
before it, fewer in buckets so large that this would pass `WINDOW_CHECKS`."""

REPEATS: Final = 4
"""A capped bucket with the very same members in several bands is windowed in the first so many only."""

_BANDS_PER_TASK: Final = 16
"""Bands whose keys are read together: 16 bands of two 16-bit slots are one cache line."""

Slots = NDArray[np.uint32] | NDArray[np.uint16]
Keys = NDArray[np.uint32] | NDArray[np.uint64]


@dataclass(frozen=True, slots=True, order=True)
class CappedBucket:
    """A bucket too large to be paired in full.

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
class Candidates:
    """Candidate pairs of n signatures, each once, sorted by (left, right).

    Parameters
    ----------
    left, right : int32 array, shape (p,)
        Rows of the signatures; left < right.
    equal : uint16 array, shape (p,)
        Slots in which the two signatures agree.
    n_checks : int
        How often two whole signatures were compared in buckets of at most `cap` members: a pair once for each
        bucket it shares.
    capped : tuple of CappedBucket
        The buckets that were not paired in full, by band and size.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    equal: NDArray[np.uint16]
    n_checks: int
    capped: tuple[CappedBucket, ...]


def candidate_pairs(
    signatures: Slots,
    *,
    rows: int = ROWS,
    min_equal: int = MIN_EQUAL,
    cap: int = CAP,
    order: NDArray[np.uint64],
    whole: Whole | None = None,
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
        Largest bucket that is paired in full.
    order : uint64 array, shape (n,)
        A key of each text that does not depend on the input order, such as its
        hash; distinct, for equal texts are collapsed before.
    whole : Whole, optional
        Sketches of whole texts, row by row; left out is a pair that by these cannot share enough
        (`dedup.sketch.curve.may_share`), or only what many others share (`dedup.sketch.rarity`).
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Candidates
        The pairs.

    Raises
    ------
    ValueError
        If rows, min_equal or cap is out of range or the arrays do not fit.
    """
    n, slots = signatures.shape
    if not 1 <= rows <= slots or min_equal < 0 or cap < 2:
        raise ValueError(f"need 1 <= rows <= {slots}, min_equal >= 0, cap >= 2: {rows}, {min_equal}, {cap}")
    if len(order) != n:
        raise ValueError(f"{n} signatures and {len(order)} order keys; they must be of one length")
    n_bands = slots // rows
    empty = np.iinfo(signatures.dtype).max
    perhaps = np.flatnonzero(signatures[:, 0] == empty)
    is_live = np.ones(n, np.bool_)
    is_live[perhaps] = (signatures[perhaps] != empty).any(axis=1)
    live = np.flatnonzero(is_live)
    blocks = list(range(0, n_bands, _BANDS_PER_TASK))

    def by_band(task: Callable[[int, Keys], Any]) -> list[Any]:
        """Apply a task to each band and the keys of its live rows."""

        def run(block: int) -> list[Any]:
            first = blocks[block]
            keys = _band_keys(signatures, live, first, min(first + _BANDS_PER_TASK, n_bands), rows)
            return [task(first + i, mine) for i, mine in enumerate(keys)]

        return [found for results in in_threads(run, len(blocks)) for found in results]

    def in_threads(task: Callable[[int], Any], n_tasks: int) -> list[Any]:
        if threads == 1:
            return [task(i) for i in range(n_tasks)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(task, range(n_tasks)))

    large: list[tuple[int, NDArray[np.int64]]] = []
    is_capped = np.zeros((0, n_bands), np.bool_)
    if len(live) > cap:
        known: dict[bytes, NDArray[np.int64]] = {}
        found = by_band(lambda band, keys: _large_buckets(keys, live, cap, known))
        large = [(band, members) for band, buckets in enumerate(found) for members in buckets]
    if large:
        is_capped = np.zeros((n, n_bands), np.bool_)
        for band, members in large:
            is_capped[members, band] = True
    plain = by_band(
        lambda band, keys: _band_pairs(signatures, keys, live, band, rows, min_equal, is_capped, whole)
    )
    windows = _first_repeats(large)
    windowed = in_threads(
        lambda i: _windowed_pairs(signatures, *windows[i], order, rows, min_equal, is_capped, whole),
        len(windows),
    )
    packed, equal = unique_pairs([*((packed, equal) for packed, equal, _ in plain), *windowed])
    return Candidates(
        left=(packed >> 32).astype(np.int32),
        right=(packed & 0xFFFFFFFF).astype(np.int32),
        equal=equal,
        n_checks=sum(made for _, _, made in plain),
        capped=tuple(sorted(CappedBucket(band, len(members)) for band, members in large)),
    )


def _band_keys(signatures: Slots, live: NDArray[np.int64], first: int, last: int, rows: int) -> Keys:
    """One key per live row for each band from `first` to `last`, shape (last - first, n_live).

    Two slots side by side are a number of twice their width. More are mixed into 64 bits, and could collide,
    with a chance of 2**-64 a pair; such a pair would still have to pass `min_equal`.
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


def _large_buckets(
    keys: Keys, live: NDArray[np.int64], cap: int, known: dict[bytes, NDArray[np.int64]]
) -> list[NDArray[np.int64]]:
    """Members of each bucket of a band with more than `cap` of them; one array for one set, by `known`."""
    ordered = np.sort(keys)
    # A run of more than cap equal keys shows as a key equal to the one cap places on.
    repeated = np.unique(ordered[:-cap][ordered[cap:] == ordered[:-cap]])
    buckets = (live[keys == key] for key in repeated)
    return [known.setdefault(blake2b(members.tobytes()).digest(), members) for members in buckets]


def _first_repeats(large: list[tuple[int, NDArray[np.int64]]]) -> list[tuple[int, NDArray[np.int64]]]:
    """Keep of each set of members the first `REPEATS` bands."""
    seen: dict[int, int] = {}
    kept = []
    for band, members in large:
        seen[id(members)] = seen.get(id(members), 0) + 1
        if seen[id(members)] <= REPEATS:
            kept.append((band, members))
    return kept


def _band_pairs(
    signatures: Slots,
    keys: Keys,
    live: NDArray[np.int64],
    band: int,
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
    whole: Whole | None,
) -> tuple[NDArray[np.int64], NDArray[np.uint16], int]:
    """Pairs of the band's uncapped buckets that no uncapped bucket of an earlier band holds; checks."""
    if len(is_capped):
        kept = ~is_capped[live, band]
        live, keys = live[kept], keys[kept]
    if keys.dtype == np.uint32:  # sorted with its row below it: half the time of an argsort
        packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
        packed.sort()
        keys, turn = packed >> np.uint64(32), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    else:
        turn = np.argsort(keys, kind="stable")
        keys = keys[turn]
    members = live[turn]
    bounds = np.append(np.flatnonzero(keys[1:] != keys[:-1]) + 1, len(keys))
    sizes = np.diff(bounds, prepend=0)
    last = np.repeat(bounds, sizes)
    shared = np.repeat(sizes > 1, sizes)  # most buckets have one member; leave them out
    last = np.cumsum(shared)[last - 1]
    return checked_pairs(signatures, members[shared], last[shared], band, rows, min_equal, is_capped, whole)


def _windowed_pairs(
    signatures: Slots,
    band: int,
    members: NDArray[np.int64],
    order: NDArray[np.uint64],
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
    whole: Whole | None = None,
) -> Pairs:
    """Pairs of a capped bucket that stand near each other in one of several MinHash orders."""
    members = members[np.argsort(order[members])]
    m, slots = len(members), signatures.shape[1]
    window = max(2, min(WINDOW, WINDOW_CHECKS // (WINDOW_ORDERS * m)))
    last = np.minimum(np.arange(m) + 1 + window, m)
    found = []
    for turn in range(WINDOW_ORDERS):
        # Slots of other bands, spread over the signature, others in each band and turn.
        chosen = [(band * rows + rows + (3 * turn + k) * 37) % slots for k in range(3)]
        first, second, third = (signatures[members, slot] for slot in chosen)
        # Stable: members that agree in all three stay in the order of their keys.
        ranked = members[np.lexsort((third, second, first))]
        packed, equal, _ = checked_pairs(
            signatures, ranked, last, slots // rows, rows, min_equal, is_capped, whole
        )
        found.append((packed, equal))
    return unique_pairs(found)
