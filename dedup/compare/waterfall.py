"""The score of a pair, feature by feature, as the judge computes it and in words.

The features are measured by the very kernels and under the very bound of
`dedup.confirm.judge`, so the steps add up to the sum a run stores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.compare.explanation import Contribution, ScorecardName
from dedup.confirm.briefs import brief_features, own_brief_features
from dedup.confirm.documents import Documents
from dedup.confirm.features import MOST_EVIDENCE, own_features, pair_features
from dedup.confirm.model import Model, Scorecard, least_sum
from dedup.confirm.tfidf import MOST_BIGRAM_IDF
from dedup.settings import LEAST_THRESHOLD
from dedup.sketch.minhash import BODY_MIN_WORDS

_RAREST_PAIR: Final = MOST_BIGRAM_IDF
_RARE_WORD: Final = 160  # sixteenths: ten natural-log units, a word next to no other text has


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A score and what it is made of.

    Parameters
    ----------
    scorecard : "article" or "brief"
    intercept, sum : int
        Millionths of a logit; ``intercept`` and all contributions make up ``sum``.
    contributions : tuple of Contribution
        Those of weight 0 are left out.
    """

    scorecard: ScorecardName
    intercept: int
    sum: int
    contributions: tuple[Contribution, ...]


def waterfall(documents: Documents, a: int, b: int, model: Model) -> Waterfall:
    """Measure a pair of documents; a text paired with itself is measured as with an equal one.

    Parameters
    ----------
    documents : Documents
    a, b : int
        Places in them.
    model : Model
    """
    left, right = np.array([a]), np.array([b])
    name: ScorecardName = (
        "brief" if min(documents.n_units[a], documents.n_units[b]) < BODY_MIN_WORDS else "article"
    )
    card = model.brief if name == "brief" else model.article
    measured = np.ones(len(card.features), np.bool_)
    if a == b:
        own = own_brief_features(documents, left) if name == "brief" else own_features(documents, left)
        values = own[0]
    elif name == "brief":
        values = brief_features(documents, left, right)[0]
    else:
        least = least_sum(LEAST_THRESHOLD) - card.intercept
        values = pair_features(documents, left, right, weights=card.weights, least=least)[0]
        # What differs was left at 0, for the sum could not reach any threshold any more.
        measured = values == pair_features(documents, left, right, weights=card.weights)[0]
    steps = _steps(card, values, measured, name)
    return Waterfall(name, card.intercept, steps[-1].running if steps else card.intercept, steps)


def _steps(
    card: Scorecard, values: NDArray[np.int32], measured: NDArray[np.bool_], name: ScorecardName
) -> tuple[Contribution, ...]:
    meanings = _BRIEF if name == "brief" else _ARTICLE
    running = card.intercept
    steps = []
    for feature, value, weight, known in zip(
        card.features, values.tolist(), card.weights.tolist(), measured.tolist(), strict=True
    ):
        if weight == 0:
            continue
        running += value * weight
        said = meanings[feature](value) if known else "not measured: no match any more, whatever it is"
        steps.append(Contribution(feature, value, weight, value * weight, running, said, known))
    return tuple(steps)


def _percent(value: int) -> str:
    return f"{value / 10:.1f} %" if 0 < value < 50 else f"{value / 10:.0f} %"


def _weight_of(value: int) -> float:
    """IDF in sixteenths that a value of ``evidence`` stands for (`dedup.confirm.features.log_evidence`)."""
    return 160 * (math.exp(value / 100) - 1)


_ARTICLE: Final[Mapping[str, Callable[[int], str]]] = {
    "containment": lambda v: f"{_percent(v)} of the shorter text's word pairs, by rarity, stand in the other",
    "outside": lambda v: (
        f"{_percent(v)} of the word pairs, by rarity and furniture left out, stand in the other text"
    ),
    "runs": lambda v: f"{_percent(v)} of the runs of four words are shared",
    "evidence": lambda v: (
        f"the shared word pairs weigh as much as {_weight_of(v) / _RAREST_PAIR:.0f} of the rarest ones "
        f"({_weight_of(MOST_EVIDENCE) / _RAREST_PAIR:.0f} or more count alike)"
    ),
    "furniture": lambda v: f"{_percent(v)} of the shared runs lie in furniture",
    "numbers": lambda v: f"{_percent(v)} of the numbers differ on both sides",
    "rare": lambda v: f"{_percent(v)} of the rarest words are not in the other text",
    "interface": lambda v: f"{_percent(v)} of the shared words are what pages say to their readers",
    "names": lambda v: f"{_percent(v)} of the names, by rarity, differ on both sides",
    "figures": lambda v: f"{_percent(v)} of the shorter text's words are numbers",
    "deficit": lambda v: (
        "no long text that lacks half of the other" if v == 0 else
        f"long texts, and what they share falls {_percent(v)} short of half"
    ),
    "slots": lambda v: f"{_percent(v)} of the names and numbers between equal words differ, as in a template",
}  # fmt: skip

_BRIEF: Final[Mapping[str, Callable[[int], str]]] = {
    "words": lambda v: f"{_percent(v)} of the shorter headline's words, by rarity, stand in the other",
    "overlap": lambda v: f"{_percent(v)} of all words of the two, by rarity, are shared",
    "evidence": lambda v: (
        f"the shared words weigh as much as {_weight_of(v) / _RARE_WORD:.1f} that no other text has"
    ),
    "numbers": lambda v: f"{_percent(v)} of the numbers differ on both sides",
    "names": lambda v: f"{_percent(v)} of the names, by rarity, differ on both sides",
    "order": lambda v: f"{_percent(v)} of the shorter headline's words stand in the same order",
}
