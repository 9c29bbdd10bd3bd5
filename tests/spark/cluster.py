"""A standalone Spark cluster on loopback: one master, two workers of one core each, to do harm to.

``python -m tests.spark.cluster`` starts one, prints its address, and stops it at the end of standard input.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
STARTS_S: Final = 60.0
"""How long master and workers may take to start, on a machine that is busy."""


@dataclass(slots=True)
class Cluster:
    """Processes of a cluster.

    Parameters
    ----------
    folder : Path
        For logs, and what executors write.
    master : str
        Its address, as Spark is told it.
    page : int
        Port of the master's own page.
    processes : list of Popen
        The master, then the workers.
    """

    folder: Path
    master: str
    page: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, *arguments: str) -> None:
        """Start a process of the cluster."""
        import pyspark

        home = Path(pyspark.__file__).parent
        with (self.folder / f"{len(self.processes)}-{name.rpartition('.')[2]}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment() | {"SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"},
                cwd=self.folder,
            )
        self.processes.append(process)

    def environment(self) -> dict[str, str]:
        """Return the environment of all processes: this Python, and modules from here."""
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return os.environ | {
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "scratch"),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def n_workers(self) -> int:
        """Return how many workers the master knows to be alive; 0 while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except (OSError, ValueError):
            return 0

    def kill_worker(self, number: int) -> None:
        """Kill a worker, 0 or 1, and all it has started: a machine that has lost its power."""
        kill_tree(self.processes[1 + number])

    def run(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """Start a driver: Python with arguments; its output can be read from the process."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
            cwd=ROOT,
        )

    def stop(self) -> None:
        """End all that was started here."""
        for process in reversed(self.processes):
            kill_tree(process)


@contextmanager
def loopback_cluster(folder: Path, n_workers: int = 2, memory: str = "2g") -> Iterator[Cluster]:
    """Start a cluster, and stop it in the end.

    Parameters
    ----------
    folder : Path
        For logs and scratch files.
    n_workers : int
        Of one core each.
    memory : str
        That each may give to executors, as Spark has it.
    """
    port, page = free_ports(2)
    cluster = Cluster(folder, f"spark://127.0.0.1:{port}", page)
    at = ["--host", "127.0.0.1", "--webui-port"]
    try:
        cluster.start("org.apache.spark.deploy.master.Master", *at, str(page), "--port", str(port))
        for number in range(n_workers):
            work = ["--work-dir", str(folder / f"worker-{number}"), "--cores", "1", "--memory", memory]
            cluster.start("org.apache.spark.deploy.worker.Worker", *at, "0", *work, cluster.master)
        wait_for(lambda: cluster.n_workers() == n_workers, STARTS_S, "workers")
        yield cluster
    finally:
        cluster.stop()


def wait_for(
    there: Callable[[], bool], seconds: float, what: str, process: subprocess.Popen[str] | None = None
) -> None:
    """Wait until something is there; fail after some seconds, or when the process that brings it ends."""
    until = time.monotonic() + seconds
    while not there():
        if process is not None and process.poll() is not None:
            out, err = process.communicate()
            raise AssertionError(f"the driver ended before there were {what}:\n{out}\n{err}")
        if time.monotonic() > until:
            raise AssertionError(f"no {what} after {seconds} s")
        time.sleep(0.05)


def has_stage(work: Path, stage: str) -> Callable[[], bool]:
    """Return what tells whether a stage is committed in a work folder."""
    return (work / "manifests" / f"{stage}.json").exists


def finished(process: subprocess.Popen[str], seconds: float) -> str:
    """Return a driver's standard output, once it has ended well."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill_tree(process)
        out, err = process.communicate()
        raise AssertionError(f"the driver has not ended in {seconds} s:\n{out}\n{err}") from None
    assert process.returncode == 0, f"the driver ended with {process.returncode}:\n{out}\n{err}"
    return out


def kill_tree(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Kill a process that was started here and all that it started: nothing of it can tidy up."""
    if process.poll() is None:
        tree = [process.pid, *_below(process.pid)]
        for pid in tree:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def _below(pid: int) -> list[int]:
    """Return the processes that one has started, and those they have."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def free_ports(n: int) -> list[int]:
    """Return ports that nothing listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def main() -> None:
    """Run a cluster until standard input ends, or this process is told to end."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with tempfile.TemporaryDirectory() as folder, loopback_cluster(Path(folder)) as cluster:
        print(cluster.master, flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()
