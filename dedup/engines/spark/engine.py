"""Clusters of a feed that has outgrown one machine: the engine as a program uses it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from dedup.confirm.model import Model, load_model
from dedup.engines.spark import run
from dedup.engines.spark.clusters import EDGES_SCHEMA
from dedup.engines.spark.components import MOST_ON_DRIVER
from dedup.engines.spark.failures import SparkError
from dedup.engines.spark.hadoop import FeedFile
from dedup.engines.spark.reading import REJECT_SCHEMA
from dedup.engines.spark.session import make_session
from dedup.engines.spark.spark_runner import SparkRunner
from dedup.engines.spark.work_folder import is_work_folder
from dedup.errors import DedupError
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.mapping import canonical_mapping
from dedup.index.kept_credits import credit_rules
from dedup.index.opened import agency_table
from dedup.report.schema import COMPOSITE_SCHEMA, LINK_SCHEMA, MEMBER_SCHEMA
from dedup.settings import Settings
from dedup.text.credit import Agency

PARTITION_BYTES: Final = 32 << 20
"""Bytes of compressed Parquet that make a partition: some twelve thousand long articles, so that all that
comes together of them fits a task of a gigabyte or two."""

PARTITION_ROWS: Final = 1 << 14
"""Articles that make one, where a feed compresses so well that its bytes say little."""

MOST_PARTITIONS: Final = 20_000

TABLES: Final = {
    "clusters": MEMBER_SCHEMA,
    "edges": EDGES_SCHEMA,
    "composites": COMPOSITE_SCHEMA,
    "links": LINK_SCHEMA,
    "rejects": REJECT_SCHEMA,
}
"""Folders of the output, and the columns of what each holds."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run has written.

    Parameters
    ----------
    output : str
        Folder that holds `TABLES` as Parquet and ``summary.json``.
    counts : dict of str to int
        As of `dedup.engines.spark.run.run_stages`.
    seconds : float
        Time this call took: of a run that was taken up again only the rest.
    """

    output: str
    counts: dict[str, int]
    seconds: float


class SparkEngine:
    """Clusters Parquet articles on Apache Spark, with the results of the engine for one machine.

    `dedup` must be installed on every machine that runs tasks, in the same version.

    Parameters
    ----------
    session : SparkSession, optional
        A session of the caller's; its settings stay as they are, and it is not stopped.
    master : str, optional
        Where to start one instead: ``local[*]`` (the default), ``spark://host:7077``, ``yarn``, ...
    conf : mapping of str to str, optional
        Spark settings of that session.

    Raises
    ------
    SparkError
        Spark cannot be started, or a session runs and was not given.

    Examples
    --------
    ::

        with SparkEngine(master="spark://host:7077") as engine:
            found = engine.clusters(["hdfs:///feeds/2026-11"], "hdfs:///found/2026-11")
        print(found.counts["clusters"])
    """

    def __init__(
        self,
        session: SparkSession | None = None,
        *,
        master: str | None = None,
        conf: Mapping[str, str] | None = None,
    ) -> None:
        if session is not None and (master is not None or conf):
            raise ValueError("give a session, or what to start one with")
        self._own = session is None
        self.session = session or make_session(master or "local[*]", conf=conf)

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop Spark, if it was started here."""
        if self._own:
            self.session.stop()

    def clusters(
        self,
        paths: str | Sequence[str],
        output: str,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
        mapping: Mapping[str, str] | None = None,
        clean: bool = True,
        timezone: str | None = None,
        zones: Mapping[str, str] | None = None,
        partitions: int | None = None,
        work: str | None = None,
        keep_work: bool = False,
        overwrite: bool = False,
        most_on_driver: int = MOST_ON_DRIVER,
        on_stage: Callable[[str], None] | None = None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> Found:
        """Cluster the articles of Parquet files and write clusters and edges as Parquet.

        A call that was killed goes on after its last stage when it is made again.

        Parameters
        ----------
        paths : str or sequence of str
            Parquet files, or folders of them, on any path that Hadoop knows; columns as for `read_feed`.
        output : str
            Folder to make, on any such path: `TABLES`, and ``summary.json`` once all is there.
        settings : Settings, optional
            What to look for and what to show. `top` and `sort` are left to who reads the tables; threads and
            memory are Spark's.
        model, agencies
            As for `dedup.Index.report`.
        mapping, clean, timezone, zones
            As for `dedup.read_feed`.
        partitions : int, optional
            Partitions of a stage; by default those of the run that goes on, else one for each
            `PARTITION_BYTES` or `PARTITION_ROWS`, two for each core at least. Results do not depend on it.
        work : str, optional
            Folder for what the stages give, ``OUTPUT.work`` by default; some 30 KB an article.
        keep_work : bool
            Leave it there.
        overwrite : bool
            Replace an output that is there, and what another run has left in the work folder.
        most_on_driver : int
            Edges that the driver may take to find components; beyond, Spark finds them in rounds.
        on_stage : callable, optional
            Gets the name of each stage as it begins.
        on_note : callable
            Gets lines about the run: that it goes on, and which column is which field.

        Returns
        -------
        Found

        Raises
        ------
        SparkError
            Spark, a path or the output cannot be used.
        DedupError
            As the readers and the settings raise them.
        """
        began = time.monotonic()
        job = run.Job(
            paths=(paths,) if isinstance(paths, str) else tuple(paths),
            settings=(settings or Settings()).check(),
            model=model if isinstance(model, Model) else load_model(model),
            agencies=agency_table(agencies),
            mapping=canonical_mapping((mapping or {}).items()),
            clean=clean,
            zones=Zones.of(timezone, zones),
            most_on_driver=most_on_driver,
        )
        runner = SparkRunner(self.session, on_stage=on_stage)
        target = runner.files.absolute(output).rstrip("/")
        between = runner.files.absolute(work or f"{target}.work").rstrip("/")
        for above in _and_above(target):  # a work folder is removed when its run is over
            if above == between or is_work_folder(runner.files, above):
                raise SparkError(f"{output} lies in the work folder {above}", "choose another one")
        for path in job.paths:
            root = runner.files.absolute(path).rstrip("/")
            if any(f"{folder}/".startswith(f"{root}/") for folder in (target, between)):
                raise SparkError(
                    f"{output} and its work folder lie in {path}, which is read", "choose others"
                )
        files = runner.listed(job.paths)
        runner.schema(job.paths)  # says at once which of them is no Parquet
        fingerprint = _fingerprint(job, files)
        begun = _partitions_begun(runner.files.read(f"{between}/run.json"), fingerprint)
        there = runner.files.names(target)
        # A run that was killed as it wrote its output has left some of it there.
        if there and not overwrite and (begun is None or "summary.json" in there):
            raise SparkError(
                f"{output} is there and not empty",
                "choose another folder, or have it overwritten (--overwrite)",
            )
        n_bytes = sum(file.n_bytes for file in files)
        cores = self.session.sparkContext.defaultParallelism
        n = partitions or begun
        if n is None:
            by_size = max(n_bytes // PARTITION_BYTES, runner.n_rows(files) // PARTITION_ROWS) + 1
            n = min(max(2 * cores, by_size), MOST_PARTITIONS)
        if begun == n:
            kept = sum(name.endswith(".json") for name in runner.files.names(f"{between}/manifests"))
            left = f"{kept} stages" if kept != 1 else "one stage"
            on_note(f"going on with what an earlier run left in {work or f'{output}.work'}: {left}")
        runner.begin(between, n, fingerprint, replace=overwrite)
        try:
            results = run.run_stages(runner, job, on_note)
        except DedupError:
            if not runner.files.exists(f"{between}/manifests/arrivals.json"):
                runner.remove()  # there is nothing that a next run could go on with
            raise
        runner.files.remove(f"{target}/summary.json")
        for name, schema in TABLES.items():
            runner.export(*results.places[name], schema, f"{target}/{name}")
        runner.files.write(f"{target}/summary.json", json.dumps(results.counts, indent=1) + "\n")
        if not keep_work:
            runner.remove()
        return Found(output, results.counts, round(time.monotonic() - began, 3))


def _and_above(folder: str) -> list[str]:
    """Return a folder, with its scheme, and all that it lies in."""
    path = urlsplit(folder).path
    place, root = PurePosixPath(path), folder.removesuffix(path)
    return [f"{root}{each}".rstrip("/") for each in (place, *place.parents)]


def _partitions_begun(said: str | None, fingerprint: str) -> int | None:
    """Return the partitions of the run whose work folder says this, if it has the fingerprint.

    By default their number depends on the machines that have answered so far, which are others each time.
    """
    found = re.search(rf"(\d+) partitions, {fingerprint}\b", said or "")
    return int(found[1]) if found else None


def _fingerprint(job: run.Job, files: Sequence[FeedFile]) -> str:
    """Return what the stages but the last depend on: those of another run must not be taken up."""
    said = {
        "version": version("dedup"),
        "files": [(file.path, file.n_bytes, file.modified) for file in files],
        # The other settings matter to the last stage alone, whose name tells them apart.
        "settings": [job.settings.threshold, job.settings.furniture],
        "model": job.model.content_hash,
        "agencies": credit_rules(job.agencies),
        "mapping": dict(job.mapping),
        "clean": job.clean,
        "zones": [job.zones.naive, dict(job.zones.named)],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]
