"""The scan of JSON lines gives what parsing each line gives, whatever stands in them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.feeds import read_feed
from dedup.feeds.dates.iso_dates import iso_dates
from dedup.feeds.dates.read_date import read_date
from dedup.feeds.from_json import json_lines as json_lines_module
from dedup.feeds.from_json.json_columns import Segment, string_column
from dedup.feeds.from_json.json_lines import JsonLinesReader
from dedup.feeds.from_json.json_scan import ESCAPED, PLAIN
from dedup.feeds.from_json.line_batch import MOST_KEYS, KeyTable, LineBatch
from dedup.feeds.readers import ReadOptions
from dedup.feeds.vectors import SLACK
from tests.made_source import made_source

PARSE_ALL = 1 << 40

# Pieces of values that are odd to one parser or the other.
PIECES = (
    *(
        "",
        " ",
        "\t",
        "a",
        "Lamp",
        "é",
        "\u00a0",
        "\u3000",
        "\u2028",
        "\u1680",
        "\u2060",
        "中文",
        "😀",
        "\ud7ff",
    ),
    *(r"\n", r"\"", r"\\", r"\/", r"\b\f\r\t", r"\u0041", r"\u2019", r"\u3000", r"\ud83d\ude00", r"\u00A0"),
    *(
        r"\u0000",
        r"\ud83d",
        r"\ude00",
        r"\ud83d\ud83d",
        r"\ud83dx",
        r"\uDBFF\uDFFF",
        r"\u12",
        r"\x",
        r"\u+123",
    ),
    *("\x00", "\x1f", "\x7f", "x" * 31, "x" * 32, "y" * 33, "z" * 70),
)
BYTES = (
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x9f\x98\x80",
    b"\xc3",
)
NUMBERS = (
    *(
        "0",
        "-0",
        "-1",
        "01",
        "1.",
        ".5",
        "1.5",
        "1e5",
        "1E+05",
        "-1.25e-3",
        "1e999",
        "1e400",
        "-",
        "+1",
        "1e",
    ),
    *(
        "12345678901234567890",
        "99999999999999999999999",
        "0.1000000000000000055511151231257827",
        "1700000000",
    ),
    *("true", "false", "null", "nul", "True", "NaN", "Infinity", "-Infinity", "20240105", "0x1", "1_000"),
)

strings = st.lists(st.sampled_from(PIECES), max_size=4).map(lambda parts: '"' + "".join(parts) + '"')
spaces = st.sampled_from(("", "", "", " ", "\t", "\r", "\f", "\u00a0"))
dates = st.sampled_from(
    ('"2024-01-05"', '"2024-01-05T10:00:00Z"', '"05/03/2024"', '"13/03/2024"', '"no date"', '" "', '"\u00a0"')
)
scalars = strings | st.sampled_from(NUMBERS) | dates
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda some: "[" + ",".join(some) + "]")
        | st.lists(st.tuples(strings | st.just('"name"'), inner), max_size=3).map(
            lambda some: "{" + ", ".join(f"{key}: {value}" for key, value in some) + "}"
        )
        | st.sampled_from(
            ("[1,]", "[,]", "{,}", '{"a"}', '{"a":}', "[1 2]", "[}", "{]", "[[]", "[]]", "[" * 70)
        )
    ),
    max_leaves=6,
)
KEYS = ("id", "title", "text", "url", "published", "updated", "authors", "dc.creator", "source", "a", "é", "")
names = st.sampled_from([*(f'"{key}"' for key in KEYS), r'"ti\u0074le"', '"\ud7ff"', "title", "'title'"])
members = st.tuples(spaces, names, spaces, values | strings, spaces).map(
    lambda parts: "{0}{1}{2}:{4}{3}{4}".format(*parts)
)
objects = st.tuples(st.lists(members, max_size=6), spaces, spaces).map(
    lambda parts: parts[1] + "{" + ",".join(parts[0]) + "}" + parts[2]
)
plain_objects = st.fixed_dictionaries(
    {"id": st.text(max_size=3), "title": st.text(max_size=40)},
    optional={
        "text": st.text(),
        "published": st.just("2024-01-05"),
        "n": st.integers(),
        "url": st.just("//a.b/"),
    },
).map(lambda record: json.dumps(record, ensure_ascii=len(record) % 2 == 0))
lines = st.one_of(
    objects,
    plain_objects,
    plain_objects,
    values,
    st.sampled_from(
        ("", " ", "\r", "\x0b", "\ufeff{}", "{}{}", "{} x", "{", "}", "//", '{"title": "a"', "\ufeffnull")
    ),
    st.tuples(plain_objects, st.sampled_from(("\r", " ", ",", "]", "}", "\x00", "#", "{}"))).map("".join),
)


@st.composite
def feeds(draw: st.DrawFn) -> bytes:
    data = bytearray("\n".join(draw(st.lists(lines, max_size=12))).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data[at:at] = draw(st.sampled_from(BYTES))
    # So that the format is told and there are columns, whatever stands above.
    head = b'{"id": "1", "title": "Lamp", "url": "https://www.a.example/x", "published": "2024-01-05"}\n'
    return head * 3 + bytes(data)


def read(path: Path, parsed: int, batch_size: int, batch_bytes: int, **options: Any) -> tuple[Any, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines_module, "JsonLinesReader", partial(JsonLinesReader, parsed=parsed))
        feed = read_feed(path, format="jsonl", batch_size=batch_size, batch_bytes=batch_bytes, **options)
        batches = list(feed)
    for batch in batches:
        batch.articles.validate(full=True)
    return (
        [(batch.articles.to_pylist(), batch.rejects) for batch in batches],
        *(feed.notes, feed.n_read, feed.n_rejected, feed.rejects, feed.reject_counts),
    )


@given(feeds(), st.integers(1, 9), st.sampled_from((1, 100, 1 << 20)), st.integers(0, 4))
@settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_a_scan_gives_what_parsing_gives(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, batch_size: int, batch_bytes: int, parsed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "scan.jsonl"
    path.write_bytes(data)
    for mapping in (None, {"byline": "authors.name", "text": "text.name"}):
        if mapping:  # the mapped columns must be there
            path.write_bytes(b'{"title": "b", "authors": {"name": "A"}, "text": {"name": "T"}}\n' + data)
        found = read(path, parsed, batch_size, batch_bytes, mapping=mapping)
        assert found == read(path, PARSE_ALL, batch_size, batch_bytes, mapping=mapping)


@given(values, spaces)
@settings(deadline=None, max_examples=1000)
def test_what_the_scan_accepts_orjson_accepts(value: str, space: str) -> None:
    line = f'{{"title":{space}{value}{space}}}'.encode("utf-8", "surrogatepass")
    table = KeyTable()
    table.add(("title",))
    batch = LineBatch(table)
    padded = np.frombuffer(line + bytes(SLACK), dtype=np.uint8)
    batch.scan(padded, len(line), 0, 1, 10, 1 << 20)
    if batch.rows:
        assert isinstance(orjson.loads(line), dict)


def test_ordinary_lines_are_scanned() -> None:
    """What the tests above compare would be equal too if the scan called everything odd."""
    line = json.dumps(
        {"title": "Lamp “found” 😀\n", "text": "é", "n": [1, -2.5e3, {"a": [True, None, {}]}], "x": False}
    ).encode()
    raw = line.replace(b"\\u00e9", "é".encode()) + b"\r\n"
    reader = JsonLinesReader(made_source(raw * 50), ReadOptions(1000, 1 << 20), parsed=1)
    [batch] = reader.read()
    assert isinstance(batch, LineBatch)
    assert (batch.rows, list(batch.loose)) == (50, [0])
    assert batch.records[49] == orjson.loads(line)
    assert batch.lines.tolist() == list(range(1, 51))


def test_a_key_that_appears_late_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    early, late = '{"title": "Lamp", "a": 1}\n', '{"title": "Boat", "author": "Ann Lee"}\n'
    path.write_text(early * 1500 + late * 700)
    feed = read_feed(path, batch_size=500)
    found = feed.to_table()["byline"].to_pylist()
    assert found == [None] * 1500 + ["Ann Lee"] * 700


def test_more_keys_than_the_table_holds(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    many = [{"title": f"t{i}", f"key{i}": i, "author": f"a{i}"} for i in range(3 * MOST_KEYS)]
    path.write_text("".join(json.dumps(record) + "\n" for record in [*many, *many]))
    assert read(path, 1, 50, 1 << 20) == read(path, PARSE_ALL, 50, 1 << 20)


def test_white_space_is_what_python_calls_so() -> None:
    """Every character but surrogates, alone and as an escape."""
    chars = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    for as_escape, kind in ((False, PLAIN), (True, ESCAPED)):
        pieces = [json.dumps(char)[1:-1].encode() if as_escape else char.encode() for char in chars]
        if as_escape:
            kinds = np.array([kind if b"\\" in piece else PLAIN for piece in pieces], dtype=np.uint8)
        else:
            kinds = np.full(len(chars), PLAIN, dtype=np.uint8)
        ends = np.cumsum([len(piece) for piece in pieces]).astype(np.int32)
        starts = np.concatenate([[0], ends[:-1]]).astype(np.int32)
        data = np.frombuffer(b"".join(pieces) + bytes(SLACK), dtype=np.uint8)
        column = string_column([Segment(data, 0, len(chars))], starts, ends, kinds)
        assert column.equals(pa.array([None if char.isspace() else char for char in chars]))


def test_a_batch_may_be_as_large_as_one_likes(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(f'{{"id": "{i}", "title": "Lamp {i}"}}\n' for i in range(20_000)))
    feed = read_feed(path, batch_size=15_000)
    batches = [batch.articles for batch in feed]
    assert [batch.num_rows for batch in batches] == [15_000, 5_000]
    ids = [id for batch in batches for id in batch.column("id").to_pylist()]
    assert ids == [str(i) for i in range(20_000)]


def test_a_file_most_lines_of_which_are_odd_is_read_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    plain, odd = '{"title": "Lamp"}\n', '{"title": "Boat \\u0000"}\n'
    path.write_text(plain * 5 + odd * 3000 + plain * 3000)
    assert read(path, 2, 100, 1 << 20) == read(path, PARSE_ALL, 100, 1 << 20)


def test_a_batch_counts_bytes_and_rejects_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(('{"title": "Lamp"}\n' + "oops\n" * 3 + "\n") * 40)
    for batch_bytes in (1, 40, 1 << 20):
        assert read(path, 2, 7, batch_bytes) == read(path, PARSE_ALL, 7, batch_bytes)


def test_a_line_over_the_limit_is_dropped_by_the_scan_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines_module, "whole_lines", partial(json_lines_module.whole_lines, longest=40))
    path = tmp_path / "feed.jsonl"
    path.write_text(('{"title": "Lamp"}\n' + json.dumps({"title": "x" * 90}) + "\n") * 40)
    found = read(path, 2, 7, 1 << 20)
    assert found == read(path, PARSE_ALL, 7, 1 << 20)
    assert (found[2], found[3]) == (80, 40)


def test_blocks_may_be_cut_anywhere() -> None:
    data = ('{"title": "Lamp “found”", "text": "a\\nb"}\n' * 30).encode()
    for cut in (1, 5, 64, 1000):
        blocks = [data[at : at + cut] for at in range(0, len(data), cut)]
        batches = list(JsonLinesReader(made_source(*blocks), ReadOptions(8, 1 << 20), parsed=3).read())
        records = [record for batch in batches for record in batch.records]
        assert records == [{"title": "Lamp “found”", "text": "a\nb"}] * 30
        assert [int(line) for batch in batches for line in batch.lines] == list(range(1, 31))


clocks = st.one_of(
    st.just(""),
    st.times().map(lambda time: "T" + time.isoformat()),
    st.times().map(lambda time: " " + time.isoformat("milliseconds")),
    st.times().map(lambda time: "T" + time.isoformat("minutes")),
    st.sampled_from(
        (
            "T00:00:00",
            "T24:00:00",
            "T23:59:60",
            "T12:00:00.5",
            "t12:00:00",
            "T000000",
            "T00:00:00.000",
            "T1:00:00",
        )
    ),
)
zones = st.sampled_from(
    (
        "",
        "Z",
        "z",
        "+00:00",
        "-00:00",
        "+05:30",
        "-14:59",
        "+15:00",
        "+24:00",
        "+0530",
        "+05",
        " UTC",
        "-08:60",
        "Z ",
    )
)
some_dates = st.one_of(
    st.dates(date(1590, 1, 1), date(2110, 12, 31)).map(str),
    st.sampled_from(
        ("2023-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2024-13-01", "2024-00-10", "2024-04-31")
    ),
    st.sampled_from(
        ("2024-1-05", "20240105", "2024/01/05", "0000-01-01", "2024-01-0x", "/024-01-05", "1969-12-31")
    ),
)


@given(
    st.lists(
        st.tuples(some_dates, clocks, zones).map("".join) | st.none() | st.text(max_size=30), max_size=30
    )
)
@settings(deadline=None, max_examples=300)
def test_iso_dates_are_read_as_one_by_one(texts: list[str | None]) -> None:
    times, precision = iso_dates(pa.array(texts, pa.string()))
    for text, time, good in zip(texts, times.tolist(), precision.tolist(), strict=True):
        if good:
            moment = read_date(text)
            assert moment == (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time), good)


def test_ordinary_iso_dates_are_read_from_the_column() -> None:
    column = pa.array(
        ["2024-02-29", "1969-12-31T23:59:59Z", "2025-03-08T08:28:30.123+05:30", None, "8 March"]
    )
    times, precision = iso_dates(column)
    assert precision.tolist() == [86400, 1, 1, 0, 0]
    assert times.tolist()[:3] == [1709164800000000, -1000000, 1741402710123000]
