"""Small batches of files in a row, put together.

Every batch becomes a part of the index, and a folder of ten thousand pages must
not become ten thousand parts. Batches of one file are not put together: its reader
has filled them already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, FeedBatch


def merged(numbered: Iterable[tuple[int, FeedBatch]], most: int, most_bytes: int) -> Iterator[FeedBatch]:
    """Yield batches with those of files in a row put together, articles and rejects in their order.

    Parameters
    ----------
    numbered : iterable of (int, FeedBatch)
        Each batch with the number of its file, ascending.
    most : int
        Articles and rejects a batch at most; a batch that holds half as many passes as it is.
    most_bytes : int
        Bytes of articles a batch, exceeded by one file's at most.
    """
    waiting: list[FeedBatch] = []
    rows = size = 0
    last = -1
    try:
        for number, batch in numbered:
            more = batch.articles.num_rows + len(batch.rejects)
            more_bytes = batch.articles.nbytes
            # A second batch of the same file: the first was as full as its reader could make it.
            same = number == last and bool(waiting) and batch.articles.num_rows > 0
            last = number
            if waiting and (same or rows + more > most or size + more_bytes > most_bytes):
                yield _joined(waiting)
                waiting, rows, size = [], 0, 0
            if not waiting and (2 * more >= most or 2 * more_bytes >= most_bytes):
                yield batch
                continue
            waiting.append(batch)
            rows, size = rows + more, size + more_bytes
    except Exception:
        # What came before a file that cannot be read is kept.
        if waiting:
            yield _joined(waiting)
        raise
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[FeedBatch]) -> FeedBatch:
    if len(batches) == 1:
        return batches[0]
    filled = [batch.articles for batch in batches if batch.articles.num_rows] or [batches[0].articles]
    table = pa.Table.from_batches(filled, schema=ARTICLE_SCHEMA).combine_chunks()
    articles = table.to_batches()[0] if table.num_rows else filled[0]
    return FeedBatch(articles=articles, rejects=tuple(one for batch in batches for one in batch.rejects))
