"""The first run: the helper that compiles finds what it calls, and two writers do not spoil the cache."""

from __future__ import annotations

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
