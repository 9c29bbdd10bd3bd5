"""Where the elements of a JSON array end, as its bytes come in: each becomes a line.

Only quotes and brackets are looked at, so this says nothing about what stands between them; an
element that is no JSON is found out by whoever parses the line. A line break between the tokens of an
element becomes a space. One inside a string, which JSON forbids, becomes a vertical tab, which it
forbids as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from dedup.feeds.vectors import SLACK, copy_some, first_bit, string_stops

BETWEEN: Final = 0
INSIDE: Final = 1
STRING: Final = 2
ESCAPE: Final = 3
SCALAR: Final = 4
"""Where in the array the bytes are: between elements, in an object or array, in a string, after a
backslash in one, in a number or word."""

CLOSED: Final = 5
BROKEN: Final = 6
"""The array has ended; what follows is neither an element nor the end of the array."""

_MODE, _DEPTH, _LINE, _BEGUN, _COUNT, _POSITION = range(6)

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


class ElementScan:
    """Takes in the bytes of an array, from behind its bracket on.

    Parameters
    ----------
    line : int
        1-based line of the file in which the array begins.

    Attributes
    ----------
    mode : int
        `BETWEEN` to `BROKEN`.
    line, begun : int
        The line reached, and that in which the last element began.
    count : int
        Elements begun so far.
    """

    def __init__(self, line: int) -> None:
        self._state = np.array([BETWEEN, 0, line, line, 0, 0], dtype=np.int64)

    def take(self, block: bytes) -> tuple[bytes, int]:
        r"""Take in a block.

        Returns
        -------
        lines : bytes
            The elements in it, each followed by ``\n``; the last may go on in the next block.
        position : int
            Where the array has ended or is broken; else the size of the block.
        """
        size = len(block)
        data = np.frombuffer(block + bytes(SLACK), dtype=np.uint8)
        out = np.empty(size + size // 2 + SLACK + 2, dtype=np.uint8)
        filled = _copy_elements(data, size, out, self._state)
        return out[:filled].tobytes(), int(self._state[_POSITION])

    @property
    def mode(self) -> int:
        """Where the bytes taken in last have left off."""
        return int(self._state[_MODE])

    @property
    def line(self) -> int:
        """1-based line of the file that is reached."""
        return int(self._state[_LINE])

    @property
    def begun(self) -> int:
        """Line in which the last element began."""
        return int(self._state[_BEGUN])

    @property
    def count(self) -> int:
        """Elements begun so far."""
        return int(self._state[_COUNT])


def value_end(data: npt.NDArray[np.uint8], at: int, size: int) -> int:
    """Return where the object, array or string that begins at `at` ends; -1: not within `size`.

    Parameters
    ----------
    data : uint8 array
        Followed by `SLACK` bytes.
    """
    end: int = _value_end(data, at, size)
    return end


@_compiled
def _copy_elements(data, size, out, state):  # type: ignore[no-untyped-def]
    mode, depth, line, begun, count = state[0], state[1], state[2], state[3], state[4]
    at = 0
    filled = 0
    while at < size and mode < CLOSED:
        byte = data[at]
        if mode == STRING:
            stops = string_stops(data, at)
            run = 32 if stops == 0 else first_bit(stops)
            run = min(run, size - at)
            copy_some(out, filled, data, at)
            filled += run
            at += run
            if at >= size or run == 32:
                continue
            byte = data[at]
            at += 1
            if byte == 0x22:
                out[filled] = byte
                filled += 1
                mode = INSIDE
                if depth == 0:
                    out[filled] = 0x0A
                    filled += 1
                    mode = BETWEEN
            elif byte == 0x5C:
                out[filled] = byte
                filled += 1
                mode = ESCAPE
            else:
                line += byte == 0x0A
                out[filled] = np.uint8(0x0B) if byte == 0x0A else byte
                filled += 1
        elif mode == INSIDE:
            at += 1
            if byte == 0x0A:
                line += 1
                byte = np.uint8(0x20)
            out[filled] = byte
            filled += 1
            if byte == 0x22:
                mode = STRING
            elif byte == 0x7B or byte == 0x5B:
                depth += 1
            elif byte == 0x7D or byte == 0x5D:
                depth -= 1
                if depth == 0:
                    out[filled] = 0x0A
                    filled += 1
                    mode = BETWEEN
        elif mode == ESCAPE:
            at += 1
            line += byte == 0x0A
            out[filled] = np.uint8(0x0B) if byte == 0x0A else byte
            filled += 1
            mode = STRING
        elif byte == 0x2C or byte == 0x5D or byte == 0x20 or 0x09 <= byte <= 0x0D:
            if mode == SCALAR:
                out[filled] = 0x0A
                filled += 1
                mode = BETWEEN
            line += byte == 0x0A
            at += 1
            if byte == 0x5D:
                mode = CLOSED
        elif mode == SCALAR:
            out[filled] = byte
            filled += 1
            at += 1
        else:
            if byte == 0x7B or byte == 0x5B:
                mode = INSIDE
                depth = 1
            elif byte == 0x22:
                mode = STRING
                depth = 0
            elif (
                byte == 0x2D
                or 0x30 <= byte <= 0x39
                or byte == 0x74
                or byte == 0x66
                or byte == 0x6E
                or byte == 0x4E
                or byte == 0x49
            ):
                mode = SCALAR
            else:
                mode = BROKEN
                break
            begun = line
            count += 1
            out[filled] = byte
            filled += 1
            at += 1
    state[0], state[1], state[2], state[3], state[4], state[5] = mode, depth, line, begun, count, at
    return filled


@_compiled
def _value_end(data, at, size):  # type: ignore[no-untyped-def]
    depth = 0
    while at < size:
        byte = data[at]
        at += 1
        if byte == 0x22:
            while True:
                stops = string_stops(data, at)
                at += 32 if stops == 0 else first_bit(stops)
                if at >= size:
                    return -1
                if stops == 0:
                    continue
                if data[at] == 0x22:
                    at += 1
                    break
                at += 2 if data[at] == 0x5C else 1
            if depth == 0:
                return at
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth <= 0:
                return at
    return -1
