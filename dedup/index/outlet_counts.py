"""How many articles of each outlet take part in a run: what shares of an outlet are shares of."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from dedup.engines.corpus import Corpus
from dedup.index.snapshot import Snapshot
from dedup.provenance.families import url_host


def count_outlets(
    snapshot: Snapshot, corpus: Corpus, chosen: NDArray[np.bool_]
) -> dict[tuple[str | None, str | None], int]:
    """Count the chosen articles by outlet and host of the URL.

    Parameters
    ----------
    snapshot : Snapshot
    corpus : Corpus
        Of that snapshot, n articles.
    chosen : bool array, shape (n,)
    """
    found: Counter[tuple[str | None, str | None]] = Counter()
    for part, table in enumerate(snapshot.articles(["outlet", "url"])):
        rows = table.take(np.sort(corpus.row[chosen & (corpus.part == part)]))
        hosts = map(url_host, rows["url"].to_pylist())
        found.update(zip(rows["outlet"].to_pylist(), hosts, strict=True))
    return dict(found)
