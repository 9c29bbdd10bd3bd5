"""The digest of new articles: their sketch and their survey, from one reading of each text.

Tokenising costs as much as all that is made of the words, so it is done once;
and a task is a megabyte of text, so that its words never leave the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.confirm.judge import confirm_text
from dedup.confirm.survey import Survey, survey_texts
from dedup.profile import timed
from dedup.sketch.minhash import BODY_MIN_WORDS, Sketch, sketch_words, speaking_titles
from dedup.text.words import Words, tokenize

_TASK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Text hashes up to which texts are surveyed, and counted (`dedup.confirm.survey.Surveyor`)."""

    survey: int
    count: int


class Digest:
    """The digest of one batch, being made.

    Parameters
    ----------
    titles, texts : string arrays, both of length n
        Null where an article has none.
    executor : Executor
        Runs the tasks; the result does not depend on it.
    limits : Limits, optional
        Without it there is no survey.
    """

    def __init__(self, titles: pa.Array, texts: pa.Array, executor: Executor, limits: Limits | None) -> None:
        self._parts = [
            executor.submit(_digest, titles.slice(low, high - low), texts.slice(low, high - low), limits)
            for low, high in _tasks(titles, texts)
        ]

    def result(self) -> tuple[Sketch, Survey | None]:
        """Wait for the end of it.

        Returns
        -------
        sketch : Sketch
            Of the n articles.
        survey : Survey or None
            Of those with words whose hash is within the limits.
        """
        results = [part.result() for part in self._parts]
        sketch = joined_sketch([found for found, _ in results])
        surveys = [survey for _, survey in results if survey is not None]
        return sketch, Survey.joined(surveys) if surveys else None


def joined_sketch(parts: list[Sketch]) -> Sketch:
    """Put the sketches of consecutive runs of articles together."""
    if len(parts) == 1:
        return parts[0]
    starts = np.concatenate(([0], np.cumsum([len(part.n_words) for part in parts])))
    owners = [part.owner + np.int32(start) for part, start in zip(parts, starts[:-1].tolist(), strict=True)]
    kind = np.concatenate([part.kind for part in parts])
    order = np.argsort(kind, kind="stable")  # rows of one kind stand together
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Sketch)
    }
    columns["owner"] = np.concatenate(owners)
    for name in ("owner", "kind", "n_shingles", "signatures"):
        columns[name] = columns[name][order]
    return Sketch(**columns)


def _tasks(titles: pa.Array, texts: pa.Array) -> Iterator[tuple[int, int]]:
    """Cut a batch into runs of about `_TASK_BYTES`; one of no articles if there is none."""
    sizes = [pc.fill_null(pc.binary_length(column), 0).to_numpy() for column in (titles, texts)]
    ends = np.cumsum(sizes[0].astype(np.int64) + sizes[1])
    total = int(ends[-1]) if len(ends) else 0
    marks = np.arange(_TASK_BYTES, total, _TASK_BYTES)
    cuts = np.unique(np.concatenate(([0], np.searchsorted(ends, marks), [len(titles)])))
    return pairwise(cuts.tolist()) if len(cuts) > 1 else iter([(0, 0)])


def _digest(titles: pa.Array, texts: pa.Array, limits: Limits | None) -> tuple[Sketch, Survey | None]:
    with timed("tokenise", beside=True):
        text_words = tokenize(texts)
        title_words = tokenize(speaking_titles(titles, text_words))
    with timed("sketch", beside=True):
        sketch = sketch_words(title_words, text_words)
    if limits is None:
        return sketch, None
    with timed("survey", beside=True):
        return sketch, _survey(titles, texts, text_words, sketch, limits)


def _survey(titles: pa.Array, texts: pa.Array, words: Words, sketch: Sketch, limits: Limits) -> Survey:
    """Survey the texts as they are confirmed: of a short one title and text together."""
    n_words = np.diff(words.offsets)
    within = (sketch.text_hash != 0) & (sketch.text_hash <= np.uint64(limits.survey))
    long = np.flatnonzero(within & (n_words >= BODY_MIN_WORDS))
    short = np.flatnonzero(within & (n_words < BODY_MIN_WORDS))
    rows = pa.array(short)
    both = tokenize(confirm_text(titles.take(rows), texts.take(rows), sketch.n_words[short].astype(np.int64)))
    hashes = sketch.text_hash
    return Survey.joined(
        [
            survey_texts(_rows(words, long), hashes[long], count_limit=limits.count),
            survey_texts(both, hashes[short], count_limit=limits.count),
        ]
    )


def _rows(words: Words, rows: NDArray[np.int64]) -> Words:
    """Words of the chosen texts; the arrays themselves where all are chosen."""
    if len(rows) == len(words):
        return words
    kept = np.zeros(len(words), np.bool_)
    kept[rows] = True
    sizes = np.diff(words.offsets)
    of_words = np.repeat(kept, sizes)
    offsets = np.concatenate(([0], np.cumsum(sizes[rows])))
    return Words(words.hashes[of_words], words.flags[of_words], offsets)
