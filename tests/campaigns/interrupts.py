"""Commands told to stop at random moments: `python -m tests.campaigns.interrupts --runs 100 --log FILE`.

Whole processes, as a shell starts them, half of them told while they still import. Each must end with the
code of the signal and one line, or have finished; leave no process, no temporary file, the old output, and an
index that is clean at once. Python itself may say more, and end otherwise, only as long as it has not come to
`dedup`: then nothing of ours is in its traceback.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from dedup.index.index import Index
from dedup.index.store import IndexStore
from dedup.simulate import SimulationSettings, simulate
from tests.campaigns.stored_log import ROOT, Budget, logged

COMMANDS = {
    "index": ["index", "late.jsonl", "-i", "news.dedup"],
    "clusters": ["clusters", "news.dedup", "-o", "out.csv"],
    "clusters of a feed": ["clusters", "late.jsonl", "-o", "out.csv"],
    "export": ["export", "-i", "news.dedup", "-o", "out.jsonl"],
    "query": ["query", "-i", "news.dedup", "late.jsonl", "-o", "out.csv"],
}
SAID = {signal.SIGINT: "dedup: interrupted", signal.SIGTERM: "dedup: terminated"}
IMPORTING_S, ENDING_S = 0.5, 2.2


def heed() -> None:
    """What starts this in the background may have it ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def once(template: Path, folder: Path, name: str, number: signal.Signals, after: float) -> str:
    """Run one command and stop it; return how it ended."""
    shutil.copytree(template, folder)
    (folder / "tmp").mkdir()
    for old in ("out.csv", "out.jsonl"):
        (folder / old).write_text("as it was")
    with IndexStore.open(folder / "news.dedup") as store, store.snapshot() as view:
        parts = len(view.parts)
    with open(folder / "err.txt", "w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "dedup", *COMMANDS[name]],
            cwd=folder, env={**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=err, preexec_fn=heed, start_new_session=True,
        )  # fmt: skip
        time.sleep(after)
        process.send_signal(number)
        code = process.wait(timeout=60)
    said = (folder / "err.txt").read_text()
    told = f"{name}, {number.name} after {after:.2f} s: code {code}\n{said}"
    ours = [line for line in said.splitlines() if line.startswith("dedup: ")]
    starting = _python_was_starting(code, said, number)
    assert starting or "Traceback" not in said, told
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        pass
    else:
        raise AssertionError(f"a process is left: {told}")
    assert list((folder / "tmp").iterdir()) == [], told
    assert list((folder / "news.dedup" / "staging").iterdir()) == [], told
    manifest = json.loads((folder / "news.dedup" / "manifest.json").read_bytes())
    with IndexStore.open(folder / "news.dedup") as store, store.snapshot() as view:
        assert len(manifest["parts"]) == len(view.parts) >= parts, told
    if code == 0:
        return "finished before"
    if starting:
        assert not any(_written(folder)), told
        return "Python itself was starting"
    if code == -number:
        # Python gives up its handlers while it ends: nothing is left to be done by then.
        assert said, told
        assert not ours, told
        assert name == "index" or any(_written(folder)), told
        return "finished, and ended by the signal itself on the way out"
    assert code == 128 + number, told
    assert said.splitlines()[-1] == SAID[number], told
    assert len(ours) == 1, told
    return "stopped, its output written" if any(_written(folder)) else "stopped"


def _python_was_starting(code: int, said: str, number: signal.Signals) -> bool:
    """Whether a process ended before it came to a line of ours: by the signal, or with Python's traceback."""
    if not said:
        return code == -number
    interrupted = number == signal.SIGINT and said.rstrip().endswith("KeyboardInterrupt")
    return interrupted and not re.search(r'File "[^"]*/dedup/(?!__init__\.py)', said)


def _written(folder: Path) -> list[bool]:
    return [(folder / old).read_text() != "as it was" for old in ("out.csv", "out.jsonl")]


def main() -> None:
    parser = argparse.ArgumentParser(description="Commands stopped at random moments.")
    parser.add_argument("--runs", type=int, help="so many (100, or as many as there is time for)")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    rng = random.Random(f"interrupts {given.seed}")
    root = Path(tempfile.mkdtemp(prefix="dedup-campaign-"))
    budget = Budget(given.minutes)
    runs = given.runs or (100 if given.minutes is None else 1_000_000)
    ended: Counter[str] = Counter()
    try:
        template = root / "template"
        template.mkdir()
        records = [article.record() for article in simulate(SimulationSettings(articles=3_000))]
        lines = [json.dumps({**one, "published": str(one["published"])}) + "\n" for one in records]
        (template / "late.jsonl").write_text("".join(lines[1_500:]))
        (template / "first.jsonl").write_text("".join(lines[:1_500]))
        with Index.create(template / "news.dedup", durable=False) as index:
            index.add(template / "first.jsonl")
        for number in range(runs):
            if budget.over:
                break
            name = rng.choice(sorted(COMMANDS))
            after = rng.uniform(0, IMPORTING_S) if number % 2 else rng.uniform(IMPORTING_S, ENDING_S)
            folder = root / f"run-{number}"
            ended[once(template, folder, name, rng.choice(sorted(SAID)), after)] += 1
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    told = [
        f"{ended.total():,} runs of {', '.join(COMMANDS)}; SIGINT or SIGTERM, half of them while importing",
        *(f"{number:>6}  {how}" for how, number in sorted(ended.items())),
        "one line and the code of the signal; no process, no temporary file, nothing in staging left behind",
        "0 failures (the first would have ended it)",
    ]
    words = f" --runs {given.runs}" if given.runs else ""
    words += "" if given.minutes is None else f" --minutes {given.minutes:g}"
    command = f"python -m tests.campaigns.interrupts --seed {given.seed}{words}"
    print(logged(command, told, budget, given.log), end="")


if __name__ == "__main__":
    main()
