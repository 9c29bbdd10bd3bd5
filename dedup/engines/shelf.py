"""The shelf: where every article of an index stands, light enough to be set up for one question.

A report knows the whole corpus; a query wants the few articles near one text.
So the shelf reads nothing but hashes and sizes, and looks through the
signatures as they lie in the part files: half a gigabyte of them is scanned in
the time in which a megabyte of Parquet is decompressed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.engines.corpus import Ints
from dedup.engines.matching import MIN_EQUAL_OF
from dedup.index.snapshot import Snapshot
from dedup.sketch.bands import ROWS
from dedup.sketch.curve import may_share
from dedup.sketch.minhash import Sketch, comparable_rows, stored_slots
from dedup.sketch.shingles import BODY, LEAD

MOST_FOUND: Final = 256
"""Texts near one article that are judged, those that agree in most slots."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
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
    """

    snapshot: Snapshot
    starts: Ints
    part: Ints
    row: Ints
    keys: Ints
    text_hash: NDArray[np.uint64]
    units: Ints
    _stored: dict[int, Sketch] = field(default_factory=dict)  # of the parts looked through, mapped

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
        return cls(snapshot, starts, part_of, row, keys, text_hash, units)

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
        wanted = []
        for kind, min_equal in MIN_EQUAL_OF.items():
            at = comparable_rows(sketch, kind)
            at = at[sketch.owner[at] == asked]
            if len(at):
                wanted.append((kind, min_equal, stored_slots(sketch.signatures[at[0]])))
        bodies = np.flatnonzero((sketch.owner == asked) & (sketch.kind == BODY))
        size = int(sketch.n_shingles[bodies[0]]) if len(bodies) else 0

        def look(part: int) -> tuple[Ints, Ints]:
            found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
            stored = self._stored.get(part)
            if stored is None:
                stored = self._stored[part] = Sketch(**self.snapshot.sketch(part))
            for kind, min_equal, slots in wanted:
                found.append(_near_in(stored, kind, min_equal, slots, size if kind == BODY else 0))
            rows, equal = (np.concatenate(column) for column in zip(*found, strict=True))
            mine = self.row[self.starts[part] : self.starts[part + 1]]
            place = np.minimum(np.searchsorted(mine, rows), max(len(mine) - 1, 0))
            there = mine[place] == rows if len(mine) else np.zeros(len(rows), np.bool_)
            return self.starts[part] + place[there], equal[there]

        with ThreadPoolExecutor(max(1, threads)) as pool:
            parts = list(pool.map(look, range(len(self.starts) - 1)))
        places = np.concatenate([np.empty(0, np.int64), *(place for place, _ in parts)])
        equal = np.concatenate([np.empty(0, np.int64), *(number for _, number in parts)])
        # Copies of one text, and the sketches of one article, count once.
        texts, of = np.unique(self.text_hash[places], return_inverse=True)
        most = np.zeros(len(texts), np.int64)
        np.maximum.at(most, of, equal)
        nearest = texts[np.lexsort((texts, -most))[:MOST_FOUND]]
        found = places[np.isin(self.text_hash[places], nearest)]
        same = np.flatnonzero(self.text_hash == sketch.text_hash[asked])
        return np.unique(np.concatenate([found, same]))


def _near_in(
    stored: Sketch, kind: int, min_equal: int, slots: NDArray[np.uint16], size: int
) -> tuple[Ints, Ints]:
    """Rows of a part whose signature of one kind shares a band and enough slots, and how many slots."""
    equal = np.empty(len(stored.owner), np.int64)
    _count_equal(stored.signatures, stored.kind, kind, slots, ROWS, min_equal, stored.n_shingles, size, equal)
    at = comparable_rows(stored, kind)
    at = at[equal[at] > 0]
    return stored.owner[at].astype(np.int64), equal[at]


@_compiled
def _count_equal(  # type: ignore[no-untyped-def]
    signatures, kinds, kind, slots, rows, min_equal, n_shingles, size, out
):
    """Write the equal slots of each row that is near, 0 for the others; with a size of 0 any may share."""
    for i in range(len(signatures)):
        out[i] = 0
        if kinds[i] != kind and not (kind == LEAD and kinds[i] == BODY):  # a short text is its own lead
            continue
        mine = signatures[i]
        n = 0
        for slot in range(len(slots)):
            n += mine[slot] == slots[slot]
        if n < min_equal or (size > 0 and not may_share(n, size, n_shingles[i])):
            continue
        for slot in range(0, len(slots), rows):
            same = 0
            for k in range(slot, slot + rows):
                same += mine[k] == slots[k]
            if same == rows:
                out[i] = n
                break
