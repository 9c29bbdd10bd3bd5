"""`read_feed`: feed files of any format as batches of articles, with everything that went wrong counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dedup.article import ARTICLE_SCHEMA, FeedBatch, Reject
from dedup.errors import FeedError, MissingPackageError
from dedup.feeds import reasons
from dedup.feeds.dates.zones import Zones
from dedup.feeds.documents import Document, parsed_in_order
from dedup.feeds.feed_log import FeedLog
from dedup.feeds.fields.builder import empty_articles
from dedup.feeds.fields.mapping import canonical_mapping, mapped_columns
from dedup.feeds.file_reading import FileReading, Plan
from dedup.feeds.formats import Format, named_format
from dedup.feeds.found import FileFound, Look
from dedup.feeds.merging import merged
from dedup.feeds.paths import FeedFile, expand_paths, is_about_files
from dedup.feeds.readers import ReadOptions
from dedup.feeds.sources.encoding import named_encoding
from dedup.feeds.sources.from_path import open_sources
from dedup.feeds.sources.opening import STDIN
from dedup.feeds.sources.unpack import DEFAULT_LIMITS, UnpackLimits

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_REJECTS_KEPT: Final = 10_000
# A column of Arrow holds 2 GB; one line more and every byte of it replaced by U+FFFD is the worst case.
_MOST_BATCH_BYTES: Final = 256 << 20
_STRAYS: Final = (reasons.NOT_A_FEED, reasons.SAVED_PAGE, reasons.ABOUT_FILES)
# From so many files on, those alike are told and counted together even if each was named.
_MANY_FILES: Final = 20


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
    found : list of FileFound
        What was found in each file read so far, files alike in a folder as one.
    n_read : int
        Records read so far: articles handed out plus records lost.
    n_rejected : int
        Records lost so far.
    rejects : list of Reject
        The first 10,000 rejects. Among them are those of `reasons.KEPT`, which cost no record.
    reject_counts : Counter
        All rejects by reason.
    not_looked_at : int
        Files left out of a mere look at the feed.
    """

    def __init__(
        self,
        files: Sequence[FeedFile],
        mapping: Mapping[str, str],
        format: Format | None,
        batch_size: int,
        batch_bytes: int,
        on_note: Callable[[str], None] | None,
        on_file: Callable[[int, int], None] | None,
        limits: UnpackLimits,
        encoding: str | None,
        look: Look | None,
        clean: bool = True,
        zones: Zones | None = None,
    ) -> None:
        self._clean = clean
        self._zones = zones or Zones()
        self._limits = limits
        self._files = list(files)
        self._mapping = dict(mapping)
        self._format = format
        self._batch_size = max(1, batch_size)
        self._batch_bytes = min(max(1, batch_bytes), _MOST_BATCH_BYTES)
        self._on_note = on_note
        self._on_file = on_file
        self._encoding = encoding
        self._look = look
        self._stdin_used = False
        self._start()

    def _start(self) -> None:
        self._log = FeedLog(self._on_note)
        self.notes: list[str] = self._log.notes
        self.n_read = 0
        self.n_rejected = 0
        self.rejects: list[Reject] = []
        self.reject_counts: Counter[str] = Counter()
        self.not_looked_at = 0
        self._first_stray: FeedError | None = None
        self._members_skipped = 0

    @property
    def paths(self) -> list[str]:
        """The files, in reading order."""
        return [file.path for file in self._files if file.refused is None]

    @property
    def found(self) -> list[FileFound]:
        """What was found in each file read so far, files alike in a folder as one."""
        return self._log.found

    @property
    def remarks(self) -> list[str]:
        """Those of the notes that say more than `found` does: what was mended, what is ambiguous."""
        return self._log.remarks

    def __iter__(self) -> Iterator[FeedBatch]:
        self._start()
        options = ReadOptions(self._batch_size, self._batch_bytes, mapped_columns(self._mapping))
        plan = Plan(self._mapping, self._format, options, self._look, self._log, self._clean, self._zones)
        batches = parsed_in_order(self._numbered(plan))
        yield from map(self._counted, merged(batches, self._batch_size, self._batch_bytes))
        self._log.finish()
        strays = sum(self.reject_counts[reason] for reason in _STRAYS) - self._members_skipped
        if self._files and strays == len(self._files):
            raise self._none_is_a_feed(strays)

    def _none_is_a_feed(self, strays: int) -> FeedError:
        root = self._files[0].root or self._files[0].path
        what = f"none of its {strays:,} files is a feed" if strays > 1 else "its one file is no feed"
        if pages := self.reject_counts[reasons.SAVED_PAGE]:
            what = f"{pages:,} of its {strays:,} files can be read by trafilatura alone, the rest is no feed"
            what = "its saved pages can be read by trafilatura alone" if pages == strays else what
        if self._first_stray is None:
            return FeedError(f"{root}: {what} ({self.rejects[0].reason})")
        first = self._first_stray
        missing = isinstance(first, MissingPackageError)
        return FeedError(f"{root}: {what}" + ("" if missing else f" ({first.message})"), first.fix)

    def _counted(self, batch: FeedBatch) -> FeedBatch:
        lost = sum(one.reason not in reasons.KEPT for one in batch.rejects)
        self.n_read += batch.articles.num_rows + lost
        self.n_rejected += lost
        self.reject_counts.update(one.reason for one in batch.rejects)
        self.rejects += batch.rejects[: max(0, _REJECTS_KEPT - len(self.rejects))]
        return batch

    def _numbered(self, plan: Plan) -> Iterator[tuple[int, FeedBatch | Document]]:
        """Yield each batch with the number of the source it comes from."""
        number = 0
        brought_in = 0
        for place, file in enumerate(self._files):
            brought_in += file.found
            if self._look is not None and file.found and brought_in > self._look.files:
                self.not_looked_at += 1
                continue
            for number, batch in self._read_file(file, plan, number):  # noqa: B020 (it counts on)
                yield number, batch
            number += 1
            if self._on_file is not None:
                self._on_file(place + 1, len(self._files))

    def _read_file(
        self, file: FeedFile, plan: Plan, number: int
    ) -> Iterator[tuple[int, FeedBatch | Document]]:
        if file.path == STDIN:
            if self._stdin_used:
                raise FeedError("standard input can be read only once", "save it to a file and give that")
            self._stdin_used = True
        many = file.found or len(self._files) > _MANY_FILES
        if file.refused is not None:
            yield number, FileReading(file.path, plan, many).refuse(f"{file.path}: {file.refused}")
            return
        if file.found and self._skips(file.path) and not is_about_files(file.root or ""):
            yield number, FileReading(file.path, plan, many).refuse("", reasons.ABOUT_FILES)
            return
        try:
            yield from self._read_sources(file, plan, many, number)
        except FeedError as error:
            # One stray file in a folder must not stop the others; a file that was named must.
            if not file.found:
                raise self._worded(error) from error.__cause__
            yield number, self._refused(FileReading(file.path, plan, many), error)

    def _skips(self, path: str) -> bool:
        """Return whether a file that was not named itself is left out for its name."""
        return self._format != "page" and is_about_files(path)

    def _refused(self, reading: FileReading, error: FeedError) -> FeedBatch:
        """Return the reject that a file among others is."""
        if isinstance(error, MissingPackageError):
            self._first_stray = self._first_stray or error
            return reading.refuse("", reasons.SAVED_PAGE)
        if self._first_stray is None or isinstance(self._first_stray, MissingPackageError):
            self._first_stray = self._worded(error)
        return reading.refuse(error.message)

    def _worded(self, error: FeedError) -> FeedError:
        """Return an error that does not advise what was done, and calls standard input by its name."""
        message, fix = error.message, error.fix
        if message.startswith((f"{STDIN}: ", f"{STDIN}/")):
            message = f"standard input{message.removeprefix(STDIN)}"
        if self._format is not None and fix is not None and "--format-in" in fix:
            fix = "check --format-in, or leave it out"
        return type(error)(message, fix)

    def _read_sources(
        self, file: FeedFile, plan: Plan, many: bool, number: int
    ) -> Iterator[tuple[int, FeedBatch | Document]]:
        """Read the file, or the members of the archive that it is."""
        refused: list[Reject] = []
        read = False
        missing: MissingPackageError | None = None
        for source in open_sources(file.path, self._limits, refused, self._encoding):
            number += 1
            stray = reasons.MEMBER if source.is_member else reasons.NOT_A_FEED
            reading = FileReading(source.path, plan, many or source.is_member, stray)
            with source:
                if source.is_member and self._skips(source.path):
                    refused += reading.refuse("", reasons.ABOUT_FILES).rejects
                    self._members_skipped += 1
                    continue
                try:
                    kind = reading.kind_of(source)
                    # One document may as well be read here.
                    document = reading.document(source, kind) if kind and (many or source.is_member) else None
                    if document is not None:
                        yield number, document
                    else:
                        for batch in reading.read(source, kind):
                            yield number, batch
                    read = True
                except FeedError as error:
                    # A readme in an archive is a stray file in a folder.
                    if not source.is_member:
                        raise
                    if isinstance(error, MissingPackageError):
                        missing = missing or error
                        self._members_skipped += 1
                    refused += self._refused(reading, error).rejects
            if refused and read:
                yield number, _rejected(refused)
        if not read and missing is not None:
            raise MissingPackageError(
                f"{file.path}: the saved pages in it can be read by trafilatura alone", missing.fix
            )
        if not read:
            first = f"{refused[0].file}: {refused[0].detail}" if refused else "it holds no file"
            raise FeedError(f"{file.path}: nothing in the archive can be read ({first})")
        if refused:
            yield number, _rejected(refused)

    def to_table(self) -> pa.Table:
        """Return all articles as one Arrow table of `ARTICLE_SCHEMA`. Reads the whole feed into memory."""
        import pyarrow as pa

        return pa.Table.from_batches([batch.articles for batch in self], schema=ARTICLE_SCHEMA)

    def to_pandas(self) -> pd.DataFrame:
        """Return all articles as a DataFrame, a column each field. Needs pandas."""
        frame: pd.DataFrame = self.to_table().to_pandas()
        return frame


