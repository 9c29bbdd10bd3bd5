"""How many independent sources the copies of a story go back to: "37 outlets, 2 origins".

A member of a cluster is a confirmed copy, so it needs no source of its own:
the earlier members account for it. A source is counted only where the members give reason to:

- each agency that a member credits, surely or likely; where none is, those of which parts are said to be
  (hints: "with inputs from");
- the family of the canonical article, unless a member with its wording (the canonical article itself,
  verbatim and cut copies) credits an agency, surely or likely: then the wording is the agency's, and the
  first to print it only left the credit out.

So it is a lower bound. Its limits: where every outlet strips the credit, an agency story counts as that of
the outlet first seen with it; an uncredited rewrite counts as derived, though two newsrooms may have
reworked one press release; a credit wrongly found is an origin too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dedup.provenance.families import Families

UNNAMED: Final = "agencies"
"""The credit of lines like "with inputs from agencies": an agency, but which? It counts only alone."""

UNKNOWN: Final = "(unknown)"
"""Name of the source of a story first seen without outlet, URL or credit."""

_CANONICAL: Final = "canonical"
_HINT: Final = "hint"
_OWN_WORDING: Final = frozenset({_CANONICAL, "verbatim", "cut"})


def origins(members: Iterable[Mapping[str, Any]], families: Families) -> tuple[str, ...]:
    """Return the sources the members of one cluster go back to.

    Parameters
    ----------
    members : iterable of mappings
        Rows of the member table, with ``relation``, ``credit``, ``outlet`` and ``url``; a ``credit_tier``
        that is missing counts as sure.
    families : Families

    Returns
    -------
    tuple of str
        Names of agencies and families, sorted; never empty for a cluster with its canonical article.

    Examples
    --------
    >>> first = {"relation": "canonical", "outlet": "Harbour Courier", "url": None, "credit": None}
    >>> copy = {"relation": "verbatim", "outlet": "Metro Beacon", "url": None, "credit": "AFP"}
    >>> origins([first, copy], Families([]))
    ('AFP',)
    >>> origins([first, {**copy, "relation": "rewrite"}], Families([]))
    ('AFP', 'Harbour Courier')
    >>> origins([{**first, "credit": "AFP", "credit_tier": "hint"}], Families([]))
    ('AFP', 'Harbour Courier')
    """
    credited: set[str] = set()
    hinted: set[str] = set()
    first: set[str] = set()
    is_agencys = False
    for member in members:
        agency, relation = member["credit"], member["relation"]
        if agency and member.get("credit_tier") == _HINT:
            hinted.add(agency)
        elif agency:
            credited.add(agency)
            is_agencys |= relation in _OWN_WORDING
        if relation == _CANONICAL:
            first.add(families.of(member["outlet"], member["url"]) or UNKNOWN)
    found = credited if is_agencys else (credited or hinted) | first
    if len(found) > 1:
        found = found - {UNNAMED}
    return tuple(sorted(found))
