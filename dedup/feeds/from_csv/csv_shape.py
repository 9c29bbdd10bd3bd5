r"""The shape of a CSV file: what parts its fields, whether quotes count, and its header.

Told by trying: the separator under which most of the first rows have as many
fields as the header. Counting characters would be fooled by the commas of the
text itself. Two ways to write CSV differ from RFC 4180 in what a row means, and are told by trying as well:
Spark and MySQL write a quote in a text as ``\"``, people write a space behind the comma.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from dedup.feeds.fields.field_names import KNOWN_NAMES, folded_name

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_SAMPLE: Final = 256 << 10  # characters
_ROWS: Final = 200
# Quotes are taken as plain characters only where that clearly gives more whole rows.
_CLEARLY: Final = 0.1
# A cell that would be a quoted one but for the space before it.
_LATE_QUOTE: Final = re.compile(r' +"(?s:.*)"')


@dataclass(frozen=True)
class CsvShape:
    r"""How to split the rows of a file.

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
    escaped : bool
        A backslash takes its meaning from a quote, a separator, a line break or a backslash behind it; before
        anything else (``C:\new``, ``\N``) it is a character like others.
    spaced : bool
        Spaces behind a separator are not part of the field, so a quote behind them encloses it.
    """

    separator: str
    quoted: bool = True
    header: tuple[str, ...] = ()
    known: int = 0
    whole: float = 0.0
    rows: int = 0
    named: bool = False
    escaped: bool = False
    spaced: bool = False

    def __str__(self) -> str:
        said = "csv"
        if self.separator != ",":
            said = f"csv with {SEPARATORS.get(self.separator, f'separator {self.separator!r}')}"
        if not self.quoted:
            said += ", quotes as text"
        if self.escaped:
            said += ", backslash escapes"
        return said + ", spaces after separators" if self.spaced else said

    def split(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """Return a reader of the rows in `lines`.

        Parameters
        ----------
        lines : iterable of str
            Each with its line break.
        strict : bool
            Quotes that are not as they should be raise an error; else the best is made of them.

        Raises
        ------
        csv.Error
            When a row is read: a field is too long, or `strict`.
        """
        return csv.reader(
            map(self._plain, lines) if self.escaped else lines,
            delimiter=self.separator,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            escapechar="\\" if self.escaped else None,
            skipinitialspace=self.spaced,
            strict=strict,
        )

    def quotes(self, line: str) -> int:
        """Return how many quotes of a line open or close something, doubled ones counted as two."""
        return (self._escape.sub("", line) if self.escaped else line).count('"')

    @cached_property
    def _escape(self) -> re.Pattern[str]:
        return re.compile(r'\\(["\\\n' + re.escape(self.separator) + r"])|\\")

    def _plain(self, line: str) -> str:
        """Return a line in which the backslashes that escape nothing are escaped themselves."""
        if "\\" not in line:
            return line
        return self._escape.sub(lambda found: found[0] if found[1] else r"\\", line)


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
        shape = _try(lines[1:], CsvShape(named), mapped)
        return None if shape is None else replace(_escapes(lines[1:], shape, mapped), named=True)
    best: CsvShape | None = None
    for separator in SEPARATORS:
        quoted = _try(lines, CsvShape(separator), mapped)
        plain = _try(lines, CsvShape(separator, quoted=False), mapped) if separator == "\t" else None
        loose = separator == "\t" and _has_loose_quotes(lines[:_ROWS])
        if plain is not None:
            # A cell of several lines looks loose line by line; then the rows are broken without quotes.
            loose = loose and quoted is not None and plain.whole >= quoted.whole
            if quoted is None or loose or plain.whole > quoted.whole + _CLEARLY:
                quoted = plain
        if quoted is not None:
            quoted = _escapes(lines, quoted, mapped)
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


def _escapes(lines: list[str], shape: CsvShape, mapped: Collection[str]) -> CsvShape:
    r"""Return `shape`, or that with escapes or spaces under which more rows of the sample are sound.

    Of a path that ends in a backslash (``"C:\new\","b"``) RFC 4180 makes a sound row and escapes do not; of
    ``"a \"b\" c"`` it is the other way round.
    """
    space = f'{shape.separator} "'
    ways = [(False, False)]
    if any("\\" in line for line in lines):
        ways.append((True, False))
    if shape.quoted and any(space in line for line in lines):
        ways += [(escaped, True) for escaped, _ in tuple(ways)]
    best, most = shape, -1
    for escaped, spaced in ways if len(ways) > 1 else ():
        tried = _try(lines, replace(shape, escaped=escaped, spaced=spaced), mapped)
        sound = -1 if tried is None else _sound(lines, tried)
        if tried is not None and sound > most:
            best, most = tried, sound
    return best


def _sound(lines: list[str], shape: CsvShape) -> int:
    """Return how many rows of a sample have the width of the header and their quotes in order."""
    width, sound = len(shape.header), 0
    rest = iter([line + "\n" for line in lines])
    rows = shape.split(rest, strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            rows = shape.split(rest, strict=True)
            continue
        if row is None:
            return sound
        sound += len(row) == width and not (shape.quoted and any(_LATE_QUOTE.fullmatch(cell) for cell in row))


def _try(lines: list[str], shape: CsvShape, mapped: Collection[str]) -> CsvShape | None:
    """Return `shape` with what it makes of a sample, or None when that is no row."""
    rows: list[list[str]] = []
    try:
        for row in shape.split(line + "\n" for line in lines):
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
    return replace(shape, header=header, known=known, whole=whole, rows=len(rows) - 1)
