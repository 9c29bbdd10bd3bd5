"""The canonical article of a cluster: the one the others are described against.

The earliest published; among those that no other certainly precedes, the
agency's own, then the longest, then the smaller key. Two times are compared at
the coarser of their precisions: "25 November" is neither before nor after
"25 November 14:00". A missing or implausible date never wins.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.graph import Ints

UNKNOWN: Final = np.iinfo(np.int64).min
"""Published time, in seconds since 1970, of an article without a date."""

_EARLIEST: Final = -5_364_662_400  # 1800-01-01, in seconds


def plausible_times(published_s: Ints) -> Ints:
    """Replace implausible times by `UNKNOWN`.

    Parameters
    ----------
    published_s : int64 array, shape (n,)
        Seconds since 1970 UTC, or `UNKNOWN`.

    Returns
    -------
    int64 array, shape (n,)
        A time of exactly zero is a default somebody forgot to fill in, not midnight of 1 January 1970.
    """
    bad = (published_s == 0) | (published_s < _EARLIEST)
    times: Ints = np.where(bad, UNKNOWN, published_s)
    return times


def choose_canonical(
    cluster: Ints, published_s: Ints, precision_s: Ints, own: NDArray[np.bool_], length: Ints, keys: Ints
) -> Ints:
    """Choose one article per cluster.

    Parameters
    ----------
    cluster : int64 array, shape (n,)
        Cluster number 0..k-1 of each article; every number occurs.
    published_s : int64 array, shape (n,)
        Seconds since 1970 UTC, `UNKNOWN` where missing or implausible.
    precision_s : int64 array, shape (n,)
        Seconds the time is good to, 1 or more.
    own : bool array, shape (n,)
        Whether the outlet is the agency itself.
    length : int64 array, shape (n,)
        Words of the text.
    keys : int64 array, shape (n,)
        Article keys, distinct.

    Returns
    -------
    int64 array, shape (k,)
        Row of the canonical article of each cluster.
    """
    preceded = published_s == UNKNOWN
    for other in np.unique(precision_s):
        of_class = (precision_s == other) & ~(published_s == UNKNOWN)
        for mine in np.unique(precision_s):
            coarser = int(max(other, mine))
            floor = published_s // coarser
            first = np.full(int(cluster.max(initial=-1)) + 1, np.iinfo(np.int64).max)
            np.minimum.at(first, cluster[of_class], floor[of_class])
            preceded |= (precision_s == mine) & (first[cluster] < floor)
    order = np.lexsort((keys, -length, ~own, preceded, cluster))
    return np.asarray(
        order[np.append(True, cluster[order][1:] != cluster[order][:-1])[: len(order)]], np.int64
    )
