"""One writer that is killed again and again, many readers, and one who follows the manifest with pandas.

    python -m tests.campaigns.concurrency --minutes 10 --readers 4 --log FILE

Every batch is a function of its number, so a reader knows what an index of so many batches must hold, to the
article. The writer notes a batch in a ledger once `add` has returned: what stands there must never be missing
again. Run as root, every other reader gives up its rights before it begins, and can write nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dedup.errors import IndexFolderError
from dedup.index.index import Index
from dedup.index.store import IndexStore
from tests.campaigns.manifest_reader import follow
from tests.campaigns.stored_log import Budget, logged
from tests.feeds import copies

NEW, CHANGED = 15, 3
"""Articles that a batch adds, and those of the batch before that come again with another text."""
NOBODY = 65534
REPLACING = 5
REPORTING, REFRESHING = 4, 23


@dataclass(frozen=True)
class Place:
    """Where one campaign happens."""

    folder: Path

    @property
    def index(self) -> Path:
        return self.folder / "x.dedup"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def stop(self) -> Path:
        return self.folder / "stop"

    def noted(self) -> int:
        """Batches that were reported as added."""
        return self.ledger.stat().st_size if self.ledger.exists() else 0

    def result(self, name: str) -> Path:
        return self.folder / f"result-{name}"


def batch(number: int) -> list[dict[str, Any]]:
    """Three stories of four copies and three singles; three articles of the batch before, corrected."""
    records = _fresh(number)
    if number:
        for record in _fresh(number - 1)[:CHANGED]:
            corrected = {"title": f"Corrected: {record['title']}", "updated": "2025-04-01T00:00Z"}
            records.append({**record, **corrected, "text": record["text"] + " It was put right."})
    return records


def _fresh(number: int) -> list[dict[str, Any]]:
    stories = [copies(10 * number + s, 4) for s in range(3)]
    stories += [copies(10 * number + 5 + s, 1) for s in range(3)]
    return [
        {**record, "id": f"{number}-{i}"}
        for i, record in enumerate(one for story in stories for one in story)
    ]


def replaces(number: int) -> bool:
    """Whether the texts that batch `number` corrects are replaced, not kept as versions."""
    return number % REPLACING == REPLACING - 1


# The writer


def write(place: Place) -> Counter[str]:
    """Add batch after batch; report and begin a new epoch now and then. Ends when killed, or by `stop`."""
    done: Counter[str] = Counter()
    number = place.noted()  # what was added but not noted is added again, and found to be there
    while not place.stop.exists():
        opened = Index.open(place.index, write=True, wait_s=60)
        with opened as index:
            index.add(batch(number), on_change="replace" if replaces(number) else "version")
            with open(place.ledger, "ab", buffering=0) as ledger:
                ledger.write(b".")
            number += 1
            if number % REPORTING == 0:
                index.report()
            if number % REFRESHING == 0:
                index.refresh()
    return done


# The readers


class Reader:
    """Reads what can be read, and holds it to what the batches say."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.rng = random.Random(f"reader {seed}")
        self.done: Counter[str] = Counter()
        self.last: Counter[str] = Counter()
        self.held: Index | None = None

    def run(self) -> Counter[str]:
        actions: list[tuple[Callable[[], None], int]] = [
            (self.snapshot, 6),
            (self.store, 3),
            (self.stats, 3),
            (self.query, 2),
            (self.report, 1),
            (self.held_open, 3),
        ]
        names, weights = zip(*actions, strict=True)
        while not self.place.stop.exists():
            (action,) = self.rng.choices(names, weights)
            action()
            self.done[action.__name__] += 1
        return self.done

    def forward(self, what: str, now: int) -> int:
        """A count that this reader has seen never goes back."""
        assert now >= self.last[what], f"{what} went back from {self.last[what]} to {now}"
        self.last[what] = now
        return now

    def snapshot(self) -> None:
        least = self.place.noted()
        with IndexStore.open(self.place.index) as store, store.snapshot() as view:
            n = self.forward("batches", len(view.parts))
            assert n >= least, f"{least} batches were added, {n} are there"
            self.forward("generation", view.generation)
            assert view.n_articles == n * NEW
            rows = [part.rows for part in view.parts]
            assert rows == [NEW + CHANGED * (number > 0) for number in range(n)], rows
            if not n:
                return
            part = self.rng.randrange(n)
            keys = view.keys()[part].tolist()
            assert len(view.sketch(part)["signatures"]) >= 0
            for place, table in enumerate(view.articles(["key", "id", "title"])):
                if place == part:
                    assert table["key"].to_pylist() == keys
                    self.done["articles"] += table.num_rows
            self.versions(view, self.rng.randrange(n), n)

    def versions(self, view: Any, number: int, n: int) -> None:
        """An article of batch `number` is corrected if, and only if, the next batch is there."""
        record = _fresh(number)[self.rng.randrange(CHANGED)]
        (key,) = view.find(record["id"])
        listed = view.versions(key)
        corrected = n > number + 1
        assert listed[-1].article.title.startswith("Corrected: ") == corrected
        assert len(listed) == (2 if corrected and not replaces(number + 1) else 1)
        self.done["versions"] += len(listed)

    def store(self) -> None:
        with IndexStore.open(self.place.index) as store:
            epoch = store.epoch()
            if epoch is not None:
                for name in epoch.files:
                    epoch.read(name)
                self.done["epochs"] += 1
            run = store.latest_run()
            if run is not None:
                self.forward("runs", run.number)
                members = run.table("clusters")["key"].to_pylist()
                with store.snapshot() as view:
                    per_part = view.keys()
                    known = {key for keys in per_part for key in keys.tolist()}
                assert known.issuperset(members)
                for name in run.tables:
                    run.table(name)
                self.done["runs"] += 1
            assert store.rejects() == []

    def stats(self) -> None:
        least = self.place.noted()
        with Index.open(self.place.index) as index:
            held = index.stats()
        assert held.articles % NEW == 0
        assert held.articles >= least * NEW
        self.forward("articles", held.articles)

    def query(self) -> None:
        least = self.place.noted()
        if not least:
            return
        with Index.open(self.place.index) as index:
            self.ask(index, least)

    def ask(self, index: Index, least: int) -> None:
        number = self.rng.randrange(least)
        wanted = [record["id"] for record in _fresh(number)[:4]]
        record = _fresh(number)[0]
        found = index.query([record]).column("article_id").to_pylist()
        assert set(wanted) <= set(found), f"{wanted} were added, {found} are found"

    def report(self) -> None:
        least = self.place.noted()
        with Index.open(self.place.index) as index:
            report = index.report()
        articles = int(report.counts["articles"])
        assert articles % NEW == 0
        assert articles >= least * NEW
        self.forward("articles", articles)
        ids = report.members.column("article_id").to_pylist()
        assert len(ids) == len(set(ids))
        clusters: dict[str, set[str]] = {}
        for name, member in zip(report.members.column("cluster_id").to_pylist(), ids, strict=True):
            clusters.setdefault(name, set()).add(member)
        truth = {
            frozenset(f"{number}-{4 * s + i}" for i in range(4))
            for number in range(articles // NEW)
            for s in range(3)
        }
        found = {frozenset(members) for members in clusters.values()}
        assert found == truth, f"{len(found ^ truth)} clusters are not as they were made"
        self.done["clusters"] += len(found)

    def held_open(self) -> None:
        """An index that is open all the while answers for what has come since."""
        if self.held is None or self.rng.random() < 0.1:
            self.held = Index.open(self.place.index)
        least = self.place.noted()
        assert len(self.held) >= least * NEW
        self.forward("articles", len(self.held))
        if least:
            self.ask(self.held, least)


# The campaign


def fork(place: Place, name: str, work: Callable[[], Counter[str]], *, nobody: bool = False) -> int:
    """Run `work` in a child; what it counted, or what went wrong, is its result."""
    result = place.result(name)
    result.touch()
    child = os.fork()
    if child:
        return child
    try:
        file = open(result, "w")  # noqa: SIM115 opened while it may still be written
        if nobody:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            assert not os.access(place.index, os.W_OK)
        counts = work()
        file.write(json.dumps(counts))
        file.close()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def warm() -> None:
    """Load the kernels, once for all children; a reader without rights could not store what it compiles."""
    with Index.temporary() as index:
        index.add(batch(0))
        index.report()
        index.query([batch(0)[0]])


def check_stopped(place: Place) -> None:
    """While no writer lives: what the manifest lists is committed."""
    manifest = json.loads((place.index / "manifest.json").read_bytes())
    with IndexStore.open(place.index) as store, store.snapshot() as view:
        assert len(manifest["parts"]) <= len(view.parts)
        for listed, part in zip(manifest["parts"], view.parts, strict=False):
            assert listed["articles"].endswith(f"{part.number:06d}.parquet")
            assert listed["rows"] == part.rows


def check_held(place: Place) -> str:
    """A second writer is told at once who writes, or gets in because nobody does."""
    try:
        Index.open(place.index, write=True).close()
    except IndexFolderError as error:
        if "is being written by " not in error.message:
            raise
        return "told"
    return "let in"


def campaign(seconds: float, readers: int, folder: Path, seed: int) -> Counter[str]:
    """Run it; return what was done."""
    place = Place(folder)
    folder.chmod(0o755)
    warm()
    Index.create(place.index).close()
    rng = random.Random(f"campaign {seed}")
    root = os.getuid() == 0
    total: Counter[str] = Counter()
    children = {
        fork(place, f"reader-{n}", Reader(place, n).run, nobody=root and n % 2 == 0): f"reader-{n}"
        for n in range(readers)
    }
    listing = fork(place, "manifest", lambda: follow(place.index, place.stop, place.noted), nobody=root)
    children[listing] = "manifest"
    ends = time.monotonic() + seconds
    writer = fork(place, "writer", lambda: write(place))
    failed = []
    while time.monotonic() < ends and not failed:
        # Some are killed while they still open, most while they add.
        time.sleep(rng.choice([0.05, 0.3, 1, 3, 5, 8]) * rng.random() + 0.02)
        total[f"second writers {check_held(place)}"] += 1
        os.kill(writer, signal.SIGKILL)
        status = os.waitpid(writer, 0)[1]
        if not os.WIFSIGNALED(status):
            failed.append("writer")
            break
        total["kills"] += 1
        check_stopped(place)
        writer = fork(place, "writer", lambda: write(place))
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended:
            failed.append(children.pop(ended, "writer"))
    place.stop.touch()
    for child, name in {**children, writer: "writer"}.items():
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; see above")
    for name in children.values():
        told = json.loads(place.result(name).read_text())
        total.update({f"{'manifest ' if name == 'manifest' else ''}{what}": n for what, n in told.items()})
    # Nothing is lost, and nothing is there that was not added: the same batches, undisturbed, hold the same.
    with Index.open(place.index, write=True) as index:
        # One more may be there than was noted: added, and killed before it could be said.
        total["batches"] = len(index) // NEW
        assert len(index) in (place.noted() * NEW, (place.noted() + 1) * NEW)
        last = index.report()
        total["stored runs"] = index.stats().runs
        with Index.create(folder / "undisturbed.dedup", durable=False) as other:
            other.use_epoch(index)
            for number in range(total["batches"]):
                other.add(batch(number), on_change="replace" if replaces(number) else "version")
            columns = [name for name in last.members.column_names if name not in ("file", "line")]
            assert other.report().members.select(columns).equals(last.members.select(columns))
    check_stopped(place)
    return total


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args(arguments)
    budget = Budget(given.minutes)
    folder = Path(tempfile.mkdtemp(prefix="dedup-campaign-"))
    try:
        total = campaign(60 * given.minutes, given.readers, folder, given.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rights = (
        "half of them and the manifest reader without rights to write" if os.getuid() == 0 else "all one user"
    )
    lines = [
        f"concurrency: {given.minutes:g} minutes, {given.readers} readers ({rights}), seed {given.seed}",
        *(f"{number:>9,}  {what}" for what, number in sorted(total.items())),
        "no torn read, no lost batch, no count that went back; ends as an undisturbed index does",
    ]
    command = f"python -m tests.campaigns.concurrency --minutes {given.minutes:g} --readers {given.readers}"
    print(logged(f"{command} --seed {given.seed}", lines, budget, given.log), end="")


if __name__ == "__main__":
    sys.exit(main())
