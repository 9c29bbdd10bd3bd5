"""Stage G: of each text the nearest others, and the pairs that either of their texts asks for.

Where texts met only the nearest pairs of each text were kept, which cannot leave out one of its nearest
among all (`dedup.sketch.nearest`). They come to the home of the text that asks. There, kind by kind, those
beyond the `MOST_CANDIDATES` nearest go, and each of the rest is a vote, sent to the home of the smaller hash:
that is a second exchange. A pair with a vote of either text, under any kind, is a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES
from dedup.engines.spark.packets import Hashes, Packet, addressed, column, partition_of
from dedup.sketch.nearest import Nearest, among_nearest

NEAR: Final = "near"
VOTE: Final = "vote"
CANDIDATE: Final = "candidate"

NEAR_SCHEMA: Final = pa.schema(
    [
        pa.field("kind", pa.uint8()),
        pa.field("owner", pa.int64()),  # the text that asks
        pa.field("other", pa.int64()),
        pa.field("equal", pa.uint16()),
    ]
)
VOTE_SCHEMA: Final = pa.schema(
    [
        pa.field("left", pa.int64()),
        pa.field("right", pa.int64()),
        pa.field("rank", pa.uint8()),  # of the kind of sketch, in the order of `MIN_EQUAL_OF`
        pa.field("equal", pa.uint16()),
    ]
)
CANDIDATE_SCHEMA: Final = pa.schema(
    [
        pa.field("left", pa.int64()),  # the smaller hash, unsigned
        pa.field("right", pa.int64()),
        pa.field("equal", pa.uint16()),  # slots, under the first kind that proposes the pair
    ]
)
"""Candidate pairs, each once."""

SMALLEST: Final = "smallest"
SMALLEST_SCHEMA: Final = pa.schema([pa.field("hash", pa.int64()), pa.field("other", pa.int64())])
"""At the home of a text a smaller hash that it is a candidate with; of a text with more than `MOST_PAIRS`
pairs nobody is told."""

MOST_PAIRS: Final = 1024
"""Pairs that one text may gather around it when they are judged (`dedup.engines.spark.confirm`)."""

_RANKED: Final = tuple(MIN_EQUAL_OF)


def ask_for_pairs(kind: int, hashes: Hashes, found: Nearest, n_partitions: int) -> Iterator[Packet]:
    """Send pairs to the homes of those texts that they are among the nearest of.

    Yields
    ------
    Packet
        `NEAR` (`NEAR_SCHEMA`).
    """
    (packed, equal), of_left, of_right = found.sides()
    left, right = hashes[packed >> 32], hashes[packed & 0xFFFFFFFF]
    owner = np.concatenate((left[of_left], right[of_right]))
    other = np.concatenate((right[of_left], left[of_right]))
    columns = [
        pa.array(np.full(len(owner), kind, np.uint8)), pa.array(owner.view(np.int64)),
        pa.array(other.view(np.int64)), pa.array(np.concatenate((equal[of_left], equal[of_right]))),
    ]  # fmt: skip
    table = pa.table(columns, schema=NEAR_SCHEMA)
    yield from addressed(NEAR, table, partition_of(owner, n_partitions))


def vote(asked: pa.Table, n_partitions: int) -> Iterator[Packet]:
    """Choose the nearest of each text of a partition.

    Parameters
    ----------
    asked : pa.Table
        `NEAR_SCHEMA`; a pair may come several times.
    n_partitions : int

    Yields
    ------
    Packet
        `VOTE` (`VOTE_SCHEMA`); a text votes for a pair once, under the first kind it may.
    """
    kind = column(asked, "kind")
    parts = [_nearest(asked.filter(pa.array(kind == each)), rank) for rank, each in enumerate(_RANKED)]
    votes = _first_of(pa.concat_tables(parts), "owner", "other")
    owner, other = (column(votes, name).view(np.uint64) for name in ("owner", "other"))
    left, right = np.minimum(owner, other), np.maximum(owner, other)
    columns = [pa.array(left.view(np.int64)), pa.array(right.view(np.int64)), votes["rank"], votes["equal"]]
    yield from addressed(VOTE, pa.table(columns, schema=VOTE_SCHEMA), partition_of(left, n_partitions))


def unite(to: int, votes: pa.Table, n_partitions: int) -> Iterator[Packet]:
    """Make candidate pairs of votes.

    Yields
    ------
    Packet
        `CANDIDATE` (`CANDIDATE_SCHEMA`), which stay in the partition, and `SMALLEST` (`SMALLEST_SCHEMA`).
    """
    pairs = _first_of(votes, "left", "right").select(CANDIDATE_SCHEMA.names)
    yield from addressed(CANDIDATE, pairs, np.full(len(pairs), to, np.int64))
    left, right = (column(pairs, name).view(np.uint64) for name in ("left", "right"))
    _, of, n_pairs = np.unique(left, return_inverse=True, return_counts=True)
    few = n_pairs[of] <= MOST_PAIRS
    left, right = left[few], right[few]
    order = np.lexsort((left, right))
    left, right = left[order], right[order]
    first = np.ones(len(right), np.bool_)
    first[1:] = right[1:] != right[:-1]
    columns = [pa.array(right[first].view(np.int64)), pa.array(left[first].view(np.int64))]
    table = pa.table(columns, schema=SMALLEST_SCHEMA)
    yield from addressed(SMALLEST, table, partition_of(right[first], n_partitions))


def _nearest(asked: pa.Table, rank: int) -> pa.Table:
    """Return of each text its nearest under one kind."""
    rows = _first_of(
        asked.append_column("rank", pa.array(np.full(len(asked), rank, np.uint8))), "owner", "other"
    )
    owners, owner = np.unique(column(rows, "owner"), return_inverse=True)
    others = column(rows, "other").view(np.uint64)
    (near,) = among_nearest([(owner, others)], column(rows, "equal"), len(owners), MOST_CANDIDATES)
    return rows.filter(pa.array(near)).select(["owner", "other", "rank", "equal"])


def _first_of(table: pa.Table, one: str, other: str) -> pa.Table:
    """Return of rows with the same two hashes the one of the first kind, by hash, unsigned."""
    keys = [column(table, name).view(np.uint64) for name in (other, one)]
    turn = np.lexsort((column(table, "rank"), *keys))
    is_new = np.ones(len(turn), np.bool_)
    ordered = [key[turn] for key in keys]
    is_new[1:] = (ordered[0][1:] != ordered[0][:-1]) | (ordered[1][1:] != ordered[1][:-1])
    return table.take(pa.array(turn[is_new])).combine_chunks()
