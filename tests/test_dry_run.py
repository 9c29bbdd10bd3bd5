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
    assert lines[2].startswith("  read    4 articles, 2 rejects, 0.3 kB")
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
    assert lines[-1] == "1 file: 4 articles, 2 rejects. Nothing was written."


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
    assert "0 rejects. Nothing was written." in lines[-1]


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
        assert any(line.startswith("  read    10,000 articles, 0 rejects") for line in lines)
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
    assert lines[-1] == "32 files: 31 articles, 1 reject. Nothing was written."


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
