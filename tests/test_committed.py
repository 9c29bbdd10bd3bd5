"""What the kill and I/O-error campaigns compare by sees every change, of every table and column."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.index.index import Index
from tests.campaigns.committed import committed_state, differences, file_hash
from tests.campaigns.kills import verify
from tests.campaigns.victims import INDEX, OUTPUTS, Command, Victims, part_rows
from tests.feeds import copies

TABLES = {"meta", "parts", "articles", "rejects", "epochs", "runs"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with something in each table of its catalog."""
    folder = tmp_path_factory.mktemp("committed")
    lines = [json.dumps(record) for record in copies(1, 3)]
    (folder / "feed.jsonl").write_text("\n".join([*lines, "{broken"]) + "\n")
    with Index.create(folder / "news.dedup", durable=False) as made:
        made.add(folder / "feed.jsonl")
        made.report()
        made.add(copies(2, 2))
        made.report()
    return folder / "news.dedup"


@pytest.fixture
def copy(index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index, tmp_path / "copy.dedup"))


@contextmanager
def catalog(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection, connection:
        yield connection


def told(index: Path, copy: Path) -> list[str]:
    return differences(committed_state(index), committed_state(copy))


def test_the_tables_are_those_of_the_catalog_and_none_is_empty(index: Path, copy: Path) -> None:
    state = committed_state(index)
    assert {name.removeprefix("table ") for name in state if name.startswith("table ")} == TABLES
    assert all(state.values())
    assert told(index, copy) == []


def other(value: Any) -> Any:
    return value + 2 if isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_row_altered_lost_or_added_is_seen(table: str, index: Path, copy: Path) -> None:
    name = f"table {table}"
    with catalog(copy) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        (first, *_) = rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
    which = " AND ".join(f"{column} = ?" for column in columns)
    before = committed_state(index)[name]
    for row in rows if table == "meta" else [first]:
        for place, column in enumerate(columns):
            value = other(row[place])
            if table == "meta" and column == "value" and row[place].isdecimal():
                value = str(int(row[place]) + 2)
            with catalog(copy) as connection:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {which}", (value, *row))
            (line,) = told(index, copy)
            assert line.startswith(f"{name}: 1 rows lost, 1 new: "), (column, line)
            changed = [*row[:place], value, *row[place + 1 :]]
            with catalog(copy) as connection:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {which}", (row[place], *changed))
            assert committed_state(copy)[name] == before
    with catalog(copy) as connection:
        connection.execute(f"DELETE FROM {table} WHERE {which}", first)
    assert told(index, copy)[0].startswith(f"{name}: 1 rows lost, 0 new")
    with catalog(copy) as connection:
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", first)
        more = [other(value) for value in first]
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", more)
    assert told(index, copy)[0].startswith(f"{name}: 0 rows lost, 1 new")


@pytest.mark.parametrize(("more", "seen"), [(-1, True), (0, False), (1, False), (2, True)])
def test_only_one_load_more_is_let_pass(more: int, seen: bool, index: Path, copy: Path) -> None:
    with catalog(copy) as connection:
        connection.execute("UPDATE meta SET value = value + ? WHERE name = 'load'", (more,))
    assert bool(told(index, copy)) == seen


def test_a_table_or_an_index_of_a_table_too_many_or_too_few_is_seen(index: Path, copy: Path) -> None:
    with catalog(copy) as connection:
        connection.execute("CREATE TABLE later (number INTEGER)")
    assert "table later: not in the undisturbed run" in told(index, copy)
    with catalog(copy) as connection:
        connection.execute("DROP TABLE later")
        connection.execute("DROP INDEX shadowed")
    (line,) = told(index, copy)
    assert line.startswith("schema: 1 rows lost")


def test_a_value_of_the_manifest_is_seen(index: Path, copy: Path) -> None:
    path = copy / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for name in manifest:
        if name != "parts":
            path.write_text(json.dumps({**manifest, name: "other"}))
            assert any(line.startswith("manifest: 1 rows lost, 1 new") for line in told(index, copy)), name
    for name in ("rows", "load", "footer_crc", "sketch"):
        parts = [{**manifest["parts"][0], name: "other"}, *manifest["parts"][1:]]
        path.write_text(json.dumps({**manifest, "parts": parts}))
        assert any(line.startswith("manifest: 1 rows lost, 1 new") for line in told(index, copy)), name
    path.write_text(json.dumps({**manifest, "parts": manifest["parts"][:1]}))
    assert any(line.startswith("rows articles/part-000002.parquet: missing") for line in told(index, copy))


@pytest.mark.parametrize("column", ["key", "content"])
def test_the_key_and_the_content_of_a_row_of_a_part_are_seen(column: str, index: Path, copy: Path) -> None:
    path = copy / "articles" / "part-000001.parquet"
    table = pq.read_table(path)
    values = table[column].to_numpy().copy()
    values[1] ^= np.int64(1)
    place = table.schema.get_field_index(column)
    pq.write_table(table.set_column(place, table.schema.field(column), pa.array(values)), path)
    assert any(
        line.startswith("rows articles/part-000001.parquet: 1 rows lost") for line in told(index, copy)
    )


def test_one_byte_of_any_file_is_seen(index: Path, copy: Path) -> None:
    names = [name for name, _ in committed_state(index)["files"]]
    assert {name.partition("/")[0] for name in names} == {"articles", "sketches", "epochs", "runs"}
    for name in names:
        data = bytearray((copy / name).read_bytes())
        kept = bytes(data)
        data[len(data) // 2 if name.endswith(".sketch") else 0] ^= 1
        if not name.startswith("articles/"):
            (copy / name).write_bytes(data)
            assert any(line.startswith("files: 1 rows lost, 1 new") for line in told(index, copy)), name
            (copy / name).write_bytes(kept)
    (copy / names[-1]).unlink()
    assert told(index, copy)[0].startswith("files: 1 rows lost, 0 new")


class Undisturbed(Victims):
    """Commands that do nothing, and clusters that are always the same."""

    def __init__(self) -> None:
        pass

    def fork(self, *_: Any, **__: Any) -> int:
        child = os.fork()
        if not child:
            os._exit(0)
        return child

    def results(self, *_: Any, **__: Any) -> dict[str, str]:
        return {"r.csv": "the same"}


def test_the_campaigns_judge_by_it(index: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    (case / "tmp").mkdir(parents=True)
    shutil.copytree(index, case / INDEX)
    results = {"r.csv": "the same", **{f"file {name}": file_hash(case / name) for name in OUTPUTS}}
    command = Command("index", (), case, results=results, rows=part_rows(index))
    command.committed = committed_state(index)
    assert verify(Undisturbed(), command, case, ask=False) == []
    with catalog(case / INDEX) as connection:
        connection.execute("UPDATE rejects SET detail = 'another'")
    (line,) = verify(Undisturbed(), command, case, ask=False)
    assert line.startswith("again: table rejects: 1 rows lost, 1 new")
    command.committed, command.results["r.csv"] = committed_state(case / INDEX), "another"
    assert verify(Undisturbed(), command, case, ask=False) == ["again: r.csv differs"]
