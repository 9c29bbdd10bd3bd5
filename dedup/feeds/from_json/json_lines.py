"""JSON lines: one object a line.

orjson reads a line in about the time it takes to copy it, and is strict. A
line it refuses gets a second chance for the few things that feeds get wrong and
that cost nothing to mend: a byte order mark, invalid UTF-8, ``NaN``, a lone
surrogate. Anything else is rejected with the parser's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import orjson

from dedup.feeds import reasons
from dedup.feeds.from_json.json_scan import ODD_LINE
from dedup.feeds.from_json.line_batch import KeyTable, LineBatch
from dedup.feeds.lines import LONGEST_LINE, whole_lines
from dedup.feeds.raw_batch import SETTLED_BY, RawBatch, dotted_names
from dedup.feeds.vectors import SLACK

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions

_LONGEST_PATIENCE: Final = 256 * SETTLED_BY


class Lines(Protocol):
    """What is read: a `Source`, or whatever else has lines."""

    path: str

    def blocks(self) -> Iterator[bytes]:
        """Yield the lines in blocks, cut anywhere."""
        ...


class JsonLinesReader:
    """Reads the JSON lines of one file.

    Parameters
    ----------
    source : Source
    options : ReadOptions
    parsed : int
        So many records are parsed one by one before the scan takes over: they settle the columns.
    first : int
        Number of the first line.

    Attributes
    ----------
    replaced : int
        Lines in which invalid UTF-8 was replaced so far.
    """

    described = "json lines"

    def __init__(self, source: Lines, options: ReadOptions, parsed: int = SETTLED_BY, first: int = 1) -> None:
        self._source = source
        self._first = first
        self._file = source.path
        self._batch_size = options.batch_size
        self._batch_bytes = options.batch_bytes
        self._parse = parsed
        self._patience = SETTLED_BY
        self._table = KeyTable()
        self._names: dict[str, None] = {}
        self.replaced = 0

    def read(self) -> Iterator[RawBatch | LineBatch]:
        """Yield the records of the file; blank lines are no records."""
        batch = LineBatch(self._table)
        odd = 0
        number = self._first
        for data, dropped in whole_lines(self._source.blocks(), slack=SLACK):
            for at in dropped:
                detail = f"over {LONGEST_LINE >> 20} MB without a line break"
                batch.rejects.append(reasons.reject(self._file, number + at, reasons.TOO_LONG, detail))
            array = np.frombuffer(data, dtype=np.uint8)
            size = len(data) - SLACK
            position = 0
            while position < size:
                reason = ODD_LINE
                if self._parse <= 0:
                    rows = max(batch.rows + 1, self._batch_size - len(batch.rejects))
                    place = (position, number)
                    reason, position, number = batch.scan(array, size, *place, rows, self._batch_bytes)
                    odd += reason == ODD_LINE
                if reason == ODD_LINE:
                    end = data.find(b"\n", position, size)
                    end = size if end < 0 else end
                    took = self._take(data[position:end], number, batch)
                    position, number = end + 1, number + 1
                    if not took:
                        continue
                full = batch.rows + len(batch.rejects) >= self._batch_size
                if full or batch.size >= self._batch_bytes:
                    batch.end_segment(data, array)
                    if 2 * odd > batch.rows:
                        # Looking twice at lines most of which are odd is a waste; so is giving up for good.
                        self._parse = self._patience = min(8 * self._patience, _LONGEST_PATIENCE)
                    elif self._parse <= 0:
                        self._patience = SETTLED_BY
                    done = [batch]
                    batch, odd = LineBatch(self._table), 0
                    yield _simplest(done.pop())  # nothing here keeps it alive
            batch.end_segment(data, array)
        if batch.rows or batch.rejects:
            yield _simplest(batch)

    def _take(self, line: bytes, number: int, batch: LineBatch) -> bool:
        """Parse one line into `batch`; return whether there was anything in it."""
        if not line or line.isspace():
            return False
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            try:
                record = self._second_chance(line)
            except (ValueError, RecursionError):
                detail = f"{_parser_said(error)}: {_beginning(line)}"
                batch.rejects.append(reasons.reject(self._file, number, reasons.NOT_JSON, detail))
                return True
        if type(record) is dict:
            new = [name for name in record if name not in self._names]
            inner = dotted_names(record, self._names)
            if new:
                self._names.update(dict.fromkeys(new))
                self._table.add(new)
                batch.names.update(dict.fromkeys(new))
            if inner:
                self._names.update(dict.fromkeys(inner))
                batch.names.update(dict.fromkeys(inner))
            batch.add(record, number, len(line))
            self._parse -= 1
        elif record is not None or line.strip() == b"null":
            detail = f"{_kind(record)}: {_beginning(line)}"
            batch.rejects.append(reasons.reject(self._file, number, reasons.NOT_OBJECT, detail))
        return True

    def _second_chance(self, line: bytes) -> Any:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("utf-8", "replace")
            record = json.loads(text)
            self.replaced += 1
            return record
        return json.loads(text.lstrip("\ufeff\x1e"))


def _simplest(batch: LineBatch) -> RawBatch | LineBatch:
    """Return a batch of nothing but parsed records as what it is."""
    if len(batch.loose) < batch.rows:
        return batch
    return RawBatch(list(batch.loose.values()), batch.lines.tolist(), batch.rejects, size=batch.size)


def _beginning(line: bytes) -> str:
    return line[:240].decode("utf-8", "replace")


def _parser_said(error: orjson.JSONDecodeError) -> str:
    # "line 1" of orjson is always 1 here and would be read as the line of the file.
    return f"{error.msg.split(': line ')[0]} at character {error.pos + 1}"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a number or truth value"
