"""What must be gone when the process ends, even if it ends at once.

Whoever makes a temporary folder or file removes it; where that is not waited
for (`dedup.cli.interrupt`), it is looked up here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_paths: set[str] = set()


@contextmanager
def passing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Note that `path` goes away with the block, which removes it itself."""
    name = os.path.abspath(path)
    _paths.add(name)
    try:
        yield
    finally:
        _paths.discard(name)


def remove_leftovers() -> None:
    """Remove now what is noted; what cannot be removed stays."""
    for path in sorted(_paths):
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            os.unlink(path)
