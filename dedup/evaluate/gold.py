"""Labelled pairs: reading them, and measuring their features as a run on their corpus would."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.briefs import BRIEF_FEATURES, brief_features
from dedup.confirm.features import FEATURES, pair_features
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, Scorecard
from dedup.engines.corpus import distinct_texts, load_corpus
from dedup.engines.local import learn_epoch, node_texts
from dedup.errors import ModelError
from dedup.index.identity import display_id
from dedup.index.index import Index

LABELS: Final = {"W": 1, "N": 0}
"""Wholly derived from the same copy, or not. Pairs of any other label (P, partly) are left out of a fit."""

_COLUMNS: Final = ("id_a", "id_b", "label")


@dataclass(frozen=True, slots=True)
class GoldPair:
    """One labelled pair; `kind`, `weight` and `sure` (hi or lo) are optional columns of the file."""

    id_a: str
    id_b: str
    label: str
    kind: str = ""
    weight: float = 1.0
    sure: bool = True


def read_pairs(path: Path) -> list[GoldPair]:
    """Read a CSV of labelled pairs with the columns id_a, id_b, label and, optionally, kind and weight.

    Raises
    ------
    ModelError
        If the file cannot be read, lacks a column, or labels one pair twice in two ways.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ModelError(f"{path}: lacks the columns {missing}, it has {rows.fieldnames}")
            pairs = [
                GoldPair(
                    row["id_a"],
                    row["id_b"],
                    row["label"],
                    row.get("kind") or "",
                    float(row.get("weight") or 1),
                    (row.get("sure") or "hi") == "hi",
                )
                for row in rows
            ]
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}", "give a CSV with id_a,id_b,label") from None
    labels: dict[tuple[str, str], str] = {}
    for pair in pairs:
        a, b = sorted((pair.id_a, pair.id_b))
        if labels.setdefault((a, b), pair.label) != pair.label:
            raise ModelError(f"{path}: the pair {a}, {b} is labelled both {labels[a, b]} and {pair.label}")
    return pairs


def measure(articles: Path, pairs: Sequence[GoldPair]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Features of labelled pairs, under the epoch of their whole corpus.

    Parameters
    ----------
    articles : Path
        The feed the pairs speak of.
    pairs : sequence of GoldPair, length p

    Returns
    -------
    int32 array, shape (p, len(FEATURES)), and int32 array, shape (p, len(BRIEF_FEATURES))
        As running text and as briefs.

    Raises
    ------
    ModelError
        If an id does not occur in the feed.
    """
    with Index.temporary() as index:
        index.add(articles)
        with index._store.snapshot() as snapshot:
            corpus = load_corpus(snapshot)
            nodes = distinct_texts(corpus)
            names = {display_id(name, key): key for table in snapshot.articles(["id", "key"]) for name, key in
                     zip(table["id"].to_pylist(), table["key"].to_pylist(), strict=True)}  # fmt: skip
            unknown = sorted({i for p in pairs for i in (p.id_a, p.id_b)} - set(names))
            if unknown:
                raise ModelError(
                    f"{articles}: {len(unknown)} ids of the pairs do not occur in it, such as {unknown[:3]}",
                    "give the feed that was labelled",
                )
            judge = Judge(
                len(nodes),
                lambda wanted: node_texts(snapshot, corpus, nodes, wanted),
                learn_epoch(snapshot),
                _NOTHING,
            )
            keys = np.array([[names[pair.id_a], names[pair.id_b]] for pair in pairs], np.int64).reshape(-1, 2)
            node = nodes.of[np.searchsorted(corpus.keys, keys)]
            documents, places = judge.documents(node.ravel())
            left, right = places.reshape(-1, 2).T
            return pair_features(documents, left, right), brief_features(documents, left, right)


_NOTHING: Final = Model(
    Scorecard(FEATURES, np.zeros(len(FEATURES), np.int64), 0),
    Scorecard(BRIEF_FEATURES, np.zeros(len(BRIEF_FEATURES), np.int64), 0),
)
