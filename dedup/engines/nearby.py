"""Which stored sketches are near that of one new text: a scan of the signatures of a part as they lie.

By the rules a report finds candidate pairs by: a band in common, enough equal
slots, and, by the sketches of the whole texts, enough to share that not
hundreds of others hold too (`dedup.sketch.curve`, `dedup.sketch.rarity`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.engines.matching import MIN_EQUAL_OF
from dedup.sketch.bands import ROWS
from dedup.sketch.curve import SLOTS, may_share
from dedup.sketch.minhash import Sketch, comparable_rows, stored_slots
from dedup.sketch.rarity import rare_limit, rare_share, weak
from dedup.sketch.shingles import BODY, BRIEF, LEAD

Ints = NDArray[np.int64]

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """The sketches of one new text.

    Parameters
    ----------
    slots : dict
        uint16 array, shape (256,), of each kind of sketch it has.
    size : int
        Shingles of the whole text; 0 of a brief.
    """

    slots: dict[int, NDArray[np.uint16]]
    size: int

    @classmethod
    def of(cls, sketch: Sketch, article: int) -> Asked:
        """Take the sketches of one article of a batch."""
        slots = {}
        for kind in MIN_EQUAL_OF:
            at = comparable_rows(sketch, kind)
            at = at[sketch.owner[at] == article]
            if len(at):
                slots[kind] = stored_slots(sketch.signatures[at[0]])
        bodies = np.flatnonzero((sketch.owner == article) & (sketch.kind == BODY))
        return cls(slots, int(sketch.n_shingles[bodies[0]]) if len(bodies) else 0)


@dataclass(frozen=True, slots=True)
class Hits:
    """Stored sketches near one text, h of them; an article comes once for each kind of sketch.

    Parameters
    ----------
    row : int64 array, shape (h,)
        Row of the article in its part.
    equal : int64 array, shape (h,)
        Equal slots, of the kind that found it.
    whole : int64 array, shape (h,)
        Row, in the part's signatures, of the sketch of the whole text; -1 for a brief.
    whole_equal : int64 array, shape (h,)
        Equal slots of the whole texts; 0 for a brief.
    is_weak : bool array, shape (h,)
        Whether the whole texts share little (`dedup.sketch.rarity.WEAK`).
    """

    row: Ints
    equal: Ints
    whole: Ints
    whole_equal: Ints
    is_weak: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: list[Hits]) -> Hits:
        """Put hits one after the other."""
        kinds: list[Any] = [np.int64, np.int64, np.int64, np.int64, np.bool_]
        return cls(
            *(
                np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
                for name, kind in zip(cls.__slots__, kinds, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """The sketches of one part, set up to be scanned.

    Parameters
    ----------
    sketch : Sketch
    comparable : dict
        Of each kind, the rows of the signatures that take part, int64.
    bodies : int64 array, shape (b,)
        Rows of the signatures of whole texts.
    owners : int32 array, shape (b,)
        Article of each of these.
    """

    sketch: Sketch
    comparable: dict[int, Ints]
    bodies: Ints
    owners: NDArray[np.int32]

    @classmethod
    def of(cls, sketch: Sketch, chosen: NDArray[np.bool_]) -> Stored:
        """Set up the sketches of the chosen rows of a part."""
        bodies = np.flatnonzero(sketch.kind == BODY)
        comparable = {}
        for kind in MIN_EQUAL_OF:
            at = comparable_rows(sketch, kind)
            comparable[kind] = at[chosen[sketch.owner[at]]]
        return cls(sketch, comparable, bodies, sketch.owner[bodies])

    def near(self, asked: Asked) -> tuple[Hits, Ints]:
        """Find the sketches near a text, of all kinds.

        Returns
        -------
        hits : Hits
        counts : int64 array, shape (256,)
            How many whole texts hold each slot of the whole text asked about.
        """
        counts = np.zeros(SLOTS, np.int64)
        found = []
        for kind, slots in asked.slots.items():
            rows = self.comparable[kind]
            at, equal = np.empty((2, len(rows)), np.int64)
            counted = np.zeros(SLOTS if kind == BODY else 0, np.uint32)
            n = _scan(self.sketch.signatures, rows, slots, ROWS, MIN_EQUAL_OF[kind], at, equal, counted)
            if kind == BODY:
                counts += counted
            if n:
                found.append(self._sharing(asked, kind, at[:n], equal[:n]))
        return Hits.joined(found), counts

    def n_rare(self, at: Ints, asked: Asked, rare: NDArray[np.bool_]) -> Ints:
        """Count the equal slots of whole texts that are rare."""
        return _equal_of(self.sketch.signatures, at, asked.slots[BODY], rare)

    def _sharing(self, asked: Asked, kind: int, at: Ints, equal: Ints) -> Hits:
        """Leave out what, by the sketches of the whole texts, cannot share enough."""
        row = self.sketch.owner[at].astype(np.int64)
        if kind == BRIEF:
            none = np.zeros(len(at), np.int64)
            return Hits(row, equal, none - 1, none, none > 0)
        # What has a sketch of its lead has one of the whole.
        whole = at if kind == BODY else self.bodies[np.searchsorted(self.owners, row)]
        whole_equal = equal
        if kind == LEAD:
            every = np.ones(SLOTS, np.bool_)
            whole_equal = _equal_of(self.sketch.signatures, whole, asked.slots[BODY], every)
        shares, is_weak = np.empty((2, len(at)), np.bool_)
        _compare_sizes(whole_equal, asked.size, self.sketch.n_shingles[whole], shares, is_weak)
        return Hits(row[shares], equal[shares], whole[shares], whole_equal[shares], is_weak[shares])


def told_apart(
    stored: list[Stored], asked: Asked, hits: list[Hits], counts: Ints, n_texts: int
) -> NDArray[np.bool_]:
    """Tell which hits share more with a text than what many others hold too.

    Parameters
    ----------
    stored : list of Stored
        Each part.
    asked : Asked
    hits : list of Hits
        Of each part, h in all.
    counts : int64 array, shape (256,)
        How many whole texts of the index hold each slot of the one asked about.
    n_texts : int
        Whole texts in the index.

    Returns
    -------
    bool array, shape (h,)
    """
    rare = counts <= rare_limit(n_texts)
    kept = []
    for part, found in zip(stored, hits, strict=True):
        told = ~found.is_weak
        doubtful = np.flatnonzero(found.is_weak)
        if len(doubtful):
            n_rare = part.n_rare(found.whole[doubtful], asked, rare)
            told[doubtful] = rare_share(n_rare, found.whole_equal[doubtful])
        kept.append(told)
    return np.concatenate([np.empty(0, np.bool_), *kept])


def _equal_of(
    signatures: NDArray[Any], at: Ints, slots: NDArray[np.uint16], chosen: NDArray[np.bool_]
) -> Ints:
    out = np.empty(len(at), np.int64)
    _count_equal(signatures, at, slots, chosen, out)
    return out


@_compiled
def _scan(signatures, rows_of, slots, rows, min_equal, at, equal, counts):  # type: ignore[no-untyped-def]
    """Write which rows share a band and enough slots, and how many slots; returns how many rows.

    Counts the rows that hold each slot, if `counts` is not empty.
    """
    found = 0
    counting = len(counts) > 0
    for row in rows_of:
        mine = signatures[row]
        n = 0
        if counting:
            for slot in range(len(slots)):
                same = mine[slot] == slots[slot]
                n += same
                counts[slot] += np.uint32(same)
        else:
            for slot in range(len(slots)):
                n += mine[slot] == slots[slot]
        if n < min_equal:
            continue
        for slot in range(0, len(slots), rows):
            n_same = 0
            for k in range(slot, slot + rows):
                n_same += mine[k] == slots[k]
            if n_same == rows:
                at[found] = row
                equal[found] = n
                found += 1
                break
    return found


@_compiled
def _count_equal(signatures, at, slots, chosen, out):  # type: ignore[no-untyped-def]
    for i in range(len(at)):
        n = 0
        for slot in range(len(slots)):
            n += (signatures[at[i], slot] == slots[slot]) & chosen[slot]
        out[i] = n


@_compiled
def _compare_sizes(equal, size, sizes, shares, is_weak):  # type: ignore[no-untyped-def]
    for i in range(len(equal)):
        shares[i] = may_share(equal[i], size, sizes[i])
        is_weak[i] = weak(equal[i], size, sizes[i])
