"""The engine for one machine: drives the stages over a snapshot of an index folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.epoch import Learnt, learn
from dedup.confirm.judge import Judge, confirm_text
from dedup.confirm.model import Model
from dedup.engines.corpus import Corpus, Ints, Nodes, distinct_texts, load_corpus, outlet_numbers
from dedup.engines.matching import Known, Matches, OnStage, match
from dedup.engines.placeholders import find_placeholders
from dedup.engines.rubrics import find_rubrics
from dedup.index.snapshot import Snapshot
from dedup.text.words import Words, tokenize

_LEARN_BATCH = 16_384


@dataclass(frozen=True, slots=True)
class State:
    """All that a snapshot, an epoch and a model decide; thresholds and choices come after.

    Parameters
    ----------
    corpus : Corpus
    nodes : Nodes
    judge : Judge
    matches : Matches
    """

    corpus: Corpus
    nodes: Nodes
    judge: Judge
    matches: Matches


def node_texts(snapshot: Snapshot, corpus: Corpus, nodes: Nodes, wanted: Ints) -> pa.Array:
    """Texts that stand for nodes; large_string, shape (len(wanted),)."""
    first = nodes.first[wanted]
    rows = snapshot.rows_at(corpus.part[first], corpus.row[first], ("title", "text"))
    return confirm_text(rows["title"].combine_chunks(), rows["text"].combine_chunks(), corpus.units[first])


def learn_epoch(snapshot: Snapshot, *, threads: int = 1, on_stage: OnStage = lambda *_: None) -> Learnt:
    """Learn an epoch from the distinct current texts of a snapshot."""
    corpus = load_corpus(snapshot)
    nodes = distinct_texts(corpus)
    # In the order the texts lie on disk: what is learnt does not depend on it, the time to read them does.
    order = np.lexsort((corpus.row[nodes.first], corpus.part[nodes.first]))

    outlets = outlet_numbers(snapshot, corpus)[nodes.first]

    def batches() -> Iterator[tuple[Words, NDArray[np.uint64], Ints]]:
        for low in range(0, len(order), _LEARN_BATCH):
            on_stage("learn", low, len(order))
            some = order[low : low + _LEARN_BATCH]
            words = tokenize(node_texts(snapshot, corpus, nodes, some), threads=threads)
            yield words, nodes.hashes[some], outlets[some]

    mute = np.union1d(find_rubrics(snapshot, corpus, nodes), find_placeholders(snapshot, corpus, nodes))
    learnt = learn(batches(), mute, threads=threads)
    on_stage("learn", len(order), len(order))
    return learnt


def find_matches(
    snapshot: Snapshot,
    learnt: Learnt,
    model: Model,
    *,
    known: Known | None = None,
    threads: int = 1,
    on_stage: OnStage = lambda *_: None,
) -> State:
    """Find and score the candidate pairs of a snapshot."""
    corpus = load_corpus(snapshot)
    nodes = distinct_texts(corpus)
    judge = Judge(
        len(nodes), lambda wanted: node_texts(snapshot, corpus, nodes, wanted), learnt, model, threads=threads
    )
    matches = match(
        snapshot, corpus, nodes, judge, learnt.rubrics, known=known, threads=threads, on_stage=on_stage
    )
    return State(corpus, nodes, judge, matches)
