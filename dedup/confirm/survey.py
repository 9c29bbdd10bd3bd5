"""The survey of a corpus: document frequencies and furniture anchors, in one pass over its texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.documents import chunks, distinct, offsets_of, owners, unit_hashes
from dedup.confirm.tfidf import BIGRAM_BITS, WORD_BITS, CorpusCounts, count_distinct
from dedup.text.furniture import OPENING, Anchors, is_anchor
from dedup.text.words import Words


def survey_texts(words: Words, *, threads: int = 1) -> tuple[CorpusCounts, Anchors]:
    """Count document frequencies over distinct texts and sample their anchors.

    Parameters
    ----------
    words : Words
        The words of n texts, no two of them equal.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    CorpusCounts, Anchors
    """
    counts = CorpusCounts.none()
    found: list[Anchors] = []
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for units, bigrams, anchors in pool.map(_survey, chunks(words)):
            count_distinct(units, counts.words, WORD_BITS)
            count_distinct(bigrams, counts.bigrams, BIGRAM_BITS)
            found.append(anchors)
    return CorpusCounts(len(words), counts.words, counts.bigrams), Anchors.joined(found)


def _survey(words: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32], Anchors]:
    """Distinct words and bigrams of each text, one text after the other, and the anchors."""
    units, bigrams, runs = unit_hashes(words)
    owner = owners(words)
    n = len(words)
    kept = is_anchor(runs)
    anchor_of, anchor = owner[kept], runs[kept]
    key_of, key = distinct(anchor_of, anchor)
    before = offsets_of(np.bincount(anchor_of, minlength=n))
    early = np.arange(len(anchor)) - before[anchor_of] < OPENING
    anchors = Anchors(
        key,
        offsets_of(np.bincount(key_of, minlength=n)),
        anchor[early],
        offsets_of(np.bincount(anchor_of[early], minlength=n)),
    )
    return distinct(owner, units)[1], distinct(owner, bigrams)[1], anchors
