"""The kernels of the Spark engine give what the engine for one machine gives, whatever the partitions.

All in one process: what Spark itself adds is held to the same in `test_spark_parity.py`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.confirm.model import load_model
from dedup.engines.spark import articles, held, nearest, run, texts
from dedup.engines.spark.packets import Kernel, Packet
from dedup.engines.spark.runner import InProcess
from dedup.engines.spill import TextFile
from dedup.errors import DedupError
from dedup.report.schema import COMPOSITE_SCHEMA, LINK_SCHEMA, MEMBER_SCHEMA
from dedup.settings import Settings
from tests.spark.parity import EDGES_SCHEMA, Tables, differences, found_locally, write_articles

SAMPLES = Path(__file__).parents[2] / "samples"


class Shuffled(InProcess):
    """Packets come to a kernel in another order each time, as they may; but kind by kind."""

    def _run(self, packets: list[Packet], kernel: Kernel, exchange: bool) -> Iterator[Packet]:
        random.Random(len(packets)).shuffle(packets)
        return super()._run(packets, kernel, exchange)


def found_in_packets(
    paths: Sequence[Path], n_partitions: int, **options: Any
) -> tuple[Tables, dict[str, int]]:
    runner = Shuffled(n_partitions)
    settings = options.pop("settings", Settings())
    job = run.Job(tuple(map(str, paths)), settings, load_model(None), **options)
    results = run.run_stages(runner, job)
    schemas = {
        "clusters": MEMBER_SCHEMA,
        "composites": COMPOSITE_SCHEMA,
        "links": LINK_SCHEMA,
        "edges": EDGES_SCHEMA,
    }
    tables = {
        name: pa.concat_tables([schema.empty_table(), *runner.collect(*results.places[name])])
        for name, schema in schemas.items()
    }
    return tables, results.counts


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(SAMPLES / "feed.jsonl", tmp_path_factory.mktemp("spark") / "samples.parquet")


@pytest.mark.parametrize("n_partitions", [1, 2, 7, 40])
def test_partitions_change_nothing(samples: Path, tmp_path: Path, n_partitions: int) -> None:
    found, counts = found_in_packets([samples], n_partitions)
    expected = found_locally([samples], tmp_path / "index")
    assert differences(found, expected) == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}
    assert len(found["clusters"]) > 100
    assert len(found["composites"])
    assert counts["clusters"] == len(set(found["clusters"]["cluster_id"].to_pylist()))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(threshold=0.95),
        Settings(threshold=0.3, min_size=3),
        Settings.from_text(window="6h"),
        Settings.from_text(since="2025-03-04T12:00Z", until="2025-03-05T18:00Z"),
        Settings(furniture=False),
        Settings(across_outlets=True, relations=("cut", "rewrite")),
    ],
    ids=["strict", "loose", "window", "since", "as it stands", "chosen"],
)
def test_settings_mean_the_same(samples: Path, tmp_path: Path, settings: Settings) -> None:
    found, counts = found_in_packets([samples], 3, settings=settings)
    told: dict[str, float] = {}
    expected = found_locally([samples], tmp_path / "index", settings, counts=told)
    assert differences(found, expected) == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}
    assert len(expected["clusters"])
    assert {name: told[name] for name in counts if name in told} == counts_of_a_report(counts)
    assert counts["clusters_shown"] == len(found["clusters"]["cluster_id"].unique())


def counts_of_a_report(counts: dict[str, int]) -> dict[str, int]:
    only_here = ("records", "rejected", "clusters_shown")
    return {name: count for name, count in counts.items() if name not in only_here}


def test_no_article_of_a_time_is_counted_as_one(tmp_path: Path) -> None:
    feed = tmp_path / "feed.parquet"
    times = ["2025-03-04T10:00:00Z", "2025-03-05T10:00:00Z", "2025-03-06T10:00:00Z", None]
    titles = ["Lamp found in Velmara", "***", "Lamp lost in Velmara", "Ferry late again"]
    pq.write_table(pa.table({"id": list("abcd"), "title": titles, "published": times}), feed)
    settings = Settings.from_text(since="2025-03-05T00:00Z", until="2025-03-07T00:00Z")
    _, counts = found_in_packets([feed], 2, settings=settings)
    told: dict[str, float] = {}
    found_locally([feed], tmp_path / "index", settings, counts=told)
    assert (counts["indexed"], counts["articles"]) == (4, 2)
    assert {name: told[name] for name in counts if name in told} == counts_of_a_report(counts)


@pytest.mark.parametrize("furniture", [True, False])
def test_rubrics_are_clusters_only_as_on_one_machine(tmp_path: Path, furniture: bool) -> None:
    """What one outlet prints day after day has no story; as it stands, it is judged like any other text."""
    rubrics = ("Photos", "Watch live", "Read more", "Subscribe", "The weather", "Obituaries", "Sign in")
    rows = [
        {"id": f"{title}-{day}", "outlet": "Velmara Post", "title": title, "published": f"2025-03-0{day}"}
        for title in rubrics
        for day in range(1, 6)
    ]
    feed = tmp_path / "feed.parquet"
    pq.write_table(pa.Table.from_pylist(rows), feed)
    settings = Settings(furniture=furniture)
    found, _ = found_in_packets([feed], 2, settings=settings)
    expected = found_locally([feed], tmp_path / "index", settings)
    assert differences(found, expected) == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}


def test_packets_are_not_kept_for_the_sake_of_their_small_columns() -> None:
    """A million articles of one text are a million rows at one home, and need not be a million texts."""
    row = {name: None for name in articles.SETTLED_SCHEMA.names}
    packets = [
        Packet.of(0, "settled", pa.Table.from_pylist([text], articles.SETTLED_SCHEMA))
        for text in (
            {**row, "text": "word " * 1000, "key": key, "hash": 1, "n_words": 1000} for key in range(9)
        )
    ]
    alone = sys.getrefcount(packets[-1].data)
    held_on: list[int] = []

    def coming() -> Iterator[Packet]:
        for place, packet in enumerate(packets):
            yield packet
            held_on.extend(sys.getrefcount(packets[past].data) - alone for past in range(place))

    light, first = texts._gathered(coming())
    assert (len(light), len(first)) == (9, 1)
    assert not any(held_on)


def test_components_found_in_rounds_are_the_same(samples: Path, tmp_path: Path) -> None:
    found, _ = found_in_packets([samples], 5, most_on_driver=0)
    assert differences(found, found_locally([samples], tmp_path / "index"))["clusters"] == 0


def test_a_text_of_many_pairs_goes_to_its_partners(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "MOST_PAIRS", 1)
    found, _ = found_in_packets([samples], 4)
    assert differences(found, found_locally([samples], tmp_path / "index")) == {
        "clusters": 0, "composites": 0, "links": 0, "edges": 0,
    }  # fmt: skip


def records(n: int) -> list[dict[str, Any]]:
    """Records as feeds have them: repeats, versions of an article, dates as text, and rows that are none."""
    lines = (SAMPLES / "feed.jsonl").read_text(encoding="utf-8").splitlines()[:n]
    rows = [json.loads(line) for line in lines]
    again = [dict(row) for row in rows[:5]]
    newer = [
        {**row, "text": f"{row['text']} Updated.", "published": "2024-12-01T00:00:00Z"} for row in rows[5:9]
    ]
    older = [{**row, "text": f"Early. {row['text']}", "published": "2020-01-01"} for row in rows[9:12]]
    nothing = [{**rows[0], "id": f"none-{i}", "title": " ", "text": None} for i in range(3)]
    nameless = [{**row, "id": None} for row in rows[12:15]]
    return rows + again + newer + older + nothing + nameless


def test_versions_repeats_and_rejects_are_those_of_one_load(tmp_path: Path) -> None:
    rows = records(120)
    columns = ("id", "outlet", "url", "title", "text", "published", "byline")
    paths = []
    for part in range(3):
        table = pa.table({name: [row.get(name) for row in rows[part::3]] for name in columns})
        paths.append(tmp_path / f"part-{part}.parquet")
        pq.write_table(table, paths[-1], row_group_size=16)
    found, counts = found_in_packets(paths, 4)
    assert differences(found, found_locally(paths, tmp_path / "index")) == {
        "clusters": 0, "composites": 0, "links": 0, "edges": 0,
    }  # fmt: skip
    assert counts["records"] == len(rows)
    assert counts["rejected"] == 3
    assert counts["articles"] == 120 + 3


def test_columns_that_no_guess_names_are_mapped(samples: Path, tmp_path: Path) -> None:
    table = pq.read_table(samples)
    odd = [{"title": "aaa", "text": "bbb"}.get(name, name) for name in table.column_names]
    path = tmp_path / "odd.parquet"
    pq.write_table(table.rename_columns(odd), path)
    with pytest.raises(DedupError, match="title"):
        found_in_packets([path], 2)
    found, _ = found_in_packets([path], 2, mapping={"title": "aaa", "text": "bbb"})
    expected = found_locally([samples], tmp_path / "index")
    assert found["edges"].num_rows == expected["edges"].num_rows > 0


def odd_columns(samples: Path, name: str) -> tuple[pa.Table, dict[str, str]]:
    """Columns that only their values tell apart, or that only a path leads into; and how they are mapped."""
    table = pq.read_table(samples)
    n = len(table)
    if name == "blank text":  # holds something, as a reader sees it
        renamed = [{"text": "content"}.get(column, column) for column in table.column_names]
        return table.rename_columns(renamed).append_column("text", pa.array([" "] * n)), {}
    if name == "numbers for names":
        rest = table.drop_columns(["byline"]).append_column("author", table["byline"])
        return rest.append_column("byline", pa.array([str(row) for row in range(n)])), {}
    if name == "pictures for outlets":
        rest = table.drop_columns(["outlet"]).append_column("source", table["outlet"])
        return rest.append_column("outlet", pa.array([f"https://x.test/{row}.png" for row in range(n)])), {}
    if name == "joined":
        renamed = [{"title": "aaa"}.get(column, column) for column in table.column_names]
        deck = pa.array([f"Deck {row % 3}" for row in range(n)])
        return table.rename_columns(renamed).append_column("bbb", deck), {"title": "aaa+bbb"}
    if name == "a map":
        pairs = zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)
        inside = [[("head", title), ("body", text)] for title, text in pairs]
        column = pa.array(inside, pa.map_(pa.string(), pa.string()))
        rest = table.drop_columns(["title", "text"]).append_column("doc", column)
        return rest, {"title": "doc.head", "text": "doc.body"}
    if name == "days first":
        days = [f"{1 + row % 28:02}/03/2024".encode() for row in range(n)]
        at = table.column_names.index("published")
        return table.drop_columns(["precision_s"]).set_column(
            at, "published", pa.array(days, pa.binary())
        ), {}
    assert name == "no UTF-8"
    raw = [None if text is None else text.encode() + b" \xff" for text in table["text"].to_pylist()]
    at = table.column_names.index("text")
    return table.set_column(at, "text", pa.array(raw, pa.binary()).view(pa.string())), {}


@pytest.mark.parametrize(
    "name",
    [
        "blank text", "numbers for names", "pictures for outlets", "joined", "a map", "days first",
        "no UTF-8",
    ],
)  # fmt: skip
def test_columns_are_settled_as_on_one_machine(samples: Path, tmp_path: Path, name: str) -> None:
    table, mapping = odd_columns(samples, name)
    path = tmp_path / "odd.parquet"
    pq.write_table(table, path)
    found, _ = found_in_packets([path], 2, mapping=mapping)
    expected = found_locally([path], tmp_path / "index", mapping=mapping)
    assert differences(found, expected) == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}
    assert len(expected["clusters"]) > 50


def test_files_with_other_columns_are_settled_each_by_its_own(samples: Path, tmp_path: Path) -> None:
    table = pq.read_table(samples)
    half = len(table) // 2
    other = [{"title": "headline", "text": "body"}.get(name, name) for name in table.column_names]
    paths = [tmp_path / "one.parquet", tmp_path / "other.parquet"]
    pq.write_table(table.slice(0, half), paths[0])
    pq.write_table(table.slice(half).rename_columns(other), paths[1])
    found, counts = found_in_packets(paths, 2)
    assert counts["rejected"] == 0
    assert differences(found, found_locally(paths, tmp_path / "index"))["clusters"] == 0


def test_what_is_settled_tells_nothing_of_what_articles_say(tmp_path: Path) -> None:
    path = tmp_path / "secret.parquet"
    said = pa.array([[("k", "xyzzy plugh")]] * 3, pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({"title": ["xyzzy"] * 3, "content": said, "date": ["xyzzy"] * 3}), path)
    runner = InProcess(1)
    run.run_stages(runner, run.Job((str(path),), Settings(), load_model(None)))
    assert runner.kept["fields"]
    assert not any(b"xyzzy" in packet.data for packet in runner.kept["fields"])


def test_many_texts_of_one_article_are_held_some_at_a_time(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pq.read_table(samples)
    at = table.column_names.index("id")
    path = tmp_path / "one.parquet"
    pq.write_table(table.set_column(at, "id", pa.array(["0"] * len(table))), path, row_group_size=20)
    monkeypatch.setattr(articles, "_COMPACT_BYTES", 1)
    found, counts = found_in_packets([path], 2)
    assert counts["articles"] == len(set(table["outlet"].to_pylist()))
    assert differences(found, found_locally([path], tmp_path / "index")) == {
        "clusters": 0, "composites": 0, "links": 0, "edges": 0,
    }  # fmt: skip


def test_texts_that_do_not_fit_are_read_from_a_file(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[TextFile] = []
    monkeypatch.setattr(held, "_MOST_BYTES", 20_000)

    def opened(n_nodes: int) -> TextFile:
        files.append(TextFile(n_nodes))
        return files[-1]

    monkeypatch.setattr(held, "TextFile", opened)
    found, _ = found_in_packets([samples], 2)
    assert files
    assert differences(found, found_locally([samples], tmp_path / "index")) == {
        "clusters": 0, "composites": 0, "links": 0, "edges": 0,
    }  # fmt: skip


def test_a_top_is_left_to_who_reads_the_tables(samples: Path, tmp_path: Path) -> None:
    found, _ = found_in_packets([samples], 3, settings=Settings(top=1))
    assert differences(found, found_locally([samples], tmp_path / "index"))["clusters"] == 0


def test_nothing_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"title": pa.array([], pa.string()), "text": pa.array([], pa.string())}), path)
    found, counts = found_in_packets([path], 3)
    assert [len(table) for table in found.values()] == [0, 0, 0, 0]
    assert counts["articles"] == counts["clusters"] == 0
