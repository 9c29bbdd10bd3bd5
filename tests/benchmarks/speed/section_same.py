"""Section "same": one feed, the same bytes whatever the threads, the memory limit and the order."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.feeds import count
from tests.benchmarks.speed.measure import Contestant, alternate, dedup
from tests.benchmarks.speed.table import process_table

LEAST_MEMORY = "1100MB"
SHUFFLED = "lines shuffled"
_LINE_COLUMNS = ("file", "line")  # where an article stood: another place in another order


def run_section(context: Context) -> dict[str, Any]:
    """Cluster the feed in several ways, once each; print the times and whether the csv is the same."""
    feed = context.feeds.base()
    articles, megabytes = count(feed)
    ways = {
        "every core": (feed,),
        "one thread": (feed, "--threads", "1"),
        f"--memory {LEAST_MEMORY}": (feed, "--memory", LEAST_MEMORY),
        "three threads, least memory": (feed, "--threads", "3", "--memory", LEAST_MEMORY),
        SHUFFLED: (_shuffled(feed, context.work("shuffled.jsonl")),),
    }
    contestants: list[Contestant] = []
    outs: list[Path] = []
    for number, (name, way) in enumerate(ways.items()):
        outs.append(context.work(f"same-{number}.csv"))
        outs[-1].unlink(missing_ok=True)
        command = dedup("clusters", *way, "--format", "csv", "-o", outs[-1])
        contestants.append(Contestant(name, command, lambda _, out=outs[-1]: clusters_found(out)))  # type: ignore[misc]
    measured = alternate(contestants, 1, lambda said: context.say(f"same: {said}"))
    print(f"\nsame: {feed.name}, {articles:,} articles, {megabytes:.0f} MB\n")
    print(process_table(measured, articles, megabytes))
    if measured[0].failure:
        raise SystemExit(f"same: {measured[0].failure}")
    equal: dict[str, str] = {}
    for one, out in zip(measured[1:], outs[1:], strict=True):
        if not one.failure and out.read_bytes() == outs[0].read_bytes():
            equal[one.name] = "equal to the byte"
        elif not one.failure and one.name == SHUFFLED and _without_lines(out) == _without_lines(outs[0]):
            equal[one.name] = "equal but for file and line"
        else:
            equal[one.name] = "NOT EQUAL"
        print(f"{one.name}: {equal[one.name]}")
    if "NOT EQUAL" in equal.values():
        raise SystemExit("same: not the same bytes")
    return {"processes": [one.as_json() for one in measured], "equal": equal}


def _shuffled(feed: Path, out: Path) -> Path:
    lines = feed.read_bytes().splitlines(keepends=True)
    random.Random(feed.name).shuffle(lines)
    out.write_bytes(b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines))
    return out


def _without_lines(path: Path) -> list[tuple[str, ...]]:
    """The rows of a report, without the place in the file, which the order changes."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            tuple(value for name, value in row.items() if name not in _LINE_COLUMNS)
            for row in csv.DictReader(file)
        ]
