"""Where the values of JSON lines stand: a parser that makes no objects.

For a feed nearly every value is a string that goes to Arrow as it is, so making
a Python object of it costs more than all else. This kernel checks each line against the grammar of JSON
and notes, record by record, where the value of each known key begins and ends; `json_columns.py`
copies from there. It runs without the interpreter's lock.

It understands less than orjson, on purpose: a line in which anything is out of the ordinary is *odd*
and left to the caller, who parses it as ever. Odd are invalid JSON, invalid UTF-8, a key not known or
written with escapes, ``\\u0000``, a lone surrogate, a long number, deep nesting, and whatever is no object.
What is not odd must mean to orjson what it means here: the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba import njit

from dedup.feeds.from_json.json_grammar import is_utf8, nested_end, scalar_end, skip, string_end

MISSING: Final = 0
NULL: Final = 1
PLAIN: Final = 2
ESCAPED: Final = 3
OTHER: Final = 4
"""Kinds of value: no such key, null, a string without and with backslashes, anything else."""

SEGMENT_END: Final = 0
BATCH_FULL: Final = 1
ARRAYS_FULL: Final = 2
ODD_LINE: Final = 3
"""Why a scan stopped."""

POSITION, LINE, ROWS, BYTES = range(4)
"""Places in the state of a scan: the next byte, the 1-based number of its line, records and bytes so far."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def scan_lines(data, size, state, keys, key_ends, starts, ends, kinds, spans, lines, rows, size_limit):  # type: ignore[no-untyped-def]
    """Scan lines until one is odd, the batch is full, the arrays are full or the segment ends.

    Parameters
    ----------
    data : uint8 array
        Whole lines, followed by `SLACK` bytes.
    size : int
        Bytes of them.
    state : int64 array, shape (4,)
        `POSITION`, `LINE`, `ROWS`, `BYTES`; brought up to date, to those of the odd line if there is one.
    keys, key_ends : uint8 array and int64 array, shape (k + 1,)
        Known keys, one behind the other; key j is ``keys[key_ends[j]:key_ends[j + 1]]``.
    starts, ends, kinds : int32, int32 and uint8 arrays, shape (capacity, >= k)
        Get the value of key j in record i, of strings without their quotes.
    spans, lines : int32 array, shape (capacity, 2), and int64 array, shape (capacity,)
        Get where the line of a record begins and ends, and its number.
    rows, size_limit : int
        The batch is full with so many records or bytes.

    Returns
    -------
    int
        `SEGMENT_END`, `BATCH_FULL`, `ARRAYS_FULL` or `ODD_LINE`.
    """
    position, line, row, taken = state[0], state[1], state[2], state[3]
    reason = SEGMENT_END
    while position < size:
        if row >= rows or taken >= size_limit:
            reason = BATCH_FULL
            break
        if row >= len(lines):
            reason = ARRAYS_FULL
            break
        at = skip(data, position)
        if data[at] != 0x7B:
            at = _blank_end(data, position, size)
            if at < 0:
                reason = ODD_LINE
                break
        else:
            for j in range(kinds.shape[1]):
                kinds[row, j] = MISSING
            at = _record_end(data, at + 1, keys, key_ends, starts, ends, kinds, row)
            if at >= 0:
                at = skip(data, at)
            if at < 0 or at > size or (at < size and data[at] != 0x0A) or not is_utf8(data, position, at):
                reason = ODD_LINE
                break
            spans[row, 0] = position
            spans[row, 1] = at
            lines[row] = line
            taken += at - position
            row += 1
        position = at + 1
        line += 1
    state[0], state[1], state[2], state[3] = position, line, row, taken
    return reason


@_compiled
def _record_end(data, at, keys, key_ends, starts, ends, kinds, row):  # type: ignore[no-untyped-def]
    """Return where the object ends whose brace stands before `at`, its values noted; -1: odd."""
    known = len(key_ends) - 1
    expected = 0
    at = skip(data, at)
    if data[at] == 0x7D:
        return at + 1
    while True:
        if data[at] != 0x22:
            return -1
        end, escaped = string_end(data, at + 1)
        if end < 0 or escaped:
            return -1
        # Records name their keys in one order, so the next one is nearly always known beforehand.
        key = -1
        for step in range(known):
            j = expected + step
            if j >= known:
                j -= known
            if _is_key(data, at + 1, end, keys, key_ends[j], key_ends[j + 1]):
                key = j
                break
        if key < 0:
            return -1
        expected = key + 1
        at = skip(data, end + 1)
        if data[at] != 0x3A:
            return -1
        at = skip(data, at + 1)
        first = data[at]
        if first == 0x22:
            starts[row, key] = at + 1
            at, escaped = string_end(data, at + 1)
            ends[row, key] = at
            kinds[row, key] = ESCAPED if escaped else PLAIN
            at += at >= 0
        else:
            starts[row, key] = at
            at = nested_end(data, at) if first == 0x7B or first == 0x5B else scalar_end(data, at)
            ends[row, key] = at
            kinds[row, key] = NULL if first == 0x6E else OTHER
        if at < 0:
            return -1
        at = skip(data, at)
        if data[at] == 0x7D:
            return at + 1
        if data[at] != 0x2C:
            return -1
        at = skip(data, at + 1)


@_compiled
def _is_key(data, start, end, keys, low, high):  # type: ignore[no-untyped-def]
    if end - start != high - low:
        return False
    same = True
    for j in range(end - start):
        same &= data[start + j] == keys[low + j]
    return same


@_compiled
def _blank_end(data, at, size):  # type: ignore[no-untyped-def]
    """Return the end of the line if it is blank as `bytes.isspace` has it, else -1."""
    while at < size and data[at] != 0x0A:
        if data[at] != 0x20 and not 0x09 <= data[at] <= 0x0D:
            return -1
        at += 1
    return at
