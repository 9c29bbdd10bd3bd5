"""Where in a JSON object the articles are: the object itself, or an array somewhere in it.

The rule. Looked at are the arrays of objects that begin in the part of the object given, through
objects up to `_DEEPEST` keys down. Of each the first elements tell how many of our fields their keys could
be (``{"_source": {"title": ...}}`` counts like ``{"title": ...}``); the one with the most is taken, the first
of those with as many. Not taken is what has neither a title nor a text, unless it is all there is.
The object is an article itself, and no array in it is looked at, when it has a text (a string, or an object
with strings in it) or a mapped column, or a title beside an array that is not called like a list of articles.
An empty array counts only where there is no other and it is called so: the answer of a service that found
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from dedup.feeds.dotted_path import value_at
from dedup.feeds.fields.field_map import FIELD_NAMES, folded_name, guessed_names
from dedup.feeds.from_json.json_elements import value_end
from dedup.feeds.raw_batch import dotted_names
from dedup.feeds.vectors import SLACK

_DEEPEST: Final = 4
_ELEMENTS_LOOKED_AT: Final = 5
_KEYS_LOOKED_AT: Final = 4096
_LISTS: Final = frozenset(
    (
        *("articles", "article", "items", "item", "entries", "entry", "results", "result", "hits", "docs"),
        *("documents", "data", "stories", "news", "posts", "records", "rows", "feed", "response"),
        *("content", "contents", "value", "list"),
    )
)
# Without the teasers, which feeds have as well.
_TEXTS: Final = frozenset(guessed_names("text")).difference(("description", "summary"))
_HOLDS_A_LIST = re.compile(rb"\[\s*[{\]]")
_SPACE = re.compile(rb"[ \t\r\n]*")
_KEY_ENDS = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\]}\s]+")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An array of articles.

    Parameters
    ----------
    path : tuple of str
        The keys that lead to it.
    start : int
        Where its first element could begin, behind the bracket.
    around : dict of str to object
        Strings and small values beside the array, in the object that holds it.
    """

    path: tuple[str, ...]
    start: int
    around: dict[str, Any]


@dataclass(slots=True)
class _Object:
    path: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Candidate:
    holder: _Object
    key: str
    start: int
    fields: frozenset[str]
    is_empty: bool = False


def find_articles(data: bytes, view: npt.NDArray[np.uint8], mapped: Collection[str]) -> Wrapped | None:
    """Return the array of articles in an object, or None when the object itself is the record.

    Parameters
    ----------
    data : bytes
        Begins with the brace of the object; need not hold its end.
    view : uint8 array
        The same bytes, followed by `SLACK` bytes.
    mapped : collection of str
        Columns that the user named.
    """
    top = _Object(())
    candidates = list(_candidates(data, view, mapped, 0, top, [_KEYS_LOOKED_AT]))
    full = [one for one in candidates if not one.is_empty]
    readable = [one for one in full if one.fields & {"title", "text", "mapped"}]
    if any(value_at(top.values, name) is not None for name in mapped):
        return None
    holders = {one.holder.path[0] for one in candidates if one.holder.path}
    own = {
        folded_name(name)
        for name, value in top.values.items()
        if name not in holders and _says_something(value)
    }
    inner = (value for key, value in top.values.items() if key not in holders)
    if own & _TEXTS or any(map(_has_text, inner)):
        return None
    if own.intersection(guessed_names("title")):
        readable = [one for one in readable if folded_name(one.key) in _LISTS]
        if not readable:
            return None
    if not readable and len(full or candidates) == 1:
        readable = full or candidates
    if not readable:
        return None
    best = max(readable, key=lambda one: len(one.fields))  # of equals the first
    return Wrapped((*best.holder.path, best.key), best.start, best.holder.values)


def is_wrapper(data: bytes, mapped: Collection[str] = ()) -> bool:
    """Return whether an object of JSON is none of the records but something around them."""
    return may_wrap(data) and find_articles(data, padded(data), mapped) is not None


