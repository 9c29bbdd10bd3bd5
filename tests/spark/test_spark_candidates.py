"""The candidate stages of the Spark engine propose the pairs of the local rules, whatever the partitions.

All in one process; partitions and the order of packets are what could make a difference.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from dedup.engines.corpus import distinct_texts, load_corpus
from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES, node_signatures, propose
from dedup.engines.spark import buckets, rare, sizes
from dedup.engines.spark.candidates import CANDIDATES, SKETCH, Proposal, find_candidates
from dedup.engines.spark.dealing import Deal
from dedup.engines.spark.nearest import CANDIDATE, CANDIDATE_SCHEMA
from dedup.engines.spark.packets import Inbox, Kernel, Packet, addressed, column, fixed, partition_of
from dedup.engines.spark.runner import InProcess
from dedup.engines.spark.sketches import SKETCH_SCHEMA, Sketched
from dedup.index.index import Index
from dedup.sketch.bands import Candidates, candidate_pairs
from dedup.sketch.capped import CAP, CROWDED_CAP, MOST_CAPPED, WINDOW
from dedup.sketch.check import Pairs as CheckedPairs
from dedup.sketch.check import checked_pairs
from dedup.sketch.minhash import LEAD_WORDS, NUM_PERM
from dedup.sketch.rarity import rare_limit, rare_slots
from dedup.sketch.shingles import BODY, BRIEF, LEAD

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = {BODY: "body", LEAD: "lead", BRIEF: "brief"}

Slots = NDArray[np.uint16]
Pairs = dict[tuple[int, int], int]


@dataclass
class Feed:
    """n made texts: hashes, words, and of each kind of sketch who has one, signatures and sizes."""

    hashes: NDArray[np.uint64]
    units: NDArray[np.int64]
    sketches: dict[int, tuple[NDArray[np.int64], Slots, NDArray[np.int64]]]

    def comparable(self, kind: int) -> tuple[NDArray[np.int64], Slots, NDArray[np.int64]]:
        """As `dedup.engines.matching.node_signatures`: a short body is its own lead."""
        of, slots, sizes = self.sketches[kind]
        if kind == LEAD:
            bodies, body_slots, body_sizes = self.sketches[BODY]
            short = self.units[bodies] <= LEAD_WORDS
            of = np.concatenate((of, bodies[short]))
            slots = np.concatenate((slots, body_slots[short]))
            sizes = np.concatenate((sizes, body_sizes[short]))
            turn = np.argsort(of)
            of, slots, sizes = of[turn], slots[turn], sizes[turn]
        return of, np.ascontiguousarray(slots), sizes

    def table(self) -> pa.Table:
        n = len(self.hashes)
        columns = {"hash": pa.array(self.hashes.view(np.int64)), "units": pa.array(self.units)}
        for kind, name in NAMES.items():
            of, slots, sizes = self.sketches[kind]
            place, every = np.full(n, -1), np.zeros(n, np.int32)
            place[of], every[of] = np.arange(len(of)), sizes
            slots = slots if len(of) else np.zeros((1, NUM_PERM), np.uint16)
            columns[name] = fixed(slots).take(pa.array(place, mask=place < 0))
            columns[f"{name}_size"] = pa.array(every)
        return pa.table([columns[name] for name in SKETCH_SCHEMA.names], schema=SKETCH_SCHEMA)


@dataclass
class Local:
    """What the local rules propose: each pair of hashes and its equal slots, and what they came by."""

    pairs: Pairs
    found: dict[int, Candidates] = field(default_factory=dict)


def proposed_locally(feed: Feed, cap: int) -> Local:
    """The pairs that any kind proposes, with the equal slots of the first that does; BODY comes first."""
    local = Local({})
    whole = None
    for kind, min_equal in MIN_EQUAL_OF.items():
        of, slots, sizes = feed.comparable(kind)
        if kind == BODY:
            whole = slots, sizes, rare_slots(slots)
        if kind == LEAD:
            assert np.array_equal(of, feed.sketches[BODY][0])
        found = candidate_pairs(
            slots, min_equal=min_equal, cap=cap, order=feed.hashes[of],
            whole=None if kind == BRIEF else whole, most=MOST_CANDIDATES,
        )  # fmt: skip
        local.found[kind] = found
        names = feed.hashes[of]
        for a, b, equal in zip(names[found.left], names[found.right], found.equal, strict=True):
            local.pairs.setdefault((int(min(a, b)), int(max(a, b))), int(equal))
    return local


class Shuffled(InProcess):
    """Packets come in any order."""

    def _run(self, packets: list[Packet], kernel: Kernel, exchange: bool) -> Iterator[Packet]:
        assert exchange
        for to in sorted({packet.to for packet in packets}):
            assert 0 <= to < self.n_partitions
            mine = [packet for packet in packets if packet.to == to]
            random.Random(len(packets)).shuffle(mine)
            yield from kernel(to, iter(mine))


def proposed_in_packets(table: pa.Table, n: int, cap: int = CAP) -> tuple[Pairs, Proposal, Shuffled]:
    runner = Shuffled(n)
    homes = partition_of(column(table, "hash"), n)
    halves = np.arange(len(table)) % 2 == 0  # several packets of a partition
    runner.kept["texts"] = [
        packet
        for half in (halves, ~halves)
        for packet in addressed(SKETCH, table.filter(pa.array(half)), homes[half])
    ]
    told = find_candidates(runner, ("texts", [SKETCH]), cap=cap)
    packets = [packet for packet in runner.kept[CANDIDATES] if packet.kind == CANDIDATE]
    found = Inbox(packets).table(CANDIDATE, CANDIDATE_SCHEMA)
    left, right = (column(found, name).view(np.uint64) for name in ("left", "right"))
    for packet in packets:
        assert (partition_of(column(packet.table(), "left"), n) == packet.to).all()
    pairs = dict(
        zip(
            zip(left.tolist(), right.tolist(), strict=True),
            column(found, "equal").tolist(), strict=True,
        )
    )  # fmt: skip
    assert len(pairs) == len(found)  # each once
    return pairs, told, runner


def revised(text: NDArray[np.uint16], rng: np.random.Generator, changed: int) -> NDArray[np.uint16]:
    """A copy with some slots changed."""
    copy = text.copy()
    at = rng.choice(NUM_PERM, changed, replace=False)
    copy[at] = rng.integers(0, 1 << 16, changed)
    return copy


def story_feed(seed: int, n: int = 240) -> Feed:
    """Chains of revisions beside strangers; leads of their own, leads that are bodies, briefs."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(1, 1 << 64, n, dtype=np.uint64)
    units = np.where(rng.random(n) < 0.5, rng.integers(5, 70, n), rng.integers(70, 400, n))
    bodies = np.empty((n, NUM_PERM), np.uint16)
    leads = np.empty((n, NUM_PERM), np.uint16)
    briefs = np.empty((n, NUM_PERM), np.uint16)
    # In a few slots strangers agree, so that buckets are full of those that must not be paired.
    common = rng.choice(NUM_PERM // 2, 12, replace=False)
    for made in (bodies, leads, briefs):
        made[:] = rng.integers(0, 1 << 16, (n, NUM_PERM))
        for row in range(1, n):
            if rng.random() < 0.6:
                changed = int(rng.integers(20, 250))
                made[row] = revised(made[int(rng.integers(max(0, row - 8), row))], rng, changed)
        for band in common:
            made[:, 2 * band : 2 * band + 2] = rng.integers(0, 3, (n, 1))
    has_body = np.flatnonzero(units >= 20)
    has_lead = np.flatnonzero(units > LEAD_WORDS)
    has_brief = np.flatnonzero(units < 60)
    sizes = rng.integers(10, 400, n)
    return Feed(
        hashes,
        units,
        {
            BODY: (has_body, bodies[has_body], sizes[has_body]),
            LEAD: (has_lead, leads[has_lead], sizes[has_lead] // 2 + 1),
            BRIEF: (has_brief, briefs[has_brief], sizes[has_brief]),
        },
    )


def template_feed(seed: int, n: int = 300) -> Feed:
    """Texts of one form, beside as many others: crowded in nearly every band."""
    rng = np.random.default_rng(seed)
    feed = story_feed(seed + 1000, 2 * n)
    of, slots, _ = feed.sketches[BODY]
    form = rng.integers(0, 1 << 16, NUM_PERM)
    of_form = np.flatnonzero(of % 2 == 0)
    filled = np.broadcast_to(form, (len(of_form), NUM_PERM)).astype(np.uint16)
    filled[:, 1::4] = rng.integers(0, 5, (len(of_form), NUM_PERM // 4))
    own = rng.random(filled.shape) < 0.15
    filled[own] = rng.integers(0, 1 << 16, int(own.sum()))
    slots[of_form] = filled
    of_lead, leads, _ = feed.sketches[LEAD]
    some = of_lead % 2 == 0
    leads[some] = filled[np.searchsorted(of[of_form], of_lead[some])]
    leads[some, ::5] = rng.integers(0, 1 << 16, leads[some, ::5].shape)
    return feed


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (3, 1), (7, 2), (7, 3), (12, 4)])
def test_stories_among_strangers(n: int, seed: int) -> None:
    feed = story_feed(seed)
    local = proposed_locally(feed, CAP)
    pairs, told, _ = proposed_in_packets(feed.table(), n)
    assert pairs == local.pairs
    assert all(len(found.left) > 15 for found in local.found.values())
    by_kind = [set(zip(*names_of(feed, kind, found), strict=True)) for kind, found in local.found.items()]
    assert all(len(mine - set().union(*by_kind[:i])) > 5 for i, mine in enumerate(by_kind))
    assert by_kind[0] & by_kind[1]  # proposed twice: the equal slots of the body count
    assert told == Proposal(0, 0, 0)


def names_of(feed: Feed, kind: int, found: Candidates) -> tuple[list[int], list[int]]:
    names = feed.hashes[feed.comparable(kind)[0]]
    one, other = names[found.left], names[found.right]
    return np.minimum(one, other).tolist(), np.maximum(one, other).tolist()


@pytest.mark.parametrize("n", [1, 3, 7])
def test_windows_of_capped_buckets(n: int) -> None:
    feed = story_feed(5, 400)
    cap = 60
    local = proposed_locally(feed, cap)
    assert local.pairs != proposed_locally(feed, CAP).pairs
    capped = [bucket for found in local.found.values() for bucket in found.capped]
    assert max(bucket.size for bucket in capped) > 4 * WINDOW
    pairs, told, runner = proposed_in_packets(feed.table(), n, cap)
    assert pairs == local.pairs
    assert told.capped_buckets == len(capped)
    assert told.largest_bucket == max(bucket.size for bucket in capped)
    assert ("capped" in runner.kept) == (told.crowded_texts > 0)


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (3, 1), (7, 2), (7, 3)])
def test_crowded_texts_of_a_template(n: int, seed: int) -> None:
    """Capped by size alone these buckets are others than those that hold too many crowded texts."""
    feed = template_feed(seed)
    cap = 60
    local = proposed_locally(feed, cap)
    pairs, told, runner = proposed_in_packets(feed.table(), n, cap)
    assert pairs == local.pairs
    capped = [bucket for found in local.found.values() for bucket in found.capped]
    assert told.capped_buckets == len(capped)
    assert told.crowded_texts > 2 * CROWDED_CAP
    assert min(bucket.size for bucket in capped) <= cap  # by its crowded texts
    assert "capped" in runner.kept
    assert local.found[BODY].n_crowded > 0  # more than sixteen are near
    whole = rare_slots(feed.sketches[BODY][1])
    assert (whole != 0xFFFFFFFF).any()


