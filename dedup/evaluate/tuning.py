"""A confirm model of one's own labels: scorecards fitted again, a threshold chosen.

Every figure is of scores that no fit on the same articles gave (`dedup.evaluate.folds`);
the model that is written is fitted on all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.model import Model, load_model
from dedup.errors import GoldError
from dedup.evaluate.curve import choose_threshold, curve
from dedup.evaluate.evaluation import ScoreEvaluation, evaluate_scores, require_both
from dedup.evaluate.fit import fit_articles, fit_briefs
from dedup.evaluate.folds import FOLDS, Fit, Sample, fitted, out_of_fold
from dedup.evaluate.gold import LABELS, GoldPair
from dedup.evaluate.measure import Measured, measure_in
from dedup.evaluate.metrics import Counts, count_pairs
from dedup.index.index import Index
from dedup.index.session import DEFAULT_THRESHOLD

LEAST_TO_FIT: Final = 20
"""Copies, and others, below which a scorecard is not fitted: there are several weights to find."""

LEAST_TO_CHOOSE: Final = 10
"""The same for a threshold, which is one number."""

CARDS: Final = ("article", "brief")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A set of labelled pairs of one corpus; those labelled P are left out.

    Parameters
    ----------
    corpus : int
        Number of the corpus, which may have several sets of labels.
    pairs : list of GoldPair, length p
    measured : Measured
    """

    corpus: int
    pairs: list[GoldPair]
    measured: Measured

    @classmethod
    def of(cls, index: Index, pairs: Sequence[GoldPair], corpus: int = 0) -> Labelled:
        """Measure pairs of articles of an index."""
        judged = [pair for pair in pairs if pair.label in LABELS]
        return cls(corpus, judged, measure_in(index, judged))

    @property
    def copy(self) -> NDArray[np.bool_]:
        """Whether each pair is labelled W; shape (p,)."""
        return np.array([pair.label == "W" for pair in self.pairs], np.bool_)

    def judged_by(self, card: str) -> NDArray[np.bool_]:
        """Which pairs a scorecard judges; shape (p,)."""
        brief = self.measured.is_brief
        return (brief if card == "brief" else ~brief) & ~self.measured.mute

    def sample(self, card: str) -> Sample:
        """Return what a scorecard is fitted on."""
        mine = self.judged_by(card)
        features = self.measured.brief if card == "brief" else self.measured.article
        articles = [(pair.id_a, pair.id_b) for pair in self.pairs]
        return Sample(self.corpus, features, self.measured.judged(card), self.copy, articles).only(mine)


@dataclass(frozen=True, slots=True)
class Card:
    """What became of a scorecard.

    Parameters
    ----------
    name : str
        One of `CARDS`.
    copies, others : int
        Labelled pairs it judges.
    folds : str
        How the figures' folds were made; "" if the weights stayed as shipped.
    """

    name: str
    copies: int
    others: int
    folds: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """A tuned model and what is known of it.

    Parameters
    ----------
    model : Model
    corpora : int
    cards : tuple of Card
    scores : ScoreEvaluation
        Of out-of-fold scores; the threshold marked was chosen on these very pairs.
    held_out : Counts, optional
        At thresholds chosen without the fold they are used on; None if it was not chosen, or some folds
        have no threshold of the precision wanted.
    shipped : ScoreEvaluation
        Of the model that ships, on the same pairs.
    precision : float, optional
        The precision asked for.
    chosen : bool
        Whether the threshold was chosen, not given.
    """

    model: Model
    corpora: int
    cards: tuple[Card, ...]
    scores: ScoreEvaluation
    held_out: Counts | None
    shipped: ScoreEvaluation
    precision: float | None
    chosen: bool


