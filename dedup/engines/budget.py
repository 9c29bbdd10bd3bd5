"""How much memory a run takes, and what is left for documents.

Estimates, from the peak resident memory of whole runs
(``python -m tests.benchmarks.speed scale``). Only documents can be had smaller:
learning an epoch takes up to 1.3 GB at 100,000 articles whatever the limit, so a
limit is an aim and not yet a bound.
"""

from __future__ import annotations

from typing import Final

from dedup.confirm.judge import MOST_WORDS
from dedup.errors import SettingsError

BASE_MB: Final = 900
"""Imports, kernels, tables, the batches of a feed, the sample an epoch is learnt from."""

ARTICLE_BYTES: Final = 2_200
"""Of each article: its signature and that of its beginning, keys, hashes, edges and its row in the report."""

WORD_BYTES: Final = 64
"""Of a word in a document: 16, in two chunks that are compared 32, and again while they are put together."""

LEAST_WORDS: Final = 1 << 20


def words_within(memory_mb: int | None, n_articles: int) -> int:
    """Return how many words the documents in memory may have.

    Parameters
    ----------
    memory_mb : int or None
        Memory to use at most, in MB (2**20 bytes); None: `MOST_WORDS` for the documents.
    n_articles : int

    Raises
    ------
    SettingsError
        If it is not enough for so many articles.
    """
    if memory_mb is None:
        return MOST_WORDS
    needed = BASE_MB + (n_articles * ARTICLE_BYTES >> 20)
    left = memory_mb - needed
    words = (left << 20) // WORD_BYTES
    if words < LEAST_WORDS:
        least = needed + (LEAST_WORDS * WORD_BYTES >> 20) + 1
        raise SettingsError(
            f"memory: {memory_mb:,} MB is too little for {n_articles:,} articles",
            f"give at least {least:,} MB, or a shorter feed",
        )
    return min(words, 4 * MOST_WORDS)
