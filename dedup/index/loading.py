"""Reading feeds into the store: plan, sketch, commit, one batch after the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from dedup.article import FeedBatch, Reject
from dedup.feeds import Feed, read_feed
from dedup.feeds.frames import FrameFeed
from dedup.index.options import AddReport
from dedup.index.planning import Counts
from dedup.index.store import IndexStore
from dedup.sketch.minhash import Sketch, sketch_articles


class ArticleFeed(Protocol):
    """What `load_feed` needs of a feed."""

    notes: list[str]
    n_read: int
    n_rejected: int
    rejects: list[Reject]
    reject_counts: Counter[str]

    def __iter__(self) -> Iterator[FeedBatch]: ...


def as_feed(
    sources: Any,
    mapping: Mapping[str, str] | None,
    format: str | None,
    on_note: Callable[[str], None] | None,
) -> ArticleFeed:
    """Return a feed over whatever a caller may give."""
    if isinstance(sources, Feed | FrameFeed):
        return sources
    some = sources if isinstance(sources, list | tuple) else [sources]
    if all(isinstance(one, str | os.PathLike) for one in some):
        return read_feed(sources, mapping=mapping, format=format, on_note=on_note)
    return FrameFeed(sources, mapping, on_note)


def sketch_arrays(sketch: Sketch) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of a sketch, as they are stored with a part."""
    return {field.name: getattr(sketch, field.name) for field in fields(sketch)}


def load_feed(
    store: IndexStore,
    feed: ArticleFeed,
    on_change: str,
    threads: int,
    on_progress: Callable[[int], None] | None,
) -> AddReport:
    """Add all articles of a feed; what is committed when it fails stays."""
    began = time.perf_counter()
    counts = Counts()
    refused: list[Reject] = []
    for batch in feed:
        plan = store.plan(batch.articles, on_change=on_change)
        sketch = sketch_articles(plan.articles["title"], plan.articles["text"], threads=threads)
        store.commit(plan, sketch_arrays(sketch), batch.rejects)
        counts += plan.counts
        refused += plan.rejects
        if on_progress is not None:
            on_progress(feed.n_read)
    store.finish_load()
    reasons = feed.reject_counts + Counter(reject.reason for reject in refused)
    return AddReport(
        read=feed.n_read,
        added=counts.added,
        already=counts.already,
        versions=counts.versions,
        replaced=counts.replaced,
        skipped=counts.skipped,
        rejected=feed.n_rejected + counts.rejected,
        reject_counts=dict(sorted(reasons.items())),
        rejects=[*feed.rejects, *refused],
        notes=list(feed.notes),
        seconds=round(time.perf_counter() - began, 3),
    )
