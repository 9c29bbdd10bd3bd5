"""The precision-recall curve over thresholds, and the choice of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.errors import GoldError
from dedup.evaluate.metrics import Counts, count_pairs

THRESHOLDS: Final = tuple(percent / 100 for percent in range(5, 100))
"""Thresholds that are looked at. A few hundred pairs do not tell finer steps apart."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold gives: pairs of that score or more are grouped."""

    threshold: float
    counts: Counts


def curve(
    copy: NDArray[np.bool_], score: NDArray[np.float64], thresholds: Iterable[float] = THRESHOLDS
) -> list[Point]:
    """Count pairs at each threshold.

    Parameters
    ----------
    copy : bool array, shape (p,)
    score : float64 array, shape (p,)
    thresholds : iterable of float
    """
    return [Point(threshold, count_pairs(copy, score >= threshold)) for threshold in thresholds]


def choose_threshold(points: list[Point], precision: float | None) -> float:
    """Choose a threshold.

    Parameters
    ----------
    points : list of Point
        Thresholds ascending.
    precision : float, optional
        The lowest threshold that has this precision is chosen, for it has the greatest recall. None: that
        of the greatest F1; of several the one nearest to 0.5.

    Raises
    ------
    GoldError
        If no threshold reaches the precision.
    """
    if precision is None:
        return min(points, key=lambda point: (-point.counts.f1, abs(point.threshold - 0.5))).threshold
    for point in points:
        if point.counts.tp and point.counts.precision >= precision:
            return point.threshold
    best = max(points, key=lambda point: point.counts.precision)
    raise GoldError(
        f"no threshold has precision {precision:g} on these labels, the best is "
        f"{best.counts.precision:.2f} at threshold {best.threshold:g}",
        "ask for less with --precision, or label more pairs",
    )
