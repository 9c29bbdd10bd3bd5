"""What a page about a run needs beyond its tables, out of the index: texts, cores, whole outlets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.engines.assemble import Clustering
from dedup.engines.corpus import Ints
from dedup.errors import IndexFolderError
from dedup.index.identity import article_keys, key_of_hex
from dedup.index.session import Matched, chosen_articles, threshold_of
from dedup.report.html.source import ReportSource, Ties
from dedup.settings import Settings

_BATCH: Final = 4096  # articles whose texts are in memory together


class RunSource(ReportSource):
    """The source of a page about one run of an index.

    Parameters
    ----------
    matched : Matched
    clustering : Clustering
    settings : Settings
        Of the run.
    """

    def __init__(self, matched: Matched, clustering: Clustering, settings: Settings) -> None:
        self._snapshot = matched.snapshot
        self._corpus = matched.state.corpus
        self._clustering = clustering
        self._settings = settings
        self._threshold = threshold_of(settings, matched.model)

    @property
    def threshold(self) -> float:
        """Least score of an edge."""
        return self._threshold

    def ties(self, members: pa.Table) -> Ties:
        """Return what holds each member in its cluster."""
        found = self._clustering
        at = np.full(len(self._corpus), -1, np.int64)
        at[found.member] = np.arange(len(found.member))
        rows = at[self._places(members)]
        core = found.core[found.cluster] == found.member
        return Ties(core[rows], found.core_score[rows])

    def texts(self, members: pa.Table) -> Iterator[tuple[Ints, pa.Table]]:
        """Yield titles and texts in the order they lie on disk."""
        place = self._places(members)
        part, row = self._corpus.part[place], self._corpus.row[place]
        order = np.lexsort((row, part))
        for low in range(0, len(order), _BATCH):
            some = order[low : low + _BATCH]
            yield some, self._snapshot.rows_at(part[some], row[some], ("title", "text"))

    def outlets(self) -> Mapping[str, int]:
        """Return how many of the articles that took part each outlet has."""
        kept = chosen_articles(self._corpus, self._settings)
        part, row = self._corpus.part[kept], self._corpus.row[kept]
        counts: dict[str, int] = {}
        for position, table in enumerate(self._snapshot.articles(["outlet"])):
            mine = table["outlet"].take(pa.array(row[part == position]))
            for one in pc.value_counts(pc.fill_null(mine.combine_chunks(), "")).to_pylist():
                counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]
        return counts

    def _places(self, members: pa.Table) -> Ints:
        """Return the place in the corpus of each row of a member table.

        A row names its article by what the key is made of: its outlet and the feed's id. Without an
        id of its own an article is shown by its key.
        """
        ids = members["article_id"].combine_chunks()
        named = pa.record_batch([members["outlet"].combine_chunks(), ids], names=["outlet", "id"])
        keys = article_keys(named) if len(ids) else np.empty(0, np.int64)
        place = self._search(keys)
        for at in np.flatnonzero(place < 0).tolist():
            keys[at] = key_of_hex(ids[at].as_py()) or 0
        place = self._search(keys)
        if (place < 0).any():  # never another article in its place
            missing = ids[int(np.flatnonzero(place < 0)[0])].as_py()
            raise IndexFolderError(f"article {missing!r} of the report is not in the index", "run it again")
        return place

    def _search(self, keys: Ints) -> Ints:
        known = self._corpus.keys
        place = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        return np.where(known[place] == keys, place, -1) if len(known) else np.full(len(keys), -1)
