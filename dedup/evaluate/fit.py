"""Fit a scorecard: a logistic regression whose weights are integers of the sign they must have.

scikit-learn fits; what comes out is a handful of numbers a person can read.
Each labelled set counts the same, however many pairs it has, so that the
largest does not decide what news looks like. A feature whose weight comes out
with the wrong sign is left out and the rest fitted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.briefs import BRIEF_FEATURES, BRIEF_SIGNS
from dedup.confirm.features import FEATURES, SIGNS
from dedup.confirm.model import LOGIT, Scorecard
from dedup.errors import ModelError

ARTICLE_FEATURES: Final = (
    "outside",
    "evidence",
    "numbers",
    "names",
    "rare",
    "interface",
    "figures",
    "deficit",
    "slots",
)
"""Features of the article scorecard; the others gained nothing when each corpus was left out in turn."""

BRIEF_USED: Final = ("overlap", "evidence", "numbers", "order")

NAMES_WEIGHT: Final = -6000
"""Set by hand, at about the fitted weight of numbers: a name that differs should count like a number that
does. Hardly any of the graded headlines differ in a name alone, so a fit on them finds no weight for it."""

PRIOR_SHIFT: Final = -250_000
"""Millionths of a logit added to the article scorecard: copies are rarer among the candidate pairs of a feed
than among labelled pairs, which were drawn evenly over the scores. Each corpus left out in turn, F1 stays
within a point from -500,000 to 150,000 while the share of templates grouped falls by a quarter."""

BRIEF_SHIFT: Final = -400_000
"""The same for the brief scorecard: headlines hold less to tell two stories by."""

REGULARISATION: Final = 1.0
"""Inverse strength C of the L2 penalty on standardised features; .1 to 3 differ by less than a point."""


def fit_articles(features: Sequence[NDArray[np.int32]], labels: Sequence[NDArray[np.int64]]) -> Scorecard:
    """Fit the article scorecard; parameters as of `fit_scorecard`."""
    card = fit_scorecard(features, labels, FEATURES, ARTICLE_FEATURES)
    return replace(card, intercept=card.intercept + PRIOR_SHIFT)


def fit_briefs(features: Sequence[NDArray[np.int32]], labels: Sequence[NDArray[np.int64]]) -> Scorecard:
    """Fit the brief scorecard, the mean of two: with the order of words and without; as `fit_scorecard`.

    Labelled headlines of one story are mostly light edits, which the order of words tells best, so a fit
    gives it so much weight that no re-worded headline would be found; without it, two headlines of one form
    come out alike. The mean keeps the precision of the first and most of the recall of the second.
    """
    both = [fit_scorecard(features, labels, BRIEF_FEATURES, used) for used in (BRIEF_USED, BRIEF_USED[:-1])]
    weights = np.mean([card.weights for card in both], axis=0).round().astype(np.int64)
    weights[BRIEF_FEATURES.index("names")] = NAMES_WEIGHT
    intercept = round(np.mean([card.intercept for card in both])) + BRIEF_SHIFT
    return Scorecard(BRIEF_FEATURES, weights, intercept)


def fit_scorecard(
    features: Sequence[NDArray[np.int32]],
    labels: Sequence[NDArray[np.int64]],
    names: tuple[str, ...],
    used: Sequence[str],
) -> Scorecard:
    """Fit one scorecard.

    Parameters
    ----------
    features : sequence of int32 array, shape (p_i, len(names))
        One matrix for each labelled set, in thousandths.
    labels : sequence of int array, shape (p_i,)
        1 for copies, 0 for others.
    names : tuple of str
        Names of the columns.
    used : sequence of str
        Features that may take part.

    Returns
    -------
    Scorecard
        Weight 0 for what took no part.

    Raises
    ------
    ModelError
        If no feature is left.
    """
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate(features).astype(np.float64) / 1000
    y = np.concatenate(labels)
    share = np.concatenate([np.full(len(label), len(y) / (len(labels) * len(label))) for label in labels])
    signs = SIGNS | BRIEF_SIGNS
    kept = [name for name in used if name in names]
    while kept:
        columns = x[:, [names.index(name) for name in kept]]
        mean, scale = columns.mean(axis=0), columns.std(axis=0)
        scale[scale == 0] = 1
        fitted = LogisticRegression(C=REGULARISATION, max_iter=2000, tol=1e-8).fit(
            (columns - mean) / scale, y, share
        )
        weights = fitted.coef_[0] / scale
        wrong = [name for name, weight in zip(kept, weights, strict=True) if weight * signs[name] < 0]
        if not wrong:
            break
        kept = [name for name in kept if name not in wrong]
    if not kept:
        raise ModelError("no feature speaks the way it must in these pairs", "look at their labels")
    intercept = float(fitted.intercept_[0] - weights @ mean)
    rounded = dict(zip(kept, np.rint(weights * 1000).astype(int).tolist(), strict=True))
    return Scorecard(
        names, np.array([rounded.get(name, 0) for name in names], np.int64), round(intercept * LOGIT)
    )
