"""What outlet and date say about two headlines that their words do not.

A headline is short, so who printed it and when counts. An outlet does not
syndicate itself: two headlines of one outlet that look alike on different days
are instalments of a column ("Tracking a rainy Tuesday") or of a daily digest;
the same two at two outlets on one day are one story edited twice. And news is
news for a few days: what looks alike a week later is the next turn of the
story. Running text speaks for itself, so nothing is taken off there.

This is applied when clusters are made, not when pairs are scored: which outlets
carry a text, and when, may change with the next load; the score of two texts may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.graph import compiled
from dedup.engines.corpus import Corpus, Ints, Nodes, rows_of
from dedup.engines.holding import Holding
from dedup.sketch.minhash import BODY_MIN_WORDS
from dedup.text.credit import agency_outlets

SAME_OUTLET: Final = 3_000_000
"""Millionths of a logit taken off two headlines of one outlet a day or more apart. Of such candidate pairs
that readers labelled (`tests/data/labels/fit/missouri.csv`) 1 of 28 was one story, of those of two outlets
81 of 133."""

STALE: Final = 3_000_000
"""Millionths of a logit taken off two headlines more than `STALE_S` apart: 0 of 24 and, at two outlets, 1 of
25 were one story; a regression gives 6 logits."""

DAY_S: Final = 86_400
STALE_S: Final = 3 * DAY_S


@dataclass(frozen=True, slots=True)
class Carriers:
    """Who carries each of k texts, and when.

    Parameters
    ----------
    outlet : int64 array, shape (k,)
        Number of the outlet that alone carries the text, -1 for several or unknown.
    first_s, last_s : int64 array, shape (k,)
        Seconds since 1970 of the first and the last dated article, `UNKNOWN` without any.
    is_brief : bool array, shape (k,)
        Whether the text is too short for a body sketch.
    """

    outlet: Ints
    first_s: Ints
    last_s: Ints
    is_brief: NDArray[np.bool_]

    @classmethod
    def of(cls, corpus: Corpus, nodes: Nodes, outlets: Ints) -> Self:
        """Gather the carriers of the texts; `outlets` is what `dedup.engines.corpus.outlet_numbers` gives."""
        k = len(nodes)
        least, most = np.full(k, np.iinfo(np.int64).max), np.full(k, -1, np.int64)
        worded = nodes.of >= 0
        np.minimum.at(least, nodes.of[worded], outlets[worded])
        np.maximum.at(most, nodes.of[worded], outlets[worded])
        first, last = np.full(k, np.iinfo(np.int64).max), np.full(k, UNKNOWN, np.int64)
        dated = worded & (corpus.published_s != UNKNOWN)
        np.minimum.at(first, nodes.of[dated], corpus.published_s[dated])
        np.maximum.at(last, nodes.of[dated], corpus.published_s[dated])
        first[last == UNKNOWN] = UNKNOWN
        brief = corpus.units[nodes.first] < BODY_MIN_WORDS
        return cls(np.where(least == most, most, -1), first, last, brief)

    def handicap(self, left: Ints, right: Ints) -> Ints:
        """Return what is taken off the score of pairs of texts.

        Parameters
        ----------
        left, right : int64 array, shape (p,)
            Nodes.

        Returns
        -------
        int64 array, shape (p,)
            Millionths of a logit.
        """
        out = np.zeros(len(left), np.int64)
        _scan_handicaps(left, right, self.outlet, self.first_s, self.last_s, self.is_brief, out)
        return out


def own_sites(holding: Holding, corpus: Corpus) -> NDArray[np.bool_]:
    """Tell of each article whether it stands on an agency's own site; shape (n,)."""
    found = [agency_outlets(table["outlet"], table["url"]) for table in holding.articles(["outlet", "url"])]
    answers = np.concatenate([np.empty(0, np.bool_), *found])
    return np.asarray(answers[rows_of(holding, corpus)], np.bool_)


@compiled
def _scan_handicaps(left, right, outlet, first, last, is_brief, out):  # type: ignore[no-untyped-def]
    for i in range(len(left)):
        a = left[i]
        b = right[i]
        if not (is_brief[a] or is_brief[b]) or last[a] == UNKNOWN or last[b] == UNKNOWN:
            continue
        apart = max(first[a], first[b]) - min(last[a], last[b])
        if apart >= DAY_S and outlet[a] == outlet[b] and outlet[a] >= 0:
            out[i] += SAME_OUTLET
        if apart > STALE_S:
            out[i] += STALE
