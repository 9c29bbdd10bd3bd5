"""Stage A: rows of Parquet become articles, each once, with the hash of its text and its credit.

Records of one article come together by its key, as in an index into which all files are loaded at once: of
several texts the current one is the last changed (`dedup.index.rules`, the rule ``version``). From there an
article goes to the home partition of its text.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.article import ARTICLE_SCHEMA, FEED_SCHEMA, Reject
from dedup.engines.spark.packets import Ints, Packet, addressed, column, partition_of
from dedup.engines.spark.runner import FILE, LINE
from dedup.errors import IndexFolderError
from dedup.feeds import reasons
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.builder import ArticleBuilder
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.mapping import mapped_columns
from dedup.feeds.from_columns.column_batch import ColumnBatch
from dedup.feeds.from_columns.column_names import column_names
from dedup.feeds.from_columns.column_values import checked
from dedup.index.credits import FOUND_SCHEMA, found_table
from dedup.index.identity import display_id
from dedup.index.planning import Arrivals
from dedup.sketch.minhash import hash_texts, speaking_titles
from dedup.text.credit import Agency, find_credits
from dedup.text.words import tokenize

ARRIVAL_SCHEMA: Final = pa.schema(
    [*ARTICLE_SCHEMA, *(pa.field(name, pa.int64()) for name in ("key", "proof", "content", "stamp"))]
)
"""A record as it arrived, with what `dedup.index.identity` says of it."""

SETTLED_SCHEMA: Final = pa.schema(
    [
        *FEED_SCHEMA,
        *(pa.field(f"found_{field.name}", field.type) for field in FOUND_SCHEMA),
        pa.field("key", pa.int64()),
        pa.field("hash", pa.int64()),
        pa.field("n_words", pa.int64()),
    ]
)
"""An article: its fields, its credit, its key, and hash and number of words of its text."""

REJECT_SCHEMA: Final = pa.schema(
    [
        pa.field("file", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""One row per record that could not be used, or not in full."""

READ_SCHEMA: Final = pa.schema([pa.field("records", pa.int64()), pa.field("rejected", pa.int64())])
ARTICLES_SCHEMA: Final = pa.schema([pa.field("articles", pa.int64()), pa.field("wordless", pa.int64())])


SETTLING_SCHEMA: Final = pa.schema(
    [
        pa.field("columns", pa.string()),  # of the rows, as `_columns_of` tells them
        pa.field("file", pa.string()),  # of the first of the rows
        pa.field("fields", pa.string()),  # which column is which field, for the user
        pa.field("builder", pa.binary()),  # an `ArticleBuilder` that has learnt
    ]
)

_RANKING: Final = ["key", "proof", "content", "stamp", "file", "line"]
_COMPACT_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """How the rows of some Parquet files are read.

    Parameters
    ----------
    mapping : mapping of str to str
        Field -> column, what the user said.
    clean : bool
    zones : Zones
    unread : tuple of str
        Columns that could be no field, for messages.
    settled : mapping of str to bytes
        By the columns of rows, what builds articles of them and has learnt from the first.
    """

    mapping: Mapping[str, str]
    clean: bool
    zones: Zones
    unread: tuple[str, ...] = ()
    settled: Mapping[str, bytes] = field(default_factory=dict)

    def learn(
        self, file: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]]
    ) -> ArticleBuilder:
        """Return what builds the articles of a file, having learnt from its first records.

        Raises
        ------
        FeedError
            A mapped column is not there, or nothing could be a title or a text.
        """
        fields = FieldMap.resolve(file, (*columns, *self.unread), records, self.mapping)
        made = ArticleBuilder(file, fields, clean=self.clean, zones=self.zones)
        made.learn(records)
        return made

    def builder(self, file: str, rows: pa.Table) -> ArticleBuilder:
        """Return what builds the articles of a file, some of whose rows are given."""
        settled = self.settled.get(_columns_of(rows))
        if settled is None:  # there was none among the first rows
            return self.learn(file, _names_in(rows, self.mapping), [])
        made: ArticleBuilder = pickle.loads(settled)
        made.file = file
        return made

    def having(self, settling: Sequence[pa.Table]) -> Source:
        """Return the same with what `settling_packets` gave."""
        rows = sorted((row for table in settling for row in table.to_pylist()), key=lambda row: row["file"])
        return replace(self, settled={row["columns"]: row["builder"] for row in reversed(rows)})


