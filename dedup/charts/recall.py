"""The S-curve: how likely a pair of a given similarity is compared at all, by arithmetic and as measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from dedup.charts.chart import BLUE, GREY, RED, Chart, drawing

if TYPE_CHECKING:
    from dedup.evaluate.recall import RecallBin

_LEAST_PAIRS: Final = 5  # of fewer the interval is as wide as the chart
_PLATEAU: Final = 0.95


def s_curve(measured: Sequence[RecallBin] | None = None) -> Chart:
    """Draw the expected recall of articles over the similarity of their shingles.

    Parameters
    ----------
    measured : sequence of RecallBin, optional
        What `dedup.evaluate.recall.measure_recall` found in a feed: drawn as points with 95 % intervals and
        the number of pairs. Bins of fewer than five are not drawn.

    Returns
    -------
    Chart
    """
    from dedup.sketch.curve import collision_probability, expected_recall

    jaccard = np.linspace(0, 1, 401)
    with drawing() as (chart, (axes,)):
        bands = collision_probability(jaccard)
        axes.plot(jaccard, bands, "--", color=GREY, label="share a band: 128 bands of 2 rows")
        axes.plot(
            jaccard, np.clip(expected_recall(jaccard), 0, 1), color=BLUE, label="and agree in 11 of 256 slots"
        )
        measured = [one for one in measured or () if one.pairs >= _LEAST_PAIRS]
        if measured:
            at = np.array([one.jaccard for one in measured])
            share = np.array([one.recall for one in measured])
            low, high = np.array([one.interval for one in measured]).T
            axes.errorbar(
                at, share, yerr=[share - low, high - share], fmt="o", color=RED, markersize=4, capsize=2,
                linewidth=1, label="measured: share compared, 95 % interval, pairs",
            )  # fmt: skip
            for number, one in enumerate(measured):
                # On the plateau below the interval, on the slope to the right of it, off the curve.
                below = one.recall > _PLATEAU
                axes.annotate(
                    f"{one.pairs:,}", (one.jaccard, low[number] if below else one.recall),
                    (0, -5) if below else (7, 0), textcoords="offset points",
                    ha="center" if below else "left", va="top" if below else "center", fontsize=7.5,
                    color=RED,
                )  # fmt: skip
        axes.set(
            xlabel="Jaccard similarity of the word pairs", ylabel="chance to be compared", xlim=(0, 1.01),
            ylim=(-0.02, 1.05), title="What the sketches find",
        )  # fmt: skip
        axes.legend(loc="lower right")
    return chart
