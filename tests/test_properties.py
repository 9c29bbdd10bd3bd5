"""What holds for any input, stage by stage: words, sketches, bands, the catalog, the clusters of a feed."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import Index
from dedup.index.store import IndexStore
from dedup.sketch.bands import candidate_pairs
from dedup.sketch.minhash import EMPTY_SLOT, Shingles, signatures
from dedup.text.words import tokenize
from tests.test_store import add
from tests.test_words import ASSIGNED, reference, reference_word_hash, words_of

any_text = st.text(st.one_of(st.sampled_from("ab1 .,'\n-"), st.sampled_from(ASSIGNED)), max_size=40)
whole_text = any_text.filter(lambda text: not any(dots in text for dots in ("…", "...")))
"""Without an ellipsis, before which the last word of a text is not read."""

# ---------------------------------------------------------------- words


@settings(max_examples=200, deadline=None)
@given(whole_text, whole_text)
def test_the_words_of_two_paragraphs_are_those_of_each(one: str, other: str) -> None:
    parts, whole = tokenize(pa.array([one, other])), tokenize(pa.array([f"{one}\n{other}"]))
    assert whole.hashes.tolist() == parts.hashes.tolist()
    assert whole.flags.tolist() == parts.flags.tolist()


@settings(max_examples=200, deadline=None)
@given(whole_text)
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = [word for word, _ in reference(text)]
    assert words_of(" ".join(folded)) == [reference_word_hash(word) for word in folded] == words_of(text)


# ---------------------------------------------------------------- sketches

shingle_sets = st.sets(st.integers(0, 2**32 - 1) | st.integers(0, 20), max_size=40)


def signed(*sets: set[int]) -> NDArray[np.uint32]:
    hashes = np.array([one for each in sets for one in sorted(each)], np.uint32)
    return signatures(Shingles(hashes, np.cumsum([0, *map(len, sets)])))


@settings(max_examples=100, deadline=None)
@given(shingle_sets, shingle_sets)
def test_the_signature_of_a_union_is_the_least_of_both(one: set[int], other: set[int]) -> None:
    left, right, union = signed(one, other, one | other)
    assert np.array_equal(union, np.minimum(left, right))
    assert (left == EMPTY_SLOT).all() == (not one)


# ---------------------------------------------------------------- bands


@st.composite
def signature_tables(draw: st.DrawFn) -> tuple[NDArray[np.uint32], int]:
    """Few different values, so that anything collides with anything; some rows are of empty sets."""
    rows, bands = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    n = draw(st.integers(0, 14))
    values = st.lists(st.integers(0, 2), min_size=rows * bands, max_size=rows * bands)
    table = draw(st.lists(values, min_size=n, max_size=n))
    out = np.array(table, np.uint32).reshape(n, rows * bands)
    out[draw(st.lists(st.integers(0, n - 1), max_size=2)) if n else []] = EMPTY_SLOT
    return out, rows


@settings(max_examples=150, deadline=None)
@given(signature_tables(), st.integers(0, 6))
def test_candidate_pairs_are_those_of_the_definition(
    case: tuple[NDArray[np.uint32], int], least: int
) -> None:
    table, rows = case
    found = candidate_pairs(
        table, rows=rows, min_equal=least, cap=100, order=np.arange(len(table), dtype=np.uint64)
    )
    expected = []
    for a, b in combinations(range(len(table)), 2):
        if (table[a] == EMPTY_SLOT).all() or (table[b] == EMPTY_SLOT).all():
            continue
        equal = table[a] == table[b]
        if equal.reshape(-1, rows).all(axis=1).any() and equal.sum() >= least:
            expected.append((a, b, int(equal.sum())))
    assert list(zip(found.left.tolist(), found.right.tolist(), found.equal.tolist(), strict=True)) == expected


@settings(max_examples=100, deadline=None)
@given(signature_tables(), st.integers(2, 4), st.randoms(use_true_random=False))
def test_capped_buckets_give_the_same_pairs_in_any_order(
    case: tuple[NDArray[np.uint32], int], cap: int, random: Any
) -> None:
    table, rows = case
    turn = list(range(len(table)))
    random.shuffle(turn)
    keys = np.arange(len(table), dtype=np.uint64)

    def pairs(places: list[int]) -> set[tuple[int, int]]:
        mine = np.array(places, np.int64)
        found = candidate_pairs(
            np.ascontiguousarray(table[mine]), rows=rows, min_equal=1, cap=cap, order=keys[mine]
        )
        ends = zip(mine[found.left].tolist(), mine[found.right].tolist(), strict=True)
        return {(min(pair), max(pair)) for pair in ends}

    assert pairs(turn) == pairs(sorted(turn))


# ---------------------------------------------------------------- the catalog

any_string = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30
)
stored = st.fixed_dictionaries(
    {"id": any_string, "title": any_string},
    optional={
        name: any_string for name in ("outlet", "url", "text", "byline", "place", "credit", "language")
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(stored, min_size=1, max_size=12, unique_by=lambda record: record["id"]))
def test_the_catalog_gives_back_any_string(records: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "i"
        with IndexStore.create(path, durable=False) as store:
            assert add(store, *records).added == len(records)
        with IndexStore.open(path) as store, store.snapshot() as view:
            for record in records:
                same = [one for one in map(view.article, view.find(record["id"])) if one.id == record["id"]]
                assert len(same) == 1
                for name, value in record.items():
                    assert getattr(same[0], name) == value, name


# ---------------------------------------------------------------- the clusters of a feed

_SENTENCES = [
    f"{who} {did} {what} near {where} on {day}, {said} the {office} of {town}."
    for who, did, what, where, day, said, office, town in zip(
        (
            "Two farmers",
            "The mayor",
            "A tanker",
            "Students",
            "Nine divers",
            "An auditor",
            "The orchestra",
            "Bees",
        ),
        ("found", "opened", "rammed", "occupied", "mapped", "rejected", "cancelled", "swarmed over"),
        ("a cannon", "a tunnel", "a pier", "a library", "a wreck", "the budget", "its tour", "a tram"),
        ("Orsk", "Lugano", "Cardiff", "Lille", "Bergen", "Porto", "Graz", "Turku"),
        ("Monday", "Tuesday", "Friday", "Sunday", "Thursday", "Saturday", "Wednesday", "Easter"),
        ("wrote", "announced", "admitted", "told", "reported", "claimed", "confirmed", "explained"),
        ("museum", "council", "harbour", "rectorate", "institute", "treasury", "agent", "zoo"),
        ("Velm", "Castra", "Nordby", "Quell", "Ambra", "Tiersen", "Lomza", "Hanko"),
        strict=True,
    )
]


@st.composite
def feeds(draw: st.DrawFn) -> list[dict[str, Any]]:
    chosen = st.lists(st.integers(0, 7), min_size=1, max_size=6)
    texts = draw(st.lists(chosen, min_size=2, max_size=10))
    return [
        {
            "id": str(k),
            "outlet": f"Outlet {draw(st.integers(0, 3))}",
            "title": " ".join(_SENTENCES[text[0]].split()[:4]),
            "text": " ".join(_SENTENCES[one] for one in text),
            "published": draw(st.none() | st.just(f"2025-03-{k + 1:02d}")),
        }
        for k, text in enumerate(texts)
    ]


def members_of(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with Index.temporary() as index:
        index.add(records)
        rows: list[dict[str, Any]] = index.report().members.to_pylist()
    # Where a record stood in its feed is another matter.
    return [{name: value for name, value in row.items() if name not in ("file", "line")} for row in rows]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(feeds(), st.randoms(use_true_random=False))
def test_clusters_are_whole_and_do_not_depend_on_the_order_of_a_feed(
    records: list[dict[str, Any]], random: Any
) -> None:
    rows = members_of(records)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert members_of(shuffled) == rows
    articles = [row["article_id"] for row in rows]
    assert len(set(articles)) == len(articles)
    for cluster in {row["cluster_id"] for row in rows}:
        mine = [row for row in rows if row["cluster_id"] == cluster]
        assert len(mine) == mine[0]["size"] >= 2
        assert {row["canonical_id"] for row in mine} <= {row["article_id"] for row in mine}
        assert len({row["canonical_id"] for row in mine}) == 1
        assert all(0 <= row["score"] <= 1 for row in mine if row["score"] is not None)
