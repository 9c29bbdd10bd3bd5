"""A week of hourly batches: `dedup index`, `dedup clusters --events`, held each hour to one load.

    python -m tests.campaigns.live --log FILE

After each hour everything that has arrived is loaded at once, in another order, into a new index of the
same epoch. Its clusters must be those of the index that grew.

Each hour's events are held to what the simulation knows: which story each article tells, and when it came
(`story_truth`). Those of planted stories, whose copies cannot be missed, must be the true ones, all of
them and no other; so must those of simulated stories wherever the clusters found are the stories. Where
a copy was not found, or something else was taken for one, no event of it can be the true one: these
are counted. They too must follow from the clusters, which is worked out in sets (`from_memberships`).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dedup.cli import main as dedup
from dedup.index.index import Index
from dedup.report.writers import write_report
from tests.campaigns.stored_log import Budget, logged
from tests.campaigns.story_truth import Arrival, Event, Members, Truth, rightly_found
from tests.campaigns.wire_week import PLANTED, Record, week

LEAST_BATCHES = 6
"""As many are lived through however short the time is."""
PLACE = ("file", "line")
"""Columns that say where a record stood; the one thing in which one load differs."""

Clusters = dict[str, frozenset[str]]
Row = tuple[str, str, frozenset[str], int, int, int, int]
"""Event, cluster, the old ones, articles before and now, joined, left."""


class Seconds(NamedTuple):
    """What a command took: by the clock, and of the processors."""

    clock: float
    cpu: float


@dataclass
class Told:
    """What a week came to."""

    planted: Counter[str] = field(default_factory=Counter)
    """True events of planted stories; all were told, and no other."""
    simulated: Counter[str] = field(default_factory=Counter)
    """True events of simulated stories that were told."""
    true: int = 0
    """All true events of simulated stories."""
    other: int = 0
    """Events told of clusters that are not the stories."""
    hours: list[tuple[int, Seconds, Seconds]] = field(default_factory=list)
    """Articles so far, seconds of `dedup index` and of `dedup clusters`."""
    clusters: int = 0
    bytes_on_disk: int = 0
    records: int = 0


def command(folder: Path, *words: str) -> tuple[str, str, Seconds]:
    """Run a command in a child that has the imports and kernels already; return what it says, its seconds."""
    out, err = folder / "out.txt", folder / "err.txt"
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        for stream, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.chdir(folder)
        sys.argv = ["dedup", *words]
        try:
            dedup()
        except SystemExit as ended:
            sys.stdout.flush()
            os._exit(int(ended.code or 0))
        os._exit(99)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    seconds = Seconds(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)
    assert code == 0, f"dedup {' '.join(words)}: {err.read_text()}"
    return out.read_text(), err.read_text(), seconds


def rows_of(data: str) -> list[dict[str, str]]:
    """Rows of a csv, without the columns that say where a record stood."""
    return [
        {name: cell for name, cell in row.items() if name not in PLACE}
        for row in csv.DictReader(io.StringIO(data))
    ]


def at_once(records: Iterable[Record], grown: Path, rng: random.Random) -> list[dict[str, str]]:
    """Load everything in one go, shuffled, under the epoch of the index that grew; return its csv."""
    shuffled = list(records)
    rng.shuffle(shuffled)
    sink = io.BytesIO()
    with Index.temporary() as index, Index.open(grown) as other:
        index.use_epoch(other)
        index.add(shuffled)
        write_report(index.report(), "csv", sink)
    return rows_of(sink.getvalue().decode())


def memberships(rows: Iterable[dict[str, str]]) -> Clusters:
    """Cluster id -> outlet and id of its articles."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["cluster_id"], set()).add(f"{row['outlet']} {row['article_id']}")
    return {name: frozenset(members) for name, members in found.items()}


