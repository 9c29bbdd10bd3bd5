"""JSON documents of any size and shape: the articles in them come out, one after the other."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.feeds import Feed, read_feed
from dedup.feeds.from_json import json_document as json_document_module
from dedup.feeds.from_json.json_document import JsonDocumentReader
from dedup.feeds.from_json.json_elements import BETWEEN, CLOSED, ElementScan
from dedup.feeds.readers import ReadOptions
from tests.test_feeds_properties import _reads_or_says_why, any_text, articles, bits_of_feeds, file_with

RECORDS = [{"title": "Lamp found", "text": "Blue."}, {"title": "Boat gone", "text": "It was [there] {once}."}]
TITLES = ["Lamp found", "Boat gone"]


def feed_of(tmp_path: Path, document: Any, **options: Any) -> Feed:
    path = tmp_path / "feed.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_feed(path, format="json", **options)


def titles_of(feed: Feed) -> list[Any]:
    return feed.to_table()["title"].to_pylist()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("document", "path"),
    [
        (RECORDS, ""),
        ({"status": "ok", "articles": RECORDS}, "articles"),
        (
            {"articles": RECORDS, "paging": {"next": [1, 2]}, "facets": [{"name": "a", "count": 3}]},
            "articles",
        ),
        ({"facets": [{"name": "a", "count": 3}], "articles": RECORDS}, "articles"),
        ({"response": {"status": "ok", "results": RECORDS}}, "response.results"),
        ({"data": {"articles": RECORDS}}, "data.articles"),
        ({"rss": {"channel": {"title": "The Example", "link": "x", "item": RECORDS}}}, "rss.channel.item"),
        ({"channel": {"title": "T", "description": "d", "item": RECORDS}}, "channel.item"),
        ({"title": "Search for lamps", "items": RECORDS}, "items"),
        ({"a": {"b": {"c": {"posts": RECORDS}}}}, "a.b.c.posts"),
        ({"articles": RECORDS, "sources": [{"name": "The Example", "url": "https://e.example"}]}, "articles"),
        ({"note": 'brackets [{" in \\ a string', "n": -1.5e3, "ok": True, "no": None, "x": RECORDS}, "x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_array_that_looks_most_like_articles_is_read(
    tmp_path: Path, document: Any, path: str, indent: int | None
) -> None:
    feed = feed_of(tmp_path, json.dumps(document, indent=indent))
    rows = feed.to_table().to_pylist()
    assert [(row["title"], row["text"]) for row in rows] == [(one["title"], one["text"]) for one in RECORDS]
    assert [row["line"] for row in rows] == [1, 2]
    assert feed.rejects == []
    assert ("records in " + path in feed.notes[0]) == bool(path)


@pytest.mark.parametrize(
    "record",
    [
        {"title": "Lamp found", "related": [{"title": "Boat", "text": "x", "url": "y"}]},
        {"headline": "Lamp found", "body": "Blue.", "items": [{"title": "Boat", "text": "x"}]},
        {"title": "Lamp found", "authors": [{"name": "A. Bo"}], "tags": []},
        {"title": "Lamp found", "items": []},
        {"title": "Lamp found", "doc": {"by": {"text": "Blue."}}, "items": [{"title": "Boat", "url": "y"}]},
    ],
)
def test_an_article_with_arrays_in_it_is_one_article(tmp_path: Path, record: dict[str, Any]) -> None:
    feed = feed_of(tmp_path, record)
    assert titles_of(feed) == ["Lamp found"]
    assert feed.n_read == 1


def test_a_mapped_column_says_which_object_is_the_record(tmp_path: Path) -> None:
    document = {"say": "Lamp found", "articles": RECORDS}
    assert titles_of(feed_of(tmp_path, document)) == TITLES
    assert titles_of(feed_of(tmp_path, document, mapping={"title": "say"})) == ["Lamp found"]
    odd = {"rows": [{"h": "One"}, {"h": "Two"}], "cols": [{"k": 1}, {"k": 2}]}
    assert titles_of(feed_of(tmp_path, odd, mapping={"title": "h"})) == ["One", "Two"]


def test_hits_of_a_search_engine_are_read(tmp_path: Path) -> None:
    sources = [{**one, "source": {"name": "The Example"}} for one in RECORDS]
    hits = [{"_id": str(k), "_score": 1.0, "_source": one} for k, one in enumerate(sources)]
    document = {"took": 3, "hits": {"total": {"value": 2}, "hits": hits}, "aggregations": {"a": [{"key": 1}]}}
    rows = feed_of(tmp_path, document).to_table().to_pylist()
    assert [(row["id"], row["outlet"], row["title"], row["text"]) for row in rows] == [
        (str(k), "The Example", one["title"], one["text"]) for k, one in enumerate(RECORDS)
    ]


@pytest.mark.parametrize("key", ["article", "_source", "data", "node.item"])
def test_an_article_one_object_down_is_guessed_in_every_line(tmp_path: Path, key: str) -> None:
    path = tmp_path / "feed.jsonl"
    lines: list[Any] = []
    for k in range(1200):
        inner: Any = {"id": k, "title": f"T {k}", "body": f"Text {k}.", "author": {"name": f"A {k}"}}
        for name in reversed(key.split(".")):
            inner = {name: inner}
        lines.append({"seen": "2025-03-04", **inner, "meta": {"id": "x", "kind": "y"}})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    feed = read_feed(path)
    rows = feed.to_table().to_pylist()
    assert [(row["id"], row["title"], row["text"], row["byline"]) for row in rows] == [
        (str(k), f"T {k}", f"Text {k}.", f"A {k}") for k in range(1200)
    ]
    assert feed.rejects == []


def test_paths_into_objects_are_offered_as_columns(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    deep = {"data": {"title": "Lamp", "by": {"name": "A. Bo", "more": {"deep": 1}}}, "id": 3}
    for name, text in (("jsonl", json.dumps(deep) + "\n"), ("json", json.dumps([deep]))):
        path.write_text(text * (1 if name == "json" else 2))
        columns: set[str] = set()
        from dedup.feeds.readers import open_reader
        from dedup.feeds.sources.from_path import open_sources

        for source in open_sources(str(path)):
            for batch in open_reader(name, source, ReadOptions()).read():
                columns.update(batch.column_names())
        assert columns == {"data", "id", "data.title", "data.by", "data.by.name", "data.by.more"}


def test_paths_into_objects_are_read_in_every_line(tmp_path: Path) -> None:
    """The first thousand lines are parsed one by one, the others scanned; a field in them is the same."""
    path = tmp_path / "feed.jsonl"
    lines = [{"n": k, "doc": {"title": f"T {k}", "by": {"name": f"A {k}"}}} for k in range(1500)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    feed = read_feed(path, mapping={"title": "doc.title", "byline": "doc.by.name"})
    rows = feed.to_table().to_pylist()
    assert [(row["title"], row["byline"]) for row in rows] == [(f"T {k}", f"A {k}") for k in range(1500)]


@pytest.mark.parametrize("between", ["", "\n", ",\n", " \n\n"])
def test_documents_may_follow_one_another(tmp_path: Path, between: str) -> None:
    documents = [
        json.dumps(RECORDS[0], indent=1),
        json.dumps({"status": "ok", "articles": RECORDS[1:], "page": {"n": [1]}}, indent=1),
        json.dumps(RECORDS, indent=1),
        json.dumps(RECORDS[0]),
    ]
    feed = feed_of(tmp_path, between.join(documents))
    assert titles_of(feed) == [TITLES[0], TITLES[1], *TITLES, TITLES[0]]
    assert feed.to_table()["line"].to_pylist() == [1, 2, 3, 4, 5]
    assert feed.rejects == []


@pytest.mark.parametrize(
    ("document", "titles", "line", "reason", "detail"),
    [
        ('[\n{"title": "a"},\n{"title": "b', ["a"], 3, "not valid JSON", "title"),
        ('[\n{"title": "a"},\n', ["a"], 3, "not valid JSON", "never closed"),
        ('[\n{"title": "a"}\n:\n{"title": "b"}]', ["a"], 3, "not valid JSON", "unexpected :"),
        ('[\n{"title": x},\n{"title": "b"}]', ["b"], 1, "not valid JSON", "title"),
        ('[\n{"title": "a\nb"},\n{"title": "b"}]', ["b"], 1, "not valid JSON", "control"),
        ('[{"title": "a"}, 5, "x", null]', ["a"], 2, "not a JSON object", "number"),
        ('{"status": "ok",\n"articles": [\n{"title": "a"},\n', ["a"], 4, "not valid JSON", "never closed"),
        ('{"articles": [\n{"title": "a"}],\n"x": ', ["a"], 3, "not valid JSON", "never closed"),
        ('{"title": "a"}\n{"title": "b",\n"text": ', ["a"], 2, "not valid JSON", "never ends"),
        ('{"title": "a"}\noops {"title": "b"}', ["a"], 2, "not valid JSON", "unexpected oops"),
        ('[{"title": "a"}] trailing', ["a"], 1, "not valid JSON", "unexpected trailing"),
        ('[{"title": "a"}] 5', ["a"], 2, "not a JSON object", "number"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_break_is_told_with_its_line_and_what_stood_before_is_kept(
    tmp_path: Path, document: str, titles: list[str], line: int, reason: str, detail: str
) -> None:
    feed = feed_of(tmp_path, document)
    assert titles_of(feed) == titles
    assert (feed.rejects[0].line, feed.rejects[0].reason) == (line, reason)
    assert detail in feed.rejects[0].detail


@pytest.mark.parametrize("name", ["feed", "feed.json", "feed.jsonl"])
def test_a_long_document_on_one_line_and_answers_line_by_line_are_told_from_json_lines(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    answer = {"status": "ok", "articles": RECORDS}
    path.write_text(json.dumps({"status": "ok", "articles": RECORDS * 20_000}))
    assert path.stat().st_size > 1 << 20
    assert read_feed(path).to_table().num_rows == 40_000
    path.write_text("\n".join(json.dumps(answer) for _ in range(30)))
    feed = read_feed(path)
    assert titles_of(feed) == TITLES * 30
    assert feed.rejects == []
    path.write_text(json.dumps({"title": "Long", "text": "x" * (2 << 20)}) + "\n" + json.dumps(RECORDS[0]))
    assert titles_of(read_feed(path)) == ["Long", TITLES[0]]


def test_the_answer_of_a_service_that_found_nothing_is_an_empty_file(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, {"status": "ok", "totalResults": 0, "articles": []})
    assert feed.to_table().num_rows == 0
    assert [one.reason for one in feed.rejects] == ["empty file"]


def test_the_place_of_the_array_need_not_be_in_the_first_block(tmp_path: Path) -> None:
    document = {"notes": {f"k{k}": "x [{ " * 100 for k in range(3000)}, "articles": RECORDS}
    assert titles_of(feed_of(tmp_path, document)) == TITLES


def test_an_array_beyond_the_window_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_document_module, "WINDOW", 64 << 10)
    long = [{"title": f"T {k}", "text": "x" * 500} for k in range(2000)]
    feed = feed_of(
        tmp_path, {"articles": long, "related": [{"title": "a", "text": "b", "url": "c", "id": 1}]}
    )
    assert feed.to_table().num_rows == 2000
    assert feed.rejects == []


class Blocks:
    """A source of any length."""

    path = "feed.json"

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def blocks(self) -> Iterator[bytes]:
        return self._blocks


def test_records_are_handed_out_as_they_come() -> None:
    """The document never ends, and yet its records can be had."""

    def endless() -> Iterator[bytes]:
        yield b'{"status": "ok", "articles": ['
        number = 0
        while True:
            number += 1
            yield json.dumps({"title": f"T {number}", "text": "x" * 200}, indent=1).encode() + b",\n"

    reader = JsonDocumentReader(Blocks(endless()), ReadOptions(batch_size=500))  # type: ignore[arg-type]
    batches = reader.read()
    found = [record["title"] for _ in range(5) for record in next(batches).records]
    assert found == [f"T {k}" for k in range(1, 2501)]


_MEASURE = """
import json, resource, sys
from dedup.feeds.from_json.json_document import JsonDocumentReader
from dedup.feeds.readers import ReadOptions
class Blocks:
    path = "feed.json"
    def blocks(self):
        yield b"["
        block = b",".join(json.dumps({"title": f"T {k}", "text": "word " * 800}).encode() for k in range(250))
        for number in range(int(sys.argv[1])):
            yield (b"," if number else b"") + block
        yield b"]"
