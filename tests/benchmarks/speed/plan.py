"""Who copies whom: which article of a made feed tells which story, in which outlet, and how.

The sizes of the clusters and the outlets' shares follow `dedup.simulate`. A story breaks at any time;
most of its copies come within hours, some long after, so that not all copies of a story stand close together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.simulate.settings import MEAN_COPIES_EXPONENT

RELATIONS = ("original", "verbatim", "cut", "changed", "extended")
SHARES = (0.0, 0.45, 0.22, 0.18, 0.15)
"""How often a copy is what; made up, roughly what samples of wire copy show."""

COPIES = 0.4
"""Share of the articles that are copies of an earlier one."""

MOST_COPIES = 400
OUTLETS = 2_000
LATE = 0.05
"""Share of the copies that come at any time after their story."""

SECONDS = 30
"""Between two articles."""

_LAG = 720.0  # mean lag of the other copies, in articles: six hours
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Plan:
    """The n articles of a feed in order of publication.

    Parameters
    ----------
    story : int64 array, shape (n,)
        Number of the story that an article tells.
    relation : uint8 array, shape (n,)
        Index in `RELATIONS`; the first article of a story is the original.
    clustered : bool array, shape (n,)
        Whether its story has more than one article.
    outlet : int64 array, shape (n,)
        0 to ``OUTLETS - 1``; a smaller one publishes more.
    """

    story: NDArray[np.int64]
    relation: NDArray[np.uint8]
    clustered: NDArray[np.bool_]
    outlet: NDArray[np.int64]


def make_plan(n: int, seed: int) -> Plan:
    """Plan a feed of n articles; the same seed gives the same plan."""
    rng = np.random.default_rng([seed, n])
    copies = round(COPIES * n)
    sizes = np.minimum(rng.random(copies) ** (-1 / MEAN_COPIES_EXPONENT), min(MOST_COPIES, n)).astype(
        np.int64
    )
    stories = int(np.searchsorted(np.cumsum(sizes), copies))
    sizes = sizes[:stories]
    singles = max(0, n - int(sizes.sum()) - stories)
    articles = np.concatenate((sizes + 1, np.ones(singles, np.int64)))
    story = np.repeat(np.arange(len(articles)), articles)[:n]

    broke = rng.random(len(articles)) * n
    within = np.arange(len(story)) - np.searchsorted(story, story)
    lag = np.where(within > 0, rng.exponential(_LAG, len(story)), 0.0)
    # What would come after the last article comes earlier: else the feed would end in copies alone.
    late = (within > 0) & ((rng.random(len(story)) < LATE) | (broke[story] + lag > n))
    when = broke[story] + np.where(late, rng.random(len(story)) * (n - broke[story]), lag)
    # Evenly spread over the outlets' shares (about 1 / sqrt(rank)): hardly any prints a story twice.
    share = (rng.random(len(articles))[story] + within * _GOLDEN) % 1
    relation = np.where(within > 0, rng.choice(len(SHARES), len(story), p=SHARES), 0)
    order = np.argsort(when, kind="stable")
    return Plan(
        story=story[order],
        relation=relation[order].astype(np.uint8),
        clustered=(np.bincount(story)[story] > 1)[order],
        outlet=(OUTLETS * share * share)[order].astype(np.int64),
    )
