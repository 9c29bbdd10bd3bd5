"""What an index holds, for people and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from dedup.article import Reject
from dedup.feeds.reasons import KEPT
from dedup.report.layout import Canvas, key_values
from dedup.report.wording import count, moment, percent, printable

_OUTLETS_SHOWN: Final = 15
_SIMILARITY: Final = (
    "Similarity is the Jaccard similarity of the word pairs of two texts: pairs that both have, over pairs "
    "that either has. Word pairs common in news are left out first; of headlines and briefs single words "
    "count as well. Two texts of one length that share half of it have about 0.33."
)


def holdings_json(held: Any, rejects: Sequence[Reject] | None) -> str:
    """Return the statistics of an index as one JSON object.

    Parameters
    ----------
    held : IndexStats
        As `Index.stats` returns it.
    rejects : sequence of Reject, optional
        Added as ``rejected`` when given.
    """
    record = dataclasses.asdict(held)
    record["outlets"] = [{"outlet": name, "articles": number} for name, number in held.outlets]
    for name in ("recall", "headline_recall"):
        record[name] = [{"jaccard": at, "expected": share} for at, share in record[name]]
    for name in ("first", "last"):
        record[name] = _iso(record[name])
    if rejects is not None:
        record["rejected"] = [dataclasses.asdict(one) for one in rejects]
    return orjson.dumps(record, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def holdings_lines(name: str, held: Any, rejects: Sequence[Reject] | None, canvas: Canvas) -> Iterator[str]:
    """Yield the lines of the statistics of an index; parameters as `holdings_json`."""
    yield canvas.paint(printable(name), "bold")
    articles = count(held.articles, "article")
    if held.versions:
        articles += f", {count(held.versions, 'older version')}"
    dates = f"{moment(held.first)} to {moment(held.last)} UTC" if held.first else "none known"
    if held.undated:
        dates += f", {held.undated:,} without a date"
    epoch = "none yet"
    if held.epoch:
        identity, learnt = held.epoch
        epoch = f"{identity}, learnt from {count(learnt, 'article')}"
    lost = {reason: number for reason, number in held.rejects.items() if reason not in KEPT}
    kept = {reason: number for reason, number in held.rejects.items() if reason in KEPT}
    rows = [
        ("articles", articles),
        ("published", dates),
        ("size", f"{_size(held.bytes_on_disk)} in {count(held.parts, 'part')}"),
        ("epoch", epoch),
        ("runs", f"{held.runs:,}"),
        ("rejected", f"{sum(lost.values()):,}"),
        ("noted", f"{sum(kept.values()):,}"),
        ("outlets", f"{len(held.outlets):,}"),
    ]
    yield from key_values(rows, canvas, indent=2)
    if held.outlets:
        yield ""
        yield canvas.paint("Articles by outlet", "bold")
        ranked = sorted(held.outlets, key=lambda row: (-row[1], row[0] or ""))
        yield from _shares([(printable(one) or "(none)", n) for one, n in ranked], held.articles, canvas)
    for heading, counts in (("Rejected, by reason", lost), ("Noted, their articles kept", kept)):
        if not counts:
            continue
        yield ""
        yield canvas.paint(heading, "bold")
        reasons = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
        yield from (f"  {number:>9,}  {printable(reason)}" for reason, number in reasons)
    if held.recall:
        yield ""
        yield from _recall_lines(held, canvas)
    if rejects is not None:
        yield ""
        yield canvas.paint(f"Rejected and noted: {len(rejects):,}", "bold")
        for one in rejects:
            place = f"{one.file}:{one.line}" if one.line else one.file
            yield "  " + printable(f"{place}: {one.reason}" + (f": {one.detail}" if one.detail else ""))


def _recall_lines(held: Any, canvas: Canvas) -> Iterator[str]:
    yield canvas.paint("Expected recall", "bold") + canvas.paint(
        ": the share of pairs of so much similarity that are compared at all", "dim"
    )
    yield canvas.paint(f"  {'similarity':>10}  {'articles':>8}  {'headlines':>9}", "dim")
    for (similarity, share), (_, of_headlines) in zip(held.recall, held.headline_recall, strict=True):
        yield f"  {similarity:>10.2f}  {percent(share, 1):>8}  {percent(of_headlines, 1):>9}"
    for line in canvas.wrapped(_SIMILARITY, 5, indent=2):
        yield canvas.paint(line, "dim")


def _shares(ranked: Sequence[tuple[str, int]], whole: int, canvas: Canvas) -> Iterator[str]:
    for name, number in ranked[:_OUTLETS_SHOWN]:
        yield f"  {number:>9,}  {percent(number, whole):>6}  {name}"[: canvas.width]
    if (more := len(ranked) - _OUTLETS_SHOWN) > 0:
        rest = sum(number for _, number in ranked[_OUTLETS_SHOWN:])
        yield canvas.paint(f"  {rest:>9,}  {percent(rest, whole):>6}  {more:,} more outlets", "dim")


def _size(octets: int) -> str:
    value = float(octets)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
