"""Blocks: which pairs to compare together, so that no more documents than fit in memory are made at a time.

A document is some fifteen bytes a word, and half of a feed may be in candidate
pairs. Copies of one story pair with each other and with little else, so pairs
are taken by connected component of their graph, several small components to a
block. A component too large for one block is cut into chunks of texts, and
pairs between two chunks are compared with both in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def blocks(left: Ints, right: Ints, sizes: Ints, most: int) -> Iterator[Ints]:
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
    chunk = _chunks(a, b, sizes[nodes], most)
    low, high = np.minimum(chunk[a], chunk[b]), np.maximum(chunk[a], chunk[b])
    order = np.lexsort((high, low))
    cuts = np.flatnonzero((np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)) + 1
    yield from np.split(order, cuts)


def _chunks(a: Ints, b: Ints, sizes: Ints, most: int) -> Ints:
    """Number the chunk of each node: a component that fits is in one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(sizes)
    graph = coo_array((np.ones(len(a), np.bool_), (a, b)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    order = np.argsort(component, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    of_component = np.bincount(component, weights=sizes).astype(np.int64)
    # Where its component begins, if that fits into a chunk; else where it stands itself.
    first = np.searchsorted(component[order], component[order])
    place = np.where(of_component[component[order]] <= most, before[first], before)
    chunk = np.empty(n, np.int64)
    chunk[order] = place // most
    return chunk
