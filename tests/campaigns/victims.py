"""Commands to be killed: each with the folder it starts from and what an undisturbed run of it leaves.

A parent that has run every command once forks a child for each kill: imports and kernels are
paid once, and the child is a process like any other, killed by the same signal. A share of the kills goes to
real processes all the same (`Victims.start`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dedup.cli import app
from dedup.index import faults
from dedup.index.store import IndexStore
from tests.campaigns.committed import State, committed_state, file_hash
from tests.campaigns.logged import leave_log
from tests.feeds import feed

ROOT = Path(__file__).resolve().parents[2]
INDEX = "n.dedup"
OUTPUTS = ("clusters.csv", "once.jsonl", "direct.csv", "gone.csv")
"""Files that ``-o`` and its like replace."""


# Small files become one batch; here every load is to commit several.
_SMALL_BATCHES = "from dedup.feeds import read_feed; read_feed.__kwdefaults__['batch_size'] = 30"


@dataclass
class Command:
    """One command line, and what is known of its undisturbed run."""

    name: str
    arguments: tuple[str, ...]
    before: Path
    seconds: float = 0.0
    hits: Counter[str] = field(default_factory=Counter)
    committed: State = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)

    @property
    def repairs(self) -> bool:
        """Whether the index it starts from is damaged."""
        return "--repair" in self.arguments


class Victims:
    """All commands, in the order a user gives them.

    Parameters
    ----------
    work : Path
        An empty folder.
    all_three : bool
        Know what export and stats say afterwards too, not only the clusters.
    """

    def __init__(self, work: Path, *, all_three: bool) -> None:
        self.work = work
        self._all_three = all_three
        clean = work / "clean"
        clean.mkdir()
        for number in range(3):
            records = feed(stories=4, singles=8, seed=number)
            # A changed article and a broken line: versions and rejects are state too.
            records.append({**records[0], "title": "Changed", "text": records[1]["text"], "updated": None})
            lines = [json.dumps(record) for record in records]
            (clean / f"{number}.jsonl").write_text("\n".join([*lines, "{broken"]) + "\n", encoding="utf-8")
        for name in OUTPUTS:
            (clean / name).write_text("old\n", encoding="utf-8")
        (clean / "tmp").mkdir()
        self.commands: list[Command] = []
        exec(_SMALL_BATCHES)  # in this process too, whose children are the victims
        two = ("0.jsonl", "1.jsonl")
        self._add("index", clean, "index", *two, "-i", INDEX)
        self._add("clusters", clean, "clusters", INDEX, "-o", "clusters.csv")
        self._add("refresh", clean, "index", "2.jsonl", "-i", INDEX, "--refresh")
        self._add("clusters again", clean, "clusters", INDEX, "-o", "clusters.csv")
        self._add("export", clean, "export", "-i", INDEX, "-o", "once.jsonl")
        self._add("clusters of feeds", clean, "clusters", *two, "-o", "direct.csv")
        self._add("keep runs", clean, "index", "-i", INDEX, "--keep-runs", "1")
        _flip(clean / INDEX / "articles" / "part-000002.parquet")
        _flip(clean / INDEX / "sketches" / "part-000001.sketch")
        shutil.rmtree(next((clean / INDEX / "epochs").iterdir()))
        repair = ("check", INDEX, "--repair", "--dropped", "gone.csv")
        self._add("repair", clean, *repair)
        _flip(clean / INDEX / "articles" / "part-000003.parquet")
        (clean / INDEX / "catalog.sqlite").unlink()
        self._add("rebuild", clean, *repair)
        leave_log(clean / INDEX, clean / "0.jsonl")
        self._add("rebuild beside a log", clean, *repair)

    def _add(self, name: str, clean: Path, *arguments: str) -> None:
        before = self.work / f"before-{len(self.commands)}"
        shutil.copytree(clean, before)
        command = Command(name, arguments, before)
        with recording() as command.hits, inside(clean), silenced():
            code, command.seconds = _timed(arguments)
        assert code == 0, f"{name} ended with {code}"
        command.committed = committed_state(clean / INDEX)
        command.rows = part_rows(clean / INDEX)
        after = self.work / f"after-{len(self.commands)}"
        shutil.copytree(clean, after)
        command.results = self.results(after, all_three=self._all_three)
        shutil.rmtree(after)
        for output in OUTPUTS:
            command.results[f"file {output}"] = file_hash(clean / output)
        self.commands.append(command)

    @property
    def passed(self) -> set[str]:
        """Fault points that the commands pass."""
        return {name for command in self.commands for name in command.hits}

    def case(self, command: Command) -> Path:
        """Return a fresh copy of what a command starts from."""
        path = self.work / "case"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(command.before, path)
        return path

    def measure(self) -> None:
        """Time every command once more, now that nothing has to be compiled or loaded."""
        for command in self.commands:
            case = self.case(command)
            began = time.perf_counter()
            wait(self.fork(command, case))
            command.seconds = time.perf_counter() - began

    def fork(
        self,
        command: Command,
        case: Path,
        fault: str = "",
        *,
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> int:
        """Start a command in a child of this process; return its process id.

        `before` and `after` are called in the child.
        """
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            os.environ["DEDUP_FAULT"] = fault
            tempfile.tempdir = str(case / "tmp")
            os.chdir(case)
            log = os.open(case / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            if before is not None:
                before()
            code = _timed(command.arguments)[0]
            if after is not None:
                after()
        finally:
            os._exit(code)

    def start(self, command: Command, case: Path, fault: str = "") -> subprocess.Popen[bytes]:
        """Start a command as a process of its own."""
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "DEDUP_FAULT": fault, "TMPDIR": str(case / "tmp"),
        }  # fmt: skip
        program = f"{_SMALL_BATCHES}; from dedup.cli import main; main()"
        with open(case / "log.txt", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", program, *command.arguments],
                cwd=case, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def results(self, case: Path, *, all_three: bool) -> dict[str, str]:
        """Ask for the clusters, and perhaps two things more, whose bytes must not change; return hashes.

        Asked last: the first of them stores a run.
        """
        asked = {
            "r.csv": ("clusters", INDEX, "--format", "csv"),
            "r.jsonl": ("export", "-i", INDEX),
            "r.json": ("stats", "-i", INDEX, "--format", "json"),
        }
        found = {}
        for output, arguments in list(asked.items())[: 3 if all_three else 1]:
            command = Command(output, (*arguments, "-o", output), case)
            code = wait(self.fork(command, case))
            assert code == 0, (case / "log.txt").read_text()
            if output == "r.json":
                stats = json.loads((case / output).read_text())
                stats.pop("bytes_on_disk")  # SQLite's log may be there or not
                found[output] = json.dumps(stats, sort_keys=True)
            else:
                found[output] = file_hash(case / output)
        return found


@contextmanager
def recording() -> Iterator[Counter[str]]:
    """Count the fault points that are passed, instead of asking whether to die there."""
    hits: Counter[str] = Counter()
    modules = [m for name, m in sys.modules.items() if name.startswith("dedup.") and hasattr(m, "fault")]
    kept = faults.fault

    def note(name: str) -> None:
        hits[name] += 1

    for module in modules:
        module.fault = note  # type: ignore[attr-defined]
    os.environ["DEDUP_FAULT"] = "none of them"  # or files are written without asking
    try:
        yield hits
    finally:
        del os.environ["DEDUP_FAULT"]
        for module in modules:
            module.fault = kept  # type: ignore[attr-defined]


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, with a ``TMPDIR`` in it."""
    kept, tempfile.tempdir = (Path.cwd(), tempfile.tempdir), str(folder / "tmp")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(kept[0])
        tempfile.tempdir = kept[1]


@contextmanager
def silenced() -> Iterator[None]:
    """Send what this process prints nowhere, at the level of descriptors."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)


def wait(child: int) -> int:
    """Return how a child ended: its exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_after(child: int, seconds: float) -> int:
    """Kill a child after a while, if it has not ended by then; return how it ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(min(0.002, max(0.0, end - time.monotonic())))
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return wait(child)


def part_rows(index: Path) -> list[int]:
    """Rows of each committed part; nothing where there is no index yet."""
    if not IndexStore.exists(index):
        return []
    with IndexStore.open(index) as store, store.snapshot() as view:
        return [part.rows for part in view.parts]


def _timed(arguments: tuple[str, ...]) -> tuple[int, float]:
    began = time.perf_counter()
    code: Any = 0
    try:
        app(list(arguments))
    except SystemExit as ended:
        code = ended.code or 0
    return int(code), time.perf_counter() - began


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
