"""The four rules for a known article that arrives with another text.

A record meets the history of its key: every text of that article the index
has seen. Four rules for a known article with another text (``on_change``):

version  kept; the current text is the one with the greatest (updated or
         published, load, content hash), the others stay listed as versions.
replace  kept; of the texts that *this load* brings for the article, the one with the
         greatest (updated or published, content hash) is current, all others are dropped.
skip     not kept, counted.
reject   not kept, reported as a reject with its file and line.

Under skip and reject, two texts of an article that is new in this load compete
by the same order, so the first one met has no advantage. That is what makes
the current texts, the listed texts and the counts independent of row order and
batch size within a load. What does depend on them: the version *numbers*
(order of arrival; parts are immutable), and which of several equal records
lends its `file` and `line`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

ON_CHANGE: Final = ("version", "replace", "skip", "reject")
"""The rules."""

DROPPED: Final = 0
"""State of a text that is never listed: replaced, or refused (then it has no part)."""
LISTED: Final = 1
"""State of an older version: stored, linked, not current."""
CURRENT: Final = 2
"""State of the one text of an article that is clustered and shown."""

NOT_STORED: Final = 0
"""Part number of a text the index refused: only its hash is remembered."""

RANK: Final = ("stamp", "load", "content")
"""The order by which the current one of several texts is chosen, as fields of `Seen` and as columns."""

CHANGED_REASON: Final = "same id, other text"
"""Reject reason under ``on_change="reject"``."""


_rank: Final = attrgetter(*RANK)


@dataclass(slots=True)
class Seen:
    """One text of one article, as the catalog or this batch has it. Changed in place while planning.

    Parameters
    ----------
    key, content, proof, stamp : int
        See `dedup.index.identity`.
    version : int
        Order of arrival among the stored texts of the key, from 1; 0 if not stored.
    load : int
        Load that brought it (under replace: that brought it last).
    state : int
        `DROPPED`, `LISTED` or `CURRENT`.
    part, row : int
        Where it is stored; part `NOT_STORED`: only its hash is kept; negative: in a plan not yet committed.
    origin : int
        Row in the batch being planned; -1 if known before.
    dirty : bool
        Whether a known text has changed and the catalog must be told.
    """

    key: int
    content: int
    proof: int
    version: int
    stamp: int
    load: int
    state: int
    part: int
    row: int
    origin: int = -1
    dirty: bool = False

    @property
    def rank(self) -> tuple[int, int, int]:
        """Order by which the current text is chosen: `RANK`."""
        found: tuple[int, int, int] = _rank(self)
        return found

    @property
    def lost(self) -> bool:
        """Whether it was stored and a repair had to drop it: it takes its old place when it comes again."""
        return self.part == NOT_STORED and self.version > 0

    def put(self, state: int) -> None:
        """Set the state, noting whether it changed."""
        self.dirty |= state != self.state
        self.state = state


@dataclass(slots=True)
class Tally:
    """Counts while planning; `losers` are the texts that lost under skip or reject."""

    already: int = 0
    added: int = 0
    changed: int = 0
    losers: list[Seen] = field(default_factory=list)


def settle(known: list[Seen], incoming: list[Seen], on_change: str, load: int, tally: Tally) -> list[Seen]:
    """Let the records of one key meet its history, one at a time; return the history after."""
    for new in incoming:
        same = next((old for old in known if old.content == new.content), None)
        if all(old.lost for old in known):
            tally.added += 1
            _store(known, same, new)
            if on_change == "replace":
                new.load = load
            new.put(CURRENT)
        elif on_change == "version":
            _add_version(known, same, new, tally)
        elif on_change == "replace":
            _replace(known, same, new, load, tally)
        else:
            _refuse(known, same, new, load, tally)
    return known


def _store(known: list[Seen], same: Seen | None, new: Seen) -> None:
    """Give `new` the next version number; it takes the place of a refused or lost text with its hash."""
    if same is not None:
        known.remove(same)
    if same is not None and same.lost:
        # As if it had never been lost: what was decided by number and load is decided so again.
        new.version, new.load = same.version, same.load
    else:
        new.version = 1 + max((old.version for old in known), default=0)
    known.append(new)


def _add_version(known: list[Seen], same: Seen | None, new: Seen, tally: Tally) -> None:
    if same is not None and same.state != DROPPED:
        tally.already += 1
        return
    tally.changed += 1
    if same is not None and same.part != NOT_STORED:
        same.put(LISTED)
    else:
        _store(known, same, new)
        new.put(LISTED)
    listed = [old for old in known if old.state != DROPPED]
    winner = max(listed, key=lambda old: old.rank)
    for old in listed:
        old.put(CURRENT if old is winner else LISTED)


def _replace(known: list[Seen], same: Seen | None, new: Seen, load: int, tally: Tally) -> None:
    if same is not None and same.part != NOT_STORED:
        tally.already += 1
        if same.load == load:
            return
        # The load brings a text the index has: it competes again, and may come back.
        same.load = load
        same.dirty = True
        new = same
    else:
        tally.changed += 1
        _store(known, same, new)
        new.load = load
    listed = [old for old in known if old.state != DROPPED and old is not new]
    if any(old.load == load and old.rank > new.rank for old in listed):
        new.put(DROPPED)
        return
    for old in listed:
        old.put(DROPPED)
    new.put(CURRENT)


def _refuse(known: list[Seen], same: Seen | None, new: Seen, load: int, tally: Tally) -> None:
    if same is not None and not same.lost and (same.state != DROPPED or same.load == load):
        tally.already += 1
        return
    tally.changed += 1
    stored = [old for old in known if old.part != NOT_STORED]
    listed = [old for old in stored if old.state != DROPPED]
    if all(old.load == load for old in stored) and all(new.rank > old.rank for old in listed):
        for old in listed:
            old.put(DROPPED)
        tally.losers.extend(listed)
        _store(known, same, new)
        new.put(CURRENT)
    elif same is not None:
        if not same.lost:
            same.load = load
            same.dirty = True
        tally.losers.append(new)
    else:
        new.part = NOT_STORED
        known.append(new)
        tally.losers.append(new)
