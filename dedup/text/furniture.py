"""Furniture: passages that pages share although they tell different stories.

Menus, weather strips, cookie notices, author boxes, and the frames of fill-in
stories. Frequency cannot tell them from a popular story; coherence can:
articles that carry the same story also share the rest with each other, pages
that carry the same furniture are otherwise strangers.

A text is sampled at *anchors*, the runs of four words whose hash is divisible
by four. For an anchor of three or more distinct texts, take up to six of them
(those of smallest text hash) and let P be the anchors common to all: the shared
passage. The passage is furniture when, outside it, the carriers share little:

    coherence = sum over pairs (|X & Y| - P + c) / sum over pairs (min(|X|, |Y|) - P + c) < 1/4

For carriers of different outlets c is P/4: a wire story reprinted whole under
different page furniture must not be taken for furniture itself. For two pages
of one outlet c is 0, and |X & Y| - P counts for no more than the share of their
openings that they have in common: an outlet that prints a passage again and again
under other leads (a photo gallery of a rolling story, a box of background) is
not syndicating it. P must hold two anchors: a single one is a phrase of the
language, and in a corpus of millions every phrase is carried by strangers.

Learnt once per epoch from distinct texts, a set of anchors; a pure function of
the texts, whatever their order. Measured: mean coherence outside the shared
passage .02-.12 for templates and furniture, .35-.65 for wire copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.carriers import (
    Shared,
    common_to_all,
    lists_among,
    ranks,
    set_hashes,
    shared_carriers,
    shared_keys,
)
from dedup.text.key_table import KeyTable, find_key

ANCHOR_MODULUS: Final = 4
MIN_TEXTS: Final = 3
MIN_PASSAGE: Final = 2
OPENING: Final = 25
"""Anchors of an opening: about the first hundred words."""

MAX_GAP: Final = 24
"""Words between two furniture anchors that count as furniture too: the slots of a template, and phrases in a
passage that other texts happen to use as well."""

RUN_WORDS: Final = 4

_RANGES: Final = 16
_SETS_PER_TASK: Final = 1 << 14

NAMES_FLOOR: Final = 4
"""Names outside a passage that a text must have before those it shares say what it is about."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The anchors of n texts; both lists are CSR.

    Parameters
    ----------
    keys : uint32 array, shape (m,)
        Distinct and sorted within a text.
    offsets : int64 array, shape (n + 1,)
    openings : uint32 array, shape (o,)
        The first `OPENING` anchors of each text, as they stand in it.
    opening_offsets : int64 array, shape (n + 1,)
    names : uint32 array, shape (q,)
        A sample of the rare names of each text (`dedup.confirm.survey`), distinct and sorted within it.
    name_offsets : int64 array, shape (n + 1,)
    """

    keys: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    openings: NDArray[np.uint32]
    opening_offsets: NDArray[np.int64]
    names: NDArray[np.uint32]
    name_offsets: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[Anchors]) -> Anchors:
        """Put the anchors of several lists of texts one after the other."""

        def chained(offsets: list[NDArray[np.int64]]) -> NDArray[np.int64]:
            return np.concatenate(([0], np.cumsum(np.concatenate([[], *map(np.diff, offsets)])))).astype(
                np.int64
            )

        return cls(
            np.concatenate([np.empty(0, np.uint32), *(part.keys for part in parts)]),
            chained([part.offsets for part in parts]),
            np.concatenate([np.empty(0, np.uint32), *(part.openings for part in parts)]),
            chained([part.opening_offsets for part in parts]),
            np.concatenate([np.empty(0, np.uint32), *(part.names for part in parts)]),
            chained([part.name_offsets for part in parts]),
        )


@dataclass(frozen=True)
class Furniture:
    """What is furniture.

    Parameters
    ----------
    anchors : uint32 array, shape (m,)
        Sorted, distinct.
    frames : uint32 array, shape (f,)
        Word pairs that are frames of headlines (`dedup.text.frames`); sorted, distinct.
    """

    anchors: NDArray[np.uint32]
    frames: NDArray[np.uint32]

    @classmethod
    def none(cls) -> Furniture:
        """Return no furniture at all."""
        return cls(np.empty(0, np.uint32), np.empty(0, np.uint32))

    @cached_property
    def anchor_table(self) -> KeyTable:
        """`anchors`, to look words up in."""
        return KeyTable.of(self.anchors)

    @cached_property
    def frame_table(self) -> KeyTable:
        """`frames`, to look word pairs up in."""
        return KeyTable.of(self.frames)


def is_anchor(runs: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each run hash (0: no run) is an anchor."""
    return np.asarray((runs % np.uint32(ANCHOR_MODULUS) == 0) & (runs != 0), np.bool_)


