"""What a time means that names no zone, or names one that is ambiguous: said by the user, else by rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from dedup.errors import SettingsError
from dedup.feeds.dates.date_words import AMBIGUOUS

_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_NAME_PART: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*")
_ABBREVIATION: Final = re.compile(r"[A-Za-z]{1,9}")
_UTC_BEGINS: Final = re.compile(r"(?:utc|gmt|UTC|GMT)(?:[^a-z]|$)")
# Every zone that has been changes its clock at a multiple of this.
_STEP_US: Final = 15 * 60 * 1_000_000


@cache
def zone_named(name: str) -> tzinfo | None:
    """Return the zone of a name like ``Europe/Berlin``, ``UTC`` or ``+05:30``; None when there is none such.

    Rules of zones come from the package tzdata, not from the system: the same times on every machine.
    """
    if found := _OFFSET.fullmatch(name):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes > 14 * 60 + 59:
            return None
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    parts = name.split("/")
    if not all(map(_NAME_PART.fullmatch, parts)):
        return None
    try:
        with files("tzdata.zoneinfo").joinpath(*parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (ValueError, OSError):
        return None


def names_utc(column: str) -> bool:
    """Return whether a column says by its name that its times are UTC.

    Examples
    --------
    >>> [names_utc(name) for name in ("date_gmt", "publishedUtc", "dates.created_utc", "utc_date", "outcome")]
    [True, True, True, True, False]
    """
    last = column.rpartition(".")[2]
    return _UTC_BEGINS.match(last) is not None or last.lower().endswith(("gmt", "utc"))


@dataclass(frozen=True)
class Zones:
    """How zones are read.

    Parameters
    ----------
    naive : str
        The zone of times that name none. A day without a time is that day, wherever.
    named : mapping of str to str
        Abbreviation in lower case to zone; goes before `dedup.feeds.dates.date_words`.
    """

    naive: str = "UTC"
    named: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, naive: str | None = None, named: Mapping[str, str] | None = None) -> Zones:
        """Return checked rules.

        Raises
        ------
        SettingsError
            Listing every zone that does not exist.
        """
        rules = cls(naive or "UTC", {name.lower(): zone for name, zone in (named or {}).items()})
        mistakes = []
        if zone_named(rules.naive) is None:
            mistakes.append(f"--timezone: there is no zone {rules.naive!r}")
        for name, zone in rules.named.items():
            if not _ABBREVIATION.fullmatch(name):
                mistakes.append(f"--tz: {name!r} is no abbreviation of a zone")
            elif zone_named(zone) is None:
                mistakes.append(f"--tz: there is no zone {zone!r} for {name.upper()}")
        if mistakes:
            raise SettingsError("; ".join(mistakes), "name zones like Asia/Jerusalem or +02:00")
        return rules

    def naive_zone(self) -> tzinfo:
        """Return the zone of times that name none."""
        return zone_named(self.naive) or UTC

    def zone_of(self, abbreviation: str) -> tzinfo | None:
        """Return what the user said an abbreviation (in lower case) means, or None."""
        name = self.named.get(abbreviation)
        return None if name is None else zone_named(name)

    def to_utc(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return local times of the naive zone as UTC; both in microseconds since 1970, shape (n,)."""
        zone = self.naive_zone()
        if zone is UTC or not len(times):
            return times
        steps, which = np.unique(times // _STEP_US, return_inverse=True)
        start = datetime(1970, 1, 1)
        shifts = []
        for step in steps.tolist():
            offset = (start + timedelta(microseconds=step * _STEP_US)).replace(tzinfo=zone).utcoffset()
            shifts.append(0 if offset is None else offset // timedelta(microseconds=1))
        return times - np.array(shifts, dtype=np.int64)[which]


DEFAULT_ZONES: Final = Zones()
"""UTC where no zone is named, and abbreviations as `dedup.feeds.dates.date_words` has them."""


def parse_zones(timezone: str | None, pairs: Iterable[str] | None) -> Zones:
    """Read the values of ``--timezone`` and of each ``--tz ABBREVIATION=ZONE``.

    Raises
    ------
    SettingsError
        Listing every mistake.

    Examples
    --------
    >>> parse_zones(None, ["IST=Asia/Jerusalem,CST=Asia/Shanghai"]).named
    {'ist': 'Asia/Jerusalem', 'cst': 'Asia/Shanghai'}
    """
    named: dict[str, str] = {}
    for part in ",".join(pairs or ()).split(","):
        name, equals, zone = (piece.strip() for piece in part.partition("="))
        if not equals and not name:
            continue
        if not equals:
            raise SettingsError(
                f"--tz {part.strip()!r} has no '='", "write ABBREVIATION=ZONE: IST=Asia/Jerusalem"
            )
        if name.lower() in named:
            raise SettingsError(f"--tz: {name.upper()} is given twice", "say once what it means")
        named[name.lower()] = zone
    return Zones.of(timezone, named)


def ambiguity(abbreviation: str) -> str:
    """Return what was taken and what else it could be: ``India, not Israel or Ireland``."""
    taken, others = AMBIGUOUS[abbreviation]
    return f"{taken}, not {others}"
