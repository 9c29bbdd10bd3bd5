"""One entry of a feed, as feedparser gives it, to a record with our field names.

What is decided here: which outlet published an entry, and what in it is plain text and what HTML.

A ``<source>`` names the feed an entry was taken from. In the feed of an aggregator that is the outlet; in an
outlet's own feed it is the agency it has the story from. The link tells: an article on the host of the feed
itself, and not of its source, was published by the feed's outlet, and the source is its credit. Search feeds
(Google News) link to themselves, but they write the source behind the headline as well; what they give for a
summary, links to others' headlines with the names of the outlets, is no text.

``media:credit`` is a credit only in the roles that mean who distributes; in the others it names a
photographer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

from dedup.feeds.clean.html_text import html_to_text
from dedup.feeds.hosts import host_of

_DISTRIBUTORS: Final = frozenset(
    ("distribution company", "distributor", "news agency", "agency", "publisher")
)
_ADDRESS: Final = re.compile(r"\s*\S+@\S+\s*\((.+)\)\s*")
# What WordPress exports beside its posts and pages.
_NO_ARTICLES: Final = frozenset(
    (
        "attachment",
        "nav_menu_item",
        "revision",
        "custom_css",
        "customize_changeset",
        "oembed_cache",
        "user_request",
    )
)
_PUBLISHED: Final = frozenset(("publish", "inherit"))
_LINK: Final = re.compile(r"<a\s[^<>]*>(.*?)</a\s*>", re.IGNORECASE | re.DOTALL)
_LONGEST_LIST: Final = 64 << 10  # characters of a summary that may be a list of links
_OUTLET_NAME: Final = 40  # characters beside a link, on average, that are the name of an outlet
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")

Entry = Mapping[str, Any]


def record_of(entry: Entry, feed: Entry, version: str) -> dict[str, Any]:
    """Return the record of an entry; fields it does not have are None.

    Parameters
    ----------
    entry, feed : mapping
        From feedparser; read without its substitutes for missing keys.
    version : str
        feedparser's name of the dialect; in Atom the types of texts can be relied on.
    """
    typed = version.startswith("atom")
    base = _string(feed, "link")
    url = _resolved(_string(entry, "feedburner_origlink") or _string(entry, "link"), base)
    title = " ".join(_text(_get(entry, "title_detail") or {}, typed).split())
    title, outlet, credit = _outlet(entry, feed, url, title, typed)
    published = _string(entry, "published") or _string(entry, "created")
    updated = _string(entry, "updated")
    if published is None:  # RSS 1.0 and many an Atom feed give one date, and call it so
        published, updated = updated, None
    return {
        "id": _string(entry, "id"),
        "outlet": outlet,
        "url": url,
        "title": title or None,
        "text": None if _is_links(entry, title, outlet) else _body(entry, typed) or None,
        "published": published,
        "updated": updated,
        "byline": _byline(entry),
        "credit": credit or _credit(entry),
        "language": _language(entry, feed),
    }


def unpublished(entry: Entry) -> str | None:
    """Return why an entry of a WordPress export is no article (a draft, an attachment), else None."""
    kind, status = _string(entry, "wp_post_type"), _string(entry, "wp_status")
    if kind is not None and (kind in _NO_ARTICLES or kind.startswith("wp_")):
        return f"post type: {kind}"
    if status is not None and status not in _PUBLISHED:
        return f"status: {status}"
    return None


def _get(mapping: Entry, key: str) -> Any:
    # feedparser's own lookup puts other fields in the place of missing ones.
    return dict.get(mapping, key) if isinstance(mapping, dict) else mapping.get(key)


def _string(mapping: Entry, key: str) -> str | None:
    value = _get(mapping, key)
    return value.strip() or None if isinstance(value, str) else None


def _text(detail: Entry, typed: bool) -> str:
    value = _get(detail, "value")
    if not isinstance(value, str):
        return ""
    # Outside Atom nobody says whether a text is HTML; there it may be.
    return value if typed and _get(detail, "type") == "text/plain" else html_to_text(value)


def _body(entry: Entry, typed: bool) -> str:
    """Return the longest of the contents; the summary where they are empty."""
    contents = _get(entry, "content")
    kinds = ("text/", "application/xhtml", "html", "xhtml", "text")
    found = [
        _text(one, typed)
        for one in (contents if isinstance(contents, list) else [])
        if str(_get(one, "type") or "text/html").startswith(kinds)
    ]
    return (
        max(found, key=len, default="").strip() or _text(_get(entry, "summary_detail") or {}, typed).strip()
    )


def _is_links(entry: Entry, title: str, outlet: str | None) -> bool:
    """Return whether the summary of an aggregator's entry is but linked headlines and their outlets."""
    markup = _string(_get(entry, "summary_detail") or {}, "value") or ""
    if (
        _get(entry, "content")
        or not isinstance(_get(entry, "source"), Mapping)
        or len(markup) > _LONGEST_LIST
    ):
        return False
    links = _LINK.findall(markup)
    beside = " ".join(html_to_text(_LINK.sub(" ", markup)).split())
    if len(links) == 1:  # to itself
        linked = " ".join(html_to_text(links[0]).split())
        return linked.removesuffix(f" - {outlet}") == title and beside in ("", outlet)
    return len(links) > 1 and len(beside) <= _OUTLET_NAME * len(links)


