"""Arrow columns as bytes, and which of their values may hold a literal: asked before any string is made."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.text.credit.literals import (
    ALNUM,
    ONE,
    Literals,
    base_kinds,
    buckets_at,
    compiled,
    literal_end,
)

WHOLE: Final = 2
"""Bit of a label: a literal of `holds_any` that no ASCII letter or digit may follow."""


@compiled
def _hold(data, begins, ends, literals, kinds, out):  # type: ignore[no-untyped-def]
    masks, _, buckets, offsets, literal, labels, fold = literals
    for row in range(len(begins)):
        high = ends[row]
        for i in range(begins[row], high):
            if data[i] >= 0x80:
                out[row] = True
                break
            found = buckets_at(data, i, high, masks)
            bucket = 0
            while found and not out[row]:
                if found & ONE:
                    for k in range(buckets[bucket], buckets[bucket + 1]):
                        e = literal_end(data, i, high, literal, offsets[k], offsets[k + 1], fold, kinds)
                        if e >= 0:
                            border = e >= high or data[e] >= 0x80 or kinds[data[e]] & ALNUM == 0
                            out[row] |= border or labels[k] & WHOLE == 0
                found >>= ONE
                bucket += 1
            if out[row]:
                break


Bytes = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]


def bytes_of(column: pa.Array) -> Bytes:
    """Return the bytes of a column and where each value begins and ends in them; a null is empty.

    Nothing is copied of a column of string or large_string; others are cast.
    """
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = column.cast(pa.large_string())
    if not len(column):
        return np.zeros(1, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64)
    _, offset_buffer, data_buffer = column.buffers()
    wide = pa.types.is_large_string(column.type)
    offsets = np.frombuffer(offset_buffer, np.int64 if wide else np.int32)
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    held = data_buffer is not None and data_buffer.size > 0
    data = np.frombuffer(data_buffer, np.uint8) if held else np.zeros(1, np.uint8)
    data = data[:]
    data.flags.writeable = False  # one array type for the kernels, however the buffer came about
    begins, ends = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
    if column.null_count:  # the bytes under a null are undefined
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        ends[nulls] = begins[nulls]
    return data, begins, ends


def is_utf8(column: pa.Array) -> bool:
    """Tell whether the strings of a column are UTF-8, of which a feed's broken bytes are not."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def holds_any(values: Bytes, literals: Literals, limit: int) -> NDArray[np.bool_]:
    """Which values may hold a literal in their first `limit` code points, those not in ASCII always.

    Parameters
    ----------
    values : Bytes
    literals : Literals
        Folded ones; those labelled `WHOLE` must end where no word goes on.
    limit : int

    Returns
    -------
    bool array, shape (n,)
    """
    data, begins, ends = values
    out = np.zeros(len(begins), np.bool_)
    data.flags.writeable = False
    _hold(data, begins, np.minimum(ends, begins + limit), literals.arrays, base_kinds(), out)
    return out
