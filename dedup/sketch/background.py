"""The background table: which words and word pairs are common in news, and how rare the rest is.

A signature must be a pure function of text and format version, the same for
five headlines as for ten million articles, so the counts that thin out common
phrases cannot come from the corpus at hand. They come from a fixed background
corpus, counted once (`dedup.sketch.build_background`) and shipped as hashes
and counts, without a word of its text.

Inverse document frequencies are integers, in sixteenths of a natural-log unit:
``round(16 * ln((N + 1) / (df + 1)))`` for N articles. An unseen word or pair
has df 0. Sums of such integers are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.text.key_table import KeySet, KeyTable

FORMAT: Final = 1
"""Version of the table and of the hashes in it; part of every stored signature's version."""

IDF_UNIT: Final = 16
"""Integer steps of an IDF to one natural-log unit."""


@dataclass(frozen=True, slots=True)
class Background:
    """Document frequencies of a fixed corpus of news, as hashes.

    Parameters
    ----------
    version : str
        Format and corpus, for the catalog.
    n_articles : int
        Number of distinct articles counted.
    words : KeyTable
        IDF of the words of five articles or more (see `build_background`); key: `word_keys`.
    bigrams : KeyTable
        IDF of the word pairs of twenty articles or more; key: the shingle hash.
    common_words : KeyTable
        What the shingles of briefs leave out; the values are not used.
    common_bigrams : KeySet
        What the shingles of bodies leave out.
    names : KeyTable
        Words that stand capitalised in running text: people, places, organisations, weekdays.
    content_hash : str
        Hash of all of it; two backgrounds that differ give signatures that must not meet.
    """

    version: str
    n_articles: int
    words: KeyTable
    bigrams: KeyTable
    common_words: KeyTable
    common_bigrams: KeySet
    names: KeyTable
    content_hash: str

    @property
    def unseen_idf(self) -> int:
        """IDF of what no background article holds."""
        return int(quantised_idf(np.zeros(1, np.int64), self.n_articles)[0])


def quantised_idf(df: NDArray[np.int64], n_articles: int) -> NDArray[np.uint8]:
    """``round(IDF_UNIT * ln((n_articles + 1) / (df + 1)))``, at most 255.

    Parameters
    ----------
    df : int array
        Number of articles that hold each thing.
    n_articles : int
        Number of articles.
    """
    idf = np.rint(IDF_UNIT * np.log((n_articles + 1) / (df + 1)))
    clipped: NDArray[np.uint8] = np.clip(idf, 0, 255).astype(np.uint8)
    return clipped


def word_keys(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Key of a word in the tables: the upper half of its hash."""
    keys: NDArray[np.uint32] = (hashes >> np.uint64(32)).astype(np.uint32)
    return keys


def word_idf(background: Background, hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """IDF of words by their 64-bit hashes, in sixteenths; rare and unseen words count as unseen."""
    return background.words.get(word_keys(hashes), background.unseen_idf)


def bigram_idf(background: Background, shingles: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """IDF of word pairs by their shingle hashes, in sixteenths; rare and unseen pairs count as unseen."""
    return background.bigrams.get(shingles, background.unseen_idf)


def make_background(n_articles: int, arrays: dict[str, NDArray[np.uint32] | NDArray[np.uint8]]) -> Background:
    """Put a background together from plain arrays (`ARRAYS` lists them)."""
    digest = blake2b(f"{FORMAT} {n_articles}".encode(), digest_size=8)
    for name in ARRAYS:
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())

    def table(keys: str, values: str | None = None) -> KeyTable:
        found = None if values is None else arrays[values].astype(np.uint8)
        return KeyTable.of(arrays[keys].astype(np.uint32), found)

    return Background(
        version=f"{FORMAT}-{n_articles}",
        n_articles=n_articles,
        words=table("words_keys", "words_idf"),
        bigrams=table("bigrams_keys", "bigrams_idf"),
        common_words=table("common_words"),
        common_bigrams=KeySet.of(arrays["common_bigrams"].astype(np.uint32)),
        names=table("names"),
        content_hash=digest.hexdigest(),
    )


ARRAYS: Final = (
    "words_keys", "words_idf", "bigrams_keys", "bigrams_idf", "common_words", "common_bigrams", "names",
)  # fmt: skip
"""Names of the arrays of a background file, keys sorted."""


def empty_background() -> Background:
    """Return a background that knows nothing: no shingle is common."""
    nothing: dict[str, NDArray[np.uint32] | NDArray[np.uint8]] = {
        name: np.empty(0, np.uint32) for name in ARRAYS
    }
    return make_background(0, nothing)


@cache
def load_background() -> Background:
    """Return the shipped background (read once a process).

    Raises
    ------
    RuntimeError
        If the data file belongs to another format than this code.
    """
    with resources.files("dedup.sketch").joinpath("background.npz").open("rb") as file, np.load(file) as data:
        found = int(data["format"])
        if found != FORMAT:
            raise RuntimeError(
                f"background.npz has format {found}, this code reads {FORMAT}; "
                "run python -m dedup.sketch.build_background FEEDS_DIR"
            )
        return make_background(int(data["n_articles"]), {name: data[name] for name in ARRAYS})
