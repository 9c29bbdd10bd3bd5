"""How much memory a run takes, and what is left for documents.

From the peak resident memory of whole runs, mapped files included (section
``memory`` of ``python -m tests.benchmarks.speed``). Only documents can be had smaller: what the rest takes is
fixed by the number of articles, so a limit below it is refused before the work begins, not passed in silence.
"""

from __future__ import annotations

from typing import Final

from dedup.confirm.judge import MOST_WORDS
from dedup.errors import SettingsError

BASE_MB: Final = 1_052
"""Imports, kernels, tables, the batches of a feed, the sample an epoch is learnt from."""

ARTICLE_BYTES: Final = 1_400
"""Of each article: its signature and that of its beginning, keys, hashes, edges and its row in the report."""

WORD_BYTES: Final = 32
"""Of a word in a document: 16, and as many again, for a block may hold twice the words it is meant to."""

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
    least = least_mb(n_articles)
    if memory_mb < least:
        raise SettingsError(
            f"memory: {memory_mb:,} MB is too little for {n_articles:,} articles",
            f"give at least {least:,} MB, or a shorter feed",
        )
    return min(LEAST_WORDS + (memory_mb - least << 20) // WORD_BYTES, 4 * MOST_WORDS)


def least_mb(n_articles: int) -> int:
    """Return the least memory, in MB (2**20 bytes), with which so many articles can be clustered."""
    return BASE_MB + (n_articles * ARTICLE_BYTES + LEAST_WORDS * WORD_BYTES >> 20) + 1