@pytest.mark.parametrize("n", [1, 3, 7])
def test_of_many_near_texts_the_nearest(n: int) -> None:
    rng = np.random.default_rng(9)
    feed = story_feed(7, 200)
    _, slots, _ = feed.sketches[BODY]
    first = slots[0].copy()
    for row in range(90):
        slots[row] = revised(first, rng, 40 + row % 3)  # many equally near: the key of the other decides
    local = proposed_locally(feed, CAP)
    assert local.found[BODY].n_crowded > 1000
    pairs, _, _ = proposed_in_packets(feed.table(), n)
    assert pairs == local.pairs


def test_weak_pairs_by_frequent_values_are_left_out() -> None:
    """A menu under a hundred pages: what they agree in is frequent, and no pair of them is proposed."""
    rng = np.random.default_rng(3)
    n = 150
    slots = rng.integers(0, 1 << 16, (n, NUM_PERM)).astype(np.uint16)
    slots[:, :30] = rng.integers(0, 1 << 16, 30)
    slots[5, 100:200] = slots[4, 100:200]
    nothing = np.empty(0, np.int64), np.empty((0, NUM_PERM), np.uint16), np.empty(0, np.int64)
    hashes = rng.integers(1, 1 << 64, n, dtype=np.uint64)
    bodies = np.arange(n), slots, np.full(n, 300)
    feed = Feed(hashes, np.full(n, 200), {BODY: bodies, LEAD: bodies, BRIEF: nothing})
    assert n > rare_limit(n)
    for n_partitions in (1, 3, 7):
        pairs, *_ = proposed_in_packets(feed.table(), n_partitions)
        assert pairs == proposed_locally(feed, CAP).pairs
        assert list(pairs) == [(int(min(hashes[4:6])), int(max(hashes[4:6])))]


