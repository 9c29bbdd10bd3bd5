"""Dates as feeds write them: read as meant, or not at all."""

from __future__ import annotations

import json
import zoneinfo
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import SettingsError
from dedup.feeds import read_feed
from dedup.feeds.dates.date_order import DateReader
from dedup.feeds.dates.iso_dates import iso_dates, naive_times
from dedup.feeds.dates.read_date import is_relative, read_date
from dedup.feeds.dates.zones import Zones, parse_zones, zone_named

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

OF_REAL_FEEDS = """
Wed, 31 Jan 2024 10:11:12 GMT | 2024-01-31 10:11:12 | 1
Wed, 31 Jan 2024 10:11 GMT | 2024-01-31 10:11:00 | 60
Wed, 31 Jan 2024 10:11:12 -0500 | 2024-01-31 15:11:12 | 1
Wed, 31 Jan 2024 10:11:12 EST | 2024-01-31 15:11:12 | 1
Wed, 31 Jan 24 10:11:12 UT | 2024-01-31 10:11:12 | 1
31 Jan 2024 10:11:12 Z | 2024-01-31 10:11:12 | 1
Wednesday, 31-Jan-24 10:11:12 GMT | 2024-01-31 10:11:12 | 1
Wed Jan 31 10:11:12 2024 | 2024-01-31 10:11:12 | 1
Wed Jan 31 10:11:12 +0530 2024 | 2024-01-31 04:41:12 | 1
Wed Jan 31 10:11:12 GMT 2024 | 2024-01-31 10:11:12 | 1
Wed Jan 31 2024 10:11:12 GMT-0500 (Eastern Standard Time) | 2024-01-31 15:11:12 | 1
2024-01-31T10:11:12.123456789Z | 2024-01-31 10:11:12 | 1
2024-01-31T10:11:12.1Z | 2024-01-31 10:11:12 | 1
2024-01-31T10:11:12+00:00[UTC] | 2024-01-31 10:11:12 | 1
2024-01-31T10:11:12+01:00[Europe/Paris] | 2024-01-31 09:11:12 | 1
2024-01-31 10:11:12 UTC | 2024-01-31 10:11:12 | 1
2024-01-31 10:11:12.123 +0000 UTC | 2024-01-31 10:11:12 | 1
2024-01-31 10:11:12 -0500 EST | 2024-01-31 15:11:12 | 1
2024-01-31 10:11:12 +00:00 | 2024-01-31 10:11:12 | 1
2024-01-31T10:11:12+0000 | 2024-01-31 10:11:12 | 1
2024-01-31T10:11:12+00 | 2024-01-31 10:11:12 | 1
2024-01-31T10:11Z | 2024-01-31 10:11:00 | 60
2024-01-31T101112Z | 2024-01-31 10:11:12 | 1
20240131T101112 | 2024-01-31 10:11:12 | 1
20240131T101112+0100 | 2024-01-31 09:11:12 | 1
20240131T1011Z | 2024-01-31 10:11:00 | 60
20240131 10:11:12 | 2024-01-31 10:11:12 | 1
20240131 101112 | 2024-01-31 10:11:12 | 1
20240131-10:11:12 | 2024-01-31 10:11:12 | 1
2024/01/31 10:11:12 | 2024-01-31 10:11:12 | 1
2024/01/31 10:11 | 2024-01-31 10:11:00 | 60
2024/1/31 | 2024-01-31 00:00:00 | 86400
2024.01.31 | 2024-01-31 00:00:00 | 86400
2024-W05-3T10:11:12Z | 2024-01-31 10:11:12 | 1
2024-W05-3 | 2024-01-31 00:00:00 | 86400
2024W053 | 2024-01-31 00:00:00 | 86400
2024-031 | 2024-01-31 00:00:00 | 86400
1706695872 | 2024-01-31 10:11:12 | 1
1706695872000 | 2024-01-31 10:11:12 | 1
1706695872000000 | 2024-01-31 10:11:12 | 1
1706695872000000000 | 2024-01-31 10:11:12 | 1
1706695872.5 | 2024-01-31 10:11:12 | 1
/Date(1706695872000)/ | 2024-01-31 10:11:12 | 1
/Date(1706695872000+0000)/ | 2024-01-31 10:11:12 | 1
Published 3:45 PM EST, Tue January 2, 2024 | 2024-01-02 20:45:00 | 60
Updated 10:11 AM ET, Wed January 31, 2024 | 2024-01-31 15:11:00 | 60
Updated: Jan 31, 2024, 10:11 AM EST | 2024-01-31 15:11:00 | 60
First published on Wed 31 Jan 2024 10.11 GMT | 2024-01-31 10:11:00 | 60
Last modified on Wed 31 Jan 2024 10.11 EST | 2024-01-31 15:11:00 | 60
Posted on January 31, 2024 at 10:11 am | 2024-01-31 10:11:00 | 60
January 31, 2024 at 10:11 a.m. Eastern | 2024-01-31 15:11:00 | 60
January 31, 2024 10:11 AM Pacific Time | 2024-01-31 18:11:00 | 60
Jan. 31, 2024 10:11 am PT | 2024-01-31 18:11:00 | 60
Jan 31, 2024 / 10:11 AM CST | 2024-01-31 16:11:00 | 60
Jan 31, 2024 | 10:11 IST | 2024-01-31 04:41:00 | 60
Jan 31 2024, 10:11 (IST) | 2024-01-31 04:41:00 | 60
31 Jan 2024, 10:11 AM IST | 2024-01-31 04:41:00 | 60
January 31, 2024 10:11:12 PM | 2024-01-31 22:11:12 | 1
31 January 2024 10:11 BST | 2024-01-31 09:11:00 | 60
31 January 2024, 10:11 CET | 2024-01-31 09:11:00 | 60
10:11, 31 January 2024 | 2024-01-31 10:11:00 | 60
10:11 31.01.2024 | 2024-01-31 10:11:00 | 60
31.01.2024 - 10:11 Uhr | 2024-01-31 10:11:00 | 60
31.01.2024 um 10:11 | 2024-01-31 10:11:00 | 60
31. Januar 2024 | 2024-01-31 00:00:00 | 86400
Stand: 31.01.2024 10:11 Uhr | 2024-01-31 10:11:00 | 60
Veröffentlicht am 31. Jänner 2024 | 2024-01-31 00:00:00 | 86400
Mi., 31. Januar 2024, 10:11 Uhr | 2024-01-31 10:11:00 | 60
Mittwoch, 31.01.2024, 10:11 | 2024-01-31 10:11:00 | 60
31 janvier 2024 | 2024-01-31 00:00:00 | 86400
31 janvier 2024 à 10h11 | 2024-01-31 10:11:00 | 60
31 janvier 2024 à 10:11 | 2024-01-31 10:11:00 | 60
Publié le 31 janvier 2024 à 10h11 | 2024-01-31 10:11:00 | 60
Mis à jour le 31/01/2024 à 10:11 | 2024-01-31 10:11:00 | 60
le mercredi 31 janvier 2024 | 2024-01-31 00:00:00 | 86400
31 de enero de 2024 | 2024-01-31 00:00:00 | 86400
31 ene 2024 10:11 | 2024-01-31 10:11:00 | 60
31 ENE 2024 - 10:11 CET | 2024-01-31 09:11:00 | 60
miércoles, 31 de enero de 2024 | 2024-01-31 00:00:00 | 86400
Actualizado: 31/01/2024 10:11h | 2024-01-31 10:11:00 | 60
31 de janeiro de 2024 às 10h11 | 2024-01-31 10:11:00 | 60
31/01/2024 10h11 | 2024-01-31 10:11:00 | 60
31 gennaio 2024, 10:11 | 2024-01-31 10:11:00 | 60
31 gennaio 2024 alle 10:11 | 2024-01-31 10:11:00 | 60
31 januari 2024 om 10:11 | 2024-01-31 10:11:00 | 60
31 januari 2024 10:11 uur | 2024-01-31 10:11:00 | 60
wo 31 januari 2024 | 2024-01-31 00:00:00 | 86400
31 jan. 2024 | 2024-01-31 00:00:00 | 86400
31 januari 2024 kl 10.11 | 2024-01-31 10:11:00 | 60
31 januar 2024 kl. 10:11 | 2024-01-31 10:11:00 | 60
onsdag 31. januar 2024 | 2024-01-31 00:00:00 | 86400
31 stycznia 2024, 10:11 | 2024-01-31 10:11:00 | 60
31 stycznia 2024 r. | 2024-01-31 00:00:00 | 86400
31.01.2024 godz. 10:11 | 2024-01-31 10:11:00 | 60
31 января 2024, 10:11 | 2024-01-31 10:11:00 | 60
31 января 2024 г. | 2024-01-31 00:00:00 | 86400
31 января 2024 года в 10:11 | 2024-01-31 10:11:00 | 60
31.01.2024 10:11 МСК | 2024-01-31 07:11:00 | 60
31 Ocak 2024 10:11 | 2024-01-31 10:11:00 | 60
31 Ocak 2024, Çarşamba | 2024-01-31 00:00:00 | 86400
1 Ağustos 2024 Perşembe | 2024-08-01 00:00:00 | 86400
31 Januari 2024 10:11 WIB | 2024-01-31 03:11:00 | 60
Rabu, 31 Januari 2024 | 10:11 WIB | 2024-01-31 03:11:00 | 60
31 يناير 2024 | 2024-01-31 00:00:00 | 86400
١ فبراير ٢٠٢٤ | 2024-02-01 00:00:00 | 86400
2024年1月31日 | 2024-01-31 00:00:00 | 86400
2024年01月31日 10:11 | 2024-01-31 10:11:00 | 60
2024年1月31日 10時11分 | 2024-01-31 10:11:00 | 60
2024年1月31日（水）10時11分 | 2024-01-31 10:11:00 | 60
2024年1月31日 星期三 上午10:11 | 2024-01-31 10:11:00 | 60
2024年1月31日 下午3:45 | 2024-01-31 15:45:00 | 60
2024-01-31 下午3:45 | 2024-01-31 15:45:00 | 60
2024/01/31(水) 10:11 | 2024-01-31 10:11:00 | 60
2024. 1. 31. 오전 10:11 | 2024-01-31 10:11:00 | 60
2024.01.31. 10:11 | 2024-01-31 10:11:00 | 60
2024-01-31 오후 3:45:10 | 2024-01-31 15:45:10 | 1
입력 2024.01.31. 오후 3:45 | 2024-01-31 15:45:00 | 60
令和6年1月31日 | 2024-01-31 00:00:00 | 86400
31-01-2024 | 2024-01-31 00:00:00 | 86400
31-Jan-2024 10:11:12 | 2024-01-31 10:11:12 | 1
31-JAN-24 10.11.12.000000 AM | 2024-01-31 10:11:12 | 1
31/Jan/2024:10:11:12 +0000 | 2024-01-31 10:11:12 | 1
01/31/2024 | 2024-01-31 00:00:00 | 86400
1/31/2024 10:11 AM | 2024-01-31 10:11:00 | 60
1/31/24 | 2024-01-31 00:00:00 | 86400
01-31-2024 10:11 | 2024-01-31 10:11:00 | 60
31/01/2024 10:11:12 | 2024-01-31 10:11:12 | 1
31/1/24 10:11 | 2024-01-31 10:11:00 | 60
Jan 31, 2024 | 2024-01-31 00:00:00 | 86400
January 31st, 2024 | 2024-01-31 00:00:00 | 86400
31st of January 2024 | 2024-01-31 00:00:00 | 86400
31st January, 2024 | 2024-01-31 00:00:00 | 86400
2024 Jan 31 | 2024-01-31 00:00:00 | 86400
2024 January 31 10:11 | 2024-01-31 10:11:00 | 60
31jan2024 | 2024-01-31 00:00:00 | 86400
Jan-31-2024 | 2024-01-31 00:00:00 | 86400
2024-Jan-31 10:11:12 | 2024-01-31 10:11:12 | 1
31 Jan, 2024 | 2024-01-31 00:00:00 | 86400
31 JANUARY 2024 | 2024-01-31 00:00:00 | 86400
Wed, Jan 31, 2024 | 2024-01-31 00:00:00 | 86400
Wed 31 Jan 2024 | 2024-01-31 00:00:00 | 86400
Wednesday January 31 2024 | 2024-01-31 00:00:00 | 86400
Wed, 31 Jan 2024 24:00:00 GMT | 2024-02-01 00:00:00 | 1
2024-01-31T24:00:00Z | 2024-02-01 00:00:00 | 1
2016-12-31T23:59:60Z | 2016-12-31 23:59:59 | 1
Sat, 31 Dec 2016 23:59:60 +0000 | 2016-12-31 23:59:59 | 1
31 Jan '24 | 2024-01-31 00:00:00 | 86400
10:11 AM - Jan 31, 2024 | 2024-01-31 10:11:00 | 60
10:11 AM · Jan 31, 2024 | 2024-01-31 10:11:00 | 60
2024-01-31 10:11:12 AM | 2024-01-31 10:11:12 | 1
2024-01-31 10:11 PM | 2024-01-31 22:11:00 | 60
2024-01-31T10:11:12 Europe/London | 2024-01-31 10:11:12 | 1
2024-01-31 10:11:12 America/New_York | 2024-01-31 15:11:12 | 1
2024-01-31 10:11 UTC+2 | 2024-01-31 08:11:00 | 60
2024-01-31 10:11 GMT+05:30 | 2024-01-31 04:41:00 | 60
2024-01-31 1011 GMT | 2024-01-31 10:11:00 | 60
1011 GMT (1811 HKT) January 31, 2024 | 2024-01-31 10:11:00 | 60
Jan 31 (Wed) 2024 | 2024-01-31 00:00:00 | 86400
2024-01-31 (Wed) | 2024-01-31 00:00:00 | 86400
2024-01-31, 10:11 | 2024-01-31 10:11:00 | 60
2024-01-31;10:11:12 | 2024-01-31 10:11:12 | 86400
2024-01-31 10.11 | 2024-01-31 10:11:00 | 60
2024-01-31 10h11 | 2024-01-31 10:11:00 | 60
31.1.2024 klo 10.11 | 2024-01-31 10:11:00 | 60
31 Jan 2024 10:11:12 +0530 IST | 2024-01-31 04:41:12 | 1
15 Jan 2024 10:11 EDT | 2024-01-15 14:11:00 | 60
1959-01-31 | 1959-01-31 00:00:00 | 86400
1899-12-31 | 1899-12-31 00:00:00 | 86400
Thu, 1 Jan 1970 00:00:00 GMT | 1970-01-01 00:00:00 | 1
"""

