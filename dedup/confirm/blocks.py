"""Blocks: which pairs to compare together, so that no more documents than fit in memory are made at a time.

A document is some sixteen bytes a word, and half of a feed may be in candidate
pairs. Copies of one story pair with each other and with little else, so texts
are put together along their pairs, the nearest first, until a chunk is full;
pairs between two chunks are compared with both in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def blocks(
    left: Ints, right: Ints, sizes: Ints, most: int, nearness: NDArray[np.uint16] | None = None
) -> Iterator[Ints]:
    """Group pairs into blocks.

    Parameters
    ----------
    left, right : int64 array, shape (p,)
        Nodes of each pair, numbered 0..n-1; a node may be paired with itself.
    sizes : int64 array, shape (n,)
        Words of each node.
    most : int
        Words of the texts of a block. A block may have up to four times as many, and more where a
        single text is longer.
    nearness : uint16 array, shape (p,), optional
        How alike the two texts are: the nearest are kept together first.

    Yields
    ------
    int64 array
        Rows of the pairs of a block; every pair is in one.
    """
    if not len(left):
        return
    nodes = np.unique(np.concatenate([left, right]))
    if int(sizes[nodes].sum()) <= most:
        yield np.arange(len(left))
        return
    a, b = np.searchsorted(nodes, left), np.searchsorted(nodes, right)
    chunk = _chunks(a, b, sizes[nodes], most, nearness)
    low, high = np.minimum(chunk[a], chunk[b]), np.maximum(chunk[a], chunk[b])
    order = np.lexsort((high, low))
    cuts = np.flatnonzero((np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)) + 1
    yield from np.split(order, cuts)


def _chunks(a: Ints, b: Ints, sizes: Ints, most: int, nearness: NDArray[np.uint16] | None) -> Ints:
    """Number the chunk of each node: nearest first, nodes are put together while they fit into one."""
    order = np.arange(len(a)) if nearness is None else np.argsort(-nearness.astype(np.int64), kind="stable")
    group = np.arange(len(sizes))
    _unite(a[order], b[order], sizes.astype(np.int64), most, group)
    by_group = np.argsort(group, kind="stable")
    before = np.cumsum(sizes[by_group]) - sizes[by_group]
    first = np.searchsorted(group[by_group], group[by_group])
    chunk = np.empty(len(sizes), np.int64)
    chunk[by_group] = before[first] // most
    return chunk


@njit(cache=True, nogil=True)
def _unite(a, b, sizes, most, group):  # type: ignore[no-untyped-def]
    """Write the group of each node: union-find (Tarjan 1975) that no group outgrows."""
    for i in range(len(a)):
        x = a[i]
        y = b[i]
        while group[x] != x:
            group[x] = group[group[x]]
            x = group[x]
        while group[y] != y:
            group[y] = group[group[y]]
            y = group[y]
        if x != y and sizes[x] + sizes[y] <= most:
            low, high = min(x, y), max(x, y)
            group[high] = low
            sizes[low] += sizes[high]
    for x in range(len(group)):
        y = x
        while group[y] != y:
            y = group[y]
        group[x] = y
