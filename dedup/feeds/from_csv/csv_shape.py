"""The shape of a CSV file: what parts its fields, whether quotes count, and its header.

Told by trying: the separator under which most of the first rows have as many
fields as the header. Counting characters would be fooled by the commas of the
text itself.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from dedup.feeds.fields.field_map import KNOWN_NAMES, folded_name

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_SAMPLE: Final = 256 << 10  # characters
_ROWS: Final = 200
# Quotes are taken as plain characters only where that clearly gives more whole rows.
_CLEARLY: Final = 0.1


@dataclass(frozen=True)
class CsvShape:
    """How to split the rows of a file.

    Parameters
    ----------
    separator : str
        One character.
    quoted : bool
        Double quotes enclose fields; else they are characters like others.
    header : tuple of str
        The names in the first row.
    known : int
        How many of them are names of fields, or mapped by the user.
    whole : float
        Share of the rows looked at that have as many fields as the header.
    rows : int
        Rows looked at, the header not counted.
    named : bool
        The first line names the separator (``sep=;``, as Excel writes it) and is no header.
    """

    separator: str
    quoted: bool
    header: tuple[str, ...]
    known: int
    whole: float
    rows: int
    named: bool = False

    def __str__(self) -> str:
        said = "csv"
        if self.separator != ",":
            said = f"csv with {SEPARATORS.get(self.separator, f'separator {self.separator!r}')}"
        return said if self.quoted else said + ", quotes as text"


def csv_shape(text: str, complete: bool, mapped: Collection[str] = ()) -> CsvShape | None:
    """Return the likeliest shape of a CSV file that begins with `text`, or None when it has no rows.

    Parameters
    ----------
    text : str
        The beginning of the file.
    complete : bool
        `text` is all of the file, so its last line is whole.
    mapped : collection of str
        Column names that the user gave.
    """
    lines = text[:_SAMPLE].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not complete or len(text) > _SAMPLE:
        lines = lines[:-1] or lines
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return None
    named = lines[0].strip(' "').removeprefix("sep=") if lines[0].strip(' "').startswith("sep=") else ""
    if len(named) == 1 and len(lines) > 1:
        shape = _try(lines[1:], named, True, mapped)
        return None if shape is None else replace(shape, named=True)
    best: CsvShape | None = None
    for separator in SEPARATORS:
        quoted = _try(lines, separator, True, mapped)
        plain = _try(lines, separator, False, mapped) if separator == "\t" else None
        loose = separator == "\t" and _has_loose_quotes(lines[:_ROWS])
        if plain is not None and (quoted is None or loose or plain.whole > quoted.whole + _CLEARLY):
            quoted = plain
        if quoted is not None and (best is None or _rank(quoted) > _rank(best)):
            best = quoted
    return best


def _has_loose_quotes(lines: list[str]) -> bool:
    """Return whether most cells of a table in tabs that begin with a quote do not end with one."""
    cells = [cell for line in lines for cell in line.split("\t") if cell.startswith('"')]
    return sum(len(cell) < 2 or not cell.endswith('"') for cell in cells) > len(cells) / 2


def _rank(shape: CsvShape) -> tuple[bool, bool, int, float, int]:
    wide = len(shape.header) > 1
    return (wide and shape.known > 0, wide and shape.whole > 0.5, shape.known, shape.whole, len(shape.header))


def _try(lines: list[str], separator: str, quoted: bool, mapped: Collection[str]) -> CsvShape | None:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(
            [line + "\n" for line in lines],
            delimiter=separator,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        ):
            if row:
                rows.append(row)
            if len(rows) > _ROWS:
                break
    except csv.Error:  # an open quote ran to the end of the sample; the rows before it will do
        pass
    if not rows:
        return None
    header = tuple(rows[0])
    known = sum(name in mapped or folded_name(name) in KNOWN_NAMES for name in header)
    # The last row of a sample may have been cut within a quoted field.
    body = rows[1:-1] if len(rows) > 3 else rows[1:]
    whole = sum(len(row) == len(header) for row in body) / len(body) if body else 1.0
    return CsvShape(separator, quoted, header, known, whole, len(rows) - 1)
