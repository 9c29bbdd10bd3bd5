"""`SparkEngine` on a real session gives what the engine for one machine gives, and no text to the driver."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.spark.conftest import NEWS, need_spark
from tests.spark.parity import differences, found_locally, write_articles

SAMPLES = Path(__file__).parents[2] / "samples"
MARK = "qzxmarkword"
"""A word that stands in every text and every headline, and nowhere else."""


def marked_articles(folder: Path) -> list[Path]:
    """The samples in three files, the mark in each text and headline."""
    table = pq.read_table(write_articles(SAMPLES / "feed.jsonl", folder.parent / "all.parquet"))
    for name in ("title", "text"):
        values = [value and f"{value} {MARK}" for value in table[name].to_pylist()]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.string()))
    folder.mkdir()
    paths = []
    for part in range(3):
        paths.append(folder / f"part-{part}.parquet")
        pq.write_table(table.slice(part * 130, 130), paths[-1], row_group_size=50)
    return paths


@pytest.fixture
def reaching_driver(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All that Spark hands to the driver's Python, and all functions the driver hands to Spark, as bytes."""
    need_spark()
    from pyspark import cloudpickle
    from pyspark.sql.classic.dataframe import DataFrame

    seen: list[bytes] = []

    def watch(name: str) -> None:
        original: Callable[..., Any] = getattr(DataFrame, name)

        def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(self, *args, **kwargs)
            seen.append(cloudpickle.dumps(result))
            return result

        monkeypatch.setattr(DataFrame, name, watched)

    for name in ("collect", "toArrow", "toPandas", "take", "head", "first", "tail"):
        watch(name)
    original_map = DataFrame.mapInArrow

    def mapped(self: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        seen.append(cloudpickle.dumps(function))
        return original_map(self, function, *args, **kwargs)

    monkeypatch.setattr(DataFrame, "mapInArrow", mapped)

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a way to the driver that is not watched here")

    for name in ("toLocalIterator", "foreach", "foreachPartition", "checkpoint", "show"):
        monkeypatch.setattr(DataFrame, name, refused)
    monkeypatch.setattr(DataFrame, "rdd", property(refused))
    return seen


def tables(output: Path) -> dict[str, pa.Table]:
    from dedup.engines.spark.engine import TABLES

    return {name: pq.read_table(output / name).cast(TABLES[name]) for name in TABLES if name != "rejects"}


def test_the_same_clusters_and_no_text_on_the_driver(
    spark: Any, reaching_driver: list[bytes], tmp_path: Path
) -> None:
    from dedup.engines.spark.engine import SparkEngine

    paths = marked_articles(tmp_path / "articles")
    output = tmp_path / "found"
    begun: list[str] = []
    found = SparkEngine(spark).clusters(
        str(tmp_path / "articles"), str(output), partitions=3, keep_work=True, on_stage=begun.append
    )
    expected = found_locally(paths, tmp_path / "index")
    assert differences(tables(output), expected) == {"clusters": 0, "composites": 0, "links": 0, "edges": 0}
    assert len(expected["clusters"]) > 100
    assert json.loads((output / "summary.json").read_text()) == found.counts

    mark = MARK.encode()
    assert len(reaching_driver) > len(begun)
    assert not any(mark in data for data in reaching_driver)
    kept = sorted((tmp_path / "found.work" / "stages" / "texts").rglob("*.parquet"))
    nodes = [pq.ParquetFile(path).read(["data"])["data"].to_pylist() for path in kept if "node" in str(path)]
    assert any(mark in data for packets in nodes for data in packets), (
        "it does stand in what the workers have"
    )

    # As if killed while it wrote: asked again, in the same words or without a number of partitions, which
    # then depends on the machines there are, each stage is found, none is run, and the output is made whole.
    begun.clear()
    (output / "summary.json").unlink()
    shutil.rmtree(output / "links")
    SparkEngine(spark).clusters(str(tmp_path / "articles"), str(output), on_stage=begun.append)
    assert begun == []
    assert differences(tables(output), expected)["clusters"] == 0
    assert not (tmp_path / "found.work").exists()


def test_paths_may_be_those_of_any_file_system_that_hadoop_knows(spark: Any, tmp_path: Path) -> None:
    from dedup.engines.spark.engine import SparkEngine

    disk = Path(urlsplit(spark.sparkContext.getConf().get(NEWS)).path)
    feed = write_articles(SAMPLES / "feed.jsonl", disk / "feed.parquet")
    notes: list[str] = []
    for overwrite in (False, True):
        found = SparkEngine(spark).clusters(
            "viewfs://news/news/*.parquet",
            "viewfs://news/news/out/found",
            partitions=2,
            overwrite=overwrite,
            on_note=notes.append,
        )
        assert found.counts["clusters"] > 40
    assert all(note.startswith("viewfs://news/news/feed.parquet: ") for note in notes)
    expected = found_locally([feed], tmp_path / "index")
    got = tables(disk / "out" / "found")
    assert set(got["clusters"]["file"].to_pylist()) == {"viewfs://news/news/feed.parquet"}
    got["clusters"], expected["clusters"] = (
        each["clusters"].drop_columns(["file"]) for each in (got, expected)
    )
    assert not any(differences(got, expected).values())
    assert [path.name for path in (disk / "out").iterdir()] == ["found"]


def test_an_output_that_is_there_is_kept(spark: Any, tmp_path: Path) -> None:
    from dedup.engines.spark.engine import SparkEngine
    from dedup.errors import DedupError

    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "mine.txt").write_text("mine")
    feed = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"title": ["Lamp found"]}), feed)
    with pytest.raises(DedupError, match="not empty"):
        SparkEngine(spark).clusters(str(feed), str(tmp_path / "found"))
    with pytest.raises(DedupError, match="lie in"):  # the next run would read what this one writes
        SparkEngine(spark).clusters(str(tmp_path), str(tmp_path / "new"))
    for inside in ("work", "work/found"):  # which goes once all is done
        with pytest.raises(DedupError, match="lies in the work folder"):
            SparkEngine(spark).clusters(str(feed), str(tmp_path / inside), work=str(tmp_path / "work"))
    (tmp_path / "other.work").mkdir()
    (tmp_path / "other.work" / "run.json").write_text('{"format": "dedup spark run 1"}')
    with pytest.raises(DedupError, match=r"lies in the work folder .*other\.work;"):
        SparkEngine(spark).clusters(str(feed), str(tmp_path / "other.work" / "a" / "found"))
    (tmp_path / "feed.jsonl").write_text("{}")
    with pytest.raises(DedupError, match=r"feed\.jsonl: it is not a Parquet file; .* reads Parquet articles"):
        SparkEngine(spark).clusters(str(tmp_path / "feed.jsonl"), str(tmp_path / "new"))
    assert (tmp_path / "found" / "mine.txt").read_text() == "mine"
    with pytest.raises(DedupError, match="nowhere"):
        SparkEngine(spark).clusters(str(tmp_path / "nowhere.parquet"), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "numbers.parquet")
    with pytest.raises(DedupError, match="title"):
        SparkEngine(spark).clusters(str(tmp_path / "numbers.parquet"), str(tmp_path / "new"))
    assert not (tmp_path / "new.work").exists()
