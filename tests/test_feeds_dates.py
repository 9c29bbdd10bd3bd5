"""Dates as feeds write them: read as meant, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.feeds.date_order import DateReader
from dedup.feeds.dates import read_date

UNDERSTOOD = """
2024-11-25                                    | 2024-11-25 00:00:00 | 86400
2024-11-25T00:00:00                           | 2024-11-25 00:00:00 | 86400
2024-11-25T00:00:00Z                          | 2024-11-25 00:00:00 | 1
2024-11-25T13:29:00Z                          | 2024-11-25 13:29:00 | 1
2024-11-25t13:29:00z                          | 2024-11-25 13:29:00 | 1
2024-11-25T13:29:00+05:30                     | 2024-11-25 07:59:00 | 1
2024-11-25T13:29:00.250+0530                  | 2024-11-25 07:59:00 | 1
2024-11-25T13:29:00-0000                      | 2024-11-25 13:29:00 | 1
2024-11-25 13:29                              | 2024-11-25 13:29:00 | 60
2024-11-25 13:29:10 +0530                     | 2024-11-25 07:59:10 | 1
2024-11-25T13:29-05:00                        | 2024-11-25 18:29:00 | 60
2024-11-25T13                                 | 2024-11-25 13:00:00 | 3600
2024-11-25T24:00                              | 2024-11-26 00:00:00 | 86400
2024-11-25T13:29:60Z                          | 2024-11-25 13:29:59 | 1
20241125                                      | 2024-11-25 00:00:00 | 86400
20241125T132900Z                              | 2024-11-25 13:29:00 | 1
2024-W48-1                                    | 2024-11-25 00:00:00 | 86400
2024-330                                      | 2024-11-25 00:00:00 | 86400
2024-2-3                                      | 2024-02-03 00:00:00 | 86400
2024-Nov-25                                   | 2024-11-25 00:00:00 | 86400
2024-11-25 13:29 Europe/Berlin                | 2024-11-25 12:29:00 | 60
2024-11-25 13:29 UTC+8                        | 2024-11-25 05:29:00 | 60
Mon, 25 Nov 2024 13:29:00 +0000               | 2024-11-25 13:29:00 | 1
Mon, 25 Nov 2024 13:29:00 GMT                 | 2024-11-25 13:29:00 | 1
Mon, 25 Nov 2024 13:29 +0530                  | 2024-11-25 07:59:00 | 60
25 Nov 24 13:29 EST                           | 2024-11-25 18:29:00 | 60
Tue, 03 Sep 2019 21:26:01 PDT                 | 2019-09-04 04:26:01 | 1
26-FEB-1987 15:02:20.00                       | 1987-02-26 15:02:20 | 1
27-MAR-1987 00:02:59.13RM                     | 1987-03-27 00:02:59 | 1
25-11-2024 13:29 IST                          | 2024-11-25 07:59:00 | 60
25-Nov-24                                     | 2024-11-25 00:00:00 | 86400
25 Nov 2024                                   | 2024-11-25 00:00:00 | 86400
25th November 2024 at 5pm                     | 2024-11-25 17:00:00 | 60
Monday, November 25th, 2024                   | 2024-11-25 00:00:00 | 86400
November 25, 2024 3:04 PM EST                 | 2024-11-25 20:04:00 | 60
Nov. 25, 2024, at 3:04 p.m. ET                | 2024-11-25 20:04:00 | 60
July 4, 2024, at 3:04 p.m. ET                 | 2024-07-04 19:04:00 | 60
Nov 25 '24                                    | 2024-11-25 00:00:00 | 86400
Sept. 5, 2024                                 | 2024-09-05 00:00:00 | 86400
12:15 am, 25 Nov 2024                         | 2024-11-25 00:15:00 | 60
12:15 PM, 25 Nov 2024                         | 2024-11-25 12:15:00 | 60
3:04 PM, November 25, 2024                    | 2024-11-25 15:04:00 | 60
13:29 - 25 Nov 2024                           | 2024-11-25 13:29:00 | 60
November 25, 2024 | 9:41 PM EST               | 2024-11-26 02:41:00 | 60
5pm BST 25 July 2024                          | 2024-07-25 16:00:00 | 60
1504 GMT 25 Nov 2024                          | 2024-11-25 15:04:00 | 60
Mon Nov 25 13:29:00 UTC 2024                  | 2024-11-25 13:29:00 | 1
Mon Nov 25 13:29:00 2024                      | 2024-11-25 13:29:00 | 1
Mon Nov 25 2024 13:29:00 GMT+0530 (India Standard Time) | 2024-11-25 07:59:00 | 1
2024/11/25                                    | 2024-11-25 00:00:00 | 86400
2024.11.25 13:29                              | 2024-11-25 13:29:00 | 60
11/25/2024 3:04:05 PM                         | 2024-11-25 15:04:05 | 1
25/11/24                                      | 2024-11-25 00:00:00 | 86400
25.11.2024, 13:29 Uhr                         | 2024-11-25 13:29:00 | 60
25.11.2024 13.29 Uhr                          | 2024-11-25 13:29:00 | 60
Montag, 25. November 2024, 13:29 Uhr          | 2024-11-25 13:29:00 | 60
Donnerstag, 6. März 2025                      | 2025-03-06 00:00:00 | 86400
25 de noviembre de 2024 13:29 CET             | 2024-11-25 12:29:00 | 60
06 MAR 2025 - 08:20 CET                       | 2025-03-06 07:20:00 | 60
25 novembre 2024 à 13h29                      | 2024-11-25 13:29:00 | 60
lundi 25 novembre 2024 à 13 h 29              | 2024-11-25 13:29:00 | 60
mar. 12 mars 2024                             | 2024-03-12 00:00:00 | 86400
1er août 2024                                 | 2024-08-01 00:00:00 | 86400
25 de novembro de 2024 às 13h29               | 2024-11-25 13:29:00 | 60
25 novembre 2024 alle 13:29                   | 2024-11-25 13:29:00 | 60
2024年11月25日 13:29                          | 2024-11-25 13:29:00 | 60
2024年11月25日13時29分                        | 2024-11-25 13:29:00 | 60
2024년 11월 25일 오후 3:04                    | 2024-11-25 15:04:00 | 60
1732540140                                    | 2024-11-25 13:09:00 | 1
1732540140123                                 | 2024-11-25 13:09:00 | 1
1732540140.5                                  | 2024-11-25 13:09:00 | 1
202411251329                                  | 2024-11-25 13:29:00 | 60
20241125132905                                | 2024-11-25 13:29:05 | 1
"""

NOT_UNDERSTOOD = [
    *("", "   ", "yesterday", "2 hours ago", "2024", "Nov 25", "25 Nov", "13:29", "n/a", "TBA", "0", "12345"),
    *("2024-02-30", "2023-02-29", "30 February 2024", "31.04.2024", "2024-13-01", "2024-00-10", "0000-00-00"),
    *("2024-11-25 25:00", "25 Nov 2024 13:61", "25 Nov 2024 13:29 AM", "2024-11-25 13:29 XYZ", "1/2/3"),
    *("0001-01-01", "2525-01-01", "9999-12-31T23:59:59+00:00", "25 Foo 2024", "13/13/2024", "32/01/2024"),
    *("20241399", "99999999999999999999", "2024-11-25 13:29 Mars/Olympus", "x" * 200, "9" * 5000),
    *("25 Nov 2024 and 26 Nov 2024", "2024-11-25T13:29:00+99:00", "25 Nov Dec 2024"),
]


def _cases() -> list[tuple[str, str, int]]:
    cases = []
    for line in UNDERSTOOD.strip().splitlines():
        text, moment, precision = line.rsplit("|", 2)
        cases.append((text.strip(), moment.strip(), int(precision)))
    return cases


@pytest.mark.parametrize(("text", "moment", "precision"), _cases(), ids=lambda value: str(value)[:40])
def test_a_date_is_read_as_meant(text: str, moment: str, precision: int) -> None:
    found = read_date(text)
    assert found is not None
    assert found[0].replace(microsecond=0, tzinfo=None).isoformat(" ") == moment
    assert found[0].tzinfo is not None
    assert found[0].utcoffset() == timedelta(0)
    assert found[1] == precision


@pytest.mark.parametrize("text", NOT_UNDERSTOOD, ids=lambda text: text[:30] or "empty")
def test_an_impossible_or_incomplete_date_is_not_understood(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize("value", [1732540140, 1732540140.0, 1732540140_000, 1732540140_000_000, 20241125])
def test_numbers_are_unix_time_in_any_unit_or_a_written_day(value: float) -> None:
    found = read_date(value)
    assert found is not None
    assert found[0].date().isoformat() == "2024-11-25"


@pytest.mark.parametrize(
    "value", [True, 0, -5, 7, float("nan"), float("inf"), 10**40, None, [], {}, ["2024-11-25"], b"2024-11-25"]
)
def test_what_is_no_date_is_not_understood(value: object) -> None:
    assert read_date(value) is None
    assert DateReader().read(value) is None


def test_slashes_mean_month_first_and_hyphens_day_first_when_no_row_tells() -> None:
    reader = DateReader()
    reader.learn(["03/04/2025", "03-04-2025", None, 5])
    slash, hyphen = reader.read("03/04/2025"), reader.read("03-04-2025")
    assert slash is not None
    assert hyphen is not None
    assert (slash[0].month, hyphen[0].month) == (3, 4)
    assert "03/04/2025 read as 4 March" in (reader.note() or "")


def test_a_row_that_can_only_be_one_settles_the_others() -> None:
    reader = DateReader()
    reader.learn(["03/04/2025", "25/04/2025"])
    found = reader.read("03/04/2025")
    assert found is not None
    assert found[0].date().isoformat() == "2025-04-03"
    assert reader.note() is None


def test_a_row_that_can_only_be_the_other_is_still_read_right() -> None:
    reader = DateReader()
    reader.learn(["25/04/2025", "26/04/2025", "04/27/2025"])
    found = reader.read("04/27/2025")
    assert found is not None
    assert found[0].date().isoformat() == "2025-04-27"


@given(
    st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2099, 12, 30)),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_iso_with_any_offset_comes_out_as_the_same_instant(moment: datetime, minutes: int) -> None:
    stamped = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    for text in (stamped.isoformat(), stamped.isoformat(" "), stamped.strftime("%a, %d %b %Y %H:%M:%S %z")):
        found = read_date(text)
        assert found is not None, text
        assert found[0] == stamped.astimezone(UTC)


@given(st.text(max_size=60) | st.from_regex(r"[0-9T:./ \-+apmGMTZ年月日,]{1,40}", fullmatch=True))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    found = read_date(text)
    assert found is None or 1600 <= found[0].year <= 2100
