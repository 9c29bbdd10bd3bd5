"""Labels brought together with the index they speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dedup.confirm.model import Model, load_model
from dedup.errors import GoldError
from dedup.evaluate.evaluation import (
    Evaluation,
    ScoreEvaluation,
    evaluate_clusters,
    evaluate_pairs,
    evaluate_scores,
)
from dedup.evaluate.gold import LABELS, Gold, GoldClusters, GoldPair
from dedup.evaluate.measure import candidates_of, measure_in, unknown_ids
from dedup.index.index import Index
from dedup.index.session import OnStage, threshold_of
from dedup.settings import Settings

_EXAMPLES = 3


def ids_of(gold: Gold) -> list[str]:
    """Return every id the labels name, sorted."""
    if isinstance(gold, GoldClusters):
        return sorted(gold.cluster)
    return sorted({name for pair in gold for name in (pair.id_a, pair.id_b)})


def held_by(index: Index, gold: Gold, path: Path, on_note: Callable[[str], None]) -> tuple[Gold, int]:
    """Leave out the labels of articles that an index does not hold.

    They are left out, and not taken for articles without copies: a copy that a feed never had, or that was
    rejected when it was read, says nothing about how well copies are found, and whoever scores a part of a
    feed wants figures of that part. It is told, for it may be a mistake.

    Parameters
    ----------
    index : Index
    gold : list of GoldPair or GoldClusters
    path : Path
        Of the labels, for the message.
    on_note : callable
        Gets a line about what was left out.

    Returns
    -------
    gold
        What is left.
    int
        Ids that are unknown.

    Raises
    ------
    GoldError
        If half of the ids or more are unknown, for these are labels of another feed; if an id names several
        articles.
    """
    ids = ids_of(gold)
    unknown = unknown_ids(index, ids)
    if not unknown:
        return gold, 0
    said = (
        f"{path}: {len(unknown):,} of {len(ids):,} labelled articles are not in the source, "
        f"such as {', '.join(unknown[:_EXAMPLES])}"
    )
    if 2 * len(unknown) >= len(ids):
        raise GoldError(
            f"{said}: these are labels of another feed",
            "give the feed that was labelled, with the ids that dedup clusters prints",
        )
    on_note(f"{said}; what is labelled of them is left out")
    gone = set(unknown)
    if isinstance(gold, GoldClusters):
        kept = {name: one for name, one in gold.cluster.items() if name not in gone}
        return GoldClusters(kept), len(unknown)
    return [pair for pair in gold if not {pair.id_a, pair.id_b} & gone], len(unknown)


def labelled_pairs(index: Index, gold: Gold) -> list[GoldPair]:
    """Return the pairs of the labels; of clusters the candidate pairs of the index, labelled by them."""
    return candidates_of(index, gold) if isinstance(gold, GoldClusters) else gold


def evaluate_index(
    index: Index,
    gold: Gold,
    path: Path,
    *,
    settings: Settings,
    model: Model | None,
    quantile: float,
    on_stage: OnStage,
    on_note: Callable[[str], None],
) -> Evaluation:
    """Cluster an index and hold clusters and scores against labels.

    Parameters
    ----------
    index : Index
    gold, path
        Labels, and where they stand.
    settings : Settings
        Threshold and threads take part.
    model : Model, optional
    quantile : float
        Weights are capped at this quantile of them.
    on_stage, on_note : callable
        As of `Index.report`; gets a line about labels that were left out.

    Raises
    ------
    GoldError
        As `held_by`, and if what is left lacks copies or strangers.
    """
    known, unknown = held_by(index, gold, path, on_note)
    used = model or load_model()
    members = index.report(settings, model=used, on_stage=on_stage).members
    cluster = dict(zip(members["article_id"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))
    evaluation = evaluate_gold(known, cluster, quantile, unknown)
    threshold = threshold_of(settings, used)
    pairs = [pair for pair in labelled_pairs(index, known) if pair.label in LABELS]
    scores = _scores(index, pairs, used, threshold)
    return replace(evaluation, threshold=threshold, model=used.content_hash, scores=scores)


def evaluate_gold(gold: Gold, cluster: Mapping[str, str], quantile: float, unknown: int = 0) -> Evaluation:
    """Hold clusters against labels of either kind; parameters as of `evaluate_pairs`, `Evaluation`."""
    if isinstance(gold, GoldClusters):
        return Evaluation(None, None, unknown, clusters=evaluate_clusters(gold, cluster))
    return Evaluation(None, None, unknown, pairs=evaluate_pairs(gold, cluster, quantile))


def _scores(
    index: Index, pairs: Sequence[GoldPair], model: Model, threshold: float
) -> ScoreEvaluation | None:
    """Scores of pairs against their labels; None where all are copies, or none."""
    copy = np.array([pair.label == "W" for pair in pairs], np.bool_)
    if copy.all() or not copy.any():
        return None
    return evaluate_scores(copy, measure_in(index, pairs).scores(model), threshold)
