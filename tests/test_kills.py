"""Thirty kills, chosen once and for all over every command and every fault point, lose nothing.

All of them, and hundreds at random moments: ``python -m tests.campaigns.kills --random 500``; its last
log is in tests/campaigns/logs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dedup.index import faults

ROOT = Path(__file__).resolve().parents[1]


def test_thirty_kills_lose_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.kills", "--named", "30", "--ask-every", "0"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 kills, 0 of them after the command had ended" in done.stdout
    every = len(faults.FAULT_POINTS)
    assert f"{every} fault points, {every} passed by the commands of this campaign" in done.stdout
