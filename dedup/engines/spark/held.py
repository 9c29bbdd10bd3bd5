"""Rows of a partition as the arrays that the stages work on, and texts that need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.engines.corpus import Corpus, publication_times
from dedup.engines.spark.packets import Hashes, Ints, Packet, column
from dedup.engines.spill import TextFile

_MOST_BYTES: Final = 256 << 20


def corpus_of(articles: pa.Table) -> Corpus:
    """Return what clustering needs to know of n articles, which stand in key order.

    Parameters
    ----------
    articles : pa.Table
        Columns ``key``, ``hash``, ``n_words``, ``published`` and ``precision_s``.
    """
    n = len(articles)
    return Corpus(
        column(articles, "key"),
        np.zeros(n, np.int64),
        np.arange(n),
        column(articles, "hash").view(np.uint64),
        column(articles, "n_words"),
        *publication_times(articles),
    )


class HeldTexts:
    """The texts of some nodes: in memory while they are few, in a temporary file once they are many.

    Parameters
    ----------
    hashes : uint64 array, shape (k,)
        Nodes, ascending.
    """

    def __init__(self, hashes: Hashes) -> None:
        self._hashes = hashes
        self._place: Ints = np.full(len(hashes), -1, np.int64)
        self._tables: list[pa.Array] = []
        self._held = self._bytes = 0
        self._file: TextFile | None = None

    @classmethod
    def of(cls, hashes: Hashes, packets: Iterable[Packet]) -> HeldTexts:
        """Hold the texts of packets with the columns ``hash`` and ``text``; each packet is read once."""
        held = cls(hashes)
        for packet in packets:
            table = packet.table()
            held.add(column(table, "hash").view(np.uint64), table["text"].combine_chunks())
        return held

    def add(self, hashes: Hashes, texts: pa.Array) -> None:
        """Take in texts (large_string) of some of the nodes; of one that is there already nothing."""
        at = np.searchsorted(self._hashes, hashes)
        _, first = np.unique(at, return_index=True)
        first = first[self._place[at[first]] < 0]
        at, texts = at[first], texts.take(pa.array(first))
        self._place[at] = self._held + np.arange(len(at))
        self._held += len(at)
        if self._file is not None:
            self._file.append(at, texts)
            return
        self._tables.append(texts)
        self._bytes += texts.nbytes
        if self._bytes > _MOST_BYTES:
            self._spill()

    def __call__(self, nodes: Ints) -> pa.Array:
        """Return the texts of nodes in the order asked: a `dedup.confirm.judge.ReadTexts`."""
        if self._file is not None:
            return self._file.read(nodes)
        if len(self._tables) != 1:
            self._tables = [pa.concat_arrays(self._tables or [pa.array([], pa.large_string())])]
        return self._tables[0].take(pa.array(self._place[nodes]))

    def _spill(self) -> None:
        self._file = TextFile(len(self._hashes))
        there = np.flatnonzero(self._place >= 0)
        at = there[np.argsort(self._place[there])]
        low = 0
        for texts in _handed_over(self._tables):
            self._file.append(at[low : low + len(texts)], texts)
            low += len(texts)


def _handed_over(tables: list[pa.Array]) -> Iterable[pa.Array]:
    while tables:
        yield tables.pop(0)
