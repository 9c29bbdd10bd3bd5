"""Keys and content hashes: what is the same article, and what is the same text."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup.article import ARTICLE_SCHEMA
from dedup.index import identity
from dedup.index.identity import (
    article_keys,
    content_hashes,
    display_id,
    key_of_hex,
    stamps,
    text_hashes,
)

NOON = datetime(2024, 11, 24, 12, tzinfo=UTC)


def batch(*records: dict[str, Any]) -> pa.RecordBatch:
    rows = [{"file": "feed.jsonl", "line": i + 1, **record} for i, record in enumerate(records)]
    return pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA)


def test_two_outlets_numbered_alike_do_not_collide() -> None:
    keys = article_keys(batch({"id": "1", "outlet": "Herald"}, {"id": "1", "outlet": "Gazette"}, {"id": "1"}))
    assert len(set(keys.tolist())) == 3


def test_with_an_id_the_text_does_not_matter() -> None:
    a, b = article_keys(batch({"id": "x", "text": "Rain."}, {"id": "x", "text": "Sun.", "url": "u"}))
    assert a == b


def test_one_text_of_three_outlets_without_ids_is_three_articles() -> None:
    copy = {"title": "Gunfire near embassy", "text": "Police said.", "published": NOON}
    keys = article_keys(batch(*({**copy, "outlet": name} for name in ("A", "B", "C"))))
    assert len(set(keys.tolist())) == 3


def test_an_empty_id_is_no_id() -> None:
    keys = article_keys(batch({"id": "", "title": "one"}, {"id": "", "title": "two"}, {"title": "one"}))
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"outlet": "ab", "id": "c"}, {"outlet": "a", "id": "bc"}),
        ({"title": "ab", "text": "c"}, {"title": "a", "text": "bc"}),
        ({"title": "ab", "text": None}, {"title": None, "text": "ab"}),
        ({"title": "", "text": "x"}, {"title": None, "text": "x"}),
        ({"outlet": "", "id": "c"}, {"outlet": None, "id": "c"}),
    ],
)
def test_no_two_ways_to_split_fields_collide(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b = article_keys(batch(one, other))
    assert a != b


def test_content_hash_sees_every_field_but_place_in_the_feed() -> None:
    full = {
        "id": "7",
        "outlet": "Herald",
        "url": "http://h/7",
        "title": "t",
        "text": "x",
        "published": NOON,
        "precision_s": 60,
        "updated": NOON,
        "byline": "b",
        "place": "p",
        "credit": "AP",
        "language": "en",
    }
    base = content_hashes(batch(full))[0]
    for name in full:
        changed = content_hashes(batch({**full, name: None}))[0]
        assert (changed == base) == (name in ("id", "outlet")), name
    assert content_hashes(batch({**full, "file": "other", "line": 99}))[0] == base


def test_hashes_do_not_depend_on_the_batch() -> None:
    records = [
        {"id": f"é{i}" if i % 3 else None, "title": "日本" * i, "text": None if i % 4 == 0 else "x" * i}
        for i in range(40)
    ]
    whole = batch(*records)
    for hashed in (article_keys, content_hashes):
        together = hashed(whole)
        assert np.array_equal(hashed(whole.slice(7, 20)), together[7:27])
        assert np.array_equal(np.concatenate([hashed(whole.slice(i, 1)) for i in range(40)]), together)
    assert len(article_keys(whole.slice(0, 0))) == 0


def test_stale_bytes_under_a_null_do_not_enter_the_hash() -> None:
    clean = batch({"id": "1", "title": None})
    title = pa.StringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 5], np.int32)), pa.py_buffer(b"stale"), pa.py_buffer(b"\x00")
    )
    columns = [title if name == "title" else clean.column(name) for name in ARTICLE_SCHEMA.names]
    dirty = pa.record_batch(columns, schema=ARTICLE_SCHEMA)
    assert content_hashes(dirty)[0] == content_hashes(clean)[0]


def test_keys_are_what_they_were_in_format_1() -> None:
    """A change here makes every index load its feed twice: raise the format version instead."""
    made = batch(
        {"id": "a1", "outlet": "Herald"},
        {"outlet": "Herald", "url": "http://h/1", "title": "Zürich", "text": "雨", "published": NOON},
    )
    herald, url, title, text = (word.encode() for word in ("Herald", "http://h/1", "Zürich", "雨"))
    noon = int(NOON.timestamp()) * 1_000_000

    def first_64_bits(header: bytes, fields: bytes, use: bytes) -> int:
        digest = hashlib.blake2b(header + fields, digest_size=16, person=use).digest()
        return struct.unpack("<q", digest[:8])[0]

    by_id = first_64_bits(struct.pack("<2q", 6, 2), herald + b"a1", b"dedup id")
    header = struct.pack("<5q", 6, 10, 7, 3, noon)
    by_fields = first_64_bits(header, herald + url + title + text, b"dedup fields")
    assert article_keys(made).tolist() == [by_id, by_fields]
    # title, text, url, byline, place, credit, language, published, precision_s, updated
    header = struct.pack("<10q", 7, 3, 10, -1, -1, -1, -1, noon, -(2**63), -(2**63))
    assert content_hashes(made)[1] == first_64_bits(header, title + text + url, b"dedup content")


def test_a_key_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_digests", lambda batch, *_: np.zeros((batch.num_rows, 2), np.int64))
    assert article_keys(batch({"id": "a"})).tolist() == [1]


def test_display_id_goes_both_ways() -> None:
    assert display_id("feed-7", 5) == "feed-7"
    for key in (1, -1, 2**63 - 1, -(2**63), 0x0123456789ABCDEF):
        shown = display_id(None, key)
        assert len(shown) == 16
        assert key_of_hex(shown) == key
        assert key_of_hex(shown.upper()) == key
    for text in (
        "",
        "feed-7",
        "0123456789abcde",
        "0123456789abcdeg",
        "+123456789abcdef",
        "１２３４５６７８９０１２３４５６",
    ):
        assert key_of_hex(text) is None


def test_stamp_is_updated_else_published_else_before_all() -> None:
    later = datetime(2024, 11, 25, tzinfo=UTC)
    early = datetime(1899, 1, 1, tzinfo=UTC)
    found = stamps(
        batch({"published": NOON, "updated": later}, {"published": NOON}, {}, {"published": early})
    )
    assert found[2] < found[3] < found[1] < found[0]
    assert found[1] == int(NOON.timestamp() * 1_000_000)


def test_look_up_hashes_are_the_same_from_a_list_and_from_arrow() -> None:
    texts = ["a", "", None, "é" * 300, "https://a.example/1", "b"]
    column = pa.array(texts)
    assert text_hashes(column).tolist() == text_hashes(texts).tolist()
    assert text_hashes(column.slice(2, 3)).tolist() == text_hashes(texts[2:5]).tolist()
    assert text_hashes(pa.nulls(2, pa.string())).tolist() == [0, 0]
    assert text_hashes(pa.array([], pa.string())).tolist() == []
