"""The campaign of refusals: every write, open, mkdir, fsync, rename and SQL statement of every command fails.

    python -m tests.campaigns.io_errors --log FILE     every one of them
    python -m tests.campaigns.io_errors --share 30     what CI runs

After each the command must have ended with exit code 1 and one clear line (or, where it only could not keep
what it worked out, with the right result), the index must be sound and hold whole batches, and
the same command again must end as if nothing had happened. Where root may mount one, a small tmpfs is filled
for real too.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.campaigns.committed import file_hash
from tests.campaigns.failing import KINDS, Failing
from tests.campaigns.kills import verify
from tests.campaigns.stored_log import Budget, logged
from tests.campaigns.victims import INDEX, OUTPUTS, Command, Victims, wait

_NAMED = ("index", "clusters", "refresh", "clusters again", "export", "repair", "rebuild beside a log")


class Refusals:
    """Refused operations and what came of them."""

    def __init__(self, victims: Victims) -> None:
        self.victims = victims
        self.commands = [one for one in victims.commands if one.name in _NAMED]
        self.told: Counter[str] = Counter()
        self.shrugged = 0
        self.failures: list[str] = []

    def jobs(self) -> list[tuple[Command, str, str, int, bool]]:
        """Every operation of every command, each failing in one of its ways; and from there on for good."""
        jobs = []
        for command in self.commands:
            counts = self._counted(command)
            for kind, ways in KINDS.items():
                for nth in range(1, counts[kind] + 1):
                    # Writes of a part come by the dozen and are alike: every way is met all the same.
                    jobs.append((command, kind, ways[nth % len(ways)], nth, False))
                    if nth in (1, counts[kind]):
                        jobs += [(command, kind, way, nth, True) for way in ways]
        return jobs

    def _counted(self, command: Command) -> Counter[str]:
        case = self.victims.case(command)
        counting = Failing()
        log = case / "counts.txt"

        def note() -> None:
            log.write_text("\n".join(f"{kind} {n}" for kind, n in counting.counts.items()))

        assert wait(self.victims.fork(command, case, before=counting.install, after=note)) == 0
        return Counter({line.split()[0]: int(line.split()[1]) for line in log.read_text().splitlines()})

    def refuse(self, command: Command, kind: str, how: str, nth: int, lasting: bool) -> None:
        """Let one operation fail, and judge."""
        case = self.victims.case(command)
        code = wait(self.victims.fork(command, case, before=Failing(kind, how, nth, lasting=lasting).install))
        log = (case / "log.txt").read_text(errors="replace")
        self.told[f"{command.name}: {kind} {how}{' and all later ones' if lasting else ''}"] += 1
        wrong = []
        if code == 0:
            # A report that could not keep its epoch or its run is a report all the same.
            self.shrugged += 1
            if command.name not in ("clusters", "clusters again", "export"):
                wrong.append("exit code 0")
            outputs = [name for name in command.arguments if name in OUTPUTS]
            wrong += [f"{name} is not the right result" for name in outputs
                      if file_hash(case / name) != command.results[f"file {name}"]]  # fmt: skip
        else:
            wrong += _unclear(code, log)
        wrong += verify(self.victims, command, case, ask=False)
        self.failures += [
            f"{command.name}, {kind} {nth} {how}{' lasting' if lasting else ''}: {one}" for one in wrong
        ]

    def fill_a_disk(self) -> int:
        """Index into a tmpfs that is too small, larger by a little each time; return the number of sizes."""
        command = self.commands[0]
        sizes = 0
        for kib in range(32, 352, 8):
            case = self.victims.case(command)
            index = case / INDEX
            index.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(index)]
            if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
                return sizes
            try:
                code = wait(self.victims.fork(command, case))
                sizes += 1
                wrong = [] if code == 0 else _unclear(code, (case / "log.txt").read_text(errors="replace"))
                grow = ["mount", "-o", "remount,size=64m", str(index)]
                subprocess.run(grow, capture_output=True, check=True)
                wrong += verify(self.victims, command, case, ask=False)
            finally:
                subprocess.run(["umount", str(index)], check=True)
            self.told[f"index: a tmpfs {'that was large enough' if code == 0 else 'too small'}"] += 1
            self.failures += [f"a tmpfs of {kib} KiB: {one}" for one in wrong]
        return sizes

    def lines(self, sizes: int, left_out: int) -> list[str]:
        """Return the log."""
        lines = [f"{n:5,d}  {name}" for name, n in sorted(self.told.items())]
        lines.append(f"{sum(self.told.values()):,} operations refused, of which {sizes} by a full tmpfs")
        lines.append(f"{left_out:,} operations left out for want of time")
        if not sizes:
            lines.append("no tmpfs was filled: --share leaves it out, and without root none can be mounted")
        lines.append(f"{self.shrugged:,} times a report was right all the same and only could not be kept")
        lines.append(f"{len(self.failures):,} failures")
        return lines + [f"FAILED {one}" for one in self.failures]


def _unclear(code: int, log: str) -> list[str]:
    """What is wrong with how a command told of its failure."""
    told = [line for line in log.splitlines() if line.startswith("dedup: error: ")]
    if code == 1 and len(told) == 1 and "Traceback" not in log and "unexpected" not in told[0]:
        return []
    return [f"exit code {code}: {log.strip().splitlines()[-1] if log.strip() else 'nothing was said'}"]


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code is 1 if anything was lost or not told clearly."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--share", type=int, help="only so many of the operations (default: all), and no tmpfs"
    )
    parser.add_argument("--minutes", type=float, help="refuse nothing more after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path)
    asked = parser.parse_args(arguments)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    budget, cut = Budget(asked.minutes), ""
    with tempfile.TemporaryDirectory(prefix="dedup-refusals-", dir=memory) as work:
        victims = Victims(Path(work), all_three=False)
        refusals = Refusals(victims)
        jobs = refusals.jobs()
        random.Random(asked.seed).shuffle(jobs)
        sizes = left_out = 0
        try:
            for job in jobs[: asked.share]:
                if budget.over:
                    left_out += 1
                else:
                    refusals.refuse(*job)
            sizes = refusals.fill_a_disk() if asked.share is None else 0
        except KeyboardInterrupt:
            cut = " (ended early by Ctrl-C)"
        lines = refusals.lines(sizes, left_out)
    share = "" if asked.share is None else f" --share {asked.share}"
    share += "" if asked.minutes is None else f" --minutes {asked.minutes:g}"
    command = f"python -m tests.campaigns.io_errors --seed {asked.seed}{share}{cut}"
    print(logged(command, lines, budget, asked.log, victims.passed), end="")
    return 1 if refusals.failures else 0


if __name__ == "__main__":
    sys.exit(main())
