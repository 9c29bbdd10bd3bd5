"""Which format a feed is in, told by its first bytes.

Binary formats carry a mark; XML and HTML show at their first element (`markup_kind.py`), JSON at the
first character; CSV by a header with a field's name in it and rows of one width; a page dump by its
structure. The name of a file counts only where its content leaves a doubt (a ``.jsonl`` whose first
lines are broken).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal

import orjson

from dedup.errors import FeedError, SettingsError
from dedup.feeds.fields.field_names import folded_name
from dedup.feeds.from_csv.csv_shape import csv_shape
from dedup.feeds.from_page.page_dump import is_page_dump
from dedup.feeds.markup_kind import markup_kind
from dedup.feeds.reasons import shown

if TYPE_CHECKING:
    from dedup.feeds.sources.source import Source

Format = Literal["jsonl", "json", "csv", "page", "parquet", "arrow", "xml", "html"]

FORMAT_NAMES: Final[dict[str, Format]] = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "jsonfeed": "json",
    "json-feed": "json",
    "newsplease": "json",
    "news-please": "json",
    "csv": "csv",
    "tsv": "csv",
    "page": "page",
    "page-dump": "page",
    "page_dump": "page",
    "parquet": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
    "ipc": "arrow",
    "rss": "xml",
    "atom": "xml",
    "rdf": "xml",
    "xml": "xml",
    "html": "html",
    "htm": "html",
}
"""What ``--format-in`` takes, and the format it means."""

# "[1]" and "{{" also begin texts; JSON goes on with a key, a value or the end.
_JSON_BEGINS = re.compile(rb'\{\s*(?:["}]|$)|\[\s*(?:[{\[\]"]|$)|\[\s*(?:-?\d|true|false|null)[^\]]*\]?\s*$')
_BINARY: Final[dict[bytes, Format]] = {
    b"PAR1": "parquet",
    b"PARE": "parquet",
    b"ARROW1\0\0": "arrow",
    b"FEA1": "arrow",
}
# A stream of Arrow has no mark but this and the length of its schema.
_STREAM_BEGINS: Final = b"\xff\xff\xff\xff"
_LONGEST_SCHEMA: Final = 16 << 20
_OTHER_XML: Final = {
    "urlset": "a sitemap; give the pages it lists",
    "sitemapindex": "a sitemap; give the pages it lists",
    "opml": "a list of feeds; give the feeds it lists",
    "svg": "a picture",
}
_HEADING = re.compile(rb"#{1,6} +\S")
_LINES_LOOKED_AT: Final = 50
_CERTAIN_ROWS: Final = 0.9
_LIKELY_ROWS: Final = 0.5


def named_format(name: str) -> Format:
    """Return the format a user named; raise `SettingsError` when there is none of that name."""
    try:
        return FORMAT_NAMES[name.lower()]
    except KeyError:
        raise SettingsError(
            f"--format-in {name!r} is no feed format", f"choose from: {', '.join(FORMAT_NAMES)}"
        ) from None


def guess_format(source: Source, mapped: Collection[str] = ()) -> Format:
    """Return the format of an open file.

    Parameters
    ----------
    source : Source
        Its first bytes tell; the ending of its name decides only in doubt.
    mapped : collection of str
        Column names that the user gave with ``--map``.

    Raises
    ------
    FeedError
        It looks like none of the formats.
    """
    path = source.path
    binary = binary_format(source.raw_head)
    if binary is not None:
        return binary
    ending = _ending(path)
    markup = markup_kind(source.raw_head, ending)
    if markup is not None and markup.kind != "other":
        return markup.kind
    if markup is not None:
        said = _OTHER_XML.get(markup.root.lower(), "if it is one all the same, read it with --format-in rss")
        raise FeedError(
            f"{path}: XML, but neither RSS, RDF nor Atom (it begins with <{shown(markup.root)}>)", said
        )
    head, whole = source.head, source.whole
    lines = [line for line in head.split(b"\n", 1 + 4 * _LINES_LOOKED_AT) if line.strip()]
    first = lines[0].lstrip(b"\xef\xbb\xbf \t\r") if lines else b""
    if _JSON_BEGINS.match(first):
        return _json_kind(lines[:_LINES_LOOKED_AT], first, whole, mapped)
    text = head.decode("utf-8", "replace")
    if ending in ("jsonl", "ndjson", "json") or _mostly_objects(lines):
        return "jsonl"
    shape = csv_shape(text, whole, mapped)
    wide = shape is not None and len(shape.header) > 1
    if shape is not None and wide and shape.known and shape.whole >= _LIKELY_ROWS:
        return "csv"
    if not _is_markdown(lines) and is_page_dump(text):
        return "page"
    if shape is not None and shape.known and not wide and folded_name(shape.header[0]):
        return "csv"  # one column: a list of headlines under the word "title"
    if shape is not None and wide and all(shape.header) and shape.rows > 1 and shape.whole >= _CERTAIN_ROWS:
        return "csv"  # a table without a name we know: the field map will say what it lacks
    if ending in ("csv", "tsv"):
        return "csv"
    raise FeedError(
        f"{path}: not a feed I can read (no JSON objects, no table under a header, no RSS, Atom or HTML, and "
        "not the structure of a news page: a title, a time line, paragraphs, lists)",
        "give JSON lines, CSV, Parquet, RSS, saved pages or a page dump, or name the format with --format-in",
    )


def binary_format(raw_head: bytes) -> Format | None:
    """Return the format of a file in binary, or None for a text or an unknown one."""
    for mark, format in _BINARY.items():
        if raw_head.startswith(mark):
            return format
    if raw_head.startswith(_STREAM_BEGINS):
        length = int.from_bytes(raw_head[4:8], "little")
        # The length of a schema is padded to eight bytes.
        if 0 < length < _LONGEST_SCHEMA and length % 8 == 0:
            return "arrow"
    return None


def _json_kind(lines: list[bytes], first: bytes, whole: bool, mapped: Collection[str]) -> Format:
    parsed = [_loaded(line) for line in lines]
    objects = sum(isinstance(value, dict) for value in parsed)
    if first.startswith(b"["):
        # An array on each line is JSON lines of the wrong kind, and told so line by line.
        arrays = sum(isinstance(value, list) for value in parsed)
        return "jsonl" if arrays > 1 or objects > 1 else "json"
    if len(lines) == 1 and (whole or parsed[0] is None):
        return "json"  # one line: an object, or an object around the array
    if isinstance(parsed[0], dict):
        from dedup.feeds.from_json.json_wrappers import wrapped_path

        # The answers of a service, one a line: each wraps the same array. One line that is an article itself
        # and the others are too, whatever arrays are in them.
        whole_lines = (line for line, value in zip(lines, parsed, strict=True) if isinstance(value, dict))
        paths = (wrapped_path(line.strip(b" \t\r\xef\xbb\xbf"), mapped) for line in whole_lines)
        common = next(paths)
        return "json" if common is not None and all(path == common for path in paths) else "jsonl"
    # The first line of an object over several lines is none by itself.
    opens = sum(line.lstrip().startswith(b"{") for line in lines)
    return "jsonl" if opens > len(lines) / 2 else "json"


def _loaded(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _mostly_objects(lines: list[bytes]) -> bool:
    looked_at = lines[:_LINES_LOOKED_AT]
    return sum(line.lstrip().startswith(b'{"') for line in looked_at) > len(looked_at) / 2


def _is_markdown(lines: list[bytes]) -> bool:
    """Return whether a text is written in Markdown, which no page copied from a browser is."""
    headings = sum(_HEADING.match(line) is not None for line in lines)
    fences = sum(line.lstrip().startswith((b"```", b"~~~")) for line in lines)
    return headings > 1 or fences > 1 or bool(lines and _HEADING.match(lines[0].lstrip(b"\xef\xbb\xbf")))


def _ending(path: str) -> str:
    endings = [ending.lower() for ending in PurePath(path).suffixes]
    while endings and endings[-1] in (".gz", ".bz2", ".xz", ".zst", ".zip", ".txt"):
        endings.pop()
    return endings[-1].lstrip(".") if endings else ""
