"""The teller: the people, places and subjects of one story, from which its sentences draw.

All names of a story are invented for it and stay the same in every sentence,
copy and follow-up, as does its subject: a few nouns that come back again and
again, which is what tells a story from a heap of sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from dedup.simulate.lexicon import AGENCIES, Lexicon, zipf

if TYPE_CHECKING:
    from dedup.simulate.grammar import Grammar
    from dedup.simulate.outlets import Outlet

_PERSONS: Final = 5
_OTHERS: Final = 3
_TOPIC: Final = 6
_NEWSROOM: Final = datetime(2025, 3, 3)


class Teller:
    """Values for the slots of one story.

    Parameters
    ----------
    grammar : Grammar
    rng : Random
        Draws everything; its state decides the story.
    day : datetime
        When the story breaks.
    outlet : Outlet, optional
        For the texts that name one.
    """

    __slots__ = (
        "agency",
        "day",
        "draw",
        "grammar",
        "lexicon",
        "orgs",
        "outlet",
        "persons",
        "places",
        "roles",
        "surnames",
        "topic",
        "weekday",
    )

    agency: str
    day: datetime
    draw: Callable[[], float]
    lexicon: Lexicon
    outlet: Outlet
    orgs: list[str]
    persons: list[str]
    places: list[str]
    roles: list[str]
    surnames: list[str]
    topic: list[int]
    weekday: str

    def __init__(
        self, grammar: Grammar, rng: Random, day: datetime = _NEWSROOM, outlet: Outlet | None = None
    ) -> None:
        self.grammar = grammar
        lexicon = self.lexicon = grammar.lexicon
        draw = self.draw = rng.random
        names, roles = lexicon.names, lexicon.roles
        n_names = len(names)
        self.surnames = [names[int(n_names * draw())] + lexicon.person_end for _ in range(_PERSONS)]
        self.persons = [
            names[int(n_names * draw())] + lexicon.person_join + surname for surname in self.surnames
        ]
        self.places = [names[int(n_names * draw())] for _ in range(_OTHERS)]
        shapes = lexicon.org_shapes
        self.orgs = [shapes[int(len(shapes) * draw())] % names[int(n_names * draw())] for _ in range(_OTHERS)]
        self.roles = [roles[int(len(roles) * draw())] for _ in range(_OTHERS)]
        self.topic = [zipf(draw(), len(lexicon.nouns)) for _ in range(_TOPIC)]
        self.agency = AGENCIES[zipf(draw(), len(AGENCIES))]
        self.day = day
        self.weekday = lexicon.weekdays[day.weekday()]
        if outlet is not None:
            self.outlet = outlet

    def draw_from(self, rng: Random) -> None:
        """Tell what comes next from other draws, of the same people and places."""
        self.draw = rng.random

    def date_after(self, days: int) -> str:
        """Return the date so many days later, as the language writes it."""
        then = self.day + timedelta(days=days) if days else self.day
        return self.lexicon.date.format(month=self.lexicon.months[then.month - 1], day=then.day)
