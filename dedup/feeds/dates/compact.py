"""Dates of nothing but digits: a calendar time written together, or a count since 1970.

The rule, for numbers and strings of digits alike. What begins with 19 or 20, has eight, ten, twelve or
fourteen digits and is a day (hour, minute, second) of the calendar is just that; all else is Unix seconds,
milliseconds, microseconds or nanoseconds. Of twelve and fourteen digits the count would be milliseconds of
1976 or microseconds of 1970, of eight the first weeks of 1970: no feed means these. Ten digits are what Unix
seconds have as well, those of 2030 to 2036; there the first values of a column tell (`ten_digits`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal

TenDigits = Literal["hours", "seconds", "unclear"]
"""What ten digits are that can be both ``YYYYMMDDhh`` and Unix seconds."""

_FORMS: Final = {
    8: ("%Y%m%d", 86_400),
    10: ("%Y%m%d%H", 3_600),
    12: ("%Y%m%d%H%M", 60),
    14: ("%Y%m%d%H%M%S", 1),
}
_FIRST_AS_HOURS: Final = 1_900_000_000  # as Unix seconds a day of March 2030


def calendar_time(digits: str) -> tuple[datetime, int] | None:
    """Return the time that is written together, and the seconds it is good to; None: it is none.

    Examples
    --------
    >>> calendar_time("2024030110")
    (datetime.datetime(2024, 3, 1, 10, 0), 3600)
    >>> calendar_time("2024130110") is None
    True
    """
    if (
        len(digits) not in _FORMS
        or digits[:2] not in ("19", "20")
        or not (digits.isascii() and digits.isdigit())
    ):
        return None
    form, precision = _FORMS[len(digits)]
    try:
        return datetime.strptime(digits, form), precision
    except ValueError:
        return None


def unix_time(number: int | float) -> datetime | None:
    """Return the time of a count since 1970 in any unit; None before 1973 and after 2100.

    Seconds since 1973 have nine digits or more; below lie years, counters and zeros.
    """
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if 100_000_000 <= number / unit < 4_133_980_800:  # until 2101
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def ten_digits(values: Iterable[Any]) -> TenDigits:
    """Return what ten digits are in a column of these dates.

    Hours, where every number of ten digits is a time of the calendar. Where some are not, these are
    seconds: of 2030 and later the others are too; of before, no other can be, and hours beside seconds are
    rejected rather than guessed.
    """
    seconds = [
        number for value in values if (number := _of_ten(value)) and calendar_time(str(number)) is None
    ]
    if not seconds:
        return "hours"
    return "seconds" if max(seconds) >= _FIRST_AS_HOURS else "unclear"


def _of_ten(value: Any) -> int | None:
    digits = whole_digits(value)
    return int(digits) if digits is not None and len(digits) == 10 else None


def whole_digits(value: Any) -> str | None:
    """Return the digits of a whole number or of a string of digits (``20240301.0`` too), else None."""
    if isinstance(value, str):
        digits = value.strip().removesuffix(".0")
        return digits if len(digits) <= 20 and digits.isascii() and digits.isdigit() else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e20:
        return None
    return str(int(value)) if value == int(value) else None
