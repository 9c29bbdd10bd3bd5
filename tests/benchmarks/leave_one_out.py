"""Score the clusters of each gold corpus with a model fitted on the others.

    DEDUP_GOLD_DIR=... python tests/benchmarks/leave_one_out.py [--json FILE] [--keep FOLDER]

For each corpus: fit the article scorecard on the labelled pairs of the other
four, cluster the corpus with it, and call a pair grouped when both articles
carry the same cluster id (as `score_pairs.py` does). P pairs (partly derived)
are left out. Weights are capped at their .9 quantile. The brief scorecard is
fitted on headlines and not varied. Also printed: how many labelled copies
became candidates at all.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson

from dedup.confirm.features import FEATURES
from dedup.confirm.model import Model, load_model
from dedup.evaluate.fit import ARTICLE_FEATURES, fit_scorecard
from dedup.evaluate.gold import LABELS, GoldPair, measure, read_pairs
from dedup.index.index import Index
from dedup.settings import Settings

CORPORA = ("provenance", "fnc", "ecb", "reuters", "webpages")
POOLED = CORPORA[:4]


def f1(rows: list[tuple[bool, bool, float]]) -> tuple[float, float, float]:
    """Precision, recall, F1 of (copy, grouped, weight) rows."""
    tp = sum(w for copy, grouped, w in rows if copy and grouped)
    fp = sum(w for copy, grouped, w in rows if not copy and grouped)
    fn = sum(w for copy, grouped, w in rows if copy and not grouped)
    precision, recall = tp / (tp + fp) if tp + fp else 0.0, tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def cluster(
    articles: Path, model: Model, threshold: float | None
) -> tuple[dict[str, str], set[tuple[str, str]], dict]:
    """Cluster id of each article, the pairs that became candidates, and the counts."""
    with Index.temporary() as index:
        index.add(articles)
        report = index.report(Settings(threshold=threshold), model=model)
        rows = report.members
        ids = dict(zip(rows["article_id"].to_pylist(), rows["cluster_id"].to_pylist(), strict=True))
        return ids, _candidates(index), dict(report.counts)


def _candidates(index: Index) -> set[tuple[str, str]]:
    """Pairs of feed ids that any sketch proposed, equal texts among them."""
    from dedup.engines.matching import _candidates as propose

    assert index._state is not None
    _, snapshot, state = index._state
    left, right, _ = propose(snapshot, state.corpus, state.nodes, 2)
    node_of = {}
    for table in snapshot.articles(["id", "key"]):
        for name, key in zip(table["id"].to_pylist(), table["key"].to_pylist(), strict=True):
            node_of[name] = int(state.nodes.of[np.searchsorted(state.corpus.keys, key)])
    index.node_of = node_of  # type: ignore[attr-defined]
    pairs = set(zip(left.tolist(), right.tolist(), strict=True))
    return _Proposed(node_of, pairs)  # type: ignore[return-value]


class _Proposed:
    def __init__(self, node_of: dict[str, int], pairs: set[tuple[int, int]]) -> None:
        self._node_of, self._pairs = node_of, pairs

    def __contains__(self, pair: tuple[str, str]) -> bool:
        a, b = sorted((self._node_of[pair[0]], self._node_of[pair[1]]))
        return a == b or (a, b) in self._pairs


def capped(weights: list[float]) -> float:
    ordered = sorted(weights)
    return ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="write clusters-CORPUS.csv here, for score_pairs.py")
    parser.add_argument("--threshold", type=float)
    options = parser.parse_args()
    root = os.environ.get("DEDUP_GOLD_DIR")
    if not root:
        print("DEDUP_GOLD_DIR is not set: nothing to measure", file=sys.stderr)
        return 1
    gold = Path(root) / "gold"
    pairs = {c: read_pairs(gold / c / "pairs.csv") for c in CORPORA}
    features = {c: measure(gold / c / "articles.jsonl.gz", pairs[c])[0] for c in CORPORA}
    fitted = {c: _fit([(features[o], pairs[o]) for o in CORPORA if o != c]) for c in CORPORA}
    pooled: list[tuple[bool, bool, float]] = []
    weighted: list[tuple[bool, bool, float]] = []
    kinds: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    result: dict[str, dict[str, float]] = {}
    print(
        f"{'corpus':12s} {'prec':>6s} {'recall':>6s} {'F1':>6s} {'wF1':>6s} {'cand.recall':>11s} {'pairs/art':>9s} clusters"
    )
    reached = total = 0
    for corpus in CORPORA:
        model = replace(load_model(), article=fitted[corpus])
        ids, candidates, counts = cluster(gold / corpus / "articles.jsonl.gz", model, options.threshold)
        cap = capped([p.weight for p in pairs[corpus]])
        rows, heavy, found = [], [], [0, 0]
        for p in pairs[corpus]:
            grouped = ids.get(p.id_a, p.id_a) == ids.get(p.id_b, p.id_b)
            kinds[p.label, p.kind][0] += grouped
            kinds[p.label, p.kind][1] += 1
            if p.label in LABELS:
                rows.append((p.label == "W", grouped, 1.0))
                heavy.append((p.label == "W", grouped, min(p.weight, cap)))
            if p.label == "W":
                found[0] += (p.id_a, p.id_b) in candidates
                found[1] += 1
        if corpus in POOLED:
            pooled += rows
            weighted += heavy
        reached += found[0]
        total += found[1]
        precision, recall, score = f1(rows)
        result[corpus] = {"precision": precision, "recall": recall, "f1": score, "weighted_f1": f1(heavy)[2],
                          "candidate_recall": found[0] / found[1], "pairs_per_article": counts["candidate_pairs"] / counts["articles"]}  # fmt: skip
        print(f"{corpus:12s} {precision:6.3f} {recall:6.3f} {score:6.3f} {f1(heavy)[2]:6.3f} {found[0] / found[1]:11.3f} "
              f"{counts['candidate_pairs'] / counts['articles']:9.2f} {counts['clusters']:8d}")  # fmt: skip
        if corpus == "webpages":
            negatives = [grouped for copy, grouped, _ in rows if not copy]
            result["webpages"]["n_grouped"] = sum(negatives) / len(negatives)
            print(
                f"webpages: {sum(negatives)} of {len(negatives)} N pairs grouped ({sum(negatives) / len(negatives):.1%})"
            )
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            with (options.keep / f"clusters-{corpus}.csv").open("w", newline="") as file:
                csv.writer(file).writerows([("article_id", "cluster_id"), *sorted(ids.items())])
    precision, recall, score = f1(pooled)
    result["pooled"] = {"precision": precision, "recall": recall, "f1": score, "weighted_f1": f1(weighted)[2],
                        "weighted_recall": f1(weighted)[1], "candidate_recall": reached / total}  # fmt: skip
    print(f"pooled ({' + '.join(POOLED)}): precision {precision:.3f} recall {recall:.3f} F1 {score:.3f}  "
          f"weighted F1 {f1(weighted)[2]:.3f}, recall {f1(weighted)[1]:.3f}; candidate recall {reached / total:.3f}")  # fmt: skip
    for (label, kind), (hit, n) in sorted(kinds.items()):
        print(f"  {label} {kind:10s} grouped {hit:3d} of {n}")
    if options.json:
        options.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return 0


def _fit(sets: list[tuple[np.ndarray, list[GoldPair]]]) -> object:
    x, y = [], []
    for features, pairs in sets:
        keep = np.array([p.label in LABELS for p in pairs])
        x.append(features[keep])
        y.append(np.array([LABELS[p.label] for p in pairs if p.label in LABELS]))
    return fit_scorecard(x, y, FEATURES, ARTICLE_FEATURES)


if __name__ == "__main__":
    sys.exit(main())
