"""The rare terms of a pair, as words: hashes decided, and a reader wants to see which words they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.compare.explanation import Term, Terms
from dedup.confirm.documents import Documents
from dedup.confirm.tfidf import Idf
from dedup.confirm.units import unit_hashes
from dedup.sketch.background import IDF_UNIT, word_keys
from dedup.text.words import NUMBER, SPACELESS, tokenize

MOST: Final = 12
"""Terms listed of each kind."""


def rare_terms(
    documents: Documents, a: int, b: int, texts: tuple[str, str], idf: Idf, *, brief: bool
) -> tuple[Terms, float, float]:
    """Find the terms that decided, and the IDF-weighted containment both ways.

    Parameters
    ----------
    documents : Documents
    a, b : int
        Places of the two texts in them.
    texts : tuple of str
        The two texts.
    idf : Idf
        What the documents were made with.
    brief : bool
        Whether the two were compared as headlines.

    Returns
    -------
    terms : Terms
    left, right : float
        Share of either text's pairs (headlines: stems) found in the other, weighted by IDF.
    """
    spelled = [_Spelled.of(text) for text in texts]
    both = [_entries(documents, place, brief) for place in (a, b)]
    (keys_a, idf_a, open_a), (keys_b, idf_b, open_b) = both
    shared, at_a, at_b = np.intersect1d(keys_a, keys_b, assume_unique=True, return_indices=True)
    counts = open_a[at_a] & open_b[at_b]
    weights = np.minimum(idf_a[at_a], idf_b[at_b]).astype(np.int64)
    # Beyond a point rarer weighs no more; the rarest are shown first all the same.
    rarity = np.zeros(len(shared), np.int64) if brief else idf.bigram_documents(shared)
    order = np.lexsort((shared, rarity, -weights))
    order = order[counts[order]][:MOST]
    if brief:
        words = [spelled[0].stem_word(key) for key in shared[order].tolist()]
        found = tuple(_word(spelled[0], key, idf) for key in words)
    else:
        found = tuple(_pair(spelled[0], key, idf) for key in shared[order].tolist())
    # A headline is compared by stems, so a word whose stem is shared is no difference.
    stems = set(shared.tolist()) if brief else set()
    only = [
        _only(documents, mine, other, spelled[k], idf, stems)
        for k, (mine, other) in enumerate(((a, b), (b, a)))
    ]
    terms = Terms(found, only[0], only[1], len(shared), int((~counts).sum()))
    total = [max(int(values.sum(dtype=np.int64)), 1) for _, values, _ in both]
    return (
        terms,
        int(idf_a[at_a].sum(dtype=np.int64)) / total[0],
        int(idf_b[at_b].sum(dtype=np.int64)) / total[1],
    )


def _entries(
    documents: Documents, place: int, brief: bool
) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.bool_]]:
    """Keys, IDF, and which count: pairs outside furniture, or stems outside frames."""
    d = documents
    if brief:
        mine = slice(d.stem_offsets[place], d.stem_offsets[place + 1])
        return d.stems[mine], d.stem_idf[mine], d.stem_flags[mine] >> 2 > 0
    mine = slice(d.bigram_offsets[place], d.bigram_offsets[place + 1])
    return d.bigrams[mine], d.bigram_idf[mine], d.bigram_flags[mine] & 1 > 0


def _only(
    documents: Documents, mine: int, other: int, spelled: _Spelled, idf: Idf, stems: set[int]
) -> tuple[Term, ...]:
    """Rare words of one text that the other lacks, rarest first."""
    d = documents
    begin, end = d.word_offsets[mine], d.word_offsets[mine + 1]
    theirs = d.words[d.word_offsets[other] : d.word_offsets[other + 1]]
    places = d.rare[d.rare_offsets[mine] : d.rare_offsets[mine + 1]].astype(np.int64)
    keys = d.words[begin:end][places]
    lacking = [key for key in keys[~np.isin(keys, theirs)].tolist() if spelled.stem(key) not in stems]
    return tuple(_word(spelled, key, idf) for key in lacking[:MOST])


def _word(spelled: _Spelled, key: int, idf: Idf) -> Term:
    text, flags = spelled.unit(key)
    keys = np.array([key], np.uint32)
    weight = int(idf.words(keys)[0])
    kind = "number" if flags & NUMBER else "word"
    return Term(text, weight / IDF_UNIT, int(idf.word_documents(keys)[0]), idf.n_texts, kind)


def _pair(spelled: _Spelled, key: int, idf: Idf) -> Term:
    keys = np.array([key], np.uint32)
    weight = int(idf.bigrams(keys)[0])
    return Term(spelled.pair(key), weight / IDF_UNIT, int(idf.bigram_documents(keys)[0]), idf.n_texts, "pair")


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A text, in which hashes are looked up."""

    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    flags: NDArray[np.uint8]
    units: NDArray[np.uint32]
    pairs: NDArray[np.uint32]
    stems: NDArray[np.uint32]

    @classmethod
    def of(cls, text: str) -> _Spelled:
        data = text.encode("utf-8", "surrogatepass")
        words = tokenize(pa.array([data], pa.large_binary()), spans=True, stems=True)
        assert words.starts is not None
        assert words.ends is not None
        assert words.stems is not None
        units, pairs, _ = unit_hashes(words)
        stems = np.maximum(word_keys(words.stems), np.uint32(1))
        stems = np.where(words.flags & SPACELESS != 0, units, stems)
        return cls(data, words.starts, words.ends, words.flags, units, pairs, stems)

    def unit(self, key: int) -> tuple[str, int]:
        """Text and flags of the word, in scripts without spaces the two characters, of this hash."""
        at = int(np.flatnonzero(self.units == key)[0])
        return self._cut(at, at + self._step(at)), int(self.flags[at])

    def pair(self, key: int) -> str:
        """Text of the pair of this hash."""
        at = int(np.flatnonzero(self.pairs == key)[0])
        second = at + self._step(at)
        return self._cut(at, second + self._step(second))

    def stem(self, key: int) -> int:
        """Stem of the first word of this hash."""
        return int(self.stems[np.flatnonzero(self.units == key)[0]])

    def stem_word(self, key: int) -> int:
        """Hash of the first word of this stem."""
        return int(self.units[np.flatnonzero(self.stems == key)[0]])

    def _step(self, at: int) -> int:
        """Words that the unit at a place takes (`dedup.confirm.units`)."""
        both = at + 1 < len(self.flags) and self.flags[at] & self.flags[at + 1] & SPACELESS
        return 2 if both else 1

    def _cut(self, begin: int, end: int) -> str:
        octets = self.data[self.starts[begin] : self.ends[min(end, len(self.ends)) - 1]]
        return " ".join(octets.decode("utf-8", "replace").split())
