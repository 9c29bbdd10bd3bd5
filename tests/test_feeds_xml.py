"""RSS, RDF, Atom and CDF: what goes in comes out, what is broken is said, nothing else is opened."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape as xml_escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.article import FeedBatch
from dedup.feeds import read_feed, reasons
from dedup.feeds.clean.html_text import html_to_text
from dedup.feeds.documents import Document, Parsed, built
from dedup.feeds.from_markup import xml_feed
from dedup.feeds.from_markup.xml_feed import XmlFeedReader, parsed
from dedup.feeds.raw_batch import RawBatch
from dedup.feeds.readers import ReadOptions
from dedup.feeds.sources.from_path import open_sources
from dedup.feeds.workers.worker import DIED, TOO_SLOW, Failure

if TYPE_CHECKING:
    from dedup.feeds.file_reading import FileReading


def parse(data: bytes, name: str) -> RawBatch:
    """Parse a feed as one of a folder."""
    return parsed(data, name).batch


DATA = Path(__file__).parent / "data" / "feeds"
BODY = "Crossings to Skarholm stopped at dawn.\n\nNo boats\n\nNo buses"
KNOWN: dict[str, list[tuple[int, dict[str, Any]]]] = {
    "rss20.xml": [
        (
            7,
            {
                "title": "Ferry strike & fog halt crossings",
                "text": BODY,
                "id": "hg-1041",
                "byline": "Ida Brook",
            },
        ),
        (16, {"outlet": "Harbour Gazette", "credit": "North Wire", "byline": "Night Desk"}),
    ],
    "rss_search.xml": [(3, {"title": "Ferry strike halts crossings", "outlet": "Harbour Gazette"})],
    "rss10.rdf": [(5, {"published": "2025-01-17T06:15:00Z", "byline": "M. Ferrand", "language": "en"})],
    "rss090.rdf": [(4, {"title": "Lamp oil dearer again", "outlet": "Old Quay Bulletin"})],
    "rss091.xml": [(4, {"title": "Café on the quay reopens", "text": "After two years — at last."})],
    "rss092.xml": [(2, {"title": None, "text": "An item without a title."})],
    "atom10.xml": [
        (
            4,
            {
                "title": "Deich bei 3 < 4 Metern hält",
                "url": "https://moorblatt.example/nachrichten/deich.html",
            },
        ),
        (10, {"title": "Torf & Heide", "outlet": "Heidekurier", "text": "Eins\n\nZwei", "language": "de"}),
    ],
    "atom03.xml": [(3, {"published": "2004-05-06T07:00:00Z", "updated": "2004-05-06T07:08:09Z"})],
    "channel.cdf": [(3, {"title": "Tide tables are out", "text": "High water at noon."})],
    "rss_1251.xml": [(3, {"title": "Мост открыт", "outlet": "Речной вестник"})],
    "rss_utf16.xml": [(3, {"title": "Мост открыт", "language": "ru"})],
}


@pytest.mark.parametrize("name", KNOWN)
def test_each_dialect_gives_its_articles(name: str) -> None:
    batch = parse((DATA / name).read_bytes(), name)
    found = dict(zip(batch.lines, batch.records, strict=True))
    for line, expected in KNOWN[name]:
        assert {key: found[line][key] for key in expected} == expected


def test_a_broken_feed_is_read_as_far_as_possible_and_said() -> None:
    batch = parse((DATA / "rss_broken.xml").read_bytes(), "f")
    assert [(line, one["text"]) for line, one in zip(batch.lines, batch.records, strict=True)] == [
        (3, "One."),
        (4, "Two & three."),
        (5, "Four."),
        (6, "Five."),
        (7, "Six and sev"),
    ]
    assert sorted((one.line, one.reason) for one in batch.rejects) == [
        (4, reasons.NOT_WELL_FORMED),
        (5, reasons.NOT_WELL_FORMED),
        (7, reasons.DAMAGED),
    ]


def test_an_entry_of_nothing_is_rejected_with_its_line() -> None:
    feed = read_feed(DATA / "rss20.xml")
    assert feed.to_table().num_rows == 2
    assert [(one.line, one.reason) for one in feed.rejects] == [(25, reasons.NOTHING_TO_READ)]


def rss(entries: str, doctype: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel><title>T</title>{entries}</channel></rss>'
    ).encode()


ATTACKS = {
    "billion laughs": rss(
        "<item><title>&a9;</title></item>",
        '<!DOCTYPE rss [<!ENTITY a0 "ha">'
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        + "]>",
    ),
    "quadratic": rss(
        f"<item><title>{'&q;' * 20_000}</title></item>", f'<!DOCTYPE rss [<!ENTITY q "{"x" * 50_000}">]>'
    ),
    "nesting": rss(f"<item><title>t</title><description>{'<a>' * 20_000}</description></item>"),
    "attribute": rss(f'<item><title a="{"y" * 10_000_000}">t</title></item>'),
    "comments": rss("<!--" * 40_000 + "<item><title>t</title></item>"),
    "address": rss(f"<item><title>t</title><author>{'a@b.' * 15_000}</author></item>"),
    "cdata": rss(f"<item><title>{'<![CDATA[' * 20_000}</title></item>"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_takes_neither_time_nor_room(name: str) -> None:
    start = time.perf_counter()
    batch = parse(ATTACKS[name], name)
    assert time.perf_counter() - start < 20
    assert sum(len(value) for one in batch.records for value in one.values() if value) < 1_000_000


def test_nothing_is_read_from_disk_or_network(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("never to be read")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        web = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for where in (secret.as_uri(), web):
            for doctype in (
                f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{where}">]>',
                f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "{where}"> %p;]>',
                f'<!DOCTYPE rss SYSTEM "{where}">',
            ):
                inner = (
                    '<item><title>t &x;</title><description><xi:include parse="text" '
                    f'xmlns:xi="http://www.w3.org/2001/XInclude" href="{where}"/></description></item>'
                )
                assert "never to be read" not in str(parse(rss(inner, doctype), "f"))
        # feedparser takes bytes for the name of a file, and text for an address.
        for data in (str(secret).encode(), web.encode()):
            batch = parse(data, "f")
            assert [one.reason for one in batch.rejects] == [reasons.NO_FEED]
        with pytest.raises(BlockingIOError):
            listener.accept()


plain = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=40)
words = plain.map(lambda text: " ".join(text.split())).filter(
    lambda text: text != "" and not _looks_like_mojibake(text)
)


def _looks_like_mojibake(text: str) -> bool:
    """Return whether feedparser would take `text` for UTF-8 read as Latin-1, and mend it."""
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False


@given(st.lists(st.tuples(words, words), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_what_goes_into_rss_comes_out(stories: list[tuple[str, str]]) -> None:
    entries = "".join(
        f"<item><title>{xml_escape(escape(title))}</title>"
        f"<description>{xml_escape('<p>' + escape(text) + '</p>')}</description></item>\n"
        for title, text in stories
    )
    batch = parse(rss(entries), "f")
    assert [(one["title"], one["text"]) for one in batch.records] == stories
    assert batch.rejects == []


@given(st.binary(max_size=300), st.integers(0, 2_000), st.sampled_from(sorted(KNOWN)))
@settings(deadline=None, max_examples=100)
def test_a_mutated_feed_is_read_or_rejected(noise: bytes, place: int, name: str) -> None:
    data = (DATA / name).read_bytes()
    place %= len(data)
    for broken in (noise, data[:place] + noise + data[place:], data[:place], data[:place] + noise):
        assert isinstance(parse(broken, name), RawBatch)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("AT&T < 5 & rising", "AT&T < 5 & rising"),
        ("<p>One<p>Two<br/>x &amp; y", "One\n\nTwo\n\nx & y"),
        ("write to <jane@example.org>", "write to <jane@example.org>"),
        ("<a title='x > y'>L</a>ink", "Link"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<script>if (a < b) {}</script><!-- no -->z", "z"),
        ("&lt;p&gt;Hi&lt;/p&gt;&lt;p&gt;Yo&lt;/p&gt;", "Hi\n\nYo"),
        ("<div>" * 100_000 + "deep", "deep"),
        ("$x<a$ text and $b>y$ more", "$x<a$ text and $b>y$ more"),
        ("if a <b && c> d: x", "if a <b && c> d: x"),
        ("i<s; s>3", "i<s; s>3"),
        ("Ask <Jane Doe> now", "Ask <Jane Doe> now"),
        ("Is x <y and z> w?", "Is x <y and z> w?"),
        ("<p>5 &lt;b and c&gt; 3 <b and c> 3</p>", "5 <b and c> 3 <b and c> 3"),
        ("std::map<int, b> x; if (i <n) List<String> y", "std::map<int, b> x; if (i <n) List<String> y"),
        ('<a href="x"target=y>L</a>ink <img src="a" alt="so "called" b">here', "Link here"),
        ("<td nowrap>1</td><br clear=all>2<o:p></o:p><x-box k=1>", "1\n\n2"),
        ("Close it with &lt;/p&gt; always", "Close it with </p> always"),
        ("<p>Put a <script> tag in.</p><p>Two</p>", "Put a\n\nTwo"),
        ('One <embed src="x"> two <iframe src="y"> three', "One two three"),
    ],
)
def test_html_becomes_text(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_any_number_of_workers_gives_the_same_records(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    broken = "<item><title>Smith & Sons</title></item>"
    entries = "\n".join(
        broken
        if n % 97 == 0
        else f"<item><title>Story {n}</title><description>{'word ' * 80}</description></item>"
        for n in range(2_000)
    )
    path.write_bytes(rss("\n" + entries))
    found = []
    for workers in (0, 1, 2):
        (source,) = open_sources(str(path))
        batches = list(XmlFeedReader(source, ReadOptions(batch_size=300), workers).read())
        assert max(len(batch.records) for batch in batches) <= 300
        found.append(
            (
                [line for batch in batches for line in batch.lines],
                [one for batch in batches for one in batch.records],
                [one for batch in batches for one in batch.rejects],
            )
        )
    assert found[0] == found[1] == found[2]
    assert found[0][0] == list(range(2, 2_002))
    assert len(found[0][2]) == 21


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>D</title>
<entry><title type="text">Caf\u00c3\u00a9: the
&lt;b&gt;tag&lt;/b&gt;</title><id>1</id><content type="text">Use &lt;div&gt; &amp;amp; &lt;p&gt;one&lt;/p&gt;
tags.</content></entry></feed>"""


