"""The credits of a feed as a person reads them: how often each agency is credited, and in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
from rich.cells import cell_len

from dedup.report.layout import Canvas
from dedup.report.wording import count, fitted, percent, printable

TIERS: Final = ("sure", "likely", "hint")
SHOWN: Final = 20


class CreditCounts:
    """How often each agency is credited, in each tier; counted batch by batch."""

    def __init__(self) -> None:
        self.articles = 0
        self.of: Counter[tuple[str, str]] = Counter()

    def add(self, credits: pa.Table) -> None:
        """Count a batch of `CREDIT_SCHEMA`, articles without a credit included."""
        self.articles += credits.num_rows
        grouped = (
            credits.select(["agency", "tier"]).group_by(["agency", "tier"]).aggregate([([], "count_all")])
        )
        for agency, tier, number in zip(*(column.to_pylist() for column in grouped.columns), strict=True):
            if agency is not None:
                self.of[agency, tier] += number

    def agencies(self) -> list[tuple[str, list[int]]]:
        """Return each agency and its counts by tier, the most credited first."""
        names = sorted({agency for agency, _ in self.of})
        counts = [(name, [self.of[name, tier] for tier in TIERS]) for name in names]
        return sorted(counts, key=lambda one: -sum(one[1]))

    def line(self) -> str:
        """Return all of it in one line.

        Examples
        --------
        >>> counts = CreditCounts()
        >>> counts.articles, counts.of["AP", "sure"] = 10, 4
        >>> counts.line()
        '10 articles, 4 credit an agency (40 %): 4 sure'
        """
        by_tier = [sum(number for (_, of), number in self.of.items() if of == tier) for tier in TIERS]
        total = sum(by_tier)
        said = (
            f"{count(self.articles, 'article')}, {total:,} {'credits' if total == 1 else 'credit'} an agency"
        )
        if not total:
            return said
        listed = ", ".join(
            f"{number:,} {tier}" for number, tier in zip(by_tier, TIERS, strict=True) if number
        )
        return f"{said} ({percent(total, self.articles)}): {listed}"


def credit_lines(
    counts: CreditCounts, shown: pa.Table, n_chosen: int, canvas: Canvas, *, brief: bool = True
) -> Iterator[str]:
    """Yield a table of agencies, and the evidence of some articles.

    Parameters
    ----------
    counts : CreditCounts
        Of the whole feed.
    shown : pa.Table
        `CREDIT_SCHEMA`: the articles to list.
    n_chosen : int
        How many there are to list; the rest is told of.
    canvas : Canvas
        Width and colour.
    brief : bool
        Whether more can be asked for.
    """
    agencies = counts.agencies()
    if not agencies:
        yield "No credits: no article says that an agency's copy is in it."
        return
    widest = min(max(cell_len(name) for name, _ in agencies), canvas.width // 2)
    yield canvas.paint(fitted("agency", widest) + "".join(f"{tier:>9}" for tier in TIERS), "dim")
    for name, numbers in agencies:
        cells = "".join(f"{number:>9,}" if number else " " * 9 for number in numbers)
        yield fitted(printable(name), widest) + cells
    yield ""
    yield from _rows(shown, canvas)
    if n_chosen > shown.num_rows:
        yield ""
        more = "; --top 0 prints all, -o FILE.csv writes all" if brief else ""
        yield from canvas.wrapped(f"{shown.num_rows:,} of {n_chosen:,} articles shown{more}", 3)


def _rows(shown: pa.Table, canvas: Canvas) -> Iterator[str]:
    rows: list[dict[str, Any]] = shown.to_pylist()
    if not rows:
        return
    agency = min(max(cell_len(printable(row["agency"])) for row in rows), canvas.width // 5)
    named = max((cell_len(printable(row["outlet"])) for row in rows), default=0)
    outlet = min(named, canvas.width // 5)
    ids = min(max(cell_len(printable(row["article_id"])) for row in rows), 16)
    for row in rows:
        cells = [
            fitted(printable(row["article_id"]), ids),
            fitted(printable(row["outlet"]), outlet),
            canvas.paint(fitted(printable(row["agency"]), agency), "green"),
            fitted(row["tier"] or "-", 6),
            fitted(row["kind"] or "", 11),
        ]
        left = "  ".join(cell for cell in cells if cell) + "  "
        used = ids + outlet + agency + 17 + 2 * (5 - (not outlet))
        yield left + fitted(_quoted(row), max(canvas.width - used, 10))


def _quoted(row: dict[str, Any]) -> str:
    """Return the evidence, and the field it stands in where that is not the text."""
    said = printable(row["evidence"])
    return said if row["field"] in (None, "text") else f"{row['field']}: {said}"


def evidence_line(member: dict[str, Any]) -> str:
    """Return what a member of a cluster says of its origin: ``AP, sure: "LIMA (AP) -" (dateline)``."""
    words = printable(member["credit_evidence"])
    return f"{printable(member['credit'])}, {member['credit_tier']}: “{words}” ({member['credit_kind']})"
