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
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.confirm.units import chunks, offsets_of, unit_hashes
from dedup.sketch.background import load_background
from dedup.text.frames import FRAME_MAX_WORDS
from dedup.text.furniture import ANCHOR_MODULUS, OPENING, Anchors
from dedup.text.key_table import KeySet, in_set
from dedup.text.radix import sort_distinct
from dedup.text.words import NUMBER, SPACELESS, Words

COUNTED_TEXTS: Final = 1 << 13
SURVEYED_TEXTS: Final = 1 << 17
COUNTED_WORDS: Final = 4096
"""Words of a text that are counted, the first: a bound on memory, for few articles are longer."""

NAME_MODULUS: Final = 2
"""One name in so many is kept, by its hash: enough to tell what two texts are about, at half the room."""

_NO_LIMIT: Final = (1 << 64) - 1

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
    def joined(cls, parts: Sequence[Survey]) -> Survey:
        """Put surveys one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
            Anchors.joined([part.anchors for part in parts]),
            _chain([part.bigrams for part in parts]),
            _offsets([part.bigram_offsets for part in parts]),
            _chain([part.units for part in parts]),
            _chain([part.unit_bigrams for part in parts]),
            _offsets([part.unit_offsets for part in parts]),
        )

    def counted_up_to(self, limit: int) -> Survey:
        """Return the same texts, those of greater hash uncounted."""
        sizes = np.where(self.hashes <= np.uint64(limit), np.diff(self.unit_offsets), 0)
        rows, offsets = np.arange(len(self)), offsets_of(sizes)
        units, bigrams = np.empty((2, int(offsets[-1])), np.uint32)
        _copy_lists(self.units, self.unit_offsets, rows, units, offsets)
        _copy_lists(self.unit_bigrams, self.unit_offsets, rows, bigrams, offsets)
        return replace(self, units=units, unit_bigrams=bigrams, unit_offsets=offsets)

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
    """Gathers surveys as texts come in, and keeps no more than the sample needs.

    Attributes
    ----------
    limit, count_limit : int
        Texts of greater hash are in no sample any more; neither need be surveyed, or counted.
    """

    def __init__(self) -> None:
        self.limit = self.count_limit = _NO_LIMIT
        self._parts: list[Survey] = []

    def add(self, survey: Survey) -> None:
        """Take in the survey of some texts, of which some may be known."""
        self._parts.append(survey)
        n = sum(len(part) for part in self._parts)
        if n > SURVEYED_TEXTS + SURVEYED_TEXTS // 4:
            self._parts = [self._result()]
            self.limit = int(self._parts[0].hashes.max())
        if n > COUNTED_TEXTS:
            hashes = np.unique(np.concatenate([part.hashes for part in self._parts]))
            self.count_limit = int(hashes[min(COUNTED_TEXTS, len(hashes)) - 1])
            counted = sum(np.count_nonzero(np.diff(part.unit_offsets)) for part in self._parts)
            if counted > 2 * COUNTED_TEXTS:
                self._parts = [part.counted_up_to(self.count_limit) for part in self._parts]

    def hand_over(self) -> Survey:
        """Return what the sample needs and keep none of it: it is learnt from once. Ascending by hash."""
        found = self._result()
        self.limit = self.count_limit = _NO_LIMIT
        return found

    def _result(self) -> Survey:
        """Return what the sample needs, ascending by hash, each text once; the parts go meanwhile."""
        parts, self._parts = self._parts, []
        survey = Survey.joined(parts)
        del parts  # one copy less in memory while another is made
        _, first = np.unique(survey.hashes, return_index=True)
        return survey.take(first[:SURVEYED_TEXTS].astype(np.int64), COUNTED_TEXTS)


def survey_texts(words: Words, hashes: Hashes, *, count_limit: int = _NO_LIMIT, threads: int = 1) -> Survey:
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
        units, bigrams, runs, words.flags, words.offsets,
        ordinary.lanes, ordinary.table.keys, ordinary.table.starts,
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
def _ordinary_words() -> KeySet:
    """Known words that are not rare names; a word the background does not know is most often a name."""
    background = load_background()
    words = background.words
    rare_name = (words.values >= NAME_IDF) & background.names.has(words.keys)
    return KeySet.of(words.keys[~rare_name])


@_compiled
def _copy_lists(values, offsets, rows, out, out_offsets):  # type: ignore[no-untyped-def]
    """Copy lists, each up to the length `out_offsets` leaves it."""
    for k in range(len(rows)):
        begin = offsets[rows[k]]
        for i in range(out_offsets[k + 1] - out_offsets[k]):
            out[out_offsets[k] + i] = values[begin + i]


@_compiled
def _gather(  # type: ignore[no-untyped-def]
    units, bigrams, runs, flags, text_offsets, lanes, ordinary, starts, keys, openings, names, pairs, offsets
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
        for i in range(begin, end):  # no branch but the loop: what does not count is overwritten
            run = runs[i]
            mine[n] = run
            n += (run % ANCHOR_MODULUS == 0) & (run != 0)
            unit = units[i]
            named[m] = unit
            m += (
                (unit % NAME_MODULUS == 0)
                & (flags[i] & (NUMBER | SPACELESS) == 0)
                & (not in_set(lanes, ordinary, starts, unit))
            )
        for i in range(min(n, OPENING)):
            openings[n_openings + i] = mine[i]
        n_openings += min(n, OPENING)
        n_keys += sort_distinct(mine, n, spare)
        n_names += sort_distinct(named, m, spare)
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
