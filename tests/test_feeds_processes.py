"""Documents worked on in other processes: in order, and a bad one costs itself alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup.feeds.workers.processes import default_workers, ordered_map
from dedup.feeds.workers.worker import DIED, FAILED, TOO_SLOW, Failure

# The functions are found by a worker under the name of this module, so they stand at its top.


def doubled(number: int, wait: float = 0.0) -> tuple[int, int]:
    time.sleep(wait)
    return 2 * number, os.getpid()


def behaves(what: str) -> str:
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "leave":
        os._exit(3)
    if what == "hang":
        while True:
            pass
    if what == "raise":
        raise ValueError("no such document")
    if what == "hoard":
        return str(len(bytearray(8 << 30)))
    if what == "print":
        print("text among the results")
    return what


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone(pids: set[int]) -> bool:
    until = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_results_come_in_the_order_of_the_items() -> None:
    waits = [0.2, 0.0, 0.1, 0.0, 0.0, 0.05, 0.0]
    found = list(ordered_map(doubled, [(n, wait) for n, wait in enumerate(waits)], 2, here=-1))
    assert [pair[0] for pair in found if not isinstance(pair, Failure)] == [2 * n for n in range(len(waits))]
    pids = {pair[1] for pair in found if not isinstance(pair, Failure)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert gone(pids)


def test_a_bad_document_costs_itself_alone() -> None:
    what = ["a", "crash", "b", "hang", "c", "raise", "leave", "hoard", "print", "d"]
    alone = {
        "crash": Failure(DIED, "its process ended by signal 11"),
        "hang": Failure(TOO_SLOW, "over 3 s"),
        "raise": Failure(FAILED, "ValueError: no such document"),
        "leave": Failure(DIED, "its process ended with code 3"),
        "hoard": Failure(FAILED, "needs too much memory"),
    }
    expected = [alone.get(one, one) for one in what]
    for workers in (1, 2):
        assert list(ordered_map(behaves, [(one,) for one in what], workers, seconds=3, here=-1)) == expected


def test_a_few_small_documents_start_no_process() -> None:
    found = list(ordered_map(behaves, [("a" * 100,), ("raise",)], 2))
    assert found == ["a" * 100, Failure(FAILED, "ValueError: no such document")]
    pids = [one[1] for one in ordered_map(doubled, [(1,), (2,)], 2) if not isinstance(one, Failure)]
    assert pids == [os.getpid()] * 2


def test_no_more_items_are_taken_than_said() -> None:
    taken: list[int] = []

    def items() -> Iterator[tuple[int]]:
        for number in range(40):
            taken.append(number)
            yield (number,)

    for number, _ in enumerate(ordered_map(doubled, items(), 2, 5, here=-1)):
        assert len(taken) <= number + 1 + 5 + 1


def test_leaving_early_ends_the_workers() -> None:
    results = ordered_map(doubled, [(n,) for n in range(1_000)], 2, here=-1)
    first = [next(results) for _ in range(4)]
    results.close()
    assert gone({one[1] for one in first if not isinstance(one, Failure)})


SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where it is ignored
from dedup.feeds.workers.processes import ordered_map
from tests.test_feeds_processes import doubled
for value, pid in ordered_map(doubled, ((n, 0.05) for n in range(10_000)), 2, here=-1):
    print(pid, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(how: signal.Signals) -> None:
    # A script without `if __name__ == "__main__"`, which multiprocessing would start again in every worker.
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert parent.stdout is not None
    pids = {int(parent.stdout.readline()) for _ in range(6)}
    parent.send_signal(how)
    parent.wait(10)
    parent.stdout.close()
    assert gone(pids)


def test_there_is_a_worker_a_processor() -> None:
    assert 1 <= default_workers() <= 8
