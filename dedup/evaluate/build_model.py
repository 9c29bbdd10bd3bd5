"""Fit the model that ships: ``python -m dedup.evaluate.build_model DEDUP_GOLD_DIR LABELS [OUTPUT.json]``.

Labelled sets, each counting the same:

- ``gold/CORPUS/pairs.csv`` of the five corpora with texts (labels W and N);
- ``LABELS/allsides.csv``: candidate pairs of a real feed that a reader labelled, so that the fit sees what
  the confirm stage sees. Those of which the reader was sure; partly derived pairs (P) count as no copies,
  for what a feed holds of them is an outlet that repeats its own background.

The brief scorecard is fitted on ``gold/sts_headlines``, 2,499 pairs of headlines graded 0 to 5 for meaning
(SemEval STS 2013-2016; copies are those of `SAME` or more), and on ``LABELS/missouri.csv``, such
candidate pairs of a feed of headlines, without the reports of one event by several outlets: from a headline
alone nobody can tell whose copy it stands above.

What it prints is in sample. For honest figures see ``tests/benchmarks/leave_one_out.py``.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
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


def articles_card(gold: Path, labels: Path) -> Scorecard:
    """Fit the article scorecard on the labelled sets."""
    folders = [gold / "gold" / name for name in CORPORA]
    sets = [labelled(folder / "articles.jsonl.gz", folder / "pairs.csv")[0::2] for folder in folders]
    feed = gold / "feeds" / "allsides.jsonl.gz"
    sets.append(labelled(feed, labels / "allsides.csv", LABELS | {"P": 0})[0::2])
    return fit_articles(*zip(*sets, strict=True))


def briefs_card(gold: Path, labels: Path) -> Scorecard:
    """Fit the brief scorecard on graded and on labelled headlines."""
    graded, grades = headline_features(gold / "gold")
    feed = gold / "feeds" / "missouri_wire_headlines.csv"
    _, read, known = labelled(feed, labels / "missouri.csv", kinds_left_out=("same-event",))
    return fit_briefs([graded, read], [(grades >= SAME).astype(np.int64), known])


def labelled(
    feed: Path, labels: Path, meaning: Mapping[str, int] = LABELS, kinds_left_out: Sequence[str] = ()
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Article features, brief features and labels (1 a copy, 0 not) of the pairs whose label means either."""
    pairs = [
        pair
        for pair in read_pairs(labels)
        if pair.label in meaning and pair.kind not in kinds_left_out and pair.sure
    ]
    article, brief = measure(feed, pairs)
    return article, brief, np.array([meaning[pair.label] for pair in pairs], np.int64)


def headline_features(gold: Path) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Brief features, shape (p, len(BRIEF_FEATURES)), and grades 0..5, shape (p,), of the headline pairs."""
    with (gold / HEADLINES / "pairs.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    pairs = [GoldPair(row["id_a"], row["id_b"], "") for row in rows]
    measured = measure(gold / HEADLINES / "articles.jsonl.gz", pairs)[1]
    return measured, np.array([float(row["score_0_5"]) for row in rows])


def main(argv: Sequence[str]) -> None:
    """Write the model beside `dedup.confirm.model`, or to the third path given."""
    if len(argv) not in (2, 3):
        sys.exit("usage: python -m dedup.evaluate.build_model DEDUP_GOLD_DIR LABELS [OUTPUT.json]")
    gold, labels = Path(argv[0]), Path(argv[1])
    target = Path(argv[2]) if len(argv) == 3 else Path(__file__).parents[1] / "confirm" / "model.json"
    model = Model(
        articles_card(gold, labels),
        briefs_card(gold, labels),
        f"articles: {', '.join(CORPORA)}, allsides; briefs: {HEADLINES}, grade {SAME:g} or more, missouri",
    )
    target.write_bytes(model.to_json())
    for name, card in (("article", model.article), ("brief", model.brief)):
        weights = ", ".join(
            f"{f} {w / 1000:+.2f}" for f, w in zip(card.features, card.weights, strict=True) if w
        )
        print(f"{name}: {card.intercept / 1e6:+.2f}, {weights}")


if __name__ == "__main__":
    main(sys.argv[1:])
