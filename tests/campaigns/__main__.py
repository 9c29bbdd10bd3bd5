"""All campaigns, one after another, each with a budget of its own and a log.

    python -m tests.campaigns --minutes 20             all at full length; logs in tests/campaigns/logs
    python -m tests.campaigns kills live --minutes 5   some
    python -m tests.campaigns --stale                  which logs are not of the code beside them

A campaign that has done all there is to do ends before its time. The exit code is 1 if one failed, or with
``--stale`` if a log is old.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.campaigns.fuzz import NAMES
from tests.campaigns.stored_log import LOGS, ROOT, tree, tree_of


class Campaign(NamedTuple):
    """A module of `tests.campaigns`, the name of its log, and what else its command says."""

    module: str
    log: str
    arguments: tuple[str, ...] = ()


CAMPAIGNS: Final = {
    "kills": Campaign("kills", "kills.log"),
    "io_errors": Campaign("io_errors", "io_errors.log"),
    "interrupts": Campaign("interrupts", "interrupts.txt"),
    "concurrency": Campaign("concurrency", "concurrency.txt"),
    "live": Campaign("live", "live.txt"),
    "hostile": Campaign("hostile", "hostile.txt"),
    "fuzz_readers": Campaign("fuzz", "fuzz_readers.txt", tuple(name for name in NAMES if name != "words")),
    "fuzz_words": Campaign("fuzz", "fuzz_words.txt", ("words",)),
}
"""Each has the whole of the minutes; the targets of a fuzzer share them."""


def main(arguments: list[str] | None = None) -> int:
    """Run them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CAMPAIGNS)}; all by default")
    parser.add_argument("--minutes", type=float, default=20.0, help="for each (20)")
    parser.add_argument("--logs", type=Path, default=LOGS, help="folder for the logs")
    parser.add_argument("--stale", action="store_true", help="run nothing; tell which logs are old")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(CAMPAIGNS):
        parser.error(f"no such campaign: {', '.join(sorted(unknown))}")
    names = [name for name in CAMPAIGNS if not given.names or name in given.names]
    if given.stale:
        old = [name for name in names if not _is_current(given.logs / CAMPAIGNS[name].log)]
        print("\n".join(f"{given.logs.name}/{CAMPAIGNS[name].log} is not of this tree" for name in old))
        return 1 if old else 0
    given.logs.mkdir(parents=True, exist_ok=True)
    lines = [f"{'campaign':12} {'minutes':>8}  outcome"]
    failed = 0
    for name in names:
        campaign = CAMPAIGNS[name]
        log = (given.logs / campaign.log).resolve()
        words = [f"tests.campaigns.{campaign.module}", *campaign.arguments]
        words += ["--minutes", f"{given.minutes:g}", "--log", str(log)]
        began = time.monotonic()
        code = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode
        failed += code != 0
        outcome = "passed" if code == 0 else f"FAILED with exit code {code}"
        lines.append(f"{name:12} {(time.monotonic() - began) / 60:8.1f}  {outcome}")
    print("\n".join(lines))
    return 1 if failed else 0


def _is_current(log: Path) -> bool:
    return log.exists() and tree_of(log) == tree()


if __name__ == "__main__":
    sys.exit(main())