@pytest.mark.parametrize("alone", [True, False])
def test_plain_text_of_a_feed_is_not_read_as_markup_again(tmp_path: Path, alone: bool) -> None:
    (tmp_path / "a.xml").write_text(ATOM, encoding="utf-8")
    row = read_feed(tmp_path / "a.xml" if alone else tmp_path).to_table().to_pylist()[0]
    assert " ".join(row["text"].split()) == "Use <div> &amp; <p>one</p> tags."
    assert row["title"] == "Café: the <b>tag</b>"  # what is not about markup is mended still


def test_drafts_and_attachments_of_an_export_are_no_articles() -> None:
    kinds = [("post", "publish"), ("page", "publish"), ("post", "draft"), ("attachment", "inherit")]
    kinds += [("nav_menu_item", "publish")]
    items = "".join(
        f"<item><title>{n}</title><wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type></item>\n"
        for n, (kind, status) in enumerate(kinds)
    )
    export = rss(items).replace(b"<rss ", b'<rss xmlns:wp="http://wordpress.org/export/1.2/" ')
    batch = parse(export, "f")
    assert [one["title"] for one in batch.records] == ["0", "1"]
    assert [(one.line, one.reason, one.detail) for one in batch.rejects] == [
        (3, reasons.NOT_PUBLISHED, "status: draft"),
        (4, reasons.NOT_PUBLISHED, "post type: attachment"),
        (5, reasons.NOT_PUBLISHED, "post type: nav_menu_item"),
    ]


