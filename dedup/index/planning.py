"""Which records of a batch are stored, which are known already, and what the catalog must be told.

Nearly every record is simple: a key nobody has seen, or a repeat of what is
stored. Those are told apart with arrays. The few that meet another text of their
article go one by one through `dedup.index.rules`.

Nothing here knows of SQLite or files: arrays and histories in, a decision out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.errors import IndexFolderError
from dedup.index.identity import Int64s, content_hashes, display_id, identities, stamps
from dedup.index.rules import CURRENT, DROPPED, NOT_STORED, ON_CHANGE, RANK, Seen, Tally, settle


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records of one or more batches; add them up with ``+``.

    Parameters
    ----------
    added : int
        First text of an article.
    already : int
        Same article, same text: nothing to store.
    versions, replaced, skipped, rejected : int
        Same article, another text, by the rule in force.
    """

    added: int = 0
    already: int = 0
    versions: int = 0
    replaced: int = 0
    skipped: int = 0
    rejected: int = 0

    @property
    def records(self) -> int:
        """Number of records counted."""
        return self.added + self.already + self.versions + self.replaced + self.skipped + self.rejected

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.added + other.added,
            self.already + other.already,
            self.versions + other.versions,
            self.replaced + other.replaced,
            self.skipped + other.skipped,
            self.rejected + other.rejected,
        )


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A batch as the planner sees it: n rows.

    Parameters
    ----------
    key, proof, content, stamp : int64 arrays, shape (n,)
        See `dedup.index.identity`.
    batch : pa.RecordBatch
        The records, for messages and file order.
    """

    key: Int64s
    proof: Int64s
    content: Int64s
    stamp: Int64s
    batch: pa.RecordBatch

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> Arrivals:
        """Hash a batch of `ARTICLE_SCHEMA`."""
        ids = identities(batch)
        return cls(ids.key, ids.proof, content_hashes(batch), stamps(batch), batch)

    def place(self, row: int) -> tuple[str, int]:
        """Return file and line of a record."""
        return self.batch.column("file")[row].as_py(), self.batch.column("line")[row].as_py()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to store of a batch and what to tell the catalog.

    Parameters
    ----------
    rows : int64 array, shape (m,)
        Batch rows to store, ascending.
    version, state, load : int64 arrays, shape (m,)
        Of those rows. The load is the running one, but for a text that a repair dropped (`Seen.lost`).
    refused : tuple of Seen
        Texts not stored, whose hash is remembered.
    updates : tuple of Seen
        Known texts whose state or load changed.
    losers : tuple of Seen
        Texts that lost under skip or reject, one each.
    counts : Counts
    """

    rows: Int64s
    version: Int64s
    state: Int64s
    load: Int64s
    refused: tuple[Seen, ...]
    updates: tuple[Seen, ...]
    losers: tuple[Seen, ...]
    counts: Counts


HISTORY_COLUMNS: Final = ("key", "content", "proof", "version", "stamp", "load", "state", "part", "row")
"""Columns of a history table: the first nine fields of `Seen`, in that order."""

_KEY: Final = HISTORY_COLUMNS.index("key")
_RANK: Final = tuple(HISTORY_COLUMNS.index(name) for name in RANK)


def by_rank(texts: Int64s) -> Int64s:
    """Return the order of texts by key, and of those of a key by rank: the last one wins.

    Parameters
    ----------
    texts : int64 array, shape (k, 9)
        Columns `HISTORY_COLUMNS`.

    Returns
    -------
    int64 array, shape (k,)
    """
    order: Int64s = np.lexsort([texts[:, at] for at in (*reversed(_RANK), _KEY)])
    return order


