"""The score of one pair as a waterfall: what each feature adds to the sum or takes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dedup.charts.chart import BLUE, GREY, RED, Chart, drawing
from dedup.confirm.model import LOGIT

if TYPE_CHECKING:
    from dedup.compare.explanation import Explanation

_BAR: Final = 0.36  # inches of a step


def waterfall(found: Explanation) -> Chart:
    """Draw the steps from the scorecard's start to the score, in logits.

    Parameters
    ----------
    found : Explanation
        What `dedup.explain` or `Index.explain` gives.

    Returns
    -------
    Chart
    """
    steps = [one for one in found.contributions if one.contribution]
    names = ["start", *(one.feature for one in steps), "score"]
    running = [found.intercept, *(one.running for one in steps)]
    with drawing(7.2, _BAR * len(names) + 1.2) as (chart, (axes,)):
        axes.barh(0, found.intercept / LOGIT, color=GREY)
        for place, (step, before) in enumerate(zip(steps, running[:-1], strict=True), 1):
            color = BLUE if step.contribution > 0 else RED
            axes.barh(place, step.contribution / LOGIT, left=before / LOGIT, color=color)
            axes.plot([before / LOGIT] * 2, [place - 1.4, place + 0.4], color=GREY, linewidth=0.7)
            right = max(before, step.running) / LOGIT
            axes.annotate(
                f"{step.contribution / LOGIT:+.2f}", (right, place), (4, 0), textcoords="offset points",
                va="center", fontsize=8,
            )  # fmt: skip
        total = found.sum / LOGIT
        axes.barh(len(names) - 1, total, color="#20242b")
        axes.annotate(
            f"{total:+.2f} logits: {found.score:.2f}", (max(total, 0), len(names) - 1), (4, 0),
            textcoords="offset points", va="center", fontsize=8,
        )  # fmt: skip
        least = found.threshold_sum / LOGIT
        axes.axvline(least, color=RED, linewidth=1, linestyle=":")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.use_sticky_edges = False
        axes.margins(x=0.14)
        axes.set_xlabel(f"logits; a match has {least:.2f} or more, the dotted line")
        axes.set_title("match" if found.sum >= found.threshold_sum else "no match")
    return chart
