"""Many literals looked for at once in UTF-8 bytes, compiled: the pass that spares most texts the patterns.

A literal is text in which a blank stands for one or two blanks of any sort. The literals are dealt into 64
buckets; for each of the first eight bytes of a literal a table says which buckets have that byte there, so
that a few look-ups tell nearly always that none begins here (the idea of the Teddy matcher of Hyperscan,
without its vectors). Literals are data: whatever table a user writes is looked for the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.text.scan import _decode

DEPTH: Final = 8  # leading bytes of a literal that the tables know
BUCKETS: Final = 64

ONE: Final = np.uint64(1)
EIGHT: Final = np.uint64(8)
BYTE: Final = np.uint64(255)
_LAST_LANE: Final = np.uint64(56)
_NONE: Final = ~np.uint64(0)

SPACE, ALNUM, LOWER = 1, 2, 4  # bits of `kinds`
N_KINDS: Final = 0x10000

compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Literals:
    """Literals made ready for the kernels.

    Parameters
    ----------
    masks : uint64 array, shape (8, 256)
        Buckets that have a byte at a place.
    lanes : uint64 array, shape (256,)
        The contrary, eight buckets to one bit and the eight places side by side in 8 bits each.
    buckets : int64 array, shape (65,)
        Literals of bucket b are ``buckets[b]:buckets[b + 1]``.
    offsets : int64 array, shape (n + 1,)
        Bytes of literal i in `data`.
    data : uint8 array
    labels : int64 array, shape (n,)
        What the caller calls them.
    fold : bool
        Whether case is ignored, as `re.IGNORECASE` does it for ASCII letters.
    """

    masks: NDArray[np.uint64]
    lanes: NDArray[np.uint64]
    buckets: NDArray[np.int64]
    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]
    labels: NDArray[np.int64]
    fold: bool

    @classmethod
    def of(cls, literals: Iterable[tuple[str, int]], *, fold: bool = False) -> Literals:
        """Deal (literal, label) pairs into buckets: neighbours share one, so that its masks stay narrow.

        Folded literals come in lower case.
        """
        starts: dict[bytes, list[tuple[str, int]]] = {}
        for literal, label in sorted(literals):
            starts.setdefault(_bytes(literal)[:DEPTH], []).append((literal, label))
        dealt: list[list[tuple[str, int]]] = [[] for _ in range(BUCKETS)]
        share = max(BUCKETS, len(starts))
        # By length, for after a short one anything may stand: its masks pass too much to share a lane.
        apart = sorted(starts, key=lambda start: (min(len(start.split(b" ")[0]), DEPTH), start))
        for number, pairs in enumerate(starts[start] for start in apart):
            dealt[number * BUCKETS // share] += pairs
        masks = np.zeros((DEPTH, 256), np.uint64)
        for bucket, pairs in enumerate(dealt):
            bit = np.uint64(1 << bucket)
            for literal, _ in pairs:
                for place, some in enumerate(_leading(literal, fold)):
                    masks[place, [*some]] |= bit
        flat = [pair for pairs in dealt for pair in pairs]
        raw = [_bytes(literal) for literal, _ in flat]
        return cls(
            masks,
            _lanes(masks),
            np.cumsum([0, *map(len, dealt)]),
            np.cumsum([0, *map(len, raw)]),
            np.frombuffer(b"".join(raw), np.uint8).copy(),
            np.array([label for _, label in flat], np.int64),
            fold,
        )

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the kernels take."""
        return self.masks, self.lanes, self.buckets, self.offsets, self.data, self.labels, self.fold


def _bytes(literal: str) -> bytes:
    return literal.encode("utf-8", "surrogatepass")


def _leading(literal: str, fold: bool) -> list[set[int]]:
    """Bytes that can stand at each of the first places where a literal begins."""
    out: list[set[int]] = []
    for byte in _bytes(literal):
        if byte == 0x20:
            some = {b for b in range(256) if b >= 0x80 or chr(b).isspace()}
        else:
            some = {byte, ord(chr(byte).upper())} if byte < 0x80 and fold else {byte}
        if fold:
            some |= {*range(0x80, 0x100)}
            # What folds to one of these may have more bytes, and all that follows stands later.
            if out and {*b"isk"} & {*_bytes(literal[: len(out)])}:
                some |= out[-1]
        out.append(some)
        if byte == 0x20:  # of any length: nothing is known after it
            break
    return [*out, *[{*range(256)}] * DEPTH][:DEPTH]


