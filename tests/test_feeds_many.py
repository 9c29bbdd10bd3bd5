"""Many small files: full batches, notes once, counts and order as if they had been one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.article import FeedBatch
from dedup.errors import FeedError
from dedup.feeds import read_feed
from dedup.feeds.merging import merged
from tests.made_batches import made_batch

batches = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)), max_size=30
)  # (step to the next file, articles, rejects)


@given(batches, st.integers(1, 20), st.sampled_from((1, 500, 1 << 20)))
@settings(deadline=None, max_examples=300)
def test_merging_keeps_every_article_and_reject_in_order(
    plan: list[tuple[int, int, int]], most: int, most_bytes: int
) -> None:
    number, numbered = 0, []
    for step, articles, rejects in plan:
        number += step
        numbered.append((number, made_batch(number, articles, rejects)))
    got = list(merged(iter(numbered), most, most_bytes))

    def flat(some: list[FeedBatch]) -> tuple[list[Any], list[Any]]:
        rows = [row for one in some for row in one.articles.to_pylist()]
        return rows, [reject for one in some for reject in one.rejects]

    assert flat(got) == flat([batch for _, batch in numbered])
    for one in got:
        one.articles.validate(full=True)
    largest = max((a + r for _, a, r in plan), default=0)
    assert all(one.articles.num_rows + len(one.rejects) <= max(most, largest) for one in got)


def write_many(folder: Path, n: int) -> None:
    for k in range(n):
        record = {"title": f"Story {k}", "text": f"Words of {k}.", "source": "x"}
        if k % 100 == 7:
            record = {"source": "nothing to read"}
        lines = [json.dumps({"title": f"Brief {k}", "text": "Words.", "source": "x"}), json.dumps(record)]
        (folder / f"{k:05}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_folder_of_small_files_gives_full_batches_and_one_note(tmp_path: Path) -> None:
    write_many(tmp_path, 500)
    feed = read_feed(tmp_path, batch_size=200)
    sizes = [batch.articles.num_rows + len(batch.rejects) for batch in feed]
    assert sizes == [200] * 5
    assert (feed.n_read, feed.n_rejected) == (1000, 5)
    assert [Path(one.file).stem for one in feed.rejects] == ["00007", "00107", "00207", "00307", "00407"]
    assert [one.line for one in feed.rejects] == [2] * 5
    assert len(feed.notes) == 1
    table = feed.to_table()
    assert table["file"].to_pylist() == sorted(table["file"].to_pylist())
    [found] = feed.found
    assert (found.files, found.articles, found.rejects, found.complete) == (500, 995, 5, True)
    assert found.size == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert found.seconds > 0


def test_a_large_file_among_small_ones_is_cut_as_it_would_be_alone(tmp_path: Path) -> None:
    for name, n in (("a", 3), ("b", 1000), ("c", 3), ("d", 2)):
        lines = [json.dumps({"title": f"{name} {k}"}) for k in range(n)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    sizes = [batch.articles.num_rows for batch in read_feed(tmp_path, batch_size=400)]
    assert sizes == [3, 400, 400, 200, 5]


def test_what_came_before_a_file_that_breaks_off_is_handed_out(tmp_path: Path) -> None:
    names = []
    for k in range(3):
        names.append(tmp_path / f"{k}.csv")
        names[-1].write_text(f"title\nStory number {k}\n", encoding="utf-8")
    names.append(tmp_path / "z.txt")
    names[-1].write_text("Dear diary,\n\nnothing happened today.\n", encoding="utf-8")
    got: list[str] = []

    def read() -> None:
        for batch in read_feed(names):
            got.extend(batch.articles["title"].to_pylist())

    with pytest.raises(FeedError, match=r"z\.txt: not a feed"):
        read()
    assert got == ["Story number 0", "Story number 1", "Story number 2"]


def test_each_file_is_described_on_its_own_where_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Headline;Outlet;Colour\nLamp found;x;red\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"title": "Lamp", "link": "https://a.example/1"}\nnot json\n')
    feed = read_feed([tmp_path / "a.csv", tmp_path / "b.jsonl"])
    list(feed)
    a, b = feed.found
    assert (a.format, a.encoding, a.compression, a.files) == ("csv with semicolons", "utf-8", None, 1)
    assert [(one.field, one.column, one.how) for one in a.fields] == [
        ("outlet", "Outlet", "guessed"),
        ("title", "Headline", "guessed"),
    ]
    assert a.unused == ("Colour",)
    assert (b.format, b.articles, b.rejects) == ("json lines", 1, 1)
    assert [(one.field, one.column) for one in b.fields] == [
        ("outlet", "host of url"),
        ("url", "link"),
        ("title", "title"),
    ]
    assert (a.path, b.path) == (str(tmp_path / "a.csv"), str(tmp_path / "b.jsonl"))


def test_a_mapped_column_is_told_from_a_guessed_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Headline,Colour\nLamp found,red\n", encoding="utf-8")
    feed = read_feed(tmp_path / "a.csv", mapping={"byline": "Colour"})
    list(feed)
    assert [(one.field, one.how) for one in feed.found[0].fields] == [
        ("title", "guessed"),
        ("byline", "given"),
    ]
    assert feed.found[0].unused == ()


def test_files_of_a_folder_that_differ_are_told_apart_and_others_counted_together(tmp_path: Path) -> None:
    for k in range(4):
        (tmp_path / f"a{k}.csv").write_text("title,x\nLamp,1\n", encoding="utf-8")
        (tmp_path / f"b{k}.csv").write_text("headline,x\nLamp,1\n", encoding="utf-8")
        (tmp_path / f"c{k}.txt").write_text("Dear diary,\n\nnothing.\n", encoding="utf-8")
        (tmp_path / f"d{k}.csv").write_bytes(b"")
    feed = read_feed(tmp_path)
    list(feed)
    assert [(one.format, one.files, one.articles) for one in feed.found] == [
        ("csv", 4, 4),
        ("csv", 4, 4),
        ("not a feed", 4, 0),
        ("empty", 4, 0),
    ]
    assert len(feed.notes) == 2


def test_a_feed_of_nothing_but_broken_lines_is_counted_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text('{"title": \n' * 25_000, encoding="utf-8")
    feed = read_feed(path)
    pieces = [len(batch.rejects) for batch in feed]
    assert sum(pieces) == feed.n_rejected == 25_000
    assert len(pieces) > 1


def test_what_many_files_say_alike_is_said_by_the_first_and_counted(tmp_path: Path) -> None:
    for k in range(5):
        record = b'{"title": "Lamp \xff found"}\n' * (k % 2 + 2)
        (tmp_path / f"{k}.jsonl").write_bytes(record)
    feed = read_feed(tmp_path)
    list(feed)
    assert [Path(note.split(":")[0]).name for note in feed.notes[:2]] == ["0.jsonl", "0.jsonl"]
    assert feed.notes[1].endswith("2 lines held invalid UTF-8, replaced by U+FFFD")
    assert feed.notes[2:] == ["likewise in 4 more files: lines held invalid UTF-8, replaced by U+FFFD"]
    assert feed.remarks == feed.notes[1:]
