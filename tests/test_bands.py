"""Bands: the same pairs as datasketch's LSH, in any order, on any thread count, with any bucket size."""

import time
from itertools import pairwise

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray
from scipy.stats import binomtest

from dedup.engines.matching import MIN_EQUAL_OF
from dedup.index.statistics import SIMILARITIES
from dedup.sketch import capped, nearest
from dedup.sketch.bands import (
    Candidates,
    CappedBucket,
    candidate_pairs,
    collision_probability,
    expected_recall,
)
from dedup.sketch.check import Pairs, unique_pairs
from dedup.sketch.minhash import NUM_PERM, signatures
from dedup.sketch.shingles import BODY, BRIEF, LEAD, Shingles

EMPTY = 0xFFFFFFFF


def sets_of(sets: list[NDArray[np.uint32]]) -> Shingles:
    offsets = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([len(one) for one in sets], out=offsets[1:])
    return Shingles(np.concatenate(sets), offsets)


def revisions(n: int, size: int, changed: int, seed: int) -> NDArray[np.uint32]:
    """Signatures of n texts, each the one before it with some shingles replaced."""
    rng = np.random.default_rng(seed)
    text = rng.integers(0, 2**32, size, dtype=np.uint32)
    texts = []
    for _ in range(n):
        text = text.copy()
        text[rng.integers(0, size, changed)] = rng.integers(0, 2**32, changed, dtype=np.uint32)
        texts.append(np.unique(text))
    return signatures(sets_of(texts))


@pytest.fixture(scope="module")
def feed() -> NDArray[np.uint32]:
    """400 signatures: ten chains of revisions that drift apart, and two empty texts."""
    parts = [revisions(40, 60, 8, seed) for seed in range(10)]
    out = np.concatenate(parts)
    out[[17, 333]] = EMPTY
    return out


def keys_of(n: int) -> NDArray[np.uint64]:
    return np.random.default_rng(5).permutation(n).astype(np.uint64)


def pair_set(found: Candidates, names: NDArray[np.int64] | None = None) -> set[tuple[int, int, int]]:
    names = np.arange(int(found.right.max(initial=0)) + 1) if names is None else names
    left, right = names[found.left], names[found.right]
    low, high = np.minimum(left, right), np.maximum(left, right)
    return set(zip(low.tolist(), high.tolist(), found.equal.tolist(), strict=True))


def test_pairs_equal_those_of_datasketch(feed: NDArray[np.uint32]) -> None:
    lsh = MinHashLSH(params=(128, 2), num_perm=NUM_PERM)
    hashes = [MinHash(hashvalues=row, scheme="affine32") for row in feed]
    alive = [i for i in range(len(feed)) if not hashes[i].is_empty()]
    for i in alive:
        lsh.insert(i, hashes[i])
    theirs = {(min(i, j), max(i, j)) for i in alive for j in lsh.query(hashes[i]) if i != j}
    ours = candidate_pairs(feed, min_equal=2, cap=10**6, order=keys_of(len(feed)))
    assert set(zip(ours.left.tolist(), ours.right.tolist(), strict=True)) == theirs
    assert ours.n_checks >= len(theirs) > 4000
    assert ours.capped == ()


def test_equal_slots_are_counted_and_checked(feed: NDArray[np.uint32]) -> None:
    every = candidate_pairs(feed, min_equal=0, order=keys_of(len(feed)))
    assert np.array_equal(every.equal, (feed[every.left] == feed[every.right]).sum(axis=1))
    checked = candidate_pairs(feed, min_equal=50, order=keys_of(len(feed)))
    assert pair_set(checked) == {pair for pair in pair_set(every) if pair[2] >= 50}
    assert checked.n_checks == every.n_checks


def test_pairs_come_once_and_sorted(feed: NDArray[np.uint32]) -> None:
    for cap in (2000, 5):
        found = candidate_pairs(feed, cap=cap, order=keys_of(len(feed)))
        packed = found.left.astype(np.int64) << 32 | found.right
        assert (np.diff(packed) > 0).all()
        assert (found.left < found.right).all()


