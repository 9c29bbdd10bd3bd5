"""One file on its way from raw records to articles: format, reader, columns, notes, tally."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final, Protocol

from dedup.article import FeedBatch
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.dates.zones import DEFAULT_ZONES, Zones
from dedup.feeds.documents import LARGEST_DOCUMENT, Document
from dedup.feeds.feed_log import FeedLog
from dedup.feeds.fields.builder import ArticleBuilder, empty_articles
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.mapping import mapped_columns
from dedup.feeds.formats import Format, guess_format
from dedup.feeds.found import EMPTY, HOST_OF_URL, NOT_A_FEED, FieldFound, Look, Tally
from dedup.feeds.from_csv.csv_table import NULLS
from dedup.feeds.parsed import Parsed
from dedup.feeds.raw_batch import SETTLED_BY, Batch, RawBatch
from dedup.feeds.readers import ReadOptions, open_reader
from dedup.feeds.sources.source import Source

# The columns are settled by `SETTLED_BY` records, or by so many bytes of them.
_SETTLED_BYTES: Final = 64 << 20
# A file of nothing but rejects is handed out in pieces of so many.
_MOST_REJECTS: Final = 10_000
_BLANK: Final = b" \t\r\n\f\v"
_MARKS: Final = b"\xef\xbb\xbf\xff\xfe\0"  # of encodings; a file of nothing else is empty too
_WITHOUT_ENCODING: Final = frozenset({"parquet", "arrow"})
DECLARING: Final = frozenset({"xml", "html"})
"""Formats of documents that say themselves which encoding they are in."""


@dataclass(frozen=True)
class Plan:
    """How the files of a feed are read.

    Parameters
    ----------
    mapping : mapping of str to str
        Field to column, as the user gave it.
    format : Format, optional
        The one the user named; None: told by content.
    options : ReadOptions
    look : Look, optional
        The feed is merely looked at, and so much of it read.
    log : FeedLog
        Gets notes and tallies.
    clean : bool
        Titles, texts and bylines are cleaned.
    zones : Zones
        What a missing or an ambiguous time zone means.
    """

    mapping: Mapping[str, str]
    format: Format | None
    options: ReadOptions
    look: Look | None
    log: FeedLog
    clean: bool = True
    zones: Zones = DEFAULT_ZONES


class Told(Protocol):
    """What a reader says about what it read; see `Reader`."""

    @property
    def replaced(self) -> int:
        """Lines in which invalid characters were replaced."""
        ...

    @property
    def described(self) -> str:
        """What was found."""
        ...


class FileReading:
    """Reads one file.

    Parameters
    ----------
    path : str
        The name shown.
    plan : Plan
    many : bool
        It is one of many files, to be told and counted with those like it.
    stray : str
        Under which of `reasons` it is counted when it is no feed.
    """

    def __init__(self, path: str, plan: Plan, many: bool, stray: str = reasons.NOT_A_FEED) -> None:
        self.path = path
        self._plan = plan
        self._many = many
        self._stray = stray
        self._compression: str | None = None
        self._encoding: str | None = None
        self._tally: Tally | None = None
        self._described = False
        self._kind: Format | None = None
        self._size = 0
        self._complete = True

    def kind_of(self, source: Source) -> Format | None:
        """Return the format of a file, or None when there is nothing in it.

        Raises
        ------
        FeedError
            It is of none that is known.
        """
        if is_blank(source):
            return None
        return self._plan.format or guess_format(source, tuple(mapped_columns(self._plan.mapping)))

    def read(self, source: Source, kind: Format | None) -> Iterator[FeedBatch]:
        """Yield the articles of an open file.

        Raises
        ------
        FeedError
            It cannot be read as a whole, or its columns do not fit.
        """
        yield from self._tallied(self._whole(source, kind), source)

    def document(self, source: Source, kind: Format) -> Document | None:
        """Return a file to be parsed elsewhere, read whole; None where it is to be read here.

        Raises
        ------
        FeedError
            It is larger than any page.
        """
        if kind not in DECLARING or (kind == "xml" and not source.raw_whole):
            return None
        if kind == "html":
            from dedup.feeds.from_markup.html_page import require_trafilatura  # not before there is a page

            require_trafilatura(self.path)
        self._compression = source.compression
        data = bytearray()
        for block in source.raw_blocks():
            data += block
            if len(data) > LARGEST_DOCUMENT:
                raise FeedError(f"{self.path}: over {LARGEST_DOCUMENT >> 20} MB, too much for one page")
        self._size = source.size
        return Document(self, kind, bytes(data), tuple(self._afterwards(source)))

    def read_parsed(self, parsed: Parsed, document: Document, seconds: float) -> Iterator[FeedBatch]:
        """Yield the articles of a document that was parsed elsewhere, which took `seconds`."""
        batches = self._articles(iter((parsed.batch,)), parsed, document.kind)
        yield from self._tallied(chain(batches, document.after), None, seconds)

    def refuse(self, error: str, reason: str | None = None) -> FeedBatch:
        """Return what is left of a file that is no feed among others: one reject."""
        if self._tally is None:
            self._open(NOT_A_FEED)
        if self._tally is not None:
            lost = (reason or self._stray) not in reasons.KEPT
            self._tally.rejects += lost
            self._tally.noted += not lost
            self._tally.size += self._size
        return self._alone(reason or self._stray, error)

    def _alone(self, reason: str, detail: str) -> FeedBatch:
        """Return a batch of one reject that is about the whole file."""
        rejects = (reasons.reject(self.path, 0, reason, detail),)
        return FeedBatch(articles=empty_articles(), rejects=rejects)

    def _tallied(
        self, batches: Iterator[FeedBatch], source: Source | None, seconds: float = 0.0
    ) -> Iterator[FeedBatch]:
        articles = rejects = noted = 0
        began = time.perf_counter()
        try:
            for batch in batches:
                articles += batch.articles.num_rows
                lost = sum(one.reason not in reasons.KEPT for one in batch.rejects)
                rejects += lost
                noted += len(batch.rejects) - lost
                if source is not None:
                    source.brought(batch.articles.num_rows, lost)
                if self._plan.look is not None and self._tally is not None:
                    self._tally.show(batch.articles)
                seconds += time.perf_counter() - began
                yield batch
                began = time.perf_counter()
        finally:
            if self._tally is not None:
                self._tally.articles += articles
                self._tally.rejects += rejects
                self._tally.noted += noted
                self._tally.seconds += seconds
                self._tally.size += self._size if source is None else source.size
                self._tally.complete &= self._complete

    def _whole(self, source: Source, kind: Format | None) -> Iterator[FeedBatch]:
        self._compression = source.compression
        if kind is None:
            for _ in source.raw_blocks():  # the end tells of damage
                pass
            said = source.damage or "no record in it"
            self._open(EMPTY)
            yield self._alone(source.damage_reason if source.damage else reasons.EMPTY_FILE, said)
            return
        if kind not in DECLARING and kind not in _WITHOUT_ENCODING:
            self._encoding = source.encoding
        reader = open_reader(kind, source, self._plan.options)
        yield from self._articles(reader.read(), reader, kind)
        yield from self._afterwards(source)

    def _afterwards(self, source: Source) -> Iterator[FeedBatch]:
        """Yield what is to be said of the file itself once it was read."""
        if source.nuls:
            self._note(f"{source.nuls:,} NUL bytes dropped")
        if source.damage is not None and self._complete:
            yield self._alone(source.damage_reason, source.damage)
        if changed := source.changed:
            yield self._alone(reasons.CHANGED, changed)

    def _articles(
        self, batches: Iterator[Batch | FeedBatch], told: Told, kind: Format
    ) -> Iterator[FeedBatch]:
        self._kind = kind
        nulls = NULLS if kind == "csv" else frozenset()
        batches = self._limited(batches)
        first = next(batches, None)
        if first is None or isinstance(first, FeedBatch):  # the format itself settles what is what
            self._describe(told)
            yield from chain(() if first is None else (first,), batches)
            return
        box = [first]
        del first
        raws: Iterator[Any] = chain((box.pop() for _ in range(1)), batches)
        while True:
            waiting = _first_batches(raws)
            if any(raw.records or raw.columns for raw in waiting):
                break
            if self._tally is None:
                self._open(told.described)
            if not waiting:
                return
            # Every record so far was rejected.
            rejects = tuple(one for raw in waiting for one in raw.rejects)
            yield FeedBatch(articles=empty_articles(), rejects=rejects)
        settling = list(islice(chain.from_iterable(raw.records for raw in waiting), SETTLED_BY))
        columns = dict.fromkeys(waiting[0].columns or RawBatch(settling).column_names())
        fields = FieldMap.resolve(self.path, tuple(columns), settling, self._plan.mapping)
        self._describe(told, fields, columns)
        # A format of columns need not read those that are no fields.
        need = getattr(told, "need", None)
        if need is not None:
            need(fields.used())
        # Documents of markup are read as text, and some formats of JSON say which of their values are.
        already = tuple(columns) if kind in DECLARING else getattr(told, "already_text", ())
        builder = ArticleBuilder(
            self.path,
            fields,
            nulls,
            clean=self._plan.clean,
            zones=self._plan.zones,
            already_text=already,
        )
        builder.learn(settling)
        waiting.reverse()
        for raw in chain((waiting.pop() for _ in range(len(waiting))), raws):
            new = [name for name in raw.column_names() if name not in columns]
            if new:
                columns.update(dict.fromkeys(new))
                builder.fields = builder.fields.with_columns(new, raw.records)
                self._describe(told, builder.fields, new)
                if need is not None:
                    need(builder.fields.used())
            built = [builder.build(raw)]
            del raw  # while the articles are worked on, what they were made of need not be there
            yield built.pop()
        if told.replaced or builder.mended:
            said = []
            if told.replaced:
                said.append(f"{told.replaced:,} lines held invalid UTF-8")
            if builder.mended:
                said.append(f"{builder.mended:,} values held invalid characters")
            self._note(f"{' and '.join(said)}, replaced by U+FFFD")
        for said_last in (*getattr(told, "remarks", ()), *builder.notes()):
            self._note(said_last)

    def _limited(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield batches until the plan's number of records is reached; find out whether more follow."""
        if self._plan.look is None:
            yield from batches
            return
        left = self._plan.look.records
        for batch in batches:
            if left <= 0:
                self._complete = False
                return
            n = batch.articles.num_rows if isinstance(batch, FeedBatch) else len(batch.lines)
            left -= n + len(batch.rejects)
            box = [batch]
            del batch  # it is large, and whoever takes it may be done with it sooner
            yield box.pop()

    def _describe(self, told: Told, fields: FieldMap | None = None, columns: Iterable[str] = ()) -> None:
        """Say what was found, once for files alike."""
        found: tuple[FieldFound, ...] = ()
        if fields is not None:
            found = tuple(fields_found(fields, self._plan.mapping, settled=self._kind in DECLARING))
        if self._encoding is None:
            self._encoding = getattr(told, "encoding", None)
        if self._tally is None:
            new = self._open(told.described, found)
        else:  # where every record so far was rejected, it is counted already
            new = not self._described and self._tally.files == 1
        self._described = True
        if self._tally is not None and fields is not None:
            self._tally.describe(found, columns, _used(fields))
        if new:
            said = [told.described, *([self._compression] if self._compression else [])]
            said += [self._encoding] if self._encoding else []
            detail = "" if self._many else getattr(told, "detail", "")
            said += [detail] if detail else []
            said += [str(fields)] if fields is not None else []
            self._plan.log.describe(self.path, ", ".join(said))

    def _open(self, format: str, fields: tuple[FieldFound, ...] = ()) -> bool:
        known = self._plan.log.files.tally(
            self.path, format, self._compression, self._encoding, fields, group=self._many
        )
        self._tally, new = known
        return new

    def _note(self, said: str) -> None:
        self._plan.log.remark(self.path, said, many=self._many)


