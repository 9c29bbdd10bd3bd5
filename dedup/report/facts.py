"""What is said of a cluster in one line: articles, outlets, origins, span of time, credits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dedup.cluster.credit import counts_told
from dedup.provenance.families import load_families
from dedup.provenance.origins import origins
from dedup.report.wording import count, duration, is_midnight, printable


def cluster_facts(members: Sequence[Mapping[str, Any]], *, named: bool = False) -> list[str]:
    """Return the facts of a cluster, to be joined: ``8 articles``, ``8 outlets, 1 origin``, ``within 5 h``.

    Parameters
    ----------
    members : sequence of mappings
        Rows of the member table.
    named : bool
        Name the origins, as the feed writes them: data, not markup; the credits are among them. They are told
        of a story that several outlets carry, where none of its members is left out.
    """
    size = members[0]["size"]
    outlets = {one["outlet"] for one in members if one["outlet"] is not None}
    dates = [one["published"] for one in members if one["published"] is not None]
    said = [count(size, "article")]
    if size > len(members):
        said[0] += f" ({len(members):,} shown)"
    is_sourced = False
    if outlets:
        carried = count(len(outlets), "outlet")
        # Of a part of the members one cannot tell what the whole goes back to.
        if len(outlets) > 1 and size == len(members):
            found = origins(members, load_families())
            carried += f", {count(len(found), 'origin')}"
            if named:
                carried += f" ({', '.join(map(printable, found))})"
                is_sourced = True
        said.append(carried)
    if len(dates) > 1:
        said.append(_span(dates))
    told = counts_told(members[0]["cluster_credits"])
    # Where origins are named they say whom one story is from, but not how two credits are divided.
    if len(told) > 1 or (told and not is_sourced):
        # One agency needs no count; two that claim a story do.
        counted = ", ".join(f"{printable(who)} {number:,}" for who, number in told.items())
        said.append(f"credits {counted}" if len(told) > 1 else f"from {printable(next(iter(told)))}")
    return said


def _span(dates: list[datetime]) -> str:
    exact = [when for when in dates if not is_midnight(when)]
    days = (max(dates).astimezone(UTC).date() - min(dates).astimezone(UTC).date()).days
    if len(exact) == len(dates) or (days == 0 and len(exact) > 1):
        span = (max(exact) - min(exact)).total_seconds()
        return f"within {duration(span)}" if span else "all at one time"
    # Some dates are days only, so hours would pretend to know more than the feed says.
    return f"within {count(days + 1, 'day')}" if days else "all on one day"
