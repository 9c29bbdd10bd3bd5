"""Outlets: names, habits and page furniture; each always does the same to the texts it prints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Final

from dedup.simulate.grammar import Grammar, load_grammar
from dedup.simulate.noise import as_ascii, misread
from dedup.simulate.settings import SimulationSettings
from dedup.simulate.teller import Teller

_SCANNED: Final = 10  # every so-many-th outlet
_MORE: Final = 4  # headlines in a list of other stories

# Multiples of these are spread evenly over [0, 1): a share of all outlets is also that share of those that
# publish most.
_GOLDEN: Final = 0.6180339887498949
_ROOT_OF_TWO: Final = 0.4142135623730951


class Outlet:
    """One outlet and how its pages look.

    Parameters
    ----------
    settings : SimulationSettings
    language : str
    number : int
        0 to ``settings.outlets_per_language - 1``; a smaller one publishes more.
    """

    def __init__(self, settings: SimulationSettings, language: str, number: int) -> None:
        rng = Random(f"outlet {settings.seed} {settings.grammar} {language} {number}")
        grammar = load_grammar(language, settings.grammar)
        self.grammar: Grammar = grammar
        teller = Teller(grammar, rng)
        self.home: str = teller.places[0]
        # Two names, so that outlets are told apart however many there are.
        self.name: str = rng.choice(grammar.outlet_names).fill(teller)
        self.domain: str = f"{language}{number}.example"
        self.typographic = _even(number, _GOLDEN) < settings.non_ascii
        # Letters of a language that is not the grammar's may have no other form.
        self._accents_lost = language == "en" and settings.base is None
        self.ocr = settings.ocr if number % _SCANNED == _SCANNED - 1 else 0.0
        self.dateline = rng.choice(grammar.datelines)
        self.credits = rng.random() < 0.6
        self.separator = rng.choice(("\n\n", "\n\n", "\n"))
        self.phrasing = rng.randrange(1 << 16)
        self.placeholder = rng.choice(grammar.placeholders)
        self._above: list[str] = []
        self._below: list[str] = []
        self._lists = False
        if _even(number, _ROOT_OF_TWO) < settings.furniture:
            told = Teller(grammar, rng, settings.start, self)
            self._above = [frame.fill(told) for frame in rng.sample(grammar.tops, rng.randint(0, 2))]
            self._below = [frame.fill(told) for frame in rng.sample(grammar.bottoms, rng.randint(1, 3))]
            self._lists = rng.random() < 0.6
            self._more = grammar.more.fill(told)

    def page(self, paragraphs: Sequence[str], others: Sequence[str], rng: Random) -> str:
        """Return the text of a page: paragraphs, the outlet's furniture, other headlines of its own."""
        if self._below:
            paragraphs = [*self._above, *paragraphs]
            if self._lists and others:
                paragraphs += ["\n".join([self._more, *others[-_MORE:]])]
            paragraphs += self._below
        return self.printed(self.separator.join(paragraphs), rng)

    def printed(self, text: str, rng: Random) -> str:
        """Return a text in the outlet's typography, misread where it is scanned."""
        if not self.typographic:
            text = as_ascii(text, letters=self._accents_lost)
        return misread(text, self.ocr, rng) if self.ocr else text


def _even(number: int, ratio: float) -> float:
    return (0.5 + number * ratio) % 1


class Outlets:
    """The outlets of a feed, made as they are needed; those of the last draws are kept."""

    def __init__(self, settings: SimulationSettings) -> None:
        self._n = settings.outlets_per_language
        self._outlet = lru_cache(maxsize=4_096)(lambda language, number: Outlet(settings, language, number))

    def any(self, language: str, rng: Random) -> Outlet:
        """Return an outlet; those with small numbers publish more."""
        return self._outlet(language, self._number(rng))

    def several(self, language: str, n: int, rng: Random) -> list[Outlet]:
        """Return `n` different outlets, at most all."""
        taken: dict[int, None] = {}
        while len(taken) < n:
            number = self._number(rng)
            while number in taken:
                number = (number + 1) % self._n
            taken[number] = None
        return [self._outlet(language, number) for number in taken]

    def _number(self, rng: Random) -> int:
        # Rank r has a share of about 1 / sqrt(r): skewed, and yet no outlet prints everything.
        u = rng.random()
        return int(self._n * u * u)
