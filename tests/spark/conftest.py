"""One Spark session for all tests that need one: it takes seconds to start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NEWS = "spark.hadoop.fs.viewfs.mounttable.news.link./news"
"""What is ``viewfs://news/news`` on disk: a file system of Hadoop's with paths of its own."""

NEEDED = bool(os.environ.get("DEDUP_NEED_JAVA"))


def need_spark() -> None:
    """Skip the test or module that asks where there is no Spark, and say why; fail where there must be."""
    try:
        import pyspark  # noqa: F401
    except ModuleNotFoundError:
        missing = "PySpark is not installed: pip install '.[spark]'"
    else:
        if shutil.which("java") or os.environ.get("JAVA_HOME"):
            return
        missing = "no Java: apt-get install openjdk-17-jre-headless"
    if NEEDED:
        pytest.fail(missing)
    pytest.skip(missing, allow_module_level=True)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on two threads, small as the driver of a large run may be, with an event log."""
    need_spark()
    from dedup.engines.spark.session import make_session

    folder = tmp_path_factory.mktemp("spark")
    (folder / "news").mkdir()
    session = make_session(
        "local[2]",
        conf={
            # What runs for seconds is not worth compiling well.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.driver.memory": "1g",
            "spark.driver.maxResultSize": "64m",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": folder.as_uri(),
            "spark.eventLog.compress": "false",
            NEWS: (folder / "news").as_uri(),
            "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        },
    )
    yield session
    session.stop()
