"""What is true of all campaigns: one command for all, a log that says of which code it is, a budget."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.index import faults
from tests.campaigns import __main__ as every
from tests.campaigns import hostile
from tests.campaigns.stored_log import Budget, logged, tree, tree_of

ROOT = Path(__file__).resolve().parents[1]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    return subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_log_names_the_tree_of_the_code(tmp_path: Path) -> None:
    (tmp_path / "dedup").mkdir()
    code = tmp_path / "dedup" / "code.py"
    code.write_text("1\n")
    hashed = tree(tmp_path)
    assert hashed.startswith("not committed, hash of its files "), "there is no Git"
    git(tmp_path, "init", "-q")
    assert tree(tmp_path) == hashed
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    committed = tree(tmp_path)
    assert committed == git(tmp_path, "rev-parse", "HEAD:dedup")
    (tmp_path / "log.txt").write_text("beside it\n")
    assert tree(tmp_path) == committed, "a log that is committed does not make itself old"
    code.write_text("2\n")
    assert tree(tmp_path).startswith("not committed")
    assert tree(tmp_path) != hashed


def test_a_log_says_what_was_run_on_what_and_how_many_fault_points_were_passed(tmp_path: Path) -> None:
    some = set(faults.FAULT_POINTS[:3]) | {"no such point"}
    text = logged("python -m x", ["1 failure"], Budget(None), tmp_path / "new" / "x.txt", some)
    n = len(faults.FAULT_POINTS)
    assert text.splitlines() == [
        "python -m x",
        f"tree of dedup/: {tree()}",
        f"{n} fault points, 3 passed by the commands of this campaign",
        "0.0 minutes",
        "1 failure",
    ]
    assert (tmp_path / "new" / "x.txt").read_text() == text
    assert tree_of(tmp_path / "new" / "x.txt") == tree()
    assert "does not count which it passes" in logged("x", [], Budget(None), None)


def test_code_that_changes_while_a_campaign_runs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(None)
    before = budget.tree
    assert before == tree()
    monkeypatch.setattr("tests.campaigns.stored_log.tree", lambda: "another")
    assert f"tree of dedup/: changed from {before} to another while it ran\n" in logged("x", [], budget, None)


def test_a_budget_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    endless, two = Budget(None), Budget(2)
    now[0] = 119.0
    assert not two.over
    now[0] = 120.0
    assert two.over
    assert not endless.over


def test_one_command_runs_them_and_tells_which_logs_are_old(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(
        (ROOT / "tests" / "campaigns" / f"{one.module}.py").exists() for one in every.CAMPAIGNS.values()
    )
    folder = ["--logs", str(tmp_path)]
    assert every.main(["--stale", "kills", *folder]) == 1
    assert capfd.readouterr().out == f"{tmp_path.name}/kills.log is not of this tree\n"
    assert every.main(["kills", "--minutes", "0", *folder]) == 0
    out = capfd.readouterr().out.splitlines()
    assert out[-2:][0].split() == ["campaign", "minutes", "outcome"]
    assert out[-1].split()[::2] == ["kills", "passed"]
    log = (tmp_path / "kills.log").read_text()
    assert log.startswith("python -m tests.campaigns.kills --random 0 --real 0 --seed 1 --minutes 0 ")
    assert f"{len(faults.FAULT_POINTS)} passed by the commands" in log
    assert "0 kills" in log, "no time, no kills, and the log says so"
    assert every.main(["--stale", "kills", *folder]) == 0
    monkeypatch.setattr(every, "tree", lambda: "another")
    assert every.main(["--stale", "kills", *folder]) == 1
    # One that fails is told, and is the exit code of all.
    monkeypatch.setattr(every, "CAMPAIGNS", {"no_such_campaign": every.Campaign("no_such", "x.log")})
    assert every.main(folder) == 1
    assert "FAILED with exit code 1" in capfd.readouterr().out


def test_a_feed_that_collides_in_a_band_stays_within_bounds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.hostile", "band", "--scale", "0.01"],
        cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 feeds, 0 left out for want of time\n0 failures" in done.stdout


def test_the_bounds_of_hostile_feeds_can_be_passed() -> None:
    assert set(hostile.BOUNDS) == set(hostile.KINDS)
    bound = hostile.BOUNDS["band"]
    good = hostile.Taken(bound.cpu_s, bound.megabytes, 0, [])
    assert hostile.wrong_with("band", 1, good) == []
    assert hostile.wrong_with("band", 0.01, good), "a hundredth may not take as much as all"
    assert hostile.wrong_with("band", 1, good._replace(cpu_s=bound.cpu_s + 1)) == ["76 CPU s, more than 75"]
    assert hostile.wrong_with("band", 1, good._replace(megabytes=1_501)) == ["1,501 MB, more than 1,500"]
    assert hostile.wrong_with("band", 1, good._replace(code=1)) == ["exit code 1"]
    assert hostile.wrong_with("band", 1, good._replace(sizes=[3, 2])) == ["2 clusters, the largest of 3"]
    assert hostile.wrong_with("equal", 0.01, good._replace(cpu_s=1, sizes=[]))
    assert hostile.wrong_with("equal", 0.01, good._replace(cpu_s=1, megabytes=1, sizes=[10_000])) == []
