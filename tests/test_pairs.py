"""Floors of match quality on pairs written for the project (tests/data/pairs), which no fit has seen."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from dedup.index.index import Index

PAIRS = Path(__file__).parent / "data" / "pairs"

# Measured when the floors were set (grouped of all): verbatim 14 of 14, cut 18 of 18, version 17 of 18,
# rewrite 14 of 22, headline 6 of 18, other-language 8 of 8; of the pairs that must stay apart: same-event
# 0 of 18, template 0 of 18, furniture 3 of 10, topic 0 of 8, near-miss headlines 0 of 34, round-up 0 of 4,
# language 0 of 4.
LEAST = {"verbatim": 14, "cut": 18, "version": 17, "rewrite": 14, "headline": 6, "other-language": 8}
MOST = {
    "same-event": 0,
    "template": 0,
    "furniture": 3,
    "topic": 0,
    "near-miss-headline": 0,
    "roundup": 0,
    "language": 0,
}


def load() -> dict[tuple[str, str], list[dict[str, Any]]]:
    by_kind = defaultdict(list)
    for path in sorted(PAIRS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            by_kind[pair["label"], pair["kind"]].append(pair)
    return dict(by_kind)


@pytest.fixture(scope="module")
def grouped() -> dict[tuple[str, str], tuple[int, int]]:
    """For each label and kind: pairs grouped, pairs. The pairs of a kind are one feed."""
    found = {}
    for kind, pairs in load().items():
        records = [
            {name: pair[side].get(name) for name in ("outlet", "title", "text", "published")}
            | {"id": f"{pair['id']} {side}"}
            for pair in pairs
            for side in "ab"
        ]
        with Index.temporary() as index:
            index.add(records)
            members = index.report().members
        cluster = dict(zip(members["article_id"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))
        together = sum(
            cluster.get(f"{pair['id']} a", "a") == cluster.get(f"{pair['id']} b", "b") for pair in pairs
        )
        found[kind] = (together, len(pairs))
    return found


def test_there_are_pairs_of_every_kind(grouped):
    assert sum(n for _, n in grouped.values()) >= 120
    assert {kind for label, kind in grouped if label == "W"} == set(LEAST)
    assert {kind for label, kind in grouped if label == "N"} == set(MOST)


@pytest.mark.parametrize("kind", LEAST)
def test_copies_are_found(grouped, kind):
    assert grouped["W", kind][0] >= LEAST[kind]


@pytest.mark.parametrize("kind", MOST)
def test_others_stay_apart(grouped, kind):
    assert grouped["N", kind][0] <= MOST[kind]


def test_f1_over_all_pairs(grouped):
    tp = sum(hit for (label, _), (hit, _) in grouped.items() if label == "W")
    fp = sum(hit for (label, _), (hit, _) in grouped.items() if label == "N")
    copies = sum(n for (label, _), (_, n) in grouped.items() if label == "W")
    assert 2 * tp / (tp + fp + copies) >= 0.83
