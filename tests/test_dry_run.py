"""``dedup index --dry-run``: what was found in a feed, told before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Command, one_error

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def lines_of(dedup: Command, *arguments: str | Path) -> list[str]:
    done = dedup("index", "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return str(done.stdout).splitlines()


def test_a_table_is_told_with_its_dialect_columns_and_first_articles(
    dedup: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("feed.csv")
    rows = [
        "Headline;Source;Publication Date;Author;Mood",
        "Lamp found in the harbour;Gazette;2025-03-04 06:10+02:00;A. Bell;calm",
        "Lamp lost again;Gazette;2025-03-05;;calm",
        "Third of them;Herald;someday;;grim",
        "Fourth, not shown;Herald;2025-03-06;;grim",
        "one;field;too;many;here;six",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="cp1252")
    lines = lines_of(dedup, path, "--map", "credit=Mood")
    assert lines[0] == str(path)
    assert lines[1] == "  format  csv with semicolons, utf-8"
    assert lines[2].startswith("  read    4 articles, 1 rejected, 1 noted, 0.3 kB")
    table = [line.split() for line in lines[3:8]]
    assert table[0] == ["fields", "outlet", "Source", "by", "its", "name", "in", "all"]
    assert table[1] == ["title", "Headline", "by", "its", "name", "in", "all"]
    assert table[2] == ["published", "Publication", "Date", "by", "its", "name", "in", "75", "%"]
    assert table[3] == ["byline", "Author", "by", "its", "name", "in", "25", "%"]
    assert table[4] == ["credit", "Mood", "as", "--map", "says", "in", "all"]
    assert lines[8] == "  none    id, url, text, updated, place, language"
    at = lines.index("  1. Lamp found in the harbour")
    assert lines[at + 1] == "     Gazette | 2025-03-04 04:10 UTC"
    assert lines[at + 2] == "     no text"
    assert "     Gazette | 2025-03-05 (day only)" in lines
    assert "     Herald | no date" in lines
    assert not any("Fourth" in line for line in lines)
    assert f"           {path}:6: 6 instead of 5: one;field;too;many;here;six" in lines
    assert f"           {path}:4: Publication Date: someday" in lines
    assert lines[-1] == "1 file: 4 articles, 1 rejected, 1 noted. Nothing was written."


def test_columns_that_no_field_is_read_from_are_named(dedup: Command, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text('{"title": "Lamp", "mood": "calm", "zeal": 1, "link": "https://a.example/1"}\n')
    lines = lines_of(dedup, path)
    assert "  unused  mood, zeal" in lines
    assert [line.split() for line in lines if "host of url" in line] == [
        ["fields", "outlet", "host", "of", "url", "none", "is", "named", "in", "all"]
    ]


@pytest.mark.parametrize("name", ["feed.jsonl", "headlines.csv", "page_dump.txt"])
def test_the_samples(dedup: Command, name: str) -> None:
    lines = lines_of(dedup, SAMPLES / name)
    assert sum(line.startswith(("  1. ", "  2. ", "  3. ")) for line in lines) == 3
    assert all(len(line) <= 100 for line in lines[1:])
    assert "0 rejected. Nothing was written." in lines[-1]


def test_nothing_is_written_and_no_index_needed(
    dedup: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("title\nLamp found\n", encoding="utf-8")
    lines_of(dedup, "a.csv")
    lines_of(dedup, "a.csv", "-i", "news.dedup")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert dedup("index", "a.csv").returncode == 2
    assert dedup("index", "--dry-run").returncode == 2


def test_of_a_large_file_so_much_is_read_and_it_says_so(dedup: Command, tmp_path: Path) -> None:
    for name, n in (("whole", 10_000), ("more", 10_001)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(f'{{"title": "Story number {k}"}}\n' for k in range(n)), encoding="utf-8")
        lines = lines_of(dedup, path)
        assert any(line.startswith("  read    10,000 articles, 0 rejected") for line in lines)
        said = "Of each file the first 10,000 records were read, no more." in " ".join(lines)
        assert said == (name == "more")


def test_a_folder_is_told_by_kinds_of_files(dedup: Command, tmp_path: Path) -> None:
    for k in range(30):
        (tmp_path / f"{k:02}.jsonl").write_text(f'{{"title": "Story number {k}"}}\n', encoding="utf-8")
    (tmp_path / "x.csv").write_text("title,mood\nLamp,calm\n", encoding="utf-8")
    (tmp_path / "y.txt").write_text("Dear diary,\n\nnothing.\n", encoding="utf-8")
    lines = lines_of(dedup, tmp_path)
    assert lines[0] == f"{tmp_path / '00.jsonl'} and 29 more files alike"
    assert str(tmp_path / "x.csv") in lines
    assert "  format  not a feed" in lines
    assert lines[-1] == "32 files: 31 articles, 0 rejected, 1 noted. Nothing was written."


def test_rejects_are_written_where_asked(dedup: Command, tmp_path: Path) -> None:
    path, rejects = tmp_path / "feed.jsonl", tmp_path / "bad.jsonl"
    path.write_text('{"title": "Lamp"}\n{"title": \n', encoding="utf-8")
    done = dedup("index", "--dry-run", path, "--rejects", rejects)
    assert done.returncode == 0
    assert f"rejects: 1 written to {rejects}" in done.stderr
    assert json.loads(rejects.read_text())["line"] == 2


def test_what_is_no_feed_is_one_error_and_what_came_before_is_told(dedup: Command, tmp_path: Path) -> None:
    diary, feed = tmp_path / "diary.txt", tmp_path / "a.csv"
    diary.write_text("Dear diary,\n\nnothing happened today.\n", encoding="utf-8")
    feed.write_text("title\nLamp found\n", encoding="utf-8")
    one_error(dedup("index", "--dry-run", diary), "diary.txt: not a feed I can read")
    done = dedup("index", "--dry-run", feed, diary)
    assert done.returncode == 1
    assert "  1. Lamp found" in done.stdout.splitlines()
    assert "diary.txt: not a feed I can read" in done.stderr


def test_text_of_a_feed_cannot_act_on_the_terminal(dedup: Command, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    evil = "\x1b[31mred\x1b]0;title\x07 \u202eeurt\x9b1m \x08\x00\n\ttab"
    record = dict.fromkeys(("title", "source", "text", "url", evil), evil) | {"published": evil}
    path.write_text(json.dumps(record) + "\n" + evil.replace("\n", " ") + "\n", encoding="utf-8")
    done = dedup("index", "--dry-run", path)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout) & set("\x1b\x9b\x07\x08\x00\t\u202e")
    assert "red eurt tab" in done.stdout


def test_a_long_text_is_cut_and_wide_letters_fit(dedup: Command, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    record = {"title": "新聞標題" * 40, "text": "記事の本文です。" * 100, "outlet": "新聞", "長い名前": 1}
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    lines = lines_of(dedup, path)
    assert any(line.endswith("…") for line in lines)
    assert len(lines) < 25


def test_a_file_of_which_nothing_fits_is_told_once_and_fails(dedup: Command, tmp_path: Path) -> None:
    path, rejects = tmp_path / "feed.tsv", tmp_path / "bad.csv"
    path.write_text("title\ttext\nLamp\tfound\n", encoding="utf-8")
    done = dedup("index", "--dry-run", path, "--format-in", "jsonl", "--rejects", rejects)
    assert done.returncode == 1
    assert done.stdout.count(f"{path}\n") == 1
    assert done.stdout.endswith("1 file: 0 articles, 2 rejected. Nothing was written but the rejects.\n")
    assert "no article could be read: 2 records, 2 rejected" in done.stderr
    assert len(rejects.read_text().splitlines()) == 3
    done = dedup("index", "--dry-run", path, "--format-in", "parquet")
    assert done.returncode == 1
    assert done.stdout.endswith("1 file: 0 articles, 0 rejected, 1 noted. Nothing was written.\n")


def test_a_file_with_nothing_in_it_is_no_error(dedup: Command, tmp_path: Path) -> None:
    for name, content in (("a.jsonl", ""), ("b.csv", "title,text\n")):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        assert dedup("index", "--dry-run", path).returncode == 0
        assert dedup("index", path, "-i", tmp_path / f"{name}.dedup").returncode == 0


def test_rejected_and_noted_are_counted_alike_everywhere(dedup: Command, tmp_path: Path) -> None:
    path, index = tmp_path / "feed.jsonl", tmp_path / "news.dedup"
    path.write_text('{"title": "Lamp", "date": "someday"}\n{"title": \n', encoding="utf-8")
    assert lines_of(dedup, path)[-1].startswith("1 file: 1 article, 1 rejected, 1 noted.")
    assert "read 1 article, 1 rejected (1 not valid JSON); noted: 1 date" in (
        dedup("index", path, "-i", index).stderr
    )
    told = dedup("stats", "-i", index).stdout
    assert "  rejected   1\n  noted      1\n" in told


def test_an_error_midway_says_what_is_in_the_index(dedup: Command, tmp_path: Path) -> None:
    feed, picture, index = tmp_path / "a.jsonl", tmp_path / "pic.jpg", tmp_path / "news.dedup"
    feed.write_text('{"title": "Lamp found"}\n', encoding="utf-8")
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20)
    done = dedup("index", feed, picture, "-i", index)
    assert done.returncode == 1
    assert f"{index}: 1 article read before the error is in it" in done.stderr
    assert json.loads(dedup("stats", "-i", index, "--format", "json").stdout)["articles"] == 1


def test_no_empty_index_is_left_where_nothing_could_be_read(dedup: Command, tmp_path: Path) -> None:
    picture, index = tmp_path / "pic.jpg", tmp_path / "news.dedup"
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20)
    one_error(dedup("index", picture, "-i", index), "pic.jpg: not a feed I can read (binary)")
    assert not index.exists()


def test_no_advice_to_do_what_was_done(dedup: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one line\n", encoding="utf-8")
    done = dedup("index", "--dry-run", path, "--format-in", "page")
    assert done.returncode == 1
    assert "name the format" not in done.stderr
    assert "check --format-in, or leave it out" in done.stderr
