"""Shingles: the set of 32-bit hashes that stands for an article in its sketch.

Two kinds. `BODY` shingles, for running text, are word pairs without the common
ones: longer shingles lose the re-worded copies (five words found 5-11 % of the
wholly derived pairs of four labelled corpora, two words 77-97 %), and common
pairs ("in the") only make strangers meet. `BRIEF` shingles, for headlines and
news in brief, are the words that are not common, and pairs of words.

Both know only the text and the fixed background table, never the corpus. Where
the table does not cover a text (another language), word length stands in for
it: grammar is made of short words nearly everywhere. Runs of characters of
scripts without spaces are cut into overlapping pieces of four (body) or two
and three (brief) characters.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.sketch.background import Background
from dedup.sketch.cut import all_bigrams, cut_body, cut_brief, shingle_hash
from dedup.text.words import Words

__all__ = [
    "BODY",
    "BRIEF",
    "LEAD",
    "Shingles",
    "bigram_hashes",
    "body_shingles",
    "brief_shingles",
    "shingle_hash",
]

BODY: Final = 0
BRIEF: Final = 1
LEAD: Final = 2  # the body shingles of a long text's first words

_TASK_WORDS: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingle sets of n articles.

    Parameters
    ----------
    hashes : uint32 array, shape (m,)
        Distinct and sorted within an article.
    offsets : int64 array, shape (n + 1,)
        The shingles of article i are ``hashes[offsets[i]:offsets[i + 1]]``.
    """

    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def bigram_hashes(words: Words) -> NDArray[np.uint32]:
    """Hash of each word with the one after it.

    Returns
    -------
    uint32 array, shape (n_words,)
        0 at the last word of an article.
    """
    out = np.zeros(len(words.hashes), np.uint32)
    all_bigrams(words.hashes, words.offsets, out)
    return out


def body_shingles(
    words: Words,
    background: Background,
    threads: int = 1,
    *,
    rows: NDArray[np.int64] | None = None,
    most: int | None = None,
) -> Shingles:
    """Shingle running text.

    Parameters
    ----------
    words : Words
        The words of n texts.
    background : Background
        What is common.
    threads : int, default 1
        Threads to use; the result does not depend on it.
    rows : int64 array, shape (m,), optional
        Texts to shingle, ascending; all by default.
    most : int, optional
        Words of a text to shingle, the first.

    Returns
    -------
    Shingles
        Of m texts; empty only for a text without words.
    """
    common = background.common_bigrams
    begins, ends = words.offsets[:-1], words.offsets[1:]
    if rows is not None:
        begins, ends = begins[rows], ends[rows]
    if most is not None:
        ends = np.minimum(ends, begins + most)

    def run(low: int, high: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        mine = begins[low:high], ends[low:high]
        out = np.empty(int((mine[1] - mine[0]).sum()), np.uint32)
        counts = np.empty(high - low, np.int64)
        table = common.lanes, common.table.keys, common.table.starts
        n = cut_body(words.hashes, words.flags, *mine, *table, out, counts)
        return out[:n].copy(), counts

    return _in_tasks(run, np.concatenate(([0], np.cumsum(ends - begins))), threads)


def brief_shingles(words: Words, background: Background, threads: int = 1, *, segments: int = 1) -> Shingles:
    """Shingle headlines and briefs: words that are not common, and pairs of words.

    Parameters
    ----------
    words : Words
        The words of n * segments texts.
    background : Background
        What is common.
    threads : int, default 1
        Threads to use; the result does not depend on it.
    segments : int, default 1
        Consecutive texts that make up one article (title, text). No pair spans
        two of them, so a title that the text repeats adds nothing.

    Returns
    -------
    Shingles
        Of n articles; empty only where there are no words.
    """
    common, known = background.common_words, background.words

    def run(low: int, high: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        offsets = words.offsets[low * segments : high * segments + 1]
        out = np.empty(2 * int(offsets[-1] - offsets[0]), np.uint32)
        counts = np.empty(high - low, np.int64)
        n = cut_brief(
            words.hashes, words.flags, offsets, segments,
            common.keys, common.starts, known.keys, known.starts, out, counts,
        )  # fmt: skip
        return out[:n].copy(), counts

    return _in_tasks(run, words.offsets[::segments], threads)


def _in_tasks(
    run: Callable[[int, int], tuple[NDArray[np.uint32], NDArray[np.int64]]],
    offsets: NDArray[np.int64],
    threads: int,
) -> Shingles:
    """Apply `run` to ranges of articles of about `_TASK_WORDS` words, and join what it returns."""
    marks = np.arange(offsets[0], offsets[-1], _TASK_WORDS)[1:]
    inner = np.searchsorted(offsets[:-1], marks)
    cuts = np.unique(np.concatenate(([0], inner, [len(offsets) - 1]))).tolist()
    tasks = list(pairwise(cuts)) or [(0, 0)]
    if threads > 1 and len(tasks) > 1:
        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(lambda task: run(*task), tasks))
    else:
        results = [run(*task) for task in tasks]
    hashes = np.concatenate([result[0] for result in results])
    out = np.zeros(len(offsets), np.int64)
    np.cumsum(np.concatenate([result[1] for result in results]), out=out[1:])
    return Shingles(hashes, out)
