"""Fixtures of several test modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dedup.cli import app
from tests.commands import Command


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
