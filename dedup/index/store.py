"""The index folder: create it, open it, add to it, read it.

A commit goes: write files in staging, fsync them and the folder; one SQLite
transaction; rename; fsync; replace the manifest. The transaction is the
moment of truth. What is killed before it leaves only rubbish in staging; what
is killed after it leaves a committed part in staging, where readers find it
and the next writer renames it. That renaming (`dedup.index.publish`) ends every
commit too, so recovery is not a path that only runs after disasters.

Limits: a local disk (locks and write-ahead logging are not for network
file systems); one writer; a store is for one thread at a time.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy.typing as npt
import pyarrow as pa

from dedup.article import Reject
from dedup.errors import DedupError, IndexFolderError
from dedup.index.atomic import explained, sweep_abandoned
from dedup.index.catalog import Catalog
from dedup.index.creation import check_is_index, create_folder
from dedup.index.faults import fault
from dedup.index.layout import Layout, checked_name
from dedup.index.lock import WriterLock
from dedup.index.plan import Plan, make_plan
from dedup.index.publish import make_folders
from dedup.index.reading import StoreReader
from dedup.index.rebuilt import put_rebuilt
from dedup.index.runs import epoch_hashes, write_epoch, write_run
from dedup.index.staging import Staging, write_part


class IndexStore(StoreReader):
    """An open index folder; made by `create` or `open`.

    A *load* is what one writer adds until `finish_load` or a clean `close`. It
    matters where texts of one article compete (see `dedup.index.rules`). A load that was killed
    goes on when the index is next opened for writing, so that resuming gives what an undisturbed run gives.
    """

    def __init__(self, layout: Layout, lock: WriterLock | None) -> None:
        """Use `create` or `open`."""
        self._lock = lock
        self._pending: deque[Plan] = deque()
        self._plans = 0
        self._passing = False
        try:
            super().__init__(layout, Catalog(layout.catalog, write=lock is not None))
            self._durable = self._catalog.durable
            self._staging = Staging(layout, self._catalog, durable=self._durable)
            self._load: int = self._catalog.meta("load")
            self._load_open: bool = self._catalog.meta("load_open")
            self._has_planned = False
            if lock is not None:
                fault("recover-begin")
                sweep_abandoned(layout.manifest)
                with explained(layout.root, action="making folders in"):
                    make_folders(layout, durable=self._durable)
                self._staging.publish()
                fault("recover-done")
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        durable: bool = True,
        passing: bool = False,
        settings: dict[str, Any] | None = None,
    ) -> IndexStore:
        """Create an index and open it for writing.

        Parameters
        ----------
        path : path-like
            A folder that does not exist, is empty, or holds what a creation that was killed left.
        durable : bool
            False for a temporary index: no fsync, so a crash of the machine (not of the process) may lose it.
        passing : bool
            True for an index that is removed at the end of the command: its parts are not compressed.
        settings : dict, optional
            Kept as JSON.

        Raises
        ------
        IndexFolderError
            If the folder holds something, or cannot be written.
        """
        layout = Layout(Path(path))
        lock = create_folder(layout, {"settings": settings or {}}, durable=durable)
        store = cls(layout, lock)
        store._passing = passing
        return store

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        write: bool = False,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> IndexStore:
        """Open an index.

        Parameters
        ----------
        path : path-like
        write : bool
            Take the writer's lock and tidy up after a writer that was killed. Reading
            takes no lock and works while a writer writes.
        wait_s, on_wait
            As for `dedup.index.lock.WriterLock`.

        Raises
        ------
        IndexFolderError
            If it is no index, has a newer format, is damaged, or (writing) another process writes to it.
        """
        layout = Layout(Path(path))
        check_is_index(layout)
        if not write:
            return cls(layout, None)
        lock = WriterLock(layout.lock, wait_s, on_wait)
        try:
            put_rebuilt(layout)
        except BaseException:
            lock.release()
            raise
        return cls(layout, lock)

    def plan(self, batch: pa.RecordBatch, *, on_change: str = "version") -> Plan:
        """Decide what a batch adds, against the index and the plans not yet committed.

        Parameters
        ----------
        batch : pa.RecordBatch
            Of `ARTICLE_SCHEMA`.
        on_change : {"version", "replace", "skip", "reject"}
            For a known article with another text; see `dedup.index.rules`.

        Returns
        -------
        Plan
            To be sketched and given to `commit`, in the order the plans were made.
        """
        self._writable()
        plan = make_plan(
            batch,
            on_change,
            number=self._plans + 1,
            load=self._current_load,
            look_up=self._catalog.history,
            pending=self._pending,
            locate=self._locate,
        )
        self._plans += 1
        self._has_planned = True
        self._pending.append(plan)
        return plan

    def forget_plans(self) -> None:
        """Drop the plans not yet committed: an addition that failed is begun again from the feed."""
        self._pending.clear()

    def commit(
        self, plan: Plan, sketch: Mapping[str, npt.NDArray[Any]], rejects: Sequence[Reject] = ()
    ) -> int | None:
        """Add a planned batch as one part, wholly or not at all.

        Parameters
        ----------
        plan : Plan
            The oldest one not yet committed.
        sketch : mapping of str to array
            Arrays of numbers to keep with the part; names of letters and digits, no leading ``_``.
        rejects : sequence of Reject
            Of the batch; the same file, line and reason is kept once.

        Returns
        -------
        int or None
            Number of the part; None if there was no row to write.

        Raises
        ------
        ValueError
            If another plan comes first.
        IndexFolderError
            If the disk is full or refuses. Nothing is committed then and the plan may be committed again,
            unless only the last step failed (moving files, manifest): then the plan is committed.
        """
        self._writable()
        if not self._pending or self._pending[0] is not plan:
            raise ValueError("plans must be committed once each and in the order they were made")
        for name in sketch:
            if checked_name(name).startswith("_"):
                raise ValueError(f"sketch array {name!r}: names with a leading '_' are the store's own")
        rejects = (*plan.rejects, *rejects)
        number: int | None = None
        if plan.articles.num_rows:
            number = 1 + self._catalog.last_number("part")
            with self._staging.writing():
                sizes = write_part(
                    self._layout, number, plan.articles, sketch,
                    durable=self._durable, passing=self._passing,
                )  # fmt: skip
        if plan.changes_articles or len(plan.texts) or rejects:
            with self._catalog.transaction("part") as catalog:
                if number is not None:
                    row = (number, plan.articles.num_rows, plan.load, *sizes)
                    catalog.query("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", row)
                # From now on there are columns that an older dedup would leave out of what it rewrites.
                catalog.raise_format()
                catalog.insert_texts(plan.catalog_rows(number))
                catalog.many(
                    "UPDATE articles SET load = ?, state = ? WHERE key = ? AND content = ?",
                    plan.updates[:, [5, 6, 0, 1]].tolist(),
                )
                catalog.insert_rejects(rejects)
                if plan.changes_articles:
                    catalog.set_meta("generation", catalog.meta("generation") + 1)
                catalog.set_meta("load", plan.load)
                catalog.set_meta("load_open", True)
            self._load, self._load_open = plan.load, True
        self._pending.popleft()
        if plan.changes_articles:
            self._staging.publish()
        return number

    def finish_load(self) -> None:
        """End the running load: what is added from now on counts as later.

        Raises
        ------
        ValueError
            If a plan is not committed yet.
        """
        self._writable()
        if self._pending:
            raise ValueError(f"{len(self._pending)} plans are not committed")
        if self._load_open:
            with self._catalog.transaction("load") as catalog:
                catalog.set_meta("load_open", False)
            self._load_open = False

    def put_epoch(self, files: Mapping[str, bytes], meta: dict[str, Any]) -> str:
        """Store an epoch and make it the current one.

        Parameters
        ----------
        files : mapping of str to bytes
            At least one file.
        meta : dict
            JSON. If an epoch of the same files exists, it becomes current again and keeps its meta.

        Returns
        -------
        str
            Its id, a hash of the files.
        """
        self._writable()
        digest, hashes = epoch_hashes({checked_name(name): data for name, data in files.items()})
        new = not self._catalog.has("epoch", digest)
        if new:
            with self._staging.writing():
                write_epoch(self._layout.epoch(digest).staged, files, durable=self._durable)
        with self._catalog.transaction("epoch") as catalog:
            if new:
                stored = json.dumps({"meta": meta, "files": hashes})
                catalog.query("INSERT INTO epochs VALUES (?, ?)", (digest, stored))
            catalog.set_meta("epoch", digest)
        self._staging.publish()
        return digest

    def commit_run(self, tables: Mapping[str, pa.Table], meta: dict[str, Any]) -> int:
        """Store the tables of one run, all or none; return its number (from 1).

        Parameters
        ----------
        tables : mapping of str to pa.Table
        meta : dict
            JSON; what `latest_run` can be asked for.

        Notes
        -----
        The oldest runs of the same ``settings`` in their meta go, so that `keep_runs` are left; one that a
        reader has open stays until it is closed.
        """
        self._writable()
        number = 1 + self._catalog.last_number("run")
        # What a lost catalog listed, or a user put there, would be taken for this run.
        while os.path.lexists(self._layout.run(number).final):
            number += 1
        with self._staging.writing():
            footers = write_run(self._layout.run(number).staged, tables, durable=self._durable)
        stored = json.dumps({"meta": meta, "tables": footers})
        with self._catalog.transaction("run") as catalog:
            catalog.query("INSERT INTO runs VALUES (?, ?)", (number, stored))
            catalog.drop_runs(self.keep_runs)
        self._staging.publish()
        return number

    def set_keep_runs(self, number: int) -> None:
        """Keep only the newest `number` runs of each choice of settings, from now on.

        Raises
        ------
        ValueError
            If it is less than 1.
        """
        self._writable()
        if number < 1:
            raise ValueError(f"keep_runs is {number}; it must be at least 1")
        with self._catalog.transaction("keep") as catalog:
            catalog.set_meta("keep_runs", number)
            catalog.drop_runs(number)
        self._staging.publish()

    def close(self, *, finished: bool = True) -> None:
        """Close the index; safe to call twice.

        Parameters
        ----------
        finished : bool
            False: the load was interrupted and goes on at the next opening.
            Plans not committed mean the same.
        """
        try:
            # Whoever only keeps a run or an epoch must not end the load of a writer that was killed.
            if self._lock is not None and finished and self._has_planned and not self._pending:
                self.finish_load()
            if self._lock is not None and not finished:
                # An interrupted writer leaves nothing half-way. If the disk refuses, the next one does it.
                with suppress(DedupError):
                    self._staging.settle()
        finally:
            self._pending.clear()
            if self._lock is not None:
                fault("close-begin")
            self._catalog.close()  # brings SQLite's log into its file
            if self._lock is not None:
                fault("close-done")
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(finished=kind is None)

    @property
    def _current_load(self) -> int:
        return self._load if self._load_open else self._load + 1

    def _writable(self) -> None:
        if self._lock is None:
            raise IndexFolderError(f"index {self.path} is open for reading", "open it with write=True")

    def _locate(self, part: int, row: int) -> tuple[str, int]:
        """Return file and line of a record of a committed part, or (negative) of a plan."""
        if part < 0:
            table = next(plan.articles for plan in self._pending if plan.number == -part)
            table = table.slice(row, 1)
        else:
            with self.snapshot() as view:
                table = view.rows_at([view.position(part)], [row], ["file", "line"])
        return table.column("file")[0].as_py(), table.column("line")[0].as_py()
