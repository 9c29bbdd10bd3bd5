"""Stage B: at the home partition of its text an article meets all that carry the same text.

From here on a distinct text is a *node* named by its hash; one text stands for all that are equal, that of
the article of smallest key (`dedup.engines.corpus.Nodes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.confirm.judge import confirm_text
from dedup.engines.corpus import Corpus, Nodes, distinct_texts
from dedup.engines.holding import HeldRows
from dedup.engines.placeholders import find_placeholders
from dedup.engines.rubrics import find_rubrics
from dedup.engines.spark.articles import SETTLED_SCHEMA
from dedup.engines.spark.held import corpus_of
from dedup.engines.spark.packets import Hashes, Ints, Packet, column, fixed, slices
from dedup.engines.spark.sketches import SKETCH_SCHEMA
from dedup.index.identity import text_hashes
from dedup.sketch.minhash import Sketch, sketch_articles, stored_slots
from dedup.sketch.shingles import BODY, BRIEF, LEAD

LIGHT_SCHEMA: Final = pa.schema([field for field in SETTLED_SCHEMA if field.name != "text"])
"""An article without its text: all that a report needs."""

NODE_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),
        pa.field("units", pa.int64()),  # words
        pa.field("copies", pa.int64()),  # articles that carry it
        pa.field("outlet", pa.int64()),  # a hash of the outlet of the first, -1 where it is not known
        pa.field("mute", pa.bool_()),  # a rubric or a placeholder: matches nothing
        pa.field("text", pa.large_string()),  # as it is confirmed
    ]
)

COUNT_SCHEMA: Final = pa.schema(
    [
        pa.field("nodes", pa.int64()),
        pa.field("bins", pa.binary()),  # nodes by the first `BIN_BITS` bits of their hash, uint32
    ]
)

BIN_BITS: Final = 12

_FIRST_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),
        pa.field("key", pa.int64()),
        # Those of a home may be more than the two gigabytes of a plain column of strings.
        pa.field("title", pa.large_string()),
        pa.field("text", pa.large_string()),
    ]
)
_COMPACT_BYTES: Final = 64 << 20


def place_texts(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    """Make the nodes of a partition, and their sketches.

    Yields
    ------
    Packet
        ``article`` (`LIGHT_SCHEMA`), ``node`` (`NODE_SCHEMA`) and ``sketch`` (`SKETCH_SCHEMA`) stay in the
        partition; ``count`` (`COUNT_SCHEMA`) goes to the first.
    """
    articles, first = _gathered(packets)
    if not len(articles):
        return
    articles = articles.take(pa.array(np.argsort(column(articles, "key"))))
    corpus = corpus_of(articles)
    nodes = distinct_texts(corpus)
    # The texts of the first article of each node, in the order of the nodes.
    first = first.take(pa.array(np.argsort(column(first, "hash").view(np.uint64))))
    titles, texts = first["title"].combine_chunks(), first["text"].combine_chunks()
    mute = _mute(articles, corpus, nodes, texts)
    units = corpus.units[nodes.first]
    outlets = text_hashes(articles["outlet"].take(pa.array(nodes.first)).combine_chunks())
    node_table = pa.table(
        [
            pa.array(nodes.hashes.view(np.int64)), pa.array(units), pa.array(nodes.copies),
            pa.array(np.where(outlets == 0, -1, outlets & np.iinfo(np.int64).max)),
            pa.array(np.isin(nodes.hashes, mute)), confirm_text(titles, texts, units),
        ],
        schema=NODE_SCHEMA,
    )  # fmt: skip
    sketch = sketch_articles(titles, texts)
    if not np.array_equal(sketch.text_hash, nodes.hashes):
        raise ValueError("a text came home to another hash than its own")
    kept = {
        "article": articles.select(LIGHT_SCHEMA.names),
        "node": node_table,
        "sketch": sketch_table(sketch),
    }
    for kind, table in kept.items():
        for rows in slices(table):
            yield Packet.of(to, kind, rows)
    bins = np.bincount((nodes.hashes >> np.uint64(64 - BIN_BITS)).astype(np.int64), minlength=1 << BIN_BITS)
    counts = [[len(nodes)], [bins.astype("<u4").tobytes()]]
    yield Packet.of(0, "count", pa.table(counts, schema=COUNT_SCHEMA))


def add_counts(_: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    """Add up the counts of all partitions, of which there may be more than a driver takes.

    Yields
    ------
    Packet
        ``count`` (`COUNT_SCHEMA`), one.
    """
    n_nodes, bins = counted(packet.table() for packet in packets)
    row = [[n_nodes], [bins.astype("<u4").tobytes()]]
    yield Packet.of(0, "count", pa.table(row, schema=COUNT_SCHEMA))


def counted(tables: Iterable[pa.Table]) -> tuple[int, Ints]:
    """Add up rows of `COUNT_SCHEMA`.

    Returns
    -------
    int
        Nodes.
    int64 array, shape (2**BIN_BITS,)
        Nodes by the first bits of their hash.
    """
    n_nodes, bins = 0, np.zeros(1 << BIN_BITS, np.int64)
    for table in tables:
        for row in table.to_pylist():
            n_nodes += row["nodes"]
            bins += np.frombuffer(row["bins"], "<u4")
    return n_nodes, bins


def sketch_table(sketch: Sketch) -> pa.Table:
    """Return the sketches of n texts, a row each (`SKETCH_SCHEMA`)."""
    n = len(sketch.text_hash)
    slots = stored_slots(sketch.signatures)
    columns: dict[str, pa.Array] = {
        "hash": pa.array(sketch.text_hash.view(np.int64)),
        "units": pa.array(sketch.n_words.astype(np.int64)),
    }
    for name, kind in (("body", BODY), ("lead", LEAD), ("brief", BRIEF)):
        rows = np.flatnonzero(sketch.kind == kind)
        place = np.full(n, -1, np.int64)
        place[sketch.owner[rows]] = np.arange(len(rows))
        columns[name] = fixed(slots[rows]).take(pa.array(place, mask=place < 0))
        if kind == BODY:
            sizes = np.zeros(n, np.int32)
            sizes[sketch.owner[rows]] = sketch.n_shingles[rows]
            columns["body_size"] = pa.array(sizes)
    return pa.table([columns[name] for name in SKETCH_SCHEMA.names], schema=SKETCH_SCHEMA)


def _gathered(packets: Iterator[Packet]) -> tuple[pa.Table, pa.Table]:
    """Gather articles without texts, and hash, title and text of the first article of each text.

    A million articles of one text are a million rows here, and one text.
    """
    light: list[pa.Table] = []
    first: list[pa.Table] = []
    held = 0
    for packet in packets:
        table = packet.table()
        # Copied: the columns of a packet's table lie in the packet, and would keep its texts in memory.
        light.append(table.select(LIGHT_SCHEMA.names).take(pa.array(np.arange(len(table)))))
        first.append(_firsts(table.select(_FIRST_SCHEMA.names).cast(_FIRST_SCHEMA)))
        held += first[-1].nbytes
        if held > _COMPACT_BYTES:
            first = [_firsts(pa.concat_tables(first))]
            held = 0
    if not light:
        return LIGHT_SCHEMA.empty_table(), _FIRST_SCHEMA.empty_table()
    return pa.concat_tables(light).combine_chunks(), _firsts(pa.concat_tables(first))


def _firsts(table: pa.Table) -> pa.Table:
    """Return of each text the row of smallest key."""
    key, text_hash = column(table, "key"), column(table, "hash")
    order = np.lexsort((key, text_hash))
    new = np.ones(len(order), np.bool_)
    new[1:] = np.diff(text_hash[order]) != 0
    return table.take(pa.array(order[new])).combine_chunks()


def _mute(articles: pa.Table, corpus: Corpus, nodes: Nodes, texts: pa.Array) -> Hashes:
    """Return the rubrics and placeholders among the nodes, ascending."""
    place: Ints = np.full(len(articles), -1, np.int64)
    place[nodes.first] = np.arange(len(nodes))
    held = HeldRows(articles.append_column("text", texts.take(pa.array(place, mask=place < 0))))
    return np.union1d(find_rubrics(held, corpus, nodes), find_placeholders(held, corpus, nodes))