def learn_furniture(
    anchors: Anchors, order: NDArray[np.uint64], outlets: NDArray[np.int64], *, threads: int = 1
) -> NDArray[np.uint32]:
    """Find the anchors whose carriers are otherwise strangers.

    Parameters
    ----------
    anchors : Anchors
        Of n texts.
    order : uint64 array, shape (n,)
        Text hashes: which carriers are looked at must not depend on the order of the texts.
    outlets : int64 array, shape (n,)
        A number for the outlet of each text, -1 where it is not known.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    uint32 array, shape (m,)
        Sorted.
    """
    # One range of anchors at a time: of a hundred million only a part is sorted at once.
    edges = np.linspace(0, 1 << 32, _RANGES + 1).astype(np.int64).tolist()
    ranked = ranks(order)

    def share(bounds: tuple[int, int]) -> Shared:
        return shared_carriers(anchors.keys, anchors.offsets, ranked, MIN_TEXTS, *bounds)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        parts = list(pool.map(share, pairwise(edges)))
        keys = np.concatenate([part.keys for part in parts])
        chosen = np.concatenate([part.chosen for part in parts])
        sizes = np.concatenate([part.sizes for part in parts])
        n_held = sum(part.n_held for part in parts)
        del parts
        # What all carriers of an anchor hold is shared, so a passage is looked for in these short lists.
        held = lists_among(anchors.keys, anchors.offsets, keys, n_held)
        # A passage has many anchors, and they have the same carriers: each set of carriers is judged once.
        _, first, of = np.unique(set_hashes(chosen), return_index=True, return_inverse=True)
        chosen, sizes = chosen[first], sizes[first]
        found = np.zeros(len(first), np.bool_)
        arrays = (
            anchors.keys, anchors.offsets, anchors.openings, anchors.opening_offsets,
            anchors.names, anchors.name_offsets,
        )  # fmt: skip

        def judge(bounds: tuple[int, int]) -> None:
            low, high = bounds
            _judge(chosen[low:high], sizes[low:high], held, arrays, outlets, found[low:high])

        list(pool.map(judge, pairwise(range(0, len(first) + _SETS_PER_TASK, _SETS_PER_TASK))))
    return np.asarray(keys[found[of]], np.uint32)


def furniture_mask(
    runs: NDArray[np.uint32], offsets: NDArray[np.int64], furniture: Furniture
) -> NDArray[np.bool_]:
    """Which words stand in furniture.

    Parameters
    ----------
    runs : uint32 array, shape (n_words,)
        Hash of the run that begins at each word, 0 for none.
    offsets : int64 array, shape (n + 1,)
        Words of text i are ``offsets[i]:offsets[i + 1]``.
    furniture : Furniture

    Returns
    -------
    bool array, shape (n_words,)
    """
    out = np.zeros(len(runs), np.bool_)
    if len(furniture.anchors):
        table = furniture.anchor_table
        _mask(runs, offsets, table.keys, table.starts, out)
    return out


@_compiled
def _openings_shared(arrays, x, y):  # type: ignore[no-untyped-def]
    """How many anchors of x's opening stand in y, and how many there are."""
    anchors, offsets, openings, opening_offsets, _, _ = arrays
    begin, end = opening_offsets[x], opening_offsets[x + 1]
    n = 0
    for i in range(begin, end):
        key = openings[i]
        low, high = offsets[y], offsets[y + 1]
        while low < high:
            middle = (low + high) >> 1
            if anchors[middle] < key:
                low = middle + 1
            else:
                high = middle
        n += low < offsets[y + 1] and anchors[low] == key
    return n, end - begin


