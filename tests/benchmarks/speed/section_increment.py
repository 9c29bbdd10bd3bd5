"""Section "increment": more articles into the largest index, against doing everything anew; and queries."""

from __future__ import annotations

from itertools import islice
from typing import Any

from tests.benchmarks.speed.context import Context, clusters_found
from tests.benchmarks.speed.make_feed import more_beside
from tests.benchmarks.speed.measure import Contestant, alternate, dedup, last_json, script
from tests.benchmarks.speed.section_feed import found
from tests.benchmarks.speed.section_scale import index_of
from tests.benchmarks.speed.table import process_table

_QUERIES = 50


def run_section(context: Context) -> dict[str, Any]:
    """Measure and print; return the figures. Adding is measured once: it changes the index."""
    n = context.sizes[-1]
    feed = context.feeds.made(n, context.added)
    more, index, anew = more_beside(feed), index_of(context, n), context.work("index-anew")
    small, large = context.work("clusters-added.csv"), context.work("clusters-anew.csv")
    context.fresh(anew.name)()
    say = lambda said: context.say(f"increment: {said}")  # noqa: E731
    if not index.exists():
        alternate(
            [
                Contestant("index", dedup("index", feed, "-i", index)),
                Contestant("clusters", dedup("clusters", index, "-o", context.work("clusters-before.csv"))),
            ],
            1,
            say,
        )
    queries = _queries(context, n)  # of articles that are not yet in the index
    steps = [
        Contestant("index, added", dedup("index", more, "-i", index)),
        Contestant("clusters, added", dedup("clusters", index, "-o", small), lambda _: clusters_found(small)),
        Contestant("index, anew", script("recompute", index, anew, feed, more)),
        Contestant("clusters, anew", dedup("clusters", anew, "-o", large), lambda _: clusters_found(large)),
    ]
    measured = alternate(steps, 1, say)
    print(f"\nincrement: {context.added:,} articles more, {n:,} before\n")
    print(process_table(measured, 0, 0.0))
    figures: dict[str, Any] = {"added": context.added, "processes": [one.as_json() for one in measured]}
    if not any(one.failure for one in measured):
        added, whole = (sum(one.wall for one in pair) for pair in (measured[:2], measured[2:]))
        figures["share"] = added / whole
        figures["equal"] = small.read_bytes() == large.read_bytes()
        figures["peak_added"] = max(one.peak for one in measured[:2])
        figures["peak_anew"] = max(one.peak for one in measured[2:])
        print(
            f"\nadding took {added:.2f} s, {100 * figures['share']:.1f} % of a recompute in the same epoch; "
            f"the clusters are {'equal to the byte' if figures['equal'] else 'NOT EQUAL'}; "
            f"peak {figures['peak_added'] / 1e6:,.0f} MB (anew {figures['peak_anew'] / 1e6:,.0f} MB)"
        )
    context.fresh(anew.name)()
    return figures | {"query": queries}


def _queries(context: Context, n: int) -> list[dict[str, Any]]:
    more, index = more_beside(context.feeds.made(n, context.added)), index_of(context, n)
    one = context.work("one.jsonl")
    with more.open("rb") as lines:
        one.write_bytes(b"".join(islice(lines, 1)))
    figures: dict[str, Any] = {}

    def said(text: str) -> str:
        figures.update(last_json(text))
        return found(text)

    measured = alternate(
        [
            Contestant("query, process", dedup("query", "-i", index, one, "-o", context.work("query.csv"))),
            Contestant(f"query, open, {_QUERIES}", script("query_open", index, more, str(_QUERIES)), said),
        ],
        context.runs,
        lambda said: context.say(f"increment: {said}"),
    )
    print(f"\nincrement: queries of {n:,} articles\n")
    print(process_table(measured, 0, 0.0))
    return [one.as_json() | (figures if "open" in one.name else {}) for one in measured]
