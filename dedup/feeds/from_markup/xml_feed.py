"""RSS 0.90 to 2.0, RDF, Atom and CDF: `XmlFeedReader`, by feedparser, some entries at a time.

The file is cut into entries (`xml_items`) and so many of them as make 256 KB are parsed as a feed of their
own, in processes beside each other. Where those are not well-formed each entry is parsed by itself, and
only the broken ones come from feedparser's tolerant parser. What the feed says of itself behind its last
entry (title, language, link) is seen where the entries come to 1 MB at most; behind more it is not.

feedparser is asked neither to sanitise nor to resolve links within texts: both parse the HTML once more, and
we keep nothing of it but the text. It is given a stream: bytes themselves it would take for the name of a
file.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from dedup.article import Reject
from dedup.errors import FeedError
from dedup.feeds import parsed as results
from dedup.feeds import reasons
from dedup.feeds.from_markup.xml_entries import record_of, unpublished
from dedup.feeds.from_markup.xml_items import LONGEST_ENTRY, Frame, Item, Scanner, mended
from dedup.feeds.from_markup.xml_text import Decoder, xml_encoding
from dedup.feeds.raw_batch import RawBatch
from dedup.feeds.workers.processes import default_workers, ordered_map
from dedup.feeds.workers.worker import Failure

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

_CHUNK: Final = 256 << 10  # characters of entries parsed together
_ENTRIES: Final = 500  # and so many of them: each may have to be parsed by itself
# A frame is parsed with every chunk, and with every broken entry.
_LONGEST_FRAME: Final = 256 << 10
_LOOKED_AHEAD: Final = 1 << 20  # characters of entries kept until the end of a feed has been seen
# feedparser takes quadratic time for some hostile entries (50,000 attributes: 30 s; an author of 400 KB of
# addresses: minutes). Only in a worker can that be stopped, so little is parsed in this process.
HERE: Final = 64 << 10
"""Characters of entries parsed in this process."""
TIME_LIMIT: Final = 60.0
"""Seconds for a chunk; then each of its entries gets `ENTRY_TIME_LIMIT`."""
ENTRY_TIME_LIMIT: Final = 10.0
"""Seconds for one entry."""
_DIALECTS: Final = {
    "rss090": "rss 0.90",
    "rss091n": "rss 0.91",
    "rss091u": "rss 0.91",
    "rss092": "rss 0.92",
    "rss093": "rss 0.93",
    "rss094": "rss 0.94",
    "rss10": "rss 1.0",
    "rss20": "rss 2.0",
    "rss": "rss",
    "atom01": "atom 0.1",
    "atom02": "atom 0.2",
    "atom03": "atom 0.3",
    "atom10": "atom 1.0",
    "atom": "atom",
    "cdf": "cdf",
}
_ROOTS: Final = frozenset(("rss", "rdf", "feed", "channel"))
COLUMNS: Final = (
    *("id", "outlet", "url", "title", "text", "published", "updated", "byline", "credit", "language"),
)
"""The columns of every batch: fields of the article, by their own names."""

Parsed: TypeAlias = tuple[str, RawBatch]


class XmlFeedReader:
    """Reads one XML feed.

    Parameters
    ----------
    source : Source
        The file.
    options : ReadOptions
        How much a batch holds.
    workers : int, optional
        Processes at most; where not said, one a processor. 0: all in this one.

    Attributes
    ----------
    replaced : int
        Bytes that were invalid in the encoding of the feed.
    """

    def __init__(self, source: Source, options: ReadOptions, workers: int | None = None) -> None:
        self._source = source
        self._options = options
        self._workers = default_workers() if workers is None else workers
        self._version = ""
        self.encoding = xml_encoding(source.raw_head)
        self._decoder = Decoder(self.encoding)
        self.replaced = 0

    @property
    def described(self) -> str:
        """The dialect ("atom 1.0"); known with the first batch."""
        return _DIALECTS.get(self._version, "xml")

    def read(self) -> Iterator[RawBatch]:
        """Yield the entries in file order; `lines` has the line at which each begins.

        Raises
        ------
        FeedError
            It is no feed: no entries, and the root is not that of a feed.
        """
        name = self._source.path
        chunks = _Chunks(name, self._decoder.text(self._source.raw_blocks()))
        waiting: deque[Chunk] = deque()
        tasks = ((chunk,) for chunk in _noted(chunks.read(), waiting))
        batch = RawBatch()
        for parsed in ordered_map(parse_chunk, tasks, self._workers, seconds=TIME_LIMIT, here=HERE):
            for version, one in settled(waiting.popleft(), parsed, self._workers):
                self._version = self._version or version
                _join(batch, one)
            self.replaced = self._decoder.replaced
            if _full(batch, self._options):
                yield from _parts(batch, self._options.batch_size)
                batch = RawBatch()
        if chunks.kind is None:
            raise FeedError(f"{name}: {reasons.NO_FEED} ({chunks.root})", "name its format with --format-in")
        batch.rejects += chunks.rejects
        if batch.records or batch.rejects:
            yield from _parts(batch, self._options.batch_size)


def settled(chunk: Chunk, parsed: Parsed | Failure, workers: int) -> Iterator[Parsed]:
    """Yield what was parsed; where that failed, each entry by itself, in a process it may take along."""
    if not isinstance(parsed, Failure):
        yield parsed
        return
    if len(chunk.lines) == 1:
        yield "", _failed(chunk, parsed)
        return
    alone = list(chunk.single())
    again = ordered_map(
        parse_chunk, ((one,) for one in alone), max(1, workers), seconds=ENTRY_TIME_LIMIT, here=-1
    )
    for one, result in zip(alone, again, strict=True):
        yield ("", _failed(one, result)) if isinstance(result, Failure) else result


def parsed(data: bytes, name: str) -> results.Parsed:
    """Return what is in a whole feed; for feeds so small that one of them is one task.

    Parameters
    ----------
    data : bytes
        The file, in the encoding it declares.
    name : str
        For rejects.
    """
    return _collected(data, name, lambda chunk: (parse_chunk(chunk),))


def salvaged(data: bytes, name: str) -> results.Parsed:
    """Return the same for a feed at which `parsed` failed: without the entries that cannot be parsed.

    As when the feed is read alone (`XmlFeedReader`), each chunk has `TIME_LIMIT` and then each of its entries
    `ENTRY_TIME_LIMIT`, in processes of their own.
    """

    def parse(chunk: Chunk) -> Iterator[Parsed]:
        (found,) = ordered_map(parse_chunk, ((chunk,),), 1, seconds=TIME_LIMIT, here=-1)
        return settled(chunk, found, 1)

    return _collected(data, name, parse)


def _collected(data: bytes, name: str, parse: Callable[[Chunk], Iterable[Parsed]]) -> results.Parsed:
    encoding = xml_encoding(data[: 1 << 20])
    decoder = Decoder(encoding)
    chunks = _Chunks(name, decoder.text((data,)))
    batch = RawBatch(columns=COLUMNS)
    version = ""
    for chunk in chunks.read():
        for found, one in parse(chunk):
            version = version or found
            _join(batch, one)
    if chunks.kind is None:
        batch.rejects.append(reasons.reject(name, 1, reasons.NO_FEED, chunks.root))
    batch.rejects += chunks.rejects
    return results.Parsed(batch, _DIALECTS.get(version, "xml"), encoding, decoder.replaced)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some entries of a feed, to be parsed together.

    Parameters
    ----------
    name : str
        The file, for rejects.
    frame : Frame
        What surrounds them.
    lines : tuple of int
        Where each begins.
    entries : tuple of str
        The markup of each.
    """

    name: str
    frame: Frame
    lines: tuple[int, ...]
    entries: tuple[str, ...]

    def __len__(self) -> int:
        return sum(map(len, self.entries))

    def single(self) -> Iterator[Chunk]:
        """Yield a chunk for each entry."""
        for line, entry in zip(self.lines, self.entries, strict=True):
            yield Chunk(self.name, self.frame, (line,), (entry,))


