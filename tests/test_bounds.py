"""With NUMBA_BOUNDSCHECK=1 an index beyond the end is an error: `.ci/run` runs tests of kernels so.

Numba takes no notice of it in what it loads from its cache, so that run needs a cache of its own
(NUMBA_CACHE_DIR).
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from dedup.text.scan import hash_sequences

CHECKED = os.environ.get("NUMBA_BOUNDSCHECK") == "1"


@pytest.mark.skipif(not CHECKED, reason="bounds are checked with NUMBA_BOUNDSCHECK=1 only")
def test_bounds_are_checked() -> None:
    out = np.zeros(1, np.uint64)
    with pytest.raises(IndexError):
        hash_sequences(np.zeros(2, np.uint64), np.array([0, 5]), out)
