"""Pairs of texts: which printings of the two lie near in time."""

from __future__ import annotations

import numpy as np

from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.graph import compiled
from dedup.engines.corpus import Ints


def near_groups(
    left: Ints, right: Ints, starts: Ints, spans: Ints, window_s: int | None
) -> tuple[Ints, Ints, Ints]:
    """Pairs of groups of the two texts of each edge that lie within the window.

    Groups of one text follow each other in time, so those near a group of the other text
    follow each other too: two texts republished every hour for years are no square.

    Parameters
    ----------
    left, right : int64 array, shape (m,)
        Edges between texts.
    starts : int64 array, shape (k + 1,)
        Text i has the groups ``starts[i]:starts[i + 1]``, by time; one at most without a window.
    spans : int64 array, shape (2, g)
        First and last time of each group; greatest integer and `UNKNOWN` for one without a date, which
        is then the only one of its text and is near everything.
    window_s : int, optional
        Greatest time between the nearest ends of two groups.

    Returns
    -------
    a, b : int64 array, shape (p,)
        Groups, a of the left text.
    edge : int64 array, shape (p,)
        The edge of each pair.
    """
    if window_s is None:
        edge = np.flatnonzero((starts[left + 1] > starts[left]) & (starts[right + 1] > starts[right]))
        return starts[left[edge]], starts[right[edge]], edge
    none = np.empty(0, np.int64)
    n = _scan_near(left, right, starts, spans[0], spans[1], window_s, none, none, none)
    a, b, edge = (np.empty(n, np.int64) for _ in range(3))
    _scan_near(left, right, starts, spans[0], spans[1], window_s, a, b, edge)
    return a, b, edge


@compiled
def _scan_near(left, right, starts, first, last, window, a, b, edge):  # type: ignore[no-untyped-def]
    """Count the pairs of groups within the window; write them down, if there is room."""
    n = 0
    for e in range(len(left)):
        low = starts[right[e]]
        end = starts[right[e] + 1]
        for mine in range(starts[left[e]], starts[left[e] + 1]):
            undated = last[mine] == UNKNOWN
            while low < end and not undated and last[low] != UNKNOWN and last[low] < first[mine] - window:
                low += 1
            for theirs in range(low, end):
                if not undated and last[theirs] != UNKNOWN and first[theirs] > last[mine] + window:
                    break
                if len(a):
                    a[n] = mine
                    b[n] = theirs
                    edge[n] = e
                n += 1
    return n
