"""JSON lines and JSON documents: what is kept, and each bad record told with its line and reason."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from dedup.feeds import Feed, read_feed
from dedup.feeds.from_json import json_lines as json_lines_module
from dedup.feeds.lines import line_groups, whole_lines

GOOD = '{"id": "a1", "title": "Lamp found", "text": "It was blue.", "published": "2025-03-04"}'


def feed_of(tmp_path: Path, content: str | bytes, name: str = "feed.jsonl") -> Feed:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_feed(path)


def test_a_good_record_comes_out_field_by_field(tmp_path: Path) -> None:
    rows = feed_of(tmp_path, GOOD + "\n").to_table().to_pylist()
    assert [(row["id"], row["title"], row["text"], row["line"]) for row in rows] == [
        ("a1", "Lamp found", "It was blue.", 1)
    ]
    assert rows[0]["published"].isoformat() == "2025-03-04T00:00:00+00:00"
    assert rows[0]["precision_s"] == 86_400
    assert rows[0]["outlet"] is None


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ('{"title": "Lamp', "not valid JSON", "Lamp"),
        ('{"title": "Lamp"}}', "not valid JSON", "character 18"),
        ("title: Lamp", "not valid JSON", "title: Lamp"),
        ("[" * 5000, "not valid JSON", "depth"),
        ('["title", "Lamp"]', "not a JSON object", "an array"),
        ('"Lamp"', "not a JSON object", "a string"),
        ("42", "not a JSON object", "42"),
        ("null", "not a JSON object", "null"),
        ('{"id": "x", "url": "https://e.example/"}', "no title and no text", "id, url"),
        ('{"title": null, "text": null}', "no title and no text", "none"),
        ('{"title": "", "text": "  \\n "}', "no title and no text", "text"),
        ('{"title": [], "text": NaN}', "no title and no text", "text"),
        ('{"text": {"format": "x"}}', "text is not a string", "format"),
        ('{"title": "", "text": 17}', "text is not a string", "17"),
        ('{"title": {"en": "Lamp"}, "text": null}', "title is not a string", "en"),
        ('{"title": true, "text": 17}', "title is not a string", "True"),
        ("{}", "no title and no text", "none"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_record_is_rejected_with_line_and_reason_and_nothing_else_is_lost(
    tmp_path: Path, line: str, reason: str, detail: str
) -> None:
    feed = feed_of(tmp_path, f"{GOOD}\n\n{line}\n{GOOD}\n")
    assert feed.to_table()["line"].to_pylist() == [1, 4]
    assert [(one.line, one.reason) for one in feed.rejects] == [(3, reason)]
    assert detail in feed.rejects[0].detail
    assert len(feed.rejects[0].detail) <= 200
    assert (feed.n_read, feed.n_rejected, dict(feed.reject_counts)) == (3, 1, {reason: 1})


@pytest.mark.parametrize("value", ["31 February 2025", "soon", "[1, 2]", '{"a": 1}', "0000-00-00"])
def test_a_bad_date_is_counted_and_the_article_kept(tmp_path: Path, value: str) -> None:
    date = value if value[0] in "[{" else json.dumps(value)
    feed = feed_of(tmp_path, f'{GOOD}\n{{"title": "Boat", "published": {date}}}\n')
    rows = feed.to_table().to_pylist()
    assert [row["title"] for row in rows] == ["Lamp found", "Boat"]
    assert rows[1]["published"] is None
    assert [(one.line, one.reason) for one in feed.rejects] == [
        (2, "date not understood (article kept without it)")
    ]
    assert (feed.n_read, feed.n_rejected) == (2, 0)


@pytest.mark.parametrize("value", ["null", '""', '"  "', "[]"])
def test_no_date_is_no_fault(tmp_path: Path, value: str) -> None:
    feed = feed_of(tmp_path, f'{GOOD}\n{{"title": "Boat", "published": {value}}}\n')
    assert feed.to_table().num_rows == 2
    assert feed.rejects == []


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ('{"title": "Lamp \\ud83d\\ude00", "x": NaN}', "Lamp 😀"),
        ('{"title": "Lamp \\ud800!"}', "Lamp \ufffd!"),
        ('{"title": "La\\u0000mp"}', "Lamp"),
        ('{"title": 1984}', "1984"),
        ('{"title": ["Lamp", "", "found"]}', "Lamp, found"),
        ("\ufeff" + '{"title": "Lamp"}', "Lamp"),
        ('{"title": "Lamp", "title": "Boat"}', "Boat"),
    ],
)
def test_small_faults_are_mended(tmp_path: Path, line: str, title: str) -> None:
    feed = feed_of(tmp_path, f"{GOOD}\n{line}\n")
    assert feed.to_table()["title"].to_pylist()[1] == title
    assert feed.n_rejected == 0


def test_lists_and_numbers_become_strings_where_that_makes_sense(tmp_path: Path) -> None:
    line = '{"id": 12345678901, "title": "T", "text": ["One.", "Two."], "authors": ["A. Bo", "C. Du"]}'
    row = feed_of(tmp_path, line).to_table().to_pylist()[0]
    assert (row["id"], row["text"], row["byline"]) == ("12345678901", "One.\n\nTwo.", "A. Bo, C. Du")


def test_invalid_utf8_is_replaced_and_counted(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, GOOD.encode() + '\n{"title": "Café '.encode() + b'\xff\xfe"}\n')
    assert feed.to_table()["title"].to_pylist()[1] == "Café \ufffd\ufffd"
    assert any("1 lines held invalid UTF-8" in note for note in feed.notes)


def test_nul_bytes_are_dropped_and_noted(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, GOOD.replace("Lamp", "La\0mp") + "\n" + GOOD + "\n")
    assert feed.to_table()["title"].to_pylist() == ["Lamp found"] * 2
    assert any("1 NUL bytes dropped" in note for note in feed.notes)


def test_ids_pass_unchanged_even_twice(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, f"{GOOD}\n{GOOD}\n")
    assert feed.to_table()["id"].to_pylist() == ["a1", "a1"]


def test_a_broken_first_line_does_not_hide_the_format(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, f"oops\n{GOOD}\n{GOOD}\n{GOOD}\n", "feed.data")
    assert feed.to_table().num_rows == 3
    assert [(one.line, one.reason) for one in feed.rejects] == [(1, "not valid JSON")]


def test_a_line_that_never_ends_is_rejected_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines_module, "whole_lines", partial(whole_lines, longest=len(GOOD) + 10))
    long = json.dumps({"title": "x" * 500})
    feed = feed_of(tmp_path, f"{GOOD}\n{long}\n{GOOD}\n")
    assert feed.to_table()["line"].to_pylist() == [1, 3]
    assert [(one.line, one.reason) for one in feed.rejects] == [(2, "line too long")]


@pytest.mark.parametrize("cut", [1, 2, 3, 7])
def test_lines_are_the_same_however_the_file_is_cut(cut: int) -> None:
    data = b"one\n\nthree is long\nfour\nlast"
    groups = line_groups([data[at : at + cut] for at in range(0, len(data), cut)], longest=8)
    lines: dict[int, bytes] = {}
    dropped: list[int] = []
    for first, found, too_long in groups:
        lines.update(enumerate(found, first))
        dropped += too_long
    assert lines == {1: b"one", 2: b"", 3: b"", 4: b"four", 5: b"last"}
    assert dropped == [3]


RECORDS = [{"title": "Lamp found", "text": "Blue."}, {"title": "Boat gone"}]


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
        json.dumps({"status": "ok", "articles": RECORDS}),
        json.dumps({"status": "ok", "articles": RECORDS}, indent=1),
        "\n".join(json.dumps(record, indent=2) for record in RECORDS),
        "\ufeff" + json.dumps(RECORDS),
    ],
    ids=["array", "pretty array", "a record a line", "wrapped", "pretty wrapped", "objects", "bom"],
)
def test_an_array_or_object_around_the_records_is_read_too(tmp_path: Path, document: str) -> None:
    feed = feed_of(tmp_path, document, "feed.json")
    assert feed.to_table()["title"].to_pylist() == ["Lamp found", "Boat gone"]
    assert feed.rejects == []
    assert "json document" in feed.notes[0]


def test_a_document_that_breaks_off_gives_what_stood_before(tmp_path: Path) -> None:
    document = json.dumps(RECORDS, indent=0)
    feed = feed_of(tmp_path, document[:-12], "feed.json")
    assert feed.to_table()["title"].to_pylist() == ["Lamp found"]
    assert [(one.line, one.reason) for one in feed.rejects] == [(6, "not valid JSON")]


def test_elements_that_are_no_objects_are_rejected(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, json.dumps([RECORDS[0], 5, "x", RECORDS[1]]), "feed.json")
    assert feed.to_table().num_rows == 2
    assert [(one.line, one.reason) for one in feed.rejects] == [
        (2, "not a JSON object"),
        (3, "not a JSON object"),
    ]


@pytest.mark.parametrize(
    ("line", "title", "text", "bad"),
    [
        ('{"title": "Lamp", "text": 17}', "Lamp", None, "text"),
        ('{"title": "Lamp", "text": {"id": "x"}}', "Lamp", None, "text"),
        ('{"title": {"en": 1}, "text": "x"}', None, "x", "title"),
        ('{"title": true, "text": "x"}', None, "x", "title"),
    ],
)
def test_a_bad_title_or_text_beside_a_good_one_is_counted_and_the_article_kept(
    tmp_path: Path, line: str, title: str | None, text: str | None, bad: str
) -> None:
    feed = feed_of(tmp_path, f"{GOOD}\n{line}\n{GOOD}\n")
    row = feed.to_table().to_pylist()[1]
    assert (row["title"], row["text"], row["line"]) == (title, text, 2)
    reason = f"{bad} is not a string (article kept without it)"
    assert [(one.line, one.reason) for one in feed.rejects] == [(2, reason)]
    assert (feed.n_read, feed.n_rejected) == (3, 0)


@pytest.mark.parametrize(
    "text",
    [
        {"value": "<p>One.</p><p>Two.</p>", "format": "basic", "processed": "<p>One.</p>\n<p>Two.</p>"},
        {"rendered": "<p>One.</p>\n<p>Two.</p>", "protected": False},
        [{"type": "p", "text": "One."}, {"type": "image", "url": "u"}, {"type": "p", "text": "Two."}],
        [{"type": "text", "content": "One."}, {"type": "text", "content": "Two."}],
        {"type": "doc", "content": [{"content": [{"text": "One."}]}, {"content": [{"text": "Two."}]}]},
        ["One.", "Two."],
    ],
)
@pytest.mark.parametrize("column", ["body", "content"])
def test_a_text_in_an_object_or_in_blocks_is_the_words_in_them(
    tmp_path: Path, text: object, column: str
) -> None:
    record = {"title": {"plain": "Lamp found"}, column: text}
    plain = {"title": "Lamp found", column: "One.\n\nTwo."}
    for records in ([record] * 3, [plain, record], [record, plain]):
        feed = feed_of(tmp_path, "".join(json.dumps(one) + "\n" for one in records))
        rows = feed.to_table().to_pylist()
        assert {(row["title"], row["text"]) for row in rows} == {("Lamp found", "One.\n\nTwo.")}
        assert feed.rejects == []
