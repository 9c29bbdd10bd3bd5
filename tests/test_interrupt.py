"""Ctrl-C and SIGTERM: one line, the exit code that says so, and nothing left behind, at whatever moment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dedup.index.index import Index
from dedup.index.store import IndexStore
from tests.feeds import feed

ROOT = Path(__file__).resolve().parent.parent
SAID = {signal.SIGINT: "dedup: interrupted", signal.SIGTERM: "dedup: terminated"}
RECORDS = feed(stories=6, singles=6)

INDEX = ["index", "late.jsonl", "-i", "news.dedup"]
NEW = ["index", "late.jsonl", "-i", "new.dedup"]
CLUSTERS = ["clusters", "news.dedup", "-o", "out.csv"]
FEED = ["clusters", "late.jsonl", "-o", "out.csv"]
PAGE = ["clusters", "news.dedup", "-o", "out.html"]
EXPORT = ["export", "-i", "news.dedup", "-o", "out.jsonl"]
QUERY = ["query", "-i", "news.dedup", "late.jsonl", "-o", "out.csv"]

MOMENTS: list[tuple[list[str], str]] = [
    (INDEX, "call dedup.index.index as_feed"),  # about to read
    (INDEX, "call dedup.index.loading Digest"),  # about to sketch
    (INDEX, "fault articles-open"),
    (INDEX, "fault sketch-written"),
    (INDEX, "fault transaction-part-filled"),
    (INDEX, "fault transaction-part-committed"),
    (INDEX, "fault publish-renamed"),
    (INDEX, "fault manifest-written"),
    (NEW, "fault create-catalog"),
    (CLUSTERS, "stage learn"),
    (CLUSTERS, "stage candidates"),
    (CLUSTERS, "stage confirm"),
    (CLUSTERS, "fault table-written"),
    (CLUSTERS, "call dedup.report.writers write_report"),
    (FEED, "stage confirm"),
    (PAGE, "call dedup.report.html.page write_html"),
    (EXPORT, "call dedup.index.session find_matches"),
    (EXPORT, "call dedup.report.writers write_batches"),
    (QUERY, "call dedup.index.questions find_near"),
    (QUERY, "call dedup.report.writers write_batches"),
    (FEED, "stuck dedup.index.session find_matches twice"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every moment in a folder of its own, SIGINT and SIGTERM in turn; the last gets one signal only."""
    root = tmp_path_factory.mktemp("stopped")
    with Index.create(root / "news.dedup", durable=False) as index:
        index.add(RECORDS[::2])
    cases = []
    moments = [*MOMENTS, (FEED, "stuck dedup.index.session find_matches")]
    for place, (command, moment) in enumerate(moments):
        folder = root / f"case-{place}"
        (folder / "tmp").mkdir(parents=True)
        names = {name: str(folder / name) for name in ("tmp", "out", "err")}
        shutil.copytree(root / "news.dedup", folder / "news.dedup")
        (folder / "late.jsonl").write_text("\n".join(map(json.dumps, RECORDS[1::2])))
        for old in ("out.csv", "out.jsonl", "out.html"):
            (folder / old).write_text("as it was")
        paths = [word if word.startswith("-") or "." not in word else str(folder / word) for word in command]
        number = signal.SIGTERM if place % 2 else signal.SIGINT
        cases.append({**names, "command": paths, "moment": moment, "signal": number})
    (root / "cases.json").write_text(json.dumps(cases))
    done = subprocess.run(
        [sys.executable, "-m", "tests.stopped", str(root / "cases.json"), cases[0]["command"][1]],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, preexec_fn=heed,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [case | ended for case, ended in zip(cases, json.loads(done.stdout), strict=True)]


def heed() -> None:
    """What starts the tests in the background may have it ignore interrupts, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_each_ends_with_its_code_and_one_line(runs: list[dict[str, Any]]) -> None:
    for case in runs:
        said = Path(case["err"]).read_text()
        assert case["code"] == 128 + case["signal"], (case["moment"], case["code"], said)
        assert said.splitlines()[-1] == SAID[case["signal"]], case["moment"]
        assert said.count("dedup: ") == 1, case["moment"]
        assert "Traceback" not in said, said
        assert "Error" not in said, said
        assert Path(case["out"]).read_text() == ""


def test_no_process_and_no_temporary_file_stays(runs: list[dict[str, Any]]) -> None:
    for case in runs:
        folder = Path(case["tmp"]).parent
        assert not case["left"], case["moment"]
        assert list(Path(case["tmp"]).iterdir()) == [], case["moment"]
        assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [], case["moment"]
        for name in ("out.csv", "out.jsonl", "out.html"):
            assert (folder / name).read_text() == "as it was", case["moment"]


def test_the_index_is_clean_and_the_command_can_be_given_again(runs: list[dict[str, Any]]) -> None:
    half = len(RECORDS[::2])
    for case in runs:
        path = Path(case["tmp"]).parent / "news.dedup"
        assert list((path / "staging").iterdir()) == [], case["moment"]
        with IndexStore.open(path) as store, store.snapshot() as view:
            assert view.n_articles in (half, len(RECORDS)), case["moment"]
            listed = json.loads((path / "manifest.json").read_bytes())
            assert len(listed["parts"]) == len(view.parts), case["moment"]
    case = next(one for one in runs if one["command"][0] == "index")
    with Index.open(Path(case["tmp"]).parent / "news.dedup", write=True) as index:
        index.add(RECORDS)
        assert len(index) == len(RECORDS)


def test_a_kernel_that_takes_minutes_is_not_waited_for(runs: list[dict[str, Any]]) -> None:
    patient, twice = runs[-1], runs[-2]
    assert 4 < patient["seconds"] < 15
    assert twice["seconds"] < patient["seconds"] - 1, "a second Ctrl-C ends it at once"


SLOW_TO_IMPORT = """
import os, signal, sys, time
name = sys.argv[-1]
try:
    os.kill(os.getpid(), signal.Signals[name])
    time.sleep(5)
except BaseException:  # as one that takes anything for a missing library
    pass
"""


@pytest.mark.parametrize("way", ["module", "script"])
@pytest.mark.parametrize(("name", "said"), [("SIGINT", "interrupted"), ("SIGTERM", "terminated")])
def test_stopped_before_the_imports_are_done(way: str, name: str, said: str, tmp_path: Path) -> None:
    """A library that is told to stop while it is imported, the first that the commands need."""
    (tmp_path / "typer.py").write_text(SLOW_TO_IMPORT)
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["dedup"]
    module, function = entry.split(":")
    program = ["-c", f"from {module} import {function}; {function}()"] if way == "script" else ["-m", "dedup"]
    done = subprocess.run(
        [sys.executable, *program, "stats", name],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True, text=True, timeout=60, check=False, preexec_fn=heed,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (128 + signal.Signals[name], "")
    assert done.stderr == f"dedup: {said}\n"


DROPPED = """
import os, signal
from dedup.cli import guard

@guard.guarded
def command():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # as a library does that calls back from C
        pass

guard.prepare_process()
command()
"""


def ended(program: str) -> tuple[int, str, str]:
    """Run a program; return its exit code, and what it wrote to standard output and error."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=heed,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_signal_that_a_library_drops_is_not_forgotten() -> None:
    assert ended(DROPPED) == (130, "", "dedup: interrupted\n")


AT_ONCE = """
import os, signal
from dedup.cli import interrupt

really = interrupt.install


def install():
    really()
    os.kill(os.getpid(), signal.SIGTERM)


interrupt.install = install
from dedup.cli.app import main

main()
"""


def test_a_signal_that_comes_as_soon_as_it_is_heeded_is_told() -> None:
    assert ended(AT_ONCE) == (143, "", "dedup: terminated\n")


def test_what_is_ignored_stays_ignored_while_importing(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGHUP); os._exit(7)")
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "stats"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, check=False,
        capture_output=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")


def test_stopped_while_kernels_compile(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
    with subprocess.Popen(
        [sys.executable, "-m", "dedup", "clusters", str(tmp_path / "f.jsonl")],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert any(line.startswith("compiling kernels") for line in process.stderr)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "dedup: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # the helper is gone too
    assert list((tmp_path / "tmp").iterdir()) == []
