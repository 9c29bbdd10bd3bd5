"""How fast HTML becomes text, and feeds and pages become articles: MB/s and articles/s.

    python tests/benchmarks/markup_speed.py [text|xml|html]

``text`` compares `html_to_text` with other ways to strip HTML; those that are not installed are left out.
"""

from __future__ import annotations

import html.parser
import random
import sys
import time
from collections.abc import Callable

from dedup.feeds.clean.html_text import html_to_text

WORDS = [
    "the",
    "council",
    "voted",
    "late",
    "on",
    "Monday",
    "to",
    "close",
    "its",
    "old",
    "bridge",
    "over",
    "river",
    "after",
    "storm",
    "damaged",
    "both",
    "piers",
]


def entry(random_: random.Random, paragraphs: int = 8) -> str:
    """Return one entry of about 3 KB, with links, entities and an image."""

    def sentence() -> str:
        return " ".join(random_.choices(WORDS, k=random_.randint(6, 24))).capitalize() + "."

    parts = ['<img src="https://images.example.org/a.jpg" width="1" height="1" alt="">']
    for _ in range(paragraphs):
        link = f'<a href="https://news.example.org/{random_.random()}">{random_.choice(WORDS)}</a>'
        parts.append(f"<p>{sentence()} {sentence()} &#8220;{link}&#8221; {sentence()} <em>A&amp;B</em></p>")
    return "\n".join(parts)


class _Parser(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []

    def handle_data(self, data: str) -> None:
        self.out.append(data)


def _by_html_parser(markup: str) -> str:
    parser = _Parser()
    parser.feed(markup)
    parser.close()
    return " ".join("".join(parser.out).split())


def strippers() -> dict[str, Callable[[str], str]]:
    """Return the ways to strip HTML that are installed."""
    ways: dict[str, Callable[[str], str]] = {"html_to_text": html_to_text, "html.parser": _by_html_parser}
    try:
        import lxml.html

        ways["lxml"] = lambda markup: " ".join(lxml.html.fromstring(markup).text_content().split())
    except ImportError:
        pass
    try:
        from selectolax.lexbor import LexborHTMLParser

        ways["selectolax"] = lambda markup: " ".join((LexborHTMLParser(markup).text() or "").split())
    except ImportError:
        pass
    return ways


def text() -> None:
    """Print MB/s of each way to strip HTML."""
    random_ = random.Random(1)
    entries = [entry(random_) for _ in range(2_000)]
    size = sum(map(len, entries)) / 1e6
    for name, strip in strippers().items():
        best = min(_seconds(strip, entries) for _ in range(3))
        print(f"{name:14} {size / best:6.1f} MB/s  {len(entries) / best:8,.0f} entries/s")


def _seconds(strip: Callable[[str], str], entries: list[str]) -> float:
    start = time.perf_counter()
    for one in entries:
        strip(one)
    return time.perf_counter() - start


def xml() -> None:
    """Print articles/s and MB/s of an RSS feed, by one process and by two."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from dedup.feeds.from_markup.xml_feed import XmlFeedReader
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.from_path import open_sources

    random_ = random.Random(1)
    entries = "".join(
        f"<item><title>Story {n}</title><link>https://a.example/{n}</link><guid>{n}</guid>"
        "<pubDate>Tue, 04 Mar 2025 08:30:00 GMT</pubDate>"
        f"<description><![CDATA[{entry(random_)}]]></description></item>\n"
        for n in range(5_000)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feed.xml"
        path.write_text(f'<rss version="2.0"><channel><title>T</title>{entries}</channel></rss>')
        for workers in (0, 1, 2):
            start = time.perf_counter()
            count = 0
            for source in open_sources(str(path)):
                count += sum(len(b.records) for b in XmlFeedReader(source, ReadOptions(), workers).read())
            _say(f"xml, {workers} workers", count, path.stat().st_size, start)


def html_pages() -> None:
    """Print articles/s and MB/s of saved pages, by one process and by two."""
    from dedup.feeds.from_markup.html_page import parse
    from dedup.feeds.workers.processes import ordered_map

    random_ = random.Random(1)
    links = "".join(f'<li><a href="/{n}">{random_.choice(WORDS)}</a></li>' for n in range(300))
    pages = [
        f"<html><body><ul>{links}</ul><article><h1>Story {n}</h1>{entry(random_, 12)}</article></body></html>"
        for n in range(200)
    ]
    for workers in (1, 2):
        start = time.perf_counter()
        items = [(page.encode(), "page") for page in pages]
        count = sum(len(getattr(b, "records", ())) for b in ordered_map(parse, items, workers, here=-1))
        _say(f"html, {workers} workers", count, sum(map(len, pages)), start)


def _say(name: str, count: int, size: int, start: float) -> None:
    seconds = time.perf_counter() - start
    rate = f"{count / seconds:8,.0f} articles/s {size / 1e6 / seconds:6.1f} MB/s"
    print(f"{name:18} {rate} ({count:,} in {seconds:.1f} s)")


if __name__ == "__main__":
    for part in sys.argv[1:] or ["text"]:
        {"text": text, "xml": xml, "html": html_pages}[part]()
