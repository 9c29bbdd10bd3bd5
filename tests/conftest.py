"""Fixtures of several test modules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

from dedup.cli import app
from tests.commands import Command

# CI tries the same examples each time, so that a change is what turns it red; everybody else tries new ones.
# None has a deadline: the first in a process may compile a kernel, or wait for the other cores.
hypothesis.settings.register_profile("same examples", derandomize=True, deadline=None)
hypothesis.settings.register_profile("new examples", deadline=None)
hypothesis.settings.load_profile("same examples" if os.environ.get("DEDUP_SAME_EXAMPLES") else "new examples")


@pytest.fixture
def dedup(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in this process: the imports and kernels are paid once."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            app(list(map(str, arguments)))
        sys.stdout.flush()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *capfd.readouterr())

    return call
