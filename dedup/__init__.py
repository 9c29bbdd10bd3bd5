"""Find syndicated (wire-derived) near-duplicates in news feeds.

MinHash/LSH over article shingles proposes pairs, a TF-IDF model confirms each
one, clusters are what is left. `Index` is the door; `dedup --help` the other one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.compare.texts import explain
    from dedup.engines.spark.engine import SparkEngine as SparkEngine
    from dedup.estimator import SyndicationClusterer
    from dedup.feeds import read_feed
    from dedup.index.index import Index
    from dedup.scoring import score
    from dedup.text.credit import find_credit, find_credits, load_agencies

__version__ = "0.1.0"

# Loaded when first used: `import dedup` must not cost a second for `dedup --help`.
_HOMES = {
    "Index": "dedup.index.index",
    "SparkEngine": "dedup.engines.spark.engine",  # needs dedup[spark], so it is none of `__all__`
    "SyndicationClusterer": "dedup.estimator",
    "find_credit": "dedup.text.credit",
    "find_credits": "dedup.text.credit",
    "load_agencies": "dedup.text.credit",
    "read_feed": "dedup.feeds",
    "explain": "dedup.compare.texts",
    "score": "dedup.scoring",
}

__all__ = [
    "Index",
    "SyndicationClusterer",
    "__version__",
    "explain",
    "find_credit",
    "find_credits",
    "load_agencies",
    "read_feed",
    "score",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dedup' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
