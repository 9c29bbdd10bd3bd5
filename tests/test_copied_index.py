"""An index whose empty folders a copy left out (git and some archives do) is as good as the first one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from dedup.index.index import Index
from dedup.index.layout import Layout
from tests.commands import Command, one_error
from tests.feeds import copies


def without_empty_folders(index: Path) -> list[str]:
    """Make of an index what git makes of it; return the names of the folders that are gone."""
    empty = [folder for folder in Layout(index).folders if not any(folder.iterdir())]
    for folder in empty:
        folder.rmdir()
    return [folder.name for folder in empty]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a feed read into an index that lost its empty folders, and another feed."""
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        records = copies(1, 5)[:3] if number == 1 else [*copies(1, 5)[3:], *copies(2, 2)]
        Path(f"{number}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with Index.create("whole.dedup", durable=False) as index:
        index.add("1.jsonl")
    shutil.copytree("whole.dedup", "n.dedup")
    assert without_empty_folders(Path("n.dedup")) == ["staging", "runs", "epochs"]
    return tmp_path


def test_a_feed_can_be_added_and_the_clusters_are_those_of_the_first_index(
    copied: Path, dedup: Command
) -> None:
    for index in ("whole.dedup", "n.dedup"):
        assert dedup("index", "2.jsonl", "-i", index).returncode == 0
        done = dedup("clusters", index, "-o", f"{index}.csv")
        assert done.returncode == 0
        assert "run 1" in done.stderr
    assert Path("n.dedup.csv").read_bytes() == Path("whole.dedup.csv").read_bytes()
    assert dedup("check", "n.dedup").returncode == 0


def test_an_index_that_held_nothing_can_be_filled(copied: Path, dedup: Command) -> None:
    Index.create("empty.dedup", durable=False).close()
    assert len(without_empty_folders(Path("empty.dedup"))) == 5
    assert dedup("check", "empty.dedup").returncode == 0
    assert dedup("index", "1.jsonl", "-i", "empty.dedup").returncode == 0
    assert dedup("check", "empty.dedup").returncode == 0


def test_whoever_only_reads_neither_needs_nor_makes_a_folder(copied: Path, dedup: Command) -> None:
    assert dedup("stats", "-i", "n.dedup").returncode == 0
    assert dedup("query", "-i", "n.dedup", "2.jsonl").returncode == 0
    assert dedup("check", "n.dedup").returncode == 0
    there = [folder.name for folder in Layout(Path("n.dedup")).folders if folder.exists()]
    assert there == ["articles", "sketches"]


def test_what_a_lost_folder_held_is_told_by_name(copied: Path, dedup: Command) -> None:
    shutil.rmtree("n.dedup/sketches")
    done = dedup("check", "n.dedup")
    assert done.returncode == 1
    assert "sketches/part-000001.sketch: it is missing" in done.stdout
    assert dedup("check", "n.dedup", "--repair").returncode == 0
    assert dedup("index", "2.jsonl", "-i", "n.dedup").returncode == 0


def test_a_file_with_the_name_of_a_folder_is_damage(copied: Path, dedup: Command) -> None:
    Path("n.dedup/staging").write_text("mine")
    done = dedup("check", "n.dedup")
    assert done.returncode == 1
    assert "staging: it is not a folder" in done.stdout
    one_error(dedup("index", "2.jsonl", "-i", "n.dedup"), "n.dedup/staging is not a folder", "move it away")
    assert Path("n.dedup/staging").read_text() == "mine"


def test_the_folders_are_durable_before_anything_is_made_in_them(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a power cut no test can be made; the order of what the system is asked for can be looked at."""
    Index.create("empty.dedup").close()
    without_empty_folders(Path("empty.dedup"))
    steps: list[str] = []
    fsync, mkdir = os.fsync, Path.mkdir
    root = Path("empty.dedup").resolve()

    def noted_fsync(descriptor: int) -> None:
        steps.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).relative_to(root)}")
        fsync(descriptor)

    def noted_mkdir(path: Path, *_: object, **__: object) -> None:
        steps.append(f"made {path.name}")
        mkdir(path)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "mkdir", noted_mkdir)
    with Index.open("empty.dedup", write=True) as index:
        index.add("1.jsonl")
    made = [f"made {folder.name}" for folder in Layout(root).folders]
    assert steps[:6] == [*made, "fsync ."]
    assert "fsync articles" in steps[6:]
