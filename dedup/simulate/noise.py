"""What happens to a text on its way into a feed: typography, misread characters."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Final

_ASCII: Final = (
    ("“", '"'),
    ("”", '"'),
    ("‘", "'"),
    ("’", "'"),
    (" — ", " -- "),
    (" – ", " - "),
    ("—", "--"),
    ("–", "-"),
    ("…", "..."),
    ("©", "(c)"),
    ("°", ""),
    (" · ", " | "),
)

_MISREAD: Final = dict(zip("eoaclIi1rmhnbuvtfBsSgq0O5", "cqo0e1l!inrubnvyfE5$9gOQS", strict=True)) | {
    "m": "rn",
    "n": "ri",
    "w": "vv",
    "d": "cl",
    "и": "н",
    "н": "п",
    "о": "0",
    "т": "г",
}
"""Characters that scanners take for each other; what is not listed is lost."""


def as_ascii(text: str, *, letters: bool) -> str:
    """Return the text with plain quotes and dashes; with `letters` its accents go as well."""
    for typographic, plain in _ASCII:
        text = text.replace(typographic, plain)
    if letters and not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text


def misread(text: str, rate: float, rng: Random) -> str:
    """Return the text with this share of its characters misread, spaces and line ends excepted."""
    errors = round(len(text) * rate)
    if not errors:
        return text
    characters = list(text)
    for _ in range(errors):
        place = int(len(characters) * rng.random())
        if not characters[place].isspace():
            characters[place] = _MISREAD.get(characters[place], "")
    return "".join(characters)
