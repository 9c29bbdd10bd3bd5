"""What a file is, told by its content: marks, comments and encodings aside, tags in a text no markup."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError, SettingsError
from dedup.feeds import read_feed
from dedup.feeds.formats import FORMAT_NAMES, guess_format, named_format
from dedup.feeds.markup_kind import markup_kind
from dedup.feeds.readers import READERS
from dedup.feeds.sources.from_path import open_sources

FIXTURES = Path(__file__).parent / "data" / "feeds"

RSS = '<rss version="2.0"><channel><title>News</title><item><title>A</title></item></channel></rss>'
RSS_09 = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel/><item/></rdf:RDF>'
)
RSS_1 = '<rdf:RDF xmlns="http://purl.org/rss/1.0/"><channel/><item/></rdf:RDF>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title></entry></feed>'
ATOM_PREFIXED = '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry/></a:feed>'
PAGE = "<html><head><title>A</title></head><body><p>Words.</p></body></html>"
XML = '<?xml version="1.0"?>'


def told(tmp_path: Path, content: bytes, name: str = "feed", mapped: tuple[str, ...] = ()) -> str:
    path = tmp_path / name
    path.write_bytes(content)
    [found] = [guess_format(source, mapped) for source in open_sources(str(path)) if source.raw_head]
    return found


@pytest.mark.parametrize("feed", [RSS, RSS_09, RSS_1, ATOM, ATOM_PREFIXED], ids=range(5))
@pytest.mark.parametrize(
    "before",
    [
        "",
        XML,
        f"\n\n  {XML}\n",
        f'{XML}<?xml-stylesheet href="a.css"?><!-- <html> of ours -->\n<!-- more -->',
        f'{XML}<!DOCTYPE rss [<!ENTITY a "<html>"> <!ENTITY b ">">]>',
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://a.example/rss.dtd">',
    ],
    ids=range(6),
)
def test_feeds_in_xml_show_at_their_first_element(feed: str, before: str, tmp_path: Path) -> None:
    assert told(tmp_path, (before + feed).encode()) == "xml"


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        f"<!DOCTYPE html>\n{PAGE}",
        f"<!-- saved from url=(0022)https://a.example/ -->\n<!doctype HTML>\n{PAGE}",
        f'{XML}<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1-strict.dtd">{PAGE}',
        '<HTML lang="en"><BODY>Words</BODY></HTML>',
        "<!doctype html><title>Lamp</title><p>Words.",
        "<head><title>Lamp</title></head><body><p>a</p><p>b</p><p>c</p></body>",
        "<div class='a'>" + "<p>Words.</p>" * 5 + "</div>",
        f"<!--{'x' * 100_000}-->{PAGE}",
    ],
    ids=range(9),
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_saved_pages_show_at_their_doctype_or_first_element(page: str, encoding: str, tmp_path: Path) -> None:
    assert told(tmp_path, page.replace("Words", "Слова").encode(encoding)) == "html"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251"])
def test_the_encoding_of_a_feed_hides_nothing(encoding: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{RSS}'.replace("News", "Новости")
    assert told(tmp_path, text.encode(encoding)) == "xml"
    assert told(tmp_path, codecs.BOM_UTF8 * 2 + b"\r\n" + RSS.encode()) == "xml"


@pytest.mark.parametrize(
    ("document", "root", "fix"),
    [
        ('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>', "urlset", "sitemap"),
        ('<opml version="2.0"><body/></opml>', "opml", "list of feeds"),
        ("<nitf><body/></nitf>", "nitf", "--format-in rss"),
        ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "rdf:RDF", "--format-in rss"),
    ],
)
def test_other_xml_is_named_by_its_root(document: str, root: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError) as caught:
        told(tmp_path, (XML + document).encode())
    assert f"begins with <{root}" in str(caught.value)
    assert fix in str(caught.value)


def test_texts_that_hold_tags_are_no_markup(tmp_path: Path) -> None:
    html = '<a href="https://a.example/">this page</a> and <br> that <html> element of <rss> feeds'
    csv = f'title,text\n"Lamp found","{html.replace(chr(34), chr(39))}"\n"<b>Lamp</b> lost","{XML}"\n'
    assert told(tmp_path, csv.encode()) == "csv"
    assert told(tmp_path, csv.encode(), "feed.xml") == "csv"
    lines = '{"title": "Lamp", "text": "<html><body><p>Words</p></body></html>"}\n' * 2
    assert told(tmp_path, lines.encode()) == "jsonl"
    assert told(tmp_path, lines.encode(), "feed.html.jsonl") == "jsonl"
    page = Path("samples/page_dump.txt").read_text(encoding="utf-8")
    assert told(tmp_path, page.replace("The ", f"{html} the ", 3).encode()) == "page"
    with pytest.raises(FeedError, match="not a feed I can read"):
        told(tmp_path, b"<b>Dear</b> diary,\n\nnothing happened <i>today</i>.\n")


def test_junk_before_the_markup_is_overlooked_where_the_name_says_what_it_is(tmp_path: Path) -> None:
    junk = "Warning: something() on line 7\n"
    assert told(tmp_path, f"{junk}{XML}{RSS}".encode(), "news.rss") == "xml"
    assert told(tmp_path, f"{junk}{XML}{ATOM}".encode(), "news.xml.gz") == "xml"
    assert told(tmp_path, f"{junk}{PAGE}".encode(), "story.html") == "html"


def test_binary_formats_are_told_by_their_mark(tmp_path: Path) -> None:
    table = pa.table({"title": ["Lamp"], "text": ["Words"]})
    for name, write in (
        ("parquet", lambda file: pa.parquet.write_table(table, file)),
        ("arrow", lambda file: pa.feather.write_feather(table, file)),
    ):
        written = io.BytesIO()
        write(written)
        assert told(tmp_path, written.getvalue(), "feed.csv") == name
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    assert told(tmp_path, stream.getvalue()) == "arrow"
    with pytest.raises(FeedError, match="not a feed I can read"):
        told(tmp_path, b"\xff\xff\xff\xff" + b"\x07\x01\x02\x03" * 200)


def test_every_name_of_a_format_has_a_reader_and_others_are_told() -> None:
    for name in ("rss", "ATOM", "rdf", "xml", "html", "parquet", "arrow", "feather", "ipc"):
        assert named_format(name) in READERS
    assert {named_format("jsonfeed"), named_format("newsplease")} == {"json"}
    assert set(FORMAT_NAMES.values()) == set(READERS)
    with pytest.raises(SettingsError, match=r"choose from: jsonl, .*rss, atom"):
        named_format("docx")


PIECES = (
    *("<", ">", "<!--", "-->", "<?xml", "?>", "<!DOCTYPE html", "[", "]", "<rss>", "<html>", "<p>", "<div>"),
    *("\ufeff", "\0", " ", "\n", "a", "</", "<!doctype", "é", "<a:feed "),
)
markup = st.lists(
    st.sampled_from(PIECES),
    max_size=40,
).map("".join)


@given(markup | st.text(max_size=200), st.sampled_from(("utf-8", "utf-16", "utf-32", "latin-1")), st.text())
@settings(deadline=None, max_examples=300)
def test_whatever_the_bytes_an_answer_comes(text: str, encoding: str, ending: str) -> None:
    found = markup_kind(text.encode(encoding, "replace"), ending)
    assert found is None or found.kind in ("xml", "html", "other")


def test_a_megabyte_of_openings_takes_no_time() -> None:
    for piece in (b"<!--", b"<", b"<!DOCTYPE a [", b"<div ", b"<?", b"<a:", b" <p"):
        markup_kind(piece * (1 << 18), "html")
        markup_kind(b"<div>" + piece * (1 << 18), "html")


def test_a_page_saved_as_a_web_archive_is_a_page(tmp_path: Path) -> None:
    head = "From: <Saved>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\tboundary='b'\n\n"
    assert told(tmp_path, f"{head}--b\nContent-Type: text/html\n\n{PAGE}\n--b--\n".encode()) == "html"


def test_every_fixture_is_told_by_content_alone(tmp_path: Path) -> None:
    """The name says nothing here; pages without an article in them are told as pages all the same."""
    fixtures = [path for path in sorted(FIXTURES.iterdir()) if path.is_file()]
    assert len(fixtures) > 20
    for fixture in fixtures:
        path = tmp_path / "feed"
        path.write_bytes(fixture.read_bytes())
        feed = read_feed(path)
        articles = sum(batch.articles.num_rows for batch in feed)
        assert articles + feed.n_rejected > 0, fixture.name
        assert articles or fixture.name in ("page_error.html", "page_index.html", "page_paywall.html")
