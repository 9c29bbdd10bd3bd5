"""What a check of an index found, and what a repair did about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OnStage = Callable[[str, int, int], None]
"""Gets the name of a stage, and how much of how much is done."""


@dataclass(frozen=True, slots=True, order=True)
class Damage:
    """One thing that is wrong.

    Parameters
    ----------
    file : str
        Path in the index folder.
    reason : str
        What is wrong with it.
    kind : {"folder", "catalog", "manifest", "part", "sketch", "epoch", "run"}
        What must be repaired.
    name : str
        Number of the part or run, or hash of the epoch; empty for the others.
    """

    file: str
    reason: str
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was checked and what is wrong.

    Parameters
    ----------
    path : Path
        The index.
    checked : tuple of str
        One line for each kind of thing that was looked at.
    damage : tuple of Damage
        By file.
    notes : tuple of str
        What does no harm: files of a killed writer, files that are not the index's.
    """

    path: Path
    checked: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage

    def names(self, kind: str) -> list[str]:
        """Return the names of the damaged things of a kind, each once."""
        return sorted({one.name for one in self.damage if one.kind == kind})


@dataclass(frozen=True, slots=True)
class Dropped:
    """One text a repair had to drop, told by what could still be read of it.

    Parameters
    ----------
    article_id : str
        The feed's id, else the key as 16 hex digits; empty if neither could be read.
    outlet, url, file : str or None
    line : int or None
        Where the record stood in its feed.
    part : int
        Number of the part it lay in.
    current : bool or None
        Whether it was the text that is clustered, not an older version; None where nothing tells.
    """

    article_id: str
    outlet: str | None
    url: str | None
    file: str | None
    line: int | None
    part: int
    current: bool | None


OnDropped = Callable[[Sequence[Dropped]], None]
"""Gets texts that are about to be dropped."""


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair found, did and left.

    Parameters
    ----------
    before : CheckReport
        The index as it was found.
    done : tuple of str
        What was done, one line each.
    lost : tuple of str
        What could not be brought back besides articles.
    dropped : tuple of Dropped
        Texts that are gone.
    after : CheckReport
        The index as it is now.
    """

    before: CheckReport
    done: tuple[str, ...]
    lost: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    after: CheckReport


@dataclass(slots=True)
class Findings:
    """A report being made."""

    checked: list[str] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self, path: Path) -> CheckReport:
        """Return it as it stands."""
        return CheckReport(path, tuple(self.checked), tuple(sorted(set(self.damage))), tuple(self.notes))
