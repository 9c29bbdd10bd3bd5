"""What a killed command leaves is removed by the next, and what a running one uses is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest

from dedup.index import atomic, temporary
from dedup.index.atomic import replacing_file
from dedup.index.index import Index
from dedup.index.reading import KEEP_RUNS
from dedup.index.store import IndexStore
from tests.commands import Command

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(atomic.__file__).parents[2])}


@pytest.fixture
def tmpdir_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_the_index_of_a_killed_command_is_removed_by_the_next(tmpdir_of_ours: Path) -> None:
    holds = (
        "from dedup.index.index import Index\n"
        "with Index.temporary(): print('made', flush=True); input()"
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", holds],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**ENVIRONMENT, "TMPDIR": str(tmpdir_of_ours)},
    ) as running:  # fmt: skip
        assert running.stdout is not None
        running.stdout.readline()
        (theirs,) = tmpdir_of_ours.iterdir()
        with Index.temporary():
            assert len(list(tmpdir_of_ours.iterdir())) == 2
        assert (theirs / "index" / "catalog.sqlite").exists(), "the index of a running command was removed"
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert theirs.exists()
    with Index.temporary():
        assert not theirs.exists()
    assert not any(tmpdir_of_ours.iterdir())


def test_folders_of_others_are_left_alone(tmpdir_of_ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = tmpdir_of_ours / "dedup-index-abcdefgh"
    full.mkdir()
    (full / "index").mkdir()
    (full / "thesis.txt").write_text("mine")
    (tmpdir_of_ours / "dedup-index").mkdir()
    (tmpdir_of_ours / "dedup-index-file1234").write_text("a file")
    elsewhere = tmpdir_of_ours / "elsewhere"
    (elsewhere / "index").mkdir(parents=True)
    (tmpdir_of_ours / "dedup-index-linklink").symlink_to(elsewhere)
    before = sorted(tmpdir_of_ours.rglob("*"))
    temporary.remove_abandoned()
    assert sorted(tmpdir_of_ours.rglob("*")) == before
    empty = tmpdir_of_ours / "dedup-index-emptyone"
    empty.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    temporary.remove_abandoned()
    assert empty.exists(), "the folder of another user"
    monkeypatch.undo()


def test_half_an_export_of_a_killed_command_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    (tmp_path / ".out.csv.77.tmp").write_text("half")
    (tmp_path / ".other.csv.77.tmp").write_text("half of another file")
    (tmp_path / ".out.csv.mine.tmp").write_text("no name of ours")
    with replacing_file(target) as outer:
        outer.write(b"outer")
        (mine,) = tmp_path.glob(f".out.csv.{os.getpid()}.tmp")
        atomic.sweep_abandoned(target)
        assert mine.exists(), "a file in use was removed"
    assert target.read_bytes() == b"outer"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"out.csv", ".other.csv.77.tmp", ".out.csv.mine.tmp"}


def commit_runs(store: IndexStore, n: int) -> None:
    for _ in range(n):
        store.commit_run({"texts": pa.table({"a": [1]}), "edges": pa.table({"b": [2]})}, {"number": n})


def folders(path: Path) -> list[str]:
    return sorted(folder.name for folder in (path / "runs").iterdir())


def test_only_the_newest_runs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    with IndexStore.create(path, durable=False) as store:
        commit_runs(store, KEEP_RUNS + 3)
        assert [run.number for run in store.runs()] == list(range(4, KEEP_RUNS + 4))
        assert folders(path) == [f"{run.number:06d}" for run in store.runs()]
        store.set_keep_runs(2)
        assert folders(path) == [f"{n:06d}" for n in (KEEP_RUNS + 2, KEEP_RUNS + 3)]
        with pytest.raises(ValueError, match="keep_runs is 0; it must be at least 1"):
            store.set_keep_runs(0)
    with IndexStore.open(path, write=True) as store:
        commit_runs(store, 1)
        assert len(store.runs()) == 2, "the number was forgotten"


def test_a_run_that_a_reader_has_open_stays_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    with IndexStore.create(path, durable=False) as store:
        store.set_keep_runs(1)
        commit_runs(store, 1)
        with IndexStore.open(path) as reader:
            run = reader.latest_run()
            assert run is not None
            with run.held():
                assert run.table("texts").num_rows == 1
                commit_runs(store, 2)
                assert [one.number for one in store.runs()] == [3]
                assert run.table("edges").num_rows == 1, "a run was removed under its reader"
            commit_runs(store, 1)
        assert folders(path) == ["000004"]


def test_a_user_sets_how_many_runs_are_kept(tmp_path: Path, dedup: Command) -> None:
    Index.create(tmp_path / "n.dedup", durable=False).close()
    done = dedup("index", "-i", tmp_path / "n.dedup", "--keep-runs", "3")
    assert done.returncode == 0
    assert "the newest 3 runs will be kept" in done.stderr
    with IndexStore.open(tmp_path / "n.dedup") as store:
        assert store.keep_runs == 3
    assert dedup("index", "-i", tmp_path / "n.dedup", "--keep-runs", "0").returncode == 2
