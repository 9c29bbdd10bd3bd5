"""Of many pairs, those that are among the nearest of either of their texts.

Ten thousand articles of one template propose fifty million pairs, all of them
alike. So pairs are left out while they are gathered, not after: a pair that
has enough nearer ones beside it among some pairs has them among all, so it
does not matter when, nor how often, the far ones go.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.sketch.check import Pairs, unique_pairs

GATHERED: Final = 1 << 22
"""Pairs held before the far ones among them are left out: 42 MB, and eight times that while it is done."""


class Nearest:
    """Gathers pairs, and keeps those that are among the `most` nearest of either text.

    The more slots two texts agree in, the nearer they are; ties go by the other's key.

    Parameters
    ----------
    order : uint64 array, shape (n,)
        A key of each text that does not depend on the input order.
    most : int, optional
        Pairs a text may ask for; without it all are kept.

    Attributes
    ----------
    left_out : int
        Pairs left out so far, at most: one that is found in several buckets may count several times.
    """

    def __init__(self, order: NDArray[np.uint64], most: int | None) -> None:
        self._order, self._most = order, most
        self._parts: list[Pairs] = []
        self._held, self._limit = 0, GATHERED
        self.left_out = 0

    def add(self, pairs: Pairs) -> None:
        """Take pairs in, each of them once."""
        if not len(pairs[0]):
            return
        self._parts.append(pairs)
        self._held += len(pairs[0])
        if self._held > self._limit:
            self._held = len(self.pairs()[0])
            # What is kept may be much by itself: a million texts of sixteen pairs each.
            self._limit = max(GATHERED, 2 * self._held)

    def take_all(self, other: Nearest) -> None:
        """Take in what another has gathered."""
        self.left_out += other.left_out
        for part in other._parts:
            self.add(part)

    def pairs(self) -> Pairs:
        """Return what is kept of all pairs so far, each once, sorted."""
        packed, equal = unique_pairs(self._parts)
        near = self._is_near(packed, equal)
        if not near.all():
            self.left_out += len(near) - int(near.sum())
            packed, equal = packed[near], equal[near]
        self._parts = [(packed, equal)]
        return packed, equal

    def sides(self) -> tuple[Pairs, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what `pairs` does, and which pairs are among the nearest of the left, and the right text."""
        packed, equal = self.pairs()
        of_left, of_right = self._of_either(packed, equal)
        return (packed, equal), of_left, of_right

    def _is_near(self, packed: NDArray[np.int64], equal: NDArray[np.uint16]) -> NDArray[np.bool_]:
        of_left, of_right = self._of_either(packed, equal)
        return of_left | of_right

    def _of_either(self, packed: NDArray[np.int64], equal: NDArray[np.uint16]) -> list[NDArray[np.bool_]]:
        if self._most is None or not len(packed):
            return [np.ones(len(packed), np.bool_)] * 2
        left, right = packed >> 32, packed & 0xFFFFFFFF
        asked = [(left, self._order[right]), (right, self._order[left])]
        return among_nearest(asked, equal, len(self._order), self._most)


def among_nearest(
    asked: list[tuple[NDArray[np.int64], NDArray[np.uint64]]],
    equal: NDArray[np.uint16],
    n: int,
    most: int,
) -> list[NDArray[np.bool_]]:
    """Tell which pairs are among the nearest of a text; where several are equally near all of them are.

    Parameters
    ----------
    asked : list of (texts, others)
        p texts below n, int64, and the key of the other of each pair, uint64; each pair of a text once.
    equal : uint16 array, shape (p,)
        Equal slots, fewer than 1,024.
    n : int
    most : int
        Pairs a text may ask for.

    Returns
    -------
    list of bool array, shape (p,)
        One for each of `asked`.
    """
    degree = sum(np.bincount(texts, minlength=n) for texts, _ in asked)
    if np.max(degree, initial=0) <= most:
        return [np.ones(len(equal), np.bool_) for _ in asked]
    # The nearer, the smaller: slots that differ, then 20 bits of the other text's key.
    far = (np.uint64(1023) - equal.astype(np.uint64)) << np.uint64(20)
    keys = [far | others >> np.uint64(44) for _, others in asked]
    ranked = np.concatenate(
        [texts.astype(np.uint64) << np.uint64(32) | k for (texts, _), k in zip(asked, keys, strict=True)]
    )
    ranked.sort()
    starts = np.concatenate(([0], np.cumsum(degree)))
    last = ranked[np.minimum(starts[:-1] + most, np.maximum(starts[1:], 1)) - 1]
    limit = last & np.uint64(0xFFFFFFFF)
    return [np.asarray(k <= limit[texts], np.bool_) for (texts, _), k in zip(asked, keys, strict=True)]
