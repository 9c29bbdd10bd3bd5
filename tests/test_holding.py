"""Rows in memory tell what an index snapshot of the same articles tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup import Index
from dedup.engines.corpus import Corpus, distinct_texts, load_corpus, node_texts, outlet_numbers
from dedup.engines.holding import HeldRows, Holding
from dedup.engines.outlets import own_sites
from dedup.engines.placeholders import find_placeholders
from dedup.engines.rubrics import find_rubrics
from dedup.index.parts import PART_SCHEMA
from dedup.index.reporting import cluster_ids, composite_table
from dedup.index.session import silent
from dedup.settings import Settings
from tests.feeds import feed, story

FIELDS = ("id", "outlet", "url", "title", "text", "published")
GONE = " ".join(story(7, 2))


def records() -> list[dict[str, Any]]:
    """Stories, one headline of an outlet on five days, pages without their article, an agency's own page."""
    made = feed()
    for number in range(5):
        made.append(
            {"id": f"rubric {number}", "outlet": "Daily", "title": "Harbour Notes", "text": None,
             "published": f"2025-03-0{number + 1}T06:00:00Z"}
        )  # fmt: skip
    for number in range(12):
        made.append(
            {"id": f"gone {number}", "outlet": f"Paper {number % 3}", "title": story(90 + number, 1)[0],
             "text": GONE, "published": "2025-03-02T06:00:00Z"}
        )  # fmt: skip
    made.append(
        {"id": "home", "outlet": "AP News", "url": "https://apnews.com/1", "title": "Home", "text": GONE}
    )
    return made


@dataclass(frozen=True)
class Both:
    """The same articles in an index of three parts, with a superseded row, and in memory."""

    index: Index
    snapshot: Holding
    corpus: Corpus
    held: HeldRows
    held_corpus: Corpus


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    made = records()
    third = len(made) // 3
    with Index.temporary() as index:
        for some in (made[:third], made[third : 2 * third], made[2 * third :]):
            index.add(pa.Table.from_pylist(some, schema=pa.schema(dict.fromkeys(FIELDS, pa.string()))))
        index.add(pa.Table.from_pylist([{**made[0], "title": "Another one altogether"}]), on_change="replace")
        with index._store.snapshot() as snapshot:
            corpus = load_corpus(snapshot)
            table = snapshot.rows_at(corpus.part, corpus.row)
            place = np.arange(len(corpus))
            assert len(snapshot.parts) == 4
            assert sum(part.rows for part in snapshot.parts) == len(corpus) + 1
            yield Both(
                index, snapshot, corpus,
                HeldRows(table), replace(corpus, part=np.zeros_like(place), row=place),
            )  # fmt: skip


def test_outlets_are_told_apart_alike(both: Both) -> None:
    numbers = outlet_numbers(both.snapshot, both.corpus), outlet_numbers(both.held, both.held_corpus)
    pairs = np.unique(np.stack(numbers), axis=1)
    assert len(pairs[0]) == len(np.unique(numbers[0])) == len(np.unique(numbers[1])) > 8


def test_the_agencies_own_pages_are_the_same(both: Both) -> None:
    found = own_sites(both.snapshot, both.corpus)
    assert found.tolist() == own_sites(both.held, both.held_corpus).tolist()
    assert both.held.table["id"].filter(pa.array(found)).to_pylist() == ["home"]


def test_rubrics_and_placeholders_are_the_same(both: Both) -> None:
    nodes = distinct_texts(both.corpus)
    for find in (find_rubrics, find_placeholders):
        found = find(both.snapshot, both.corpus, nodes)
        assert found.tolist() == find(both.held, both.held_corpus, nodes).tolist()
        assert len(found) == 1


def test_texts_of_nodes_are_the_same(both: Both) -> None:
    nodes = distinct_texts(both.corpus)
    wanted = np.arange(len(nodes))[::-1].copy()
    texts = node_texts(both.snapshot, both.corpus, nodes, wanted)
    assert texts.equals(node_texts(both.held, both.held_corpus, nodes, wanted))
    assert GONE in texts.to_pylist()


def test_composites_are_told_alike(both: Both) -> None:
    session = both.index._session
    clustering = session.clustering(session.matched(Settings(), None, silent), Settings())
    articles = np.array([9, 2], np.int64)
    made = replace(
        clustering, composites=articles, composite_links=np.array([[9, 1], [9, 0], [2, 1]], np.int64)
    )
    names = cluster_ids(both.corpus, made)
    table = composite_table(both.snapshot, both.corpus, made, names)
    assert table.equals(composite_table(both.held, both.held_corpus, made, names))
    ids = both.held.table["id"].to_pylist()
    assert sorted(table["article_id"].to_pylist()) == sorted([ids[9], ids[2]])


def test_rows_come_in_the_order_asked_and_may_repeat() -> None:
    held = HeldRows(pa.table({"id": ["a", "b", "c"]}))
    assert held.rows_at([0, 0, 0], [2, 0, 2], ("id",))["id"].to_pylist() == ["c", "a", "c"]
    assert held.rows_at([], [], ("id", "title")).num_rows == 0


def test_a_column_of_an_article_that_the_table_has_not_is_null() -> None:
    held = HeldRows(pa.table({"hash": [7, 8], "id": ["a", "b"]}))
    (table,) = held.articles(["published", "hash", "text"])
    assert table.schema.types == [PART_SCHEMA.field("published").type, pa.int64(), pa.string()]
    assert table.to_pydict() == {"published": [None, None], "hash": [7, 8], "text": [None, None]}
    assert held.rows_at([0], [1], ("text",)).to_pydict() == {"text": [None]}
    (whole,) = held.articles()
    assert whole.schema.names == PART_SCHEMA.names
    assert whole["id"].to_pylist() == ["a", "b"]


def test_a_column_that_no_article_has_is_refused() -> None:
    held = HeldRows(pa.table({"id": ["a"]}))
    with pytest.raises(ValueError, match="no column headline; there are id, outlet"):
        next(held.articles(["id", "headline"]))
    with pytest.raises(ValueError, match="no column headline"):
        held.rows_at([0], [0], ("headline",))


@pytest.mark.parametrize(("part", "row"), [(1, 0), (0, 1), (0, -1)])
def test_a_place_that_is_not_there_is_refused(part: int, row: int) -> None:
    with pytest.raises(IndexError, match="rows 0 to 0 of part 0"):
        HeldRows(pa.table({"id": ["a"]})).rows_at([part], [row], ("url",))
