"""What became of the stories of a simulated wire: from who tells what and when it came, not from clusters.

The simulation knows which story, or which two, each version of an article tells. Articles that tell one story
are a cluster; one that tells two joins them. Everything here follows from those labels: no text is compared,
no cluster of `dedup` is looked at, and what continues an old cluster is told by its story, where `dedup`
(which knows no stories) goes by the number of articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

Members = frozenset[str]
"""Articles, each by its outlet and id."""


@dataclass(frozen=True)
class Arrival:
    """A record as it comes, and what only the simulation knows of it.

    Parameters
    ----------
    record : dict
        Fields of the feed.
    stories : frozenset of str
        What it tells: one story, or several that it joins.
    """

    record: dict[str, Any]
    stories: frozenset[str]

    @property
    def name(self) -> str:
        """The article."""
        return f"{self.record['outlet']} {self.record['id']}"


class Event(NamedTuple):
    """What became of a cluster, told by its articles.

    `event` is as of `dedup.report.events.EVENTS`; `olds` are the clusters it comes from, as they were; `now`
    is the cluster as it is, of one that ended nothing.
    """

    event: str
    olds: frozenset[Members]
    now: Members


@dataclass(frozen=True)
class Group:
    """A true cluster: stories that are joined, and the articles that tell them."""

    stories: frozenset[str]
    articles: Members
    joining: Members
    """Those that tell more than one."""


class Truth:
    """Stories as they stand after each batch."""

    def __init__(self) -> None:
        self._versions: dict[str, tuple[str, frozenset[str]]] = {}
        self.groups: list[Group] = []

    def arrive(self, batch: Iterable[Arrival]) -> set[Event]:
        """Take in a batch; return what became of the stories.

        Of two versions of an article the one with the later time counts, whichever came first.
        """
        for one in batch:
            stamp = one.record.get("updated") or one.record["published"]
            if one.name not in self._versions or self._versions[one.name][0] <= stamp:
                self._versions[one.name] = stamp, one.stories
        before, self.groups = self.groups, self._standing()
        return _events(before, self.groups)

    def _standing(self) -> list[Group]:
        """Return the stories that two articles or more tell, those joined by an article as one."""
        parent: dict[str, str] = {}

        def root(story: str) -> str:
            while parent.setdefault(story, story) != story:
                story = parent[story]
            return story

        for _, stories in self._versions.values():
            first, *others = sorted(map(root, stories))
            for one in others:
                parent[one] = first
        told: defaultdict[str, set[str]] = defaultdict(set)
        joining: defaultdict[str, set[str]] = defaultdict(set)
        of: defaultdict[str, set[str]] = defaultdict(set)
        for name, (_, stories) in self._versions.items():
            group = root(min(stories))
            told[group].add(name)
            of[group] |= stories
            if len(stories) > 1:
                joining[group].add(name)
        return [
            Group(frozenset(of[group]), frozenset(names), frozenset(joining[group]))
            for group, names in sorted(told.items())
            if len(names) > 1
        ]


def _events(before: list[Group], after: list[Group]) -> set[Event]:
    events: set[Event] = set()
    group_of = {story: group for group in after for story in group.stories}
    goes_on: defaultdict[Group, list[Group]] = defaultdict(list)
    touched: defaultdict[Group, list[Group]] = defaultdict(list)
    for old in before:
        news = list(dict.fromkeys(group_of[story] for story in sorted(old.stories) if story in group_of))
        for new in news:
            touched[new].append(old)
        if news:
            # The story that the article which had joined them stays with goes on; the others part from it.
            goes_on[max(news, key=lambda new: len(new.articles & old.joining))].append(old)
        else:
            events.add(Event("ended", frozenset([old.articles]), frozenset()))
    for new in after:
        parents = goes_on[new]
        olds = frozenset(old.articles for old in parents)
        if not touched[new]:
            events.add(Event("born", frozenset(), new.articles))
        elif not parents:
            events.add(Event("split", frozenset(old.articles for old in touched[new]), new.articles))
        elif len(parents) > 1:
            events.add(Event("merged", olds, new.articles))
        else:
            if new.articles - parents[0].articles:
                events.add(Event("grown", olds, new.articles))
            if parents[0].articles - new.articles:
                events.add(Event("shrunk", olds, new.articles))
    return events


def rightly_found(
    event: Event, stories: tuple[set[Members], set[Members]], clusters: tuple[set[Members], set[Members]]
) -> bool:
    """Whether the clusters around an event are the stories, before it and after it.

    Parameters
    ----------
    event : Event
    stories, clusters : two sets of articles
        True clusters and those found, before and after. Only where they are the same can the event be.
    """
    articles = event.now.union(*event.olds)
    return all(
        {one for one in true if one & articles} == {one for one in found if one & articles}
        for true, found in zip(stories, clusters, strict=True)
    )
