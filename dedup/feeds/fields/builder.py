"""From raw records (mappings, as JSON or CSV gave them) to a batch of articles.

The common case must cost little: values that are plain strings go to Arrow as
they are, column by column, and only what is not looked at one by one. What a
value can be, and what becomes of it, is the matter of `text_values.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
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
from dedup.feeds.dates.zones import Zones, names_utc
from dedup.feeds.fields.extended_json import unwrapped
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.text_values import NotTextError, as_text, is_nothing
from dedup.feeds.hosts import URL_BEGINS, host_of, outlet_of
from dedup.feeds.raw_batch import Batch, DateValues, RawRecord, TextColumn

_TIME: Final = ARTICLE_SCHEMA.field("published").type
_Bad = dict[int, list[tuple[str, Any]]]
"""By row, titles and texts that are none: field and value."""
_NOT_TEXT: Final = {"title": reasons.TITLE_NOT_TEXT, "text": reasons.TEXT_NOT_TEXT}
_LEFT_OUT: Final = {"title": reasons.TITLE_LEFT_OUT, "text": reasons.TEXT_LEFT_OUT}
_TEXT_FIELDS: Final = ("id", "outlet", "url", "title", "text", "byline", "place", "credit", "language")


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
        self._teasers: set[str] = set()
        self._nulls = nulls
        self._already_text = already_text
        self._learnt = False

    def learn(self, records: Sequence[RawRecord]) -> None:
        """Settle the order of day and month by these records; without a call, by those built first."""
        dated: dict[str, list[Any]] = {}
        for name in ("published", "updated"):
            values = [unwrapped(value) for value in self.fields.values(name, records) or []]
            self.dates.learn_digits(self.fields.columns.get(name, ""), values)
            dated[name] = values
        self.dates.learn(value for values in dated.values() for value in values)
        self._learnt = True

    def build(self, raw: Batch) -> FeedBatch:
        """Return the articles of `raw` and all its rejects, in order of their lines."""
        if not self._learnt:
            self.learn(raw.records)
        lines = np.asarray(raw.lines, dtype=np.int64)
        rejects = list(raw.rejects)
        bad: _Bad = {}
        texts = {name: self._text(name, raw, bad) for name in _TEXT_FIELDS}
        originals = {name: pa.nulls(len(lines), pa.string()) for name in CLEANED}
        if self.cleaner is not None:
            for name in CLEANED:
                parts = self.fields.parts(name)
                text = bool(parts) and all(part in self._already_text for part in parts)
                cleaned, originals[name] = self.cleaner.clean(name, texts[name].array, already_text=text)
                texts[name] = TextColumn(cleaned, texts[name].unmended)
        self._fill_in(texts, originals, raw)
        empty = pc.and_(texts["title"].array.is_null(), texts["text"].array.is_null())
        lost = set(np.flatnonzero(empty.to_numpy(zero_copy_only=False)).tolist())
        for row in sorted(lost.union(bad)):
            number = lines[row].item()
            if row not in lost:  # the other of title and text is an article too
                for name, value in bad[row]:
                    rejects.append(reasons.reject(self.file, number, _LEFT_OUT[name], value))
            elif row in bad:
                name, value = bad[row][0]
                rejects.append(reasons.reject(self.file, number, _NOT_TEXT[name], value))
            else:
                keys = ", ".join(key for key, value in raw.records[row].items() if value not in (None, ""))
                detail = f"filled columns: {keys or 'none'}"
                rejects.append(reasons.reject(self.file, number, reasons.NOTHING_TO_READ, detail))
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
            used = [name for name in self.fields.texts() if name in self._teasers]
            stand = "stands" if len(used) == 1 else "stand"
            said.append(f"{_records(teasers)} without a text: {' or '.join(used)} {stand} in for it")
        if self.cleaner is not None:
            said.append(self.cleaner.note())
        return [line for line in said if line is not None]

    def _text(self, name: str, raw: Batch, bad: _Bad) -> TextColumn:
        parts = self.fields.parts(name)
        if not parts:
            return TextColumn(pa.nulls(len(raw.lines), pa.string()), {})
        columns = [self._column(name, part, raw, bad) for part in parts]
        return columns[0] if len(columns) == 1 else _joined(columns, "\n\n" if name == "text" else " ")

    def _fill_in(self, texts: dict[str, TextColumn], originals: dict[str, pa.Array], raw: Batch) -> None:
        """Put hosts for missing outlets and teasers for missing texts, record by record."""
        if not self.fields.outlet_given:
            texts["outlet"] = _without_addresses(texts["outlet"])
        outlet = texts["outlet"].array
        if self.fields.outlet_from_url:
            texts["outlet"] = _hosts(texts["url"])
        elif outlet.null_count and "url" in self.fields.columns:
            filled = _filled(texts["outlet"], _hosts(texts["url"]))
            self.filled["outlet"] += outlet.null_count - filled.array.null_count
            texts["outlet"] = filled
        first = self.fields.columns.get("text")
        self._count_teasers(first, 0 if first is None else len(raw.lines) - texts["text"].array.null_count)
        for column in self.fields.texts():
            text = texts["text"].array
            if column == first or not text.null_count:
                continue
            other = self._column("text", column, raw, {})
            missing = pc.if_else(text.is_null(), other.array, None)
            if self.cleaner is not None:
                missing, original = self.cleaner.clean("text", missing)
                originals["text"] = pc.coalesce(originals["text"], original)
            texts["text"] = _filled(texts["text"], TextColumn(missing, other.unmended))
            self._count_teasers(column, text.null_count - texts["text"].array.null_count)

    def _count_teasers(self, column: str | None, number: int) -> None:
        if column is not None and column != self.fields.settled_text and self.fields.is_teaser(column):
            self.filled["text"] += number
            self._teasers |= {column} if number else set()

    def _column(self, name: str, column: str, raw: Batch, bad: _Bad) -> TextColumn:
        """Return a column as text; `bad` gets the titles and texts that are none, by row."""
        values = raw.text_column(column, self._nulls)
        settled: dict[int, str | None] = {}
        for row, value in values.apart:
            try:
                settled[row] = as_text(name, value)
            except NotTextError:
                settled[row] = None
                # Only title and text carry an article; any other field is merely missing.
                if name in ("title", "text"):
                    bad.setdefault(row, []).append((name, value))
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
            values = self._text(name, raw, {}).array.to_pylist()
            dated = DateValues(values, np.arange(len(values)))
        else:
            dated = raw.dates(column)
        numbers = dated.numbers[kept]
        times = np.zeros(len(kept), np.int64) if dated.times is None else dated.times[kept]
        precision = np.zeros(len(kept), np.int32) if dated.precision is None else dated.precision[kept]
        moments: list[Moment | None] = [None] * len(dated.values)
        bad: set[int] = set()
        is_utc = all(map(names_utc, self.fields.parts(name)))
        if not is_utc and dated.naive is not None and (local := np.flatnonzero(dated.naive[kept])).size:
            self.dates.rest_on[NAIVE] += local.size
            times[local] = self.dates.zones.to_utc(times[local])
        for number, records in Counter(numbers[numbers >= 0].tolist()).items():
            value = unwrapped(dated.values[number])
            if value is not None:
                moments[number], rests_on = self.dates.read_traced(value, column)
                if rests_on:
                    self.dates.rest_on[rests_on] += records
            missing = is_nothing(value) or (type(value) is str and value in self._nulls)
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


def _without_addresses(outlets: TextColumn) -> TextColumn:
    """Return outlets with the host for each address, and nothing for one of a picture."""
    found = pc.match_substring_regex(outlets.array, URL_BEGINS).fill_null(False)
    rows = np.flatnonzero(found.to_numpy(zero_copy_only=False)).tolist()
    if not rows:
        return outlets
    values = outlets.array.to_pylist()
    for row in rows:
        values[row] = outlet_of(values[row])
    return TextColumn(pa.array(values, pa.string()), outlets.unmended)


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