NOT_UNDERSTOOD = [
    *(
        "-86400",
        "",
        "   ",
        "yesterday",
        "2 hours ago",
        "2024",
        "Nov 25",
        "25 Nov",
        "13:29",
        "n/a",
        "TBA",
        "0",
        "12345",
    ),
    *("2024-02-30", "2023-02-29", "30 February 2024", "31.04.2024", "2024-13-01", "2024-00-10", "0000-00-00"),
    *("2024-11-25 25:00", "25 Nov 2024 13:61", "25 Nov 2024 13:29 AM", "2024-11-25 13:29 XYZ", "1/2/3"),
    *("0001-01-01", "2525-01-01", "9999-12-31T23:59:59+00:00", "25 Foo 2024", "13/13/2024", "32/01/2024"),
    *("20241399", "99999999999999999999", "2024-11-25 13:29 Mars/Olympus", "x" * 200, "9" * 5000),
    *("25 Nov 2024 and 26 Nov 2024", "2024-11-25T13:29:00+99:00", "25 Nov Dec 2024"),
]


def _cases() -> list[tuple[str, str, int]]:
    cases = []
    for line in (UNDERSTOOD + OF_REAL_FEEDS.lstrip()).strip().splitlines():
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


@pytest.mark.parametrize(
    "text",
    ["2 hours ago", "yesterday", "Today, 10:11", "just now", "vor 3 Stunden", "heute, 10:11 Uhr",
     "hace 2 horas", "il y a 2 heures aujourd'hui", "3 uur geleden", "2 часа назад", "for 2 timer siden"],
)  # fmt: skip
def test_a_date_that_counts_from_today_is_told_as_such(text: str) -> None:
    assert read_date(text) is None
    assert is_relative(text)


