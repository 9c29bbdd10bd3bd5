"""How well predictions agree with labels: pure functions of arrays.

Pairs: precision is the share of grouped pairs that are copies, recall the share
of copies that are grouped, F1 their harmonic mean. Clusters: the same over all
pairs of articles, B-cubed (which counts articles, so that one large cluster does
not decide all), the adjusted Rand index and normalised mutual information.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 2000
"""Bootstrap draws of an interval."""

SEED: Final = 0
"""Of the bootstrap: the same labels give the same interval."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted counts of labelled pairs, and what follows from them.

    Parameters
    ----------
    tp, fp, fn, tn : float
        Copies grouped, others grouped, copies apart, others apart.
    """

    tp: float
    fp: float
    fn: float
    tn: float

    @property
    def precision(self) -> float:
        """Share of what is grouped that are copies; 0 if nothing is grouped."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the copies that is grouped; 0 if there are none."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if both are."""
        return harmonic(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class Intervals:
    """5th to 95th percentile of precision, recall and F1 over bootstrap draws of the pairs."""

    precision: tuple[float, float]
    recall: tuple[float, float]
    f1: tuple[float, float]


def count_pairs(copy: Bools, grouped: Bools, weights: Floats | None = None) -> Counts:
    """Count pairs.

    Parameters
    ----------
    copy, grouped : bool array, shape (p,)
        What is, and what was predicted.
    weights : float64 array, shape (p,), optional
        How many pairs each stands for; 1 by default.
    """
    cells = np.bincount(2 * copy + grouped, weights, minlength=4)
    tn, fp, fn, tp = (float(cell) for cell in cells)
    return Counts(tp, fp, fn, tn)


def capped(weights: Floats, quantile: float) -> Floats:
    """Weights, none above the `quantile` (0..1) of them: a few strata must not decide everything.

    The quantile is the weight at place floor(quantile * p) of the sorted weights.
    """
    if not len(weights):
        return weights
    ordered = np.sort(weights)
    cap = float(ordered[min(len(ordered) - 1, int(quantile * len(ordered)))])
    return np.asarray(np.minimum(weights, cap), np.float64)


def generator() -> np.random.RandomState:
    """Source of the bootstrap's random numbers: the Mersenne twister as ``random.Random(SEED)`` seeds it.

    Plain Python draws the same numbers, so an interval can be checked to the last digit without numpy.
    """
    return np.random.RandomState([SEED])


def intervals(
    copy: Bools, grouped: Bools, weights: Floats | None = None, source: np.random.RandomState | None = None
) -> Intervals:
    """Bootstrap intervals over pairs (Efron 1979, percentile method); parameters as `count_pairs`.

    Parameters
    ----------
    source : RandomState, optional
        Goes on from where an earlier interval left it; `generator()` by default.
    """
    source = source or generator()
    n = len(copy)
    cell = 2 * copy + grouped
    found = np.empty((DRAWS, 3))
    for draw in range(DRAWS):
        chosen = (source.random_sample(n) * n).astype(np.int64)
        drawn = np.bincount(cell[chosen], None if weights is None else weights[chosen], minlength=4)
        counts = Counts(float(drawn[3]), float(drawn[1]), float(drawn[2]), float(drawn[0]))
        found[draw] = counts.precision, counts.recall, counts.f1
    found.sort(axis=0)
    low, high = found[DRAWS // 20].tolist(), found[DRAWS - DRAWS // 20 - 1].tolist()
    return Intervals(*zip(low, high, strict=True))


def count_cluster_pairs(found: Sequence[Hashable], true: Sequence[Hashable]) -> Counts:
    """Count all pairs of articles: grouped when their clusters are equal in `found`, copies when in `true`.

    Parameters
    ----------
    found, true : sequence, length n
        Cluster of each article.
    """
    both, of_found, of_true = _overlaps(found, true)
    tp = _pairs(both)
    fp, fn = _pairs(of_found) - tp, _pairs(of_true) - tp
    return Counts(tp, fp, fn, len(found) * (len(found) - 1) / 2 - tp - fp - fn)


def b_cubed(found: Sequence[Hashable], true: Sequence[Hashable]) -> tuple[float, float]:
    """B-cubed precision and recall (Bagga & Baldwin 1998; Amigo et al. 2009).

    Of each article: the share of its found cluster that belongs to its true one, and the share of its true
    cluster that is in its found one; the mean over the articles. Parameters as `count_cluster_pairs`;
    (0, 0) for no articles.
    """
    if not len(found):
        return 0.0, 0.0
    both, of_found, of_true = _overlaps(found, true, spread=True)
    # An overlap of k articles adds k times k/size.
    return float((both**2 / of_found).sum() / len(found)), float((both**2 / of_true).sum() / len(found))


def adjusted_rand(found: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    """Adjusted Rand index (Hubert & Arabie 1985): 1 for equal clusterings, about 0 by chance."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(_codes(true), _codes(found)))


def mutual_information(found: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    """Mutual information over the mean of the two entropies, 0 to 1; high where most articles are alone."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(_codes(true), _codes(found)))


def average_precision(copy: Bools, score: Floats) -> float:
    """Area under the precision-recall curve, as a sum of steps."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(copy, score))


def brier(copy: Bools, score: Floats) -> float:
    """Mean squared difference of probability and truth (Brier 1950): 0 is perfect, always 0.5 gives 0.25."""
    return float(np.mean((score - copy) ** 2))


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs of neighbouring scores: how many, their mean score, and how many of them are copies (share)."""

    pairs: int
    score: float
    copies: float


def reliability(copy: Bools, score: Floats, bins: int = 5) -> list[Bin]:
    """Calibration in bins of equal numbers of pairs, lowest scores first; a bin without pairs is left out."""
    order = np.argsort(score, kind="stable")
    return [
        Bin(len(some), float(score[some].mean()), float(copy[some].mean()))
        for some in np.array_split(order, bins)
        if len(some)
    ]


def harmonic(precision: float, recall: float) -> float:
    """F1 of a precision and a recall."""
    return _ratio(2 * precision * recall, precision + recall)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _pairs(sizes: Floats) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _codes(clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(one, len(number)) for one in clusters], np.int64)


def _overlaps(
    found: Sequence[Hashable], true: Sequence[Hashable], *, spread: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Sizes of the non-empty overlaps, of the found and of the true clusters; `spread`: of each overlap."""
    f, t = _codes(found), _codes(true)
    cells, both = np.unique(f * (t.max(initial=0) + 1) + t, return_counts=True)
    of_found, of_true = np.bincount(f).astype(np.float64), np.bincount(t).astype(np.float64)
    if spread:
        of_found, of_true = of_found[cells // (t.max() + 1)], of_true[cells % (t.max() + 1)]
    return both.astype(np.float64), of_found, of_true
