"""A repair may be killed anywhere, lists whatever it drops, gives no number twice, and believes files."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dedup.cli import check as command
from dedup.index.check.check import check_folder
from dedup.index.check.drop import Once
from dedup.index.check.findings import CheckReport, Dropped, RepairReport
from dedup.index.check.repair import repair_folder
from dedup.index.identity import display_id
from dedup.index.index import Index
from dedup.index.layout import Layout
from dedup.index.planning import HISTORY_COLUMNS, by_rank
from dedup.index.rules import Seen
from dedup.index.store import IndexStore
from tests.campaigns.logged import catalog_rows, leave_log
from tests.commands import Command
from tests.feeds import feed

PARTS = 3


def quiet(*_: object) -> None:
    pass


def repair(index: Path, told: Callable[..., object] = quiet, *, deep: bool = False) -> RepairReport:
    return repair_folder(index, deep=deep, on_stage=quiet, on_dropped=told)


def sql(index: Path, *statements: str) -> None:
    with sqlite3.connect(index / "catalog.sqlite") as catalog:
        for statement in statements:
            catalog.execute(statement)
    catalog.close()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def texts_of(index: Path, number: int) -> list[tuple[str, int]]:
    """Ids and keys of the texts of a part."""
    with IndexStore.open(index) as store, store.snapshot() as view:
        rows = list(view.articles(["id", "key"]))[number - 1].to_pylist()
    return [(display_id(row["id"], row["key"]), row["key"]) for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three feeds and an index of them: three parts, an epoch and a run; and an index of other feeds."""
    folder = tmp_path_factory.mktemp("whole")
    for number in range(PARTS + 2):
        lines = [json.dumps(record) for record in feed(stories=3, singles=5, seed=number)]
        (folder / f"{number}.jsonl").write_text("\n".join([*lines, "{broken"]) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, numbers in {"n.dedup": range(PARTS), "other.dedup": range(PARTS, PARTS + 2)}.items():
            with Index.create(name) as index:
                for number in numbers:
                    index.add(f"{number}.jsonl")
                    index._store.finish_load()
                index.report()
    return folder


@pytest.fixture
def case(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(whole, tmp_path / "case")
    monkeypatch.chdir(tmp_path / "case")
    return tmp_path / "case"


def forked(work: Callable[[], object], fault: str = "") -> int:
    """Do something in a child that ends without tidying up; return how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.environ["DEDUP_FAULT"] = fault
        work()
        code = 0
    finally:
        os._exit(code)


@pytest.fixture
def logged(case: Path) -> Path:
    leave_log(case / "n.dedup", case / "0.jsonl")
    return case / "n.dedup"


REBUILDING = (
    "transaction-repair-filled",
    "transaction-repair-committed",
    "rebuild-catalog",
    "rebuild-promised",
    "rebuild-log",
    "rebuild-renamed",
)


def test_a_rebuild_that_is_killed_anywhere_loses_no_batch_of_the_log(logged: Path, tmp_path: Path) -> None:
    old = catalog_rows(logged)
    assert len(old["rejects"]) == PARTS + 1, "the late batch is not in the log"
    undisturbed = tmp_path / "undisturbed.dedup"
    shutil.copytree(logged, undisturbed)
    assert repair(undisturbed).after.sound
    mended = catalog_rows(undisturbed)
    assert mended["rejects"] == old["rejects"]
    assert mended["articles"] == old["articles"]
    for point in REBUILDING:
        killed = tmp_path / f"{point}.dedup"
        shutil.copytree(logged, killed)
        assert forked(lambda path=killed: repair(path), point) == -signal.SIGKILL  # type: ignore[misc]
        # Whoever only reads sees the old state or the new one, whole.
        assert catalog_rows(killed) in (old, mended), point
        opened = tmp_path / f"{point} opened.dedup"
        shutil.copytree(killed, opened)
        again = repair(killed)
        assert again.after.sound, point
        assert not again.lost
        assert catalog_rows(killed) == mended, point
        with IndexStore.open(opened, write=True) as store:
            store.finish_load()
        mended_here = not Layout(opened).rebuilt_catalog.exists()
        assert mended_here, point
        assert repair(opened).after.sound
        assert catalog_rows(opened)["articles"] == mended["articles"], point
        assert catalog_rows(opened)["rejects"] == mended["rejects"], point


def test_a_rebuilt_catalog_is_put_in_place_by_the_next_writer(logged: Path) -> None:
    mended = repair_copy(logged)
    assert forked(lambda: repair(logged), "rebuild-promised") == -signal.SIGKILL
    found = check_folder(logged, deep=False, on_stage=quiet)
    assert found.sound, "the new catalog counts from then on"
    assert [note for note in found.notes if note.startswith("catalog.rebuilt: left by a writer")]
    IndexStore.open(logged, write=True).close(finished=False)
    assert check_folder(logged, deep=True, on_stage=quiet).sound
    assert catalog_rows(logged) == mended


def repair_copy(index: Path) -> dict[str, Any]:
    copy = index.parent / "copy.dedup"
    shutil.copytree(index, copy)
    assert repair(copy).after.sound
    return catalog_rows(copy)


def test_an_index_whose_lost_catalog_was_made_anew_is_opened_by_the_next_writer(
    case: Path, dedup: Command
) -> None:
    index = case / "n.dedup"
    (index / "catalog.sqlite").unlink()
    assert forked(lambda: repair(index), "rebuild-promised") == -signal.SIGKILL
    assert dedup("export", "-i", index).returncode == 0, "a reader finds it"
    done = dedup("index", "3.jsonl", "-i", index)
    assert done.returncode == 0, done.stderr
    assert check_folder(index, deep=True, on_stage=quiet).sound
    with IndexStore.open(index) as store:
        assert [part.number for part in store._catalog.parts()] == [1, 2, 3, 4]


@pytest.mark.parametrize("catalog", ["sound", "damaged", "lost"])
def test_a_part_of_another_index_is_not_taken_for_ours(case: Path, catalog: str) -> None:
    index, name = case / "n.dedup", "articles/part-000002.parquet"
    lost = texts_of(index, 2)
    kept = [row for row in catalog_rows(index)["articles"] if row[HISTORY_COLUMNS.index("part")] != 2]
    foreign = (case / "other.dedup" / name).read_bytes()
    (index / name).write_bytes(foreign)
    if catalog == "damaged":
        sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 1")
    elif catalog == "lost":
        (index / "catalog.sqlite").unlink()
    else:
        found = check_folder(index, deep=False, on_stage=quiet)
        assert [one.kind for one in found.damage if one.file == name] == ["part"]
    told: list[Dropped] = []
    report = repair(index, told.extend)
    assert report.after.sound
    assert sum(line.startswith("part 2 dropped: its file holds other articles") for line in report.done) == 1
    assert (index / name).read_bytes() == foreign, "somebody's articles were removed"
    assert list(report.dropped) == told
    if catalog == "lost":  # nothing is left that tells which articles these were, and that is said
        assert "which articles part 2 held" in report.lost
    else:
        assert [one.article_id for one in told] == [display_id(None, key) for _, key in lost]
        assert {one.part for one in told} == {2}
        now = catalog_rows(index)["articles"]
        assert [row for row in now if row[HISTORY_COLUMNS.index("part")]] == kept
    with Index.open(index, write=True) as idx:
        assert idx.add("1.jsonl").added == len(lost)
        assert idx.add("0.jsonl").added == idx.add("2.jsonl").added == 0
    assert repair(index, deep=True).before.sound
    assert (index / name).read_bytes() == foreign


def test_what_only_a_part_that_repeats_another_held_is_listed(case: Path) -> None:
    """Without catalog and manifest a part that repeats another is dropped: what no other part has is told."""
    index = case / "n.dedup"
    with Index.create("both.dedup") as both:  # part 1: the first feed and half of the fourth
        lines = (case / "0.jsonl").read_text() + "\n".join((case / "3.jsonl").read_text().splitlines()[:4])
        (case / "both.jsonl").write_text(lines)
        both.add("both.jsonl")
    more = {pair[0] for pair in texts_of(case / "both.dedup", 1)} - {pair[0] for pair in texts_of(index, 1)}
    assert more
    shutil.copy(case / "both.dedup/articles/part-000001.parquet", index / "articles/part-000004.parquet")
    (index / "catalog.sqlite").unlink()
    (index / "manifest.json").unlink()
    told: list[Dropped] = []
    assert repair(index, told.extend).after.sound
    assert {one.article_id for one in told} == more


def test_the_number_of_a_dropped_part_is_not_given_again(case: Path) -> None:
    index = case / "n.dedup"
    flip(index / "articles/part-000003.parquet")
    repair(index)
    # Nor after the catalog is lost, too: the manifest keeps it.
    (index / "catalog.sqlite").unlink()
    assert repair(index).after.sound
    # Nor after both are lost, while any file tells of it.
    with Index.open(index, write=True) as idx:
        assert idx.add("2.jsonl").added
        assert [part.number for part in idx._store._catalog.parts()] == [1, 2, 4]
    flip(index / "articles/part-000004.parquet")
    (index / "catalog.sqlite").unlink()
    (index / "manifest.json").unlink()
    repair(index)
    with Index.open(index, write=True) as idx:
        assert idx.add("2.jsonl").added
        assert [part.number for part in idx._store._catalog.parts()] == [1, 2, 5]
    assert check_folder(index, deep=True, on_stage=quiet).sound


@pytest.mark.parametrize("catalog", ["sound", "lost"])
def test_the_number_of_a_dropped_run_is_not_given_again(case: Path, catalog: str) -> None:
    """A reader may have the old run open, and its folder then stands where the new one would go."""
    index = case / "n.dedup"
    with IndexStore.open(index) as store:
        run = store.latest_run()
    assert run is not None
    with run.held():
        flip(index / "runs/000001/edges.parquet")
        if catalog == "lost":
            (index / "catalog.sqlite").unlink()
        repair(index)
        with Index.open(index) as idx:
            idx.report()
        found = check_folder(index, deep=False, on_stage=quiet)
        assert found.sound, found.damage
        with IndexStore.open(index) as store:
            assert [one.number for one in store.runs()] == [2]
            assert store.runs()[0].table("edges").num_rows


WRONG = "0123456789abcdef" * 2
MISNAMED = {
    "listed under a wrong id": (f"UPDATE epochs SET id = '{WRONG}'",),
    "the current one has a wrong id": (f"""UPDATE meta SET value = '"{WRONG}"' WHERE name = 'epoch'""",),
    "both are wrong": (
        f"UPDATE epochs SET id = '{WRONG}'",
        f"""UPDATE meta SET value = '"{WRONG}"' WHERE name = 'epoch'""",
    ),
    "a wrong hash of a file": (
        """UPDATE epochs SET meta = replace(meta, substr(meta, instr(meta, '": "') + 4, 8), 'ffffffff')""",
    ),
    "in a catalog that is made anew": (
        f"UPDATE epochs SET id = '{WRONG}'",
        f"""UPDATE meta SET value = '"{WRONG}"' WHERE name = 'epoch'""",
        "UPDATE parts SET rows = rows + 1 WHERE number = 1",
    ),
}


@pytest.mark.parametrize("how", MISNAMED)
@pytest.mark.parametrize("manifest", ["there", "lost"])
def test_an_epoch_with_whole_files_is_kept_whatever_the_catalog_calls_it(
    case: Path, how: str, manifest: str
) -> None:
    index = case / "n.dedup"
    with IndexStore.open(index) as store:
        epoch = store.epoch()
    assert epoch is not None
    sql(index, *MISNAMED[how])
    if manifest == "lost":
        (index / "manifest.json").unlink()
    assert not check_folder(index, deep=False, on_stage=quiet).sound
    report = repair(index)
    assert report.after.sound
    assert not report.lost
    with IndexStore.open(index) as store:
        now = store.epoch()
        assert now is not None
        assert (now.id, now.meta, now.files) == (epoch.id, epoch.meta, epoch.files)
        assert [row[0] for row in store._catalog.query("SELECT id FROM epochs")] == [epoch.id]
    assert not repair(index).done


def test_an_epoch_that_is_gone_is_not_replaced_by_an_older_one(case: Path) -> None:
    index = case / "n.dedup"
    with Index.open(index, write=True) as idx:
        idx.add("3.jsonl")
        idx.refresh()
    with IndexStore.open(index) as store:
        epoch = store.epoch()
    assert epoch is not None
    assert len(list((index / "epochs").iterdir())) == 2
    shutil.rmtree(index / "epochs" / epoch.id)
    report = repair(index)
    assert any("current epoch" in line for line in report.lost)
    with IndexStore.open(index) as store:
        assert store.epoch() is None


def test_a_text_is_told_once_and_the_list_holds_what_every_step_dropped(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = case / "n.dedup"
    flip(index / "articles/part-000001.parquet")
    sql(index, "UPDATE parts SET rows = rows + 1 WHERE number = 2")
    calls: list[list[Dropped]] = []

    def told(some: Any) -> None:
        calls.append(list(some))
        if len(calls) == 1:  # the disk fails further while the catalog is being made anew
            flip(index / "articles/part-000003.parquet")

    report = repair(index, told)
    assert [{one.part for one in some} for some in calls] == [{1}, {3}]
    assert [one for some in calls for one in some] == list(report.dropped)

    def repeated(_: type[Index], path: Path, *, on_dropped: Any, **__: Any) -> RepairReport:
        for some in calls:
            on_dropped(some)
        return RepairReport(CheckReport(path), (), (), report.dropped, CheckReport(path))

    monkeypatch.setattr(Index, "repair", classmethod(repeated))
    command.check(index, repair=True, dropped=case / "gone.csv")
    with (case / "gone.csv").open(newline="") as file:
        assert [row["article_id"] for row in csv.DictReader(file)] == [
            one.article_id for one in report.dropped
        ]


def test_a_text_that_two_steps_drop_is_told_once(tmp_path: Path) -> None:
    first, second = (Dropped(name, None, None, None, None, 1, True) for name in "ab")
    calls: list[list[Dropped]] = []
    tell = Once(tmp_path / "repair.json", lambda some: calls.append(list(some)))
    for some in ([], [first, first], [first, second], [second]):  # two texts may have nothing but a name
        tell(some)
    assert calls == [[first, first], [second]]
    assert tell.told == [first, first, second]


def test_texts_in_arrays_are_ranked_as_they_are_one_by_one() -> None:
    chance = np.random.default_rng(1)
    rows = chance.integers(0, 3, (300, len(HISTORY_COLUMNS)))
    seen = [Seen(*row) for row in rows.tolist()]
    expected = sorted(range(len(seen)), key=lambda at: (seen[at].key, seen[at].rank))
    assert by_rank(rows).tolist() == expected
