"""Dates as feeds write them, to UTC with the precision they are good to.

Three ways in: ISO 8601 (the standard library reads it in under a
microsecond), digits alone (`dedup.feeds.dates.compact`), and everything else by
parts: first the time and its offset, then the date, then what is left, which
must be a weekday, a zone or a filler word. One unknown word and the value is
not understood: a wrong date is worse than none, for it chooses the canonical article.

No zone means UTC, unless `Zones` say otherwise. ``03/04/2025`` means two things; see
`dedup.feeds.dates.date_order`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from dedup.feeds.dates.compact import calendar_time, unix_time, whole_digits
from dedup.feeds.dates.date_words import AMBIGUOUS, FILLERS, MONTHS, RELATIVE, SEASONAL_ZONES, WEEKDAYS, ZONES
from dedup.feeds.dates.zones import DEFAULT_ZONES, Zones, zone_named

DAY: Final = 86_400
EARLIEST_YEAR: Final = 1600  # the first newspapers
LATEST_YEAR: Final = 2100

Moment = tuple[datetime, int]
"""A time in UTC and the seconds it is good to: 1, 60, 3600 or 86400."""

NAIVE: Final = "naive"
"""Stands in `read_traced` for a time that named no zone."""

_Read = tuple[datetime, int, str]

LONGEST_DATE: Final = 80
"""Characters. Nobody writes a longer date; longer values are text in the wrong column."""

_OFFSET = r"\s*(?:\(?(?:gmt|utc|z)?\s?([+-])(\d{1,2})(?::?(\d{2}))?\)?(?![\d:/.-]))?"
_TIMES = (
    # Some wire dumps glue a stray letter or two to the fraction ("00:02:59.13RM"); it is dropped.
    re.compile(
        r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+(?:(?!z|am|pm|et|ct|mt|pt)[a-z]{1,2}\b)?)?)?(?!\d)"
        r"\s*([ap]\.?m\b\.?)?" + _OFFSET
    ),
    re.compile(r"(?<![\d:./-])(\d{1,2})\.(\d{2})\.(\d{2})(?:\.\d+)?\s*([ap]\.?m\b\.?)" + _OFFSET),
    re.compile(r"(?<![\d:./-])(\d{1,2})(?:\.(\d{2}))?()\s*([ap]\.?m\b\.?)" + _OFFSET),
    re.compile(r"\b(?:kl|klo|um|om|at|ore|alle)\.?\s+(\d{1,2})\.(\d{2})()()(?![\d.])" + _OFFSET),
    re.compile(
        r"(?<![\d:./-])(\d{1,2})\.(\d{2})()()\s*(?=(?:gmt|utc|bst|ce?s?t|mes?z|[ecmp]?[sd]?t|ist|msk)\b)"
        + _OFFSET
    ),
    re.compile(r"(?<![\d:./-])(\d{1,2})(?:[.](\d{2}))()()\s*(?:uhr|hrs)\b" + _OFFSET),
    re.compile(r"(?<![\d:./-])(\d{1,2})\s?h\s?(\d{2})?()()\b" + _OFFSET),
    re.compile(r"(?<![\d:./-])(\d{2})(\d{2})()()\s*(?=gmt\b|utc\b|hrs\b)" + _OFFSET),
)
NUMERIC_DATE = re.compile(r"(?<!\d)(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?!\d)")
_ORDINAL_DAY = re.compile(r"(?<!\d)(\d{4})-(\d{3})(?!\d)")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DAY_SUFFIX = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|er|o|a)\b")
_MAIL_DATE = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? (GMT|UTC|Z|[+-]\d{4})"
)
_SERIAL_DATE = re.compile(r"\\?/Date\((\d{9,16})(?:[+-]\d{4})?\)\\?/")
_DOTTED = re.compile(r"^(\d{4}-\d\d-\d\d[T ]\d\d)\.(\d\d)(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[ _-](\d\d):?(\d\d)(?::?(\d\d))?(?!\d)")
_LOG_DATE = re.compile(r"(\d{1,2})/([A-Za-z]{3})/(\d{4}):(?=\d)")
# The same moment once more in another zone: "1011 GMT (1811 HKT)".
_AGAIN = re.compile(r"\(\d{1,2}:?\d{2} [A-Za-z]{2,4}\)")
# Weekdays and words like "posted" of China, Japan and Korea.
_EAST_ASIAN_WORDS = re.compile(
    r"\([月火水木金土日월화수목금토일]\)|(?:星期|[周週])[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일"
    r"|기사입력|최종수정|입력|수정|등록|승인|发布时间|发布|发表|更新|公開|配信|掲載"
)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
_ERA = re.compile(r"(令和|平成|昭和)\s*(\d{1,2}|元)(?=\s*年)")
_CLOCK_BEGINS = re.compile(r"[Tt ]")
_CLOCK_ENDS = re.compile(r"[+Zz-]")
_FRACTION = re.compile(r"[.,]")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_REGION_ZONE = re.compile(r"\b([A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?)\b")
_HALF_DAY = re.compile(r"(上午|下午|午前|午後|오전|오후)\s*(\d{1,2}:\d{2}(?::\d{2})?)")
_MORNING = ("上午", "午前", "오전")
_EAST_ASIAN_DATE = re.compile(r"(\d{2,4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号號]?")
_EAST_ASIAN_TIME = re.compile(
    r"(上午|下午|午前|午後|오전|오후)?\s*(\d{1,2})\s*[時时点點시]\s*(?:(\d{1,2})\s*[分분])?(?:\s*(\d{1,2})\s*[秒초])?"
)


def read_date(value: Any, day_first: bool | None = None, zones: Zones = DEFAULT_ZONES) -> Moment | None:
    """Return a date as UTC with its precision, or None when it cannot be understood.

    Parameters
    ----------
    value : str, int, float, datetime or date
        As the feed gives it. Numbers are Unix seconds, milliseconds, microseconds or nanoseconds, or
        ``YYYYMMDD``, ``YYYYMMDDhh`` and so on to the second.
    day_first : bool, optional
        How to read ``03/04/2025``; None: month first with slashes, day first with hyphens and dots.
    zones : Zones
        What a missing or an ambiguous zone means.

    Returns
    -------
    (datetime, int) or None
        The time in UTC and the seconds it is good to. Midnight without a zone is a day: that is what a
        feed writes that has no time to write.

    Examples
    --------
    >>> read_date("25-11-2024 13:29 IST")
    (datetime.datetime(2024, 11, 25, 7, 59, tzinfo=datetime.timezone.utc), 60)
    >>> read_date("30 February 2024") is None
    True
    """
    found = read_traced(value, day_first, zones)
    return None if found is None else found[:2]


def read_traced(value: Any, day_first: bool | None = None, zones: Zones = DEFAULT_ZONES) -> _Read | None:
    """Return what `read_date` returns, and what the time rests on.

    That is `NAIVE` where no zone was named, an abbreviation of `AMBIGUOUS` where one was that means
    several, else "".
    """
    try:
        if isinstance(value, str):
            return _read_text(value, day_first, zones)
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            digits = whole_digits(value)
            return _read_unix(value) if digits is None else _read_digits(digits, zones)
        if isinstance(value, datetime):
            return _finish(value, 1, zones)
        if isinstance(value, date):
            return _finish(datetime(value.year, value.month, value.day), DAY, zones)
    except (ValueError, OverflowError):  # no such day, or a day the calendar does not reach
        return None
    return None


def is_relative(value: Any) -> bool:
    """Return whether a date that could not be read counts from the day it was shown: ``2 hours ago``."""
    if not isinstance(value, str) or len(value) > LONGEST_DATE:
        return False
    return any(word in RELATIVE for word in _TOKEN.findall(_plain(value)))


def _read_text(text: str, day_first: bool | None, zones: Zones) -> _Read | None:
    if len(text) == 10 and text[4] == "-" == text[7]:
        return _finish(datetime.fromisoformat(text), DAY, zones)
    text = text.strip()
    if not 5 < len(text) <= LONGEST_DATE:
        return None
    # The standard library takes the minutes of "10.11" for a fraction of the hour.
    text = _DOTTED.sub(r"\1:\2", text)
    if text[4:5] in ("-", "W") or (text[8:9] == "T" and text[:8].isdigit()):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass  # not ISO after all, or ISO with an hour 24: the parts below know
        else:
            return _finish(moment, _iso_precision(text), zones)
    if (found := _MAIL_DATE.fullmatch(text)) and found[4] != "24" and found[6] != "60":
        return _read_mail_date(found)
    if _NUMBER.fullmatch(text):
        digits = whole_digits(text)
        return _read_unix(float(text)) if digits is None else _read_digits(digits, zones)
    if found := _SERIAL_DATE.fullmatch(text):
        return _read_unix(int(found[1]))
    return _read_parts(text, day_first, zones)


def _read_mail_date(found: re.Match[str]) -> _Read | None:
    """Return the date as RSS and mail write it, ``Mon, 25 Nov 2024 13:29:00 +0530``: ten times as fast."""
    day, month, year, hour, minute, second, offset = found.groups()
    number = MONTHS.get(month.lower())
    if number is None:
        return None
    zone = UTC if offset.isalpha() else timezone(timedelta(minutes=_minutes(offset)))
    moment = datetime(int(year), number, int(day), int(hour), int(minute), int(second or 0), tzinfo=zone)
    return _finish(moment, 1 if second else 60)


def _minutes(offset: str) -> int:
    return int(offset[0] + "1") * (int(offset[1:3]) * 60 + int(offset[3:5]))


def _iso_precision(text: str) -> int:
    """Return the seconds an ISO text is good to, by how much of the time it writes."""
    parts = _CLOCK_BEGINS.split(text, maxsplit=1)
    clock = _CLOCK_ENDS.split(parts[1], maxsplit=1)[0].strip() if len(parts) == 2 else ""
    if not clock:
        return DAY
    digits = len(_FRACTION.split(clock, maxsplit=1)[0].replace(":", ""))
    return 1 if digits >= 6 else 60 if digits >= 4 else 3600


def _read_digits(digits: str, zones: Zones) -> _Read | None:
    if found := calendar_time(digits):
        return _finish(*found, zones)
    if len(digits) == 8 and EARLIEST_YEAR <= int(digits[:4]) <= LATEST_YEAR:
        return _finish(datetime.strptime(digits, "%Y%m%d"), DAY, zones)
    if len(digits) == 14:  # of no unit; old newspapers
        return _finish(datetime.strptime(digits, "%Y%m%d%H%M%S"), 1, zones)
    return _read_unix(int(digits))


def _read_unix(number: int | float) -> _Read | None:
    found = unix_time(number)
    return None if found is None else _finish(found, 1)


def _read_parts(text: str, day_first: bool | None, zones: Zones) -> _Read | None:
    minutes_east: int | None = None
    zone: tzinfo | None = None
    ambiguous = ""
    if region := _REGION_ZONE.search(text):
        zone = zone_named(region[1])
        if zone is None:
            return None
        text = text.replace(region[0], " ")
    text = _AGAIN.sub(" ", _LOG_DATE.sub(r"\1 \2 \3 ", text))
    if found := _COMPACT.match(text):
        clock = ":".join(part for part in found.groups()[3:] if part)
        text = f"{found[1]}-{found[2]}-{found[3]} {clock}{text[found.end() :]}"
    rest = _plain(text)
    hour = minute = second = 0
    precision = DAY
    for pattern in _TIMES:
        if found := pattern.search(rest):
            hour, minute, second, precision = _clock(found)
            if found[5]:
                minutes_east = (int(found[6]) * 60 + int(found[7] or 0)) * (-1 if found[5] == "-" else 1)
                rest = re.sub(r"\(.*?\)", " ", rest)  # "GMT+0530 (India Standard Time)"
                found = pattern.search(rest)
            if found:
                rest = rest[: found.start()] + " " + rest[found.end() :]
            break
    day, rest_words = _calendar_day(rest, day_first)
    if day is None:
        return None
    for word in rest_words:
        if said := zones.zone_of(word):
            zone = said
        elif word in ZONES:
            if minutes_east is None:
                minutes_east = ZONES[word]
                ambiguous = word if word in AMBIGUOUS else ""
        elif word in SEASONAL_ZONES:
            zone = zone_named(SEASONAL_ZONES[word])
        elif word not in WEEKDAYS and word not in FILLERS:
            return None
    # Hour 24 is the midnight that ends the day, second 60 a leap second.
    moment = day + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    if minutes_east is not None:
        if abs(minutes_east) > 14 * 60 + 59:
            return None
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes_east)))
        return _finish(moment, precision, zones, ambiguous)
    return _finish(moment.replace(tzinfo=zone), precision, zones)


def _plain(text: str) -> str:
    """Return `text` in lower case without accents, East Asian dates as ``y-m-d h:m``."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text)
    text = _ERA.sub(lambda era: str(_ERAS[era[1]] + (1 if era[2] == "元" else int(era[2]))), text)
    text = _EAST_ASIAN_WORDS.sub(" ", text)
    text = _EAST_ASIAN_DATE.sub(r" \1-\2-\3 ", text)
    text = _HALF_DAY.sub(lambda found: f"{found[2]} {'am' if found[1] in _MORNING else 'pm'} ", text)
    text = _EAST_ASIAN_TIME.sub(_western_time, text)
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return plain.replace("\u2212", "-").replace("\u2013", "-").replace("\u0131", "i")


