"""Chains: learnt hashes that follow each other, so that a passage is one thing and not thirty hashes.

Two hashes belong together when one follows the other in at least half of the
texts that hold either. Two passes over the texts: the first counts what
follows what, the second finds who carries each chain and the text that shows
most of it. Held in memory are numbers per hash, and per chain and outlet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.engines.corpus import Ints
from dedup.index.carriers import Batch, Texts
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import MAX_GAP, RUN_WORDS

KINDS: Final = ("passage", "frame", "rubric")
_FRAME_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage, by the text that shows most of it.

    Parameters
    ----------
    kind : str
        Of `KINDS`.
    articles, outlets : int
        How many carry it.
    node, begin, end : int
        The text, the first word in it and the one after the last.
    key : int
        Its smallest hash; breaks ties.
    """

    kind: str
    articles: int
    outlets: int
    node: int
    begin: int
    end: int
    key: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Sort key: most articles first, then most outlets."""
        return (-self.articles, -self.outlets, KINDS.index(self.kind), self.key)


class Chains:
    """Passages of one kind. Call `count` with every batch, `join`, `locate` with every batch, `entries`.

    Parameters
    ----------
    texts : Texts
    kind : {"passage", "frame"}
    keys : uint32 array, shape (m,)
        What was learnt, hashes of runs or of word pairs; sorted, distinct.
    """

    def __init__(self, texts: Texts, kind: str, keys: NDArray[np.uint32]) -> None:
        self._texts = texts
        self._kind = kind
        self._keys = keys
        self._length = _FRAME_WORDS if kind == "frame" else RUN_WORDS
        # How far apart two hashes may begin that follow each other: as furniture is masked, and frames are.
        self._reach = 1 if kind == "frame" else RUN_WORDS + MAX_GAP
        self._n_texts = np.zeros(len(keys), np.int64)
        self._follows = np.empty(0, np.int64), np.empty(0, np.int64)
        self._chain = np.arange(len(keys))
        self._articles = np.zeros(len(keys), np.int64)
        self._carried = np.empty(0, np.int64)
        # Of each chain the best text so far: how many hashes it shows, node, first word, word after the last.
        self._best = np.full((4, len(keys)), -1, np.int64)

    def count(self, batch: Batch) -> None:
        """Count in how many texts each hash stands, and which stands next to it."""
        text, place, key = self._places(batch)
        m = len(self._keys)
        self._n_texts += np.bincount(np.unique(text * m + key) % max(m, 1), minlength=m)
        near = (np.diff(text) == 0) & (np.diff(place) <= self._reach)
        pairs = np.stack([text[:-1][near], key[:-1][near] * m + key[1:][near]], axis=1)
        pairs = np.unique(pairs, axis=0)[:, 1]  # once a text
        codes, numbers = self._follows
        codes, back = np.unique(np.concatenate([codes, pairs]), return_inverse=True)
        weights = np.concatenate([numbers, np.ones(len(pairs), np.int64)])
        self._follows = codes, np.bincount(back, weights, len(codes)).astype(np.int64)

    def join(self) -> None:
        """Make chains of what was counted."""
        m = len(self._keys)
        codes, numbers = self._follows
        a, b = codes // max(m, 1), codes % max(m, 1)
        strong = 2 * numbers >= np.maximum(self._n_texts[a], self._n_texts[b])
        if strong.any():
            from scipy.sparse import coo_array
            from scipy.sparse.csgraph import connected_components

            matrix = coo_array((np.ones(int(strong.sum()), np.bool_), (a[strong], b[strong])), shape=(m, m))
            self._chain = connected_components(matrix, directed=False)[1].astype(np.int64)
        self._follows = codes[:0], numbers[:0]

    def locate(self, batch: Batch) -> None:
        """Find who carries each chain, and the text that shows most of it."""
        text, place, key = self._places(batch)
        if not len(key):
            return
        chain = self._chain[key]
        order = np.lexsort((place, chain, text))
        text, place, chain = text[order], place[order], chain[order]
        # A text may hold a chain twice; what lies too far apart is two showings of it.
        new = (np.diff(text) != 0) | (np.diff(chain) != 0) | (np.diff(place) > self._reach)
        first = np.flatnonzero(np.append(True, new))
        size = np.diff(np.append(first, len(place)))
        last = place[first + size - 1]
        text, chain = text[first], chain[first]
        begin = place[first] - batch.offsets[text]
        end = np.minimum(last + self._length, batch.offsets[text + 1]) - batch.offsets[text]
        node = batch.nodes[text]
        self._keep_best(chain, np.stack([size, node, begin, end]))
        carried = np.unique(np.stack([node, chain], axis=1), axis=0)
        article, each = self._texts.carriers(carried[:, 0])
        chain_of, outlet = carried[each, 1], self._texts.outlet[article]
        self._articles += np.bincount(chain_of, minlength=len(self._keys))
        codes = chain_of[outlet >= 0] * self._texts.n_outlets + outlet[outlet >= 0]
        self._carried = np.union1d(self._carried, codes)

    def entries(self) -> list[Entry]:
        """Return the chains that some article carries."""
        n_chains = len(self._keys)
        n_outlets = np.bincount(self._carried // max(self._texts.n_outlets, 1), minlength=n_chains)
        smallest = np.zeros(n_chains, np.uint32)
        smallest[self._chain[::-1]] = self._keys[::-1]  # keys ascend: the smallest is written last
        found = []
        for chain in np.flatnonzero(self._articles).tolist():
            _, node, begin, end = self._best[:, chain].tolist()
            carried = int(self._articles[chain]), int(n_outlets[chain])
            found.append(Entry(self._kind, *carried, node, begin, end, int(smallest[chain])))
        return found

    def _places(self, batch: Batch) -> tuple[Ints, Ints, Ints]:
        """Text, word and key of each learnt hash in a batch, in text order."""
        hashes = batch.bigrams if self._kind == "frame" else batch.runs
        place = np.flatnonzero(np.isin(hashes, self._keys) & (hashes != 0))
        text = np.searchsorted(batch.offsets, place, side="right") - 1
        if self._kind == "frame":
            short = np.diff(batch.offsets)[text] < FRAME_MAX_WORDS
            place, text = place[short], text[short]
        return text, place, np.searchsorted(self._keys, hashes[place]).astype(np.int64)

    def _keep_best(self, chain: Ints, shown: Ints) -> None:
        """Keep of each chain the showing of most hashes; ties: smaller text hash, earlier in the text."""
        # Nodes stand in order of their hash.
        order = np.lexsort((shown[2], shown[1], -shown[0], chain))
        order = order[np.append(True, np.diff(chain[order]) != 0)]
        chain, shown = chain[order], shown[:, order]
        held = self._best[:, chain]
        better = (shown[0] > held[0]) | ((shown[0] == held[0]) & (shown[1] < held[1]))
        self._best[:, chain[better]] = shown[:, better]
