"""What goes wrong around an index is said in one line, and the index survives it."""

from __future__ import annotations

import errno
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import DedupError, IndexFolderError
from dedup.index import atomic, publish
from dedup.index.atomic import explained, replacing_file
from dedup.index.plan import Plan
from dedup.index.snapshot import Snapshot
from dedup.index.store import IndexStore


def articles(start: int, n: int = 300) -> pa.RecordBatch:
    rng = np.random.default_rng(start)
    rows = [
        {"id": str(i), "title": f"t{i}", "text": rng.bytes(300).hex(), "file": "f", "line": i}
        for i in range(start, start + n)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA)


def add(store: IndexStore, start: int) -> Plan:
    plan = store.plan(articles(start))
    store.commit(plan, {"signature": np.arange(300 * 8, dtype=np.uint32).reshape(300, 8)})
    return plan


@pytest.fixture
def index(tmp_path: Path) -> Path:
    with IndexStore.create(tmp_path / "news.dedup") as store:
        add(store, 0)
    return tmp_path / "news.dedup"


def count(path: Path) -> int:
    with IndexStore.open(path) as store, store.snapshot() as view:
        assert sum(table.num_rows for table in view.articles()) == view.n_articles
        for part in view.parts:
            view.sketch(part.position)
        return view.n_articles


def test_folders_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "photos").mkdir()
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "catalog.sqlite").write_bytes(b"not a database at all" * 99)
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "catalog.sqlite") as other:
        other.execute("CREATE TABLE stamps (id)")
    other.close()
    for name, message in {
        "absent": "there is no index at .*absent; create one",
        "file": "is a file, an index is a folder",
        "file/below": "there is no index|Not a directory",
        "photos": "photos is not an index: it has no catalog.sqlite",
        "noise": "damaged or no SQLite file",
        "other": "is not an index: its catalog.sqlite has no table 'meta'",
    }.items():
        for write in (False, True):
            with pytest.raises(IndexFolderError, match=message):
                IndexStore.open(tmp_path / name, write=write)
    assert not list((tmp_path / "photos").iterdir()), "a folder that is not ours was touched"


def test_folders_that_cannot_be_created(tmp_path: Path, index: Path) -> None:
    with pytest.raises(IndexFolderError, match="already holds an index; open it"):
        IndexStore.create(index)
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexFolderError, match="is a file"):
        IndexStore.create(tmp_path / "file")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    with pytest.raises(IndexFolderError, match=r"is not empty and no index \(it holds cat.jpg\)"):
        IndexStore.create(tmp_path / "photos")
    (index / "catalog.sqlite").unlink()
    with pytest.raises(IndexFolderError, match="is not empty and no index"):
        IndexStore.create(index)
    (tmp_path / "empty").mkdir()
    IndexStore.create(tmp_path / "empty").close()
    IndexStore.create(tmp_path / "a" / "b ?#%" / "ü.dedup").close()
    assert count(tmp_path / "a" / "b ?#%" / "ü.dedup") == 0


def test_a_newer_format_is_refused(index: Path) -> None:
    with sqlite3.connect(index / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE meta SET value = '3' WHERE name = 'format'")
    catalog.close()
    for write in (False, True):
        with pytest.raises(
            IndexFolderError, match=r"index .* has format 3, this dedup reads up to 2; upgrade dedup"
        ):
            IndexStore.open(index, write=write)


def test_a_second_writer_is_told_who_the_first_is(index: Path) -> None:
    hold = (
        "import sys; from dedup.index.store import IndexStore;"
        "store = IndexStore.open(sys.argv[1], write=True); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(index)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(atomic.__file__).parents[2])},
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(
            IndexFolderError, match=rf"is being written by process {holder.pid} on .* since 2"
        ):
            IndexStore.open(index, write=True)
        assert count(index) == 300
        holder.kill()
        holder.wait()
        with IndexStore.open(index, write=True) as store:
            add(store, 300)
            with pytest.raises(IndexFolderError, match=f"process {os.getpid()} "):
                IndexStore.open(index, write=True)
    assert count(index) == 600


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (
            errno.ENOSPC,
            "disk full while writing .*part-000002.*; free space and run the same command again, what was",
        ),
        (errno.EACCES, "no permission while writing .*part-000002.*; change the permissions"),
        (errno.EIO, "Input/output error while writing .*part-000002.*; run the same command again"),
    ],
)
@pytest.mark.parametrize("nth", [1, 2, 5, 9])
def test_a_write_that_fails_leaves_the_index_whole(
    index: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str, nth: int
) -> None:
    calls = 0
    real = atomic._write

    def failing(file: Any, data: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(number, os.strerror(number))
        real(file, data)

    with IndexStore.open(index, write=True) as store:
        plan = store.plan(articles(300))
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "_write", failing)
            with pytest.raises(IndexFolderError, match=message):
                store.commit(plan, {"signature": np.zeros((300, 4))})
        assert calls >= nth
        assert not any((index / "staging").iterdir()), "the space was not freed"
        assert count(index) == 300
        assert store.commit(plan, {"signature": np.zeros((300, 4))}) == 2
    assert count(index) == 600


