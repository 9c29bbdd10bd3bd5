"""Stages D to G: from sketches to candidate pairs, the very ones of `dedup.engines.matching.propose`.

Stages that are run, in order:

``keys``        at home: slot counts (D) and the keys of all buckets (E) are sent out
``buckets``     frequent values (D); sizes of buckets, and which are capped (E)
``crowded``     at home: which texts are crowded, where there may be any
``capped``      buckets that hold too many crowded texts, where there are any
``signatures``  at home: signatures are sent to where they meet (F)
``pairs``       pairs that pass the check (F)
``votes``       at home: the nearest of each text (G)
``candidates``  at home of the smaller hash: pairs that either text asks for (G)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.engines.spark import buckets, nearest, pairing, rare, sending, sizes
from dedup.engines.spark.packets import Inbox, Packet, column
from dedup.engines.spark.runner import Runner
from dedup.engines.spark.sketches import SKETCH_SCHEMA, Sketched
from dedup.sketch.capped import CAP, MOST_CAPPED
from dedup.sketch.shingles import BODY

SKETCH: Final = "sketch"
CANDIDATES: Final = "candidates"
"""The stage that gives the candidate pairs, packets of the kind `dedup.engines.spark.nearest.CANDIDATE`."""

_CROWDED: Final = "crowded-kind"
_CROWDED_SCHEMA: Final = pa.schema([pa.field("kind", pa.uint8()), pa.field("texts", pa.int64())])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the driver is told of the candidate stages.

    Parameters
    ----------
    capped_buckets : int
        Buckets not paired in full, over all kinds.
    largest_bucket : int
        Members of the largest of them; 0 where there is none.
    crowded_texts : int
        Texts in more than `MOST_CAPPED` capped buckets, over all kinds.
    """

    capped_buckets: int
    largest_bucket: int
    crowded_texts: int


def find_candidates(runner: Runner, sketches: tuple[str, Sequence[str]], *, cap: int = CAP) -> Proposal:
    """Run the stages that find the candidate pairs.

    Parameters
    ----------
    runner : Runner
    sketches : (stage, kinds)
        Where the sketches are (`SKETCH_SCHEMA`), each at the home of its text.
    cap : int
        Largest bucket that is paired in full.

    Returns
    -------
    Proposal
    """
    n = runner.n_partitions
    runner.stage("keys", [sketches], partial(_send_keys, n))
    runner.stage("buckets", [("keys", [buckets.KEYS, rare.COUNTS])], partial(_measure, n, cap))
    frequent = rare.frequent_codes(runner.collect("buckets", rare.FREQUENT))
    capped = _capped(runner.collect("buckets", sizes.CAPPED))
    answers: list[tuple[str, Sequence[str]]] = [sketches, ("buckets", [buckets.SIZES])]
    crowded: dict[int, int] = {}
    if any(n_buckets > MOST_CAPPED for n_buckets, _ in capped.values()):
        runner.stage("crowded", answers, partial(_send_crowded, n))
        for table in runner.collect("crowded", _CROWDED):
            for kind, texts in zip(
                *(column(table, name).tolist() for name in table.column_names), strict=True
            ):
                crowded[kind] = crowded.get(kind, 0) + texts
    if crowded:
        kinds = frozenset(crowded)
        again = [("keys", [buckets.KEYS]), ("crowded", [buckets.CROWD])]
        runner.stage("capped", again, partial(_measure_again, n, cap, kinds))
        answers.append(("capped", [buckets.SIZES_AGAIN]))
        capped |= _capped(runner.collect("capped", sizes.CAPPED))
    runner.drop("keys", [buckets.KEYS, rare.COUNTS])
    runner.stage("signatures", answers, partial(_send_texts, n, frozenset(crowded), frequent))
    runner.stage("pairs", [("signatures", [sending.MEETING, sending.WINDOWED])], partial(_pair, n))
    runner.drop("signatures", [sending.MEETING, sending.WINDOWED])
    runner.stage("votes", [("pairs", [nearest.NEAR])], partial(_vote, n))
    runner.stage(CANDIDATES, [("votes", [nearest.VOTE])], partial(_unite, n))
    for stage, kind in (("buckets", buckets.SIZES), ("pairs", nearest.NEAR), ("votes", nearest.VOTE)):
        runner.drop(stage, [kind])
    return Proposal(
        sum(n_buckets for n_buckets, _ in capped.values()),
        max((largest for _, largest in capped.values()), default=0),
        sum(crowded.values()),
    )


