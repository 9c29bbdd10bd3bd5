"""One block of the feed: which stories break, who copies them, and what else is printed meanwhile."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import UTC, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from dedup.simulate import lookalikes
from dedup.simulate.base import base_story
from dedup.simulate.copies import COPY, SHARES
from dedup.simulate.drafts import Block, Draft
from dedup.simulate.grammar import load_grammar
from dedup.simulate.outlets import Outlet, Outlets
from dedup.simulate.settings import MEAN_COPIES_EXPONENT, SimulationSettings
from dedup.simulate.story import Story, tell
from dedup.simulate.teller import Teller

MOST_LAG_S: Final = 2 * 86_400
_MEDIAN_LAG_S: Final = 5_400
_LAG_SPREAD: Final = 1.2  # of the logarithm: a tenth within 20 minutes, a tenth after 7 hours
_HEADLINES: Final = 0.06  # of the stories are headlines without a text
_RECENT: Final = 6  # stories that lookalikes are made after
_LOOKALIKES: Final = ("same-event", "follow-up", "roundup", "placeholder")
_LOOKALIKE_WEIGHTS: Final = tuple(accumulate((0.4, 0.3, 0.1, 0.2)))
_RELATIONS: Final = tuple(SHARES)
_RELATION_WEIGHTS: Final = tuple(accumulate(SHARES.values()))


class _NoMoreStoriesError(Exception):
    """The base feed has no further story."""


class BlockMaker:
    """Makes blocks of articles.

    Parameters
    ----------
    settings : SimulationSettings
    base : iterator of (title, text), optional
        Stories given in place of those of the grammar; used up from block to block.
    """

    # The block and the story being made; `make` sets them.
    _block: Block
    _recent: dict[str, deque[tuple[Story, Draft]]]
    _templates: dict[str, dict[int, Draft]]
    _rng: Random
    _language: str
    _when: int

    def __init__(self, settings: SimulationSettings, base: Iterator[tuple[str, str]] | None = None) -> None:
        self._settings = settings
        self._base = base
        self._outlets = Outlets(settings)
        self._start = settings.start.astimezone(UTC).replace(microsecond=0)
        wire = settings.copies * settings.originals_per_copy
        self._units = (self._wire, self._template, self._lookalike, self._single)
        # A story with copies is one unit and many articles; the shares are of articles.
        self._weights = tuple(
            accumulate((wire, settings.templates, settings.lookalikes, max(0.0, settings.singles)))
        )

    def make(self, number: int, before: int, size: int) -> Block:
        """Return block `number`, full unless the base feed is used up.

        Parameters
        ----------
        number : int
            With the settings it decides everything in the block.
        before : int
            Articles in the blocks before; they decide the time of day.
        size : int
            Articles to make.
        """
        settings = self._settings
        self._block = block = Block(size)
        self._recent = defaultdict(lambda: deque(maxlen=_RECENT))
        self._templates = defaultdict(dict)
        per_article = settings.days * 86_400 / settings.articles
        unit = 0
        while block.room:
            rng = self._rng = Random((settings.seed << 64) | (number << 32) | unit)
            unit += 1
            self._language = rng.choice(settings.languages)
            self._when = int((before + len(block.drafts) + rng.random()) * per_article)
            try:
                rng.choices(self._units, cum_weights=self._weights)[0]()
            except _NoMoreStoriesError:
                break
        return block

    def _teller(self, outlet: Outlet) -> Teller:
        day = self._start + timedelta(seconds=self._when)
        return Teller(load_grammar(self._language, self._settings.grammar), self._rng, day, outlet)

    def _outlet(self) -> Outlet:
        return self._outlets.any(self._language, self._rng)

    def _story(self, teller: Teller) -> Story:
        if self._base is None:
            return tell(teller, self._rng, self._settings.words)
        given = next(self._base, None)
        if given is None:
            raise _NoMoreStoriesError
        return base_story(teller, *given)

    def _single(self) -> None:
        outlet = self._outlet()
        story = self._story(self._teller(outlet))
        headline_only = not story.given and self._rng.random() < _HEADLINES
        paragraphs = None if headline_only else list(story.text())
        self._block.print(self._rng, outlet, story.headlines[0], paragraphs, self._when, "single")

    def _wire(self) -> None:
        rng = self._rng
        u = 1 - rng.random()
        n = min(int(u ** (-1 / MEAN_COPIES_EXPONENT)), self._settings.most_copies)
        if self._block.room < 2:
            return self._single()
        first, *others = self._outlets.several(self._language, 1 + min(n, self._block.room - 1), rng)
        story = self._story(self._teller(first))
        if not story.given and rng.random() < _HEADLINES:
            return self._headlines(story, first, others)
        credit = "" if story.given else rng.choice(story.teller.grammar.credits).fill(story.teller)
        made = self._credited(story, first, list(story.text()), credit)
        origin = self._block.print(rng, first, story.headlines[0], made, self._when, "wire", clustered=True)
        for outlet in others:
            relation = rng.choices(_RELATIONS, cum_weights=_RELATION_WEIGHTS)[0]
            story.teller.outlet = outlet
            made = self._credited(story, outlet, COPY[relation](story, rng, story.teller), credit)
            self._block.print(
                rng,
                outlet,
                rng.choice(story.headlines),
                made,
                self._when + self._lag(),
                "wire",
                relation=relation,
                origin=origin,
                clustered=True,
            )
        self._recent[self._language].append((story, origin))

    def _headlines(self, story: Story, first: Outlet, others: list[Outlet]) -> None:
        """Print headlines alone, each in other words, so at most as many as the story has."""
        origin: Draft | None = None
        for number, outlet in enumerate([first, *others][: len(story.headlines)]):
            draft = self._block.print(
                self._rng,
                outlet,
                story.headlines[number],
                None,
                self._when + (self._lag() if number else 0),
                "headline",
                relation="rewrite" if number else "original",
                origin=origin,
                clustered=True,
            )
            origin = origin or draft

    def _credited(self, story: Story, outlet: Outlet, paragraphs: list[str], credit: str) -> list[str]:
        """Return the paragraphs with the dateline and credit that the outlet prints."""
        if not story.given:
            paragraphs[0] = outlet.dateline.fill(story.teller) + paragraphs[0]
            if outlet.credits:
                paragraphs.append(credit)
        return paragraphs

    def _lag(self) -> int:
        lag = _MEDIAN_LAG_S * math.exp(self._rng.gauss(0, _LAG_SPREAD))
        return max(60, min(MOST_LAG_S, int(lag)))

    def _template(self) -> None:
        outlet = self._outlet()
        last = self._templates[self._language]
        lookalikes.template(self._block, self._rng, outlet, self._teller(outlet), last, self._when)

    def _lookalike(self) -> None:
        """Print what resembles a recent story; at the start of a block, where there is none, a single."""
        rng, block = self._rng, self._block
        kind = rng.choices(_LOOKALIKES, cum_weights=_LOOKALIKE_WEIGHTS)[0]
        outlet = self._outlet()
        teller = self._teller(outlet)
        if kind == "placeholder":
            lookalikes.placeholder(block, rng, outlet, teller, self._when)
            return
        recent = list(self._recent[self._language])
        if kind == "roundup" and len(recent) >= _RECENT - 1:
            lookalikes.round_up(block, rng, outlet, recent, teller, self._when)
            return
        if recent:
            story, origin = rng.choice(recent)
            if kind == "same-event" and not story.given:
                when = origin.when + self._lag()
                lookalikes.same_event(block, rng, outlet, story, origin, when, self._settings.words)
                return
            if kind == "follow-up":
                if not story.given:
                    teller = story.teller
                    teller.draw_from(rng)
                if lookalikes.follow_up(block, rng, self._story(teller), story, origin):
                    return
        self._single()
