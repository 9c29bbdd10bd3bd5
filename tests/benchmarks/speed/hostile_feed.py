"""Feeds that hurt whoever is careless: ``hostile_feed.py KIND OUT SCALE``.

`giant`: 200 articles and one of 200 MB. `equal`: a million articles of one text. `template`: a million
forecasts that differ in a place and numbers. Made to collide (`colliding.py`): `order`, 20,000 texts of the
same word pairs in another order; `shingles`, twins without a word in common whose word pairs have equal
hashes; `band`, 100,000 strangers that agree in eight bands. `word`: one word ten million times, twice.
`unicode`: 2,000 texts of what Unicode allows. `outlets`: 100,000 pairs of copies, an outlet for each.
`columns`: a million keys, 100 in an article. SCALE multiplies the articles (of `giant` the 200 MB, of `word`
the words).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

KINDS = ("giant", "equal", "template", "order", "shingles", "band", "word", "unicode", "outlets", "columns")
ARTICLES = {
    "giant": 200, "equal": 1_000_000, "template": 1_000_000, "order": 20_000, "shingles": 400,
    "band": 100_000, "word": 2, "unicode": 2_000, "outlets": 200_000, "columns": 10_000,
}  # fmt: skip
"""Articles of a feed at full size."""
GIANT_BYTES = 200_000_000
REPEATED = 10_000_000

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
        for line in lines(kind, float(scale)):
            file.write(line)


def lines(kind: str, scale: float) -> Iterator[bytes]:
    """Yield the feed as JSON lines."""
    for number, text in enumerate(_texts(kind, scale)):
        record: dict[str, Any] = {
            "id": f"{kind}-{number}",
            "outlet": f"Outlet {number if kind == 'outlets' else number % 997}",
            "title": f"{kind} {number}",
            "published": f"2024-0{number % 9 + 1}-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
            "text": text,
        }
        if kind == "columns":
            record |= {f"column {100 * number + k}": k for k in range(100)}
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _texts(kind: str, scale: float) -> Iterator[str]:
    rng = random.Random(kind)
    words = ["".join(rng.choices("abdegiklmnoprstu", k=rng.randint(3, 9))) for _ in range(20_000)]
    count = max(2, round(ARTICLES[kind] * scale))

    def prose() -> str:
        return ". ".join(" ".join(rng.choices(words, k=12)).capitalize() for _ in range(12)) + "."

    if kind == "giant":
        yield from (" ".join(rng.choices(words, k=300)) for _ in range(200))
        yield " ".join(rng.choices(words, k=round(GIANT_BYTES * scale / 7)))
    elif kind == "equal":
        text = prose()
        yield from (text for _ in range(count))
    elif kind == "template":
        for _ in range(count):
            numbers = (rng.randint(0, 59) for _ in range(10))
            yield _FORECAST.format(rng.choice(words).capitalize(), *numbers)
    elif kind == "word":
        yield from ("flood " * round(REPEATED * scale) for _ in range(2))
    elif kind == "unicode":
        yield from (_deep_unicode(rng, number) for number in range(count))
    elif kind == "outlets":
        for _ in range(count // 2):
            text = prose()
            yield from (text, text)
    elif kind == "columns":
        yield from (prose() for _ in range(count))
    else:
        from tests.benchmarks.speed import colliding  # compiled kernels; the others need none

        yield from {"order": colliding.orders, "shingles": colliding.twins, "band": colliding.strangers}[
            kind
        ](count, rng)


def _deep_unicode(rng: random.Random, number: int) -> str:
    """Return one of ten kinds of text that Unicode allows and nobody writes; UTF-8 has no lone surrogates."""
    kinds = (
        "e" + "\u0301" * 10_000,
        "\u0915" + "\u093c" * 10_000,
        "".join(map(chr, rng.choices([*range(0x20, 0xD800), *range(0xE000, 0x11_0000, 7)], k=3_000))),
        "".join(chr(plane << 16 | 0xFFFE | k) for plane in range(17) for k in (0, 1)) * 50,
        "".join(chr(0xE000 + rng.randrange(0x1900)) for _ in range(3_000)),
        "".join(rng.choice("\u270c\u2764a") + chr(0xFE00 + rng.randrange(16)) for _ in range(3_000)),
        "\u202e" * 500 + "drow \u2066" * 500 + "\u202c" * 500,
        "\u200d".join("\U0001f469" for _ in range(3_000)),
        "\u1100\u1161\u11a8" * 2_000,
        "\ufdfa\u3316\u33ff" * 1_000,
    )
    return f"{rng.random()} {kinds[number % len(kinds)]}"


if __name__ == "__main__":
    main(*sys.argv[1:4])
