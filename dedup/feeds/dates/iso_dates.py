"""The dates most feeds write, ISO 8601 in full, read straight from a column of Arrow.

A feed of a million articles has half a million different times, so remembering answers does
not help and a Python object for each costs more than copying the texts. What the kernel does not know for
certain it leaves to `dedup.feeds.dates.read_date`, whose answers it gives to the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from dedup.feeds.dates.read_date import DAY

# Within these no offset leads out of the years that `read_date` accepts.
_FIRST_YEAR: Final = 1700
_LAST_YEAR: Final = 2099
_SECOND: Final = 1_000_000

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)


def iso_dates(texts: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Read what is ``YYYY-MM-DD``, with ``Thh:mm:ss`` or without, a fraction, and ``Z`` or ``+hh:mm``.

    Parameters
    ----------
    texts : pa.StringArray
        Not a slice; n values, nulls allowed.

    Returns
    -------
    times : int64 array, shape (n,)
        Microseconds since 1970 UTC.
    precision : int32 array, shape (n,)
        Seconds each is good to, 1 or 86400; 0: not read, for `dedup.feeds.dates.read_date` to see.
    """
    times = np.zeros(len(texts), dtype=np.int64)
    precision = np.zeros(len(texts), dtype=np.int32)
    _, offsets, data = texts.buffers()
    if len(texts) and data is not None:
        # A null is an empty string here, which is no date.
        ends = np.frombuffer(offsets, dtype=np.int32, count=len(texts) + 1)
        _read_all(np.frombuffer(data, dtype=np.uint8), ends, times, precision)
    return times, precision


def naive_times(texts: pa.StringArray, precision: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Return which of the times that `iso_dates` has read name no zone.

    Parameters
    ----------
    texts : pa.StringArray
        As given to `iso_dates`, n values.
    precision : int32 array, shape (n,)
        As `iso_dates` returned it.

    Returns
    -------
    bool array, shape (n,)
        False for days, which are the same day in every zone.
    """
    naive: npt.NDArray[np.bool_] = (precision != 0) & (precision != DAY)
    _, offsets, data = texts.buffers()
    rows = np.flatnonzero(naive)
    if len(rows):
        ends = np.frombuffer(offsets, dtype=np.int32, count=len(texts) + 1)[rows + 1]
        text = np.frombuffer(data, dtype=np.uint8)
        sign = text[ends - 6]  # of +hh:mm; such a text has 19 characters or more
        naive[rows] = (text[ends - 1] != 0x5A) & (sign != 0x2B) & (sign != 0x2D)
    return naive


@_compiled
def _read_all(data, ends, times, precision):  # type: ignore[no-untyped-def]
    for row in range(len(times)):
        times[row], precision[row] = _read(data, ends[row], ends[row + 1])


@_compiled
def _read(data, at, end):  # type: ignore[no-untyped-def]
    length = end - at
    if length < 10 or length > 32 or data[at + 4] != 0x2D or data[at + 7] != 0x2D:
        return 0, 0
    year = _number(data, at, 2) * 100 + _number(data, at + 2, 2)
    month, day = _number(data, at + 5, 2), _number(data, at + 8, 2)
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= 12 and 1 <= day <= _month_days(year, month)):
        return 0, 0
    days = _days(year, month, day)
    if length == 10:
        return days * DAY * _SECOND, DAY
    if length < 19 or (data[at + 10] != 0x54 and data[at + 10] != 0x20):
        return 0, 0
    if data[at + 13] != 0x3A or data[at + 16] != 0x3A:
        return 0, 0
    hour, minute, second = _number(data, at + 11, 2), _number(data, at + 14, 2), _number(data, at + 17, 2)
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return 0, 0
    time = ((days * 24 + hour) * 60 + minute) * 60 + second
    at += 19
    micros = 0
    if at < end and data[at] == 0x2E:
        # Three digits or six, as programs write them; nobody argues about what these mean.
        digits = 0
        while at + 1 + digits < end and 0x30 <= data[at + 1 + digits] <= 0x39:
            digits += 1
        if digits == 3:
            micros = _number(data, at + 1, 3) * 1000
        elif digits == 6:
            micros = _number(data, at + 1, 6)
        else:
            return 0, 0
        at += 1 + digits
    if at == end:
        midnight = hour == 0 and minute == 0 and second == 0 and micros == 0
        return time * _SECOND + micros, DAY if midnight else 1
    if data[at] == 0x5A:
        return (time * _SECOND + micros, 1) if at + 1 == end else (0, 0)
    if end - at != 6 or (data[at] != 0x2B and data[at] != 0x2D) or data[at + 3] != 0x3A:
        return 0, 0
    hours, minutes = _number(data, at + 1, 2), _number(data, at + 4, 2)
    if not (0 <= hours <= 14 and 0 <= minutes <= 59):
        return 0, 0
    east = (hours * 60 + minutes) * 60
    return (time + (east if data[at] == 0x2D else -east)) * _SECOND + micros, 1


@_compiled
def _number(data, at, digits):  # type: ignore[no-untyped-def]
    """Return a number of so many digits; far below zero if there is something else among them."""
    value = np.int64(0)
    for j in range(digits):
        byte = np.int64(data[at + j])
        value = value * 10 + byte - 0x30 if 0x30 <= byte <= 0x39 else np.int64(-1_000_000_000)
    return value


@_compiled
def _month_days(year, month):  # type: ignore[no-untyped-def]
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@_compiled
def _days(year, month, day):  # type: ignore[no-untyped-def]
    """Return the days since 1970-01-01, counted in years that begin with March."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719_469
