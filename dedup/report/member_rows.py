"""One line per member of a cluster, in columns that stand under each other in the whole report.

The widths are settled once per report and fill the line; what gives way on a
narrow terminal is the credit first, then the headline, which moves to a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from rich.cells import cell_len

from dedup.report.layout import Canvas
from dedup.report.schema import CANONICAL, ClusterReport
from dedup.report.wording import fitted, is_midnight, lag, marked, moment, printable, same_headline

_COLOURS: Final = {CANONICAL: "bold", "cut": "cyan", "version": "yellow", "rewrite": "magenta"}
_ROOMY: Final = 30  # cells of the headline column; below, a long headline stands under its row
_NARROWEST: Final = 6
_LONGEST_LAG: Final = 12  # "+9999 d 23 h"
_CREDITED: Final = 70  # width from which there is room for the credit


@dataclass(frozen=True)
class MemberColumns:
    """Widths of the columns of all clusters; they and the gaps between them fill the line."""

    canvas: Canvas
    lag: int
    outlet: int
    headline: int
    credit: int
    relation: int = 9
    score: int = 4
    gap: str = "  "

    @classmethod
    def for_report(cls, report: ClusterReport, canvas: Canvas) -> MemberColumns:
        """Return widths that suit the members of `report` and fill the lines of `canvas`."""
        members = report.members
        outlet = min(_widest(members.column("outlet")), max(12, canvas.width * 22 // 100))
        credit = min(_widest(members.column("credit")), max(6, canvas.width // 8))
        if canvas.width < _CREDITED:
            credit = 0
        lags = pc.unique(members.column("lag_s")).to_pylist()[:10_000]
        lag_width = min(max(len("no date"), *(len(lag(one, first=False)) for one in lags), 0), _LONGEST_LAG)
        used = 2 + cls.relation + lag_width + cls.score + 4 * len(cls.gap)
        used += credit + len(cls.gap) if credit else 0
        left = canvas.width - used
        outlet = min(max(outlet, _NARROWEST), max(left - _NARROWEST, _NARROWEST))
        return cls(canvas, lag_width, outlet, max(left - outlet, _NARROWEST), credit)

    def row(self, member: dict[str, Any], canonical: dict[str, Any], *, again: bool) -> Iterator[str]:
        """Yield the lines of one member.

        Parameters
        ----------
        member : dict
            A row of the member table.
        canonical : dict
            The row of the canonical article.
        again : bool
            Its outlet carried the story before.
        """
        paint = self.canvas.paint
        relation = member["relation"] or ""
        first = relation == CANONICAL
        title = printable(member["title"])
        differs = not same_headline(title, printable(canonical["title"]))
        if first:
            said, style = moment(member["published"]) or "no date", "dim"
        elif differs:
            said, style = title or "(no headline)", "" if title else "dim"
        else:
            said, style = "same headline", "dim"
        # The other headline is what a reader came to see; it gets a second line before it is cut,
        # and where the column is too narrow for that a line of its own.
        indent = 2 + self.relation + len(self.gap)
        if self.headline >= _ROOMY:
            indent += self.lag + self.outlet + 2 * len(self.gap)
            said, *rest = Canvas(self.headline).wrapped(said, 2)
            rest = [" " * indent + marked(line) for line in rest]
        elif cell_len(said) > self.headline:
            said, rest = "", [marked(line) for line in self.canvas.wrapped(said, 2, indent)]
        else:
            rest = []
        score = "" if member["score"] is None or first else f"{member['score']:.2f}"
        colour = (_COLOURS[relation],) if relation in _COLOURS else ()
        cells = [
            paint(fitted(printable(relation), self.relation), *colour),
            paint(
                fitted(member_lag(member, canonical, first=first), self.lag, right=True),
                *(["dim"] if first else []),
            ),
            # An outlet that carries its own story again is no syndication; it steps back.
            paint(fitted(printable(member["outlet"]) or "-", self.outlet), *(["dim"] if again else [])),
            paint(fitted(said, self.headline), *filter(None, [style])),
            fitted(score, self.score, right=True),
        ]
        if self.credit:
            cells.append(paint(fitted(printable(member["credit"]), self.credit), "green"))
        yield "  " + self.gap.join(cells)
        for line in rest:
            yield paint(line, *filter(None, [style]))


def member_lag(member: Mapping[str, Any], canonical: Mapping[str, Any], *, first: bool) -> str:
    """Return how long after the canonical article a member came, in words: in days if more is not known."""
    when, began = member["published"], canonical["published"]
    if when is None or began is None or not (is_midnight(when) or is_midnight(began)):
        return lag(member["lag_s"], first=first)
    # One of the two dates is a day: the hours between them say nothing.
    days = (when.astimezone(UTC).date() - began.astimezone(UTC).date()).days
    return lag(days * 86_400, first=first, days=True)


def _widest(column: pa.ChunkedArray) -> int:
    # A sample is enough: a width is no promise, and what is longer is cut with an ellipsis.
    names = pc.unique(column).to_pylist()[:10_000]
    return max((cell_len(printable(name)) for name in names), default=0)
