"""Stage H: candidate pairs are confirmed where both texts are.

Copies of one story pair with each other, so their pairs are judged together: at the home of the smallest text
that the smaller one of the two is a candidate with, which for most stories is that of their smallest text. A
text goes once to each partition that has a pair of it. A text with very many pairs would bring all of its
partners to one partition; it goes to them instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, least_sum
from dedup.engines.spark import nearest
from dedup.engines.spark.forest import EDGE_SCHEMA
from dedup.engines.spark.held import HeldTexts
from dedup.engines.spark.nearest import CANDIDATE, CANDIDATE_SCHEMA, SMALLEST, SMALLEST_SCHEMA
from dedup.engines.spark.packets import Hashes, Inbox, Ints, Packet, addressed, before, column, partition_of
from dedup.settings import LEAST_THRESHOLD

REQUEST_SCHEMA: Final = pa.schema([pa.field("hash", pa.int64()), pa.field("at", pa.int64())])
SIZED_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),
        pa.field("units", pa.int64()),  # words
        pa.field("several", pa.bool_()),  # at home here, and several articles carry it
    ]
)
"""A text that is sent. It comes before the texts, so that those need not be in memory all at once."""

TEXT_SCHEMA: Final = pa.schema([pa.field("hash", pa.int64()), pa.field("text", pa.large_string())])
OWN_SCHEMA: Final = pa.schema([pa.field("hash", pa.int64()), pa.field("sum", pa.int64())])
PAIRS_SCHEMA: Final = pa.schema([pa.field("candidates", pa.int64())])
JUDGED_SCHEMA: Final = pa.schema([pa.field("judged", pa.int64())])


def ask_for_texts(to: int, packets: Iterator[Packet], *, n_partitions: int, mute: Hashes) -> Iterator[Packet]:
    """Tell where each pair is judged, and who needs which text there.

    Parameters
    ----------
    to, packets
        `dedup.engines.spark.nearest.CANDIDATE` at the home of the smaller text, and `SMALLEST`.
    n_partitions : int
    mute : uint64 array, shape (r,)
        Texts that match nothing, ascending.

    Yields
    ------
    Packet
        ``pair`` (`CANDIDATE_SCHEMA`), ``asked`` (`REQUEST_SCHEMA`), ``pairs`` (`PAIRS_SCHEMA`).
    """
    inbox = Inbox(packets)
    pairs = inbox.table(CANDIDATE, CANDIDATE_SCHEMA)
    left, right = (column(pairs, name).view(np.uint64) for name in ("left", "right"))
    told = ~(np.isin(left, mute) | np.isin(right, mute))
    pairs, left, right = pairs.filter(pa.array(told)), left[told], right[told]
    yield Packet.of(to, "pairs", pa.table([[len(pairs)]], schema=PAIRS_SCHEMA))
    if not len(pairs):
        return
    texts, of, n_pairs = np.unique(left, return_inverse=True, return_counts=True)
    smallest = partition_of(_smallest(inbox.table(SMALLEST, SMALLEST_SCHEMA), texts), n_partitions)
    at = np.where(n_pairs[of] > nearest.MOST_PAIRS, partition_of(right, n_partitions), smallest[of])
    yield from addressed("pair", pairs, at)
    both = np.concatenate([left, right])
    asked = np.unique(np.stack([both.view(np.int64), np.tile(at, 2)], axis=1), axis=0)
    table = pa.table([asked[:, 0], asked[:, 1]], schema=REQUEST_SCHEMA)
    yield from addressed("asked", table, partition_of(asked[:, 0], n_partitions))


def send_texts(to: int, packets: Iterator[Packet], *, mute: Hashes) -> Iterator[Packet]:
    """Send texts where they are asked for; those that several articles carry stay at home as well.

    Parameters
    ----------
    to, packets
        ``asked`` (`REQUEST_SCHEMA`) and ``node`` (`dedup.engines.spark.texts.NODE_SCHEMA`), all at home here.
    mute : uint64 array, shape (r,)
        Texts that match nothing, not even themselves; ascending.

    Yields
    ------
    Packet
        ``sized`` (`SIZED_SCHEMA`) and ``text`` (`TEXT_SCHEMA`).
    """
    asked: list[pa.Table] = []
    requests: tuple[Ints, Ints] | None = None
    for packet in packets:  # what is asked comes first: kinds come in order
        if packet.kind == "asked":
            asked.append(packet.table())
            continue
        if requests is None:
            requests = _by_hash(asked)
        yield from _sent(to, packet.table(), *requests, mute)


def judge_pairs(
    to: int, packets: Iterator[Packet], *, n_partitions: int, learnt: Learnt, model: Model
) -> Iterator[Packet]:
    """Judge the pairs of a partition.

    Parameters
    ----------
    to, packets
        ``pair`` (`CANDIDATE_SCHEMA`), ``sized`` (`SIZED_SCHEMA`) and ``text`` (`TEXT_SCHEMA`).
    n_partitions : int
    learnt : Learnt
        The epoch.
    model : Model

    Yields
    ------
    Packet
        ``edge`` (`EDGE_SCHEMA`) to the home of the smaller text, ``own`` (`OWN_SCHEMA`) to that of each text
        that has an edge or several copies, ``judged`` (`JUDGED_SCHEMA`).
    """
    early, texts = before(packets, "text")
    inbox = Inbox(early)
    pair = inbox.table("pair", CANDIDATE_SCHEMA)
    order = np.lexsort((column(pair, "right").view(np.uint64), column(pair, "left").view(np.uint64)))
    pair = pair.take(pa.array(order))
    left_hash, right_hash = (column(pair, name).view(np.uint64) for name in ("left", "right"))
    sized = inbox.table("sized", SIZED_SCHEMA)
    hashes, first = np.unique(column(sized, "hash").view(np.uint64), return_index=True)
    held = HeldTexts.of(hashes, texts)
    left, right = np.searchsorted(hashes, left_hash), np.searchsorted(hashes, right_hash)
    judge = Judge(column(sized, "units")[first], held, learnt, model)
    alone = np.flatnonzero(column(sized, "several")[first])
    sums, relations = judge.verdicts(
        left, right, matches_only=True, nearness=column(pair, "equal").astype(np.uint16), alone=alone
    )
    kept = sums >= least_sum(LEAST_THRESHOLD)
    left, right, sums, relations = left[kept], right[kept], sums[kept], relations[kept]
    names = hashes.view(np.int64)
    yield Packet.of(to, "judged", pa.table([[len(kept)]], schema=JUDGED_SCHEMA))
    edges = pa.table([names[left], names[right], sums, relations], schema=EDGE_SCHEMA)
    yield from addressed("edge", edges, partition_of(hashes[left], n_partitions))
    scored = np.unique(np.concatenate([left, right, alone]))
    own = pa.table([names[scored], judge.own(scored)], schema=OWN_SCHEMA)
    yield from addressed("own", own, partition_of(hashes[scored], n_partitions))


def _smallest(told: pa.Table, texts: Hashes) -> Hashes:
    """Return the smallest hash that each text, ascending, is a candidate with; its own if none is smaller."""
    out = texts.copy()
    place = np.searchsorted(texts, column(told, "hash").view(np.uint64))
    hit = place < len(texts)
    hit[hit] = texts[place[hit]] == column(told, "hash").view(np.uint64)[hit]
    np.minimum.at(out, place[hit], column(told, "other").view(np.uint64)[hit])
    return out


def _by_hash(asked: list[pa.Table]) -> tuple[Ints, Ints]:
    """Return the requests ordered by hash: hashes and who asks."""
    table = pa.concat_tables(asked) if asked else REQUEST_SCHEMA.empty_table()
    hashes, at = column(table, "hash"), column(table, "at")
    order = np.lexsort((at, hashes))
    hashes, at = hashes[order], at[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(hashes) != 0) | (np.diff(at) != 0)
    return hashes[new], at[new]


def _sent(to: int, nodes: pa.Table, hashes: Ints, at: Ints, mute: Hashes) -> Iterator[Packet]:
    mine = column(nodes, "hash")
    begin, end = (np.searchsorted(hashes, mine, side=side) for side in ("left", "right"))
    count = end - begin
    row = np.repeat(np.arange(len(mine)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    target = at[np.repeat(begin, count) + within]
    several = (column(nodes, "copies") > 1) & ~np.isin(mine.view(np.uint64), mute)
    # A text of several articles is scored with itself, so it is sent to its home whoever asks.
    unasked = several.copy()
    unasked[row[target == to]] = False
    row = np.concatenate([row, np.flatnonzero(unasked)])
    target = np.concatenate([target, np.full(int(unasked.sum()), to)])
    sent = nodes.select(["hash", "units", "text"]).take(pa.array(row))
    at_home = pa.array(several[row] & (target == to))
    yield from addressed(
        "sized", pa.table([sent["hash"], sent["units"], at_home], schema=SIZED_SCHEMA), target
    )
    yield from addressed("text", sent.select(TEXT_SCHEMA.names), target)
