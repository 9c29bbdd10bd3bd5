"""What is fuzzed: functions of bytes that raise nothing, unless something is wrong. See `fuzz.py`."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import DedupError
from dedup.feeds import read_feed
from dedup.feeds.clean.clean_text import clean_text
from dedup.feeds.clean.html_text import html_to_text
from dedup.feeds.dates.iso_dates import iso_dates
from dedup.feeds.dates.read_date import read_date
from dedup.feeds.reasons import KEPT
from dedup.feeds.sources.from_path import open_sources
from dedup.feeds.sources.unpack import UnpackLimits
from dedup.text.words import tokenize
from tests.test_words import expected, pairs_of

MOST_SECONDS: Final = 10.0
"""Of processor time for one input, with kernels that are not compiled; an input has 4 kB."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_SAID: Final = 4000
TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LIMITS: Final = UnpackLimits(most_bytes=4 << 20, most_members=100)
KEPT_FILES: Final = Path(__file__).parent.parent / "data" / "fuzz"
"""Findings kept, ``TARGET-what.bin``; each was wrong once."""
_DATA: Final = Path(__file__).parent.parent / "data"
_SAMPLES: Final = _DATA.parent.parent / "samples"


def _file_of(data: bytes) -> str:
    memory = Path("/dev/shm")
    path = (memory if memory.is_dir() else Path(tempfile.gettempdir())) / f"dedup-fuzz-{os.getpid()}"
    path.write_bytes(data)
    return str(path)


