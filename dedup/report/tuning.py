"""What ``dedup tune`` found, as a person reads it, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from dedup.report.evaluation import counts_record, score_lines, scores_record, three
from dedup.report.layout import Canvas
from dedup.report.wording import count

if TYPE_CHECKING:
    from dedup.evaluate.tuning import Tuning


def tuning_lines(found: Tuning, canvas: Canvas) -> Iterator[str]:
    """Yield the lines: what was fitted, the curve, the threshold, and the shipped model beside it."""
    corpora = count(found.corpora, "corpus", "corpora")
    yield canvas.paint(f"Labelled pairs of {corpora}", "bold")
    for card in found.cards:
        done = f"fitted; figures: {card.folds}" if card.folds else "weights as shipped"
        yield f"  {card.name:8s} {card.copies:6,} W  {card.others:6,} N  {done}"
    yield ""
    yield canvas.paint(f"Scores {_whose(found)}", "bold")
    yield from score_lines(found.scores, canvas)
    yield ""
    yield canvas.paint(f"Threshold {found.scores.threshold:g}", "bold") + _why(found)
    yield canvas.paint(f"  {'':36s}  precision   recall       F1", "dim")
    how = "threshold in sample" if found.chosen else "threshold as given"
    yield f"  {_whose(found) + ', ' + how:36s}  {three(found.scores.at_threshold)}"
    if found.held_out is not None:
        yield f"  {'threshold out of fold too':36s}  {three(found.held_out)}"
    shipped = f"shipped model at {found.shipped.threshold:g}"
    yield f"  {shipped:36s}  {three(found.shipped.at_threshold)}"
    yield (
        f"  the shipped scores' average precision is {found.shipped.average_precision:.3f}, "
        f"their Brier score {found.shipped.brier:.3f}"
    )


def tuning_json(found: Tuning) -> str:
    """Return the same as one JSON object; numbers to six decimals."""
    fitted = any(card.folds for card in found.cards)
    record: dict[str, Any] = {
        "model": found.model.content_hash,
        "corpora": found.corpora,
        "cards": [
            {"card": card.name, "w": card.copies, "n": card.others, "fitted": bool(card.folds),
             "folds": card.folds or None}
            for card in found.cards
        ],
        "threshold": found.scores.threshold,
        "threshold_is": "in sample" if found.chosen else "given",
        "scores_are": "out of fold" if fitted else "by the shipped weights",
        "at_threshold": counts_record(found.scores.at_threshold),
        "threshold_out_of_fold": None if found.held_out is None else counts_record(found.held_out),
        "scores": scores_record(found.scores),
        "shipped": {
            "threshold": found.shipped.threshold,
            "at_threshold": counts_record(found.shipped.at_threshold),
            "average_precision": round(found.shipped.average_precision, 6),
            "brier": round(found.shipped.brier, 6),
        },
    }  # fmt: skip
    return orjson.dumps(record, option=orjson.OPT_INDENT_2).decode()


def _whose(found: Tuning) -> str:
    return "out of fold" if any(card.folds for card in found.cards) else "by the shipped weights"


def _why(found: Tuning) -> str:
    if not found.chosen:
        return ", as given"
    if found.precision is None:
        return ", of the greatest F1"
    return f", the lowest of precision {found.precision:g}"
