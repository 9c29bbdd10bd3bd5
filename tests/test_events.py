"""What is told of a run stays true and can be told again: after pruning, a kill, or when it is not kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dedup.errors import DedupError
from dedup.index.index import Index
from dedup.index.store import IndexStore
from dedup.settings import Settings
from tests.commands import Command, one_error
from tests.feeds import copies

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def grown(path: Path, runs: int, *, keep: int) -> list[str]:
    """Make an index of one story more with each run; return what each run said, in one line."""
    said = []
    with Index.create(path, durable=False) as index:
        index.keep_runs(keep)
        for number in range(1, runs + 1):
            index.add(copies(number, 3))
            index.report()
            assert index.changed is not None
            said.append(index.changed)
    return said


@pytest.mark.parametrize("keep", [1, 2])
def test_a_run_is_told_alike_when_the_one_before_it_is_gone(tmp_path: Path, keep: int) -> None:
    said = grown(tmp_path / "n.dedup", 4, keep=keep)
    assert said[-1] == "run 4, since run 3: 1 cluster born, 3 unchanged"
    with Index.open(tmp_path / "n.dedup") as index:
        kept = range(5 - keep, 5)
        assert [index.event_report(number).line() for number in kept] == said[-keep:]
        assert index.events()["since"].tolist() == [3]


def test_a_run_that_is_gone_is_never_taken_for_the_first(tmp_path: Path, dedup: Command) -> None:
    path = tmp_path / "n.dedup"
    grown(path, 4, keep=2)
    told = ("no longer kept, the runs are 3 to 4", "choose one of them", "--keep-runs N")
    one_error(dedup("events", "-i", path, "--since", 2), "run 2 is", *told)
    one_error(dedup("events", "-i", path, "--run", 1), "run 1 is", *told)
    one_error(dedup("events", "-i", path, "--since", 5), "there is no run 5; the runs are 3 to 4")
    for option in ("--since", "--run"):
        one_error(dedup("events", "-i", path, option, 0), "there is no run 0; the runs are 3 to 4")
        refused = dedup("events", "-i", path, option, "24h")
        assert refused.returncode == 2
        assert "'24h' is not the number of a run, such as 41" in refused.stderr
    assert "run 4, since run 3: 1 cluster born" in dedup("events", "-i", path, "--since", 3).stdout


def test_a_run_of_an_older_version_is_told_only_against_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    grown(path, 3, keep=10)
    with IndexStore.open(path, write=True) as store:
        last = store.runs()[-1]
        tables = {name: last.table(name) for name in last.tables if name != "changes"}
        meta = {name: value for name, value in last.meta.items() if name != "learnt_anew"}
        store.commit_run(tables, meta)  # run 4: run 3 as such a version stored it
    with Index.open(path, write=True) as index:
        assert index.event_report().line() == "run 4, since run 2: 1 cluster born, 2 unchanged"
        index.keep_runs(1)
        with pytest.raises(DedupError, match="run 2, which run 4 is told against, is no longer kept"):
            index.event_report()


def test_many_runs_of_other_options_take_no_run_away(tmp_path: Path) -> None:
    with Index.create(tmp_path / "i", durable=False) as index:
        index.keep_runs(1)
        index.add(copies(1, 3))
        index.report()
        for hundredths in (60, 70, 80):
            index.report(Settings(threshold=hundredths / 100))
        index.add(copies(2, 2))
        index.report()
        assert index.changed == "run 5, since run 1: 1 cluster born, 1 unchanged"


def test_changes_are_told_against_the_newest_run_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "n.dedup"
    grown(path, 2, keep=10)
    (path / "runs" / "000002" / "clusters.parquet").write_bytes(b"not parquet")
    with Index.open(path, write=True) as index:
        index.add(copies(3, 3))
        index.report()
        assert index.changed == "run 3, since run 1: 2 clusters born, 1 unchanged"


def test_events_of_a_command_killed_before_it_wrote_them_are_told_by_the_next(
    tmp_path: Path, dedup: Command
) -> None:
    folder = tmp_path / "n.dedup"
    grown(folder, 2, keep=1)
    with Index.open(folder, write=True) as index:
        index.add([*copies(1, 5)[3:], *copies(7, 2)])
    undisturbed = tmp_path / "undisturbed.dedup"
    subprocess.run(["cp", "-r", folder, undisturbed], check=True)
    wanted = tmp_path / "wanted.csv"
    assert dedup("clusters", undisturbed, "--events", wanted).returncode == 0
    killed = subprocess.run(
        [sys.executable, "-m", "dedup", "clusters", str(folder), "--events", str(tmp_path / "lost.csv")],
        env={**ENVIRONMENT, "DEDUP_FAULT": "export-begin"}, cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "lost.csv").exists()
    assert dedup("events", "-i", folder, "-o", tmp_path / "again.csv").returncode == 0
    assert (tmp_path / "again.csv").read_bytes() == wanted.read_bytes()
    assert {line.split(",")[2] for line in wanted.read_text().splitlines()[1:]} == {"grown", "born"}


def test_the_true_reason_is_said_when_a_run_cannot_be_kept(
    tmp_path: Path, dedup: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, events = tmp_path / "n.dedup", tmp_path / "e.csv"
    grown(folder, 1, keep=1)
    with Index.open(folder, write=True) as index:
        index.add(copies(7, 2))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dedup.index.store.write_run", full)
    done = dedup("clusters", folder, "--events", events, "-o", tmp_path / "c.csv")
    one_error(done, f"{events} is not written", f"could not be kept: disk full while writing {folder}")
    assert "another process" not in done.stderr
    assert not events.exists()
    assert (tmp_path / "c.csv").read_text().count("\n") == 6
    monkeypatch.undo()
    assert dedup("clusters", folder, "--events", events).returncode == 0
    assert events.read_text().count("born") == 1


def test_a_report_is_written_though_its_events_cannot_be(tmp_path: Path, dedup: Command) -> None:
    folder, out = tmp_path / "n.dedup", tmp_path / "c.csv"
    grown(folder, 1, keep=1)
    with Index.open(folder, write=True) as writer:
        writer.add(copies(7, 2))
    done = dedup("clusters", folder, "--events", "/dev/full", "-o", out)
    one_error(done, "disk full", f"dedup events -i {folder} -o FILE")
    assert out.read_text().count("\n") == 6
    told = dedup("events", "-i", folder, "--format", "csv")
    assert told.stdout.count("born") == 1


def test_a_file_of_events_is_left_as_it_was_where_none_can_be_told(tmp_path: Path, dedup: Command) -> None:
    folder, events = tmp_path / "n.dedup", tmp_path / "e.jsonl"
    grown(folder, 1, keep=1)
    events.write_text("of the run before\n")
    with Index.open(folder, write=True) as writer:
        writer.add(copies(7, 2))
        done = dedup("clusters", folder, "--events", events)
        assert done.returncode == 1
        assert "5 articles" in done.stdout + done.stderr  # the report is printed all the same
        assert events.read_text() == "of the run before\n"
        quiet = dedup("clusters", folder)  # without --events all that was asked for is given
    assert quiet.returncode == 0
    assert "the run could not be kept: index" in quiet.stderr


def test_clusters_waits_for_a_writer_to_keep_its_run(tmp_path: Path, dedup: Command) -> None:
    folder, events = tmp_path / "n.dedup", tmp_path / "e.jsonl"
    grown(folder, 1, keep=1)
    writer = Index.open(folder, write=True)
    writer.add(copies(7, 2))

    def end() -> None:
        time.sleep(1.5)
        writer.close()

    thread = threading.Thread(target=end)
    thread.start()
    done = dedup("clusters", folder, "--events", events, "--wait", "60s")
    thread.join()
    assert done.returncode == 0
    assert f"is being written by process {os.getpid()}" in done.stderr
    assert "waiting up to 60s" in done.stderr
    assert json.loads(events.read_text())["event"] == "born"
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(json.dumps(record) + "\n" for record in copies(1, 3)))
    one_error(dedup("clusters", feed, "--wait", "60s"), "--wait", "these are feeds")
    one_error(dedup("clusters", folder, "--wait", "60"), "wait: '60' is no length of time; write it like 30s")