def feed_of(path: Path, *dates: object) -> Path:
    records = ({"title": f"Lamp {k}", "published": date} for k, date in enumerate(dates))
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_relative_date_is_rejected_for_that_reason_and_the_article_kept(tmp_path: Path) -> None:
    feed = read_feed(feed_of(tmp_path / "a.jsonl", "2 hours ago", "no date"))
    assert feed.to_table().num_rows == 2
    assert [one.reason.partition(" (")[0] for one in feed.rejects] == [
        "date is relative to a day the feed does not tell",
        "date not understood",
    ]


@pytest.mark.parametrize(
    ("text", "named", "hour"),
    [
        ("2024-01-31 10:11 IST", {}, (4, 41)),
        ("2024-01-31 10:11 IST", {"IST": "Asia/Jerusalem"}, (8, 11)),
        ("2024-07-31 10:11 IST", {"IST": "Europe/Dublin"}, (9, 11)),
        ("2024-01-31 10:11 CST", {}, (16, 11)),
        ("2024-01-31 10:11 CST", {"cst": "Asia/Shanghai"}, (2, 11)),
        ("2024-01-31 10:11 AST", {"AST": "+03:00"}, (7, 11)),
        ("2024-01-31 10:11 EDT", {}, (14, 11)),  # what it says, though it is winter
        ("2024-01-31 10:11 +0200 IST", {"IST": "Asia/Kolkata"}, (8, 11)),  # an offset wins
        ("2024-01-31 10:11 XYZ", {"XYZ": "-03:30"}, (13, 41)),
    ],
)
def test_an_abbreviation_means_what_most_news_means_or_what_the_user_says(
    text: str, named: dict[str, str], hour: tuple[int, int]
) -> None:
    found = read_date(text, None, Zones.of(None, named))
    assert found is not None
    assert (found[0].hour, found[0].minute) == hour


