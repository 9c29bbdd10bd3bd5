"""Section "memory": the least limit a feed may be given is kept to, refused below it, and changes no byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.feeds import count
from tests.benchmarks.speed.measure import Contestant, Measured, alternate, dedup, run
from tests.benchmarks.speed.table import process_table

_LEAST = re.compile(r"give at least ([\d,]+) MB")


def run_section(context: Context) -> dict[str, Any]:
    """Cluster the feed and the greatest made one, with no limit and with the least; it must be kept to."""
    report = {}
    for feed in (context.feeds.base(), context.feeds.made(context.sizes[-1])):
        articles, megabytes = count(feed)
        least = least_memory(feed, articles)
        free, bound = context.work("memory-free.csv"), context.work("memory-bound.csv")
        measured = alternate(
            [
                _contestant("no limit", free, feed),
                _contestant(f"--memory {least}MB", bound, feed, "--memory", f"{least}MB"),
            ],
            1,
            lambda said: context.say(f"memory: {said}"),
        )
        print(f"\nmemory: {feed.name}, {articles:,} articles, {megabytes:.0f} MB\n")
        print(process_table(measured, articles, megabytes))
        report[feed.name] = {"limit": least << 20, "processes": [one.as_json() for one in measured]}
        _hold(measured, least << 20, free, bound)
    return report


def least_memory(feed: Path, articles: int) -> int:
    """Return the least MB that ``dedup clusters`` accepts for a feed, as it says itself."""
    from dedup.engines.budget import least_mb
    from dedup.settings import LEAST_MEMORY_MB

    least = max(least_mb(articles), LEAST_MEMORY_MB)
    if least > LEAST_MEMORY_MB:
        refused = run(dedup("clusters", feed, "--format", "csv", "--memory", f"{least - 1}MB"))
        said = _LEAST.search(refused.said)
        if refused.code != 1 or said is None or int(said[1].replace(",", "")) != least:
            raise SystemExit(f"memory: {least - 1} MB is not refused as too little: {refused.said[-200:]}")
    return least


def _contestant(name: str, out: Path, *arguments: str | Path) -> Contestant:
    command = dedup("clusters", *arguments, "--format", "csv", "-o", out)
    return Contestant(name, command, lambda _: clusters_found(out))


def _hold(measured: list[Measured], limit: int, free: Path, bound: Path) -> None:
    for one in measured:
        if one.failure:
            raise SystemExit(f"memory: {one.name}: {one.failure}")
    if free.read_bytes() != bound.read_bytes():
        raise SystemExit("memory: with less memory the bytes are others")
    if measured[1].peak > limit:
        raise SystemExit(f"memory: peak {measured[1].peak / 1e6:,.0f} MB, over the limit")
    print(f"equal to the byte; the peak is {measured[1].peak / limit:.0%} of the limit")