def shows(text: str) -> bool:
    """Return whether a text can only be seen: no control characters, nothing that turns a line round."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS for c in text)


def check_error(error: DedupError) -> None:
    """What a command says of it is one line, made printable by the command itself."""
    assert len(str(error)) < MOST_SAID, "an error of too many words"


def check_read(data: bytes, format: str | None = None) -> None:
    """Read a feed; it is refused in one line, or every record is handed out or rejected with a reason."""
    path = _file_of(data)
    try:
        feed = read_feed(path, format=format, limits=LIMITS)
        batches = list(feed)
    except DedupError as error:
        check_error(error)
        return
    finally:
        os.unlink(path)
    articles = sum(batch.articles.num_rows for batch in batches)
    rejects = [one for batch in batches for one in batch.rejects]
    for batch in batches:
        assert batch.articles.schema == ARTICLE_SCHEMA
        batch.articles.validate(full=True)
    assert feed.n_read == articles + feed.n_rejected
    assert feed.n_rejected == sum(one.reason not in KEPT for one in rejects)
    for note in feed.notes:
        assert len(note) < MOST_SAID, "a note of too many words"
    for one in rejects:
        assert shows(one.detail), "a reject that does something when printed"
        assert len(one.detail) <= 200


def check_unpack(data: bytes) -> None:
    """Unpack: within the limits, and what cannot be unpacked is said."""
    path = _file_of(data)
    refused = []
    try:
        size = 0
        for source in open_sources(path, LIMITS, refused):
            with source:
                size += sum(map(len, source.raw_blocks()))
                said = source.damage
                assert said is None or shows(said)
        assert size <= max(2 * LIMITS.most_bytes, len(data))
    except DedupError as error:
        check_error(error)
    finally:
        os.unlink(path)
    assert all(shows(one.detail) for one in refused)


def check_markup(data: bytes) -> None:
    """Markup to text, and what cleaning makes of it; neither grows out of bounds."""
    text = data.decode("utf-8", "replace")
    assert len(html_to_text(text)) <= 4 * len(text) + 16
    cleaned, _ = clean_text(text)
    assert len(cleaned) <= 20 * len(text) + 16  # U+FDFA has 18 letters
    cleaned.encode()  # no surrogate was made


def check_dates(data: bytes) -> None:
    """Read a date three ways; the fast reader agrees with the thorough one wherever it reads at all."""
    text = data.decode("utf-8", "replace")
    found = [read_date(text, first) for first in (None, True, False)]
    for moment in found:
        assert moment is None or (1500 < moment[0].year < 2200 and moment[1] in (1, 60, 3600, 86_400))
    times, precision = iso_dates(pa.array([text]))
    if precision[0] > 0:
        assert found[0] is not None, "read by the fast reader alone"
        assert ((found[0][0] - EPOCH) // timedelta(microseconds=1), found[0][1]) == (times[0], precision[0])


def check_words(data: bytes) -> None:
    """Tokenise; the same words as the slow and obvious tokeniser finds, each where it says it stands."""
    valid = data.decode("utf-8", "replace")
    column = pa.array([data, b"", valid.encode(), data[: len(data) // 2]], pa.large_binary())
    words = tokenize(column, spans=True, stems=True)
    assert words.starts is not None
    assert words.ends is not None
    assert (words.starts < words.ends).all()
    for article, text in enumerate(column):
        own = slice(words.offsets[article], words.offsets[article + 1])
        assert (words.starts[own][1:] >= words.starts[own][:-1]).all()
        assert not len(words.ends[own]) or words.ends[own].max() <= len(text.as_py())
    assert pairs_of(words, 2) == expected(valid), "not the reference's words"


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "any": check_read,
    **{name: partial(check_read, format=name) for name in ("jsonl", "json", "csv", "page", "xml", "html")},
    "parquet": partial(check_read, format="parquet"),
    "arrow": partial(check_read, format="arrow"),
    "unpack": check_unpack,
    "markup": check_markup,
    "dates": check_dates,
    "words": check_words,
}


def timed(name: str, data: bytes) -> None:
    """Run a target; taking too long is a finding as well."""
    start = time.process_time()
    TARGETS[name](data)
    assert time.process_time() - start < MOST_SECONDS, "too slow"


def seeds(name: str) -> Iterator[bytes]:
    """Yield inputs to begin with: small feeds of the format, and the findings kept."""
    yield from (path.read_bytes() for path in sorted(KEPT_FILES.glob(f"{name}-*.bin")))
    records = [
        {
            "id": "1",
            "title": "Two goats stop a train",
            "source": "Hill Post",
            "published": "2025-03-04T10:00:00Z",
        },
        {
            "id": 2,
            "title": "Caf\u00e9 &amp; bar",
            "text": "A <b>fire</b>\u2026 \ud83d\ude80",
            "date": 1741082400,
        },
    ]
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in records)
    whole = json.dumps({"articles": records, "meta": {"n": [1, None, 1e9]}}).encode()
    table = b'Headline,Source,Date\n"Goats, a train",Post,04/03/2025\nFire;x,Times,2025-03-04\n'
    feeds = [
        path.read_bytes() for path in sorted((_DATA / "feeds").iterdir()) if path.stat().st_size < 16_000
    ]
    if name in ("any", "jsonl", "json"):
        yield from (lines, whole, json.dumps(records).encode(), lines.replace(b"\n", b"\r\n"))
    if name in ("any", "csv"):
        yield from (table, table.replace(b",", b"\t"), table.decode().encode("utf-16"))
    if name in ("any", "page", "xml", "html"):
        yield from feeds
    if name in ("parquet", "arrow", "any"):
        columns = pa.table(
            {"title": ["Goats", "Fire"], "text": ["a", None], "date": [1, 2], "tags": [["x"], []]}
        )
        out = io.BytesIO()
        pyarrow.parquet.write_table(columns, out)
        yield out.getvalue()
        for version in (1, 2):
            out = io.BytesIO()
            packed = {"compression": "uncompressed"} if version == 2 else {}
            pyarrow.feather.write_feather(columns.select([0, 1, 2]), out, version=version, **packed)
            yield out.getvalue()
        stream = io.BytesIO()
        with pa.ipc.new_stream(stream, columns.schema) as writer:
            writer.write_table(columns)
        yield stream.getvalue()
    if name in ("unpack", "any"):
        yield from (gzip.compress(lines), bz2.compress(lines), lzma.compress(lines))
        yield lzma.compress(lines, lzma.FORMAT_ALONE)
        yield pa.compress(lines, "zstd", asbytes=True)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("a.jsonl", lines)
            packed.writestr("b/c.csv", table)
        yield out.getvalue()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tape:
            member = tarfile.TarInfo("a.jsonl")
            member.size = len(lines)
            tape.addfile(member, io.BytesIO(lines))
        yield from (out.getvalue(), gzip.compress(out.getvalue()))
    if name == "markup":
        yield from (
            b"<p>One &amp; two</p><script>x</script>",
            b"Caf\xc3\x83\xc2\xa9 &lt;b&gt;<br>a-\nb",
            *feeds,
        )
    if name == "dates":
        yield from (
            b"2025-03-04T10:00:00.5+05:30", b"Tue, 04 Mar 2025 10:00:00 GMT", b"4 mars 2025 kl 10.15",
            b"1741082400", "令和7年3月4日 午後1時".encode(), b"03/04/2025 5pm ET", b"2025-063",
            b"20250304 1000",
        )  # fmt: skip
    if name == "words":
        yield from (
            "Don\u2019t \u201cstop\u201d na\u00efve 1,000.5 U.S. \u6771 \uac00\u11a8 tru\u2026".encode(),
            b"A\xcc\x80 \xef\xb7\xba\xff",
        )
        yield from (path.read_bytes()[:2000] for path in sorted(_SAMPLES.glob("*.txt")))
