"""A driver whose stages take their time: ``python -m tests.spark.toy MASTER WORK NUMBERS CALLS LOG``.

It sums numbers by remainder, in four stages. Each call of a kernel leaves a file in CALLS, each stage that is
run a line in CALLS/stages; the sums are printed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa

from dedup.engines.spark.packets import Packet
from tests.spark.event_log import LOGGED

N = 8
STAGES = ("spread", "doubled", "slow", "sums")


def spread(batches: Iterator[pa.RecordBatch]) -> Iterator[Packet]:
    for batch in batches:
        table = pa.Table.from_batches([batch]).select(["n"])
        n = table["n"].to_numpy()
        for to in range(N):
            yield Packet.of(to, "n", table.filter(pa.array(n % N == to)))


def double(to: int, packets: Iterator[Packet], *, calls: Path, name: str, seconds: float) -> Iterator[Packet]:
    """Double each number, slowly, and send it to the next partition."""
    (calls / f"{name}-{to}-{os.getpid()}").touch()
    time.sleep(seconds)
    for packet in packets:
        yield Packet.of((to + 1) % N, "n", pa.table({"n": packet.table()["n"].to_numpy() * 2}))


def add_up(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    numbers = [int(packet.table()["n"].to_numpy().sum()) for packet in packets]
    yield Packet.of(0, "sum", pa.table({"to": [to], "sum": [sum(numbers)]}))


def main(master: str, work: str, numbers: str, calls: Path, log: str) -> None:
    from dedup.engines.spark.session import make_session
    from dedup.engines.spark.spark_runner import SparkRunner

    def note(stage: str) -> None:
        with (calls / "stages").open("a") as file:
            print(stage, file=file)

    conf = {
        "spark.eventLog.dir": log,
        "spark.executor.memory": "512m",
        "spark.driver.memory": "512m",
        # Begins when both executors are there.
        "spark.cores.max": "2",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        **LOGGED,
    }
    session = make_session(master, "toy", conf)
    runner = SparkRunner(session, note)
    runner.begin(work, N, "toy")
    runner.source("spread", [numbers], ["n"], spread)
    runner.stage("doubled", [("spread", ["n"])], partial(double, calls=calls, name="doubled", seconds=0))
    runner.stage("slow", [("doubled", ["n"])], partial(double, calls=calls, name="slow", seconds=0.5))
    runner.stage("sums", [("slow", ["n"])], add_up)
    found = [row for table in runner.collect("sums", "sum") for row in table.to_pylist()]
    print(json.dumps(sorted((row["to"], row["sum"]) for row in found)))
    session.stop()


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]), sys.argv[5])
