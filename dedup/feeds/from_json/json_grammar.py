"""Where a value of JSON ends: the grammar, for a kernel.

Each function gets a place in an array of bytes and returns where what begins there ends, or -1 if it is
invalid or *odd* (see `json_scan.py`): a number of more than `_LONGEST_NUMBER` characters, nesting
deeper than `_DEEPEST`, ``\\u0000``, a lone surrogate. None of them looks for the end of the array: a NUL
byte is part of no value, and at least `SLACK` of them follow the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from dedup.feeds.vectors import beyond_ascii, first_bit, string_stops

# A float of so many characters is far from the limits of 64 bits, whatever stands in it.
_LONGEST_NUMBER: Final = 18
_DEEPEST: Final = 60

_DIGITS: Final = np.full(256, -1, dtype=np.int64)
"""Value of each byte as a hexadecimal digit; -1: it is none."""
for _digit in b"0123456789abcdefABCDEF":
    _DIGITS[_digit] = int(chr(_digit), 16)

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def skip(data, at):  # type: ignore[no-untyped-def]
    """Return the first place from `at` on that is no white space of JSON within a line."""
    while data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D:
        at += 1
    return at


@_compiled
def string_end(data, at):  # type: ignore[no-untyped-def]
    """Return where the closing quote stands and whether a backslash was before it; (-1, False): odd."""
    escaped = False
    while True:
        # Escapes follow one another where a feed escapes all that is not English.
        if data[at] != 0x5C:
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
    """Return the value of four hexadecimal digits, below 0 if one of them is none."""
    high = _DIGITS[data[at]] << 12 | _DIGITS[data[at + 1]] << 8
    return high | _DIGITS[data[at + 2]] << 4 | _DIGITS[data[at + 3]]


@_compiled
def scalar_end(data, at):  # type: ignore[no-untyped-def]
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
def nested_end(data, at):  # type: ignore[no-untyped-def]
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
            at = skip(data, at + 1)
            if data[at] != (0x7D if is_object else 0x5D):
                if is_object:
                    at = _key_end(data, at)
                    if at < 0:
                        return -1
                continue
        elif data[at] == 0x22:
            at, _ = string_end(data, at + 1)
            at += at >= 0
        else:
            at = scalar_end(data, at)
        if at < 0:
            return -1
        # It has ended: close what closes here.
        while True:
            at = skip(data, at)
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
            at = skip(data, at + 1)
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
    at, _ = string_end(data, at + 1)
    if at < 0:
        return -1
    at = skip(data, at + 1)
    return skip(data, at + 1) if data[at] == 0x3A else -1


@_compiled
def is_utf8(data, at, end):  # type: ignore[no-untyped-def]
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
