"""What tests of commands say alike."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Command = Callable[..., subprocess.CompletedProcess[str]]


def one_error(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """Assert that a command failed with one clear line that says all of `said`."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("dedup: error: ")]
    assert len(lines) == 1, done.stderr
    assert done.stderr.endswith(lines[0] + "\n")
    for text in said:
        assert text in lines[0]
    assert "Traceback" not in done.stderr
    assert "error: unexpected" not in done.stderr
