"""Saved pages: an article, or the reason why there is none."""

from __future__ import annotations

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
