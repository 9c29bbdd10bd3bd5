"""Captions: the lines under photographs, found by the credits that end them.

Agencies hand out pictures with their captions, and outlets hang the same ones
on whatever they print about an event: a gallery says which pictures were bought,
not which story was told. A caption ends in a credit ("AP Photo", "via Getty
Images") or in a control of the page ("hide caption"), so the words before one
are left out of a comparison, and so are those between one and the next.

Line ends would tell where a caption begins, but of two texts equal but for
their line ends only one is read, so nothing may depend on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

CREDITS: Final = """
    ap photo|via ap|ap images|via associated press|afp photo|afp getty|getty images|via getty|via reuters
    via afp|via epa|reuters file|file photo|stock photo|handout photo|pool photo|courtesy photo|zuma press
    zuma wire|photo credit|photo courtesy|hide caption|toggle caption|image caption|media caption
    image copyright|photo via|picture alliance|foto ap|foto afp|foto efe|foto dpa|dpa bildfunk|epa efe
"""
"""Pairs of words that end a caption, or stand at its edge."""

CAPTION_WORDS: Final = 40
"""Words before a credit that count as its caption: agency captions have 25 to 45."""

GALLERY_GAP: Final = 80
"""Two credits no further apart than this have nothing but a caption between them."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def credit_phrases() -> list[str]:
    """Return the phrases of `CREDITS`, each two words."""
    return [phrase.strip() for line in CREDITS.strip().splitlines() for phrase in line.split("|")]


def caption_mask(
    bigrams: NDArray[np.uint32], offsets: NDArray[np.int64], credits: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Which words stand in captions.

    Parameters
    ----------
    bigrams : uint32 array, shape (n_words,)
        Hash of the word pair that begins at each word, 0 for none.
    offsets : int64 array, shape (n + 1,)
        Words of text i are ``offsets[i]:offsets[i + 1]``.
    credits : uint32 array
        Hashes of the word pairs that end captions.

    Returns
    -------
    bool array, shape (n_words,)
    """
    out = np.zeros(len(bigrams), np.bool_)
    # Of the upper halves of all hashes few are those of a credit; a table of them in cache spares a search.
    possible = np.zeros(1 << 16, np.bool_)
    possible[credits >> np.uint32(16)] = True
    places = np.empty(len(bigrams), np.int64)
    _mask(places[: _find(bigrams, possible, credits, places)], offsets, out)
    return out


@_compiled
def _find(bigrams, possible, credits, places):  # type: ignore[no-untyped-def]
    """Write where the credits stand; returns their number."""
    n = 0
    for i in range(len(bigrams)):
        if possible[bigrams[i] >> np.uint32(16)] and bigrams[i] in credits:
            places[n] = i
            n += 1
    return n


@_compiled
def _mask(place, offsets, out):  # type: ignore[no-untyped-def]
    text = 0
    last = -1  # first word after the credit before, in the same text
    for k in range(len(place)):
        i = place[k]
        while i >= offsets[text + 1]:
            text += 1
            last = -1
        if last >= 0 and i - last <= GALLERY_GAP:
            begin = min(last, i)
        else:
            begin = max(i - CAPTION_WORDS, offsets[text], last)
        for word in range(begin, min(i + 2, offsets[text + 1])):
            out[word] = True
        last = i + 2
