"""How large clusters are, on logarithmic axes: many pairs, few stories that everybody carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from dedup.charts.chart import BLUE, GREY, Chart, drawing
from dedup.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from dedup.report.schema import ClusterReport


_NARROW: Final = 300  # below it there is room for ticks between the powers of ten


def cluster_sizes(clusters: pd.DataFrame | ClusterReport) -> Chart:
    """Draw how many clusters are of each size, and how many of that size or more.

    Parameters
    ----------
    clusters : pandas.DataFrame or ClusterReport
        One row per member, as `Index.clusters` gives them.

    Returns
    -------
    Chart

    Raises
    ------
    SettingsError
        If there are no clusters.
    """
    import pandas as pd

    frame = clusters if isinstance(clusters, pd.DataFrame) else clusters.members.to_pandas()
    sizes = frame.drop_duplicates("cluster_id")["size"].to_numpy(np.int64)
    if not len(sizes):
        raise SettingsError("no cluster sizes: there are no clusters")
    size, number = np.unique(sizes, return_counts=True)
    more = number[::-1].cumsum()[::-1]
    with drawing() as (chart, (axes,)):
        axes.loglog(size, number, "o", color=BLUE, markersize=5, label="of this size")
        axes.loglog(size, more, "-", drawstyle="steps-pre", color=GREY, label="of this size or more")
        top = int(size.max())
        ticks = [n for n in (2, 3, 4, 5, 7, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
                 if n <= top * 1.3]  # fmt: skip
        # Where the range is wide, every other number between 2 and 10 would touch its neighbour.
        ticks = [n for n in ticks if top <= 60 or n not in (3, 4, 7)]
        axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
        steps = (1, 2, 5) if more.max() < _NARROW else (1,)
        high = [step * 10**power for power in range(7) for step in steps]
        high = [n for n in high if n <= more.max() * 1.3]
        axes.set_yticks(high, [f"{n:,}" for n in high])
        axes.minorticks_off()
        axes.set_xlim(1.8, max(top * 1.15, 3))
        axes.set(
            xlabel="articles in the cluster", ylabel="clusters",
            title=f"{len(sizes):,} clusters, {int(sizes.sum()):,} articles, the largest of {top:,}",
        )  # fmt: skip
        axes.legend(loc="upper right")
    return chart
