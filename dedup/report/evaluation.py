"""An evaluation as a person reads it, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from dedup.report.layout import Canvas
from dedup.report.wording import count, percent, printable

if TYPE_CHECKING:
    from dedup.evaluate.evaluation import (
        ClusterEvaluation,
        Evaluation,
        Figures,
        PairEvaluation,
        ScoreEvaluation,
    )
    from dedup.evaluate.metrics import Bin, Counts

_DIGITS = 6
_STEP = 10  # of hundredths: the thresholds a table shows


def evaluation_json(found: Evaluation) -> str:
    """Return an evaluation as one JSON object, numbers to six decimals."""
    record: dict[str, Any] = {
        "threshold": found.threshold,
        "model": found.model,
        "unknown_articles": found.unknown,
    }
    if found.pairs is not None:
        pairs = found.pairs
        record["labels"] = {label: pairs.labels.get(label, 0) for label in "WNP"}
        record["plain"] = _figures_record(pairs.plain)
        record["weighted_capped"] = {"cap": _rounded(pairs.cap), **_figures_record(pairs.capped)}
        record["weighted"] = _figures_record(pairs.weighted)
        record["partly"] = {"grouped": pairs.grouped("P"), "pairs": pairs.labels.get("P", 0)}
        record["kinds"] = [
            dict(zip(("label", "kind", "grouped", "pairs"), row, strict=True)) for row in pairs.kinds
        ]
    if found.clusters is not None:
        clusters = found.clusters
        precision, recall, f1 = _b_cubed(clusters)
        record["clusters"] = {
            "articles": clusters.articles,
            "clusters": clusters.clusters,
            "pairwise": counts_record(clusters.pairwise),
            "b_cubed": {"precision": _rounded(precision), "recall": _rounded(recall), "f1": _rounded(f1)},
            "adjusted_rand": _rounded(clusters.adjusted_rand),
            "mutual_information": _rounded(clusters.mutual_information),
        }
    if found.scores is not None:
        record["scores"] = scores_record(found.scores)
    return orjson.dumps(record, option=orjson.OPT_INDENT_2).decode()


def evaluation_lines(found: Evaluation, canvas: Canvas, *, by_kind: bool) -> Iterator[str]:
    """Yield the lines of an evaluation; `by_kind`: also the share grouped of each kind of pair."""
    if found.pairs is not None:
        yield from _pair_lines(found.pairs, canvas)
        if by_kind:
            yield ""
            yield canvas.paint("Pairs grouped", "bold")
            for label, kind, hit, n in found.pairs.kinds:
                yield f"  {label} {printable(kind) or '-':16s} {hit:6,} of {n:6,}  {percent(hit, n):>6}"
    if found.clusters is not None:
        yield from _cluster_lines(found.clusters, canvas)
    if found.scores is not None:
        yield ""
        yield canvas.paint("Scores of single pairs", "bold") + canvas.paint(
            " (whatever cluster they came to)", "dim"
        )
        yield from score_lines(found.scores, canvas)


def score_lines(found: ScoreEvaluation, canvas: Canvas) -> Iterator[str]:
    """Yield the precision-recall curve as a table, the calibration, average precision and Brier score."""
    yield from _curve_lines(found, canvas)
    yield ""
    yield f"  average precision {found.average_precision:.3f}, Brier score {found.brier:.3f}"
    yield from _reliability_lines(found.reliability, canvas)


def _curve_lines(found: ScoreEvaluation, canvas: Canvas) -> Iterator[str]:
    """Yield the figures of every tenth threshold and of the one in use, which is marked."""
    yield canvas.paint("  threshold  precision   recall       F1   grouped", "dim")
    shown = {p.threshold: p.counts for p in found.points if round(100 * p.threshold) % _STEP == 0}
    for threshold, counts in sorted((shown | {found.threshold: found.at_threshold}).items()):
        line = f"{threshold:9.2f}  {three(counts)}  {counts.tp + counts.fp:8,.0f}"
        yield canvas.paint(f"> {line}", "bold") if threshold == found.threshold else f"  {line}"


def _reliability_lines(bins: Sequence[Bin], canvas: Canvas) -> Iterator[str]:
    """Yield what share of the pairs of about one score are copies: the two should be alike."""
    yield canvas.paint("  mean score  copies  pairs", "dim")
    yield from (f"  {one.score:10.3f}  {one.copies:6.3f}  {one.pairs:5,}" for one in bins)


def scores_record(found: ScoreEvaluation) -> dict[str, Any]:
    """Return the curve, the calibration and their summary as plain data."""
    return {
        "average_precision": _rounded(found.average_precision),
        "brier": _rounded(found.brier),
        "reliability": [
            {"pairs": one.pairs, "score": _rounded(one.score), "copies": _rounded(one.copies)}
            for one in found.reliability
        ],
        "curve": [{"threshold": point.threshold, **counts_record(point.counts)} for point in found.points],
    }


def counts_record(counts: Counts) -> dict[str, float]:
    """Return precision, recall, F1 and the counts behind them."""
    names = ("precision", "recall", "f1", "tp", "fp", "fn", "tn")
    return {name: _rounded(getattr(counts, name)) for name in names}


def _pair_lines(pairs: PairEvaluation, canvas: Canvas) -> Iterator[str]:
    labels = ", ".join(f"{pairs.labels.get(label, 0):,} {label}" for label in "WNP")
    yield canvas.paint(f"{count(sum(pairs.labels.values()), 'labelled pair')}: {labels}", "bold")
    yield canvas.paint(f"  {'':28s}  precision   recall       F1  90 % interval of F1", "dim")
    rows = [("plain", pairs.plain)]
    if pairs.weighted.counts != pairs.plain.counts:
        rows += [(f"weighted, none above {pairs.cap:g}", pairs.capped), ("weighted", pairs.weighted)]
    for name, figures in rows:
        low, high = figures.intervals.f1
        yield f"  {name:28s}  {three(figures.counts)}  {low:.3f} to {high:.3f}"
    if pairs.labels.get("P"):
        yield f"  partly derived (P), left out: {pairs.grouped('P'):,} of {pairs.labels['P']:,} grouped"


def _cluster_lines(clusters: ClusterEvaluation, canvas: Canvas) -> Iterator[str]:
    labelled = f"{count(clusters.articles, 'labelled article')}, {count(clusters.clusters, 'cluster')}"
    yield canvas.paint(f"{labelled} of two or more", "bold")
    yield canvas.paint(f"  {'':28s}  precision   recall       F1", "dim")
    precision, recall, f1 = _b_cubed(clusters)
    yield f"  {'pairs of articles':28s}  {three(clusters.pairwise)}"
    yield f"  {'B-cubed':28s}  {precision:9.3f}  {recall:7.3f}  {f1:7.3f}"
    yield f"  adjusted Rand index {clusters.adjusted_rand:.3f}"
    yield f"  normalised mutual information {clusters.mutual_information:.3f}"


def three(counts: Counts) -> str:
    """Return precision, recall and F1 as the columns of a table."""
    return f"{counts.precision:9.3f}  {counts.recall:7.3f}  {counts.f1:7.3f}"


def _b_cubed(clusters: ClusterEvaluation) -> tuple[float, float, float]:
    from dedup.evaluate.metrics import harmonic

    precision, recall = clusters.b_cubed
    return precision, recall, harmonic(precision, recall)


def _figures_record(figures: Figures) -> dict[str, Any]:
    names = ("precision", "recall", "f1")
    found = {name: [_rounded(end) for end in getattr(figures.intervals, name)] for name in names}
    return {**counts_record(figures.counts), "intervals": found}


def _rounded(value: float) -> float:
    return round(value, _DIGITS)
