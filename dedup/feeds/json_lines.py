"""JSON lines: one object a line.

orjson reads a line in about the time it takes to copy it, and is strict. A
line it refuses gets a second chance for the few things that feeds get wrong and
that cost nothing to mend: a byte order mark, invalid UTF-8, ``NaN``, a lone
surrogate. Anything else is rejected with the parser's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from dedup.feeds import reasons
from dedup.feeds.lines import LONGEST_LINE, line_groups
from dedup.feeds.records import RawBatch


class JsonLinesReader:
    """Reads the JSON lines of one file.

    Parameters
    ----------
    file : str
        For rejects.
    batch_size : int
        Records a batch at most.
    batch_bytes : int
        Bytes of JSON a batch, exceeded by one record at most.

    Attributes
    ----------
    replaced : int
        Lines in which invalid UTF-8 was replaced so far.
    """

    def __init__(self, file: str, batch_size: int, batch_bytes: int) -> None:
        self._file = file
        self._batch_size = batch_size
        self._batch_bytes = batch_bytes
        self.replaced = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[RawBatch]:
        """Yield the records of `blocks`; blank lines are no records."""
        batch = RawBatch()
        for first, lines, dropped in line_groups(blocks):
            for number in dropped:
                detail = f"over {LONGEST_LINE >> 20} MB without a line break"
                batch.rejects.append(reasons.reject(self._file, number, reasons.TOO_LONG, detail))
            for number, line in enumerate(lines, first):
                if not line or line.isspace():
                    continue
                try:
                    record = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    try:
                        record = self._second_chance(line)
                    except (ValueError, RecursionError):
                        detail = f"{_parser_said(error)}: {_beginning(line)}"
                        batch.rejects.append(reasons.reject(self._file, number, reasons.NOT_JSON, detail))
                        record = None
                if type(record) is dict:
                    batch.records.append(record)
                    batch.lines.append(number)
                    batch.size += len(line)
                elif record is not None or line.strip() == b"null":
                    detail = f"{_kind(record)}: {_beginning(line)}"
                    batch.rejects.append(reasons.reject(self._file, number, reasons.NOT_OBJECT, detail))
                full = len(batch.records) + len(batch.rejects) >= self._batch_size
                if full or batch.size >= self._batch_bytes:
                    yield batch
                    batch = RawBatch()
        if batch.records or batch.rejects:
            yield batch

    def _second_chance(self, line: bytes) -> Any:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("utf-8", "replace")
            record = json.loads(text)
            self.replaced += 1
            return record
        return json.loads(text.lstrip("\ufeff\x1e"))


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
