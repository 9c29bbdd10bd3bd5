"""The table of agencies as a file: the shipped one, and one of a user's own on top of it.

What a user writes wins: an entry with a known name adds to that agency, or with ``"replace": true`` stands
instead of it, and a name, host, section or wording that a shipped agency has is taken from it. A file with
``"replace": true`` at its top stands instead of the whole table; `agencies_json` writes such a file, so that
whoever deletes a line of it is rid of that agency.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import orjson

from dedup.errors import SettingsError
from dedup.text.credit.agencies import FLAGS, LISTS, RANK, Agency

FORMAT: Final = 1
"""Version of the layout of `agencies.json`."""

_HOST: Final = re.compile(r"[^\s/:?#@.]+(?:\.[^\s/:?#@.]+)+")
_TOLD: Final = 10  # mistakes
_LEAST_NAME: Final = 2  # characters; one letter stands in every bracket


def load_agencies(path: str | Path | None = None) -> tuple[Agency, ...]:
    """Return the shipped table, extended by the entries of a file of the same layout.

    Parameters
    ----------
    path : str or Path, optional
        JSON file: ``{"format": 1, "agencies": [{"name": ..., "full": [...], ...}]}``, the members being
        the parameters of `Agency`. An entry with a known name adds to that agency; with ``"replace": true``
        it stands instead of it, and with nothing else the agency is no longer looked for. What the file
        gives to an agency (a name, a host, a section, a wording) no other agency keeps. With
        ``"replace": true`` at the top of the file nothing of the shipped table is kept.

    Returns
    -------
    tuple of Agency
        In the order of the shipped table, new ones last.

    Raises
    ------
    SettingsError
        If the file cannot be read or an entry is wrong: names file, entry and reason of up to ten mistakes.
    """
    shipped = _shipped()
    if path is None:
        return shipped
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the agencies file {path}: {error.strerror}") from error
    own, alone = _parse(data, str(path))
    if alone:
        return tuple(entry.agency for entry in own)
    merged = {agency.name: agency for agency in shipped}
    for entry in own:
        known = merged.get(entry.agency.name)
        merged[entry.agency.name] = (
            entry.agency if known is None or entry.replaces else _join(known, entry.agency)
        )
    for entry in own:
        for other in merged.values():
            if other.name != entry.agency.name and not any(e.agency.name == other.name for e in own):
                merged[other.name] = _without(other, entry.agency)
    return tuple(merged.values())


def agencies_json(agencies: Iterable[Agency]) -> str:
    """Return a table as the text of a file that `load_agencies` reads back, one agency a line."""
    lines = []
    for agency in agencies:
        entry: dict[str, Any] = {"name": agency.name}
        entry |= {member: list(value) for member in LISTS if (value := getattr(agency, member))}
        if agency.phrases:
            entry["phrases"] = [{"text": text, "tier": tier} for text, tier in agency.phrases]
        plain = Agency(agency.name)
        entry |= {
            member: getattr(agency, member)
            for member in (*FLAGS, "tier_cap")
            if getattr(agency, member) != getattr(plain, member)
        }
        lines.append("    " + orjson.dumps(entry).decode())
    listed = ",\n".join(lines)
    return f'{{\n  "format": {FORMAT},\n  "replace": true,\n  "agencies": [\n{listed}\n  ]\n}}\n'


@dataclass(frozen=True, slots=True)
class _Entry:
    agency: Agency
    replaces: bool = False


@cache
def _shipped() -> tuple[Agency, ...]:
    data = resources.files("dedup.text").joinpath("agencies.json").read_bytes()
    return tuple(entry.agency for entry in _parse(data, "agencies.json")[0])


def _join(known: Agency, more: Agency) -> Agency:
    def both(member: str) -> Any:
        return tuple(dict.fromkeys((*getattr(known, member), *getattr(more, member))))

    joined = {member: both(member) for member in (*LISTS, "phrases")}
    # A name has one strength: the one the user gives it.
    for member in LISTS[:3]:
        given = {name for other in LISTS[:3] if other != member for name in getattr(more, other)}
        joined[member] = tuple(
            name for name in joined[member] if name not in given or name in getattr(more, member)
        )
    return Agency(
        known.name,
        **joined,
        reporting_style=known.reporting_style or more.reporting_style,
        tier_cap=more.tier_cap or known.tier_cap,
        own_site=known.own_site and more.own_site,
        publisher=known.publisher or more.publisher,
    )


def _without(agency: Agency, taken: Agency) -> Agency:
    """Return an agency without what the file gives to another."""
    names = {name.casefold() for member in LISTS[:3] for name in getattr(taken, member)}
    parts: dict[str, Any] = {
        member: tuple(name for name in getattr(agency, member) if name.casefold() not in names)
        for member in LISTS[:3]
    }
    for member in LISTS[3:]:
        lost = {one.casefold() for one in getattr(taken, member)}
        parts[member] = tuple(one for one in getattr(agency, member) if one.casefold() not in lost)
    lost = {text.casefold() for text, _ in taken.phrases}
    parts["phrases"] = tuple(phrase for phrase in agency.phrases if phrase[0].casefold() not in lost)
    return replace(agency, **parts)


def _parse(data: bytes, source: str) -> tuple[tuple[_Entry, ...], bool]:
    """Read the JSON, and name all mistakes at once; tell whether it stands alone."""
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
    wrong = [
        f"unknown member {member!r}" for member in root if member not in ("format", "agencies", "replace")
    ]
    alone = root.get("replace", False)
    if not isinstance(alone, bool):
        wrong.append(f"'replace' must be true or false, not {alone!r}")
    found: dict[str, _Entry] = {}
    for number, entry in enumerate(entries, 1):
        mistakes = _mistakes(entry)
        name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
        if not mistakes and name in found:
            mistakes = ["the agency has an entry already"]
        if mistakes:
            called = f"entry {number} ({name})" if name else f"entry {number}"
            wrong += [f"{called}: {mistake}" for mistake in mistakes]
            continue
        members: dict[str, Any] = {member: tuple(entry.get(member, ())) for member in LISTS}
        members["phrases"] = tuple((phrase["text"], phrase["tier"]) for phrase in entry.get("phrases", ()))
        members |= {member: entry[member] for member in (*FLAGS, "tier_cap") if member in entry}
        found[name] = _Entry(Agency(entry["name"], **members), entry.get("replace", False))
    if wrong:
        told = wrong[:_TOLD] + ([f"and {len(wrong) - _TOLD} more"] if len(wrong) > _TOLD else [])
        raise SettingsError(f"{source}: " + "; ".join(told), "correct these entries")
    return tuple(found.values()), alone


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _mistakes(entry: object) -> list[str]:
    if not isinstance(entry, dict) or not _is_text(entry.get("name")):
        return ['no "name"']
    known = {"name", "phrases", "tier_cap", "replace", *LISTS, *FLAGS}
    out = [f"unknown member {member!r}" for member in entry if member not in known]
    if "," in entry["name"]:
        out.append("a name must have no comma, which parts agencies in a report")
    sound: dict[str, Sequence[str]] = {}
    for member in LISTS:
        value = entry.get(member, [])
        if isinstance(value, list) and all(map(_is_text, value)):
            sound[member] = value
        else:
            out.append(f"{member!r} must be a list of texts, not {value!r}")
    out += [
        f"{name!r} in {member!r} is too short to be a name"
        for member in LISTS[:3]
        for name in sound.get(member, ())
        if len(name.strip()) < _LEAST_NAME
    ]
    out += [
        f"{host!r} in 'domains' is no host such as news.example"
        for host in sound.get("domains", ())
        if not _HOST.fullmatch(host)
    ]
    out += [
        f"{path!r} in 'paths' must be one section of a URL, such as reuters or reuters-*"
        for path in sound.get("paths", ())
        if re.search(r"[/?#\s]|\*.", path) or path == "*"
    ]
    out += [
        f"{member!r} must be true or false, not {entry[member]!r}"
        for member in (*FLAGS, "replace")
        if not isinstance(entry.get(member, True), bool)
    ]
    if entry.get("tier_cap", "hint") not in RANK:
        out.append(f"'tier_cap' must be one of {', '.join(RANK)}, not {entry['tier_cap']!r}")
    phrases = entry.get("phrases", [])
    out += [
        f'a phrase is {{"text": ..., "tier": "sure|likely|hint"}}, not {phrase!r}'
        for phrase in (phrases if isinstance(phrases, list) else [phrases])
        if not isinstance(phrase, dict) or not _is_text(phrase.get("text")) or phrase.get("tier") not in RANK
    ]
    return out
