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
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

ANCHOR_MODULUS: Final = 4
MIN_TEXTS: Final = 3
MAX_CARRIERS: Final = 6
MIN_PASSAGE: Final = 2
OPENING: Final = 25
"""Anchors of an opening: about the first hundred words."""

MAX_GAP: Final = 24
"""Words between two furniture anchors that count as furniture too: the slots of a template, and phrases in a
passage that other texts happen to use as well."""

RUN_WORDS: Final = 4

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


@dataclass(frozen=True, slots=True)
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
    keys, starts, ends, carriers = carriers_of(anchors.keys, anchors.offsets, order, MIN_TEXTS)
    found = np.zeros(len(starts), np.bool_)
    arrays = (
        anchors.keys, anchors.offsets, anchors.openings, anchors.opening_offsets,
        anchors.names, anchors.name_offsets,
    )  # fmt: skip
    cuts = np.unique(np.linspace(0, len(starts), max(1, threads) * 8 + 1).astype(np.int64)).tolist()

    def judge(task: tuple[int, int]) -> None:
        low, high = task
        _judge(starts[low:high], ends[low:high], carriers, arrays, outlets, found[low:high])

    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(judge, pairwise(cuts)))
    return keys[starts[found]]


def carriers_of(
    keys: NDArray[np.uint32], offsets: NDArray[np.int64], order: NDArray[np.uint64], least: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Group texts by the keys they hold.

    Parameters
    ----------
    keys, offsets
        Distinct keys of n texts, CSR.
    order : uint64 array, shape (n,)
        Carriers of a key are listed by it.
    least : int
        Keys of fewer texts are left out.

    Returns
    -------
    keys : uint32 array, shape (m,)
        All keys, sorted, once for each carrier.
    starts, ends : int64 array, shape (g,)
        Where the carriers of a group begin and end.
    carriers : int64 array, shape (m,)
        Texts.
    """
    n = len(order)
    by_order = np.argsort(order, kind="stable")
    rank = np.empty(n, np.uint64)
    rank[by_order] = np.arange(n, dtype=np.uint64)
    owner = np.repeat(rank, np.diff(offsets))
    packed = np.sort(keys.astype(np.uint64) << np.uint64(32) | owner)
    sorted_keys = (packed >> np.uint64(32)).astype(np.uint32)
    carriers = by_order[(packed & np.uint64(0xFFFFFFFF)).astype(np.int64)]
    starts = np.flatnonzero(np.append(True, sorted_keys[1:] != sorted_keys[:-1])[: len(sorted_keys)])
    ends = np.append(starts[1:], len(sorted_keys))
    enough = ends - starts >= least
    return sorted_keys, starts[enough], ends[enough], carriers


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
        place = np.flatnonzero(is_anchor(runs))
        key = runs[place]
        at = np.minimum(np.searchsorted(furniture.anchors, key), len(furniture.anchors) - 1)
        _mask(place[furniture.anchors[at] == key], offsets, out)
    return out


@_compiled
def shared_keys(anchors, a, a_end, b, b_end):  # type: ignore[no-untyped-def]
    """Return the size of the intersection of two sorted ranges of `anchors`; callable from compiled code."""
    n = 0
    while a < a_end and b < b_end:
        x = anchors[a]
        y = anchors[b]
        n += x == y
        a += x <= y
        b += y <= x
    return n


@_compiled
def common_to_all(anchors, offsets, chosen, k):  # type: ignore[no-untyped-def]
    """Return how many keys the first k texts of `chosen` all hold; callable from compiled code."""
    at = np.empty(k, np.int64)
    for i in range(k):
        at[i] = offsets[chosen[i]]
    n = 0
    for p in range(offsets[chosen[0]], offsets[chosen[0] + 1]):
        key = anchors[p]
        everywhere = True
        for i in range(1, k):
            end = offsets[chosen[i] + 1]
            while at[i] < end and anchors[at[i]] < key:
                at[i] += 1
            if at[i] == end or anchors[at[i]] != key:
                everywhere = False
                break
        n += everywhere
    return n


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
def _judge(starts, ends, carriers, arrays, outlets, found):  # type: ignore[no-untyped-def]
    anchors, offsets, _, _, names, name_offsets = arrays
    chosen = np.empty(MAX_CARRIERS, np.int64)
    for group in range(len(starts)):
        k = min(ends[group] - starts[group], MAX_CARRIERS)
        for i in range(k):
            chosen[i] = carriers[starts[group] + i]
        passage = common_to_all(anchors, offsets, chosen, k)
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
def _mask(place, offsets, out):  # type: ignore[no-untyped-def]
    """Set the words of the runs that begin at `place` (ascending), and those of the gaps between them."""
    text = 0
    last = -1  # first word after the furniture anchor before, in the same text
    for k in range(len(place)):
        i = place[k]
        while i >= offsets[text + 1]:
            text += 1
            last = -1
        end = min(i + RUN_WORDS, offsets[text + 1])
        begin = min(last, i) if last >= 0 and i - last <= MAX_GAP else i
        for word in range(begin, end):
            out[word] = True
        last = end
