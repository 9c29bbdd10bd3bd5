"""Tune on all gold corpora but one, cluster that one, score it; for each in turn.

    DEDUP_GOLD_DIR=... python tests/benchmarks/leave_one_out.py [--json FILE] [--keep FOLDER] [--plot FILE]

What runs are the commands a user types: ``dedup index`` on each corpus, ``dedup
tune`` on four of them (and, ``--as-shipped``, on the labelled pairs of the feed
allsides, which the shipped model knows; some 20 s more), ``dedup clusters
--model`` on the fifth. A pair is grouped
when both articles carry the same cluster id. P pairs (partly derived) are left
out. Weights are capped at their .9 quantile in each corpus, then pooled. ``cand``
is the share of labelled copies that became candidate pairs. Where
``tools/score_pairs.py`` stands beside the gold folder, its figures of each corpus
must be the same to the last digit.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson

from dedup.cli import app
from dedup.confirm.model import Scorecard, load_model, probability
from dedup.engines.corpus import distinct_texts, load_corpus
from dedup.engines.matching import propose
from dedup.evaluate.build_model import SAME, headline_features, labelled
from dedup.evaluate.evaluation import Figures, ScoreEvaluation, evaluate_scores
from dedup.evaluate.fit import fit_briefs
from dedup.evaluate.folds import Sample, out_of_fold
from dedup.evaluate.gold import LABELS, GoldPair, read_clusters, read_pairs
from dedup.evaluate.measure import measure_in
from dedup.evaluate.metrics import average_precision, capped, count_pairs, generator, intervals
from dedup.evaluate.plots import check_plot, plot_scores
from dedup.index.index import Index

CORPORA = ("provenance", "fnc", "ecb", "reuters", "webpages")
FOUR = CORPORA[:4]
"""Pooled apart: webpages has five copies among its 113 pairs, and tests what is grouped wrongly."""

CAP = 0.9
LABELS_TO_FIT = Path(__file__).resolve().parents[1] / "data" / "labels" / "fit"


@dataclass
class Pairs:
    """Labelled pairs (W and N), of one corpus or several, and what became of them."""

    copy: list[bool] = field(default_factory=list)
    grouped: list[bool] = field(default_factory=list)
    capped: list[float] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    candidate: list[bool] = field(default_factory=list)
    kinds: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    @classmethod
    def pooled(cls, parts: Iterable[Pairs]) -> Pairs:
        whole = cls()
        for part in parts:
            for name in ("copy", "grouped", "capped", "weight", "score", "candidate"):
                getattr(whole, name).extend(getattr(part, name))
            for kind, (hit, n) in part.kinds.items():
                whole.kinds[kind][0] += hit
                whole.kinds[kind][1] += n
        return whole

    def figures(self) -> dict[str, Figures]:
        """Plain, capped and weighted; the intervals as `dedup evaluate` has them."""
        copy, grouped = np.array(self.copy), np.array(self.grouped)
        found = {}
        for name, weights in (("capped", self.capped), ("weighted", self.weight)):
            source, heavy = generator(), np.array(weights)
            found["plain"] = Figures(count_pairs(copy, grouped), intervals(copy, grouped, source=source))
            found[name] = Figures(
                count_pairs(copy, grouped, heavy), intervals(copy, grouped, heavy, source=source)
            )
        return found

    def scores(self, threshold: float) -> ScoreEvaluation:
        return evaluate_scores(np.array(self.copy), np.array(self.score), threshold)

    def candidate_recall(self) -> float:
        return float(np.mean(np.array(self.candidate)[np.array(self.copy)]))

    def share(self, kind: str) -> str:
        hit, n = self.kinds["N", kind]
        return f"N {kind}: {hit} of {n} grouped ({hit / n:.1%})"


def command(*arguments: str | Path) -> None:
    """Run a command in this process: the imports and kernels are paid once."""
    said = io.StringIO()
    try:
        with redirect_stdout(io.TextIOWrapper(io.BytesIO())), redirect_stderr(said):
            app(list(map(str, arguments)))
    except SystemExit as ended:
        if ended.code:
            sys.exit(said.getvalue())


def labels_of_allsides(folder: Path) -> Path:
    """Write the labels as `build_model` reads them: the sure ones, partly derived pairs as no copies."""
    path = folder / "allsides.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id_a", "id_b", "label"))
        for pair in read_pairs(LABELS_TO_FIT / "allsides.csv"):
            if pair.sure:
                rows.writerow((pair.id_a, pair.id_b, "W" if pair.label == "W" else "N"))
    return path


def proposed(folder: Path, pairs: Sequence[GoldPair]) -> tuple[list[bool], float]:
    """Whether each pair is a candidate (or of equal texts); candidate pairs per article."""
    with Index.open(folder) as index, index._store.snapshot() as snapshot:
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
        left, right, *_ = propose(snapshot, corpus, nodes, 1)
        candidates = set(zip(left.tolist(), right.tolist(), strict=True))
        node = {
            name: int(nodes.of[np.searchsorted(corpus.keys, key)])
            for table in snapshot.articles(["id", "key"])
            for name, key in zip(table["id"].to_pylist(), table["key"].to_pylist(), strict=True)
        }
    found = []
    for pair in pairs:
        a, b = sorted((node[pair.id_a], node[pair.id_b]))
        found.append(a == b or (a, b) in candidates)
    return found, len(left) / len(corpus)


def outcome(folder: Path, model: Path, clusters: Path, pairs: list[GoldPair]) -> tuple[Pairs, float]:
    """Hold the clusters of one corpus against its labels; also candidate pairs per article."""
    cluster = read_clusters(clusters)
    limited = capped(np.array([pair.weight for pair in pairs]), CAP).tolist()
    candidates, per_article = proposed(folder, pairs)
    with Index.open(folder) as index:
        scores = measure_in(index, pairs).scores(load_model(model)).tolist()
    found = Pairs()
    for pair, limit, candidate, score in zip(pairs, limited, candidates, scores, strict=True):
        together = pair.id_a in cluster and cluster[pair.id_a] == cluster.get(pair.id_b)
        found.kinds[pair.label, pair.kind][0] += together
        found.kinds[pair.label, pair.kind][1] += 1
        if pair.label in LABELS:
            found.copy.append(pair.label == "W")
            found.grouped.append(together)
            found.capped.append(limit)
            found.weight.append(pair.weight)
            found.score.append(score)
            found.candidate.append(candidate)
    return found, per_article


def headlines(root: Path) -> dict[str, float]:
    """Agreement of the brief score with graded headlines, in five folds of them and in sample."""
    features, grades = headline_features(root / "gold")
    same = grades >= SAME
    names = [(f"{row}a", f"{row}b") for row in range(len(same))]
    _, read, known = labelled(root / "feeds" / "missouri_wire_headlines.csv", LABELS_TO_FIT / "missouri.csv")

    def fit(some: Sequence[np.ndarray], of: Sequence[np.ndarray]) -> Scorecard:
        return fit_briefs([*some, read], [*of, known])

    sums, _, _ = out_of_fold(fit, [Sample(0, features, features, same, names)])
    found = {}
    for how, score in (
        ("", probability(sums[0])),
        ("_in_sample", probability(load_model().brief.sums(features))),
    ):
        found[f"pearson{how}"] = float(np.corrcoef(score, grades)[0, 1])
        found[f"average_precision{how}"] = average_precision(same, score)
    return found


def agree(script: Path, gold: Path, clusters: Path, found: dict[str, Figures]) -> None:
    """Exit if the gold scorer says otherwise than we do."""
    for name, option in (("capped", ["--cap-weight", str(CAP)]), ("weighted", [])):
        done = subprocess.run(
            [sys.executable, str(script), str(gold), str(clusters), *option],
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = re.findall(r"^(?:plain|weighted) .*interval \S+", done.stdout, re.MULTILINE)
        ours = []
        for title, figures in (("plain", found["plain"]), ("weighted", found[name])):
            counts, (low, high) = figures.counts, figures.intervals.f1
            ours.append(
                f"{title:9s} precision {counts.precision:.4f} recall {counts.recall:.4f} F1 {counts.f1:.4f} "
                f"interval {low:.3f}-{high:.3f}"
            )
        if ours != theirs:
            sys.exit(f"{clusters}: {script.name} says {theirs}, we say {ours}")


def show(name: str, figures: dict[str, Figures], cand: float, per_article: float | None) -> None:
    def span(found: Figures) -> str:
        low, high = found.intervals.f1
        return f"{found.counts.f1:.3f} ({low:.3f}-{high:.3f})"

    plain, heavy, raw = figures["plain"], figures["capped"], figures["weighted"]
    low, high = heavy.intervals.recall
    print(
        f"{name:12s} {plain.counts.precision:5.3f} {plain.counts.recall:6.3f}  {span(plain)}  "
        f"{heavy.counts.recall:.3f} ({low:.3f}-{high:.3f})  {span(heavy)}  {span(raw)}  {cand:5.3f}"
        + (f" {per_article:8.2f}" if per_article is not None else ""),
        flush=True,
    )


def record(figures: dict[str, Figures], cand: float) -> dict[str, float]:
    found = {"candidate_recall": cand}
    for kind, one in figures.items():
        prefix = "" if kind == "plain" else f"{kind}_"
        for name in ("precision", "recall", "f1"):
            low, high = getattr(one.intervals, name)
            found[f"{prefix}{name}"] = getattr(one.counts, name)
            found[f"{prefix}{name}_low"], found[f"{prefix}{name}_high"] = low, high
    return found


def run(gold: Path, folder: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Print the table and return it."""
    scorer = gold.parent / "tools" / "score_pairs.py"
    labels = {corpus: gold / corpus / "pairs.csv" for corpus in CORPORA}
    feeds = {corpus: gold / corpus / "articles.jsonl.gz" for corpus in CORPORA}
    sets = [(feeds[corpus], labels[corpus]) for corpus in CORPORA]
    with tempfile.TemporaryDirectory() as kept:
        if options.as_shipped:
            sets.append((gold.parent / "feeds" / "allsides.jsonl.gz", labels_of_allsides(Path(kept))))
        index: dict[Path, Path] = {}
        for feed, _ in sets:
            index[feed] = Path(kept) / f"{len(index)}.dedup"
            # An epoch now, or every fold would learn it again.
            command("index", feed, "-i", index[feed], "--refresh")
        parts: dict[str, Pairs] = {}
        result: dict[str, dict[str, float]] = {}
        print(
            f"{'':12s}  prec recall  {'F1':19s}  {'capped recall':19s}  {'capped F1':19s}  "
            f"{'weighted F1':19s}   cand pairs/article"
        )
        for corpus in CORPORA:
            others = [one for one in sets if one[0] != feeds[corpus]]
            tested = index[feeds[corpus]]
            model, clusters = folder / f"model-{corpus}.json", folder / f"clusters-{corpus}.csv"
            chosen = ["--threshold", options.threshold]
            if options.precision is not None:
                chosen = ["--precision", options.precision]
            given = [word for _, known in others for word in ("--gold", known)]
            command("tune", *(index[feed] for feed, _ in others), *given, *chosen, "-o", model)
            command("clusters", tested, "--model", model, "-o", clusters)
            pairs = read_pairs(labels[corpus])
            found, per_article = outcome(tested, model, clusters, pairs)
            figures = found.figures()
            if scorer.exists():
                agree(scorer, labels[corpus], clusters, figures)
            if options.misses:
                judged = [pair for pair in pairs if pair.label in LABELS]
                for pair, candidate in zip(judged, found.candidate, strict=True):
                    if pair.label == "W" and not candidate:
                        print(f"  no candidate: {pair.id_a} {pair.id_b} {pair.kind} {pair.weight:g}")
            show(corpus, figures, found.candidate_recall(), per_article)
            result[corpus] = record(figures, found.candidate_recall()) | {"pairs_per_article": per_article}
            parts[corpus] = found
    for name, corpora in (("four", FOUR), ("all five", CORPORA)):
        pooled = Pairs.pooled(parts[corpus] for corpus in corpora)
        figures = pooled.figures()
        show(name, figures, pooled.candidate_recall(), None)
        result[name] = record(figures, pooled.candidate_recall())
    agreed = (
        "checked against score_pairs.py" if scorer.exists() else "score_pairs.py is not there to check by"
    )
    print(f"intervals: 5th to 95th percentile of 2,000 draws over pairs; {agreed}")
    print(f"all five: {pooled.share('template')}, {pooled.share('same-event')}")
    for (label, kind), (hit, n) in sorted(pooled.kinds.items()):
        print(f"  {label} {kind:10s} grouped {hit:3d} of {n}")
    scores = pooled.scores(float(options.threshold))
    print(
        f"scores of held-out pairs: average precision {scores.average_precision:.3f}, "
        f"Brier {scores.brier:.4f}"
    )
    for one in scores.reliability:
        print(f"  mean score {one.score:.3f}  copies {one.copies:.3f}  of {one.pairs}")
    of_headlines = headlines(gold.parent)
    print(
        "sts_headlines: Pearson r {pearson:.3f}, average precision {average_precision:.3f} in five folds; "
        "in sample {pearson_in_sample:.3f}, {average_precision_in_sample:.3f}".format(**of_headlines)
    )
    result["headlines"] = of_headlines
    result["scores"] = {"average_precision": scores.average_precision, "brier": scores.brier}
    result["all five"] |= {
        f"n_{kind}_grouped": pooled.kinds["N", kind][0] / pooled.kinds["N", kind][1]
        for kind in ("template", "same-event")
    }
    if options.plot:
        plot_scores(
            scores, options.plot, "Pairs of five corpora, each scored by a model that knows no label of it"
        )
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the models and clusters here")
    parser.add_argument("--plot", type=Path, metavar="FILE.png|svg")
    parser.add_argument("--threshold", default="0.5", help="of the models (default 0.5)")
    parser.add_argument("--precision", metavar="P", help="let each fold choose its threshold for it instead")
    parser.add_argument("--as-shipped", action="store_true", help="fit on the pairs of allsides too")
    parser.add_argument("--misses", action="store_true", help="list the copies that are no candidate pair")
    options = parser.parse_args()
    if "DEDUP_GOLD_DIR" not in os.environ:
        print("DEDUP_GOLD_DIR is not set: nothing to measure", file=sys.stderr)
        return 1
    check_plot(options.plot)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = run(Path(os.environ["DEDUP_GOLD_DIR"]) / "gold", folder, options)
    if options.json:
        options.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
