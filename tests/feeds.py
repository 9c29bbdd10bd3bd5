"""Made-up feeds for tests: texts of invented words, so that nothing meets by chance."""

from __future__ import annotations

import random
from typing import Any

LETTERS = "bcdfghjklmnprstvz"
VOWELS = "aeiou"


def word(rng: random.Random) -> str:
    return "".join(rng.choice(LETTERS) + rng.choice(VOWELS) for _ in range(rng.randint(2, 4)))


def sentence(rng: random.Random) -> str:
    return " ".join(word(rng) for _ in range(rng.randint(9, 16))).capitalize() + "."


def story(seed: int, sentences: int = 12) -> list[str]:
    rng = random.Random(f"story {seed}")
    return [sentence(rng) for _ in range(sentences)]


def copies(seed: int, n: int) -> list[dict[str, Any]]:
    """One story as n outlets carry it: re-headlined, cut, with furniture, in versions; no two texts equal."""
    rng = random.Random(f"copies {seed}")
    base = story(seed)
    made = []
    for k in range(n):
        body = base[: rng.randint(7, 12)] if k % 3 == 1 else list(base)
        if k % 3 == 2:
            body[rng.randrange(len(body))] = sentence(rng)
        body.append(sentence(rng))
        made.append(
            {
                "outlet": f"Outlet {k}",
                "url": f"https://outlet-{k}.example/{seed}",
                "title": sentence(rng),
                "text": "\n\n".join(body),
                "published": f"2025-03-0{rng.randint(1, 5)}T{rng.randrange(24):02d}:{rng.randrange(60):02d}Z",
            }
        )
    return made


def feed(stories: int = 12, singles: int = 20, seed: int = 0) -> list[dict[str, Any]]:
    """A small feed: some stories with two to six copies each, some without, and headlines."""
    rng = random.Random(f"feed {seed}")
    records = [copy for k in range(stories) for copy in copies(1000 * seed + k, rng.randint(2, 6))]
    for k in range(singles):
        records += copies(1000 * seed + 500 + k, 1)
    for _ in range(6):
        head = [word(rng) for _ in range(9)]
        for end in ("", " today"):
            records.append({"outlet": f"Wire {end or 'first'}", "title": " ".join(head) + end, "text": None})
        records.append({"outlet": "Alone", "title": " ".join(word(rng) for _ in range(9)), "text": None})
    for number, record in enumerate(records):
        record["id"] = f"{seed}-{number}"
    rng.shuffle(records)
    return records
