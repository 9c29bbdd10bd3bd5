"""The engine for one machine: drives the stages over a snapshot of an index folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from dedup.confirm.epoch import Learnt, learn
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model
from dedup.confirm.survey import COUNTED_TEXTS, SURVEYED_TEXTS, Survey, survey_texts
from dedup.engines.budget import words_within
from dedup.engines.corpus import Corpus, Nodes, distinct_texts, load_corpus, node_texts, outlet_numbers
from dedup.engines.matching import Known, Matches, match
from dedup.engines.placeholders import find_placeholders
from dedup.engines.prefetch import prefetched
from dedup.engines.rubrics import find_rubrics
from dedup.engines.spill import OnStage
from dedup.index.snapshot import Snapshot
from dedup.profile import timed
from dedup.text.words import tokenize

_LEARN_BATCH = 2048


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


def learn_epoch(
    snapshot: Snapshot,
    *,
    held: Survey | None = None,
    threads: int = 1,
    on_stage: OnStage = lambda *_: None,
) -> Learnt:
    """Learn an epoch from the distinct current texts of a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
    held : Survey, optional
        What is known of some of its texts; the others of the sample are read.
    threads : int, default 1
        Threads to use; the result does not depend on it, nor on `held`.
    on_stage : callable
    """
    corpus = load_corpus(snapshot)
    nodes = distinct_texts(corpus)
    sample = np.arange(min(len(nodes), SURVEYED_TEXTS))  # nodes are in order of their hash
    hashes = nodes.hashes[sample]
    place = np.zeros(len(sample), np.int64)
    known = np.zeros(len(sample), np.bool_)
    parts = []
    if held is not None and len(held):
        order = np.argsort(held.hashes)
        place = order[np.minimum(np.searchsorted(held.hashes[order], hashes), len(held) - 1)]
        known = held.hashes[place] == hashes
        counted = sample < COUNTED_TEXTS
        known &= ~counted | (np.diff(held.unit_offsets)[place] > 0)
        parts.append(held)
    missing = sample[~known]
    # In the order the texts lie on disk: what is learnt does not depend on it, the time to read them does.
    first = nodes.first[missing]
    missing = missing[np.lexsort((corpus.row[first], corpus.part[first]))]
    n_held = 0 if held is None else len(held)
    place[missing] = n_held + np.arange(len(missing))
    limit = int(hashes[min(COUNTED_TEXTS, len(hashes)) - 1]) if len(hashes) else 0
    read = partial(node_texts, snapshot, corpus, nodes)
    for low, texts in prefetched(read, missing, _LEARN_BATCH):
        on_stage("learn", low, len(missing))
        some = missing[low : low + _LEARN_BATCH]
        words = tokenize(texts, threads=threads)
        parts.append(survey_texts(words, nodes.hashes[some], count_limit=limit, threads=threads))
    survey = Survey.joined(parts)
    del parts, held
    if len(missing) or not np.array_equal(place, np.arange(len(survey))):
        survey = survey.take(place, COUNTED_TEXTS)  # else it is what a `Surveyor` gathered, as it is
    outlets = outlet_numbers(snapshot, corpus)[nodes.first[sample]] if len(sample) else sample
    mute = np.union1d(find_rubrics(snapshot, corpus, nodes), find_placeholders(snapshot, corpus, nodes))
    learnt = learn(survey, outlets, mute, len(nodes), threads=threads)
    on_stage("learn", 1, 1)
    return learnt


def find_matches(
    snapshot: Snapshot,
    learnt: Learnt,
    model: Model,
    *,
    known: Known | None = None,
    threads: int = 1,
    memory_mb: int | None = None,
    on_stage: OnStage = lambda *_: None,
) -> State:
    """Find and score the candidate pairs of a snapshot.

    Raises
    ------
    SettingsError
        If `memory_mb` is too little for an index of this size.
    """
    with timed("load"):
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
    most_words = words_within(memory_mb, len(corpus))
    sizes = corpus.units[nodes.first]
    judge = Judge(
        sizes,
        lambda wanted: node_texts(snapshot, corpus, nodes, wanted),
        learnt,
        model,
        threads=threads,
        most_words=most_words,
    )
    matches = match(
        snapshot, corpus, nodes, judge, learnt.rubrics, known=known, threads=threads, on_stage=on_stage
    )
    return State(corpus, nodes, judge, matches)
