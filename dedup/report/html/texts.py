"""The texts of the page: which are shown, how much of each, and where they wait until they are.

A report goes cluster by cluster, the disk holds the texts in another order. So
some thousand are read at a time, in the disk's order, cut to what will be shown and put into
a temporary file, until there is as much as a page may hold: memory holds one batch and the places of all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa

from dedup.report.html.source import Ints, ReportSource
from dedup.report.wording import printable

EXCERPT: Final = 12_000
"""Characters of a text that are shown, about 2,000 words: more than nine in ten news articles have."""

MOST_MEMBERS: Final = 200
"""Members of one cluster whose texts are shown, the first; the rest is listed without."""

MOST_BYTES: Final = 96 * 2**20
"""Bytes of text in one file, before compression; a browser opens what comes of it in a second or two."""

_ROUND: Final = 8192  # rows read together, as long as there is room

CHOICES: Final = ("all", "excerpt", "none")
"""How much text goes into the page."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not in the file.

    Parameters
    ----------
    shortened : int
        Texts cut to `EXCERPT` characters.
    members : int
        Members without their text.
    """

    shortened: int
    members: int


def readable(title: str | None, text: str | None) -> str:
    """Return headline and text, one paragraph a line, without anything that acts instead of being seen.

    The headline is the first line, which is empty without one.

    Examples
    --------
    >>> readable("Quake", "One.\\r\\n\\r\\nTwo \\u202ethree.")
    'Quake\\nOne.\\nTwo three.'
    """
    paragraphs = filter(None, map(printable, (text or "").splitlines()))
    return "\n".join([printable(title), *paragraphs])


class TextShelf:
    """Texts of members on disk, by row of the member table; a context manager.

    Parameters
    ----------
    source : ReportSource
    members : pa.Table
        `MEMBER_SCHEMA`.
    starts : int64 array, shape (k + 1,)
        Where each cluster begins.
    wanted : int64 array
        Rows whose texts are to be had although their cluster has more than `MOST_MEMBERS`.
    choice : str
        One of `CHOICES`.
    """

    def __init__(
        self, source: ReportSource, members: pa.Table, starts: Ints, wanted: Ints, choice: str
    ) -> None:
        self._file = tempfile.TemporaryFile(prefix="dedup-texts-")  # noqa: SIM115 closed by __exit__
        try:
            self._begin = np.zeros(members.num_rows, np.int64)
            self._length = np.zeros(members.num_rows, np.int64)
            self._shortened = np.zeros(members.num_rows, np.bool_)
            self._shown = np.zeros(members.num_rows, np.bool_)
            self._at = 0  # bytes written
            self._last = -1  # row, the last that was read
            if choice != "none":
                self._fill(source, members, starts, wanted, choice)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sizes(self) -> Ints:
        """Bytes of each row's text, 0 where none is shown; shape (m,)."""
        return np.where(self._shown, self._length, 0)

    @property
    def left_out(self) -> LeftOut:
        """What is not shown."""
        return LeftOut(int((self._shortened & self._shown).sum()), int((~self._shown).sum()))

    def text(self, row: int) -> str | None:
        """Return what is shown of one row; None: nothing."""
        if not self._shown[row]:
            return None
        self._file.seek(int(self._begin[row]))
        return self._file.read(int(self._length[row])).decode()

    def is_shortened(self, row: int) -> bool:
        """Whether the text of a row goes on beyond what is shown."""
        return bool(self._shortened[row] and self._shown[row])

    def _fill(self, source: ReportSource, members: pa.Table, starts: Ints, wanted: Ints, choice: str) -> None:
        rows = np.arange(members.num_rows)
        if choice == "excerpt":
            place = rows - np.repeat(starts[:-1], np.diff(starts))
            chosen = place < MOST_MEMBERS
            chosen[wanted] = True
            rows = np.flatnonzero(chosen)
        for low, high in self._rounds(rows, starts, choice):
            self._read(source, members, rows[low:high], choice)
            if choice == "excerpt" and self._at > MOST_BYTES:
                break
        self._shown[rows] = True
        if choice == "excerpt":
            # Whole clusters, so that what is compared with what is there; those beyond were not even read.
            total = np.concatenate(([0], np.cumsum(self._length)))
            fits = total[starts[1:]] <= MOST_BYTES
            is_read = np.repeat(fits, np.diff(starts)) & (np.arange(members.num_rows) <= self._last)
            self._shown &= is_read

    def _rounds(self, rows: Ints, starts: Ints, choice: str) -> Iterator[tuple[int, int]]:
        """Cut the rows between clusters, so that little more is read than what will be shown."""
        if choice != "excerpt":
            yield 0, len(rows)
            return
        ends = np.searchsorted(rows, starts[1:])
        low = 0
        while low < len(rows):
            cluster = min(int(np.searchsorted(ends, low + _ROUND)), len(ends) - 1)
            high = int(ends[cluster])
            yield low, high
            low = high

    def _read(self, source: ReportSource, members: pa.Table, rows: Ints, choice: str) -> None:
        for some, table in source.texts(members.take(pa.array(rows))):
            pairs = zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)
            for row, (title, text) in zip(rows[some].tolist(), pairs, strict=True):
                whole = readable(title, text)
                shown = whole[:EXCERPT] if choice == "excerpt" else whole
                data = shown.encode()
                self._file.write(data)
                self._begin[row], self._length[row] = self._at, len(data)
                self._shortened[row] = len(shown) < len(whole)
                self._at += len(data)
        self._last = max(self._last, int(rows[-1])) if len(rows) else self._last
