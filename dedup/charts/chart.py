"""A picture that can be saved, and that a notebook shows: the frame all charts are drawn in.

Plain matplotlib, imported when the first chart is drawn. Nothing global is
touched, neither pyplot nor its settings, and the same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from dedup.errors import DedupError
from dedup.report.destination import destination

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS: Final = (".png", ".svg", ".pdf")

BLUE: Final = "#1f5a94"
RED: Final = "#b3261e"
GREY: Final = "#8a8f98"
SERIES: Final = (BLUE, "#d98018", "#3f8f5b", "#7a4fa3", "#5b6470", RED)
"""Told apart also by those who see red and green alike, for they differ in lightness."""

_STYLE: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e6ea",
    "grid.linewidth": 0.7,
    "axes.edgecolor": "#5b6470",
    "legend.frameon": False,
    # Neither the time nor random names may enter a file.
    "svg.hashsalt": "dedup",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
_METADATA: Final[dict[str, dict[str, None]]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
_DPI: Final = 110
_NOTEBOOK_DPI: Final = 80


class Chart:
    """A drawn chart; the last line of a notebook's cell shows it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        To be changed at will before it is saved.

    Examples
    --------
    >>> import numpy as np
    >>> from dedup.charts import score_histogram
    >>> chart = score_histogram(np.array([0.1, 0.9, 0.95]))
    >>> chart.figure.axes[0].get_xlabel()
    'score'
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def __repr__(self) -> str:
        titles = [title for axes in self.figure.axes if (title := axes.get_title(loc="left"))]
        return f"Chart({'; '.join(titles)!r})"

    def save(self, path: str | Path, *, dpi: int = _DPI) -> Path:
        """Write the chart; the file is replaced when the picture is whole.

        Parameters
        ----------
        path : path
            ``.png``, ``.svg`` or ``.pdf``.
        dpi : int
            Dots per inch of a png.

        Returns
        -------
        Path

        Raises
        ------
        DedupError
            If the name is none of these, or the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() not in FORMATS:
            raise DedupError(f"{target}: a chart is {', '.join(FORMATS)}", "name the file so")
        format = target.suffix.lower().lstrip(".")
        drawn = self._drawn(format, dpi)
        with destination(target, format) as file:
            file.write(drawn)
        return target

    def _repr_png_(self) -> bytes:
        return self._drawn("png", _NOTEBOOK_DPI)

    def _drawn(self, format: str, dpi: int) -> bytes:
        from matplotlib import rc_context

        drawn = BytesIO()
        with rc_context(cast(Any, _STYLE)):
            self.figure.savefig(drawn, format=format, dpi=dpi, metadata=_METADATA[format])
        return drawn.getvalue()


@contextmanager
def drawing(
    width: float = 7.2, height: float = 4.0, columns: int = 1, rows: int = 1
) -> Iterator[tuple[Chart, list[Axes]]]:
    """Give an empty chart and its axes, to be drawn on inside the block.

    Parameters
    ----------
    width, height : float
        Inches.
    columns, rows : int
        Axes beside and below each other.

    Raises
    ------
    DedupError
        Without matplotlib.
    """
    check_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(cast(Any, _STYLE)):
        figure = Figure((width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        yield Chart(figure), list(axes.ravel())


def check_matplotlib() -> None:
    """Raise `DedupError` if there is no matplotlib."""
    if find_spec("matplotlib") is None:
        raise DedupError("charts need matplotlib", "install it with: pip install 'dedup[charts]'")


def plain(text: object, longest: int = 28) -> str:
    """Return a feed's text as a label: one short line, in which ``$`` begins no formula."""
    from dedup.report.wording import printable

    said = printable(str(text))
    said = said if len(said) <= longest else said[: longest - 1].rstrip() + "…"
    return said.replace("$", r"\$")
