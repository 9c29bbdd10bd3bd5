"""Charts of how stories travel: how fast, and from whom to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from dedup.charts.chart import BLUE, GREY, SERIES, Chart, drawing, plain
from dedup.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from dedup.provenance.trace import Provenance

_MINUTE: Final = 60.0
_TICKS: Final = {
    60: "1 min", 600: "10 min", 3_600: "1 h", 21_600: "6 h", 86_400: "1 d", 172_800: "2 d",
    604_800: "1 wk", 2_592_000: "30 d", 31_536_000: "1 y",
}  # fmt: skip
_LEAST_PICKUPS: Final = 5  # a curve of fewer says nothing
_CELL: Final = 0.42  # inches of a cell of the matrix


def pickup_curve(found: Provenance, *, by: str | None = None, top: int = 5) -> Chart:
    """Draw which share of the pick-ups came within a time of the first copy.

    Parameters
    ----------
    found : Provenance
        Pick-ups whose lag is not known are left out and counted in the title. Where dates are days, a copy
        of the same day came within a day, and is drawn there.
    by : {"credit", "relation", "carrier"}, optional
        A curve for each agency, relation or carrier beside that of all.
    top : int
        Only so many of them, those with most pick-ups (five at least).

    Returns
    -------
    Chart

    Raises
    ------
    SettingsError
        If there is no pick-up of known lag, or no such `by`.
    """
    if by not in (None, "credit", "relation", "carrier"):
        raise SettingsError(f"by: {by!r} is none of 'credit', 'relation', 'carrier'")
    timed = found.pickups.dropna(subset=["within_s"])
    if timed.empty:
        raise SettingsError("no pick-up curve: no copy has a lag", "give a feed with times of publication")
    untold = len(found.pickups) - len(timed)
    with drawing() as (chart, (axes,)):
        lags = _seconds(timed)
        axes.plot(*_steps(lags), color=GREY if by else BLUE, linewidth=2.2, label=f"all: {len(lags):,}",
                  drawstyle="steps-post")  # fmt: skip
        if by is not None:
            counts = timed[by].value_counts()
            # pandas leaves equal counts in the order of the data; names decide.
            ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
            for color, (name, n) in zip(SERIES, ranked[:top], strict=False):
                if n >= _LEAST_PICKUPS:
                    mine = _seconds(timed[timed[by] == name])
                    axes.plot(*_steps(mine), color=color, linewidth=1.3, label=f"{plain(name)}: {n:,}",
                              drawstyle="steps-post")  # fmt: skip
        shown = [at for at in _TICKS if lags.min() / 2 <= at <= lags.max() * 1.5] or [3_600]
        axes.set_xscale("log")
        axes.set_xticks(shown, [_TICKS[at] for at in shown])
        axes.minorticks_off()
        median = float(np.median(lags))
        axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":", label="_half")
        title = f"{len(lags):,} pick-ups, half within {_worded(median)}"
        title += f" ({untold:,} of unknown lag left out)" if untold else ""
        axes.set(xlabel="time after the first copy", ylabel="share of pick-ups", ylim=(0, 1.02), title=title)
        chart.figure.legend(loc="outside lower center", ncols=min(len(axes.lines), 4))
    return chart


def outlet_matrix(found: Provenance, *, top: int = 15) -> Chart:
    """Draw who carries what whom had first: rows pick up from columns.

    Parameters
    ----------
    found : Provenance
    top : int
        Only the busiest so many.

    Returns
    -------
    Chart

    Raises
    ------
    SettingsError
        If nobody picked anything up.
    """
    counts = found.matrix(top)
    if counts.empty or not counts.to_numpy().any():
        raise SettingsError("no matrix: no story is carried by two outlets of known name")
    names = [plain(name, 24) for name in counts.index]
    values = counts.to_numpy()
    n = len(names)
    side = max(n * _CELL, 2.4)
    with drawing(side + 2.0, side + 1.9) as (chart, (axes,)):
        axes.imshow(np.ma.masked_equal(values, 0), cmap="Blues", vmin=0, vmax=max(int(values.max()), 2))
        axes.set_xticks(range(n), names, rotation=50, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(n), names)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        dark = values.max() * 0.55
        for row in range(n):
            for column in range(n):
                if number := int(values[row, column]):
                    axes.text(
                        column, row, f"{number:,}", ha="center", va="center", fontsize=8,
                        color="white" if number > dark else "#20242b",
                    )  # fmt: skip
        axes.plot([-0.5, n - 0.5], [-0.5, n - 0.5], color="#d3d6db", linewidth=0.7)
        axes.set(
            xlabel="first to carry the story",
            ylabel="carried it later",
            title="Who carries whose copy: stories",
        )
    return chart


def _seconds(timed: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    # A log axis has no zero: what came within the minute came after one.
    return np.sort(np.maximum(timed["within_s"].to_numpy(np.float64), _MINUTE))


def _steps(
    lags: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    share = np.arange(len(lags) + 1) / len(lags)
    return np.concatenate((lags[:1], lags)), share


def _worded(seconds: float) -> str:
    from dedup.report.wording import duration

    return duration(seconds)