def settling_packets(batches: Iterator[pa.RecordBatch], *, source: Source, most: int) -> Iterator[Packet]:
    """Settle by the first rows which column is which field, and what their dates look like.

    The driver gets what was settled, and none of the values.

    Parameters
    ----------
    batches : iterator of RecordBatch
        All of the same columns.
    source : Source
    most : int
        Rows to look at.

    Yields
    ------
    Packet
        ``settling`` (`SETTLING_SCHEMA`).
    """
    rows: list[pa.Table] = []
    while sum(map(len, rows)) < most and (batch := next(batches, None)) is not None:
        rows.append(pa.Table.from_batches([batch]))
    if not rows:
        return
    table = pa.concat_tables(rows).slice(0, most)
    file, names = table[FILE][0].as_py(), _names_in(table, source.mapping)
    made = source.learn(file, names, list(_raw(table, names).records))
    row = [[_columns_of(table)], [file], [str(made.fields)], [pickle.dumps(made)]]
    yield Packet.of(0, "settling", pa.table(row, schema=SETTLING_SCHEMA))


def read_rows(batches: Iterator[pa.RecordBatch], source: Source, n_partitions: int) -> Iterator[Packet]:
    """Build the articles of some rows and send each to the partition of its key.

    Yields
    ------
    Packet
        ``arrival`` (`ARRIVAL_SCHEMA`), ``reject`` (`REJECT_SCHEMA`), ``read`` (`READ_SCHEMA`).
    """
    builders: dict[str, ArticleBuilder] = {}
    n_records = n_rejected = 0
    for batch in batches:
        for file, rows in _by_file(batch):
            if file not in builders:
                builders[file] = source.builder(file, rows)
            built = builders[file].build(_raw(rows, _names_in(rows, source.mapping)))
            lost = sum(one.reason not in reasons.KEPT for one in built.rejects)
            n_records += built.articles.num_rows + lost
            n_rejected += lost
            yield from _rejected(built.rejects, n_partitions)
            arrivals = _first_of_each(_arrivals(built.articles))
            yield from addressed("arrival", arrivals, partition_of(column(arrivals, "key"), n_partitions))
    yield Packet.of(0, "read", pa.table([[n_records], [n_rejected]], schema=READ_SCHEMA))


def _fields_of(rows: pa.Table) -> pa.Table:
    return rows.drop_columns([FILE, LINE])


def _columns_of(rows: pa.Table) -> str:
    """Return names and types of columns: what was settled for some rows holds for all with the same."""
    return json.dumps([[each.name, str(each.type)] for each in _fields_of(rows).schema])


def _names_in(rows: pa.Table, mapping: Mapping[str, str]) -> tuple[str, ...]:
    return column_names(_fields_of(rows).schema, mapped_columns(mapping))


def _raw(rows: pa.Table, names: tuple[str, ...]) -> ColumnBatch:
    """Return rows as the reader of one machine has them."""
    plain = _fields_of(rows)
    arrays = {name: checked(_whole(plain[name]))[0] for name in plain.column_names}
    return ColumnBatch(names, arrays, rows[LINE].to_numpy(), [], plain.nbytes)


