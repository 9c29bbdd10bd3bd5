"""Folds of labelled pairs such that no article is in two, and predictions by what was fitted on the others.

Pairs are not independent: one article stands in many, and a fit that has seen
it in one pair knows more of the next than it would of a stranger. So articles,
not pairs, are dealt into folds, whole groups of articles that pairs tie
together, and a pair is predicted by a fit that saw none of its articles' folds.
With several corpora each is a fold of its own, which is the harder test: a
model is used on feeds nobody labelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dedup.confirm.model import Scorecard
from dedup.errors import GoldError

FOLDS: Final = 5
LEAST_LEFT: Final = 5
"""Copies, and others, that a fold must leave to fit on."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

Fit = Callable[[Sequence[NDArray[np.int32]], Sequence[Ints]], Scorecard]
"""Fits a scorecard on the features and labels of one or more sets (`dedup.evaluate.fit.fit_articles`)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled pairs of one corpus that one scorecard judges; a corpus may have several sets of labels.

    Parameters
    ----------
    corpus : int
        Number of the corpus.
    features : int32 array, shape (p, k)
        What is fitted on.
    judged : int32 array, shape (p, k)
        What is predicted from (`dedup.evaluate.measure.Measured.judged`).
    copy : bool array, shape (p,)
    articles : list of (str, str), length p
    """

    corpus: int
    features: NDArray[np.int32]
    judged: NDArray[np.int32]
    copy: Bools
    articles: list[tuple[str, str]]

    def only(self, kept: Bools) -> Sample:
        """Return the chosen pairs."""
        articles = [pair for pair, keep in zip(self.articles, kept.tolist(), strict=True) if keep]
        return Sample(self.corpus, self.features[kept], self.judged[kept], self.copy[kept], articles)


def fitted(fit: Fit, samples: Sequence[Sample]) -> Scorecard:
    """Fit on all samples that hold a pair."""
    held = [sample for sample in samples if len(sample.copy)]
    return fit([sample.features for sample in held], [sample.copy.astype(np.int64) for sample in held])


def out_of_fold(fit: Fit, samples: Sequence[Sample]) -> tuple[list[Ints], list[Ints], str]:
    """Predict every pair by a scorecard that saw none of its articles.

    Parameters
    ----------
    fit : callable
    samples : sequence of Sample

    Returns
    -------
    list of int64 array
        Sums of the pairs of each sample, in millionths of a logit.
    list of int64 array
        Fold of each pair.
    str
        How the folds were made, for people.

    Raises
    ------
    GoldError
        If a fold leaves too few copies or others to fit on.
    """
    sides = [np.full((len(sample.copy), 2), sample.corpus) for sample in samples]
    how = "leaving each corpus out"
    if len(_held_out(sides)) < 2 or _least_left(samples, sides) < LEAST_LEFT:
        sides, how = _dealt(samples), f"{FOLDS} folds, no article in two"
        if (least := _least_left(samples, sides)) < LEAST_LEFT:
            raise GoldError(
                f"too many of the labelled pairs share articles: one of {FOLDS} folds leaves {least} pairs "
                "of a label to fit on",
                "label pairs of other articles too, or only choose a threshold with --keep-weights",
            )
    sums = [np.zeros(len(sample.copy), np.int64) for sample in samples]
    for held in _held_out(sides):
        card = fitted(fit, [s.only(_untouched(side, held)) for s, side in zip(samples, sides, strict=True)])
        for sample, side, out in zip(samples, sides, sums, strict=True):
            mine = (np.sort(side, axis=1) == held).all(axis=1)
            out[mine] = card.sums(sample.judged[mine])
    return sums, [side[:, 0] for side in sides], how


def _held_out(sides: Sequence[Ints]) -> list[Ints]:
    """Pairs of folds (mostly twice the same) that some labelled pair joins, sorted; shape (2,) each."""
    return list(np.unique(np.sort(np.concatenate(sides), axis=1), axis=0))


def _untouched(side: Ints, held: Ints) -> Bools:
    """Pairs of which no article is in the folds held out."""
    return np.asarray(~np.isin(side, held).any(axis=1), np.bool_)


def _least_left(samples: Sequence[Sample], sides: Sequence[Ints]) -> int:
    """Fewest copies or others, whichever is less, that are left when folds are held out."""
    least = []
    for held in _held_out(sides):
        copy = np.concatenate(
            [sample.copy[_untouched(side, held)] for sample, side in zip(samples, sides, strict=True)]
        )
        least.append(min(int(copy.sum()), int((~copy).sum())))
    return min(least, default=0)


def _dealt(samples: Sequence[Sample]) -> list[Ints]:
    """Deal articles into folds; return the folds of the two articles of each pair, shapes (p, 2)."""
    named = [((sample.corpus, a), (sample.corpus, b)) for sample in samples for a, b in sample.articles]
    number = {name: i for i, name in enumerate(sorted({name for pair in named for name in pair}))}
    ends = np.array([[number[a], number[b]] for a, b in named], np.int64)
    copy = np.concatenate([sample.copy for sample in samples])
    group = _groups(ends, len(number))
    if 2 * np.bincount(group[ends[:, 0]]).max() > len(ends):
        # Most pairs hang together: candidates of one feed do. What copies tie together stays whole; a pair
        # across two folds is predicted by a fit that saw neither.
        group = _groups(ends[copy], len(number))
    copies, pairs = Counter(group[ends[copy, 0]].tolist()), Counter(group[ends[:, 0]].tolist())
    # Dealt like cards, those of most copies first: every fold gets its share of both labels.
    ordered = sorted(set(group.tolist()), key=lambda one: (-copies[one], -pairs[one], one))
    fold = np.empty(len(ordered), np.int64)
    fold[ordered] = np.arange(len(ordered)) % FOLDS
    cuts = np.cumsum([len(sample.copy) for sample in samples])[:-1]
    return list(np.split(fold[group][ends], cuts))


def _groups(ends: Ints, n: int) -> Ints:
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)
