"""From the places where values stand to columns of Arrow, without an object for each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from dedup.feeds.from_json.json_grammar import four_digits
from dedup.feeds.from_json.json_scan import ESCAPED, PLAIN
from dedup.feeds.vectors import SLACK, copy_some, first_bit, string_stops

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]

PATCHED: Final = 5
"""Kind of a value that stands in the patches, as UTF-8: one that was made in Python."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole lines of a feed and the records that stand in them.

    Parameters
    ----------
    data : uint8 array
        The lines, followed by `SLACK` bytes.
    low, high : int
        Records ``low`` to ``high - 1`` of the batch.
    """

    data: Bytes
    low: int
    high: int


def string_column(
    segments: Sequence[Segment],
    starts: Int32s,
    ends: Int32s,
    kinds: Bytes,
    patches: bytes = b"",
    *,
    keep_blank: bool = False,
) -> pa.StringArray:
    """Return the strings of one key.

    Parameters
    ----------
    segments : sequence of Segment
        Together they cover all n records.
    starts, ends, kinds : arrays, shape (n,)
        Where each value stands: in its segment, or (kind `PATCHED`) in `patches`.
    patches : bytes
        UTF-8.
    keep_blank : bool
        False: what is empty or nothing but white space, as `str.isspace` has it, is null.

    Returns
    -------
    pa.StringArray
        n values; null where the kind is none of `PLAIN`, `ESCAPED` and `PATCHED`.
    """
    n = len(kinds)
    there = kinds >= PLAIN
    # Escapes only ever shrink.
    room = int((ends - starts)[there].sum(dtype=np.int64)) + SLACK
    buffer = pa.allocate_buffer(room, resizable=True)
    out = np.frombuffer(buffer, dtype=np.uint8)
    offsets = np.zeros(n + 1, dtype=np.int32)
    valid = np.zeros(n, dtype=np.bool_)
    padded = np.frombuffer(patches + bytes(SLACK), dtype=np.uint8)
    filled = 0
    for one in segments:
        filled = _gather(
            one.data, padded, starts, ends, kinds, one.low, one.high, out, filled, offsets, valid, keep_blank
        )
    del out
    buffer.resize(filled, shrink_to_fit=filled < room // 2)
    missing = n - int(np.count_nonzero(valid))
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little")) if missing else None
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), buffer, bitmap, missing)


@_compiled
def _gather(data, patches, starts, ends, kinds, low, high, out, filled, offsets, valid, keep_blank):  # type: ignore[no-untyped-def]
    for row in range(low, high):
        kind = kinds[row]
        offsets[row + 1] = filled
        if kind == PATCHED:
            end = _copied(patches, starts[row], ends[row], out, filled)
        elif kind == PLAIN:
            end = _copied(data, starts[row], ends[row], out, filled)
        elif kind == ESCAPED:
            end = _unescaped(data, starts[row], ends[row], out, filled)
        else:
            continue
        if keep_blank or not _is_blank(out, filled, end):
            filled = end
            offsets[row + 1] = end
            valid[row] = True
    return filled


@_compiled
def _copied(source, start, end, out, to):  # type: ignore[no-untyped-def]
    # It may write 31 bytes too many, which the next value overwrites.
    for step in range(0, end - start, 32):
        copy_some(out, to + step, source, start + step)
    return to + (end - start)


@_compiled
def _unescaped(source, start, end, out, to):  # type: ignore[no-untyped-def]
    at = start + 0
    while at < end:
        if source[at] != 0x5C:
            copy_some(out, to, source, at)
            run = first_bit(string_stops(source, at))
            if at + run >= end:
                return to + (end - at)
            at += run
            to += run
            if run == 32:
                continue
        after = source[at + 1]
        at += 2
        if after != 0x75:
            if after == 0x6E:
                after = np.uint8(0x0A)
            elif after == 0x74:
                after = np.uint8(0x09)
            elif after == 0x72:
                after = np.uint8(0x0D)
            elif after == 0x62:
                after = np.uint8(0x08)
            elif after == 0x66:
                after = np.uint8(0x0C)
            out[to] = after
            to += 1
            continue
        code = four_digits(source, at)
        at += 4
        if 0xD800 <= code < 0xDC00:  # the scan has seen that the other half follows
            code = 0x10000 + ((code - 0xD800) << 10) + (four_digits(source, at + 2) - 0xDC00)
            at += 6
        if code < 0x80:
            out[to] = code
            to += 1
            continue
        if code < 0x800:
            out[to] = 0xC0 | code >> 6
            to += 1
        else:
            if code < 0x10000:
                out[to] = 0xE0 | code >> 12
                to += 1
            else:
                out[to] = 0xF0 | code >> 18
                out[to + 1] = 0x80 | code >> 12 & 0x3F
                to += 2
            out[to] = 0x80 | code >> 6 & 0x3F
            to += 1
        out[to] = 0x80 | code & 0x3F
        to += 1
    return to


@_compiled
def _is_blank(text, at, end):  # type: ignore[no-untyped-def]
    """Return whether valid UTF-8 is empty or all white space, the same as `str.isspace` calls so."""
    while at < end:
        lead = text[at]
        if lead == 0x20 or 0x09 <= lead <= 0x0D or 0x1C <= lead <= 0x1F:
            at += 1
        elif lead == 0xC2 and (text[at + 1] == 0x85 or text[at + 1] == 0xA0):
            at += 2
        elif lead == 0xE1 or lead == 0xE2 or lead == 0xE3:
            code = (
                (np.int64(lead) & 0xF) << 12
                | (np.int64(text[at + 1]) & 0x3F) << 6
                | np.int64(text[at + 2]) & 0x3F
            )
            if not (
                0x2000 <= code <= 0x200A
                or code == 0x2028
                or code == 0x2029
                or code == 0x202F
                or code == 0x205F
                or code == 0x3000
                or code == 0x1680
            ):
                return False
            at += 3
        else:
            return False
    return True
