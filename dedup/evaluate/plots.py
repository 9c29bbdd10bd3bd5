"""The precision-recall curve and the calibration as a picture; needs matplotlib (the extra ``charts``)."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Final

from dedup.errors import DedupError, GoldError
from dedup.evaluate.evaluation import ScoreEvaluation
from dedup.report.destination import destination

FORMATS: Final = (".png", ".svg")

_INCHES: Final = (9.0, 4.2)
_COLOUR: Final = "#1f5a94"
_MARK: Final = "#b3261e"


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
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from sklearn.metrics import precision_recall_curve

    # Neither the time nor random names may enter the file.
    with rc_context({"svg.hashsalt": "dedup", "svg.fonttype": "none"}):
        figure = Figure(_INCHES, layout="constrained")
        figure.suptitle(title)
        left, right = figure.subplots(1, 2)
        precision, recall, _ = precision_recall_curve(found.copy, found.score)
        left.step(recall, precision, where="post", color=_COLOUR)
        marked = found.at_threshold
        left.plot(marked.recall, marked.precision, "o", color=_MARK)
        left.annotate(
            f"threshold {found.threshold:g}\nprecision {marked.precision:.2f}, recall {marked.recall:.2f}",
            (marked.recall, marked.precision),
            (-8, -12),
            textcoords="offset points",
            ha="right",
            va="top",
            color=_MARK,
        )
        left.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.05))
        left.set_title(f"average precision {found.average_precision:.3f}")
        right.plot([0, 1], [0, 1], ":", color="grey")
        right.plot(
            [one.score for one in found.reliability],
            [one.copies for one in found.reliability],
            "o-",
            color=_COLOUR,
        )
        right.set(xlabel="score", ylabel="share of copies", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
        right.set_title(f"{len(found.reliability)} bins of equal numbers, Brier score {found.brier:.3f}")
        drawn = BytesIO()
        suffix = path.suffix.lower().lstrip(".")
        figure.savefig(
            drawn, format=suffix, dpi=110, metadata={"Date": None} if suffix == "svg" else {"Software": None}
        )
    with destination(path, suffix) as file:
        file.write(drawn.getvalue())