def test_ambiguous_abbreviations_are_counted_and_told(tmp_path: Path) -> None:
    dates = ["31 Jan 2024 10:11 IST"] * 3 + [
        "31 Jan 2024 10:11 CST",
        "Jan 31, 2024 10:11 GMT",
        "2024-01-31T10:11Z",
    ]
    feed = read_feed(feed_of(tmp_path / "a.jsonl", *dates))
    list(feed)
    assert [note.partition(": ")[2] for note in feed.notes[1:]] == [
        "1 time in CST read as US Central, not China or Cuba; --tz CST=ZONE reads them otherwise",
        "3 times in IST read as India, not Israel or Ireland; --tz IST=ZONE reads them otherwise",
    ]
    told = read_feed(tmp_path / "a.jsonl", zones={"IST": "Asia/Jerusalem", "CST": "America/Chicago"})
    assert told.to_table()["published"][0].as_py().hour == 8
    assert len(told.notes) == 1


NAIVE = ["2024-07-31T10:11:12", "2024-07-31 10:11", "31 July 2024 10:11", "2024-07-31T10:11:12.250"]
NOT_NAIVE = [
    "2024-07-31",
    "2024-07-31T00:00:00",
    "2024-07-31T10:11:12Z",
    "2024-07-31T10:11:12+00:00",
    1722420672,
]


