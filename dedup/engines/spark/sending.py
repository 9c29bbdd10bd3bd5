"""Stage F, at home: signatures are sent to where they meet others.

A text goes to the partitions where its group meets another (`dedup.engines.spark.dealing`), together with the
bands that are worth looking at: those in which it shares an uncapped bucket; a text that shares none stays at
home. The windows of a capped bucket need all its members side by side, so a text goes to the partitions of
those buckets too, of which there are at most `dedup.sketch.capped.MOST_CAPPED` a kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.engines.spark.buckets import BANDS, Answers, Arranged, Capped, blocks, partitions_of_keys
from dedup.engines.spark.dealing import Deal
from dedup.engines.spark.packets import Ints, Packet, addressed, fixed, slices
from dedup.engines.spark.rare import rare_among
from dedup.engines.spark.sketches import Sketched
from dedup.sketch.capped import take_smallest
from dedup.sketch.rarity import WORDS
from dedup.sketch.shingles import BODY, BRIEF, LEAD

MEETING: Final = "meeting"
WINDOWED: Final = "windowed"

NAMES: Final = {BODY: "body", LEAD: "lead", BRIEF: "brief"}

SENT_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),
        pa.field("size", pa.int32()),  # shingles of the body
        pa.field("rare", pa.binary(4 * WORDS)),
        # Signatures; empty where there is none, or none that is asked for, or the lead is the body.
        pa.field("body", pa.binary()),
        pa.field("lead", pa.binary()),
        pa.field("brief", pa.binary()),
        # A bit for each band: whether to pair the text there; empty where nowhere.
        pa.field("body_bands", pa.binary()),
        pa.field("lead_bands", pa.binary()),
        pa.field("brief_bands", pa.binary()),
        # And whether its bucket there is capped.
        pa.field("body_capped", pa.binary()),
        pa.field("lead_capped", pa.binary()),
        pa.field("brief_capped", pa.binary()),
    ]
)
"""A text on its way to be paired."""


def send_texts(
    sketched: Sketched,
    answers: Answers,
    again: Answers,
    crowded_kinds: frozenset[int],
    frequent: NDArray[np.uint32],
    n_partitions: int,
) -> Iterator[Packet]:
    """Send the texts of a partition to where they meet others.

    Parameters
    ----------
    sketched : Sketched
    answers, again : Answers
        Of the first round, and of the second for the kinds that had crowded texts.
    crowded_kinds : frozenset of int
    frequent : uint32 array
        See `dedup.engines.spark.rare`.
    n_partitions : int

    Yields
    ------
    Packet
        `MEETING` and `WINDOWED`, both of `SENT_SCHEMA`.
    """
    deal = Deal.of(n_partitions)
    rare = np.zeros((len(sketched), WORDS), np.uint32)
    rare[sketched.rows[BODY]] = rare_among(sketched.slots[BODY], frequent)
    for block, chosen in blocks(sketched, n_partitions):
        met: dict[int, tuple[Ints, NDArray[np.bool_]]] = {}
        windows: dict[int, tuple[Ints, NDArray[np.bool_]]] = {}
        capped: dict[int, tuple[Ints, NDArray[np.bool_]]] = {}
        goals: list[tuple[Ints, Ints]] = []
        for kind, at in chosen.items():
            arranged = Arranged.of(sketched.slots[kind][at[0] : at[-1] + 1], kind, n_partitions)
            found = (again if kind in crowded_kinds else answers).capped(block, kind, arranged)
            open_ = answers.shared(block, kind, arranged)
            open_[found.text, found.band] = False
            rows = sketched.rows[kind][at]
            met[kind] = rows, open_
            if len(found.text):
                is_capped = np.zeros_like(open_)
                is_capped[found.text, found.band] = True
                capped[kind] = rows, is_capped
                text, band = _smallest(found)
                is_windowed = np.zeros_like(open_)
                is_windowed[text, band] = True
                windows[kind] = rows, is_windowed
                to = partitions_of_keys(kind, band, arranged.keys[text, band], n_partitions)
                goals.append((rows[text], to))
        yield from _meeting(deal, sketched, rare, met, capped)
        if goals:
            codes = np.unique(np.concatenate([row * n_partitions + to for row, to in goals]))
            rows, to = np.divmod(codes, n_partitions)
            yield from addressed(WINDOWED, sent_table(sketched, rare, rows, windows, capped), to)


def _meeting(
    deal: Deal,
    sketched: Sketched,
    rare: NDArray[np.uint32],
    met: dict[int, tuple[Ints, NDArray[np.bool_]]],
    capped: dict[int, tuple[Ints, NDArray[np.bool_]]],
) -> Iterator[Packet]:
    rows = np.unique(
        np.concatenate([np.empty(0, np.int64), *(at[some.any(axis=1)] for at, some in met.values())])
    )
    groups = deal.group_of(sketched.hashes[rows])
    for group in range(deal.n_groups):
        table = sent_table(sketched, rare, rows[groups == group], met, capped)
        goals = deal.partitions_of(group)
        for part in slices(table):
            packed = Packet.of(goals[0], MEETING, part)
            for to in goals:  # packed once
                yield Packet(to, MEETING, packed.data)


def _smallest(found: Capped) -> tuple[Ints, Ints]:
    """Return text and band of the capped buckets that a text is windowed in."""
    turn = np.lexsort((found.band, found.size))
    is_taken = np.empty(len(turn), np.bool_)
    each = np.arange(len(turn) + 1)
    n_taken = np.zeros(len(found.is_crowded), np.uint8)
    take_smallest(found.text, each, turn, n_taken, is_taken)
    return found.text[is_taken], found.band[is_taken]


def sent_table(
    sketched: Sketched,
    rare: NDArray[np.uint32],
    rows: Ints,
    bands: dict[int, tuple[Ints, NDArray[np.bool_]]],
    capped: dict[int, tuple[Ints, NDArray[np.bool_]]],
) -> pa.Table:
    """Return the rows of `SENT_SCHEMA` of some texts.

    Parameters
    ----------
    sketched : Sketched
    rare : uint32 array, shape (m, 8)
    rows : int64 array, shape (k,)
        Of `sketched`; one may come several times.
    bands, capped : dict of int to (rows, flags)
        Of each kind, some rows, ascending, and a flag for each of their bands.
    """
    columns: dict[str, pa.Array] = {
        "hash": pa.array(sketched.hashes[rows].view(np.int64)),
        "size": pa.array(sketched.sizes[rows], pa.int32()),
        "rare": fixed(rare[rows]),
    }
    asked = {}
    for kind, name in NAMES.items():
        of, flags = bands.get(kind, (np.empty(0, np.int64), np.empty((0, BANDS), np.bool_)))
        columns[f"{name}_bands"] = _values(
            rows, of[(some := flags.any(axis=1))], np.packbits(flags[some], axis=1)
        )
        asked[kind] = np.isin(rows, of[some])
        of, flags = capped.get(kind, (np.empty(0, np.int64), np.empty((0, BANDS), np.bool_)))
        some = flags.any(axis=1)
        columns[f"{name}_capped"] = _values(rows, of[some], np.packbits(flags[some], axis=1), asked[kind])
    wanted = {
        BODY: asked[BODY] | asked[LEAD],  # of a lead too the whole is looked at
        LEAD: asked[LEAD] & sketched.is_long[rows],
        BRIEF: asked[BRIEF],
    }
    for kind, name in NAMES.items():
        columns[name] = _values(rows, sketched.rows[kind], sketched.slots[kind], wanted[kind])
    return pa.table([columns[name] for name in SENT_SCHEMA.names], schema=SENT_SCHEMA)


def _values(rows: Ints, of: Ints, values: NDArray[Any], wanted: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return of each row its value, as bytes; none where it has none or none is wanted. `of` ascends."""
    place = np.minimum(np.searchsorted(of, rows), max(0, len(of) - 1))
    has = of[place] == rows if len(of) else np.zeros(len(rows), np.bool_)
    if wanted is not None:
        has &= wanted
    width = values.shape[1] * values.itemsize
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(has * np.int32(width), out=offsets[1:])
    data = np.ascontiguousarray(values[place[has]]) if len(of) else np.empty(0, np.uint8)
    return pa.Array.from_buffers(
        pa.binary(), len(rows), [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes())]
    )
