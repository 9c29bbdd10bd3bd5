"""The simulated article: what a feed would hold of it, and what only its maker knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

RELATIONS: Final = ("original", "verbatim", "cut", "version", "rewrite", "extended")
"""What an article can be to the story it was made from; `original` where it is nobody's copy."""

KINDS: Final = (
    "wire",
    "headline",
    "single",
    "template",
    "same-event",
    "follow-up",
    "roundup",
    "placeholder",
)
"""The first two come in clusters, the others never do."""

TRUTH_FIELDS: Final = ("article_id", "cluster_id", "relation", "kind", "origin_id", "lag_s", "language")
"""Columns of a truth file."""


@dataclass(frozen=True, slots=True)
class SimulatedArticle:
    """One article and its truth.

    Parameters
    ----------
    id, outlet, url, title, text, published
        The fields of a feed. `text` is None for a headline; `published` is UTC, to the second.
    cluster_id : str
        The same for all copies of a story; empty for an article that is in no cluster.
    relation : str
        One of `RELATIONS`.
    kind : str
        One of `KINDS`.
    origin_id : str
        In a cluster: the original, empty for the original itself. Else: the article this one resembles
        although it is no copy of it, if there is one.
    lag_s : int or None
        Seconds after the article of `origin_id`; None without one.
    language : str
        Of `dedup.simulate.LANGUAGES`.
    """

    id: str
    outlet: str
    url: str
    title: str
    text: str | None
    published: datetime
    cluster_id: str
    relation: str
    kind: str
    origin_id: str
    lag_s: int | None
    language: str

    def record(self) -> dict[str, object]:
        """Return the fields of the feed; what the truth knows is not among them."""
        return {
            "id": self.id,
            "outlet": self.outlet,
            "url": self.url,
            "title": self.title,
            "text": self.text,
            "published": self.published,
        }

    def truth(self) -> tuple[str, ...]:
        """Return the row of the truth file, in the order of `TRUTH_FIELDS`."""
        lag = "" if self.lag_s is None else str(self.lag_s)
        return (self.id, self.cluster_id, self.relation, self.kind, self.origin_id, lag, self.language)
