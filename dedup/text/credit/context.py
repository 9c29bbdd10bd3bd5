"""What stands around a name, cut to a bounded length, and how to read its words.

The rules (`dateline`, `byline`, `credit_line`) look no further than a few hundred code points, so each costs
the same wherever the name stands. They share what a place, a person's name and the credit of a picture look
like: a picture's says nothing about the text.
"""

from __future__ import annotations

import re
from typing import Final

from dedup.text.credit.agencies import Tier
from dedup.text.credit.evidence import Kind
from dedup.text.credit.names import HEAD, TAIL

AROUND: Final = 160  # code points looked at before a name, on its line
AFTER: Final = 240  # and after it: the longest closing line with several reporters, of those seen


class Hit:
    """A name in a text with what stands around it."""

    __slots__ = ("end", "head", "last", "lead", "long", "prior", "rest", "start", "strength", "tail", "text")

    def __init__(self, text: str, start: int, end: int, strength: int) -> None:
        self.text, self.start, self.end, self.strength = text, start, end, strength
        first = max(0, start - AROUND)
        line = text.rfind("\n", first, start) + 1
        self.lead = text[max(line, first) : start]  # the line before the name
        self.prior = text[first:start]  # the same, across line ends
        self.rest = text[end : end + AFTER]
        self.long = " " in text[start:end]
        self.head = start < HEAD
        self.tail = len(text) - start <= TAIL
        self.last = len(text) - end <= 40  # near enough to the end for a signature


Found = tuple[Kind, Tier, int, int]
"""What a rule returns: the sort of credit, its tier, and the span in the text."""

MONTHS: Final = (
    "jan|ene|feb|fev|fév|mar|mär|abr|apr|avr|may|mai|mag|jun|jui|giu|jul|lug|aug|ago|aoû|sep|set|oct|okt|"
    "ott|out|nov|dec|déc|dez|dic|gen|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек"
)
"""First three letters of the months in the languages of datelines."""

MONTH: Final = re.compile(rf"\b(?:{MONTHS})\w{{0,9}}\b", re.IGNORECASE)
PARTICLES: Final = frozenset(
    ("de la le el al of the and on del des du da do y e et von van und bin st nd rd th").split()  # noqa: SIM905
)
"""Words of places, dates and persons' names that are written small."""

TITLED: Final = re.compile(
    r"(?:\s[A-Z][\w-]{1,20}){0,4}\s(?:Writers?|Reporters?|Correspondents?|Editors?|Staff|Bureau|Columnist|Analyst|"
    r"writers?|staff)\b"
)
PICTURE: Final = re.compile(
    r"\b(?i:photo|photos|photograph|photographs|photographer|image|images|picture|pictures|video|graphic|caption|credit|"
    r"courtesy|trigger|getty|pool|slides|slide|handout|file)\b"
)
_PICTURE_LABEL: Final = re.compile(
    r"(?i:photo|image|trigger|credit|source|courtesy|by|caption)\s*[:,]?\s*\n\s*\Z"
)
PICTURE_AFTER: Final = re.compile(
    r"\s?/|\s(?i:photo|photos|image|images|file|pool|video|graphic|pictures)\b|\s?[|,]\s?(?:AFP|Getty)|\s?via\b"
)


def of_a_picture(hit: Hit) -> bool:
    """Tell whether the words before the name speak of a picture."""
    return PICTURE.search(hit.lead) is not None or _PICTURE_LABEL.search(hit.prior) is not None


def proper(words: list[str]) -> bool:
    """Tell whether all words could stand in a place, a date or a person's name."""
    small = [word for word in words if word[0].islower()]
    return all(word.lower().strip(".,") in PARTICLES or MONTH.match(word) for word in small)
