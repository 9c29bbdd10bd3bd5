"""Measure whole processes: alternating runs, medians, what failed and why.

Times are of the process from start to end, imports included; nothing is subtracted. Contestants
take turns (A B C A B C ...), so that a slow minute of the machine is shared by all.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).with_name("launch.py")

LIMIT_S = 2 * 3600.0
"""A process that runs longer is stopped."""

LIMIT_MEMORY = 0.8
"""So is one that takes more than this share of the machine's memory."""

ROOT = Path(__file__).resolve().parents[3]


@dataclass(slots=True)
class Run:
    """One run of a process: seconds, bytes, exit code, and the end of what it said."""

    wall: float
    cpu: float
    peak: int
    code: int
    said: str = ""


@dataclass(slots=True)
class Contestant:
    """A process to measure.

    Parameters
    ----------
    name : str
    command : sequence of str
        Empty: not installed.
    found : callable, optional
        What it found, from the end of what it printed.
    prepare : callable, optional
        Called before every run, not measured.
    workers : bool
        It starts processes of its own: memory is that of all together.
    environment : mapping
        Added to ours.
    missing : str
        Why it cannot be run, where there is no command.
    """

    name: str
    command: Sequence[str]
    found: Callable[[str], str] | None = None
    prepare: Callable[[], object] | None = None
    workers: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = "not installed"


@dataclass(slots=True)
class Measured:
    """Medians of the runs of one contestant (seconds, bytes); `failure` says why there are none."""

    name: str
    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    found: str = ""
    failure: str = ""
    runs: list[Run] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return everything for the report, each run as well."""
        runs = [{"wall": run.wall, "cpu": run.cpu, "peak": run.peak} for run in self.runs]
        own = {name: getattr(self, name) for name in ("name", "wall", "cpu", "peak", "found", "failure")}
        return own | {"runs": runs}


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    workers: bool = False,
    limit_s: float = LIMIT_S,
) -> Run:
    """Run a command and measure it; its output is kept, up to the last 4,000 characters."""
    with tempfile.TemporaryDirectory(prefix="dedup-speed-") as folder:
        figures, said = Path(folder, "figures.json"), Path(folder, "said")
        with said.open("wb") as output:
            how = "--workers" if workers else "--alone"
            limits = (str(limit_s), str(LIMIT_MEMORY * memory()))
            launch = [sys.executable, "-IS", str(LAUNCHER), str(figures), how, *limits]
            path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
            subprocess.run(
                [*launch, *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=_inherited() | {"PYTHONPATH": path} | dict(environment or {}),
                check=False,
            )
        text = said.read_bytes()[-4_000:].decode(errors="replace")
        if not figures.exists():
            return Run(0.0, 0.0, 0, 127, text)
        read = json.loads(figures.read_text())
    text = f"{text}\n{read['stopped']}" if read["stopped"] else text
    return Run(read["wall"], read["cpu"], max(read["peak"], read["together"]), read["code"], text)


def _inherited() -> dict[str, str]:
    """Return the environment, but with bytecode kept: pip compiles what it installs, else the first run."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def alternate(
    contestants: Sequence[Contestant], runs: int, on_run: Callable[[str], None] = lambda said: None
) -> list[Measured]:
    """Run all in turn, `runs` times; one that fails is not run again and stays in the list with why."""
    measured = [Measured(one.name, failure="" if one.command else one.missing) for one in contestants]
    for turn in range(runs):
        for one, result in zip(contestants, measured, strict=True):
            if result.failure:
                continue
            if one.prepare:
                one.prepare()
            done = run(one.command, environment=one.environment, workers=one.workers)
            if done.code:
                last = done.said.strip().splitlines()[-1:] or ["no word"]
                result.failure = f"failed ({done.code}) after {done.wall:.1f} s: {last[0][:100]}"
                continue
            result.runs.append(done)
            if one.found:
                result.found = one.found(done.said)
            on_run(f"{one.name}, run {turn + 1} of {runs}: {done.wall:.2f} s")
    for result in measured:
        if result.runs and not result.failure:
            result.wall = statistics.median(one.wall for one in result.runs)
            result.cpu = statistics.median(one.cpu for one in result.runs)
            result.peak = statistics.median(one.peak for one in result.runs)
    return measured


def memory() -> float:
    """Return the machine's memory in bytes."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError):
        return float("inf")


def load() -> str:
    """Return the load average and the cores, in words."""
    try:
        averages = " ".join(f"{value:.2f}" for value in os.getloadavg())
    except OSError:
        averages = "unknown"
    return f"load average {averages}, {os.cpu_count()} cores"


def dedup(*arguments: str | Path) -> list[str]:
    """Return the command line of a dedup command in this interpreter."""
    return [sys.executable, "-m", "dedup", *map(str, arguments)]


def script(name: str, *arguments: str | Path) -> list[str]:
    """Return the command line of a script of the folder `ours`."""
    return [sys.executable, str(Path(__file__).with_name("ours") / f"{name}.py"), *map(str, arguments)]


def last_json(said: str) -> dict[str, Any]:
    """Return the last line of an output that is a JSON object; empty if there is none."""
    for line in reversed(said.splitlines()):
        if line.startswith("{"):
            return dict(json.loads(line))
    return {}
