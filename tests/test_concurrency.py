"""One writer, many readers, and what those are told who come second."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dedup.errors import IndexFolderError
from dedup.index import catalog
from dedup.index.index import Index
from dedup.index.session import Session
from dedup.index.store import IndexStore
from tests.commands import Command, one_error
from tests.feeds import copies

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
HOLDER = """
import sys, time
from pathlib import Path
from dedup.index.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]) / "writer.lock")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
WRITER = """
import sys
from dedup.index.index import Index
from tests.feeds import copies
for number in range(2, 30):
    with Index.open(sys.argv[1], write=True) as index:
        index.add(copies(number, 9))
"""


def test_a_writer_that_is_killed_readers_and_one_who_follows_the_manifest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.concurrency", "--minutes", "0.06", "--readers", "2"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counted = {
        what: int(n.replace(",", "")) for n, what in re.findall(r"^ *([\d,]+)  (.+)$", done.stdout, re.M)
    }
    for what in ("kills", "batches", "snapshot", "manifest polls", "manifest parts read"):
        assert counted[what] > 0, done.stdout


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(seconds)],
        env=ENVIRONMENT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "news.dedup"
    with Index.create(path, durable=False) as made:
        made.add(copies(1, 3))
    (tmp_path / "more.jsonl").write_text("\n".join(map(json.dumps, copies(2, 3))))
    return path


def test_a_second_writer_is_told_who_the_first_is_or_waits(
    index: Path, dedup: Command, tmp_path: Path
) -> None:
    add = ("index", tmp_path / "more.jsonl", "-i", index)
    with hold(index, 60) as holder:
        one_error(dedup(*add), f"is being written by process {holder.pid} on ", " since 20")
        began = time.monotonic()
        waited = dedup(*add, "--wait", "1s")
        one_error(waited, f"process {holder.pid}", "(waited 1 s)")
        assert "waiting up to 1s" in waited.stderr
        assert time.monotonic() - began < 5
        assert dedup("clusters", index).returncode == 0, "a reader waits for nobody"
        holder.kill()
    # The note of the dead one is still there, and blocks nobody.
    assert str(holder.pid) in (index / "writer.lock").read_text()
    assert dedup(*add).returncode == 0
    with hold(index, 0.7):
        assert dedup("index", tmp_path / "more.jsonl", "-i", index, "--wait", "30s").returncode == 0
    assert dedup(*add, "--wait", "soon").returncode == 1


def test_two_who_create_one_index_both_get_in(tmp_path: Path) -> None:
    feeds = []
    for number in (1, 2):
        feed = tmp_path / f"{number}.jsonl"
        feed.write_text("\n".join(map(json.dumps, copies(number, 3))))
        command = [
            sys.executable,
            "-m",
            "dedup",
            "index",
            str(feed),
            "-i",
            str(tmp_path / "x"),
            "--wait",
            "1m",
        ]
        feeds.append(subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True))
    said = [process.communicate(timeout=120)[1] for process in feeds]
    assert [process.returncode for process in feeds] == [0, 0], said
    with Index.open(tmp_path / "x") as index:
        assert len(index) == 6


def test_a_note_of_one_who_is_dead_names_nobody(index: Path) -> None:
    with hold(index, 60) as holder:
        note = json.loads((index / "writer.lock").read_text())
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        (index / "writer.lock").write_text(json.dumps({**note, "pid": gone.pid}))
        with pytest.raises(IndexFolderError, match="is being written by another process"):
            IndexStore.open(index, write=True)
        holder.send_signal(signal.SIGKILL)