def _rejected(refused: list[Reject]) -> FeedBatch:
    """Return a batch of the rejects collected, and empty the list."""
    batch = FeedBatch(articles=empty_articles(), rejects=tuple(refused))
    refused.clear()
    return batch


def read_feed(
    paths: str | Path | Sequence[str | Path],
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    batch_size: int = 4096,
    batch_bytes: int = 32 << 20,
    on_note: Callable[[str], None] | None = None,
    on_file: Callable[[int, int], None] | None = None,
    limits: UnpackLimits = DEFAULT_LIMITS,
    encoding: str | None = None,
    look: Look | None = None,
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
        Files, folders (with the folders in them, sorted by name), patterns (``feeds/*.jsonl``) and ``-``
        for standard input. JSON lines, JSON documents, CSV, Parquet, Arrow, RSS, Atom, saved pages and page
        dumps, plain, compressed or in archives, told by their content.
    mapping : mapping of str to str, optional
        Field to column, as `parse_map` returns it: ``{"title": "Headline"}``. What is not mapped is
        guessed by name; `Feed.notes` tells the guess.
    format : str, optional
        One of `dedup.feeds.formats.FORMAT_NAMES`, for files whose content does not tell.
    batch_size : int
        Records a batch at most.
    batch_bytes : int
        Bytes of input a batch, exceeded by one record at most; 256 MB at most.
    on_note : callable, optional
        Called with each note as it is made.
    on_file : callable, optional
        Called with the number of files done and of all, after each.
    limits : UnpackLimits
        How much a compressed file or an archive may unpack to.
    encoding : str, optional
        The encoding of the text, by any name Python knows, where it is not to be guessed.
    look : Look, optional
        Read so much of it only, and keep examples of each file in `Feed.found`.
    clean : bool
        Decode entities, repair mojibake and so on in titles, texts and bylines
        (`dedup.feeds.clean.clean_text`); the originals are in columns of their own.
    timezone : str, optional
        Zone of times that name none; UTC by default.
    zones : mapping of str to str, optional
        What abbreviations of zones mean: ``{"IST": "Asia/Jerusalem"}``.

    Raises
    ------
    FeedError
        A path does not exist; while iterating: a file is of no known format, or its columns do not fit.
    SettingsError
        `mapping`, `format`, `encoding`, `timezone` or `zones` names something that does not exist.

    Examples
    --------
    >>> feed = read_feed("feed.csv", mapping={"title": "Headline"})  # doctest: +SKIP
    >>> for batch in feed:  # doctest: +SKIP
    ...     print(batch.articles.num_rows, len(batch.rejects))
    """
    columns = canonical_mapping((mapping or {}).items())
    kind = None if format is None else named_format(format)
    rules = Zones.of(timezone, zones)
    codec = None if encoding is None else named_encoding(encoding)
    files = expand_paths(paths)
    return Feed(
        files, columns, kind, batch_size, batch_bytes, on_note, on_file, limits, codec, look, clean, rules
    )
