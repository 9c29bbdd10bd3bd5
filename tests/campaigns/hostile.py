"""Feeds made to hurt, at full size, each within a bound of processor time and memory.

    python -m tests.campaigns.hostile --log FILE         all of them, the largest last
    python -m tests.campaigns.hostile band               100,000 strangers that meet in buckets of eight bands
    python -m tests.campaigns.hostile band --scale 0.01  what CI runs

The feeds are those of `tests.benchmarks.speed.hostile_feed`. Each is made, then ``dedup clusters`` runs on it
as a process of its own; what it takes is what the system says of that process and its threads.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks.speed.hostile_feed import ARTICLES, KINDS, lines
from tests.campaigns.stored_log import ROOT, Budget, logged


class Bound(NamedTuple):
    """The most a feed of full size may take: processor time of all threads, and memory at its peak."""

    cpu_s: float
    megabytes: float


BOUNDS: Final = {
    "band": Bound(75, 1_500),
    "shingles": Bound(15, 900),
    "order": Bound(40, 1_600),
    "unicode": Bound(20, 1_300),
    "word": Bound(30, 2_200),
    "columns": Bound(40, 1_300),
    "giant": Bound(30, 2_800),
    "outlets": Bound(80, 3_000),
    "equal": Bound(300, 3_600),
    "template": Bound(1_500, 9_000),
}
"""Two to four times what they took on two cores when this was written; the last two by README."""

STARTED: Final = Bound(25, 700)
"""What a process takes for no feed at all, kernels compiled for the first time included."""


class Taken(NamedTuple):
    """What a run took, and the sizes of its clusters."""

    cpu_s: float
    megabytes: float
    code: int
    sizes: list[int]


def run(kind: str, scale: float, folder: Path) -> Taken:
    """Make a feed and cluster it."""
    feed, out = folder / f"{kind}.jsonl", folder / f"{kind}.csv"
    # Made in a child, or what that takes would count for the next: a child begins with its parent's peak.
    maker = os.fork()
    if not maker:
        with feed.open("wb") as file:
            file.writelines(lines(kind, scale))
        os._exit(0)
    assert os.waitpid(maker, 0)[1] == 0, f"{kind}: the feed could not be made"
    command = [sys.executable, "-m", "dedup", "clusters", str(feed), "--format", "csv", "-o", str(out)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=folder
    )
    assert process.stderr is not None
    said = process.stderr.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        print(said[-2_000:], file=sys.stderr)
    sizes: list[int] = []
    if out.exists():
        with out.open(newline="", encoding="utf-8") as rows:
            sizes = sorted(Counter(row["cluster_id"] for row in csv.DictReader(rows)).values(), reverse=True)
    feed.unlink()
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, sizes)


def wrong_with(kind: str, scale: float, taken: Taken) -> list[str]:
    """Return what is wrong with a run: too slow, too large, not finished, or clusters that are none."""
    bound = BOUNDS[kind]
    least = STARTED if scale < 1 else Bound(0, 0)
    cpu_s, megabytes = (scale * full + more for full, more in zip(bound, least, strict=True))
    wrong = []
    if taken.code:
        wrong.append(f"exit code {taken.code}")
    if taken.cpu_s > cpu_s:
        wrong.append(f"{taken.cpu_s:.0f} CPU s, more than {cpu_s:.0f}")
    if taken.megabytes > megabytes:
        wrong.append(f"{taken.megabytes:,.0f} MB, more than {megabytes:,.0f}")
    count = round(ARTICLES[kind] * scale)
    expected = {"equal": [count], "outlets": [2] * (count // 2)}
    if kind not in ("order", "word", "unicode") and taken.sizes != expected.get(kind, []):
        wrong.append(f"{len(taken.sizes):,} clusters, the largest of {max(taken.sizes, default=0):,}")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Run them; the exit code is 1 if a bound was passed or a cluster is none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="so much of the full size (1)")
    parser.add_argument("--minutes", type=float, help="begin no other feed after so many")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args(arguments)
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    budget = Budget(given.minutes)
    said, failures = [f"{'feed':10} {'articles':>10} {'CPU s':>7} {'bound':>7} {'MB':>7} {'bound':>7}"], []
    left = [kind for kind in BOUNDS if not given.kinds or kind in given.kinds]
    done = 0
    with tempfile.TemporaryDirectory(prefix="dedup-hostile-") as folder:
        while left and not budget.over:
            kind = left.pop(0)
            taken = run(kind, given.scale, Path(folder))
            done += 1
            articles, bound = max(2, round(ARTICLES[kind] * given.scale)), BOUNDS[kind]
            said.append(
                f"{kind:10} {articles:10,} {taken.cpu_s:7.1f} {bound.cpu_s:7,.0f} "
                f"{taken.megabytes:7,.0f} {bound.megabytes:7,.0f}"
            )
            failures += [f"FAILED {kind}: {one}" for one in wrong_with(kind, given.scale, taken)]
            print(said[-1], flush=True)
    said.append("bounds are those of full size")
    said.append(f"{done} feeds, {len(left)} left out for want of time{': ' if left else ''}{', '.join(left)}")
    said.append(f"{len(failures)} failures")
    kinds = "".join(f" {kind}" for kind in given.kinds)
    command = f"python -m tests.campaigns.hostile{kinds} --scale {given.scale:g}"
    print(logged(command, [*said, *failures], budget, given.log), end="")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
