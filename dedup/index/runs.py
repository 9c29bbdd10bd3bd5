"""Epochs and runs: folders of immutable files, and how they are read back.

An *epoch* freezes what the corpus as a whole has taught (document frequencies,
furniture): its id is the hash of its files, so the same knowledge is the same
epoch on every machine. A *run* is what one clustering produced: a few tables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from dedup.errors import IndexFolderError
from dedup.index.atomic import durable_file, fsync_folder
from dedup.index.catalog import Catalog
from dedup.index.faults import fault
from dedup.index.layout import Layout, Thing, checked_name
from dedup.index.lock import in_use
from dedup.index.parts import footer_checksum, read_parquet, write_parquet

_TABLE_ROW_GROUP: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch.

    Parameters
    ----------
    id : str
        Hash of the files, 32 hex digits.
    meta : dict
        As given to `IndexStore.put_epoch`.
    files : dict of str to str
        File name -> its hash.
    thing : Thing
        Where it lies.
    """

    id: str
    meta: dict[str, Any]
    files: dict[str, str]
    thing: Thing

    @property
    def path(self) -> Path:
        """The folder, for code that maps the files itself (its last name is the id)."""
        return self.thing.final if self.thing.final.exists() else self.thing.staged

    def read(self, name: str) -> bytes:
        """Return one file, its hash verified.

        Raises
        ------
        IndexFolderError
            If the epoch has no such file, or it is damaged.
        """
        if name not in self.files:
            has = ", ".join(sorted(self.files)) or "none"
            raise IndexFolderError(f"epoch {self.id} has no file {name!r}; it has {has}")
        data = self.thing.read(Path.read_bytes, name)
        if _hash(data) != self.files[name]:
            raise IndexFolderError(
                f"epoch file {self.thing.final / name} is damaged: its checksum is wrong",
                f"dedup check {self.thing.final.parents[1]} --repair",
            )
        return data


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Parameters
    ----------
    number : int
        From 1, in the order committed.
    meta : dict
        As given to `IndexStore.commit_run`.
    tables : dict of str to int
        Names of its tables, and the checksums of their footers.
    thing : Thing
        Where it lies.
    catalog : Path, optional
        Asked, when the run cannot be read, whether it has been removed as too old.
    """

    number: int
    meta: dict[str, Any]
    tables: dict[str, int]
    thing: Thing
    catalog: Path | None = None

    def table(self, name: str) -> pa.Table:
        """Return one table; while it is read the run is not removed.

        Raises
        ------
        IndexFolderError
            If the run has no such table, it is damaged, or it has been removed as too old.
        """
        if name not in self.tables:
            raise IndexFolderError(
                f"run {self.number} has no table {name!r}; it has {', '.join(self.tables)}"
            )
        with self.held(), self._reading():
            return self.thing.read(partial(read_parquet, footer_crc=self.tables[name]), f"{name}.parquet")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the run from being removed as too old during the block, for reading several tables.

        Raises
        ------
        IndexFolderError
            If it is gone already.
        """
        with self._reading():
            folder = self.thing.read(lambda path: os.open(path, os.O_RDONLY | os.O_DIRECTORY))
        with in_use(folder):
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Tell a run that is no longer listed, so that its folder goes, from a damaged one."""
        try:
            yield
        except IndexFolderError as error:
            if self.catalog is None:
                raise
            with Catalog(self.catalog) as catalog:
                listed = catalog.has("run", str(self.number))
            if listed:
                raise
            raise IndexFolderError(
                f"run {self.number} was removed while it was read, as newer ones took its place",
                "run the command again; to keep more runs from now on: "
                f"dedup index -i {self.catalog.parent} --keep-runs N",
            ) from error


def current_epoch(layout: Layout, catalog: Catalog) -> Epoch | None:
    """Return the epoch in force; None if there has been none."""
    digest = catalog.meta("epoch")
    if digest is None:
        return None
    entry = json.loads(catalog.query("SELECT meta FROM epochs WHERE id = ?", (digest,))[0][0])
    return Epoch(digest, entry["meta"], entry["files"], layout.epoch(digest))


def all_runs(layout: Layout, catalog: Catalog) -> list[Run]:
    """Return all runs, oldest first."""
    runs = []
    for number, stored in catalog.query("SELECT number, meta FROM runs ORDER BY number"):
        entry = json.loads(stored)
        runs.append(Run(number, entry["meta"], entry["tables"], layout.run(number), layout.catalog))
    return runs


def epoch_hashes(files: Mapping[str, bytes]) -> tuple[str, dict[str, str]]:
    """Return the id of an epoch made of `files`, and the hash of each file."""
    hashes = {name: _hash(data) for name, data in sorted(files.items())}
    return epoch_id(hashes), hashes


def epoch_id(hashes: Mapping[str, str]) -> str:
    """Return the id of an epoch whose files have these hashes."""
    return _hash("".join(f"{name}\n{value}\n" for name, value in sorted(hashes.items())).encode())


def write_epoch(folder: Path, files: Mapping[str, bytes], *, durable: bool) -> None:
    """Write the files of an epoch into a new folder."""
    folder.mkdir()
    fault("epoch-folder")
    for name, data in sorted(files.items()):
        with durable_file(folder / checked_name(name), "epoch", durable=durable) as file:
            file.write(data)
    if durable:
        fsync_folder(folder)
    fault("epoch-complete")


def write_run(folder: Path, tables: Mapping[str, pa.Table], *, durable: bool) -> dict[str, int]:
    """Write the tables of a run into a new folder; return the checksums of their footers."""
    folder.mkdir()
    fault("table-folder")
    footers = {}
    for name, table in sorted(tables.items()):
        path = folder / f"{checked_name(name)}.parquet"
        with durable_file(path, "table", durable=durable) as file:
            write_parquet(file, table, row_group=_TABLE_ROW_GROUP)
        footers[name] = footer_checksum(path)
    if durable:
        fsync_folder(folder)
    fault("table-complete")
    return footers


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
