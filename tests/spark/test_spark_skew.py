"""Articles of one text, and fill-ins of one template, gather at one place and cost no more for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.confirm.model import load_model
from dedup.engines.spark import pairing, run
from dedup.engines.spark.runner import InProcess
from dedup.report.schema import MEMBER_SCHEMA
from dedup.settings import Settings
from dedup.sketch.check import checked_pairs
from tests.spark.parity import differences, found_locally
from tests.spark.skew import SCHEMA, write, write_equal, write_template

N = 3_000


def run_in_packets(paths: list[Path]) -> tuple[InProcess, pa.Table, dict[str, int]]:
    runner = InProcess(4)
    results = run.run_stages(runner, run.Job(tuple(map(str, paths)), Settings(), load_model(None)))
    tables = runner.collect(*results.places["clusters"])
    return runner, pa.concat_tables([MEMBER_SCHEMA.empty_table(), *tables]), results.counts


@pytest.mark.parametrize("kind", ["equal", "template"])
def test_a_skewed_feed_is_the_same_articles_in_any_number_of_files(tmp_path: Path, kind: str) -> None:
    one, three = write(kind, tmp_path / "one", 100), write(kind, tmp_path / "three", 100, 3)
    assert (len(one), len(three)) == (1, 3)
    table = pa.concat_tables([pq.read_table(path, partitioning=None) for path in three])
    assert table.schema.equals(SCHEMA)
    assert table.equals(pq.read_table(one[0]))
    assert len(set(table["id"].to_pylist())) == 100
    assert len(set(table["text"].to_pylist())) == {"equal": 1, "template": 100}[kind]


def test_equal_texts_are_one_cluster_and_no_pair(tmp_path: Path) -> None:
    paths = write_equal(tmp_path / "equal", N, 3)
    _, found, counts = run_in_packets(paths)
    assert differences(
        {"clusters": found}, {"clusters": found_locally(paths, tmp_path / "index")["clusters"]}
    ) == {"clusters": 0}
    assert len(found) == N
    assert len(set(found["cluster_id"].to_pylist())) == 1
    assert (counts["distinct_texts"], counts["candidate_pairs"]) == (1, 0)


def test_fill_ins_of_a_template_meet_few_others_and_are_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = 0

    def counted(*given: Any) -> int:
        nonlocal met
        n_met = checked_pairs(*given)
        met += n_met
        return n_met

    monkeypatch.setattr(pairing, "checked_pairs", counted)
    n = 6_000
    _, found, counts = run_in_packets(write_template(tmp_path, n, 3))
    assert len(found) == 0
    assert counts["distinct_texts"] == n
    assert n < met < 200 * n  # 125 n; 181,302 n were no bucket capped, and that doubles with n
    assert n < counts["candidate_pairs"] < 20 * n
