"""Clusters: the core rule, composites, canonical articles, continuity."""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.cluster import split
from dedup.cluster.canonical import UNKNOWN, choose_canonical, plausible_times
from dedup.cluster.composite import find_composites
from dedup.cluster.continuity import cluster_events
from dedup.cluster.graph import Graph
from dedup.cluster.split import split_components

LEAST = 100


def graph_of(n: int, edges: dict[tuple[int, int], int], keys=None, copies=None, units=None) -> Graph:
    pairs = sorted(edges)
    left, right = (np.array([p[i] for p in pairs], np.int64) for i in (0, 1))
    return Graph(
        np.arange(n, dtype=np.int64) if keys is None else np.array(keys, np.int64),
        np.ones(n, np.int64) if copies is None else np.array(copies, np.int64),
        np.full(n, 100, np.int64) if units is None else np.array(units, np.int64),
        left,
        right,
        np.array([edges[p] for p in pairs], np.int64),
        LEAST,
    )


def scorer(scores: dict[tuple[int, int], int]):
    def score(left, right):
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([scores.get((min(a, b), max(a, b)), 0) for a, b in pairs], np.int64)

    return score


def slow_clusters(
    n: int, edges: dict[tuple[int, int], int], scores: dict[tuple[int, int], int]
) -> set[frozenset[int]]:
    """The core rule, written as its definition reads."""
    known = {**scores, **edges}
    core_of: dict[int, int] = {}

    def component(start: int, among: set[int]) -> set[int]:
        reached, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            for a, b in edges:
                for x, y in ((a, b), (b, a)):
                    if x == node and y in among and y not in reached:
                        reached.add(y)
                        waiting.append(y)
        return reached

    def cluster(among: set[int]) -> None:
        while among:
            group = component(min(among), among)
            among = among - group
            if len(group) == 1:
                continue
            total: dict[int, int] = defaultdict(int)
            for (a, b), weight in edges.items():
                if a in group and b in group:
                    total[a] += weight - LEAST + 1
                    total[b] += weight - LEAST + 1
            core = min(group, key=lambda node: (-total[node], node))
            stays = {m for m in group if m == core or known.get((min(m, core), max(m, core)), 0) >= LEAST}
            core_of.update(dict.fromkeys(stays, core))
            cluster(group - stays)

    cluster(set(range(n)))
    cores = set(core_of.values())
    nearest = dict(core_of)
    for node, core in core_of.items():
        if node not in cores:
            best = known[min(node, core), max(node, core)]
            for other in sorted(cores):
                weight = edges.get((min(node, other), max(node, other)), 0)
                if weight > best:
                    best, nearest[node] = weight, other
    found = {frozenset(node for node in nearest if nearest[node] == core) for core in cores}
    return {group for group in found if len(group) > 1}


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 9))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    edges = {p: draw(st.integers(LEAST, LEAST + 50)) for p in pairs if draw(st.integers(0, 3)) == 0}
    scores = {p: draw(st.sampled_from([0, LEAST - 1, LEAST, LEAST + 30])) for p in pairs if p not in edges}
    return n, edges, scores


def groups(cores: np.ndarray) -> set[frozenset[int]]:
    members: dict[int, set[int]] = defaultdict(set)
    for node, core in enumerate(cores.tolist()):
        members[core].add(node)
    return {frozenset(group) for group in members.values() if len(group) > 1}


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_core_rule_equals_its_definition(case):
    n, edges, scores = case
    found = split_components(graph_of(n, edges), scorer(scores))
    assert groups(found.cores) == slow_clusters(n, edges, scores)


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_clusters_do_not_depend_on_the_order_of_nodes(case, random):
    n, edges, scores = case
    plain = groups(split_components(graph_of(n, edges), scorer(scores)).cores)
    place = list(range(n))
    random.shuffle(place)  # node i is called place[i], its key stays i

    def renamed(pairs):
        return {tuple(sorted((place[a], place[b]))): w for (a, b), w in pairs.items()}

    keys = [place.index(node) for node in range(n)]
    moved = split_components(graph_of(n, renamed(edges), keys), scorer(renamed(scores)))
    assert {frozenset(place.index(node) for node in group) for group in groups(moved.cores)} == plain


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_member_reaches_the_threshold_against_its_core(case):
    n, edges, scores = case
    found = split_components(graph_of(n, edges), scorer(scores))
    known = {**scores, **edges}
    for node, core in enumerate(found.cores.tolist()):
        if node != core:
            assert known[min(node, core), max(node, core)] >= LEAST
            assert found.sums[node] == known[min(node, core), max(node, core)]


