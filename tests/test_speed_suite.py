"""The speed suite: its feeds are made the same again and read like their base; no process goes missing."""

from __future__ import annotations

import csv
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.speed.chain import learn
from tests.benchmarks.speed.context import Context
from tests.benchmarks.speed.curve import draw
from tests.benchmarks.speed.feeds import Feeds
from tests.benchmarks.speed.likeness import beside, measure_likeness
from tests.benchmarks.speed.make_feed import make_feed, more_beside
from tests.benchmarks.speed.measure import Contestant, alternate, run
from tests.benchmarks.speed.plan import COPIES, make_plan
from tests.benchmarks.speed.section_feed import peers
from tests.benchmarks.speed.table import process_table
from tests.benchmarks.speed.truth import score
from tests.feeds import word

N = 1_200


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feed of words as frequent as words are, with quotes that are not ASCII in four articles of five."""
    rng = random.Random("base")
    known = [word(rng) for _ in range(30_000)]
    path = tmp_path_factory.mktemp("base") / "base.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(600):
            words = [known[int(30_000 * rng.random() ** 6)] for _ in range(rng.randint(300, 900))]
            text = ". ".join(" ".join(words[k : k + 15]).capitalize() for k in range(0, len(words), 15))
            text = text.replace(". ", ".” “", 3) if number % 5 else text
            record = {
                "id": str(number),
                "title": " ".join(words[:8]).title(),
                "text": text + '.\n\nThe "end".',
            }
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "made.jsonl"
    make_feed(learn(base), out, N, more=100)
    return out


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(base, made, tmp_path):
    style = learn(base)
    make_feed(style, tmp_path / "again.jsonl", N, more=100)
    make_feed(style, tmp_path / "other.jsonl", N, more=100, seed=1)
    assert (tmp_path / "again.jsonl").read_bytes() == made.read_bytes()
    assert more_beside(tmp_path / "again.jsonl").read_bytes() == more_beside(made).read_bytes()
    assert (tmp_path / "other.jsonl").read_bytes() != made.read_bytes()


def test_a_made_feed_reads_like_its_base(base, made):
    known, found = measure_likeness(base), measure_likeness(made)
    assert found.articles == N
    assert found.mean_bytes == pytest.approx(known.mean_bytes, rel=0.15)  # furniture adds some
    assert found.non_ascii_articles == pytest.approx(known.non_ascii_articles, abs=0.06)
    half = measure_likeness(made, 600)
    assert half.distinct[600] == pytest.approx(known.distinct[600], rel=0.2)
    assert found.top[100] == pytest.approx(known.top[100], abs=0.05)
    assert "distinct words in 1,000" in beside(known, found)


def test_every_record_is_whole_and_the_truth_has_all(made):
    records = [
        json.loads(line) for path in (made, more_beside(made)) for line in path.read_bytes().splitlines()
    ]
    truth = list(csv.DictReader(made.with_suffix(".truth.csv").open()))
    assert [record["id"] for record in records] == [row["article_id"] for row in truth]
    assert len(records) == N + 100
    assert set(records[0]) == {"id", "outlet", "byline", "url", "published", "title", "text"}
    assert all(record["text"].strip() and record["title"].strip() for record in records)
    verbatim = next(row for row in truth if row["relation"] == "verbatim")
    original = next(row for row in truth if row["cluster_id"] == verbatim["cluster_id"])
    texts = {record["id"]: record["text"] for record in records}
    longest = max(texts[original["article_id"]].split("\n"), key=len)
    assert longest[5:60].isascii() is False or longest[5:60] in texts[verbatim["article_id"]]


def test_the_plan_has_its_share_of_copies_and_clusters_of_all_sizes():
    plan = make_plan(50_000, 0)
    assert (plan.relation > 0).mean() == pytest.approx(COPIES, abs=0.02)
    sizes = Counter(Counter(plan.story.tolist()).values())
    assert sizes[2] > sizes[3] > sizes[4] > 0
    assert max(sizes) > 100
    first = {story: number for number, story in reversed(list(enumerate(plan.story.tolist())))}
    assert not plan.relation[sorted(first.values())].any()  # the first of a story is its original


def test_a_process_that_fails_or_is_missing_keeps_its_row():
    measured = alternate(
        [
            Contestant("parse", [sys.executable, "-c", "pass"]),
            Contestant("broken", [sys.executable, "-c", "raise SystemExit('no luck')"]),
            Contestant("absent", []),
        ],
        2,
    )
    table = process_table(measured, 1_000, 1.0).splitlines()
    assert len(measured[0].runs) == 2
    assert "1.0" in next(line for line in table if line.startswith("parse"))
    assert "no luck" in next(line for line in table if line.startswith("broken"))
    assert "not installed" in next(line for line in table if line.startswith("absent"))


def test_every_peer_is_listed_where_none_is_installed(tmp_path, made):
    nowhere = dict.fromkeys(("rensa", "text_dedup", "datatrove"), str(tmp_path / "no-python"))
    listed = peers(Context(Feeds(tmp_path), peers=nowhere), made)
    assert {one.name.split(",")[0] for one in listed} == {"rensa", "text-dedup", "datatrove"}
    assert all(not one.command for one in listed)


def test_a_process_is_measured_with_what_it_starts_and_stopped_when_it_takes_too_long():
    work = (
        "import subprocess, sys; x = bytearray(60_000_000); subprocess.run([sys.executable, '-c', {child!r}])"
    )
    busy = run([sys.executable, "-c", work.format(child="sum(range(6_000_000))")])
    idle = run([sys.executable, "-c", work.format(child="pass")])
    assert busy.cpu > idle.cpu + 0.02
    assert 60e6 < idle.peak < 160e6
    late = run([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0.5)
    assert late.code != 0
    assert late.wall < 20
    assert "too slow" in late.said


def test_pairs_are_scored_against_the_truth(tmp_path):
    (tmp_path / "truth.csv").write_text("article_id,cluster_id\na,1\nb,1\nc,1\nd,\ne,2\nf,2\n")
    (tmp_path / "found.csv").write_text("article_id,cluster_id\na,x\nb,x\nd,x\n")
    found = score(tmp_path / "found.csv", tmp_path / "truth.csv")
    assert found == {"precision": 1 / 3, "recall": 1 / 4, "pairs": 3.0}


def test_the_curve_is_drawn_with_and_without_stages(tmp_path):
    process = {"wall": 2.0, "peak": 1e8, "failure": ""}
    stage = {"command": "index", "name": "read", "seconds": 1.0}
    sizes = [
        {
            "articles": n,
            "megabytes": n / 100,
            "stages": [stage],
            "parse": process,
            "index": process,
            "clusters": process,
        }
        for n in (1_000, 10_000)
    ]
    draw(sizes, tmp_path / "stages.png")
    draw([one | {"stages": []} for one in sizes], tmp_path / "plain.png")
    assert (tmp_path / "stages.png").stat().st_size > (tmp_path / "plain.png").stat().st_size > 5_000
