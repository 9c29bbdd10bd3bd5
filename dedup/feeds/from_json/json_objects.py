"""What the keys of an object of JSON and of those in it tell: an article, or something around articles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from dedup.feeds.fields.field_names import folded_name, guessed_names

TITLES: Final = frozenset(guessed_names("title")).difference(("name",))
"""Folded names of keys that name a title. A name alone is that of a person, a tag, a section."""

TEXTS: Final = frozenset(guessed_names("text")).difference(("description", "summary"))
"""Folded names of keys that name a text, but for the teasers that whole feeds have as well."""

_TEASERS: Final = frozenset(("description", "summary"))
_URLS: Final = frozenset(guessed_names("url"))


@dataclass(slots=True)
class SeenObject:
    """An object of JSON as far as it was looked at.

    Parameters
    ----------
    path : tuple of str
        The keys that lead to it.
    start : int
        Where its first key could begin, behind the brace.
    around : tuple of SeenObject
        The objects it is in, the outermost first.
    """

    path: tuple[str, ...]
    start: int
    around: tuple[SeenObject, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    inner: dict[str, SeenObject] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)  # of "title" and "text", what its own keys name

    def add(self, key: str, value: Any) -> None:
        """Take in a value that is no object and no array of objects."""
        self.values[key] = value
        self.note(key)

    def add_object(self, key: str, inner: SeenObject) -> None:
        """Take in an object that has been looked at."""
        self.inner[key] = inner
        self.values[key] = inner.values
        # "title": {"rendered": "..."} names a title, "body": {"articles": [...]} no text.
        if inner.own or len(inner.values) > len(inner.inner):
            self.note(key)

    def note(self, key: str) -> None:
        """Take in what the name of a key says."""
        folded = folded_name(key)
        self.own |= {what for what, names in (("title", TITLES), ("text", TEXTS)) if folded in names}

    def names(self, what: str) -> bool:
        """Return whether a key of it, or of an object in it, names a title or a text."""
        return what in self.own or any(one.names(what) for one in self.inner.values())

    def beside(self) -> set[str]:
        """Return what keys of it or of the objects around it name."""
        return set().union(self.own, *(one.own for one in self.around))


def keyed_articles(top: SeenObject) -> SeenObject | None:
    """Return the object whose values are articles, ``{"101": {"title": ...}, ...}``; None: there is none.

    Two or more of the objects in it, and half of them at least, have a title and the same of a text, a
    teaser and an address beside it; the object itself has neither title nor text. The outermost such object.
    """
    level = [top]
    while level:
        for one in level:
            kinds = Counter(_kind(inner) for inner in one.inner.values())
            del kinds[frozenset()]
            alike = max(kinds.values(), default=0)
            if alike >= 2 and 2 * alike >= len(one.inner) and not one.beside():
                return one
        level = [inner for one in level for inner in one.inner.values()]
    return None


def _kind(one: SeenObject) -> frozenset[str]:
    """Return which of title, text, teaser and address an object holds; nothing for what is no article."""
    names = {folded_name(key) for key, value in one.values.items() if value not in (None, "")}
    kind = set(one.own)
    kind |= {what for what, known in (("teaser", _TEASERS), ("url", _URLS)) if names & known}
    return frozenset(kind) if "title" in kind and len(kind) > 1 else frozenset()
