"""What a killed command leaves is removed by the next, and what a running one uses is left alone."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest

from dedup.errors import IndexFolderError
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


HALF = ".out.csv.dedup-0123456789abcdef.tmp"
"""What a killed command may have left of out.csv."""


def test_half_an_export_of_a_killed_command_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    half = tmp_path / HALF
    half.write_text("half")
    theirs = {
        ".other.csv.dedup-0123456789abcdef.tmp", ".out.csv.77.tmp", ".out.csv.dedup-77.tmp",
        ".out.csv.dedup-0123456789ABCDEF.tmp", ".out.csv.dedup-0123456789abcdef.tmp.bak",
    }  # fmt: skip
    for name in theirs:
        (tmp_path / name).write_text("of another file, or no name of ours")
    with replacing_file(target) as outer:
        outer.write(b"outer")
        assert not half.exists()
        (mine,) = {path for path in tmp_path.iterdir()} - {tmp_path / name for name in theirs}
        atomic.sweep_abandoned(target)
        assert mine.exists(), "a file in use was removed"
    assert target.read_bytes() == b"outer"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", *theirs}


def test_only_files_of_this_user_are_swept_and_a_pipe_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [f".out.csv.dedup-{number:016x}.tmp" for number in range(3)]
    os.mkfifo(tmp_path / named[0])
    os.mkfifo(tmp_path / ".out.csv.77.tmp")
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / named[1]).symlink_to(tmp_path / "mine.txt")
    (tmp_path / named[2]).mkdir()
    signal.alarm(10)  # a pipe opened to be read waits for its writer
    try:
        atomic.sweep_abandoned(tmp_path / "out.csv")
        assert {path.name for path in tmp_path.iterdir()} == {*named, ".out.csv.77.tmp", "mine.txt"}
        (tmp_path / HALF).write_text("of another user")
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        atomic.sweep_abandoned(tmp_path / "out.csv")
        assert (tmp_path / HALF).exists()
    finally:
        signal.alarm(0)


def test_two_with_the_same_process_number_replace_one_file_and_the_last_stays_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with replacing_file(target) as first:
        first.write(b"first" * 1000)
        with replacing_file(target) as second:  # as from another container
            second.write(b"second")
        assert target.read_bytes() == b"second"
    assert target.read_bytes() == b"first" * 1000
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("moment", ["export-fsynced", "export-replace"])
def test_a_finished_file_is_not_swept_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    target = tmp_path / "out.csv"
    monkeypatch.setattr(
        atomic, "fault", lambda name: atomic.sweep_abandoned(target) if name == moment else None
    )
    with replacing_file(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_file_swept_between_its_making_and_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, lock, swept = tmp_path / "out.csv", fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        if not swept:
            swept.append(True)
            atomic.sweep_abandoned(target)
            assert not any(tmp_path.iterdir())
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with replacing_file(target) as file:
        file.write(b"new")
    assert swept
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out.csv": b"new"}


def test_a_file_with_the_longest_name_there_can_be_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / f"{'x' * 251}.csv"
    with replacing_file(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


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
    assert "the newest 3 runs of the same options will be kept" in done.stderr
    with IndexStore.open(tmp_path / "n.dedup") as store:
        assert store.keep_runs == 3
    assert dedup("index", "-i", tmp_path / "n.dedup", "--keep-runs", "0").returncode == 2


def test_what_a_user_puts_beside_the_runs_stays(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with IndexStore.create(path, durable=False) as store:
        store.set_keep_runs(1)
        commit_runs(store, 3)
        theirs = ["2024", "1", "0001", "00000002", "000000", "000900", "\u0661\u0662", "notes"]
        for name in theirs:
            (path / "runs" / name).mkdir()
            (path / "runs" / name / "thesis.txt").write_text("mine")
        (path / "runs" / "000001").symlink_to(elsewhere)
        (path / "runs" / "000002").write_text("a file")
        (path / "runs" / "000004").mkdir()
        commit_runs(store, 1)
        (run,) = store.runs()
        assert (run.number, run.table("texts").num_rows) == (5, 1), "a folder there was taken for the run"
        # Of what has a name of ours, only a real folder is taken for an old run.
        assert folders(path) == sorted(["000001", "000002", "000005", *theirs])
        assert elsewhere.exists()


def test_runs_are_kept_of_each_choice_of_options(tmp_path: Path) -> None:
    with IndexStore.create(tmp_path / "n.dedup", durable=False) as store:
        store.set_keep_runs(2)
        for settings in "abbbab":
            store.commit_run({"texts": pa.table({"a": [1]})}, {"settings": settings})
        assert [(run.number, run.meta["settings"]) for run in store.runs()] == [
            (1, "a"), (4, "b"), (5, "a"), (6, "b"),
        ]  # fmt: skip
        store.set_keep_runs(1)
        assert [run.number for run in store.runs()] == [5, 6]
    assert folders(tmp_path / "n.dedup") == ["000005", "000006"]


def test_who_reads_a_run_that_is_removed_meanwhile_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    with IndexStore.create(path, durable=False) as store:
        store.set_keep_runs(1)
        commit_runs(store, 1)
        with IndexStore.open(path) as reader:
            (run,) = reader.runs()
        commit_runs(store, 1)
        with pytest.raises(IndexFolderError) as told:
            run.table("texts")
        assert "run 1 was removed while it was read" in str(told.value)
        assert "--keep-runs" in str(told.value)
        (run,) = store.runs()
        (path / "runs" / "000002" / "texts.parquet").unlink()
        with pytest.raises(IndexFolderError, match=r"texts.parquet is missing though the catalog lists it"):
            run.table("texts")
