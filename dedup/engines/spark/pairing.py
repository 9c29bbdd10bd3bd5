"""Stage F: signatures meet, and the pairs that pass the check on the whole signature are found.

A text shares a bucket with strangers in dozens of bands. Sent to the partition of each such bucket,
signatures would be copied to nearly every partition, and each partition would hold nearly all texts. So texts
are dealt into g groups, and a partition pairs one group with another, in all bands: with n partitions g is
about the square root of 2n, a text is sent g times, and a partition holds two parts in g of all texts. Which
bands are worth looking at, those in which the text shares an uncapped bucket, comes with it.

The windows of a capped bucket need all its members side by side: a text goes to the partitions of those
buckets too, of which there are at most `dedup.sketch.capped.MOST_CAPPED` a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES
from dedup.engines.spark.buckets import BANDS, Answers, Arranged, Capped, blocks, bucket_partition
from dedup.engines.spark.nearest import ask_for_pairs
from dedup.engines.spark.packets import MOST_BYTES, Hashes, Ints, Packet, addressed, column, fixed, matrix
from dedup.engines.spark.rare import rare_among
from dedup.engines.spark.sketches import Sketched
from dedup.sketch.buckets import Keys, band_keys, buckets_of, taken
from dedup.sketch.capped import Large, take_smallest, windowed_pairs
from dedup.sketch.check import Whole, checked_pairs, pairs_of_slots
from dedup.sketch.curve import ROWS, SLOTS
from dedup.sketch.nearest import Nearest
from dedup.sketch.rarity import WORDS
from dedup.sketch.shingles import BODY, BRIEF, LEAD

MEETING: Final = "meeting"
WINDOWED: Final = "windowed"

_NAMES: Final = {BODY: "body", LEAD: "lead", BRIEF: "brief"}

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

_BAND_BYTES: Final = BANDS // 8
_BANDS_TOGETHER: Final = 16  # of two slots of 16 bits: a cache line
_GROUP_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_FILTER_BITS: Final = 18
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Deal:
    """How texts are dealt into groups, and which two groups meet in which partition.

    Parameters
    ----------
    n_groups : int
    pairs : tuple of (int, int)
        By partition the two groups that meet there.
    alone : tuple of tuple of int
        By partition the groups that are paired within themselves there: two, so that it is as much work.
    """

    n_groups: int
    pairs: tuple[tuple[int, int] | None, ...]
    alone: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, n_partitions: int) -> Deal:
        """Deal texts into as many groups as keep every partition at work of one kind."""
        g = 1
        while (g + 1) * g // 2 + (g + 2) // 2 <= n_partitions:
            g += 1
        pairs: list[tuple[int, int] | None] = [(a, b) for a in range(g) for b in range(a + 1, g)]
        alone: list[tuple[int, ...]] = [()] * len(pairs)
        for a in range(0, g, 2):
            pairs.append(None)
            alone.append(tuple(range(a, min(a + 2, g))))
        spare = n_partitions - len(pairs)
        pairs += [None] * spare
        alone += [()] * spare
        return cls(g, tuple(pairs), tuple(alone))

    def group_of(self, hashes: Hashes) -> Ints:
        """Return the group of each text, by other bits than its partition."""
        mixed = hashes * _GROUP_MIX
        return ((mixed >> np.uint64(32)) % np.uint64(self.n_groups)).astype(np.int64)

    def partitions_of(self, group: int) -> list[int]:
        """Return the partitions that a group is sent to."""
        return [
            to
            for to, (pair, alone) in enumerate(zip(self.pairs, self.alone, strict=True))
            if group in (pair or ()) or group in alone
        ]


# ---------------------------------------------------------------- at home


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
        most = max(1, MOST_BYTES // max(1, table.nbytes // max(1, len(table))))
        for low in range(0, len(table), most):
            packed = Packet.of(goals[0], MEETING, table.slice(low, most))
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
    for kind, name in _NAMES.items():
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
    for kind, name in _NAMES.items():
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


# ---------------------------------------------------------------- where texts meet


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
    for kind, name in _NAMES.items():
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


def pair_texts(to: int, met: list[pa.Table], windowed: list[pa.Table], n_partitions: int) -> Iterator[Packet]:
    """Find the pairs of the texts that met in a partition; both lists are emptied.

    Yields
    ------
    Packet
        Of each pair, to the home of either text for which it is among the nearest here
        (`dedup.engines.spark.nearest`).
    """
    deal = Deal.of(n_partitions)
    for kind, texts in arrived(met, deal):
        found = Nearest(texts.hashes, MOST_CANDIDATES)
        group = deal.group_of(texts.hashes)
        if (pair := deal.pairs[to]) is not None:
            _pair_groups(
                texts, kind, np.flatnonzero(group == pair[0]), np.flatnonzero(group == pair[1]), found
            )
        for alone in deal.alone[to]:
            _pair_groups(texts, kind, np.flatnonzero(group == alone), None, found)
        yield from ask_for_pairs(kind, texts.hashes, found, n_partitions)
    for kind, texts in arrived(windowed, deal):
        found = Nearest(texts.hashes, MOST_CANDIDATES)
        _pair_windows(texts, kind, to, n_partitions, found)
        yield from ask_for_pairs(kind, texts.hashes, found, n_partitions)


def _pair_groups(texts: Arrived, kind: int, one: Ints, other: Ints | None, found: Nearest) -> None:
    """Pair texts of one group with those of another, which stand after them, or with each other, in full."""
    rows = one if other is None else np.concatenate((one, other))
    n_one = None if other is None else len(one)
    seen = np.empty((2, (1 << _FILTER_BITS) // 64), np.uint64)
    room, key_room = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint32)
    for low in range(0, BANDS, _BANDS_TOGETHER):
        keys_of = band_keys(texts.slots, rows, low, low + _BANDS_TOGETHER, ROWS)
        bits = np.unpackbits(texts.bands[rows, low // 8 : (low + _BANDS_TOGETHER) // 8], axis=1)
        flags = np.ascontiguousarray(bits.T).view(np.bool_)
        for band, (keys, is_open) in enumerate(zip(keys_of, flags, strict=True), start=low):
            n = _not_alone(keys, is_open, -1 if n_one is None else n_one, seen, room, key_room)
            members, first, last = _met(key_room[:n], room[:n], n_one)
            if len(members):
                checked_pairs(
                    texts.slots, rows[members], last, band, ROWS, MIN_EQUAL_OF[kind], texts.is_capped,
                    texts.whole, found.add, first,
                )  # fmt: skip


def _met(keys: Keys, live: Ints, n_one: int | None) -> tuple[Ints, Ints | None, Ints]:
    """Members of buckets, and where those that each is to be paired with begin and end."""
    members, bounds = buckets_of(keys, live)
    sizes = np.diff(bounds)
    if n_one is None:
        members, bounds = taken(members, bounds, sizes > 1)
        return members, None, np.repeat(bounds[1:], np.diff(bounds))
    # In a bucket members ascend: first those of the one group.
    ones = np.concatenate(([0], np.cumsum(members < n_one)))
    of_one = ones[bounds[1:]] - ones[bounds[:-1]]
    both = (of_one > 0) & (of_one < sizes)
    members, bounds = taken(members, bounds, both)
    sizes, of_one = sizes[both], of_one[both]
    last = np.repeat(bounds[1:], sizes)
    first = np.where(members < n_one, np.repeat(bounds[:-1] + of_one, sizes), last)
    return members, first, last


def _pair_windows(texts: Arrived, kind: int, to: int, n_partitions: int, found: Nearest) -> None:
    """Pair the texts of capped buckets in windows."""
    every = pairs_of_slots(texts.slots)
    for band in range(BANDS):
        rows = np.flatnonzero(texts.bands[:, band // 8] & (128 >> band % 8))
        keys = every[rows, band]
        mine = partitions_of_keys(kind, np.full(len(rows), band), keys, n_partitions) == to
        members, bounds = buckets_of(keys[mine], rows[mine])
        if len(members):
            windowed_pairs(
                texts.slots, Large(band, members.astype(np.int32), bounds), texts.hashes, ROWS,
                MIN_EQUAL_OF[kind], texts.is_capped, texts.whole, found.add,
            )  # fmt: skip


def partitions_of_keys(kind: int, bands: Ints, keys: NDArray[np.uint32], n_partitions: int) -> Ints:
    """Return the partition of each bucket, given its band and key; shape (m,)."""
    out = np.empty(len(keys), np.int64)
    _partitions(kind, bands, keys, n_partitions, out)
    return out


@_compiled
def _partitions(kind, bands, keys, n, out):  # type: ignore[no-untyped-def]
    for i in range(len(keys)):
        out[i] = bucket_partition(kind, bands[i], keys[i], n)


@_compiled
def _not_alone(keys, is_open, n_one, seen, rows, row_keys):  # type: ignore[no-untyped-def]
    """Write the open rows whose key may be there twice, and their keys; returns how many.

    With `n_one` not negative a key must be on both sides of that row. Keys are marked in a table of bits, so
    a few rows are written that are alone, which costs time only.
    """
    # Every other row is open: without a branch it takes half the time.
    seen[:] = 0
    ones = len(keys) if n_one < 0 else n_one
    for i in range(ones):
        word, bit = _place(keys[i], is_open[i])
        if n_one < 0:
            seen[1, word] |= seen[0, word] & bit
        seen[0, word] |= bit
    for i in range(ones, len(keys)):
        word, bit = _place(keys[i], is_open[i])
        seen[1, word] |= seen[0, word] & bit
    n = 0
    for i in range(len(keys)):
        word, bit = _place(keys[i], is_open[i])
        rows[n] = i
        row_keys[n] = keys[i]
        n += (seen[1, word] & bit) != 0
    return n


@_compiled
def _place(key, is_open):  # type: ignore[no-untyped-def]
    """Word and bit of a key in a table of bits; no bit if it is not open."""
    at = np.uint32(np.uint32(key) * np.uint32(0x9E3779B1)) >> np.uint32(32 - _FILTER_BITS)
    return at >> np.uint32(6), np.uint64(is_open) << np.uint64(at & np.uint32(63))


def _values_of(values: pa.ChunkedArray, kind: Any, width: int) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return which rows have a value, and these values as the rows of a matrix."""
    array = values.combine_chunks()
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return np.diff(offsets) > 0, data.view(kind).reshape(-1, width)
