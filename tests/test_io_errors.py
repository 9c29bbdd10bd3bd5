"""A disk that is full or fails is told in one line, and the index survives: thirty operations refused.

All of them: ``python -m tests.campaigns.io_errors``; its last log is in tests/campaigns/logs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_thirty_refused_operations_lose_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.io_errors", "--share", "30"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 operations refused" in done.stdout
