"""`Index`: the door to everything an index folder can do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, FEED_SCHEMA, Article, Reject
from dedup.confirm.model import Model, probability
from dedup.confirm.survey import Surveyor
from dedup.engines.query import find_near
from dedup.errors import DedupError, IndexFolderError, SettingsError
from dedup.feeds.sources.unpack import UnpackLimits
from dedup.index.credits import credit_table
from dedup.index.events import Kept, NotKept, event_report
from dedup.index.loading import as_feed, load_feed
from dedup.index.options import AddReport, IndexStats
from dedup.index.outlet_counts import count_outlets
from dedup.index.passages import LearntPassages, learnt_passages
from dedup.index.reporting import SHOWN, cluster_report, display_ids, match_table, one_cluster
from dedup.index.session import OnStage, Session, chosen_articles, cores, least_of, silent
from dedup.index.sketches import sketched_with
from dedup.index.snapshot import Snapshot
from dedup.index.source import RunSource
from dedup.index.statistics import index_stats
from dedup.index.store import IndexStore
from dedup.index.temporary import CONTENT, temporary_folder
from dedup.profile import timed
from dedup.provenance.families import Families
from dedup.provenance.trace import By, Provenance, trace
from dedup.report.events import EventReport
from dedup.report.schema import ClusterReport
from dedup.settings import Settings
from dedup.text.credit import Agency, load_agencies

if TYPE_CHECKING:
    import datasketch
    import pandas as pd

    from dedup.compare.explanation import Explanation
    from dedup.index.check.findings import CheckReport, Dropped, RepairReport

_EXPORT_BATCH: Final = 8192


class Index:
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
        self._store = store
        self._kept: Kept | NotKept | None = None
        # An index that goes away is reported on at once: what its epoch is learnt from is gathered here.
        self._surveyor = None if keep_runs else Surveyor()
        self._session = Session(
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
            Path(path), deep=deep, on_stage=on_stage or silent, on_dropped=on_dropped or (lambda _: None)
        )

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
        self._session.forget()
        self._store.close(finished=kind is None)

    def close(self) -> None:
        """Close the index."""
        self.__exit__(None)

    @property
    def path(self) -> Path:
        """The folder."""
        return self._store.path

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

    # Clusters

    def report(
        self,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
        on_stage: OnStage | None = None,
    ) -> ClusterReport:
        """Cluster the articles.

        Parameters
        ----------
        settings : Settings, optional
            What to look for and what to show.
        model : path or Model, optional
            Confirm model; the shipped one by default.
        agencies : path or sequence of Agency, optional
            Table of agencies that credits are found by: a file that extends the shipped one
            (`dedup.text.credit.load_agencies`), or a table. Clusters do not depend on it.
        on_stage : callable, optional
            Gets (stage, done, total) as the work goes on.

        Returns
        -------
        ClusterReport
        """
        return self.report_and_source(settings, model=model, agencies=agencies, on_stage=on_stage)[0]

    def report_and_source(
        self,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
        on_stage: OnStage | None = None,
    ) -> tuple[ClusterReport, RunSource]:
        """Cluster the articles; return the report, and what an HTML page needs besides.

        Parameters
        ----------
        settings, model, agencies, on_stage
            As for `report`.

        Returns
        -------
        ClusterReport
        RunSource
            Good until the index changes or is closed; see `dedup.report.html.page.write_html`.
        """
        began = time.perf_counter()
        settings = (settings or Settings()).check()
        known = _agency_table(agencies)
        tell = on_stage or silent
        matched = self._session.matched(settings, model, tell)
        tell("cluster", 0, 1)
        with timed("cluster"):
            clustering = self._session.clustering(matched, settings)
        with timed("keep run"):
            self._kept = self._session.keep_run(matched, clustering, settings)
        n_chosen = int(chosen_articles(matched.state.corpus, settings).sum())
        notes = self._session.notes(matched)
        with timed("report"):
            report = cluster_report(matched.snapshot, matched.state, clustering, n_chosen, notes, known)
        tell("cluster", 1, 1)
        seconds = round(time.perf_counter() - began, 3)
        report = replace(report, counts={**report.counts, "seconds": seconds}).select(settings)
        return report, RunSource(matched, clustering, settings)

    def clusters(
        self,
        *,
        model: Path | Model | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Cluster the articles and return one row per member.

        Parameters
        ----------
        model : path or Model, optional
        agencies : path or sequence of Agency, optional
            As for `report`.
        **options
            Fields of `dedup.settings.Settings`: threshold, min_size, since, until (datetime), outlets,
            relations (tuples), window_s, across_outlets, top, sort, threads, furniture, memory_mb.

        Returns
        -------
        pandas.DataFrame
            Columns of `dedup.report.schema.MEMBER_SCHEMA`.
        """
        known = {field.name for field in fields(Settings)}
        if wrong := sorted(set(options) - known):
            raise SettingsError(f"no such option: {', '.join(wrong)}; there are {', '.join(sorted(known))}")
        report = self.report(Settings(**options), model=model, agencies=agencies)
        frame: pd.DataFrame = report.members.to_pandas()
        return frame

    def provenance(
        self,
        *,
        by: By = "outlet",
        families: Families | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
        model: Path | Model | None = None,
        on_stage: OnStage | None = None,
        settings: Settings | None = None,
    ) -> Provenance:
        """Tell who was first with each story, who picked it up, how much later, and what it goes back to.

        Parameters
        ----------
        by : {"outlet", "family"}
            Whether two papers of one house are two carriers or one.
        families : Families, optional
            The shipped table by default (`dedup.provenance.families.load_families`).
        agencies : path or sequence of Agency, optional
            As for `report`.
        model : path or Model, optional
        on_stage : callable, optional
            Gets (stage, done, total) as the work goes on.
        settings : Settings, optional
            Which clusters; what is chosen by size, outlet or relation is not in the figures either.

        Returns
        -------
        Provenance
        """
        settings = (settings or Settings()).check()
        report = self.report(settings, model=model, agencies=agencies, on_stage=on_stage)
        matched = self._session.matched(settings, model, silent)
        corpus = matched.state.corpus
        articles = count_outlets(matched.snapshot, corpus, chosen_articles(corpus, settings))
        return trace(report, by=by, families=families, articles=articles)

    def scores(
        self, settings: Settings | None = None, *, model: Path | Model | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the scores of all pairs of distinct texts that were judged, without those below 0.05.

        Returns
        -------
        float64 array, shape (m,)
            Ascending. Those below the threshold are no copies: they show how clear the cut is.
        """
        settings = (settings or Settings()).check()
        matched = self._session.matched(settings, model, silent)
        return np.sort(probability(matched.state.matches.sums))

    def show(
        self,
        identifier: str,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        agencies: str | Path | Sequence[Agency] | None = None,
    ) -> ClusterReport:
        """Return the one cluster that an id names, or that holds the article it names.

        Settings and model must be those of the run that gave the id: others give other clusters.

        Raises
        ------
        DedupError
            If nothing in the index has that id.
        """
        settings = settings or Settings()
        everything = self.report(
            Settings(threshold=settings.threshold, window_s=settings.window_s, threads=settings.threads),
            model=model,
            agencies=agencies,
        )
        with self._store.snapshot() as snapshot:
            known = bool(snapshot.find(identifier))
        return one_cluster(everything, identifier, known, self.path)

    def query(
        self, articles: Any, settings: Settings | None = None, *, model: Path | Model | None = None
    ) -> pa.Table:
        """Find the near-duplicates of new articles, without adding them.

        Parameters
        ----------
        articles : path, sequence of paths, Feed, pandas DataFrame, pyarrow Table or list of records
            As for `add`. A headline without a text is compared with the titles of full articles too. Of each
            article the 256 nearest texts are judged, with every article that carries them.
        settings : Settings, optional
            Threshold and threads take part.
        model : path or Model, optional
            Confirm model; the shipped one by default.

        Returns
        -------
        pa.Table
            `QUERY_SCHEMA`, best first for each article asked about.
        """
        settings = (settings or Settings()).check()
        if not (isinstance(articles, pa.Table) and articles.schema.equals(ARTICLE_SCHEMA)):
            batches = [batch.articles for batch in as_feed(articles, None, None, None)]
            articles = pa.Table.from_batches(batches, schema=ARTICLE_SCHEMA)
        ground = self._session.ground(settings, model, silent, keep=False)
        shelf = self._session.shelf()
        least = least_of(settings, ground.model)
        near = find_near(shelf, articles, ground.learnt, ground.model, least, settings.threads or cores())
        cluster_of = self._session.clusters_of(shelf.keys[near.found], ground, settings)
        return match_table(shelf, cluster_of, articles, near)

    def explain(
        self, a: str, b: str, settings: Settings | None = None, *, model: Path | Model | None = None
    ) -> Explanation:
        """Explain why two articles are in one cluster, or why not.

        Parameters
        ----------
        a, b : str
            Ids (the feed's own, or the one `dedup` gave them), URLs or whole headlines.
        settings : Settings, optional
            Those of the run to explain: threshold, window, time and furniture take part.
        model : path or Model, optional
            Confirm model; the shipped one by default.

        Returns
        -------
        Explanation
            By the epoch, kernels and integers of a run: its score is the score a run stores.

        Raises
        ------
        DedupError
            If one of them names no article or several, has no word in it, or both are one article.
        """
        from dedup.index.explaining import explain_articles

        settings = (settings or Settings()).check()
        ground = self._session.ground(settings, model, silent, keep=False)
        with self._store.snapshot() as snapshot:
            # The folder of an index that goes away would say nothing to anybody.
            where = str(self.path) if self._surveyor is None else "the feed"
            return explain_articles(self._session, snapshot, where, a, b, settings, ground)

    def export(
        self, settings: Settings | None = None, *, model: Path | Model | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the feed with one article per cluster: the canonical ones and all that are in none."""
        settings = (settings or Settings()).check()
        matched = self._session.matched(settings, model, silent)
        clustering = self._session.clustering(matched, settings)
        corpus = matched.state.corpus
        kept = chosen_articles(corpus, settings)
        kept[clustering.member] = False
        kept[clustering.canonical] = True
        place = np.flatnonzero(kept)
        place = place[np.lexsort((corpus.row[place], corpus.part[place]))]
        for low in range(0, len(place), _EXPORT_BATCH):
            some = place[low : low + _EXPORT_BATCH]
            rows = matched.snapshot.rows_at(corpus.part[some], corpus.row[some], FEED_SCHEMA.names)
            yield from rows.combine_chunks().to_batches()

    # Looking

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

    def credits(self, *, agencies: str | Path | Sequence[Agency] | None = None) -> Iterator[pa.Table]:
        """Yield the credit of each article, in batches, in the order the articles lie in the index.

        Parameters
        ----------
        agencies : path or sequence of Agency, optional
            As for `report`.

        Yields
        ------
        pa.Table
            `dedup.report.schema.CREDIT_SCHEMA`; an article without a credit has nulls.
        """
        known = _agency_table(agencies)
        with self._store.snapshot() as snapshot:
            parts = zip(snapshot.keys(), snapshot.current(), snapshot.articles(list(SHOWN)), strict=True)
            for keys, current, rows in parts:
                kept = rows.filter(pa.array(current))
                yield credit_table(kept, display_ids(keys[current], kept["id"]), known)

    def article(self, identifier: str) -> Article:
        """Return the article with this id (the feed's own, the one `dedup` gave it, or its URL).

        Raises
        ------
        DedupError
            If there is none, or several feeds use that id.
        """
        with self._store.snapshot() as snapshot:
            return snapshot.article(self._key(snapshot, identifier))

    def minhash(self, identifier: str, *, kind: int | None = None) -> datasketch.MinHash:
        """Return the signature of an article as a `datasketch.MinHash`.

        Parameters
        ----------
        identifier : str
        kind : int, optional
            `dedup.sketch.shingles.BODY` or `BRIEF`; by default the body sketch, if there is one.

        Raises
        ------
        DedupError
            If there is no such article, or it has no sketch of that kind.
        """
        from dedup.index.sketches import minhash_of

        with self._store.snapshot() as snapshot:
            return minhash_of(snapshot, self._key(snapshot, identifier), kind, identifier)

    def to_lsh(self, *, kind: int = 0, **options: Any) -> datasketch.MinHashLSH:
        """Return a `datasketch.MinHashLSH` of all articles, with the bands used here (128 of 2 rows).

        Parameters
        ----------
        kind : int
            `dedup.sketch.shingles.BODY` (default) or `BRIEF`.
        **options
            For `MinHashLSH`, such as ``storage_config`` for Redis or Cassandra.
        """
        from dedup.index.sketches import lsh_of

        with self._store.snapshot() as snapshot:
            return lsh_of(snapshot, kind, options)

    def stats(self) -> IndexStats:
        """Return what the index holds."""
        with self._store.snapshot() as snapshot:
            return index_stats(self._store, snapshot)

    def furniture(self, top: int | None = None) -> LearntPassages:
        """Return what the epoch learnt not to count: furniture, frames and rubrics, as text.

        Parameters
        ----------
        top : int, optional
            List only so many, those that most articles carry; all are counted.

        Raises
        ------
        IndexFolderError
            If there is no epoch yet.
        """
        learnt, epoch = self._session.current_epoch(), self._store.epoch()
        if learnt is None or epoch is None:
            raise IndexFolderError(
                f"index {self.path} has learnt nothing yet", f"run first: dedup clusters {self.path}"
            )
        with self._store.snapshot() as snapshot:
            return learnt_passages(snapshot, epoch.id, learnt, top)

    def rejects(self, limit: int | None = None) -> list[Reject]:
        """Return the records that could not be used."""
        return self._store.rejects(limit)

    def _key(self, snapshot: Snapshot, identifier: str) -> int:
        keys = snapshot.find(identifier)
        if not keys:
            raise DedupError(
                f"{identifier!r} names no article of {self.path}", "give an id as `dedup clusters` prints it"
            )
        if len(keys) > 1:
            raise DedupError(
                f"{identifier!r} names {len(keys)} articles of {self.path}",
                "give its URL, or the id of 16 hex digits",
            )
        return keys[0]


def _agency_table(agencies: str | Path | Sequence[Agency] | None) -> Sequence[Agency] | None:
    return load_agencies(agencies) if isinstance(agencies, str | Path) else agencies