def test_a_list_of_other_headlines_is_no_text() -> None:
    link = '<a href="https://news.example/{0}">Headline {0} of a story</a>&nbsp;<font>Outlet {0}</font>'
    source = '<source url="https://quay.example">Quay Post</source>'
    bodies = [
        "<ol>" + "".join(f"<li>{link.format(n)}</li>" for n in range(3)) + "</ol>",
        '<a href="https://news.example/x">Lamp found</a>&nbsp;<font>Quay Post</font>',
        'The lamp was found by <a href="x">a keeper</a> on Monday.',
    ]
    items = "".join(
        f"<item><title>Lamp found - Quay Post</title>{source}"
        f"<description>{xml_escape(body)}</description></item>"
        for body in bodies
    )
    batch = parse(rss(items), "f")
    assert [one["title"] for one in batch.records] == ["Lamp found"] * 3
    assert [one["text"] for one in batch.records] == [None, None, "The lamp was found by a keeper on Monday."]


@pytest.mark.parametrize("padding", [0, 5_000])
def test_what_a_feed_says_of_itself_behind_its_entries_is_seen(padding: int) -> None:
    item = b"<item><title>A</title></item>" + b"<!--" + b"x" * padding + b"-->"
    feed = (
        b'<rss version="2.0"><channel>' + item + b"<title>Quay</title><language>fr</language></channel></rss>"
    )
    (record,) = parse(feed, "f").records
    assert (record["outlet"], record["language"]) == ("Quay", "fr")
    first = feed.replace(b"<item>", b"<title>First</title><item>", 1)
    assert parse(first, "f").records[0]["outlet"] == "First"


def test_a_feed_that_cannot_be_parsed_loses_in_a_folder_only_the_bad_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = "\n".join(f"<item><title>{title}</title></item>" for title in ("one", "two"))
    data = rss(entries)
    document = Document(cast("FileReading", SimpleNamespace(path="f")), "xml", data)
    seen: list[list[str]] = []

    def read_parsed(parsed: Parsed, document: Document, seconds: float) -> Iterator[FeedBatch]:
        seen.append([one["title"] for one in parsed.batch.records])
        return iter(())

    monkeypatch.setattr(document.reading, "read_parsed", read_parsed, raising=False)
    assert list(built(document, Failure(TOO_SLOW))) == []
    assert seen == [["one", "two"]]


def test_of_a_failed_chunk_each_entry_is_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    items = "\n".join(f"<item><title>{title}</title></item>" for title in ("one", "bad", "three"))

    def crashing(function: object, tasks: Iterable[tuple[Any]], *_: object, **__: object) -> Iterator[Any]:
        for (chunk,) in tasks:
            bad = any("bad" in entry for entry in chunk.entries)
            yield Failure(DIED, "signal 11") if bad else xml_feed.parse_chunk(chunk)

    monkeypatch.setattr(xml_feed, "ordered_map", crashing)
    batch = xml_feed.salvaged(rss(items), "f").batch
    assert [one["title"] for one in batch.records] == ["one", "three"]
    assert [(one.line, one.reason) for one in batch.rejects] == [(2, DIED)]
