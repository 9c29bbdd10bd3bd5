"""Texts connected by confirmed edges get the smallest hash among them, however large, however they lie."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dedup.engines.spark.components import LABEL, LABEL_SCHEMA, MOST_ON_DRIVER, find_labels
from dedup.engines.spark.forest import (
    COUNT,
    DOWN,
    EDGE,
    EDGE_SCHEMA,
    UP,
    distinct,
    hashes_of,
    spanning_forest,
    total,
)
from dedup.engines.spark.packets import Hashes, Ints, Kernel, Packet, addressed, partition_of
from dedup.engines.spark.runner import InProcess

LEAST = 500
ROUNDS = 0
WAYS = pytest.mark.parametrize("most_on_driver", [MOST_ON_DRIVER, ROUNDS], ids=["driver", "rounds"])
PARTITIONS = pytest.mark.parametrize("n_partitions", [1, 3, 7])


class Graph:
    """Edges between n texts whose hashes are random over all 64 bits."""

    def __init__(
        self, n: int, left: Sequence[int] | Ints, right: Sequence[int] | Ints, seed: int = 0
    ) -> None:
        self.rng = np.random.default_rng(seed)
        drawn = np.unique(self.rng.integers(0, 2**64, n + 9, dtype=np.uint64))
        self.hashes: Hashes = self.rng.permutation(drawn)[:n]
        self.left, self.right = np.asarray(left, np.int64), np.asarray(right, np.int64)

    def packets(self, n_partitions: int, sums: Ints | int = LEAST, pieces: int = 3) -> list[Packet]:
        """Return the edges in packets, shuffled, in several for each partition."""
        ends = np.sort(np.stack([self.hashes[self.left], self.hashes[self.right]]), axis=0)
        table = pa.table(
            [
                ends[0].view(np.int64),
                ends[1].view(np.int64),
                np.broadcast_to(sums, len(self.left)),
                np.zeros(len(self.left), np.int8),
            ],
            schema=EDGE_SCHEMA,
        )
        mixed = self.rng.permutation(len(self.left))
        made: list[Packet] = []
        for rows in np.array_split(mixed, pieces):
            some = table.take(pa.array(rows))
            made += addressed(EDGE, some, partition_of(hashes_of(some, "left"), n_partitions))
        return [made[i] for i in self.rng.permutation(len(made))]

    def expected(self, counts: np.ndarray | slice = slice(None)) -> dict[int, int]:
        """Return the smallest hash of the component of each text with an edge, as scipy finds it."""
        left, right, n = self.left[counts], self.right[counts], len(self.hashes)
        _, label = connected_components(coo_array((np.ones(len(left)), (left, right)), shape=(n, n)))
        smallest = np.full(n, np.iinfo(np.uint64).max)
        np.minimum.at(smallest, label, self.hashes)
        used = np.union1d(left, right)
        return dict(zip(self.hashes[used].tolist(), smallest[label[used]].tolist(), strict=True))


def labels(runner: InProcess, stage: str) -> dict[int, int]:
    """Return the label of each text; every text once, at its home."""
    packets = runner.kept[stage]
    assert {packet.kind for packet in packets} <= {LABEL}
    for packet in packets:
        home = partition_of(hashes_of(packet.table(), "hash"), runner.n_partitions)
        assert (home == packet.to).all()
    table = pa.concat_tables([LABEL_SCHEMA.empty_table(), *(packet.table() for packet in packets)])
    found = dict(zip(hashes_of(table, "hash").tolist(), hashes_of(table, "label").tolist(), strict=True))
    assert len(found) == table.num_rows
    return found


def run(packets: list[Packet], n_partitions: int, most_on_driver: int) -> tuple[InProcess, dict[int, int]]:
    runner = InProcess(n_partitions)
    runner.kept["confirm"] = packets
    return runner, labels(runner, find_labels(runner, ("confirm", (EDGE,)), LEAST, most_on_driver))


def rounds(runner: InProcess) -> int:
    return sum(name.startswith("small-star-") for name in runner.kept)


def path(n: int, seed: int = 0) -> Graph:
    return Graph(n, np.arange(n - 1), np.arange(1, n), seed)


def star(n: int, seed: int = 0) -> Graph:
    return Graph(n, np.zeros(n - 1, np.int64), np.arange(1, n), seed)


def clique(n: int) -> Graph:
    left, right = np.triu_indices(n, 1)
    return Graph(n, left, right)


def sparse(n: int, m: int, seed: int) -> Graph:
    ends = np.random.default_rng(seed).integers(0, n, (2, m))
    return Graph(n, *np.unique(np.sort(ends[:, ends[0] != ends[1]], axis=0), axis=1), seed)


@WAYS
@PARTITIONS
@pytest.mark.parametrize(
    "graph",
    [
        path(2), path(3), path(300), star(300), clique(40),
        Graph(6, [0, 1, 3, 4], [1, 2, 4, 5]),
        sparse(400, 100, 1), sparse(400, 200, 2), sparse(400, 400, 3), sparse(400, 3_000, 4),
    ],
    ids=["pair", "three", "path", "star", "clique", "two", "sparse", "critical", "giant", "dense"],
)  # fmt: skip
def test_the_label_of_a_text_is_the_smallest_hash_it_is_connected_to(
    graph: Graph, n_partitions: int, most_on_driver: int
) -> None:
    _, found = run(graph.packets(n_partitions), n_partitions, most_on_driver)
    assert found == graph.expected()


@WAYS
def test_hashes_are_ordered_without_sign(most_on_driver: int) -> None:
    graph = path(3)
    graph.hashes = np.array([2**63 + 5, 7, 2**64 - 1], np.uint64)
    _, found = run(graph.packets(3), 3, most_on_driver)
    assert found == {2**63 + 5: 7, 7: 7, 2**64 - 1: 7}


@WAYS
def test_an_edge_below_the_least_sum_connects_nothing(most_on_driver: int) -> None:
    graph = sparse(300, 600, 5)
    sums = np.random.default_rng(6).integers(LEAST - 3, LEAST + 3, len(graph.left))
    _, found = run(graph.packets(7, sums), 7, most_on_driver)
    assert found == graph.expected(sums >= LEAST)
    assert len(found) < len(graph.expected())


@WAYS
@pytest.mark.parametrize("m", [0, 40], ids=["none", "all too low"])
def test_without_edges_there_are_no_labels(most_on_driver: int, m: int) -> None:
    graph = path(m + 1)
    runner, found = run(graph.packets(3, LEAST - 1), 3, most_on_driver)
    assert found == {}
    assert not rounds(runner)


@WAYS
def test_the_order_of_packets_does_not_change_a_byte(most_on_driver: int) -> None:
    graph = sparse(500, 600, 7)
    packets = graph.packets(7)
    once, _ = run(packets, 7, most_on_driver)
    again, _ = run(packets[::-1], 7, most_on_driver)
    del once.kept["confirm"], again.kept["confirm"]
    assert once.kept == again.kept


@PARTITIONS
def test_a_partition_sends_fewer_arcs_than_it_has_texts(n_partitions: int) -> None:
    graph = clique(60)
    runner = InProcess(n_partitions)
    runner.kept["confirm"] = graph.packets(n_partitions)
    runner.stage("forest", [("confirm", (EDGE,))], partial(spanning_forest, LEAST, n_partitions))
    n_arcs = total(runner.collect("forest", COUNT))
    n_edges = len(graph.left)
    assert n_arcs <= n_partitions * 59 < n_edges
    for kind in (DOWN, UP):
        assert sum(table.num_rows for table in runner.collect("forest", kind)) == n_arcs


def test_the_driver_collects_arcs_only_while_they_fit() -> None:
    graph = path(100)
    collected: list[str] = []

    class Watched(InProcess):
        def collect(self, stage: str, kind: str) -> list[pa.Table]:
            collected.append(kind)
            tables = super().collect(stage, kind)
            assert len(tables) <= self.n_partitions  # a header each: not one for every pair of partitions
            return tables

    for most, kinds in ((99, {COUNT, UP}), (98, {COUNT})):
        collected.clear()
        runner = Watched(7)
        runner.kept["confirm"] = graph.packets(7)
        assert labels(runner, find_labels(runner, ("confirm", (EDGE,)), LEAST, most)) == graph.expected()
        assert set(collected) == kinds
        assert bool(rounds(runner)) == (most == 98)


class Keeping(InProcess):
    """Drops nothing."""

    def drop(self, stage: str, kinds: Sequence[str]) -> None:
        assert stage in self.kept


@pytest.mark.parametrize(
    ("graph", "most"),
    [(path(100_000), 13), (star(100_000), 2), (sparse(100_000, 100_000, 8), 5)],
    ids=["path", "star", "random"],
)
def test_a_hundred_thousand_texts_take_few_rounds(graph: Graph, most: int) -> None:
    runner = Keeping(8)
    runner.kept["confirm"] = graph.packets(8)
    found = labels(runner, find_labels(runner, ("confirm", (EDGE,)), LEAST, ROUNDS))
    assert found == graph.expected()
    assert rounds(runner) <= most
    for name in filter(lambda name: "-star-" in name, runner.kept):
        down = [packet.table() for packet in runner.kept[name] if packet.kind == DOWN]
        assert sum(table.num_rows for table in down) <= len(graph.left)  # no round makes an arc more
        for table in down:
            at, other = hashes_of(table, "at"), hashes_of(table, "other")
            assert (other < at).all()
            assert len(distinct(at, other)[0]) == len(at)


def test_what_lies_at_one_partition_takes_no_round() -> None:
    runner, _ = run(path(1_000).packets(1), 1, ROUNDS)
    assert "large-star-001" in runner.kept
    assert not rounds(runner)


def test_of_the_rounds_only_the_last_arcs_are_kept() -> None:
    runner, _ = run(path(2_000).packets(7), 7, ROUNDS)
    assert rounds(runner) > 3
    holding = [name for name, packets in runner.kept.items() if {p.kind for p in packets} & {DOWN, UP}]
    assert holding == ["forest", f"small-star-{rounds(runner):03}"]


class KilledError(Exception):
    """The driver is no more."""


class Killable(InProcess):
    """Takes what is committed as it is, and is killed once it ran so many stages."""

    def __init__(self, n_partitions: int, kept: dict[str, list[Packet]], lives: int) -> None:
        super().__init__(n_partitions)
        self.kept, self.lives, self.ran = kept, lives, list[str]()

    def stage(
        self, name: str, inputs: Sequence[tuple[str, Sequence[str]]], kernel: Kernel, *, exchange: bool = True
    ) -> None:
        if name in self.kept:
            return
        if len(self.ran) == self.lives:
            raise KilledError
        super().stage(name, inputs, kernel, exchange=exchange)
        self.ran.append(name)


@WAYS
def test_a_round_that_was_committed_is_not_run_again_after_a_kill(most_on_driver: int) -> None:
    graph = path(2_000, seed=9)
    packets = graph.packets(7)
    whole, expected = run(packets, 7, most_on_driver)
    kept, ran = {"confirm": packets}, list[str]()
    while True:
        runner = Killable(7, kept, lives=1)
        try:
            stage = find_labels(runner, ("confirm", (EDGE,)), LEAST, most_on_driver)
        except KilledError:
            assert len(runner.ran) == 1
            ran += runner.ran
            continue
        ran += runner.ran
        break
    assert ran == [name for name in whole.kept if name != "confirm"]
    assert len(ran) == len(set(ran)) >= (2 if most_on_driver else 12)
    assert labels(runner, stage) == expected == graph.expected()
