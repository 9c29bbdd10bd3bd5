"""Stage A, first half: rows of Parquet become records of articles, each at the partition of its key.

Which column is which field, and how dates are written, is learnt from the first rows of the files with the
same columns; then every file is read with what was learnt.
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

from dedup.article import Reject
from dedup.engines.spark.packets import Packet, addressed, column, partition_of
from dedup.engines.spark.records import ARRIVAL_SCHEMA, first_of_each
from dedup.engines.spark.runner import FILE, LINE
from dedup.feeds import reasons
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.builder import ArticleBuilder
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.mapping import mapped_columns
from dedup.feeds.from_columns.column_batch import ColumnBatch
from dedup.feeds.from_columns.column_names import column_names
from dedup.feeds.from_columns.column_values import checked
from dedup.index.planning import Arrivals

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

FIELDS_SCHEMA: Final = pa.schema(
    [
        pa.field("columns", pa.string()),  # of the rows, as `_columns_of` tells them
        pa.field("file", pa.string()),  # of the first of the rows
        pa.field("fields", pa.string()),  # which column is which field, for the user
        pa.field("builder", pa.binary()),  # an `ArticleBuilder` that has learnt
    ]
)


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
    learnt : mapping of str to bytes
        By the columns of rows, what builds articles of them and has learnt from the first.
    """

    mapping: Mapping[str, str]
    clean: bool
    zones: Zones
    unread: tuple[str, ...] = ()
    learnt: Mapping[str, bytes] = field(default_factory=dict)

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
        learnt = self.learnt.get(_columns_of(rows))
        if learnt is None:  # there was none among the first rows
            return self.learn(file, _names_in(rows, self.mapping), [])
        made: ArticleBuilder = pickle.loads(learnt)
        made.file = file
        return made

    def having(self, learnt: Sequence[pa.Table]) -> Source:
        """Return the same with what `learn_fields` gave."""
        rows = sorted((row for table in learnt for row in table.to_pylist()), key=lambda row: row["file"])
        return replace(self, learnt={row["columns"]: row["builder"] for row in reversed(rows)})


def learn_fields(batches: Iterator[pa.RecordBatch], *, source: Source, most: int) -> Iterator[Packet]:
    """Settle by the first rows which column is which field, and what their dates look like.

    The driver gets what was learnt, and none of the values.

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
        ``fields`` (`FIELDS_SCHEMA`).
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
    yield Packet.of(0, "fields", pa.table(row, schema=FIELDS_SCHEMA))


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
            arrivals = first_of_each(_arrivals(built.articles))
            yield from addressed("arrival", arrivals, partition_of(column(arrivals, "key"), n_partitions))
    yield Packet.of(0, "read", pa.table([[n_records], [n_rejected]], schema=READ_SCHEMA))


def _fields_of(rows: pa.Table) -> pa.Table:
    return rows.drop_columns([FILE, LINE])


def _columns_of(rows: pa.Table) -> str:
    """Return names and types of columns: what was learnt of some rows holds for all with the same."""
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
