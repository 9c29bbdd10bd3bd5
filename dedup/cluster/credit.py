"""What agency a cluster comes from, by the credits of its members: each is a vote.

An outlet that prints agency copy says so, says nothing, or says it wrongly, so the members of a cluster know
more together than each alone. What decides, in this order:

1. A named agency before "agencies" in general.
2. An agency on whose own site a member stands: it is the origin. Not so a publisher that sells its copy and
   prints others' (`Agency.publisher`): what stands there counts as likely.
3. Credits: 2 for a sure one, 1 for a likely one. Hints say that agency copy is *part* of a text; they
   decide only between agencies that have nothing better.
4. The agency credited in the earliest member; then the name.

All credits are told, the one decided for first ("Reuters 5, AP 2"): a story that two agencies claim is often
one agency's report that the other took up, and sometimes a wrong grouping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NONE: Final = -1
"""No agency; no tier."""

_SURE, _LIKELY, _HINT = range(3)
_LAST: Final = np.iinfo(np.int64).max


def counts_told(told: str | None) -> dict[str, int]:
    """Return what `ClusterCredits.told` says as data, in its order; what has no number is left out.

    Examples
    --------
    >>> counts_told("Reuters 5, AP 2")
    {'Reuters': 5, 'AP': 2}
    """
    sides = (side.rpartition(" ") for side in (told or "").split(", ") if side)
    return {name: int(number) for name, _, number in sides if name and number.isdecimal()}


@dataclass(frozen=True, slots=True)
class Votes:
    """The credits of the members of all clusters.

    Parameters
    ----------
    cluster : int array, shape (m,)
        Cluster of each member, 0 <= c < k.
    agency : int array, shape (m,)
        Place of the agency among the names, `NONE` without a credit.
    tier : int array, shape (m,)
        0 sure, 1 likely, 2 hint.
    origin : bool array, shape (m,)
        Whether the member stands on that agency's own site, and that agency prints nobody else's copy.
    published_s : int array, shape (m,)
        Seconds since 1970, `dedup.cluster.canonical.UNKNOWN` where unknown.
    """

    cluster: Ints
    agency: Ints
    tier: Ints
    origin: Bools
    published_s: Ints


@dataclass(frozen=True, slots=True)
class ClusterCredits:
    """What each cluster is credited to.

    Parameters
    ----------
    agency, tier : int array, shape (k,)
        `NONE` where no member has a credit. The tier is the best that a member has for that agency.
    told : list of (str or None), length k
        Every agency and how many members credit it: "Reuters 5, AP 2".
    """

    agency: Ints
    tier: Ints
    told: list[str | None]


def cluster_credits(votes: Votes, names: list[str], general: Bools, n_clusters: int) -> ClusterCredits:
    """Return what each cluster is credited to.

    Parameters
    ----------
    votes : Votes
    names : list of str, length a
        Of the agencies.
    general : bool array, shape (a,)
        Entries that stand for agencies in general.
    n_clusters : int
    """
    agency = np.full(n_clusters, NONE, np.int64)
    tier = np.full(n_clusters, NONE, np.int64)
    told: list[str | None] = [None] * n_clusters
    given = np.flatnonzero(votes.agency >= 0)
    if not len(given):
        return ClusterCredits(agency, tier, told)
    sides, of = np.unique(votes.cluster[given] * len(names) + votes.agency[given], return_inverse=True)
    n = len(sides)
    voted = votes.tier[given]
    # A date that is unknown never makes an agency the first.
    times = votes.published_s[given]
    times = np.where(times == UNKNOWN, _LAST, times)
    first = np.full(n, _LAST)
    np.minimum.at(first, of, times)
    best = np.full(n, _HINT)
    np.minimum.at(best, of, voted)
    weight = np.bincount(of, np.where(voted == _SURE, 2, np.where(voted == _LIKELY, 1, 0)), n)
    number = np.bincount(of, minlength=n)
    origin = np.bincount(of, votes.origin[given], n) > 0
    cluster, side = np.divmod(sides, len(names))
    alphabetical = np.argsort(np.argsort(np.array(names)))
    order = np.lexsort((alphabetical[side], first, -number, -weight, ~origin, general[side], cluster))
    for place in order.tolist():
        at, who = int(cluster[place]), int(side[place])
        said = f"{names[who]} {number[place]}"
        before = told[at]
        if before is None:
            agency[at], tier[at], told[at] = who, best[place], said
        else:
            told[at] = f"{before}, {said}"
    return ClusterCredits(agency, tier, told)
