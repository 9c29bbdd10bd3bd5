"""Labelled pairs as a run on their corpus sees them: features, and what needs no features."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.briefs import BRIEF_FEATURES, brief_features, own_brief_features
from dedup.confirm.epoch import Learnt
from dedup.confirm.features import FEATURES, own_features, pair_features
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, load_model, probability
from dedup.engines.assemble import OWN_THRESHOLD
from dedup.engines.corpus import Corpus, distinct_texts, load_corpus, node_texts, outlet_numbers
from dedup.engines.local import learn_epoch
from dedup.engines.matching import propose
from dedup.engines.outlets import Carriers
from dedup.errors import GoldError
from dedup.evaluate.gold import GoldClusters, GoldPair
from dedup.index.identity import display_id
from dedup.index.index import Index
from dedup.index.session import cores
from dedup.index.snapshot import Snapshot
from dedup.sketch.minhash import BODY_MIN_WORDS

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What p pairs are to the confirm stage.

    Parameters
    ----------
    article : int32 array, shape (p, len(FEATURES))
        As running text.
    brief : int32 array, shape (p, len(BRIEF_FEATURES))
        As headlines or briefs.
    own_article, own_brief : int32 array, same shapes
        The same of a text beside itself, without furniture, where the two texts are equal; else 0.
    is_brief : bool array, shape (p,)
        Whether the brief scorecard is the one that judges the pair.
    equal : bool array, shape (p,)
        Whether the two texts have the same words. Then a run asks only whether the text says anything at all.
    mute : bool array, shape (p,)
        Whether one of the two is never matched, having no words or being a rubric.
    handicap : int64 array, shape (p,)
        Taken off the sum when clusters are made (`dedup.engines.outlets`), in millionths of a logit.
    """

    article: NDArray[np.int32]
    brief: NDArray[np.int32]
    own_article: NDArray[np.int32]
    own_brief: NDArray[np.int32]
    is_brief: NDArray[np.bool_]
    equal: NDArray[np.bool_]
    mute: NDArray[np.bool_]
    handicap: NDArray[np.int64]

    def scores(self, model: Model) -> NDArray[np.float64]:
        """Probability by which a run decides each pair; shape (p,)."""
        brief, article = model.brief.sums(self.judged("brief")), model.article.sums(self.judged("article"))
        return self.shown(np.where(self.is_brief, brief, article))

    def judged(self, card: str) -> NDArray[np.int32]:
        """Features a scorecard ("article", "brief") judges the pairs by: of equal texts their own."""
        own, pair = (self.own_brief, self.brief) if card == "brief" else (self.own_article, self.article)
        return np.where(self.equal[:, None], own, pair)

    def shown(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probability of the sums of `judged`: 1 for equal texts that say anything, 0 for mute pairs."""
        found = probability(sums - self.handicap)
        return np.where(self.mute, 0.0, np.where(self.equal & (found >= OWN_THRESHOLD), 1.0, found))


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
    GoldError
        If an id does not occur in the feed.
    """
    with Index.temporary() as index:
        index.add(articles)
        unknown = unknown_ids(index, [name for pair in pairs for name in (pair.id_a, pair.id_b)])
        if unknown:
            raise GoldError(
                f"{articles}: {len(unknown)} ids of the pairs do not occur in it, such as "
                f"{', '.join(unknown[:_EXAMPLES])}",
                "give the feed that was labelled",
            )
        measured = measure_in(index, pairs)
    return measured.article, measured.brief


def measure_in(index: Index, pairs: Sequence[GoldPair]) -> Measured:
    """Measure pairs of articles of an index under its epoch; one is learnt, not kept, if it has none yet.

    Raises
    ------
    GoldError
        If an id names no article, or several.
    """
    with index._store.snapshot() as snapshot:
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
        learnt = _epoch(index, snapshot)
        place = _places(snapshot, corpus, {name for pair in pairs for name in (pair.id_a, pair.id_b)})
        places = np.array([[place[pair.id_a], place[pair.id_b]] for pair in pairs], np.int64)
        node = nodes.of[places.reshape(-1, 2)]
        rubric = np.isin(nodes.hashes, learnt.rubrics)
        worded: NDArray[np.bool_] = np.asarray((node >= 0).all(axis=1), np.bool_)
        mute = ~worded
        mute[worded] |= rubric[node[worded]].any(axis=1)
        equal = worded & (node[:, 0] == node[:, 1])
        article, own_article = np.zeros((2, len(pairs), len(FEATURES)), np.int32)
        brief, own_brief = np.zeros((2, len(pairs), len(BRIEF_FEATURES)), np.int32)
        is_brief = np.zeros(len(pairs), np.bool_)
        if worded.any():
            judge = Judge(
                corpus.units[nodes.first],
                lambda wanted: node_texts(snapshot, corpus, nodes, wanted),
                learnt,
                load_model(),
                threads=cores(),
            )
            documents, at = judge.documents(node[worded].ravel())
            left, right = at.reshape(-1, 2).T
            article[worded] = pair_features(documents, left, right)
            brief[worded] = brief_features(documents, left, right)
            alone = left[equal[worded]]
            own_article[equal] = own_features(documents, alone)
            own_brief[equal] = own_brief_features(documents, alone)
            # The judge's own rule.
            is_brief[worded] = np.minimum(documents.n_units[left], documents.n_units[right]) < BODY_MIN_WORDS
        handicap = np.zeros(len(pairs), np.int64)
        carriers = Carriers.of(corpus, nodes, outlet_numbers(snapshot, corpus))
        unlike = worded & ~equal
        handicap[unlike] = carriers.handicap(*node[unlike].T)
        return Measured(article, brief, own_article, own_brief, is_brief, equal, mute, handicap)


def candidates_of(index: Index, gold: GoldClusters) -> list[GoldPair]:
    """Label the candidate pairs of an index by clusters: what the confirm stage is asked to decide.

    All pairs of a thousand articles are half a million, nearly all of them unlike; the model sees only those
    the sketches propose. Of articles with equal texts the first labelled one stands for all.

    Returns
    -------
    list of GoldPair
        W where both articles are of one cluster, N otherwise; of labelled articles only.
    """
    with index._store.snapshot() as snapshot:
        corpus = load_corpus(snapshot)
        nodes = distinct_texts(corpus)
        name: dict[int, str] = {}
        for article, place in sorted(_places(snapshot, corpus, gold.cluster).items()):
            name.setdefault(int(nodes.of[place]), article)
        left, right, *_ = propose(snapshot, corpus, nodes, cores())
    labelled = np.isin(left, list(name)) & np.isin(right, list(name))
    pairs = []
    for a, b in zip(left[labelled].tolist(), right[labelled].tolist(), strict=True):
        cluster = gold.cluster[name[a]]
        same = cluster != "" and cluster == gold.cluster[name[b]]
        pairs.append(GoldPair(name[a], name[b], "W" if same else "N"))
    return pairs


def unknown_ids(index: Index, wanted: Collection[str]) -> list[str]:
    """Return the ids that no article of an index has, sorted.

    Raises
    ------
    GoldError
        If an id names several articles.
    """
    with index._store.snapshot() as snapshot:
        return sorted(set(wanted) - set(_places(snapshot, load_corpus(snapshot), wanted)))


def _epoch(index: Index, snapshot: Snapshot) -> Learnt:
    return index._session.current_epoch() or learn_epoch(snapshot, threads=cores())


def _places(snapshot: Snapshot, corpus: Corpus, wanted: Collection[str]) -> dict[str, int]:
    """Place in the corpus of each id that is wanted and known, ids as reports print them."""
    wanted = set(wanted)
    keys: dict[str, int] = {}
    twice: set[str] = set()
    for table, kept, part_keys in zip(
        snapshot.articles(["id"]), snapshot.current(), snapshot.keys(), strict=True
    ):
        ids = table["id"].to_pylist()
        for row in np.flatnonzero(kept).tolist():
            name = display_id(ids[row], int(part_keys[row]))
            if name in wanted and keys.setdefault(name, int(part_keys[row])) != part_keys[row]:
                twice.add(name)
    if twice:
        raise GoldError(
            f"{len(twice)} labelled ids name several articles: {', '.join(sorted(twice)[:_EXAMPLES])}",
            "outlets that number their articles alike need ids of their own to be labelled",
        )
    places = np.searchsorted(corpus.keys, np.array(list(keys.values()), np.int64))
    return dict(zip(keys, places.tolist(), strict=True))
