"""Which reader reads which format, and what every reader is: `Reader`.

A reader turns one opened file into batches of raw records and says what it
found. What the columns mean is none of its business (`dedup.feeds.fields`).
Readers are imported when a file needs them: a feed of JSON lines must not wait
for the library that parses saved pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from dedup.article import FeedBatch
from dedup.feeds.formats import Format
from dedup.feeds.raw_batch import Batch

if TYPE_CHECKING:
    from dedup.feeds.sources.source import Source


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader is told beside its file.

    Parameters
    ----------
    batch_size : int
        Records a batch at most.
    batch_bytes : int
        Bytes of input a batch, exceeded by one record at most.
    mapped : frozenset of str
        Column names that the user gave with ``--map``.
    """

    batch_size: int = 4096
    batch_bytes: int = 32 << 20
    mapped: frozenset[str] = frozenset()


class Reader(Protocol):
    """Reads one file; made as ``Reader(source, options)``.

    Attributes
    ----------
    replaced : int
        Lines (or documents) in which invalid characters were replaced so far.
    """

    replaced: int

    @property
    def described(self) -> str:
        """What was found ("csv with semicolons", "atom 1.0"); settled by the first batch."""
        ...

    def read(self) -> Iterator[Batch | FeedBatch]:
        """Yield the records in file order, once; with each batch the rejects among its records.

        A reader that settles itself which part is which field (a page dump has no columns) yields
        finished articles.

        Raises
        ------
        FeedError
            The file as a whole cannot be read as this format.
        """
        ...


READERS: Final[dict[Format, str]] = {
    "jsonl": "dedup.feeds.from_json.json_lines:JsonLinesReader",
    "json": "dedup.feeds.from_json.json_document:JsonDocumentReader",
    "csv": "dedup.feeds.from_csv.csv_table:CsvReader",
    "page": "dedup.feeds.from_page.reader:PageReader",
    "parquet": "dedup.feeds.from_columns.reader:ColumnarReader",
    "arrow": "dedup.feeds.from_columns.reader:ColumnarReader",
    "xml": "dedup.feeds.from_markup.xml_feed:XmlFeedReader",
    "html": "dedup.feeds.from_markup.html_page:HtmlPageReader",
}
"""Module and class of the reader of each format."""


def open_reader(format: Format, source: Source, options: ReadOptions) -> Reader:
    """Return the reader of `format` for an open file."""
    module, name = READERS[format].split(":")
    made: Any = getattr(import_module(module), name)
    reader: Reader = made(source, options)
    return reader
