"""A source out of blocks, for tests that look at one reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class MadeSource:
    """What a reader of text needs of a `Source`."""

    path = "feed"

    def __init__(self, blocks: Sequence[bytes]) -> None:
        self._blocks = blocks

    def blocks(self) -> Iterator[bytes]:
        yield from self._blocks


def made_source(*blocks: bytes) -> Any:
    return MadeSource(blocks)