def test_times_without_a_zone_are_utc_or_of_the_zone_that_is_named(tmp_path: Path) -> None:
    path = feed_of(tmp_path / "a.jsonl", *NAIVE, *NOT_NAIVE)
    feed = read_feed(path)
    before = feed.to_table()["published"].to_pylist()
    assert (
        feed.notes[-1] == f"{path}: 4 times without a zone read as UTC; --timezone ZONE reads them otherwise"
    )
    berlin = read_feed(path, timezone="Europe/Berlin")
    after = berlin.to_table()["published"].to_pylist()
    assert [(old - new).total_seconds() for old, new in zip(before, after, strict=True)] == [7200] * 4 + [
        0
    ] * 5
    assert berlin.notes[-1] == f"{path}: 4 times without a zone read as Europe/Berlin"


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2099, 12, 30)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "+05:30"]),
)
def test_the_quick_way_to_a_zone_is_that_of_the_calendar(moment: datetime, name: str) -> None:
    moment = moment.replace(microsecond=0, second=max(moment.second, 1))
    text = moment.isoformat()
    column = pa.array([text])
    times, precision = iso_dates(column)
    assert naive_times(column, precision).all()
    shifted = Zones.of(name).to_utc(times)
    found = read_date(text, None, Zones.of(name))
    assert found is not None
    if found[0].year < 1970 and name.startswith(("A", "E")):  # zones had odd minutes and seconds once
        assert abs(shifted[0] - found[0].timestamp() * 1e6) <= 3600e6
    else:
        assert shifted[0] == found[0].timestamp() * 1e6


