"""Checking and mending an index folder that nobody has to have opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.index.session import OnStage, silent

if TYPE_CHECKING:
    from dedup.index.check.findings import CheckReport, Dropped, RepairReport


class Upkeep:
    """What needs a folder, and no open index."""

    @staticmethod
    def check(
        path: str | os.PathLike[str], *, deep: bool = False, on_stage: OnStage | None = None
    ) -> CheckReport:
        """Check everything an index folder holds; changes nothing and may run beside a writer.

        Parameters
        ----------
        path : path-like
            A folder whose catalog is lost counts too, as long as there are parts or a manifest.
        deep : bool
            Hash and sketch every article anew, not a sample of each part.
        on_stage : callable, optional
            Gets (stage, done, total) as the work goes on.

        Returns
        -------
        CheckReport
            What was checked, and what is wrong, file by file.

        Raises
        ------
        IndexFolderError
            If it is no index, or of a newer format.
        """
        from dedup.index.check.check import check_folder

        return check_folder(Path(path), deep=deep, on_stage=on_stage or silent)

    @staticmethod
    def repair(
        path: str | os.PathLike[str],
        *,
        deep: bool = False,
        on_stage: OnStage | None = None,
        on_dropped: Callable[[Sequence[Dropped]], None] | None = None,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> RepairReport:
        """Drop what cannot be read of an index and keep the rest.

        Sketches are made anew from their articles, the manifest from the catalog, a lost catalog from the
        parts. Read the same feeds in again to bring back what was dropped.

        Parameters
        ----------
        path, deep, on_stage
            As of `check`.
        on_dropped : callable, optional
            Gets the texts that will be dropped, before anything is.
        wait_s, on_wait
            As for `dedup.index.lock.WriterLock`.

        Returns
        -------
        RepairReport

        Raises
        ------
        IndexFolderError
            If it is no index, of a newer format, or held by a writer; or the system refuses.
        """
        from dedup.index.check.repair import repair_folder

        return repair_folder(
            Path(path),
            deep=deep,
            on_stage=on_stage or silent,
            on_dropped=on_dropped or (lambda _: None),
            wait_s=wait_s,
            on_wait=on_wait,
        )
