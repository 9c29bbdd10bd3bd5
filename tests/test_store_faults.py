"""Killed at any point, the index holds whole batches, and the same command run again finishes the work.

Run as a script, this file is the victim: it forks one child for each place to
die, so that numpy and pyarrow are imported once and not a hundred times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.article import ARTICLE_SCHEMA, Reject
from dedup.index import atomic, faults
from dedup.index.store import IndexStore

BATCHES = 3
# The project may be installed or not: children find it where this process found it.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(atomic.__file__).parents[2])}


def feed(number: int) -> tuple[pa.RecordBatch, list[Reject]]:
    """One batch: five new articles, a repeat, and (from the second) three changed articles."""
    rows: list[dict[str, Any]] = [
        {"id": f"{number}-{i}", "title": f"t{i}", "text": "x" * 200} for i in range(5)
    ]
    rows.append(dict(rows[0]))
    if number:
        rows += [{"id": f"{number - 1}-{i}", "title": f"changed by {number}.{i}"} for i in (1, 2, 3)]
    rows = [{"file": "feed.jsonl", "line": number * 100 + i, **row} for i, row in enumerate(rows)]
    return pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA), [
        Reject("feed.jsonl", number * 100 + 50, "bad date")
    ]


def scenario(path: Path) -> None:
    """What `dedup index` and `dedup clusters` do to a store, resumable at any point."""
    # A killed process loses nothing the kernel has: fsync would only make this slow (its order has a test).
    store = (
        IndexStore.open(path, write=True)
        if IndexStore.exists(path)
        else IndexStore.create(path, durable=False)
    )
    with store:
        for number in range(BATCHES):
            articles, rejects = feed(number)
            plan = store.plan(articles)
            keys = plan.articles.column("key").to_numpy()
            store.commit(plan, {"signature": np.stack([keys, keys + 1], axis=1)}, rejects)
        store.put_epoch({"df.bin": b"12345", "words.json": b"{}"}, {"made": "by test"})
        table = pa.table({"key": list(range(10))})
        if not store.runs():
            store.commit_run({"edges": table, "clusters": table}, {"step": "clusters"})
        if store.keep_runs != 1:
            store.set_keep_runs(1)
        if store.latest_run(step="again") is None:
            store.commit_run({"edges": table, "clusters": table}, {"step": "again"})


def state(path: Path, *, check_batches: bool = True) -> dict[str, Any]:
    """Read all there is, checking it on the way: parts whole, sketches of the same rows."""
    with IndexStore.open(path) as store, store.snapshot() as view:
        articles, current = [], []
        for part, (table, mask, keys) in enumerate(
            zip(view.articles(), view.current(), view.keys(), strict=True)
        ):
            assert table.num_rows == view.parts[part].rows == len(mask)
            assert (
                view.sketch(part)["signature"][:, 0].tolist()
                == keys.tolist()
                == table.column("key").to_pylist()
            )
            rows = table.select(["id", "title", "version", "file", "line"]).to_pylist()
            articles.append([tuple(row.values()) for row in rows])
            current += [row["id"] + row["title"] for row, now in zip(rows, mask, strict=True) if now]
        if check_batches:
            for number, rows in enumerate(articles):
                assert len(rows) == (5 if number == 0 else 8), "half a batch"
        assert len(store.rejects()) >= len(articles) or not articles
        epoch, run = store.epoch(), store.latest_run()
        return {
            "articles": articles,
            "current": sorted(current),
            "n": view.n_articles,
            "generation": view.generation,
            "rejects": store.rejects(),
            "epoch": epoch and (epoch.id, epoch.read("df.bin"), epoch.read("words.json")),
            "runs": [
                (r.number, r.meta, r.table("edges").num_rows, r.table("clusters").num_rows)
                for r in store.runs()
            ],
            "run": run and run.number,
        }


def check_manifest(path: Path) -> dict[str, Any] | None:
    """Do what a reader without SQLite does: every file the manifest names is there and readable."""
    if not (path / "manifest.json").exists():
        return None
    manifest: dict[str, Any] = json.loads((path / "manifest.json").read_bytes())
    for part in manifest["parts"]:
        assert pq.ParquetFile(path / part["articles"]).metadata.num_rows == part["rows"]
        assert (path / part["sketch"]).stat().st_size > 0
    for name in ("epoch", "run"):
        assert manifest[name] is None or (path / manifest[name]).is_dir()
    return manifest


@pytest.fixture(scope="module")
def hits() -> Counter[str]:
    """How often an undisturbed run (and one reopening) passes each fault point."""
    return Counter()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, hits: Counter[str]) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("whole") / "x.dedup"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEDUP_FAULT", "none of them")  # or files are written without asking
        for module in [m for name, m in sys.modules.items() if name.startswith("dedup.index.")]:
            if hasattr(module, "fault"):
                patch.setattr(module, "fault", lambda name: hits.update([name]))
        scenario(path)
    return state(path)


def test_every_fault_point_is_passed(undisturbed: dict[str, Any], hits: Counter[str]) -> None:
    assert set(faults.INDEX_POINTS) == set(hits)
    assert undisturbed["n"] == BATCHES * 5
    # Without dates the load and then the hash decide, so a resumed load that counted as a new one would show.
    changed = [name for name in undisturbed["current"] if "changed" in name]
    assert 0 < len(changed) < 3 * (BATCHES - 1), "the feed does not tell the two apart: change its texts"
    assert [number for number, *_ in undisturbed["runs"]] == [2], "the older run was not removed"


@pytest.mark.parametrize("share", [30, pytest.param(None, marks=pytest.mark.slow)])
def test_killed_anywhere_and_run_again(
    tmp_path: Path, undisturbed: dict[str, Any], hits: Counter[str], share: int | None
) -> None:
    """Thirty places in CI, chosen once and for all; every one with ``-m slow``."""
    places = [f"{name}:{nth}" for name in faults.INDEX_POINTS for nth in sorted({1, hits[name]})]
    places += [f"publish-renamed:{nth}" for nth in range(2, hits["publish-renamed"])]
    if share is not None:
        places = random.Random(7).sample(places, share)
    # Killed twice: the second time while the first is being made good.
    places += [
        "transaction-part-committed:2+publish-renamed:1",
        "transaction-part-committed:2+publish-renamed:2",
        "publish-renamed:1+manifest-written:1",
        "transaction-run-committed:1+recover-begin:1",
        "create-catalog:1+create-manifest:1",
        "create-renamed:1+transaction-part-filled:1",
    ]
    victims = subprocess.run(
        [sys.executable, __file__, str(tmp_path), *places],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=ENVIRONMENT,
    )
    assert victims.returncode == 0, victims.stderr
    ended = json.loads(victims.stdout)
    for place in places:
        path = tmp_path / place.replace(":", "-")
        assert set(ended[place]) == {-signal.SIGKILL}, f"{place} was not reached"
        check_manifest(path)
        if IndexStore.exists(path):
            # What a reader sees before anybody tidies up, and what one sees afterwards.
            before = state(path)
            assert before["articles"] == undisturbed["articles"][: len(before["articles"])], place
            IndexStore.open(path, write=True).close(finished=False)
            assert state(path) == before, place
            assert not any((path / "staging").iterdir()), place
            manifest = check_manifest(path)
            assert manifest is not None
            assert len(manifest["parts"]) == len(before["articles"]), place
        scenario(path)
        assert state(path) == undisturbed, place


def test_what_is_renamed_or_listed_was_fsynced_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL cannot show a missing fsync, a power cut would: so the order of the calls is the promise."""
    path = tmp_path / "x.dedup"
    store = IndexStore.create(path)
    events: list[str] = []
    fsync = os.fsync

    def recording(descriptor: int) -> None:
        events.append(
            "fsync " + os.readlink(f"/proc/self/fd/{descriptor}").removeprefix(f"{path}/").split(".json")[0]
        )
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    for module in [m for name, m in sys.modules.items() if name.startswith("dedup.index.")]:
        if hasattr(module, "fault"):
            monkeypatch.setattr(module, "fault", events.append)
    with store:
        plan = store.plan(feed(0)[0])
        store.commit(plan, {})
    wanted = [
        "fsync staging/part-000001.parquet",
        "fsync staging/part-000001.sketch",
        "fsync staging",
        "transaction-part-committed",
        "publish-renamed",
        "publish-renamed",
        "fsync articles",
        "fsync sketches",
        "fsync .manifest",
        "manifest-renamed",
    ]
    assert [event for event in events if event in wanted][: len(wanted) + 1] == [
        *wanted[:8],
        "fsync staging",
        *wanted[8:],
    ]


