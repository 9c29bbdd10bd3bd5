"""Columns of Arrow from files nobody vouches for: checked, in UTF-8, and how much each row holds.

Arrow believes what a file says: a place outside its data, or bytes that are no UTF-8, would be found only
by whoever stumbles over them. So every column is checked before anything else looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64s = npt.NDArray[np.int64]

_AS_BYTES: Final[tuple[tuple[Callable[[Any], bool], Any], ...]] = (
    (pa.types.is_string, pa.binary()),
    (pa.types.is_large_string, pa.large_binary()),
    (pa.types.is_string_view, pa.binary_view()),
)
_BYTES: Final = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def is_text(type: Any) -> bool:
    """Return whether a type of Arrow is that of strings, dictionary-encoded or not."""
    if pa.types.is_dictionary(type):
        return is_text(type.value_type)
    return any(test(type) for test, _ in _AS_BYTES)


def checked(array: pa.Array) -> tuple[pa.Array, int]:
    """Return a column that is safe to look into, bytes in it as text, and how many values were mended.

    Parameters
    ----------
    array : pa.Array
        As a file gave it.

    Returns
    -------
    array : pa.Array
        Invalid UTF-8 in it is replaced by U+FFFD.
    mended : int
        Values in which it was; of a dictionary, values of the dictionary.

    Raises
    ------
    pa.ArrowInvalid
        The column is damaged.
    """
    if not _holds_bytes(array.type):
        try:
            array.validate(full=True)
            return array, 0
        except pa.ArrowInvalid:
            if not _holds_text(array.type):
                raise
    return _mended(array)


def _mended(array: pa.Array) -> tuple[pa.Array, int]:
    kind = array.type
    for is_kind, raw in _AS_BYTES:
        if is_kind(kind):
            return _decoded(array.view(raw))
    if any(is_kind(kind) for is_kind in _BYTES):
        return _decoded(array)
    if pa.types.is_dictionary(kind):
        values, mended = checked(array.dictionary)
        made = pa.DictionaryArray.from_arrays(array.indices, values, safe=False)
        made.validate(full=True)
        return made, mended
    if pa.types.is_struct(kind):
        array.validate()
        parts = [checked(part) for part in array.flatten()]
        names = [kind.field(j).name for j in range(kind.num_fields)]
        made = pa.StructArray.from_arrays([part for part, _ in parts], names, mask=array.is_null())
        return made, sum(mended for _, mended in parts)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        array.validate()
        # A copy, for no slice is taken together with a mask.
        offsets = pa.array(array.offsets.to_numpy(), array.offsets.type)
        mask = array.is_null() if array.null_count else None
        if pa.types.is_map(kind):
            (keys, a), (items, b) = checked(array.keys), checked(array.items)
            made = pa.MapArray.from_arrays(offsets, keys, items, mask=mask)
            mended = a + b
        else:
            items, mended = checked(array.values)
            made = type(array).from_arrays(offsets, items, mask=mask)
        made.validate(full=True)
        return made, mended
    array.validate(full=True)
    return array, 0


def _decoded(array: pa.Array) -> tuple[pa.Array, int]:
    array.validate(full=True)
    try:
        return array.cast(pa.binary() if pa.types.is_fixed_size_binary(array.type) else array.type).cast(
            pa.large_string()
        ), 0
    except pa.ArrowInvalid:
        pass
    values: list[str | None] = []
    mended = 0
    for raw in array.to_pylist():
        try:
            values.append(None if raw is None else raw.decode())
        except UnicodeDecodeError:
            values.append(raw.decode("utf-8", "replace"))
            mended += 1
    return pa.array(values, pa.large_string()), mended


def _holds_bytes(kind: Any) -> bool:
    return any(test(kind) for test in _BYTES) or any(map(_holds_bytes, _parts(kind)))


def _holds_text(kind: Any) -> bool:
    return is_text(kind) or any(map(_holds_text, _parts(kind)))


def _parts(kind: Any) -> list[Any]:
    if pa.types.is_dictionary(kind):
        return [kind.value_type]
    return [kind.field(j).type for j in range(kind.num_fields)]


def row_bytes(array: pa.Array) -> Int64s:
    """Return the bytes each row of a checked column takes once it is no longer a dictionary; shape (n,)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = np.append(row_bytes(array.dictionary), 0)
        places = array.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        taken: Int64s = lengths[places]
        return taken
    if pa.types.is_string_view(kind):
        array = array.cast(pa.large_string())
        kind = array.type
    if is_text(kind):
        sizes: Int64s = pc.binary_length(array).fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        return sizes
    if pa.types.is_struct(kind):
        total = np.zeros(len(array), dtype=np.int64)
        for part in array.flatten():
            total += row_bytes(part)
        return total
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        parts = (array.keys, array.items) if pa.types.is_map(kind) else (array.values,)
        offsets = array.offsets.to_numpy().astype(np.int64)
        sizes = np.zeros(len(array), dtype=np.int64)
        for part in parts:
            ends = np.concatenate([[0], np.cumsum(row_bytes(part), dtype=np.int64)])
            sizes += ends[offsets[1:]] - ends[offsets[:-1]]
        return sizes
    return np.full(len(array), -(-array.nbytes // max(1, len(array))), dtype=np.int64)


def strings(array: pa.Array) -> pa.StringArray:
    """Return a checked column of strings as plain ones, not a slice of anything."""
    plain = array.cast(pa.string())
    if isinstance(plain, pa.ChunkedArray):
        plain = plain.combine_chunks()
    return pa.concat_arrays([plain]) if plain.offset else plain


def objects(array: pa.Array) -> list[Any]:
    """Return a checked column as JSON would have it: maps as objects, decimals as numbers.

    A time for which Python has no object is the words for it.
    """
    if pa.types.is_timestamp(array.type) and array.type.unit == "ns":  # for which Python has no object
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    try:
        values: list[Any] = array.to_pylist()
    except Exception:  # a year 100,000, a time zone that is none
        values = [_object(one) for one in array]
    if _is_plain(array.type):
        return values
    return [_as_json(value, array.type) for value in values]


def _object(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except Exception:
        return f"{scalar.type} {getattr(scalar, 'value', '')}".rstrip()


def _is_plain(kind: Any) -> bool:
    if pa.types.is_map(kind) or pa.types.is_decimal(kind) or pa.types.is_time(kind):
        return False
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return False
    return all(map(_is_plain, _parts(kind)))


def _as_json(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if pa.types.is_map(kind):
        return {str(key): _as_json(item, kind.item_type) for key, item in value}
    if pa.types.is_struct(kind):
        types = {kind.field(j).name: kind.field(j).type for j in range(kind.num_fields)}
        return {name: _as_json(item, types[name]) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item, kind.value_type) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, str | int | float | bool | dict) else str(value)
