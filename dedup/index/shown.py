"""What a report shows of its members: their fields, and the credit of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.engines.corpus import Corpus, Ints
from dedup.engines.prefetch import prefetched
from dedup.index.credits import FOUND_SCHEMA, found_table
from dedup.index.kept_credits import KnownCredits
from dedup.index.snapshot import Snapshot
from dedup.profile import timed
from dedup.text.credit import Agency, find_credits

SHOWN: Final = ("id", "outlet", "published", "title", "url", "place", "byline", "file", "line")
"""Fields of an article that a report shows."""

WITH_TEXT: Final = (*SHOWN, "credit", "text")
"""These, and what else a credit is found in."""

_BATCH: Final = 4096  # members whose texts are in memory together


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of m articles.

    Parameters
    ----------
    rows : pa.Table
        Columns `SHOWN`, m rows.
    credits : pa.Table
        `dedup.index.credits.FOUND_SCHEMA`, m rows.
    """

    rows: pa.Table
    credits: pa.Table


def shown_articles(
    snapshot: Snapshot,
    corpus: Corpus,
    articles: Ints,
    agencies: Sequence[Agency] | None = None,
    known: KnownCredits | None = None,
) -> Shown:
    """Return what a report shows of some articles, in the order asked.

    Texts are long and only looked at for a credit: those of articles whose credit is known are not read, the
    others in the order they lie on disk, a few thousand at a time.

    Parameters
    ----------
    snapshot, corpus
        Of one run.
    articles : int64 array, shape (m,)
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.
    known : KnownCredits, optional
        Found by the same rules.
    """
    part, row = corpus.part[articles], corpus.row[articles]
    at = np.full(len(articles), -1, np.int64) if known is None else known.at(part, row)
    order = np.lexsort((row, part))
    new, old = order[at[order] < 0], order[at[order] >= 0]
    tables = [snapshot.rows_at((), (), SHOWN)]
    found = [FOUND_SCHEMA.empty_table()]

    def read(columns: Sequence[str], some: Ints) -> pa.Table:
        return snapshot.rows_at(part[some], row[some], columns)

    for _, rows in prefetched(partial(read, WITH_TEXT), new, _BATCH):
        with timed("credits"):
            found.append(found_table(find_credits(rows, agencies)))
        tables.append(rows.select(SHOWN))
    for _, rows in prefetched(partial(read, SHOWN), old, _BATCH):
        tables.append(rows)
    if known is not None:
        found.append(known.found.take(pa.array(at[old])))
    back = np.empty(len(order), np.int64)
    back[np.concatenate((new, old))] = np.arange(len(order))
    place = pa.array(back)
    rows, credits = (pa.concat_tables(each).combine_chunks().take(place) for each in (tables, found))
    return Shown(rows, credits)
