"""Frames: word pairs that many headlines share although they tell different stories.

"Valmont: Q3 Earnings Snapshot" and "Belden: Q3 Earnings Snapshot" are one
frame, filled in twice. As with furniture (`dedup.text.furniture`), frequency cannot tell a
frame from a popular story, the rest of the headlines can: take up to six of the
headlines that hold a word pair; the pair belongs to a frame when, outside what is
common to all of them, they share less than a quarter.

Words that stand in a headline only as part of a frame do not count when it is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.carriers import common_to_all, ranks, shared_carriers, shared_keys

MIN_HEADLINES: Final = 5
"""Distinct headlines that must hold a word pair before it can be a frame: stories have versions too."""

FRAME_MAX_WORDS: Final = 20
"""Only texts of fewer words have frames."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def learn_frames(
    bigrams: NDArray[np.uint32], offsets: NDArray[np.int64], order: NDArray[np.uint64]
) -> NDArray[np.uint32]:
    """Find the word pairs whose headlines are otherwise strangers.

    Parameters
    ----------
    bigrams : uint32 array, shape (m,)
        Distinct word pairs of each headline, sorted within the headline.
    offsets : int64 array, shape (n + 1,)
        Those of headline i are ``bigrams[offsets[i]:offsets[i + 1]]``.
    order : uint64 array, shape (n,)
        Text hashes: which headlines are looked at must not depend on their order.

    Returns
    -------
    uint32 array, shape (f,)
        Sorted.
    """
    shared = shared_carriers(bigrams, offsets, ranks(order), MIN_HEADLINES)
    found = np.zeros(len(shared.keys), np.bool_)
    _judge(shared.chosen, shared.sizes, bigrams, offsets, found)
    return np.asarray(shared.keys[found], np.uint32)


@_compiled
def _judge(carriers, sizes, bigrams, offsets, found):  # type: ignore[no-untyped-def]
    for group in range(len(carriers)):
        k = sizes[group]
        chosen = carriers[group]
        frame = common_to_all(bigrams, offsets, chosen, k)
        shared = 0
        most = 0
        for i in range(k):
            for j in range(i):
                a, a_end = offsets[chosen[i]], offsets[chosen[i] + 1]
                b, b_end = offsets[chosen[j]], offsets[chosen[j] + 1]
                shared += shared_keys(bigrams, a, a_end, b, b_end) - frame
                most += min(a_end - a, b_end - b) - frame
        found[group] = 4 * shared < most
