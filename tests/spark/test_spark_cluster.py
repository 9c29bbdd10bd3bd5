"""A cluster that loses a worker gives what it would have given; a driver that is killed is taken up again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.spark.cluster import Cluster, finished, has_stage, kill_tree, loopback_cluster, wait_for
from tests.spark.conftest import need_spark
from tests.spark.event_log import executors_by_stage, logged_tasks
from tests.spark.toy import STAGES, N

pytestmark = pytest.mark.slow
ENDS_S = 120.0
NUMBERS = np.arange(10_000)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    need_spark()
    (tmp_path / "cluster").mkdir()
    with loopback_cluster(tmp_path / "cluster") as started:
        yield started


class Toy:
    """The driver of `tests.spark.toy` in a folder."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.work, self.calls, self.log = folder / "work", folder / "calls", folder / "log"
        numbers = folder / "numbers.parquet"
        if not numbers.exists():
            self.calls.mkdir()
            self.log.mkdir()
            pq.write_table(pa.table({"n": NUMBERS}), numbers, row_group_size=1000)
        arguments = [cluster.master, str(self.work), str(numbers), str(self.calls), str(self.log)]
        self.driver = cluster.run(["-m", "tests.spark.toy", *arguments])

    def in_stage(self, stage: str) -> None:
        """Wait until a kernel of a stage is at work."""
        wait_for(lambda: any(self.calls.glob(f"{stage}-*")), ENDS_S, f"calls of {stage}", self.driver)

    def check(self) -> None:
        """Check the sums: each number twice doubled, two partitions on."""
        sums = dict(json.loads(finished(self.driver, ENDS_S)))
        assert sums == {(to + 2) % N: int(NUMBERS[to == NUMBERS % N].sum()) * 4 for to in range(N)}

    def ran(self) -> list[str]:
        return (self.calls / "stages").read_text().split()


def test_a_killed_worker_does_not_change_the_result(cluster: Cluster, tmp_path: Path) -> None:
    toy = Toy(cluster, tmp_path)
    toy.in_stage("slow")
    wait_for(has_stage(toy.work, "doubled"), 1, "stage doubled")
    cluster.kill_worker(0)
    assert not has_stage(toy.work, "slow")()
    toy.check()
    assert toy.ran() == list(STAGES)
    assert cluster.n_workers() <= 1
    tasks = logged_tasks(toy.log)
    assert any(not task.ended_well for task in tasks)
    by_stage = executors_by_stage(tasks)
    assert len(by_stage["doubled"]) == 2  # both executors were at work before
    assert len(by_stage["sums"]) == 1


def test_a_killed_driver_is_taken_up_after_its_last_stage(cluster: Cluster, tmp_path: Path) -> None:
    first = Toy(cluster, tmp_path)
    first.in_stage("slow")
    kill_tree(first.driver)
    first.driver.communicate()
    assert first.ran() == ["spread", "doubled", "slow"]
    doubled = len(list(first.calls.glob("doubled-*")))
    second = Toy(cluster, tmp_path)
    second.check()
    assert second.ran() == ["spread", "doubled", "slow", "slow", "sums"]
    assert len(list(first.calls.glob("doubled-*"))) == doubled
    folders = [path.name for path in (second.work / "stages").iterdir()]
    assert sorted(folders) == sorted(STAGES)
    by_stage = executors_by_stage(logged_tasks(second.log))
    assert all(len(by_stage[stage]) == 2 for stage in ("doubled", "slow"))
