"""What the dates of a file leave open, day first or month first, hours or seconds: settled once a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from dedup.feeds.dates.compact import TenDigits, calendar_time, ten_digits, unix_time, whole_digits
from dedup.feeds.dates.read_date import LONGEST_DATE, NAIVE, NUMERIC_DATE, Moment, read_traced
from dedup.feeds.dates.zones import Zones, ambiguity, names_utc

_CACHED: Final = 50_000


class DateReader:
    """Reads the dates of one file, having seen which of day and month comes first.

    ``03/04/2025`` is settled by the rows of the file that can only be one of
    the two (``25/11/2024``), separator by separator. Where no row tells:
    month first with slashes, day first with hyphens and dots. A row that can
    only be one of the two is always read so, whatever the others say.

    Parameters
    ----------
    zones : Zones, optional
        What a missing or an ambiguous zone means.

    Attributes
    ----------
    guessed : set of str
        Separators of dates that were read by the rule because no row told.
    rest_on : Counter
        How many dates rest on an ambiguous abbreviation, or (`NAIVE`) on a zone that was not named.
    """

    def __init__(self, zones: Zones | None = None) -> None:
        self.zones = zones or Zones()
        self.rest_on: Counter[str] = Counter()
        self._day_first: dict[str, bool] = {}
        self._ten_digits: dict[str, TenDigits] = {}
        self._caches: dict[str, dict[Any, tuple[Moment | None, str]]] = {}
        self.guessed: set[str] = set()

    def learn(self, values: Iterable[Any]) -> None:
        """Settle the order from the first rows; where both orders occur the more frequent one wins."""
        balance: dict[str, int] = {}
        for value in values:
            if (
                isinstance(value, str)
                and len(value) <= LONGEST_DATE
                and (found := NUMERIC_DATE.search(value))
            ):
                a, b = int(found[1]), int(found[3])
                if len(found[1]) <= 2 and max(a, b) <= 31 and (a > 12) != (b > 12):
                    balance[found[2]] = balance.get(found[2], 0) + (1 if a > 12 else -1)
        self._day_first = {mark: weight > 0 for mark, weight in balance.items() if weight}

    def learn_digits(self, column: str, values: Iterable[Any]) -> None:
        """Settle what ten digits are in a column by its first rows; see `dedup.feeds.dates.compact`."""
        self._ten_digits[column] = ten_digits(values)

    def read(self, value: Any) -> Moment | None:
        """Return `value` as `read_date` does."""
        return self.read_traced(value)[0]

    def read_traced(self, value: Any, column: str = "") -> tuple[Moment | None, str]:
        """Return what `read` does, and what it rests on (see `dedup.feeds.dates.read_date.read_traced`).

        Feeds repeat their dates, so answers are remembered.

        Parameters
        ----------
        value : object
        column : str
            Its name may say that its times are UTC (``date_gmt``); no `Zones` change those.
        """
        cache = self._caches.setdefault(column, {})
        try:
            return cache[value]
        except KeyError:
            pass
        except TypeError:  # a list or an object where a date should be
            return None, ""
        order: bool | None = None
        if (
            isinstance(value, str)
            and value[4:5] != "-"
            and (found := NUMERIC_DATE.search(value[:LONGEST_DATE]))
        ):
            mark = found[2]
            order = self._day_first.get(mark)
            if order is None and len(found[1]) <= 2 and int(found[1]) <= 12 and int(found[3]) <= 12:
                self.guessed.add(mark)
        is_utc = names_utc(column)
        ten = self._ten_digits.get(column, "hours")
        if ten != "hours" and (digits := whole_digits(value)) and len(digits) == 10 and calendar_time(digits):
            moment = unix_time(int(digits)) if ten == "seconds" else None
            read = None if moment is None else (moment, 1, "")
        else:
            read = read_traced(value, order, replace(self.zones, naive="UTC") if is_utc else self.zones)
        answer = (None, "") if read is None else (read[:2], "" if is_utc and read[2] == NAIVE else read[2])
        if len(cache) < _CACHED:
            cache[value] = answer
        return answer

    def zone_notes(self) -> list[str]:
        """Return a line about times without a zone, and one for each ambiguous abbreviation."""
        notes = []
        if naive := self.rest_on[NAIVE]:
            how = "; --timezone ZONE reads them otherwise" if self.zones.naive == "UTC" else ""
            notes.append(f"{_times(naive)} without a zone read as {self.zones.naive}{how}")
        for name in sorted(self.rest_on):
            if name != NAIVE:
                called = name.upper()
                notes.append(
                    f"{_times(self.rest_on[name])} in {called} read as {ambiguity(name)}; "
                    f"--tz {called}=ZONE reads them otherwise"
                )
        return notes

    def note(self) -> str | None:
        """Return one line about dates that could have been read two ways, or None."""
        if not self.guessed:
            return None
        readings = [
            f"03{mark}04{mark}2025 read as {'3 April' if mark != '/' else '4 March'}"
            for mark in sorted(self.guessed)
        ]
        return f"no date tells day from month: {', '.join(readings)}"


def _times(number: int) -> str:
    return f"{number:,} time{'s' * (number != 1)}"
