"""One feed in every format: what the readers are measured, and tried, on."""

from __future__ import annotations

import bz2
import csv
import gzip
import html
import json
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from dedup.feeds.dates.read_date import read_date

Record = Mapping[str, Any]
FIELDS = ("id", "outlet", "url", "title", "text", "published", "byline")
_PAGES = 500
"""Files of the formats that hold one article each."""


def _lines(records: Sequence[Record]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _json(records: Sequence[Record], path: Path) -> None:
    path.write_text(json.dumps({"status": "ok", "articles": list(records)}, ensure_ascii=False, indent=1))


def _table(separator: str) -> Callable[[Sequence[Record], Path], None]:
    def write(records: Sequence[Record], path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, FIELDS, delimiter=separator)
            rows.writeheader()
            rows.writerows([{name: record.get(name) for name in FIELDS} for record in records])

    return write


def _arrow_table(records: Sequence[Record]) -> pa.Table:
    return pa.table(
        {name: pa.array([record.get(name) for record in records], pa.string()) for name in FIELDS}
    )


def _json_feed(records: Sequence[Record], path: Path) -> None:
    items = [
        {
            "id": record.get("id"),
            "url": record.get("url"),
            "title": record.get("title"),
            "content_text": record.get("text"),
            "date_published": record.get("published"),
            "authors": [{"name": record["byline"]}] if record.get("byline") else [],
        }
        for record in records
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "The Measured Feed", "items": items}
    path.write_text(json.dumps(feed, ensure_ascii=False))


def _paragraphs(text: str | None) -> str:
    return "".join(f"<p>{html.escape(part)}</p>" for part in (text or "").split("\n") if part.strip())


def _when(record: Record) -> str:
    read = read_date(record["published"]) if record.get("published") else None
    return format_datetime(read[0]) if read else ""


def _rss(records: Sequence[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" ')
        file.write('xmlns:content="http://purl.org/rss/1.0/modules/content/">\n')
        file.write("<channel><title>The Measured Feed</title>\n")
        for record in records:
            parts = {
                "guid": record.get("id"),
                "title": record.get("title"),
                "link": record.get("url"),
                "pubDate": _when(record),
                "content:encoded": _paragraphs(record.get("text")),
            }
            file.write(f"<item>{''.join(_element(*part) for part in parts.items())}</item>\n")
        file.write("</channel></rss>\n")


def _atom(records: Sequence[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n')
        file.write("<title>The Measured Feed</title>\n")
        for record in records:
            named = {"id": record.get("id"), "title": record.get("title"), "updated": record.get("published")}
            link = f"<link href={quoteattr(record.get('url') or '')}/>"
            content = f'<content type="html">{escape(_paragraphs(record.get("text")))}</content>'
            file.write(
                f"<entry>{''.join(_element(*part) for part in named.items())}{link}{content}</entry>\n"
            )
        file.write("</feed>\n")


def _element(name: str, value: Any) -> str:
    return f"<{name}>{escape(str(value))}</{name}>" if value else ""


def _pages(records: Sequence[Record], path: Path) -> None:
    path.mkdir()
    for number, record in enumerate(records[:_PAGES]):
        about = {
            "@context": "https://schema.org", "@type": "NewsArticle", "headline": record.get("title"),
            "datePublished": record.get("published"), "url": record.get("url"),
            "publisher": {"@type": "Organization", "name": record.get("outlet")},
        }  # fmt: skip
        title = html.escape(record.get("title") or "")
        (path / f"{number:05}.html").write_text(
            f"<!doctype html><html><head><meta charset='utf-8'><title>{title}</title>"
            f"<script type='application/ld+json'>{json.dumps(about)}</script></head><body>"
            "<nav><a href='/'>Home</a> <a href='/world'>World</a></nav>"
            f"<article><h1>{title}</h1>{_paragraphs(record.get('text'))}</article>"
            "<footer>All rights reserved.</footer></body></html>",
            encoding="utf-8",
        )


def _news_please(records: Sequence[Record], path: Path) -> None:
    path.mkdir()
    for number, record in enumerate(records[:_PAGES]):
        article = {
            "title": record.get("title"), "maintext": record.get("text"), "url": record.get("url"),
            "date_publish": record.get("published"), "source_domain": record.get("outlet"),
            "authors": [record["byline"]] if record.get("byline") else [], "description": None,
            "filename": f"{number}.json", "language": "en", "image_url": None, "title_rss": None,
        }  # fmt: skip
        (path / f"{number:05}.json").write_text(json.dumps(article), encoding="utf-8")


def _zip(records: Sequence[Record], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        half = len(records) // 2
        archive.writestr("monday/feed.jsonl", _lines(records[:half]))
        archive.writestr("tuesday/feed.jsonl", _lines(records[half:]))


def _zstd(records: Sequence[Record], path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(_lines(records))


WRITERS: dict[str, tuple[str, Callable[[Sequence[Record], Path], Any]]] = {
    "JSON lines": ("feed.jsonl", lambda records, path: path.write_bytes(_lines(records))),
    "JSON document": ("feed.json", _json),
    "JSON Feed": ("jsonfeed.json", _json_feed),
    "news-please, a folder": ("newsplease", _news_please),
    "CSV": ("feed.csv", _table(",")),
    "TSV": ("feed.tsv", _table("\t")),
    "Parquet": (
        "feed.parquet",
        lambda records, path: pq.write_table(_arrow_table(records), path, compression="zstd"),
    ),
    "Arrow": ("feed.arrow", lambda records, path: pa.feather.write_feather(_arrow_table(records), str(path))),
    "RSS 2.0": ("feed.rss", _rss),
    "Atom 1.0": ("feed.atom", _atom),
    "HTML, a folder": ("pages", _pages),
    "JSON lines, gz": (
        "feed.jsonl.gz",
        lambda records, path: path.write_bytes(gzip.compress(_lines(records), 6)),
    ),
    "JSON lines, bz2": (
        "feed.jsonl.bz2",
        lambda records, path: path.write_bytes(bz2.compress(_lines(records))),
    ),
    "JSON lines, xz": (
        "feed.jsonl.xz",
        lambda records, path: path.write_bytes(lzma.compress(_lines(records), preset=1)),
    ),
    "JSON lines, zst": ("feed.jsonl.zst", _zstd),
    "JSON lines, zip": ("feed.zip", _zip),
}
"""Name of the file or folder, and what writes it; those of one article a file hold the first 500."""
