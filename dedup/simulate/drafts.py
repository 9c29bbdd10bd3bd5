"""Drafts: articles on their way into a block of the feed, before their ids and order are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from dedup.simulate.outlets import Outlet


@dataclass(slots=True, eq=False)
class Draft:
    """An article without an id.

    Parameters
    ----------
    outlet : Outlet
    title : str
    text : str or None
    when : int
        Seconds after the start of the feed.
    relation, kind
        As in `SimulatedArticle`.
    origin : Draft or None
        The article it was made after.
    clustered : bool
        Whether it and its origin (if any) are copies of one story.
    """

    outlet: Outlet
    title: str
    text: str | None
    when: int
    relation: str
    kind: str
    origin: Draft | None = None
    clustered: bool = False


class Block:
    """Drafts of consecutive stories, at most `size`; they know each outlet's other headlines."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.drafts: list[Draft] = []
        self._headlines: dict[str, list[str]] = defaultdict(list)

    @property
    def room(self) -> int:
        """Drafts that still fit."""
        return self.size - len(self.drafts)

    def print(
        self,
        rng: Random,
        outlet: Outlet,
        title: str,
        paragraphs: Sequence[str] | None,
        when: int,
        kind: str,
        *,
        relation: str = "original",
        origin: Draft | None = None,
        clustered: bool = False,
    ) -> Draft:
        """Add an article as its outlet prints it; without paragraphs it is a headline."""
        others = self._headlines[outlet.domain]
        text = None if paragraphs is None else outlet.page(paragraphs, others, rng)
        title = outlet.printed(title, rng)
        draft = Draft(outlet, title, text, when, relation, kind, origin, clustered)
        self.drafts.append(draft)
        others.append(title)
        return draft
