"""CSV: any separator, quoted line breaks, and rows that do not fit."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dedup.feeds import Feed, read_feed
from dedup.feeds.from_csv import csv_table


def feed_of(tmp_path: Path, content: str | bytes, name: str = "feed.csv") -> Feed:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_feed(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_common_separator_and_line_end(tmp_path: Path, separator: str, end: str) -> None:
    rows = [
        ["Headline", "Source", "Publication Date"],
        ['"Lamp, blue; found"', "The Bulletin", "2025-03-04T00:00:00"],
        ["Boat gone", "Harbour News", "2025-03-05T07:30:00"],
    ]
    feed = feed_of(tmp_path, end.join(separator.join(row) for row in rows) + end)
    found = feed.to_table().to_pylist()
    assert [row["title"] for row in found] == ["Lamp, blue; found", "Boat gone"]
    assert [row["outlet"] for row in found] == ["The Bulletin", "Harbour News"]
    assert [row["precision_s"] for row in found] == [86_400, 1]
    assert [row["line"] for row in found] == [2, 3]


def test_a_quoted_cell_may_hold_lines_and_quotes_and_the_line_is_where_the_row_began(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title,text\nA,"One.\n\nTwo ""quoted"", three."\n\nB,x\n,,\n')
    rows = feed.to_table().to_pylist()
    assert [(row["title"], row["text"], row["line"]) for row in rows] == [
        ("A", 'One.\n\nTwo "quoted", three.', 2),
        ("B", "x", 6),
    ]
    assert feed.rejects == []


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("B", "wrong number of fields", "1 instead of 2"),
        ("B,x,y", "wrong number of fields", "3 instead of 2"),
        (",", None, ""),
        ('"",""', None, ""),
        ("  , ", None, ""),
        ("nan,NaN", "no title and no text", "title, text"),
    ],
)
def test_a_row_that_does_not_fit_is_rejected_with_its_line(
    tmp_path: Path, row: str, reason: str | None, detail: str
) -> None:
    feed = feed_of(tmp_path, f"title,text\nA,one\n{row}\nC,three\n")
    assert feed.to_table()["title"].to_pylist() == ["A", "C"]
    assert [(one.line, one.reason) for one in feed.rejects] == ([(3, reason)] if reason else [])
    if reason:
        assert detail in feed.rejects[0].detail
    assert feed.n_read == 2 + (reason is not None)


def test_a_quote_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title,text\nA,one\n"B,two\nC,three\nD,"four\n4"\nE,five\n')
    assert feed.to_table()["title"].to_pylist() == ["A", "C", "D", "E"]
    assert [(one.line, one.reason) for one in feed.rejects] == [(3, "quote never closed")]


def test_a_quote_open_to_the_end_of_the_file_costs_its_own_row_only(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title,text\nA,one\nB,"two\nC,three\nD,four\n')
    assert feed.to_table()["title"].to_pylist() == ["A", "C", "D"]
    assert [(one.line, one.reason) for one in feed.rejects] == [(3, "quote never closed")]


def test_a_runaway_quote_is_given_up_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "_MOST_LINES", 10)
    rows = "".join(f"T{n},words {n}\n" for n in range(100))
    feed = feed_of(tmp_path, f'title,text\nA,"open\n{rows}')
    assert feed.to_table().num_rows == 100
    assert [(one.line, one.reason) for one in feed.rejects] == [(2, "quote never closed")]


def test_a_multi_line_row_of_the_wrong_width_is_one_reject(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title,text,url\nA,"one\nand\nmore"\nB,x,y\n')
    assert feed.to_table()["title"].to_pylist() == ["B"]
    assert [(one.line, one.reason) for one in feed.rejects] == [(2, "wrong number of fields")]


def test_tabs_with_loose_quotes_are_read_as_text(tmp_path: Path) -> None:
    rows = "".join(f'"Nothing" found {n}, say "six\tOutlet {n}\n' for n in range(9))
    feed = feed_of(tmp_path, f'title\toutlet\n{rows}"Open and shut\tLast\n', "feed.tsv")
    assert feed.to_table().num_rows == 10
    assert feed.to_table()["title"][0].as_py() == '"Nothing" found 0, say "six'


def test_empty_lists_of_programs_are_null(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "Headline,Byline,Publication Date\nA,[],NaN\nB,Ann Bo,2025-01-02\n")
    assert feed.to_table()["byline"].to_pylist() == [None, "Ann Bo"]
    assert feed.rejects == []


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]
)
def test_the_encoding_is_found_out_and_noted(tmp_path: Path, encoding: str) -> None:
    text = "title,outlet\nCafé à Besançon fermé après l'incendie,Déjà Lu\nNaïve façade scheme,Déjà Lu\n"
    feed = feed_of(tmp_path, text.encode(encoding))
    assert feed.to_table()["title"].to_pylist()[0] == "Café à Besançon fermé après l'incendie"
    if encoding in ("cp1252", "utf-16", "utf-8-sig"):
        assert encoding in feed.notes[0]


def test_a_stray_byte_in_a_utf8_file_is_replaced_and_counted(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "title\nCafé fermé à Besançon\n".encode() + b"Lamp \xff found\n")
    assert feed.to_table()["title"].to_pylist() == ["Café fermé à Besançon", "Lamp \ufffd found"]
    assert any("1 values held invalid characters" in note for note in feed.notes)


def test_a_header_without_rows_is_an_empty_feed(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "title,text,url\n")
    assert feed.to_table().num_rows == 0
    assert (feed.n_read, feed.rejects) == (0, [])


def test_one_column_of_headlines_is_a_table(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "Headline\nLamp found at last\nBoat gone\n", "list")
    assert feed.to_table()["title"].to_pylist() == ["Lamp found at last", "Boat gone"]


def test_dates_of_a_file_are_read_in_the_order_its_rows_show(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "title,date\nA,03/04/2025\nB,25/04/2025\n")
    assert [moment.day for moment in feed.to_table()["published"].to_pylist()] == [3, 25]
    ambiguous = feed_of(tmp_path, "title,date\nA,03/04/2025\nB,05/04/2025\n")
    assert [moment.month for moment in ambiguous.to_table()["published"].to_pylist()] == [3, 5]
    assert any("03/04/2025 read as 4 March" in note for note in ambiguous.notes)


def test_batches_are_bounded_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("title,text\n" + "".join(f"T{n},body {n}\n" for n in range(1000)), encoding="utf-8")
    sizes = [batch.articles.num_rows for batch in read_feed(path, batch_size=64)]
    assert max(sizes) == 64
    assert sum(sizes) == 1000
    assert max(batch.articles.num_rows for batch in read_feed(path, batch_bytes=100)) < 20


def cells(feed: Feed) -> list[tuple[str | None, str | None]]:
    return [(row["title"], row["text"]) for row in feed.to_table().to_pylist()]


def dialect(feed: Feed) -> str:
    feed.to_table()
    (file,) = feed.found
    return file.format


def test_quotes_behind_a_backslash_as_spark_and_mysql_write_them(tmp_path: Path) -> None:
    content = (
        'title,text\n"A \\"q\\" z","b, c"\n"Plain","He said \\"no\\", \\"never\\".\nSo be it."\n'
        '"Path","In C:\\new\\names, or \\\\share."\n\\N,"The end"\n'
    )
    feed = feed_of(tmp_path, content)
    assert cells(feed) == [
        ('A "q" z', "b, c"),
        ("Plain", 'He said "no", "never".\nSo be it.'),
        ("Path", "In C:\\new\\names, or \\share."),
        (None, "The end"),
    ]
    assert feed.rejects == []
    assert dialect(feed) == "csv, backslash escapes"


def test_separators_and_line_breaks_behind_a_backslash_where_nothing_is_quoted(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, "title\ttext\nA\tone\\\tand two\nB\tthree\\\nand four\nC\tfive\n")
    assert cells(feed) == [("A", "one\tand two"), ("B", "three\nand four"), ("C", "five")]
    assert "backslash escapes" in dialect(feed)


@pytest.mark.parametrize(
    "row",
    [
        r'"C:\new\","b, c"',
        r'"b, c","C:\new\"',
        r'"A \""q\"" z","b, c"',
        "C:\\new\\,C:\\old\\",
        r'"{""a"": ""x \""y\"" z""}","b"',
    ],
)
def test_backslashes_of_rfc_4180_are_text(tmp_path: Path, row: str) -> None:
    content = f'title,text\n"One","two, three"\n{row}\n"Last","row"\n'
    feed = feed_of(tmp_path, content)
    assert cells(feed) == [tuple(one) for one in csv.reader(content.splitlines()[1:])]
    assert feed.rejects == []
    assert dialect(feed) == "csv"


def test_a_space_behind_the_comma_is_not_part_of_a_field(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title, text\n"A", "b, c"\n"D", "e"\nF, g\n')
    assert cells(feed) == [("A", "b, c"), ("D", "e"), ("F", "g")]
    assert feed.rejects == []
    assert dialect(feed) == "csv, spaces after separators"

    feed = feed_of(tmp_path, 'title, text\n"A \\"q\\"", "b, c"\n"D", "e"\n')
    assert cells(feed) == [('A "q"', "b, c"), ("D", "e")]
    assert dialect(feed) == "csv, backslash escapes, spaces after separators"


def test_a_quote_never_closed_among_escaped_ones_costs_its_own_row_only(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'title,text\n"A \\"q\\"","b"\nC,"open\nD,"d, \\"e\\""\nF,g\n')
    assert [title for title, _ in cells(feed)] == ['A "q"', "D", "F"]
    assert [one.line for one in feed.rejects] == [3]


def test_a_table_in_tabs_may_hold_texts_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(["id", "title", "text"])
        for number in range(40):
            text = "\n\n".join(f"Paragraph {k} of lamp {number}, it said." for k in range(8))
            rows.writerow([number, f"Lamp {number}", text])
    feed = read_feed(path)
    table = feed.to_table()
    assert (table.num_rows, feed.n_rejected) == (40, 0)
    assert table["text"][7].as_py().count("\n\n") == 7
