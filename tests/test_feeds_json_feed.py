"""JSON Feed 1.0 and 1.1: items with what they have from the feed around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.feeds import read_feed
from tests.test_feeds_properties import any_text, file_with

FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "The Example",
    "home_page_url": "https://news.example/",
    "description": "News of lamps and boats",
    "authors": [{"name": "Desk"}],
    "language": "en",
}
ITEM = {
    "id": "1",
    "url": "https://news.example/lamp",
    "title": "Lamp found",
    "content_text": "It was blue.",
    "date_published": "2025-03-04T12:30:15+01:00",
    "date_modified": "2025-03-04T13:00:00Z",
    "authors": [{"name": "Ann Bo"}, {"name": "Carl Du", "url": "https://c.example"}],
    "tags": ["lamps"],
}


def rows_of(
    tmp_path: Path, feed: dict[str, Any], *items: dict[str, Any], first: bool = False
) -> list[dict[str, Any]]:
    path = tmp_path / "feed.json"
    document = {"items": list(items), **feed} if first else {**feed, "items": list(items)}
    path.write_text(json.dumps(document, indent=1))
    read = read_feed(path)
    rows = read.to_table().to_pylist()
    assert f"json feed {feed['version'].rpartition('/')[2]}" in read.notes[0]
    assert read.rejects == []
    return rows


@pytest.mark.parametrize("first", [False, True])
def test_an_item_comes_out_field_by_field(tmp_path: Path, first: bool) -> None:
    row = rows_of(tmp_path, FEED, ITEM, first=first)[0]
    assert (row["id"], row["url"], row["title"], row["text"]) == (
        "1",
        ITEM["url"],
        "Lamp found",
        "It was blue.",
    )
    assert (row["outlet"], row["byline"], row["language"]) == ("The Example", "Ann Bo, Carl Du", "en")
    assert row["published"].isoformat() == "2025-03-04T11:30:15+00:00"
    assert row["updated"].isoformat() == "2025-03-04T13:00:00+00:00"


def test_what_an_item_lacks_it_has_from_the_feed_and_what_it_has_it_keeps(tmp_path: Path) -> None:
    bare = {"id": "2", "external_url": "https://o.example/x", "content_text": "Only a text."}
    own = {**ITEM, "language": "fr", "source": "Other"}
    rows = rows_of(tmp_path, FEED, bare, own)
    assert [row["outlet"] for row in rows] == ["The Example", "Other"]
    assert [row["byline"] for row in rows] == ["Desk", "Ann Bo, Carl Du"]
    assert [row["language"] for row in rows] == ["en", "fr"]
    assert [row["url"] for row in rows] == ["https://o.example/x", ITEM["url"]]


def test_text_is_plain_text_then_markup_then_summary_item_by_item(tmp_path: Path) -> None:
    items = [
        {**ITEM, "content_html": "<p>Not this.</p>"},
        {**ITEM, "content_text": "", "content_html": "<p>It was <b>red</b> &amp; green.</p><p>And old.</p>"},
        {**ITEM, "content_text": None, "summary": "A lamp."},
    ]
    texts = [row["text"] for row in rows_of(tmp_path, FEED, *items)]
    assert texts[0] == "It was blue."
    assert "It was red & green." in texts[1]
    assert "<" not in texts[1]
    assert texts[2] == "A lamp."


def test_version_1_0_has_one_author(tmp_path: Path) -> None:
    feed = {**FEED, "version": "https://jsonfeed.org/version/1", "author": {"name": "Desk"}}
    del feed["authors"]
    item = {key: value for key, value in ITEM.items() if key != "authors"}
    rows = rows_of(tmp_path, feed, item, {**item, "author": {"name": "Eva Fa"}})
    assert [row["byline"] for row in rows] == ["Desk", "Eva Fa"]


def test_the_title_of_a_channel_is_the_outlet_of_its_items(tmp_path: Path) -> None:
    path = tmp_path / "feed.json"
    items = [{"title": "Lamp", "link": "https://a.example/1"}, {"title": "Boat", "source": "Other"}]
    path.write_text(json.dumps({"rss": {"channel": {"title": "The Example", "item": items}}}))
    assert read_feed(path).to_table()["outlet"].to_pylist() == ["The Example", "Other"]


items = st.fixed_dictionaries(
    {"id": any_text, "title": any_text, "content_text": any_text},
    optional={"summary": any_text, "content_html": any_text, "language": any_text, "x": st.integers()},
)


@given(st.lists(items, min_size=1, max_size=10), any_text, st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_what_goes_into_a_json_feed_comes_out(
    records: list[dict[str, Any]], outlet: str, batch_size: int
) -> None:
    data = json.dumps({**FEED, "title": outlet, "items": records}).encode()
    with file_with(data, "feed.json") as path:
        feed = read_feed(path, batch_size=batch_size, clean=False)
        rows = feed.to_table().to_pylist()
    assert [(row["id"], row["title"], row["text"], row["outlet"], row["language"]) for row in rows] == [
        (one["id"], one["title"], one["content_text"], outlet, one.get("language", "en")) for one in records
    ]
    assert feed.rejects == []


@given(st.recursive(any_text | st.none() | st.integers() | st.booleans(), st.lists, max_leaves=3))
@settings(deadline=None, max_examples=50)
def test_items_of_the_wrong_type_are_read_or_rejected(value: Any) -> None:
    from tests.test_feeds_properties import _reads_or_says_why

    for key in ("authors", "author", "content_text", "content_html", "title", "url", "language", "id"):
        feed = {**FEED, key: value, "items": [{**ITEM, key: value}, ITEM, {key: value}]}
        if isinstance(feed.get("title"), str | None):
            _reads_or_says_why(json.dumps(feed).encode(), "feed.json")


def test_what_looks_like_markup_in_a_plain_text_is_text(tmp_path: Path) -> None:
    spoken = "Use &lt;div&gt; &amp; <p>one</p> tags."
    html = "<p>Use &lt;div&gt; &amp;amp; &lt;p&gt;one&lt;/p&gt; tags.</p>"
    rows = rows_of(tmp_path, FEED, {**ITEM, "content_text": spoken}, {"id": "2", "content_html": html})
    assert rows[0]["text"] == spoken
    assert rows[1]["text"] == "Use <div> &amp; <p>one</p> tags."
