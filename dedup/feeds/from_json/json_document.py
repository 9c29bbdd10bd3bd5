"""JSON that is one document: an array of objects, an object around one, objects over several lines.

It is read in bounded memory, however large: each element becomes a line (`json_elements.py`), and lines are
what `JsonLinesReader` reads. In which array of an object the articles are is settled by its first
`WINDOW` bytes (`json_wrappers.py`). Documents may follow one another. When one breaks somewhere, the
records before the break are kept and the break is reported with its line in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from dedup.feeds import reasons
from dedup.feeds.from_json.json_elements import BETWEEN, BROKEN, CLOSED, SCALAR, ElementScan, value_end
from dedup.feeds.from_json.json_feed import TEXTS, Adapter, adapter_of, version_of
from dedup.feeds.from_json.json_lines import JsonLinesReader
from dedup.feeds.from_json.json_wrappers import Wrapped, find_articles, may_wrap, member, padded
from dedup.feeds.lines import LONGEST_LINE
from dedup.feeds.raw_batch import SETTLED_BY, Batch, RawBatch, RawRecord

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

WINDOW: Final = 16 << 20
"""Bytes of an object in which its array of articles must begin."""

_FIRST_LOOK: Final = 64 << 10
_SPACE = re.compile(rb"[\s,\x1e]*")
_SCALAR = re.compile(rb'(?:"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(?=[\s,]|$)')


class JsonDocumentReader:
    """Reads one file of JSON documents.

    Parameters
    ----------
    source : Source
    options : ReadOptions

    Attributes
    ----------
    described : str
        ``json document`` or ``json feed 1.1``; with the path to the array where there is one.
    replaced : int
        Records in which invalid UTF-8 was replaced so far.
    unread : dict of str to None
        Paths of arrays that may hold articles too and were not read.
    already_text : tuple of str
        Columns that hold text and no markup, as the format says; settled by the first batch.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.described = "json document"
        self.already_text: tuple[str, ...] = ()
        self.replaced = 0
        self.unread: dict[str, None] = {}
        self.path = source.path
        self._file = _Window(source.blocks())
        self._options = options
        self._broken: tuple[int, str] | None = None
        self._unfinished: int | None = None  # line of the record at which the file breaks off

    def read(self) -> Iterator[Batch]:
        """Yield the records; `lines` counts records, for a document has no lines of its own."""
        count = 0
        while self._broken is None and self._file.begins():
            first = self._file.head(1)
            adapter: Adapter | None = None
            closers = 0
            if first == b"[":
                self._file.drop(1)
                lines = self._elements()
            elif first == b"{":
                wrapped = self._wrapped()
                if wrapped is None:
                    lines = self._objects()
                else:
                    if not count:
                        version = version_of(wrapped)
                        self.described = f"json feed {version}" if version else "json document"
                        place = ".".join(wrapped.path)
                        self.described += f", records {'by key ' * wrapped.is_keyed}in {place or 'it'}"
                        self.already_text = TEXTS if version else ()
                    self.unread.update(dict.fromkeys(wrapped.unread))
                    adapter = adapter_of(wrapped)
                    closers = len(wrapped.path) + wrapped.is_keyed
                    self._file.drop(wrapped.start)
                    lines = self._members() if wrapped.is_keyed else self._elements()
            else:
                lines = self._scalar()
            for batch in self._records(lines, adapter, count + 1):
                count += len(batch.records) + len(batch.rejects)
                yield batch
            if closers and self._broken is None and not self._file.skip_to_end(closers):
                self._broken = self._file.line, "the object around the array is never closed"
        if not count and self._broken is None:
            yield RawBatch(rejects=[reasons.reject(self.path, 0, reasons.EMPTY_FILE, "no record in it")])
        if self._broken is not None:
            line, said = self._broken
            yield RawBatch(rejects=[reasons.reject(self.path, line, reasons.NOT_JSON, said)])

    @property
    def remarks(self) -> list[str]:
        """What is to be told once the file was read."""
        if not self.unread:
            return []
        return [
            f"not read: {', '.join(map(reasons.shown, self.unread))} (other arrays of objects with titles)"
        ]

    def _records(self, lines: Iterator[bytes], adapter: Adapter | None, first: int) -> Iterator[Batch]:
        parsed = SETTLED_BY if adapter is None else 1 << 60
        reader = JsonLinesReader(_Lines(self.path, lines), self._options, parsed, first)
        replaced = self.replaced
        for batch in reader.read():
            self.replaced = replaced + reader.replaced
            if self._unfinished is not None and batch.rejects:
                # The last of them is the record that never ends; where it begins says more than its number.
                last = batch.rejects[-1]
                if last.reason == reasons.NOT_JSON:
                    batch.rejects[-1] = replace(last, line=self._unfinished)
                self._unfinished = None
            if adapter is None:
                yield batch
            else:
                records: list[RawRecord] = [adapter(dict(record)) for record in batch.records]
                yield RawBatch(records, np.asarray(batch.lines).tolist(), batch.rejects, size=batch.size)

    def _wrapped(self) -> Wrapped | None:
        """Return where the articles are in the object that begins here; None: it is one itself."""
        size = _FIRST_LOOK
        while True:
            data = self._file.head(size)
            view = padded(data)
            end = value_end(view, 0, len(data))
            if end > 0 or len(data) < size or size >= WINDOW:
                break
            size *= 4
        whole = data[:end] if end > 0 else data[:WINDOW]
        if not may_wrap(whole):
            return None
        return find_articles(whole, view, self._options.mapped)

    def _elements(self) -> Iterator[bytes]:
        """Yield the elements of the array that begins here, as lines."""
        scan = ElementScan(self._file.line)
        for block in self._file.blocks():
            lines, position = scan.take(block)
            if lines:
                yield lines
            if scan.mode in (CLOSED, BROKEN):
                self._file.put_back(block[position:], scan.line)
                break
        if scan.mode == CLOSED:
            return
        if scan.mode == BROKEN:
            self._broken = scan.line, f"unexpected {self._file.shown()}; what follows is not read"
        elif scan.mode in (BETWEEN, SCALAR):
            self._broken = scan.line, "the array is never closed"
        elif scan.count:
            self._unfinished = scan.begun

    def _members(self) -> Iterator[bytes]:
        """Yield the objects in the object that begins here, as lines; what else is in it is no record."""
        while self._file.begins() and self._file.head(1) == b'"':
            size = _FIRST_LOOK
            while True:
                data = self._file.head(size)
                start, end = member(data, padded(data), 0)
                if end > 0 or len(data) < size or size > LONGEST_LINE:
                    break
                size *= 4
            if end < 0:
                self._broken = self._file.line, f"a value that never ends: {reasons.shown(_text(data))}"
                return
            if data[start : start + 1] == b"{":
                yield ElementScan(1).take(data[start:end])[0]
            self._file.drop(end)

    def _objects(self) -> Iterator[bytes]:
        """Yield the objects that follow one another here, as lines, up to one that wraps an array."""
        while True:
            size = _FIRST_LOOK
            while True:
                data = self._file.head(size)
                end = value_end(padded(data), 0, len(data))
                if end > 0 or len(data) < size or size > LONGEST_LINE:
                    break
                size *= 4
            if end < 0:
                said = "an object of over" if len(data) > LONGEST_LINE else "an object that never ends"
                if len(data) > LONGEST_LINE:
                    said += f" {LONGEST_LINE >> 20} MB"
                self._broken = self._file.line, f"{said}: {reasons.shown(_text(data))}"
                return
            yield ElementScan(1).take(data[:end])[0]
            self._file.drop(end)
            if not self._file.begins() or self._file.head(1) != b"{" or self._wrapped() is not None:
                return

    def _scalar(self) -> Iterator[bytes]:
        found = _SCALAR.match(self._file.head(_FIRST_LOOK))
        if found is None:
            self._broken = self._file.line, f"unexpected {self._file.shown()}; what follows is not read"
            return
        yield found[0] + b"\n"
        self._file.drop(found.end())


