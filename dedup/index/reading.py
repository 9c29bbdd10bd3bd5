"""The reading half of an index folder: needs no lock, changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from dedup.article import Reject
from dedup.index.catalog import Catalog
from dedup.index.layout import Layout
from dedup.index.runs import Epoch, Run, all_runs, current_epoch
from dedup.index.snapshot import Snapshot

KEEP_RUNS: Final = 10
"""Runs of the same settings kept where nothing else is said; the next report starts from the newest."""


class StoreReader:
    """What `IndexStore` can do without writing; not made by itself.

    Parameters
    ----------
    layout : Layout
        Of the folder.
    catalog : Catalog
        An open connection.
    """

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
        self._layout = layout
        self._catalog = catalog

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is an index at `path` (of whatever format)."""
        layout = Layout(Path(path))
        return layout.catalog.is_file() or layout.rebuilt_catalog.is_file()

    @property
    def path(self) -> Path:
        """The folder."""
        return self._layout.root

    @property
    def settings(self) -> dict[str, Any]:
        """What `create` was given."""
        return dict(self._catalog.meta("settings"))

    @property
    def format_version(self) -> int:
        """Version of the folder's format."""
        return self._catalog.format_version

    def snapshot(self) -> Snapshot:
        """Return a consistent view of what is committed now."""
        return Snapshot(self._layout)

    @property
    def generation(self) -> int:
        """Number of commits so far: two snapshots of one generation hold the same."""
        number: int = self._catalog.meta("generation")
        return number

    def epoch(self) -> Epoch | None:
        """Return the current epoch; None if there has been none."""
        return current_epoch(self._layout, self._catalog)

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return all_runs(self._layout, self._catalog)

    @property
    def keep_runs(self) -> int:
        """Number of runs kept of each choice of settings; older ones go when a new one is committed."""
        number: int = self._catalog.meta("keep_runs") or KEEP_RUNS
        return number

    def latest_run(self, **match: Any) -> Run | None:
        """Return the newest run whose meta has all the given values; None if there is none."""
        for run in reversed(self.runs()):
            if all(name in run.meta and run.meta[name] == value for name, value in match.items()):
                return run
        return None

    def rejects(self, limit: int | None = None) -> list[Reject]:
        """Return rejects by file, line and reason; at most `limit`."""
        return self._catalog.rejects(limit)

    def reject_counts(self) -> dict[str, int]:
        """Return the number of rejects by reason, the most frequent first."""
        return self._catalog.reject_counts()
