"""The kill campaign: every command killed at every named point and at random moments.

    python -m tests.campaigns.kills --minutes 20 --log FILE    all points, then at random while there is time
    python -m tests.campaigns.kills --random 500 --log FILE    all points, and so many at random
    python -m tests.campaigns.kills --named 30 --ask-every 0   what CI runs

After each kill the index must be sound (`dedup check`) and hold whole committed batches; the same command
again must end as if nothing had happened, in every row of the catalog and every byte of the rest
(`tests.campaigns.committed`), and so must the clusters; a file of ``-o`` is the old or the new one; nothing
is left in staging, beside the file or in TMPDIR.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from dedup.errors import IndexFolderError
from dedup.index import faults
from dedup.index.check.check import check_folder
from dedup.index.store import IndexStore
from tests.campaigns.committed import committed_state, differences, file_hash
from tests.campaigns.stored_log import Budget, logged
from tests.campaigns.victims import (
    INDEX,
    OUTPUTS,
    Command,
    Victims,
    kill_after,
    part_rows,
    wait,
)


def verify(victims: Victims, command: Command, case: Path, *, ask: bool) -> list[str]:
    """Return what is wrong after a kill and after the same command again; nothing if all is well."""
    wrong = [*_before_again(command, case)]
    code = wait(victims.fork(command, case))
    if code != 0:
        log = (case / "log.txt").read_text(errors="replace").strip().splitlines()
        return [*wrong, f"again: exit code {code}: {log[-1] if log else ''}"]
    wrong += [f"again: {one}" for one in differences(command.committed, committed_state(case / INDEX))]
    if IndexStore.exists(case / INDEX):
        report = check_folder(case / INDEX, deep=True, on_stage=lambda *_: None)
        wrong += [f"again: {one.file}: {one.reason}" for one in report.damage]
        wrong += [f"again: {note}" for note in report.notes if "repair dropped" not in note]
    left = [path.name for path in case.iterdir() if path.name.startswith(".")]
    left += [path.name for path in (case / "tmp").iterdir()]
    if left:
        wrong.append(f"again: left behind: {', '.join(left)}")
    results = victims.results(case, all_three=ask)
    for output in OUTPUTS:
        results[f"file {output}"] = file_hash(case / output)
    wrong += [f"again: {name} differs" for name, value in results.items() if command.results[name] != value]
    return wrong


def _before_again(command: Command, case: Path) -> list[str]:
    wrong = [
        f"{name} is neither the old nor the new file"
        for name in OUTPUTS
        if file_hash(case / name) not in (file_hash(command.before / name), command.results[f"file {name}"])
    ]
    if command.repairs:
        return wrong
    try:
        if IndexStore.exists(case / INDEX):
            report = check_folder(case / INDEX, deep=False, on_stage=lambda *_: None)
            wrong += [f"{one.file}: {one.reason}" for one in report.damage]
            rows = part_rows(case / INDEX)
            if rows != command.rows[: len(rows)] or len(rows) < len(part_rows(command.before / INDEX)):
                wrong.append(f"parts of {rows} articles, not the first of {command.rows}")
            IndexStore.open(case / INDEX, write=True).close(finished=False)
            left = [path.name for path in (case / INDEX / "staging").iterdir()]
            left += [path.name for path in (case / INDEX).glob(".*.tmp")]
            if left:
                wrong.append(f"the next writing open left {', '.join(left)}")
    except IndexFolderError as error:
        wrong.append(f"the index does not open: {error}")
    return wrong


class Campaign:
    """Kills and what came of them.

    Parameters
    ----------
    victims : Victims
    seed : int
        Of the choice of moments, and of points where not all are taken.
    every : int
        Of so many kills one is followed by asking for export and stats too; 0: none.
    budget : Budget
        What is not done when the time is up is left out, and counted.
    """

    def __init__(self, victims: Victims, seed: int, every: int, budget: Budget) -> None:
        self.victims = victims
        self.budget = budget
        self.left_out = 0
        self.points: set[str] = set()
        self.every = every
        self.chance = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.asked = 0
        self.unkilled = 0
        self.failures: list[str] = []

    def places(self) -> list[tuple[Command, str]]:
        """Every named point of every command: its first and its last passage."""
        return [
            (command, f"{name}:{nth}")
            for command in self.victims.commands
            for name in faults.FAULT_POINTS
            for nth in sorted({min(1, command.hits[name]), command.hits[name]} - {0})
        ]

    def run(self, named: int | None, at_random: int, real: int) -> None:
        """Kill at named points (all, or so many) and at random moments, in a mixed order."""
        if at_random or self.budget.minutes is not None:
            self.victims.measure()
        places = self.places()
        chosen = places if named is None else self.chance.sample(places, min(named, len(places)))
        jobs: list[tuple[Command, str] | bool] = [*chosen, *[False] * at_random, *[True] * real]
        self.chance.shuffle(jobs)
        for job in jobs:
            if self.budget.over:
                self.left_out += 1
            elif isinstance(job, bool):
                self._at_random(real=job)
            else:
                self._at(*job)
        while self.budget.minutes is not None and not self.budget.over:
            self._at_random(real=self.chance.random() < _REAL_SHARE)

    def _at(self, command: Command, place: str) -> None:
        case = self.victims.case(command)
        code = wait(self.victims.fork(command, case, place))
        if code != -signal.SIGKILL:
            self.failures.append(f"{command.name} at {place}: not killed, exit code {code}")
        self.points.add(place.partition(":")[0])
        self._judge(command, case, "named", f"at {place}")

    def _at_random(self, *, real: bool) -> None:
        commands = self.victims.commands
        command = self.chance.choices(commands, [one.seconds for one in commands])[0]
        case = self.victims.case(command)
        delay = self.chance.uniform(0, 1.1 * command.seconds + (_STARTUP_S if real else 0))
        child = self.victims.start(command, case).pid if real else self.victims.fork(command, case)
        code = kill_after(child, delay)
        if code == 0:
            self.unkilled += 1
        elif code != -signal.SIGKILL:
            self.failures.append(f"{command.name} after {delay:.3f} s: exit code {code}")
        self._judge(command, case, "random, real process" if real else "random", f"after {delay:.3f} s")

    def _judge(self, command: Command, case: Path, kind: str, when: str) -> None:
        self.kills[f"{kind}: {command.name}"] += 1
        ask = self.every > 0 and sum(self.kills.values()) % self.every == 0
        self.asked += ask
        for what in verify(self.victims, command, case, ask=ask):
            self.failures.append(f"{command.name} {when}: {what}")
            print(self.failures[-1], file=sys.stderr, flush=True)

    def lines(self) -> list[str]:
        """Return the log."""
        missing = sorted(set(faults.FAULT_POINTS) - self.victims.passed)
        lines = [f"{n:5,d}  {name}" for name, n in sorted(self.kills.items())]
        total = sum(self.kills.values())
        lines += [
            f"{len(missing)} fault points passed by no command, {len(self.points)} killed at, "
            f"{self.left_out:,} planned kills left out for want of time",
            f"{total:,} kills, {self.unkilled:,} of them after the command had ended",
            f"{total:,} times everything committed (all tables of the catalog, the manifest, the rows and "
            "files of all parts, runs and epochs), the files of -o and the clusters were compared with those "
            f"of the undisturbed run; {self.asked:,} times export and stats too",
            f"{len(self.failures):,} failures",
        ]
        return lines + [f"FAILED {one}" for one in [*missing, *self.failures]]


_REAL_SHARE: Final = 0.02
_STARTUP_S: Final = 2.0
"""A process of its own imports for so long; it is killed meanwhile too."""


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code is 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--named", type=int, help="only so many of the named points (default: all)")
    parser.add_argument("--random", type=int, default=0, help="kills at random moments, in forked children")
    parser.add_argument("--real", type=int, default=0, help="the same, in processes of their own")
    parser.add_argument("--minutes", type=float, help="as long: more kills at random, or not all of them")
    parser.add_argument("--ask-every", type=int, default=5, help="ask for export and stats too so often")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args(arguments)
    # In memory where there is such a folder: a killed process loses nothing the kernel has, so an fsync
    # only takes time here (its order has a test of its own, in tests/test_store_faults.py).
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    budget, cut = Budget(asked.minutes), ""
    with tempfile.TemporaryDirectory(prefix="dedup-kills-", dir=memory) as work:
        victims = Victims(Path(work), all_three=asked.ask_every > 0)
        campaign = Campaign(victims, asked.seed, asked.ask_every, budget)
        try:
            campaign.run(asked.named, asked.random, asked.real)
        except KeyboardInterrupt:
            cut = " (ended early by Ctrl-C)"
        lines = campaign.lines()
    options = [f"--random {asked.random}", f"--real {asked.real}", f"--seed {asked.seed}"]
    options += [f"--named {asked.named}"] if asked.named is not None else []
    options += [f"--minutes {asked.minutes:g}"] if asked.minutes is not None else []
    options += [f"--ask-every {asked.ask_every}"]
    command = f"python -m tests.campaigns.kills {' '.join(options)}{cut}"
    print(logged(command, lines, budget, asked.log, victims.passed), end="")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())
