"""What an open index holds, apart from its clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from dedup.article import Reject
from dedup.errors import IndexFolderError
from dedup.index.credits import credit_table
from dedup.index.opened import Opened, agency_table
from dedup.index.options import IndexStats
from dedup.index.passages import LearntPassages, learnt_passages
from dedup.index.reporting import display_ids
from dedup.index.shown import WITH_TEXT
from dedup.index.statistics import index_stats
from dedup.text.credit import Agency


class Holdings(Opened):
    """Counts, credits, learnt passages, and the records that could not be used."""

    def stats(self) -> IndexStats:
        """Return what the index holds."""
        with self._store.snapshot() as snapshot:
            return index_stats(self._store, snapshot)

    def credits(self, *, agencies: str | Path | Sequence[Agency] | None = None) -> Iterator[pa.Table]:
        """Yield the credit of each article, in batches, in the order the articles lie in the index.

        Parameters
        ----------
        agencies : path or sequence of Agency, optional
            As for `report`.

        Yields
        ------
        pa.Table
            `dedup.report.schema.CREDIT_SCHEMA`; an article without a credit has nulls.
        """
        known = agency_table(agencies)
        with self._store.snapshot() as snapshot:
            parts = zip(snapshot.keys(), snapshot.current(), snapshot.articles(list(WITH_TEXT)), strict=True)
            for keys, current, rows in parts:
                kept = rows.filter(pa.array(current))
                yield credit_table(kept, display_ids(keys[current], kept["id"]), known)

    def furniture(self, top: int | None = None) -> LearntPassages:
        """Return what the epoch learnt not to count: furniture, frames and rubrics, as text.

        Parameters
        ----------
        top : int, optional
            List only so many, those that most articles carry; all are counted.

        Raises
        ------
        IndexFolderError
            If there is no epoch yet.
        """
        learnt, epoch = self._session.current_epoch(), self._store.epoch()
        if learnt is None or epoch is None:
            raise IndexFolderError(
                f"index {self.path} has learnt nothing yet", f"run first: dedup clusters {self.path}"
            )
        with self._store.snapshot() as snapshot:
            return learnt_passages(snapshot, epoch.id, learnt, top)

    def rejects(self, limit: int | None = None) -> list[Reject]:
        """Return the records that could not be used."""
        return self._store.rejects(limit)