def is_blank(source: Source) -> bool:
    """Return whether there is nothing in a file but white space and marks of its encoding."""
    head = source.raw_head
    if not head.strip(_BLANK):
        return True
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return (head.startswith(b"\xef\xbb\xbf") and not head.strip(_BLANK + _MARKS[:3])) or (
        wide and not head.strip(_BLANK + _MARKS)
    )


def fields_found(fields: FieldMap, mapping: Mapping[str, str], *, settled: bool) -> Iterator[FieldFound]:
    """Yield each field with its column; `settled`: the format itself has fields, no columns to be guessed."""
    for name, column in fields.columns.items():
        yield FieldFound(
            name, str(column), "given" if name in mapping else "format" if settled else "guessed"
        )
    if fields.outlet_from_url:
        yield FieldFound("outlet", HOST_OF_URL, "derived")


def _used(fields: FieldMap) -> set[str]:
    """Return the columns that a field is read from; of a dotted path, the key it begins with too."""
    return {part for column in fields.used() for part in (column, column.split(".")[0])}


def _first_batches(batches: Iterator[Batch]) -> list[Batch]:
    """Take batches off until there are enough records to settle the columns by, whatever the batch size."""
    taken: list[Batch] = []
    for raw in batches:
        taken.append(raw)
        records, size = sum(len(one.records) for one in taken), sum(one.size for one in taken)
        rejects = sum(len(one.rejects) for one in taken)
        if records >= SETTLED_BY or size >= _SETTLED_BYTES:
            break
        # Rubbish without end behind a first record must not pile up here either.
        if rejects >= (_MOST_REJECTS if not records else 20 * _MOST_REJECTS):
            break
    return taken
