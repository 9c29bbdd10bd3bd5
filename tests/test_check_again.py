"""What a repair meets beside damage: commits half on their way, readers at work, files that are not ours."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from dedup.errors import IndexFolderError
from dedup.index.arrays import ArrayFile
from dedup.index.check.findings import Dropped
from dedup.index.creation import remove_empty
from dedup.index.index import Index
from dedup.index.layout import Layout
from dedup.index.lock import WriterLock
from dedup.index.runs import Epoch
from dedup.index.store import IndexStore
from tests.commands import Command, one_error
from tests.test_check_repair import case, flip, forked, repair, sql, whole

__all__ = ["case", "whole"]  # fixtures

KILLED = -signal.SIGKILL


def add(index: Path | str, feed: str) -> None:
    with Index.open(index, write=True) as opened:
        opened.add(feed)


def parts(index: Path) -> list[int]:
    with IndexStore.open(index) as store:
        return [part.number for part in store._catalog.parts()]


def articles(index: Path) -> int:
    with IndexStore.open(index) as store, store.snapshot() as view:
        return view.n_articles


def current_epoch(index: Path) -> Epoch:
    with IndexStore.open(index) as store:
        epoch = store.epoch()
    assert epoch is not None
    return epoch


def lose_catalog(index: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{index}/catalog.sqlite{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize("damage", ["lost", "contradicting"])
def test_a_part_that_was_committed_and_not_yet_renamed_is_kept(case: Path, damage: str) -> None:
    index = case / "n.dedup"
    assert forked(lambda: add(index, "3.jsonl"), "transaction-part-committed") == KILLED
    committed = articles(index)
    if damage == "lost":
        lose_catalog(index)
    else:
        sql(index, "DELETE FROM parts WHERE number = 4")
    told: list[Dropped] = []
    assert repair(index, told.extend).after.sound
    assert parts(index) == [1, 2, 3, 4]
    assert articles(index) == committed
    assert not told


def test_half_of_a_part_that_was_never_committed_is_no_loss(case: Path) -> None:
    index = case / "n.dedup"
    assert forked(lambda: add(index, "3.jsonl"), "articles-wrote") == KILLED
    lose_catalog(index)
    told: list[Dropped] = []
    assert repair(index, told.extend).after.sound
    assert (parts(index), told) == ([1, 2, 3], [])


def test_an_epoch_that_was_committed_and_not_yet_renamed_is_kept(case: Path) -> None:
    index = case / "n.dedup"

    def learn_anew() -> None:
        with Index.open(index, write=True) as opened:
            opened.add("3.jsonl")
            opened.refresh()

    assert forked(learn_anew, "transaction-epoch-committed") == KILLED
    epoch = current_epoch(index)
    sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    assert not repair(index).lost
    assert current_epoch(index).id == epoch.id


def test_a_strange_file_beside_an_epoch_costs_nothing(case: Path) -> None:
    index = case / "n.dedup"
    epoch = current_epoch(index)
    (epoch.path / ".directory").write_text("mine")
    sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    assert not repair(index).lost
    assert current_epoch(index).id == epoch.id
    assert (epoch.path / ".directory").exists()


@pytest.mark.parametrize("point", ["rebuild-promised", "rebuild-log", "rebuild-renamed", ""])
def test_a_reader_follows_a_catalog_that_was_made_anew(case: Path, point: str) -> None:
    index = case / "n.dedup"
    sql(index, "UPDATE parts SET article_bytes = article_bytes + 1 WHERE number = 1")
    flip(index / "articles" / "part-000002.parquet")
    early = Index.open(index)
    assert forked(lambda: repair(index), point) == (KILLED if point else 0)
    late = Index.open(index)
    assert forked(lambda: add(index, "3.jsonl")) == 0
    with Index.open(index) as fresh:
        for reader in (early, late):
            assert reader._store.generation == fresh._store.generation
            assert len(reader) == len(fresh)
            catalog = reader._store._catalog
            assert catalog.query("PRAGMA integrity_check") == [("ok",)]
            assert catalog.texts().tolist() == fresh._store._catalog.texts().tolist()
            reader.close()


def test_a_state_once_begun_to_be_read_stays_while_a_catalog_is_made_anew(case: Path) -> None:
    index = case / "n.dedup"
    sql(index, "UPDATE parts SET article_bytes = article_bytes + 1 WHERE number = 1")
    with IndexStore.open(index) as store, store._catalog.reading() as catalog:
        before = catalog.meta("generation"), len(catalog.texts())
        assert forked(lambda: repair(index)) == 0
        assert forked(lambda: add(index, "3.jsonl")) == 0
        assert (catalog.meta("generation"), len(catalog.texts())) == before


def test_a_run_is_kept_and_told_where_a_repair_was_killed(case: Path, dedup: Command) -> None:
    index = case / "n.dedup"
    add(index, "3.jsonl")
    sql(index, "UPDATE parts SET article_bytes = article_bytes + 1 WHERE number = 1")
    assert forked(lambda: repair(index), "rebuild-promised") == KILLED
    done = dedup("clusters", index, "--events", "e.csv", "-o", "c.csv")
    assert done.returncode == 0, done.stderr
    assert "run 2, since run 1" in done.stderr


def test_events_are_told_of_clusters_whose_article_a_repair_dropped(case: Path, dedup: Command) -> None:
    index = case / "n.dedup"
    before = dedup("events", "-i", index, "-o", "before.csv")
    assert before.returncode == 0
    flip(index / "articles" / "part-000002.parquet")
    assert repair(index).dropped
    after = dedup("events", "-i", index, "-o", "after.csv")
    assert after.returncode == 0, after.stderr
    rows = [Path(name).read_text().count("\n") for name in ("before.csv", "after.csv")]
    assert rows[0] == rows[1]
    assert dedup("clusters", index, "--events", "e.csv", "-o", "c.csv").returncode == 0


def test_a_strange_part_that_was_dropped_is_not_taken_back(case: Path) -> None:
    index = case / "n.dedup"
    theirs = "articles/part-000002.parquet"
    shutil.copy(case / "other.dedup" / theirs, index / theirs)
    repair(index)
    add(index, "1.jsonl")
    held = articles(index)
    lose_catalog(index)
    repair(index)
    assert parts(index) == [1, 3, 4]
    assert articles(index) == held


def test_what_is_not_of_the_index_stays_whatever_its_name(case: Path) -> None:
    index = case / "n.dedup"
    folders = ["runs/000900", "runs/20240101", f"epochs/{'a' * 32}"]
    files = [f"{folder}/thesis.txt" for folder in folders]
    files += [".manifest.json.mine.tmp", "articles/part-7.parquet", "sketches/part-9.sketch"]
    for folder in folders:
        (index / folder).mkdir()
    for file in files:
        (index / file).write_text("mine")
    repair(index)
    lose_catalog(index)
    repair(index)
    add(index, "3.jsonl")
    with Index.open(index) as opened:
        opened.report()
    assert [file for file in files if not (index / file).exists()] == []


def test_a_load_that_was_open_stays_open_in_a_catalog_made_anew(case: Path) -> None:
    index = case / "n.dedup"
    assert forked(lambda: add(index, "3.jsonl"), "transaction-part-committed") == KILLED
    sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    with IndexStore.open(index) as store:
        load = store._catalog.meta("load")
    repair(index)
    with IndexStore.open(index) as store:
        assert (store._catalog.meta("load"), store._catalog.meta("load_open")) == (load, True)


@pytest.mark.parametrize("point", ["repair-remove", "repair-removed"])
def test_the_manifest_names_no_file_that_a_repair_removed(case: Path, point: str) -> None:
    index = case / "n.dedup"
    flip(index / "articles" / "part-000002.parquet")
    assert forked(lambda: repair(index), point) == KILLED
    named = [part["articles"] for part in json.loads((index / "manifest.json").read_text())["parts"]]
    assert [name for name in named if not (index / name).exists()] == []


@pytest.mark.parametrize("point", ["transaction-repair-committed", "repair-removed", "repair-done"])
@pytest.mark.parametrize("catalog", ["sound", "damaged"])
def test_a_repair_that_is_begun_again_tells_all_that_it_dropped(case: Path, catalog: str, point: str) -> None:
    index = case / "n.dedup"
    flip(index / "articles" / "part-000002.parquet")
    if catalog == "damaged":
        sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    shutil.copytree(index, "undisturbed.dedup")
    all_of_them: list[Dropped] = []
    repair(Path("undisturbed.dedup"), all_of_them.extend)
    assert len(all_of_them) > 20
    assert forked(lambda: repair(index), point) == KILLED
    told: list[Dropped] = []
    repair(index, told.extend)
    assert told == ([] if point == "repair-done" else all_of_them)
    assert not Layout(index).told_dropped.exists()


def test_an_index_that_stayed_empty_goes_only_if_nobody_else_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    Index.create(path).close()
    with WriterLock(Layout(path).lock):
        remove_empty(path)
        assert path.exists()
    remove_empty(path)
    assert not path.exists()
    with Index.create(path) as index:
        index.add([{"title": "One", "text": "A text of some words"}])
    remove_empty(path)
    assert path.exists()


def test_an_empty_index_is_removed_while_its_lock_is_held(
    tmp_path: Path, dedup: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.jsonl").write_text("{broken\n")
    real, held = shutil.rmtree, []

    def watched(path: Path, *arguments: object, **options: object) -> None:
        if Path(path).name == "n.dedup":
            with pytest.raises(IndexFolderError, match="is being written by"):
                WriterLock(Layout(Path(path)).lock)
            held.append(path)
        real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "rmtree", watched)
    assert dedup("index", "bad.jsonl", "-i", "n.dedup").returncode == 1
    assert held
    assert not Path("n.dedup").exists()


def test_torn_signatures_are_named_by_a_query(case: Path) -> None:
    path = case / "n.dedup" / "sketches" / "part-000002.sketch"
    begin, end = ArrayFile(path)._span("signatures")
    data = bytearray(path.read_bytes())
    data[begin:end] = bytes(end - begin)
    path.write_bytes(data)
    words = " ".join(f"word{i} of it" for i in range(60))
    with Index.open(case / "n.dedup") as index, pytest.raises(IndexFolderError, match="part-000002"):
        index.query([{"text": words}])


def test_a_rebuilt_catalog_is_durable_before_it_counts_and_the_old_one_goes_after(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a power cut no test can be made; the order of what the system is asked for can be looked at."""
    index = case / "n.dedup"
    sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    steps: list[str] = []
    fsync, replace, unlink = os.fsync, os.replace, Path.unlink

    def name(path: object) -> str:
        return str(Path(str(path)).resolve().relative_to(index.resolve()))

    def noted_fsync(descriptor: int) -> None:
        steps.append(f"fsync {name(os.readlink(f'/proc/self/fd/{descriptor}'))}")
        fsync(descriptor)

    def noted_replace(old: Path, new: Path) -> None:
        steps.append(f"rename to {name(new)}")
        replace(old, new)

    def noted_unlink(path: Path, missing_ok: bool = False) -> None:
        steps.append(f"unlink {name(path)}")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    monkeypatch.setattr(Path, "unlink", noted_unlink)
    repair(index)
    wanted = [
        "fsync staging/catalog.sqlite",
        "rename to catalog.rebuilt",
        "fsync .",
        "unlink catalog.sqlite-wal",
        "fsync .",
        "rename to catalog.sqlite",
        "fsync .",
    ]
    at = 0
    for step in steps:
        at += at < len(wanted) and step == wanted[at]
    assert at == len(wanted), steps