n = sum(len(batch.records) for batch in JsonDocumentReader(Blocks(), ReadOptions()).read())
print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_document() -> None:
    peaks = {}
    for blocks in (40, 400):
        told = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(blocks)], capture_output=True, text=True, check=True
        )
        n, peak = map(int, told.stdout.split())
        assert n == 250 * blocks
        peaks[blocks] = peak / (1 if sys.platform == "darwin" else 1024)
    assert peaks[400] < peaks[40] + 60, resource.getpagesize()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(
        articles.flatmap(lambda one: st.builds(lambda x: {**one, "x": x}, json_values)),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from(["array", "wrapped", "nested", "after"]),
    st.integers(1, 50),
)
@settings(deadline=None, max_examples=80)
def test_what_goes_into_a_document_comes_out(
    records: list[dict[str, Any]], indent: int | None, escaped: bool, shape: str, batch_size: int
) -> None:
    document: Any = {
        "array": records,
        "wrapped": {"status": "ok", "articles": records, "n": [1, {"a": "]}"}]},
        "nested": {"response": {"meta": {"q": '"[{'}, "results": records}},
        "after": {"articles": records, "tail": {"x": [{"k": 1}]}},
    }[shape]
    data = json.dumps(document, indent=indent, ensure_ascii=escaped).encode()
    with file_with(data, "feed.json") as path:
        feed = read_feed(path, batch_size=batch_size, format="json", clean=False)
        rows = feed.to_table().to_pylist()
    for field, key in (("title", "title"), ("id", "id"), ("text", "text"), ("outlet", "source")):
        assert [row[field] for row in rows] == [record.get(key) for record in records], field
    assert feed.rejects == []


