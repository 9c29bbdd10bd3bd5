"""CSV: one article a row under a header, whatever parts the fields.

What breaks CSV feeds is a quote that nobody closes: it swallows every row
up to the next quote, or the rest of the file. So a row that spans lines and does not
have the header's number of fields is taken back: its first line is rejected
and reading goes on with the second, unless the row was merely of the wrong width.
"""

from __future__ import annotations

import csv
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dedup.article import Reject
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.from_csv.csv_shape import csv_shape
from dedup.feeds.lines import LONGEST_LINE, line_groups
from dedup.feeds.raw_batch import RawBatch

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

NULLS: Final = frozenset({"nan", "NaN", "None", "null", "NULL", r"\N", "[]"})
"""What programs write into CSV where there is nothing; CSV itself can only say ""."""

# A quoted field over several lines is given up after so many characters or lines; no article is longer,
# and all of it has to be held to be read again.
_LONGEST_ROW: Final = 64 << 20
_MOST_LINES: Final = 50_000
# Where a quote was left open, one of so many lines behind it will be a row by itself.
_LOOK_BEHIND: Final = 20
_LIMIT_LOCK = threading.Lock()


class _RunawayRowError(Exception):
    """A quoted field went on for longer than any article."""


class CsvReader:
    """Reads the rows of one CSV file.

    Parameters
    ----------
    source : Source
        Its head tells separator, quoting and header.
    options : ReadOptions
        Bytes of a batch are counted in characters here.

    Raises
    ------
    FeedError
        The file has no rows.
    """

    replaced = 0  # invalid bytes are counted where they land, value by value

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._file = source.path
        shape = csv_shape(source.head.decode("utf-8", "surrogateescape"), source.whole, options.mapped)
        if shape is None:
            raise FeedError(f"{source.path}: no rows in it", "name the format with --format-in")
        self._shape = shape
        self.described = str(shape)
        self._batch_size = options.batch_size
        self._batch_bytes = options.batch_bytes
        self._rejects: list[Reject] = []
        self._ahead: deque[tuple[int, str]] = deque()  # lines taken back, read before any new one
        self._taken: list[tuple[int, str]] = []  # lines of the row being read
        with _LIMIT_LOCK:  # the limit belongs to the process; it is only ever raised
            csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))

    def read(self) -> Iterator[RawBatch]:
        """Yield the records, each a mapping of header to cell; empty rows are no records."""
        header = self._shape.header
        width = len(header)
        rows = self._rows(self._lines(self._source.blocks()))
        for _ in range(1 + self._shape.named):
            next(rows, None)  # the header, and the line before it that names the separator
        batch = RawBatch(columns=header)
        for line, row in rows:
            if len(row) == width:
                batch.records.append(dict(zip(header, row, strict=True)))
                batch.lines.append(line)
                batch.size += sum(map(len, row))
            else:
                said = f"{len(row)} instead of {width}: {self._shape.separator.join(row)}"
                self._rejects.append(reasons.reject(self._file, line, reasons.WRONG_WIDTH, said))
            full = len(batch.records) + len(self._rejects) >= self._batch_size
            if full or batch.size >= self._batch_bytes:
                batch.rejects, self._rejects = self._rejects, []
                yield batch
                batch = RawBatch(columns=header)
        batch.rejects, self._rejects = self._rejects, []
        # The first batch also settles the columns, so a file of a header alone has one too.
        yield batch

    def _lines(self, blocks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
        for first, lines, dropped in line_groups(_unix_lines(blocks)):
            for number in dropped:
                detail = f"over {LONGEST_LINE >> 20} MB without a line break"
                self._rejects.append(reasons.reject(self._file, number, reasons.TOO_LONG, detail))
            for number, line in enumerate(lines, first):
                # Invalid bytes pass as lone surrogates, to be replaced and counted where they land.
                yield number, line.decode("utf-8", "surrogateescape") + "\n"

    def _fed(self, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
        size = 0
        while True:
            entry = self._ahead.popleft() if self._ahead else next(lines, None)
            if entry is None:
                return
            size = size + len(entry[1]) if self._taken else len(entry[1])
            self._taken.append(entry)
            if len(self._taken) > _MOST_LINES or (size > _LONGEST_ROW and len(self._taken) > 1):
                raise _RunawayRowError
            yield entry[1]

    def _rows(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Yield (first line, cells) of each row that is not empty, the header first."""
        width = len(self._shape.header)
        reader = self._reader(lines)
        while True:
            self._taken = []
            try:
                row = next(reader)
            except StopIteration:
                return
            except _RunawayRowError:
                self._take_back(f"no closing quote in {len(self._taken):,} lines")
                reader = self._reader(lines)
                continue
            except csv.Error as error:
                self._take_back(str(error))
                reader = self._reader(lines)
                continue
            # Blank and separator-only lines ("", ",,,") are padding that spreadsheets leave behind.
            if not any(cell.strip() for cell in row):
                continue
            if len(self._taken) > 1 and self._shape.quoted and self._swallowed(row, width):
                self._take_back(f"it runs on for {len(self._taken)} lines")
                reader = self._reader(lines)
                continue
            yield self._taken[0][0], row

    def _reader(self, lines: Iterator[tuple[int, str]]) -> Iterator[list[str]]:
        return self._shape.split(self._fed(lines))

    def _swallowed(self, row: list[str], width: int) -> bool:
        """Return whether a row over several lines is really several rows behind an open quote."""
        quotes = sum(self._shape.quotes(text) for _, text in self._taken)
        if len(row) == width:
            # Well-formed rows have an even number of quotes.
            return quotes % 2 == 1 and any(
                self._stands_alone(text, width) for _, text in self._taken[1 : 1 + _LOOK_BEHIND]
            )
        return self._stands_alone(self._taken[1][1], width)

    def _stands_alone(self, text: str, width: int) -> bool:
        """Return whether a line, read by itself, is a row of the right width."""
        try:
            alone = next(self._shape.split([text]), [])
        except csv.Error:  # a return in the middle of it
            return False
        return width > 1 and len(alone) == width

    def _take_back(self, said: str) -> None:
        number, text = self._taken[0]
        detail = f"{said}: {reasons.shown(text)}"
        self._rejects.append(reasons.reject(self._file, number, reasons.OPEN_QUOTE, detail))
        self._ahead.extendleft(reversed(self._taken[1:]))


def _unix_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `blocks`; where lines end in a return alone, as on old Macintoshes, it becomes a line feed."""
    old_mac: bool | None = None
    for block in blocks:
        if old_mac is None and (b"\n" in block or b"\r" in block):
            old_mac = b"\n" not in block
        yield block.replace(b"\r", b"\n") if old_mac else block
