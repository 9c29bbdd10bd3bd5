"""What a page says of its article in JSON-LD: schema.org's ``NewsArticle`` and its relatives.

Pages hold several scripts, graphs whose nodes refer to each other, and JSON that programs never checked:
trailing commas, entities of HTML, line breaks within strings. All of these are read; what is still no JSON
is left out.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_ARTICLES: Final = re.compile(r"(?:^|[/:#])(?:[A-Za-z]*Article|BlogPosting|LiveBlogPosting|Report)$")
# Articles in these are other articles, of which the page only has the headlines.
_ELSEWHERE: Final = frozenset(
    (
        *("itemListElement", "hasPart", "isPartOf", "mentions", "citation", "about", "review"),
        *(
            "liveBlogUpdate",
            "comment",
            "relatedLink",
            "isBasedOn",
            "subjectOf",
            "significantLink",
            "backstory",
        ),
        *("workExample", "exampleOfWork", "translationOfWork", "workTranslation", "relatedArticle"),
    )
)
_MOST_NODES: Final = 10_000
_TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")
_WRAPPER: Final = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$")


def find_article(
    scripts: Iterable[str], url: str | None = None, titles: Iterable[str | None] = ()
) -> dict[str, Any]:
    """Return the node of the page's article, references to other nodes resolved; empty where there is none.

    Parameters
    ----------
    scripts : iterable of str
        The texts of the page's ``application/ld+json`` scripts.
    url : str, optional
        The address of the page.
    titles : iterable of str or None
        What else the page calls itself.

    Notes
    -----
    Of several articles the one is taken that has the address of the page, then one with its title, then the
    one with the longest body: a page may hold other articles in full.
    """
    nodes = [node for script in scripts for node in _nodes(_loaded(script))]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    articles = [node for node in nodes if any(map(_ARTICLES.search, _types(node)))]
    if not articles:
        return {}

    called = [folded for one in titles if one and (folded := _folded(one))]

    def rank(node: Mapping[str, Any]) -> tuple[bool, bool, int]:
        body = node.get("articleBody")
        addresses = (node.get("url"), name_of(node.get("mainEntityOfPage"), "@id"))
        headlines = [_folded(one) for key in ("headline", "name") if isinstance(one := node.get(key), str)]
        agrees = any(_same(one, title) for one in headlines for title in called)
        return url is not None and url in addresses, agrees, len(body) if isinstance(body, str) else 0

    best = max(articles, key=rank)  # the first of equals
    return {key: _resolved(value, by_id) for key, value in best.items()}


def _folded(title: str) -> str:
    return " ".join(html.unescape(html.unescape(title)).casefold().split())


def _same(one: str, other: str) -> bool:
    """Return whether two headlines are one, but for what follows it ("... | The Gazette")."""
    short, long = sorted((one, other), key=len)
    return bool(short) and long.startswith(short) and not long[len(short) : len(short) + 1].isalnum()


def name_of(value: Any, key: str = "name") -> str | None:
    """Return the text of a value: itself, its `key`, or those of a list, parted by commas."""
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if isinstance(value, Mapping):
        return name_of(value.get(key)) if not isinstance(value.get(key), Mapping) else None
    if isinstance(value, list):
        names = [name for one in value if not isinstance(one, list) and (name := name_of(one, key))]
        return ", ".join(dict.fromkeys(names)) or None
    return None


def _types(node: Mapping[str, Any]) -> list[str]:
    kind = node.get("@type")
    return [one for one in (kind if isinstance(kind, list) else [kind]) if isinstance(one, str)]


def _loaded(script: str) -> Any:
    text = _WRAPPER.sub("", script.strip())
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), _TRAILING_COMMA.sub(r"\1", html.unescape(text))):
        try:
            return json.loads(attempt.strip().removesuffix(";"), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document in order, but for those that are other articles."""
    waiting, seen = [value], 0
    while waiting and seen < _MOST_NODES:
        one = waiting.pop()
        seen += 1
        if isinstance(one, dict):
            yield one
            waiting += [
                part
                for key, part in reversed(one.items())
                if key not in _ELSEWHERE and isinstance(part, dict | list)
            ]
        elif isinstance(one, list):
            waiting += [part for part in reversed(one) if isinstance(part, dict | list)]


def _resolved(value: Any, by_id: Mapping[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_resolved(one, by_id) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict) and "name" not in value and isinstance(value.get("@id"), str):
        return by_id.get(value["@id"], value)
    return value
