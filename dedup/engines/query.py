"""Near-duplicates of new articles in an index that they are not part of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.cluster.relation import RELATIONS
from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge, confirm_text
from dedup.confirm.model import Model, probability
from dedup.engines.corpus import Ints
from dedup.engines.shelf import Shelf
from dedup.sketch.minhash import BODY_MIN_WORDS, sketch_articles

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Near:
    """What was found near some new articles.

    Parameters
    ----------
    asked : int64 array, shape (m,)
        Row of the new article.
    found : int64 array, shape (m,)
        Place of the article on the shelf.
    score : float64 array, shape (m,)
    relation : list of str
        Of the new article to the one found.
    """

    asked: Ints
    found: Ints
    score: NDArray[np.float64]
    relation: list[str]


def find_near(
    shelf: Shelf, articles: pa.Table, learnt: Learnt, model: Model, least: int, threads: int
) -> Near:
    """Find the articles of an index that are copies of new ones.

    Parameters
    ----------
    shelf : Shelf
        The index.
    articles : pa.Table
        New articles, `ARTICLE_SCHEMA`, n rows.
    learnt, model
        Epoch and model to judge by.
    least : int
        Threshold as a sum.
    threads : int

    Returns
    -------
    Near
        Found articles as places on the shelf.
    """
    titles, texts = articles["title"].combine_chunks(), articles["text"].combine_chunks()
    sketch = sketch_articles(titles, texts, threads=threads)
    found = []
    for row in np.flatnonzero(sketch.text_hash).tolist():
        size = sketch.n_words[[row]].astype(np.int64)
        text = confirm_text(titles[row : row + 1], texts[row : row + 1], size)
        near = shelf.near(sketch, row, threads)
        found.append(_judged(shelf, row, text, int(size[0]), near, learnt, model, least, threads))
    titled = _by_title(shelf, articles, sketch.n_words, learnt, model, least, threads)
    return _united(_joined(found), titled)


def _judged(
    shelf: Shelf,
    row: int,
    text: pa.Array,
    size: int,
    near: Ints,
    learnt: Learnt,
    model: Model,
    least: int,
    threads: int,
) -> Near:
    """Judge what is near one new article; equal texts are judged once."""
    if not len(near):
        return Near(near, near, np.empty(0), [])
    _, first, of = np.unique(shelf.text_hash[near], return_index=True, return_inverse=True)
    asked = near[first]
    rows = shelf.snapshot.rows_at(shelf.part[asked], shelf.row[asked], ("title", "text"), threads=threads)
    old = confirm_text(rows["title"].combine_chunks(), rows["text"].combine_chunks(), shelf.units[asked])
    both = pa.concat_arrays([old, text])
    sizes = np.append(shelf.units[asked], size)
    judge = Judge(sizes, lambda wanted: both.take(pa.array(wanted)), learnt, model, threads=threads)
    left, right = np.arange(len(asked)), np.full(len(asked), len(asked))
    verdicts = judge.verdicts(left, right)
    good = np.flatnonzero(verdicts.sums[of] >= least)
    names = [RELATIONS[code] for code in verdicts.relations[of[good]].tolist()]
    return Near(np.full(len(good), row), near[good], probability(verdicts.sums[of[good]]), names)


def _joined(found: list[Near]) -> Near:
    none = np.empty(0, np.int64)
    return Near(
        np.concatenate([none, *(one.asked for one in found)]),
        np.concatenate([none, *(one.found for one in found)]),
        np.concatenate([np.empty(0), *(one.score for one in found)]),
        [name for one in found for name in one.relation],
    )


def _by_title(
    shelf: Shelf,
    articles: pa.Table,
    n_words: NDArray[np.int32],
    learnt: Learnt,
    model: Model,
    least: int,
    threads: int,
) -> Near:
    """Articles with a text whose title is like a headline asked about, which has no text to compare.

    There is no sketch of a title, so all are compared: a few microseconds each.
    """
    headlines = np.flatnonzero((n_words > 0) & (n_words < BODY_MIN_WORDS))
    full = np.flatnonzero(shelf.units >= BODY_MIN_WORDS)
    if not len(headlines) or not len(full):
        return Near(full[:0], full[:0], np.empty(0), [])
    rows = shelf.snapshot.rows_at(shelf.part[full], shelf.row[full], ("title",), threads=threads)
    titles = rows["title"].cast(pa.large_string())
    asked = articles.take(pa.array(headlines))
    own = confirm_text(
        asked["title"].combine_chunks(), asked["text"].combine_chunks(), n_words[headlines].astype(np.int64)
    )
    texts = pa.concat_arrays([titles.combine_chunks(), own])
    sizes = np.full(len(texts), BODY_MIN_WORDS)  # of a headline, or a little more
    judge = Judge(sizes, lambda wanted: texts.take(pa.array(wanted)), learnt, model, threads=threads)
    rows, found, scores, names = [], [], [], []
    for number, row in enumerate(headlines.tolist()):
        left = np.arange(len(full))
        right = np.full(len(full), len(full) + number)
        sums = judge.verdicts(left, right, matches_only=True).sums
        good = np.flatnonzero(sums >= least)
        codes = judge.relations(good, right[good])
        judge.memory.forget()
        rows.append(np.full(len(good), row))
        found.append(full[good])
        scores.append(probability(sums[good]))
        names += [RELATIONS[code] for code in codes.tolist()]
    return Near(np.concatenate(rows), np.concatenate(found), np.concatenate(scores), names)


def _united(one: Near, two: Near) -> Near:
    """Both, without what stands in both."""
    known = set(zip(one.asked.tolist(), one.found.tolist(), strict=True))
    pairs = zip(two.asked.tolist(), two.found.tolist(), strict=True)
    fresh = np.array([pair not in known for pair in pairs], np.bool_)
    return Near(
        np.concatenate([one.asked, two.asked[fresh]]).astype(np.int64),
        np.concatenate([one.found, two.found[fresh]]).astype(np.int64),
        np.concatenate([one.score, two.score[fresh]]),
        one.relation + [name for name, new in zip(two.relation, fresh.tolist(), strict=True) if new],
    )
