"""Section "feed": one real feed, ``dedup clusters`` beside parsing it, beside our floor, beside the peers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.feeds import count
from tests.benchmarks.speed.measure import Contestant, alternate, dedup, last_json, run, script
from tests.benchmarks.speed.table import process_table, stage_table

PEERS = Path(__file__).with_name("peers")
CORES = str(os.cpu_count() or 1)


def run_section(context: Context) -> dict[str, Any]:
    """Measure and print; return the figures."""
    feed = context.feeds.base()
    articles, megabytes = count(feed)
    out = context.work("clusters.csv")
    command = dedup("clusters", feed, "--format", "csv", "-o", out)
    context.say("feed: a first run, which compiles the kernels, is not counted")
    run(command)
    contestants = [
        Contestant("parse", script("parse", feed), found),
        Contestant("floor", script("floor", feed), found),
        Contestant("dedup clusters", command, lambda _: clusters_found(out)),
        *peers(context, feed),
    ]
    measured = alternate(contestants, context.runs, context.say)
    print(
        f"\nfeed: {feed.name}, {articles:,} articles, {megabytes:.0f} MB, "
        f"medians of {context.runs} alternating runs\n"
    )
    print(process_table(measured, articles, megabytes))
    figures: dict[str, Any] = {"articles": articles, "megabytes": megabytes}
    profile = "feed-profile.json"
    if context.can_profile:
        run([*command, *context.profiled(profile)])
        figures["profile"] = stages = context.stages(profile)
        if stages:
            print("\n" + stage_table(stages["stages"], stages.get("counts", {})))
    return figures | {"processes": [one.as_json() for one in measured]}


def peers(context: Context, feed: Path) -> list[Contestant]:
    """Return the peers; one without its package has no command."""
    split, work = context.work("split"), context.work("peer")
    clear = context.fresh("peer", make=True)
    rensa, rensa_name, _ = _installed(context, "rensa", "rensa")
    text_dedup, text_dedup_name, text_dedup_python = _installed(context, "text_dedup", "text-dedup")
    datatrove, datatrove_name, datatrove_python = _installed(context, "datatrove", "datatrove")
    rensa_python = context.peers.get("rensa", sys.executable)
    runner = {name: str(PEERS / f"{name}_runner.py") for name in ("rensa", "text_dedup", "datatrove")}
    if datatrove:
        _split(feed, split)
    return [
        Contestant(
            f"{rensa_name}, {how}", [rensa_python, runner["rensa"], str(feed), how] if rensa else [], found
        )
        for how in ("full", "rho")
    ] + [
        Contestant(
            text_dedup_name,
            [text_dedup_python, runner["text_dedup"], str(feed), str(work), CORES] if text_dedup else [],
            found,
            clear,
            workers=True,
        ),
        Contestant(
            datatrove_name,
            [datatrove_python, runner["datatrove"], str(split), str(work), CORES] if datatrove else [],
            found,
            clear,
            workers=True,
        ),
    ]


def found(said: str) -> str:
    """Return what a runner says it found."""
    return str(last_json(said).get("found", ""))


def _installed(context: Context, module: str, package: str) -> tuple[bool, str, str]:
    """Return whether a peer can be run, its name with the version, its interpreter."""
    python = context.peers.get(module, sys.executable)
    asked = (
        "import importlib.util, importlib.metadata as m; "
        f"assert importlib.util.find_spec({module!r}); print(m.version({package!r}))"
    )
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    except OSError:
        return False, package, python
    return done.returncode == 0, f"{package} {done.stdout.strip()}".strip(), python


def _split(feed: Path, folder: Path) -> None:
    """Cut a feed into as many files as there are cores, for a peer that reads one file per worker."""
    folder.mkdir(exist_ok=True)
    size = feed.stat().st_size
    with feed.open("rb") as lines:
        for part in range(int(CORES)):
            end = size * (part + 1) // int(CORES)
            with (folder / f"part-{part}.jsonl").open("wb") as out:
                while lines.tell() < end and (line := lines.readline()):
                    out.write(line)