@given(st.lists(json_values, max_size=6), st.integers(1, 30), st.sampled_from([None, 2]))
@settings(deadline=None, max_examples=150)
def test_elements_are_found_wherever_the_bytes_are_cut(
    values: list[Any], cut: int, indent: int | None
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=False).encode()[1:] + b"rest"
    scan = ElementScan(1)
    lines = b""
    for at in range(0, len(data), cut):
        some, position = scan.take(data[at : at + cut])
        lines += some
        if scan.mode == CLOSED:
            assert data[at + position :] == b"rest"
            break
    assert [json.loads(line) for line in lines.split(b"\n")[:-1]] == values
    assert scan.mode == CLOSED
    assert scan.count == len(values)
    assert ElementScan(1).mode == BETWEEN


@given(
    st.lists(bits_of_feeds | st.binary(max_size=6), max_size=25).map(b"".join),
    st.sampled_from([b"[", b"{", b""]),
)
@settings(deadline=None, max_examples=250)
def test_rubbish_is_read_or_rejected(data: bytes, begins: bytes) -> None:
    _reads_or_says_why(begins + data, format="json")


@given(st.integers(0, 400), st.binary(max_size=3), st.booleans())
@settings(deadline=None, max_examples=150)
def test_a_spoilt_document_is_read_or_rejected(at: int, what: bytes, cut: bool) -> None:
    data = json.dumps(
        {"status": "ok", "response": {"results": RECORDS * 3}, "x": [{"a": 1}]}, indent=1
    ).encode()
    at %= len(data)
    _reads_or_says_why(data[:at] + what + (b"" if cut else data[at + len(what) :]), format="json")


