"""The plain text of one news page, as copied from a browser, to articles.

What comes out: the main article (title, body without furniture, both times in
UTC, place, credit, byline, outlet) and every other headline the page lists, each
as an article with a title only. The lists matter: it is side by side in
"Trending" and "Latest" that one agency story shows up twice under two headlines.

A page dump is known by its structure (see `is_page_dump`), never by a site's name.

Rules worth knowing:

- The standfirst, the paragraph between title and byline, is the page's own abstract and no part of the text.
- A dateline "TOWN (Agency) -" gives place and credit, and stays in the text.
- A listed headline has at least four words (eight CJK characters). It carries the page's outlet and no date:
  the page's date is the date of its own article.
- Equal headlines of one page are one article, and the main title in a list is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, FeedBatch
from dedup.feeds.dates.read_date import Moment
from dedup.feeds.from_page.page_layout import PageLayout, lay_out
from dedup.feeds.from_page.page_lines import (
    PageLine,
    folded,
    is_capitals,
    is_headline,
    is_legal_line,
    is_list_heading,
    is_menu,
    is_paragraph,
)
from dedup.feeds.from_page.page_source import PageSource, page_source
from dedup.feeds.from_page.page_words import COMMENTS_HEADING, LIST_HEADING

_LEAST_TEXT: Final = 150  # characters of body; less is a caption
_LEAST_LISTED: Final = 3
_MOST_LINES: Final = 20_000
_EVIDENCE: Final = 2


@dataclass(frozen=True)
class Page:
    """What a page dump holds.

    Parameters
    ----------
    batch : FeedBatch
        The main article first, then the listed headlines in page order.
    articles : int
        1, or 0 for a page of headlines alone.
    listed : int
        Number of listed headlines.
    """

    batch: FeedBatch
    articles: int
    listed: int


def is_page_dump(text: str) -> bool:
    """Return whether `text` has the structure of a news page.

    It takes a title over a body, or some headlines in lists, and two signs
    that this is a page and not any text: a time stamp, a byline, a credit or
    dateline, a list heading or numbered list, a menu, a legal line, a headline that stands twice.
    """
    if text.count("\n") > _MOST_LINES:
        return False
    layout = lay_out(text)
    listed = list(listed_headlines(layout))
    article = layout.title is not None and sum(map(len, layout.paragraphs)) >= _LEAST_TEXT
    if not article and len(listed) < _LEAST_LISTED:
        return False
    lines = layout.lines
    source = page_source(layout)
    signs = (
        any(stamp.labelled or stamp.timed for stamp in layout.stamps.values()),
        source.byline is not None,
        source.credit is not None,
        any(line.rank is not None or LIST_HEADING.fullmatch(line.text) for line in lines),
        any(is_menu(line) and len(line.parts) > 1 for line in lines),
        any(is_legal_line(line.text) for line in lines),
        _has_repeated_headline(lines),
    )
    return sum(signs) >= _EVIDENCE


def _has_repeated_headline(lines: list[PageLine]) -> bool:
    seen: set[str] = set()
    for line in lines:
        if is_headline(line.text):
            name = folded(line.text)
            if name in seen:
                return True
            seen.add(name)
    return False


def listed_headlines(layout: PageLayout) -> Iterator[tuple[int, str]]:
    """Yield (line number, headline) for each headline the page lists, once each, in order.

    Above the title only marked items count (numbers, bullets, "BREAKING:", or
    a list heading above), for site slogans stand there; below the body every line that is one.
    """
    lines = layout.lines
    seen = {folded(lines[layout.title].text)} if layout.title is not None else set()
    repeated = _labels(lines)
    top = layout.title if layout.title is not None else layout.body.start
    comments = False
    in_list = False
    for index, line in enumerate(lines[: layout.footer]):
        if COMMENTS_HEADING.fullmatch(line.text):
            comments, in_list = True, False
            continue
        if is_list_heading(line):
            comments, in_list = False, True
            continue
        between = top <= index < layout.body.stop if layout.body else False
        if between or comments or index in layout.stamps or is_menu(line) or is_paragraph(line):
            continue
        if layout.body and index < top and not (in_list or line.item or line.flash):
            continue
        parts = line.parts if len(line.parts) > 1 else [line.text]
        for part in parts:
            name = folded(part)
            if not is_headline(part) or name in seen or name in repeated:
                continue
            if is_capitals(part) and not line.item:
                continue
            seen.add(name)
            yield line.number, part


def _labels(lines: list[PageLine]) -> set[str]:
    """Return lines that stand under many headlines ("By our special correspondent"): no headlines."""
    counts: dict[str, int] = {}
    for line in lines:
        name = folded(line.text)
        counts[name] = counts.get(name, 0) + 1
    return {name for name, count in counts.items() if count > 4}


def read_page(text: str, file: str) -> Page | None:
    """Return the articles of a page dump, or None when it has neither an article nor headlines.

    Parameters
    ----------
    text : str
        The whole page.
    file : str
        Its path, for the articles' `file` column.
    """
    layout = lay_out(text)
    listed = list(listed_headlines(layout))
    paragraphs = layout.paragraphs
    if layout.title is None and not paragraphs and not listed:
        return None
    source = page_source(layout)
    rows: list[dict[str, Any]] = []
    has_article = layout.title is not None or bool(paragraphs)
    if has_article:
        line = layout.lines[layout.title if layout.title is not None else layout.body.start]
        rows.append(
            {
                "title": line.text if layout.title is not None else None,
                "text": "\n\n".join(paragraphs) or None,
                "line": line.number,
                **_said(source),
            }
        )
    rows += [{"title": headline, "outlet": source.outlet, "line": number} for number, headline in listed]
    file = file.encode("utf-8", "replace").decode()
    batch = pa.RecordBatch.from_pylist([{"file": file, **row} for row in rows], schema=ARTICLE_SCHEMA)
    return Page(FeedBatch(articles=batch), int(has_article), len(listed))


def _said(source: PageSource) -> dict[str, Any]:
    def moment(one: Moment | None) -> Any:
        return None if one is None else one[0]

    return {
        "outlet": source.outlet,
        "published": moment(source.published),
        "precision_s": None if source.published is None else source.published[1],
        "updated": moment(source.updated),
        "byline": source.byline,
        "place": source.place,
        "credit": source.credit,
    }
