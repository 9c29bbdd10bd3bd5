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

from dedup.engines import digest as digests
from dedup.engines.digest import Digest, Limits
from dedup.engines.shelf import Shelf
from dedup.feeds import read_feed
from dedup.index.ahead import read_ahead
from dedup.index.index import Index
from dedup.sketch.minhash import sketch_articles
from dedup.sketch.rarity import FREQUENT, rare_slots
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
    assert sorted(survey.hashes) == sorted(whole.text_hash[whole.text_hash != 0])


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