def may_wrap(data: bytes) -> bool:
    """Return False where there is no array of objects, and no empty one, to be found; quickly."""
    return _HOLDS_A_LIST.search(data) is not None


def padded(data: bytes) -> npt.NDArray[np.uint8]:
    """Return bytes for a kernel."""
    return np.frombuffer(data + bytes(SLACK), dtype=np.uint8)


def _candidates(
    data: bytes,
    view: npt.NDArray[np.uint8],
    mapped: Collection[str],
    at: int,
    holder: _Object,
    keys_left: list[int],
) -> Iterator[_Candidate]:
    """Yield the arrays of objects in the object whose brace is at `at`; fills `holder` on the way."""
    size = len(data)
    at = _past(data, at + 1)
    while data[at : at + 1] == b'"' and keys_left[0] > 0:
        keys_left[0] -= 1
        end = value_end(view, at, size)
        colon = _KEY_ENDS.match(data, end) if end > 0 else None
        if colon is None:
            return
        key = _loaded(data[at:end])
        at = colon.end()
        first = data[at : at + 1]
        if not first or not isinstance(key, str):
            return
        if first in b'{["':
            end = value_end(view, at, size)
        else:
            scalar = _SCALAR.match(data, at)
            end = scalar.end() if scalar else -1
        if first == b"{" and len(holder.path) + 1 < _DEEPEST:
            inner = _Object((*holder.path, key))
            yield from _candidates(data, view, mapped, at, inner, keys_left)
            holder.values[key] = inner.values
        elif first == b"[":
            elements = _first_elements(data, view, at + 1)
            if elements or _at(data, _past(data, at + 1)) == b"{":
                yield _Candidate(holder, key, at + 1, _fields(elements, mapped))
            elif folded_name(key) in _LISTS and _at(data, _past(data, at + 1)) == b"]":
                yield _Candidate(holder, key, at + 1, frozenset(), is_empty=True)
            if end > 0 and key in ("author", "authors"):
                holder.values[key] = _loaded(data[at:end])
        elif end > 0:
            holder.values[key] = _loaded(data[at:end])
        if end < 0:
            return
        at = _past(data, end)
        if data[at : at + 1] != b",":
            return
        at = _past(data, at + 1)


def _first_elements(data: bytes, view: npt.NDArray[np.uint8], at: int) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    at = _past(data, at)
    while len(elements) < _ELEMENTS_LOOKED_AT and data[at : at + 1] == b"{":
        end = value_end(view, at, len(data))
        if end < 0:
            break
        element = _loaded(data[at:end])
        if isinstance(element, dict):
            elements.append(element)
        at = _past(data, end)
        if data[at : at + 1] == b",":
            at = _past(data, at + 1)
    return elements


def _says_something(value: Any) -> bool:
    """Return whether a value is a string or, as in ``"title": {"rendered": "..."}``, an object around one."""
    return isinstance(value, str) or (
        isinstance(value, dict) and any(isinstance(inner, str) for inner in value.values())
    )


def _has_text(value: Any) -> bool:
    return isinstance(value, dict) and any(
        (isinstance(inner, str) and folded_name(key) in _TEXTS) or _has_text(inner)
        for key, inner in value.items()
    )


def _fields(elements: list[dict[str, Any]], mapped: Collection[str]) -> frozenset[str]:
    """Return the fields that keys of these elements could be."""
    names: set[str] = set()
    for element in elements:
        for name in (*element, *dotted_names(element)):
            names.add(folded_name(name.rpartition(".")[2]))
    found = {one for one in FIELD_NAMES if names.intersection(guessed_names(one))}
    if any(value_at(element, name) is not None for element in elements for name in mapped):
        found.add("mapped")
    return frozenset(found)


def _past(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return found.end() if found else at


def _at(data: bytes, at: int) -> bytes:
    return data[at : at + 1]


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
