"""Section "scale": made feeds of growing size through ``dedup index`` and ``clusters``, beside parsing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.feeds import count
from tests.benchmarks.speed.measure import Contestant, Measured, alternate, dedup, run, script
from tests.benchmarks.speed.section_feed import found
from tests.benchmarks.speed.table import process_table, stage_table, text_table
from tests.benchmarks.speed.truth import score

_RUN_ARTICLES = 500_000
"""Runs of a size are fewer where they would read more articles than this: large feeds are measured once."""


def run_section(context: Context) -> dict[str, Any]:
    """Measure and print; return the figures of each size."""
    figures = [_size(context, n, last=n == context.sizes[-1]) for n in context.sizes]
    rows: list[tuple[str, ...]] = [
        (
            "articles",
            "index s",
            "clusters s",
            "both s",
            "CPU s",
            "both/parse",
            "CPU/parse",
            "peak MB",
            "precision",
            "recall",
        )
    ]
    rows += [_row(one) for one in figures]
    print("\nscale: index and clusters\n")
    print(text_table(rows))
    times = {one["articles"]: one["index"]["wall"] + one["clusters"]["wall"] for one in figures}
    if {100_000, 1_000_000} <= times.keys() and times[100_000]:
        print(f"\ntime(1M) / time(100k) = {times[1_000_000] / times[100_000]:.1f}")
    return {"sizes": figures, "likeness": _likeness(context)}


def _likeness(context: Context) -> list[str]:
    """Print the largest feed beside what it was made after; in a process of its own, as it takes memory."""
    largest = context.feeds.made(context.sizes[-1])
    context.say(f"scale: {largest.name} is set beside its base")
    module = "tests.benchmarks.speed.likeness"
    done = run([sys.executable, "-m", module, str(largest), "--base", str(context.feeds.learnt_from())])
    print(
        f"\nscale: the largest feed beside its base (in brackets: the base's growth continued)\n\n{done.said}"
    )
    return done.said.splitlines()


def index_of(context: Context, n: int) -> Path:
    """Return the index of the made feed of n articles."""
    return context.work(f"index-{n}")


def _size(context: Context, n: int, last: bool) -> dict[str, Any]:
    feed = context.feeds.made(n, context.added if last else 0)
    articles, megabytes = count(feed)
    index, out = index_of(context, n), context.work(f"clusters-{n}.csv")
    profiles = f"profile-index-{n}.json", f"profile-clusters-{n}.json"
    runs = max(1, min(context.runs, _RUN_ARTICLES // n))
    contestants = [
        Contestant("parse", script("parse", feed), found),
        Contestant(
            "index",
            dedup("index", feed, "-i", index, *context.profiled(profiles[0])),
            prepare=context.fresh(index.name),
        ),
        Contestant(
            "clusters",
            dedup("clusters", index, "-o", out, *context.profiled(profiles[1])),
            lambda _: clusters_found(out),
        ),
    ]
    measured = alternate(contestants, runs, lambda said: context.say(f"scale {n:,}: {said}"))
    print(f"\nscale: {articles:,} made articles, {megabytes:,.0f} MB, medians of {runs} runs\n")
    print(process_table(measured, articles, megabytes))
    truth = feed.with_suffix(".truth.csv")
    figures: dict[str, Any] = {"articles": articles, "megabytes": megabytes, "runs": runs}
    if truth.exists() and not measured[2].failure:
        figures["quality"] = score(out, truth, articles)
    figures |= {one.name: one.as_json() for one in measured}
    figures["stages"] = _stages(context, profiles, measured)
    figures["counts"] = [context.stages(profile).get("counts", {}) for profile in profiles]
    if figures["stages"]:
        print("\n" + stage_table(figures["stages"], *figures["counts"]))
    if not last:  # the largest is the start of the next section
        context.fresh(index.name)()
    return figures


def _stages(context: Context, profiles: tuple[str, str], measured: list[Measured]) -> list[dict[str, Any]]:
    """Return the stages of both commands in order, and what of each was outside of its stages."""
    stages: list[dict[str, Any]] = []
    for process, profile in zip(measured[1:], profiles, strict=True):
        found = context.stages(profile)
        own = [one | {"command": process.name} for one in found.get("stages", [])]
        if own and process.runs:
            rest = process.runs[-1].wall - sum(one["seconds"] for one in own if not one.get("inside"))
            own.append({"command": process.name, "name": "start, end", "seconds": max(0.0, rest)})
        stages += own
    return stages


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    parse, index, clusters = one["parse"], one["index"], one["clusters"]
    failure = index["failure"] or clusters["failure"]
    if failure:
        return (f"{one['articles']:,}", *[""] * 8, failure)
    wall, cpu = index["wall"] + clusters["wall"], index["cpu"] + clusters["cpu"]
    quality = one.get("quality", {})
    return (
        f"{one['articles']:,}",
        f"{index['wall']:.2f}",
        f"{clusters['wall']:.2f}",
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{wall / parse['wall']:.1f}",
        f"{cpu / parse['cpu']:.1f}",
        f"{max(index['peak'], clusters['peak']) / 1e6:,.0f}",
        f"{quality['precision']:.4f}" if quality else "",
        f"{quality['recall']:.4f}" if quality else "",
    )
