"""`SyndicationClusterer`: the clusters as a scikit-learn estimator, for notebooks and pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin

from dedup.index.index import Index
from dedup.settings import Settings


class SyndicationClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Cluster texts that are copies of one another.

    Parameters
    ----------
    threshold : float, default 0.5
        Least probability that a member and the core of its cluster are copies. This is not a bound on every
        two members of a cluster: two copies cut at opposite ends may resemble each other less.
    n_jobs : int, optional
        Threads; None: one for each core. No result depends on it.

    Attributes
    ----------
    labels_ : int64 array, shape (n,)
        Cluster of each text, numbered by their first member; -1 for a text without copies.
    canonical_ : int64 array, shape (n_clusters,)
        Text that stands for each cluster: the longest, for texts have no dates here.
    pairs_ : pandas.DataFrame
        Each member with the canonical text of its cluster: canonical, member, relation, score.
    n_clusters_ : int

    Examples
    --------
    >>> from dedup import SyndicationClusterer
    >>> texts = ["Gunfire Erupts Near Israeli Embassy in Amman",
    ...          "Contentious Climate Deal Strikes Divisive Chord at COP29",
    ...          "Gunfire Sparks Security Response Near Israeli Embassy in Amman"]
    >>> SyndicationClusterer().fit(texts).labels_
    array([ 0, -1,  0])
    """

    def __init__(self, threshold: float = 0.5, *, n_jobs: int | None = None) -> None:
        self.threshold = threshold
        self.n_jobs = n_jobs

    def fit(self, X: Sequence[str | None], y: Any = None) -> Self:
        """Cluster `X`.

        Parameters
        ----------
        X : sequence of str, length n
            Texts, or headlines. None and texts without words are copies of nothing.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        SettingsError
            If the threshold is out of range.
        TypeError
            If `X` is a single string, or holds something that is neither str nor None.
        """
        if isinstance(X, str):
            raise TypeError("X is one string; give a list of texts")
        texts = list(X)
        strange = next((text for text in texts if not (text is None or isinstance(text, str))), None)
        if strange is not None:
            raise TypeError(f"X holds a {type(strange).__name__}, not only texts")
        settings = Settings(threshold=self.threshold, threads=self.n_jobs).check()
        records = [
            {"id": str(row), "text": text} for row, text in enumerate(texts) if text and not text.isspace()
        ]
        self.labels_ = np.full(len(texts), -1, np.int64)
        rows: list[tuple[int, int, str, float]] = []
        if records:
            with Index.temporary() as index:
                index.add(records, threads=self.n_jobs)
                report = index.report(settings)
            members = [
                (int(m["article_id"]), int(m["canonical_id"]), m["relation"], m["score"])
                for m in report.members.to_pylist()
            ]
            rows = [(c, a, relation, score) for a, c, relation, score in sorted(members)]
        number: dict[int, int] = {}
        for canonical, member, _, _ in rows:
            self.labels_[member] = number.setdefault(canonical, len(number))
        self.canonical_ = np.array(list(number), np.int64)
        self.n_clusters_ = len(number)
        self.pairs_ = pd.DataFrame(rows, columns=["canonical", "member", "relation", "score"])
        return self
