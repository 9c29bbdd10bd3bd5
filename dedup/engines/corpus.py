"""The articles of one snapshot as arrays, and the distinct texts among them.

Everything after this works on *nodes*, the distinct texts: articles whose text
is equal after folding need no LSH to find each other, and a placeholder page
that ten thousand articles carry costs as much as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN, plausible_times
from dedup.confirm.judge import confirm_text
from dedup.engines.holding import Holding
from dedup.index.snapshot import Snapshot

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """n current articles, in key order.

    Parameters
    ----------
    keys : int64 array, shape (n,)
    part, row : int64 array, shape (n,)
        Where the article lies in the snapshot.
    text_hash : uint64 array, shape (n,)
        0 for an article without words.
    units : int64 array, shape (n,)
        Words of the text (of the title, where there is no text).
    published_s : int64 array, shape (n,)
        Seconds since 1970 UTC; `dedup.cluster.canonical.UNKNOWN` where missing or implausible.
    precision_s : int64 array, shape (n,)
        Seconds the time is good to.
    """

    keys: Ints
    part: Ints
    row: Ints
    text_hash: NDArray[np.uint64]
    units: Ints
    published_s: Ints
    precision_s: Ints

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, kept: NDArray[np.bool_]) -> Corpus:
        """Return the chosen articles."""
        return replace(self, **{name: getattr(self, name)[kept] for name in self.__slots__})


def load_corpus(snapshot: Snapshot) -> Corpus:
    """Read what clustering needs to know of every current article; no text is read."""
    columns: list[list[NDArray[np.generic]]] = [[] for _ in range(7)]
    tables = snapshot.articles(["published", "precision_s"])
    for part, (table, kept, keys) in enumerate(zip(tables, snapshot.current(), snapshot.keys(), strict=True)):
        rows = np.flatnonzero(kept)
        sketch = snapshot.sketch(part, ("text_hash", "n_words"))
        published, precision = publication_times(table)
        values = (
            keys[rows], np.full(len(rows), part, np.int64), rows, sketch["text_hash"][rows],
            sketch["n_words"][rows].astype(np.int64), published[rows], precision[rows],
        )  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    empty = [np.empty(0, np.uint64 if i == 3 else np.int64) for i in range(7)]
    joined = [np.concatenate([nothing, *column]) for nothing, column in zip(empty, columns, strict=True)]
    order = np.argsort(joined[0])
    key, part_, row, text_hash, units, published, precision = (column[order] for column in joined)
    return Corpus(key, part_, row, text_hash, units, published, precision)


def publication_times(articles: pa.Table) -> tuple[Ints, Ints]:
    """Return when articles were published, and what that is good to.

    Parameters
    ----------
    articles : pa.Table
        n rows, with the columns ``published`` and ``precision_s``.

    Returns
    -------
    published : int64 array, shape (n,)
        Seconds since 1970; `dedup.cluster.canonical.UNKNOWN` where there is no time, or none that can be.
    precision : int64 array, shape (n,)
        Seconds, 1 at least.
    """
    seconds = pc.floor_temporal(articles["published"], unit="second").cast(pa.timestamp("s", "UTC"))
    published = seconds.cast(pa.int64()).fill_null(UNKNOWN).to_numpy()
    precision = articles["precision_s"].fill_null(1).to_numpy().astype(np.int64)
    return plausible_times(published), np.maximum(precision, 1)


def outlet_numbers(holding: Holding, corpus: Corpus) -> Ints:
    """Return a number for the outlet of each article, -1 where it is not known; shape (n,)."""
    names = pa.chunked_array(
        [table["outlet"].combine_chunks() for table in holding.articles(["outlet"])], pa.string()
    )
    codes = names.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.asarray(codes[rows_of(holding, corpus)], np.int64)


def rows_of(holding: Holding, corpus: Corpus) -> Ints:
    """Return the row of each article where the parts follow one another; shape (n,)."""
    starts = np.concatenate(([0], np.cumsum([part.rows for part in holding.parts]))).astype(np.int64)
    return np.asarray(starts[corpus.part] + corpus.row, np.int64)


@dataclass(frozen=True, slots=True)
class Nodes:
    """The k distinct texts of a corpus, in order of their hash.

    Parameters
    ----------
    hashes : uint64 array, shape (k,)
        Ascending.
    of : int64 array, shape (n,)
        Node of each article, -1 for an article without words.
    first : int64 array, shape (k,)
        Place in the corpus of the article of smallest key with this text; its text stands for all.
    copies : int64 array, shape (k,)
        Number of articles with this text.
    """

    hashes: NDArray[np.uint64]
    of: Ints
    first: Ints
    copies: Ints

    def __len__(self) -> int:
        return len(self.hashes)


def distinct_texts(corpus: Corpus) -> Nodes:
    """Find the distinct texts of a corpus."""
    worded = np.flatnonzero(corpus.text_hash)
    hashes, first, of, copies = np.unique(
        corpus.text_hash[worded], return_index=True, return_inverse=True, return_counts=True
    )
    node = np.full(len(corpus), -1, np.int64)
    node[worded] = of
    return Nodes(hashes, node, worded[first], copies.astype(np.int64))


def node_texts(holding: Holding, corpus: Corpus, nodes: Nodes, wanted: Ints) -> pa.Array:
    """Texts that stand for nodes; large_string, shape (len(wanted),)."""
    first = nodes.first[wanted]
    rows = holding.rows_at(corpus.part[first], corpus.row[first], ("title", "text"))
    return confirm_text(rows["title"].combine_chunks(), rows["text"].combine_chunks(), corpus.units[first])
