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

FORMAT: Final = 1
"""Version of the table and of the hashes in it; part of every stored signature's version."""

IDF_UNIT: Final = 16
"""Integer steps of an IDF to one natural-log unit."""

BUCKET_SHIFT: Final = 14
"""A key's bucket is its upper 32 - 14 bits: about one key to a bucket, found without a search."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A set of 32-bit keys with a byte each, laid out for look-up in a compiled loop.

    Parameters
    ----------
    keys : uint32 array, shape (m,)
        Sorted, distinct.
    values : uint8 array, shape (m,)
        The byte of each key.
    starts : int32 array, shape (2**18 + 1,)
        Keys of bucket b (``key >> BUCKET_SHIFT``) are ``keys[starts[b]:starts[b + 1]]``.
    """

    keys: NDArray[np.uint32]
    values: NDArray[np.uint8]
    starts: NDArray[np.int32]

    @classmethod
    def of(cls, keys: NDArray[np.uint32], values: NDArray[np.uint8]) -> KeyTable:
        """Lay out sorted distinct `keys`; the arrays become read-only."""
        bounds = np.arange(1 << (32 - BUCKET_SHIFT), dtype=np.uint64) << np.uint64(BUCKET_SHIFT)
        starts = np.append(np.searchsorted(keys, bounds), len(keys)).astype(np.int32)
        for array in (keys, values, starts):
            array.flags.writeable = False
        return cls(keys, values, starts)

    def has(self, wanted: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Whether each wanted key is in the table; same shape as `wanted`."""
        out = np.zeros(wanted.shape, np.bool_)
        if len(self.keys):
            place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            out = self.keys[place] == wanted
        return out

    def get(self, wanted: NDArray[np.uint32], default: int) -> NDArray[np.uint8]:
        """Value of each wanted key, `default` for those not in the table; same shape as `wanted`."""
        if not len(self.keys):
            return np.full(wanted.shape, default, np.uint8)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = self.keys[place] == wanted
        values = np.full(wanted.shape, default, np.uint8)
        values[found] = self.values[place[found]]
        return values


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
    common_words, common_bigrams : KeyTable
        What shingles leave out; the values are not used.
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
    common_bigrams: KeyTable
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
    tables = {}
    for name in ("words", "bigrams"):
        tables[name] = KeyTable.of(
            arrays[f"{name}_keys"].astype(np.uint32), arrays[f"{name}_idf"].astype(np.uint8)
        )
    for name in ("common_words", "common_bigrams", "names"):
        keys = arrays[name].astype(np.uint32)
        tables[name] = KeyTable.of(keys, np.zeros(len(keys), np.uint8))
    return Background(f"{FORMAT}-{n_articles}", n_articles, **tables, content_hash=digest.hexdigest())


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
