"""What cleaning changed can be had back, and changes neither keys nor versions."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dedup as package
from dedup.article import ARTICLE_SCHEMA, FEED_SCHEMA
from dedup.feeds import read_feed
from dedup.index.catalog_schema import FORMAT_VERSION
from dedup.index.identity import article_keys, content_hashes
from dedup.index.parts import PART_SCHEMA, SINCE_FORMAT_2, footer_checksum, write_parquet
from tests.commands import Command

RECORDS = [
    {"id": "a", "source": "Bulletin", "title": "Lamp &amp; boat", "text": "The light\u00adhouse\r\nshone.",
     "author": "Jos&eacute; Bo"},
    {"source": "Harbour", "title": "It&#8217;s fog", "text": "<p>Fog &lt;b&gt;here&lt;/b&gt;.</p>"},
    {"source": "Plain", "title": "Nothing to do", "text": "Plain text."},
]  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    return path


def test_an_article_knows_what_it_was(feed: Path, tmp_path: Path) -> None:
    with package.Index.create(tmp_path / "x.dedup") as index:
        index.add(feed)
        article = index.article("a")
    assert (article.title, article.original_title) == ("Lamp & boat", "Lamp &amp; boat")
    assert (article.text, article.original_text) == (
        "The lighthouse\nshone.",
        "The light\u00adhouse\r\nshone.",
    )
    assert (article.byline, article.original_byline) == ("José Bo", "Jos&eacute; Bo")


def test_what_was_not_changed_has_no_original(feed: Path) -> None:
    rows = read_feed(feed).to_table().to_pylist()
    assert [rows[2][f"original_{name}"] for name in ("title", "text", "byline")] == [None] * 3


def test_keys_and_hashes_are_those_of_the_feed_uncleaned(feed: Path) -> None:
    cleaned = read_feed(feed).to_table().combine_chunks().to_batches()[0]
    as_it_came = read_feed(feed, clean=False).to_table().combine_chunks().to_batches()[0]
    assert cleaned["title"] != as_it_came["title"]
    assert article_keys(cleaned).tolist() == article_keys(as_it_came).tolist()
    assert content_hashes(cleaned).tolist() == content_hashes(as_it_came).tolist()
    assert article_keys(cleaned.slice(1)).tolist() == article_keys(as_it_came).tolist()[1:]


def test_a_feed_read_again_without_cleaning_adds_nothing(feed: Path, tmp_path: Path) -> None:
    with package.Index.create(tmp_path / "x.dedup") as index:
        assert index.add(feed, clean=False).added == 3
        again = index.add(feed)
        assert (again.added, again.already, again.versions) == (0, 3, 0)


def test_show_prints_the_original_and_export_writes_what_was_cleaned(
    dedup: Command, feed: Path, tmp_path: Path
) -> None:
    index = str(tmp_path / "x.dedup")
    dedup("index", str(feed), "-i", index)
    shown = dedup("show", "-i", index, "a", "--original").stdout
    assert shown.splitlines()[:3] == ["Lamp &amp; boat", "", "Jos&eacute; Bo"]
    written = tmp_path / "original.txt"
    dedup("show", "-i", index, "a", "--original", "-o", str(written))
    assert "light\u00adhouse" in written.read_text(encoding="utf-8")
    exported = [json.loads(line) for line in dedup("export", "-i", index).stdout.splitlines()]
    assert {row["title"] for row in exported} == {"Lamp & boat", "It’s fog", "Nothing to do"}
    assert list(exported[0]) == FEED_SCHEMA.names


def test_without_cleaning_the_index_holds_the_feed_as_it_is(
    dedup: Command, feed: Path, tmp_path: Path
) -> None:
    index = str(tmp_path / "x.dedup")
    dedup("index", str(feed), "-i", index, "--no-clean")
    with package.Index.open(index) as opened:
        article = opened.article("a")
    assert (article.title, article.original_title) == ("Lamp &amp; boat", None)


def as_format_1(folder: Path) -> None:
    """Make of an index what a dedup before this one wrote: parts without originals, format 1."""
    with sqlite3.connect(folder / "catalog.sqlite") as catalog:
        for number, path in enumerate(sorted((folder / "articles").glob("*.parquet")), 1):
            table = pq.read_table(path)
            with open(path, "wb") as file:
                write_parquet(file, table.drop_columns(sorted(SINCE_FORMAT_2)))
            catalog.execute(
                "UPDATE parts SET footer_crc = ?, article_bytes = ? WHERE number = ?",
                (footer_checksum(path), path.stat().st_size, number),
            )
        catalog.execute("UPDATE meta SET value = '1' WHERE name = 'format'")


def test_an_index_of_format_1_is_read_and_added_to(feed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x.dedup"
    with package.Index.create(folder) as index:
        index.add(feed, clean=False)
        before = index.clusters()
    as_format_1(folder)
    with package.Index.open(folder) as index:
        assert index.article("a").title == "Lamp &amp; boat"
        assert index.article("a").original_title is None
        assert index._store.format_version == 1
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"id": "n", "title": "New &amp; old", "text": "x"}) + "\n", encoding="utf-8")
    with package.Index.open(folder, write=True) as index:
        assert index.add(feed).already == 3
        assert index.add(more).added == 1
        assert index.article("n").original_title == "New &amp; old"
        assert len(index.clusters()) == len(before)
        exported = pa.Table.from_batches(index.export())
        assert exported.schema.names == FEED_SCHEMA.names
        assert exported.num_rows == 4
    with package.Index.open(folder) as index:
        assert index._store.format_version == FORMAT_VERSION
        with index._store.snapshot() as snapshot:
            stored = snapshot.keys()
            keys = [int(key) for part in stored for key in part]
            assert snapshot.rows(keys).schema.names == PART_SCHEMA.names
    assert json.loads((folder / "manifest.json").read_text())["format"] == FORMAT_VERSION


def test_the_originals_are_columns_of_the_schema_beside_what_they_were_made_of() -> None:
    assert {name.removeprefix("original_") for name in ARTICLE_SCHEMA.names} == set(FEED_SCHEMA.names)
