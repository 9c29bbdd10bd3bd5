"""Grammars: sentence frames with slots, read from data and expanded before the first sentence is told.

A *core* is one statement in several phrasings, with slots and phrases in it::

    ["<open>{o1} {v1} {np1}<tail>", "<open>{np1} was {v1} by {o1}<tail>"]

``<open>`` stands for any phrase of that name. Every core is expanded to some
dozens of *frames*, in which the phrases are chosen and only slots are left, so
that telling a sentence is a few draws and one ``str.format``. All phrasings of
a frame have the same values in their slots: facts, names and numbers survive
a re-wording. A slot is a kind and a number: ``{np1}`` and ``{np2}`` are two noun
phrases, ``{v1}`` a verb; ``{v1.1}`` is the verb's second form where the data
give several.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

from dedup.simulate.lexicon import SAMPLERS, Lexicon
from dedup.simulate.teller import Teller

NUMBERS: Final = frozenset({"n", "b", "pc", "m"})
"""Kinds of slots that a later version of a story may correct."""

Synonym = tuple[str, re.Pattern[str], str]
"""A word, where it stands as a word of its own, and what may stand in its place."""

_FRAMES_PER_CORE: Final = 40
_FREE: Final = frozenset({"open", "tail"})  # every phrasing chooses these anew, the other phrases are facts
_SLOT = re.compile(r"\{([A-Za-z]+?)(\d*)(?:\.(\d))?\}")
_PHRASE = re.compile(r"<(\w+)>")
_QUOTED = re.compile(r"\{Q\}(.)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One statement with open slots.

    Parameters
    ----------
    samplers : tuple of callables
        Draws the value of each slot from a `Teller`.
    phrasings : tuple of str
        Patterns for ``str.format`` with the values in order.
    numbers : tuple of int
        Positions of the slots that hold numbers.
    """

    samplers: tuple[Callable[[Teller], Any], ...]
    phrasings: tuple[str, ...]
    numbers: tuple[int, ...]

    def draw(self, teller: Teller) -> tuple[Any, ...]:
        """Return a value for each slot."""
        return tuple([sample(teller) for sample in self.samplers])

    def fill(self, teller: Teller, phrasing: int = 0) -> str:
        """Return a new sentence or text."""
        return self.phrasings[phrasing].format(*self.draw(teller))


@dataclass(frozen=True, slots=True)
class Lead:
    """How a story begins: its first sentence and its headlines are phrasings of one frame.

    The last phrasing of both is kept for those who report the same event on their own.
    """

    frame: Frame
    sentences: int  # the first so many phrasings are sentences, the others headlines


@dataclass(frozen=True, slots=True)
class Template:
    """A fill-in text: for every paragraph phrasings of which an outlet uses always the same."""

    heads: Frame
    paragraphs: tuple[Frame, ...]


class Grammar:
    """The language of a feed: use `load_grammar`.

    Parameters
    ----------
    language, name : str
        Of `dedup.simulate.LANGUAGES` and `GRAMMARS`.
    data : mapping
        The file of the language, with the entries of the grammar laid over those both share.
    """

    def __init__(self, language: str, name: str, data: Mapping[str, Any]) -> None:
        self.language = language
        # Frames and frequencies are part of the grammar: they are the same whatever the seed of the feed.
        self._random = random.Random(f"{language} {name}")
        self.lexicon = Lexicon(data, self._random)
        self._phrases: Mapping[str, Sequence[str]] = data["phrases"]
        self.stop: str = data["stop"]
        self.space: str = data.get("space", " ")
        self.leads = [lead for entry in data["leads"] for lead in self._leads(entry)]
        self.facts = [self._expanded(core) for core in data["facts"]]
        self.templates = [
            Template(self._plain(entry["heads"]), tuple(map(self._plain, entry["text"])))
            for entry in data["templates"]
        ]
        self.updates = [frame for core in data["update"] for frame in self._expanded([core])]
        self.local = [self._plain([core]) for core in data["local"]]
        self.credits = [self._plain([core]) for core in data["credits"]]
        self.datelines = [self._plain([core]) for core in data["datelines"]]
        self.roundups = [self._plain([core]) for core in data["roundup"]]
        self.placeholders = [(title, self._plain([text])) for title, text in data["placeholders"]]
        furniture = data["furniture"]
        self.outlet_names = [self._plain([core]) for core in furniture["outlets"].split("|")]
        self.tops = [self._plain([core]) for core in furniture["top"]]
        self.bottoms = [self._plain([core]) for core in furniture["bottom"]]
        self.more = self._plain([furniture["more"]])
        edge = r"\b" if self.lexicon.spaced else ""
        pairs = [entry.split("=") for entry in data["synonyms"].split("|")]
        self.synonyms: list[Synonym] = [
            (word, re.compile(f"{edge}{re.escape(word)}{edge}"), other) for word, other in pairs
        ]

    @cached_property
    def words_per_sentence(self) -> float:
        """Mean length of a sentence of a story, in the unit of `SimulationSettings.words`."""
        teller = Teller(self, random.Random(0))
        told = [frame.fill(teller) for frames in self.facts for frame in frames[:8]]
        if self.lexicon.spaced:
            return sum(len(text.split()) for text in told) / len(told)
        return sum(map(len, told)) / self.lexicon.word_length / len(told)

    def _leads(self, entry: Mapping[str, Sequence[str]]) -> list[Lead]:
        sentences, heads = entry["text"], entry["heads"]
        return [Lead(frame, len(sentences)) for frame in self._expanded([*sentences, *heads])]

    def _expanded(self, core: Sequence[str]) -> list[Frame]:
        if not any(_PHRASE.search(phrasing) for phrasing in core):
            return [self._plain(core)]
        return [self._plain(core) for _ in range(_FRAMES_PER_CORE)]

    def _plain(self, core: Sequence[str]) -> Frame:
        kept: dict[str, str] = {}

        def expand(match: re.Match[str]) -> str:
            name = match[1]
            choices = self._phrases[name]
            if name in _FREE:
                return self._random.choice(choices)
            return kept.setdefault(name, self._random.choice(choices))

        slots: dict[str, int] = {}

        def slot(match: re.Match[str]) -> str:
            position = slots.setdefault(match[1] + match[2], len(slots))
            return f"{{{position}}}" if match[3] is None else f"{{{position}[{match[3]}]}}"

        patterns = []
        for phrasing in core:
            text = _PHRASE.sub(expand, phrasing)
            text = _QUOTED.sub(lambda match: match[1].upper(), text)
            patterns.append(_SLOT.sub(slot, text))
        kinds = [(name.rstrip("0123456789"), name) for name in slots]
        samplers = tuple(SAMPLERS[kind](int(name[len(kind) :] or 1)) for kind, name in kinds)
        numbers = tuple(position for position, (kind, _) in enumerate(kinds) if kind in NUMBERS)
        return Frame(samplers, tuple(patterns), numbers)


@cache
def load_grammar(language: str, name: str) -> Grammar:
    """Return the grammar `name` (``fit`` or ``test``) of a language; both share function words only."""
    data = json.loads(files("dedup.simulate").joinpath("data", f"{language}.json").read_text("utf-8"))
    return Grammar(language, name, {**data, **data[name]})
