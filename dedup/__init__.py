"""Find syndicated (wire-derived) near-duplicates in news feeds.

MinHash/LSH over article shingles proposes pairs, a TF-IDF model confirms each
one, clusters are what is left. `Index` is the door; `dedup --help` the other one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.compare.texts import explain
    from dedup.estimator import SyndicationClusterer
    from dedup.feeds import read_feed
    from dedup.index.index import Index
    from dedup.scoring import score

__version__ = "0.1.0"

# Loaded when first used: `import dedup` must not cost a second for `dedup --help`.
_HOMES = {
    "Index": "dedup.index.index",
    "SyndicationClusterer": "dedup.estimator",
    "read_feed": "dedup.feeds",
    "explain": "dedup.compare.texts",
    "score": "dedup.scoring",
}

__all__ = ["Index", "SyndicationClusterer", "__version__", "explain", "read_feed", "score"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dedup' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
