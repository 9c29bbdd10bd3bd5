"""The sketches of the nodes of a partition: one row a node, and which of them may meet under which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.engines.spark.packets import Hashes, Ints, column, matrix
from dedup.sketch.minhash import LEAD_WORDS, NUM_PERM
from dedup.sketch.shingles import BODY, BRIEF, LEAD

_SLOTS: Final = pa.binary(2 * NUM_PERM)

SKETCH_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),  # of the text, which names the node
        pa.field("units", pa.int64()),  # words
        pa.field("body", _SLOTS),  # slots, uint16; null where the text has no such sketch
        pa.field("body_size", pa.int32()),  # shingles, 0 where it has none
        pa.field("lead", _SLOTS),  # of a text of more than `LEAD_WORDS` words; a shorter one is its own lead
        pa.field("brief", _SLOTS),
    ]
)


@dataclass(frozen=True, slots=True)
class Sketched:
    """The sketches of m nodes, ascending by hash: to all who read them in the same order.

    Parameters
    ----------
    hashes : uint64 array, shape (m,)
    rows : dict of int to int64 array
        Of each kind (`BODY`, `LEAD`, `BRIEF`) the rows that take part, ascending.
    slots : dict of int to uint16 array, shape (len(rows[kind]), 256)
        Their signatures.
    sizes : int64 array, shape (m,)
        Shingles of the body; 0 where there is none.
    is_long : bool array, shape (m,)
        Whether the lead is another sketch than the body.
    """

    hashes: Hashes
    rows: dict[int, Ints]
    slots: dict[int, NDArray[np.uint16]]
    sizes: Ints
    is_long: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hashes)

    @classmethod
    def of(cls, table: pa.Table) -> Sketched:
        """Read rows of `SKETCH_SCHEMA`, in any order; each node once."""
        turn = np.argsort(column(table, "hash").view(np.uint64))
        hashes = column(table, "hash").view(np.uint64)[turn]
        has = {name: table[name].is_valid().to_numpy()[turn] for name in ("body", "lead", "brief")}
        slots = {name: matrix(table[name], np.uint16) for name in has}
        bodies, briefs = np.flatnonzero(has["body"]), np.flatnonzero(has["brief"])
        is_short = has["body"] & ~has["lead"] & (column(table, "units")[turn] <= LEAD_WORDS)
        leads = np.flatnonzero(has["lead"] | is_short)
        lead_slots = slots["lead"][turn[leads]]
        own = is_short[leads]
        lead_slots[own] = slots["body"][turn[leads[own]]]
        return cls(
            hashes,
            {BODY: bodies, LEAD: leads, BRIEF: briefs},
            {BODY: slots["body"][turn[bodies]], LEAD: lead_slots, BRIEF: slots["brief"][turn[briefs]]},
            column(table, "body_size").astype(np.int64)[turn],
            has["lead"],
        )
