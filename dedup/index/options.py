"""What the facade hands back besides tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dedup.article import Reject


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of the records of some feeds.

    Parameters
    ----------
    read : int
        Records read, rejected ones too.
    added, already, versions, replaced, skipped : int
        New articles; known ones with the same text; known ones with another text, by what was done.
    rejected : int
        Records that could not be used, or were refused.
    reject_counts : dict of str to int
        By reason.
    rejects : list of Reject
        The first 10,000.
    notes : list of str
        What was guessed about the feeds.
    seconds : float
        Time taken.
    """

    read: int = 0
    added: int = 0
    already: int = 0
    versions: int = 0
    replaced: int = 0
    skipped: int = 0
    rejected: int = 0
    reject_counts: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an index holds.

    Parameters
    ----------
    articles : int
        Articles, each once whatever its versions.
    versions : int
        Superseded texts kept beside them.
    parts : int
        Files the articles lie in.
    outlets : list of (str, int)
        Outlets and their articles, most first.
    first, last : datetime or None
        Earliest and latest time of publication.
    undated : int
        Articles without one.
    rejects : dict of str to int
        Records that could not be used, by reason.
    epoch : tuple of (str, int) or None
        Id of the epoch and the number of distinct texts it was learnt from.
    runs : int
        Stored runs.
    bytes_on_disk : int
        Size of the folder.
    recall, headline_recall : list of (float, float)
        Jaccard similarity of the shingles, and the chance that such a pair of articles, or of headlines
        or briefs, becomes a candidate.
    """

    articles: int
    versions: int
    parts: int
    outlets: list[tuple[str, int]]
    first: datetime | None
    last: datetime | None
    undated: int
    rejects: dict[str, int]
    epoch: tuple[str, int] | None
    runs: int
    bytes_on_disk: int
    recall: list[tuple[float, float]]
    headline_recall: list[tuple[float, float]]
