"""What the search answers with: a credit, and the span that proves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dedup.text.credit.agencies import RANK, Agency, Tier

Kind = Literal["credit-line", "dateline", "byline", "copyright", "url", "metadata"]
Field = Literal["text", "title", "byline", "credit", "url", "outlet"]


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit and the span that proves it.

    Parameters
    ----------
    agency : str
        Name of the agency in the table ("Reuters"); "agencies" where the credit names none.
    tier : {"sure", "likely", "hint"}
        "sure": the text is the agency's; "likely": mostly so; "hint": agency material is part of it.
    kind : {"credit-line", "dateline", "byline", "copyright", "url", "metadata"}
        The sort of evidence.
    start, end : int
        Half-open span in the field, in code points.
    field : {"text", "title", "byline", "credit", "url", "outlet"}
        Where the evidence stands.
    evidence : str
        That span, as it stands.
    """

    agency: str
    tier: Tier
    kind: Kind
    start: int
    end: int
    field: Field
    evidence: str


def capped(tier: Tier, agency: Agency) -> Tier:
    """Return the tier, or the highest that the agency's names may reach."""
    cap = agency.tier_cap
    return cap if cap is not None and RANK[cap] > RANK[tier] else tier


def make_credit(
    agency: Agency, tier: Tier, kind: Kind, text: str, start: int, end: int, field: Field
) -> Credit:
    """Return the credit that `text[start:end]`, without blanks around it, is evidence of."""
    span = text[start:end]
    start += len(span) - len(span.lstrip())
    evidence = span.strip()
    return Credit(agency.name, tier, kind, start, start + len(evidence), field, evidence)


# What names the agency most plainly comes first.
_FIELDS: Final[dict[str, int]] = {"credit": 0, "byline": 1, "text": 2, "title": 3, "url": 4, "outlet": 5}


def strongest(found: Iterable[Credit]) -> Credit | None:
    """Return the credit of the best tier; among equals by field, then the earliest, then the longest."""
    return min(found, key=rank_of, default=None)


def rank_of(credit: Credit) -> tuple[int, int, int, int]:
    """Return what credits are compared by, the best having the least."""
    return RANK[credit.tier], _FIELDS[credit.field], credit.start, -credit.end
