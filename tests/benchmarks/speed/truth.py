"""Score clusters against what the maker of the feed knows: pairs of articles that are together."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import islice
from pathlib import Path


def score(clusters: Path, truth: Path, articles: int | None = None) -> dict[str, float]:
    """Return precision, recall and the number of pairs found, over all pairs of articles of one cluster.

    Parameters
    ----------
    clusters : Path
        The csv of ``dedup clusters``: columns article_id and cluster_id.
    truth : Path
        Columns article_id, cluster_id (empty: in none); only its articles count.
    articles : int, optional
        Only the first so many of the truth count: a feed may hold fewer.
    """
    true = dict(islice(_read(truth).items(), articles))
    found = {article: cluster for article, cluster in _read(clusters).items() if article in true}
    both = Counter(
        (cluster, true[article]) for article, cluster in found.items() if cluster and true[article]
    )
    right = _pairs(both)
    proposed = _pairs(Counter(cluster for cluster in found.values() if cluster))
    actual = _pairs(Counter(cluster for cluster in true.values() if cluster))
    return {
        "precision": right / proposed if proposed else 1.0,
        "recall": right / actual if actual else 1.0,
        "pairs": float(proposed),
    }


def _pairs(sizes: Counter[str] | Counter[tuple[str, str]]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def _read(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["article_id"]: row["cluster_id"] for row in csv.DictReader(file)}
