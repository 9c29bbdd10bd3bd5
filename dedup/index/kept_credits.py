"""The credits a run found, kept with it, so that the next report reads no text of a member again.

A credit depends on the record it is found in and on nothing else but the table of agencies and the rules. A
record is a row of a part, and rows of parts never change: a corrected article is another row. So a credit is
known by part and row, the part by its number and the checksum of its footer, and the rules by
`credit_rules`.

Where a repair corrected that checksum, or a run of another table of agencies came between and the older ones
are no longer kept, credits are found again: what is kept only saves time. They are kept with
a new run only: of an index that has not changed since a run by other rules they are found each time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.engines.corpus import Ints
from dedup.errors import IndexFolderError
from dedup.index.credits import FOUND_SCHEMA
from dedup.index.reading import StoreReader
from dedup.index.snapshot import Snapshot
from dedup.text.credit import FINDER, Agency, load_agencies

CREDITS: Final = "credits"
"""Name of the table that holds `KEPT_SCHEMA` in a run, and of the rules it was made by in the run's meta."""

_REPEATED: Final = pa.dictionary(pa.int32(), pa.string())  # also on disk, see `write_parquet`

KEPT_SCHEMA: Final = pa.schema(
    [
        pa.field("part", pa.int64(), nullable=False),
        pa.field("footer_crc", pa.int64(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        *(field.with_type(_REPEATED) if field.type == pa.string() else field for field in FOUND_SCHEMA),
    ]
)
"""One row per member, by part (the number in its file names) and row."""

_ROW_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class KnownCredits:
    """Credits found by an earlier report.

    Parameters
    ----------
    places : int64 array, shape (k,)
        Of the rows looked at, ascending; as `_places` numbers them.
    found : pa.Table
        `FOUND_SCHEMA`, k rows.
    """

    places: Ints
    found: pa.Table

    def at(self, part: Ints, row: Ints) -> Ints:
        """Return for each row of a part (by position) where `found` has its credit, -1 if it is not known."""
        wanted = _places(part, row)
        at = np.searchsorted(self.places, wanted)
        there = np.append(self.places, -1)[at] == wanted
        return np.where(there, at, -1)


def _places(part: Ints, row: Ints) -> Ints:
    return (part.astype(np.int64) << _ROW_BITS) | row.astype(np.int64)


def credit_rules(agencies: Sequence[Agency] | None) -> str:
    """Return a hash of all that a credit depends on besides its record.

    Parameters
    ----------
    agencies : sequence of Agency, optional
        The table, `load_agencies()` by default.

    Returns
    -------
    str
        32 hex digits. Whatever changes it only costs time: the credits are found again.
    """
    table = load_agencies() if agencies is None else tuple(agencies)
    # What a letter is, and its other case, is decided by Python's Unicode.
    said = repr((KEPT_SCHEMA.names, FINDER, unicodedata.unidata_version, table))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def kept_table(snapshot: Snapshot, part: Ints, row: Ints, found: pa.Table) -> pa.Table:
    """Return what is kept with a run.

    Parameters
    ----------
    snapshot : Snapshot
    part, row : int64 arrays, shape (m,)
        Position of the part, row in it, of each member.
    found : pa.Table
        `FOUND_SCHEMA`, m rows.

    Returns
    -------
    pa.Table
        `KEPT_SCHEMA`.
    """
    order = np.argsort(_places(part, row), kind="stable")
    numbers = np.array([one.number for one in snapshot.parts], np.int64)
    footers = np.array([one.footer_crc for one in snapshot.parts], np.int64)
    sorted_part = part[order]
    columns = [numbers[sorted_part], footers[sorted_part], row[order], *found.take(pa.array(order)).columns]
    return pa.table(columns, names=KEPT_SCHEMA.names).cast(KEPT_SCHEMA)


def known_credits(store: StoreReader, snapshot: Snapshot, rules: str, settings: str) -> KnownCredits | None:
    """Return what a run knows whose credits were found by these rules; None without one.

    The newest run of the same settings, or else the newest of all.

    Parameters
    ----------
    store : StoreReader
    snapshot : Snapshot
        Whose rows will be asked for.
    rules : str
        What `credit_rules` gives.
    settings : str
        Runs with this in their meta have the same members and are asked first; no credit depends on it.
    """
    runs = [run for run in reversed(store.runs()) if run.meta.get(CREDITS) == rules and CREDITS in run.tables]
    for run in sorted(runs, key=lambda run: run.meta.get("settings") != settings):
        try:
            return _known(run.table(CREDITS), snapshot)
        except IndexFolderError:
            continue  # a run is a cache; a damaged one only costs time
    return None


def _known(kept: pa.Table, snapshot: Snapshot) -> KnownCredits:
    of_part = {(part.number, part.footer_crc): part.position for part in snapshot.parts}
    number, footer = kept["part"].to_numpy(), kept["footer_crc"].to_numpy()
    begins = np.flatnonzero(np.append(True, np.diff(number) != 0)[: len(number)])
    position = [of_part.get(pair, -1) for pair in zip(number[begins], footer[begins], strict=True)]
    part = np.repeat(np.array(position, np.int64), np.diff(np.append(begins, len(number))))
    places = _places(part, kept["row"].to_numpy())
    # Rows of parts that a repair has dropped since are asked for by nobody.
    there = np.flatnonzero(part >= 0)
    order = there[np.argsort(places[there], kind="stable")]
    found = kept.select(FOUND_SCHEMA.names).cast(FOUND_SCHEMA)
    return KnownCredits(places[order], found.take(pa.array(order)).combine_chunks())
