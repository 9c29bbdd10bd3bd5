"""What lies between the confirmed edges and the clusters: windows, relations."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.relation import BRIEF_RUNS, CUT, REWRITE, VERBATIM, VERSION, relations
from dedup.engines.pairs import near_groups

NEVER = np.iinfo(np.int64).max


@given(st.lists(st.lists(st.integers(0, 60), max_size=4), min_size=2, max_size=4), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_groups_within_the_window_are_found_by_search(texts, window):
    """Each text is a list of times; none means that it has no date."""
    first, last, starts = [], [], [0]
    for times in texts:
        groups: list[list[int]] = []
        for time in sorted(times):
            if groups and time - groups[-1][-1] <= window:
                groups[-1].append(time)
            else:
                groups.append([time])
        first += [group[0] for group in groups] or [NEVER]
        last += [group[-1] for group in groups] or [UNKNOWN]
        starts.append(len(first))
    edges = [(a, b) for a in range(len(texts)) for b in range(a + 1, len(texts))]
    left, right = np.array(edges).T
    a, b, edge = near_groups(left, right, np.array(starts), np.array([first, last]), window)
    expected = [
        (mine, theirs, number)
        for number, (x, y) in enumerate(edges)
        for mine in range(starts[x], starts[x + 1])
        for theirs in range(starts[y], starts[y + 1])
        if UNKNOWN in (last[mine], last[theirs])
        or max(first[mine], first[theirs]) - min(last[mine], last[theirs]) <= window
    ]
    assert list(zip(a.tolist(), b.tolist(), edge.tolist(), strict=True)) == expected


RUNS = st.dictionaries(st.integers(0, 30), st.booleans(), max_size=30)


@given(st.lists(st.tuples(RUNS, st.sets(st.integers(0, 12))), min_size=2, max_size=4))
@settings(max_examples=300, deadline=None)
def test_relations_equal_their_definition(texts):
    """Each text is its runs, with whether they stand outside furniture, and its words."""

    def relation(a, b):
        x, y = (
            runs if sum(runs.values()) < BRIEF_RUNS else {run for run in runs if runs[run]}
            for runs in (texts[a][0], texts[b][0])
        )
        fewer, more = sorted((len(x), len(y)))
        if fewer >= BRIEF_RUNS:
            share = len(set(x) & set(y)) / fewer
            if share >= 0.85 and fewer >= 0.85 * more:
                return VERBATIM
            return CUT if share >= 0.7 else VERSION if share >= 0.3 else REWRITE
        x, y = texts[a][1], texts[b][1]
        fewer, more = sorted((len(x), len(y)))
        share = len(x & y) / max(fewer, 1)
        if share == 1 and fewer == more:
            return VERBATIM
        return REWRITE if share < 0.88 else CUT if fewer < 0.9 * more else VERSION

    runs = [sorted(runs.items()) for runs, _ in texts]
    words = [sorted(words) for _, words in texts]
    documents = SimpleNamespace(
        runs=np.array([run for one in runs for run, _ in one], np.uint32),
        run_flags=np.array([is_open for one in runs for _, is_open in one], np.uint8),
        run_offsets=np.cumsum([0, *map(len, runs)]),
        words=np.array([word for one in words for word in one], np.uint32),
        word_offsets=np.cumsum([0, *map(len, words)]),
    )
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(len(texts)), np.arange(len(texts))))
    expected = [VERBATIM if x == y else relation(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert relations(documents, a, b).tolist() == expected