def decide(arrivals: Arrivals, history: Int64s, load: int, on_change: str) -> Decision:
    """Decide for each record of a batch.

    Parameters
    ----------
    arrivals : Arrivals
        The batch.
    history : int64 array, shape (k, 9)
        All texts the index knows of the batch's keys, columns `HISTORY_COLUMNS`, sorted by key.
    load : int
        Number of the running load.
    on_change : str
        One of `ON_CHANGE`.

    Raises
    ------
    ValueError
        If `on_change` is none of them.
    IndexFolderError
        If two different articles share a 64-bit key.
    """
    if on_change not in ON_CHANGE:
        raise ValueError(f"on_change is {on_change!r}; it must be one of {', '.join(ON_CHANGE)}")
    _, inverse, repeats = np.unique(arrivals.key, return_inverse=True, return_counts=True)
    alone = repeats[inverse] == 1
    first = np.searchsorted(history[:, 0], arrivals.key)
    texts = np.searchsorted(history[:, 0], arrivals.key, side="right") - first
    simple = alone & (texts == 0)
    # A second run over the same feed is all repeats: they are told apart without a Python object each.
    repeat = np.zeros(len(alone), dtype=bool)
    if on_change != "replace":
        one = np.flatnonzero(alone & (texts == 1))
        old = history[first[one]]
        same = (
            (old[:, 1] == arrivals.content[one]) & (old[:, 2] == arrivals.proof[one]) & (old[:, 6] != DROPPED)
        )
        repeat[one[same]] = True

    version = np.where(simple, 1, 0).astype(np.int64)
    state = np.where(simple, CURRENT, 0).astype(np.int64)
    loads = np.full(len(alone), load, np.int64)
    tally = Tally(added=int(simple.sum()), already=int(repeat.sum()))
    refused: list[Seen] = []
    updates: list[Seen] = []
    for rows in _by_key(arrivals.key, np.flatnonzero(~(simple | repeat))):
        start, count = first[rows[0]], texts[rows[0]]
        known = [Seen(*text) for text in history[start : start + count].tolist()]
        incoming = _ordered(arrivals, rows, load, on_change)
        _check_one_article(known, incoming, arrivals)
        for seen in settle(known, incoming, on_change, load, tally):
            if seen.origin < 0:
                if seen.dirty:
                    updates.append(seen)
            elif seen.part == NOT_STORED:
                refused.append(seen)
            else:
                version[seen.origin] = seen.version
                state[seen.origin] = seen.state
                loads[seen.origin] = seen.load
    counts = {"version": "versions", "replace": "replaced", "skip": "skipped", "reject": "rejected"}
    kept = np.flatnonzero(version)
    return Decision(
        kept,
        version[kept],
        state[kept],
        loads[kept],
        tuple(refused),
        tuple(updates),
        tuple(tally.losers),
        Counts(added=tally.added, already=tally.already, **{counts[on_change]: tally.changed}),
    )


def _by_key(key: Int64s, rows: Int64s) -> Iterable[list[int]]:
    """Group batch rows by key; groups in key order."""
    ordered = rows[np.argsort(key[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(key[ordered])) + 1
    return [group.tolist() for group in np.split(ordered, cuts)] if len(rows) else []


def _ordered(arrivals: Arrivals, rows: list[int], load: int, on_change: str) -> list[Seen]:
    """Put the records of one key in an order that does not depend on where they stood.

    Versions are numbered oldest first. Under the other rules the greatest goes first, so that the losers are
    refused before they are written. Of equal records the first by file and line stands for all.
    """
    if len(rows) > 1:
        rows = sorted(rows, key=arrivals.place)
        rows.sort(key=lambda i: (arrivals.stamp[i], arrivals.content[i]), reverse=on_change != "version")
    return [
        Seen(
            key=int(arrivals.key[i]),
            content=int(arrivals.content[i]),
            proof=int(arrivals.proof[i]),
            version=0,
            stamp=int(arrivals.stamp[i]),
            load=load,
            state=DROPPED,
            part=-1,
            row=i,
            origin=i,
        )
        for i in rows
    ]


def _check_one_article(known: list[Seen], incoming: list[Seen], arrivals: Arrivals) -> None:
    """Raise if two different articles share a key: merging them silently would lose one."""
    first = [*known, *incoming][0]
    for new in incoming:
        if new.proof != first.proof:
            file, line = arrivals.place(new.origin)
            raise IndexFolderError(
                f"{file}:{line}: this record's 64-bit key {display_id(None, new.key)} is that of a "
                "different article (a hash collision)",
                "change its id, or leave the record out",
            )
