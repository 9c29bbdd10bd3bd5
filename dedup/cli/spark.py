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

_FILES: Final = (".csv", ".jsonl", ".parquet", ".html", ".md")
_ONLY_HERE: Final = ("master", "spark_conf", "partitions", "work", "overwrite")
"""Those that mean nothing to the other engine."""


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
    from dedup.cli.facade import is_index, read_agencies, read_model
    from dedup.cli.progress import Progress
    from dedup.errors import DedupError
    from dedup.report.wording import count, percent
    from dedup.settings import Settings

    _refuse(context, [name for name in context.params if name not in _OPTIONS], "--engine spark")
    if index := next(filter(is_index, sources), None):
        # Its parts are Parquet, which could be read as a feed, with all that is in it but no more holds.
        raise DedupError(
            f"{index} is an index, and --engine spark reads Parquet articles",
            f"dedup export -i {index} --all -o articles.parquet",
        )
    if output is None:
        raise DedupError("--engine spark writes a folder of Parquet", "name it: -o OUT")
    if output.lower().endswith(_FILES):
        raise DedupError(
            f"-o {output}: --engine spark makes a folder, and this is the name of a file", "-o OUT"
        )
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
                on_note=progress.note,
            )
    n = found.counts
    progress.say(f"read {count(n['indexed'], 'article')}, {n.get('rejected', 0):,} rejected")
    share = percent(n["clustered"], n["articles"])
    holds = "holds" if n["clusters"] == 1 else "hold"
    chosen = (
        f"{n['clusters_shown']:,} of the clusters chosen, " if n["clusters_shown"] != n["clusters"] else ""
    )
    progress.say(
        f"{count(n['clusters'], 'cluster')} {holds} {n['clustered']:,} of them ({share}), {chosen}"
        f"{found.seconds:.1f} s; clusters, edges, composites, links and rejects are in {found.output}"
    )


def check_not_given(context: typer.Context) -> None:
    """Check that no option was given that only this engine heeds.

    Raises
    ------
    DedupError
    """
    _refuse(context, _ONLY_HERE, "this engine", "give --engine spark as well, or leave it out")


def _refuse(context: typer.Context, names: Sequence[str], whom: str, fix: str = "leave it out") -> None:
    """Raise if one of some options was given."""
    from dedup.errors import DedupError

    if strange := [name for name in names if _is_given(context, name)]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        raise DedupError(f"{named} means nothing to {whom}", fix)


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
