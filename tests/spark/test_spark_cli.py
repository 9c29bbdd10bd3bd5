"""What ``dedup clusters --engine spark`` says when it cannot do what it is asked: one line, exit code 1."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.index.index import Index
from tests.spark.conftest import need_spark
from tests.spark.parity import write_articles

ROOT = Path(__file__).parents[2]


def run(
    *arguments: str | Path, engine: str = "spark", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dedup", "clusters", *map(str, arguments), "--engine", engine]
    inherited = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, env=inherited, capture_output=True, text=True, timeout=120)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--top", "5", "-o", "found"], "--top means nothing to --engine spark"),
        (["--format", "html", "--threads", "2", "-o", "found"], "--format, --threads means nothing"),
        ([], "--engine spark writes a folder of Parquet; name it: -o OUT"),
        (["-o", "found.csv"], "-o found.csv: --engine spark makes a folder"),
        (["-o", "found", "--spark-conf", "x"], "--spark-conf 'x' is not KEY=VALUE"),
        (["-o", "found", "--threshold", "7"], "threshold"),
    ],
)
def test_what_means_nothing_is_told_before_spark_is_started(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    assert expected in said(run(tmp_path / "articles.parquet", *arguments))


def test_an_index_is_no_feed(tmp_path: Path) -> None:
    with Index.create(tmp_path / "news.dedup") as idx:
        idx.add([str(ROOT / "samples" / "feed.jsonl")])
    line = said(run(tmp_path / "news.dedup", "-o", tmp_path / "found"))
    assert "is an index" in line
    assert "--all -o articles.parquet" in line


def test_options_of_spark_mean_nothing_without_it(tmp_path: Path) -> None:
    feed = ROOT / "samples" / "feed.jsonl"
    line = said(run(feed, "-o", tmp_path / "c.csv", "--overwrite", "--partitions", "3", engine="local"))
    assert "--partitions, --overwrite means nothing to this engine; give --engine spark as well" in line
    assert not (tmp_path / "c.csv").exists()


def test_without_pyspark_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").write_text("raise ModuleNotFoundError('no', name='pyspark')\n")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    line = said(run(tmp_path / "articles.parquet", "-o", tmp_path / "found", PYTHONPATH=paths))
    assert "pip install 'dedup[spark]'" in line


def test_a_master_that_is_not_there(tmp_path: Path) -> None:
    need_spark()
    feed = write_articles(ROOT / "samples" / "feed.jsonl", tmp_path / "articles.parquet")
    line = said(run(feed, "-o", tmp_path / "found", "--master", "spark://127.0.0.1:9"))
    assert "no Spark master answers at spark://127.0.0.1:9" in line
    assert not (tmp_path / "found").exists()
