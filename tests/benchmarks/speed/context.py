"""What all sections share: feeds, settings, where to put things, whether stages can be had."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.feeds import SAMPLE, Feeds
from tests.benchmarks.speed.measure import ROOT, dedup, run


@dataclass
class Context:
    """Settings of a benchmark run.

    Parameters
    ----------
    feeds : Feeds
    runs : int
        Alternating runs of each process.
    sizes : tuple of int
        Articles of the feeds of the scale section, ascending.
    added : int
        Articles added by the increment section.
    hostile : float
        Scale of the hostile feeds.
    peers : mapping of str to str
        Interpreter in which a peer is installed; ours for those not named.
    """

    feeds: Feeds
    runs: int = 5
    sizes: tuple[int, ...] = (10_000, 30_000, 100_000, 300_000, 1_000_000)
    added: int = 10_000
    hostile: float = 1.0
    peers: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Tell how far we are, on standard error."""
        print(text, file=sys.stderr, flush=True)

    def warm(self) -> None:
        """Run the commands on the samples once, not measured: kernels are compiled, files are cached."""
        self.say("a first run on the samples, which compiles the kernels, is not counted")
        index = self.work("warm")
        self.fresh(index.name)()
        for command in (
            dedup("index", SAMPLE, "-i", index),
            dedup("clusters", index, "-o", self.work("warm.csv")),
            dedup("query", "-i", index, SAMPLE, "-o", self.work("warm.csv")),
        ):
            run(command)

    def work(self, name: str) -> Path:
        """Return a place in the work folder."""
        return self.feeds.work / name

    def fresh(self, name: str, make: bool = False) -> Callable[[], object]:
        """Return what removes a place in the work folder (and makes an empty folder of it)."""

        def clear() -> None:
            place = self.work(name)
            shutil.rmtree(place, ignore_errors=True)
            place.unlink(missing_ok=True)
            if make:
                place.mkdir()

        return clear

    @cached_property
    def can_profile(self) -> bool:
        """Whether ``dedup`` has the option ``--profile``."""
        said = subprocess.run(
            dedup("clusters", "--help"), capture_output=True, text=True, check=False, cwd=ROOT
        ).stdout
        return "--profile" in said

    def profiled(self, name: str) -> list[str]:
        """Return the options that write the stages of a command to the work folder, if that can be had."""
        return ["--profile", str(self.work(name))] if self.can_profile else []

    def stages(self, name: str) -> dict[str, Any]:
        """Return what ``--profile`` wrote; empty without it."""
        file = self.work(name)
        return dict(json.loads(file.read_text())) if file.exists() else {}


def clusters_found(output: Path) -> str:
    """Say how many clusters a csv of ``dedup clusters`` holds, and of how many articles."""
    with output.open(encoding="utf-8", newline="") as file:
        clusters = [row["cluster_id"] for row in csv.DictReader(file)]
    n = len(set(clusters))
    return f"{len(clusters) - n:,} duplicates, {n:,} clusters"
