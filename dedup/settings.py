"""Every option that decides what comes out, in one frozen record.

One record travels from the command line (or a caller) to the last stage, so no
stage has options of its own, and a result can name by a hash what it was made
with. Mistakes are collected and raised once: nobody should have to start the
program five times to learn of five typos. Nothing heavy is imported here;
``dedup --help`` reads this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from dedup.errors import SettingsError

RELATIONS: Final = ("verbatim", "cut", "version", "rewrite")
"""What a member can be to the canonical article of its cluster, from closest to farthest."""

SORTS: Final = ("size", "recent", "lag", "outlets")
"""Orders of the clusters in a report; each greatest first."""

ON_CHANGE: Final = ("version", "replace", "skip", "reject")
"""What to do when a known article id comes with another text."""

LEAST_THRESHOLD: Final = 0.05
"""Matches of a lower score are forgotten, so no lower threshold can be asked."""

_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+", re.ASCII)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([mg])i?b?", re.ASCII)
LEAST_MEMORY_MB: Final = 1024
"""Imports, kernels and tables take 300, reading and learning up to 700."""

_LONGEST_S: Final = 1_000 * 366 * 86_400  # no feed is older than newspapers; also keeps dates in range
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)

_RESULT_FIELDS: Final = frozenset({"threshold", "since", "until", "window_s", "furniture"})
"""Fields that choose the articles or the edges; the others select from clusters already found."""

_T = TypeVar("_T")


def parse_duration(text: str) -> int:
    """Return a length of time in seconds.

    Parameters
    ----------
    text : str
        Numbers with units s, m, h, d or w, or their names: ``72h``, ``3d``, ``90m``, ``1w``, ``1d 12h``.

    Raises
    ------
    SettingsError
        If it cannot be read, is nothing, or is longer than a thousand years. A bare number is refused:
        whether seconds or hours were meant cannot be told.

    Examples
    --------
    >>> parse_duration("72h"), parse_duration("1d 12h"), parse_duration("1.5h")
    (259200, 129600, 5400)
    """
    folded = text.strip().lower()
    parts = _QUANTITY.findall(folded) if _DURATION.fullmatch(folded) else []
    if not parts or any(unit not in _UNITS for _, unit in parts):
        raise SettingsError(f"{text!r} is no length of time; write it like 30s, 90m, 72h, 3d or 1w")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 1 <= seconds <= _LONGEST_S:
        size = "long" if seconds > 1 else "short"
        raise SettingsError(f"{text!r} is too {size}; give 1 second to 1000 years")
    return round(seconds)


def parse_size(text: str) -> int:
    """Return an amount of memory in MB (2**20 bytes).

    Parameters
    ----------
    text : str
        A number with a unit: ``800MB``, ``2GB``, ``1.5g``.

    Raises
    ------
    SettingsError
        If it cannot be read. A bare number is refused: whether bytes or megabytes were meant cannot be told.

    Examples
    --------
    >>> parse_size("800MB"), parse_size("1.5 GB")
    (800, 1536)
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise SettingsError(f"{text!r} is no amount of memory; write it like 1500MB or 2GB")
    return int(float(found[1]) * (1024 if found[2] == "g" else 1))


