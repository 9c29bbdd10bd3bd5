"""Fit the model that ships: ``python -m dedup.evaluate.build_model GOLD_DIR [OUTPUT.json]``.

GOLD_DIR holds a folder for each labelled corpus with ``articles.jsonl.gz`` and
``pairs.csv`` (labels W and N); each counts the same. The article scorecard is
fitted on those with texts. The brief scorecard is fitted on
``sts_headlines``, 2,499 pairs of headlines graded 0 to 5 for meaning (SemEval
STS 2013-2016): copies are those of `SAME` or more.

What it prints is in sample. For honest figures see ``tests/benchmarks/leave_one_out.py``.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.model import Model, Scorecard
from dedup.evaluate.fit import fit_articles, fit_briefs
from dedup.evaluate.gold import LABELS, GoldPair, read_pairs
from dedup.evaluate.measure import measure

CORPORA: Final = ("provenance", "fnc", "ecb", "reuters", "webpages")
HEADLINES: Final = "sts_headlines"

SAME: Final = 4.0
"""Grade from which two headlines tell one thing: they differ in unimportant details only (SemEval STS)."""


def articles_card(gold: Path) -> Scorecard:
    """Fit the article scorecard on the labelled corpora."""
    features, labels = [], []
    for name in CORPORA:
        pairs = read_pairs(gold / name / "pairs.csv")
        measured = measure(gold / name / "articles.jsonl.gz", pairs)[0]
        kept = np.array([pair.label in LABELS for pair in pairs])
        features.append(measured[kept])
        labels.append(np.array([LABELS[pair.label] for pair in pairs if pair.label in LABELS]))
    return fit_articles(features, labels)


def briefs_card(gold: Path) -> Scorecard:
    """Fit the brief scorecard on graded headlines."""
    features, grades = headline_features(gold)
    return fit_briefs(features, (grades >= SAME).astype(np.int64))


def headline_features(gold: Path) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Brief features, shape (p, len(BRIEF_FEATURES)), and grades 0..5, shape (p,), of the headline pairs."""
    with (gold / HEADLINES / "pairs.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    pairs = [GoldPair(row["id_a"], row["id_b"], "") for row in rows]
    measured = measure(gold / HEADLINES / "articles.jsonl.gz", pairs)[1]
    return measured, np.array([float(row["score_0_5"]) for row in rows])


def main(argv: Sequence[str]) -> None:
    """Write the model beside `dedup.confirm.model`, or to the second path given."""
    if len(argv) not in (1, 2):
        sys.exit("usage: python -m dedup.evaluate.build_model GOLD_DIR [OUTPUT.json]")
    gold = Path(argv[0])
    target = Path(argv[1]) if len(argv) == 2 else Path(__file__).parents[1] / "confirm" / "model.json"
    model = Model(
        articles_card(gold),
        briefs_card(gold),
        f"articles: {', '.join(CORPORA)}; briefs: {HEADLINES}, grade {SAME:g} or more",
    )
    target.write_bytes(model.to_json())
    for name, card in (("article", model.article), ("brief", model.brief)):
        weights = ", ".join(
            f"{f} {w / 1000:+.2f}" for f, w in zip(card.features, card.weights, strict=True) if w
        )
        print(f"{name}: {card.intercept / 1e6:+.2f}, {weights}")


if __name__ == "__main__":
    main(sys.argv[1:])
