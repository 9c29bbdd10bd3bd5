"""What holds for any feed: nothing is lost, what goes in comes out, no error but `DedupError` is raised."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import DedupError
from dedup.feeds import read_feed
from dedup.feeds.from_csv.csv_table import NULLS
from dedup.feeds.reasons import KEPT

PAGES = sorted((Path(__file__).parent / "data" / "feeds").glob("page_*.txt"))


@contextmanager
def file_with(data: bytes, name: str = "feed") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


# Surrogates cannot be written as UTF-8, and a file of control characters is taken for binary.
any_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t"), min_size=1, max_size=60
).filter(lambda text: not text.isspace())
# CSV has no null of its own, so what programs write for it cannot be a title.
cell_text = any_text.filter(lambda text: text not in NULLS and text.strip() != "" and "\r" not in text)

articles = st.fixed_dictionaries(
    {"title": any_text},
    optional={"id": any_text, "text": any_text | st.none(), "source": any_text, "byline": any_text},
)


@given(st.lists(articles, min_size=1, max_size=20), st.integers(1, 7), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_goes_into_json_lines_comes_out(
    records: list[dict[str, Any]], batch_size: int, escaped: bool, packed: bool
) -> None:
    data = "".join(json.dumps(record, ensure_ascii=escaped) + "\n" for record in records).encode()
    with file_with(gzip.compress(data) if packed else data, "feed.jsonl") as path:
        feed = read_feed(path, batch_size=batch_size, clean=False)
        batches = [batch.articles for batch in feed]
    assert max(batch.num_rows for batch in batches) <= batch_size
    rows = [row for batch in batches for row in batch.to_pylist()]
    for field, key in (("title", "title"), ("id", "id"), ("text", "text"), ("outlet", "source")):
        assert [row[field] for row in rows] == [record.get(key) for record in records], field
    assert (feed.n_read, feed.n_rejected) == (len(records), 0)


@given(
    st.lists(st.tuples(cell_text, cell_text, cell_text), min_size=1, max_size=20), st.sampled_from(",;\t|")
)
@settings(deadline=None, max_examples=60)
def test_what_goes_into_csv_comes_out(rows: list[tuple[str, str, str]], separator: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("Headline", "Source", "Body"), *rows])
    with file_with(out.getvalue().encode(), "feed.csv") as path:
        feed = read_feed(path, clean=False)
        found = feed.to_table().to_pylist()
    assert [(row["title"], row["outlet"], row["text"]) for row in found] == rows
    assert feed.rejects == []


def _reads_or_says_why(data: bytes, name: str = "feed", **options: Any) -> None:
    with file_with(data, name) as path:
        try:
            feed = read_feed(path, **options)
            batches = list(feed)
        except DedupError as error:
            if "\n" in str(error):
                raise ValueError("an error of more than one line") from error
            return
        articles = sum(batch.articles.num_rows for batch in batches)
        rejects = [one for batch in batches for one in batch.rejects]
        assert all(batch.articles.schema == ARTICLE_SCHEMA for batch in batches)
        assert feed.n_read == articles + feed.n_rejected
        assert feed.n_rejected == sum(one.reason not in KEPT for one in rejects)
        assert sum(feed.reject_counts.values()) == len(rejects)
        for one in rejects:
            assert len(one.detail) <= 200
            assert one.detail.isprintable() or not any(ord(char) < 32 for char in one.detail)
            assert one.line >= 0


bits_of_feeds = st.sampled_from(
    [
        *(b'{"title": "a", "text": "b"}', b"\n", b"\r\n", b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]"),
        *(b",", b";", b"\t", b"title,text", b"Headline|Source", b"\xef\xbb\xbf", b"\xfe\xff", b"1.", b"NaN"),
        *(b"By Ann Bo", b"\\ud800", b"25-11-2024 13:29 IST", b"Updated: 3 March 2025", b"\xc2\xa9 2025"),
        *(b"Two goats stop a train on the hill. ", b'"date": "2024-13-01"', b"TRENDING", b"1e999", b"sep=;"),
        *("Café 日本".encode(), b"\x1f\x8b", b"\x28\xb5\x2f\xfd"),
    ]
)


@given(st.lists(bits_of_feeds | st.binary(max_size=12), max_size=30).map(b"".join))
@settings(deadline=None, max_examples=250)
def test_rubbish_is_read_or_rejected_and_never_a_traceback(data: bytes) -> None:
    _reads_or_says_why(data)


@given(
    st.lists(bits_of_feeds | st.binary(max_size=8), max_size=15).map(b"".join),
    st.sampled_from(["jsonl", "json", "csv", "page"]),
)
@settings(deadline=None, max_examples=150)
def test_rubbish_under_a_named_format_too(data: bytes, name: str) -> None:
    _reads_or_says_why(data, format=name)


@given(
    st.sampled_from(PAGES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6) | bits_of_feeds), max_size=6),
    st.floats(0.2, 1),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoilt_page_is_read_or_rejected(
    page: Path, spoils: list[tuple[float, bytes]], kept: float
) -> None:
    data = page.read_bytes()
    for where, what in spoils:
        at = int(where * len(data))
        data = data[:at] + what + data[at + len(what) // 2 :]
    _reads_or_says_why(data[: int(kept * len(data))])


@given(st.binary(max_size=40), st.integers(0, 100), st.booleans())
@settings(deadline=None, max_examples=80)
def test_a_spoilt_gzip_file_is_read_or_rejected(noise: bytes, at: int, cut: bool) -> None:
    packed = gzip.compress(b'{"title": "Lamp found", "text": "Blue."}\n' * 50)
    at = at * len(packed) // 100
    _reads_or_says_why(packed[:at] + noise + (b"" if cut else packed[at:]), "feed.jsonl.gz")
