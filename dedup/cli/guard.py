"""What happens when a command does not end well: one line on standard error, and the right exit code.

Nobody but a developer is helped by a traceback, so none is shown unless
``DEDUP_DEBUG=1`` asks for it. A reader of the output that has seen enough
(``dedup ... | head``) is no error at all.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn, ParamSpec

import typer

from dedup.cli import interrupt
from dedup.errors import DedupError

FAILED: Final = 1
INTERRUPTED: Final = 130

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Return `command` with every way it can fail turned into a message and an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            interrupt.stop_if_told()
            # What is still in the buffer can fail too (a full disk); Python's own last flush says so badly.
            sys.stdout.flush()
        except (typer.BadParameter, typer.Exit, typer.Abort):
            raise  # typer's own, which it words better
        except interrupt.Stopped as stopped:
            _silence_stdout()
            interrupt.say_stopped(stopped.number)
            interrupt.stop_children()
            raise
        except KeyboardInterrupt:
            _silence_stdout()
            _complain("interrupted")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _silence_stdout()
            sys.exit(0)
        except DedupError as error:
            _fail(f"error: {error}", error)
        except MemoryError as error:
            _fail("error: out of memory; give it a smaller feed or --threads 1", error)
        except OSError as error:
            _fail(f"error: {_said(error)}", error)
        except Exception as error:
            _fail(
                f"error: unexpected {type(error).__name__}: {error}; set DEDUP_DEBUG=1 for the traceback",
                error,
            )

    return run


def prepare_process() -> None:
    """Set up the process: no encoding error in output, and a polite end when it is told to terminate."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that is not UTF-8 shows "?" for what it cannot show.
            stream.reconfigure(errors="replace")
    interrupt.install()


def _fail(message: str, error: BaseException) -> NoReturn:
    number = interrupt.told()
    if number is not None:
        # What broke off is worded anew by whoever was in the middle of a call.
        _silence_stdout()
        interrupt.say_stopped(number)
        interrupt.stop_children()
        sys.exit(128 + number)
    if os.environ.get("DEDUP_DEBUG"):
        import traceback

        traceback.print_exception(error)
    _silence_stdout()
    _complain(message)
    sys.exit(FAILED)


def _complain(message: str) -> None:
    line = " ".join(message.split())
    if not line.isprintable():
        from dedup.report.wording import printable

        line = printable(line)
    with suppress(OSError, ValueError):
        print(f"dedup: {line}", file=sys.stderr, flush=True)


def _said(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" while writing {error.filename}" if error.filename else ""
        return f"disk full{where}; free space and run the command again"
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason}: {error.filename}" if error.filename else reason


def _silence_stdout() -> None:
    """Send what is still buffered nowhere, or Python complains about it when it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
