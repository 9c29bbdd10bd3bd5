"""A plan: what a batch will add, before anything is written.

Between planning and committing, a batch is sketched; the next one may be
planned meanwhile. So a plan meets the catalog and all plans not yet
committed, and plans are committed in the order they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, Reject
from dedup.index.identity import Int64s
from dedup.index.parts import PART_SCHEMA
from dedup.index.planning import HISTORY_COLUMNS, Arrivals, Counts, decide
from dedup.index.rules import CHANGED_REASON, NOT_STORED, Seen


@dataclass(frozen=True, eq=False)
class Plan:
    """What `IndexStore.plan` decided about one batch.

    Parameters
    ----------
    articles : pa.Table
        Rows to store, `PART_SCHEMA` (the record's fields, key, content, version), in batch order.
        Sketch these and hand the arrays to `IndexStore.commit`.
    counts : Counts
        What became of each record of the batch.
    rejects : tuple of Reject
        Records refused under ``on_change="reject"``; committed with the plan.
    number : int
        Plans of a store are committed in this order.
    load : int
        Load it belongs to.
    texts : int64 array, shape (m, 9)
        Catalog rows of `articles` and of refused texts, `HISTORY_COLUMNS`;
        part is ``-number``, or 0 if refused.
    updates : int64 array, shape (u, 9)
        Known texts whose state or load changes.
    """

    articles: pa.Table
    counts: Counts
    rejects: tuple[Reject, ...]
    number: int
    load: int
    texts: Int64s = field(repr=False)
    updates: Int64s = field(repr=False)

    @property
    def changes_articles(self) -> bool:
        """Whether committing it changes which articles there are, or which texts are current."""
        return bool(len(self.updates) or self.articles.num_rows)

    def catalog_rows(self, part: int | None) -> list[list[int]]:
        """Return `texts` in key order, as rows of part `part` (refused ones of none)."""
        rows = self.texts[np.lexsort((self.texts[:, 1], self.texts[:, 0]))]
        rows[rows[:, 7] != NOT_STORED, 7] = part or 0
        listed: list[list[int]] = rows.tolist()
        return listed


def make_plan(
    batch: pa.RecordBatch,
    on_change: str,
    *,
    number: int,
    load: int,
    look_up: Callable[[Int64s], Int64s],
    pending: Sequence[Plan],
    locate: Callable[[int, int], tuple[str, int]],
) -> Plan:
    """Plan a batch against the catalog and the plans not yet committed.

    Parameters
    ----------
    batch : pa.RecordBatch
        Of `ARTICLE_SCHEMA`.
    on_change : str
        One of `dedup.index.rules.ON_CHANGE`.
    number, load : int
        Of this plan.
    look_up : callable
        Sorted unique keys -> history table.
    pending : sequence of Plan
        In the order made.
    locate : callable
        (part, row) -> file and line of a stored record.

    Raises
    ------
    ValueError
        If the batch has another schema, or `on_change` is unknown.
    IndexFolderError
        If two different articles share a key.
    """
    if not batch.schema.equals(ARTICLE_SCHEMA):
        raise ValueError(f"a batch must have ARTICLE_SCHEMA; it differs in {_differences(batch.schema)}")
    arrivals = Arrivals.of(batch)
    keys = np.unique(arrivals.key)
    decision = decide(arrivals, _overlaid(look_up(keys), keys, pending), load, on_change)

    rows = decision.rows
    table = pa.Table.from_batches([batch])
    if len(rows) < batch.num_rows:  # else it is the batch itself, and not copied
        table = table.take(pa.array(rows))
    added = {"key": arrivals.key[rows], "content": arrivals.content[rows], "version": decision.version}
    for name, values in added.items():
        table = table.append_column(
            PART_SCHEMA.field(name), pa.array(values).cast(PART_SCHEMA.field(name).type)
        )
    texts = np.empty((len(rows), len(HISTORY_COLUMNS)), dtype=np.int64)
    columns = (arrivals.key, arrivals.content, arrivals.proof, None, arrivals.stamp)
    for j, column in enumerate(columns):
        texts[:, j] = decision.version if column is None else column[rows]
    texts[:, 5] = decision.load
    texts[:, 6] = decision.state
    texts[:, 7] = -number
    texts[:, 8] = np.arange(len(rows))

    def place(loser: Seen) -> tuple[str, int]:
        return arrivals.place(loser.origin) if loser.origin >= 0 else locate(loser.part, loser.row)

    rejects = (
        tuple(Reject(*place(loser), CHANGED_REASON) for loser in decision.losers)
        if on_change == "reject"
        else ()
    )
    return Plan(
        table,
        decision.counts,
        rejects,
        number,
        load,
        np.concatenate([texts, _table(decision.refused)]),
        _table(decision.updates),
    )


def _overlaid(history: Int64s, keys: Int64s, pending: Sequence[Plan]) -> Int64s:
    """Return the history as it will be when all pending plans are committed, sorted by key."""
    tables = [history]
    for plan in pending:
        tables += [changes[np.isin(changes[:, 0], keys)] for changes in (plan.texts, plan.updates)]
    together = np.concatenate(tables)
    # Of several rows of one text the last one written counts.
    order = np.lexsort((np.arange(len(together)), together[:, 1], together[:, 0]))
    together = together[order]
    last = np.ones(len(together), dtype=bool)
    last[:-1] = (together[1:, :2] != together[:-1, :2]).any(axis=1)
    return together[last]


def _table(texts: Sequence[Seen]) -> Int64s:
    rows = [[getattr(text, name) for name in HISTORY_COLUMNS] for text in texts]
    return np.array(rows, dtype=np.int64).reshape(-1, len(HISTORY_COLUMNS))


def _differences(schema: pa.Schema) -> str:
    wrong = [
        name
        for name in sorted({*schema.names, *ARTICLE_SCHEMA.names})
        if name not in schema.names
        or name not in ARTICLE_SCHEMA.names
        or not schema.field(name).equals(ARTICLE_SCHEMA.field(name))
    ]
    return ", ".join(wrong) or "the order of its columns"
