"""Stage A, second half: each article once, with its credit and the hash of its text, at the text's home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.article import ARTICLE_SCHEMA, FEED_SCHEMA
from dedup.engines.spark import records
from dedup.engines.spark.packets import Packet, addressed, column, partition_of, slices
from dedup.index.credits import FOUND_SCHEMA, found_table
from dedup.sketch.minhash import hash_texts, speaking_titles
from dedup.text.credit import Agency, find_credits
from dedup.text.words import tokenize

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

ARTICLES_SCHEMA: Final = pa.schema([pa.field("articles", pa.int64()), pa.field("wordless", pa.int64())])
TIMES_SCHEMA: Final = pa.schema([ARTICLE_SCHEMA.field("published"), ARTICLE_SCHEMA.field("precision_s")])
"""Of an article without words, which goes no further: what tells whether it was asked for."""

_COMPACT_BYTES: Final = 256 << 20


def settle(
    to: int, packets: Iterator[Packet], *, n_partitions: int, agencies: Sequence[Agency] | None
) -> Iterator[Packet]:
    """Choose the current text of each article, and send it to the home of the text.

    Parameters
    ----------
    to, packets
        ``arrival`` (`dedup.engines.spark.records.ARRIVAL_SCHEMA`) at the partition of the article's key.
    n_partitions : int
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.

    Yields
    ------
    Packet
        ``settled`` (`SETTLED_SCHEMA`), ``wordless`` (`TIMES_SCHEMA`), ``articles`` (`ARTICLES_SCHEMA`).

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
    silent = current.select(TIMES_SCHEMA.names).take(pa.array(np.flatnonzero(hashes == 0)))
    for rows in slices(silent):
        yield Packet.of(to, "wordless", rows)
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
            held = records.current(held)
            size = sum(table.nbytes for table in held)
            most = max(_COMPACT_BYTES, 2 * size)  # what is all current is not looked through each time
    return records.current(held)


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


def _text_once(settled: pa.Table) -> pa.Table:
    """Leave the text of an article out where one of smaller key brings an equal text the same way."""
    key, text_hash = column(settled, "key"), column(settled, "hash")
    order = np.lexsort((key, text_hash))
    again = np.zeros(len(order), np.bool_)
    again[order[1:]] = np.diff(text_hash[order]) == 0
    if not again.any():
        return settled
    at = settled.schema.get_field_index("text")
    return settled.set_column(at, "text", pc.if_else(pa.array(again), None, settled["text"]))
