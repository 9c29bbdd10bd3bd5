"""Lines out of blocks of bytes, with a bound on how long one can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

LONGEST_LINE: Final = 256 << 20
"""Bytes. A longer line is no article but a file without line breaks, and would fill the memory."""


def line_groups(
    blocks: Iterable[bytes], longest: int = LONGEST_LINE
) -> Iterator[tuple[int, list[bytes], list[int]]]:
    r"""Yield the lines of each block together; a line that spans blocks comes with the last of them.

    Parameters
    ----------
    blocks : iterable of bytes
        The file in pieces, cut anywhere.
    longest : int
        Bytes; a longer line is dropped as it comes, never held whole.

    Yields
    ------
    first : int
        1-based number of the first line of `lines`.
    lines : list of bytes
        Without the ``\n``; a dropped line is empty here.
    dropped : list of int
        Numbers of the lines that were too long.
    """
    number = 1
    begun: list[bytes] = []  # the line that the last blocks began
    size = 0
    too_long = False
    for block in blocks:
        lines = block.split(b"\n")
        dropped: list[int] = []
        tail = lines.pop()
        if lines:
            if too_long or size + len(lines[0]) > longest:
                dropped.append(number)
                lines[0] = b""
            elif begun:
                lines[0] = b"".join([*begun, lines[0]])
            begun, size, too_long = [], 0, False
            if len(block) > longest:
                for at, line in enumerate(lines):
                    if len(line) > longest and number + at not in dropped:
                        dropped.append(number + at)
                        lines[at] = b""
            yield number, lines, dropped
            number += len(lines)
        size += len(tail)
        if size > longest:
            begun, too_long = [], True
        elif tail:
            begun.append(tail)
    if begun or too_long:
        yield number, [b"".join(begun)], [number] if too_long else []
