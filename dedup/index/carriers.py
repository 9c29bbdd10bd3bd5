"""The distinct texts of an index as hashes, batch by batch, and who carries each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.units import unit_hashes
from dedup.engines.corpus import Corpus, Ints, Nodes, distinct_texts, load_corpus, node_texts, outlet_numbers
from dedup.index.snapshot import Snapshot
from dedup.text.words import tokenize

_BATCH: Final = 16_384


@dataclass(frozen=True, slots=True)
class Batch:
    """b distinct texts as hashes.

    Parameters
    ----------
    nodes : int64 array, shape (b,)
    runs, bigrams : uint32 array, shape (n_words,)
        Of the run and of the word pair that begin at each word, 0 for none.
    offsets : int64 array, shape (b + 1,)
        Words of text i are ``offsets[i]:offsets[i + 1]``.
    """

    nodes: Ints
    runs: NDArray[np.uint32]
    bigrams: NDArray[np.uint32]
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Texts:
    """The distinct texts of a snapshot and who carries them.

    Parameters
    ----------
    snapshot : Snapshot
    corpus : Corpus
        Of n articles.
    nodes : Nodes
        Of k texts.
    outlet : int64 array, shape (n,)
        Number of the outlet of each article, -1 where it is not known.
    n_outlets : int
    articles : int64 array, shape (n,), starts : int64 array, shape (k + 1,)
        Those of node i are ``articles[starts[i]:starts[i + 1]]``.
    """

    snapshot: Snapshot
    corpus: Corpus
    nodes: Nodes
    outlet: Ints
    n_outlets: int
    articles: Ints
    starts: Ints

    @classmethod
    def of(cls, snapshot: Snapshot) -> Texts:
        """Find the texts of a snapshot."""
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
        # An empty index has no outlets to number.
        outlet = outlet_numbers(snapshot, corpus) if len(corpus) else np.empty(0, np.int64)
        articles = np.argsort(nodes.of, kind="stable")
        starts = np.searchsorted(nodes.of[articles], np.arange(len(nodes) + 1))
        return cls(snapshot, corpus, nodes, outlet, int(outlet.max(initial=-1)) + 1, articles, starts)

    def batches(self) -> Iterator[Batch]:
        """Yield the texts in the order they lie on disk."""
        order = np.lexsort((self.corpus.row[self.nodes.first], self.corpus.part[self.nodes.first]))
        for low in range(0, len(order), _BATCH):
            some = order[low : low + _BATCH]
            words = tokenize(node_texts(self.snapshot, self.corpus, self.nodes, some))
            _, bigrams, runs = unit_hashes(words)
            yield Batch(some, runs, bigrams, words.offsets)

    def carriers(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return every article of some nodes, and for each the place in `nodes` of its own."""
        counts = np.diff(self.starts)[nodes]
        each = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.articles[self.starts[nodes[each]] + within], each

    def outlet_names(self, outlets: Ints) -> list[str]:
        """Return the names of some outlets."""
        first = np.full(self.n_outlets, -1, np.int64)
        known = np.flatnonzero(self.outlet >= 0)
        first[self.outlet[known[::-1]]] = known[::-1]
        at = first[outlets]
        rows = self.snapshot.rows_at(self.corpus.part[at], self.corpus.row[at], ("outlet",))
        return [str(name) for name in rows["outlet"].to_pylist()]
