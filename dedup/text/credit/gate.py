"""Where in a text a credit can stand, found in its UTF-8 bytes: all that need be read as Python strings.

One pass over the two windows finds the names of agencies exactly as `find_names` does, and asks
(`dedup.text.credit.shapes`) which rules may accept each. Only those rules are tried, only on those names.
The answer is a superset of what the rules accept, never the verdict: tests hold it against the rules.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.text.credit.columns import Bytes
from dedup.text.credit.context import AFTER, AROUND
from dedup.text.credit.fields import STYLE
from dedup.text.credit.literals import (
    ALNUM,
    BYTE,
    EIGHT,
    LOWER,
    ONE,
    Literals,
    back,
    buckets_at,
    compiled,
    kind_at,
    literal_end,
    next_start,
)
from dedup.text.credit.names import FULL, HEAD, TAIL, Table
from dedup.text.credit.shapes import ALL, context_tables, rules_about
from dedup.text.scan import _decode

BROKEN: Final = -(1 << 40)
"""`Hits.literal` of a text whose bytes are no UTF-8 where it matters."""


class Hits(NamedTuple):
    """Where to look: int64 arrays, shape (m,), by text, in it by window, then by place.

    Parameters
    ----------
    row : int64 array
        The text.
    at, length : int64 array
        The name: code points from the start of the text or, if negative, from its end; code points.
    literal : int64 array
        Number of the name in `Table.ordered`; ``-1 - i`` stands for the fixed wording i of `Table.phrases`,
        one more for the closing line of reporters, `BROKEN` for the text as a whole.
    rules : int64 array
        Bits of the rules that may accept it.
    """

    row: NDArray[np.int64]
    at: NDArray[np.int64]
    length: NDArray[np.int64]
    literal: NDArray[np.int64]
    rules: NDArray[np.int64]


class Gate:
    """The literals of a table of agencies, ready for the kernel."""

    def __init__(self, table: Table) -> None:
        # The lowest bit of a label tells the names that extraction may glue to the word before.
        names = [
            (name, 2 * number + (table.names[name][1] == FULL)) for number, name in enumerate(table.ordered)
        ]
        phrases = [(rest, -1 - number) for number, (_, rest, *_) in enumerate(table.phrases)]
        if table.style is not None:
            phrases.append((STYLE, -1 - len(table.phrases)))
        rare = [(_rarest(rest), label) for rest, label in phrases if rest.strip()]
        self._literals = Literals.of([*names, *rare])

    def hits(self, texts: Bytes, *, rules: bool = True, sound: bool = False) -> Hits:
        """Return what may be a credit in texts, or without `rules` every name.

        Parameters
        ----------
        texts : Bytes
        rules : bool
        sound : bool
            That the bytes are known to be UTF-8.
        """
        data, begins, ends = texts
        data.flags.writeable = False
        capacity = 64 + 4 * len(begins)
        while True:
            out = np.empty((5, capacity), np.int64)
            n = _scan(data, begins, ends, self._literals.arrays, *context_tables(), rules, sound, out)
            if n >= 0:
                return Hits(*out[:, :n])
            capacity *= 4


def _rarest(wording: str) -> str:
    """Cut a wording to what begins with its longest word but the last: short ones are everywhere."""
    words = wording.split(" ")
    places = [place for place, word in enumerate(words) if word]
    return " ".join(words[max(places[:-1] or places, key=lambda place: len(words[place])) :])


@compiled
def _forward(data, i, end, n):  # type: ignore[no-untyped-def]
    """Byte after n code points from byte i on."""
    stop = i
    while n > 0 and stop < end:
        i, stop = stop, min(stop + n, end)
        n = 0
        for k in range(i, stop):  # so many bytes only went on with a code point
            n += data[k] & 0xC0 == 0x80
    while stop < end and data[stop] & 0xC0 == 0x80:
        stop += 1
    return stop


@compiled
def _backward(data, i, begin, n):  # type: ignore[no-untyped-def]
    """Byte at which the n code points before byte i begin."""
    start = i
    while n > 0 and start > begin:
        i, start = start, max(start - n, begin)
        n = 0
        for k in range(start, i):
            n += data[k] & 0xC0 == 0x80
    return start


@compiled
def _count(data, low, high):  # type: ignore[no-untyped-def]
    """Code points of ``data[low:high]``."""
    n = 0
    for k in range(low, high):
        n += data[k] & 0xC0 != 0x80
    return n


@compiled
def _sound(data, low, high):  # type: ignore[no-untyped-def]
    """Whether bytes are UTF-8."""
    seen = 0
    for k in range(low, high):
        seen |= data[k]
    if seen < 0x80:
        return True
    i = low
    while i < high:
        if data[i] < 0x80:
            i += 1
            continue
        cp, size = _decode(data, i, high)
        if cp == 0:
            return False
        i += size
    return True


@compiled
def _in_word(data, s, e, begin, end, glued, kinds):  # type: ignore[no-untyped-def]
    """What `names.find_names` asks: whether a name is only a part of a word."""
    if s > begin and (data[s] < 0xE1 or _decode(data, s, end)[0] < 0x1100):
        i = back(data, s, begin)
        kind, _ = kind_at(data, i, end, kinds)
        if data[i] == 0x5F or data[i] == 0x40 or data[i] == 0x23 or kind & ALNUM:
            joined = kind & LOWER if glued else 0
            if joined == 0:
                return True
    if e < end:
        i = back(data, e, begin)
        if data[i] < 0xE1 or _decode(data, i, end)[0] < 0x1100:
            kind, _ = kind_at(data, e, end, kinds)
            if data[e] == 0x5F or data[e] == 0x40 or data[e] == 0x23 or kind & ALNUM:
                return True
    return False


@compiled
def _write(out, n, row, at, length, literal, rules):  # type: ignore[no-untyped-def]
    out[0, n] = row
    out[1, n] = at
    out[2, n] = length
    out[3, n] = literal
    out[4, n] = rules


@compiled
def _scan(  # type: ignore[no-untyped-def]
    data, begins, ends, names, before, after, by, shorts, kinds, ruled, sound, out
):
    """Write the hits of all texts; returns their number, or -1 when `out` is too small."""
    masks, lanes, buckets, offsets, literal, labels, fold = names
    n = 0
    for row in range(len(begins)):
        begin = begins[row]
        end = ends[row]
        head_end = _forward(data, begin, end, HEAD)
        tail_start = _backward(data, end, begin, TAIL)
        whole = head_end >= tail_start
        broken = False
        n_before = n
        for window in range(1 if whole else 2):
            low = tail_start if window else begin
            high = end if whole or window else head_end
            free = low  # where the next name may begin: names do not overlap
            if not sound:
                broken |= not _sound(data, low, high)
            # All bytes but a few are passed in a loop of its own, which numba keeps in registers.
            i = next_start(data, low, high, masks, lanes)
            while i < high and not broken:
                found = buckets_at(data, i, high, masks)
                bucket = 0
                name = -1
                e = i
                while found:
                    while found & BYTE == 0:
                        found >>= EIGHT
                        bucket += 8
                    for k in range(buckets[bucket], buckets[bucket + 1] if found & ONE else 0):
                        label = labels[k]
                        # Of names that begin alike the first in order counts.
                        if label >= 0 and (i < free or 0 <= name < label):
                            continue
                        stop = literal_end(data, i, high, literal, offsets[k], offsets[k + 1], fold, kinds)
                        if stop >= 0 and label >= 0:
                            name, e = label, stop
                        elif stop >= 0:
                            if n == out.shape[1]:
                                return -1
                            _write(out, n, row, 0, 0, label, 0)
                            n += 1
                    found >>= ONE
                    bucket += 1
                if name >= 0:
                    free = e
                    glued = False  # "Jane DoeAssociated Press"
                    for k in range(i, e):
                        glued |= name & 1 != 0 and data[k] == 0x20
                    rules = 0
                    if not _in_word(data, i, e, begin, end, glued, kinds):
                        rules = ALL
                        if ruled:
                            first = _backward(data, i, begin, AROUND)
                            stop = _forward(data, e, end, AFTER)
                            if not sound:
                                broken |= not _sound(data, first, stop)
                            head = window == 0 and _count(data, begin, i) < HEAD
                            tail = i >= tail_start
                            rules = rules_about(
                                data, i, e, first, stop, head, tail, before, after, by, shorts, kinds
                            )
                    if rules:
                        if n == out.shape[1]:
                            return -1
                        at = -_count(data, i, end) if window else _count(data, begin, i)
                        _write(out, n, row, at, _count(data, i, e), name >> 1, rules)
                        n += 1
                i = next_start(data, i + 1, high, masks, lanes)
        if broken:
            n = n_before
            if n == out.shape[1]:
                return -1
            _write(out, n, row, 0, 0, BROKEN, 0)
            n += 1
    return n
