"""The survey of a corpus: document frequencies, furniture anchors and headline pairs, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.documents import chunks, distinct, offsets_of, owners, unit_hashes
from dedup.confirm.tfidf import BIGRAM_BITS, WORD_BITS, CorpusCounts, count_distinct
from dedup.sketch.background import load_background
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import OPENING, Anchors, is_anchor
from dedup.text.words import NUMBER, SPACELESS, Words

NAME_MODULUS: Final = 2

NAME_IDF: Final = 64
"""Four natural-log units: names in fewer than 2 % of the articles."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is found in n distinct texts.

    Parameters
    ----------
    counts : CorpusCounts
    anchors : Anchors
        Of all texts.
    bigrams : uint32 array, shape (m,), bigram_offsets : int64 array, shape (n + 1,)
        Distinct word pairs of the headlines among them; of longer texts none.
    """

    counts: CorpusCounts
    anchors: Anchors
    bigrams: NDArray[np.uint32]
    bigram_offsets: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[Survey]) -> Survey:
        """Put surveys of different texts together."""
        counts = CorpusCounts.none()
        for part in parts:
            counts = counts + part.counts
        sizes = [np.empty(0, np.int64), *(np.diff(part.bigram_offsets) for part in parts)]
        return cls(
            counts,
            Anchors.joined([part.anchors for part in parts]),
            np.concatenate([np.empty(0, np.uint32), *(part.bigrams for part in parts)]),
            offsets_of(np.concatenate(sizes)),
        )


def survey_texts(words: Words, *, threads: int = 1) -> Survey:
    """Count document frequencies over distinct texts, sample their anchors, list the pairs of headlines.

    Parameters
    ----------
    words : Words
        The words of n texts, no two of them equal.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Survey
    """
    counts = CorpusCounts.none()
    anchors: list[Anchors] = []
    pairs, sizes = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for found in pool.map(_survey, chunks(words)):
            count_distinct(found.units, counts.words, WORD_BITS)
            count_distinct(found.bigrams, counts.bigrams, BIGRAM_BITS)
            anchors.append(found.anchors)
            short = np.repeat(found.is_headline, found.n_bigrams)
            pairs.append(found.bigrams[short])
            sizes.append(np.where(found.is_headline, found.n_bigrams, 0))
    return Survey(
        CorpusCounts(len(words), counts.words, counts.bigrams),
        Anchors.joined(anchors),
        np.concatenate(pairs),
        offsets_of(np.concatenate(sizes)),
    )


class _Found(NamedTuple):
    """Distinct units and bigrams of each text of a chunk, one text after the other, and its anchors."""

    units: NDArray[np.uint32]
    bigrams: NDArray[np.uint32]
    n_bigrams: NDArray[np.int64]
    is_headline: NDArray[np.bool_]
    anchors: Anchors


def _survey(words: Words) -> _Found:
    units, bigrams, runs = unit_hashes(words)
    owner = owners(words)
    n = len(words)
    kept = is_anchor(runs)
    anchor_of, anchor = owner[kept], runs[kept]
    key_of, key = distinct(anchor_of, anchor)
    before = offsets_of(np.bincount(anchor_of, minlength=n))
    early = np.arange(len(anchor)) - before[anchor_of] < OPENING
    name_of, name = distinct(owner, np.where(_sampled_names(words, units), units, np.uint32(0)))
    anchors = Anchors(
        key,
        offsets_of(np.bincount(key_of, minlength=n)),
        anchor[early],
        offsets_of(np.bincount(anchor_of[early], minlength=n)),
        name,
        offsets_of(np.bincount(name_of, minlength=n)),
    )
    bigram_of, bigram = distinct(owner, bigrams)
    is_headline = np.diff(words.offsets) < FRAME_MAX_WORDS
    n_bigrams = np.bincount(bigram_of, minlength=n)
    return _Found(distinct(owner, units)[1], bigram, n_bigrams, is_headline, anchors)


def _sampled_names(words: Words, units: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each word is a rare name by the background table, one in `NAME_MODULUS` by its hash."""
    background = load_background()
    some = np.flatnonzero((units % np.uint32(NAME_MODULUS) == 0) & (words.flags & (NUMBER | SPACELESS) == 0))
    unseen = background.unseen_idf
    idf = background.words.get(units[some], unseen)
    out = np.zeros(len(units), np.bool_)
    out[some] = (idf >= NAME_IDF) & (background.names.has(units[some]) | (idf == unseen))
    return out
