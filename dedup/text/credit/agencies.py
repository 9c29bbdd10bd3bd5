"""An agency: its names, its sites and its wordings, as data.

Names are literal, never patterns, so no table a user writes can hang the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Tier = Literal["sure", "likely", "hint"]

RANK: Final[dict[str, int]] = {"sure": 0, "likely": 1, "hint": 2}
"""Tiers, best first."""


@dataclass(frozen=True, slots=True)
class Agency:
    """One entry of the table of agencies.

    Parameters
    ----------
    name : str
        What `Credit.agency` says.
    full : tuple of str
        Names that mean nothing but the agency.
    short : tuple of str
        Abbreviations that readers know as the agency.
    weak : tuple of str
        Names with other common meanings (PA, UNI, AAP); these need the strictest contexts.
    domains : tuple of str
        Hosts of the agency's own site, subdomains included.
    paths : tuple of str
        Sections of other sites' URLs that hold its copy; a final ``*`` stands for any ending.
    phrases : tuple of (str, tier)
        Fixed wordings that are a credit wherever they stand in the text. Either case at the start.
    reporting_style : bool
        The agency that closes with "Reporting by ...; Editing by ...".
    tier_cap : tier or None
        No name in the text counts for more than this.
    own_site : bool
        False for the entry that stands for agencies in general.
    publisher : bool
        A paper or broadcaster that also sells its copy: its own site prints other agencies' copy too, so
        standing there does not prove a text to be its own.
    """

    name: str
    full: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    phrases: tuple[tuple[str, Tier], ...] = ()
    reporting_style: bool = False
    tier_cap: Tier | None = None
    own_site: bool = True
    publisher: bool = False


LISTS: Final = ("full", "short", "weak", "domains", "paths")
"""Members that are lists of texts."""

FLAGS: Final = ("reporting_style", "own_site", "publisher")
"""Members that are true or false."""
