"""What a feed has said and found so far: notes, and a tally for each file or kind of file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from dedup.feeds.fields import FIELD_NAMES
from dedup.feeds.found import FieldFound, FileFound, FoundFiles, Tally
from dedup.feeds.opening import STDIN

_MOST_NOTES: Final = 200
"""Notes on single files of a folder; ten thousand lines tell no more than two hundred."""


class FeedLog:
    """Notes and tallies of one reading of a feed.

    Parameters
    ----------
    on_note : callable, optional
        Called with each note as it is made.

    Attributes
    ----------
    notes : list of str
    remarks : list of str
        Those of them that say more than what format and columns a file has.
    """

    def __init__(self, on_note: Callable[[str], None] | None) -> None:
        self.notes: list[str] = []
        self.remarks: list[str] = []
        self._on_note = on_note
        self._files = FoundFiles()
        self._of_many = 0

    def describe(self, path: str, said: str) -> None:
        """Add the note on what a file, or the first of files alike, was found to be."""
        self._say(_on(path, said))

    def remark(self, path: str, said: str, *, many: bool = False) -> None:
        """Add a note on what was met in a file; `many`: it is one of many files."""
        note = _on(path, said)
        if many:
            self._of_many += 1
            if self._of_many > _MOST_NOTES:
                return
            if self._of_many == _MOST_NOTES:
                note = "more notes on single files are left out"
        self.remarks.append(note)
        self._say(note)

    def _say(self, note: str) -> None:
        self.notes.append(note)
        if self._on_note is not None:
            self._on_note(note)

    def tally(
        self,
        path: str,
        format: str,
        compression: str | None = None,
        encoding: str | None = None,
        fields: Sequence[FieldFound] = (),
        *,
        group: bool,
    ) -> tuple[Tally, bool]:
        """Return where a file is counted, and whether it is the first of its kind; see `FoundFiles.tally`."""
        return self._files.tally(path, format, compression, encoding, fields, group=group)

    @property
    def found(self) -> list[FileFound]:
        """What was found so far."""
        return self._files.frozen(FIELD_NAMES)


def _on(path: str, said: str) -> str:
    return f"{'standard input' if path == STDIN else path}: {said}"