def _western_time(found: re.Match[str]) -> str:
    half, hour, minute, second = found.groups()
    suffix = "" if half is None else " am " if half in _MORNING else " pm "
    return f" {hour}:{int(minute or 0):02}" + (f":{int(second):02}" if second else "") + suffix


def _clock(found: re.Match[str]) -> tuple[int, int, int, int]:
    """Return hour, minute, second and precision of a matched time; ValueError when there is none such."""
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    half = (found[4] or "")[:1]
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a":
        if hour > 12:
            raise ValueError("13 a.m.")
        hour %= 12
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no such time")
    return hour, minute, second, 1 if found[3] else 60


def _calendar_day(text: str, day_first: bool | None) -> tuple[datetime | None, list[str]]:
    """Return midnight of the day that `text` names and the words that are no part of it."""
    if found := NUMERIC_DATE.search(text):
        rest = _TOKEN.findall(text[: found.start()] + " " + text[found.end() :])
        if any(word.isdigit() for word in rest):
            return None, []
        return _numeric_day(found[1], found[2], found[3], found[4], day_first), rest
    if found := _ORDINAL_DAY.fullmatch(text.strip()):
        return datetime.strptime(found[0], "%Y-%j"), []
    words = _TOKEN.findall(_DAY_SUFFIX.sub(r"\1 ", text))
    numbers = [word for word in words if word.isdigit()]
    months = [word for word in words if word in MONTHS]
    if len(months) > 1:  # "mar. 12 mars": a French Tuesday
        months = [word for word in months if word not in WEEKDAYS]
    rest = [word for word in words if not word.isdigit() and word not in months]
    if not months and len(numbers) == 3 and len(numbers[0]) == 4:
        return datetime(int(numbers[0]), int(numbers[1]), int(numbers[2])), rest
    if len(months) != 1 or len(numbers) != 2:
        return None, []
    first, last = numbers
    day, year = (last, first) if len(first) == 4 else (first, last)
    if len(day) > 2 or len(year) not in (2, 4):
        return None, []
    return datetime(_full_year(year), MONTHS[months[0]], int(day)), rest


def _numeric_day(first: str, mark: str, second: str, third: str, day_first: bool | None) -> datetime | None:
    if len(first) > 2:
        return datetime(int(first), int(second), int(third)) if len(first) == 4 and len(third) <= 2 else None
    if len(third) not in (2, 4):
        return None
    a, b, year = int(first), int(second), _full_year(third)
    if day_first is None:
        day_first = mark != "/"
    if a > 12 or (day_first and b <= 12):
        return datetime(year, b, a)
    return datetime(year, a, b)


def _full_year(year: str) -> int:
    # Two digits: the POSIX rule, 69 and later are of the last century.
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 69 else 2000)


def _finish(
    moment: datetime, precision: int, zones: Zones = DEFAULT_ZONES, rests_on: str = ""
) -> _Read | None:
    if moment.tzinfo is None:
        if not (moment.hour or moment.minute or moment.second or moment.microsecond):
            precision = DAY
        # A day without a time is the same day everywhere; shifted, it would become the one before.
        moment = moment.replace(tzinfo=UTC if precision == DAY else zones.naive_zone())
        rests_on = "" if precision == DAY else NAIVE
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return (moment, precision, rests_on) if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None
