"""`simulate`: the articles of a made-up feed, one after the other, in memory that does not grow with it.

The feed is made in blocks of at most 2,048 articles. A block is a function of the
settings and its number alone (with a base feed: and of how much of it is used up); every story in it has
a generator of its own, seeded by the seed, the block and its place in it. Within a block the articles are
in order of publication. Blocks follow each other, and as copies come up to two days late the whole feed
is only nearly in order, as the dumps of crawlers are. All copies of a story are in one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Final

from dedup.simulate.article import SimulatedArticle
from dedup.simulate.base import base_texts
from dedup.simulate.blocks import BlockMaker
from dedup.simulate.drafts import Block
from dedup.simulate.settings import SimulationSettings

BLOCK: Final = 2_048
"""Articles in a block, and so the most that are held."""


def simulate(settings: SimulationSettings) -> Iterator[SimulatedArticle]:
    """Return the articles of a simulated feed with their truth.

    Parameters
    ----------
    settings : SimulationSettings
        The same settings give the same articles.

    Returns
    -------
    iterator of SimulatedArticle
        ``settings.articles`` of them; fewer if the base feed has too few stories.

    Raises
    ------
    SettingsError
        If the settings are out of range.
    FeedError
        If the base feed cannot be read; while iterating.

    Notes
    -----
    Copies do to a story what their relation says (`dedup.simulate.copies`), and every outlet prints them with
    its own headline, credit, typography and furniture. What is found in such a feed says how
    a method deals with these operations, and nothing about its quality on news.

    Examples
    --------
    >>> from dedup.simulate import SimulationSettings, simulate
    >>> [article.id for article in simulate(SimulationSettings(articles=2))]
    ['a0000001', 'a0000002']
    """
    return _articles(settings.check())


def _articles(settings: SimulationSettings) -> Iterator[SimulatedArticle]:
    maker = BlockMaker(settings, None if settings.base is None else base_texts(settings.base))
    number = done = 0
    while done < settings.articles:
        size = min(BLOCK, settings.articles - done)
        block = maker.make(number, done, size)
        yield from _numbered(block, settings, done)
        if block.room:  # the base feed is used up
            return
        done += size
        number += 1


def _numbered(block: Block, settings: SimulationSettings, done: int) -> Iterator[SimulatedArticle]:
    """Yield the drafts of a block in order of time, with the ids that follow from it."""
    start = settings.start.astimezone(UTC).replace(microsecond=0)
    drafts = sorted(block.drafts, key=lambda draft: draft.when)
    ids = {draft: f"a{number:07d}" for number, draft in enumerate(drafts, start=done + 1)}
    for draft in drafts:
        name = ids[draft]
        published = start + timedelta(seconds=draft.when)
        origin = draft.origin
        cluster = "" if not draft.clustered else name if origin is None else ids[origin]
        yield SimulatedArticle(
            id=name,
            outlet=draft.outlet.name,
            url=f"https://{draft.outlet.domain}/{published:%Y/%m/%d}/{name}.html",
            title=draft.title,
            text=draft.text,
            published=published,
            cluster_id=cluster,
            relation=draft.relation,
            kind=draft.kind,
            origin_id="" if origin is None else ids[origin],
            lag_s=None if origin is None else draft.when - origin.when,
            language=draft.outlet.grammar.language,
        )
