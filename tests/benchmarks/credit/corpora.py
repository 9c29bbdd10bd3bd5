"""The articles that credits are measured on, each under a name that stays the same: ``corpus/id``.

They lie outside the project; ``DEDUP_GOLD_DIR`` says where. Ids and labels are committed, no text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

import dedup

FEEDS = {
    "allsides": "feeds/allsides.jsonl.gz",
    "missouri": "feeds/missouri_wire_headlines.csv",
    "provenance": "gold/provenance/articles.jsonl.gz",
    "fnc": "gold/fnc/articles.jsonl.gz",
    "webpages": "gold/webpages/articles.jsonl.gz",
}
"""allsides: long texts with the site's URL. missouri: headlines with bylines. The rest: whole web pages."""

FIELDS = ("outlet", "url", "title", "byline", "credit", "text")


def folder() -> Path:
    """Return the folder that holds ``feeds`` and ``gold``.

    Raises
    ------
    SystemExit
        If DEDUP_GOLD_DIR does not name one.
    """
    path = os.environ.get("DEDUP_GOLD_DIR", "")
    if not path or not Path(path).is_dir():
        raise SystemExit("set DEDUP_GOLD_DIR to the folder that holds feeds/ and gold/")
    return Path(path)


def batches(corpus: str, gold: Path) -> Iterator[tuple[list[str], pa.Table]]:
    """Yield a corpus in batches: the names of the articles, their fields. Rows without an id go by line."""
    for batch in dedup.read_feed(gold / FEEDS[corpus]):
        articles = batch.articles
        ids, lines = articles.column("id").to_pylist(), articles.column("line").to_pylist()
        names = [f"{corpus}/{own or f'line-{line}'}" for own, line in zip(ids, lines, strict=True)]
        yield names, pa.Table.from_batches([articles.select(FIELDS)])
