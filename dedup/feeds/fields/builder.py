"""From raw records (mappings, as JSON or CSV gave them) to a batch of articles.

The common case must cost little: values that are plain strings go to Arrow as
they are, column by column, and only what is not looked at one by one. What a
value can be, and what becomes of it:

- nothing, "" or white space alone: null;
- a list: its strings joined (", ", for the text a blank line), an empty one null;
- an object with a ``name`` (schema.org's author and publisher): the name;
- a number: its digits, but never for the text, where it can only be a mistake;
- NUL characters are dropped, lone surrogates become U+FFFD.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dedup.article import ARTICLE_SCHEMA, FeedBatch, Reject
from dedup.feeds import reasons
from dedup.feeds.clean.cleaner import CLEANED, Cleaner
from dedup.feeds.dates.date_order import DateReader
from dedup.feeds.dates.read_date import NAIVE, Moment, is_relative
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.raw_batch import Batch, DateValues, RawRecord, TextColumn

_TIME: Final = ARTICLE_SCHEMA.field("published").type
_TEXT_FIELDS: Final = ("id", "outlet", "url", "title", "text", "byline", "place", "credit", "language")
_HOST = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\d?\.)?([^/?#:\s]+)")


class _NotTextError(ValueError):
    """A value that cannot be taken as the string it should be."""


class ArticleBuilder:
    """Builds batches of articles from the records of one file.

    Parameters
    ----------
    file : str
        The path as given; stands in every article and reject.
    fields : FieldMap
        Which column is which field.
    nulls : frozenset of str
        Strings that stand for "nothing" in this format (CSV has no other way to say it).
    clean : bool
        Clean titles, texts and bylines.
    zones : Zones, optional
        What a missing or an ambiguous time zone means.
    already_text : collection of str
        Columns whose values their reader has taken from markup, or whose format says that they are none.

    Attributes
    ----------
    mended : int
        Values in which invalid characters were replaced so far.
    dates : DateReader
        Reads the dates of this file.
    filled : Counter
        Outlets taken from the URL and texts taken from a teaser where the record had none, by field.
    cleaner : Cleaner or None
        Cleans titles, texts and bylines and counts; None: they stay as they are.
    """

    def __init__(
        self,
        file: str,
        fields: FieldMap,
        nulls: frozenset[str] = frozenset(),
        *,
        clean: bool = True,
        zones: Zones | None = None,
        already_text: Collection[str] = (),
    ) -> None:
        # A file name need not be valid text; a column of Arrow must be.
        self.file = file.encode("utf-8", "replace").decode()
        self.fields = fields
        self.mended = 0
        self.dates = DateReader(zones)
        self.cleaner = Cleaner() if clean else None
        self.filled: Counter[str] = Counter()
        self._nulls = nulls
        self._already_text = already_text
        self._learnt = False

    def learn(self, records: Sequence[RawRecord]) -> None:
        """Settle the order of day and month by these records; without a call, by those built first."""
        dated = [self.fields.values(name, records) or [] for name in ("published", "updated")]
        self.dates.learn(value for values in dated for value in values)
        self._learnt = True

    def build(self, raw: Batch) -> FeedBatch:
        """Return the articles of `raw` and all its rejects, in order of their lines."""
        if not self._learnt:
            self.learn(raw.records)
        lines = np.asarray(raw.lines, dtype=np.int64)
        rejects = list(raw.rejects)
        lost: set[int] = set()
        texts = {name: self._text(name, raw, lines, rejects, lost) for name in _TEXT_FIELDS}
        originals = {name: pa.nulls(len(lines), pa.string()) for name in CLEANED}
        if self.cleaner is not None:
            for name in CLEANED:
                parts = self.fields.parts(name)
                text = bool(parts) and all(part in self._already_text for part in parts)
                cleaned, originals[name] = self.cleaner.clean(name, texts[name].array, already_text=text)
                texts[name] = TextColumn(cleaned, texts[name].unmended)
        empty = pc.and_(texts["title"].array.is_null(), texts["text"].array.is_null())
        for row in np.flatnonzero(empty.to_numpy(zero_copy_only=False)).tolist():
            if row not in lost:
                keys = ", ".join(key for key, value in raw.records[row].items() if value not in (None, ""))
                detail = f"filled columns: {keys or 'none'}"
                rejects.append(reasons.reject(self.file, lines[row].item(), reasons.NOTHING_TO_READ, detail))
                lost.add(row)
        self._fill_in(texts, raw, lines, rejects, lost)
        self.mended += sum(row not in lost for column in texts.values() for row in column.unmended)
        columns = {name: column.array for name, column in texts.items()}
        columns |= {f"original_{name}": column for name, column in originals.items()}
        kept = np.arange(len(lines))
        if lost:
            kept = np.delete(kept, sorted(lost))
            lines = lines[kept]
            columns = {name: column.take(pa.array(kept)) for name, column in columns.items()}
        columns["published"], columns["precision_s"] = self._dates("published", raw, kept, lines, rejects)
        columns["updated"], _ = self._dates("updated", raw, kept, lines, rejects)
        columns["file"] = pa.repeat(pa.scalar(self.file), len(lines))
        columns["line"] = pa.array(lines)
        rejects.sort(key=lambda one: one.line)
        articles = pa.RecordBatch.from_arrays(
            [columns[name] for name in ARTICLE_SCHEMA.names], schema=ARTICLE_SCHEMA
        )
        return FeedBatch(articles=articles, rejects=tuple(rejects))

    def notes(self) -> list[str]:
        """Return a line about each thing that was decided while reading: dates, zones, what was cleaned."""
        said = [self.dates.note(), *self.dates.zone_notes()]
        if hosts := self.filled["outlet"]:
            said.append(f"{_records(hosts)} without an outlet: the host of the url stands for it")
        if teasers := self.filled["text"]:
            said.append(f"{_records(teasers)} without a text: {self.fields.teaser} stands in for it")
        if self.cleaner is not None:
            said.append(self.cleaner.note())
        return [line for line in said if line is not None]

    def _text(
        self, name: str, raw: Batch, lines: npt.NDArray[np.int64], rejects: list[Reject], lost: set[int]
    ) -> TextColumn:
        parts = self.fields.parts(name)
        if not parts:
            return TextColumn(pa.nulls(len(lines), pa.string()), {})
        columns = [self._column(name, part, raw, lines, rejects, lost) for part in parts]
        return columns[0] if len(columns) == 1 else _joined(columns, "\n\n" if name == "text" else " ")

    def _fill_in(
        self,
        texts: dict[str, TextColumn],
        raw: Batch,
        lines: npt.NDArray[np.int64],
        rejects: list[Reject],
        lost: set[int],
    ) -> None:
        """Put hosts for missing outlets and teasers for missing texts, record by record."""
        outlet, text = texts["outlet"].array, texts["text"].array
        if self.fields.outlet_from_url:
            texts["outlet"] = _hosts(texts["url"])
        elif outlet.null_count and "url" in self.fields.columns:
            filled = _filled(texts["outlet"], _hosts(texts["url"]))
            self.filled["outlet"] += outlet.null_count - filled.array.null_count
            texts["outlet"] = filled
        if self.fields.teaser is not None and text.null_count:
            ignored: list[Reject] = []
            teaser = self._column("text", self.fields.teaser, raw, lines, ignored, set())
            filled = _filled(texts["text"], teaser)
            self.filled["text"] += text.null_count - filled.array.null_count
            texts["text"] = filled

    def _column(
        self,
        name: str,
        column: str,
        raw: Batch,
        lines: npt.NDArray[np.int64],
        rejects: list[Reject],
        lost: set[int],
    ) -> TextColumn:
        values = raw.text_column(column, self._nulls)
        settled: dict[int, str | None] = {}
        for row, value in values.apart:
            try:
                settled[row] = _as_text(name, value)
            except _NotTextError:
                settled[row] = None
                # Only title and text carry an article; any other field is merely missing.
                if name in ("title", "text") and row not in lost:
                    reason = reasons.TITLE_NOT_TEXT if name == "title" else reasons.TEXT_NOT_TEXT
                    rejects.append(reasons.reject(self.file, lines[row].item(), reason, value))
                    lost.add(row)
        return values.column(settled)

    def _dates(
        self,
        name: str,
        raw: Batch,
        kept: npt.NDArray[np.intp],
        lines: npt.NDArray[np.int64],
        rejects: list[Reject],
    ) -> tuple[pa.Array, pa.Array]:
        """Return the times and the seconds they are good to."""
        column = self.fields.columns.get(name)
        if column is None:
            return pa.nulls(len(kept), _TIME), pa.nulls(len(kept), pa.int32())
        if name in self.fields.joins:
            values = self._text(name, raw, np.asarray(raw.lines), [], set()).array.to_pylist()
            dated = DateValues(values, np.arange(len(values)))
        else:
            dated = raw.dates(column)
        numbers = dated.numbers[kept]
        times = np.zeros(len(kept), np.int64) if dated.times is None else dated.times[kept]
        precision = np.zeros(len(kept), np.int32) if dated.precision is None else dated.precision[kept]
        moments: list[Moment | None] = [None] * len(dated.values)
        bad: set[int] = set()
        if dated.naive is not None and (local := np.flatnonzero(dated.naive[kept])).size:
            self.dates.rest_on[NAIVE] += local.size
            times[local] = self.dates.zones.to_utc(times[local])
        for number, records in Counter(numbers[numbers >= 0].tolist()).items():
            value = dated.values[number]
            if value is not None:
                moments[number], rests_on = self.dates.read_traced(value)
                if rests_on:
                    self.dates.rest_on[rests_on] += records
            missing = _is_nothing(value) or (type(value) is str and value in self._nulls)
            if moments[number] is None and not missing:
                bad.add(number)
        if bad:
            for line, number in zip(lines.tolist(), numbers.tolist(), strict=True):
                if number in bad:
                    detail = f"{column}: {reasons.shown(dated.values[number])}"
                    relative = is_relative(dated.values[number])
                    reason = reasons.RELATIVE_DATE if relative else reasons.BAD_DATE
                    rejects.append(reasons.reject(self.file, line, reason, detail))
        if moments:
            read = pa.array([None if moment is None else moment[0] for moment in moments], _TIME)
            good = np.array([0 if moment is None else moment[1] for moment in moments], dtype=np.int32)
            those = numbers >= 0
            micros = read.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            times[those] = micros[numbers[those]]
            precision[those] = good[numbers[those]]
        unknown = precision == 0
        return pa.array(times, mask=unknown).view(_TIME), pa.array(precision, mask=unknown)


def _joined(columns: list[TextColumn], mark: str) -> TextColumn:
    """Return several columns as one, what each record has of them joined by `mark`."""
    joined = columns[0].array
    for column in columns[1:]:
        # (Arrow's way to skip nulls in a join loses the rows that hold nothing else.)
        both = pc.binary_join_element_wise(joined, column.array, mark)
        joined = pc.coalesce(both, joined, column.array)
    unmended = {row: text for column in columns for row, text in column.unmended.items()}
    return TextColumn(joined, unmended)


def _filled(column: TextColumn, other: TextColumn) -> TextColumn:
    """Return `column` with values of `other` where it has none."""
    return TextColumn(pc.coalesce(column.array, other.array), {**other.unmended, **column.unmended})


def empty_articles() -> pa.RecordBatch:
    """Return a batch of no articles, for rejects that come alone."""
    return pa.RecordBatch.from_arrays(
        [pa.array([], column.type) for column in ARTICLE_SCHEMA], schema=ARTICLE_SCHEMA
    )


def _records(number: int) -> str:
    return f"{number:,} record{'s' * (number != 1)}"


def _hosts(urls: TextColumn) -> TextColumn:
    values = urls.array.to_pylist()
    for row, url in urls.unmended.items():
        values[row] = url
    return TextColumn.of([None if url is None else host_of(url) for url in values])


def host_of(url: str) -> str | None:
    """Return the host of `url` in lower case, without user, port and ``www.``; None when it has none.

    Examples
    --------
    >>> host_of("https://www.Example.org:8080/a?b=c")
    'example.org'
    """
    found = _HOST.match(url)
    return found[1].lower() if found else None


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip("\0 \t\r\n")) or value in ([], {})


def _as_text(name: str, value: Any) -> str | None:
    """Return a value that is no plain string as one, or None for nothing."""
    if isinstance(value, str):
        value = value.replace("\0", "")
        return value if value and not value.isspace() else None
    if value is None or value != value:  # NaN is how pandas writes a missing string
        return None
    if isinstance(value, list):
        parts = [part for part in (_as_text(name, one) for one in value) if part is not None]
        return ("\n\n" if name == "text" else ", ").join(parts) or None
    if isinstance(value, Mapping) and name not in ("title", "text", "id"):
        return _as_text(name, value.get("name"))
    if isinstance(value, int | float) and not isinstance(value, bool) and name != "text":
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise _NotTextError