@pytest.mark.parametrize("command", ["clusters", "query", "stats", "index"])
def test_an_index_that_lost_its_catalog_is_no_folder_of_feeds(
    case: Path, dedup: Command, command: str
) -> None:
    lose_catalog(case / "n.dedup")
    given = {
        "clusters": ["clusters", "n.dedup"],
        "query": ["query", "3.jsonl", "-i", "n.dedup"],
        "stats": ["stats", "-i", "n.dedup"],
        "index": ["index", "3.jsonl", "-i", "n.dedup"],
    }
    one_error(dedup(*given[command]), "n.dedup has lost its catalog.sqlite", "dedup check n.dedup --repair")


def test_a_damaged_epoch_is_cured_by_what_the_error_says(case: Path, dedup: Command) -> None:
    index = case / "n.dedup"
    (epoch,) = (index / "epochs").iterdir()
    flip(epoch / "words")
    one_error(dedup("clusters", "n.dedup"), "damaged", "dedup check n.dedup --repair")
    dedup("check", "n.dedup", "--repair")
    assert dedup("clusters", "n.dedup").returncode == 0


def test_a_creation_whose_last_fsync_is_refused_is_told(
    tmp_path: Path, dedup: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.jsonl").write_text('{"title": "One", "text": "A text of some words"}\n')
    fsync = os.fsync

    def refused(descriptor: int) -> None:
        if (
            os.readlink(f"/proc/self/fd/{descriptor}") == str(tmp_path)
            and Path("n.dedup/catalog.sqlite").exists()
        ):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refused)
    one_error(dedup("index", "one.jsonl", "-i", "n.dedup"), "Input/output error while creating n.dedup")
    monkeypatch.setattr(os, "fsync", fsync)
    assert dedup("index", "one.jsonl", "-i", "n.dedup").returncode == 0
