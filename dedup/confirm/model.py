"""The confirm model: a weighted sum of a few features, in integers.

A logistic regression on the features of `dedup.confirm.features`, fitted by
scikit-learn (`dedup.evaluate.fit`) and shipped as JSON. Features are
thousandths and weights are thousandths of a logit, so

    sum = intercept + weights . features        (millionths of a logit)

is an exact integer and a match is ``sum >= threshold``: two engines agree to
the bit. The probability shown is looked up from the sum in steps of 1/64 logit.

There are two scorecards, one for running text and one for briefs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from dedup.confirm.briefs import BRIEF_FEATURES, BRIEF_SIGNS
from dedup.confirm.features import FEATURES, SIGNS
from dedup.errors import ModelError
from dedup.settings import LEAST_THRESHOLD

FORMAT: Final = 1
LOGIT: Final = 1_000_000
"""One logit in units of a sum."""

_HOW: Final = "write one with dedup tune"
_STEPS: Final = 64
_LIMIT: Final = 12  # logits; beyond it the probability is 0 or 1 to four decimals


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Weights of one kind of text.

    Parameters
    ----------
    features : tuple of str
        Columns of the feature matrix, in order.
    weights : int64 array, shape (len(features),)
        Thousandths of a logit per unit of the feature (a feature of 1000 counts as 1).
    intercept : int
        Millionths of a logit.
    """

    features: tuple[str, ...]
    weights: NDArray[np.int64]
    intercept: int

    def sums(self, features: NDArray[np.int32]) -> NDArray[np.int64]:
        """Score pairs.

        Parameters
        ----------
        features : int32 array, shape (p, len(self.features))

        Returns
        -------
        int64 array, shape (p,)
            Millionths of a logit.
        """
        return features.astype(np.int64) @ self.weights + self.intercept


@dataclass(frozen=True, slots=True)
class Model:
    """What decides whether two texts are copies.

    Parameters
    ----------
    article, brief : Scorecard
    note : str
        What it was fitted on, for people.
    threshold : float, optional
        Least probability of a match where the user names none; None: `dedup`'s own.
    """

    article: Scorecard
    brief: Scorecard
    note: str = ""
    threshold: float | None = None

    @property
    def content_hash(self) -> str:
        """16 hex digits over all numbers: part of the identity of every result."""
        numbers: list[Any] = [_plain(self.article), _plain(self.brief)]
        if self.threshold is not None:
            numbers.append(self.threshold)
        return blake2b(orjson.dumps(numbers, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()

    def to_json(self) -> bytes:
        """Model file, as `--model` reads it."""
        return orjson.dumps(
            {
                "format": FORMAT,
                "note": self.note,
                **({} if self.threshold is None else {"threshold": self.threshold}),
                "article": _plain(self.article),
                "brief": _plain(self.brief),
            },
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )


def probability(sums: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of each sum, four decimals; logistic function, looked up in steps of 1/64 logit."""
    step = np.clip(sums * _STEPS // LOGIT, -_LIMIT * _STEPS, _LIMIT * _STEPS) + _LIMIT * _STEPS
    return _table()[step]


def least_sum(threshold: float) -> int:
    """Smallest sum whose shown probability is `threshold` or more, so that no result is below it.

    Raises
    ------
    ModelError
        If `threshold` is not above 0 and at most 1.
    """
    if not 0 < threshold <= 1:
        raise ModelError(
            f"threshold {threshold} is not above 0 and at most 1", "0.5 is the default, 0.9 is strict"
        )
    step = int(np.searchsorted(_table(), threshold)) - _LIMIT * _STEPS
    return -(-step * LOGIT // _STEPS)


def load_model(path: Path | None = None) -> Model:
    """Read a model file, or the one that ships with the package.

    Raises
    ------
    ModelError
        If the file cannot be read or is not a model of this format.
    """
    if path is None:
        return _shipped()
    try:
        data = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}", _HOW) from None
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON ({error})", _HOW) from None
    return parse_model(data, str(path))


def parse_model(data: Any, source: str) -> Model:
    """Check a decoded model file; raises `ModelError` that names `source`."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ModelError(
            f"{source}: model format {found!r}, this version reads {FORMAT}",
            _HOW,
        )
    try:
        return Model(
            _card(data["article"], SIGNS, FEATURES),
            _card(data["brief"], BRIEF_SIGNS, BRIEF_FEATURES),
            str(data.get("note", "")),
            _threshold(data.get("threshold")),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ModelError(f"{source}: not a confirm model ({error})", _HOW) from None


def _card(data: dict[str, Any], signs: dict[str, int], known: tuple[str, ...]) -> Scorecard:
    weights = data["weights"]
    unknown = sorted(set(weights) - set(known))
    if unknown:
        raise ValueError(f"unknown features {unknown}")
    for name, weight in weights.items():
        if not isinstance(weight, int) or weight * signs[name] < 0:
            raise ValueError(f"weight of {name} is {weight!r}, not an integer of the sign it must have")
    return Scorecard(
        known, np.array([weights.get(name, 0) for name in known], np.int64), int(data["intercept"])
    )


def _threshold(found: Any) -> float | None:
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not LEAST_THRESHOLD <= found <= 1:
        raise ValueError(f"threshold {found!r} is not between {LEAST_THRESHOLD} and 1")
    return float(found)


def _plain(card: Scorecard) -> dict[str, Any]:
    weights = {name: int(w) for name, w in zip(card.features, card.weights, strict=True) if w}
    return {"weights": weights, "intercept": card.intercept}


@cache
def _table() -> NDArray[np.float64]:
    steps = range(-_LIMIT * _STEPS, _LIMIT * _STEPS + 1)
    return np.array([round(1 / (1 + math.exp(-step / _STEPS)), 4) for step in steps])


@cache
def _shipped() -> Model:
    data = resources.files("dedup.confirm").joinpath("model.json").read_bytes()
    return parse_model(orjson.loads(data), "model.json")
