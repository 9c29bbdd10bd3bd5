"""Pages of a folder are parsed in processes; the feed is the same as if they had been read one by one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dedup.errors import FeedError
from dedup.feeds import documents, read_feed, reasons
from dedup.feeds.workers.processes import HERE
from tests.made_parser import made_page, parse_made

pytestmark = pytest.mark.usefixtures("made_parser")


@pytest.fixture
def made_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "parse_document", parse_made)
    monkeypatch.setattr(documents, "default_workers", lambda: 2)


def titles(feed: object) -> list[str]:
    found: list[str] = [title for batch in feed for title in batch.articles["title"].to_pylist()]  # type: ignore[attr-defined]
    return found


def test_pages_come_in_feed_order_among_files_of_other_kinds(tmp_path: Path) -> None:
    expected = []
    for k in range(60):
        path = tmp_path / f"{k:02}"
        if k % 10 == 3:
            path.write_text(f"title,outlet\nRow {k},x\n", encoding="utf-8")
            expected.append(f"Row {k}")
        elif k % 10 == 5:
            path.write_text("Dear diary,\n\nnothing.\n", encoding="utf-8")
        else:
            path.write_bytes(made_page(f"Page {k}", HERE // 5))
            expected.append(f"Page {k}")
    feed = read_feed(tmp_path)
    assert titles(feed) == expected
    assert [Path(one.file).name for one in feed.rejects] == ["05", "15", "25", "35", "45", "55"]
    assert {one.format: one.files for one in feed.found} == {"made page": 48, "csv": 6, "not a feed": 6}
    assert (feed.n_read, feed.n_rejected) == (54, 0)
    assert len(feed.notes) == 2


def test_a_page_that_takes_its_parser_along_costs_itself(tmp_path: Path) -> None:
    for k, title in enumerate(["first", "second", "crash", "third", "raise", "nothing", "fourth"]):
        (tmp_path / f"{k}.html").write_bytes(made_page(title, HERE if k == 0 else 0))
    feed = read_feed(tmp_path)
    assert titles(feed) == ["first", "second", "third", "fourth"]
    assert [(Path(one.file).name, one.reason) for one in feed.rejects] == [
        ("2.html", "parser crashed"),
        ("4.html", "parser failed"),
    ]
    assert "made to fail" in feed.rejects[1].detail
    assert (feed.n_read, feed.n_rejected) == (6, 2)


def test_pages_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for k in range(5):
            archive.writestr(f"site/{k}.html", made_page(f"Page {k}"))
        archive.writestr("site/readme.txt", "Dear diary,\n\nnothing.\n")
    feed = read_feed(tmp_path / "pages.zip")
    assert titles(feed) == [f"Page {k}" for k in range(5)]
    assert dict(feed.reject_counts) == {reasons.ABOUT_FILES: 1}


def test_without_trafilatura_the_pages_among_other_feeds_are_counted_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dedup.feeds.from_markup import html_page

    monkeypatch.setattr(html_page, "find_spec", lambda name: None)
    with zipfile.ZipFile(tmp_path / "dump.zip", "w") as archive:
        for k in range(5):
            archive.writestr(f"{k}.html", made_page(f"Page {k}"))
        archive.writestr("feed.jsonl", '{"title": "Lamp found"}\n')
    feed = read_feed(tmp_path / "dump.zip")
    assert titles(feed) == ["Lamp found"]
    assert dict(feed.reject_counts) == {reasons.SAVED_PAGE: 5}
    assert "pip install '.[html]'" in reasons.SAVED_PAGE
    pages = tmp_path / "pages"
    pages.mkdir()
    for k in range(2):
        (pages / f"{k}.html").write_bytes(made_page(f"Page {k}"))
    with pytest.raises(FeedError, match=r"pip install '\.\[html\]'"):
        list(read_feed(pages))


def test_what_stands_before_a_named_file_that_is_no_feed_is_kept(tmp_path: Path) -> None:
    names = []
    for k in range(25):
        names.append(tmp_path / f"{k:02}.html")
        names[-1].write_bytes(made_page(f"Page {k}", HERE // 10))
    names.append(tmp_path / "diary.txt")
    names[-1].write_text("Dear diary,\n\nnothing.\n", encoding="utf-8")
    got: list[str] = []

    def read() -> None:
        for batch in read_feed(names):
            got.extend(batch.articles["title"].to_pylist())

    with pytest.raises(FeedError, match="not a feed"):
        read()
    assert got == [f"Page {k}" for k in range(25)]


def test_a_feed_that_is_left_early_leaves_nothing_behind(tmp_path: Path) -> None:
    for k in range(40):
        (tmp_path / f"{k:02}.html").write_bytes(made_page(f"Page {k}", HERE // 5))
    batches = iter(read_feed(tmp_path, batch_size=3))
    assert next(batches).articles.num_rows > 0
    batches.close()  # type: ignore[attr-defined]
