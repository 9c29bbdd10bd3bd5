"""A made-up wire: what arrives hour by hour in a week, with all that a live feed does to an index.

Made-up stories and their copies (`dedup.simulate`); articles that arrive late; articles that come again with
another text or another headline, sometimes before the text they correct; a story that runs all week; and,
every day, two clusters that a later article joins and its correction parts again, and one that a correction
ends.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dedup.simulate import SimulationSettings, simulate
from tests.feeds import sentence, story

START = datetime(2025, 3, 3, tzinfo=UTC)
"""The first day is there before the week begins: its articles are the first batch."""
BACKLOG_H = 24
LATE, CORRECTED, RETITLED = 0.05, 0.06, 0.5
LONG_STORY_EVERY_H = 5

Record = dict[str, Any]


def week(days: int, per_hour: int, hours_per_batch: int = 1, seed: int = 0) -> list[list[Record]]:
    """Return the batches: the backlog, then what arrives in each `hours_per_batch`."""
    arrivals: list[tuple[float, Record]] = []  # hours after the start
    rng = random.Random(f"week {seed}")
    for hour, record in _simulated(days, per_hour, seed):
        late = rng.randint(1, 30) if rng.random() < LATE else 0
        arrivals.append((hour + late, record))
        if rng.random() < CORRECTED:
            after = hour + rng.uniform(0.5, 10)
            arrivals.append((after, _corrected(record, after, rng)))
    for number, hour in enumerate(range(2, BACKLOG_H + 24 * days, LONG_STORY_EVERY_H)):
        arrivals.append((hour, _article(f"long-{number}", hour, story(77, 14))))
    for day in range(1, days + 1):
        arrivals += _joined_and_parted(day)
    batches: defaultdict[int, list[tuple[float, Record]]] = defaultdict(list)
    for hour, record in arrivals:
        if hour < BACKLOG_H + 24 * days:
            batches[max(0, int((hour - BACKLOG_H) // hours_per_batch) + 1)].append((hour, record))
    return [
        [record for _, record in sorted(batches[number], key=lambda one: (one[0], one[1]["id"]))]
        for number in range(24 * days // hours_per_batch + 1)
    ]


def _simulated(days: int, per_hour: int, seed: int) -> list[tuple[float, Record]]:
    hours = BACKLOG_H + 24 * days
    settings = SimulationSettings(articles=per_hour * hours, days=hours / 24, start=START, seed=seed)
    found = []
    for article in simulate(settings):
        hour = (article.published - START) / timedelta(hours=1)
        found.append((hour, {**article.record(), "published": article.published.isoformat()}))
    return found


def _corrected(record: Record, hour: float, rng: random.Random) -> Record:
    changed = {**record, "updated": _time(hour)}
    if record["text"] is None or rng.random() < RETITLED:
        changed["title"] = f"{record['title']} - update"
    if record["text"] is not None:
        changed["text"] = f"{record['text']}\n\n{sentence(rng)}"
    return changed


def _joined_and_parted(day: int) -> list[tuple[float, Record]]:
    """Two halves of a story, two articles each; the whole of it; its correction, which is the first half."""
    at = BACKLOG_H + 24 * (day - 1)
    whole, other = story(1_000 + day, 14), story(2_000 + day, 10)
    halves = whole[:7], whole[7:]
    found = [
        (at + 1 + 2 * half, _article(f"half-{day}-{half}-{copy}", at + 1 + 2 * half, halves[half]))
        for half in (0, 1)
        for copy in (0, 1)
    ]
    joins = _article(f"whole-{day}", at + 7, whole)
    parts = {**_article(f"whole-{day}", at + 7, halves[0]), "updated": _time(at + 13)}
    found += [(at + 7, joins), (at + 13, parts)]
    found += [(at + 4, _article(f"pair-{day}-{copy}", at + 4, other)) for copy in (0, 1)]
    mistaken = {**_article(f"pair-{day}-1", at + 4, story(3_000 + day, 10)), "updated": _time(at + 16)}
    return [*found, (at + 16, mistaken)]


def _article(name: str, hour: float, sentences: Sequence[str]) -> Record:
    rng = random.Random(f"article {name}")
    return {
        "id": name,
        "outlet": f"Outlet {name}",
        "url": f"https://{name}.example/1",
        "title": sentence(rng),
        "text": "\n\n".join([*sentences, sentence(rng)]),
        "published": _time(hour),
    }


def _time(hour: float) -> str:
    return (START + timedelta(seconds=round(3_600 * hour))).isoformat()
