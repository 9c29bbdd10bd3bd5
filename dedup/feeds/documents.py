"""Many small documents (saved pages, RSS files) parsed in several processes, their articles in feed order.

Parsing a page takes a hundred times as long as reading it, so a folder of pages is read here and parsed
there. Only parsing is done elsewhere: what columns mean, what is counted and what is told stays with
the one reading of the feed, so the result does not depend on how many processes there were.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dedup.article import FeedBatch
from dedup.errors import FeedError
from dedup.feeds.formats import Format
from dedup.feeds.parsed import Parsed
from dedup.feeds.workers.processes import default_workers, ordered_map
from dedup.feeds.workers.worker import Failure

if TYPE_CHECKING:
    from dedup.feeds.file_reading import FileReading

PARSERS: Final[dict[Format, str]] = {
    "xml": "dedup.feeds.from_markup.xml_feed:parsed",
    "html": "dedup.feeds.from_markup.html_page:parse",
}
"""Module and function that parse a document: ``(data, name)`` gives a `Parsed`, or its batch alone."""
SALVAGE: Final[dict[Format, str]] = {"xml": "dedup.feeds.from_markup.xml_feed:salvaged"}
"""The same for a document whose parser failed, which may be one bad entry among good ones."""
HERE: Final = 64 << 10
"""Bytes of documents parsed in this process, where nothing stops a parser: as many as of one read alone."""
_OF_ONE_KIND: Final[dict[Format, str]] = {"xml": "xml", "html": "html page"}

LARGEST_DOCUMENT: Final = 64 << 20
"""Bytes; a larger page is no page. Feeds in XML are streamed by their reader from 1 MB on."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read whole and is to be parsed.

    Parameters
    ----------
    reading : FileReading
        Makes articles of what comes of it.
    kind : Format
    data : bytes
    after : tuple of FeedBatch
        What is said of the file itself, after its articles.
    """

    reading: FileReading
    kind: Format
    data: bytes
    after: tuple[FeedBatch, ...] = ()


def parse_document(kind: Format, data: bytes, name: str) -> tuple[Parsed, float]:
    """Return what the parser of `kind` makes of a document, and the seconds it took."""
    began = time.perf_counter()
    made = _function(PARSERS[kind])(data, name)
    parsed = made if isinstance(made, Parsed) else Parsed(made, _OF_ONE_KIND[kind])
    return parsed, time.perf_counter() - began


def _function(place: str) -> Any:
    module, function = place.split(":")
    return getattr(import_module(module), function)


def parsed_in_order(stream: Iterator[tuple[int, FeedBatch | Document]]) -> Iterator[tuple[int, FeedBatch]]:
    """Yield the batches of a stream and those that its documents become, in the order of the stream."""
    for number, one in stream:
        if isinstance(one, Document):
            yield from _Run(stream).batches(number, one)
        else:
            yield number, one


class _Run:
    """Documents in a row, several of them under way.

    Rejects between them (of stray files in the folder) wait for their turn; the first batch of articles
    ends the run, so it is never waited for by more than what is under way.
    """

    def __init__(self, stream: Iterator[tuple[int, FeedBatch | Document]]) -> None:
        self._stream = stream
        self._waiting: deque[tuple[int, FeedBatch | Document]] = deque()
        self._error: Exception | None = None

    def batches(self, number: int, first: Document) -> Iterator[tuple[int, FeedBatch]]:
        """Yield the batches of the run, and the one that ended it."""
        results = ordered_map(parse_document, self._items(number, first), default_workers(), here=HERE)
        for result in results:
            yield from self._ready()
            at, document = self._waiting.popleft()
            assert isinstance(document, Document)
            for batch in built(document, result):
                yield at, batch
        yield from self._ready()
        if self._error is not None:  # of the file behind those of the run, which are kept
            raise self._error

    def _items(self, number: int, first: Document) -> Iterator[tuple[Format, bytes, str]]:
        yield self._taken(number, first)
        del first
        while True:
            try:
                number, one = next(self._stream)
            except StopIteration:
                return
            except Exception as error:
                self._error = error
                return
            if isinstance(one, Document):
                item = self._taken(number, one)
                del one
                yield item
                continue
            self._waiting.append((number, one))
            if one.articles.num_rows:
                return

    def _taken(self, number: int, one: Document) -> tuple[Format, bytes, str]:
        # The bytes are the item's alone, to be freed as soon as they are sent, if they are not needed again.
        kept = one.data if one.kind in SALVAGE else b""
        self._waiting.append((number, Document(one.reading, one.kind, kept, one.after)))
        return one.kind, one.data, one.reading.path

    def _ready(self) -> Iterator[tuple[int, FeedBatch]]:
        while self._waiting:
            number, one = self._waiting[0]
            if isinstance(one, Document):
                return
            self._waiting.popleft()
            yield number, one


def built(document: Document, result: tuple[Parsed, float] | Failure) -> Iterator[FeedBatch]:
    """Yield the articles of a parsed document, or the reject that it is."""
    reading = document.reading
    if isinstance(result, Failure) and document.kind in SALVAGE:
        began = time.perf_counter()
        salvaged = _function(SALVAGE[document.kind])(document.data, reading.path)
        result = salvaged, time.perf_counter() - began
    if isinstance(result, Failure):
        yield reading.refuse(result.detail, result.reason)
        yield from document.after
    else:
        parsed, seconds = result
        try:
            yield from reading.read_parsed(parsed, document, seconds)
        except FeedError as error:
            yield reading.refuse(str(error))