def _whole(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def settle(
    to: int, packets: Iterator[Packet], *, n_partitions: int, agencies: Sequence[Agency] | None
) -> Iterator[Packet]:
    """Choose the current text of each article, and send it to the home of the text.

    Yields
    ------
    Packet
        ``settled`` (`SETTLED_SCHEMA`), ``articles`` (`ARTICLES_SCHEMA`).

    Raises
    ------
    IndexFolderError
        If two different articles share a key.
    """
    for some in _together(_gathered(packets)):
        yield from _settled(to, some, n_partitions, agencies)


def _settled(
    to: int, current: pa.Table, n_partitions: int, agencies: Sequence[Agency] | None
) -> Iterator[Packet]:
    """Send some articles to the homes of their texts, and count them."""
    titles, texts = (current[name].combine_chunks() for name in ("title", "text"))
    text_words = tokenize(texts)
    title_words = tokenize(speaking_titles(titles, text_words))
    hashes = hash_texts(title_words, text_words)
    n_text, n_title = np.diff(text_words.offsets), np.diff(title_words.offsets)
    worded = np.flatnonzero(hashes)
    counts = [[len(hashes)], [len(hashes) - len(worded)]]
    yield Packet.of(to, "articles", pa.table(counts, schema=ARTICLES_SCHEMA))
    if not len(worded):
        return
    credits = found_table(find_credits(current, agencies))
    columns = {
        **{name: current[name] for name in FEED_SCHEMA.names},
        **{f"found_{name}": credits[name] for name in credits.column_names},
        "key": current["key"],
        "hash": pa.array(hashes.view(np.int64)),
        "n_words": pa.array(np.where(n_text == 0, n_title, n_text).astype(np.int64)),
    }
    # A text speaks for itself from some length on; of equal ones that go together one is enough.
    settled = pa.table([columns[name] for name in SETTLED_SCHEMA.names], schema=SETTLED_SCHEMA)
    settled = _text_once(settled.take(pa.array(worded)))
    yield from addressed("settled", settled, partition_of(column(settled, "hash"), n_partitions))


def _gathered(packets: Iterator[Packet]) -> list[pa.Table]:
    """Return the current text of each article, in tables as they came.

    A million texts of one article, as in a feed whose ids are all one, are never here all at once.
    """
    held: list[pa.Table] = []
    size, most = 0, _COMPACT_BYTES
    for packet in packets:
        held.append(packet.table())
        size += held[-1].nbytes
        if size > most:
            held = _current(held)
            size = sum(table.nbytes for table in held)
            most = max(_COMPACT_BYTES, 2 * size)  # what is all current is not looked through each time
    return _current(held)


def _together(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together while they are small; the list is emptied.

    A column of strings of two gigabytes is more than Arrow takes rows from, and texts may be more than that.
    """
    while tables:
        some = [tables.pop()]
        size = some[0].nbytes
        while tables and size + tables[-1].nbytes <= _COMPACT_BYTES:
            some.append(tables.pop())
            size += some[-1].nbytes
        yield pa.concat_tables(some).combine_chunks()


def _by_file(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Table]]:
    """Cut a batch where the file changes."""
    codes = batch.column(FILE).dictionary_encode()
    numbers = codes.indices.to_numpy()
    cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    table = pa.Table.from_batches([batch])
    for begin, end in pairwise(cuts):
        if end > begin:
            yield codes.dictionary[int(numbers[begin])].as_py(), table.slice(begin, end - begin)


def _arrivals(articles: pa.RecordBatch) -> pa.Table:
    ids = Arrivals.of(articles)
    table = pa.Table.from_batches([articles])
    for name in ("key", "proof", "content", "stamp"):
        table = table.append_column(ARRIVAL_SCHEMA.field(name), pa.array(getattr(ids, name)))
    return table


def _rejected(rejects: Sequence[Reject], n_partitions: int) -> Iterator[Packet]:
    if not rejects:
        return
    fields = [[getattr(one, name) for one in rejects] for name in REJECT_SCHEMA.names]
    table = pa.table([pa.array(values) for values in fields], schema=REJECT_SCHEMA)
    yield from addressed("reject", table, column(table, "line") % n_partitions)


def _first_of_each(arrivals: pa.Table) -> pa.Table:
    """Return each text of each article once; of equal records the first by file and line."""
    order, new = _ranked(arrivals)
    return arrivals.take(pa.array(order[new]))


def _ranked(arrivals: pa.Table) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the rows by key and rank, then file and line, and which of them differ from the one before."""
    files = arrivals["file"].combine_chunks().dictionary_encode()
    rank = np.argsort(np.argsort(np.array(files.dictionary.to_pylist(), object), kind="stable"))
    file = rank[files.indices.to_numpy()] if len(arrivals) else np.empty(0, np.int64)
    same = [column(arrivals, name) for name in ("proof", "content", "stamp", "key")]
    order = np.lexsort((column(arrivals, "line"), file, *same))
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for values in same:
        new[1:] |= np.diff(values[order]) != 0
    return order, new


def _current(tables: list[pa.Table]) -> list[pa.Table]:
    """Return the tables with the last text of each article alone; none of them is empty."""
    if not tables:
        return []
    light = pa.concat_tables([table.select(_RANKING) for table in tables])
    order, new = _ranked(light)
    rows = order[new]
    key, proof = column(light, "key")[rows], column(light, "proof")[rows]
    same = key[1:] == key[:-1]
    wrong = np.flatnonzero(same & (proof[1:] != proof[:-1]))
    if len(wrong):
        row = int(rows[wrong[0] + 1])
        raise IndexFolderError(
            f"{light['file'][row].as_py()}:{light['line'][row].as_py()}: this record's 64-bit key "
            f"{display_id(None, light['key'][row].as_py())} is that of a different article (a hash "
            "collision)",
            "change its id, or leave the record out",
        )
    last = np.ones(len(key), np.bool_)
    last[:-1] = ~same
    kept = np.sort(rows[last])
    ends = np.cumsum([len(table) for table in tables])
    parts = np.split(kept, np.searchsorted(kept, ends[:-1]))
    begins = np.append(0, ends[:-1])
    return [
        table.take(pa.array(part - begin))
        for table, part, begin in zip(tables, parts, begins, strict=True)
        if len(part)
    ]


def _text_once(settled: pa.Table) -> pa.Table:
    """Leave the text of a long article out where that of one with a smaller key goes the same way."""
    key, text_hash = column(settled, "key"), column(settled, "hash")
    order = np.lexsort((key, text_hash))
    again = np.zeros(len(order), np.bool_)
    again[order[1:]] = np.diff(text_hash[order]) == 0
    if not again.any():
        return settled
    at = settled.schema.get_field_index("text")
    return settled.set_column(at, "text", pc.if_else(pa.array(again), None, settled["text"]))
