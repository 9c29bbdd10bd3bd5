"""Stages run by Apache Spark: packets as rows of Parquet, moved by its shuffle, kernels in `mapInArrow`.

Spark is asked for little: to read and write rows of (partition, kind, bytes), to bring each to its partition,
and to try again what failed. All that a result depends on happens in the kernels.
"""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial, reduce
from typing import Any, Final

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.accumulators import AccumulatorParam
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn
from pyspark.sql.types import StructType

from dedup.engines.spark import sources, tasks
from dedup.engines.spark.arrow_types import arrow_columns, spark_columns
from dedup.engines.spark.failures import SparkError, told
from dedup.engines.spark.hadoop import FeedFile, Files
from dedup.engines.spark.own_session import own_session
from dedup.engines.spark.packets import Kernel, Packet
from dedup.engines.spark.runner import SourceKernel
from dedup.engines.spark.work_folder import Manifest, WorkFolder

_PACKETS: Final = "to int, kind string, data binary"
_PARQUET: Final = {
    "compression": "zstd",
    "parquet.block.size": str(16 << 20),
    "parquet.page.size": str(1 << 20),
    # Sizes are looked at after a hundred rows otherwise, which here are hundreds of megabytes.
    "parquet.page.size.row.check.min": "1",
    "parquet.page.size.row.check.max": "16",
    "parquet.block.size.row.check.min": "1",
    "parquet.block.size.row.check.max": "16",
    "parquet.enable.dictionary": "false",
    "parquet.column.statistics.enabled": "false",
    # The other committer moves a task's files where they count before the task is known to be the one.
    "mapreduce.fileoutputcommitter.algorithm.version": "1",
}


