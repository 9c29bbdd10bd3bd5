"""Stories: what happened, as sentences that can be told again in other words.

A story is an inverted pyramid: a lead with the event, its place and its numbers, then facts
and quotes in paragraphs of one to three sentences, so that the story can be cut from below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from dedup.simulate.grammar import Frame, Grammar, Lead
from dedup.simulate.teller import Teller

_SPREAD: Final = 0.6
"""Standard deviation of the logarithm of the length, about what lengths of news articles show."""

_LONGEST: Final = 4_000  # sentences


class Sentence:
    """One sentence of a grammar: a frame and what stands in its slots."""

    __slots__ = ("_frame", "_phrasings", "_values")

    def __init__(self, frame: Frame, values: tuple[Any, ...], phrasings: int) -> None:
        self._frame = frame
        self._values = values
        self._phrasings = phrasings  # that may be used: the headlines of a lead and its last may not

    def text(self) -> str:
        """Return the sentence as the agency wrote it."""
        return self._frame.phrasings[0].format(*self._values)

    def reworded(self, rng: Random) -> str:
        """Return it in another phrasing, with the same facts."""
        which = rng.randrange(1, self._phrasings) if self._phrasings > 1 else 0
        return self._frame.phrasings[which].format(*self._values)

    def corrected(self, teller: Teller) -> str:
        """Return it with other numbers in the same places."""
        values = list(self._values)
        for position in self._frame.numbers:
            values[position] = self._frame.samplers[position](teller)
        return self._frame.phrasings[0].format(*values)


class GivenSentence:
    """One sentence of somebody's text, of which only the surface is known."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        """Return the sentence."""
        return self._text

    def reworded(self, rng: Random) -> str:
        """Return it unchanged: without a grammar there is no other phrasing, only other words."""
        return self._text

    def corrected(self, teller: Teller) -> str:
        """Return it with other digits."""
        return _DIGITS.sub(lambda match: str(1 + int(9 * teller.draw())) + match[0][1:], self._text)


_DIGITS = re.compile(r"\d+")

AnySentence = Sentence | GivenSentence


class Story:
    """A story before anyone prints it.

    Parameters
    ----------
    teller : Teller
        Also for what copies add: quotes, corrections, a local paragraph.
    headlines : sequence of str
        The first is the agency's.
    paragraphs : sequence of sequence of sentences
    independent : tuple of str, optional
        Lead and headline of who reports the same event on their own; None: the text is somebody's own.
    """

    __slots__ = ("_rendered", "headlines", "independent", "paragraphs", "teller")

    def __init__(
        self,
        teller: Teller,
        headlines: Sequence[str],
        paragraphs: Sequence[Sequence[AnySentence]],
        independent: tuple[str, str] | None = None,
    ) -> None:
        self.teller = teller
        self.headlines = headlines
        self.paragraphs = paragraphs
        self.independent = independent
        self._rendered: list[str] | None = None

    @property
    def given(self) -> bool:
        """Whether the text is somebody's own, with the dateline and credit it has."""
        return self.independent is None

    def text(self) -> list[str]:
        """Return the paragraphs as the agency wrote them."""
        if self._rendered is None:
            self._rendered = [
                self.paragraph([sentence.text() for sentence in sentences]) for sentences in self.paragraphs
            ]
        return self._rendered

    def paragraph(self, sentences: Sequence[str]) -> str:
        """Return sentences as a paragraph."""
        return "".join(sentences).rstrip() if self.given else joined(self.teller.grammar, sentences)


def joined(grammar: Grammar, sentences: Sequence[str]) -> str:
    """Return sentences told by a grammar with capitals, stops and spaces as a paragraph."""
    done = []
    for text in sentences:
        # A sentence that ends with a quotation has its stop inside.
        end = "" if text.endswith((".”", "。”", ".“")) else grammar.stop
        done.append(text[:1].upper() + text[1:] + end)
    return grammar.space.join(done)


def tell(teller: Teller, rng: Random, words: int) -> Story:
    """Return a new story.

    Parameters
    ----------
    teller : Teller
    rng : Random
    words : int
        Mean length; the length of a story is log-normal around it.
    """
    grammar = teller.grammar
    n = sentence_count(grammar, rng, words)
    lead: Lead = grammar.leads[int(len(grammar.leads) * teller.draw())]
    values = lead.frame.draw(teller)
    told = [phrasing.format(*values) for phrasing in lead.frame.phrasings]
    heads = [text[:1].upper() + text[1:] for text in told[lead.sentences :]]
    first = Sentence(lead.frame, values, lead.sentences - 1)
    own = (told[lead.sentences - 1], heads[-1])
    return Story(teller, heads[:-1], [[first], *facts(teller, n - 1)], own)


def sentence_count(grammar: Grammar, rng: Random, words: int) -> int:
    """Return how many sentences a story has when stories have so many words on average."""
    length = words * math.exp(rng.gauss(-_SPREAD * _SPREAD / 2, _SPREAD))
    return max(1, min(_LONGEST, round(length / grammar.words_per_sentence)))


def facts(teller: Teller, n: int) -> list[list[Sentence]]:
    """Return `n` sentences in paragraphs of one to three."""
    grammar, draw = teller.grammar, teller.draw
    cores = grammar.facts
    # A walk over the cores rather than draws: no two neighbours say the same kind of thing.
    core, step = int(len(cores) * draw()), 1 + int((len(cores) - 1) * draw())
    paragraphs: list[list[Sentence]] = []
    left = 0
    for _ in range(n):
        if not left:
            paragraphs.append([])
            left = 1 + int(3 * draw())
        core = (core + step) % len(cores)
        frames = cores[core]
        frame = frames[int(len(frames) * draw())]
        paragraphs[-1].append(Sentence(frame, frame.draw(teller), len(frame.phrasings)))
        left -= 1
    return paragraphs
