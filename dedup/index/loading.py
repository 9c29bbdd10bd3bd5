"""Reading feeds into the store: read ahead, plan, digest, commit, one batch after the other."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from dedup.article import FeedBatch, Reject
from dedup.confirm.survey import Surveyor
from dedup.engines.digest import Digest, Limits
from dedup.feeds import Feed, read_feed
from dedup.feeds.frames import FrameFeed
from dedup.feeds.sources.unpack import DEFAULT_LIMITS, UnpackLimits
from dedup.index.ahead import read_ahead
from dedup.index.options import AddReport
from dedup.index.plan import Plan
from dedup.index.planning import Counts
from dedup.index.store import IndexStore
from dedup.profile import timed
from dedup.sketch.minhash import Sketch, stored_slots


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
    encoding: str | None = None,
    limits: UnpackLimits | None = None,
    **words: Any,
) -> ArticleFeed:
    """Return a feed over whatever a caller may give; `words` are clean, timezone and zones of `read_feed`."""
    if isinstance(sources, Feed | FrameFeed):
        return sources
    some = sources if isinstance(sources, list | tuple) else [sources]
    if all(isinstance(one, str | os.PathLike) for one in some):
        return read_feed(
            sources,
            mapping=mapping,
            format=format,
            encoding=encoding,
            limits=limits or DEFAULT_LIMITS,
            on_note=on_note,
            **words,
        )
    return FrameFeed(sources, mapping, on_note, **words)


def sketch_arrays(sketch: Sketch) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of a sketch, as they are stored with a part."""
    arrays = {field.name: getattr(sketch, field.name) for field in fields(sketch)}
    return {**arrays, "signatures": stored_slots(sketch.signatures)}


def load_feed(
    store: IndexStore,
    feed: ArticleFeed,
    on_change: str,
    threads: int,
    on_progress: Callable[[int], None] | None,
    surveyor: Surveyor | None = None,
) -> AddReport:
    """Add all articles of a feed; what is committed when it fails stays.

    One thread reads ahead, `threads` digest, and this one plans and writes. A batch is committed when the
    next one is being digested, so at most four batches are in memory.

    Parameters
    ----------
    store : IndexStore
    feed : ArticleFeed
    on_change : str
    threads : int
    on_progress : callable, optional
        Gets the number of records read so far.
    surveyor : Surveyor, optional
        Gathers what an epoch is learnt from, for a report that follows at once.

    Returns
    -------
    AddReport

    Raises
    ------
    FeedError, IndexFolderError
        As the feed and the store raise them.
    """
    began = time.perf_counter()
    store.forget_plans()
    counts = Counts()
    refused: list[Reject] = []
    waiting: deque[tuple[Plan, Digest, tuple[Reject, ...], int]] = deque()

    def commit() -> None:
        nonlocal counts
        plan, digest, rejects, n_read = waiting[0]
        sketch, survey = digest.result()
        with timed("write", beside=True):
            store.commit(plan, sketch_arrays(sketch), rejects)
        waiting.popleft()
        if survey is not None and surveyor is not None:
            surveyor.add(survey)
        counts += plan.counts
        refused.extend(plan.rejects)
        if on_progress is not None:
            on_progress(n_read)

    with timed("index"), ThreadPoolExecutor(threads) as executor, read_ahead(feed) as batches:
        while True:
            try:
                batch, n_read = next(batches, (None, 0))
                if batch is None:
                    break
                with timed("plan", beside=True):
                    plan = store.plan(batch.articles, on_change=on_change)
            except Exception:
                # The feed broke off, or a batch was refused: what came before it is kept all the same.
                while waiting:
                    commit()
                raise
            limits = None if surveyor is None else Limits(surveyor.limit, surveyor.count_limit)
            titles, texts = (plan.articles[name].combine_chunks() for name in ("title", "text"))
            waiting.append((plan, Digest(titles, texts, executor, limits), batch.rejects, n_read))
            if len(waiting) > 1:
                commit()
        while waiting:
            commit()
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
