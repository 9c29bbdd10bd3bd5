"""Stories of the user's own feed in place of made-up ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dedup.simulate.story import GivenSentence, Story
from dedup.simulate.teller import Teller

_PARAGRAPH = re.compile(r"\s*\n\s*")
# Nothing is lost at a split: the sentences of a paragraph, one behind the other, are the paragraph.
_SENTENCE = re.compile(r"(?<=[.!?؟]\s)|(?<=[.!?؟][\"”’')]\s)|(?<=[。！？।])(?![」”’])")


def base_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield title and text of every article of a feed that has both, one batch in memory at a time."""
    from dedup.feeds import read_feed

    for batch in read_feed(path):
        articles = batch.articles
        for title, text in zip(articles["title"], articles["text"], strict=True):
            if title.is_valid and text.is_valid and text.as_py().strip():
                yield title.as_py(), text.as_py()


def base_story(teller: Teller, title: str, text: str) -> Story:
    """Return one article of a feed as a story, its sentences found by their full stops.

    `teller` tells what copies add to it.
    """
    paragraphs = [
        [GivenSentence(sentence) for sentence in _SENTENCE.split(paragraph) if sentence]
        for paragraph in _PARAGRAPH.split(text.strip())
    ]
    return Story(teller, [title], [one for one in paragraphs if one])
