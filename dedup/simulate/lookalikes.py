"""Articles that resemble others and are no copies: what a finder of copies must leave alone."""

from __future__ import annotations

from random import Random
from typing import Final

from dedup.simulate.drafts import Block, Draft
from dedup.simulate.outlets import Outlet
from dedup.simulate.story import Story, facts, joined, sentence_count, tell
from dedup.simulate.teller import Teller

_DAY_S: Final = 86_400

MOST_REPEATED: Final = 0.35
"""A follow-up repeats at most this share of its text; from a half on it would count as a copy."""


def same_event(
    block: Block, rng: Random, outlet: Outlet, story: Story, origin: Draft, when: int, words: int
) -> Draft:
    """Print an own report of a story's event: its people and places, other facts, other sentences."""
    assert story.independent is not None
    lead, headline = story.independent
    teller = story.teller
    teller.draw_from(rng)
    grammar = teller.grammar
    told = [[lead]] + [
        [sentence.text() for sentence in sentences]
        for sentences in facts(teller, sentence_count(grammar, rng, words) - 1)
    ]
    text = [joined(grammar, sentences) for sentences in told]
    return block.print(rng, outlet, headline, text, when, "same-event", origin=origin)


def follow_up(block: Block, rng: Random, new: Story, story: Story, origin: Draft) -> Draft | None:
    """Print the news of a later day with a part of the earlier story; None: no part is short enough.

    `new` is told of the same people; the outlet is that of the earlier story.
    """
    text = list(new.text())
    room = sum(map(len, text)) * MOST_REPEATED / (1 - MOST_REPEATED)
    background: list[str] = []
    for paragraph in story.text()[1:]:
        room -= len(paragraph)
        if room < 0 or len(background) == 2:
            break
        background.append(paragraph)
    if not background:
        return None
    when = origin.when + int(_DAY_S * (0.5 + 2 * rng.random()))
    return block.print(
        rng, origin.outlet, new.headlines[0], text + background, when, "follow-up", origin=origin
    )


def round_up(
    block: Block, rng: Random, outlet: Outlet, stories: list[tuple[Story, Draft]], teller: Teller, when: int
) -> Draft:
    """Print the leads of several strangers one below the other."""
    grammar = teller.grammar
    title = grammar.roundups[int(len(grammar.roundups) * rng.random())].fill(teller)
    briefs = [story.text()[0] for story, _ in stories]
    return block.print(rng, outlet, title, briefs, when, "roundup", origin=stories[0][1])


def placeholder(block: Block, rng: Random, outlet: Outlet, teller: Teller, when: int) -> Draft:
    """Print the outlet's error or paywall page where a story should be."""
    title, frame = outlet.placeholder
    title = title or tell(teller, rng, 10).headlines[0]
    return block.print(rng, outlet, title, [frame.fill(teller)], when, "placeholder")


def template(
    block: Block, rng: Random, outlet: Outlet, teller: Teller, last: dict[int, Draft], when: int
) -> Draft:
    """Print a fill-in text; of the phrasings that there are an outlet uses always the same.

    `last` holds the latest draft of each template, which the new one resembles.
    """
    grammar = teller.grammar
    which = int(len(grammar.templates) * rng.random())
    chosen = grammar.templates[which]
    title = chosen.heads.fill(teller, outlet.phrasing % len(chosen.heads.phrasings))
    text = []
    for number, frame in enumerate(chosen.paragraphs, start=1):
        told = frame.fill(teller, (outlet.phrasing >> number) % len(frame.phrasings))
        text.append(told[:1].upper() + told[1:])
    title = title[:1].upper() + title[1:]
    draft = block.print(rng, outlet, title, text, when, "template", origin=last.get(which))
    last[which] = draft
    return draft
