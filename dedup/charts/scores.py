"""Charts of scores: how clear the cut is, and what each threshold gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dedup.charts.chart import BLUE, GREY, RED, Chart, drawing
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dedup.evaluate.evaluation import ScoreEvaluation

_BINS: Final = 40


def score_histogram(
    scores: NDArray[np.float64], *, threshold: float = 0.5, copy: NDArray[np.bool_] | None = None
) -> Chart:
    """Draw how many pairs have each score, and where they are cut.

    Parameters
    ----------
    scores : float64 array, shape (m,)
        0 to 1: of all pairs judged (`Index.scores`), or of labelled ones (`ScoreEvaluation.score`).
    threshold : float
        Marked.
    copy : bool array, shape (m,), optional
        Which of the pairs are copies, where one knows (`ScoreEvaluation.copy`): drawn apart.

    Returns
    -------
    Chart

    Raises
    ------
    SettingsError
        If `copy` is of another length.
    """
    scores = np.asarray(scores, np.float64)
    if copy is not None and len(copy) != len(scores):
        raise SettingsError(f"{len(copy)} labels for {len(scores)} scores: give one for each")
    kept = scores >= threshold if copy is None else np.asarray(copy, np.bool_)
    words = ("copies", "not") if copy is not None else ("copies by this threshold", "not")
    edges = np.linspace(0, 1, _BINS + 1)
    with drawing() as (chart, (axes,)):
        axes.hist(
            [scores[~kept], scores[kept]], bins=list(edges), stacked=True, color=[GREY, BLUE],
            label=[f"{words[1]}: {(~kept).sum():,}", f"{words[0]}: {kept.sum():,}"],
        )  # fmt: skip
        axes.axvline(threshold, color=RED, linewidth=1.2)
        axes.annotate(
            f"threshold {threshold:g}", (threshold, 1), (4, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", color=RED, va="top",
        )  # fmt: skip
        axes.set(xlabel="score", ylabel="pairs", xlim=(0, 1), title=f"Scores of {len(scores):,} pairs")
        chart.figure.legend(loc="outside lower center", ncols=2)
    return chart


def precision_recall(found: ScoreEvaluation, *, title: str = "") -> Chart:
    """Draw precision against recall with the threshold in use marked, and scores against shares of copies.

    Parameters
    ----------
    found : ScoreEvaluation
        Of labelled pairs (`dedup.evaluate.evaluation`).
    title : str

    Returns
    -------
    Chart
    """
    with drawing(9.0, 4.2, columns=2) as (chart, (left, right)):
        if title:
            chart.figure.suptitle(title)
        _precision_against_recall(left, found)
        right.plot([0, 1], [0, 1], ":", color=GREY)
        right.plot(
            [one.score for one in found.reliability],
            [one.copies for one in found.reliability],
            "o-",
            color=BLUE,
        )
        right.set(xlabel="score", ylabel="share of copies", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
        right.set_title(f"{len(found.reliability)} bins of equal numbers, Brier score {found.brier:.3f}")
    return chart


def _precision_against_recall(axes: Axes, found: ScoreEvaluation) -> None:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(found.copy, found.score)
    axes.step(recall, precision, where="post", color=BLUE)
    marked = found.at_threshold
    axes.plot(marked.recall, marked.precision, "o", color=RED)
    axes.annotate(
        f"threshold {found.threshold:g}\nprecision {marked.precision:.2f}, recall {marked.recall:.2f}",
        (marked.recall, marked.precision), (-8, -12), textcoords="offset points", ha="right", va="top",
        color=RED,
    )  # fmt: skip
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.05))
    axes.set_title(f"average precision {found.average_precision:.3f}")
