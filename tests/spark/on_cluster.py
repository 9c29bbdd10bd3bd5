"""``dedup clusters --engine spark`` on a cluster of `tests.spark.cluster`, and what can be done to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from tests.spark.cluster import Cluster, finished, has_stage, kill_tree, wait_for
from tests.spark.event_log import LOGGED, Task, logged_tasks
from tests.spark.parity import Tables

CONF: Final = {
    # As little as a driver may have: articles never come to it.
    "spark.driver.memory": "1g",
    "spark.driver.maxResultSize": "64m",
    # Begins when both executors are there.
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.cores.max": "2",
    **LOGGED,
}


class Command:
    """A run of the command, which may be killed and begun again.

    Parameters
    ----------
    cluster : Cluster
    feed : Path
        A Parquet file, or a folder of them.
    folder : Path
        For the output, what the stages give, and Spark's event log.
    options : sequence of str
        Further options of the command.
    seconds : float
        How long any stage may take.
    """

    def __init__(
        self, cluster: Cluster, feed: Path, folder: Path, options: Sequence[str] = (), seconds: float = 120.0
    ) -> None:
        self.output, self.work, self.log = folder / "found", folder / "found.work", folder / "log"
        self.log.mkdir(parents=True, exist_ok=True)
        self._cluster, self._seconds = cluster, seconds
        conf = CONF | {"spark.eventLog.dir": self.log.as_uri()}
        self._arguments = ["-m", "dedup", "clusters", str(feed), "--engine", "spark"]
        self._arguments += ["--master", cluster.master, "-o", str(self.output), *options]
        self._arguments += [
            word for key, value in conf.items() for word in ("--spark-conf", f"{key}={value}")
        ]
        self.driver: subprocess.Popen[str] = cluster.run(self._arguments)

    def wait_for(self, stage: str) -> None:
        """Wait until a stage is committed."""
        wait_for(has_stage(self.work, stage), self._seconds, f"a stage {stage}", self.driver)

    def committed(self) -> dict[str, float]:
        """Return the stages that are committed, and how long each took: another time if it is run again.

        A manifest is replaced when packets are given back, so it may be that only the new one is there.
        """
        found = {}
        for path in (self.work / "manifests").iterdir():
            with suppress(OSError, ValueError):  # being replaced just now
                found[path.name.partition(".")[0]] = float(json.loads(path.read_text())["seconds"])
        return found

    def kill(self) -> None:
        """Kill the driver."""
        kill_tree(self.driver)
        self.driver.communicate()

    def begin_again(self) -> None:
        """Give the same command again."""
        self.driver = self._cluster.run(self._arguments)

    def finish(self) -> None:
        """Wait until the command has ended well."""
        finished(self.driver, self._seconds)

    def tables(self) -> Tables:
        """Return what it has written, without the rejects."""
        from dedup.engines.spark.engine import TABLES

        kept = [name for name in TABLES if name != "rejects"]
        return {name: pq.read_table(self.output / name).cast(TABLES[name]) for name in kept}

    def tasks(self) -> list[Task]:
        """Return what the event log says of all its runs."""
        return logged_tasks(self.log)
