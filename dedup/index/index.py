"""`Index`: the door to everything an index folder can do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from dedup.confirm.survey import Surveyor
from dedup.errors import IndexFolderError
from dedup.feeds.sources.unpack import UnpackLimits
from dedup.index.events import Kept, NotKept, event_report
from dedup.index.holdings import Holdings
from dedup.index.loading import as_feed, load_feed
from dedup.index.options import AddReport
from dedup.index.questions import Questions
from dedup.index.reports import Reports
from dedup.index.session import OnStage, Session, cores, silent
from dedup.index.sketches import sketched_with
from dedup.index.store import IndexStore
from dedup.index.temporary import CONTENT, temporary_folder
from dedup.index.upkeep import Upkeep
from dedup.report.events import EventReport

if TYPE_CHECKING:
    import pandas as pd


class Index(Reports, Questions, Holdings, Upkeep):
    """An index of articles, in a folder.

    Parameters
    ----------
    store : IndexStore
        Use `create`, `open` or `temporary` instead of the constructor.

    Examples
    --------
    >>> import dedup
    >>> with dedup.Index.temporary() as index:
    ...     report = index.add("samples/headlines.csv")
    ...     clusters = index.clusters()  # a pandas DataFrame, one row per member
    """

    def __init__(
        self,
        store: IndexStore,
        *,
        write: bool,
        keep_runs: bool = True,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._opened = store
        self._kept: Kept | NotKept | None = None
        # An index that goes away is reported on at once: what its epoch is learnt from is gathered here.
        self._surveyor = None if keep_runs else Surveyor()
        self._working = Session(
            store, write=write, keep_runs=keep_runs, surveyor=self._surveyor, wait_s=wait_s, on_wait=on_wait
        )

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, durable: bool = True) -> Index:
        """Create an index in a new or empty folder and open it for writing.

        Raises
        ------
        IndexFolderError
            If the folder holds something or cannot be written.
        """
        store = IndexStore.create(path, durable=durable, settings={"background": sketched_with()})
        return cls(store, write=True)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        write: bool = False,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> Index:
        """Open an index; `write` takes the writer's lock.

        Parameters
        ----------
        path : path-like
        write : bool
        wait_s : float
            How long to wait while another process writes, in seconds; of an index open for reading: when a
            report is to keep its run.
        on_wait : callable, optional
            Gets who is waited for, in words.

        Raises
        ------
        IndexFolderError
            If it is no index, of a newer format, sketched by other words or another background table, or
            (writing) held by another process.
        """
        store = IndexStore.open(path, write=write, wait_s=wait_s, on_wait=on_wait)
        found = store.settings.get("background")
        if found != sketched_with():
            store.close()
            raise IndexFolderError(
                f"index {os.fspath(path)} was sketched with words and background of version {found}, "
                f"this dedup has {sketched_with()}",
                "read the feeds into a new index",
            )
        return cls(store, write=write, wait_s=wait_s, on_wait=on_wait)

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Index]:
        """Make an index in a folder that is removed at the end, or by the next command if this is killed."""
        with temporary_folder() as folder:
            settings = {"background": sketched_with()}
            store = IndexStore.create(folder / CONTENT, durable=False, passing=True, settings=settings)
            with cls(store, write=True, keep_runs=False) as index:
                yield index

    def keep_runs(self, number: int) -> None:
        """Keep only the newest `number` runs of the same settings, from now on; 10 where nothing was said.

        Raises
        ------
        ValueError
            If it is less than 1.
        """
        self._store.set_keep_runs(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._is_closed:
            self._working.forget()
            self._is_closed = True
        self._opened.close(finished=kind is None)

    def close(self) -> None:
        """Close the index; safe to call twice."""
        self.__exit__(None)

    def __len__(self) -> int:
        with self._store.snapshot() as snapshot:
            return snapshot.n_articles

    # Adding

    def add(
        self,
        sources: Any,
        *,
        mapping: Mapping[str, str] | None = None,
        format: str | None = None,
        encoding: str | None = None,
        limits: UnpackLimits | None = None,
        on_change: str = "version",
        threads: int | None = None,
        on_note: Callable[[str], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
        clean: bool = True,
        timezone: str | None = None,
        zones: Mapping[str, str] | None = None,
    ) -> AddReport:
        """Read feeds into the index.

        Every batch is committed as it is read: an interrupted call loses no
        committed article, and the same call again goes on where it stopped.

        Parameters
        ----------
        sources : path, sequence of paths, Feed, pandas DataFrame or pyarrow Table
            A frame or table has columns as a CSV would.
        mapping : mapping of str to str, optional
            Field -> name in the feed, for what is not guessed.
        format : str, optional
            Name of the format, where it is not to be guessed.
        encoding : str, optional
            Name of the encoding, where it is not to be guessed.
        limits : UnpackLimits, optional
            How much a compressed file or an archive may unpack to.
        on_change : {"version", "replace", "skip", "reject"}
            What to do when a known id comes with another text.
        threads : int, optional
            Default: one for each core.
        on_note : callable, optional
            Gets each line about what was guessed; called from the thread that reads.
        on_progress : callable, optional
            Gets the number of records read so far.
        clean : bool
            Clean titles, texts and bylines of what other programs did to them; the originals are kept.
        timezone : str, optional
            Zone of times that name none; UTC by default.
        zones : mapping of str to str, optional
            What abbreviations of zones mean: ``{"IST": "Asia/Jerusalem"}``.

        Returns
        -------
        AddReport

        Raises
        ------
        FeedError
            If a file cannot be read at all; what was committed before stays.
        IndexFolderError
            If the index is open for reading, or the disk is full.
        """
        self._session.forget()
        feed = as_feed(
            sources, mapping, format, on_note, encoding, limits, clean=clean, timezone=timezone, zones=zones
        )
        return load_feed(self._store, feed, on_change, threads or cores(), on_progress, self._surveyor)

    def refresh(self, *, threads: int | None = None, on_stage: OnStage | None = None) -> str:
        """Begin a new epoch, learnt from what the index now holds; return its id."""
        return self._session.learn(threads or cores(), on_stage or silent)

    def use_epoch(self, other: Index) -> str:
        """Take over the epoch of another index, so that both decide alike; return its id.

        Raises
        ------
        IndexFolderError
            If the other index has none yet (it gets one with its first report).
        """
        learnt = other._session.current_epoch()
        if learnt is None:
            raise IndexFolderError(f"index {other.path} has no epoch yet", "run `dedup clusters` on it first")
        self._session.forget()
        return self._session.put_epoch(learnt)

    # What has changed

    def event_report(self, run: int | None = None, *, since: int | None = None) -> EventReport:
        """Tell what became of the clusters between two runs.

        Parameters
        ----------
        run : int, optional
            Number of a stored run (each `report` that found something new is one); the latest by default.
        since : int, optional
            The run to compare it with; by default the one before it of the same settings.

        Returns
        -------
        EventReport

        Raises
        ------
        DedupError
            If there is no such run, or the two were made by other settings.
        """
        return event_report(self._store, run, since)

    @property
    def changed(self) -> str | None:
        """What the last `report` changed against the run before, in one line; None: its run is not kept.

        Not kept are runs over part of the time, those of an index that goes away, and those that
        could not be (see `not_kept`).
        """
        return self._kept.line if isinstance(self._kept, Kept) else None

    @property
    def not_kept(self) -> str | None:
        """Why the run of the last `report` could not be kept; None if it was, or was not to be.

        What it would have told as changed, the next run tells.
        """
        return self._kept.reason if isinstance(self._kept, NotKept) else None

    def last_events(self) -> EventReport | None:
        """Tell what the last `report` changed: nothing, if it found what the run before had found.

        Returns
        -------
        EventReport or None
            None if its run is not kept (see `changed`).
        """
        kept = self._kept
        if not isinstance(kept, Kept):
            return None
        return event_report(self._store, kept.number, None if kept.new else kept.number)

    def events(self, run: int | None = None, *, since: int | None = None) -> pd.DataFrame:
        """Tell what became of the clusters between two runs, one row per cluster that changed.

        Parameters
        ----------
        run, since
            As for `event_report`.

        Returns
        -------
        pandas.DataFrame
            Columns of `dedup.report.events.EVENT_SCHEMA`.
        """
        frame: pd.DataFrame = self.event_report(run, since=since).events.to_pandas()
        return frame
