"""Where the values of JSON lines stand: a parser that makes no objects.

For a feed nearly every value is a string that goes to Arrow as it is, so making
a Python object of it costs more than all else. This kernel checks each line against the grammar of JSON
and notes, record by record, where the value of each known key begins and ends; `dedup.feeds.json_columns`
copies from there. It runs without the interpreter's lock.

It understands less than orjson, on purpose: a line in which anything is out of the ordinary is *odd*
and left to the caller, who parses it as ever. Odd are invalid JSON, invalid UTF-8, a key not known or
written with escapes, ``\\u0000``, a lone surrogate, a number of more than `_LONGEST_NUMBER` characters,
nesting deeper than `_DEEPEST`, and whatever is no object. What is not odd must mean to orjson what it
means here: the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from dedup.feeds.vectors import beyond_ascii, first_bit, string_stops

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

# A float of so many characters is far from the limits of 64 bits, whatever stands in it.
_LONGEST_NUMBER: Final = 18
_DEEPEST: Final = 60

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
        at = _skip(data, position)
        if data[at] != 0x7B:
            at = _blank_end(data, position, size)
            if at < 0:
                reason = ODD_LINE
                break
        else:
            for j in range(kinds.shape[1]):  # all: keys that become known later are missing here
                kinds[row, j] = MISSING
            at = _record_end(data, at + 1, keys, key_ends, starts, ends, kinds, row)
            if at >= 0:
                at = _skip(data, at)
            if at < 0 or at > size or (at < size and data[at] != 0x0A) or not _is_utf8(data, position, at):
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
    at = _skip(data, at)
    if data[at] == 0x7D:
        return at + 1
    while True:
        if data[at] != 0x22:
            return -1
        end, escaped = _string_end(data, at + 1)
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
        at = _skip(data, end + 1)
        if data[at] != 0x3A:
            return -1
        at = _skip(data, at + 1)
        first = data[at]
        if first == 0x22:
            starts[row, key] = at + 1
            at, escaped = _string_end(data, at + 1)
            ends[row, key] = at
            kinds[row, key] = ESCAPED if escaped else PLAIN
            at += at >= 0
        else:
            starts[row, key] = at
            at = _nested_end(data, at) if first == 0x7B or first == 0x5B else _scalar_end(data, at)
            ends[row, key] = at
            kinds[row, key] = NULL if first == 0x6E else OTHER
        if at < 0:
            return -1
        at = _skip(data, at)
        if data[at] == 0x7D:
            return at + 1
        if data[at] != 0x2C:
            return -1
        at = _skip(data, at + 1)


@_compiled
def _is_key(data, start, end, keys, low, high):  # type: ignore[no-untyped-def]
    if end - start != high - low:
        return False
    same = True
    for j in range(end - start):
        same &= data[start + j] == keys[low + j]
    return same


@_compiled
def _skip(data, at):  # type: ignore[no-untyped-def]
    """Return the first place from `at` on that is no white space of JSON within a line."""
    while data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D:
        at += 1
    return at


@_compiled
def _blank_end(data, at, size):  # type: ignore[no-untyped-def]
    """Return the end of the line if it is blank as `bytes.isspace` has it, else -1."""
    while at < size and data[at] != 0x0A:
        if data[at] != 0x20 and not 0x09 <= data[at] <= 0x0D:
            return -1
        at += 1
    return at


@_compiled
def _string_end(data, at):  # type: ignore[no-untyped-def]
    """Return where the closing quote stands and whether a backslash was before it; (-1, False): odd."""
    escaped = False
    while True:
        stops = string_stops(data, at)
        if stops == 0:
            at += 32
            continue
        at += first_bit(stops)
        if data[at] == 0x22:
            return at, escaped
        if data[at] != 0x5C:
            return -1, False
        escaped = True
        after = data[at + 1]
        if after == 0x75:
            code = four_digits(data, at + 2)
            if code <= 0 or 0xDC00 <= code < 0xE000:
                return -1, False
            if code >= 0xD800 and code < 0xDC00:
                if data[at + 6] != 0x5C or data[at + 7] != 0x75:
                    return -1, False
                low = four_digits(data, at + 8)
                if low < 0xDC00 or low >= 0xE000:
                    return -1, False
                at += 6
            at += 6
        elif (
            after == 0x6E  # n, by far the most frequent
            or after == 0x22
            or after == 0x5C
            or after == 0x2F
            or after == 0x62
            or after == 0x66
            or after == 0x72
            or after == 0x74
        ):
            at += 2
        else:
            return -1, False


@_compiled
def four_digits(data, at):  # type: ignore[no-untyped-def]
    """Return the value of four hexadecimal digits, -1 if one of them is none."""
    code = np.int64(0)
    for j in range(4):
        byte = np.int64(data[at + j])
        if 0x30 <= byte <= 0x39:
            code = code * 16 + byte - 0x30
        elif 0x41 <= byte <= 0x46:
            code = code * 16 + byte - 0x37
        elif 0x61 <= byte <= 0x66:
            code = code * 16 + byte - 0x57
        else:
            return -1
    return code


@_compiled
def _scalar_end(data, at):  # type: ignore[no-untyped-def]
    """Return the end of a number, a truth value or null; -1: odd."""
    first = data[at]
    if first == 0x74:  # true
        sound = data[at + 1] == 0x72 and data[at + 2] == 0x75 and data[at + 3] == 0x65
        return at + 4 if sound else -1
    if first == 0x6E:  # null
        sound = data[at + 1] == 0x75 and data[at + 2] == 0x6C and data[at + 3] == 0x6C
        return at + 4 if sound else -1
    if first == 0x66:  # false
        sound = (
            data[at + 1] == 0x61 and data[at + 2] == 0x6C and data[at + 3] == 0x73 and data[at + 4] == 0x65
        )
        return at + 5 if sound else -1
    start = at
    at += first == 0x2D
    whole = _digits_end(data, at)
    if whole == at or (data[at] == 0x30 and whole > at + 1):
        return -1
    at = whole
    if data[at] == 0x2E:
        end = _digits_end(data, at + 1)
        if end == at + 1:
            return -1
        at = end
    if data[at] == 0x65 or data[at] == 0x45:
        at += 1
        at += data[at] == 0x2B or data[at] == 0x2D
        end = _digits_end(data, at)
        if end == at or end > at + 2:
            return -1
        at = end
    return at if at - start <= _LONGEST_NUMBER else -1


@_compiled
def _digits_end(data, at):  # type: ignore[no-untyped-def]
    while 0x30 <= data[at] <= 0x39:
        at += 1
    return at


@_compiled
def _nested_end(data, at):  # type: ignore[no-untyped-def]
    """Return the end of the array or object that begins at `at`; -1: odd."""
    objects = np.uint64(0)  # a bit for each open container, the innermost lowest: 1 for an object
    depth = 0
    while True:
        # A value begins here.
        opened = data[at] == 0x7B or data[at] == 0x5B
        if opened:
            depth += 1
            if depth > _DEEPEST:
                return -1
            is_object = data[at] == 0x7B
            objects = (objects << np.uint64(1)) | np.uint64(is_object)
            at = _skip(data, at + 1)
            if data[at] != (0x7D if is_object else 0x5D):
                if is_object:
                    at = _key_end(data, at)
                    if at < 0:
                        return -1
                continue
        elif data[at] == 0x22:
            at, _ = _string_end(data, at + 1)
            at += at >= 0
        else:
            at = _scalar_end(data, at)
        if at < 0:
            return -1
        # It has ended: close what closes here.
        while True:
            at = _skip(data, at)
            is_object = (objects & np.uint64(1)) != np.uint64(0)
            if data[at] == (0x7D if is_object else 0x5D):
                at += 1
                depth -= 1
                objects >>= np.uint64(1)
                if depth == 0:
                    return at
                continue
            if data[at] != 0x2C:
                return -1
            at = _skip(data, at + 1)
            if is_object:
                at = _key_end(data, at)
                if at < 0:
                    return -1
            break


@_compiled
def _key_end(data, at):  # type: ignore[no-untyped-def]
    """Return where the value begins behind the key and colon at `at`; -1: odd."""
    if data[at] != 0x22:
        return -1
    at, _ = _string_end(data, at + 1)
    if at < 0:
        return -1
    at = _skip(data, at + 1)
    return _skip(data, at + 1) if data[at] == 0x3A else -1


@_compiled
def _is_utf8(data, at, end):  # type: ignore[no-untyped-def]
    """Return whether ``data[at:end]`` is valid UTF-8; an ASCII byte stands at `end`."""
    while at < end:
        high = beyond_ascii(data, at)
        if high == 0:
            at += 32
            continue
        at += first_bit(high)
        if at >= end:
            return True
        while data[at] >= 0x80 and at < end:
            lead, second = data[at], data[at + 1]
            if 0xC2 <= lead <= 0xDF:
                length = 2
            elif 0xE0 <= lead <= 0xEF:
                # Overlong forms and surrogates are invalid.
                if (lead == 0xE0 and second < 0xA0) or (lead == 0xED and second > 0x9F):
                    return False
                length = 3
            elif 0xF0 <= lead <= 0xF4:
                if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second > 0x8F):
                    return False
                length = 4
            else:
                return False
            if at + length > end:
                return False
            for j in range(1, length):
                if data[at + j] & 0xC0 != 0x80:
                    return False
            at += length
    return True
