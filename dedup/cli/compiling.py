"""The first run after an installation: says that kernels are compiled, and has a second process help.

Numba compiles one kernel at a time, so a process cannot use a second core for
it. The helper begins with the kernels that the command needs last; what it has
put into the cache beside the package, the command only loads.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final

_SAID: Final = "compiling kernels not used here before"
_LONG: Final = f"{_SAID}: about twenty seconds in the first run, once"
_MAIN: Final = (("dedup.text.scan", "scan"), ("dedup.confirm.features", "_pairs"))
"""Nearly every command needs these; where they are cached, what is missing takes a second or two."""

_LOCK: Final = "kernels.lock"
_helpers: list[subprocess.Popen[bytes]] = []


@cache
def watch_compiling() -> None:
    """Say so and start the helper as soon as a kernel must be compiled."""
    one_writer_at_a_time()
    event: Any = importlib.import_module("numba.core.event")  # has no types
    told: list[str] = []

    def tell() -> None:
        if not told:
            told.append(_LONG if main_kernels_missing() else _SAID)
            if sys.stderr is not None:
                print(told[0], file=sys.stderr, flush=True)
            _start_helper()

    listener = type("Teller", (event.Listener,), {"on_start": lambda *_: tell(), "on_end": lambda *_: None})
    event.register("numba:compile", listener())


def main_kernels_missing() -> bool:
    """Whether one of the kernels that nearly every command needs is not in the cache, as Numba reads it."""
    try:
        kernels: list[Any] = [getattr(importlib.import_module(module), name) for module, name in _MAIN]
        return not all(kernel._cache._cache_file._load_index() for kernel in kernels)
    except (
        Exception
    ):  # a torn cache, or a Numba that reads it in another way: no reason to fail for a message
        return True


def _start_helper() -> None:
    """Start the helper where there is a core for it; without it all is compiled here."""
    from dedup.index.session import cores

    if cores() < 2:
        return
    # Not waited for: it ends by itself. Its output is nobody's, or who reads the output of the command to its
    # end would wait for it. -P: no module of the folder one stands in.
    with suppress(OSError):
        helper = subprocess.Popen(
            [sys.executable, "-P", "-m", "dedup.cli.compiling"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _helpers.append(helper)


def stop_helper() -> None:
    """End the helper; what it has put into the cache stays."""
    for helper in _helpers:
        helper.kill()
        helper.wait()
    _helpers.clear()


def one_writer_at_a_time() -> None:
    """Have this process write to the cache of kernels only while no other one of ours does.

    Numba reads the list of a kernel's files, chooses the next free name and writes both, without a lock: two
    processes that save two signatures of one kernel at a time may choose one name for both.
    """
    caching: Any = importlib.import_module("numba.core.caching")  # has no types
    save = caching.IndexDataCacheFile.save
    if hasattr(save, "__wrapped__"):
        return

    @wraps(save)
    def locked(self: Any, key: Any, data: Any) -> None:
        with _locked(Path(self._cache_path)):
            save(self, key, data)

    caching.IndexDataCacheFile.save = locked


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; where there are no such locks, go on without."""
    try:
        import fcntl

        file = (folder / _LOCK).open("ab")
    except (ImportError, OSError):
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def compile_late_kernels() -> None:
    """Call the kernels of credits, confirming and learning once."""
    import numpy as np
    import pyarrow as pa

    from dedup.confirm.epoch import Learnt, learn
    from dedup.confirm.judge import Judge
    from dedup.confirm.model import load_model
    from dedup.confirm.survey import survey_texts
    from dedup.text.credit import find_credits
    from dedup.text.words import tokenize

    words_told = " ".join(f"word{number}" for number in range(60))
    wire, byline = f"PARIS (Reuters) - {words_told} ends.", f"{words_told} and more. By Ann Lee"
    texts = pa.array([wire, byline, words_told], pa.large_string())
    find_credits(pa.table({"title": texts, "text": texts, "byline": texts, "url": texts, "outlet": texts}))
    words = tokenize(texts, stems=True)
    judge = Judge(np.diff(words.offsets), texts.take, Learnt.nothing(), load_model())
    left, right = np.array([0, 1]), np.array([1, 2])
    judge.verdicts(left, right)
    judge.likeness(left, right)
    survey = survey_texts(words, np.arange(1, 4, dtype=np.uint64), count_limit=9)
    learn(survey, np.arange(3), np.empty(0, np.uint64), 3)


if __name__ == "__main__":
    one_writer_at_a_time()
    compile_late_kernels()
