"""A session of the engine's own beside the user's, whose settings nobody else has to live with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import SparkSession

from dedup.engines.spark import tasks

SETTINGS: Final = {
    # Partitions are ours: none may be split or merged, and each task has its packets and no others.
    "spark.sql.adaptive.enabled": "false",
    # A packet is a row of up to some megabytes, and what counts rows thinks in thousands of them.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1024",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(tasks.BATCH_BYTES),
    "spark.sql.parquet.enableVectorizedReader": "false",
    # Writes the kinds side by side; they would be sorted otherwise, which moves all of it once more.
    "spark.sql.maxConcurrentOutputFileWriters": "16",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.files.maxPartitionBytes": str(64 << 20),
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


def own_session(session: SparkSession, more: Mapping[str, str] | None = None) -> SparkSession:
    """Return a session with the user's settings, but for those that the engine needs.

    Parameters
    ----------
    session : SparkSession
        The user's; its settings stay as they are.
    more : mapping of str to str, optional
        Settings over `SETTINGS`.
    """
    own = session.newSession()
    for key, value in session.conf.getAll.items():
        if own.conf.isModifiable(key) and own.conf.get(key, None) != value:
            own.conf.set(key, value)
    for key, value in {**SETTINGS, **(more or {})}.items():
        own.conf.set(key, value)
    return own
