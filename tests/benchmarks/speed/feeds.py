"""The feeds that are measured: the given one, or allsides, or a made one; and those made from it."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.benchmarks.speed.measure import ROOT

SAMPLE = ROOT / "samples" / "feed.jsonl"


@dataclass(slots=True)
class Feeds:
    """Where feeds lie; those in `work` are made when first asked for, and found there again later."""

    work: Path
    given: Path | None = None
    quick: bool = False

    def base(self) -> Path:
        """Return the feed to measure; `quick`: its first 2,000 articles."""
        return self._known() or self.made(2_000 if self.quick else 20_000)

    def learnt_from(self) -> Path:
        """Return the feed that made ones are made after: the one that is measured, or the samples."""
        return self._known() or SAMPLE

    def _known(self) -> Path | None:
        whole = self.given or self._allsides()
        if whole is None or not self.quick:
            return whole
        few = self.work / "first-2000.jsonl"
        if not few.exists():
            with whole.open("rb") as lines:
                few.write_bytes(b"".join(islice(lines, 2_000)))
        return few

    def _allsides(self) -> Path | None:
        packed = Path(os.environ.get("DEDUP_GOLD_DIR", ""), "feeds", "allsides.jsonl.gz")
        if not packed.is_file():
            return None
        unpacked = self.work / "allsides.jsonl"
        if not unpacked.exists():
            part = unpacked.with_suffix(".part")
            with gzip.open(packed) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            part.rename(unpacked)
        return unpacked

    def made(self, n: int, more: int = 0) -> Path:
        """Return a feed of n articles made after `learnt_from`.

        With `more` the feed of the articles after the last lies beside it (`make_feed.more_beside`).
        """
        out = self.work / f"made-{n}.jsonl"
        beside = out.with_name(f"made-{n}_more.jsonl")
        if out.exists() and (not more or beside.exists()):
            return out
        maker = [sys.executable, "-m", "tests.benchmarks.speed.make_feed"]
        options = ["--articles", str(n), "--more", str(more), "--base", str(self.learnt_from())]
        # In a process of its own: what it learns takes a gigabyte that we do not want to keep.
        making = self.work / "making"
        making.mkdir(exist_ok=True)
        self._run([*maker, str(making / out.name), *options])
        for file in sorted(making.iterdir()):
            file.rename(self.work / file.name)
        return out

    def hostile(self, kind: str, scale: float) -> Path:
        """Return a feed of `hostile_feed`."""
        out = self.work / f"hostile-{kind}-{scale:g}.jsonl"
        if not out.exists():
            self._run(
                [sys.executable, "-m", "tests.benchmarks.speed.hostile_feed", kind, str(out), str(scale)]
            )
        return out

    def _run(self, command: list[str]) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | {"PYTHONPATH": path})


def count(feed: Path) -> tuple[int, float]:
    """Return the articles (lines) and the megabytes of a feed."""
    lines = 0
    with feed.open("rb") as file:
        while block := file.read(1 << 22):
            lines += block.count(b"\n")
    return lines, feed.stat().st_size / 1e6
