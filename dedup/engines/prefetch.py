"""Batches read from the index while the one before is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from dedup.engines.corpus import Ints

T = TypeVar("T")


def prefetched(
    read: Callable[[Ints], T], rows: Ints, size: int, *, ahead: int = 1
) -> Iterator[tuple[int, T]]:
    """Read rows batch by batch, the next ones in threads.

    Parameters
    ----------
    read : callable
        Reads some rows. What it raises is raised here, in its turn.
    rows : int64 array, shape (n,)
    size : int
        Rows of a batch.
    ahead : int, default 1
        Batches read ahead, each in a thread: so many more are in memory.

    Yields
    ------
    begin : int
        Place in `rows` of the first of the batch.
    batch
        What `read` gave for it.
    """
    waiting: deque[tuple[int, Future[T]]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        for low in range(0, len(rows), size):
            waiting.append((low, pool.submit(read, rows[low : low + size])))
            if len(waiting) > ahead:
                begin, batch = waiting.popleft()
                yield begin, batch.result()
        while waiting:
            begin, batch = waiting.popleft()
            yield begin, batch.result()