@pytest.mark.parametrize("cap", [2000, 12, 2])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_neither_order_nor_threads_change_the_pairs(feed: NDArray[np.uint32], cap: int, rows: int) -> None:
    keys = keys_of(len(feed))
    found = candidate_pairs(feed, rows=rows, cap=cap, order=keys)
    assert bool(found.capped) == (cap < 2000)
    turn = np.random.default_rng(1).permutation(len(feed))
    turned = candidate_pairs(feed[turn], rows=rows, cap=cap, order=keys[turn], threads=3)
    assert pair_set(found) == pair_set(turned, turn)
    assert (turned.n_checks, turned.capped) == (found.n_checks, found.capped)


def test_empty_texts_pair_with_nothing() -> None:
    rows = np.full((5, NUM_PERM), EMPTY, np.uint32)
    found = candidate_pairs(rows, min_equal=0, order=keys_of(5))
    assert (len(found.left), found.n_checks) == (0, 0)
    assert len(candidate_pairs(rows[:0], order=keys_of(0)).left) == 0


def test_a_bucket_over_the_cap_is_reported() -> None:
    rows = np.random.default_rng(0).integers(0, 2**32 - 1, (50, NUM_PERM), dtype=np.uint32)
    rows[:30, 4:6] = 7
    found = candidate_pairs(rows, min_equal=0, cap=29, order=keys_of(50))
    assert found.capped == (CappedBucket(band=2, size=30),)
    assert candidate_pairs(rows, min_equal=0, cap=30, order=keys_of(50)).capped == ()


@pytest.mark.parametrize("kind", [np.uint32, np.uint64])
def test_large_buckets_are_those_of_a_plain_count(kind: type) -> None:
    rng = np.random.default_rng(3)
    # Of 300 keys only eight differ in their low 16 bits.
    keys = (rng.integers(0, 40, 3000) << 20 | rng.integers(0, 8, 3000)).astype(kind)
    live = np.flatnonzero(rng.random(4000) < 0.9)[:3000]
    crowded = rng.random(4000) < 0.3
    for those in (None, crowded, np.zeros(4000, np.bool_)):
        found = capped.large_buckets(5, keys, live, 12, those)
        expected = []
        for key in np.unique(keys):
            members = live[keys == key]
            if len(members) > 12 or (those is not None and those[members].sum() > capped.CROWDED_CAP):
                expected.append(members.tolist())
        assert len(expected) > 5
        assert [found.members[a:b].tolist() for a, b in pairwise(found.bounds.tolist())] == expected
    assert len(capped.large_buckets(5, keys, live, 3000)) == 0
    assert len(capped.large_buckets(5, keys[:0], live[:0], 2)) == 0


def test_a_capped_first_band_does_not_hide_pairs_that_meet_later() -> None:
    """Members side by side that share their first band are stepped over only where it was paired in full."""
    texts = revisions(60, 80, 20, 4)
    texts[:, :2] = 7  # one bucket of all sixty in the first band
    open_ = candidate_pairs(texts, min_equal=2, cap=100, order=keys_of(60))
    assert len(open_.left) == 60 * 59 // 2
    capped_ = candidate_pairs(texts, min_equal=2, cap=30, order=keys_of(60))
    met = (texts[:, None, 2:].reshape(60, 1, 127, 2) == texts[None, :, 2:].reshape(1, 60, 127, 2)).all(-1)
    later = {(int(a), int(b)) for a, b in zip(*np.nonzero(met.any(-1)), strict=True) if a < b}
    assert len(later) < 60 * 59 // 2
    assert later <= {(a, b) for a, b, _ in pair_set(capped_)}