def test_nothing_comes_of_nothing() -> None:
    empty = Shuffled(3)
    empty.kept["texts"] = []
    assert find_candidates(empty, ("texts", [SKETCH])) == Proposal(0, 0, 0)
    feed = story_feed(0, 1)
    assert proposed_in_packets(feed.table(), 3)[0] == {}


def test_the_samples(tmp_path: Path) -> None:
    """Real sketches, read as the engine for one machine reads them."""
    with Index.create(tmp_path / "index") as index:
        index.add([str(SAMPLES / "feed.jsonl"), str(SAMPLES / "headlines.csv")])
        with index._store.snapshot() as snapshot:
            corpus = load_corpus(snapshot)
            nodes = distinct_texts(corpus)
            units = corpus.units[nodes.first]
            left, right, equal, *_ = propose(snapshot, corpus, nodes, 1)
            sketches = {kind: node_signatures(snapshot, corpus, nodes, kind) for kind in NAMES}
    of, slots, sizes = sketches[LEAD]
    long = units[of] > LEAD_WORDS
    sketches[LEAD] = of[long], slots[long], sizes[long]
    assert all(len(of) > 50 for of, *_ in sketches.values())
    pairs, *_ = proposed_in_packets(Feed(nodes.hashes, units, sketches).table(), 5)
    names = zip(nodes.hashes[left].tolist(), nodes.hashes[right].tolist(), strict=True)
    assert pairs == dict(zip(names, equal.tolist(), strict=True))
    assert len(pairs) > 200