def tune(
    corpora: Sequence[Labelled],
    *,
    keep_weights: bool = False,
    precision: float | None = None,
    threshold: float | None = None,
) -> Tuning:
    """Fit the scorecards that have enough labels, keep the others, choose a threshold.

    Parameters
    ----------
    corpora : sequence of Labelled
        Sets of labels; each counts the same in a fit.
    keep_weights : bool
        Fit nothing.
    precision : float, optional
        See `choose_threshold`.
    threshold : float, optional
        Use this one instead.

    Raises
    ------
    GoldError
        If there are too few pairs, or no threshold of that precision.
    """
    base = load_model()
    require_both(
        [pair for corpus in corpora for pair in corpus.pairs], LEAST_TO_CHOOSE, "choosing a threshold"
    )
    cards = [_card(corpora, name) for name in CARDS]
    fits = [] if keep_weights else [c.name for c in cards if min(c.copies, c.others) >= LEAST_TO_FIT]
    if not fits and not keep_weights:
        held = " and ".join(f"{c.copies} W and {c.others} N pairs of {_WORDS[c.name]}" for c in cards)
        raise GoldError(
            f"the labels hold {held}",
            f"a fit needs {LEAST_TO_FIT} of each in one of the two; label more, "
            "or only choose a threshold with --keep-weights",
        )
    scores, folds, cards = _predicted(corpora, base, cards, fits)
    copy = np.concatenate([corpus.copy for corpus in corpora])
    refitted = {name: fitted(_FITS[name], [one.sample(name) for one in corpora]) for name in fits}
    model = Model(refitted.get("article", base.article), refitted.get("brief", base.brief))
    chosen = threshold is None
    if threshold is None:
        threshold = choose_threshold(curve(copy, scores), precision)
    found = evaluate_scores(copy, scores, threshold)
    tuning = Tuning(
        replace(model, threshold=threshold),
        len({corpus.corpus for corpus in corpora}),
        tuple(cards),
        found,
        _held_out(copy, scores, folds, precision) if chosen else None,
        evaluate_scores(
            copy, np.concatenate([one.measured.scores(base) for one in corpora]), DEFAULT_THRESHOLD
        ),
        precision,
        chosen,
    )
    return replace(tuning, model=replace(tuning.model, note=_note(tuning)))


def _card(corpora: Sequence[Labelled], name: str) -> Card:
    copy = np.concatenate([corpus.copy[corpus.judged_by(name)] for corpus in corpora])
    return Card(name, int(copy.sum()), int((~copy).sum()), "")


def _predicted(
    corpora: Sequence[Labelled], base: Model, cards: Sequence[Card], fits: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[Card]]:
    """Scores of all pairs, out of fold where a card is fitted; their folds; the cards and how it was done."""
    scores = [corpus.measured.scores(base) for corpus in corpora]
    # What no fit predicts has a fold too: thresholds are chosen without it.
    folds = [np.arange(len(corpus.pairs)) % FOLDS for corpus in corpora]
    if len({corpus.corpus for corpus in corpora}) > 1:
        folds = [np.full(len(corpus.pairs), corpus.corpus) for corpus in corpora]
    told = []
    for card in cards:
        if card.name not in fits:
            told.append(card)
            continue
        sums, fold, how = out_of_fold(_FITS[card.name], [one.sample(card.name) for one in corpora])
        for number, corpus in enumerate(corpora):
            mine = corpus.judged_by(card.name)
            every = np.zeros(len(mine), np.int64)
            every[mine] = sums[number]
            scores[number] = np.where(mine, corpus.measured.shown(every), scores[number])
            folds[number][mine] = fold[number]
        told.append(replace(card, folds=how))
    return np.concatenate(scores), np.concatenate(folds), told


def _held_out(
    copy: NDArray[np.bool_],
    scores: NDArray[np.float64],
    folds: NDArray[np.int64],
    precision: float | None,
) -> Counts | None:
    """Counts at thresholds chosen on the other folds."""
    grouped = np.zeros(len(copy), np.bool_)
    for fold in np.unique(folds):
        mine = folds == fold
        try:
            threshold = choose_threshold(curve(copy[~mine], scores[~mine]), precision)
        except GoldError:
            return None
        grouped[mine] = scores[mine] >= threshold
    return count_pairs(copy, grouped)


def _note(tuning: Tuning) -> str:
    """What a model was fitted on and is known to do, for whoever opens the file."""
    parts = [
        f"{card.name} card {'fitted on' if card.folds else 'as shipped, judges'} "
        f"{card.copies} W and {card.others} N pairs" + (f" ({card.folds})" if card.folds else "")
        for card in tuning.cards
    ]
    how = "in sample" if tuning.chosen else "given"
    scores = "out of fold" if any(card.folds for card in tuning.cards) else "by the shipped weights"
    at = f"threshold {tuning.scores.threshold:g} ({how}), scores {scores}"
    parts.append(f"{at}: {_figures(tuning.scores.at_threshold)}")
    if tuning.held_out is not None:
        parts.append(f"threshold out of fold too: {_figures(tuning.held_out)}")
    corpora = f"{tuning.corpora} corpora" if tuning.corpora > 1 else "1 corpus"
    return f"tuned on {corpora}; " + "; ".join(parts)


def _figures(counts: Counts) -> str:
    return f"precision {counts.precision:.3f}, recall {counts.recall:.3f}, F1 {counts.f1:.3f}"


_FITS: Final[dict[str, Fit]] = {"article": fit_articles, "brief": fit_briefs}
_WORDS: Final = {"article": "articles", "brief": "headlines or briefs"}
