"""`Index`: the door to everything an index folder can do."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, Article, Reject
from dedup.cluster.canonical import UNKNOWN
from dedup.confirm import epoch as epochs
from dedup.confirm.model import Model, least_sum, load_model
from dedup.engines.assemble import Clustering, assemble
from dedup.engines.corpus import Corpus
from dedup.engines.local import State, find_matches, learn_epoch
from dedup.errors import DedupError, IndexFolderError
from dedup.index.history import known_edges, run_identity, run_tables
from dedup.index.loading import as_feed, load_feed
from dedup.index.options import AddReport, IndexStats
from dedup.index.reporting import composite_table, link_table, member_table
from dedup.index.runs import epoch_hashes
from dedup.index.snapshot import Snapshot
from dedup.index.statistics import index_stats
from dedup.index.store import IndexStore
from dedup.report.schema import QUERY_SCHEMA, ClusterReport
from dedup.settings import Settings
from dedup.sketch.background import load_background
from dedup.text.credit import is_agency_outlet

if TYPE_CHECKING:
    import datasketch
    import pandas as pd

DEFAULT_THRESHOLD: Final = 0.5

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

    def __init__(self, store: IndexStore, *, write: bool, keep_runs: bool = True) -> None:
        self._store = store
        self._write = write
        self._keep_runs = keep_runs
        self._state: tuple[tuple[Any, ...], Snapshot, State] | None = None
        self._learnt: tuple[str, epochs.Learnt] | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, durable: bool = True) -> Index:
        """Create an index in a new or empty folder and open it for writing.

        Raises
        ------
        IndexFolderError
            If the folder holds something or cannot be written.
        """
        store = IndexStore.create(
            path, durable=durable, settings={"background": load_background().content_hash}
        )
        return cls(store, write=True)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, write: bool = False) -> Index:
        """Open an index; `write` takes the writer's lock.

        Raises
        ------
        IndexFolderError
            If it is no index, of a newer format, sketched with another background table, or (writing) held by
            another process.
        """
        store = IndexStore.open(path, write=write)
        found = store.settings.get("background")
        if found != load_background().content_hash:
            store.close()
            raise IndexFolderError(
                f"index {os.fspath(path)} was sketched with background table {found}, "
                f"this version ships {load_background().content_hash}",
                "read the feeds into a new index",
            )
        return cls(store, write=write)

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Index]:
        """Make an index in a folder that is removed at the end, whatever happens."""
        folder = tempfile.mkdtemp(prefix="dedup-")
        try:
            store = IndexStore.create(
                Path(folder) / "index", durable=False, settings={"background": load_background().content_hash}
            )
            with cls(store, write=True, keep_runs=False) as index:
                yield index
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._drop_state()
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
        on_change: str = "version",
        threads: int | None = None,
        on_note: Callable[[str], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
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
        on_change : {"version", "replace", "skip", "reject"}
            What to do when a known id comes with another text.
        threads : int, optional
            Default: one for each core.
        on_note : callable, optional
            Gets each line about what was guessed.
        on_progress : callable, optional
            Gets the number of records read so far.

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
        self._drop_state()
        feed = as_feed(sources, mapping, format, on_note)
        return load_feed(self._store, feed, on_change, threads or _cores(), on_progress)

    def refresh(self, *, threads: int | None = None, on_stage: Any = None) -> str:
        """Begin a new epoch, learnt from what the index now holds; return its id."""
        self._drop_state()
        with self._store.snapshot() as snapshot:
            learnt = learn_epoch(snapshot, threads=threads or _cores(), on_stage=on_stage or _silent)
        return self._put_epoch(learnt)

    def use_epoch(self, other: Index) -> str:
        """Take over the epoch of another index, so that both decide alike; return its id.

        Raises
        ------
        IndexFolderError
            If the other index has none yet (it gets one with its first report).
        """
        stored = other._store.epoch()
        if stored is None:
            raise IndexFolderError(f"index {other.path} has no epoch yet", "run `dedup clusters` on it first")
        self._drop_state()
        return self._put_epoch(epochs.Learnt.from_files({name: stored.read(name) for name in epochs.FILES}))

    # Clusters

    def report(
        self,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        on_stage: Callable[[str, int, int], None] | None = None,
    ) -> ClusterReport:
        """Cluster the articles.

        Parameters
        ----------
        settings : Settings, optional
            What to look for and what to show.
        model : path or Model, optional
            Confirm model; the shipped one by default.
        on_stage : callable, optional
            Gets (stage, done, total) as the work goes on.

        Returns
        -------
        ClusterReport
        """
        began = time.perf_counter()
        settings = (settings or Settings()).check()
        snapshot, state, identity = self._prepare(settings, model, on_stage or _silent)
        (on_stage or _silent)("cluster", 0, 1)
        clustering = self._assemble(snapshot, state, settings)
        if self._keep_runs:
            self._store_run(snapshot, state, clustering, settings, identity)
        n_clusters = len(clustering.canonical)
        counts: dict[str, int | float] = {
            "articles": len(state.corpus),
            "clusters": n_clusters,
            "clustered": len(clustering.member),
            "composites": len(clustering.composites),
            "without_words": int((state.nodes.of < 0).sum()),
            "distinct_texts": len(state.nodes),
            "candidate_pairs": state.matches.n_candidates,
            "judged_pairs": state.matches.n_judged,
            "confirmed_pairs": clustering.n_edges,
            "capped_buckets": len(state.matches.capped),
            "seconds": round(time.perf_counter() - began, 3),
        }
        report = ClusterReport(
            member_table(snapshot, state.corpus, clustering),
            composite_table(snapshot, state.corpus, clustering),
            link_table(state.corpus, clustering),
            counts,
            self._notes(state),
        )
        (on_stage or _silent)("cluster", 1, 1)
        return report.select(settings)

    def clusters(self, *, model: Path | Model | None = None, **options: Any) -> pd.DataFrame:
        """Cluster the articles and return one row per member.

        Parameters
        ----------
        model : path or Model, optional
        **options
            Fields of `dedup.settings.Settings`: threshold, min_size, since, until, outlets, ...

        Returns
        -------
        pandas.DataFrame
            Columns of `dedup.report.schema.MEMBER_SCHEMA`.
        """
        frame: pd.DataFrame = self.report(Settings(**options), model=model).members.to_pandas()
        return frame

    def show(self, identifier: str, settings: Settings | None = None) -> ClusterReport:
        """Return the one cluster that an id names, or that holds the article it names.

        Raises
        ------
        DedupError
            If nothing in the index has that id.
        """
        settings = settings or Settings()
        everything = self.report(
            Settings(threshold=settings.threshold, window_s=settings.window_s, threads=settings.threads)
        )
        found = sorted({c for c in everything.members["cluster_id"].to_pylist() if c == identifier or
                        (len(identifier) >= 4 and c.startswith(identifier))})  # fmt: skip
        if not found:
            with self._store.snapshot() as snapshot:
                if not snapshot.find(identifier):
                    raise DedupError(
                        f"{identifier!r} is neither a cluster nor an article of {self.path}",
                        "give an id as `dedup clusters` prints it",
                    )
            rows = everything.members
            ids, urls = rows["article_id"].to_pylist(), rows["url"].to_pylist()
            found = sorted(
                {
                    c
                    for c, i, u in zip(rows["cluster_id"].to_pylist(), ids, urls, strict=True)
                    if identifier in (i, u)
                }
            )
        if len(found) > 1 and all(c.startswith(identifier) for c in found):
            raise DedupError(
                f"{identifier!r} begins {len(found)} cluster ids: {', '.join(found[:5])}", "give more of it"
            )
        kept = pa.compute.is_in(everything.members["cluster_id"], pa.array(found, pa.string()))
        return ClusterReport(
            everything.members.filter(kept),
            everything.composites,
            everything.links,
            everything.counts,
            everything.notes,
        )

    def query(self, articles: pa.Table, settings: Settings | None = None) -> pa.Table:
        """Find the near-duplicates of new articles, without adding them.

        Parameters
        ----------
        articles : pa.Table
            Of `ARTICLE_SCHEMA`.
        settings : Settings, optional
            Threshold and threads take part.

        Returns
        -------
        pa.Table
            `QUERY_SCHEMA`, best first for each article asked about.
        """
        from dedup.engines.query import find_near
        from dedup.index.reporting import cluster_ids, display_ids

        settings = (settings or Settings()).check()
        snapshot, state, _ = self._prepare(settings, None, _silent)
        clustering = self._assemble(snapshot, state, settings)
        asked, found, score, relation = find_near(
            snapshot,
            state,
            articles,
            self._epoch(snapshot)[1],
            load_model(),
            _least(settings),
            settings.threads or _cores(),
        )
        if not len(asked):
            return QUERY_SCHEMA.empty_table()
        rows = snapshot.rows_at(
            state.corpus.part[found], state.corpus.row[found], ("id", "outlet", "published", "title", "url")
        )
        names = cluster_ids(state.corpus, clustering)
        cluster_of = {
            a: str(names[c])
            for a, c in zip(clustering.member.tolist(), clustering.cluster.tolist(), strict=True)
        }
        titles = articles["title"].to_pylist()
        columns = {
            "query": pa.array(asked, pa.int64()),
            "query_title": pa.array([titles[row] for row in asked.tolist()], pa.string()),
            "article_id": pa.array(display_ids(state.corpus, rows["id"].to_pylist(), found)),
            "cluster_id": pa.array([cluster_of.get(article) for article in found.tolist()], pa.string()),
            "score": pa.array(score),
            "relation": pa.array(relation),
        }
        arrays = [
            columns.get(name, rows[name] if name in rows.column_names else None)
            for name in QUERY_SCHEMA.names
        ]
        table = pa.table(arrays, names=QUERY_SCHEMA.names).cast(QUERY_SCHEMA)
        return table.sort_by([("query", "ascending"), ("score", "descending"), ("article_id", "ascending")])

    def export(self, settings: Settings | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the feed with one article per cluster: the canonical ones and all that are in none."""
        settings = (settings or Settings()).check()
        snapshot, state, _ = self._prepare(settings, None, _silent)
        clustering = self._assemble(snapshot, state, settings)
        kept = self._chosen(state.corpus, settings)
        kept[clustering.member] = False
        kept[clustering.canonical] = True
        place = np.flatnonzero(kept)
        place = place[np.lexsort((state.corpus.row[place], state.corpus.part[place]))]
        for low in range(0, len(place), _EXPORT_BATCH):
            some = place[low : low + _EXPORT_BATCH]
            rows = snapshot.rows_at(state.corpus.part[some], state.corpus.row[some], ARTICLE_SCHEMA.names)
            yield from rows.combine_chunks().to_batches()

    # Looking

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

    def rejects(self, limit: int | None = None) -> list[Reject]:
        """Return the records that could not be used."""
        return self._store.rejects(limit)

    # How it is done

    def _key(self, snapshot: Snapshot, identifier: str) -> int:
        keys = snapshot.find(identifier)
        if len(keys) != 1:
            what = "names no article" if not keys else f"names {len(keys)} articles"
            hint = (
                "give an id as `dedup clusters` prints it"
                if not keys
                else "give its URL, or the id of 16 hex digits"
            )
            raise DedupError(f"{identifier!r} {what} of {self.path}", hint)
        return keys[0]

    def _prepare(
        self, settings: Settings, model: Path | Model | None, on_stage: Callable[[str, int, int], None]
    ) -> tuple[Snapshot, State, dict[str, Any]]:
        """Matches of the index as it now is; kept, so that asking again costs nothing."""
        chosen = model if isinstance(model, Model) else load_model(model)
        snapshot = self._store.snapshot()
        threads = settings.threads or _cores()
        epoch_id, learnt = self._epoch(snapshot, threads, on_stage)
        identity = run_identity(epoch_id, chosen.content_hash)
        held = (snapshot.generation, *identity.values())
        if self._state is not None and self._state[0] == held:
            snapshot.close()
            return self._state[1], self._state[2], identity
        self._drop_state()
        known = known_edges(self._store, identity) if self._keep_runs else None
        state = find_matches(snapshot, learnt, chosen, known=known, threads=threads, on_stage=on_stage)
        self._state = (held, snapshot, state)
        return snapshot, state, identity

    def _epoch(
        self, snapshot: Snapshot, threads: int = 1, on_stage: Callable[[str, int, int], None] | None = None
    ) -> tuple[str, epochs.Learnt]:
        """Return the epoch, learnt now if there is none yet."""
        stored = self._store.epoch()
        if stored is None and self._learnt is not None:
            return self._learnt
        if stored is None:
            learnt = learn_epoch(snapshot, threads=threads, on_stage=on_stage or _silent)
            return self._put_epoch(learnt), learnt
        if self._learnt is None or self._learnt[0] != stored.id:
            files = {name: stored.read(name) for name in epochs.FILES}
            self._learnt = (stored.id, epochs.Learnt.from_files(files))
        return self._learnt

    def _put_epoch(self, learnt: epochs.Learnt) -> str:
        files = learnt.to_files()
        try:
            with self._writer() as store:
                digest = store.put_epoch(files, {"texts": learnt.counts.n_texts})
        except IndexFolderError:
            if self._write:
                raise
            # The folder is read-only or held by a writer: decide by what was learnt, without keeping it.
            digest = epoch_hashes(files)[0]
        self._learnt = (digest, learnt)
        return digest

    @contextmanager
    def _writer(self) -> Iterator[IndexStore]:
        """The store for writing; opened for the moment where this index is open for reading."""
        if self._write:
            yield self._store
            return
        with IndexStore.open(self.path, write=True) as store:
            yield store

    def _assemble(self, snapshot: Snapshot, state: State, settings: Settings) -> Clustering:
        return assemble(
            state.corpus,
            state.nodes,
            state.matches,
            state.judge,
            least=_least(settings),
            kept=self._chosen(state.corpus, settings),
            window_s=settings.window_s,
            own=_agency_outlets(snapshot, state.corpus),
        )

    def _chosen(self, corpus: Corpus, settings: Settings) -> np.ndarray[Any, np.dtype[np.bool_]]:
        kept = np.ones(len(corpus), np.bool_)
        if settings.since is not None:
            kept &= (corpus.published_s != UNKNOWN) & (corpus.published_s >= settings.since.timestamp())
        if settings.until is not None:
            kept &= (corpus.published_s != UNKNOWN) & (corpus.published_s < settings.until.timestamp())
        return kept

    def _store_run(
        self,
        snapshot: Snapshot,
        state: State,
        clustering: Clustering,
        settings: Settings,
        identity: dict[str, Any],
    ) -> None:
        """Keep the run, unless it is there already or somebody else is writing."""
        choice = {"settings": settings.result_hash()}
        meta = {**identity, **choice, "generation": snapshot.generation}
        if self._store.latest_run(**meta) is not None:
            return
        tables = run_tables(state, clustering, self._store.latest_run(**choice))
        try:
            with self._writer() as store:
                store.commit_run(tables, meta)
        except IndexFolderError:
            # A report must not fail because the folder is read-only or a feed is being read in: it is only
            # made again next time.
            return

    def _notes(self, state: State) -> tuple[str, ...]:
        notes = []
        stored = self._store.epoch()
        learnt_from = int(stored.meta.get("texts", 0)) if stored else 0
        if learnt_from and len(state.nodes) > 4 * learnt_from:
            notes.append(
                f"the epoch was learnt from {learnt_from} texts, the index now holds {len(state.nodes)}; "
                "dedup index --refresh learns anew"
            )
        if state.matches.capped:
            largest = max(bucket.size for bucket in state.matches.capped)
            notes.append(
                f"{len(state.matches.capped)} buckets were too large to be paired in full (largest {largest})"
            )
        return tuple(notes)

    def _drop_state(self) -> None:
        if self._state is not None:
            self._state[1].close()
            self._state = None