def test_a_chain_of_500_revisions_falls_into_clusters_of_radius_one_that_stay_linked():
    n = 500
    edges = {(i, i + 1): LEAST + 10 for i in range(n - 1)} | {(i, i + 2): LEAST for i in range(n - 2)}
    found = split_components(graph_of(n, edges), scorer({}))
    for group in groups(found.cores):
        core = found.cores[min(group)]
        assert max(abs(node - core) for node in group) <= 2
    assert len(groups(found.cores)) >= 100
    assert len(found.links[0]) >= 99


def chain(n: int) -> Graph:
    """Each text like the next, and the later the more: its cores are found one after the other."""
    left = np.arange(n - 1, dtype=np.int64)
    ones = np.ones(n, np.int64)
    return Graph(np.arange(n, dtype=np.int64), ones, 100 * ones, left, left + 1, LEAST + left, LEAST)


def test_the_time_of_a_chain_grows_with_its_length_not_its_square():
    def unlike(left, right):
        asked.append(len(left))
        return np.zeros(len(left), np.int64)

    times = []
    for n in (20_000, 20_000, 200_000):  # the first call compiles
        asked: list[int] = []
        began = time.process_time()
        found = split_components(chain(n), unlike)
        times.append(time.process_time() - began)
        assert sum(asked) <= split.MOST_ROUNDS * n
        sizes = np.bincount(found.cores)
        assert sizes.max() == 3  # a core and its two neighbours
        assert found.rounds == split.MOST_ROUNDS + 1
    assert times[2] <= 40 * times[1]  # 10 to 20 where caches are small, 100 for the square


@given(graphs(), st.integers(0, 2))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_the_last_round_edges_decide_alike(monkeypatch, case, most_rounds):
    n, edges, _ = case
    with monkeypatch.context() as patch:
        patch.setattr(split, "MOST_ROUNDS", most_rounds)
        found = split_components(graph_of(n, edges), scorer({}))
    assert groups(found.cores) == slow_clusters(n, edges, {})
    for node, core in enumerate(found.cores.tolist()):
        assert node == core or found.sums[node] == edges[min(node, core), max(node, core)]


def test_copies_count_when_the_core_is_chosen():
    # 1 and 2 have equal edges; text 3, which only 2 is like, is carried by nine articles.
    edges = {(0, 1): LEAST, (0, 2): LEAST, (1, 2): LEAST, (2, 3): LEAST, (1, 4): LEAST}
    found = split_components(graph_of(5, edges, copies=[1, 1, 1, 9, 1]), scorer({}))
    assert found.cores[3] == 2
    assert found.cores[0] == 2


def test_a_round_up_of_five_strangers_is_a_composite():
    # 0 holds 1..5, and 6 is another printing of the round-up.
    edges = {(0, k): LEAST + 5 for k in range(1, 7)} | {(k, 6): LEAST + 5 for k in range(1, 6)}
    graph = graph_of(7, edges, units=[400, 80, 80, 80, 80, 80, 405])
    assert find_composites(graph, scorer({})).tolist() == [True, False, False, False, False, False, True]


def test_three_cuts_of_one_story_do_not_make_a_composite():
    # The cuts share no passage but their names: a likeness of 400 thousandths.
    edges = {(0, k): LEAST + 5 for k in range(1, 4)}
    likeness = {(a, b): 400 for a in range(1, 4) for b in range(a + 1, 4)}
    graph = graph_of(4, edges, units=[400, 120, 120, 120])
    assert not find_composites(graph, scorer(likeness)).any()


@st.composite
def round_ups(draw):
    n = draw(st.integers(4, 9))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    edges = {p: LEAST for p in pairs if draw(st.booleans())}
    units = [draw(st.sampled_from([60, 70, 300, 500])) for _ in range(n)]
    likeness = {p: draw(st.sampled_from([0, 199, 200, 900])) for p in pairs}
    return n, edges, units, likeness


def connected(nodes: list[int], pairs: dict[tuple[int, int], int]) -> list[list[int]]:
    label = {node: node for node in nodes}
    for _ in nodes:
        for a, b in pairs:
            if a in label and b in label:
                label[a] = label[b] = min(label[a], label[b])
    return [[node for node in nodes if label[node] == one] for one in sorted(set(label.values()))]


@given(round_ups())
@settings(max_examples=300, deadline=None)
def test_composites_equal_their_definition(case):
    n, edges, units, likeness = case
    alike = {pair: total for pair, total in likeness.items() if total >= 200}
    expected = []
    for node in range(n):
        near = [a + b - node for a, b in edges if node in (a, b)]
        held = [other for other in near if units[other] <= 0.8 * units[node]]
        heads = [min(group, key=lambda one: (-units[one], one)) for group in connected(held, edges)]
        expected.append(len(heads) >= 3 and len(connected(heads, alike)) >= 3)
    assert find_composites(graph_of(n, edges, units=units), scorer(likeness)).tolist() == expected