def from_memberships(old: Clusters, new: Clusters) -> set[Row]:
    """What became of the clusters that were found: from memberships alone.

    The heir of an old cluster is the new one that holds most of it (the smaller id where two hold as many).
    """
    heir = {}
    for name, members in old.items():
        takers = [(-len(members & found), taker) for taker, found in new.items() if members & found]
        if takers:
            heir[name] = min(takers)[1]
    events: set[Row] = set()

    def tell(event: str, name: str, olds: Iterable[str]) -> None:
        olds = frozenset(olds)
        before = frozenset().union(*(old[one] for one in olds))
        now = new.get(name, frozenset()) if event != "ended" else frozenset()
        events.add((event, name, olds, len(before), len(now), len(now - before), len(before - now)))

    for name, members in new.items():
        touched = [one for one in old if old[one] & members]
        parents = [one for one, taker in heir.items() if taker == name]
        if not touched:
            tell("born", name, ())
        elif not parents:
            tell("split", name, touched)
        elif len(parents) > 1:
            tell("merged", name, parents)
        else:
            if members - old[parents[0]]:
                tell("grown", name, parents)
            if old[parents[0]] - members:
                tell("shrunk", name, parents)
    for name in old.keys() - heir.keys():
        tell("ended", name, [name])
    return events


def told_events(rows: Iterable[dict[str, str]]) -> list[Row]:
    """What `dedup events --format csv` says."""
    return [
        (
            row["event"], row["cluster_id"], frozenset(row["old_ids"].split()), int(row["size_before"]),
            int(row["size"]), int(row["joined"]), int(row["left"]),
        )
        for row in rows
    ]  # fmt: skip


def by_articles(rows: Iterable[Row], old: Clusters, new: Clusters) -> set[Event]:
    """What `dedup events` says, with the articles in place of the ids of clusters."""
    return {
        Event(event, frozenset(old[one] for one in olds), frozenset() if event == "ended" else new[name])
        for event, name, olds, *_ in rows
    }


def judge(
    truth: set[Event],
    found: set[Event],
    stories: tuple[set[Members], set[Members]],
    clusters: tuple[set[Members], set[Members]],
    planted: set[str],
) -> list[str]:
    """Return the events that are wrong: told and not true, or true and not told.

    Parameters
    ----------
    truth, found : set of Event
        As the simulation knows them, and as `dedup` tells them.
    stories, clusters : two sets of articles
        True clusters and those found, before and after.
    planted : set of str
        Articles of planted stories: here not finding them is no excuse.
    """
    wrong = []
    for event in truth ^ found:
        articles = event.now.union(*event.olds)
        if articles & planted or rightly_found(event, stories, clusters):
            sizes = f"{sorted(map(len, event.olds))} to {len(event.now)}, {min(articles)}"
            wrong.append(f"{event.event} {sizes}: {'true, not told' if event in truth else 'told, not true'}")
    return sorted(wrong)


def live(
    folder: Path,
    batches: list[list[Arrival]],
    seed: int,
    budget: Budget,
    *,
    check: bool = True,
) -> Told:
    """Live through the batches, or as many as there is time for; `check`: hold each to one load."""
    rng = random.Random(f"live {seed}")
    index = folder / "news.dedup"
    told = Told()
    so_far: list[Record] = []
    before: Clusters = {}
    truth, stories = Truth(), set[Members]()
    planted: set[str] = set()
    with Index.temporary() as warm:
        warm.add([one.record for one in batches[0][:20]])
        warm.report()
    for number, arrivals in enumerate(batches):
        if budget.over and number > LEAST_BATCHES:
            break
        batch = [one.record for one in arrivals]
        (folder / "hour.jsonl").write_text("".join(json.dumps(record) + "\n" for record in batch))
        *_, reading = command(folder, "index", "hour.jsonl", "-i", "news.dedup", "--wait", "1m")
        words = ["clusters", "news.dedup", "-o", "clusters.csv", "--events", "events.csv"]
        _, said, finding = command(folder, *words)
        data = (folder / "events.csv").read_text()
        so_far += batch
        told.hours.append((len({(one["outlet"], one["id"]) for one in so_far}), reading, finding))
        if not check:
            continue
        grown = rows_of((folder / "clusters.csv").read_text())
        once = at_once(so_far, index, rng)
        assert grown == once, f"hour {number}: not the clusters of one load"
        now = memberships(once)
        found = told_events(rows_of(data))
        assert len(found) == len(set(found))
        follows = from_memberships(before, now)
        assert set(found) == follows, f"hour {number}: {sorted(map(str, set(found) ^ follows))}"
        told_now, true_now = by_articles(found, before, now), truth.arrive(arrivals)
        stories, stories_before = {group.articles for group in truth.groups}, stories
        planted |= {one.name for one in arrivals if any(name.startswith(PLANTED) for name in one.stories)}
        clusters = set(before.values()), set(now.values())
        wrong = judge(true_now, told_now, (stories_before, stories), clusters, planted)
        assert not wrong, f"hour {number}: {'; '.join(wrong)}"
        if found:
            listed, line, _ = command(folder, "events", "-i", "news.dedup", "--format", "csv")
            assert listed == data
            assert line.strip() in said, "what is said in one line is what is listed"
        if number:
            for event in true_now | told_now:
                if event.now.union(*event.olds) & planted:
                    told.planted[event.event] += 1
                    continue
                told.true += event in true_now
                told.other += event not in true_now
                told.simulated[event.event] += event in true_now and event in told_now
        before = now
    told.clusters, told.records = len(before), len(so_far)
    told.bytes_on_disk = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    return told


