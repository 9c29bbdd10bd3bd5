"""Signals that end a command, while it is still importing what it needs.

Half a second goes by before a command begins. There is nothing to tidy up yet, and an exception in the
middle of an import would come out as a traceback, or be taken by somebody for a missing module: so the
process ends at once, with one line. `dedup.cli.interrupt` takes over where there is more to lose. Before
this module Python itself starts, some hundredths of a second; what a signal does then is not ours to say.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final

SIGNALS: Final = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated: the terminal is gone",
}
"""The signals, and the one line each leaves."""


def heeded() -> list[signal.Signals]:
    """Return the signals that end a command; one ignored by whoever started it (nohup) stays ignored."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def end_at_once() -> None:
    """From now on have each signal end the process, with the line and the code it would have later."""
    for number in heeded():
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, f"dedup: {SIGNALS[signal.Signals(number)]}\n".encode())
    finally:
        os._exit(128 + number)