# ---------------------------------------------------------------- the parts


@pytest.mark.parametrize("n", range(1, 70))
def test_any_two_texts_meet_once(n: int) -> None:
    deal = Deal.of(n)
    assert len(deal.pairs) == len(deal.alone) == n
    met = [pair for pair in deal.pairs if pair is not None]
    met += [(group, group) for alone in deal.alone for group in alone]
    g = deal.n_groups
    assert sorted(met) == [(a, b) for a in range(g) for b in range(a, g)]
    assert all(pair is None or not alone for pair, alone in zip(deal.pairs, deal.alone, strict=True))
    assert (g + 1) ** 2 / 2 + 1 > n  # a larger g would not fit
    groups = deal.group_of(np.random.default_rng(n).integers(0, 1 << 64, 4000, dtype=np.uint64))
    assert np.bincount(groups, minlength=g).min() > 4000 / g * 0.7
    for group in range(g):
        assert len(deal.partitions_of(group)) == g


@pytest.mark.parametrize("seed", range(12))
def test_members_are_checked_with_those_of_the_other_side(seed: int) -> None:
    """Runs that share the first band are stepped over, on either side, and never beyond their bucket."""
    rng = np.random.default_rng(seed)
    n, n_bands = 60, 8
    slots = rng.integers(0, 4, (n, 2 * n_bands)).astype(np.uint16)
    slots[:, :2] = np.sort(rng.integers(0, 2 + seed % 3, n))[:, None]  # copies stand side by side
    bucket, side = rng.integers(0, 4, n), rng.integers(0, 2, n)
    if seed % 3 == 0:
        slots[bucket == 0, :2] = 0  # one run from a bucket into the next
    keys = slots.view(np.uint32)
    is_capped = np.zeros((n if seed % 2 else 0, n_bands), np.bool_)
    is_capped[:, 0] = keys[: len(is_capped), 0] == keys[0, 0]
    members = np.lexsort((np.arange(n), side, bucket))
    last = np.searchsorted(bucket[members], bucket[members], side="right")
    n_one = np.bincount(bucket[side == 0], minlength=4)
    begin = np.searchsorted(bucket[members], bucket[members])
    first = np.where(side[members] == 0, begin + n_one[bucket[members]], last)
    found: list[CheckedPairs] = []
    n_checks = checked_pairs(slots, members, last, 3, 2, 4, is_capped, None, found.append, first)
    expected = {}
    met = 0
    for a in np.flatnonzero(side == 0):
        for b in np.flatnonzero((side == 1) & (bucket == bucket[a])):
            met += 1
            earlier = keys[a, :3] == keys[b, :3]
            if len(is_capped):
                earlier &= ~is_capped[a, :3]
            equal = int((slots[a] == slots[b]).sum())
            if equal >= 4 and not earlier.any():
                expected[int(min(a, b)), int(max(a, b))] = equal
    packed, equal = (np.concatenate(part) for part in zip(*found, strict=True))
    pairs = zip((packed >> 32).tolist(), (packed & 0xFFFFFFFF).tolist(), strict=True)
    assert dict(zip(pairs, equal.tolist(), strict=True)) == expected
    assert len(packed) == len(expected) > 20
    assert n_checks == met


