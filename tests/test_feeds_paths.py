"""Folders to the bottom, patterns the shell left alone, one order; never an index, never in a circle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dedup.errors import FeedError
from dedup.feeds import read_feed, reasons
from dedup.index.index import Index
from dedup.index.layout import Layout


def write(path: Path, title: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"title,outlet\n{title},x\n", encoding="utf-8")
    return path


def titles(*paths: str | Path) -> list[str]:
    found: list[str] = read_feed(list(paths)).to_table()["title"].to_pylist()
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "feeds"
    for name in (
        "b.csv",
        "a/2.csv",
        "a/1.csv",
        "a/deep/er/x.csv",
        "c/1.csv",
        ".hidden/1.csv",
        "a/.secret.csv",
    ):
        write(root / name, name)
    return root


def test_a_folder_is_read_to_the_bottom_sorted_by_name_hidden_things_left_out(tree: Path) -> None:
    assert titles(tree) == ["a/1.csv", "a/2.csv", "a/deep/er/x.csv", "b.csv", "c/1.csv"]


def test_a_pattern_the_shell_left_alone_is_expanded(tree: Path) -> None:
    assert titles(f"{tree}/*.csv") == ["b.csv"]
    assert titles(f"{tree}/*/1.csv") == ["a/1.csv", "c/1.csv"]
    assert titles(f"{tree}/**/*.csv") == ["a/1.csv", "a/2.csv", "a/deep/er/x.csv", "b.csv", "c/1.csv"]
    assert titles(f"{tree}/**") == titles(tree)
    assert titles(f"{tree}/[ab]*") == ["a/1.csv", "a/2.csv", "a/deep/er/x.csv", "b.csv"]


def test_a_path_that_exists_is_that_path_whatever_is_in_its_name(tmp_path: Path) -> None:
    write(tmp_path / "feed1.csv", "one")
    assert titles(tmp_path / "feed[1].csv") == ["one"]
    write(tmp_path / "feed[1].csv", "brackets")
    assert titles(tmp_path / "feed[1].csv") == ["brackets"]


def test_a_pattern_without_a_match_and_a_path_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"\*\.csv: no file is named like that"):
        read_feed(tmp_path / "*.csv")
    with pytest.raises(FeedError, match=r"feed\.csv: no such file"):
        read_feed(tmp_path / "feed.csv")


def test_links_that_lead_back_are_not_followed_and_others_are(tree: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "o.csv", "outside").parent
    (tree / "a" / "up").symlink_to(tree)
    (tree / "z").symlink_to(outside)
    (tree / "dangling.csv").symlink_to(tmp_path / "nowhere")
    assert titles(tree) == ["a/1.csv", "a/2.csv", "a/deep/er/x.csv", "b.csv", "c/1.csv", "outside"]


def test_an_index_is_no_feed_and_neither_is_one_below_a_folder(tree: Path) -> None:
    with Index.create(tree / "news.dedup") as index:
        index.add(tree / "b.csv")
    assert Layout(tree / "news.dedup").catalog.is_file()
    with pytest.raises(FeedError, match=r"news\.dedup: an index, and no feed"):
        read_feed(tree / "news.dedup")
    for whole in (str(tree), f"{tree}/*"):
        feed = read_feed(whole)
        assert feed.to_table().num_rows == 5
        assert [(one.reason, Path(one.file).name) for one in feed.rejects] == [
            ("not a feed (skipped in its folder)", "news.dedup")
        ]
    assert len(titles(f"{tree}/**")) == 5


def test_a_folder_that_cannot_be_listed_does_not_stop_the_others(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    feed = read_feed(tree)
    assert feed.to_table().num_rows == 4
    assert [one.detail.split(": ")[-1] for one in feed.rejects] == ["cannot be read (Permission denied)"]


def test_a_folder_without_a_feed_in_it_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary,\n\nnothing happened today.\n", encoding="utf-8")
    with pytest.raises(FeedError, match=r"its one file is no feed \(.*diary\.txt: not a feed I can read"):
        list(read_feed(tmp_path))
    (tmp_path / "notes.txt").write_text("Dear diary,\n\nnothing again.\n", encoding="utf-8")
    with pytest.raises(FeedError, match="none of its 2 files is a feed") as caught:
        list(read_feed(tmp_path))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(
        "or name the format with --format-in"
    )  # not cut where the advice begins


def test_what_tells_of_the_feeds_beside_it_is_skipped_and_counted(tmp_path: Path) -> None:
    page = "# Feeds\n\nHow they are made.\n\n## Licence\n\n```\ndedup index feed.jsonl\n```\n"
    for name in ("README.md", "notes.md", "LICENSE", "licence.txt"):
        (tmp_path / name).write_text(page, encoding="utf-8")
    (tmp_path / "license-plates.jsonl").write_text('{"title": "Lamp found"}\n', encoding="utf-8")
    feed = read_feed(tmp_path)
    assert feed.to_table()["title"].to_pylist() == ["Lamp found"]
    assert dict(feed.reject_counts) == {reasons.ABOUT_FILES: 4}
    with pytest.raises(FeedError, match=r"notes\.md: not a feed I can read"):  # Markdown is no page dump
        list(read_feed(tmp_path / "notes.md"))


def test_files_done_are_told(tree: Path) -> None:
    told: list[tuple[int, int]] = []
    feed = read_feed(tree, on_file=lambda done, total: told.append((done, total)))
    list(feed)
    assert told == [(n, 5) for n in range(1, 6)]
