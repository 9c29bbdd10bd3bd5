"""The survey of texts: what an epoch is learnt from, gathered text by text.

Learning needs no more than a sample. Document frequencies are read off
`COUNTED_TEXTS` texts: a word pair in one of 150 of them, beyond which rarer
says no more, is then known to a tenth of a natural-log unit. Furniture needs
more, for a menu that one outlet in thousands prints must still be met three
times: `SURVEYED_TEXTS`. The sample is the texts of smallest hash, a pure
function of the set of texts, and bounds time and memory however large the feed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.units import chunks, offsets_of, unit_hashes
from dedup.sketch.background import load_background
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import ANCHOR_MODULUS, OPENING, Anchors
from dedup.text.key_table import KeyTable, find_key
from dedup.text.radix import sort_distinct
from dedup.text.words import NUMBER, SPACELESS, Words

COUNTED_TEXTS: Final = 1 << 13
SURVEYED_TEXTS: Final = 1 << 17
COUNTED_WORDS: Final = 4096
"""Words of a text that are counted, the first: a bound on memory, for few articles are longer."""

NAME_MODULUS: Final = 2

NAME_IDF: Final = 64
"""Four natural-log units: names in fewer than 2 % of the articles."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is found in n texts; every list is CSR.

    Parameters
    ----------
    hashes : uint64 array, shape (n,)
        Text hashes.
    anchors : Anchors
        Of all texts.
    bigrams : uint32 array, shape (m,), bigram_offsets : int64 array, shape (n + 1,)
        Distinct word pairs of the headlines among them; of longer texts none.
    units, unit_bigrams : uint32 array, shape (w,), unit_offsets : int64 array, shape (n + 1,)
        Units and bigrams as they stand in the text, 0 for none; of texts that are not counted nothing.
    """

    hashes: Hashes
    anchors: Anchors
    bigrams: Keys
    bigram_offsets: Ints
    units: Keys
    unit_bigrams: Keys
    unit_offsets: Ints

    def __len__(self) -> int:
        return len(self.hashes)

    @classmethod
    def joined(cls, parts: Sequence[Survey]) -> Self:
        """Put surveys one after the other."""
        return cls(
            np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
            Anchors.joined([part.anchors for part in parts]),
            _chain([part.bigrams for part in parts]),
            _offsets([part.bigram_offsets for part in parts]),
            _chain([part.units for part in parts]),
            _chain([part.unit_bigrams for part in parts]),
            _offsets([part.unit_offsets for part in parts]),
        )

    def take(self, rows: Ints, n_counted: int) -> Survey:
        """Return chosen texts in the order given, the first `n_counted` of them counted."""
        counted = rows[:n_counted]
        units, unit_offsets = take_lists(self.units, self.unit_offsets, counted)
        unit_bigrams, _ = take_lists(self.unit_bigrams, self.unit_offsets, counted)
        bare = np.full(len(rows) - len(counted), unit_offsets[-1])
        bigrams, bigram_offsets = take_lists(self.bigrams, self.bigram_offsets, rows)
        a = self.anchors
        anchors = Anchors(
            *take_lists(a.keys, a.offsets, rows),
            *take_lists(a.openings, a.opening_offsets, rows),
            *take_lists(a.names, a.name_offsets, rows),
        )
        offsets = np.concatenate([unit_offsets, bare])
        return Survey(self.hashes[rows], anchors, bigrams, bigram_offsets, units, unit_bigrams, offsets)


class Surveyor:
    """Gathers surveys as texts come in, and keeps the sample.

    Attributes
    ----------
    limit, count_limit : int
        Texts of greater hash are in no sample any more; neither need be surveyed, or counted.
    """

    def __init__(self) -> None:
        self.limit = self.count_limit = (1 << 64) - 1
        self._parts: list[Survey] = []
        self._n = 0

    def add(self, survey: Survey) -> None:
        """Take in the survey of some texts, of which some may be known."""
        self._parts.append(survey)
        self._n += len(survey)
        most = SURVEYED_TEXTS if self.limit < (1 << 64) - 1 else COUNTED_TEXTS
        if self._n > most + most // 4:
            self.result()

    def result(self) -> Survey:
        """Return the sample so far, by ascending hash, each text once."""
        if len(self._parts) == 1 and self._n <= COUNTED_TEXTS:
            return self._sorted(self._parts[0])
        self._parts = [self._sorted(Survey.joined(self._parts))]
        kept = self._parts[0]
        self._n = len(kept)
        if self._n > COUNTED_TEXTS:
            self.count_limit = int(kept.hashes[COUNTED_TEXTS - 1])
        if self._n == SURVEYED_TEXTS:
            self.limit = int(kept.hashes[-1])
        return kept

    def _sorted(self, survey: Survey) -> Survey:
        _, first = np.unique(survey.hashes, return_index=True)
        return survey.take(first[:SURVEYED_TEXTS].astype(np.int64), COUNTED_TEXTS)


def survey_texts(
    words: Words, hashes: Hashes, *, count_limit: int = (1 << 64) - 1, threads: int = 1
) -> Survey:
    """Survey texts.

    Parameters
    ----------
    words : Words
        The words of n texts.
    hashes : uint64 array, shape (n,)
        Their text hashes.
    count_limit : int
        Units and bigrams are kept of texts of at most this hash.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Survey
    """
    starts = offsets_of(np.array([len(chunk) for chunk in chunks(words)], np.int64))
    limit = np.uint64(count_limit)

    def run(task: tuple[int, Words]) -> Survey:
        start, chunk = task
        return _survey(chunk, hashes[start : start + len(chunk)], limit)

    tasks = zip(starts[:-1].tolist(), chunks(words), strict=True)
    if threads == 1:
        return Survey.joined([run(task) for task in tasks])
    with ThreadPoolExecutor(threads) as pool:
        return Survey.joined(list(pool.map(run, tasks)))


def take_lists(values: Keys, offsets: Ints, rows: Ints) -> tuple[Keys, Ints]:
    """Return some lists of a CSR array, one after the other, and where each begins."""
    sizes = np.diff(offsets)[rows]
    out_offsets = offsets_of(sizes)
    out = np.empty(int(out_offsets[-1]), values.dtype)
    _copy_lists(values, offsets, rows, out, out_offsets)
    return out, out_offsets


def _chain(parts: list[Keys]) -> Keys:
    return np.concatenate([np.empty(0, np.uint32), *parts])


def _offsets(parts: list[Ints]) -> Ints:
    return offsets_of(np.concatenate([np.empty(0, np.int64), *map(np.diff, parts)]))


def _survey(words: Words, hashes: Hashes, count_limit: np.uint64) -> Survey:
    units, bigrams, runs = unit_hashes(words)
    n, size = len(words), len(units)
    keys, openings, names, pairs = (np.empty(size, np.uint32) for _ in range(4))
    offsets = np.zeros((4, n + 1), np.int64)
    ordinary = _ordinary_words()
    _gather(
        units, bigrams, runs, words.flags, words.offsets, ordinary.keys, ordinary.starts,
        keys, openings, names, pairs, offsets,
    )  # fmt: skip
    ends = offsets[:, -1].tolist()
    anchors = Anchors(
        keys[: ends[0]].copy(), offsets[0], openings[: ends[1]].copy(), offsets[1],
        names[: ends[2]].copy(), offsets[2],
    )  # fmt: skip
    counted = np.where(hashes <= count_limit, np.minimum(np.diff(words.offsets), COUNTED_WORDS), 0)
    unit_offsets = offsets_of(counted)
    kept = np.empty((2, int(unit_offsets[-1])), np.uint32)
    for values, out in zip((units, bigrams), kept, strict=True):
        _copy_lists(values, words.offsets, np.arange(n), out, unit_offsets)
    return Survey(hashes, anchors, pairs[: ends[3]].copy(), offsets[3], kept[0], kept[1], unit_offsets)


@cache
def _ordinary_words() -> KeyTable:
    """Known words that are not rare names; a word the background does not know is most often a name."""
    background = load_background()
    words = background.words
    rare_name = (words.values >= NAME_IDF) & background.names.has(words.keys)
    return KeyTable.of(words.keys[~rare_name])


@_compiled
def _copy_lists(values, offsets, rows, out, out_offsets):  # type: ignore[no-untyped-def]
    """Copy lists, each up to the length `out_offsets` leaves it."""
    for k in range(len(rows)):
        begin = offsets[rows[k]]
        for i in range(out_offsets[k + 1] - out_offsets[k]):
            out[out_offsets[k] + i] = values[begin + i]


@_compiled
def _gather(  # type: ignore[no-untyped-def]
    units, bigrams, runs, flags, text_offsets, ordinary, starts, keys, openings, names, pairs, offsets
):
    """Anchors, openings, sampled rare names and (of headlines) word pairs of each text."""
    longest = 0
    for text in range(len(text_offsets) - 1):
        longest = max(longest, text_offsets[text + 1] - text_offsets[text])
    spare = np.empty(longest, np.uint32)
    n_keys, n_openings, n_names, n_pairs = 0, 0, 0, 0
    for text in range(len(text_offsets) - 1):
        begin, end = text_offsets[text], text_offsets[text + 1]
        n = 0
        m = 0
        mine = keys[n_keys:]
        named = names[n_names:]
        for i in range(begin, end):
            run = runs[i]
            if run % ANCHOR_MODULUS == 0 and run != 0:
                mine[n] = run
                n += 1
            unit = units[i]
            if unit % NAME_MODULUS == 0 and flags[i] & (NUMBER | SPACELESS) == 0:
                named[m] = unit
                m += 1
        for i in range(min(n, OPENING)):
            openings[n_openings + i] = mine[i]
        n_openings += min(n, OPENING)
        n_keys += sort_distinct(mine, n, spare)
        m = sort_distinct(named, m, spare)
        kept = 0
        for i in range(m):
            if find_key(ordinary, starts, named[i]) < 0:
                named[kept] = named[i]
                kept += 1
        n_names += kept
        if end - begin < FRAME_MAX_WORDS:
            short = pairs[n_pairs:]
            n = 0
            for i in range(begin, end):
                if bigrams[i] != 0:
                    short[n] = bigrams[i]
                    n += 1
            n_pairs += sort_distinct(short, n, spare)
        offsets[0, text + 1] = n_keys
        offsets[1, text + 1] = n_openings
        offsets[2, text + 1] = n_names
        offsets[3, text + 1] = n_pairs
