"""Score the clusters of each gold corpus with a model fitted on the others.

    DEDUP_GOLD_DIR=... python tests/benchmarks/leave_one_out.py [--json FILE] [--keep FOLDER]

For each corpus: fit the article scorecard on the labelled pairs of the other
four, cluster the corpus with it, and call a pair grouped when both articles
carry the same cluster id. P pairs (partly derived) are left out. Weights are
capped at their .9 quantile in each corpus. The brief scorecard is fitted on
headlines and does not vary. ``--keep`` writes clusters-CORPUS.csv for other
scorers. ``cand`` is the share of labelled copies that became candidate pairs.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson

from dedup.confirm.model import Model, Scorecard, load_model
from dedup.engines.matching import propose
from dedup.evaluate.fit import fit_articles
from dedup.evaluate.gold import LABELS, GoldPair, read_pairs
from dedup.evaluate.measure import measure
from dedup.index.index import Index
from dedup.settings import Settings

CORPORA = ("provenance", "fnc", "ecb", "reuters", "webpages")
POOLED = CORPORA[:4]

Row = tuple[bool, bool, float]
"""Whether a pair is a copy, whether it was grouped, its weight."""


@dataclass(frozen=True)
class Outcome:
    """What clustering one corpus gave."""

    cluster: dict[str, str]
    candidates: set[tuple[int, int]]
    node: dict[str, int]
    pairs_per_article: float

    def grouped(self, pair: GoldPair) -> bool:
        a = self.cluster.get(pair.id_a)
        return a is not None and a == self.cluster.get(pair.id_b)

    def proposed(self, pair: GoldPair) -> bool:
        a, b = sorted((self.node[pair.id_a], self.node[pair.id_b]))
        return a == b or (a, b) in self.candidates


def cluster(articles: Path, model: Model, threshold: float | None) -> Outcome:
    with Index.temporary() as index:
        index.add(articles)
        settings = Settings(threshold=threshold)
        members = index.report(settings, model=model).members
        matched = index._session.matched(settings, model, lambda *_: None)
        snapshot, state = matched.snapshot, matched.state
        left, right, _, _ = propose(snapshot, state.corpus, state.nodes, 1)
        node = {
            name: int(state.nodes.of[np.searchsorted(state.corpus.keys, key)])
            for table in snapshot.articles(["id", "key"])
            for name, key in zip(table["id"].to_pylist(), table["key"].to_pylist(), strict=True)
        }
        return Outcome(
            dict(zip(members["article_id"].to_pylist(), members["cluster_id"].to_pylist(), strict=True)),
            set(zip(left.tolist(), right.tolist(), strict=True)),
            node,
            len(left) / len(state.corpus),
        )


def fit(sets: list[tuple[np.ndarray, list[GoldPair]]]) -> Scorecard:
    features = [x[[p.label in LABELS for p in pairs]] for x, pairs in sets]
    labels = [np.array([LABELS[p.label] for p in pairs if p.label in LABELS]) for _, pairs in sets]
    return fit_articles(features, labels)


def scores(rows: list[Row]) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    tp = sum(weight for copy, grouped, weight in rows if copy and grouped)
    fp = sum(weight for copy, grouped, weight in rows if not copy and grouped)
    fn = sum(weight for copy, grouped, weight in rows if copy and not grouped)
    precision, recall = tp / (tp + fp) if tp + fp else 0.0, tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def interval(rows: list[Row], draws: int = 2000) -> tuple[float, float]:
    """5th and 95th percentile of F1 over bootstrap draws of the pairs."""
    rng = np.random.default_rng(0)
    table = np.array(rows, np.float64)
    found = sorted(scores(table[rng.integers(0, len(table), len(table))].tolist())[2] for _ in range(draws))
    return found[draws // 20], found[draws - draws // 20 - 1]


def capped(pairs: list[GoldPair]) -> list[float]:
    ordered = sorted(pair.weight for pair in pairs)
    cap = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return [min(pair.weight, cap) for pair in pairs]


def keep(folder: Path, corpus: str, clusters: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"clusters-{corpus}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("article_id", "cluster_id"), *sorted(clusters.items())])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--threshold", type=float)
    options = parser.parse_args()
    if "DEDUP_GOLD_DIR" not in os.environ:
        print("DEDUP_GOLD_DIR is not set: nothing to measure", file=sys.stderr)
        return 1
    gold = Path(os.environ["DEDUP_GOLD_DIR"]) / "gold"
    result = leave_one_out(gold, options.threshold, options.keep)
    if options.json:
        options.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return 0


def leave_one_out(gold: Path, threshold: float | None, folder: Path | None) -> dict[str, dict[str, float]]:
    """Print the table and return it."""
    pairs = {c: read_pairs(gold / c / "pairs.csv") for c in CORPORA}
    features = {c: measure(gold / c / "articles.jsonl.gz", pairs[c])[0] for c in CORPORA}
    kinds: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    result: dict[str, dict[str, float]] = {}
    plain: list[Row] = []
    weighted: list[Row] = []
    reached: list[bool] = []
    print(f"{'corpus':14s} precision recall    F1    wF1   cand  pairs/article")
    for corpus in CORPORA:
        card = fit([(features[other], pairs[other]) for other in CORPORA if other != corpus])
        out = cluster(gold / corpus / "articles.jsonl.gz", replace(load_model(), article=card), threshold)
        if folder:
            keep(folder, corpus, out.cluster)
        weights = capped(pairs[corpus])
        judged = [(p, w) for p, w in zip(pairs[corpus], weights, strict=True) if p.label in LABELS]
        rows = [(p.label == "W", out.grouped(p), 1.0) for p, _ in judged]
        heavy = [(p.label == "W", out.grouped(p), w) for p, w in judged]
        found = [out.proposed(p) for p, _ in judged if p.label == "W"]
        for pair in pairs[corpus]:
            kinds[pair.label, pair.kind][0] += out.grouped(pair)
            kinds[pair.label, pair.kind][1] += 1
        negatives = [grouped for copy, grouped, _ in rows if not copy]
        result[corpus] = summary(rows, heavy, found) | {
            "pairs_per_article": out.pairs_per_article,
            "n_grouped": sum(negatives) / len(negatives),
        }
        show(corpus, result[corpus])
        if corpus in POOLED:
            plain, weighted, reached = plain + rows, weighted + heavy, reached + found
    low, high = interval(plain)
    result["pooled"] = summary(plain, weighted, reached) | {"f1_low": low, "f1_high": high}
    show("pooled four", result["pooled"])
    print(f"pooled F1 interval {low:.3f}-{high:.3f} (5th to 95th percentile, 2,000 draws over pairs)")
    print(f"webpages: {result['webpages']['n_grouped']:.1%} of the N pairs grouped")
    for (label, kind), (hit, n) in sorted(kinds.items()):
        print(f"  {label} {kind:10s} grouped {hit:3d} of {n}")
    return result


def summary(rows: list[Row], heavy: list[Row], found: list[bool]) -> dict[str, float]:
    precision, recall, f1 = scores(rows)
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "weighted_f1": scores(heavy)[2],
        "weighted_recall": scores(heavy)[1],
        "candidate_recall": sum(found) / len(found),
    }


def show(name: str, row: dict[str, float]) -> None:
    print(
        f"{name:14s} {row['precision']:9.3f} {row['recall']:6.3f} {row['f1']:6.3f} {row['weighted_f1']:6.3f} "
        f"{row['candidate_recall']:6.3f} {row.get('pairs_per_article', float('nan')):8.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
