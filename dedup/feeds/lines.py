"""Lines out of blocks of bytes, with a bound on how long one can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

LONGEST_LINE: Final = 256 << 20
"""Bytes. A longer line is no article but a file without line breaks, and would fill the memory."""


def whole_lines(
    blocks: Iterable[bytes], longest: int = LONGEST_LINE, slack: int = 0
) -> Iterator[tuple[bytes, list[int]]]:
    r"""Yield the lines of each block together; a line that spans blocks comes with the last of them.

    Parameters
    ----------
    blocks : iterable of bytes
        The file in pieces, cut anywhere.
    longest : int
        Bytes; a longer line is dropped as it comes, never held whole.
    slack : int
        So many NUL bytes are appended, for kernels that read ahead.

    Yields
    ------
    lines : bytes
        Each with its ``\n``, but for the last of the file; a dropped line is empty here.
    dropped : list of int
        Which of them, from 0, were too long.
    """
    begun: list[bytes] = []  # the line that the last blocks began
    size = 0
    too_long = False
    padding = bytes(slack)
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            dropped: list[int] = []
            start = 0
            first = block.find(b"\n")
            if too_long or size + first > longest:
                dropped.append(0)
                begun, start = [], first
            pieces: list[bytes | memoryview] = [*begun, memoryview(block)[start:cut]]
            if len(block) > longest:
                lines = b"".join(pieces).split(b"\n")
                for at, line in enumerate(lines):
                    if len(line) > longest:
                        dropped.append(at)
                        lines[at] = b""
                pieces = [b"\n".join(lines)]
            begun, size, too_long = [], 0, False
            yield b"".join([*pieces, padding]), dropped
        size += len(block) - cut
        if size > longest:
            begun, too_long = [], True
        elif cut < len(block):
            begun.append(block[cut:])
    if begun or too_long:
        yield b"".join([*begun, padding]), [0] if too_long else []


def line_groups(
    blocks: Iterable[bytes], longest: int = LONGEST_LINE
) -> Iterator[tuple[int, list[bytes], list[int]]]:
    r"""Yield what `whole_lines` does, as a list without ``\n``, with line numbers.

    Yields
    ------
    first : int
        1-based number of the first line of `lines`.
    lines : list of bytes
    dropped : list of int
        Numbers of the lines that were too long.
    """
    number = 1
    for data, dropped in whole_lines(blocks, longest):
        lines = data.split(b"\n")
        if data.endswith(b"\n"):
            lines.pop()
        yield number, lines, [number + at for at in dropped]
        number += len(lines)
