"""A command told to stop: SIGINT (Ctrl-C), SIGTERM, SIGHUP.

It stops as if by an error, so that locks, temporary folders and half-written
files are given up on the way out. Python runs a signal handler only between two
of its own steps, and a kernel may take longer than anybody waits; what is
in the middle of a C call may even lose the exception. So a thread watches too:
after `GRACE_S`, or at a second signal, it removes what is temporary and ends the
process. An index stands that as it stands a kill.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

from dedup.leftovers import remove_leftovers
from dedup.signals import SIGNALS, heeded

GRACE_S: Final = 4.0
_said: set[int] = set()
_told: list[int] = []


class Stopped(SystemExit):
    """Raised where the process is when a signal comes; exits with 128 and the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def install() -> None:
    """Have the signals end the command (`dedup.signals.heeded`)."""
    wanted = heeded()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), name="dedup-interrupt", daemon=True).start()
    for number in wanted:
        signal.signal(number, _stop)


def say_stopped(number: int) -> None:
    """Print the one line, once."""
    if number not in _said:
        _said.add(number)
        with suppress(OSError, ValueError):
            print(f"dedup: {SIGNALS[signal.Signals(number)]}", file=sys.stderr, flush=True)


def stop_if_told() -> None:
    """Raise `Stopped` once more if a signal came; what was in the middle of a C call may have dropped it."""
    if _told:
        raise Stopped(_told[0])


def told() -> int | None:
    """Return the number of the signal that came; None if none did."""
    return _told[0] if _told else None


def stop_children() -> None:
    """End the process that helps to compile, if there is one."""
    compiling = sys.modules.get("dedup.cli.compiling")
    if compiling is not None:
        compiling.stop_helper()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    _told.append(number)
    # Once is enough: a second one must not break off the tidying up; `_watch` ends the process then.
    for other in SIGNALS:
        if signal.getsignal(other) is _stop:
            signal.signal(other, _wait)
    # Threads that work for a command that is over, and objects in the middle of a call, have nothing to tell.
    sys.unraisablehook = _nothing
    threading.excepthook = _nothing
    raise Stopped(number)


def _wait(number: int, frame: FrameType | None) -> None:
    """Take no notice; a handler there must be, or nothing is written to the pipe."""


def _nothing(what: object) -> None:
    pass


def _watch(reading: int) -> None:
    while (number := os.read(reading, 1)[0]) not in SIGNALS:
        continue
    select.select([reading], [], [], GRACE_S)
    say_stopped(number)
    stop_children()
    remove_leftovers()
    os._exit(128 + number)
