"""An index of every format there has been is opened, reported on and added to; a newer one is refused."""

from __future__ import annotations

import re
import runpy
import sqlite3
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dedup.confirm.model import load_model
from dedup.errors import IndexFolderError
from dedup.index import history
from dedup.index.catalog_schema import FORMAT_VERSION
from dedup.index.index import Index
from dedup.index.sketches import sketched_with
from dedup.index.store import IndexStore
from dedup.settings import Settings
from tests.commands import Command, one_error

DATA = Path(__file__).parent / "data" / "indexes"
ARCHIVES = sorted(DATA.glob("format-*.tar.xz"))


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        # Python 3.11.3 and before know no filter; these archives are our own.
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder


def test_there_is_an_index_of_every_format() -> None:
    found = {int(re.fullmatch(r"format-(\d+)\.tar\.xz", path.name)[1]) for path in ARCHIVES}  # type: ignore[index]
    assert found == set(range(1, FORMAT_VERSION + 1)), (
        "run python tests/data/indexes/build.py and commit its file"
    )
    assert runpy.run_path(str(DATA / "build.py"))["main"]() == 1, "an index of an old format was made again"


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def test_an_index_of_an_older_format_is_read_reported_and_extended(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unpacked(archive, tmp_path / "old.dedup")
    monkeypatch.chdir(DATA)
    found = Index.check(path, deep=True)
    assert found.sound, found.damage
    with IndexStore.open(path) as store:
        settings = store.settings
    if settings["background"] != sketched_with():
        # Words or hashes have changed since, which no migration can make good: that is said, not guessed.
        with pytest.raises(IndexFolderError, match="read the feeds into a new index"):
            Index.open(path)
        return
    with Index.open(path) as old, Index.create(tmp_path / "new.dedup", durable=False) as new:
        new.add("first.jsonl")
        new.use_epoch(old)
        assert old.report().members.equals(new.report().members)
        assert old.rejects() == new.rejects()
        assert len(old.rejects()) == 1
        assert old.stats().versions == 1
    with Index.open(path, write=True) as old, Index.open(tmp_path / "new.dedup", write=True) as new:
        assert old.add("first.jsonl").added == 0, "an article of the old format was not known again"
        assert old.add("second.jsonl").added == new.add("second.jsonl").added > 0
        members = old.report().members
        assert members.equals(new.report().members)
        assert "Outlet of the second feed" in members["outlet"].to_pylist()
        exported = [sum(batch.num_rows for batch in one.export()) for one in (old, new)]
        assert exported[0] == exported[1]
    assert Index.check(path, deep=True).sound


def test_a_newer_format_is_refused_with_what_to_do(tmp_path: Path, dedup: Command) -> None:
    path = unpacked(ARCHIVES[-1], tmp_path / "n.dedup")
    with sqlite3.connect(path / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE meta SET value = ? WHERE name = 'format'", (str(FORMAT_VERSION + 1),))
    catalog.close()
    before = {
        file: file.read_bytes() for file in path.rglob("*") if file.is_file() and "-" not in file.suffix
    }
    feed = DATA / "second.jsonl"
    said = (f"has format {FORMAT_VERSION + 1}, this dedup reads up to {FORMAT_VERSION}", "upgrade dedup")
    for command in (
        ("clusters", path), ("index", feed, "-i", path), ("export", "-i", path), ("stats", "-i", path),
        ("check", path), ("check", path, "--repair"),
    ):  # fmt: skip
        one_error(dedup(*command), *said)
    assert all(file.read_bytes() == data for file, data in before.items()), "a newer index was changed"


@pytest.fixture
def index(tmp_path: Path) -> Any:
    with Index.create(tmp_path / "n.dedup", durable=False) as index:
        index.add(DATA / "first.jsonl")
        index.report()
        yield index


def test_a_run_names_all_that_decides_its_result(index: Index) -> None:
    """Whatever can change a cluster makes another run; whatever only chooses what is shown does not."""
    model = load_model()
    other = replace(model, article=replace(model.article, intercept=model.article.intercept + 1))
    for settings in (Settings(min_size=3), Settings(top=1), Settings(sort="recent"), Settings(threads=1)):
        index.report(settings)
    assert len(index._store.runs()) == 1
    decides: list[dict[str, Any]] = [
        {"settings": Settings(threshold=0.9)},
        {"settings": Settings(window_s=3600)},
        {"settings": Settings(furniture=False)},
        {"model": other},
    ]
    for number, options in enumerate(decides, start=2):
        index.report(**options)
        assert len(index._store.runs()) == number, options
        index.report(**options)
        assert len(index._store.runs()) == number, "the same run was stored twice"
    index.report(Settings(since=datetime(2025, 3, 2, tzinfo=UTC)))
    assert len(index._store.runs()) == 5, "a run over part of the time was stored"
    meta = index._store.runs()[0].meta
    assert set(meta) == {
        "edges_format",
        "epoch",
        "model",
        "settings",
        "generation",
        "since",
        "learnt_anew",
        "crowded",
        "credits",  # which rules the credits kept beside were found by; they decide no cluster
    }


@pytest.mark.parametrize("what", ["epoch", "model", "edges_format"])
def test_edges_of_another_epoch_model_or_version_are_never_mixed_in(index: Index, what: str) -> None:
    identity = {name: index._store.runs()[0].meta[name] for name in ("edges_format", "epoch", "model")}
    assert history.known_edges(index._store, identity, 1) is not None
    assert history.known_edges(index._store, {**identity, what: "other"}, 1) is None


def test_feeds_are_not_added_to_an_index_sketched_by_other_rules(tmp_path: Path, dedup: Command) -> None:
    IndexStore.create(
        tmp_path / "n.dedup", durable=False, settings={"background": "of another version"}
    ).close()
    for command in (
        ("index", DATA / "second.jsonl", "-i", tmp_path / "n.dedup"),
        ("clusters", tmp_path / "n.dedup"),
    ):
        one_error(
            dedup(*command),
            "was sketched with words and background of version of another version",
            "new index",
        )
