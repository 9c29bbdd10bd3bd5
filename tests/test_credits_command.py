"""``dedup credits``: each article, the agency it credits, and the words that say so."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as parquet

import dedup as package
from dedup.report.schema import CREDIT_SCHEMA
from dedup.text.credit import find_credit, load_agencies
from tests.commands import Command

ARTICLES = [
    {
        "id": "a",
        "outlet": "The Mill Times",
        "text": "VELMARA (Reuters) - The mill has closed.",
        "title": "Mill closes",
    },
    {
        "id": "b",
        "outlet": "Harbor Sentinel",
        "text": "It closed.\n(With inputs from PTI)",
        "title": "Mill to close",
    },
    {
        "id": "c",
        "outlet": "Harbor Sentinel",
        "text": "The minister told Reuters that it closed.",
        "title": "Minister",
    },
    {
        "outlet": "Reuters",
        "url": "https://www.reuters.com/1",
        "text": "The mill has closed.",
        "title": "Mill closes",
    },
    {
        "id": "e",
        "title": "Rain\u202e \u001b[31m",
        "byline": "Wire",
        "text": "It rained.",
        "outlet": "=Beacon",
    },
]


def feed(folder: Path) -> Path:
    path = folder / "feed.jsonl"
    path.write_text("".join(json.dumps(article) + "\n" for article in ARTICLES), encoding="utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_credit_is_a_row_with_its_span(tmp_path: Path, dedup: Command) -> None:
    done = dedup("credits", feed(tmp_path), "--format", "csv")
    found = {row["article_id"]: row for row in rows(done.stdout)}
    assert [(row["agency"], row["tier"], row["kind"], row["field"]) for row in found.values()] == [
        ("Reuters", "sure", "dateline", "text"),
        ("PTI", "likely", "credit-line", "text"),
        ("Reuters", "sure", "url", "url"),
        ("agencies", "hint", "byline", "byline"),
    ]
    start, end = int(found["a"]["start"]), int(found["a"]["end"])
    assert ARTICLES[0]["text"][start:end] == found["a"]["evidence"] == "VELMARA (Reuters) -"
    assert [row["own_site"] for row in found.values()] == ["false", "false", "true", "false"]
    assert "5 articles, 4 credit an agency (80 %): 2 sure, 1 likely, 1 hint" in done.stderr


def test_a_feed_and_its_index_say_the_same(tmp_path: Path, dedup: Command) -> None:
    path, folder = feed(tmp_path), tmp_path / "news.dedup"
    assert dedup("index", path, "-i", folder).returncode == 0
    of_feed = rows(dedup("credits", path, "--format", "csv", "--all").stdout)
    of_index = rows(dedup("credits", folder, "--format", "csv", "--all").stdout)
    assert len(of_feed) == 5
    by_id = [sorted(some, key=lambda row: row["article_id"]) for some in (of_feed, of_index)]
    assert by_id[0] == by_id[1]
    with package.Index.open(folder) as index:
        batches = list(index.credits())
    assert batches[0].schema.equals(CREDIT_SCHEMA)
    assert sum(batch.num_rows for batch in batches) == 5


def test_a_choice_of_agency_and_tier(tmp_path: Path, dedup: Command) -> None:
    path = feed(tmp_path)

    def ids(*options: str) -> list[str]:
        return [row["agency"] for row in rows(dedup("credits", path, "--format", "csv", *options).stdout)]

    assert ids("--agency", "reuters") == ["Reuters", "Reuters"]
    assert ids("--agency", "PTI", "--agency", "Reuters", "--tier", "sure") == ["Reuters", "Reuters"]
    assert ids("--tier", "likely") == ["Reuters", "PTI", "Reuters"]
    assert ids("--tier", "sure", "--all") == ["Reuters", "", "Reuters"]
    assert ids("--top", "1") == ["Reuters"]


def test_the_page_counts_agencies_and_shows_the_words(tmp_path: Path, dedup: Command) -> None:
    page = dedup("credits", feed(tmp_path)).stdout.splitlines()
    assert page[0].split() == ["agency", "sure", "likely", "hint"]
    assert page[1].split() == ["Reuters", "2"]
    assert any(line.endswith("VELMARA (Reuters) -") for line in page)
    assert any("url: www.reuters.com" in line for line in page)
    assert all(len(line) <= 100 and "\x1b" not in line for line in page)
    short = dedup("credits", feed(tmp_path), "--top", "2").stdout
    assert "2 of 4 articles shown" in short
    nothing = dedup("credits", feed(tmp_path), "--agency", "AFP")
    assert "Reuters" in nothing.stdout  # the counts are of the whole feed


def test_a_feed_without_credits_is_told_kindly(tmp_path: Path, dedup: Command) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_text('{"title": "Rain", "text": "It rained."}\n')
    done = dedup("credits", path)
    assert done.stdout == "No credits: no article says that an agency's copy is in it.\n"
    assert done.returncode == 0


def test_files_of_each_format(tmp_path: Path, dedup: Command) -> None:
    path = feed(tmp_path)
    for suffix in ("csv", "jsonl", "parquet", "txt"):
        assert dedup("credits", path, "-o", tmp_path / f"credits.{suffix}").returncode == 0
    assert parquet.read_table(tmp_path / "credits.parquet").schema.equals(CREDIT_SCHEMA)
    first = json.loads((tmp_path / "credits.jsonl").read_text().splitlines()[0])
    assert (first["article_id"], first["start"], first["end"]) == ("a", 0, 19)
    safe = dedup("credits", path, "--format", "csv", "--csv-safe").stdout
    assert "'=Beacon" in safe


def test_the_table_of_agencies_is_printed_and_read_back(tmp_path: Path, dedup: Command) -> None:
    done = dedup("credits", "--list")
    assert {one["name"] for one in json.loads(done.stdout)["agencies"]} == {
        one.name for one in load_agencies()
    }
    mine = tmp_path / "mine.json"
    mine.write_text(done.stdout.replace('"name":"Reuters"', '"name":"Roiters"'), encoding="utf-8")
    found = rows(dedup("credits", feed(tmp_path), "--format", "csv", "--agencies", mine).stdout)
    assert found[0]["agency"] == "Roiters"
    merged = dedup("credits", "--list", "--agencies", mine)
    assert "Roiters" in merged.stdout
    assert dedup("credits").returncode == 2


def test_the_api_finds_what_the_command_finds() -> None:
    assert package.find_credit is find_credit
    found = package.find_credit(text="VELMARA (Reuters) - The mill has closed.")
    assert found is not None
    assert found.agency == "Reuters"
    assert package.load_agencies() == load_agencies()
