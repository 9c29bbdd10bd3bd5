"""`read_feed`: feed files of any format as batches of articles, with everything that went wrong counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from dedup.article import ARTICLE_SCHEMA, FeedBatch, Reject
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.csv_shape import csv_shape
from dedup.feeds.csv_table import NULLS, CsvReader
from dedup.feeds.fields import FieldMap, canonical_mapping
from dedup.feeds.formats import Format, guess_format, named_format
from dedup.feeds.json_document import JsonDocumentReader
from dedup.feeds.json_lines import JsonLinesReader
from dedup.feeds.page_dump import read_page
from dedup.feeds.raw_batch import SETTLED_BY, Batch
from dedup.feeds.records import ArticleBuilder, empty_articles
from dedup.feeds.sources import STDIN, Source, feed_paths
from dedup.feeds.zones import Zones

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_REJECTS_KEPT: Final = 10_000
# The columns are settled by `SETTLED_BY` records, or by so many bytes of them.
_SETTLED_BYTES: Final = 64 << 20
# A column of Arrow holds 2 GB; one line more and every byte of it replaced by U+FFFD is the worst case.
_MOST_BATCH_BYTES: Final = 256 << 20
_LARGEST_PAGE: Final = 16 << 20  # bytes; a page is read whole
_NO_PAGE = "structure of a news page not found (a title, then paragraphs or a list of headlines)"


class _Reader(Protocol):
    def read(self, blocks: Iterable[bytes]) -> Iterator[Batch]: ...


class Feed:
    """A feed to iterate over: batches of articles and the records rejected among them.

    Every iteration reads the files anew (standard input can be read once) and
    starts the counts again. Use `read_feed` to make one.

    Attributes
    ----------
    paths : list of str
        The files, in reading order.
    notes : list of str
        What was guessed and what was mended, a line each; grows while reading.
    n_read : int
        Records read so far: articles handed out plus records lost.
    n_rejected : int
        Records lost so far.
    rejects : list of Reject
        The first 10,000 rejects. Among them are those of `reasons.KEPT`, which cost no record.
    reject_counts : Counter
        All rejects by reason.
    """

    def __init__(
        self,
        paths: Sequence[tuple[str, bool]],
        mapping: Mapping[str, str],
        format: Format | None,
        batch_size: int,
        batch_bytes: int,
        on_note: Callable[[str], None] | None,
        clean: bool = True,
        zones: Zones | None = None,
    ) -> None:
        self._clean = clean
        self._zones = zones or Zones()
        self._files = list(paths)
        self._mapping = dict(mapping)
        self._format = format
        self._batch_size = max(1, batch_size)
        self._batch_bytes = min(max(1, batch_bytes), _MOST_BATCH_BYTES)
        self._on_note = on_note
        self._stdin_used = False
        self._start()

    def _start(self) -> None:
        self.notes: list[str] = []
        self.n_read = 0
        self.n_rejected = 0
        self.rejects: list[Reject] = []
        self.reject_counts: Counter[str] = Counter()
        self._said: set[str] = set()

    @property
    def paths(self) -> list[str]:
        """The files, in reading order."""
        return [path for path, _ in self._files]

    def __iter__(self) -> Iterator[FeedBatch]:
        self._start()
        for path, from_folder in self._files:
            try:
                yield from map(self._counted, self._read_file(path))
            except FeedError as error:
                # One stray file in a folder must not stop the others; a file that was named must.
                if not from_folder:
                    raise
                yield self._counted(_alone(path, reasons.NOT_A_FEED, str(error)))

    def _counted(self, batch: FeedBatch) -> FeedBatch:
        lost = sum(one.reason not in reasons.KEPT for one in batch.rejects)
        self.n_read += batch.articles.num_rows + lost
        self.n_rejected += lost
        self.reject_counts.update(one.reason for one in batch.rejects)
        self.rejects += batch.rejects[: max(0, _REJECTS_KEPT - len(self.rejects))]
        return batch

    def _note(self, path: str, said: str, *, once: bool = False) -> None:
        # A folder of a thousand files alike is described once.
        if once and said in self._said:
            return
        self._said.add(said)
        note = f"{'standard input' if path == STDIN else path}: {said}"
        self.notes.append(note)
        if self._on_note is not None:
            self._on_note(note)

    def _read_file(self, path: str) -> Iterator[FeedBatch]:
        if path == STDIN:
            if self._stdin_used:
                raise FeedError("standard input can be read only once", "save it to a file and give that")
            self._stdin_used = True
        with Source(path) as source:
            if not source.head.strip():
                said = source.damage or "no record in it"
                yield _alone(path, reasons.DAMAGED if source.damage else reasons.EMPTY_FILE, said)
                return
            mapped = tuple(self._mapping.values())
            kind = self._format or guess_format(path, source.head, source.whole, mapped)
            if kind == "page":
                yield self._read_page(source)
            else:
                yield from self._read_records(source, kind)
            if source.nuls:
                self._note(path, f"{source.nuls:,} NUL bytes dropped")
            if source.damage is not None:
                yield _alone(path, reasons.DAMAGED, source.damage)

    def _read_records(self, source: Source, kind: Format) -> Iterator[FeedBatch]:
        file = source.path
        mapped = frozenset(self._mapping.values())
        described: list[str] = []
        reader: _Reader
        if kind == "csv":
            shape = csv_shape(source.head.decode("utf-8", "surrogateescape"), source.whole, mapped)
            if shape is None:
                raise FeedError(f"{file}: no rows in it", "name the format with --format-in")
            reader = CsvReader(file, shape, self._batch_size, self._batch_bytes)
            described.append(str(shape))
        elif kind == "json":
            reader = JsonDocumentReader(file, self._batch_size, mapped)
            described.append("json document")
        else:
            reader = JsonLinesReader(file, self._batch_size, self._batch_bytes)
            described.append("json lines")
        described += [*([source.compression] if source.compression else []), source.encoding]
        batches = reader.read(source.blocks())
        waiting = _first_batches(batches)
        if not any(raw.records or raw.columns for raw in waiting):  # every record was rejected
            for raw in waiting:
                yield FeedBatch(articles=empty_articles(), rejects=tuple(raw.rejects))
            return
        first = list(islice(chain.from_iterable(raw.records for raw in waiting), SETTLED_BY))
        columns = dict.fromkeys(name for raw in waiting for name in raw.column_names())
        fields = FieldMap.resolve(file, tuple(columns), first, self._mapping)
        self._note(file, ", ".join([*described, str(fields)]), once=True)
        builder = ArticleBuilder(
            file, fields, NULLS if kind == "csv" else frozenset(), clean=self._clean, zones=self._zones
        )
        builder.learn(first)
        waiting.reverse()
        for raw in chain((waiting.pop() for _ in range(len(waiting))), batches):
            new = [name for name in raw.column_names() if name not in columns]
            if new:
                columns.update(dict.fromkeys(new))
                builder.fields = builder.fields.with_columns(new, raw.records)
            built = [builder.build(raw)]
            del raw  # while the articles are worked on, what they were made of need not be there
            yield built.pop()
        replaced = int(getattr(reader, "replaced", 0))
        if replaced or builder.mended:
            said = []
            if replaced:
                said.append(f"{replaced:,} lines held invalid UTF-8")
            if builder.mended:
                said.append(f"{builder.mended:,} values held invalid characters")
            self._note(file, f"{' and '.join(said)}, replaced by U+FFFD")
        for said_at_last in builder.notes():
            self._note(file, said_at_last)

    def _read_page(self, source: Source) -> FeedBatch:
        data = bytearray()
        for block in source.blocks():
            data += block
            if len(data) > _LARGEST_PAGE:
                raise FeedError(
                    f"{source.path}: over {_LARGEST_PAGE >> 20} MB, too much for the text of one page",
                    "name the format with --format-in if it is another",
                )
        page = read_page(data.decode("utf-8", "replace"), source.path)
        if page is None:
            raise FeedError(f"{source.path}: {_NO_PAGE}", "name the format with --format-in if it is another")
        described = f"{page.articles} article{'s' * (page.articles != 1)}"
        described += f" and {page.listed} listed headline{'s' * (page.listed != 1)}"
        encoding = ", ".join([*([source.compression] if source.compression else []), source.encoding])
        self._note(source.path, f"page dump, {encoding}, {described}")
        return page.batch

    def to_table(self) -> pa.Table:
        """Return all articles as one Arrow table of `ARTICLE_SCHEMA`. Reads the whole feed into memory."""
        import pyarrow as pa

        return pa.Table.from_batches([batch.articles for batch in self], schema=ARTICLE_SCHEMA)

    def to_pandas(self) -> pd.DataFrame:
        """Return all articles as a DataFrame, a column each field. Needs pandas."""
        frame: pd.DataFrame = self.to_table().to_pandas()
        return frame


def _first_batches(batches: Iterator[Batch]) -> list[Batch]:
    """Take batches off until there are enough records to settle the columns by, whatever the batch size."""
    taken: list[Batch] = []
    for raw in batches:
        taken.append(raw)
        records, size = sum(len(one.records) for one in taken), sum(one.size for one in taken)
        if records >= SETTLED_BY or size >= _SETTLED_BYTES:
            break
    return taken


def _alone(path: str, reason: str, detail: str) -> FeedBatch:
    """Return a batch of one reject that is about a whole file."""
    return FeedBatch(articles=empty_articles(), rejects=(reasons.reject(path, 0, reason, detail),))


def read_feed(
    paths: str | Path | Sequence[str | Path],
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    batch_size: int = 4096,
    batch_bytes: int = 32 << 20,
    on_note: Callable[[str], None] | None = None,
    clean: bool = True,
    timezone: str | None = None,
    zones: Mapping[str, str] | None = None,
) -> Feed:
    """Return a feed to iterate over.

    Nothing is read yet but whether the files are there. Memory stays bounded
    by one batch, however large the feed.

    Parameters
    ----------
    paths : str, Path or sequence of these
        Files, folders (their files sorted by name) and ``-`` for standard input. JSON lines, JSON
        documents, CSV and page dumps, plain, gzip or zstd, told by their content.
    mapping : mapping of str to str, optional
        Field to column, as `parse_map` returns it: ``{"title": "Headline"}``. What is not mapped is
        guessed by name; `Feed.notes` tells the guess.
    format : str, optional
        ``jsonl``, ``json``, ``csv`` or ``page``, for files whose content does not tell.
    batch_size : int
        Records a batch at most.
    batch_bytes : int
        Bytes of input a batch, exceeded by one record at most; 256 MB at most.
    on_note : callable, optional
        Called with each note as it is made.
    clean : bool
        Decode entities, repair mojibake and so on in titles, texts and bylines
        (`dedup.feeds.clean_text`); the originals are in columns of their own.
    timezone : str, optional
        Zone of times that name none; UTC by default.
    zones : mapping of str to str, optional
        What abbreviations of zones mean: ``{"IST": "Asia/Jerusalem"}``.

    Raises
    ------
    FeedError
        A path does not exist; while iterating: a file is of no known format, or its columns do not fit.
    SettingsError
        `mapping`, `format`, `timezone` or `zones` names something that does not exist.

    Examples
    --------
    >>> feed = read_feed("feed.csv", mapping={"title": "Headline"})  # doctest: +SKIP
    >>> for batch in feed:  # doctest: +SKIP
    ...     print(batch.articles.num_rows, len(batch.rejects))
    """
    columns = canonical_mapping((mapping or {}).items())
    kind = None if format is None else named_format(format)
    rules = Zones.of(timezone, zones)
    return Feed(feed_paths(paths), columns, kind, batch_size, batch_bytes, on_note, clean, rules)
