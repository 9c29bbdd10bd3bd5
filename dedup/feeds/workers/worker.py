"""A worker process: a function and its arguments come in by standard input, the result goes out.

Started by `processes.py`. It ends when its parent does: the pipe closes, and a thread watches it.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Final

_LENGTH: Final = struct.Struct("<Q")
_GRACE: Final = 5.0  # seconds after the limit in which the parent has to act


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in the results for a document that could not be worked on.

    Parameters
    ----------
    reason : str
        `TOO_SLOW`, `DIED` or `FAILED`.
    detail : str
        What exactly happened.
    """

    reason: str
    detail: str = ""


TOO_SLOW: Final = "parsing took too long"
DIED: Final = "parser crashed"
FAILED: Final = "parser failed"


def called(function: Any, item: tuple[Any, ...]) -> Any:
    """Return ``function(*item)``, or the `Failure` that its exception is."""
    try:
        return function(*item)
    except MemoryError:
        return Failure(FAILED, "needs too much memory")
    except Exception as error:
        return Failure(FAILED, f"{type(error).__name__}: {error}"[:200])


def write_frame(pipe: IO[bytes], data: bytes) -> None:
    """Write `data` with its length before it."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> bytes | None:
    """Read what `write_frame` wrote; None when the pipe is closed, also amid it."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def serve(seconds: float, memory: int) -> None:
    """Work until standard input is closed.

    Parameters
    ----------
    seconds : float
        A task that takes longer ends the process, should the parent not have done it.
    memory : int
        Bytes that may be allocated.
    """
    # What a library prints must not get among the results.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory(memory)
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    while True:
        function, item = pickle.loads(tasks.get())
        _alarm(seconds + _GRACE)
        answer = called(function, item)
        _alarm(0)
        write_frame(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def _listen(tasks: queue.SimpleQueue[bytes]) -> None:
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        tasks.put(frame)
    os._exit(0)


def _alarm(seconds: float) -> None:
    # Left to the system, the signal ends the process even within a parser that never comes back.
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(memory: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > memory:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