class _Lines:
    """Lines for `JsonLinesReader`."""

    def __init__(self, path: str, lines: Iterator[bytes]) -> None:
        self.path = path
        self._lines = lines

    def blocks(self) -> Iterator[bytes]:
        return self._lines


class _Window:
    """The bytes of a file from a place on that only moves forward, with the number of its line."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._data = b""
        self._at = 0
        self.line = 1

    def head(self, size: int) -> bytes:
        """Return the next bytes without moving on: `size` of them, fewer only where the file ends."""
        if len(self._data) - self._at < size:
            pieces = [self._data[self._at :]]
            there = len(pieces[0])
            while there < size and (block := next(self._blocks, None)) is not None:
                pieces.append(block)
                there += len(block)
            self._data, self._at = b"".join(pieces), 0
        return self._data[self._at : self._at + size]

    def drop(self, size: int) -> None:
        """Move on."""
        self.line += self._data.count(b"\n", self._at, self._at + size)
        self._at += size

    def begins(self) -> bool:
        """Move on to the next value; return whether there is one."""
        while True:
            if not self.head(1):
                return False
            if self._data.startswith(b"\xef\xbb\xbf", self._at):
                self._at += 3
            found = _SPACE.match(self._data, self._at)
            if found is not None:
                self.drop(found.end() - self._at)
            if self._at < len(self._data):
                return True

    def blocks(self) -> Iterator[bytes]:
        """Yield all that follows; `put_back` ends it."""
        if self._at < len(self._data):
            block, self._data, self._at = self._data[self._at :], b"", 0
            yield block
        yield from self._blocks

    def put_back(self, data: bytes, line: int) -> None:
        """Give back what of the last block was not wanted."""
        self._data, self._at, self.line = data, 0, line

    def skip_to_end(self, closers: int) -> bool:
        """Move on to behind the brace that closes the outermost of so many objects; False: none does."""
        scan = ElementScan(1)
        scan.take(b"{" * closers)
        for block in self.blocks():
            lines, _ = scan.take(block)
            end = lines.find(b"\n")  # byte for byte the block up to there
            if end >= 0:
                self.put_back(block[end:], self.line + block.count(b"\n", 0, end))
                return True
            self.line += block.count(b"\n")
        return False

    def shown(self) -> str:
        """Return what comes next, for a message."""
        return reasons.shown(_text(self.head(120)))


def _text(data: bytes) -> str:
    return data[:240].decode("utf-8", "replace")
