"""From two texts and what judges them to an explanation; the gates every pair must pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.cluster.relation import RELATIONS
from dedup.compare.align import align
from dedup.compare.explanation import Explanation, Gate, Side, Terms
from dedup.compare.proposal import Sketched, proposal
from dedup.compare.terms import rare_terms
from dedup.compare.waterfall import waterfall
from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, least_sum, probability
from dedup.confirm.tfidf import Idf
from dedup.engines.assemble import OWN_THRESHOLD
from dedup.sketch.background import load_background

_NAMED: Final = 3  # rare words of either text in a verdict


@dataclass(frozen=True, slots=True)
class Subject:
    """One of two articles, as far as the sides of an explanation need it.

    Parameters
    ----------
    node : int
        Its text among those of the judge.
    side : Side
        Words and own score are filled in here.
    title, body : str, optional
        As the article has them.
    """

    node: int
    side: Side
    title: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of the pair after it was scored.

    Parameters
    ----------
    together : bool
    gates : tuple of Gate
        Those of clustering.
    """

    together: bool
    gates: tuple[Gate, ...]


def explain_pair(
    subjects: tuple[Subject, Subject],
    judge: Judge,
    sketched: Sketched,
    learnt: Learnt,
    model: Model,
    threshold: float,
    after: Callable[[bool, int], Ruling] | None = None,
    index: str | None = None,
) -> Explanation:
    """Explain a pair.

    Parameters
    ----------
    subjects : two Subject
    judge : Judge
        Scores their nodes.
    sketched : Sketched
    learnt, model
        What the judge judges by.
    threshold : float
    after : callable, optional
        Given whether the pair was proposed (or is equal) and its sum: what clustering made of it. Without
        it a match is all there is to find out.
    index : str, optional
        Where the articles are.

    Returns
    -------
    Explanation
    """
    one, two = subjects
    a, b = one.node, two.node
    nodes = np.array([a, b])
    documents, places = judge.documents(nodes)
    x, y = places.tolist()
    steps = waterfall(documents, x, y, model)
    equal = a == b
    own = judge.own(nodes)
    total = int(own[0]) if equal else int(judge.score(nodes[:1], nodes[1:])[0])
    assert total == steps.sum, "the steps must add up to the score of the judge"
    least = least_sum(threshold)
    brief = steps.scorecard == "brief"
    texts = one.side.text, two.side.text
    idf = Idf.of(load_background(), learnt.counts)
    terms, weighted_left, weighted_right = rare_terms(documents, x, y, texts, idf, brief=brief)
    titles, bodies = (
        pa.array([getattr(subject, name) for subject in subjects], pa.large_string())
        for name in ("title", "body")
    )
    found = proposal(sketched, a, b, titles, bodies)
    gates = list(_first_gates(subjects, sketched, learnt, found.proposed, found.said, equal))
    gates += _score_gates(total, least, threshold, own.tolist(), equal, terms.n_shared, terms.n_hidden)
    proposed = found.proposed or equal
    if after is not None:
        ruling = after(proposed, total)
        gates += ruling.gates
        together = ruling.together
    else:
        together = all(gate.passed for gate in gates if gate.name != "candidate")
    score = 1.0 if equal else float(probability(np.array([total]))[0])
    match = equal or total >= least
    relation = RELATIONS[int(judge.relations(nodes[:1], nodes[1:])[0])] if match else None
    units = documents.n_units[places].tolist()
    own_scores = probability(own).tolist()
    sides = [
        Side(
            name=subject.side.name, text=subject.side.text, title=subject.side.title,
            outlet=subject.side.outlet, url=subject.side.url, published=subject.side.published,
            words=words, cluster_id=subject.side.cluster_id, own_score=value,
        )
        for subject, words, value in zip(subjects, units, own_scores, strict=True)
    ]  # fmt: skip
    return Explanation(
        left=sides[0],
        right=sides[1],
        verdict=_verdict(gates, together, equal, score, index, terms),
        together=together,
        score=score,
        sum=total,
        threshold=threshold,
        threshold_sum=least,
        equal=equal,
        relation=relation,
        scorecard=steps.scorecard,
        intercept=steps.intercept,
        contributions=steps.contributions,
        weighted_left=round(weighted_left, 6),
        weighted_right=round(weighted_right, 6),
        sketches=found.sketches,
        terms=terms,
        gates=tuple(gates),
        alignment=align(*texts),
        index=index,
    )


def _first_gates(
    subjects: Sequence[Subject], sketched: Sketched, learnt: Learnt, proposed: bool, said: str, equal: bool
) -> list[Gate]:
    """Gates before a pair is scored."""
    hashes = sketched.hashes[[subject.node for subject in subjects]]
    mute = np.isin(hashes, learnt.rubrics).tolist()
    names = [subject.side.name for subject, silent in zip(subjects, mute, strict=True) if silent]
    gates = [Gate("candidate", proposed, said)]
    if equal:
        copies = "word for word equal after folding: copies without any comparison"
        gates = [
            Gate("equal texts", not names, copies if not names else "equal, but of a text that says nothing")
        ]
        if not names:
            return gates
        names = names[:1]
    if len(learnt.rubrics):
        told = f"{' and '.join(names)}: a heading that one outlet prints again and again, or an empty page"
        gates.append(Gate("no rubric", not names, told if names else "neither is a rubric or an empty page"))
    return gates


def _score_gates(
    total: int, least: int, threshold: float, own: list[int], equal: bool, n_shared: int, n_hidden: int
) -> list[Gate]:
    """Gates of the score."""
    gates = []
    least_own = least_sum(OWN_THRESHOLD)
    lowest = float(probability(np.array([min(own)]))[0])
    said = f"an equal text would score {lowest:.2f}, {OWN_THRESHOLD} or more is asked"
    gates.append(Gate("says something", min(own) >= least_own, said))
    if equal:
        return gates
    if n_hidden:
        hidden = (
            f"{n_hidden} of {n_shared} shared terms lie in furniture, captions or frames and do not count"
        )
        gates.append(Gate("outside furniture", n_hidden < n_shared, hidden))
    score = float(probability(np.array([total]))[0])
    passed = total >= least
    compared = "reaches" if passed else "is below"
    gates.append(Gate("threshold", passed, f"score {score:.4f} {compared} the threshold {threshold:g}"))
    return gates


def _verdict(
    gates: list[Gate], together: bool, equal: bool, score: float, index: str | None, terms: Terms
) -> str:
    failed = [gate for gate in gates if not gate.passed]
    where = "in one cluster" if index is not None else "copies of one story"
    if together and equal:
        return f"{where.capitalize()}: the two texts are equal"
    if together and not failed:
        return f"{where.capitalize()}: score {score:.2f}"
    if together and index is None:
        return (
            f"Copies of one story by their words, score {score:.2f}, but sketches would not propose the pair"
        )
    if together:
        aside = "; ".join(f"{gate.name}: {gate.said}" for gate in failed)
        return f"{where.capitalize()}, score {score:.2f}, although not by this pair alone ({aside})"
    if not failed:
        return f"Not {where}, score {score:.2f}"
    said = f"Not {where}, score {score:.2f}; {failed[0].name}: {failed[0].said}"
    if failed[0].name != "threshold":
        return said
    own = [", ".join(term.text for term in some[:_NAMED]) for some in (terms.left, terms.right)]
    lacking = [f"only {letter} has {words}" for letter, words in zip("AB", own, strict=True) if words]
    return "; ".join([said, *lacking])