def parse_when(text: str, *, now: datetime | None = None, end: bool = False) -> datetime:
    """Return a moment in UTC.

    Parameters
    ----------
    text : str
        A day (``2024-11-25``), a month (``2024-11``), a day and time (``2024-11-25T10:00Z``, also with a
        space or an offset; no zone means UTC), ``now``, ``today``, ``yesterday``, or ``24h ago``.
    now : datetime, optional
        What the last four count from; the present moment by default.
    end : bool
        The text closes a span: a day, month, ``today`` or ``yesterday`` then means the moment it is over,
        so that ``--until 2024-11-25`` takes the 25th in.

    Raises
    ------
    SettingsError
        If it cannot be read or there is no such day.

    Examples
    --------
    >>> parse_when("2024-11-25", end=True).isoformat()
    '2024-11-26T00:00:00+00:00'
    """
    folded = " ".join(text.lower().split())
    moment = datetime.now(UTC) if now is None else now.astimezone(UTC)
    try:
        if folded.endswith(" ago"):
            return moment - timedelta(seconds=parse_duration(folded.removesuffix(" ago")))
        if folded == "now":
            return moment
        if folded in ("today", "yesterday"):
            start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
            return start + timedelta(days=(folded == "today") - 1 + end)
        if day := _DAY.fullmatch(folded):
            year, month = int(day[1]), int(day[2])
            start = datetime(year, month, int(day[3] or 1), tzinfo=UTC)
            if not end:
                return start
            if day[3]:
                return start + timedelta(days=1)
            return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        # fromisoformat also reads a bare week or a packed date; only a date and a time may pass.
        if not re.match(r"\d{4}-\d{2}-\d{2}[t ]\d", folded):
            raise ValueError
        read = datetime.fromisoformat(folded.upper())
        return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
    except (ValueError, OverflowError, SettingsError):
        raise SettingsError(
            f"{text!r} is no date; write it like 2024-11-25, 2024-11-25T10:00Z or 24h ago"
        ) from None


