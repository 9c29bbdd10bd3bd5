"""What outlets do to a story: one function for each relation a copy can have to its original."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from dedup.simulate.grammar import Synonym
from dedup.simulate.story import Story, facts, joined
from dedup.simulate.teller import Teller

SHARES: Final = {"verbatim": 0.38, "cut": 0.22, "version": 0.12, "rewrite": 0.15, "extended": 0.13}
"""How often a copy is what; made up, roughly what samples of wire copy show."""

_LEAST_REWORDED: Final = 0.4
_MOST_REWORDED: Final = 1.0


def verbatim(story: Story, rng: Random, teller: Teller) -> list[str]:
    """Print the story whole."""
    return list(story.text())


def cut(story: Story, rng: Random, teller: Teller) -> list[str]:
    """Print the first paragraphs, or leave some out; a story of one paragraph loses nothing."""
    told = story.text()
    if len(told) < 2:
        return list(told)
    if rng.random() < 0.7:
        return told[: max(1, int(len(told) * rng.uniform(0.3, 0.9)))]
    lost = set(rng.sample(range(1, len(told)), max(1, len(told) // 5)))
    return [paragraph for number, paragraph in enumerate(told) if number not in lost]


def version(story: Story, rng: Random, teller: Teller) -> list[str]:
    """Print what the agency wrote later: a new lead, other numbers, a new paragraph for the last."""
    grammar = teller.grammar
    update = grammar.updates[int(len(grammar.updates) * rng.random())].fill(teller)
    made = [joined(grammar, [update])]
    for sentences in story.paragraphs:
        if rng.random() < 0.25:
            made.append(story.paragraph([sentence.corrected(teller) for sentence in sentences]))
        else:
            made.append(story.paragraph([sentence.text() for sentence in sentences]))
    if len(made) > 4:
        made.pop()
    added = [sentence.text() for sentence in facts(teller, 1)[0]]
    made.insert(min(2, len(made)), joined(grammar, added))
    return made


def rewrite(story: Story, rng: Random, teller: Teller) -> list[str]:
    """Print the same facts, names and numbers in other words and another order."""
    strength = rng.uniform(_LEAST_REWORDED, _MOST_REWORDED)
    made = [
        story.paragraph(
            [sentence.reworded(rng) if rng.random() < strength else sentence.text() for sentence in sentences]
        )
        for sentences in story.paragraphs
    ]
    for number in range(1, len(made) - 1):
        if rng.random() < strength / 2:
            made[number], made[number + 1] = made[number + 1], made[number]
    synonyms = [pair for pair in teller.grammar.synonyms if rng.random() < strength]
    return [_in_other_words(paragraph, synonyms) for paragraph in made]


def extended(story: Story, rng: Random, teller: Teller) -> list[str]:
    """Print the story, perhaps without its end, and a paragraph of one's own."""
    told = story.text()
    kept = told[: max(1, len(told) - int(3 * rng.random()))]
    local = teller.grammar.local
    return [*kept, local[int(len(local) * rng.random())].fill(teller)]


COPY: Final[dict[str, Callable[[Story, Random, Teller], list[str]]]] = {
    "verbatim": verbatim,
    "cut": cut,
    "version": version,
    "rewrite": rewrite,
    "extended": extended,
}
"""Each takes the story, the draws of the copy, and a teller of the story that names the copying outlet."""


def _in_other_words(text: str, synonyms: list[Synonym]) -> str:
    for word, pattern, other in synonyms:
        if word in text:  # many times faster than the pattern, and mostly not so
            text = pattern.sub(other, text)
    return text
