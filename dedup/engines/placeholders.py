"""Placeholders: a page without its article, printed under one headline after another.

"This article is no longer available" under a thousand headlines is no story
carried a thousand times. A brief that outlets carry is re-headlined too, but its
headlines name what it tells, and an outlet prints it once. So a short text that five or more
articles carry is a placeholder when the outlets print it twice or more on average and hardly any of
the headlines shares a rare word with it. It matches nothing. Learnt once an epoch, with the rubrics.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.documents import RARE_IDF
from dedup.confirm.units import owners
from dedup.engines.corpus import Corpus, Ints, Nodes, outlet_numbers
from dedup.engines.holding import Holding
from dedup.sketch.background import load_background, word_idf
from dedup.sketch.minhash import BODY_MIN_WORDS
from dedup.text.words import tokenize

MIN_ARTICLES: Final = 5
MIN_PER_OUTLET: Final = 2
"""Articles of each outlet that carries the text, on average; those without an outlet are of one.
Eight outlets that print one brief under eight puns are no placeholder."""

MAX_WORDS: Final = 100
MOST_ASKED: Final = 16
"""Articles of each text whose headlines are read, those of smallest key."""

MOST_TELLING: Final = 4
"""One headline in this many may share a word with the text by chance."""


def find_placeholders(holding: Holding, corpus: Corpus, nodes: Nodes) -> NDArray[np.uint64]:
    """Find the placeholders of a corpus.

    Returns
    -------
    uint64 array, shape (p,)
        Their text hashes, ascending.
    """
    units = corpus.units[nodes.first]
    asked = np.flatnonzero((nodes.copies >= MIN_ARTICLES) & (units >= BODY_MIN_WORDS) & (units <= MAX_WORDS))
    if not len(asked):
        return np.empty(0, np.uint64)
    group_of_node = np.full(len(nodes), -1, np.int64)
    group_of_node[asked] = np.arange(len(asked))
    articles = np.flatnonzero(nodes.of >= 0)
    group = group_of_node[nodes.of[articles]]
    # Articles are in key order, and stay so within their group.
    order = np.argsort(group, kind="stable")[np.count_nonzero(group < 0) :]
    articles, group = articles[order], group[order]
    outlets = outlet_numbers(holding, corpus)[articles]
    carried = np.unique(np.stack([group, outlets], axis=1), axis=0)[:, 0]
    n_outlets = np.bincount(carried, minlength=len(asked))
    n_articles = np.bincount(group, minlength=len(asked))
    few = np.arange(len(group)) - np.searchsorted(group, group) < MOST_ASKED
    articles, group = articles[few], group[few]
    first = nodes.first[asked]
    said, _ = _rare_words(_column(holding, corpus, first, "text"), np.arange(len(asked)))
    titles = _column(holding, corpus, articles, "title")
    named, title = _rare_words(titles, group)
    tells = np.zeros(len(titles), np.bool_)
    tells[title[np.isin(named, said)]] = True
    n_titled = np.bincount(group[titles.is_valid().to_numpy(zero_copy_only=False)], minlength=len(asked))
    n_telling = np.bincount(group[tells], minlength=len(asked))
    found = (n_titled >= MIN_ARTICLES) & (MOST_TELLING * n_telling < n_titled)
    found &= n_articles >= MIN_PER_OUTLET * n_outlets
    return np.asarray(nodes.hashes[asked[found]], np.uint64)


def _column(holding: Holding, corpus: Corpus, articles: Ints, name: str) -> pa.Array:
    rows = holding.rows_at(corpus.part[articles], corpus.row[articles], (name,))
    return rows[name].combine_chunks().cast(pa.large_string())


def _rare_words(texts: pa.Array, group: Ints) -> tuple[NDArray[np.uint64], Ints]:
    """Rare words of texts, each with the group of its text packed in, and the text of each."""
    words = tokenize(texts)
    owner = owners(words)
    rare = word_idf(load_background(), words.hashes) >= RARE_IDF
    packed = group[owner].astype(np.uint64) << np.uint64(40) | words.hashes >> np.uint64(24)
    return packed[rare], owner[rare]
