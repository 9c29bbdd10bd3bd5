"""Stage F, who meets whom: texts are dealt into groups, and every two groups meet in one partition.

A text shares a bucket with strangers in dozens of bands. Sent to the partition of each such bucket,
signatures would be copied to nearly every partition, and each partition would hold nearly all texts. Dealt
into g groups, every two of which meet in a partition, in all bands at once, a text is sent g times, and a
partition holds two parts in g of all texts; with n partitions g is about the square root of 2n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dedup.engines.spark.packets import Hashes, Ints

_GROUP_MIX: Final = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Deal:
    """How texts are dealt into groups, and which two groups meet in which partition.

    Parameters
    ----------
    n_groups : int
    pairs : tuple of (int, int)
        By partition the two groups that meet there.
    alone : tuple of tuple of int
        By partition the groups that are paired within themselves there: two, so that it is as much work.
    """

    n_groups: int
    pairs: tuple[tuple[int, int] | None, ...]
    alone: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, n_partitions: int) -> Deal:
        """Deal texts into as many groups as keep every partition at work of one kind."""
        g = 1
        while (g + 1) * g // 2 + (g + 2) // 2 <= n_partitions:
            g += 1
        pairs: list[tuple[int, int] | None] = [(a, b) for a in range(g) for b in range(a + 1, g)]
        alone: list[tuple[int, ...]] = [()] * len(pairs)
        for a in range(0, g, 2):
            pairs.append(None)
            alone.append(tuple(range(a, min(a + 2, g))))
        spare = n_partitions - len(pairs)
        pairs += [None] * spare
        alone += [()] * spare
        return cls(g, tuple(pairs), tuple(alone))

    def group_of(self, hashes: Hashes) -> Ints:
        """Return the group of each text, by other bits than its partition."""
        mixed = hashes * _GROUP_MIX
        return ((mixed >> np.uint64(32)) % np.uint64(self.n_groups)).astype(np.int64)

    def partitions_of(self, group: int) -> list[int]:
        """Return the partitions that a group is sent to."""
        return [
            to
            for to, (pair, alone) in enumerate(zip(self.pairs, self.alone, strict=True))
            if group in (pair or ()) or group in alone
        ]
