"""Near-duplicates of new articles in an index that they are not part of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.cluster.relation import RELATIONS
from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge, confirm_text
from dedup.confirm.model import Model, probability
from dedup.engines.corpus import Ints, Nodes, node_texts
from dedup.engines.local import State
from dedup.engines.matching import MIN_EQUAL_OF, node_signatures
from dedup.index.snapshot import Snapshot
from dedup.sketch.bands import ROWS
from dedup.sketch.minhash import BODY_MIN_WORDS, comparable_rows, sketch_articles, stored_slots

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Near:
    """What was found near some new articles.

    Parameters
    ----------
    asked : int64 array, shape (m,)
        Row of the new article.
    found : int64 array, shape (m,)
        Article of the corpus.
    score : float64 array, shape (m,)
    relation : list of str
        Of the new article to the one found.
    """

    asked: Ints
    found: Ints
    score: NDArray[np.float64]
    relation: list[str]


def find_near(
    snapshot: Snapshot,
    state: State,
    articles: pa.Table,
    learnt: Learnt,
    model: Model,
    least: int,
    threads: int,
) -> Near:
    """Find the articles of an index that are copies of new ones.

    Parameters
    ----------
    snapshot, state
        The index.
    articles : pa.Table
        New articles, `ARTICLE_SCHEMA`, n rows.
    learnt, model
        Epoch and model to judge by.
    least : int
        Threshold as a sum.
    threads : int

    Returns
    -------
    Near
    """
    nodes, corpus = state.nodes, state.corpus
    titles, texts = articles["title"].combine_chunks(), articles["text"].combine_chunks()
    sketch = sketch_articles(titles, texts, threads=threads)
    asked, near = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for kind, min_equal in MIN_EQUAL_OF.items():
        of, signatures, _ = node_signatures(snapshot, corpus, nodes, kind)
        for at in comparable_rows(sketch, kind).tolist():
            hit = np.zeros(len(of), np.bool_)
            _collide(signatures, stored_slots(sketch.signatures[at]), ROWS, min_equal, hit)
            near.append(of[hit])
            asked.append(np.full(int(hit.sum()), sketch.owner[at], np.int64))
    # An equal text is found by its hash, whatever its buckets.
    place = np.searchsorted(nodes.hashes, sketch.text_hash)
    equal = (place < len(nodes)) & (sketch.text_hash != 0)
    equal[equal] = nodes.hashes[place[equal]] == sketch.text_hash[equal]
    asked.append(np.flatnonzero(equal))
    near.append(place[equal].astype(np.int64))
    pairs = np.unique(np.stack([np.concatenate(asked), np.concatenate(near)], axis=1), axis=0)
    n = len(nodes)

    def read(wanted: Ints) -> pa.Array:
        old = node_texts(snapshot, corpus, nodes, wanted[wanted < n])
        new = wanted[wanted >= n] - n
        rows = pa.array(new)
        fresh = confirm_text(titles.take(rows), texts.take(rows), sketch.n_words[new].astype(np.int64))
        return pa.concat_arrays([old, fresh])

    sizes = np.concatenate([corpus.units[nodes.first], sketch.n_words.astype(np.int64)])
    judge = Judge(sizes, read, learnt, model, threads=threads)
    left, right = pairs[:, 1], pairs[:, 0] + n
    sums = judge.score(left, right)
    good = sums >= least
    left, right, sums, row = left[good], right[good], sums[good], pairs[good, 0]
    found = _of_nodes(nodes, judge, row, left, right, sums)
    titled = _by_title(snapshot, state, articles, sketch.n_words, learnt, model, least, threads)
    return _united(found, titled)


def _of_nodes(nodes: Nodes, judge: Judge, row: Ints, left: Ints, right: Ints, sums: Ints) -> Near:
    """Every article that carries a found text."""
    if not len(left):
        return Near(row, left, probability(sums), [])
    relation = judge.relations(left, right)
    order = np.argsort(nodes.of, kind="stable")
    starts = np.searchsorted(nodes.of[order], np.arange(len(nodes) + 1))
    counts = np.diff(starts)[left]
    each = np.repeat(np.arange(len(left)), counts)
    within = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = order[starts[left[each]] + within]
    names = [RELATIONS[code] for code in relation[each].tolist()]
    return Near(row[each], found, probability(sums[each]), names)


def _by_title(
    snapshot: Snapshot,
    state: State,
    articles: pa.Table,
    n_words: NDArray[np.int32],
    learnt: Learnt,
    model: Model,
    least: int,
    threads: int,
) -> Near:
    """Articles with a text whose title is like a headline asked about, which has no text to compare.

    There is no sketch of a title, so all are compared: a few microseconds each.
    """
    corpus = state.corpus
    headlines = np.flatnonzero((n_words > 0) & (n_words < BODY_MIN_WORDS))
    full = np.flatnonzero(corpus.units >= BODY_MIN_WORDS)
    if not len(headlines) or not len(full):
        return Near(full[:0], full[:0], np.empty(0), [])
    titles = snapshot.rows_at(corpus.part[full], corpus.row[full], ("title",))["title"].cast(
        pa.large_string()
    )
    asked = articles.take(pa.array(headlines))
    own = confirm_text(
        asked["title"].combine_chunks(), asked["text"].combine_chunks(), n_words[headlines].astype(np.int64)
    )
    texts = pa.concat_arrays([titles.combine_chunks(), own])
    sizes = np.full(len(texts), BODY_MIN_WORDS)  # of a headline, or a little more
    judge = Judge(sizes, lambda wanted: texts.take(pa.array(wanted)), learnt, model, threads=threads)
    rows, found, scores, names = [], [], [], []
    for number, row in enumerate(headlines.tolist()):
        left = np.arange(len(full))
        right = np.full(len(full), len(full) + number)
        sums = judge.score(left, right)
        good = np.flatnonzero(sums >= least)
        codes = judge.relations(good, right[good])
        rows.append(np.full(len(good), row))
        found.append(full[good])
        scores.append(probability(sums[good]))
        names += [RELATIONS[code] for code in codes.tolist()]
    return Near(np.concatenate(rows), np.concatenate(found), np.concatenate(scores), names)


def _united(one: Near, two: Near) -> Near:
    """Both, without what stands in both."""
    known = set(zip(one.asked.tolist(), one.found.tolist(), strict=True))
    pairs = zip(two.asked.tolist(), two.found.tolist(), strict=True)
    fresh = np.array([pair not in known for pair in pairs], np.bool_)
    return Near(
        np.concatenate([one.asked, two.asked[fresh]]).astype(np.int64),
        np.concatenate([one.found, two.found[fresh]]).astype(np.int64),
        np.concatenate([one.score, two.score[fresh]]),
        one.relation + [name for name, new in zip(two.relation, fresh.tolist(), strict=True) if new],
    )


@_compiled
def _collide(signatures, signature, rows, min_equal, hit):  # type: ignore[no-untyped-def]
    for i in range(len(signatures)):
        equal = 0
        shared = False
        for band in range(0, len(signature), rows):
            in_band = 0
            for k in range(band, band + rows):
                in_band += signatures[i, k] == signature[k]
            equal += in_band
            shared |= in_band == rows
        hit[i] = shared and equal >= min_equal
