"""One reading of each text: digests against sketches, reading ahead, rare slots, the shelf."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from dedup.confirm.judge import confirm_text
from dedup.confirm.survey import survey_texts
from dedup.engines import digest as digests
from dedup.engines.digest import Digest, Limits
from dedup.engines.shelf import Shelf
from dedup.engines.spill import SpilledTexts
from dedup.errors import IndexFolderError
from dedup.feeds import read_feed
from dedup.index.ahead import read_ahead
from dedup.index.index import Index
from dedup.sketch.minhash import sketch_articles
from dedup.sketch.rarity import FREQUENT, rare_slots
from dedup.text.key_table import KeySet, KeyTable, in_set
from dedup.text.radix import sort_distinct, sort_packed
from dedup.text.words import text_hashes, tokenize

SAMPLE = Path(__file__).parent.parent / "samples" / "feed.jsonl"


@pytest.fixture(scope="module")
def sample() -> pa.Table:
    return read_feed(SAMPLE).to_table()


@pytest.mark.parametrize("task_bytes", [1, 3_000, 1 << 20])
def test_a_digest_is_the_sketch_whatever_the_tasks(
    sample: pa.Table, task_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_TASK_BYTES", task_bytes)
    titles, texts = (sample[name].combine_chunks() for name in ("title", "text"))
    whole = sketch_articles(titles, texts)
    with ThreadPoolExecutor(2) as pool:
        found, survey = Digest(titles, texts, pool, Limits(2**64 - 1, 2**64 - 1)).result()
        without, none = Digest(titles[5:50], texts[5:50], pool, None).result()
    for field in fields(whole):
        assert np.array_equal(getattr(found, field.name), getattr(whole, field.name)), field.name
    assert none is None
    assert np.array_equal(without.text_hash, whole.text_hash[5:50])
    assert survey is not None
    # What an epoch is learnt from does not depend on the tasks either: as from the texts at once.
    rows = np.flatnonzero(whole.text_hash)
    read = confirm_text(titles, texts, whole.n_words.astype(np.int64)).take(pa.array(rows))
    at_once = survey_texts(tokenize(read), whole.text_hash[rows])
    first, second = (one.take(np.argsort(one.hashes, kind="stable"), len(rows)) for one in (survey, at_once))
    for name in ("hashes", "bigrams", "bigram_offsets", "units", "unit_bigrams", "unit_offsets"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    for name in ("keys", "offsets", "openings", "opening_offsets", "names", "name_offsets"):
        assert np.array_equal(getattr(first.anchors, name), getattr(second.anchors, name)), name


def test_a_digest_of_nothing_is_empty() -> None:
    nothing = pa.array([], pa.string())
    with ThreadPoolExecutor(1) as pool:
        found, _ = Digest(nothing, nothing, pool, None).result()
    assert len(found.owner) == len(found.text_hash) == 0


def feed_of(*items: object) -> SimpleNamespace:
    class Feed(SimpleNamespace):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for item in items:
                self.n_read += 1
                if isinstance(item, BaseException):
                    raise item
                yield item

    return Feed(n_read=0, notes=[], rejects=[], n_rejected=0, reject_counts=Counter())


def test_what_a_feed_raises_comes_after_the_batches_before_it() -> None:
    got = []
    with pytest.raises(ValueError, match="torn"), read_ahead(feed_of("a", "b", ValueError("torn"))) as items:  # type: ignore[arg-type]
        got.extend(items)
    assert got == [("a", 1), ("b", 2)]


def test_the_reading_thread_ends_with_its_block() -> None:
    before = threading.active_count()
    with read_ahead(feed_of(*range(1000))) as items:  # type: ignore[arg-type]
        next(iter(items))
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_slots_that_many_hold_are_not_rare() -> None:
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 1 << 16, (400, 256)).astype(np.uint16)
    rows[: FREQUENT + 1, 40] = 7
    rows[:FREQUENT, 41] = 8
    for threads in (1, 2):
        flags = rare_slots(rows, threads)
        rare = (flags[:, :, None] >> np.arange(32, dtype=np.uint32) & 1).reshape(400, 256).astype(bool)
        assert not rare[: FREQUENT + 1, 40].any()
        assert rare[FREQUENT + 1 :, 40].all()
        assert rare[:, 41].all()
        assert rare[:, :40].all()


def test_the_shelf_finds_every_copy_whatever_the_threads(sample: pa.Table) -> None:
    with Index.temporary() as index:
        index.add(SAMPLE)
        shelf = Shelf.of(index._store.snapshot())
        assert len(shelf) == len(index)
        text = sample["text"].combine_chunks()[:1]
        sketch = sketch_articles(pa.array([None], pa.string()), text)
        found = shelf.near(sketch, 0, 1)
        assert np.array_equal(found, shelf.near(sketch, 0, 3))
        same = np.flatnonzero(shelf.text_hash == text_hashes(tokenize(text))[0])
        assert np.isin(same, found).all()
        assert len(found) > len(same) > 0
        shelf.snapshot.close()


def test_copies_do_not_crowd_out_a_near_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.engines.shelf.MOST_FOUND", 2)
    story = " ".join(f"quorvex{i}a brundle{i}b" for i in range(60))
    with Index.temporary() as index:
        index.add(
            [{"id": str(i), "text": story} for i in range(40)] + [{"id": "x", "text": story + " five more"}]
        )
        found = index.query([{"text": story}])["article_id"].to_pylist()
    assert sorted(found) == sorted([*map(str, range(40)), "x"])


def _page(words: str, seed: int, n: int) -> str:
    return " ".join(f"{words}{seed}x{i}" for i in range(n))


def test_what_hundreds_hold_brings_no_page_near_another() -> None:
    menu = _page("menu", 0, 100)
    pages = [f"{menu} {_page('page', i, 300)}" for i in range(400)]
    with Index.temporary() as index:
        index.add([{"id": str(i), "text": text} for i, text in enumerate(pages)])
        asked = sketch_articles(
            pa.array([None, None], pa.string()),
            pa.array([f"{menu} {_page('new', 0, 300)}", pages[7] + " and two more"]),
        )
        shelf = index._session.shelf()
        assert len(shelf.near(asked, 0, 1)) == 0  # a quarter of it is in all the others
        assert shelf.keys[shelf.near(asked, 1, 1)].tolist() == [index._store.snapshot().find("7")[0]]


def test_a_story_of_hundreds_is_near_a_cut_of_it() -> None:
    """Equal texts count as one: what hundreds of outlets carry is not what hundreds of texts hold."""
    story = _page("story", 0, 600)
    with Index.temporary() as index:
        index.add([{"id": str(i), "text": story} for i in range(300)])
        cut = " ".join(story.split()[:90])
        asked = sketch_articles(pa.array([None], pa.string()), pa.array([f"{cut} {_page('own', 0, 150)}"]))
        assert len(index._session.shelf().near(asked, 0, 1)) == 300


def test_a_failed_commit_is_what_the_user_hears_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another batch waits when the disk is full, and must not be committed out of turn."""
    with Index.temporary() as index:
        commit, calls = index._store.commit, []

        def full(*arguments: object) -> object:
            calls.append(arguments)
            if len(calls) == 2:
                raise IndexFolderError("disk full")
            return commit(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(index._store, "commit", full)
        with pytest.raises(IndexFolderError, match="disk full"):
            index.add(read_feed(SAMPLE, batch_size=50))
        assert len(index) == 50
        monkeypatch.undo()
        report = index.add(read_feed(SAMPLE, batch_size=50))
        assert (report.already, len(index)) == (50, 379)


def test_a_query_meets_damage_with_a_line_and_does_without_a_damaged_run(tmp_path: Path) -> None:
    record = {"text": read_feed(SAMPLE).to_table()["text"][0].as_py()}
    with Index.create(tmp_path / "i") as index:
        index.add(SAMPLE)
        index.clusters()
        whole = index.query([record])
    for path in (tmp_path / "i" / "runs").rglob("*.parquet"):
        path.write_bytes(b"no parquet")
    with Index.open(tmp_path / "i") as index:
        assert index.query([record]).equals(whole)
    sketch = next((tmp_path / "i" / "sketches").iterdir())
    data = bytearray(sketch.read_bytes())
    data[len(data) // 2] ^= 1
    sketch.write_bytes(data)
    with Index.open(tmp_path / "i") as index, pytest.raises(IndexFolderError, match="checksum"):
        index.query([record])


def test_spilled_texts_come_back_as_they_were() -> None:
    column = pa.array(["", "kurz", None, "длинный " * 50, "x" * 70_000, "三"], pa.large_string())
    read: list[int] = []

    def reader(wanted: np.ndarray) -> pa.Array:
        read.extend(wanted.tolist())
        return column.take(pa.array(wanted))

    texts = SpilledTexts(reader, np.array([4, 0, 2, 1, 3]), 6, lambda *_: None)
    read.clear()
    wanted = np.array([3, 0, 4, 2, 1, 3])
    assert texts(wanted).to_pylist() == column.fill_null("").take(pa.array(wanted)).to_pylist()
    assert read == []
    assert texts(np.array([5, 1])).to_pylist() == ["三", "kurz"]
    texts.close()


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
def test_sorts_and_key_sets_equal_numpys(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 1 << 16, n).astype(np.uint32) << np.uint32(9)
    sorted_, spare = values.copy(), np.empty(n, np.uint32)
    m = sort_distinct(sorted_, n, spare)
    assert np.array_equal(sorted_[:m], np.unique(values))
    packed = rng.integers(0, 1 << 62, n).astype(np.uint64)
    ours = packed.copy()
    sort_packed(ours, n, np.empty(n, np.uint64), 8)
    assert np.array_equal(ours, np.sort(packed))
    # Twelve keys in one bucket are more than its lanes hold.
    keys = np.unique(np.concatenate([np.unique(values), np.arange(12, dtype=np.uint32) + np.uint32(7 << 15)]))
    table, members = KeyTable.of(keys), KeySet.of(keys)
    asked = np.concatenate([keys, keys + np.uint32(1), rng.integers(0, 1 << 32, 200).astype(np.uint32)])
    expected = np.isin(asked, keys)
    assert np.array_equal(table.has(asked), expected)
    found = [bool(in_set(members.lanes, table.keys, table.starts, key)) for key in asked]
    assert found == expected.tolist()