NEWS_PLEASE = {
    "authors": ["Ann Bo", "Carl Du"],
    "date_download": "2025-03-05 08:00:00",
    "date_modify": "2025-03-04 13:00:00",
    "date_publish": "2025-03-04 12:30:15",
    "description": "A lamp was found.",
    "filename": "https%3A%2F%2Fnews.example%2Flamp.json",
    "image_url": "https://news.example/lamp.jpg",
    "language": "en",
    "localpath": None,
    "maintext": "The lamp was blue.\nIt stood on the hill.",
    "source_domain": "news.example",
    "title": "Lamp found",
    "title_page": None,
    "title_rss": None,
    "url": "https://news.example/lamp",
}


@pytest.mark.parametrize("shape", ["object", "pretty", "array", "lines"])
def test_news_please_objects_are_articles(tmp_path: Path, shape: str) -> None:
    """Of a record without a text the description stands in; of its neighbours it never does."""
    bare = {
        **NEWS_PLEASE,
        "maintext": None,
        "title": None,
        "title_page": "Boat gone",
        "url": "https://n.example/b",
    }
    records = [NEWS_PLEASE, bare, NEWS_PLEASE] * (400 if shape == "lines" else 1)
    path = tmp_path / "feed"
    if shape in ("object", "pretty"):
        records = records[:1]
        path.write_text(json.dumps(records[0], indent=4 if shape == "pretty" else None))
    else:
        path.write_text(json.dumps(records) if shape == "array" else "\n".join(map(json.dumps, records)))
    feed = read_feed(path)
    rows = feed.to_table().to_pylist()
    assert len(rows) == len(records)
    assert feed.rejects == []
    for row, record in zip(rows, records, strict=True):
        assert row["text"] == (record["maintext"] or record["description"])
        assert row["title"] == (record["title"] or record["title_page"])
        assert (row["outlet"], row["url"], row["language"]) == ("news.example", record["url"], "en")
        assert row["byline"] == "Ann Bo, Carl Du"
        assert row["published"].isoformat() == "2025-03-04T12:30:15+00:00"
        assert row["updated"].isoformat() == "2025-03-04T13:00:00+00:00"


