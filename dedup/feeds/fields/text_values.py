"""A value that is no plain string, as the string it stands for.

- nothing, "" or white space alone: null;
- a list: its strings joined (", ", for the text a blank line), an empty one null;
- an object: for a title or a text the words in it (``{"rendered": ...}`` of WordPress, ``{"value": ...}`` of
  Drupal, paragraphs and other blocks), for the rest its ``name`` (schema.org's author and publisher);
- an object of MongoDB: what it stands for;
- a number: its digits, but never for the text, where it can only be a mistake;
- NUL characters are dropped, lone surrogates become U+FFFD.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dedup.feeds.fields.extended_json import unwrapped

_WORDS_IN: Final = (
    *(
        "processed",
        "rendered",
        "value",
        "text",
        "plain",
        "plain_text",
        "plainText",
        "html",
        "main",
        "content",
    ),
    *("#text", "_", "$t", "blocks", "paragraphs", "children"),
)
_OF_AN_ARTICLE: Final = ("title", "headline")
_DEEPEST: Final = 30


class NotTextError(ValueError):
    """A value that cannot be taken as the string it should be."""


def as_text(name: str, value: Any, depth: int = 0) -> str | None:
    """Return the value of a field as a string; None for nothing.

    Parameters
    ----------
    name : str
        The field.
    value : object
        As JSON or Arrow gave it.
    depth : int
        Of lists and objects it lies in.

    Raises
    ------
    NotTextError
        It is none and holds none.

    Examples
    --------
    >>> as_text("text", [{"type": "p", "text": "One."}, {"type": "image"}, {"type": "p", "text": "Two."}])
    'One.\\n\\nTwo.'
    """
    value = unwrapped(value)
    if isinstance(value, str):
        value = value.replace("\0", "")
        return value if value and not value.isspace() else None
    if is_nothing(value) or value != value:  # NaN is how pandas writes a missing string
        return None
    if depth > _DEEPEST:
        raise NotTextError
    is_words = name in ("title", "text")
    if isinstance(value, list):
        parts = [_part(name, one, depth + 1) if is_words else as_text(name, one, depth + 1) for one in value]
        joined = ("\n\n" if name == "text" else ", ").join(part for part in parts if part is not None)
        if not joined and is_words and any(isinstance(one, Mapping) for one in value):
            raise NotTextError
        return joined or None
    if isinstance(value, Mapping) and is_words:
        return _words_in(name, value, depth + 1)
    if isinstance(value, Mapping) and name != "id":
        return as_text(name, value.get("name"), depth + 1)
    if isinstance(value, int | float) and not isinstance(value, bool) and name != "text":
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise NotTextError


def is_nothing(value: object) -> bool:
    """Return whether a value is null, empty or blank."""
    return value is None or (isinstance(value, str) and not value.strip("\0 \t\r\n")) or value in ([], {})


def _part(name: str, value: Any, depth: int) -> str | None:
    """Return what an element of a list has of the words; a picture between paragraphs has none."""
    try:
        return as_text(name, value, depth)
    except NotTextError:
        if isinstance(value, Mapping):
            return None
        raise


def _words_in(name: str, value: Mapping[str, Any], depth: int) -> str | None:
    """Return the words in an object that is no article of its own."""
    if name == "text" and any(not is_nothing(value.get(key)) for key in _OF_AN_ARTICLE):
        raise NotTextError
    for key in _WORDS_IN:
        inner = value.get(key)
        if isinstance(inner, str | list | Mapping) and (words := _part(name, inner, depth)) is not None:
            return words
    raise NotTextError