class SparkRunner:
    """A `Runner` on Spark.

    Parameters
    ----------
    session : SparkSession
        Classic (not Spark Connect, which has no way to a file system); its settings stay as they are.
    on_stage : callable, optional
        Gets the name of each stage that is run, as it begins.

    Attributes
    ----------
    files : Files
        Files on any path that Hadoop knows.
    n_partitions : int
        Partitions that packets are addressed to: tasks of a stage.

    Raises
    ------
    SparkError
        The session cannot be used. From the methods too, and a kernel's own `DedupError` as it was raised.
    """

    n_partitions: int

    def __init__(self, session: SparkSession, on_stage: Callable[[str], None] | None = None) -> None:
        if getattr(session, "_jsparkSession", None) is None:
            raise SparkError("this is a session of Spark Connect", "give a session of the master itself")
        if session.sparkContext._jsc is None:
            raise SparkError("this session has been stopped", "give one that runs")
        with told("Spark"):
            self._session = own_session(session)
            self._reading = own_session(session, sources.SETTINGS)
            self._context = session.sparkContext
            self.files = Files(session)
        self._on_stage = on_stage
        self._manifests: dict[str, Manifest] = {}
        self._found: dict[tuple[str, ...], sources.Sources] = {}
        self._group = f"dedup-{uuid.uuid4().hex[:12]}"

    def begin(self, work: str, n_partitions: int, fingerprint: str, *, replace: bool = False) -> None:
        """Take a work folder for a run; before that, nothing but `schema` and `files` can be used.

        Parameters
        ----------
        work : str
            On any path that Hadoop knows and all executors see; see `work_folder`.
        n_partitions : int
        fingerprint : str
            What the results depend on. A run that finds its own in the work folder goes on after the last
            stage.
        replace : bool
            Remove what a run with another fingerprint has left there.
        """
        self.n_partitions = n_partitions
        whose = f"{n_partitions} partitions, {fingerprint}"
        self._folder = WorkFolder(self.files, work, whose, replace=replace)
        self._manifests.clear()

    def listed(self, paths: Sequence[str]) -> list[FeedFile]:
        """Return the files at paths, with what tells whether one has changed."""
        return [file for path in paths for file in self.files.listed(path)]

    def n_rows(self, files: Sequence[FeedFile]) -> int:
        """Return how many rows Parquet files have, by their footers."""
        with told("counting rows"), self._described("count rows"):
            paths = [file.path for file in files]
            return self._reading.read.schema(StructType([])).parquet(*paths).count()

    def schema(self, paths: Sequence[str]) -> pa.Schema:
        """Return the columns of Parquet files that Spark can read; see `Runner`."""
        with told("reading the columns"):
            return self._sources(paths).schema()

    def source(
        self,
        name: str,
        paths: Sequence[str],
        columns: Sequence[str],
        kernel: SourceKernel,
        *,
        most: int | None = None,
    ) -> None:
        """Run a kernel over rows of Parquet files, unless an earlier run did; see `Runner`.

        With `most` the rows are those of the first file of each set of columns, and of further ones with the
        same. Of a column that a file does not have, or that Spark cannot read, its rows have none.
        """
        if self._done(name):
            return
        with told(f"stage {name}"):
            found = self._sources(paths)
            rows = found.rows(columns) if most is None else found.first_rows(columns, most)
        self._run(name, [(part.frame, partial(tasks.read, kernel, found.shown, part.names)) for part in rows])

    def stage(
        self, name: str, inputs: Sequence[tuple[str, Sequence[str]]], kernel: Kernel, *, exchange: bool = True
    ) -> None:
        """Run a kernel, unless an earlier run did; see `Runner`.

        With `exchange` each partition's packets come ordered by kind. A kernel is not called for a partition
        without packets.
        """
        if self._done(name):
            return
        rows = [part for stage, kinds in inputs for part in self._rows(stage, kinds)]
        if not rows:
            self._manifests[name] = self._folder.commit(name, {}, 0.0)
            return
        moved = reduce(DataFrame.union, rows)
        task = partial(tasks.in_place, kernel)
        if exchange:
            moved = moved.repartitionById(self.n_partitions, fn.col("to")).sortWithinPartitions("to", "kind")
            task = partial(tasks.exchanged, kernel, self.n_partitions)
        self._run(name, [(moved, task)])

    def _sources(self, paths: Sequence[str]) -> sources.Sources:
        """Look at files once: the footer of each is read for it, here."""
        asked = tuple(paths)
        if asked not in self._found:
            self._found[asked] = sources.Sources(self._reading, self.files, asked)
        return self._found[asked]

    def collect(self, stage: str, kind: str) -> list[pa.Table]:
        """Return small tables, ordered by partition and content; see `Runner`."""
        rows = self._rows(stage, [kind])
        if not rows:
            return []
        with told(f"collecting {kind} of stage {stage}"), self._described(f"collect {stage}/{kind}"):
            found = rows[0].toArrow()
        packets = [
            Packet(to, kind, data)
            for to, data in zip(found["to"].to_pylist(), found["data"].to_pylist(), strict=True)
        ]
        return [packet.table() for packet in sorted(packets, key=lambda packet: (packet.to, packet.data))]

    def export(self, stage: str, kind: str, schema: pa.Schema, path: str) -> None:
        """Write the tables of a kind as a folder of Parquet, with the columns of a schema.

        Parameters
        ----------
        stage, kind : str
        schema : pa.Schema
            Times come out in microseconds, in UTC if they have any zone; Spark has no unsigned integers.
        path : str
            The folder, on any path that Hadoop knows; one that is there is replaced. It is there whole, or as
            it was.
        """
        target = self.files.absolute(path)
        rows = self._rows(stage, [kind])
        with told(f"writing {path}"), self._described(f"export {stage}/{kind}"):
            columns = spark_columns(schema)
            # Types as Spark has them: no dictionaries, no other units of time.
            arrow = arrow_columns(columns)
            empty = self._session.createDataFrame([], columns)
            found = _mapped(rows[0], partial(tasks.unpacked, arrow), columns) if rows else empty
            beside = self.files.begin(target)
            try:
                found.write.option("compression", "zstd").parquet(beside)
                self.files.replace(target)
            finally:
                self.files.remove(beside)

    def drop(self, stage: str, kinds: Sequence[str]) -> None:
        """Remove packets that no later stage reads; a run that goes on knows they were; see `Runner`."""
        self._manifests[stage] = self._folder.drop(self._manifests[stage], kinds)

    def remove(self) -> None:
        """Remove the work folder."""
        self._folder.remove()
        self._manifests.clear()

    def _done(self, name: str) -> bool:
        found = self._folder.manifest(name)
        if found is None:
            return False
        self._manifests[name] = found
        return True

    def _rows(self, stage: str, kinds: Sequence[str]) -> list[DataFrame]:
        """Return the packets of some kinds of a stage; nothing if it gave none."""
        manifest = self._manifests[stage]
        folder = self._folder.folder(stage)
        given = [kind for kind in kinds if kind in manifest.kinds]
        if any(manifest.kinds[kind].dropped for kind in given):
            raise SparkError(f"{folder} has been given back, and is needed again", "remove the work folder")
        paths = [f"{folder}/kind={kind}" for kind in given]
        if not paths:
            return []
        reader = self._session.read.schema(_PACKETS).option("basePath", folder)
        with told(f"reading stage {stage}"):
            return [reader.parquet(*paths).select("to", "kind", "data")]

    def _run(self, name: str, parts: Sequence[tuple[DataFrame, Callable[..., Any]]]) -> None:
        """Run tasks on rows and commit the packets that they give."""
        if self._on_stage is not None:
            self._on_stage(name)
        began = time.monotonic()
        counts = self._context.accumulator({}, _Counts())
        mapped = [_mapped(rows, partial(task, counts.add), _PACKETS) for rows, task in parts]
        packets = reduce(DataFrame.union, mapped)
        done = False
        try:
            with told(f"stage {name}"), self._described(name):
                writer = packets.write.options(**_PARQUET).partitionBy("kind")
                writer.parquet(self._folder.begin(name))
            self._manifests[name] = self._folder.commit(name, counts.value, time.monotonic() - began)
            done = True
        finally:
            if not done:
                with suppress(SparkError):
                    self._folder.abandon(name)

    @contextmanager
    def _described(self, name: str) -> Iterator[None]:
        """Have the jobs run here be known as a stage's, and ended if this process is told to end."""
        context = self._context
        keys = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
        before = {key: context.getLocalProperty(key) for key in keys}
        context.setJobGroup(self._group, f"dedup: {name}", interruptOnCancel=True)
        try:
            yield
        except BaseException:
            with suppress(Py4JError, OSError):
                context.cancelJobGroup(self._group)
            raise
        finally:
            with suppress(Py4JError, OSError):
                for key, value in before.items():
                    context.setLocalProperty(key, value)  # type: ignore[arg-type]


class _Counts(AccumulatorParam[dict[str, tuple[int, int]]]):
    """Packets and bytes by kind, over tasks."""

    def zero(self, value: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """Return no packets."""
        return {}

    def addInPlace(  # noqa: N802
        self, value1: dict[str, tuple[int, int]], value2: dict[str, tuple[int, int]]
    ) -> dict[str, tuple[int, int]]:
        """Add the counts of a task."""
        for kind, (many, size) in value2.items():
            before_many, before_size = value1.get(kind, (0, 0))
            value1[kind] = before_many + many, before_size + size
        return value1


def _mapped(rows: DataFrame, task: Callable[..., Any], columns: str | StructType) -> DataFrame:
    """Return what a task makes of rows."""
    with warnings.catch_warnings():
        # Of versions of pandas, which nothing here is given to.
        warnings.simplefilter("ignore", FutureWarning)
        return rows.mapInArrow(task, columns)