def _lanes(masks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    out = np.zeros(256, np.uint64)
    for place in range(DEPTH):
        for bit in range(8):
            none = masks[place] >> np.uint64(8 * bit) & BYTE == 0
            out |= none.astype(np.uint64) << np.uint64(8 * place + bit)
    return out


@cache
def base_kinds() -> NDArray[np.uint8]:
    """Return what this Python says of code points: blanks, and of those below U+1100 letters and digits.

    Returns
    -------
    uint8 array, shape (0x10000,)
        The last blank is U+3000. Marks that a rule looks for get their bits in `dedup.text.credit.shapes`.
    """
    kinds = np.zeros(N_KINDS, np.uint8)
    for cp, sign in enumerate(map(chr, range(0x3001))):
        kinds[cp] = SPACE if sign.isspace() else 0
        if cp < 0x1100:
            kinds[cp] |= (ALNUM if sign.isalnum() else 0) | (LOWER if sign.islower() else 0)
    return kinds


@compiled
def kind_at(data, i, high, kinds):  # type: ignore[no-untyped-def]
    """Kind of the code point at byte i and its length in bytes."""
    byte = np.int64(data[i])
    if byte < 0x80:
        return kinds[byte], 1
    cp, size = _decode(data, i, high)
    return (kinds[cp] if cp < N_KINDS else np.uint8(0)), size


@compiled
def back(data, i, low):  # type: ignore[no-untyped-def]
    """Byte at which the code point before byte i begins; `low` at the start."""
    i -= 1
    while i > low and data[i] & 0xC0 == 0x80:
        i -= 1
    return max(i, low)


@compiled
def literal_end(data, i, high, literal, a, b, fold, kinds):  # type: ignore[no-untyped-def]
    """End of the literal ``literal[a:b]`` if it stands at byte i, else -1."""
    while a < b:
        wanted = np.int64(literal[a])
        a += 1
        if wanted == 0x20:
            blanks = 0
            while blanks < 2 and i < high:
                kind, size = kind_at(data, i, high, kinds)
                if kind & SPACE == 0:
                    break
                i += size
                blanks += 1
            if blanks == 0:
                return -1
            continue
        if i >= high:
            return -1
        byte = np.int64(data[i])
        if fold and 65 <= byte <= 90:
            byte += 32
        elif fold and byte >= 0x80 and byte != wanted:
            # What `re` holds for an i, s or k in another case: İ ı ſ and the Kelvin sign.
            cp, size = _decode(data, i, high)
            i_like = wanted == 105 and 0x130 <= cp <= 0x131
            if i_like or (wanted == 115 and cp == 0x17F) or (wanted == 107 and cp == 0x212A):
                byte = wanted
                i += size - 1
        if byte != wanted:
            return -1
        i += 1
    return i


@compiled
def buckets_at(data, i, high, masks):  # type: ignore[no-untyped-def]
    """Buckets of which a literal may begin at byte i, one bit each."""
    # One branch more, and numba counts the users of the arrays at every byte: ten times slower.
    if i + 3 < high:
        return masks[0, data[i]] & masks[1, data[i + 1]] & masks[2, data[i + 2]] & masks[3, data[i + 3]]
    return masks[0, data[i]]


@compiled
def labels_at(data, i, high, literals, kinds):  # type: ignore[no-untyped-def]
    """Labels, joined by OR, of the literals that stand at byte i and end by `high`."""
    masks, _, buckets, offsets, literal, labels, fold = literals
    out = 0
    found = buckets_at(data, i, high, masks)
    bucket = 0
    while found:
        while found & BYTE == 0:
            found >>= EIGHT
            bucket += 8
        if found & ONE:
            for k in range(buckets[bucket], buckets[bucket + 1]):
                if literal_end(data, i, high, literal, offsets[k], offsets[k + 1], fold, kinds) >= 0:
                    out |= labels[k]
        found >>= ONE
        bucket += 1
    return out


@compiled
def next_start(data, i, high, masks, lanes):  # type: ignore[no-untyped-def]
    """First byte from i on at which a literal may begin; `high` if none does."""
    # Shift-Or over all eight places at once (Baeza-Yates and Gonnet 1992): two loads a byte.
    state = _NONE
    for k in range(i, high):
        state = state << EIGHT | lanes[data[k]]
        if ~state >> _LAST_LANE:
            found = (
                masks[0, data[k - 7]] & masks[1, data[k - 6]] & masks[2, data[k - 5]] & masks[3, data[k - 4]]
            )
            if (
                found
                & masks[4, data[k - 3]]
                & masks[5, data[k - 2]]
                & masks[6, data[k - 1]]
                & masks[7, data[k]]
            ):
                return k - 7
    for k in range(max(i, high - 7), high):
        if masks[0, data[k]]:
            return k
    return high


@compiled
def labels_in(data, low, high, literals, kinds):  # type: ignore[no-untyped-def]
    """Labels, joined by OR, of the literals that stand anywhere in ``data[low:high]``."""
    masks, lanes = literals[0], literals[1]
    out = 0
    i = next_start(data, low, high, masks, lanes)
    while i < high:
        out |= labels_at(data, i, high, literals, kinds)
        i = next_start(data, i + 1, high, masks, lanes)
    return out
