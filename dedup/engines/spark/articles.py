"""Stage A: rows of Parquet become articles, each once, with the hash of its text and its credit.

Records of one article come together by its key, as in an index into which all files are loaded at once: of
several texts the current one is the last changed (`dedup.index.rules`, the rule ``version``). From there an
article goes to the home partition of its text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.article import ARTICLE_SCHEMA, FEED_SCHEMA, Reject
from dedup.engines.spark.packets import Inbox, Packet, addressed, column, partition_of
from dedup.engines.spark.runner import FILE, LINE
from dedup.errors import IndexFolderError
from dedup.feeds import reasons
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.builder import ArticleBuilder
from dedup.feeds.fields.field_map import FieldMap
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


@dataclass(frozen=True, slots=True)
class Source:
    """How the rows of some Parquet files are read.

    Parameters
    ----------
    columns : tuple of str
        Names of the columns that could be fields, those in structs as dotted paths.
    mapping : mapping of str to str
        Field -> column, what the user said.
    settling : sequence of mappings
        The first rows, as `settling_packets` tells them.
    clean : bool
    zones : Zones
    """

    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    settling: Sequence[Mapping[str, Any]]
    clean: bool
    zones: Zones

    def builder(self, file: str) -> ArticleBuilder:
        """Return what builds the articles of one file."""
        fields = FieldMap.resolve(file, self.columns, self.settling, self.mapping)
        made = ArticleBuilder(file, fields, clean=self.clean, zones=self.zones)
        made.learn(self.settling)
        return made


def settling_packets(
    batches: Iterator[pa.RecordBatch], *, mapping: Mapping[str, str], most: int
) -> Iterator[Packet]:
    """Tell what the first rows say of their columns: which are empty, and what dates look like.

    A value of any column but those of dates is told as ``x``: what an article says stays with the workers.

    Parameters
    ----------
    batches : iterator of RecordBatch
    mapping : mapping of str to str
        What the user mapped, field -> column.
    most : int
        Rows to look at.

    Yields
    ------
    Packet
        ``settling``: the columns of the rows but `FILE` and `LINE`.
    """
    rows: list[pa.Table] = []
    while sum(map(len, rows)) < most and (batch := next(batches, None)) is not None:
        rows.append(pa.Table.from_batches([batch]).drop_columns([FILE, LINE]))
    if not rows:
        return
    table = pa.concat_tables(rows).slice(0, most)
    names = column_names(table.schema, tuple(mapping.values()))
    records = table.to_pylist()
    found = FieldMap.resolve("", names, records, mapping)
    dates = {found.columns.get(name) for name in ("published", "updated")}
    told = [_told(record, "", dates) for record in records]
    yield Packet.of(0, "settling", pa.table({"records": [json.dumps(told, default=str)]}))


def _told(value: Any, path: str, dates: Collection[str | None]) -> Any:
    """Return a value with every text in it as ``x``, but in the columns of dates."""
    if isinstance(value, Mapping):
        inner = f"{path}." if path else ""
        return {name: _told(each, f"{inner}{name}", dates) for name, each in value.items()}
    if isinstance(value, list):
        return [_told(each, path, dates) for each in value]
    if isinstance(value, str | bytes):
        return value if path in dates else "x" * bool(value.strip())
    return value


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
                builders[file] = source.builder(file)
            lines = rows[LINE].to_numpy()
            arrays = {
                name: checked(rows[name].combine_chunks())[0]
                for name in rows.column_names
                if name not in (FILE, LINE)
            }
            raw = ColumnBatch(source.columns, arrays, lines, [], rows.nbytes)
            built = builders[file].build(raw)
            lost = sum(one.reason not in reasons.KEPT for one in built.rejects)
            n_records += built.articles.num_rows + lost
            n_rejected += lost
            yield from _rejected(built.rejects, n_partitions)
            arrivals = _first_of_each(_arrivals(built.articles))
            yield from addressed("arrival", arrivals, partition_of(column(arrivals, "key"), n_partitions))
    yield Packet.of(0, "read", pa.table([[n_records], [n_rejected]], schema=READ_SCHEMA))


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
    arrivals = Inbox(packets).table("arrival", ARRIVAL_SCHEMA)
    current = _current(_first_of_each(arrivals))
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
    """Return each text of each article once, by key and rank; of equal records the first by file and line."""
    files = arrivals["file"].combine_chunks().dictionary_encode()
    rank = np.argsort(np.argsort(np.array(files.dictionary.to_pylist(), object), kind="stable"))
    file = rank[files.indices.to_numpy()] if len(arrivals) else np.empty(0, np.int64)
    same = [column(arrivals, name) for name in ("proof", "content", "stamp", "key")]
    order = np.lexsort((column(arrivals, "line"), file, *same))
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for values in same:
        new[1:] |= np.diff(values[order]) != 0
    return arrivals.take(pa.array(order[new]))


def _current(arrivals: pa.Table) -> pa.Table:
    """Return the last of each key; the rows stand by key and rank."""
    key, proof = column(arrivals, "key"), column(arrivals, "proof")
    same = key[1:] == key[:-1]
    wrong = np.flatnonzero(same & (proof[1:] != proof[:-1]))
    if len(wrong):
        row = int(wrong[0]) + 1
        raise IndexFolderError(
            f"{arrivals['file'][row].as_py()}:{arrivals['line'][row].as_py()}: this record's 64-bit key "
            f"{display_id(None, int(key[row]))} is that of a different article (a hash collision)",
            "change its id, or leave the record out",
        )
    last = np.ones(len(key), np.bool_)
    last[:-1] = ~same
    return arrivals.take(pa.array(np.flatnonzero(last)))


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
