"""Progress and notes on standard error.

A bar appears when a command has run for a second and goes when it is done, and
only on a terminal: a log file is not filled with bars. Notes go through the
same door, because a line printed beside a bar would be torn by it. On a terminal they are broken between
words, elsewhere each stays one line, whole, for ``grep``.
"""

from __future__ import annotations

import os
import sys
import textwrap
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final

from dedup.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_PATIENCE_S: Final = 1.0


class Progress:
    """What a command is doing, for whoever waits; a context manager.

    Parameters
    ----------
    wanted : bool, optional
        None: when standard error is a terminal.
    width : int, optional
        Columns to break lines at. None: those of the terminal; where there is none lines are not broken.
    """

    def __init__(self, wanted: bool | None = None, width: int | None = None) -> None:
        self._wanted = sys.stderr.isatty() if wanted is None else wanted
        self._width = _terminal_width() if width is None else width
        self._about = ""  # what the note before was about
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._state: tuple[str, int, int] = ("starting", 0, 0)
        self._articles = 0
        self._files = (0, 0)
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Progress:
        if self._wanted:
            self._timer = threading.Timer(_PATIENCE_S, self._appear)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away for good; notes can still be printed."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._wanted = False
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def stage(self, name: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of a stage are done; total 0: nobody knows how many there are."""
        with self._lock:
            new = name != self._state[0]
            self._state = (name, done, total)
            self._show(new)

    def reading(self, articles: int) -> None:
        """Say how many articles have been read so far."""
        self._articles = articles
        self._read()

    def files(self, done: int, total: int) -> None:
        """Say how many files of a feed have been read so far."""
        self._files = (done, total)
        if total > 1:
            self._read()

    def _read(self) -> None:
        done, total = self._files
        said = f"reading, {self._articles:,} articles"
        if total > 1:
            said += f", {done:,} of {total:,} files"
        self.stage(said, done if total > 1 else 0, total if total > 1 else 0)

    def note(self, text: str) -> None:
        """Print ``FILE: what was found in it``; on a terminal without FILE, where the line above names it."""
        about, colon, said = text.partition(": ")
        self.say(f"  {said}" if self._width and colon and about == self._about else text)
        self._about = about if colon else ""

    def say(self, text: str) -> None:
        """Print one line to standard error; what acts on a terminal is taken out of it."""
        indent = " " * (len(text) - len(text.lstrip(" ")))
        line = indent + printable(text)
        if 0 < self._width < len(line):
            line = textwrap.fill(
                line,
                self._width,
                subsequent_indent=indent + "  ",
                break_long_words=False,  # a path is to be copied in one piece
                break_on_hyphens=False,
            )
        with self._lock:
            self._about = ""
            if self._bars is None:
                print(line, file=sys.stderr, flush=True)
            else:
                self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def waiter(self, index: Path | None, wait: str | None) -> Callable[[str], None]:
        """Return what says, given who holds `index`, that this command waits up to `wait`."""
        return lambda holder: self.say(f"{index} is being written by {holder}; waiting up to {wait}")

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        with self._lock:
            if not self._wanted:
                return
            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bars.add_task("", total=None)
            self._show(True)
            self._bars.start()

    def _show(self, new: bool) -> None:
        if self._bars is None or self._task is None:
            return
        name, done, total = self._state
        if new and not name.startswith("reading"):
            self._bars.reset(self._task)
        self._bars.update(self._task, description=name, completed=done, total=total or None)


def _terminal_width() -> int:
    """Return the columns of the terminal that standard error is, or 0."""
    if not sys.stderr.isatty():
        return 0
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 0
