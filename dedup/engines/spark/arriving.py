"""Stage F, where texts meet: rows that arrived, as the arrays that the kernels of `dedup.sketch` work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.engines.spark.buckets import BANDS
from dedup.engines.spark.dealing import Deal
from dedup.engines.spark.packets import Hashes, Ints, column, matrix
from dedup.engines.spark.sending import NAMES
from dedup.sketch.check import Whole
from dedup.sketch.curve import SLOTS
from dedup.sketch.rarity import WORDS
from dedup.sketch.shingles import BRIEF

_BAND_BYTES: Final = BANDS // 8


@dataclass(frozen=True, slots=True)
class Arrived:
    """Texts that arrived under one kind of sketch, m of them.

    They stand by group, and in a group by their leading slots, so that copies are in the cache together.

    Parameters
    ----------
    hashes : uint64 array, shape (m,)
    slots : uint16 array, shape (m, 256)
    bands : uint8 array, shape (m, 16)
        A bit for each band: where to pair them.
    is_capped : bool array, shape (m, 128), or (0, 128) where nothing is capped
    whole : Whole or None
    """

    hashes: Hashes
    slots: NDArray[np.uint16]
    bands: NDArray[np.uint8]
    is_capped: NDArray[np.bool_]
    whole: Whole | None


def arrived(tables: list[pa.Table], deal: Deal) -> Iterator[tuple[int, Arrived]]:
    """Read rows of `SENT_SCHEMA`, kind by kind.

    The list is emptied meanwhile: signatures are nearly all the memory, and need not be there twice.
    """
    hashes = np.concatenate([np.empty(0, np.int64), *(column(part, "hash") for part in tables)])
    names = ("body", "brief")
    leading = {name: [_values_of(part[name], ">u8", SLOTS // 4) for part in tables] for name in names}
    kinds: dict[str, tuple[Ints, Ints]] = {}
    for name, parts in leading.items():
        has = np.concatenate([np.empty(0, np.bool_), *(some for some, _ in parts)])
        first = np.concatenate([np.empty(0, np.uint64), *(values[:, 0] for _, values in parts)])
        rows = np.flatnonzero(has)
        mine = hashes[rows].view(np.uint64)
        turn = np.lexsort((mine, first, deal.group_of(mine)))
        place = np.full(len(hashes), -1, np.int64)
        place[rows[turn]] = np.arange(len(rows))
        kinds[name] = rows[turn], place
    del leading
    filled = _filled(tables, {name: (len(rows), place) for name, (rows, place) in kinds.items()})
    whole = filled["body"], filled["size"][:, 0].astype(np.int64), filled["rare"]
    for kind, name in NAMES.items():
        bands, capped = filled[f"{name}_bands"], filled[f"{name}_capped"]
        if bands.any():
            is_capped = np.unpackbits(capped if capped.any() else capped[:0], axis=1).view(np.bool_)
            rows, _ = kinds["brief" if kind == BRIEF else "body"]
            of = hashes[rows].view(np.uint64)
            yield kind, Arrived(of, filled[name], bands, is_capped, None if kind == BRIEF else whole)


_COLUMNS: Final = {
    # Of whose rows a column is kept, its values, and how many of them there are in a row.
    "size": ("body", np.int32, 1),
    "rare": ("body", np.uint32, WORDS),
    "body": ("body", np.uint16, SLOTS),
    "lead": ("body", np.uint16, SLOTS),
    "brief": ("brief", np.uint16, SLOTS),
    "body_bands": ("body", np.uint8, _BAND_BYTES),
    "lead_bands": ("body", np.uint8, _BAND_BYTES),
    "brief_bands": ("brief", np.uint8, _BAND_BYTES),
    "body_capped": ("body", np.uint8, _BAND_BYTES),
    "lead_capped": ("body", np.uint8, _BAND_BYTES),
    "brief_capped": ("brief", np.uint8, _BAND_BYTES),
}


def _filled(tables: list[pa.Table], places: dict[str, tuple[int, Ints]]) -> dict[str, NDArray[Any]]:
    """Put the values of tables, which go one after the other, where their rows have a place."""
    out: dict[str, NDArray[Any]] = {
        name: np.zeros((places[of][0], width), kind) for name, (of, kind, width) in _COLUMNS.items()
    }
    low = 0
    while tables:
        part = tables.pop(0)
        for name, (of, kind, width) in _COLUMNS.items():
            place = places[of][1][low : low + len(part)]
            if name in ("size", "rare"):
                values = column(part, name)[:, None] if name == "size" else matrix(part[name], kind)
                some = place >= 0
                out[name][place[some]] = values[some]
            else:
                has, values = _values_of(part[name], kind, width)
                out[name][place[has]] = values
                if name == "body":  # of a short text it is the lead as well
                    out["lead"][place[has]] = values
        low += len(part)
    return out


def _values_of(values: pa.ChunkedArray, kind: Any, width: int) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return which rows have a value, and these values as the rows of a matrix."""
    array = values.combine_chunks()
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return np.diff(offsets) > 0, data.view(kind).reshape(-1, width)
