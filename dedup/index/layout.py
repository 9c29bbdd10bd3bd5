"""Where everything lies in an index folder, and how a reader finds it.

Things are made in ``staging/`` under a name that tells their final place.
Between the transaction that commits a thing and its rename it still lies in
staging, so a reader asks the final place, then staging, then the final place
again (it may have been renamed between the two looks).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from dedup.errors import DAMAGED, IndexFolderError

T = TypeVar("T")

REBUILT: Final = "catalog.rebuilt"
_STAGED: Final = re.compile(r"(?P<kind>part|run|epoch)-(?P<name>[0-9a-f]+)(?P<suffix>\.parquet|\.sketch|)")


@dataclass(frozen=True, slots=True)
class Thing:
    """One file or folder that a transaction commits: what it is and where it belongs.

    Parameters
    ----------
    kind : str
        "part", "run" or "epoch".
    name : str
        Part or run number (decimal), or epoch hash.
    staged, final : Path
        Where it is made, and where it stays.
    """

    kind: str
    name: str
    staged: Path
    final: Path

    def read(self, opener: Callable[[Path], T], inside: str = "") -> T:
        """Call `opener` with the path where the thing lies now.

        Parameters
        ----------
        opener : callable
            Takes a path, raises FileNotFoundError if nothing is there.
        inside : str
            A file in the thing, if that is a folder.

        Raises
        ------
        IndexFolderError
            If it is in neither place.
        """
        for place in (self.final, self.staged, self.final):
            try:
                return opener(place / inside if inside else place)
            except (FileNotFoundError, NotADirectoryError):
                continue
        missing = self.final / inside if inside else self.final
        raise IndexFolderError(
            f"{missing} is missing though the catalog lists it",
            DAMAGED,
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one index folder."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The SQLite file; the folder is an index once this name exists."""
        return self.root / "catalog.sqlite"

    @property
    def unfinished_catalog(self) -> Path:
        """The catalog while the index is being created."""
        return self.staging / "catalog.sqlite"

    @property
    def rebuilt_catalog(self) -> Path:
        """A catalog that was made anew and counts, but is not in its place yet (`dedup.index.rebuilt`)."""
        return self.root / REBUILT

    @property
    def told_dropped(self) -> Path:
        """What a repair that has not ended is dropping."""
        return self.root / "repair.json"

    @property
    def lost_catalog(self) -> bool:
        """Whether this is no folder of feeds but an index without its catalog, which a repair makes anew."""
        parts = self.root / "articles"
        return (
            self.manifest.is_file()
            and not self.catalog.exists()
            and not self.rebuilt_catalog.exists()
            and any(parts.glob("part-*.parquet"))
        )

    @property
    def manifest(self) -> Path:
        """The list of live parts for readers without SQLite."""
        return self.root / "manifest.json"

    @property
    def lock(self) -> Path:
        """The file a writer locks."""
        return self.root / "writer.lock"

    @property
    def staging(self) -> Path:
        """Where things are made."""
        return self.root / "staging"

    @property
    def runs(self) -> Path:
        """Where runs lie."""
        return self.root / "runs"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders of an index."""
        return tuple(self.root / name for name in ("staging", "articles", "sketches", "runs", "epochs"))

    def own_names(self) -> frozenset[str]:
        """Names a creation that was killed may have left in an otherwise empty folder."""
        return frozenset({*(folder.name for folder in self.folders), self.lock.name, self.manifest.name})

    def articles(self, number: int) -> Thing:
        """Return the Parquet file of part `number`."""
        return self._thing(
            "part", f"{number:06d}", ".parquet", self.root / "articles" / f"part-{number:06d}.parquet"
        )

    def sketch(self, number: int) -> Thing:
        """Return the array file of part `number`."""
        return self._thing(
            "part", f"{number:06d}", ".sketch", self.root / "sketches" / f"part-{number:06d}.sketch"
        )

    def run(self, number: int) -> Thing:
        """Return the folder of run `number`."""
        return self._thing("run", f"{number:06d}", "", self.root / "runs" / f"{number:06d}")

    def epoch(self, digest: str) -> Thing:
        """Return the folder of the epoch with that content hash."""
        return self._thing("epoch", digest, "", self.root / "epochs" / digest)

    def _thing(self, kind: str, name: str, suffix: str, final: Path) -> Thing:
        return Thing(kind, name, self.staging / f"{kind}-{name}{suffix}", final)

    def staged_thing(self, path: Path) -> Thing | None:
        """Tell what a path in staging is; None for anything else that lies there."""
        match = _STAGED.fullmatch(path.name)
        if match is None:
            return None
        kind, name, suffix = match["kind"], match["name"], match["suffix"]
        if kind == "epoch":
            return self.epoch(name) if not suffix else None
        if not name.isdecimal():
            return None
        if kind == "run":
            return self.run(int(name)) if not suffix else None
        return {".parquet": self.articles, ".sketch": self.sketch}.get(suffix, lambda _: None)(int(name))


def checked_name(name: str) -> str:
    """Return `name` if it can be a file of ours (letters, digits, ``_ - .``, no leading dot).

    Raises
    ------
    ValueError
        If it could leave the folder or hide in it.
    """
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name) is None:
        raise ValueError(f"{name!r} cannot be a file name in an index: letters, digits, '_', '-', '.' only")
    return name
