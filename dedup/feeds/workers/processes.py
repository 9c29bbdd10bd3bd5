"""Work on documents in other processes, so that a bad one costs itself and nothing else.

A parser written in C can crash, and any parser can meet a document that keeps it busy for hours. Here a
document has a time limit and a process of its own to die in; the results come in the order of the
documents, the same ones whatever the number of processes.

The processes are fresh interpreters that talk over their standard input and output, not
``multiprocessing``: a fork of a process with numba's and Arrow's threads can hang; spawn and forkserver
import the caller's main module again, which a notebook or a script without ``if __name__`` does not survive.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import suppress
from typing import Any, Final, TypeVar

from dedup.feeds.workers.worker import DIED, TOO_SLOW, Failure, called, read_frame, write_frame

T = TypeVar("T")

TIME_LIMIT: Final = 60.0
"""Seconds a document may take, unless said otherwise."""
MEMORY_LIMIT: Final = 2 << 30
"""Bytes a worker may allocate (where the system can limit it); a document that needs more is given up."""
HERE: Final = 512 << 10
"""Bytes of documents done in this process before any worker is started; about what a start costs."""
_FAREWELL: Final = 1.0  # seconds a process that closed its output has to be gone


def ordered_map(
    function: Callable[..., T],
    items: Iterable[tuple[Any, ...]],
    workers: int,
    ahead: int | None = None,
    *,
    seconds: float = TIME_LIMIT,
    here: int = HERE,
    memory: int = MEMORY_LIMIT,
) -> Iterator[T | Failure]:
    """Yield ``function(*item)`` for each item, in order; where it raises or does not come back, a `Failure`.

    Parameters
    ----------
    function : callable
        Importable by name; arguments and result can be pickled. It depends on nothing but its arguments.
    items : iterable of tuples
        The arguments, taken as needed.
    workers : int
        Processes at most; 0: everything is done in this one, without limits.
    ahead : int, optional
        Items taken and not yet yielded, at most; two a worker where not said.
    seconds : float
        An item that takes longer costs its worker, and is a `Failure`.
    here : int
        The first items are done in this process while the lengths of their arguments come to no more than
        this, so that a few small documents start no worker. 0 where one small document can do harm.
    memory : int
        Bytes a worker may allocate.

    Notes
    -----
    The workers end with the generator: when it is used up, closed, or left by an exception such as Ctrl-C.
    They also end by themselves when this process is gone.
    """
    source = iter(items)
    for item in source:
        here -= _size(item)
        if workers > 0 and here < 0:
            break
        yield called(function, item)
    else:
        return
    crew = _Crew(function, workers, seconds, memory)
    try:
        yield from crew.map(item, source, max(1, ahead or 2 * workers))
    finally:
        crew.stop()


def default_workers() -> int:
    """Return how many processes to use: one for each processor this process may run on, eight at most."""
    try:
        there = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        there = os.cpu_count() or 1
    return max(1, min(8, there))


def _size(item: tuple[Any, ...]) -> int:
    return sum(len(value) for value in item if isinstance(value, Sized))


class _Job:
    """An item on its way to a result."""

    def __init__(self, item: tuple[Any, ...]) -> None:
        self.item: tuple[Any, ...] | None = item
        self.answer: Any = None
        self.finished = False

    def finish(self, answer: Any) -> None:
        self.item, self.answer, self.finished = None, answer, True


class _Worker:
    """A process, and the thread of this one that speaks with it."""

    def __init__(
        self, function: Callable[..., Any], seconds: float, memory: int, out: queue.SimpleQueue[Any]
    ) -> None:
        self._function = function
        self._out = out
        self._tasks: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.job: _Job | None = None
        self.deadline = 0.0
        start = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from dedup.feeds.workers.worker import serve; serve({seconds!r}, {memory!r})"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C reaches every process of the terminal; workers are ended by their parent.
            start_new_session=True,
        )
        threading.Thread(target=self._speak, daemon=True).start()

    def give(self, job: _Job, seconds: float) -> None:
        self.job = job
        self.deadline = time.monotonic() + seconds
        self._tasks.put(job)

    def _speak(self) -> None:
        """Hand on tasks and answers until the process is gone, which is said as an answer of None."""
        sent, received = self._process.stdin, self._process.stdout
        assert sent is not None
        assert received is not None
        try:
            while (job := self._tasks.get()) is not None:
                answer = None
                with suppress(OSError, ValueError):  # a broken pipe, or one that was closed
                    write_frame(sent, pickle.dumps((self._function, job.item), pickle.HIGHEST_PROTOCOL))
                    answer = read_frame(received)
                self._out.put((self, job, None if answer is None else (pickle.loads(answer),)))
        finally:
            for pipe in (sent, received):
                with suppress(OSError):
                    pipe.close()

    def end(self, wait: float = 0.0) -> str:
        """End the process, having waited for its own end so many seconds; return how it came to it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(wait)
        self._process.kill()
        code = self._process.wait()
        self._tasks.put(None)
        return f"its process ended by signal {-code}" if code < 0 else f"its process ended with code {code}"


class _Crew:
    """The workers of one `ordered_map`."""

    def __init__(self, function: Callable[..., Any], workers: int, seconds: float, memory: int) -> None:
        self._function, self._seconds, self._memory = function, seconds, memory
        self._most = workers
        self._out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._workers: list[_Worker] = []

    def map(self, first: tuple[Any, ...], rest: Iterator[tuple[Any, ...]], ahead: int) -> Iterator[Any]:
        """Yield the answers for `first` and `rest`, at most `ahead` of them under way."""
        jobs: deque[_Job] = deque()  # in order, not yet yielded
        waiting: deque[_Job] = deque()  # those of them that no worker has
        following: tuple[Any, ...] | None = first
        while jobs or following is not None:
            while following is not None and len(jobs) < ahead:
                jobs.append(_Job(following))
                waiting.append(jobs[-1])
                self._assign(waiting)  # before the next is read, which can take its time
                following = next(rest, None)
            while jobs and jobs[0].finished:
                yield jobs.popleft().answer
            self._assign(waiting)
            if jobs and not jobs[0].finished and (following is None or len(jobs) >= ahead):
                self._wait()

    def _assign(self, waiting: deque[_Job]) -> None:
        while waiting:
            worker = next((one for one in self._workers if one.job is None), None)
            if worker is None:
                if len(self._workers) >= self._most:
                    return
                worker = _Worker(self._function, self._seconds, self._memory, self._out)
                self._workers.append(worker)
            worker.give(waiting.popleft(), self._seconds)

    def _wait(self) -> None:
        """Take one answer, or give up those whose time is over."""
        busy = [worker for worker in self._workers if worker.job is not None]
        left = min(worker.deadline for worker in busy) - time.monotonic()
        try:
            worker, job, answer = self._out.get(timeout=max(0.0, left))
        except queue.Empty:
            for worker in busy:
                if worker.deadline <= time.monotonic():
                    self._lose(worker, Failure(TOO_SLOW, f"over {self._seconds:g} s"))
            return
        if worker.job is not job:  # it was given up before
            return
        if answer is None:
            self._lose(worker, None)
        else:
            worker.job = None
            job.finish(answer[0])

    def _lose(self, worker: _Worker, failure: Failure | None) -> None:
        said = worker.end(0.0 if failure else _FAREWELL)
        self._workers.remove(worker)
        job, worker.job = worker.job, None
        if job is not None:
            job.finish(failure or Failure(DIED, said))

    def stop(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()
