"""The first run: the helper that compiles finds what it calls, and two writers do not spoil the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from numba.core import caching

from dedup.cli import compiling


def test_the_helper_runs_to_its_end() -> None:
    done = subprocess.run([sys.executable, "-m", "dedup.cli.compiling"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_time_is_said_only_where_the_main_kernels_are_missing(tmp_path: Path) -> None:
    """A cache of its own that is filled in steps: all is missing, then one small kernel is."""
    code = (
        "import numpy as np; from numba import njit; from dedup.cli import compiling\n"
        "compiling._start_helper = lambda: None; compiling.watch_compiling()\n"
        "@njit\ndef small(x):\n    return x + 1\n"
        "small(1)\n"
    )

    def said() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stderr

    assert said() == "compiling kernels not used here before: about twenty seconds in the first run, once\n"
    for module, name in compiling._MAIN:
        _note_as_compiled(module, name, tmp_path)
    assert said() == "compiling kernels not used here before\n"


def _note_as_compiled(module: str, name: str, cache: Path) -> None:
    """Put an entry for a kernel into the list that Numba keeps of what it compiled."""
    code = (
        f"from {module} import {name} as kernel\n"
        "kernel._cache._impl.locator.ensure_cache_path()\n"
        "kernel._cache._cache_file.save('signature', 'code')\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, check=True
    )


def test_a_helper_that_cannot_start_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr("dedup.index.session.cores", lambda: 2)
    compiling._start_helper()


def test_two_writers_of_one_kernel_choose_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiling.one_writer_at_a_time()
    slow = caching.IndexDataCacheFile._load_index

    def slowly(self: caching.IndexDataCacheFile) -> object:
        found = slow(self)
        time.sleep(0.05)  # where the other one would read the same list
        return found

    monkeypatch.setattr(caching.IndexDataCacheFile, "_load_index", slowly)
    files = [caching.IndexDataCacheFile(str(tmp_path), "kernel", "stamp") for _ in range(2)]
    threads = [
        threading.Thread(target=file.save, args=(f"signature {i}", f"code {i}"))
        for i, file in enumerate(files)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [files[0].load(f"signature {i}") for i in range(2)] == ["code 0", "code 1"]
