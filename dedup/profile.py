"""Where the time and the memory of a run go, stage by stage; what ``--profile`` prints.

Stages mark themselves (`timed`); a run that nobody profiles pays a comparison a
stage. Stages that run side by side, such as reading and sketching, are timed by
the clock of their own threads, so their CPU seconds add up and their seconds do not.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass(slots=True)
class Stage:
    """What one stage took.

    Parameters
    ----------
    name : str
    seconds : float
        By the wall clock; of stages side by side each its own.
    cpu_seconds : float
        User and system time.
    peak_rss_mb : float
        Greatest resident memory of the process so far, when the stage ended, in MB (2**20 bytes).
    calls : int
    inside : bool
        Whether it is a part of another stage, whose seconds hold its own.
    """

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    calls: int = 0
    inside: bool = False


@dataclass(slots=True)
class Profile:
    """The stages of a run in the order they began, and what was counted.

    Parameters
    ----------
    stages : dict of str to Stage
    counts : dict of str to int
        Pairs proposed, checked and confirmed, capped buckets and the like.
    """

    stages: dict[str, Stage] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)
    _cpu_before: float = field(default_factory=time.process_time)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, name: str, *, inside: bool) -> None:
        """Note a stage, in its order; safe from several threads."""
        with self._lock:
            self.stages.setdefault(name, Stage(name, inside=inside))

    def add(self, name: str, seconds: float, cpu_seconds: float) -> None:
        """Add to a stage that has begun; safe from several threads."""
        with self._lock:
            stage = self.stages[name]
            stage.seconds += seconds
            stage.cpu_seconds += cpu_seconds
            stage.peak_rss_mb = peak_rss_mb()
            stage.calls += 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: ``stages`` (a list), ``counts``, and the ``total`` of the process so far."""
        stages = [
            {
                "name": stage.name,
                "seconds": round(stage.seconds, 3),
                "cpu_seconds": round(stage.cpu_seconds, 3),
                "peak_rss_mb": round(stage.peak_rss_mb, 1),
                "calls": stage.calls,
                "inside": stage.inside,
            }
            for stage in self.stages.values()
        ]
        total = {
            "seconds": round(time.perf_counter() - self._began, 3),
            "cpu_seconds": round(time.process_time() - self._cpu_before, 3),
            "peak_rss_mb": round(peak_rss_mb(), 1),
        }
        return {"stages": stages, "counts": dict(sorted(self.counts.items())), "total": total}


_current: Profile | None = None
_open: int = 0  # stages of the main thread that have begun and not ended


@contextmanager
def profiled() -> Iterator[Profile]:
    """Collect the stages of the block; one block at a time."""
    global _current
    before, _current = _current, Profile()
    try:
        yield _current
    finally:
        _current = before


@contextmanager
def timed(name: str, *, beside: bool = False) -> Iterator[None]:
    """Time the block as a stage, if a profile is being taken.

    Parameters
    ----------
    name : str
    beside : bool
        Whether it runs beside other stages: then only the CPU time of this very thread is its own.
    """
    global _open
    profile = _current
    if profile is None:
        yield
        return
    profile.begin(name, inside=beside or _open > 0)
    _open += not beside
    clock = time.thread_time if beside else time.process_time
    began, cpu = time.perf_counter(), clock()
    try:
        yield
    finally:
        _open -= not beside
        profile.add(name, time.perf_counter() - began, clock() - cpu)


def count(**counts: int) -> None:
    """Note numbers in the profile that is being taken, if any."""
    if _current is not None:
        _current.counts.update(counts)


def peak_rss_mb() -> float:
    """Greatest resident memory of this process so far, in MB (2**20 bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / (1 << 20)
