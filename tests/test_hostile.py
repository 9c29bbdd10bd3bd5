"""Feeds made to hurt: bounded in time and memory, and whatever they say only text comes of it.

Small here; at full size ``python -m tests.benchmarks.speed hostile``.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup import Index, read_feed
from dedup.sketch.minhash import sketch_articles
from tests.benchmarks.speed import colliding
from tests.benchmarks.speed.hostile_feed import KINDS, lines
from tests.commands import Command

STORY = (
    "The old mill by the weir caught fire on Tuesday night and burned until dawn, the fire brigade of "
    "Lower Wendale said. Nobody was hurt. Eleven engines came from four villages, and the last of them left "
    "at noon. The miller, Ada Prewitt, had sold the building to a brewery in March for 310,000 crowns."
)

_PEAK = Path("/proc/self/clear_refs")


@contextmanager
def bounded(seconds: float, megabytes: float) -> Iterator[None]:
    """Fail when what happens within takes more processor time, or more memory than there was before."""
    if sys.platform == "linux":
        _PEAK.write_text("5")  # the peak begins anew
        before = _memory("VmRSS")
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds
    if sys.platform == "linux":
        assert _memory("VmHWM") - before < megabytes


def _memory(name: str) -> float:
    said = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert said is not None
    return int(said[1]) / 1024


def settled(run: Callable[[], Any], seconds: float, megabytes: float) -> Any:
    """Return ``run()`` within bounds; the first time kernels may have to be compiled."""
    run()
    with bounded(seconds, megabytes):
        return run()


# ---------------------------------------------------------------- feeds made to be slow or to collide

SCALES = {
    "giant": 0.025,
    "equal": 0.01,
    "template": 0.002,
    "order": 0.02,
    "shingles": 0.2,
    "band": 0.01,
    "word": 0.02,
    "unicode": 0.02,
    "outlets": 0.01,
    "columns": 0.02,
}


def clustered(kind: str) -> dict[str, int]:
    """Return the size of the cluster of each article that is in one."""
    with Index.temporary() as index:
        index.add([json.loads(line) for line in lines(kind, SCALES[kind])])
        report = index.report()
    clusters = report.members["cluster_id"].to_pylist()
    sizes = Counter(clusters)
    articles = report.members["article_id"].to_pylist()
    return {article: sizes[one] for article, one in zip(articles, clusters, strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_feed_costs_seconds_and_no_false_cluster(kind: str) -> None:
    found = settled(lambda: clustered(kind), seconds=6, megabytes=400)
    if kind == "equal":
        assert set(found.values()) == {10_000}
    elif kind == "outlets":
        assert len(found) == 2_000
        assert set(found.values()) == {2}
    elif kind in ("giant", "template", "shingles", "band", "columns"):
        assert found == {}


def test_the_twins_really_collide_and_the_strangers_really_meet() -> None:
    """Else the test above would show nothing."""
    twins = list(colliding.twins(20, random.Random(1)))
    slots = sketch_articles(pa.nulls(20, pa.string()), pa.array(twins), leads=False)
    bodies = slots.signatures[slots.kind == 0]
    assert not any(
        set(one.split()) & set(other.split()) for one, other in zip(twins[::2], twins[1::2], strict=True)
    )
    assert ((bodies[::2] == bodies[1::2]).mean(axis=1) > 0.2).all()
    strangers = sketch_articles(
        pa.nulls(20, pa.string()), pa.array(list(colliding.strangers(20, random.Random(1))))
    )
    bodies = strangers.signatures[strangers.kind == 0]
    assert (bodies[:, :16] == bodies[0, :16]).all()
    assert np.mean(bodies[1:, 16:] == bodies[0, 16:]) < 0.5
    orders = sketch_articles(pa.nulls(5, pa.string()), pa.array(list(colliding.orders(5, random.Random(1)))))
    assert len(np.unique(orders.text_hash)) == 5
    assert (orders.signatures[orders.kind == 0] == orders.signatures[0]).all()


WIDE = {
    "csv": lambda n: (
        ",".join(["title", "text", *(f"c{k}" for k in range(n))]).encode()
        + b"\n"
        + 2 * (b"Mill on fire,It burns" + b",1" * n + b"\n")
    ),
    "jsonl": lambda n: (
        2 * (json.dumps({"title": "Mill on fire", **{f"c{k}": 1 for k in range(n)}}).encode() + b"\n")
    ),
    "json": lambda n: json.dumps([{"title": "Mill on fire", f"c{k}": k} for k in range(n)]).encode(),
    "nested": lambda n: (
        b'{"title": "Mill on fire", "x": ' + b"[" * n + b"]" * n + b"}\n" + b'{"title": "Mill"}\n'
    ),
}


@pytest.mark.parametrize("n", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow, id="full")])
@pytest.mark.parametrize("shape", WIDE)
def test_a_feed_of_very_many_columns(shape: str, n: int, tmp_path: Path) -> None:
    path = tmp_path / f"feed.{'jsonl' if shape == 'nested' else shape}"
    path.write_bytes(WIDE[shape](n))

    def rows() -> int:
        feed = read_feed(path)
        return sum(batch.articles.num_rows + len(batch.rejects) for batch in feed)

    with_rejects = settled(rows, seconds=n / 5_000, megabytes=150 + n / 250)
    assert with_rejects == (n if shape == "json" else 2)


# ---------------------------------------------------------------- ids

IDS = [
    "../../../etc/passwd",
    "/absolute",
    "C:\\windows\\x",
    "a/b//c",
    ".",
    "..",
    "'; DROP TABLE articles; --",
    '" OR 1=1',
    "%s%n{0}",
    "nul\0inside",
    "x" * 100_000,
    "Case",
    "case",
    "CASE",
    "-i",
    "--help",
    "*",
    "?",
    "\u202eevil",
    "\x1b[2J",
    "stra\u00dfe",
    "strasse",
    "e\u0301",
    "\u00e9",
    "0",
    "00",
    " 0",
    "null",
    "None",
    "\U0010ffff",
]


def test_every_id_comes_back_as_it_was_and_is_an_article_of_its_own(tmp_path: Path) -> None:
    records = [
        {"id": one, "outlet": f"O{k}", "title": "Mill on fire", "text": STORY} for k, one in enumerate(IDS)
    ]
    with Index.create(tmp_path / "i") as index:
        index.add(records)
        report = index.report()
        kept = [one.replace("\0", "") for one in IDS]  # no NUL anywhere in a feed is kept
        assert sorted(report.members["article_id"].to_pylist()) == sorted(kept)
        assert len(set(report.members["cluster_id"].to_pylist())) == 1
        for one in kept:
            assert index.explain(one, kept[0] if one != kept[0] else kept[1]) is not None
    assert {path.name for path in tmp_path.iterdir()} == {"i"}  # no id became a path


# ---------------------------------------------------------------- what a terminal would obey

EVIL = (
    "\x1b[31mred\x1b]0;title\x07 \x1bP1;2|x\x1b\\ \u202eeurt \u2066in\u2069 "
    "\x9b1m \x08\x00\r\ttab\u2028[bold]x[/bold]"
)
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def evil_feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    outlets = ("Post", "Times", "Herald")
    records = [
        {
            "id": f"{k}{EVIL}",
            "title": f"Mill on fire {EVIL}",
            "outlet": f"{outlet} {EVIL}",
            "byline": f"By Ann {EVIL}, The Associated Press",
            "url": f"javascript:{EVIL}",
            "section": EVIL,
            "published": f"2025-03-04T1{k}:00:00Z",
            "text": f"WENDALE (AP) - {EVIL} {STORY} {EVIL}",
        }
        for k, outlet in enumerate(outlets)
    ]
    rubbish = [
        json.dumps({"title": "Dated", "published": EVIL}),
        f"{EVIL} not json".replace("\r", ""),
        json.dumps([EVIL]),
    ]
    path.write_text(
        "".join(json.dumps(one) + "\n" for one in records) + "\n".join(rubbish) + "\n", newline=""
    )
    return path


def test_no_command_prints_what_a_terminal_would_obey(
    evil_feed: Path, tmp_path: Path, dedup: Command
) -> None:
    index = tmp_path / "i"
    question = tmp_path / "question.jsonl"
    question.write_bytes(evil_feed.read_bytes())
    ids = [f"{k}{EVIL}" for k in range(2)]
    commands = [
        ("index", evil_feed, "-i", index),
        ("index", evil_feed, "-i", index, "--dry-run"),
        ("clusters", evil_feed),
        ("clusters", index),
        ("clusters", evil_feed, "--map", f"title={EVIL}".replace("\0", "")),
        ("show", "-i", index, ids[0]),
        ("show", "-i", index, EVIL),
        ("explain", "-i", index, *ids),
        ("explain", "-i", index, ids[0], EVIL),
        ("query", "-i", index, question),
        ("stats", "-i", index, "--rejects"),
        ("stats", "-i", index, "--furniture"),
        ("credits", index, "--all"),
        ("outlets", index),
        ("outlets", index, "--by", "family"),
        ("clusters", tmp_path / EVIL.replace("\0", "").replace("/", "")),
    ]
    for command in commands:
        done = dedup(*command)
        assert done.returncode in (0, 1), (command, done.stderr)
        assert "Traceback" not in done.stderr
        assert "error: unexpected" not in done.stderr, (command, done.stderr)
        acts = ACTS.search(done.stdout + done.stderr)
        assert acts is None, (
            command[0],
            acts,
            (done.stdout + done.stderr)[max(0, acts.start() - 60) :][:120],
        )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<b>", "file:///etc/passwd", "JaVaScRiPt:x", "vbscript:x"]
)
def test_no_report_links_to_anything_but_the_web(url: str, tmp_path: Path, dedup: Command) -> None:
    feed = tmp_path / "feed.jsonl"
    records = [
        {"id": k, "outlet": f"O{k}", "title": "Mill on fire", "url": url, "text": STORY} for k in range(2)
    ]
    feed.write_text("".join(json.dumps(one) + "\n" for one in records))
    assert dedup("clusters", feed, "--format", "html", "-o", tmp_path / "r.html").returncode == 0
    links = _Links()
    links.feed((tmp_path / "r.html").read_text())
    assert not [link for link in links.found if link.lower().startswith(url[:5].lower())]
    digest = dedup("clusters", feed, "--format", "md").stdout
    assert "Mill on fire" in digest
    assert not re.search(rf"\]\(\s*<?{re.escape(url[:5])}", digest, re.IGNORECASE)


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "=cmd|' /C calc'!A0",
    "\t=1",
    "\r=1",
    "\uff1d1+1",
    '=HYPERLINK("http://x")',
]


def test_a_safe_csv_has_no_cell_that_a_spreadsheet_runs(tmp_path: Path, dedup: Command) -> None:
    feed = tmp_path / "feed.jsonl"
    records = [
        {
            "id": f"{said}{k}",
            "outlet": f"{said}{k}",
            "title": f"{said} mill on fire",
            "byline": said,
            "text": STORY,
            "url": said,
        }
        for said in FORMULAS
        for k in range(2)
    ]
    feed.write_text("".join(json.dumps(one) + "\n" for one in records))
    assert dedup("clusters", feed, "--format", "csv", "--csv-safe", "-o", tmp_path / "r.csv").returncode == 0
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 2 * len(FORMULAS)
    number = re.compile(r"-?\d+(\.\d+)?")  # a lag may be below zero
    assert not [
        c for row in rows for c in row if re.match("[=+@\t\r\n\uff1d-]", c) and not number.fullmatch(c)
    ]
    assert sum(cell.startswith("'") for row in rows for cell in row) > 2 * len(FORMULAS)


# ---------------------------------------------------------------- time at its ends

TIMES: list[Any] = [
    "0001-01-01",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    -1,
    0,
    -62135596800,
    253402300799,
    2**63 - 1,
    -(2**63),
    1e308,
    -1e-300,
    "1e999",
    "-0001-01-01",
    "99999-01-01",
    "1600-01-01",
    "2100-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2024-02-30",
    "2024-12-31T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "",
]


def test_dates_at_the_ends_of_time_cost_no_article(tmp_path: Path, dedup: Command) -> None:
    feed = tmp_path / "feed.jsonl"
    records = [
        {"id": f"a{k}", "outlet": f"O{k}", "title": "Mill on fire", "published": when, "text": STORY}
        for k, when in enumerate(TIMES)
    ]
    feed.write_text("".join(json.dumps(one) + "\n" for one in records))
    for format in ("table", "csv", "jsonl", "html", "md", "parquet"):
        done = dedup("clusters", feed, "--format", format, "-o", tmp_path / f"r.{format}")
        assert done.returncode == 0, done.stderr
    with (tmp_path / "r.csv").open(newline="") as file:
        assert {row["article_id"] for row in csv.DictReader(file)} == {f"a{k}" for k in range(len(TIMES))}


# ---------------------------------------------------------------- Unicode that JSON can hold and UTF-8 cannot

SURROGATES = [
    "\\ud800",
    "\\udfff\\ud800",
    "x\\ud83d",
    "\\ude80\\ud83d",
    "\\uffff\\ufffe\\ufdd0",
    "\\u0000",
    "\\u202e",
]


@pytest.mark.parametrize("said", SURROGATES)
def test_lone_surrogates_in_json_are_mended_wherever_they_stand(
    said: str, tmp_path: Path, dedup: Command
) -> None:
    feed = tmp_path / "feed.jsonl"
    line = (
        '{"id": "%s%d", "outlet": "O%d%s", "title": "Mill %s on fire", "text": "%s %s", '
        '"url": "http://x/%s", "%s": 1}\n'
    )
    feed.write_text("".join(line % (said, k, k, said, said, said, STORY, said, said) for k in range(2)))
    for format in ("csv", "jsonl", "html", "md", "parquet"):
        done = dedup("clusters", feed, "--format", format, "-o", tmp_path / f"r.{format}")
        assert done.returncode == 0, done.stderr
        assert "1 cluster holds 2" in done.stderr
    (tmp_path / "r.jsonl").read_text(encoding="utf-8")