@_compiled
def _two_shortest(offsets, chosen, k):  # type: ignore[no-untyped-def]
    """Return the two of the first k texts of `chosen` with the shortest lists."""
    x, y = chosen[0], chosen[1]
    x_size, y_size = offsets[x + 1] - offsets[x], offsets[y + 1] - offsets[y]
    for i in range(2, k):
        size = offsets[chosen[i] + 1] - offsets[chosen[i]]
        if x_size < y_size:
            x, y, x_size, y_size = y, x, y_size, x_size
        if size < x_size:
            x, x_size = chosen[i], size
    return x, y


@_compiled
def _judge(carriers, sizes, held, arrays, outlets, found):  # type: ignore[no-untyped-def]
    """Judge sets of carriers; see the module."""
    anchors, offsets, _, _, names, name_offsets = arrays
    held_keys, held_offsets = held
    for group in range(len(carriers)):
        k = sizes[group]
        chosen = carriers[group]
        # Most anchors are phrases, in texts that share nothing else: the two shortest lists tell.
        x, y = _two_shortest(held_offsets, chosen, k)
        a, a_end, b, b_end = held_offsets[x], held_offsets[x + 1], held_offsets[y], held_offsets[y + 1]
        if shared_keys(held_keys, a, a_end, b, b_end) < MIN_PASSAGE:
            continue
        passage = common_to_all(held_keys, held_offsets, chosen, k)
        if passage < MIN_PASSAGE:
            continue
        told = common_to_all(names, name_offsets, chosen, k)
        shared = 0
        most = 0
        n_foreign = 0  # pairs that are not of one outlet
        for i in range(k):
            for j in range(i):
                a, a_end = offsets[chosen[i]], offsets[chosen[i] + 1]
                b, b_end = offsets[chosen[j]], offsets[chosen[j] + 1]
                in_common = shared_keys(anchors, a, a_end, b, b_end) - passage
                possible = min(a_end - a, b_end - b) - passage
                if outlets[chosen[i]] < 0 or outlets[chosen[i]] != outlets[chosen[j]]:
                    n_foreign += 1
                    # Two accounts of one event re-use a quotation and share little else word for word, but
                    # they name the same people and places; strangers under one menu do not.
                    c, c_end = name_offsets[chosen[i]], name_offsets[chosen[i] + 1]
                    d, d_end = name_offsets[chosen[j]], name_offsets[chosen[j] + 1]
                    named = shared_keys(names, c, c_end, d, d_end) - told
                    nameable = min(c_end - c, d_end - d) - told
                    in_common = max(in_common, possible * named // max(nameable, NAMES_FLOOR))
                else:
                    n_x, of_x = _openings_shared(arrays, chosen[i], chosen[j])
                    n_y, of_y = _openings_shared(arrays, chosen[j], chosen[i])
                    in_common = min(in_common, possible * (n_x + n_y) // max(of_x + of_y, 1))
                shared += in_common
                most += possible
        # (shared + credit) / (most + credit) < 1/4 with a credit of P/4 for each foreign pair, in integers.
        credit = passage * n_foreign
        found[group] = 4 * (4 * shared + credit) < 4 * most + credit


@_compiled
def _mask(runs, offsets, anchors, starts, out):  # type: ignore[no-untyped-def]
    """Set the words of the runs that are furniture anchors, and those of the gaps between them."""
    for text in range(len(offsets) - 1):
        last = -1  # first word after the furniture anchor before
        for i in range(offsets[text], offsets[text + 1]):
            run = runs[i]
            if run % ANCHOR_MODULUS != 0 or run == 0 or find_key(anchors, starts, run) < 0:
                continue
            end = min(i + RUN_WORDS, offsets[text + 1])
            begin = min(last, i) if last >= 0 and i - last <= MAX_GAP else i
            for word in range(begin, end):
                out[word] = True
            last = end
