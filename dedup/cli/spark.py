"""``dedup clusters --engine spark``: Parquet in, Parquet out, on as many machines as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer

_OPTIONS: Final = (
    "threshold", "window", "no_furniture", "since", "until", "model", "agencies", "min_size", "outlet",
    "across_outlets", "relation", "output", "mapping", "no_clean", "timezone", "tz", "engine", "master",
    "spark_conf", "partitions", "work", "overwrite", "sources",
)  # fmt: skip
"""Options of ``dedup clusters`` that mean something here."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a run takes place, as the options say it.

    Parameters
    ----------
    master : str, optional
    conf : sequence of str
        Each ``KEY=VALUE``.
    partitions : int, optional
    work : str, optional
    overwrite : bool
    """

    master: str | None
    conf: Sequence[str]
    partitions: int | None
    work: str | None
    overwrite: bool


def clusters_on_spark(
    context: typer.Context, sources: Sequence[str], output: str | None, cluster: Cluster, **settings: Any
) -> None:
    """Find the clusters of Parquet files on Spark, and write them to the folder `output`.

    Parameters
    ----------
    context : typer.Context
        Of ``dedup clusters``: what was given, and the options that are read as for the other engine.
    sources : sequence of str
    output : str, optional
        Must be given; any path that Hadoop knows.
    cluster : Cluster
    **settings
        Of `dedup.settings.Settings.from_text`.

    Raises
    ------
    DedupError
        As the engine raises it; what is given and means nothing here; no package.
    """
    from dedup.cli import options
    from dedup.cli.facade import read_agencies, read_model
    from dedup.cli.progress import Progress
    from dedup.errors import DedupError
    from dedup.report.wording import count, percent
    from dedup.settings import Settings

    given = [name for name in context.params if _is_given(context, name)]
    if strange := [name for name in given if name not in _OPTIONS]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        raise DedupError(f"{named} means nothing to --engine spark", "leave it out")
    if output is None:
        raise DedupError("--engine spark writes a folder of Parquet", "name it: -o OUT")
    asked = Settings.from_text(**settings)
    said = context.params
    reading = options.feed_options(
        said["mapping"], None, None, None, said["no_clean"], said["timezone"], said["tz"]
    )
    conf = _parsed(cluster.conf)
    judged_by, known = read_model(said["model"]), read_agencies(said["agencies"])
    engine = _engine()
    with Progress() as progress:
        progress.stage("starting Spark", 0, 0)
        with engine(master=cluster.master, conf=conf) as spark:
            found = spark.clusters(
                sources,
                output,
                asked,
                model=judged_by,
                agencies=known,
                mapping=reading["mapping"],
                clean=reading["clean"],
                timezone=reading["timezone"],
                zones=reading["zones"],
                partitions=cluster.partitions,
                work=cluster.work,
                overwrite=cluster.overwrite,
                on_stage=lambda name: progress.stage(name, 0, 0),
            )
    n = found.counts
    progress.say(f"read {count(n['articles'], 'article')}, {n.get('rejected', 0):,} rejected")
    share = percent(n["clustered"], n["articles"])
    progress.say(
        f"{count(n['clusters'], 'cluster')} hold {n['clustered']:,} of them ({share}), "
        f"{found.seconds:.1f} s; clusters, edges, composites and links are in {found.output}"
    )


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")


def _parsed(conf: Sequence[str]) -> dict[str, str]:
    from dedup.errors import SettingsError

    parsed = {}
    for one in conf:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise SettingsError(f"--spark-conf {one!r} is not KEY=VALUE")
        parsed[key] = value
    return parsed


def _engine() -> Any:
    from dedup.errors import MissingPackageError

    try:
        from dedup.engines.spark.engine import SparkEngine
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pyspark", "py4j"):
            raise
        raise MissingPackageError(
            "--engine spark needs PySpark, which is not installed", "pip install 'dedup[spark]'"
        ) from None
    return SparkEngine
