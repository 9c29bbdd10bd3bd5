"""Feeds that hurt whoever is careless: ``hostile_feed.py KIND OUT SCALE``.

`giant`: 200 articles and one of 50 MB. `equal`: a million articles of one text. `template`: a million
forecasts that differ in a place and numbers. SCALE multiplies the articles (of `giant` the 50 MB).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

KINDS = ("giant", "equal", "template")
ARTICLES = 1_000_000
GIANT_BYTES = 50_000_000

_FORECAST = (
    "Forecast for {0} on day {1}: after a night with a low of {2} degrees the morning begins with fog along "
    "the river, which lifts before noon. The high reaches {3} degrees, with winds of {4} kilometres an hour "
    "from the west and a chance of rain of {5} percent. Drivers in {0} should expect {6} minutes of delay "
    "on the ring road. Sunrise is at 6:{7:02d}, sunset at 18:{8:02d}. The pollen count is {9}, that of "
    "yesterday was {10}. This forecast is made automatically from the data of the weather service and is "
    "updated every six hours."
)


def main(kind: str, out: str, scale: str) -> None:
    with Path(out).open("wb") as file:
        for number, text in enumerate(_texts(kind, float(scale))):
            record = {
                "id": f"{kind}-{number}",
                "outlet": f"Outlet {number % 997}",
                "title": f"{kind} {number}",
                "published": f"2024-0{number % 9 + 1}-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
                "text": text,
            }
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _texts(kind: str, scale: float) -> Iterator[str]:
    rng = random.Random(kind)
    words = ["".join(rng.choices("abdegiklmnoprstu", k=rng.randint(3, 9))) for _ in range(20_000)]
    count = round(ARTICLES * scale)
    if kind == "giant":
        yield from (" ".join(rng.choices(words, k=300)) for _ in range(200))
        yield " ".join(rng.choices(words, k=round(GIANT_BYTES * scale / 7)))
    elif kind == "equal":
        text = ". ".join(" ".join(rng.choices(words, k=12)).capitalize() for _ in range(12)) + "."
        yield from (text for _ in range(count))
    else:
        for _ in range(count):
            numbers = (rng.randint(0, 59) for _ in range(10))
            yield _FORECAST.format(rng.choice(words).capitalize(), *numbers)


if __name__ == "__main__":
    main(*sys.argv[1:4])
