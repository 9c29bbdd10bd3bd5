"""The shelf: where every article of an index stands, light enough to be set up for one question.

A report knows the whole corpus; a query wants the few articles near one text.
So the shelf reads nothing but hashes and sizes, and looks through the
signatures as they lie in the part files: half a gigabyte of them is scanned in
the time in which a megabyte of Parquet is decompressed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.engines.corpus import Ints
from dedup.engines.nearby import Asked, Hits, Stored, told_apart
from dedup.index.snapshot import Snapshot
from dedup.sketch.curve import SLOTS
from dedup.sketch.minhash import Sketch
from dedup.sketch.shingles import BODY

MOST_FOUND: Final = 256
"""Texts near one article that are judged, those that agree in most slots."""


@dataclass(frozen=True)
class Shelf:
    """Current articles of a snapshot that have words, n of them, part by part.

    Parameters
    ----------
    snapshot : Snapshot
    starts : int64 array, shape (p + 1,)
        Articles of part i are ``starts[i]:starts[i + 1]``.
    part, row : int64 array, shape (n,)
        Where each lies.
    keys : int64 array, shape (n,)
    text_hash : uint64 array, shape (n,)
    units : int64 array, shape (n,)
        Words of the text, of the title where there is no text.
    by_text : int64 array, shape (n,)
        Places in the order of their `text_hash`; equal ones ascending.
    """

    snapshot: Snapshot
    starts: Ints
    part: Ints
    row: Ints
    keys: Ints
    text_hash: NDArray[np.uint64]
    units: Ints
    by_text: Ints
    _stored: dict[int, Stored] = field(default_factory=dict)  # of the parts looked through, mapped

    @classmethod
    def of(cls, snapshot: Snapshot) -> Shelf:
        """Set up the shelf of a snapshot."""
        columns: list[tuple[NDArray[Any], ...]] = []
        for part, (kept, keys) in enumerate(zip(snapshot.current(), snapshot.keys(), strict=True)):
            sketch = snapshot.sketch(part, ("text_hash", "n_words"))
            rows = np.flatnonzero(kept & (sketch["text_hash"] != 0))
            there = np.full(len(rows), part, np.int64)
            columns.append((there, rows, keys[rows], sketch["text_hash"][rows], sketch["n_words"][rows]))
        starts = np.concatenate(([0], np.cumsum([len(one[0]) for one in columns]))).astype(np.int64)
        kinds: list[Any] = [np.int64, np.int64, np.int64, np.uint64, np.int64]
        joined = [
            np.concatenate([np.empty(0, kind), *(one[i] for one in columns)]).astype(kind)
            for i, kind in enumerate(kinds)
        ]
        part_of, row, keys, text_hash, units = joined
        by_text = np.argsort(text_hash, kind="stable")
        return cls(snapshot, starts, part_of, row, keys, text_hash, units, by_text)

    def __len__(self) -> int:
        return len(self.keys)

    def near(self, sketch: Sketch, asked: int, threads: int) -> Ints:
        """Find the articles near one of some new ones.

        Parameters
        ----------
        sketch : Sketch
            Of the new articles.
        asked : int
            Row of the one asked about.
        threads : int
            Threads to use; the result does not depend on it.

        Returns
        -------
        int64 array
            Places on the shelf, ascending: every article that carries one of the `MOST_FOUND` nearest texts,
            or a text equal to the one asked about.
        """
        about = Asked.of(sketch, asked)

        def look(part: int) -> tuple[Hits, Ints]:
            if part not in self._stored:
                self._stored[part] = self._set_up(part)
            return self._stored[part].near(about)

        n_parts = len(self.starts) - 1
        with ThreadPoolExecutor(max(1, threads)) as pool:
            found = list(pool.map(look, range(n_parts)))
        stored = [self._stored[part] for part in range(n_parts)]
        hits = [each for each, _ in found]
        counts = np.zeros(SLOTS, np.int64)
        for _, counted in found:
            counts += counted
        kept = told_apart(stored, about, hits, counts, sum(len(part.comparable[BODY]) for part in stored))
        places = np.concatenate(
            [np.empty(0, np.int64)]
            + [self._places(part, each.row) for part, each in enumerate(hits) if len(each.row)]
        )[kept]
        equal = Hits.joined(hits).equal[kept]
        # The sketches of one article count once.
        near, of = np.unique(places, return_inverse=True)
        most = np.zeros(len(near), np.int64)
        np.maximum.at(most, of, equal)
        texts = self.text_hash[near]
        nearest = texts[np.lexsort((texts, -most))[:MOST_FOUND]]
        return self._carriers(np.append(nearest, sketch.text_hash[asked]))

    def _set_up(self, part: int) -> Stored:
        """Set up the sketches of a part; of equal texts the first in the index stands for all."""
        sketch = Sketch(**self.snapshot.sketch(part))
        mine = slice(self.starts[part], self.starts[part + 1])
        chosen = np.zeros(len(sketch.text_hash), np.bool_)
        chosen[self.row[mine][self._is_first[mine]]] = True
        return Stored.of(sketch, chosen)

    def _places(self, part: int, rows: Ints) -> Ints:
        """Where articles of a part stand."""
        low, high = self.starts[part], self.starts[part + 1]
        return np.asarray(low + np.searchsorted(self.row[low:high], rows))

    def _carriers(self, texts: NDArray[np.uint64]) -> Ints:
        """Places of the articles that carry one of some texts, ascending."""
        ordered = self._ordered
        lows = np.searchsorted(ordered, texts)
        highs = np.searchsorted(ordered, texts, side="right")
        spans = [self.by_text[low:high] for low, high in zip(lows.tolist(), highs.tolist(), strict=True)]
        return np.unique(np.concatenate([np.empty(0, np.int64), *spans]))

    @cached_property
    def _ordered(self) -> NDArray[np.uint64]:
        return self.text_hash[self.by_text]

    @cached_property
    def _is_first(self) -> NDArray[np.bool_]:
        ordered = self._ordered
        is_first = np.ones(len(self), np.bool_)
        is_first[self.by_text[1:][ordered[1:] == ordered[:-1]]] = False
        return is_first
