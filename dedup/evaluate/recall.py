"""How many pairs of a given similarity the sketches really propose, measured on a feed.

The S-curve is arithmetic about two random sets. A feed differs: a lead gives
a cut copy a second chance, and of texts in a crowd each keeps its nearest
only. So the exact Jaccard similarity is worked out for a sample of texts
against all others, and every such pair is looked for among the candidates. No labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dedup.engines.corpus import Corpus, Ints, Nodes, distinct_texts, load_corpus, node_texts
from dedup.engines.matching import propose
from dedup.index.index import Index
from dedup.index.session import cores
from dedup.index.snapshot import Snapshot
from dedup.sketch.background import load_background
from dedup.sketch.minhash import BODY_MIN_WORDS
from dedup.sketch.shingles import Shingles, body_shingles
from dedup.text.words import tokenize

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TEXTS: Final = 2_000
"""Texts in the sample; two thousand against forty thousand long articles take about ten seconds."""

EDGES: Final = (0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Borders of the bins of similarity; below the first the S-curve is flat at nothing."""

_BATCH: Final = 4_096
_ROWS: Final = 128  # of the sample, multiplied with all texts at a time
_Z: Final = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class RecallBin:
    """Pairs of about one similarity.

    Parameters
    ----------
    jaccard : float
        Their mean similarity.
    pairs, found : int
        How many there are, and how many of them are candidates.
    """

    jaccard: float
    pairs: int
    found: int

    @property
    def recall(self) -> float:
        """Share that is found."""
        return self.found / self.pairs

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson 1927): right also for few pairs, and for none or all found."""
        n, p, z2 = self.pairs, self.recall, _Z**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        # Rounding must not put none or all outside.
        return min(max(middle - float(half), 0.0), p), max(min(middle + float(half), 1.0), p)


def measure_recall(index: Index, *, texts: int = TEXTS) -> list[RecallBin]:
    """Measure which share of the pairs of a similarity is compared.

    Parameters
    ----------
    index : Index
        Its texts of 20 words or more take part, equal ones once.
    texts : int
        Size of the sample, the texts of smallest hash: the same for the same texts in any order.

    Returns
    -------
    list of RecallBin
        Ascending; bins without a pair are left out.
    """
    with index._store.snapshot() as snapshot:
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
        bodies = np.flatnonzero(corpus.units[nodes.first] >= BODY_MIN_WORDS)
        left, right, *_ = propose(snapshot, corpus, nodes, cores())
        shingles = _sets(snapshot, corpus, nodes, bodies)
    candidates = np.sort(left * len(nodes) + right)
    one, other, jaccard = _similar_pairs(shingles, min(texts, len(bodies)))
    codes = bodies[one] * len(nodes) + bodies[other]  # nodes ascend, so the left one is the smaller
    found = np.isin(codes, candidates)
    of = np.digitize(jaccard, EDGES[1:-1])
    bins = []
    for number in range(len(EDGES) - 1):
        mine = of == number
        if mine.any():
            bins.append(RecallBin(float(jaccard[mine].mean()), int(mine.sum()), int(found[mine].sum())))
    return bins


def _sets(snapshot: Snapshot, corpus: Corpus, nodes: Nodes, wanted: Ints) -> csr_array:
    """Body shingles as a 0/1 matrix, a row for each wanted node."""
    from scipy.sparse import csr_array

    background = load_background()
    parts: list[Shingles] = []
    for low in range(0, len(wanted), _BATCH):
        words = tokenize(node_texts(snapshot, corpus, nodes, wanted[low : low + _BATCH]), threads=cores())
        parts.append(body_shingles(words, background, cores()))
    hashes = np.concatenate([np.empty(0, np.uint32), *(part.hashes for part in parts)])
    sizes = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
    columns, place = np.unique(hashes, return_inverse=True)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    ones = np.ones(len(hashes), np.int32)
    return csr_array((ones, place, offsets), shape=(len(wanted), len(columns)))


def _similar_pairs(sets: csr_array, n: int) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Rows (one < other) of the pairs that a row below `n` takes part in, and their similarities."""
    sizes = np.diff(sets.indptr).astype(np.int64)
    turned = sets.T.tocsr()
    ones, others, likes = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for low in range(0, n, _ROWS):
        shared = (sets[low : min(low + _ROWS, n)] @ turned).tocoo()
        row, column = shared.row.astype(np.int64) + low, shared.col.astype(np.int64)
        like = shared.data / (sizes[row] + sizes[column] - shared.data)
        kept = (row < column) & (like >= EDGES[0])
        ones.append(row[kept])
        others.append(column[kept])
        likes.append(like[kept])
    return np.concatenate(ones), np.concatenate(others), np.concatenate(likes)
