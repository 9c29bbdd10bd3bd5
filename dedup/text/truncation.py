"""Truncation: the half word before an ellipsis that a content system cut a headline or a teaser with.

"Uncertainty over federal food aid deepens as the shutdown fight reache..." ends
in a word that no other text holds, and a word no table knows looks like a name.
So where a text ends in an ellipsis joined to a word, that word is not read. A
word that was whole is lost too: the cut cannot be told from the dots of a
sentence that trails off, and one word of a text decides nothing.

It belongs to the tokenizer, not to a later stage: whether two texts are equal
and how alike they are must follow from the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba import njit

MOST_BYTES: Final = 40
"""Longest rest of a word that is dropped; in scripts without spaces there is no word to drop."""

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@_compiled
def trim_truncated(data, begins, ends, out):  # type: ignore[no-untyped-def]
    """Write where each text ends without a truncated last word.

    Parameters
    ----------
    data : uint8 array
        UTF-8 of all texts.
    begins, ends : int64 array, shape (n,)
        Bytes of text i are ``data[begins[i]:ends[i]]``.
    out : int64 array, shape (n,)
    """
    for text in range(len(begins)):
        begin = begins[text]
        out[text] = ends[text]
        stop = ends[text]
        # Space, quotation marks and brackets may follow the ellipsis.
        while stop > begin and (data[stop - 1] <= 0x20 or data[stop - 1] in (0x22, 0x27, 0x29, 0x5D)):
            stop -= 1
        if stop - begin <= 3:
            continue
        x, y, z = data[stop - 3], data[stop - 2], data[stop - 1]
        if not ((x == 0x2E and y == 0x2E and z == 0x2E) or (x == 0xE2 and y == 0x80 and z == 0xA6)):
            continue
        stop -= 3
        i = stop
        joined = True
        while i > begin and data[i - 1] > 0x20:
            # E0, E1 and E3 to E9 begin the code points of the scripts without spaces (and of Indic ones).
            joined &= not (data[i - 1] == 0xE0 or data[i - 1] == 0xE1 or 0xE3 <= data[i - 1] <= 0xE9)
            joined &= stop - i < MOST_BYTES
            if not joined:
                break
            i -= 1
        if joined and begin < i < stop:
            out[text] = i
