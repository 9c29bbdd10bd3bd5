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

from dedup.feeds.html_text import html_to_text

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


if __name__ == "__main__":
    for part in sys.argv[1:] or ["text"]:
        {"text": text}[part]()