def test_a_reader_without_rights_goes_on_while_a_writer_writes(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read where no log can be shared is a copy of one moment, and never half of two."""
    real_open = catalog.Catalog._open

    def without_rights(self: catalog.Catalog, uri: str) -> sqlite3.Connection:
        # What SQLite says where it can make no file beside the catalog and finds none.
        if uri.endswith("?mode=ro") and not Path(f"{self.path}-shm").exists():
            raise sqlite3.OperationalError("unable to open database file")
        return real_open(self, uri)

    time.sleep(0.1)  # a file that has just been written is not trusted
    with monkeypatch.context() as patch:
        patch.setattr(catalog.Catalog, "_open", without_rights)
        patch.setattr(catalog.os, "access", lambda *_: False)
        reader = IndexStore.open(index)
        before = reader.snapshot()
        with pytest.raises(IndexFolderError, match="attempt to write"):
            reader._catalog.query("DELETE FROM articles")
    assert before.n_articles == 3
    writer = subprocess.run(
        [sys.executable, "-c", WRITER, str(index)], cwd=ROOT, env=ENVIRONMENT, check=False
    )
    assert writer.returncode == 0
    time.sleep(0.1)
    with monkeypatch.context() as patch:
        patch.setattr(catalog.Catalog, "_open", without_rights)
        patch.setattr(catalog.os, "access", lambda *_: False)
        assert reader.generation == 29
        with reader.snapshot() as after:
            assert after.n_articles == 3 + 28 * 9
        keys = before.keys()[0].tolist()
        assert before.rows(keys, ["outlet"]).num_rows == 3
    before.close()
    reader.close()


def test_the_outside_reader_of_the_readme(index: Path) -> None:
    """The example runs as it stands, without dedup, and sees what `dedup` sees."""
    with Index.open(index, write=True) as opened:
        opened.add([{**copies(1, 3)[0], "text": "Another text of the first article, put right."}])
        clusters = opened.clusters()
        held = len(opened)
    readme = (ROOT / "README.md").read_text()
    match = re.search(r"<!-- example: outside reader -->\n```python\n(.*?)```", readme, re.S)
    assert match is not None
    tail = "\nimport sys\nassert 'dedup' not in sys.modules\nprint(len(articles), len(copies))\n"
    done = subprocess.run(
        [sys.executable, "-c", match[1] + tail],
        cwd=index.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(held), str(len(clusters))]


TOGETHER = """
import json, sys
from dedup.index.index import Index
from dedup.index.session import Session
learn = Session._learn_from
def held(*arguments):
    learnt = learn(*arguments)
    print("learnt", flush=True)
    sys.stdin.readline()
    return learnt
Session._learn_from = held
with Index.open(sys.argv[1]) as index:
    index.report()
    print(json.dumps([index._store.epoch().id, index._session._learnt[0], index.changed, index.not_kept]))
"""


def test_two_first_reports_at_a_time_decide_by_one_epoch(index: Path) -> None:
    """The second began before the first had learnt; more was added in between, so it learnt otherwise."""
    with Index.open(index, write=True) as writer:
        writer.add(copies(1, 3))
    command = [sys.executable, "-c", TOGETHER, str(index)]
    options = {"env": ENVIRONMENT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as late:
        assert late.stdout is not None
        assert late.stdout.readline() == "learnt\n"
        with Index.open(index, write=True) as writer:
            writer.add(copies(2, 4))
        with subprocess.Popen(command, **options) as early:
            first = early.communicate("go on\n", timeout=120)[0].splitlines()[-1]
        second = late.communicate("go on\n", timeout=120)[0].splitlines()[-1]
    in_force, judged_by, changed, not_kept = json.loads(first)
    assert in_force == judged_by
    assert changed.startswith("run 1, the first: ")
    assert not_kept is None
    # The late one reports on what there was when it began, by the epoch of the early one.
    assert json.loads(second) == [in_force, in_force, None, "run 1 is of a later state of the index"]
    with Index.open(index) as again:
        again.report()
        assert again.changed == "nothing new since run 1"
        (run,) = again._store.runs()
        assert run.meta["epoch"] == in_force


def test_a_run_judged_by_an_epoch_that_is_no_longer_in_force_is_not_kept(index: Path) -> None:
    with Index.open(index, write=True) as writer:
        writer.add(copies(1, 3))
    with Index.open(index) as reader, pytest.MonkeyPatch.context() as patch:
        kept = Session.keep_run

        def refreshed(*arguments: Any) -> Any:
            patch.undo()
            with Index.open(index, write=True) as writer:
                writer.add(copies(2, 9))
                writer.refresh()
            return kept(*arguments)

        patch.setattr(Session, "keep_run", refreshed)
        reader.report()
        assert (reader.changed, reader.not_kept) == (None, "another process has begun a new epoch meanwhile")
