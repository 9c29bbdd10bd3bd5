"""The command on a cluster of two machines: its driver is killed, it is given again, a machine is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spark.cluster import loopback_cluster
from tests.spark.conftest import need_spark
from tests.spark.event_log import executors_by_stage
from tests.spark.on_cluster import Command
from tests.spark.parity import differences, found_locally, write_articles

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.slow
def test_a_killed_driver_and_a_lost_machine_change_nothing(tmp_path: Path) -> None:
    need_spark()
    feed = write_articles(SAMPLES / "feed.jsonl", tmp_path / "articles.parquet")
    (tmp_path / "cluster").mkdir()
    with loopback_cluster(tmp_path / "cluster") as cluster:
        command = Command(cluster, feed, tmp_path / "run", ["--partitions", "4"])
        command.wait_for("texts")
        command.kill()
        kept = command.committed()
        command.begin_again()
        command.wait_for("edges")
        after = command.committed()
        assert {"fields", "arrivals", "texts"} <= set(kept)
        assert {name: after[name] for name in kept} == kept, "no stage is run again"
        cluster.kill_worker(0)
        command.finish()
        assert cluster.n_workers() <= 1
    expected = found_locally([feed], tmp_path / "index")
    found = differences(command.tables(), expected)
    assert found == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}
    by_stage = executors_by_stage(command.tasks())
    last = next(stage for stage in by_stage if stage.startswith("clusters-"))
    assert len(by_stage["texts"]) == len(by_stage["edges"]) == 2, "both machines sketched and confirmed"
    assert len(by_stage[last]) == 1
    # A driver may take 64 MB of results at a time; here all of them together are some hundred bytes a text.
    assert sum(task.result for task in command.tasks()) < 10_000_000
