"""The judge: scores any pair of a corpus's texts, making documents of them as they are asked for.

Texts are read when a pair names them; nothing is made of the texts that no
candidate pair touches. What was decided of a pair is remembered, so the stages
after may ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.cluster.relation import VERBATIM, relations
from dedup.confirm.blocks import blocks
from dedup.confirm.briefs import brief_features, likeness, own_brief_features
from dedup.confirm.documents import Documents, derive_documents
from dedup.confirm.epoch import Learnt
from dedup.confirm.features import own_features, pair_features
from dedup.confirm.model import Model, least_sum
from dedup.confirm.stack import DocumentStack
from dedup.confirm.tfidf import Idf
from dedup.confirm.verdicts import UNDECIDED, UNRELATED, Memory, Verdicts
from dedup.profile import timed
from dedup.settings import LEAST_THRESHOLD
from dedup.sketch.background import load_background
from dedup.sketch.minhash import BODY_MIN_WORDS
from dedup.text.interface import interface_words
from dedup.text.words import tokenize

Ints = NDArray[np.int64]

ReadTexts = Callable[[Ints], pa.Array]
"""Texts of nodes, large_string, shape (k,), in the order asked (see `confirm_text`)."""

MOST_WORDS: Final = 1 << 24
"""Words of the texts whose documents are in memory together: some 270 MB of them."""

_BATCH_WORDS: Final = 1 << 21


def confirm_text(titles: pa.Array, texts: pa.Array, n_words: Ints) -> pa.Array:
    """Return the text that stands for each article when it is confirmed.

    Parameters
    ----------
    titles, texts : string arrays, shape (n,)
    n_words : int array, shape (n,)
        Words of each text (or of the title, where there is no text).

    Returns
    -------
    large_string array, shape (n,)
        The text alone where it is long enough to speak for itself: copies are
        re-headlined as a rule. Else title and text.
    """
    import pyarrow.compute as pc

    texts = texts.cast(pa.large_string())
    long_enough = pc.and_(pa.array(n_words >= BODY_MIN_WORDS), pc.is_valid(texts))
    if pc.all(long_enough).as_py():
        return texts
    both = pc.binary_join_element_wise(
        titles.cast(pa.large_string()), texts, pa.scalar("\n", pa.large_string()), null_handling="skip"
    )
    return pc.if_else(long_enough, texts, both)


class Judge:
    """Score pairs of nodes under one epoch and one model.

    Parameters
    ----------
    sizes : int64 array, shape (n,)
        Words of each node.
    read : callable
        Gives the texts of nodes (`ReadTexts`).
    learnt : Learnt
        The epoch.
    model : Model
    threads : int, default 1
        Threads to use; no score depends on it.
    most_words : int
        Words of the texts whose documents are kept (`MOST_WORDS`); no score depends on it.

    Attributes
    ----------
    memory : Memory
        What was decided so far.
    """

    def __init__(
        self,
        sizes: Ints,
        read: ReadTexts,
        learnt: Learnt,
        model: Model,
        *,
        threads: int = 1,
        most_words: int = MOST_WORDS,
    ) -> None:
        self._sizes = sizes
        self._read = read
        self._model = model
        self._idf = Idf.of(load_background(), learnt.counts)
        self._furniture = learnt.furniture
        self._threads = max(1, threads)
        self._most_words = most_words
        self._place = np.full(len(sizes), -1, np.int32)
        self._stack = DocumentStack()
        self._own = np.full(len(sizes), UNDECIDED, np.int64)
        self.memory = Memory(len(sizes))

    @property
    def most_words(self) -> int:
        """Words of the texts whose documents are kept; while two chunks are compared up to twice as many."""
        return self._most_words

    def read_by(self, read: ReadTexts) -> None:
        """Have texts read another way from now on."""
        self._read = read

    def documents(self, nodes: Ints) -> tuple[Documents, Ints]:
        """Return documents of all nodes asked for, and the place in them of each.

        The documents are valid until the judge is asked again.
        """
        wanted = np.unique(nodes)
        wanted = wanted[self._place[wanted] < 0]
        n_held = len(self._stack)
        if len(wanted) or not n_held:
            self._stack.extend(self._made(wanted))
        self._place[wanted] = n_held + np.arange(len(wanted), dtype=np.int32)
        return self._stack.documents(), self._place[nodes].astype(np.int64)

    def score(self, left: Ints, right: Ints) -> Ints:
        """Score pairs of nodes.

        Parameters
        ----------
        left, right : int64 array, shape (p,)
            The order within a pair does not matter; a node may be paired with itself.

        Returns
        -------
        int64 array, shape (p,)
            Integer sums (`dedup.confirm.model`), by the scorecard for briefs where either
            text is too short for a body sketch.
        """
        return self.verdicts(left, right).sums

    def relations(self, canonical: Ints, members: Ints) -> NDArray[np.int8]:
        """Tell what members are to canonical texts (`dedup.cluster.relation`); shape (p,)."""
        out = np.full(len(members), VERBATIM, np.int8)
        differs = np.flatnonzero(canonical != members)
        out[differs] = self.verdicts(canonical[differs], members[differs]).relations
        unknown = np.flatnonzero(out == UNRELATED)
        for rows, documents, a, b in self._blocks(canonical[unknown], members[unknown]):
            out[unknown[rows]] = self._related(documents, a, b)
        return out

    def verdicts(
        self,
        left: Ints,
        right: Ints,
        *,
        matches_only: bool = False,
        nearness: NDArray[np.uint16] | None = None,
        alone: Ints | None = None,
        on_block: Callable[[int], None] = lambda done: None,
    ) -> Verdicts:
        """Decide pairs of nodes, and remember it.

        Parameters
        ----------
        left, right : int64 array, shape (p,)
        matches_only : bool
            Do without the relations of pairs that are no match: of candidates most may be none.
        nearness : uint16 array, shape (p,), optional
            How alike the two texts of a pair are: makes it faster where there are many.
        alone : int64 array, shape (k,), optional
            Nodes whose score with themselves will be asked for: it costs little while they are read.
        on_block : callable
            Gets the number of pairs decided so far.

        Returns
        -------
        Verdicts
        """
        sums, kinds = self.memory.recall(left, right)
        asked = np.flatnonzero(sums == UNDECIDED)
        if not len(asked) and (alone is None or not len(alone)):
            return Verdicts(sums, kinds)
        extra = np.empty(0, np.int64) if alone is None else alone
        pairs = np.concatenate([left[asked], extra]), np.concatenate([right[asked], extra])
        near = np.zeros(len(pairs[0]), np.uint16)
        near[: len(asked)] = 0 if nearness is None else nearness[asked]
        with timed("confirm"):
            found = self._decided(*pairs, near, len(asked), matches_only, on_block)
        sums[asked], kinds[asked] = found
        self.memory.remember(left[asked], right[asked], found)
        return Verdicts(sums, kinds)

    @property
    def own_sums(self) -> Ints:
        """Scores of nodes with themselves as far as they are known, else the least integer; shape (n,)."""
        return self._own

    def remember_own(self, nodes: Ints, sums: Ints) -> None:
        """Take over scores of nodes with themselves."""
        self._own[nodes] = sums

    def own(self, nodes: Ints) -> Ints:
        """Score nodes with an equal text: what is left to doubt is whether the text says anything.

        Furniture and frames do not count here: an earnings brief is a frame filled in, but the
        same brief at three outlets is a copy. Interface language and too little text do.

        Returns
        -------
        int64 array, shape (p,)
            Sums, as of `score`.
        """
        missing = np.unique(nodes[self._own[nodes] == UNDECIDED])
        for rows, documents, places, _ in self._blocks(missing, missing):
            self._own[missing[rows]] = self._own_sums(documents, places)
        return self._own[nodes]

    def likeness(self, left: Ints, right: Ints) -> Ints:
        """IDF-weighted share of the shorter text's words found in the other, in thousandths; shape (p,)."""
        out = np.empty(len(left), np.int64)
        for rows, documents, a, b in self._blocks(left, right):
            out[rows] = likeness(documents, a, b, threads=self._threads)
        return out

    def _decided(
        self,
        left: Ints,
        right: Ints,
        near: NDArray[np.uint16],
        n_pairs: int,
        matches_only: bool,
        on_block: Callable[[int], None],
    ) -> Verdicts:
        """Decide the first `n_pairs` pairs; of all nodes in a match, and those after, the own score too."""
        sums, kinds = np.empty(len(left), np.int64), np.full(len(left), UNRELATED, np.int8)
        least = least_sum(LEAST_THRESHOLD)
        done = 0
        for rows, documents, a, b in self._blocks(left, right, near):
            on_block(done)
            done += len(rows)
            pair = rows < n_pairs
            found = self._sums(documents, a[pair], b[pair])
            sums[rows[pair]] = found
            good = found >= least
            related = good if matches_only else np.ones(len(good), np.bool_)
            kinds[rows[pair][related]] = self._related(documents, a[pair][related], b[pair][related])
            x, y = a[pair][good], b[pair][good]
            nodes = [left[rows[pair][good]], right[rows[pair][good]], left[rows[~pair]]]
            node, first = np.unique(np.concatenate(nodes), return_index=True)
            place = np.concatenate([x, y, a[~pair]])[first]
            new = self._own[node] == UNDECIDED
            self._own[node[new]] = self._own_sums(documents, place[new])
        return Verdicts(sums[:n_pairs], kinds[:n_pairs])

    def _sums(self, documents: Documents, a: Ints, b: Ints) -> Ints:
        brief = np.minimum(documents.n_units[a], documents.n_units[b]) < BODY_MIN_WORDS
        out = np.empty(len(a), np.int64)
        if not brief.all():
            card = self._model.article
            out[~brief] = card.sums(
                pair_features(
                    documents, a[~brief], b[~brief], weights=card.weights,
                    least=least_sum(LEAST_THRESHOLD) - card.intercept, threads=self._threads,
                )
            )  # fmt: skip
        if brief.any():
            features = brief_features(documents, a[brief], b[brief], threads=self._threads)
            out[brief] = self._model.brief.sums(features)
        return out

    def _related(self, documents: Documents, a: Ints, b: Ints) -> NDArray[np.int8]:
        cuts = np.linspace(0, len(a), self._threads + 1).astype(np.int64).tolist()
        with ThreadPoolExecutor(self._threads) as pool:
            parts = pool.map(lambda low, high: relations(documents, a[low:high], b[low:high]), cuts, cuts[1:])
            return np.concatenate([np.empty(0, np.int8), *parts])

    def _own_sums(self, documents: Documents, places: Ints) -> Ints:
        if not len(places):
            return np.empty(0, np.int64)
        return np.where(
            documents.n_units[places] < BODY_MIN_WORDS,
            self._model.brief.sums(own_brief_features(documents, places)),
            self._model.article.sums(own_features(documents, places, threads=self._threads)),
        )

    def _blocks(
        self, left: Ints, right: Ints, near: NDArray[np.uint16] | None = None
    ) -> Iterator[tuple[Ints, Documents, Ints, Ints]]:
        """Yield rows of pairs with documents that hold both texts, and the places of these."""
        for rows in blocks(left, right, self._sizes, self._most_words // 2, near):
            a, b = left[rows], right[rows]
            both = np.concatenate([a, b])
            missing = np.unique(both[self._place[both] < 0])
            if len(missing) and self._stack.n_words + int(self._sizes[missing].sum()) > self._most_words:
                self._place[:] = -1
                self._stack.clear()
            documents, places = self.documents(both)
            yield rows, documents, places[: len(rows)], places[len(rows) :]

    def _made(self, wanted: Ints) -> Iterator[Documents]:
        """Make documents of nodes, a few million words at a time; empty ones of no nodes."""
        ends = np.cumsum(self._sizes[wanted])
        marks = np.arange(_BATCH_WORDS, int(ends[-1]) if len(ends) else 0, _BATCH_WORDS)
        cuts = np.unique(np.concatenate(([0], np.searchsorted(ends, marks), [len(wanted)])))
        for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            with timed("read texts"):
                texts = self._read(wanted[low:high])
            with timed("documents"):
                yield from self._derived(texts)
        if not len(wanted):
            yield from self._derived(pa.array([], pa.large_string()))

    def _derived(self, texts: pa.Array) -> Iterator[Documents]:
        words = tokenize(texts, threads=self._threads, stems=True)
        return derive_documents(words, self._idf, self._furniture, interface_words(), threads=self._threads)