def test_every_mistake_about_zones_is_listed() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_zones("Mars/Olympus", ["IST=Asia/Foo", "C5T=UTC"])
    said = str(caught.value)
    assert all(part in said for part in ("'Mars/Olympus'", "'Asia/Foo'", "'c5t'"))
    assert "\n" not in said
    for wrong in ("IST", "IST=UTC,ist=UTC"):
        with pytest.raises(SettingsError, match="--tz"):
            parse_zones(None, [wrong])


def test_zones_do_not_depend_on_the_machine() -> None:
    zoneinfo.reset_tzpath(to=())  # as on a system without zones
    try:
        zone_named.cache_clear()
        zone = Zones.of("America/New_York").naive_zone()
    finally:
        zoneinfo.reset_tzpath()
    summer, winter = datetime(2024, 7, 1, 12), datetime(2024, 1, 1, 12)
    assert [str(zone.utcoffset(when)) for when in (summer, winter)] == [
        "-1 day, 20:00:00",
        "-1 day, 19:00:00",
    ]
    assert all(zone_named(name) is None for name in ("../etc/passwd", "Europe", "zone.tab", "__init__.py"))


@pytest.mark.parametrize(
    ("digits", "moment", "precision"),
    [
        ("20240301", datetime(2024, 3, 1), 86_400),
        ("2024030110", datetime(2024, 3, 1, 10), 3_600),
        ("202403011015", datetime(2024, 3, 1, 10, 15), 60),
        ("20240301101500", datetime(2024, 3, 1, 10, 15), 1),
        ("19991231235959", datetime(1999, 12, 31, 23, 59, 59), 1),
        ("1709287200", datetime(2024, 3, 1, 10), 1),
        ("1709287200000", datetime(2024, 3, 1, 10), 1),
    ],
)
def test_a_time_written_together_is_that_as_text_and_as_number(
    digits: str, moment: datetime, precision: int
) -> None:
    expected = (moment.replace(tzinfo=UTC), precision)
    for value in (digits, int(digits), float(digits), f"{digits}.0"):
        assert read_date(value) == expected


def test_a_column_tells_whether_ten_digits_are_hours_or_seconds(tmp_path: Path) -> None:
    """They are rejected, not guessed, where the column holds seconds of a time before 2030."""

    def dates(*values: int) -> tuple[list[Any], Counter[str]]:
        path = tmp_path / "feed.jsonl"
        path.write_text("".join(json.dumps({"title": "T", "date": value}) + "\n" for value in values))
        feed = read_feed(path)
        return feed.to_table()["published"].to_pylist(), feed.reject_counts

    hour, seconds = datetime(2024, 3, 1, 10, tzinfo=UTC), datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert dates(2024030110, 2024030111)[0][0] == hour
    read, rejected = dates(2024030110, 1709287200)
    assert read == [None, seconds]
    assert sum(rejected.values()) == 1
    assert dates(2024030110, 2024999999)[0][0] == datetime.fromtimestamp(2024030110, UTC)


def test_numbers_of_fourteen_digits_in_a_table_of_columns_are_times(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"title": ["T"], "DATEADDED": pa.array([20240301101500], pa.int64())}), path)
    assert read_feed(path).to_table()["published"].to_pylist() == [datetime(2024, 3, 1, 10, 15, tzinfo=UTC)]


@pytest.mark.parametrize("column", ["date_gmt", "post_date_gmt", "published_utc", "datePublishedUTC"])
@pytest.mark.parametrize("time", ["2024-03-01T10:00:00", "1 March 2024 10:00:00", 20240301100000])
def test_a_column_called_gmt_or_utc_is_not_shifted_by_a_time_zone(
    tmp_path: Path, column: str, time: object
) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps({"title": "T", column: time, "updated": "2024-03-01T10:00:00"}) + "\n")
    feed = read_feed(path, timezone="America/New_York", mapping={"date": column})
    row = feed.to_table().to_pylist()[0]
    assert row["published"] == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert row["updated"] == datetime(2024, 3, 1, 15, tzinfo=UTC)
    assert [note for note in feed.notes if "without a zone" in note] == [
        f"{path}: 1 time without a zone read as America/New_York"
    ]
