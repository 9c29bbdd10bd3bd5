"""Section "hostile": feeds made to be slow, ``dedup clusters`` beside parsing them."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.feeds import count
from tests.benchmarks.speed.hostile_feed import KINDS
from tests.benchmarks.speed.measure import Contestant, alternate, dedup, script
from tests.benchmarks.speed.section_feed import found
from tests.benchmarks.speed.table import process_table


def run_section(context: Context) -> dict[str, Any]:
    """Measure each feed once and print; return the figures."""
    figures = {}
    for kind in KINDS:
        feed, out = context.feeds.hostile(kind, context.hostile), context.work(f"hostile-{kind}.csv")
        articles, megabytes = count(feed)
        measured = alternate(
            [
                Contestant("parse", script("parse", feed), found),
                Contestant(
                    "dedup clusters",
                    dedup("clusters", feed, "--format", "csv", "-o", out),
                    lambda _, out=out: clusters_found(out),  # type: ignore[misc]
                ),
            ],
            1,
            lambda said, kind=kind: context.say(f"hostile {kind}: {said}"),  # type: ignore[misc]
        )
        print(f"\nhostile: {kind}, {articles:,} articles, {megabytes:,.0f} MB\n")
        print(process_table(measured, articles, megabytes))
        figures[kind] = {
            "articles": articles,
            "megabytes": megabytes,
            "processes": [one.as_json() for one in measured],
        }
    return figures
