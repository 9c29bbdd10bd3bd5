"""What all that an open index can do has in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dedup.confirm.survey import Surveyor
from dedup.errors import IndexFolderError
from dedup.index.events import Kept, NotKept
from dedup.index.session import Session
from dedup.index.store import IndexStore
from dedup.text.credit import Agency, load_agencies


class Opened:
    """An open index: its store, and what its session has worked out."""

    _opened: IndexStore
    _working: Session
    _is_closed = False
    _kept: Kept | NotKept | None
    """What became of the run of the last report."""
    _surveyor: Surveyor | None
    """Gathers what the epoch is learnt from; only of an index that goes away."""

    @property
    def path(self) -> Path:
        """The folder."""
        return self._opened.path

    @property
    def _store(self) -> IndexStore:
        self._check_open()
        return self._opened

    @property
    def _session(self) -> Session:
        self._check_open()
        return self._working

    def _check_open(self) -> None:
        """Raise IndexFolderError if the index has been closed: what fails deeper down would not say so."""
        if self._is_closed:
            raise IndexFolderError(
                f"index {self.path} is closed", f"open it again: dedup.Index.open({str(self.path)!r})"
            )


def agency_table(agencies: str | Path | Sequence[Agency] | None) -> Sequence[Agency] | None:
    """Return a table of agencies, read from a file if it names one.

    Raises
    ------
    SettingsError
        If the file is no table of agencies.
    """
    return load_agencies(agencies) if isinstance(agencies, str | Path) else agencies
