"""Where in a JSON object the articles are: the object itself, or an array somewhere in it.

The rule. Looked at are the arrays of objects that begin in the part of the object given, through
objects up to `_DEEPEST` keys down; of each, its first elements. An object is an article itself when its keys,
or those of objects in it, name a title or a text (`name` alone is none):

- beside a text, no array is an array of articles;
- beside a title, only one that is called like a list of articles, and none where an object further down
  holds a text;
- where only an object further down has a title, also one that is called `data`, `content` and the like;
- otherwise any array, unless its elements have neither a title nor a text and it is not all there is.

Authors, tags, pictures, comments and so on are never the articles (`_NEVER`). Of several arrays the first in
this order is taken: elements with both a title and a text; called like a list of articles; a text; more of
our fields; the earlier one. Those with titles that are left unread are told. An empty array counts only where
there is no other and it is called so: the answer of a service that found nothing. Where there is no array,
the articles may be the values of an object, see `json_objects.keyed_articles`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from dedup.feeds.dotted_path import value_at
from dedup.feeds.fields.field_names import FIELD_NAMES, folded_name, guessed_names
from dedup.feeds.from_json.json_elements import value_end
from dedup.feeds.from_json.json_objects import TEXTS, TITLES, SeenObject, keyed_articles
from dedup.feeds.raw_batch import dotted_names
from dedup.feeds.vectors import SLACK

_DEEPEST: Final = 4
_ELEMENTS_LOOKED_AT: Final = 5
_KEYS_LOOKED_AT: Final = 4096
_LISTS: Final = frozenset(
    (
        *("articles", "article", "items", "item", "entries", "entry", "results", "result", "hits", "docs"),
        *("documents", "stories", "news", "posts", "records", "rows", "feed", "response"),
    )
)
# Lists of articles in the answers of services, but of an article its paragraphs.
_LISTS_WITHOUT_TITLE: Final = frozenset(("data", "content", "contents", "value", "list"))
_NEVER: Final = frozenset(
    (
        *("author", "authors", "creator", "creators", "contributor", "contributors", "byline", "bylines"),
        *("tag", "tags", "keyword", "keywords", "category", "categories", "topic", "topics", "entities"),
        *("image", "images", "media", "multimedia", "photo", "photos", "picture", "pictures", "gallery"),
        *("video", "videos", "enclosure", "enclosures", "attachment", "attachments", "thumbnails"),
        *("comment", "comments", "link", "links", "breadcrumb", "breadcrumbs"),
    )
)
_HOLDS_A_LIST = re.compile(rb"\[\s*[{\]]")
_OBJECT_BEGINS = re.compile(rb":\s*\{")
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
    unread : tuple of str
        Paths of other arrays whose elements have titles.
    is_keyed : bool
        It is no array but an object, whose values are the articles.
    """

    path: tuple[str, ...]
    start: int
    around: dict[str, Any]
    unread: tuple[str, ...] = ()
    is_keyed: bool = False


@dataclass(slots=True)
class _Candidate:
    holder: SeenObject
    key: str
    start: int
    fields: frozenset[str]
    is_empty: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.holder.path, self.key)

    def can_hold_articles(self, top: SeenObject) -> bool:
        """Return whether it is more than a part of one article; see the rule at the top."""
        names = [folded_name(key) for key in self.path]
        if not _NEVER.isdisjoint(names):
            return False
        beside = self.holder.beside()
        if "text" in beside or (self.is_empty and top.names("title")):
            return False
        if names[-1] in _LISTS:
            return not ("title" in beside and top.names("text"))
        if names[-1] in _LISTS_WITHOUT_TITLE:
            return "title" not in beside and not top.names("text")
        return not (top.names("title") or top.names("text"))

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        listed = folded_name(self.key) in _LISTS | _LISTS_WITHOUT_TITLE
        both = {"true title", "true text"} <= self.fields
        return both, listed, "true text" in self.fields, len(self.fields)


