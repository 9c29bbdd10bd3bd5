"""A Spark session for the command line; a program that has one of its own hands that over."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
import threading
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException, PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from dedup.engines.spark.failures import SparkError, first_line

_QUIET: Final = Path(__file__).with_name("log4j2.properties")
_JAVA_OPTIONS: Final = "spark.driver.extraJavaOptions"
_NO_NEWS: Final = ("WARNING: Using incubator modules",)
"""What Java says each time Spark starts it."""
_MASTER: Final = re.compile(r"local(\[(\d+|\*)(, *\d+)?\])?|local-cluster\[.*\]|yarn|(spark|k8s|mesos)://.+")
_ANSWER_S: Final = 10.0
"""How long a master may take to take a connection; Spark itself tries for a minute, and then says little."""


def make_session(master: str, name: str = "dedup", conf: Mapping[str, str] | None = None) -> SparkSession:
    """Start Spark.

    `dedup` and its dependencies must be installed on every machine that runs tasks, for the Python named by
    the environment variable ``PYSPARK_PYTHON`` (where unset: the path of this Python, which for a ``local``
    master and for workers on this machine is right).

    Parameters
    ----------
    master : str
        As Spark has it: ``local[*]``, ``spark://host:7077``, ``yarn``, ...
    name : str
        What the application is called in Spark's pages.
    conf : mapping, optional
        Settings of Spark, over those made here.

    Raises
    ------
    SparkError
        No Java, no such master, settings that Spark refuses; or a session runs in this process, of which
        Spark allows one.
    """
    if not _MASTER.fullmatch(master):
        raise SparkError(
            f"{master} is no master of Spark", "it looks like spark://host:7077, yarn or local[4]"
        )
    _check_java()
    local = master.startswith(("local", "spark://127.0.0.1:", "spark://localhost:"))
    settings = {"spark.ui.showConsoleProgress": "false"}
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
        }
    if master.startswith("spark://"):
        _check_answers(master)
    if SparkContext._active_spark_context is not None:
        raise SparkError("a Spark session runs in this process", "give that one: SparkEngine(session)")
    settings |= dict(conf or {})
    log = f"-Dlog4j2.configurationFile={_QUIET.as_uri()}"
    settings[_JAVA_OPTIONS] = f"{log} {settings.get(_JAVA_OPTIONS, '')}".strip()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    asked = SparkConf().setMaster(master).setAppName(name).setAll(list(settings.items()))
    heeded = signal.getsignal(signal.SIGINT)
    said: deque[str] = deque(maxlen=20)
    try:
        with warnings.catch_warnings():
            # Of versions of pandas, which nothing here is given to.
            warnings.simplefilter("ignore", FutureWarning)
            if SparkContext._gateway is None:
                SparkContext(conf=asked, gateway=_started_java(asked, said))
            return SparkSession.builder.config(conf=asked).getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise SparkError(f"Spark does not start on {master}: {_reason(error, said)}") from error
    finally:
        # Spark puts a handler of its own there, which raises `KeyboardInterrupt` past the one that was.
        if heeded is not None and signal.getsignal(signal.SIGINT) is not heeded:
            signal.signal(signal.SIGINT, heeded)


def _started_java(conf: SparkConf, said: deque[str]) -> Any:
    """Start Java as `SparkContext` does, but with all it says on standard error, less what is no news.

    Standard output carries results. `said` gets the last lines, for when it does not start.
    """
    reading, writing = os.pipe()

    def relay() -> None:
        with open(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.startswith(_NO_NEWS):
                    said.append(line.rstrip())
                    if started:
                        sys.stderr.write(line)

    started: list[bool] = []
    relaying = threading.Thread(target=relay, name="dedup-spark-says", daemon=True)
    relaying.start()
    try:
        gateway = launch_gateway(conf, {"stdout": writing, "stderr": writing})  # type: ignore[no-untyped-call]
        started.append(True)
        return gateway
    finally:
        os.close(writing)
        if not started:
            relaying.join(_ANSWER_S)


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").exists():
        raise SparkError(f"JAVA_HOME is {home}, where there is no bin/java", "Spark needs Java 17")
    if not home and shutil.which("java") is None:
        raise SparkError("there is no Java, and Spark runs on it", "install Java 17 or set JAVA_HOME")


def _check_answers(master: str) -> None:
    """Raise unless one of the masters takes a connection: ``spark://one:7077,two:7077``."""
    tried = []
    for place in master.removeprefix("spark://").split(","):
        try:
            parts = urlsplit(f"spark://{place}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port:
            raise SparkError(f"{master} is no address of a master", "it looks like spark://host:7077")
        try:
            socket.create_connection((host, port), timeout=_ANSWER_S).close()
        except OSError as error:
            tried.append(f"{error.strerror or error}")
        else:
            return
    raise SparkError(f"no Spark master answers at {master}: {', '.join(tried)}")


def _reason(error: Exception, said: Sequence[str]) -> str:
    if isinstance(error, PySparkRuntimeError) and error.getCondition() == "JAVA_GATEWAY_EXITED":
        telling = [line for line in said if "rror" in line or "xception" in line] or list(said)
        text = telling[0].strip() if telling else "Java ended at once"
        if "UnsupportedClassVersionError" in text or "add-modules" in text:
            text = "this Java is too old; Spark needs Java 17"
        return text
    return first_line(error)