def test_a_reader_works_while_a_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.dedup"
    IndexStore.create(path).close()
    writer = subprocess.Popen([sys.executable, __file__, "write", str(path), "40"], env=ENVIRONMENT)
    sizes: list[int] = []
    listed: list[int] = []
    try:
        while writer.poll() is None:
            manifest = check_manifest(path)
            listed.append(len(manifest["parts"]) if manifest else 0)
            sizes.append(len(state(path, check_batches=False)["articles"]))
    finally:
        writer.wait(timeout=60)
    assert writer.returncode == 0
    assert sizes == sorted(sizes)
    assert listed == sorted(listed)
    assert len(set(sizes)) > 2, "the reader never met the writer at work"
    assert len(state(path, check_batches=False)["articles"]) == 40


def _die_at(places: str, path: Path) -> list[int]:
    return [_die_once(place, path) for place in places.split("+")]


def _die_once(place: str, path: Path) -> int:
    child = os.fork()
    if child == 0:
        os.environ["DEDUP_FAULT"] = place
        try:
            scenario(path)
        except BaseException as error:
            print(place, repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _write(path: Path, batches: int) -> None:
    with IndexStore.open(path, write=True) as store:
        for number in range(batches):
            rows = [{"file": "f", "line": i, "id": f"{number}-{i}", "title": "t"} for i in range(50)]
            plan = store.plan(pa.RecordBatch.from_pylist(rows, schema=ARTICLE_SCHEMA))
            keys = plan.articles.column("key").to_numpy()
            store.commit(plan, {"signature": np.stack([keys, keys], axis=1)}, [Reject("f", number, "bad")])


if __name__ == "__main__":
    if sys.argv[1] == "write":
        _write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        root = Path(sys.argv[1])
        print(json.dumps({place: _die_at(place, root / place.replace(":", "-")) for place in sys.argv[2:]}))
