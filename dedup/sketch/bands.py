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
from math import comb
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

ROWS: Final = 2
MIN_EQUAL: Final = 10
"""Slots of 256 that a raw pair must share: cuts a quarter to three quarters of the raw pairs and lost no
wholly derived pair of our labelled corpora."""

CAP: Final = 2000
"""Largest bucket that is paired in full: two million checks."""

WINDOW_ORDERS: Final = 6
WINDOW: Final = 64
WINDOW_CHECKS: Final = 4_000_000
"""A capped bucket of m members is put in `WINDOW_ORDERS` orders, and each member paired with the `WINDOW`
before it, fewer in buckets so large that this would pass `WINDOW_CHECKS`."""

REPEATS: Final = 4
"""A capped bucket with the very same members in several bands is windowed in the first so many only."""

_EMPTY: Final = np.uint32(0xFFFFFFFF)
_CHUNK: Final = 1 << 22  # pairs a kernel call may store

_Pairs = tuple[NDArray[np.int64], NDArray[np.uint16]]
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


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
    n_raw : int
        Pairs that share a bucket of at most `cap` members, before the check on the whole signature.
    capped : tuple of CappedBucket
        The buckets that were not paired in full, by band and size.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    equal: NDArray[np.uint16]
    n_raw: int
    capped: tuple[CappedBucket, ...]


def candidate_pairs(
    signatures: NDArray[np.uint32],
    *,
    rows: int = ROWS,
    min_equal: int = MIN_EQUAL,
    cap: int = CAP,
    order: NDArray[np.uint64],
    threads: int = 1,
) -> Candidates:
    """Find the pairs of signatures that share a band and agree in `min_equal` slots.

    Parameters
    ----------
    signatures : uint32 array, shape (n, k)
        MinHash signatures, C-contiguous; all of one kind. Those of empty sets pair with nothing.
    rows : int, default 2
        Slots in a band; the k // rows bands use the leading slots.
    min_equal : int, default 10
        Least number of equal slots of a pair.
    cap : int, default 2000
        Largest bucket that is paired in full.
    order : uint64 array, shape (n,)
        A key of each text that does not depend on the input order, such as its
        hash; distinct, for equal texts are collapsed before.
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
    live = np.flatnonzero((signatures[:, 0] != _EMPTY) | (signatures != _EMPTY).any(axis=1))

    def in_threads(task: Callable[[int], Any], n_tasks: int) -> list[Any]:
        if threads == 1:
            return [task(i) for i in range(n_tasks)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(task, range(n_tasks)))

    large: list[tuple[int, NDArray[np.int64]]] = []
    is_capped = np.zeros((n_bands, 0), np.bool_)
    if len(live) > cap:
        known: dict[bytes, NDArray[np.int64]] = {}
        found = in_threads(lambda band: _large_buckets(signatures, live, band, rows, cap, known), n_bands)
        large = [(band, members) for band, buckets in enumerate(found) for members in buckets]
    if large:
        is_capped = np.zeros((n_bands, n), np.bool_)
        for band, members in large:
            is_capped[band, members] = True
    plain = in_threads(lambda band: _band_pairs(signatures, live, band, rows, min_equal, is_capped), n_bands)
    windows = _first_repeats(large)
    windowed = in_threads(
        lambda i: _windowed_pairs(signatures, *windows[i], order, rows, min_equal, is_capped), len(windows)
    )
    packed, equal = _unique([*((packed, equal) for packed, equal, _ in plain), *windowed])
    return Candidates(
        left=(packed >> 32).astype(np.int32),
        right=(packed & 0xFFFFFFFF).astype(np.int32),
        equal=equal,
        n_raw=sum(n_raw for _, _, n_raw in plain),
        capped=tuple(sorted(CappedBucket(band, len(members)) for band, members in large)),
    )


def collision_probability(
    jaccard: float | NDArray[np.float64], bands: int = 128, rows: int = ROWS
) -> NDArray[np.float64]:
    """Probability that two sets share a bucket: the S-curve ``1 - (1 - s**r)**b``.

    Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4.2.

    Parameters
    ----------
    jaccard : float or array of float
        Jaccard similarity s of the shingle sets, 0 to 1.
    bands, rows : int
        Number of bands b and of rows r in each.

    Returns
    -------
    float array, of the shape of `jaccard`
    """
    s = np.asarray(jaccard, np.float64)
    return np.asarray(1.0 - (1.0 - s**rows) ** bands)


def expected_recall(
    jaccard: float | NDArray[np.float64], bands: int = 128, rows: int = ROWS, min_equal: int = MIN_EQUAL
) -> NDArray[np.float64]:
    """Probability that two sets become candidates: share a band *and* `min_equal` slots.

    Slots agree independently with probability s (Broder 1997). Of e equal slots
    among b bands of r rows, the chance that they fill no band is the share of
    such placements, counted by inclusion and exclusion over filled bands; the
    number of equal slots is binomial.

    Parameters
    ----------
    jaccard : float or array of float
        Jaccard similarity s of the shingle sets, 0 to 1.
    bands, rows : int
        Number of bands and of rows in each; bands * rows slots in all.
    min_equal : int
        Least number of equal slots.

    Returns
    -------
    float array, of the shape of `jaccard`
    """
    s = np.asarray(jaccard, np.float64)
    slots = bands * rows
    # Below min_equal the pair is lost though it may share a band: subtract those from the S-curve.
    lost = np.zeros_like(s)
    for e in range(min(min_equal, slots + 1)):
        no_band = sum(
            (-1) ** j * comb(bands, j) * comb(slots - rows * j, e - rows * j) for j in range(e // rows + 1)
        )
        lost = lost + float(comb(slots, e) - no_band) * s**e * (1.0 - s) ** (slots - e)
    return np.asarray(collision_probability(s, bands, rows) - lost)


def _band_keys(
    signatures: NDArray[np.uint32], live: NDArray[np.int64], band: int, rows: int
) -> NDArray[np.uint64]:
    """One 64-bit key per live row: its slots of the band, mixed when they are more than two.

    More than two rows could collide in the mix, with a chance of 2**-64 a pair;
    such a pair would still have to pass `min_equal`.
    """
    if rows == 2:  # one read of the column instead of two; far apart in memory, it is what costs
        column = signatures[:, band * 2 : band * 2 + 2].view(np.uint64)[:, 0]
        return column if len(live) == len(column) else column[live]
    keys: NDArray[np.uint64] = signatures[live, band * rows].astype(np.uint64)
    for slot in range(band * rows + 1, (band + 1) * rows):
        keys = (keys ^ keys >> np.uint64(29)) * np.uint64(0x9FB21C651E98DF25)
        keys = (keys << np.uint64(32) | keys >> np.uint64(32)) ^ signatures[live, slot]
    return keys


def _large_buckets(
    signatures: NDArray[np.uint32],
    live: NDArray[np.int64],
    band: int,
    rows: int,
    cap: int,
    known: dict[bytes, NDArray[np.int64]],
) -> list[NDArray[np.int64]]:
    """Members of each bucket of the band with more than `cap` of them; one array for one set, by `known`."""
    keys = _band_keys(signatures, live, band, rows)
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
    signatures: NDArray[np.uint32],
    live: NDArray[np.int64],
    band: int,
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.uint16], int]:
    """Pairs of the band's uncapped buckets that no uncapped bucket of an earlier band holds; raw count."""
    if is_capped.shape[1]:
        live = live[~is_capped[band, live]]
    keys = _band_keys(signatures, live, band, rows)
    turn = np.argsort(keys)
    keys, members = keys[turn], live[turn]
    bounds = np.append(np.flatnonzero(keys[1:] != keys[:-1]) + 1, len(keys))
    sizes = np.diff(bounds, prepend=0)
    last = np.repeat(bounds, sizes)
    shared = np.repeat(sizes > 1, sizes)  # most buckets have one member; leave them out
    last = np.cumsum(shared)[last - 1]
    return _collect(signatures, members[shared], last[shared], band, rows, min_equal, is_capped)


