"""Tables of measured processes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.speed.measure import Measured

_HEAD = ("", "wall s", "CPU s", "peak MB", "wall/parse", "CPU/parse", "articles/s", "MB/s", "found")


def process_table(
    measured: Sequence[Measured], articles: int, megabytes: float, baseline: str = "parse"
) -> str:
    """Return a row for each process; ratios are to the one named `baseline`.

    Speeds are left out for 0 articles.

    One that could not be measured has its row with the reason.
    """
    base = next((one for one in measured if one.name == baseline and not one.failure), None)
    rows = [_HEAD]
    for one in measured:
        if one.failure:
            rows.append((one.name, *[""] * (len(_HEAD) - 2), one.failure))
            continue
        rows.append(
            (
                one.name,
                f"{one.wall:.2f}",
                f"{one.cpu:.2f}",
                f"{one.peak / 1e6:,.0f}",
                f"{one.wall / base.wall:.1f}" if base else "",
                f"{one.cpu / base.cpu:.1f}" if base else "",
                f"{articles / one.wall:,.0f}" if articles else "",
                f"{megabytes / one.wall:.1f}" if articles else "",
                one.found,
            )
        )
    return text_table(rows)


def stage_table(stages: Sequence[dict[str, Any]], *counts: dict[str, Any]) -> str:
    """Return a row for each stage of a ``--profile``, and its counts."""
    rows: list[tuple[str, ...]] = [("stage", "seconds", "CPU s", "peak MB", "command")]
    rows += [
        (
            "  " * one.get("inside", False) + one["name"],
            f"{one['seconds']:.2f}",
            f"{one['cpu_seconds']:.2f}" if "cpu_seconds" in one else "",
            f"{one['peak_rss_mb']:,.0f}" if "peak_rss_mb" in one else "",
            one.get("command", ""),
        )
        for one in stages
    ]
    said = [
        f"{name} {n:,}" if isinstance(n, int) else f"{name} {n}" for one in counts for name, n in one.items()
    ]
    return "\n".join([text_table(rows), *([", ".join(said)] if said else [])])


def text_table(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows, the first the heads, in columns: first and last to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    last = len(widths) - 1
    lines = [
        "  ".join(
            cell.ljust(width) if k in (0, last) else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
