"""The table of agencies: their names, sites and wordings, as data.

Names are literal, never patterns, so no table a user writes can hang the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from dedup.errors import SettingsError

Tier = Literal["sure", "likely", "hint"]

FORMAT: Final = 1
"""Version of the layout of `agencies.json`."""

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


def load_agencies(path: str | Path | None = None) -> tuple[Agency, ...]:
    """Return the shipped table, extended by the entries of a file of the same layout.

    Parameters
    ----------
    path : str or Path, optional
        JSON file: ``{"format": 1, "agencies": [{"name": ..., "full": [...], ...}]}``, the members being
        the parameters of `Agency`. An entry with a known name adds to that agency.

    Raises
    ------
    SettingsError
        If the file cannot be read or an entry is not understood.
    """
    shipped = _shipped()
    if path is None:
        return shipped
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the agencies file {path}: {error.strerror}") from error
    merged = {agency.name: agency for agency in shipped}
    for agency in _parse_agencies(data, str(path)):
        known = merged.get(agency.name)
        merged[agency.name] = agency if known is None else _join(known, agency)
    return tuple(merged.values())


@cache
def _shipped() -> tuple[Agency, ...]:
    data = resources.files("dedup.text").joinpath("agencies.json").read_bytes()
    return _parse_agencies(data, "agencies.json")


def _join(known: Agency, more: Agency) -> Agency:
    def both(member: str) -> Any:
        return tuple(dict.fromkeys((*getattr(known, member), *getattr(more, member))))

    return Agency(
        known.name,
        **{member: both(member) for member in (*_LISTS, "phrases")},
        reporting_style=known.reporting_style or more.reporting_style,
        tier_cap=more.tier_cap or known.tier_cap,
        own_site=known.own_site and more.own_site,
    )


_LISTS: Final = ("full", "short", "weak", "domains", "paths")
_FLAGS: Final = ("reporting_style", "own_site")


def _parse_agencies(data: bytes, source: str) -> tuple[Agency, ...]:
    """Read the JSON, and name every mistake at once."""
    try:
        root = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{source} is not JSON: {error}") from error
    entries = root.get("agencies") if isinstance(root, dict) and root.get("format") == FORMAT else None
    if not isinstance(entries, list):
        raise SettingsError(
            f"{source} is no table of agencies of format {FORMAT}",
            f'write {{"format": {FORMAT}, "agencies": [{{"name": "...", "full": ["..."]}}]}}',
        )
    wrong: list[str] = []
    found: list[Agency] = []
    for number, entry in enumerate(entries, 1):
        mistakes = _mistakes(entry)
        if mistakes:
            wrong += [f"entry {number}: {mistake}" for mistake in mistakes]
            continue
        members: dict[str, Any] = {member: tuple(entry.get(member, ())) for member in _LISTS}
        members["phrases"] = tuple((phrase["text"], phrase["tier"]) for phrase in entry.get("phrases", ()))
        members |= {member: entry[member] for member in (*_FLAGS, "tier_cap") if member in entry}
        found.append(Agency(entry["name"], **members))
    if wrong:
        raise SettingsError(f"{source}: " + "; ".join(wrong), "correct these entries")
    return tuple(found)


def _mistakes(entry: object) -> list[str]:
    def text(value: object) -> bool:
        return isinstance(value, str) and bool(value.strip())

    if not isinstance(entry, dict) or not text(entry.get("name")):
        return ['no "name"']
    known = {"name", "phrases", "tier_cap", *_LISTS, *_FLAGS}
    out = [f"unknown member {member!r}" for member in entry if member not in known]
    for member in _LISTS:
        value = entry.get(member, [])
        if not isinstance(value, list) or not all(text(item) for item in value):
            out.append(f"{member!r} must be a list of texts, not {value!r}")
    out += [
        f"{member!r} must be true or false, not {entry[member]!r}"
        for member in _FLAGS
        if not isinstance(entry.get(member, True), bool)
    ]
    if entry.get("tier_cap", "hint") not in RANK:
        out.append(f"'tier_cap' must be one of {', '.join(RANK)}, not {entry['tier_cap']!r}")
    phrases = entry.get("phrases", [])
    out += [
        f'a phrase is {{"text": ..., "tier": "sure|likely|hint"}}, not {phrase!r}'
        for phrase in (phrases if isinstance(phrases, list) else [phrases])
        if not isinstance(phrase, dict) or not text(phrase.get("text")) or phrase.get("tier") not in RANK
    ]
    return out
