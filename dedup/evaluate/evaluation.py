"""An evaluation: clusters and scores held against labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.errors import GoldError
from dedup.evaluate.curve import Point, curve
from dedup.evaluate.gold import LABELS, GoldClusters, GoldPair
from dedup.evaluate.metrics import (
    Bin,
    Counts,
    Intervals,
    adjusted_rand,
    average_precision,
    b_cubed,
    brier,
    capped,
    count_cluster_pairs,
    count_pairs,
    generator,
    intervals,
    mutual_information,
    reliability,
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of labelled pairs and how sure they are."""

    counts: Counts
    intervals: Intervals


@dataclass(frozen=True, slots=True)
class PairEvaluation:
    """How labelled pairs were grouped.

    Parameters
    ----------
    labels : mapping of str to int
        Pairs of each label.
    plain, capped, weighted : Figures
        Each pair counted once; by its weight, no weight above `cap`; by its weight.
    cap : float
    kinds : list of (label, kind, grouped, pairs)
        Sorted. Partly derived pairs (P) stand here and nowhere else.
    """

    labels: Mapping[str, int]
    plain: Figures
    capped: Figures
    weighted: Figures
    cap: float
    kinds: list[tuple[str, str, int, int]]

    def grouped(self, label: str) -> int:
        """Return how many pairs of a label were grouped."""
        return sum(hit for of, _, hit, _ in self.kinds if of == label)


@dataclass(frozen=True, slots=True)
class ClusterEvaluation:
    """How labelled clusters were found; `b_cubed` is precision and recall."""

    articles: int
    clusters: int
    pairwise: Counts
    b_cubed: tuple[float, float]
    adjusted_rand: float
    mutual_information: float


@dataclass(frozen=True, slots=True)
class ScoreEvaluation:
    """What the scores of labelled pairs are worth, whatever the clusters.

    Parameters
    ----------
    copy : bool array, shape (p,)
    score : float64 array, shape (p,)
    threshold : float
        The one in use.
    """

    copy: NDArray[np.bool_]
    score: NDArray[np.float64]
    threshold: float
    points: list[Point]
    average_precision: float
    brier: float
    reliability: list[Bin]

    @property
    def at_threshold(self) -> Counts:
        """Counts of the threshold in use."""
        return count_pairs(self.copy, self.score >= self.threshold)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that one ``dedup evaluate`` found; what was not asked or cannot be told is None.

    Parameters
    ----------
    threshold : float, optional
        None for clusters made before.
    model : str, optional
        Content hash of the confirm model.
    unknown : int
        Labelled articles that the source does not hold; their pairs are left out.
    pairs, clusters, scores
        Held against labelled pairs, against labelled clusters, and the scores of single pairs.
    """

    threshold: float | None
    model: str | None
    unknown: int
    pairs: PairEvaluation | None = None
    clusters: ClusterEvaluation | None = None
    scores: ScoreEvaluation | None = None


def evaluate_pairs(pairs: Sequence[GoldPair], cluster: Mapping[str, str], quantile: float) -> PairEvaluation:
    """Hold clusters against labelled pairs.

    Parameters
    ----------
    pairs : sequence of GoldPair
    cluster : mapping of str to str
        Article id -> cluster id; an article that is not there, or whose cluster is blank, is alone.
    quantile : float
        See `dedup.evaluate.metrics.capped`; the quantile of all pairs' weights, also of those labelled P.

    Raises
    ------
    GoldError
        If there is no W pair, or no N pair.
    """
    require_both(pairs)
    grouped = np.array([_together(pair, cluster) for pair in pairs])
    weights = np.array([pair.weight for pair in pairs])
    limited = capped(weights, quantile)
    kinds = Counter((pair.label, pair.kind) for pair in pairs)
    hits = Counter((pair.label, pair.kind) for pair, hit in zip(pairs, grouped, strict=True) if hit)
    judged = np.array([pair.label in LABELS for pair in pairs])
    copy = np.array([pair.label == "W" for pair in pairs])[judged]
    plain, by_capped = _figures(copy, grouped[judged], limited[judged])
    _, by_weight = _figures(copy, grouped[judged], weights[judged])
    return PairEvaluation(
        Counter(pair.label for pair in pairs),
        plain,
        by_capped,
        by_weight,
        float(limited.max()),
        [(*kind, hits[kind], n) for kind, n in sorted(kinds.items())],
    )


def evaluate_clusters(gold: GoldClusters, cluster: Mapping[str, str]) -> ClusterEvaluation:
    """Hold clusters against labelled ones, over the labelled articles; `cluster` as of `evaluate_pairs`.

    Raises
    ------
    GoldError
        If no two labelled articles are of one cluster, or all are.
    """
    articles = sorted(gold.cluster)
    # An article that is alone is a cluster of its own: named by a tuple, which no cluster id is.
    true = [gold.cluster[article] or (article,) for article in articles]
    found = [cluster.get(article) or (article,) for article in articles]
    sizes = Counter(true)
    if len(sizes) in (len(articles), 1):
        said = "are all of one cluster" if len(sizes) == 1 and len(articles) > 1 else "are all alone"
        raise GoldError(
            f"the {len(articles)} labelled articles {said}", "both copies and strangers must be labelled"
        )
    return ClusterEvaluation(
        len(articles),
        sum(size > 1 for size in sizes.values()),
        count_cluster_pairs(found, true),
        b_cubed(found, true),
        adjusted_rand(found, true),
        mutual_information(found, true),
    )


def evaluate_scores(copy: NDArray[np.bool_], score: NDArray[np.float64], threshold: float) -> ScoreEvaluation:
    """Hold the scores of pairs against their labels; parameters as of `ScoreEvaluation`."""
    return ScoreEvaluation(
        copy,
        score,
        threshold,
        curve(copy, score),
        average_precision(copy, score),
        brier(copy, score),
        reliability(copy, score),
    )


def require_both(pairs: Sequence[GoldPair], least: int = 1, what: str = "an evaluation") -> None:
    """Raise `GoldError` unless there are at least `least` W and `least` N pairs."""
    count = Counter(pair.label for pair in pairs)
    if min(count["W"], count["N"]) < least:
        raise GoldError(
            f"the labels hold {count['W']} W and {count['N']} N pairs",
            f"{what} needs at least {least} of each: copies, and pairs that are none",
        )


def _together(pair: GoldPair, cluster: Mapping[str, str]) -> bool:
    a = cluster.get(pair.id_a)
    return bool(a) and a == cluster.get(pair.id_b)


def _figures(
    copy: NDArray[np.bool_], grouped: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[Figures, Figures]:
    """Each pair counted once, and by its weight; the second goes on with the random numbers of the first."""
    source = generator()
    plain = Figures(count_pairs(copy, grouped), intervals(copy, grouped, source=source))
    return plain, Figures(count_pairs(copy, grouped, weights), intervals(copy, grouped, weights, source))
