"""Lines of coloured, aligned text for a terminal of any width.

Few styles and fixed columns need no layout engine, and a report of a hundred
thousand clusters would wait for one. Widths are counted in
cells, so Chinese and Korean headlines stay aligned.
"""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from rich.cells import cell_len, chop_cells

from dedup.report.wording import fitted

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
NARROWEST: Final = 50
WIDEST: Final = 180
_WIDTH_OF_A_FILE: Final = 100


@dataclass(frozen=True)
class Canvas:
    """How wide lines may be and whether they are coloured.

    Parameters
    ----------
    width : int
        Cells.
    color : bool
        Whether `paint` paints.
    """

    width: int = _WIDTH_OF_A_FILE
    color: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Canvas:
        """Return the canvas of a stream: the terminal's width, or ``COLUMNS``, or 100 for a file.

        Colours need a terminal and neither ``NO_COLOR`` (see no-color.org) nor ``TERM=dumb``.
        """
        columns = os.environ.get("COLUMNS", "")
        if columns.isdigit() and int(columns):
            width = int(columns)
        elif stream.isatty():
            width = shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns
        else:
            width = _WIDTH_OF_A_FILE
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(min(max(width, NARROWEST), WIDEST), stream.isatty() and not plain)

    def paint(self, text: str, *styles: str) -> str:
        """Return `text` in these styles; as it is when nothing is to be coloured."""
        if not (self.color and styles and text):
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def wrapped(self, text: str, lines: int, indent: int = 0) -> list[str]:
        """Return `text` in at most so many lines; the last ends in an ellipsis if there was more."""
        room = self.width - indent
        if text.isascii():
            parts = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        else:
            # textwrap counts characters; a line of words is filled by cells instead.
            parts = _wrapped_cells(text, room)
        if len(parts) > lines:
            rest = " ".join(parts[lines - 1 :])
            parts = [*parts[: lines - 1], fitted(rest, room).rstrip()]
        return [" " * indent + part for part in parts]

    def ends(self, left: str, right: str) -> tuple[str, str]:
        """Return two texts for one line, the second flush right; the first is cut if they do not fit."""
        room = self.width - cell_len(right)
        return fitted(left, max(room - 2, 10)) + "  ", right


def key_values(rows: Sequence[tuple[str, str]], canvas: Canvas, indent: int = 0) -> list[str]:
    """Return lines of a name and its value, the values aligned."""
    widest = max((cell_len(name) for name, _ in rows), default=0)
    return [
        f"{' ' * indent}{canvas.paint(fitted(name, widest), 'dim')}  {value}".rstrip() for name, value in rows
    ]


def _wrapped_cells(text: str, room: int) -> list[str]:
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= room:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, room)  # scripts without spaces are one long word
        lines += pieces if lines[-1] else []
        lines = lines if lines[-1] else pieces
    return lines