def find_articles(data: bytes, view: npt.NDArray[np.uint8], mapped: Collection[str]) -> Wrapped | None:
    """Return the array or object of articles in an object, or None when the object itself is the record.

    Parameters
    ----------
    data : bytes
        Begins with the brace of the object; need not hold its end.
    view : uint8 array
        The same bytes, followed by `SLACK` bytes.
    mapped : collection of str
        Columns that the user named.
    """
    top = SeenObject((), 1)
    candidates = list(_candidates(data, view, mapped, 0, top, [_KEYS_LOOKED_AT]))
    if any(value_at(top.values, name) is not None for name in mapped):
        return None
    possible = [one for one in candidates if one.can_hold_articles(top) or "mapped" in one.fields]
    full = [one for one in possible if not one.is_empty]
    readable = [one for one in full if one.fields & {"title", "text", "mapped"}]
    if not readable and len(full or possible) == 1:
        readable = full or possible
    if not readable:
        keyed = keyed_articles(top)
        return None if keyed is None else Wrapped(keyed.path, keyed.start, keyed.values, is_keyed=True)
    best = max(readable, key=lambda one: one.rank)  # of equals the first
    unread = tuple(".".join(one.path) for one in full if one is not best and "true title" in one.fields)
    return Wrapped(best.path, best.start, best.holder.values, unread)


def wrapped_path(data: bytes, mapped: Collection[str] = ()) -> tuple[str, ...] | None:
    """Return the keys to the array of articles in an object of JSON; None when it is one of the records."""
    found = find_articles(data, padded(data), mapped) if _HOLDS_A_LIST.search(data) else None
    return None if found is None or found.is_keyed else found.path


def may_wrap(data: bytes) -> bool:
    """Return False where no array of objects, no empty one and no two objects can be found; quickly."""
    return _HOLDS_A_LIST.search(data) is not None or len([*islice(_OBJECT_BEGINS.finditer(data), 2)]) == 2


def member(data: bytes, view: npt.NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Return where the value begins and ends whose key is at `at`; -1 where `data` ends before.

    Parameters
    ----------
    data, view : bytes, uint8 array
        As for `find_articles`.
    """
    end = value_end(view, at, len(data))
    colon = _KEY_ENDS.match(data, end) if end > 0 else None
    if colon is None or colon.end() == len(data):
        return -1, -1
    start = colon.end()
    if data[start] in b'{["':
        return start, value_end(view, start, len(data))
    scalar = _SCALAR.match(data, start)
    return start, scalar.end() if scalar and scalar.end() < len(data) else -1


def padded(data: bytes) -> npt.NDArray[np.uint8]:
    """Return bytes for a kernel."""
    return np.frombuffer(data + bytes(SLACK), dtype=np.uint8)


def _candidates(
    data: bytes,
    view: npt.NDArray[np.uint8],
    mapped: Collection[str],
    at: int,
    holder: SeenObject,
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
            inner = SeenObject((*holder.path, key), at + 1, (*holder.around, holder))
            yield from _candidates(data, view, mapped, at, inner, keys_left)
            holder.add_object(key, inner)
        elif first == b"[":
            elements = _first_elements(data, view, at + 1)
            if elements or _at(data, _past(data, at + 1)) == b"{":
                yield _Candidate(holder, key, at + 1, _fields(elements, mapped))
            elif folded_name(key) in _LISTS | _LISTS_WITHOUT_TITLE and _at(data, _past(data, at + 1)) == b"]":
                yield _Candidate(holder, key, at + 1, frozenset(), is_empty=True)
            else:
                holder.note(key)  # paragraphs
            if elements and folded_name(key) in TITLES:
                holder.note(key)
            if end > 0 and key in ("author", "authors"):
                holder.values[key] = _loaded(data[at:end])
        elif end > 0:
            holder.add(key, _loaded(data[at:end]))
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


def _fields(elements: list[dict[str, Any]], mapped: Collection[str]) -> frozenset[str]:
    """Return the fields that keys of these elements could be."""
    names: set[str] = set()
    for element in elements:
        for name in (*element, *dotted_names(element)):
            names.add(folded_name(name.rpartition(".")[2]))
    found = {one for one in FIELD_NAMES if names.intersection(guessed_names(one))}
    if names & TITLES:
        found.add("true title")
    if names & TEXTS:
        found.add("true text")
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
