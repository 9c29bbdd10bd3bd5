"""Charts in plain matplotlib (the extra ``charts``); each function returns a `Chart` with ``save``."""

from dedup.charts.chart import Chart
from dedup.charts.match import waterfall
from dedup.charts.recall import s_curve
from dedup.charts.scores import precision_recall, score_histogram
from dedup.charts.sizes import cluster_sizes
from dedup.charts.travel import outlet_matrix, pickup_curve

__all__ = [
    "Chart",
    "cluster_sizes",
    "outlet_matrix",
    "pickup_curve",
    "precision_recall",
    "s_curve",
    "score_histogram",
    "waterfall",
]
