"""Logs of campaigns: what was run, on which tree, for how long; and budgets of time.

The tree is Git's name of the folder ``dedup/`` (``git rev-parse HEAD:dedup``), so whoever has the repository
can see whether a log is of the code beside it. Where the folder differs from what is committed, or there is
no Git, it is a hash of the files.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dedup.index import faults

ROOT: Final = Path(__file__).resolve().parents[2]
LOGS: Final = ROOT / "tests" / "campaigns" / "logs"
_TREE: Final = "tree of dedup/: "


class Budget:
    """How long a campaign may go on, without minutes for ever; and the code it began with.

    Parameters
    ----------
    minutes : float, optional
    """

    def __init__(self, minutes: float | None) -> None:
        self.minutes = minutes
        self.tree = tree()
        self._began = time.monotonic()

    @property
    def spent(self) -> float:
        """Minutes since the beginning."""
        return (time.monotonic() - self._began) / 60

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.minutes is not None and self.spent >= self.minutes


def tree(root: Path = ROOT) -> str:
    """Return what names the code of ``dedup/``: its tree in Git, or a hash of its files."""
    name = _git(root, "rev-parse", "HEAD:dedup")
    if name and not _git(root, "status", "--porcelain", "--", "dedup"):
        return name
    digest = hashlib.blake2b(digest_size=20)
    for path in sorted((root / "dedup").rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"not committed, hash of its files {digest.hexdigest()}"


def tree_of(log: Path) -> str | None:
    """Return the tree that a log is of; None if it does not say."""
    for line in log.read_text(encoding="utf-8").splitlines():
        if line.startswith(_TREE):
            return line.removeprefix(_TREE)
    return None


def logged(
    command: str, lines: Sequence[str], budget: Budget, log: Path | None, passed: set[str] | None = None
) -> str:
    """Return a log, and write it to a file if there is one.

    Parameters
    ----------
    command : str
        What was typed.
    lines : sequence of str
        What came of it.
    budget : Budget
        For the time it took.
    log : Path, optional
    passed : set of str, optional
        Fault points that its commands pass, where they are counted.
    """
    known = set(faults.FAULT_POINTS)
    if passed is None:
        counted = "this campaign does not count which it passes"
    else:
        counted = f"{len(known & passed)} passed by the commands of this campaign"
    now = tree()
    if now != budget.tree:
        now = f"changed from {budget.tree} to {now} while it ran"
    points = f"{len(known)} fault points, {counted}"
    head = [command, f"{_TREE}{now}", points, f"{budget.spent:.1f} minutes"]
    text = "\n".join([*head, *lines]) + "\n"
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(text, encoding="utf-8")
    return text


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
