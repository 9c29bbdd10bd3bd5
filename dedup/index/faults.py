"""Fault points: named places where a test can have the process killed.

So "killed at any point" is a list and not a hope. Nothing happens at them unless the environment variable
``DEDUP_FAULT`` is set, which only tests do.
"""

from __future__ import annotations

import os
import signal
from typing import Final

_FILES: Final = ("articles", "sketch", "epoch", "table", "manifest")
_FILE_STEPS: Final = ("begin", "open", "write", "wrote", "written", "fsynced")
_REPLACED_STEPS: Final = ("replace", "renamed", "settled")
_TRANSACTIONS: Final = ("part", "epoch", "run", "load", "keep")
_TRANSACTION_STEPS: Final = ("begin", "filled", "committed")

INDEX_POINTS: Final = (
    "create-begin",
    "create-locked",
    "create-folders",
    "create-catalog",
    "create-manifest",
    "create-renamed",
    "create-fsynced",
    *(f"{file}-{step}" for file in _FILES for step in _FILE_STEPS),
    *(f"manifest-{step}" for step in _REPLACED_STEPS),
    "epoch-folder",
    "epoch-complete",
    "table-folder",
    "table-complete",
    "staging-fsync",
    "staging-fsynced",
    *(f"transaction-{kind}-{step}" for kind in _TRANSACTIONS for step in _TRANSACTION_STEPS),
    "publish-begin",
    "publish-rename",
    "publish-renamed",
    "publish-fsync",
    "publish-fsynced",
    "prune-begin",
    "prune-remove",
    "prune-removed",
    "recover-begin",
    "recover-done",
    "close-begin",
    "close-done",
)
"""Fault points of whatever writes to an index: before and after each write, fsync, rename and commit."""

EXPORT_POINTS: Final = tuple(f"export-{step}" for step in (*_FILE_STEPS, *_REPLACED_STEPS))
"""Fault points of a file that ``-o`` replaces."""

TEMPORARY_POINTS: Final = ("temporary-made", "temporary-locked", "temporary-remove", "temporary-removed")
"""Fault points of an index that lives for one command."""

REPAIR_POINTS: Final = (
    "repair-begin",
    *(f"transaction-repair-{step}" for step in _TRANSACTION_STEPS),
    *(f"repaired-{step}" for step in _FILE_STEPS),
    "repaired-replace",
    "repaired-renamed",
    "repair-remove",
    "repair-removed",
    "rebuild-catalog",
    "rebuild-promised",
    "rebuild-log",
    "rebuild-renamed",
    "repair-done",
)
"""Fault points of ``dedup check --repair``, besides those of `INDEX_POINTS` it passes."""

FAULT_POINTS: Final = (*INDEX_POINTS, *EXPORT_POINTS, *TEMPORARY_POINTS, *REPAIR_POINTS)
"""Names `fault` is called with; a test kills the process at each of them."""

_hits: dict[str, int] = {}


def fault(name: str) -> None:
    """Kill this process here if the environment asks for it; otherwise do nothing.

    ``DEDUP_FAULT=name`` kills at the first passage, ``DEDUP_FAULT=name:3`` at
    the third. SIGKILL, because nothing (no ``finally``, no flush) may run after it.

    Parameters
    ----------
    name : str
        One of `FAULT_POINTS`.
    """
    wanted = os.environ.get("DEDUP_FAULT")
    if not wanted:
        return
    place, _, nth = wanted.partition(":")
    if place == name:
        _hits[name] = _hits.get(name, 0) + 1
        if _hits[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def watching() -> bool:
    """Whether the environment asks for anything, so that a caller may spare itself a million questions."""
    return bool(os.environ.get("DEDUP_FAULT"))