def _send_keys(n: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    sketched = _sketched(packets)
    yield from rare.count_values(sketched.slots[BODY], n)
    yield from buckets.send_keys(to, sketched, n)


def _measure(n: int, cap: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    keys: list[pa.Table] = []
    # Counts of slots are added up as they come, for they may be many.
    yield from rare.find_frequent(to, _others(packets, buckets.KEYS, keys))
    yield from sizes.measure_buckets(to, keys, [], cap, n)


def _send_crowded(n: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    told: list[pa.Table] = []
    sketched = _sketched(_others(packets, buckets.SIZES, told))
    counts: dict[int, int] = {}
    yield from buckets.send_crowded(to, sketched, buckets.Answers(told), n, counts)
    if counts:
        rows = [list(counts), list(counts.values())]
        yield Packet.of(to, _CROWDED, pa.table(rows, schema=_CROWDED_SCHEMA))


def _measure_again(
    n: int, cap: int, kinds: frozenset[int], to: int, packets: Iterator[Packet]
) -> Iterator[Packet]:
    inbox: dict[str, list[pa.Table]] = {buckets.KEYS: [], buckets.CROWD: []}
    for packet in packets:
        inbox[packet.kind].append(packet.table())
    yield from sizes.measure_buckets(to, inbox[buckets.KEYS], inbox[buckets.CROWD], cap, n, kinds)


def _send_texts(
    n: int, crowded_kinds: frozenset[int], frequent: NDArray[np.uint32], to: int, packets: Iterator[Packet]
) -> Iterator[Packet]:
    told: list[pa.Table] = []
    again: list[pa.Table] = []
    sketched = _sketched(_others(_others(packets, buckets.SIZES, told), buckets.SIZES_AGAIN, again))
    yield from sending.send_texts(
        sketched, buckets.Answers(told), buckets.Answers(again), crowded_kinds, frequent, n
    )


def _pair(n: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    inbox: dict[str, list[pa.Table]] = {sending.MEETING: [], sending.WINDOWED: []}
    for packet in packets:
        inbox[packet.kind].append(packet.table())
    yield from pairing.pair_texts(to, inbox[sending.MEETING], inbox[sending.WINDOWED], n)


def _vote(n: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    yield from nearest.vote(Inbox(packets).table(nearest.NEAR, nearest.NEAR_SCHEMA), n)


def _unite(n: int, to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    yield from nearest.unite(to, Inbox(packets).table(nearest.VOTE, nearest.VOTE_SCHEMA), n)


def _sketched(packets: Iterable[Packet]) -> Sketched:
    return Sketched.of(Inbox(packets).table(SKETCH, SKETCH_SCHEMA))


def _others(packets: Iterable[Packet], kind: str, taken: list[pa.Table]) -> Iterator[Packet]:
    """Pass packets on, but take those of one kind out."""
    for packet in packets:
        if packet.kind == kind:
            taken.append(packet.table())
        else:
            yield packet


def _capped(tables: Iterable[pa.Table]) -> dict[int, tuple[int, int]]:
    """Add up the capped buckets, and find the largest, of each kind."""
    out: dict[int, tuple[int, int]] = {}
    for table in tables:
        for row in table.to_pylist():
            n_buckets, largest = out.get(row["kind"], (0, 0))
            out[row["kind"]] = n_buckets + row["buckets"], max(largest, row["largest"])
    return out
