"""A made-up wire: what arrives hour by hour in a week, with all that a live feed does to an index.

Made-up stories and their copies (`dedup.simulate`), some of them so rewritten that nobody finds them all;
planted stories of invented words, whose copies cannot be missed; articles that arrive late; articles that
come again with another text or another headline, sometimes before the text they correct; a story that runs
all week; and, every day, two clusters that a later article joins and its correction parts again, and one that
a correction ends. Each article comes with the stories that it tells.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dedup.simulate import SimulationSettings, simulate
from tests.campaigns.story_truth import Arrival
from tests.feeds import copies, sentence, story

START = datetime(2025, 3, 3, tzinfo=UTC)
"""The first day is there before the week begins: its articles are the first batch."""
BACKLOG_H = 24
LATE, CORRECTED, RETITLED = 0.05, 0.06, 0.5
LONG_STORY_EVERY_H = 5
PLANTED_SHARE, MOST_COPIES, COPIED_AFTER_H = 0.4, 12, 6
PLANTED = "planted "
"""Before the names of stories that stand in every week, whatever is simulated around them."""

Record = dict[str, Any]


def week(days: int, per_hour: int, hours_per_batch: int = 1, seed: int = 0) -> list[list[Arrival]]:
    """Return the batches: the backlog, then what arrives in each `hours_per_batch`."""
    arrivals: list[tuple[float, Arrival]] = []  # hours after the start
    rng = random.Random(f"week {seed}")
    planted = round(PLANTED_SHARE * per_hour * (BACKLOG_H + 24 * days))
    simulated = per_hour * (BACKLOG_H + 24 * days) - planted
    for hour, record, told in [*_simulated(days, simulated, seed), *_planted(days, planted, seed)]:
        late = rng.randint(1, 30) if rng.random() < LATE else 0
        arrivals.append((hour + late, _tells(record, told)))
        if rng.random() < CORRECTED:
            after = hour + rng.uniform(0.5, 10)
            arrivals.append((after, _tells(_corrected(record, after, rng), told)))
    for number, hour in enumerate(range(2, BACKLOG_H + 24 * days, LONG_STORY_EVERY_H)):
        arrivals.append((hour, _tells(_article(f"long-{number}", hour, story(77, 14)), f"{PLANTED}long")))
    for day in range(1, days + 1):
        arrivals += _joined_and_parted(day)
    batches: defaultdict[int, list[tuple[float, Arrival]]] = defaultdict(list)
    for hour, arrival in arrivals:
        if hour < BACKLOG_H + 24 * days:
            batches[max(0, int((hour - BACKLOG_H) // hours_per_batch) + 1)].append((hour, arrival))
    return [
        [arrival for _, arrival in sorted(batches[number], key=lambda one: (one[0], one[1].record["id"]))]
        for number in range(24 * days // hours_per_batch + 1)
    ]


def _tells(record: Record, *stories: str) -> Arrival:
    return Arrival(record, frozenset(stories))


def _simulated(days: int, articles: int, seed: int) -> list[tuple[float, Record, str]]:
    """Return hour, record and story of each article; one that is nobody's copy tells a story of its own."""
    hours = BACKLOG_H + 24 * days
    settings = SimulationSettings(articles=articles, days=hours / 24, start=START, seed=seed)
    found = []
    for article in simulate(settings):
        hour = (article.published - START) / timedelta(hours=1)
        record = {**article.record(), "published": article.published.isoformat()}
        found.append((hour, record, article.cluster_id or article.id))
    return found


def _planted(days: int, articles: int, seed: int) -> list[tuple[float, Record, str]]:
    """Return the same of stories that no word but their own is in; half of them in one paper only."""
    rng = random.Random(f"planted {seed}")
    found: list[tuple[float, Record, str]] = []
    number = 0
    while len(found) < articles:
        breaks = rng.uniform(0, BACKLOG_H + 24 * days)
        many = min(MOST_COPIES, int(rng.paretovariate(1)), articles - len(found))
        for copy, record in enumerate(copies(100_000 * (seed + 1) + number, many)):
            hour = breaks + (rng.expovariate(1 / COPIED_AFTER_H) if copy else 0)
            named = {"id": f"planted-{number}-{copy}", "published": _time(hour)}
            found.append((hour, {**record, **named}, f"{PLANTED}{number}"))
        number += 1
    return found


def _corrected(record: Record, hour: float, rng: random.Random) -> Record:
    changed = {**record, "updated": _time(hour)}
    if record["text"] is None or rng.random() < RETITLED:
        changed["title"] = f"{record['title']} - update"
    if record["text"] is not None:
        changed["text"] = f"{record['text']}\n\n{sentence(rng)}"
    return changed


def _joined_and_parted(day: int) -> list[tuple[float, Arrival]]:
    """Two halves of a story, two articles each; the whole of it; its correction, which is the first half."""
    at = BACKLOG_H + 24 * (day - 1)
    whole, other = story(1_000 + day, 14), story(2_000 + day, 10)
    halves = whole[:7], whole[7:]
    told = f"{PLANTED}half-{day}-0", f"{PLANTED}half-{day}-1"
    found = [
        (
            at + 1 + 2 * half,
            _tells(_article(f"half-{day}-{half}-{copy}", at + 1 + 2 * half, halves[half]), told[half]),
        )
        for half in (0, 1)
        for copy in (0, 1)
    ]
    joins = _article(f"whole-{day}", at + 7, whole)
    parts = {**_article(f"whole-{day}", at + 7, halves[0]), "updated": _time(at + 13)}
    found += [(at + 7, _tells(joins, *told)), (at + 13, _tells(parts, told[0]))]
    pair = f"{PLANTED}pair-{day}"
    found += [(at + 4, _tells(_article(f"pair-{day}-{copy}", at + 4, other), pair)) for copy in (0, 1)]
    mistaken = {**_article(f"pair-{day}-1", at + 4, story(3_000 + day, 10)), "updated": _time(at + 16)}
    return [*found, (at + 16, _tells(mistaken, f"{PLANTED}mistaken-{day}"))]


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
