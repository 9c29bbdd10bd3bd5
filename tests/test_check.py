"""`dedup check` finds damage, `--repair` keeps the rest, the same feeds bring back what was dropped."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import IndexFolderError, NewerFormatError
from dedup.index.arrays import ArrayFile, write_arrays
from dedup.index.check.check import check_folder
from dedup.index.check.repair import repair_folder
from dedup.index.identity import display_id
from dedup.index.index import Index
from dedup.index.store import IndexStore
from tests.commands import Command, one_error
from tests.feeds import feed

FEEDS = ("0.jsonl", "1.jsonl", "2.jsonl")


def flip(path: Path, at: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x10
    path.write_bytes(data)


def quiet(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three feeds and an index of them, three parts, an epoch and a run."""
    folder = tmp_path_factory.mktemp("whole")
    for number, name in enumerate(FEEDS):
        records = feed(stories=4, singles=6, seed=number)
        # The second and the third feed hold another text of an article of the first.
        if number:
            records.append({**feed(stories=4, singles=6, seed=0)[0], "text": f"Changed by {name}. " * 9})
        lines = [json.dumps(record) for record in records]
        (folder / name).write_text("\n".join([*lines, "{broken"]) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with Index.create("n.dedup") as index:
            for name in FEEDS:  # three loads
                index.add(name)
                index._store.finish_load()
            members = index.report().members
    (folder / "members.arrow").write_bytes(_bytes(members))
    return folder


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


@pytest.fixture
def case(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(whole, tmp_path / "case")
    monkeypatch.chdir(tmp_path / "case")
    return tmp_path / "case"


def texts(path: Path) -> dict[Any, Any]:
    """All that decides between texts: state, version and load of each, wherever it lies."""
    with IndexStore.open(path) as store:
        rows = store._catalog.query("SELECT key, content, state, version, load, stamp FROM articles")
    return {(row[0], row[1]): row[2:] for row in rows}


def other_articles(index: Path) -> None:
    shutil.copy(index / "sketches/part-000002.sketch", index / "sketches/part-000001.sketch")


def other_sketches(index: Path) -> None:
    path = index / "sketches/part-000001.sketch"
    file = ArrayFile(path)
    arrays = {name: np.array(file.array(name)) for name in file.names}
    arrays["signatures"] += 1
    with open(path, "wb") as out:
        write_arrays(out, arrays)


def torn_catalog(index: Path) -> None:
    data = bytearray((index / "catalog.sqlite").read_bytes())
    data[8192 : len(data) // 2] = bytes(len(data) // 2 - 8192)
    (index / "catalog.sqlite").write_bytes(data)


def contradiction(index: Path) -> None:
    with sqlite3.connect(index / "catalog.sqlite") as catalog:
        catalog.execute("DELETE FROM articles WHERE row = 3")
    catalog.close()


def both_lost(index: Path) -> None:
    (index / "catalog.sqlite").unlink()
    (index / "manifest.json").unlink()


def wrong_row(index: Path) -> None:
    """What a flipped bit does to a number of the catalog, which SQLite does not notice."""
    with sqlite3.connect(index / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE parts SET footer_crc = footer_crc + 1 WHERE number = 2")
    catalog.close()


def epoch_of(index: Path) -> Path:
    return next((index / "epochs").iterdir())


HARMS: dict[str, tuple[Callable[[Path], object], str, int]] = {
    "a flipped bit in a part": (
        lambda i: flip(i / "articles/part-000002.parquet"), "articles/part-000002.parquet: ", 1,
    ),
    "a torn part": (
        lambda i: (i / "articles/part-000001.parquet").write_bytes(b"PAR1"), "part-000001.parquet: ", 1,
    ),
    "a missing part": (
        lambda i: (i / "articles/part-000003.parquet").unlink(), "part-000003.parquet: it is missing", 1,
    ),
    "a flipped bit in a sketch": (
        lambda i: flip(i / "sketches/part-000001.sketch"), "part-000001.sketch: the checksum of array", 0,
    ),
    "sketches of another part": (other_articles, "part-000001.sketch: it has ", 0),
    "sketches of other texts": (other_sketches, "its sketches are not those of the articles", 0),
    "a flipped bit in an epoch": (lambda i: flip(epoch_of(i) / "words"), "words is damaged", 0),
    "a lost epoch": (lambda i: shutil.rmtree(epoch_of(i)), "is missing", 0),
    "a flipped bit in a run": (lambda i: flip(i / "runs/000001/edges.parquet", 0.2), "runs/000001/edges", 0),
    "a garbled manifest": (lambda i: (i / "manifest.json").write_text("{"), "manifest.json: it cannot", 0),
    "a lost catalog": (lambda i: (i / "catalog.sqlite").unlink(), "catalog.sqlite: it is missing", 0),
    "a torn catalog": (torn_catalog, "catalog.sqlite: ", 0),
    "a catalog that contradicts itself": (contradiction, "catalog.sqlite: ", 0),
    "a catalog with a wrong number": (wrong_row, "part-000002.parquet: the checksum of its footer", 0),
    "catalog and manifest lost": (both_lost, "catalog.sqlite: it is missing", 0),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_damage_is_named_and_repaired_and_the_feeds_bring_back_the_rest(
    case: Path, whole: Path, harm: str
) -> None:
    index = case / "n.dedup"
    does, said, parts_lost = HARMS[harm]
    does(index)
    found = check_folder(index, deep=False, on_stage=quiet)
    assert [one for one in found.damage if said in f"{one.file}: {one.reason}"], found.damage
    told: list[Any] = []
    report = repair_folder(index, deep=False, on_stage=quiet, on_dropped=told.extend)
    assert report.before.damage == found.damage
    assert report.after.sound, report.after.damage
    assert told == list(report.dropped)
    assert sum("part" in line and "dropped" in line for line in report.done) == parts_lost
    # Nothing is left to do for a second repair.
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.parent != index}
    assert not (again := repair_folder(index, deep=False, on_stage=quiet, on_dropped=told.extend)).done, again
    assert before == {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.parent != index}
    with Index.open(index, write=True) as idx:
        added = 0
        for name in FEEDS:
            added += idx.add(name).added
            idx._store.finish_load()
        assert bool(added) == bool(parts_lost), "articles that were kept were read in again, or the reverse"
        assert _bytes(idx.report().members) == (case / "members.arrow").read_bytes()
        assert len(idx.rejects()) == 3
    if "catalog" not in harm or "contradicts" in harm or "number" in harm:
        assert texts(index) == texts(whole / "n.dedup"), "a text did not take its old place"
    assert check_folder(index, deep=True, on_stage=quiet).sound


@pytest.mark.parametrize("on_change", ["version", "skip", "reject"])
@pytest.mark.parametrize("part", [1, 2])
def test_a_dropped_text_takes_its_old_place(tmp_path: Path, on_change: str, part: int) -> None:
    """Without dates the load decides between two texts: one that is read in again must not count as later."""

    def load(store: IndexStore, *titles: str) -> None:
        for title in titles:
            rows = [
                {"id": "1", "title": title, "file": "f", "line": 1},
                {"id": title, "title": "x", "file": "f", "line": 2},
            ]
            plan = store.plan(pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA), on_change=on_change)
            store.commit(plan, {})
            store.finish_load()

    def current(store: IndexStore) -> str:
        with store.snapshot() as view:
            (key,) = view.find("1")
            return view.article(key).title or ""

    with IndexStore.create(tmp_path / "n.dedup", durable=False) as store:
        load(store, "first", "second", "third")
        expected = current(store)
    known = texts(tmp_path / "n.dedup")
    (tmp_path / f"n.dedup/articles/part-{part:06d}.parquet").write_bytes(b"torn")
    report = repair_folder(tmp_path / "n.dedup", deep=False, on_stage=quiet, on_dropped=quiet)
    assert len(report.dropped) == (2 if on_change == "version" or part == 1 else 1)
    with IndexStore.open(tmp_path / "n.dedup", write=True) as store:
        assert len(store._catalog.parts()) == 2
        load(store, "first", "second", "third")
        assert current(store) == expected
    # A text that is refused again is noted under the new load, as it would be without the repair.
    now = texts(tmp_path / "n.dedup")
    assert {pair: row[:2] for pair, row in now.items()} == {pair: row[:2] for pair, row in known.items()}
    assert {pair: row for pair, row in now.items() if row[0]} == {
        p: row for p, row in known.items() if row[0]
    }


def test_what_is_dropped_is_listed_and_the_exit_code_tells(case: Path, dedup: Command) -> None:
    done = dedup("check", "n.dedup", "--deep")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "n.dedup: sound"
    with IndexStore.open(case / "n.dedup") as store, store.snapshot() as view:
        lost = list(view.articles(["id", "key", "line"]))[1].to_pylist()
    flip(case / "n.dedup/articles/part-000002.parquet")
    done = dedup("check", "n.dedup")
    assert done.returncode == 1
    assert "damaged  articles/part-000002.parquet: " in done.stdout
    assert "dedup check n.dedup --repair" in done.stdout.splitlines()[-1]
    one_error(dedup("export", "-i", "n.dedup"), "part-000002.parquet", "dedup check INDEX --repair")
    done = dedup("check", "n.dedup", "--repair", "--dropped", "gone.csv")
    assert done.returncode == 0
    assert f"{len(lost)} texts in all, listed in gone.csv" in done.stdout
    rows = list(csv.DictReader((case / "gone.csv").open()))
    assert [row["article_id"] for row in rows] == [display_id(row["id"], row["key"]) for row in lost]
    assert {row["part"] for row in rows} == {"2"}
    done = dedup("check", "n.dedup")
    assert done.returncode == 0
    assert f"note     {len(lost)} texts that a repair dropped have not been read in again" in done.stdout
    done = dedup("check", "n.dedup", "--repair", "--dropped", "gone.csv")
    assert len(list(csv.DictReader((case / "gone.csv").open()))) == len(lost), (
        "a list was replaced by an empty one"
    )


def test_a_repair_waits_for_a_writer_and_a_check_need_not(case: Path, dedup: Command) -> None:
    flip(case / "n.dedup/articles/part-000002.parquet")
    writer = Index.open("n.dedup", write=True)
    one_error(dedup("check", "n.dedup", "--repair"), "n.dedup is being written by process", "wait until")
    refused = dedup("check", "n.dedup", "--wait", "60s")
    assert refused.returncode == 2
    assert "a check waits for nobody without --repair" in refused.stderr
    thread = threading.Timer(1.5, writer.close)
    thread.start()
    done = dedup("check", "n.dedup", "--repair", "--wait", "60s")
    thread.join()
    assert done.returncode == 0, done.stderr
    assert f"n.dedup is being written by process {os.getpid()}" in done.stderr
    assert "waiting up to 60s" in done.stderr
    assert "part 2 dropped" in done.stdout


def test_what_cannot_be_named_is_named_by_its_key(case: Path) -> None:
    (case / "n.dedup/articles/part-000001.parquet").write_bytes(b"")
    with IndexStore.open(case / "n.dedup") as store, store.snapshot() as view:
        keys = view.keys()[0].tolist()
    report = repair_folder(case / "n.dedup", deep=False, on_stage=quiet, on_dropped=quiet)
    assert [one.article_id for one in report.dropped] == [display_id(None, key) for key in keys]


def test_leftovers_do_no_harm_and_strangers_are_left_alone(case: Path) -> None:
    index = case / "n.dedup"
    (index / "staging/part-000009.parquet").write_bytes(b"half")
    (index / "runs/000077").mkdir()
    (index / "notes.txt").write_text("mine")
    found = check_folder(index, deep=False, on_stage=quiet)
    assert found.sound
    assert [note.partition(":")[0] for note in found.notes] == [
        "staging/part-000009.parquet",
        "runs/000077",
        "notes.txt",
    ]
    report = repair_folder(index, deep=False, on_stage=quiet, on_dropped=quiet)
    assert not any((index / "staging").iterdir())
    # There has been no run 77: that folder is not ours.
    assert [note.partition(":")[0] for note in report.after.notes] == ["runs/000077", "notes.txt"]


def test_what_is_no_index_or_a_newer_one_is_not_touched(case: Path, tmp_path: Path, dedup: Command) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/articles").mkdir()
    for name, said in {"photos": "is not an index", "absent": "is not there"}.items():
        one_error(dedup("check", tmp_path / name), said)
        one_error(dedup("check", tmp_path / name, "--repair"), said)
    with sqlite3.connect("n.dedup/catalog.sqlite") as catalog:
        catalog.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    catalog.close()
    flip(case / "n.dedup/articles/part-000002.parquet")
    for work in (check_folder, repair_folder):
        more = {"on_dropped": quiet} if work is repair_folder else {}
        with pytest.raises(NewerFormatError, match="has format 99, this dedup reads up to"):
            work(case / "n.dedup", deep=False, on_stage=quiet, **more)
    assert (case / "n.dedup/articles/part-000002.parquet").exists()


def test_a_repair_waits_for_no_writer(case: Path) -> None:
    with (
        IndexStore.open(case / "n.dedup", write=True),
        pytest.raises(IndexFolderError, match="is being written by process"),
    ):
        repair_folder(case / "n.dedup", deep=False, on_stage=quiet, on_dropped=quiet)


def test_a_flipped_bit_in_the_catalog_costs_no_article(whole: Path, tmp_path: Path) -> None:
    """SQLite has no checksums: a flip is found, or changes nothing that is read."""
    IndexStore.open(whole / "n.dedup", write=True).close()  # brings the log into the file
    raw = (whole / "n.dedup/catalog.sqlite").read_bytes()
    known = texts(whole / "n.dedup")
    chance = random.Random(3)
    used = [at for at in range(len(raw)) if raw[at]]  # most of a small catalog is empty pages
    found = 0
    for number in range(20):
        index = tmp_path / f"{number}.dedup"
        shutil.copytree(whole / "n.dedup", index, ignore=shutil.ignore_patterns("catalog.sqlite*"))
        data = bytearray(raw)
        data[chance.choice(used)] ^= 1 << chance.randrange(8)
        (index / "catalog.sqlite").write_bytes(data)
        if check_folder(index, deep=True, on_stage=quiet).sound:
            assert texts(index) == known
            continue
        found += 1
        report = repair_folder(index, deep=True, on_stage=quiet, on_dropped=quiet)
        assert report.after.sound, report.after.damage
        assert not report.dropped
        assert texts(index).keys() == known.keys()
    assert found > 5


def test_an_index_of_a_newer_format_is_not_mended_even_without_its_catalog(case: Path) -> None:
    index = case / "n.dedup"
    manifest = json.loads((index / "manifest.json").read_text())
    (index / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    (index / "catalog.sqlite").unlink()
    for mend in (Index.check, Index.repair):
        with pytest.raises(NewerFormatError, match="has format 99"):
            mend(index)
    assert not (index / "catalog.sqlite").exists()
