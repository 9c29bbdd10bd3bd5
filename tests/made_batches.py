"""Batches of made articles and rejects, as a reader would hand them out."""

from __future__ import annotations

import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, FeedBatch, Reject
from dedup.feeds.fields.builder import empty_articles


def made_batch(number: int, articles: int, rejects: int) -> FeedBatch:
    rows = [{"title": f"{number}-{k}", "file": f"f{number}", "line": k + 1} for k in range(articles)]
    made = pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA) if rows else empty_articles()
    return FeedBatch(made, tuple(Reject(f"f{number}", k, "made") for k in range(rejects)))
