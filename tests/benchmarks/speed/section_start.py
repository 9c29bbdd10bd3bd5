"""Section "start": the first run after an install, which compiles the kernels; a warm one; the help."""

from __future__ import annotations

import sys
from typing import Any

from tests.benchmarks.speed.context import Context
from tests.benchmarks.speed.feeds import SAMPLE, count
from tests.benchmarks.speed.measure import Contestant, alternate, dedup
from tests.benchmarks.speed.table import process_table


def run_section(context: Context) -> dict[str, Any]:
    """Measure and print; return the figures. The run that compiles is measured twice at most."""
    cache = {"NUMBA_CACHE_DIR": str(context.work("numba-cache"))}
    command = dedup("clusters", SAMPLE, "--format", "csv", "-o", context.work("start.csv"))
    context.say("start: compiling")
    said: list[str] = []

    def keep(text: str) -> str:
        said.extend(line for line in text.splitlines() if "compil" in line.lower())
        return said[0] if said else "no line says that it compiles"

    clear = context.fresh("numba-cache", make=True)
    first = alternate(
        [Contestant("first run, kernels compiled", command, keep, clear, environment=cache)],
        min(2, context.runs),
        context.say,
    )
    others = alternate(
        [
            Contestant("warm run", command, environment=cache),
            Contestant("dedup --help", dedup("--help")),
            Contestant("python -c pass", [sys.executable, "-c", "pass"]),
        ],
        context.runs,
        context.say,
    )
    measured = first + others
    articles, megabytes = count(SAMPLE)
    print(f"\nstart: {articles} articles of the samples\n")
    print(process_table(measured, articles, megabytes))
    over = first[0].wall - others[0].wall
    print(f"\ncompiling takes {over:.1f} s over a warm run")
    return {"over_warm": over, "processes": [one.as_json() for one in measured]}
