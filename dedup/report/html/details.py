"""What the page decodes only when a cluster is opened: addresses, texts and how they differ.

Clusters are packed in blocks of about `BLOCK_BYTES`, so opening one decodes a
fraction of a megabyte. Texts are aligned here and not in the browser, by
what ``dedup explain`` aligns with; here headline and text apart, and as much of the text as is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from dedup.compare.align import align
from dedup.report.html.columns import detail_fields, held_by
from dedup.report.html.source import Ints, Ties
from dedup.report.html.texts import TextShelf
from dedup.report.wording import printable

BLOCK_BYTES: Final = 256 * 1024
"""Text of the clusters that are packed together; a cluster larger than that is a block of its own."""

_ROW_BYTES: Final = 200  # what a member costs without its text
SEGMENTS: Final = {"same": 0, "changed": 1, "cut": 2, "added": 3, "moved": 4}
"""Kinds of segments by the number they have in the page; `NUMBERS` is a change of numbers."""

NUMBERS: Final = 5
_LAST_OF_BMP: Final = 0xFFFF  # code points beyond it take two units


def blocks_of(starts: Ints, sizes: Ints) -> Ints:
    """Return the block of each cluster, by the bytes of its texts; ascending, shape (k,)."""
    per_row = np.concatenate(([0], np.cumsum(sizes + _ROW_BYTES)))
    blocks = np.zeros(len(starts) - 1, np.int64)
    block, held = 0, 0
    for cluster, weight in enumerate((per_row[starts[1:]] - per_row[starts[:-1]]).tolist()):
        if held and held + weight > BLOCK_BYTES:
            block, held = block + 1, 0
        blocks[cluster] = block
        held += weight
    return blocks


def detail_blocks(
    members: pa.Table, starts: Ints, ties: Ties, blocks: Ints, shelf: TextShelf
) -> Iterator[bytes]:
    """Yield the JSON of one block after the other.

    Parameters
    ----------
    members : pa.Table
    starts : int64 array, shape (k + 1,)
    ties : Ties
    blocks : int64 array, shape (k,)
        As `blocks_of` returns them.
    shelf : TextShelf
    """
    core, weakest = held_by(starts, ties)
    fields = detail_fields(members)
    table = members.select(fields)
    firsts = np.searchsorted(blocks, np.arange(int(blocks[-1]) + 2 if len(blocks) else 1))
    for first, last in pairwise(firsts.tolist()):
        clusters = {}
        for cluster in range(first, last):
            begin, end = int(starts[cluster]), int(starts[cluster + 1])
            rows = table.slice(begin, end - begin)
            asked = [(begin, row) for row in range(begin + 1, end)]
            if weakest[cluster] >= 0:
                asked.append((int(core[cluster]), int(weakest[cluster])))
            clusters[str(cluster)] = {
                "fields": {name: _shown(rows[name]) for name in fields},
                **_texts(begin, end, asked, shelf),
            }
        yield orjson.dumps(clusters)


def _texts(begin: int, end: int, asked: list[tuple[int, int]], shelf: TextShelf) -> dict[str, Any]:
    """Return the distinct texts of a cluster, the text of each member, and the pairs of texts asked for."""
    numbers: dict[str, int] = {}
    text_of: list[int] = []
    for row in range(begin, end):
        text = shelf.text(row)
        text_of.append(-1 if text is None else numbers.setdefault(text, len(numbers)))
    texts = list(numbers)
    pairs: dict[str, Any] = {}
    for left_row, right_row in asked:
        left, right = text_of[left_row - begin], text_of[right_row - begin]
        name = f"{left}-{right}"
        if left >= 0 and right >= 0 and left != right and name not in pairs:
            pairs[name] = aligned(texts[left], texts[right])
    shortened = [row - begin for row in range(begin, end) if shelf.is_shortened(row)]
    return {"texts": texts, "text": text_of, "pairs": pairs, "shortened": shortened}


def aligned(left: str, right: str) -> dict[str, Any]:
    """Return how two texts differ, with places as JavaScript counts them (UTF-16 units).

    Headlines are aligned with each other and bodies with each other: a headline says again what the body
    says, and is no passage that moved.

    Parameters
    ----------
    left, right : str
        As `dedup.report.html.texts.readable` returns them.

    Returns
    -------
    dict
        ``segments``: kind, left start, left end, right start, right end of each, one behind the other;
        ``left_words``, ``right_words``, ``shared_words``.
    """
    at_left, at_right = _units(left), _units(right)
    flat: list[int] = []
    words = np.zeros(3, np.int64)
    left_from = right_from = 0
    for one, other in zip(_parts(left), _parts(right), strict=True):
        found = align(one, other)
        words += (found.left_words, found.right_words, found.same_words + found.moved_words)
        for segment in found.segments:
            numbers = segment.kind == "changed" and segment.numbers
            flat.append(NUMBERS if numbers else SEGMENTS[segment.kind])
            for begin, end, first, units in (
                (segment.left_start, segment.left_end, left_from, at_left),
                (segment.right_start, segment.right_end, right_from, at_right),
            ):
                places = (begin + first, end + first)
                flat += places if units is None else (int(units[at]) for at in places)
        left_from, right_from = left_from + len(one), right_from + len(other)
    return dict(
        zip(("left_words", "right_words", "shared_words"), words.tolist(), strict=True), segments=flat
    )


def _parts(text: str) -> tuple[str, str]:
    """Return the headline with the end of its line, and the body."""
    head, end, body = text.partition("\n")
    return head + end, body


def _units(text: str) -> Ints | None:
    """Return the UTF-16 units before each code point; None where they are the same."""
    if text.isascii() or len(text.encode("utf-16-le")) == 2 * len(text):
        return None
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return np.concatenate(([0], np.cumsum(1 + (points > _LAST_OF_BMP)))).astype(np.int64)


def _shown(column: pa.ChunkedArray) -> list[Any]:
    """Return a column as JSON holds it, text made printable."""
    if pa.types.is_string(column.type):
        return [None if value is None else printable(value) for value in column.to_pylist()]
    if (
        pa.types.is_integer(column.type)
        or pa.types.is_boolean(column.type)
        or pa.types.is_floating(column.type)
    ):
        values: list[Any] = column.to_pylist()
        return values
    if pa.types.is_list(column.type):
        return [
            None if value is None else printable(", ".join(map(str, value))) for value in column.to_pylist()
        ]
    return [None if value is None else printable(str(value)) for value in column.to_pylist()]
