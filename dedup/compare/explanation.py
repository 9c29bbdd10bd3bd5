"""What is told of a pair of texts: plain records, so that a terminal, a page and a program show the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson

from dedup.compare.align import Alignment

ScorecardName = Literal["article", "brief"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts.

    Parameters
    ----------
    name : str
        Id of the article, or "A" and "B" for texts without one.
    text : str
        What is compared: the text alone where it is long enough, else headline and text.
    title, outlet, url, published : str, optional
        Of the article; the time as ISO 8601, UTC.
    words : int
    cluster_id : str, optional
        None where it is in no cluster, or there is no index.
    own_score : float
        Probability that the text is a copy of an equal one: low where it says too little.
    """

    name: str
    text: str
    title: str | None
    outlet: str | None
    url: str | None
    published: str | None
    words: int
    cluster_id: str | None
    own_score: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """One step of the waterfall.

    Parameters
    ----------
    feature : str
        Column of the scorecard.
    value : int
        Thousandths.
    weight : int
        Thousandths of a logit.
    contribution, running : int
        ``value * weight`` and the sum so far, in millionths of a logit; exact.
    meaning : str
        What the value says of these two texts.
    measured : bool
        False where the sum could no longer reach any threshold, so that the run did not measure it.
    """

    feature: str
    value: int
    weight: int
    contribution: int
    running: int
    meaning: str
    measured: bool


@dataclass(frozen=True, slots=True)
class SketchMatch:
    """The two texts under one kind of sketch.

    Parameters
    ----------
    kind : "body", "lead" or "brief"
    left_shingles, right_shingles, shared_shingles : int
        Sizes of the two sets and of what they share.
    jaccard, estimate : float
        Jaccard similarity of the sets, and what the sketches say it is (Broder 1997).
    containment_left, containment_right : float
        Share of either set found in the other.
    equal_slots, least_slots, slots : int
        Slots that agree, those a candidate pair needs, and all.
    bands : tuple of int
        Bands, from 0, in which the two fell into one bucket.
    collision_probability : float
        Chance that two sets of this similarity share at least one of the 128 bands.
    candidate_probability : float
        Chance that they also agree in `least_slots`.
    proposed : bool
        Whether this sketch made the two a candidate pair.
    why : str
        What let the pair pass, or stopped it.
    """

    kind: str
    left_shingles: int
    right_shingles: int
    shared_shingles: int
    jaccard: float
    estimate: float
    containment_left: float
    containment_right: float
    equal_slots: int
    least_slots: int
    slots: int
    bands: tuple[int, ...]
    collision_probability: float
    candidate_probability: float
    proposed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a pair of words, as it stands in a text.

    Parameters
    ----------
    text : str
    weight : float
        Inverse document frequency, natural logarithm.
    documents, of : int
        In how many of how many texts it occurs, background and corpus together; of words that share a bin
        (`dedup.confirm.tfidf`) the sum, so it may be a little high.
    kind : "word", "pair" or "number"
    """

    text: str
    weight: float
    documents: int
    of: int
    kind: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The rare terms that decided, rarest first.

    Parameters
    ----------
    shared : tuple of Term
        Pairs of words of running text, words of headlines.
    left, right : tuple of Term
        Rare words that only one text has.
    n_shared, n_hidden : int
        Shared pairs (of headlines: stems), and those that count for nothing: furniture, captions, frames.
    """

    shared: tuple[Term, ...]
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    n_shared: int
    n_hidden: int


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that had to be so for the two to be in one cluster.

    Parameters
    ----------
    name : str
    passed : bool
    said : str
        What was found, in one sentence.
    """

    name: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two texts are copies of one story, or why not.

    Parameters
    ----------
    left, right : Side
    verdict : str
        The answer in one sentence.
    together : bool
        Whether they are in one cluster; of texts without an index: whether they are a match.
    score : float
        Probability, four decimals, as a run stores it.
    sum, threshold_sum : int
        The score, and the least of a match, in millionths of a logit: integers, so exact.
    threshold : float
        Least score of a match.
    equal : bool
        Whether the two are equal after folding; then nothing else is asked but whether they say anything.
    relation : str, optional
        Of the right text to the left one; None where they are no match.
    scorecard : "article" or "brief"
        For running text, or for headlines and briefs of fewer than 20 words.
    intercept : int
        Where the waterfall starts, in millionths of a logit.
    contributions : tuple of Contribution
        ``intercept + sum of contributions == sum``.
    weighted_left, weighted_right : float
        IDF-weighted share of either text's word pairs (of headlines: words) found in the other.
    sketches : tuple of SketchMatch
        One for each kind that both texts have.
    terms : Terms
    gates : tuple of Gate
        In order; the first that did not pass is why not.
    alignment : Alignment
        Of the two `Side.text`.
    index : str, optional
        The index asked; None for texts alone.
    """

    left: Side
    right: Side
    verdict: str
    together: bool
    score: float
    sum: int
    threshold: float
    threshold_sum: int
    equal: bool
    relation: str | None
    scorecard: ScorecardName
    intercept: int
    contributions: tuple[Contribution, ...]
    weighted_left: float
    weighted_right: float
    sketches: tuple[SketchMatch, ...]
    terms: Terms
    gates: tuple[Gate, ...]
    alignment: Alignment
    index: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain dicts, lists and numbers."""
        found: dict[str, Any] = asdict(self)
        return found

    def to_json(self) -> bytes:
        """Return it as one JSON object, indented."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def to_html(self) -> bytes:
        """Return it as a page that needs nothing else."""
        from dedup.report.explanation.page import explanation_page

        return explanation_page(self)

    def __str__(self) -> str:
        from dedup.report.explanation.terminal import explanation_lines
        from dedup.report.layout import Canvas

        return "\n".join(explanation_lines(self, Canvas()))
