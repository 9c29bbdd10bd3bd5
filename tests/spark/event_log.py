"""What Spark's event log says of a run: which tasks ran where, and what they moved.

``python -m tests.spark.event_log FOLDER`` prints it by stage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOGGED = {"spark.eventLog.enabled": "true", "spark.eventLog.compress": "false"}
"""Settings under which there is a log to read; ``spark.eventLog.dir`` says where, a folder that is there."""


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at a task.

    Parameters
    ----------
    stage : str
        What the job was called, without ``dedup: ``.
    executor : str
    ended_well : bool
    seconds : float
    shuffled : int
        Bytes written for other tasks to fetch.
    read, written : int
        Bytes from and to files.
    result : int
        Bytes that went to the driver.
    spilled : int
        Bytes put on disk for want of memory.
    """

    stage: str
    executor: str
    ended_well: bool
    seconds: float
    shuffled: int
    read: int
    written: int
    result: int
    spilled: int


def logged_tasks(folder: Path) -> list[Task]:
    """Return the tasks of all applications that log to a folder, those of killed ones too."""
    tasks = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        # One log may be in several files, of which each goes on where the last one ended.
        if path.name.startswith(("events_", "app-", "local-")):
            tasks += list(_tasks(path))
    return tasks


def _tasks(path: Path) -> Iterator[Task]:
    names: dict[int, str] = {}
    for event in _events(path):
        if event["Event"] == "SparkListenerStageSubmitted":
            name = (event.get("Properties") or {}).get("spark.job.description") or ""
            names[event["Stage Info"]["Stage ID"]] = name.removeprefix("dedup: ")
        elif event["Event"] == "SparkListenerTaskEnd":
            info, metrics = event["Task Info"], event.get("Task Metrics") or {}
            yield Task(
                stage=names.get(event["Stage ID"], ""),
                executor=str(info["Executor ID"]),
                ended_well=event["Task End Reason"]["Reason"] == "Success",
                seconds=metrics.get("Executor Run Time", 0) / 1000,
                shuffled=(metrics.get("Shuffle Write Metrics") or {}).get("Shuffle Bytes Written", 0),
                read=(metrics.get("Input Metrics") or {}).get("Bytes Read", 0),
                written=(metrics.get("Output Metrics") or {}).get("Bytes Written", 0),
                result=metrics.get("Result Size", 0),
                spilled=metrics.get("Disk Bytes Spilled", 0),
            )


def _events(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:  # the last line of an application that was killed
                return


def executors_by_stage(tasks: list[Task]) -> dict[str, dict[str, int]]:
    """Return how many tasks of each stage ended well on each executor."""
    found: dict[str, dict[str, int]] = {}
    for task in tasks:
        if task.ended_well:
            by_executor = found.setdefault(task.stage, {})
            by_executor[task.executor] = by_executor.get(task.executor, 0) + 1
    return found


def print_stages(tasks: list[Task]) -> None:
    """Print what each stage took and moved, in the order they ran."""
    columns = ("tasks", "failed", "seconds", "shuffled", "read", "written", "spilled", "to driver")
    print(f"{'stage':24}" + "".join(f"{column:>15}" for column in columns))
    for stage in [*dict.fromkeys(task.stage for task in tasks), None]:
        mine = [task for task in tasks if stage is None or task.stage == stage]
        sums = [
            sum(getattr(task, name) for task in mine)
            for name in ("shuffled", "read", "written", "spilled", "result")
        ]
        failed = sum(not task.ended_well for task in mine)
        seconds = sum(task.seconds for task in mine)
        cells = f"{len(mine):15,}{failed:15,}{seconds:15,.1f}" + "".join(f"{size:15,}" for size in sums)
        print(f"{'all' if stage is None else stage:24}{cells}")


if __name__ == "__main__":
    print_stages(logged_tasks(Path(sys.argv[1])))