HOUR, DAY = 3_600, 86_400


def canonical(times, precisions, own=None, lengths=None):
    n = len(times)
    rows = choose_canonical(
        np.zeros(n, np.int64),
        np.array(times, np.int64),
        np.array(precisions, np.int64),
        np.array(own or [False] * n),
        np.array(lengths or [100] * n, np.int64),
        np.arange(n, dtype=np.int64),
    )
    return rows.tolist()


@pytest.mark.parametrize(
    ("times", "precisions", "own", "lengths", "expected"),
    [
        ([10 * DAY + HOUR, 10 * DAY], [1, 1], None, None, 1),  # the earliest
        ([UNKNOWN, 10 * DAY], [1, 1], None, None, 1),  # a missing date never wins
        ([UNKNOWN, UNKNOWN], [1, 1], None, [80, 200], 1),  # no dates at all: the longest
        ([10 * DAY, 10 * DAY + HOUR], [DAY, 1], None, [80, 200], 1),  # the same day: neither precedes
        ([11 * DAY, 10 * DAY + HOUR], [DAY, 1], None, [900, 80], 1),  # a later day: it does
        ([10 * DAY, 10 * DAY], [1, 1], [False, True], [900, 80], 1),  # the agency's own before the longest
        ([10 * DAY, 10 * DAY], [1, 1], None, [80, 80], 0),  # the smaller key
        # Within one day, the article that is certainly preceded by another does not win by length.
        ([10 * DAY, 10 * DAY + HOUR, 10 * DAY + 2 * HOUR], [DAY, 1, 1], None, [50, 60, 900], 1),
    ],
)
def test_the_canonical_article(times, precisions, own, lengths, expected):
    assert canonical(times, precisions, own, lengths) == [expected]


def test_implausible_times_count_as_missing():
    assert plausible_times(np.array([0, -9_000_000_000, 5], np.int64)).tolist() == [UNKNOWN, UNKNOWN, 5]


def events_between(old: dict[int, str], new: dict[int, str]) -> list[tuple[str | None, str | None, str]]:
    sides = [(np.array(list(run), np.int64), pa.array(run.values(), pa.string())) for run in (old, new)]
    return [tuple(row.values()) for row in cluster_events(*sides[0], *sides[1]).to_pylist()]


def slow_events(old: dict[int, str], new: dict[int, str]) -> set[tuple[str | None, str | None, str]]:
    """What became of each cluster, as the definition reads."""
    before, after = defaultdict(set), defaultdict(set)
    for run, sets in ((old, before), (new, after)):
        for key, name in run.items():
            sets[name].add(key)
    heir = {o: min((-len(before[o] & after[n]), n) for n in after) for o in before if after}
    heir = {o: n for o, (shared, n) in heir.items() if shared}
    events = {(o, None, "gone") for o in before if o not in heir}
    for n in after:
        parents = [o for o in heir if heir[o] == n]
        sources = [o for o in before if before[o] & after[n]]
        if not sources:
            events.add((None, n, "born"))
        elif not parents:
            events |= {(o, n, "split") for o in sources}
        elif len(parents) > 1:
            events |= {(o, n, "merged") for o in parents}
        else:
            was = before[parents[0]]
            events |= {(parents[0], n, "grown")} if after[n] - was else set()
            events |= {(parents[0], n, "shrunk")} if was - after[n] else set()
            events |= {(parents[0], n, "renamed")} if was == after[n] and parents[0] != n else set()
    return events


RUNS = st.dictionaries(st.integers(0, 12), st.sampled_from("abcde"), max_size=10)


@given(RUNS, RUNS)
@settings(max_examples=300, deadline=None)
def test_events_equal_their_definition(old, new):
    events = events_between(old, new)
    assert set(events) == slow_events(old, new)
    assert events == sorted(events, key=lambda row: (row[2], row[0] or "", row[1] or ""))


def test_events_between_runs():
    old = {1: "a", 2: "a", 3: "b", 4: "b", 5: "c", 6: "c", 10: "d", 11: "d", 12: "d", 13: "d"}
    new = {
        1: "a",
        2: "a",
        7: "a",
        3: "b",
        4: "b",
        5: "b",
        6: "b",
        8: "e",
        9: "e",
        10: "d",
        11: "d",
        12: "f",
        13: "f",
    }
    assert set(events_between(old, new)) == {
        ("a", "a", "grown"),
        ("b", "b", "merged"),
        ("c", "b", "merged"),
        (None, "e", "born"),
        ("d", "d", "shrunk"),
        ("d", "f", "split"),
    }
    assert events_between(new, new) == []
    assert events_between({1: "a", 2: "a"}, {}) == [("a", None, "gone")]