def _least(settings: Settings) -> int:
    return least_sum(DEFAULT_THRESHOLD if settings.threshold is None else settings.threshold)


def _agency_outlets(snapshot: Snapshot, corpus: Corpus) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each article stands on an agency's own site; each outlet and host is looked up once."""
    known: dict[tuple[str | None, str | None], bool] = {}
    by_place: dict[int, list[bool]] = {}
    for part, table in enumerate(snapshot.articles(["outlet", "url"])):
        answers = []
        for outlet, url in zip(table["outlet"].to_pylist(), table["url"].to_pylist(), strict=True):
            host = url.split("/", 3)[2] if url and url.count("/") >= 2 else None
            if (outlet, host) not in known:
                known[outlet, host] = is_agency_outlet(outlet, url)
            answers.append(known[outlet, host])
        by_place[part] = answers
    flags = [np.array(by_place[part], np.bool_) for part in sorted(by_place)]
    starts = np.concatenate(([0], np.cumsum([len(flag) for flag in flags]))).astype(np.int64)
    joined = np.concatenate([np.empty(0, np.bool_), *flags])
    return joined[starts[corpus.part] + corpus.row] if len(corpus) else np.empty(0, np.bool_)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _silent(stage: str, done: int, total: int) -> None:
    pass


__all__: Sequence[str] = ("Index",)
