"""The index folder: what goes in comes out, and which text of an article is current."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup.article import ARTICLE_SCHEMA, Reject
from dedup.errors import IndexFolderError
from dedup.index import planning
from dedup.index.identity import Identities, article_keys, display_id
from dedup.index.planning import Counts
from dedup.index.store import IndexStore

FIRST, SECOND, THIRD = (datetime(2024, 11, day, 9, 30, tzinfo=UTC) for day in (21, 22, 23))


def batch(*records: dict[str, Any]) -> pa.RecordBatch:
    rows = [{"file": "feed.jsonl", "line": i + 1, **record} for i, record in enumerate(records)]
    return pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA)


def add(store: IndexStore, *records: dict[str, Any], on_change: str = "version") -> Counts:
    plan = store.plan(batch(*records), on_change=on_change)
    store.commit(plan, {"signature": np.arange(plan.articles.num_rows * 4, dtype=np.uint32).reshape(-1, 4)})
    return plan.counts


def current_titles(store: IndexStore) -> dict[str, str]:
    """Feed id -> title of the current text."""
    with store.snapshot() as view:
        rows = [
            row
            for table, mask in zip(view.articles(["id", "title"]), view.current(), strict=True)
            for row in table.filter(pa.array(mask)).to_pylist()
        ]
        assert len(rows) == view.n_articles
        assert len({row["id"] for row in rows}) == len(rows), "an article has two current texts"
    return {row["id"]: row["title"] for row in rows}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    with IndexStore.create(tmp_path / "news.dedup", durable=False) as made:
        yield made


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    record = {
        "id": "h-1",
        "outlet": "Herald",
        "url": "http://h.example/1",
        "title": "Zürich: 雨",
        "text": "Rain fell.\n" * 50,
        "published": FIRST,
        "precision_s": 60,
        "updated": SECOND,
        "byline": "J. Doe",
        "place": "ZÜRICH",
        "credit": "(AP)",
        "language": "de",
    }
    settings = {"num_perm": 256, "name": "ü"}
    with IndexStore.create(tmp_path / "x.dedup", settings=settings) as store:
        plan = store.plan(batch(record, {"title": "no id"}))
        sketch = {
            "signature": np.arange(8, dtype=np.uint32).reshape(2, 4),
            "empty": np.zeros((0, 3), np.float32),
        }
        assert store.commit(plan, sketch, [Reject("feed.jsonl", 3, "not valid JSON", "{")]) == 1
        assert plan.counts == Counts(added=2)
    with IndexStore.open(tmp_path / "x.dedup") as store, store.snapshot() as view:
        assert store.settings == settings
        assert store.format_version == 2
        (keys,) = view.keys()
        article = view.article(int(keys[0]))
        for name, value in record.items():
            assert getattr(article, name) == value, name
        assert (article.file, article.line) == ("feed.jsonl", 1)
        mapped = view.sketch(0)
        assert set(mapped) == {"signature", "empty"}
        assert np.array_equal(mapped["signature"], sketch["signature"])
        assert mapped["signature"].dtype == np.uint32
        assert mapped["empty"].shape == (0, 3)
        assert not mapped["signature"].flags.writeable
        assert store.rejects() == [Reject("feed.jsonl", 3, "not valid JSON", "{")]
        assert store.reject_counts() == {"not valid JSON": 1}
        (table,) = view.articles()
        assert (
            table.column("key").to_pylist()
            == keys.tolist()
            == article_keys(batch(record, {"title": "no id"})).tolist()
        )
        assert table.column("version").to_pylist() == [1, 1]


def test_rows_come_in_the_order_asked_across_parts_and_row_groups(store: IndexStore) -> None:
    for part in range(3):
        add(store, *({"id": f"{part}-{i}", "title": f"T {part}-{i}"} for i in range(600)))
    with store.snapshot() as view:
        keys = np.concatenate(view.keys())
        asked = np.random.default_rng(1).permutation(keys)[:700]
        asked = np.concatenate([asked, asked[:5]])
        table = view.rows(asked, ["key", "title"])
        assert table.column("key").to_pylist() == asked.tolist()
        at = view.rows_at(np.array([2, 0, 2, 1]), np.array([599, 0, 255, 256]), ["id"])
        assert at.column("id").to_pylist() == ["2-599", "0-0", "2-255", "1-256"]
        assert view.rows([], ["title"]).num_rows == 0
        with pytest.raises(IndexFolderError, match="no article 000000000000002a"):
            view.article(42)
        began = time.perf_counter()
        for key in keys[::100].tolist():
            view.article(key)
        assert (time.perf_counter() - began) / 18 < 0.05


def test_the_same_feed_twice_adds_nothing(store: IndexStore) -> None:
    records = [{"id": str(i), "title": f"t{i}"} for i in range(20)] + [{"title": "no id"}]
    bad = [Reject("feed.jsonl", 22, "no text and no title")]
    store.commit(store.plan(batch(*records)), {}, bad)
    store.finish_load()
    with store.snapshot() as view:
        generation = view.generation
    plan = store.plan(batch(*records))
    assert generation == 1
    assert plan.counts == Counts(already=21)
    assert store.commit(plan, {}, bad) is None
    assert store.rejects() == bad
    with store.snapshot() as view:
        assert (view.generation, len(view.parts)) == (generation, 1)


def test_repeats_inside_a_batch_and_among_plans_not_committed(store: IndexStore) -> None:
    first = store.plan(batch({"id": "a", "title": "x"}, {"id": "a", "title": "x"}, {"id": "b", "title": "y"}))
    second = store.plan(batch({"id": "b", "title": "y"}, {"id": "a", "title": "z", "updated": SECOND}))
    assert (first.counts, second.counts) == (Counts(added=2, already=1), Counts(already=1, versions=1))
    assert second.articles.column("version").to_pylist() == [2]
    with pytest.raises(ValueError, match="in the order they were made"):
        store.commit(second, {})
    store.commit(first, {})
    assert current_titles(store) == {"a": "x", "b": "y"}
    store.commit(second, {})
    assert current_titles(store) == {"a": "z", "b": "y"}
    with pytest.raises(ValueError, match="once each"):
        store.commit(second, {})


def test_three_outlets_without_ids_are_three_articles(store: IndexStore) -> None:
    copy = {"title": "Gunfire near embassy", "text": "Police said so.", "published": FIRST}
    assert add(store, *({**copy, "outlet": name} for name in "ABC")) == Counts(added=3)


OLD = {"id": "a", "title": "old", "published": FIRST}
NEW = {"id": "a", "title": "new", "published": FIRST, "updated": SECOND}


def test_version_keeps_both_and_links_them(store: IndexStore) -> None:
    add(store, OLD, {"id": "b", "title": "b"})
    store.finish_load()
    assert add(store, NEW) == Counts(versions=1)
    assert current_titles(store) == {"a": "new", "b": "b"}
    with store.snapshot() as view:
        (key,) = view.find("a")
        assert [(v.number, v.current, v.article.title) for v in view.versions(key)] == [
            (1, False, "old"),
            (2, True, "new"),
        ]
        assert view.article(key).title == "new"
        assert sum(len(mask) for mask in view.current()) == 3


def test_an_older_text_that_comes_late_is_kept_but_not_current(store: IndexStore) -> None:
    add(store, NEW)
    store.finish_load()
    assert add(store, OLD) == Counts(versions=1)
    assert current_titles(store) == {"a": "new"}


def test_of_texts_with_one_date_the_later_load_is_current(store: IndexStore) -> None:
    for title in ("one", "two", "one more", "last"):
        add(store, {"id": "a", "title": title, "published": FIRST})
        store.finish_load()
        assert current_titles(store) == {"a": title}


def test_replace_lists_only_the_new_text_and_takes_back_an_old_one(store: IndexStore) -> None:
    add(store, NEW)
    store.finish_load()
    assert add(store, OLD, on_change="replace") == Counts(replaced=1)
    assert current_titles(store) == {"a": "old"}
    with store.snapshot() as view:
        (key,) = view.find("a")
        assert [v.article.title for v in view.versions(key)] == ["old"]
    store.finish_load()
    assert add(store, NEW, on_change="replace") == Counts(already=1)
    assert current_titles(store) == {"a": "new"}


@pytest.mark.parametrize("mode", ["skip", "reject"])
def test_skip_and_reject_keep_the_text_of_an_earlier_load(store: IndexStore, mode: str) -> None:
    add(store, OLD)
    store.finish_load()
    counts = add(store, {**NEW, "file": "late.jsonl", "line": 9}, on_change=mode)
    assert counts == (Counts(skipped=1) if mode == "skip" else Counts(rejected=1))
    assert current_titles(store) == {"a": "old"}
    expected = [Reject("late.jsonl", 9, "same id, other text")] if mode == "reject" else []
    assert store.rejects() == expected
    store.finish_load()
    add(store, {**NEW, "file": "late.jsonl", "line": 9}, on_change=mode)
    assert store.rejects() == expected
    assert add(store, NEW) == Counts(versions=1), "a text refused before can be loaded later"
    assert current_titles(store) == {"a": "new"}


def test_reject_names_the_loser_even_if_it_came_first(store: IndexStore) -> None:
    add(store, {**OLD, "line": 4}, on_change="reject")
    plan = store.plan(batch({**NEW, "line": 8}), on_change="reject")
    newest = store.plan(batch({**NEW, "title": "newest", "updated": THIRD, "line": 12}), on_change="reject")
    store.commit(plan, {})
    store.commit(newest, {})
    assert [reject.line for reject in store.rejects()] == [4, 8]
    assert current_titles(store) == {"a": "newest"}


def _outcome(path: Path, loads: Sequence[tuple[str, list[list[dict[str, Any]]]]]) -> tuple[Any, ...]:
    """Run loads (mode, batches) and return all a user can see of the result."""
    totals = []
    with IndexStore.create(path, durable=False) as store:
        for mode, batches in loads:
            total = Counts()
            ahead = None
            for i, records in enumerate(batches):
                plan = store.plan(batch(*records), on_change=mode)
                total += plan.counts
                if ahead is not None:
                    store.commit(ahead, {})
                ahead = plan
                if i % 2:
                    store.commit(ahead, {})
                    ahead = None
            if ahead is not None:
                store.commit(ahead, {})
            store.finish_load()
            totals.append(total)
        titles = current_titles(store)
        with store.snapshot() as view:
            per_part = view.keys()
            listed = {
                key: sorted((v.content, v.current) for v in view.versions(key))
                for keys in per_part
                for key in keys.tolist()
            }
            stored = sum(part.rows for part in view.parts)
        return titles, listed, totals, len(store.rejects()), stored


@pytest.mark.parametrize("mode", ["version", "replace", "skip", "reject"])
def test_row_order_and_batch_size_do_not_matter_within_a_load(tmp_path: Path, mode: str) -> None:
    chance = random.Random(mode)
    dates = (None, FIRST, SECOND, THIRD)

    def feed(n: int) -> list[dict[str, Any]]:
        # `line` follows the content, so that a repeated record is the same reject wherever it stands.
        made = []
        for _ in range(n):
            who, text, date = chance.randrange(6), chance.randrange(4), chance.randrange(4)
            line = who * 100 + text * 10 + date
            made.append({"id": f"i{who}", "title": f"t{text}", "published": dates[date], "line": line})
        return made

    for trial in range(6):
        feeds = [feed(12), feed(14)]
        seen = []
        for arrangement in range(4):
            loads = []
            for records in feeds:
                mixed = records[:]
                if arrangement:
                    chance.shuffle(mixed)
                cuts = sorted(chance.sample(range(1, len(mixed)), arrangement * 2))
                bounds = [0, *cuts, len(mixed)]
                loads.append((mode, [mixed[a:b] for a, b in pairwise(bounds)]))
            seen.append(_outcome(tmp_path / f"{trial}-{arrangement}", loads))
        for other in seen[1:]:
            assert other[:4] == seen[0][:4]
        if mode in ("version", "replace"):
            assert len({outcome[4] for outcome in seen}) == 1
            again = _outcome(
                tmp_path / f"{trial}-again",
                [(mode, [feeds[0]]), (mode, [feeds[1]]), (mode, [feeds[1][::-1]])],
            )
            assert again[:2] == seen[0][:2]
            assert again[2][2] == Counts(already=14)


def test_two_articles_with_one_key_are_never_merged(
    store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = planning.identities

    def weak(rows: pa.RecordBatch) -> Identities:
        return Identities(np.full(rows.num_rows, 7, np.int64), real(rows).proof)

    monkeypatch.setattr(planning, "identities", weak)
    with pytest.raises(IndexFolderError, match=r"feed.jsonl:[12]: .* key 0000000000000007 .*hash collision"):
        store.plan(batch({"id": "a"}, {"id": "b"}))
    add(store, {"id": "a"})
    with pytest.raises(IndexFolderError, match="leave the record out"):
        store.plan(batch({"id": "b"}))
    assert add(store, {"id": "a"}) == Counts(already=1)


ODD_IDS = [
    "'; DROP TABLE articles; --",
    '" OR 1=1',
    "../../etc/passwd",
    "/dev/null",
    "%s?mode=rwc#",
    "‮evil\u200b",
    "é",
    "é",
    "𝔘𝔫𝔦 🗞️",
    "a\tb\r\nc",
    " ",
    "x" * 5000,
    "123",
    "0123456789abcdef",
]


def test_odd_ids_survive(store: IndexStore) -> None:
    add(
        store,
        *(
            {"id": text, "title": text, "outlet": text, "url": f"http://x/{i}"}
            for i, text in enumerate(ODD_IDS)
        ),
    )
    with store.snapshot() as view:
        for i, text in enumerate(ODD_IDS):
            (key,) = view.find(text)
            assert view.find(f"http://x/{i}") == [key]
            assert view.find(display_id(None, key)) == [key]
            assert view.article(key).id == view.article(key).outlet == text
        for text in ("", "no such", "ffffffffffffffff"):
            assert view.find(text) == []


def test_find_gives_every_outlet_that_uses_the_id_and_no_dropped_text(store: IndexStore) -> None:
    add(store, {"id": "1", "outlet": "A", "url": "http://a/old"}, {"id": "1", "outlet": "B"})
    store.finish_load()
    add(store, {"id": "1", "outlet": "A", "url": "http://a/new"}, on_change="replace")
    with store.snapshot() as view:
        assert len(view.find("1")) == 2
        assert len(view.find("http://a/new")) == 1
        assert view.find("http://a/old") == []


def test_a_snapshot_stays_as_it_was(store: IndexStore) -> None:
    add(store, OLD)
    view = store.snapshot()
    (key,) = view.find("a")
    mapped = view.sketch(0)["signature"]
    store.finish_load()
    add(store, NEW, {"id": "late", "title": "late"})
    store.finish_load()
    add(store, {**NEW, "title": "newest"}, on_change="replace")
    assert view.n_articles == 1
    assert view.article(key).title == "old"
    assert [v.article.title for v in view.versions(key)] == ["old"]
    assert view.find("late") == []
    late = int(article_keys(batch({"id": "late"}))[0])
    with pytest.raises(IndexFolderError, match="no article"):
        view.article(late)
    store.close()
    assert view.article(key).title == "old"
    assert mapped.tolist() == [[0, 1, 2, 3]]


def test_epochs(store: IndexStore) -> None:
    assert store.epoch() is None
    one = store.put_epoch({"df.npy": b"\x00\x01", "furniture.json": b"[]"}, {"articles": 7})
    two = store.put_epoch({"df.npy": b"other"}, {"articles": 9})
    assert one != two
    found = store.epoch()
    assert found is not None
    assert (found.id, found.meta, found.read("df.npy")) == (two, {"articles": 9}, b"other")
    assert (found.path / "df.npy").read_bytes() == b"other"
    assert store.put_epoch({"furniture.json": b"[]", "df.npy": b"\x00\x01"}, {"ignored": 1}) == one
    found = store.epoch()
    assert found is not None
    assert found.meta == {"articles": 7}
    with pytest.raises(IndexFolderError, match=r"has no file 'x'; it has df\.npy, furniture\.json"):
        found.read("x")
    (found.path / "df.npy").write_bytes(b"flip")
    with pytest.raises(IndexFolderError, match=r"df.npy is damaged"):
        found.read("df.npy")
    with pytest.raises(ValueError, match="cannot be a file name"):
        store.put_epoch({"../escape": b""}, {})


def test_runs(store: IndexStore) -> None:
    assert store.latest_run() is None
    edges = pa.table({"a": [1, 2], "b": [3, 4]})
    assert (
        store.commit_run(
            {"edges": edges, "clusters": edges.slice(0, 0)}, {"engine": "local", "generation": 1}
        )
        == 1
    )
    assert store.commit_run({"edges": edges.slice(1)}, {"engine": "spark", "generation": 1}) == 2
    assert [run.number for run in store.runs()] == [1, 2]
    run = store.latest_run(engine="local")
    assert run is not None
    assert run.table("edges").equals(edges)
    assert run.table("clusters").schema == edges.schema
    assert store.latest_run(engine="local", generation=2) is None
    newest = store.latest_run()
    assert newest is not None
    assert newest.number == 2
    with pytest.raises(IndexFolderError, match="run 2 has no table 'clusters'; it has edges"):
        newest.table("clusters")


def test_rejects_with_stray_bytes_in_the_file_name(store: IndexStore) -> None:
    plan = store.plan(batch())
    assert store.commit(plan, {}, [Reject("caf\udce9.jsonl", 1, "not valid JSON")] * 2) is None
    assert [reject.file for reject in store.rejects(limit=5)] == ["caf\\udce9.jsonl"]


def test_bad_calls_name_the_value(store: IndexStore) -> None:
    with pytest.raises(
        ValueError, match="on_change is 'keep'; it must be one of version, replace, skip, reject"
    ):
        store.plan(batch(), on_change="keep")
    with pytest.raises(ValueError, match="differs in line"):
        store.plan(batch({"id": "a"}).drop_columns(["line"]))
    plan = store.plan(batch({"id": "a"}))
    with pytest.raises(ValueError, match="leading '_'"):
        store.commit(plan, {"_key": np.zeros(1)})
    with pytest.raises(ValueError, match="only numbers"):
        store.commit(plan, {"names": np.array(["x"])})
    assert store.commit(plan, {}) == 1
    with (
        IndexStore.open(store.path) as reader,
        pytest.raises(IndexFolderError, match="open it with write=True"),
    ):
        reader.plan(batch())


def test_memory_of_a_part_can_be_given_back_and_what_was_handed_out_stays(store: IndexStore) -> None:
    n = 64 << 16
    plan = store.plan(batch({"id": "a", "title": "One"}), on_change="version")
    store.commit(plan, {"signatures": np.arange(n, dtype=np.uint32).reshape(1, n)})
    with store.snapshot() as snapshot:
        signatures = snapshot.sketch(0, ["signatures"])["signatures"]
        before = resident_file_bytes()
        snapshot.release(0)
        if before is not None:
            assert before - (resident_file_bytes() or 0) > 3 * n
        assert signatures[0].tolist() == list(range(n))


def resident_file_bytes() -> int | None:
    """Bytes of mapped files in memory; None where the system does not say."""
    status = Path("/proc/self/status")
    found = re.search(r"RssFile:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) << 10 if found else None


def test_a_killed_load_goes_on_after_somebody_else_has_kept_an_epoch(tmp_path: Path) -> None:
    """With "skip" the load that a text comes in decides; nobody but its own writer may end a load."""
    titles = []
    for disturbed in (False, True):
        path = tmp_path / f"{disturbed}.dedup"
        with IndexStore.create(path, durable=False) as store:
            add(store, {"id": "a", "title": "Old", "published": FIRST})
            store.finish_load()
            add(store, {"id": "b", "title": "Wrong", "published": FIRST}, on_change="skip")
            store.close(finished=False)
        if disturbed:
            with IndexStore.open(path, write=True) as other:
                other.put_epoch({"words": b"1"}, {})
        with IndexStore.open(path, write=True) as store:
            assert store._load_open
            add(store, {"id": "b", "title": "Wrong", "published": FIRST}, on_change="skip")
            add(store, {"id": "b", "title": "Right", "published": THIRD}, on_change="skip")
        with IndexStore.open(path) as store:
            titles.append(current_titles(store))
    assert titles[0] == titles[1]


def test_a_writer_that_waited_for_a_folder_that_was_moved_away_locks_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "news.dedup"
    first = IndexStore.create(path, durable=False)
    opened: list[IndexStore] = []
    waiting = threading.Event()

    def wait() -> None:
        opened.append(IndexStore.open(path, write=True, wait_s=20, on_wait=lambda _: waiting.set()))

    second = threading.Thread(target=wait)
    second.start()
    assert waiting.wait(10)
    path.rename(tmp_path / "old.dedup")
    third = IndexStore.create(path, durable=False)
    first.close()
    second.join(0.5)
    assert second.is_alive(), "two writers hold one index"
    third.close()
    second.join(20)
    opened[0].close()