@pytest.mark.parametrize("step", ["os.replace", "fsync_folder", "replacing_file"])
def test_a_failure_after_the_commit_is_made_good_by_the_next(
    index: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with IndexStore.open(index, write=True) as store:
        plan = store.plan(articles(300))
        with monkeypatch.context() as patch:
            patch.setattr(publish.os if step == "os.replace" else publish, step.removeprefix("os."), failing)
            with pytest.raises(IndexFolderError, match="disk full"):
                store.commit(plan, {})
        assert count(index) == 600, "the transaction had committed"
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "_write", failing)
            with pytest.raises(IndexFolderError, match="disk full"):
                store.commit(store.plan(articles(600)), {})
        assert count(index) == 600, "a committed part in staging was taken for rubbish"
    with IndexStore.open(index, write=True) as store:
        add(store, 600)
    assert count(index) == 900
    assert len(json.loads((index / "manifest.json").read_bytes())["parts"]) == 3


def _flip(path: Path, where: Callable[[int], int]) -> None:
    data = bytearray(path.read_bytes())
    data[where(len(data))] ^= 0x10
    path.write_bytes(data)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: _flip(path, lambda size: size // 2),
        lambda path: _flip(path, lambda size: 200),
        lambda path: _flip(path, lambda size: size - 3),
        _cut,
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
)
@pytest.mark.parametrize("name", ["articles/part-000001.parquet", "sketches/part-000001.sketch"])
def test_a_damaged_part_is_named(index: Path, name: str, harm: Callable[[Path], None]) -> None:
    if name.endswith("sketch"):
        with IndexStore.open(index, write=True) as store:
            plan = store.plan(articles(300))
            # Fill whole 64-byte blocks: a flipped bit in the padding is no damage.
            store.commit(plan, {"signature": np.ones((300, 16), np.uint32)})
        name = name.replace("000001", "000002")
    harm(index / name)
    for read in (_read_all, _read_some):
        with (
            IndexStore.open(index) as store,
            store.snapshot() as view,
            pytest.raises(IndexFolderError, match=name),
        ):
            read(view, name)


def _read_all(view: Snapshot, name: str) -> None:
    if name.startswith("sketches"):
        view.sketch(len(view.parts) - 1)
    else:
        list(view.articles())


def _read_some(view: Snapshot, name: str) -> None:
    if name.startswith("sketches"):
        view.sketch(len(view.parts) - 1)
        view.keys()
    else:
        view.rows_at(np.zeros(300, np.int64), np.arange(300), ["text", "title", "id"])


def test_a_flipped_bit_is_an_error_or_does_no_harm(index: Path) -> None:
    path = index / "articles" / "part-000001.parquet"
    sound = path.read_bytes()
    with IndexStore.open(index) as store, store.snapshot() as view:
        (expected,) = view.articles()
        chance = random.Random(5)
        for _ in range(60):
            _flip(
                path, lambda size: chance.choice([chance.randrange(size), size - 1 - chance.randrange(3000)])
            )
            try:
                (found,) = view.articles()
            except IndexFolderError as error:
                named = str(path) in str(error)
            else:
                named = found.equals(expected)
            assert named
            path.write_bytes(sound)


def test_a_damaged_catalog_is_named(index: Path) -> None:
    data = bytearray((index / "catalog.sqlite").read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    (index / "catalog.sqlite").write_bytes(data)
    with pytest.raises(IndexFolderError, match=r"catalog .*catalog.sqlite is damaged"):
        IndexStore.open(index)


def test_a_full_disk_under_sqlite(index: Path) -> None:
    with IndexStore.open(index, write=True) as store:
        pages = store._catalog.query("PRAGMA page_count")[0][0]
        store._catalog.query(f"PRAGMA max_page_count = {pages}")
        plan = store.plan(articles(300))
        with pytest.raises(IndexFolderError, match=r"disk full while writing .*catalog.sqlite; free space"):
            store.commit(plan, {})
        assert count(index) == 300
        store._catalog.query("PRAGMA max_page_count = 1000000")
        store.commit(plan, {})
    assert count(index) == 600


def test_a_folder_that_may_only_be_read(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only disk SQLite cannot share its log; without one it may read the file as it is."""
    real = sqlite3.connect

    def connect(name: str, **options: Any) -> sqlite3.Connection:
        if name.endswith("?mode=ro"):
            raise sqlite3.OperationalError("unable to open database file")
        return real(name, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(IndexFolderError, match="unable to open"):
        IndexStore.open(index)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert count(index) == 300


def test_an_export_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    (tmp_path / "link.csv").symlink_to(target)
    with suppress(RuntimeError), replacing_file(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert target.read_text() == "old"
    with replacing_file(tmp_path / "link.csv") as file:
        file.write(b"new")
    assert target.read_text() == "new"
    assert (tmp_path / "link.csv").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "link.csv"}
    with replacing_file("/dev/null") as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()
    missing = tmp_path / "no" / "out.csv"
    with (
        pytest.raises(DedupError, match=r"No such file or directory while writing .*out\.csv"),
        explained(missing, kind=DedupError),
        replacing_file(missing),
    ):
        pass


def test_a_temporary_index_never_fsyncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("fsync"))
    with IndexStore.create(tmp_path / "t.dedup", durable=False) as store:
        add(store, 0)
        store.put_epoch({"a": b"b"}, {})
        store.commit_run({"t": pa.table({"a": [1]})}, {})
    with IndexStore.open(tmp_path / "t.dedup", write=True) as store:
        add(store, 300)
    assert count(tmp_path / "t.dedup") == 600