@dataclass(frozen=True)
class Settings:
    """What to look for and what to show of it.

    Parameters
    ----------
    threshold : float, optional
        Least score (0.05 to 1) of a pair that counts as a copy; None: the model's own. It is a bound on
        each member against the core of its cluster, **not** on every two members of a cluster: two copies
        cut at opposite ends may resemble each other less.
    min_size : int
        Least number of articles of a cluster that is shown, at least 2.
    since, until : datetime, optional
        Only articles published at or after `since` and before `until` (UTC) take part. While one of them is
        set, articles without a date take no part.
    outlets : tuple of str
        Show only clusters one of these outlets carries, upper and lower case ignored. All members are shown.
    window_s : int, optional
        Greatest time in seconds between two articles that are compared; None: no limit.
    furniture : bool
        Leave out of every comparison what the epoch learnt to be furniture, frames and rubrics. False:
        compare texts as they stand, to see what the learnt passages change.
    across_outlets : bool
        Show only clusters that two or more outlets carry.
    relations : tuple of str
        Show only members of these `RELATIONS` (and the canonical article of their cluster).
    top : int, optional
        Show only so many clusters, the first in the order of `sort`.
    sort : str
        One of `SORTS`: number of articles, latest publication, greatest lag, number of outlets.
    threads : int, optional
        None: as many as there are cores. Never changes a result.
    on_change : str
        One of `ON_CHANGE`; used when feeds are read into an index.
    memory_mb : int, optional
        Most memory to use, in MB (2**20 bytes); refused where it is too little for so many articles
        (`dedup.engines.budget`). None: some 3 GB at a million. Never changes a result.

    Notes
    -----
    The constructor takes everything; `check` judges. `from_text` does both for options typed by a person.
    """

    threshold: float | None = None
    min_size: int = 2
    since: datetime | None = None
    until: datetime | None = None
    outlets: tuple[str, ...] = ()
    window_s: int | None = None
    across_outlets: bool = False
    relations: tuple[str, ...] = ()
    top: int | None = None
    sort: str = "size"
    threads: int | None = None
    on_change: str = "version"
    furniture: bool = True
    memory_mb: int | None = None

    @classmethod
    def from_text(
        cls,
        *,
        since: str | None = None,
        until: str | None = None,
        window: str | None = None,
        relations: Iterable[str] = (),
        memory: str | None = None,
        now: datetime | None = None,
        **others: Any,
    ) -> Settings:
        """Return checked settings from options as they were typed.

        Parameters
        ----------
        since, until : str, optional
            As `parse_when` reads them.
        window : str, optional
            As `parse_duration` reads it.
        relations : iterable of str
            Names of `RELATIONS`, also several in one string with commas between.
        memory : str, optional
            As `parse_size` reads it.
        now : datetime, optional
            What "24h ago" counts from.
        **others
            Any other field.

        Raises
        ------
        SettingsError
            Listing every mistake, also those of the three texts.

        Examples
        --------
        >>> Settings.from_text(window="3d", relations=["cut,rewrite"]).window_s
        259200
        """
        mistakes: list[str] = []

        def read(name: str, text: str | None, parse: Callable[[str], _T]) -> _T | None:
            try:
                return None if text is None else parse(text)
            except SettingsError as error:
                mistakes.append(f"{name}: {error.message}")
                return None

        moment = datetime.now(UTC) if now is None else now
        settings = cls(
            since=read("since", since, lambda text: parse_when(text, now=moment)),
            until=read("until", until, lambda text: parse_when(text, now=moment, end=True)),
            window_s=read("window", window, parse_duration),
            memory_mb=read("memory", memory, parse_size),
            relations=tuple(name.strip().lower() for text in relations for name in text.split(",")),
            **others,
        )
        _raise_all(mistakes + settings.mistakes())
        return settings

    def check(self) -> Settings:
        """Return self; raise one `SettingsError` that lists everything that is wrong."""
        _raise_all(self.mistakes())
        return self

    def mistakes(self) -> list[str]:
        """Return what is wrong with these settings, a phrase each with the value; empty: all is well."""
        wrong: list[str] = []
        if self.threshold is not None and not LEAST_THRESHOLD <= self.threshold <= 1:  # false for nan
            wrong.append(f"threshold: {self.threshold} is not between {LEAST_THRESHOLD} and 1")
        if self.min_size < 2:
            wrong.append(f"min-size: {self.min_size} is below 2, the least a cluster can have")
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and moment.tzinfo is None:
                wrong.append(f"{name}: {moment} has no time zone")
                break
        else:
            if self.since is not None and self.until is not None and self.since >= self.until:
                wrong.append(f"since: {self.since.isoformat()} is not before until, {self.until.isoformat()}")
        if self.window_s is not None and self.window_s <= 0:
            wrong.append(f"window: {self.window_s} seconds is no length of time")
        if any(not name.strip() for name in self.outlets):
            wrong.append("outlet: the name is empty")
        wrong += [
            f"relation: {name!r} is none of {', '.join(RELATIONS)}"
            for name in self.relations
            if name not in RELATIONS
        ]
        if self.top is not None and self.top < 1:
            wrong.append(f"top: {self.top} is below 1")
        if self.sort not in SORTS:
            wrong.append(f"sort: {self.sort!r} is none of {', '.join(SORTS)}")
        if self.threads is not None and self.threads < 1:
            wrong.append(f"threads: {self.threads} is below 1")
        if self.memory_mb is not None and self.memory_mb < LEAST_MEMORY_MB:
            wrong.append(f"memory: {self.memory_mb} MB is below the {LEAST_MEMORY_MB} MB that any feed needs")
        if self.on_change not in ON_CHANGE:
            wrong.append(f"on-change: {self.on_change!r} is none of {', '.join(ON_CHANGE)}")
        return wrong

    def result_hash(self) -> str:
        """Return 16 hexadecimal digits that name the clusters these settings lead to.

        Only the fields that choose the articles and the edges take part: threshold, since, until, window
        and furniture. A field that is added later with its default leaves the hash as it was, so old runs
        stay valid.
        """
        chosen = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name not in _RESULT_FIELDS or value == item.default:
                continue
            if isinstance(value, datetime):
                value = value.astimezone(UTC).isoformat(timespec="microseconds")
            # repr of a float is the shortest text that reads back the same, on every Python since 3.1.
            chosen[item.name] = repr(float(value)) if item.name == "threshold" else value
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]


def _raise_all(mistakes: list[str]) -> None:
    if len(mistakes) == 1:
        raise SettingsError(mistakes[0])
    if mistakes:
        raise SettingsError(f"{len(mistakes)} settings are wrong: " + "; ".join(mistakes))
