"""The judge: scores any pair of a corpus's texts, making documents of them as they are asked for.

Texts are read once each, when a pair first names them; nothing is made of the
texts that no candidate pair touches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.briefs import brief_features, likeness, own_brief_features
from dedup.confirm.documents import Documents, make_documents
from dedup.confirm.epoch import Learnt
from dedup.confirm.features import own_features, pair_features
from dedup.confirm.model import Model
from dedup.confirm.tfidf import Idf
from dedup.sketch.background import load_background
from dedup.sketch.minhash import BODY_MIN_WORDS
from dedup.text.interface import interface_words
from dedup.text.words import tokenize

Ints = NDArray[np.int64]

ReadTexts = Callable[[Ints], pa.Array]
"""Texts of nodes, large_string, shape (k,), in the order asked (see `confirm_text`)."""

_BATCH: Final = 8192


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
    both = pc.binary_join_element_wise(
        titles.cast(pa.large_string()), texts, pa.scalar("\n", pa.large_string()), null_handling="skip"
    )
    long_enough = pc.and_(pa.array(n_words >= BODY_MIN_WORDS), pc.is_valid(texts))
    return pc.if_else(long_enough, texts, both)


class Judge:
    """Score pairs of nodes under one epoch and one model.

    Parameters
    ----------
    n_nodes : int
        Nodes are 0..n_nodes-1.
    read : callable
        Gives the texts of nodes (`ReadTexts`).
    learnt : Learnt
        The epoch.
    model : Model
    threads : int, default 1
        Threads to use; no score depends on it.
    """

    def __init__(
        self, n_nodes: int, read: ReadTexts, learnt: Learnt, model: Model, *, threads: int = 1
    ) -> None:
        self._read = read
        self._model = model
        self._idf = Idf.of(load_background(), learnt.counts)
        self._furniture = learnt.furniture
        self._threads = threads
        self._place = np.full(n_nodes, -1, np.int64)
        self._documents: Documents | None = None

    def documents(self, nodes: Ints) -> tuple[Documents, Ints]:
        """Return documents and the place in them of each node asked for; texts are read as needed.

        Raises
        ------
        ValueError
            If no node is asked for and none was before.
        """
        wanted = np.unique(nodes)
        wanted = wanted[self._place[wanted] < 0]
        parts = [] if self._documents is None else [self._documents]
        n_known = 0 if self._documents is None else len(self._documents)
        for low in range(0, len(wanted), _BATCH):
            words = tokenize(self._read(wanted[low : low + _BATCH]), threads=self._threads, stems=True)
            parts.append(
                make_documents(words, self._idf, self._furniture, interface_words(), threads=self._threads)
            )
        if len(parts) > 1 or self._documents is None:
            self._documents = Documents.joined(parts)
        self._place[wanted] = n_known + np.arange(len(wanted))
        return self._documents, self._place[nodes]

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
        if not len(left):
            return np.empty(0, np.int64)
        documents, places = self.documents(np.concatenate([left, right]))
        a, b = places[: len(left)], places[len(left) :]
        brief = np.minimum(documents.n_units[a], documents.n_units[b]) < BODY_MIN_WORDS
        out = np.empty(len(left), np.int64)
        out[~brief] = self._model.article.sums(
            pair_features(documents, a[~brief], b[~brief], threads=self._threads)
        )
        out[brief] = self._model.brief.sums(
            brief_features(documents, a[brief], b[brief], threads=self._threads)
        )
        return out

    def own(self, nodes: Ints) -> Ints:
        """Score nodes with an equal text: what is left to doubt is whether the text says anything.

        Furniture and frames do not count here: an earnings brief is a frame filled in, but the
        same brief at three outlets is a copy. Interface language and too little text do.

        Returns
        -------
        int64 array, shape (p,)
            Sums, as of `score`.
        """
        if not len(nodes):
            return np.empty(0, np.int64)
        documents, places = self.documents(nodes)
        return np.where(
            documents.n_units[places] < BODY_MIN_WORDS,
            self._model.brief.sums(own_brief_features(documents, places)),
            self._model.article.sums(own_features(documents, places)),
        )

    def likeness(self, left: Ints, right: Ints) -> Ints:
        """IDF-weighted share of the shorter text's words found in the other, in thousandths; shape (p,)."""
        if not len(left):
            return np.empty(0, np.int64)
        documents, places = self.documents(np.concatenate([left, right]))
        return likeness(documents, places[: len(left)], places[len(left) :], threads=self._threads)
