"""Parquet and Arrow: columns become articles, whatever their types; damage costs no more than what it hit."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import ipc

from dedup.errors import DedupError, FeedError
from dedup.feeds import Feed, read_feed
from dedup.feeds.from_columns import reader as columnar_module
from dedup.feeds.from_columns.column_files import ColumnFile
from dedup.report.writers import write_batches
from tests.test_feeds_properties import _reads_or_says_why, any_text, file_with

FORMATS = ["parquet", "arrow", "stream", "feather"]


def written(table: pa.Table, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, out, **options)
    elif kind == "feather":
        feather.write_feather(table, out, compression="zstd")
    else:
        make = ipc.new_file if kind == "arrow" else ipc.new_stream
        with make(out, table.schema) as writer:
            writer.write_table(table, **options)
    return out.getvalue()


def feed_of(tmp_path: Path, table: pa.Table, kind: str = "parquet", **options: Any) -> Feed:
    path = tmp_path / "feed.data"
    path.write_bytes(written(table, kind, **options))
    return read_feed(path)


def rows_of(tmp_path: Path, kind: str = "parquet", **columns: Any) -> list[dict[str, Any]]:
    return feed_of(tmp_path, pa.table(columns), kind).to_table().to_pylist()


TEXTS = ["The lamp was blue.", None, "", " \n\u3000", "Été 日本", "x" * 3000]
READ = ["The lamp was blue.", None, None, None, "Été 日本", "x" * 3000]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "type",
    [
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()),
        *(pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.large_string())),
    ],
    ids=str,
)
def test_a_column_of_strings_is_a_text_however_it_is_stored(tmp_path: Path, kind: str, type: Any) -> None:
    values = [None if text is None else text.encode() for text in TEXTS] if "binary" in str(type) else TEXTS
    plain = pa.array(values, type.value_type if pa.types.is_dictionary(type) else type)
    column = plain.dictionary_encode().cast(type) if pa.types.is_dictionary(type) else plain
    rows = rows_of(tmp_path, kind, title=[f"Title {k}" for k in range(6)], body=column)
    assert [row["text"] for row in rows] == READ
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", FORMATS)
def test_invalid_utf8_is_replaced_and_counted(tmp_path: Path, kind: str) -> None:
    broken = pa.array([b"Caf\xe9", "Café".encode(), None])
    feed = feed_of(tmp_path, pa.table({"title": broken.view(pa.string()), "text": broken}), kind)
    rows = feed.to_table().to_pylist()
    assert [row["title"] for row in rows] == ["Caf\ufffd", "Café"]
    assert [row["text"] for row in rows] == ["Caf\ufffd", "Café"]
    assert any("2 lines held invalid UTF-8" in note for note in feed.notes)
    assert [one.reason for one in feed.rejects] == ["no title and no text"]


def test_invalid_utf8_inside_lists_and_structs_is_replaced_too(tmp_path: Path) -> None:
    bad = pa.array([b"A. B\xf6", b"C. Du", b"E. Fa"]).view(pa.string())
    names = pa.ListArray.from_arrays(pa.array([0, None, 2, 3], pa.int32()), bad)
    inner = pa.StructArray.from_arrays([bad], ["title"])
    rows = rows_of(tmp_path, title=["One", "Two", "Three"], authors=names, item=inner)
    assert [row["byline"] for row in rows] == ["A. B\ufffd, C. Du", None, "E. Fa"]


def test_nul_characters_are_dropped(tmp_path: Path) -> None:
    assert [row["title"] for row in rows_of(tmp_path, title=["La\0mp", "Boat"])] == ["Lamp", "Boat"]


NOON = dt.datetime(2025, 3, 4, 12, 30, 15)
MORNING = NOON.replace(hour=7, minute=0)
ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("column", "time", "precision"),
    [
        *((pa.array([NOON], pa.timestamp(unit)), NOON, 1) for unit in ("s", "ms", "us", "ns")),
        (
            pa.array([NOON.replace(tzinfo=ZONE)], pa.timestamp("us", "+05:30")),
            NOON.replace(hour=7, minute=0),
            1,
        ),
        (pa.array([NOON], pa.timestamp("ms", "UTC")), NOON, 1),
        (pa.array([dt.datetime(2025, 3, 4)], pa.timestamp("us")), dt.datetime(2025, 3, 4), 86_400),
        (pa.array([dt.datetime(2025, 3, 4)], pa.timestamp("us", "UTC")), dt.datetime(2025, 3, 4), 1),
        (pa.array([dt.date(1899, 3, 4)], pa.date32()), dt.datetime(1899, 3, 4), 86_400),
        (pa.array([dt.date(2025, 3, 4)], pa.date64()), dt.datetime(2025, 3, 4), 86_400),
        (pa.array([1_741_091_415]), NOON, 1),
        (pa.array([1_741_091_415_000.0]), NOON, 1),
        (pa.array([20250304], pa.int32()), dt.datetime(2025, 3, 4), 86_400),
        (pa.array(["2025-03-04T12:30:15Z"]), NOON, 1),
        (pa.array(["4 March 2025"]).dictionary_encode(), dt.datetime(2025, 3, 4), 86_400),
        (pa.array([b"Tue, 04 Mar 2025 12:30 GMT"]), NOON.replace(second=0), 60),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_a_date_is_read_whatever_type_it_has(
    tmp_path: Path, column: pa.Array, time: dt.datetime, precision: int
) -> None:
    for kind in FORMATS:
        row = rows_of(tmp_path, kind, title=["Lamp"], published=column)[0]
        assert (row["published"], row["precision_s"]) == (time.replace(tzinfo=dt.UTC), precision), kind


def test_days_and_months_in_strings_are_settled_by_the_file(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, title=["a", "b"], date=["03/04/2025", "25/04/2025"])
    assert [row["published"].month for row in rows] == [4, 4]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62, None, -(2**62)]).cast(pa.timestamp("us")),
        pa.array([10**15, None, -(10**15)]).cast(pa.timestamp("s")),
        pa.array([10**12, None, -(10**15)]).cast(pa.timestamp("s", "Nowhere/Town")),
        pa.array([2**31 - 1, None, -(2**31)], pa.date32()),
        pa.array([17, None, -1]),
        pa.array(["soon", None, "later"]),
    ],
    ids=lambda column: str(column.type),
)
def test_a_date_out_of_reach_is_counted_and_none_is_no_fault(tmp_path: Path, column: pa.Array) -> None:
    feed = feed_of(tmp_path, pa.table({"title": ["a", "b", "c"], "published": column}))
    assert feed.to_table()["published"].null_count == 3
    assert [(one.line, one.reason) for one in feed.rejects] == [
        (line, "date not understood (article kept without it)") for line in (1, 3)
    ]


def test_missing_numbers_are_missing_dates(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, pa.table({"title": ["a", "b"], "published": [float("nan"), 1_741_091_415.0]}))
    assert feed.to_table()["published"].null_count == 1
    assert feed.rejects == []


def test_lists_numbers_and_objects_are_read_as_in_json(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([12345678901, None]),
            "title": ["One", "Two"],
            "text": pa.array([["First.", "Second."], None]),
            "authors": pa.array([[{"name": "A. Bo", "age": 3}, {"name": "C. Du", "age": None}], []]),
            "source": pa.array([{"name": "The Example", "id": 7}, None]),
            "place": pa.array([decimal.Decimal("12.50"), None]),
            "lang": pa.array([[("name", "English")], None], pa.map_(pa.string(), pa.string())),
        }
    )
    for kind in FORMATS[:3]:
        first, second = feed_of(tmp_path, table, kind).to_table().to_pylist()
        assert (first["id"], first["text"], first["byline"]) == (
            "12345678901",
            "First.\n\nSecond.",
            "A. Bo, C. Du",
        )
        assert (first["outlet"], first["place"], first["language"]) == ("The Example", "12.5", "English")
        assert [second[name] for name in ("id", "text", "byline", "outlet", "place", "language")] == [
            None
        ] * 6


def test_fields_of_structs_are_reached_by_dotted_paths(tmp_path: Path) -> None:
    article = pa.array([{"head": {"line": "Lamp found"}, "words": "It was blue."}, None])
    more = pa.array([[("where", "Rovo")], None], pa.map_(pa.string(), pa.string()))
    path = tmp_path / "feed"
    for kind in FORMATS[:3]:
        path.write_bytes(written(pa.table({"n": [1, 2], "article": article, "more": more}), kind))
        mapping = {"title": "article.head.line", "text": "article.words", "place": "more.where"}
        feed = read_feed(path, mapping=mapping)
        rows = feed.to_table().to_pylist()
        assert [(row["title"], row["text"], row["place"]) for row in rows] == [
            ("Lamp found", "It was blue.", "Rovo")
        ]
        assert [(one.line, one.reason) for one in feed.rejects] == [(2, "no title and no text")]


def test_a_name_with_a_dot_and_one_name_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays(
        [pa.array(["One"]), pa.array(["Other"]), pa.array(["Words."])], names=["title", "title", "doc.words"]
    )
    for kind in FORMATS[:3]:
        path = tmp_path / "feed"
        path.write_bytes(written(table, kind))
        row = read_feed(path, mapping={"text": "doc.words"}).to_table().to_pylist()[0]
        assert (row["title"], row["text"]) == ("One", "Words.")


def test_an_index_that_pandas_saved_is_no_field_unless_it_is_mapped(tmp_path: Path) -> None:
    table = pa.table({"title": ["One"], "__index_level_0__": [77]})
    assert feed_of(tmp_path, table).to_table()["id"].to_pylist() == [None]
    mapped = read_feed(tmp_path / "feed.data", mapping={"id": "__index_level_0__"})
    assert mapped.to_table()["id"].to_pylist() == ["77"]


def test_without_a_title_or_text_the_columns_there_are_are_named(tmp_path: Path) -> None:
    table = pa.table({"colour": ["blue"], "size": [pa.scalar(3).as_py()], "doc": [{"weight": 1}]})
    for kind in FORMATS[:3]:
        with pytest.raises(FeedError, match=r"colour, size, doc, doc\.weight") as caught:
            feed_of(tmp_path, table, kind).to_table()
        assert "--map" in str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_rows_is_no_error(tmp_path: Path, kind: str) -> None:
    feed = feed_of(
        tmp_path, pa.table({"title": pa.array([], pa.string()), "n": pa.array([], pa.int8())}), kind
    )
    assert feed.to_table().num_rows == 0
    assert feed.rejects == []


def _many(rows: int) -> pa.Table:
    return pa.table(
        {
            "title": [f"Title {k}" for k in range(rows)],
            "text": [f"Text of story {k}. " * 9 for k in range(rows)],
            "summary": ["short"] * rows,
        }
    )


@pytest.mark.parametrize("group", [1, 7, 100, 5000])
@pytest.mark.parametrize(("batch_size", "batch_bytes"), [(4096, 32 << 20), (100, 1 << 20), (4096, 3000)])
def test_rows_are_the_same_whatever_the_row_groups_and_batches(
    tmp_path: Path, group: int, batch_size: int, batch_bytes: int
) -> None:
    table = _many(1300)
    path = tmp_path / "feed"
    path.write_bytes(written(table, "parquet", row_group_size=group))
    batches = [one.articles for one in read_feed(path, batch_size=batch_size, batch_bytes=batch_bytes)]
    found = pa.Table.from_batches(batches)
    assert found["line"].to_pylist() == list(range(1, 1301))
    assert found["title"].to_pylist() == table["title"].to_pylist()
    assert found["text"].to_pylist() == [text for text in table["text"].to_pylist()]
    assert max(batch.num_rows for batch in batches) <= batch_size


def test_only_columns_that_are_fields_are_read(tmp_path: Path) -> None:
    """The column of pictures is damaged from end to end, and nobody notices."""
    rows = 3000
    pictures = pa.array([bytes([k % 251]) * 999 for k in range(rows)])
    table = _many(rows).append_column("picture", pictures)
    data = bytearray(written(table, "parquet", row_group_size=1000, compression="none", use_dictionary=False))
    metadata = pq.read_metadata(io.BytesIO(bytes(data)))
    for group in range(metadata.num_row_groups):
        chunk = metadata.row_group(group).column(3)
        at = chunk.data_page_offset
        data[at : at + 200] = b"\xee" * 200
    path = tmp_path / "feed"
    path.write_bytes(bytes(data))
    feed = read_feed(path)
    assert feed.to_table().num_rows == rows
    assert feed.rejects == []


def test_damage_costs_its_row_group_and_no_other(tmp_path: Path) -> None:
    data = bytearray(written(_many(3000), "parquet", row_group_size=1000))
    chunk = pq.read_metadata(io.BytesIO(bytes(data))).row_group(1).column(1)
    at = chunk.dictionary_page_offset or chunk.data_page_offset
    data[at : at + chunk.total_compressed_size] = b"\xee" * chunk.total_compressed_size
    path = tmp_path / "feed.parquet"
    path.write_bytes(bytes(data))
    feed = read_feed(path)
    lines = feed.to_table()["line"].to_pylist()
    assert lines == [*range(1, 1001), *range(2001, 3001)]
    assert [(one.line, one.reason) for one in feed.rejects] == [
        (1001, "file damaged (what was readable is kept)")
    ]
    assert "row group 2 of 3" in feed.rejects[0].detail


@pytest.mark.parametrize("kind", ["arrow", "stream"])
def test_a_cut_arrow_file_gives_the_batches_before_the_cut(tmp_path: Path, kind: str) -> None:
    data = written(_many(3000), kind, max_chunksize=1000)
    path = tmp_path / "feed"
    path.write_bytes(data[: len(data) * 7 // 10])
    feed = read_feed(path)
    assert feed.to_table()["line"].to_pylist() == list(range(1, 2001))
    assert {one.reason for one in feed.rejects} == {"file damaged (what was readable is kept)"}


def test_a_cut_parquet_file_is_told_and_costs_no_other_file(tmp_path: Path) -> None:
    data = written(_many(100), "parquet")
    (tmp_path / "a.parquet").write_bytes(data[:-9])
    (tmp_path / "b.parquet").write_bytes(data)
    feed = read_feed([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert feed.to_table().num_rows == 100
    assert [(Path(one.file).name, one.reason) for one in feed.rejects] == [
        ("a.parquet", "file damaged (what was readable is kept)")
    ]


def test_places_outside_the_data_are_found_before_anybody_looks_there(tmp_path: Path) -> None:
    offsets = pa.py_buffer(np.array([0, 4, 2**30, 12], dtype=np.int32))
    wild = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"LampBoatGoat"))
    feed = feed_of(tmp_path, pa.table({"title": wild}), "stream")
    assert feed.to_table().num_rows == 0
    assert [one.reason for one in feed.rejects] == ["file damaged (what was readable is kept)"]


def test_a_row_beyond_all_measure_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar_module, "LONGEST_LINE", 1000)
    feed = feed_of(tmp_path, pa.table({"title": ["a", "b", "c"], "text": ["x", "y" * 5000, "z"]}))
    assert feed.to_table()["line"].to_pylist() == [1, 3]
    assert [(one.line, one.reason) for one in feed.rejects] == [(2, "line too long")]
    assert feed.n_rejected == 1


def test_encrypted_and_old_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    path.write_bytes(b"PARE" + bytes(200) + b"PARE")
    feed = read_feed(path, format="parquet")
    assert feed.to_table().num_rows == 0
    assert [one.reason for one in feed.rejects] == ["file encrypted (not read)"]
    path.write_bytes(b"FEA1" + bytes(200) + b"FEA1")
    with pytest.raises(FeedError, match="Feather version 1"):
        read_feed(path).to_table()


def test_one_long_text_repeated_takes_no_more_room_than_a_batch(tmp_path: Path) -> None:
    """200 MB of text in a file of some hundred kilobytes; batches stay small."""
    text = "The lamp was blue. " * 50_000
    table = pa.table(
        {"title": [f"T {k}" for k in range(200)], "text": pa.array([text] * 200).dictionary_encode()}
    )
    path = tmp_path / "feed.parquet"
    path.write_bytes(written(table, "parquet", compression="zstd"))
    assert path.stat().st_size < 1 << 20
    pool = pa.default_memory_pool()
    before, most = pool.bytes_allocated(), 0
    rows = 0
    for batch in read_feed(path, batch_bytes=4 << 20):
        rows += batch.articles.num_rows
        most = max(most, pool.bytes_allocated() - before)
    assert rows == 200
    assert most < 40 << 20


def test_what_export_and_clusters_write_reads_back(tmp_path: Path) -> None:
    from dedup.article import ARTICLE_SCHEMA
    from dedup.report.schema import MEMBER_SCHEMA

    source = tmp_path / "feed.jsonl"
    source.write_text(
        '{"id": "a1", "outlet": "The Example", "title": "Lamp", "text": "Blue.", "date": "2025-03-04"}\n'
        '{"id": "a2", "outlet": "Other", "title": "Boat", "date": "2025-03-04T12:30Z", "author": "A. Bo"}\n'
    )
    articles = read_feed(source).to_table()
    out = tmp_path / "out.parquet"
    with out.open("wb") as file:
        write_batches([articles], ARTICLE_SCHEMA, "parquet", file)
    again = read_feed(out).to_table()
    for name in ("id", "outlet", "title", "text", "published", "precision_s", "byline"):
        assert again[name].to_pylist() == articles[name].to_pylist(), name

    row: dict[str, Any] = dict.fromkeys(MEMBER_SCHEMA.names)
    row |= {"cluster_id": "c1", "article_id": "a1", "outlet": "The Example", "title": "Lamp found"}
    row |= {
        "published": dt.datetime(2025, 3, 4, 1, 2, tzinfo=dt.UTC),
        "file": "f",
        "line": 9,
        "canonical_id": "a2",
    }
    with out.open("wb") as file:
        write_batches([pa.Table.from_pylist([row], MEMBER_SCHEMA)], MEMBER_SCHEMA, "parquet", file)
    found = read_feed(out).to_table().to_pylist()[0]
    for name, value in (
        ("id", "a1"),
        ("outlet", "The Example"),
        ("published", row["published"]),
        ("line", 1),
    ):
        assert found[name] == value


def test_news_please_falls_back_article_by_article(tmp_path: Path) -> None:
    columns = {
        "title": ["One", None, None],
        "title_page": ["x", "Two", None],
        "title_rss": ["x", "x", "Three"],
        "maintext": ["Full.", None, ""],
        "description": ["a", "b", "c"],
    }
    rows = rows_of(tmp_path, **columns)
    assert [row["title"] for row in rows] == ["One", "Two", "Three"]
    assert [row["text"] for row in rows] == ["Full.", "b", "c"]


table_rows = st.lists(
    st.fixed_dictionaries({"title": any_text, "text": any_text | st.none(), "source": any_text | st.none()}),
    min_size=1,
    max_size=30,
)


@given(table_rows, st.sampled_from(FORMATS), st.integers(1, 9), st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_goes_into_columns_comes_out(
    records: list[dict[str, Any]], kind: str, cut: int, coded: bool
) -> None:
    table = pa.Table.from_pylist(
        records, pa.schema([(name, pa.string()) for name in ("title", "text", "source")])
    )
    if coded:
        table = table.set_column(2, "source", table["source"].dictionary_encode())
    options = {"parquet": {"row_group_size": cut}, "feather": {}}.get(kind, {"max_chunksize": cut})
    with file_with(written(table, kind, **options), "feed.data") as path:
        feed = read_feed(path, batch_size=7, clean=False)
        found = feed.to_table().to_pylist()
    assert [(row["title"], row["text"], row["outlet"]) for row in found] == [
        (one["title"], one["text"], one["source"]) for one in records
    ]
    assert feed.rejects == []


def _sample(kind: str) -> bytes:
    table = _many(60)
    table = table.append_column("published", pa.array([NOON] * 60))
    table = table.append_column("source", pa.array([{"name": "The Example"}] * 60))
    table = table.append_column("authors", pa.array([["A. Bo"]] * 60))
    table = table.append_column("lang", pa.array(["en"] * 60).dictionary_encode())
    return written(
        table, kind, **({} if kind == "feather" else {"parquet": {"row_group_size": 20}}.get(kind, {}))
    )


SAMPLES = {kind: _sample(kind) for kind in FORMATS}


@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
    st.sampled_from([1.0, 1.0, 0.6]),
)
@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoilt_file_is_read_or_rejected(kind: str, spoils: list[tuple[float, bytes]], kept: float) -> None:
    data = bytearray(SAMPLES[kind])
    for where, what in spoils:
        at = int(where * len(data))
        data[at : at + len(what)] = what
    _reads_or_says_why(
        bytes(data[: int(kept * len(data))]), format="parquet" if kind == "parquet" else "arrow"
    )


def test_an_error_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DedupError) as caught:
        feed_of(tmp_path, pa.table({"a": [1]})).to_table()
    assert "\n" not in str(caught.value)


def test_a_column_of_a_type_that_python_cannot_hold_is_passed_over(tmp_path: Path) -> None:
    found = (Path(__file__).parent / "data" / "fuzz" / "any-6f973ff419.bin").read_bytes()
    months = ipc.open_stream(found).schema.field("tags").type
    assert str(months) == "list<item: month_interval>"
    titles = pa.array(["Mill on fire in Ashmere", "Rain on Tuesday"])
    schema = pa.schema([("title", pa.string()), ("text", months), ("place", pa.struct([("a", months)]))])
    table = pa.table([titles, pa.nulls(2, months), pa.nulls(2, schema.field("place").type)], schema=schema)
    for rows, name in ((table, "two"), (table[:0], "none")):
        (tmp_path / f"{name}.arrow").write_bytes(written(rows, "stream"))
        articles = read_feed([tmp_path / f"{name}.arrow"]).to_table()
        assert articles["title"].to_pylist() == rows["title"].to_pylist()
        assert articles["text"].null_count == len(rows)
    unions = pa.schema([("title", pa.string()), ("u", pa.dense_union([pa.field("a", pa.int32())]))])
    with ipc.new_stream(tmp_path / "u.arrow", unions):
        pass
    assert len(read_feed([tmp_path / "u.arrow"]).to_table()) == 0


def test_a_file_of_columns_must_say_how_its_rows_are_read() -> None:
    class Unreadable(ColumnFile):
        pass

    with pytest.raises(TypeError, match="rows"):
        Unreadable()  # type: ignore[abstract]
