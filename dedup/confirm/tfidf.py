"""Document frequencies of the corpus at hand, and the integer IDF that weighs a match.

The background table knows what is common in news; the corpus knows what is
common *here* (a template, a trial everybody reports). Both are counted
together: ``idf = round(16 ln((N + 1) / (df + 1)))`` with N and df summed over
background and corpus, the smoothed form of Spärck Jones (1972) that
scikit-learn uses, in sixteenths so that sums are exact integers.

Corpus counts live in bins by hash, not per word: two rare words that share a bin
only make each other slightly less rare. They are counted over a sample of the
distinct texts (`dedup.confirm.survey`), so that a story carried by thousands of
outlets does not wear out its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.background import IDF_UNIT, Background, quantised_idf
from dedup.text.key_table import KeyTable, find_key

WORD_BITS: Final = 20
BIGRAM_BITS: Final = 22
"""Bins for words and bigrams: 2**bits counters of two bytes. The sample they are counted over
(`dedup.confirm.survey.COUNTED_TEXTS`) has about a rare bigram a bin."""

MOST_BIGRAM_IDF: Final = 80
"""Five natural-log units: a pair of words in fewer than one of 150 articles is rare, and rarer than rare says
no more. Else the passages of a story that hundreds of outlets carry would weigh less than the strangers
around them. Each corpus left out in turn, F1 is the same within a point with and without."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class CorpusCounts:
    """In how many distinct texts of a corpus the words and bigrams of each bin occur.

    Parameters
    ----------
    n_texts : int
        Number of distinct texts counted.
    words : uint16 array, shape (2**WORD_BITS,)
    bigrams : uint16 array, shape (2**BIGRAM_BITS,)
    """

    n_texts: int
    words: NDArray[np.uint16]
    bigrams: NDArray[np.uint16]

    @classmethod
    def none(cls) -> CorpusCounts:
        """Return the counts of no corpus: the background alone decides."""
        return cls(0, np.zeros(1 << WORD_BITS, np.uint16), np.zeros(1 << BIGRAM_BITS, np.uint16))


@dataclass(frozen=True, slots=True)
class Idf:
    """Look-up of IDF in sixteenths of a natural-log unit, over background and corpus together.

    Parameters
    ----------
    background : Background
    counts : CorpusCounts
    background_df : int64 array, shape (256,)
        Document frequency that each quantised IDF of the background stands for.
    by_df : uint8 array, shape (N + 2,)
        IDF of each document frequency.
    """

    background: Background
    counts: CorpusCounts
    background_df: NDArray[np.int64]
    by_df: NDArray[np.uint8]

    @classmethod
    def of(cls, background: Background, counts: CorpusCounts) -> Idf:
        """Prepare the look-up."""
        n_back, n_all = background.n_articles, background.n_articles + counts.n_texts
        levels = np.arange(256)
        df = np.rint((n_back + 1) * np.exp(-levels / IDF_UNIT) - 1)
        by_df = quantised_idf(np.arange(n_all + 2, dtype=np.int64), n_all)
        return cls(background, counts, np.maximum(df, 0).astype(np.int64), by_df)

    def words(self, keys: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """IDF of words by `word_keys`, same shape."""
        return self._look_up(keys, self.background.words, self.counts.words, WORD_BITS)

    def bigrams(self, keys: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """IDF of bigrams by their shingle hash, at most `MOST_BIGRAM_IDF`, same shape."""
        found = self._look_up(keys, self.background.bigrams, self.counts.bigrams, BIGRAM_BITS)
        return np.minimum(found, MOST_BIGRAM_IDF)

    @property
    def n_texts(self) -> int:
        """Number of texts counted, background and corpus together."""
        return self.background.n_articles + self.counts.n_texts

    def word_documents(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """In how many of `n_texts` texts words occur, as far as the tables know; same shape."""
        return self._documents(keys, self.background.words, self.counts.words, WORD_BITS)

    def bigram_documents(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The same for bigrams."""
        return self._documents(keys, self.background.bigrams, self.counts.bigrams, BIGRAM_BITS)

    def _documents(
        self, keys: NDArray[np.uint32], table: KeyTable, bins: NDArray[np.uint16], bits: int
    ) -> NDArray[np.int64]:
        place = np.minimum(np.searchsorted(table.keys, keys), len(table.keys) - 1)
        known = self.background_df[table.values[place]]
        found = np.where(table.keys[place] == keys, known, 0) + bins[keys >> np.uint32(32 - bits)]
        return np.asarray(found, np.int64)

    def _look_up(
        self, keys: NDArray[np.uint32], table: KeyTable, bins: NDArray[np.uint16], bits: int
    ) -> NDArray[np.uint8]:
        out = np.empty(len(keys), np.uint8)
        _idf(
            keys, table.keys, table.values, table.starts, self.background_df, bins, 32 - bits, self.by_df, out
        )
        return out


def count_documents(
    units: NDArray[np.uint32], bigrams: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> CorpusCounts:
    """Count in how many texts the words and bigrams of each bin occur.

    Parameters
    ----------
    units, bigrams : uint32 array, shape (m,)
        Of n distinct texts, as they stand; 0 is none.
    offsets : int64 array, shape (n + 1,)
        Those of text i are ``units[offsets[i]:offsets[i + 1]]``.
    """
    words, pairs = np.zeros(1 << WORD_BITS, np.uint16), np.zeros(1 << BIGRAM_BITS, np.uint16)
    _count(units, offsets, 32 - WORD_BITS, np.full(len(words), -1, np.int32), words)
    _count(bigrams, offsets, 32 - BIGRAM_BITS, np.full(len(pairs), -1, np.int32), pairs)
    return CorpusCounts(len(offsets) - 1, words, pairs)


@_compiled
def _count(keys, offsets, shift, last, bins):  # type: ignore[no-untyped-def]
    """Add one to a bin for each text with a key in it; `last` is the text that a bin was last counted for."""
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            if keys[i] != 0:
                b = keys[i] >> shift
                if last[b] != text:
                    last[b] = text
                    bins[b] += np.uint16(1)


@_compiled
def _idf(keys, known, values, starts, background_df, bins, shift, by_df, out):  # type: ignore[no-untyped-def]
    for i in range(len(keys)):
        key = keys[i]
        place = find_key(known, starts, key)
        df = np.int64(bins[key >> shift])
        if place >= 0:
            df += background_df[values[place]]
        out[i] = by_df[min(df, len(by_df) - 1)]
