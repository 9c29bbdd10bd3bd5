"""Reading ahead: a feed is parsed by a thread of its own while the batch before is digested."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dedup.article import FeedBatch
from dedup.profile import timed

if TYPE_CHECKING:
    from dedup.index.loading import ArticleFeed

_AHEAD: Final = 1
"""Batches that wait to be taken: reading need only not be waited for."""

_POLL_S: Final = 0.1
_PATIENCE_S: Final = 2.0

_Item = tuple[FeedBatch, int] | BaseException | None


@contextmanager
def read_ahead(feed: ArticleFeed) -> Iterator[Iterator[tuple[FeedBatch, int]]]:
    """Iterate over a feed in a thread of its own.

    Parameters
    ----------
    feed : ArticleFeed

    Yields
    ------
    iterator of (FeedBatch, int)
        The batches in order, and the number of records read up to the end of each. What the feed raises is
        raised here, after the batches before it.
    """
    ready: queue.Queue[_Item] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: _Item) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            batches = iter(feed)
            while True:
                with timed("read", beside=True):
                    batch = next(batches, None)
                if batch is None or not put((batch, feed.n_read)):
                    break
        except BaseException as error:
            put(error)
        else:
            put(None)

    def taken() -> Iterator[tuple[FeedBatch, int]]:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    # A daemon: a feed that waits for its standard input must not hold up the end of the process.
    reader = threading.Thread(target=read, name="dedup-read-ahead", daemon=True)
    reader.start()
    try:
        yield taken()
    finally:
        stopped.set()
        # The feed may be iterated anew, and must not be counted by two threads.
        reader.join(_PATIENCE_S)
