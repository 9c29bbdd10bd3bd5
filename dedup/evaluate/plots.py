"""The precision-recall curve and the calibration as a picture; needs matplotlib (the extra ``charts``)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from dedup.charts.scores import precision_recall
from dedup.errors import DedupError, GoldError
from dedup.evaluate.evaluation import ScoreEvaluation

FORMATS: Final = (".png", ".svg")


def check_plot(path: Path | None) -> None:
    """Raise `DedupError` now if `plot_scores` could not draw to `path`, rather than after the work."""
    if path is None:
        return
    if path.suffix.lower() not in FORMATS:
        raise DedupError(f"{path}: a plot is .png or .svg", "name the file so")
    if find_spec("matplotlib") is None:
        raise DedupError("plots need matplotlib", "install it with: pip install 'dedup[charts]'")


def plot_scores(found: ScoreEvaluation | None, path: Path, title: str = "") -> None:
    """Draw precision against recall with the threshold in use marked, and scores against shares of copies.

    Parameters
    ----------
    found : ScoreEvaluation, optional
    path : Path
        Replaced when the picture is whole; the same scores give the same bytes.
    title : str

    Raises
    ------
    GoldError
        If there are no scores.
    DedupError
        If the file cannot be written.
    """
    if found is None:
        raise GoldError("no plot: among the scored pairs are only copies, or none", "label both")
    precision_recall(found, title=title).save(path)