def lines_of(told: Told, days: int, batches: int) -> list[str]:
    """The log."""
    articles = told.hours[-1][0]

    def listed(events: Counter[str]) -> str:
        return ", ".join(f"{number:,} {event}" for event, number in sorted(events.items()) if number)

    right = told.simulated.total()
    lines = [
        f"live feed: {days} days, {len(told.hours) - 1} batches after a first day, "
        f"{batches - len(told.hours)} left out for want of time",
        f"{told.records:,} records, {articles:,} articles",
    ]
    if told.planted:
        lines += [
            f"{told.clusters:,} clusters at the end",
            f"{told.planted.total():,} events of planted stories, all true and all told: "
            f"{listed(told.planted)}",
            f"{told.true:,} events of simulated stories, {right:,} ({right / max(1, told.true):.1%}) told as "
            f"they are: {listed(told.simulated)}",
            f"the others, and {told.other:,} told that are not true, where a copy was not found or something "
            "else was taken for one; none where the clusters are the stories",
            "after each batch the csv of the index that grew is that of one load, but for file and line",
        ]
    lines += [
        f"index folder at the end: {told.bytes_on_disk / 1e6:,.1f} MB",
        "medians of six batches, without the start of the process (imports and kernels):",
        " articles   index s    CPU s   clusters s    CPU s",
    ]
    middle = [*range(6, len(told.hours) - 3, 24), len(told.hours) - 3]
    for place in middle:
        around = told.hours[place - 3 : place + 3]
        cells = [
            f"{sorted(one[which][kind] for one in around)[len(around) // 2]:>{width}.2f}"
            for which, kind, width in ((1, 0, 10), (1, 1, 9), (2, 0, 13), (2, 1, 9))
        ]
        lines.append(f"{told.hours[place][0]:>9,}{''.join(cells)}")
    return lines


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A week of hourly batches, held to one load.")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--per-hour", type=int, default=25)
    parser.add_argument("--hours-per-batch", type=int, default=1)
    parser.add_argument("--only-time", action="store_true", help="Check nothing: how long the commands take.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="live through no more batches after so many")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args(arguments)
    budget = Budget(given.minutes)
    folder = Path(tempfile.mkdtemp(prefix="dedup-campaign-"))
    try:
        batches = week(given.days, given.per_hour, given.hours_per_batch, given.seed)
        told = live(folder, batches, given.seed, budget, check=not given.only_time)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = lines_of(told, given.days, len(batches))
    words = [f"--days {given.days}", f"--per-hour {given.per_hour}", f"--seed {given.seed}"]
    words += [f"--hours-per-batch {given.hours_per_batch}"] if given.hours_per_batch != 1 else []
    words += ["--only-time"] if given.only_time else []
    words += [f"--minutes {given.minutes:g}"] if given.minutes is not None else []
    print(logged(f"python -m tests.campaigns.live {' '.join(words)}", lines, budget, given.log), end="")


if __name__ == "__main__":
    main()
