"""Which values of a column may need cleaning, told in one pass over the bytes of Arrow.

Nearly no value does, and a look at each in Python would cost more than reading the feed.
The kernel asks of 32 bytes at a time whether any of them can begin (or end) something that
`dedup.feeds.clean.clean_text` mends; what it passes over, that module would leave as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from dedup.feeds.vectors import all_plain, first_bit, suspects

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_inlined: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(
    cache=True, nogil=True, inline="always"
)

_LONGEST_REFERENCE: Final = 12  # bytes between the & and the ; of an entity


def dirty_rows(texts: pa.StringArray) -> npt.NDArray[np.intp]:
    """Return the rows of a column whose value `clean_text` may change, ascending.

    Parameters
    ----------
    texts : pa.StringArray
        Valid UTF-8, nulls allowed; may be a slice.

    Returns
    -------
    int array, shape (k,)
        All rows that `clean_text` would change, and some that it would not.
    """
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None or offsets is None:
        return np.empty(0, dtype=np.intp)
    ends = np.frombuffer(offsets, dtype=np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    dirty = np.zeros(len(texts), dtype=np.bool_)
    _scan(np.frombuffer(data, dtype=np.uint8), ends, dirty)
    return np.flatnonzero(dirty)


@_compiled
def _scan(data, ends, dirty):  # type: ignore[no-untyped-def]
    at, stop = np.intp(ends[0]), np.intp(ends[-1])
    row = 0
    # The first byte has none before it, and behind the last ones there may be no more to load.
    whole = stop if stop < len(data) - 32 else len(data) - 32
    if at < stop and at == 0:
        row = _look(data, at, ends, row, dirty)
        at += 1
    while at + 64 <= whole:
        if not all_plain(data, at):
            for block in range(at, at + 64, 32):
                mask = suspects(data, block)
                while mask:
                    row = _look(data, block + first_bit(mask), ends, row, dirty)
                    mask &= mask - np.uint32(1)
        at += 64
    while at < stop:
        row = _look(data, at, ends, row, dirty)
        at += 1


@_compiled
def _look(data, at, ends, row, dirty):  # type: ignore[no-untyped-def]
    """Mark the row that holds byte `at` if what stands there is suspicious; return that row."""
    while ends[row + 1] <= at:
        row += 1
    if not dirty[row]:
        dirty[row] = _suspicious(data, at, ends[row], ends[row + 1])
    return row


@_compiled
def _suspicious(data, at, start, end):  # type: ignore[no-untyped-def]
    byte = data[at]
    after = data[at + 1] if at + 1 < end else np.uint8(0)
    if byte == 0x26:  # &
        stop = min(end, at + 2 + _LONGEST_REFERENCE)
        for j in range(at + 1, stop):
            if data[j] == 0x3B:
                return j > at + 1
            if not (data[j] == 0x23 or _is_letter(data[j]) or 0x30 <= data[j] <= 0x39):
                return False
        # Zeros may stand before the number of a character, as many as one likes.
        return stop < end and data[at + 1] == 0x23
    if byte == 0x3C:  # <
        return _is_letter(after) or after == 0x2F or after == 0x21
    if byte == 0x0D:
        return True
    if byte < 0x80:  # the end of a line behind a hyphen
        return byte == 0x0A and at > start and data[at - 1] == 0x2D
    if at == start:
        return False
    before = data[at - 1]
    if before == 0xC2:  # a control character, or a soft hyphen
        return byte <= 0x9F or byte == 0xAD
    if before == 0xC3:  # the lead of a character in UTF-8, seen as Latin-1, and what can follow it
        return 0x82 <= byte <= 0xB4 and (
            after == 0xC2 or after == 0xC5 or after == 0xC6 or after == 0xCB or after == 0xE2
        )
    if at - start >= 2:
        first = data[at - 2]
        if first == 0xE2 and before == 0x80:  # zero-width characters, separators of lines and paragraphs
            return 0x8B <= byte <= 0x8D or byte == 0xA8 or byte == 0xA9
        if first == 0xE2 and before == 0x81:
            return byte == 0xA0
        return first == 0xEF and before == 0xBB and byte == 0xBF
    return False


@_inlined
def _is_letter(byte):  # type: ignore[no-untyped-def]
    return 0x61 <= (byte | 0x20) <= 0x7A
