"""JSON Feed 1.0 and 1.1, and RSS turned into JSON: what items have from the feed around them.

https://www.jsonfeed.org/version/1.1/: an item without authors or language has those of the feed. The
title of the feed is the outlet. The text is `content_text`, else `content_html` as plain text, else
`summary`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dedup.feeds.from_json.json_wrappers import Wrapped

_NAME_OF_VERSION: Final = "jsonfeed.org/version/"

TEXTS: Final = ("content_text",)
"""Columns of a JSON Feed that hold plain text, whatever looks like a tag in it. Titles should, but in many a
feed have the entities of HTML."""

Adapter = Callable[[dict[str, Any]], dict[str, Any]]
"""From an item as it stands to a record whose keys are guessed like those of any other."""


def version_of(wrapped: Wrapped) -> str | None:
    """Return the version of a JSON Feed ("1.1"); None when it is none."""
    version = wrapped.around.get("version")
    if wrapped.path == ("items",) and isinstance(version, str) and _NAME_OF_VERSION in version:
        return version.rpartition("/")[2] or "1"
    return None


def adapter_of(wrapped: Wrapped) -> Adapter | None:
    """Return what the items of this array need done to them; None: nothing."""
    around = wrapped.around
    if version_of(wrapped) is not None:
        return lambda item: _feed_item(item, around)
    if wrapped.path[-2:] == ("channel", "item"):
        title = around.get("title")
        if isinstance(title, str) and title:
            return lambda item: item if "source" in item else {**item, "source": title}
    return None


def _feed_item(item: dict[str, Any], feed: Mapping[str, Any]) -> dict[str, Any]:
    text = _filled(item.get("content_text"))
    if text is None and (markup := _filled(item.get("content_html"))) is not None:
        from dedup.feeds.clean.html_text import html_to_text

        text = _filled(html_to_text(markup))
    names = _names(item) or _names(feed)
    record = {
        "id": item.get("id"),
        "source": _filled(feed.get("title")),
        "url": _filled(item.get("url")) or _filled(item.get("external_url")),
        "title": item.get("title"),
        "content_text": text or item.get("summary"),
        "date_published": item.get("date_published"),
        "date_modified": item.get("date_modified"),
        "authors": names,
        "language": _filled(item.get("language")) or _filled(feed.get("language")),
    }
    # What is not of the standard (extensions, a "source" of an item's own) stays as it is.
    record.update((key, value) for key, value in item.items() if key not in record and key != "author")
    if _filled(item.get("source")) is not None:
        record["source"] = item["source"]
    return record


def _names(thing: Mapping[str, Any]) -> list[str]:
    """Return the names of the authors: version 1.1 has `authors`, 1.0 `author`."""
    authors = thing.get("authors")
    if not isinstance(authors, list) or not authors:
        authors = [thing.get("author")]
    names = [author.get("name") if isinstance(author, Mapping) else author for author in authors]
    return [name for name in names if isinstance(name, str) and name.strip()]


def _filled(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
