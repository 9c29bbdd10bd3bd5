"""Saved pages: an article, or the reason why there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.from_markup.json_ld import find_article
from dedup.feeds.raw_batch import RawBatch

pytest.importorskip("trafilatura")
from dedup.feeds.from_markup import html_page
from dedup.feeds.from_markup.html_page import parse, require_trafilatura

DATA = Path(__file__).parent / "data" / "feeds"
KNOWN: dict[str, dict[str, Any]] = {
    "page_ld.html": {
        "title": "Ferry stops after storm & fog",
        "outlet": "Harbour Gazette",
        "url": "https://www.harbourgazette.example/2025/03/ferry",
        "byline": "Ida Brook, Tom Quay",
        "published": "2025-03-04T09:30:00+01:00",
        "updated": "2025-03-04T11:00:00+01:00",
        "language": "en-GB",
    },
    "page_og.html": {"title": "Le col fermé par la neige", "outlet": "La Vallée", "byline": "M. Ferrand"},
    "page.mhtml": {"url": "https://lavallee.example/col-saved", "published": "2025-01-17T06:15:00Z"},
    "page_body.html": {"outlet": "Moorblatt", "url": "https://moorblatt.example/torf"},
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_page_is_one_article(name: str) -> None:
    batch = parse((DATA / name).read_bytes(), name)
    assert batch.lines == [1]
    assert {key: batch.records[0][key] for key in KNOWN[name]} == KNOWN[name]


def test_the_text_is_that_of_the_article_alone() -> None:
    text = parse((DATA / "page_ld.html").read_bytes(), "f").records[0]["text"]
    assert text.startswith("The ferry to Skarholm stopped at dawn")
    assert text.count("\n\n") == 2
    assert not any(other in text for other in ("Sport", "Mill fire", "Copyright"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("page_index", "an index"), ("page_paywall", "behind a paywall"), ("page_error", "an error")],
)
def test_a_page_without_an_article_is_rejected(name: str, why: str) -> None:
    batch = parse((DATA / f"{name}.html").read_bytes(), name)
    assert batch.records == []
    assert batch.rejects[0].reason == reasons.NO_ARTICLE
    assert batch.rejects[0].detail.startswith(why)


def test_a_page_that_is_too_large_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_page, "LARGEST_PAGE", 1_000)
    assert [one.reason for one in parse(b"<p>" * 1_000, "f").rejects] == [reasons.PAGE_TOO_LARGE]


def test_without_trafilatura_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_page, "find_spec", lambda name: None)
    with pytest.raises(FeedError, match=r"pip install 'dedup\[html\]'"):
        require_trafilatura("page.html")


def test_broken_json_ld_is_read() -> None:
    assert find_article(['<!-- {"@type": "NewsArticle", "headline": "a\nb",} //-->'])["headline"] == "a\nb"
    assert find_article(["[" * sys.getrecursionlimit() * 10, "{", ""]) == {}


@given(st.binary(max_size=400), st.integers(0, 3_000), st.sampled_from(sorted(KNOWN)))
@settings(deadline=None, max_examples=25)
def test_a_mutated_page_is_read_or_rejected(noise: bytes, place: int, name: str) -> None:
    data = (DATA / name).read_bytes()
    place %= len(data)
    for broken in (noise, data[:place] + noise + data[place:], data[:place]):
        batch = parse(broken, name)
        assert isinstance(batch, RawBatch)
        assert len(batch.records) + len(batch.rejects) == 1


OTHER = "Another story altogether, of which this page holds every word. " * 8
OWN = "The council voted on Tuesday for the new budget of the town. " * 4


def page(said: object, body: str, title: str = "Council votes") -> bytes:
    script = f'<script type="application/ld+json">{json.dumps(said)}</script>'
    head = f'<title>{title}</title><meta property="og:title" content="{title}">{script}'
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>".encode()


@pytest.mark.parametrize(
    "said",
    [
        {
            "@type": "LiveBlogPosting",
            "headline": "Council votes",
            "liveBlogUpdate": [{"@type": "BlogPosting", "headline": "10:05", "articleBody": OTHER}],
        },
        [
            {"@type": "NewsArticle", "headline": "Another story", "articleBody": OTHER},
            {"@type": "NewsArticle", "headline": "Council votes"},
        ],
    ],
)
def test_a_page_does_not_become_another_article_it_holds(said: object) -> None:
    (record,) = parse(page(said, f"<p>{OWN}</p>"), "f").records
    assert record["title"] == "Council votes"
    assert "Another story" not in record["text"]


def test_a_page_in_a_script_without_spaces_is_long_enough_sooner() -> None:
    body = "".join(
        f"<p>{line}</p>"
        for line in ("市議会は火曜日に新しい予算を可決した。", "野党の議員は反対の立場を表明した。") * 3
    )
    body = f"<article><h1>市議会</h1>{body}</article>"
    data = f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>'
    assert len(parse(data.encode(), "f").records) == 1


@pytest.mark.parametrize(
    "title",
    ["404", "Page not found | Gazette", "Error 404", "404 Not Found", "Access denied", "Just a moment..."],
)
def test_the_title_of_an_error_page_is_told(title: str) -> None:
    (reject,) = parse(page({"@type": "NewsArticle"}, "<p>Sorry.</p>", title), "f").rejects
    assert reject.detail == f"an error page: {title}"


@pytest.mark.parametrize(
    "title", ["Error in judgement costs team the title", "Forbidden fruit", "500 years on"]
)
def test_a_headline_with_a_word_of_error_pages_is_none(title: str) -> None:
    assert parse(page({"@type": "NewsArticle"}, "<p>A brief of news.</p>", title), "f").rejects == []
