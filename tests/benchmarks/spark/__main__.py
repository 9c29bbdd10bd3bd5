"""The Spark engine beside the engine for one machine: the same clusters, times, and what is moved.

    python -m tests.benchmarks.spark articles.parquet ...
    python -m tests.benchmarks.spark articles.parquet --kill worker --kill driver --json spark.json

Starts a standalone cluster on loopback, a master and two workers of one core each, and clusters each feed on
it by the command line, with a driver of 1 GB that may take 64 MB of results. Beside it the same Parquet files
are read into an index and reported on one machine. Rows that only one of the two has are counted, all columns
of clusters, composites, links and edges. What is moved is read off Spark's event log. ``--kill worker`` runs
once more and kills one of the workers while pairs are confirmed; ``--kill driver`` kills the command there,
and gives it again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from tests.spark.cluster import Cluster, loopback_cluster
from tests.spark.event_log import Task, executors_by_stage, print_stages
from tests.spark.on_cluster import Command
from tests.spark.parity import differences, found_locally

ENDS_S: Final = 7200.0
WORKERS: Final = 2
KILLED_AFTER: Final = "sent"
"""The stage before the one in which something is killed: that of confirming."""


def main() -> int:
    """Run what the arguments say; returns 1 if anything differs."""
    options = _parser().parse_args()
    report: list[dict[str, Any]] = []
    folder = Path(tempfile.mkdtemp(prefix="dedup-spark-", dir=options.work))
    try:
        left = list(options.feeds)
        while left:
            # Without a worker that was killed it is no cluster to measure on, and another is started.
            with loopback_cluster(_made(folder / "cluster"), WORKERS, memory="3g") as cluster:
                while left and cluster.n_workers() == WORKERS:
                    report.append(_compared(cluster, left.pop(0), folder, options))
                    if options.json:
                        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            shutil.rmtree(folder / "cluster")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _print(report)
    return int(any(sum(row["differences"].values()) for run in report for row in run["runs"]))


def _compared(cluster: Cluster, feed: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    n = sum(pq.read_metadata(path).num_rows for path in _files(feed))
    began = time.monotonic()
    expected = found_locally(_files(feed), folder / "index")
    local_s = time.monotonic() - began
    shutil.rmtree(folder / "index")
    runs = []
    for kill in (None, *sorted(set(options.kill))):  # the driver first: a worker is gone for good
        runs.append(_on_spark(cluster, feed, folder, kill, options) | {"kill": kill})
        runs[-1]["differences"] = differences(runs[-1].pop("tables"), expected)
        print(f"{feed.name}, killed: {kill}: {json.dumps(runs[-1])}", flush=True)
    return {
        "feed": feed.name,
        "articles": n,
        "clusters": len(expected["clusters"]["cluster_id"].unique()),
        "edges": len(expected["edges"]),
        "local_s": round(local_s, 1),
        "runs": runs,
    }


def _on_spark(
    cluster: Cluster, feed: Path, folder: Path, kill: str | None, options: argparse.Namespace
) -> dict[str, Any]:
    """Run the command on the cluster, once more if it is killed, and tell what happened."""
    words = ["--partitions", str(options.partitions)] if options.partitions else []
    began = time.monotonic()
    command = Command(cluster, feed, folder / "run", words, ENDS_S)
    kept: dict[str, float] = {}
    if kill is not None:
        command.wait_for(KILLED_AFTER)
        time.sleep(options.kill_after_s)
    if kill == "worker":
        cluster.kill_worker(0)
    elif kill == "driver":
        command.kill()
        before = command.committed()
        command.begin_again()
        command.wait_for("labels")
        after = command.committed()
        kept = {name: seconds for name, seconds in before.items() if after[name] == seconds}
    command.finish()
    seconds = time.monotonic() - began
    tasks = command.tasks()
    if options.stages:
        print_stages(tasks)
    told = {
        "seconds": round(seconds, 1),
        "task_s": round(sum(task.seconds for task in tasks), 1),
        **{name: sum(getattr(task, name) for task in tasks) for name in ("shuffled", "written", "result")},
        "failed_tasks": sum(not task.ended_well for task in tasks),
        "executors": _busy(tasks),
        "stages_kept": len(kept),
        "tables": command.tables(),
    }
    shutil.rmtree(folder / "run")
    return told


def _busy(tasks: Sequence[Task]) -> dict[str, int]:
    """Return on how many executors the stages that sketch and that confirm had tasks."""
    by_stage = executors_by_stage(list(tasks))
    return {stage: len(by_stage.get(stage, {})) for stage in ("texts", "edges")}


def _files(feed: Path) -> list[Path]:
    return sorted(feed.glob("*.parquet")) if feed.is_dir() else [feed]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _print(report: Sequence[dict[str, Any]]) -> None:
    columns = (
        "feed", "articles", "clusters", "edges", "differences", "local s", "spark s", "articles/s a core",
        "shuffled B/article", "written B/article", "to driver B/article", "killed", "failed tasks",
        "stages kept",
    )  # fmt: skip
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for feed in report:
        n = feed["articles"]
        for run in feed["runs"]:
            per = [f"{run[name] / n:,.0f}" for name in ("shuffled", "written", "result")]
            cells = [
                feed["feed"], f"{n:,}", f"{feed['clusters']:,}", f"{feed['edges']:,}",
                str(sum(run["differences"].values())), f"{feed['local_s']:.0f}", f"{run['seconds']:.0f}",
                f"{n / max(run['task_s'], 0.001):,.0f}", *per, run["kill"] or "",
                str(run["failed_tasks"]), str(run["stages_kept"]),
            ]  # fmt: skip
            print(f"| {' | '.join(cells)} |")
    print(f"\n{os.cpu_count()} cores, two executors of one core each")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.spark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "feeds", nargs="+", type=Path, metavar="FEED", help="a Parquet file, or a folder of them"
    )
    parser.add_argument(
        "--kill", action="append", choices=("driver", "worker"), default=[], help="and run again"
    )
    parser.add_argument(
        "--kill-after-s", type=float, default=2.0, help="how long into the stage of confirming"
    )
    parser.add_argument("--partitions", type=int, help="as of dedup clusters")
    parser.add_argument("--stages", action="store_true", help="print what each stage moved")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where a temporary folder is made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