def lines_of(tmp_path: Path, records: list[Any]) -> Feed:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return read_feed(path)


@pytest.mark.parametrize(
    "around",
    [
        {"_source": {"title": "T", "body": "Blue lamp.", "tags": [{"name": "x"}]}},
        {"headline": "T", "lead": "Blue.", "content": [{"type": "p", "text": "Blue lamp."}]},
        {"headline": {"main": "T"}, "images": [{"title": "A lamp", "url": "a.jpg", "date": "2024"}]},
        {"title": "T", "authors": [{"name": "A. Bo", "url": "b", "description": "Writes."}]},
        {"title": "T", "data": [{"title": "Boat", "text": "x", "url": "y"}]},
    ],
    ids=lambda around: next(iter(around)),
)
def test_lines_that_are_articles_are_read_whatever_arrays_are_in_them_and_in_any_order(
    tmp_path: Path, around: dict[str, Any]
) -> None:
    plain = {key: value for key, value in around.items() if not isinstance(value, list)}
    plain = plain if len(plain) > 1 or "_source" not in plain else {"_source": {"title": "T", "body": "x"}}
    for records in ([around, plain, plain], [plain, around, plain], [around, around]):
        feed = lines_of(tmp_path, records)
        assert titles_of(feed) == ["T"] * len(records)
        assert feed.notes[0].startswith(f"{tmp_path}/feed.jsonl: json lines")
    assert titles_of(feed_of(tmp_path, around)) == ["T"]


def test_answers_one_a_line_are_taken_apart_only_if_every_line_wraps_the_same_array(tmp_path: Path) -> None:
    answer = {"status": "ok", "articles": RECORDS}
    assert titles_of(lines_of(tmp_path, [answer] * 3)) == TITLES * 3
    one = {"title": "T", "text": "x", "articles": RECORDS}
    assert titles_of(lines_of(tmp_path, [one] * 3)) == ["T"] * 3


@pytest.mark.parametrize("articles_first", [True, False])
def test_articles_with_texts_win_over_longer_lists_of_links_and_those_are_told(
    tmp_path: Path, articles_first: bool
) -> None:
    links = [{"title": "R", "url": "u", "author": "a", "date": "2024-01-01", "source": "s"}]
    parts = [("articles", RECORDS), ("most_read", links), ("facets", [{"name": "x", "count": 2}])]
    feed = feed_of(tmp_path, dict(parts if articles_first else parts[::-1]))
    assert titles_of(feed) == TITLES
    assert [note for note in feed.notes if "not read" in note] == [
        f"{tmp_path}/feed.json: not read: most_read (other arrays of objects with titles)"
    ]


def test_of_lists_without_texts_the_one_called_articles_wins(tmp_path: Path) -> None:
    sections = [{"name": "World", "description": "d", "url": "u", "id": 3, "lang": "en"}]
    document = {"sections": sections, "articles": [{"title": "Lamp found", "url": "v"}]}
    assert titles_of(feed_of(tmp_path, document)) == ["Lamp found"]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("keys", [(), ("articles",), ("data", "stories")])
def test_articles_keyed_by_ids_are_all_read(
    tmp_path: Path, keys: tuple[str, ...], indent: int | None
) -> None:
    document: Any = {str(100 + k): {**one, "tags": [{"name": "x"}]} for k, one in enumerate(RECORDS * 40)}
    document["count"] = 80
    document["note"] = "a, {b: [c"
    for key in reversed(keys):
        document = {"status": "ok", key: document, "page": {"next": 2}}
    feed = feed_of(tmp_path, json.dumps(document, indent=indent))
    assert titles_of(feed) == TITLES * 40
    assert feed.rejects == []


def test_an_article_with_objects_in_it_is_no_object_of_articles(tmp_path: Path) -> None:
    links = {"previous": {"title": "A", "url": "a"}, "next": {"title": "B", "url": "b"}}
    assert titles_of(feed_of(tmp_path, {"title": "T", **links})) == ["T"]
    hit = {"_source": {"title": "T", "text": "x"}, "highlight": {"title": ["T"]}}
    assert titles_of(feed_of(tmp_path, hit)) == ["T"]


def test_an_object_of_articles_that_breaks_off_gives_what_stood_before(tmp_path: Path) -> None:
    whole = json.dumps({str(k): one for k, one in enumerate(RECORDS * 2)})
    feed = feed_of(tmp_path, whole[:-20])
    assert titles_of(feed) == [*TITLES, TITLES[0]]
    assert [one.reason for one in feed.rejects] == ["not valid JSON"]
