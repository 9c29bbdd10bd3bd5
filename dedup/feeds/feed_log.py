"""What a feed has said and found so far: notes, and a tally for each file or kind of file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dedup.feeds.fields.field_names import FIELD_NAMES
from dedup.feeds.found import FileFound, FoundFiles
from dedup.feeds.sources.opening import STDIN

_MOST_NOTES: Final = 200
"""Kinds of notes on single files of a folder; ten thousand lines tell no more than two hundred."""
# What two notes may differ in and still say the same.
_NUMBER = re.compile(r"\d[\d,.]*")
_PLURAL = re.compile(r"s\b")
_COUNT = re.compile(r"^[\d,]+ ")


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
    files : FoundFiles
        Their tallies.
    """

    def __init__(self, on_note: Callable[[str], None] | None) -> None:
        self.notes: list[str] = []
        self.remarks: list[str] = []
        self._on_note = on_note
        self.files = FoundFiles()
        self._alike: dict[str, tuple[int, str]] = {}

    def describe(self, path: str, said: str) -> None:
        """Add the note on what a file, or the first of files alike, was found to be."""
        self._say(_on(path, said))

    def remark(self, path: str, said: str, *, many: bool = False) -> None:
        """Add a note on what was met in a file; `many`: of many files that say alike, the first says it."""
        if many:
            kind = _PLURAL.sub("", _NUMBER.sub("#", said))
            if kind in self._alike:
                self._alike[kind] = (self._alike[kind][0] + 1, said)
                return
            if len(self._alike) > _MOST_NOTES:
                return
            if len(self._alike) == _MOST_NOTES:
                said = "more notes on single files are left out"
            self._alike[kind] = (0, said)
        self._remark(_on(path, said))

    def finish(self) -> None:
        """Say of what the first of many files said how many more files would have said it."""
        for more, said in self._alike.values():
            if more:
                files = "1 more file" if more == 1 else f"{more:,} more files"
                self._remark(f"likewise in {files}: {_COUNT.sub('', said)}")
        self._alike.clear()

    def _remark(self, note: str) -> None:
        self.remarks.append(note)
        self._say(note)

    def _say(self, note: str) -> None:
        self.notes.append(note)
        if self._on_note is not None:
            self._on_note(note)

    @property
    def found(self) -> list[FileFound]:
        """What was found so far."""
        return self.files.frozen(FIELD_NAMES)


def _on(path: str, said: str) -> str:
    return f"{'standard input' if path == STDIN else path}: {said}"