def _outlet(
    entry: Entry, feed: Entry, url: str | None, title: str, typed: bool
) -> tuple[str, str | None, str | None]:
    """Return the headline, the outlet, and the credit that the source turned out to be."""
    own = " ".join(_text(_get(feed, "title_detail") or {}, typed).split())
    host = host_of(url) if url else None
    source = _get(entry, "source")
    name, home = None, None
    if isinstance(source, Mapping):
        name = " ".join(html_to_text(_string(source, "title") or "").split()) or None
        home = host_of(_string(source, "href") or _string(source, "link") or "")
    name = name or _string(entry, "news_source")
    if name:
        if title.endswith(f" - {name}"):
            return title.removesuffix(f" - {name}").rstrip(), name, None
        feed_host = host_of(_string(feed, "link") or "")
        if own and host and feed_host and _same_site(host, feed_host) and not _same_site(host, home or ""):
            return title, own, name
        return title, name, None
    return title, _string(entry, "publisher") or own or host, None


def _same_site(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _byline(entry: Entry) -> str | None:
    people = _get(entry, "authors")
    names = [
        name
        for one in (people if isinstance(people, list) else [])
        if isinstance(one, Mapping) and (name := _string(one, "name"))
    ]
    author = _string(entry, "author") or ""
    address = _ADDRESS.fullmatch(author)
    if address or not names:  # feedparser mistakes where an address ends whose last part is long
        names = [*names[:-1], address[1] if address else author]
    texts = (" ".join(html_to_text(name).split()) for name in dict.fromkeys(names))
    return ", ".join(text for text in texts if text) or None


def _credit(entry: Entry) -> str | None:
    credits = _get(entry, "media_credit")
    for one in credits if isinstance(credits, list) else []:
        if isinstance(one, Mapping) and (_string(one, "role") or "").lower() in _DISTRIBUTORS:
            return _string(one, "content")
    return None


def _language(entry: Entry, feed: Entry) -> str | None:
    contents = _get(entry, "content")
    details = [*(contents if isinstance(contents, list) else []), _get(entry, "title_detail")]
    said = [_string(one, "language") for one in details if isinstance(one, Mapping)]
    return next(filter(None, (_string(entry, "language"), *said, _string(feed, "language"))), None)


def _resolved(link: str | None, base: str | None) -> str | None:
    if link is None or base is None or _SCHEME.match(link):
        return link
    try:
        return urljoin(base, link)
    except ValueError:  # such as a broken IPv6 address
        return link