def _windowed_pairs(
    signatures: NDArray[np.uint32],
    band: int,
    members: NDArray[np.int64],
    order: NDArray[np.uint64],
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
) -> _Pairs:
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
        packed, equal, _ = _collect(signatures, ranked, last, slots // rows, rows, min_equal, is_capped)
        found.append((packed, equal))
    return _unique(found)


def _collect(
    signatures: NDArray[np.uint32],
    members: NDArray[np.int64],
    last: NDArray[np.int64],
    n_earlier: int,
    rows: int,
    min_equal: int,
    is_capped: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.uint16], int]:
    """Check each member i with ``i + 1 : last[i]``: the pairs that pass, their equal slots, the raw count.

    Left out are pairs that share an uncapped bucket in one of the first `n_earlier` bands.
    """
    reach = last - np.arange(len(last)) - 1
    size = max(min(int(reach.sum()), _CHUNK), int(reach.max(initial=0)))
    packed, equal = np.empty(size, np.int64), np.empty(size, np.uint16)
    parts: list[_Pairs] = []
    at = n_raw = 0
    while at < len(members) or not parts:
        n, at, raw = _check(
            signatures, members, last, at, n_earlier, rows, min_equal, is_capped, packed, equal
        )
        parts.append((packed[:n].copy(), equal[:n].copy()))
        n_raw += raw
    return np.concatenate([p for p, _ in parts]), np.concatenate([e for _, e in parts]), n_raw


def _unique(parts: list[_Pairs]) -> _Pairs:
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
def _check(  # type: ignore[no-untyped-def]
    signatures, members, last, at, n_earlier, rows, min_equal, is_capped, packed, equal
):
    """Fill the buffers from member `at` on; returns (pairs stored, next member, raw pairs)."""
    n = 0
    n_raw = 0
    any_capped = is_capped.shape[1] > 0
    slots = signatures.shape[1]
    for i in range(at, len(members)):
        if n + last[i] - i - 1 > len(packed):
            return n, i, n_raw
        left = members[i]
        mine = signatures[left]
        for j in range(i + 1, last[i]):
            right = members[j]
            other = signatures[right]
            known = False
            for band in range(n_earlier):
                slot = band * rows
                if mine[slot] == other[slot]:
                    same = 1
                    while same < rows and mine[slot + same] == other[slot + same]:
                        same += 1
                    if same == rows and not (any_capped and is_capped[band, left]):
                        known = True
                        break
            if known:
                continue
            n_raw += 1
            n_equal = 0
            for slot in range(slots):
                n_equal += mine[slot] == other[slot]
            if n_equal >= min_equal:
                packed[n] = min(left, right) << 32 | max(left, right)
                equal[n] = n_equal
                n += 1
    return n, len(members), n_raw
