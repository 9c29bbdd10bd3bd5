"""A saved HTML page as one article: `HtmlPageReader`, by trafilatura, with what the page says of itself.

The text is trafilatura's, set to precision: a paragraph it misses costs a few shingles, while a strip of
other headlines that it keeps makes unrelated articles of an outlet alike. Where JSON-LD has a longer
``articleBody`` that is the text. Headline, people and times are what the page states (JSON-LD, then
OpenGraph and meta tags); a date is never guessed from the text, which would also depend on the day the
guess is made.

trafilatura's own removal of duplicates is off: it forgets what it saw in another order when pages come in
another order, and duplicates are what we look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from dedup.errors import MissingPackageError
from dedup.feeds import reasons
from dedup.feeds.clean.html_text import html_to_text
from dedup.feeds.from_markup.json_ld import find_article, name_of
from dedup.feeds.from_markup.page_file import page_of
from dedup.feeds.hosts import host_of
from dedup.feeds.raw_batch import RawBatch
from dedup.feeds.workers.processes import ordered_map
from dedup.feeds.workers.worker import Failure

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

LARGEST_PAGE: Final = 16 << 20
"""Bytes of a page; a larger one is rejected."""
TIME_LIMIT: Final = 30.0
"""Seconds for one page."""
COLUMNS: Final = (
    *("id", "outlet", "url", "title", "text", "published", "updated", "byline", "credit", "language"),
)
"""The columns of every batch: fields of the article, by their own names."""

# A page this small takes no time worth a process, whatever is in it.
_HERE: Final = 64 << 10
_SHORTEST_TEXT: Final = 200  # characters; less, without markup of an article, is a notice
_LONG_PARAGRAPH: Final = 80
_SHORTEST_SENTENCE: Final = 12  # characters of Chinese or Japanese, the full stop included
# A character of a script without spaces says as much as three letters: "市議会" is "the city council".
_DENSE: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
)
_LINKED: Final = 0.6  # share of a page's text that is links from which on it is an index
_TITLE_PARTS: Final = re.compile(r"\s*[|:·»–—]\s*|\s-\s")
# A part of a title as a whole.
_ERROR: Final = re.compile(
    r"(?:http )?(?:error|status)?(?: code)? ?[45]0[0-9](?: error)?"
    r"|(?:(?:http )?(?:error )?[45]0[0-9](?: error)?,? )?"
    r"(?:(?:sorry,? )?(?:the |this |that )?"
    r"(?:(?:page|file|article|content|url|story)(?: you (?:requested|are looking for))? )?"
    r"(?:was |is |could |can|cannot )?"
    r"(?:no longer available|not (?:be )?(?:found|available)|be found|unavailable)"
    r"|access (?:to this page has been )?denied|forbidden|unauthorized"
    r"|bad gateway|gateway time-?out|bad request"
    r"|service (?:temporarily )?unavailable|internal server error|too many requests|just a moment"
    r"|are you a robot|attention required|error(?: page)?|(?:an )?error (?:has )?occurred)",
    re.IGNORECASE,
)
_SAVED_FROM: Final = re.compile(r"saved from url=\(\d+\)(\S+)|^\s*url:\s+(\S+)", re.MULTILINE)


def require_trafilatura(name: str) -> None:
    """Raise `MissingPackageError` with the command that installs what `parse` needs, when it is missing."""
    if find_spec("trafilatura") is None:
        raise MissingPackageError(
            f"{name}: reading saved HTML pages needs trafilatura",
            "install it with: pip install 'dedup[html]' (in a clone: pip install '.[html]')",
        )


class HtmlPageReader:
    """Reads one saved page, or one web archive of a single page (MHTML).

    Parameters
    ----------
    source : Source
        The file.
    options : ReadOptions
        Unused: a page is one record.
    workers : int
        0: the page is parsed in this process, without a time limit.

    Raises
    ------
    FeedError
        trafilatura is not installed.
    """

    described = "html page"

    def __init__(self, source: Source, options: ReadOptions, workers: int = 1) -> None:
        require_trafilatura(source.path)
        self._source = source
        self._workers = workers
        self.replaced = 0

    def read(self) -> Iterator[RawBatch]:
        """Yield one batch: of one record, or of the reject that says why there is none."""
        name = self._source.path
        data = bytearray()
        for block in self._source.raw_blocks():
            data += block
            if len(data) > LARGEST_PAGE:
                break
        for found in ordered_map(
            parse, ((bytes(data), name),), self._workers, seconds=TIME_LIMIT, here=_HERE
        ):
            if isinstance(found, Failure):
                found = RawBatch(rejects=[reasons.reject(name, 1, found.reason, found.detail)])
            yield found


def parse(data: bytes, name: str) -> RawBatch:
    """Return the article of a page, or the reject that says why there is none.

    Parameters
    ----------
    data : bytes
        The page, in the encoding it declares.
    name : str
        For rejects.
    """
    batch = RawBatch(columns=COLUMNS, size=len(data))
    if len(data) > LARGEST_PAGE:
        detail = f"over {LARGEST_PAGE >> 20} MB"
        batch.rejects.append(reasons.reject(name, 1, reasons.PAGE_TOO_LARGE, detail))
        return batch
    record, lack = _article(data)
    if lack:
        batch.rejects.append(reasons.reject(name, 1, reasons.NO_ARTICLE, lack))
    else:
        batch.records.append(record)
        batch.lines.append(1)
    return batch


def _article(data: bytes) -> tuple[dict[str, Any], str]:
    """Return the record of a page, and what it lacks to be an article ("": nothing)."""
    import trafilatura

    markup, location = page_of(data)
    # lxml takes no NUL, and a declaration contradicts text that is decoded.
    tree = trafilatura.load_html(markup.replace("\0", "").lstrip("\ufeff")) if markup.strip() else None
    if tree is None:
        return {}, "nothing in it that is HTML" if markup.strip() else "the page is empty"
    meta = _meta(tree)
    url = _url(tree, meta, markup, location)
    scripts = [one.text or "" for one in tree.iter("script") if "ld+json" in (one.get("type") or "").lower()]
    heading = " ".join(next((one.text_content() for one in tree.iter("h1")), "").split())
    said = find_article(scripts, url, (meta.get("og:title"), heading))
    url = url or _address(said)
    linked = _linked_share(tree)
    language = name_of(said.get("inLanguage")) or tree.get("lang") or meta.get("og:locale")
    found = trafilatura.bare_extraction(
        tree,
        url=url,
        with_metadata=True,
        include_comments=False,
        deduplicate=False,
        favor_precision=True,
        # Only dates that the page states; a guess from its text would change with the day it is made.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    text = (getattr(found, "text", None) or "").strip()
    body = _string(said, "articleBody")
    body = html_to_text(body) if body else ""
    # Titles carry entities, and in JSON-LD often twice.
    title = (
        _string(said, "headline") or meta.get("og:title") or heading or getattr(found, "title", None) or ""
    )
    title = " ".join(html_to_text(title).split())
    text = _without_title(text, title, heading)
    text = "\n\n".join(filter(None, map(str.strip, text.split("\n"))))
    if len(body) > len(text):
        text = body
    marked = bool(said) or meta.get("og:type") == "article" or "article:published_time" in meta
    lack = _lack(title, text, marked, linked, said)
    sitename = getattr(found, "sitename", None)
    outlet = (
        name_of(said.get("publisher")) or meta.get("og:site_name") or meta.get("application-name") or sitename
    )
    byline = name_of(said.get("author")) or meta.get("author") or getattr(found, "author", None)
    published = _string(said, "datePublished") or meta.get("article:published_time") or meta.get("date")
    return {
        "id": None,
        "outlet": _plain(outlet) or (host_of(url) if url else None),
        "url": url,
        "title": title or None,
        "text": text or None,
        "published": published or getattr(found, "date", None),
        "updated": _string(said, "dateModified") or meta.get("article:modified_time"),
        "byline": _plain(byline),
        "credit": _plain(name_of(said.get("provider")) or name_of(said.get("sourceOrganization"))),
        "language": language or None,
    }, lack


def _lack(title: str, text: str, marked: bool, linked: float, said: Mapping[str, Any]) -> str:
    if _weight(text) >= _SHORTEST_TEXT:
        long = sum(_weight(part) >= _LONG_PARAGRAPH or _is_sentence(part) for part in text.split("\n\n"))
        if not marked and linked > _LINKED and long < 3:
            return f"an index: {linked:.0%} of its text is links"
        if not marked and long == 0:
            return "no paragraph of a sentence or more"
        return ""
    free = str(said.get("isAccessibleForFree", "")).lower()
    if free == "false":
        return f"behind a paywall: {len(text)} characters of text"
    if title and _is_error(title):
        return f"an error page: {title}"
    if marked and text:  # a brief item
        return ""
    if linked > _LINKED:
        return f"an index: {linked:.0%} of its text is links"
    return f"{len(text)} characters of text"


def _weight(text: str) -> int:
    """Return the length of a text in letters of an alphabet."""
    return len(text) + 2 * len(_DENSE.findall(text))


def _is_sentence(text: str) -> bool:
    """Return whether a paragraph is a sentence by its full stop, of a script in which headlines have none."""
    return text.endswith(("。", "！", "？")) and len(text) >= _SHORTEST_SENTENCE


def _is_error(title: str) -> bool:
    """Return whether a title is that of an error page; "Error in judgement" is not."""
    parts = [part.strip(" .!?…") for part in _TITLE_PARTS.split(title)]
    return any(part and _ERROR.fullmatch(part) for part in parts)


def _meta(tree: Any) -> dict[str, str]:
    """Return the meta tags by name or property; the first of a name counts."""
    found: dict[str, str] = {}
    for one in tree.iter("meta"):
        name = (one.get("property") or one.get("name") or one.get("itemprop") or "").strip().lower()
        content = " ".join((one.get("content") or "").split())
        if name and content:
            found.setdefault(name, content)
    return found


def _url(tree: Any, meta: Mapping[str, str], markup: str, location: str | None) -> str | None:
    """Return the address of the page: canonical, as shared, or where it was saved from."""
    comment = _SAVED_FROM.search(markup[:8_192])
    saved = location or (comment and (comment[1] or comment[2])) or None
    links = (one.get("href") for one in tree.iter("link") if (one.get("rel") or "").lower() == "canonical")
    for link in (*links, meta.get("og:url"), saved):
        if link and link.strip():
            try:
                resolved = urljoin(saved or "", link.strip())
                parts = urlsplit(resolved)
            except ValueError:
                continue
            # Broken templates name the front page as the canonical address of every page.
            if parts.scheme in ("http", "https") and (len(parts.path) > 1 or parts.query):
                return str(resolved)
    return str(saved) if saved and saved.startswith(("http:", "https:")) else None


def _address(said: Mapping[str, Any]) -> str | None:
    for one in (said.get("url"), name_of(said.get("mainEntityOfPage"), "@id")):
        if isinstance(one, str) and one.startswith(("http:", "https:")):
            return one
    return None


def _linked_share(tree: Any) -> float:
    """Return the share of the characters of a page that are in links."""
    body = tree.find("body")
    if body is None:
        return 0.0
    everything = links = 0
    depth = 0
    for event, node in _events(body):
        if event == "start":
            depth += node.tag == "a"
            size = 0 if node.tag in ("script", "style", "noscript") else len((node.text or "").strip())
        else:
            depth -= node.tag == "a"
            size = len((node.tail or "").strip())
        everything += size
        links += size if depth else 0
    return links / everything if everything else 0.0


def _events(body: Any) -> Any:
    from lxml import etree

    return etree.iterwalk(body, events=("start", "end"))


def _without_title(text: str, *titles: str) -> str:
    first, _, rest = text.partition("\n")
    return rest if " ".join(first.split()) in titles and rest.strip() else text


def _string(node: Mapping[str, Any], key: str) -> str | None:
    value = node.get(key)
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str)), None)
    return value.strip() or None if isinstance(value, str) else None


def _plain(text: str | None) -> str | None:
    return " ".join(html_to_text(text).split()) or None if text else None