@pytest.mark.parametrize("n", [1, 2, 9])
def test_rare_slots_are_those_of_all_bodies(n: int) -> None:
    rng = np.random.default_rng(n)
    bodies = rng.integers(0, 1 << 16, (900, NUM_PERM)).astype(np.uint16)
    bodies[:, ::3] = rng.integers(
        0, 13, (900, 86)
    )  # about seventy texts hold each value, some over the limit
    homes = rng.integers(0, n, 900)
    sent = [packet for home in range(n) for packet in rare.count_values(bodies[homes == home], n)]
    random.Random(n).shuffle(sent)
    told = [
        packet.table()
        for to in range(n)
        for packet in rare.find_frequent(to, [packet for packet in sent if packet.to == to])
    ]
    frequent = rare.frequent_codes(told)
    assert 300 < len(frequent) < 86 * 13
    assert np.array_equal(rare.rare_among(bodies, frequent), rare_slots(bodies))


def test_a_count_of_many_texts_is_not_cut_off() -> None:
    bodies = np.zeros((70_000, NUM_PERM), np.uint16)  # more than two bytes hold
    (packet, *_) = rare.count_values(bodies, 1)
    (told,) = rare.find_frequent(0, [packet] * 3)
    assert told.table().column("code").to_pylist() == [slot << 16 for slot in range(32)]


@pytest.mark.parametrize("n", [1, 4])
def test_sizes_of_buckets_are_those_of_a_plain_count(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are in the order of the questions, block by block, and each text finds its own."""
    monkeypatch.setattr(buckets, "_MOST_ROWS", 50)
    feed = story_feed(11, 300)
    table = feed.table()
    homes = partition_of(feed.hashes, n)
    at_home = [Sketched.of(table.filter(pa.array(homes == home))) for home in range(n)]
    sent = [packet for home in range(n) for packet in buckets.send_keys(home, at_home[home], n)]
    random.Random(n).shuffle(sent)
    cap = 60
    told = [
        packet
        for to in range(n)
        for packet in sizes.measure_buckets(
            to, [packet.table() for packet in sent if packet.to == to], [], cap, n
        )
    ]
    n_capped = 0
    for home, sketched in enumerate(at_home):
        assert (np.diff(sketched.hashes.astype(object)) > 0).all()
        mine = [packet.table() for packet in told if packet.kind == buckets.SIZES and packet.to == home]
        answers = buckets.Answers(mine)
        blocks = list(buckets.blocks(sketched, n))
        assert len(blocks) > 1
        for block, chosen in blocks:
            for kind, at in chosen.items():
                keys = feed.comparable(kind)[1].view(np.uint32)
                own = sketched.slots[kind][at].view(np.uint32)
                size = (own[:, None, :] == keys[None]).sum(axis=1)
                arranged = buckets.Arranged.of(sketched.slots[kind][at], kind, n)
                assert np.array_equal(answers.shared(block, kind, arranged), size > 1)
                capped = answers.capped(block, kind, arranged)
                text, band = np.nonzero(size > cap)
                assert np.array_equal(capped.text, text)
                assert np.array_equal(capped.band, band)
                assert np.array_equal(capped.size, size[text, band])
                assert np.array_equal(capped.is_crowded, (size > cap).sum(axis=1) > MOST_CAPPED)
                n_capped += len(text)
    assert n_capped > 100