def test_windows_keep_the_near_pairs_of_a_thousand_revisions() -> None:
    """In one bucket alone: of pairs within 20 revisions four in five, of the nearest nearly all."""
    n = 1000
    rows = revisions(n, 200, 6, 0)
    only = np.ones((n, NUM_PERM // 2), np.bool_)
    bucket = capped.Large(0, np.arange(n, dtype=np.int32), np.array([0, n]))
    found: list[Pairs] = []
    capped.windowed_pairs(rows, bucket, keys_of(n), 2, 10, only, None, found.append)
    packed, _ = unique_pairs(found)
    left, right = packed >> 32, packed & 0xFFFFFFFF
    for reach, share in (1, 0.99), (4, 0.97), (20, 0.8):
        kept = int((right - left <= reach).sum())
        assert kept >= share * (n * reach - reach * (reach + 1) / 2)
    assert len(packed) < n * capped.WINDOW_ORDERS * capped.WINDOW / 2


def test_capping_loses_few_near_pairs_of_a_whole_run() -> None:
    rows = revisions(600, 200, 6, 3)
    full = candidate_pairs(rows, cap=2000, order=keys_of(600))
    few = candidate_pairs(rows, cap=20, order=keys_of(600))
    assert len(few.capped) > 10
    assert pair_set(few) <= pair_set(full)
    for reach, share in (4, 0.99), (20, 0.95):
        near = {pair for pair in pair_set(full) if pair[1] - pair[0] <= reach}
        assert len(near & pair_set(few)) >= share * len(near)


def test_texts_of_one_template_do_not_meet_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in four slots are those of the template, in every bucket a few hundred texts or all of them."""
    n = 4000
    rng = np.random.default_rng(5)
    rows = np.broadcast_to(rng.integers(0, 2**16 - 1, NUM_PERM), (n, NUM_PERM)).astype(np.uint16).copy()
    rows[:, 1::4] = rng.integers(0, 40, (n, NUM_PERM // 4))  # a slot of the form: one of forty entries
    order = rng.integers(0, 2**64, n, dtype=np.uint64)
    found = candidate_pairs(rows, order=order, most=16)
    assert found.n_checks < n * 1000  # full buckets: 64 bands of a hundred texts each
    sizes = [bucket.size for bucket in found.capped]
    assert sum(sizes) > 100 * n  # hardly a bucket is paired in full
    large = [capped.large_buckets(band, rows[:, 2 * band].copy(), np.arange(n), 288) for band in range(128)]
    windowed = sum(len(some.members) for some in capped.to_be_windowed(large, n))
    assert windowed <= n * capped.MOST_CAPPED
    degree = np.bincount(np.concatenate((found.left, found.right)), minlength=n)
    assert degree.min() >= 16
    turn = rng.permutation(n)
    turned = candidate_pairs(rows[turn], order=order[turn], most=16, threads=2)
    assert pair_set(found) == pair_set(turned, turn)
    monkeypatch.setattr(nearest, "GATHERED", 1000)
    early = candidate_pairs(rows[turn], order=order[turn], most=16, threads=3)
    assert pair_set(found) == pair_set(early, turn)


@pytest.mark.parametrize("gathered", [50, 1 << 20])
def test_leaving_out_far_pairs_early_changes_nothing(monkeypatch: pytest.MonkeyPatch, gathered: int) -> None:
    monkeypatch.setattr(nearest, "GATHERED", gathered)
    rng = np.random.default_rng(2)
    order = rng.integers(0, 2**64, 60, dtype=np.uint64)  # slots often tie, and the key decides
    every = np.array([a << 32 | b for a in range(60) for b in range(a + 1, 60)])
    equal = rng.integers(11, 40, len(every)).astype(np.uint16)
    found = nearest.Nearest(order, 5)
    for some in np.array_split(rng.permutation(len(every)), 40):
        found.add((every[some], equal[some]))
        found.add((every[some[:3]], equal[some[:3]]))  # found in two buckets
    kept = set(found.pairs()[0].tolist())
    for pair, slots in zip(every.tolist(), equal.tolist(), strict=True):
        ahead = [
            sum(
                (-slots_, int(order[other]) >> 44) < (-slots, int(order[partner]) >> 44)
                for pair_, slots_ in zip(every.tolist(), equal.tolist(), strict=True)
                if mine in (pair_ >> 32, pair_ & 0xFFFFFFFF)
                for other in [pair_ >> 32 if pair_ & 0xFFFFFFFF == mine else pair_ & 0xFFFFFFFF]
            )
            for mine, partner in ((pair >> 32, pair & 0xFFFFFFFF), (pair & 0xFFFFFFFF, pair >> 32))
        ]
        assert (pair in kept) == (min(ahead) < 5)


def test_one_bucket_of_fifty_thousand_takes_seconds() -> None:
    rows = np.full((50_000, NUM_PERM), 7, np.uint32)  # in every band at once: the worst case
    started = time.perf_counter()
    found = candidate_pairs(rows, order=np.arange(50_000, dtype=np.uint64))
    assert time.perf_counter() - started < 20
    assert len(found.capped) == 128
    assert len(np.unique(np.concatenate((found.left, found.right)))) == 50_000  # nobody is left out


@pytest.mark.parametrize("jaccard", [0.05, 0.1, 0.2, 0.5])
def test_the_s_curve_is_what_simulated_sets_show(jaccard: float) -> None:
    n, size = 1500, 400
    rng = np.random.default_rng(int(jaccard * 100))
    shared = round(size * 2 * jaccard / (1 + jaccard))
    sets = []
    for _ in range(n):
        hashes = rng.choice(2**32, 2 * size - shared, replace=False).astype(np.uint32)
        sets += [hashes[:size], hashes[size - shared :]]
    rows = signatures(sets_of(sets))
    actual = shared / (2 * size - shared)
    collide = np.array([(rows[2 * i : 2 * i + 1] == rows[2 * i + 1])[0] for i in range(n)])
    in_band = (collide[:, ::2] & collide[:, 1::2]).any(axis=1)
    passed = in_band & (collide.sum(axis=1) >= 10)
    assert in_band.mean() == pytest.approx(float(collision_probability(actual)), abs=0.04)
    assert passed.mean() == pytest.approx(float(expected_recall(actual)), abs=0.04)


def test_formulas_at_their_ends() -> None:
    assert collision_probability(0.0) == 0
    assert collision_probability(1.0) == 1
    assert expected_recall(1.0) == pytest.approx(1)
    curve = np.linspace(0, 1, 11)
    assert np.allclose(expected_recall(curve, min_equal=2), collision_probability(curve))
    assert (expected_recall(curve) <= collision_probability(curve) + 1e-12).all()
    assert expected_recall(0.3, bands=1, rows=2, min_equal=2) == pytest.approx(0.09)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"rows": 257}, {"cap": 1}, {"min_equal": -1}])
def test_impossible_settings_are_refused(feed: NDArray[np.uint32], wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="need 1 <= rows"):
        candidate_pairs(feed, order=keys_of(len(feed)), **wrong)  # type: ignore[arg-type]


def test_order_keys_must_fit(feed: NDArray[np.uint32]) -> None:
    with pytest.raises(ValueError, match="400 signatures and 3 order keys"):
        candidate_pairs(feed, order=keys_of(3))


def sets_of_jaccard(
    jaccard: float, pairs: int, size: int, seed: int
) -> tuple[list[NDArray[np.uint32]], float]:
    """Pairs of sets, one after the other, and the exact similarity of each, the nearest to that asked."""
    rng = np.random.default_rng([seed, round(1000 * jaccard)])
    shared = round(2 * size * jaccard / (1 + jaccard))
    sets = []
    for _ in range(pairs):
        hashes = rng.choice(2**32, 2 * size - shared, replace=False).astype(np.uint32)
        sets += [np.sort(hashes[:size]), np.sort(hashes[size - shared :])]
    return sets, shared / (2 * size - shared)


@pytest.mark.parametrize("jaccard", SIMILARITIES)
@pytest.mark.parametrize(
    ("kind", "size"), [(BODY, 250), (LEAD, 120), (BRIEF, 30)], ids=["body", "lead", "brief"]
)
def test_the_recall_that_stats_prints_is_measured(kind: int, size: int, jaccard: float) -> None:
    """Sets of the sizes of articles, leads and headlines, through the signing kernel and the join."""
    n = 400
    sets, actual = sets_of_jaccard(jaccard, n, size, kind)
    rows = signatures(sets_of(sets))
    found = candidate_pairs(rows, min_equal=MIN_EQUAL_OF[kind], order=keys_of(len(rows)))
    proposed = int(((found.left % 2 == 0) & (found.right == found.left + 1)).sum())
    expected = float(expected_recall(actual, min_equal=MIN_EQUAL_OF[kind]))
    # Four in ten thousand such tests of a right curve fail, whatever the seed; these seeds do not.
    assert binomtest(proposed, n, min(max(expected, 0.0), 1.0)).pvalue > 4e-4, (proposed / n, expected)
