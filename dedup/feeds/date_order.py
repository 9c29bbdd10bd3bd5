"""Day first or month first: settled once a file, by the dates that leave no choice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from dedup.feeds.dates import LONGEST_DATE, NUMERIC_DATE, Moment, read_date

_CACHED: Final = 50_000


class DateReader:
    """Reads the dates of one file, having seen which of day and month comes first.

    ``03/04/2025`` is settled by the rows of the file that can only be one of
    the two (``25/11/2024``), separator by separator. Where no row tells:
    month first with slashes, day first with hyphens and dots. A row that can
    only be one of the two is always read so, whatever the others say.

    Attributes
    ----------
    guessed : set of str
        Separators of dates that were read by the rule because no row told.
    """

    def __init__(self) -> None:
        self._day_first: dict[str, bool] = {}
        self._cache: dict[Any, Moment | None] = {}
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

    def read(self, value: Any) -> Moment | None:
        """Return `value` as `read_date` does. Feeds repeat their dates, so answers are remembered."""
        try:
            return self._cache[value]
        except KeyError:
            pass
        except TypeError:  # a list or an object where a date should be
            return None
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
        moment = read_date(value, order)
        if len(self._cache) < _CACHED:
            self._cache[value] = moment
        return moment

    def note(self) -> str | None:
        """Return one line about dates that could have been read two ways, or None."""
        if not self.guessed:
            return None
        readings = [
            f"03{mark}04{mark}2025 read as {'3 April' if mark != '/' else '4 March'}"
            for mark in sorted(self.guessed)
        ]
        return f"no date tells day from month: {', '.join(readings)}"
