"""What the page needs beyond the tables of a report: texts, what holds a cluster together, whole outlets.

The page knows no index: whoever answers these four questions can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ties:
    """What holds each of m members in its cluster.

    Parameters
    ----------
    core : bool array, shape (m,)
        Whether it is the article the cluster was built around.
    score : float64 array, shape (m,)
        Score of the member's edge to that core: were it below the threshold, the member would not be here.
        1 for the core's own text.
    """

    core: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float64]


class ReportSource(Protocol):
    """Where the articles of a report come from."""

    @property
    def threshold(self) -> float:
        """Least score of an edge."""

    def ties(self, members: pa.Table) -> Ties:
        """Return what holds each row of a member table in its cluster."""

    def texts(self, members: pa.Table) -> Iterator[tuple[Ints, pa.Table]]:
        """Yield titles and texts of the members, a bounded number at a time.

        Yields
        ------
        rows : int64 array, shape (b,)
            Rows of `members`; in whatever order the texts are read fastest.
        table : pa.Table
            Columns ``title`` and ``text``, b rows.
        """

    def outlets(self) -> Mapping[str, int]:
        """Return how many articles of the run each outlet has, in clusters or not; "" for no outlet."""