def parse_chunk(chunk: Chunk) -> Parsed:
    """Return feedparser's name of the dialect, and the records and rejects of `chunk`."""
    import feedparser  # not before a feed of this kind is read

    found = feedparser.parse(
        io.BytesIO(chunk.frame.document("\n".join(chunk.entries))),
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    whole = not found.bozo and len(found.entries) == len(chunk.lines)
    version: str = found.get("version") or ""
    batch = RawBatch()
    if not whole and len(chunk.lines) > 1:
        for one in chunk.single():
            version_, alone = parse_chunk(one)
            version = version or version_
            _join(batch, alone)
        return version, batch
    if found.bozo:
        said = found.get("bozo_exception")
        batch.rejects.append(reasons.reject(chunk.name, chunk.lines[0], reasons.NOT_WELL_FORMED, _said(said)))
    for line, entry, markup in zip(chunk.lines, found.entries, chunk.entries, strict=False):
        batch.size += len(markup)
        if lack := unpublished(entry):
            batch.rejects.append(reasons.reject(chunk.name, line, reasons.NOT_PUBLISHED, lack))
            continue
        record = record_of(entry, found.feed, version)
        batch.records.append(record)
        batch.lines.append(line)
    if not found.entries:
        detail = reasons.shown(chunk.entries[0])
        batch.rejects.append(reasons.reject(chunk.name, chunk.lines[0], reasons.NOTHING_TO_READ, detail))
    return version, batch


def _behind(chunks: Iterator[Chunk], scanner: Scanner) -> Iterator[Chunk]:
    """Yield the chunks; those of a feed that ends soon know what it says of itself behind its entries."""
    first: list[Chunk] = []
    size = 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size > _LOOKED_AHEAD:
            break
    else:
        if first and scanner.after:
            frame = first[0].frame.with_tail(scanner.after)
            first = [replace(chunk, frame=frame) for chunk in first]
    while first:
        yield first.pop(0)
    yield from chunks


class _Chunks:
    """The chunks of one feed.

    Attributes
    ----------
    kind : str or None
        The name of the root, once read; None when this is no feed.
    root : str
        What was found in its place.
    rejects : list of Reject
        What was wrong with the feed as a whole.
    """

    def __init__(self, name: str, blocks: Iterator[str]) -> None:
        self._name = name
        self._scanner = Scanner(blocks)
        self.kind: str | None = None
        self.root = "no element in it"
        self.rejects: list[Reject] = []

    def read(self) -> Iterator[Chunk]:
        """Yield them in order; entries that are too long become `rejects`."""
        return _behind(self._cut(), self._scanner)

    def _cut(self) -> Iterator[Chunk]:
        frame: Frame | None = None
        lines: list[int] = []
        entries: list[str] = []
        size, most = 0, _CHUNK
        item: Item | None = None
        ended = False  # the end of the feed stood in an entry without end tag
        for following in self._scanner.items():
            if item is not None and item.markup and not item.closed:
                self._say(item, reasons.NOT_WELL_FORMED, "no end tag")
            item = following
            if frame is None:
                frame = Frame.of(self._scanner.before)
                self._settle(frame)
                if self.kind is None:
                    return
                most = max(_CHUNK, 4 * len(frame.opening))
            if not item.markup:
                self._say(item, reasons.ENTRY_TOO_LONG, f"over {LONGEST_ENTRY >> 20} MB")
                continue
            lines.append(item.line)
            if item.closed:
                entries.append(item.markup)
            else:
                entry, ended = mended(item.markup, frame.closing)
                entries.append(entry)
            size += len(item.markup)
            if size >= most or len(lines) >= _ENTRIES:
                yield Chunk(self._name, frame, tuple(lines), tuple(entries))
                lines, entries, size = [], [], 0
        if frame is None:
            frame = Frame.of(self._scanner.before)
            self._settle(frame)
            if self.kind is not None:
                self.rejects.append(
                    reasons.reject(self._name, 0, reasons.EMPTY_FILE, "a feed without entries")
                )
        elif lines:
            yield Chunk(self._name, frame, tuple(lines), tuple(entries))
        if item is not None and item.markup and not item.closed:
            if ended:
                self._say(item, reasons.NOT_WELL_FORMED, "no end tag")
            else:
                self._say(item, reasons.DAMAGED, "the feed breaks off in this entry")

    def _say(self, item: Item, reason: str, detail: str) -> None:
        self.rejects.append(reasons.reject(self._name, item.line, reason, detail))

    def _settle(self, frame: Frame) -> None:
        if not frame.root:
            return
        self.root = f"root element <{reasons.shown(frame.root)}>"
        if len(frame.opening) > _LONGEST_FRAME:
            self.root += f", over {_LONGEST_FRAME >> 10} KB before the first entry"
        elif frame.root.rpartition(":")[2].lower() in _ROOTS:
            self.kind = frame.root


def _noted(chunks: Iterator[Chunk], waiting: deque[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        waiting.append(chunk)
        yield chunk


def _failed(chunk: Chunk, failure: Failure) -> RawBatch:
    reject = reasons.reject(chunk.name, chunk.lines[0], failure.reason, failure.detail)
    return RawBatch(rejects=[reject], size=len(chunk))


def _said(error: object) -> str:
    # expat's line is that of a chunk, so it would mislead.
    message = getattr(error, "getMessage", None)
    return str(message() if callable(message) else error)


def _join(batch: RawBatch, other: RawBatch) -> None:
    batch.records += other.records
    batch.lines += other.lines
    batch.rejects += other.rejects
    batch.size += other.size


def _full(batch: RawBatch, options: ReadOptions) -> bool:
    return len(batch.records) + len(batch.rejects) >= options.batch_size or batch.size >= options.batch_bytes


def _parts(batch: RawBatch, most: int) -> Iterator[RawBatch]:
    """Yield `batch` in parts of `most` records; the rejects come with the first."""
    share = batch.size // max(1, -(-len(batch.records) // most))
    for start in range(0, max(1, len(batch.records)), most):
        yield RawBatch(
            records=batch.records[start : start + most],
            lines=batch.lines[start : start + most],
            rejects=[] if start else batch.rejects,
            columns=COLUMNS,
            size=share,
        )
