"""The digest in Markdown: readable in an issue, and a feed's text can do nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dedup.report.markdown import escaped, link, markdown_lines
from dedup.report.schema import ClusterReport
from tests.commands import Command
from tests.test_report import member, report_of, reports

FEED = Path(__file__).parent.parent / "samples" / "feed.jsonl"
MARKDOWN = MarkdownIt("commonmark").enable(["table"])
HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- hidden -->",
    "![x](https://tracker.example/pixel.png)",
    "[win](javascript:alert(1))",
    "<javascript:alert(1)>",
    "**bold** _it_ `code` ~~gone~~ $x$",
    "a | b || c",
    "trailing backslash \\",
    "\\[not\\](http://x.example)",
    "line\nbreak\n\n# heading\n- list",
    "&lt;b&gt; &copy; &#60;",
    "[ref]: http://x.example",
    "@someone see #12 and GH-34",
    "www.evil.example https://evil.example mailto:a@b.example",
    "\u202eright to left\u202c",
]


def tokens(markdown: str):
    for token in MARKDOWN.parse(markdown):
        yield token
        yield from token.children or ()


def text_of(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "text_special"))


def digest(report: ClusterReport, **options) -> str:
    return "\n".join(markdown_lines(report, **options)) + "\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_feed_is_shown_and_does_nothing(text):
    said = escaped(text)
    assert {token.type for token in tokens(said)} <= {
        "paragraph_open", "inline", "text", "text_special", "paragraph_close",
    }  # fmt: skip
    shown = text_of(said).replace("\u2060", "")
    assert shown == " ".join(text.replace("\u202e", "").replace("\u202c", "").split())


@given(st.text() | st.text(alphabet="\\`*_[]()<>#|~$&{}!@:/.-w1\n ", max_size=30))
def test_whatever_the_text_only_text_comes_of_it(text):
    kinds = {token.type for token in tokens(f"x {escaped(text)} x")}
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


@pytest.mark.parametrize("text", ["@someone", "see #12", "GH-34", "a@b.example"])
def test_nobody_is_called_and_no_issue_is_referred_to(text):
    # GitHub looks for these after escapes are gone, so what stands between is a character nobody sees.
    shown = text_of(escaped(text))
    assert text not in shown
    assert shown.replace("\u2060", "") == text


@pytest.mark.parametrize("address", ["www.evil.example", "https://evil.example", "HTTP://evil.example"])
def test_a_bare_address_is_no_link_where_those_become_links(address):
    # GitHub looks for "www." and "://" in what is shown.
    shown = text_of(escaped(address))
    assert "www." not in shown
    assert "://" not in shown
    assert shown.replace("\u2060", "") == address


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "//a.example/x", "ftp://a.example", "https://", "",
        "https://bank.example@evil.example/", "https://bank.example\\@evil.example", "http s://a.example",
        None, "https://a.example/" + "x" * 1_000,
    ],
)  # fmt: skip
def test_only_plain_web_addresses_become_links(url):
    assert link("Courier", url) == "Courier"


@pytest.mark.parametrize(
    "url", ["https://a.example/x?q=1&r=(2)|3", "http://a.example/<b>\"'`x`", "https://a.example/ü/日本#top"]
)
def test_a_link_leads_where_the_feed_says_and_cannot_break_out(url):
    from urllib.parse import unquote

    inside = f"| {link('A | B', url)} |\n| --- |\n"
    (opened,) = [token for token in tokens(inside) if token.type == "link_open"]
    assert unquote(opened.attrs["href"]) == url
    assert not any(token.type.startswith("html") for token in tokens(inside))


@given(report=reports())
def test_every_member_is_one_row_of_six_cells(report):
    parsed = list(tokens(digest(report, clusters=None)))
    assert not any(token.type.startswith(("html", "image")) for token in parsed)
    rows = sum(token.type == "tr_open" for token in parsed)
    assert rows == report.members.num_rows + report.n_clusters  # a head for each
    assert sum(token.type in ("td_open", "th_open") for token in parsed) == 6 * rows
    assert sum(token.type == "heading_open" for token in parsed) == report.n_clusters


def test_a_digest_is_bounded_and_says_what_it_leaves_out():
    rows = [member(f"{n:016x}", f"{n}-{k}", f"{n}-0", size=20) for n in range(15) for k in range(20)]
    lines = digest(report_of(*rows))
    assert lines.count("### ") == 10
    assert lines.count("and 12 articles more") == 10
    assert "10 of 15 clusters shown, the largest first" in lines
    assert digest(report_of(*rows), clusters=None).count("### ") == 15


def test_the_command_writes_a_digest_that_is_the_same_each_time(dedup: Command, tmp_path):
    out = tmp_path / "digest.md"
    assert dedup("clusters", FEED, "--top", "3", "-o", out).returncode == 0
    once = out.read_bytes()
    assert once == dedup("clusters", FEED, "--top", "3", "--format", "md").stdout.encode()
    assert once.count(b"### ") == 3
    assert b"8 outlets, 1 origin (Reuters)" in once


def test_one_cluster_is_written_whole(dedup: Command, tmp_path):
    index = tmp_path / "news.dedup"
    headline = "Gunfire erupts near the embassy in Amman, officials say"
    feed = tmp_path / "feed.csv"
    rows = [f'{n},Outlet {n},2025-03-04T{n:02}:00Z,"{headline}"' for n in range(12)]
    feed.write_text("id,outlet,published,title\n" + "\n".join(rows) + "\n")
    assert dedup("index", feed, "-i", index).returncode == 0
    assert dedup("show", "-i", index, "3", "--format", "md").stdout.count("| verbatim |") == 11
    assert dedup("clusters", index, "--format", "md").stdout.count("| verbatim |") == 7
