"""A session: what an open index has worked out, kept so that asking again costs nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.cluster.canonical import UNKNOWN
from dedup.confirm import epoch as epochs
from dedup.confirm.model import Model, least_sum, load_model
from dedup.confirm.survey import Surveyor
from dedup.engines.assemble import Clustering, assemble
from dedup.engines.budget import words_within
from dedup.engines.corpus import Corpus, Ints, outlet_numbers
from dedup.engines.local import State, find_matches, learn_epoch
from dedup.engines.outlets import Carriers, own_sites
from dedup.engines.shelf import Shelf
from dedup.errors import IndexFolderError
from dedup.index.events import Kept, NotKept, kept, kept_again, learnt_anew
from dedup.index.history import known_edges, run_before, run_identity, run_tables
from dedup.index.kept_credits import CREDITS, KnownCredits, kept_table, known_credits
from dedup.index.reporting import cluster_ids
from dedup.index.runs import epoch_hashes
from dedup.index.snapshot import Snapshot
from dedup.index.store import IndexStore
from dedup.profile import timed
from dedup.settings import Settings

DEFAULT_THRESHOLD: Final = 0.5

_MOMENT_S: Final = 2.0
"""Longer than an epoch takes to be written and committed; a feed being read in is not waited for."""

OnStage = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches of one snapshot under one epoch and model.

    Parameters
    ----------
    snapshot : Snapshot
    state : State
    learnt : Learnt
        The epoch.
    model : Model
    identity : dict
        What a stored run must agree in for its edges to be used again.
    """

    snapshot: Snapshot
    state: State
    learnt: epochs.Learnt
    model: Model
    identity: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """What pairs are judged by.

    Parameters
    ----------
    learnt : Learnt
        The epoch.
    model : Model
    identity : dict
        What a stored run must agree in for its verdicts to be used again.
    """

    learnt: epochs.Learnt
    model: Model
    identity: dict[str, Any]


class Session:
    """Works out matches and clusters of one open store.

    Parameters
    ----------
    store : IndexStore
    write : bool
        Whether the store is open for writing. If not, it is opened for the
        moment in which an epoch or a run is to be kept.
    keep_runs : bool
        False for an index that is removed at the end.
    surveyor : Surveyor, optional
        Has surveyed texts of the store.
    wait_s, on_wait
        How long to wait, in all, for another writer to end when an epoch or a run is to be kept; as for
        `dedup.index.lock.WriterLock`.
    """

    def __init__(
        self,
        store: IndexStore,
        *,
        write: bool,
        keep_runs: bool,
        surveyor: Surveyor | None = None,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._wait_s = wait_s
        self._on_wait = on_wait if wait_s else None
        self._store = store
        self._surveyor = surveyor
        self._write = write
        self._keep_runs = keep_runs
        self._matched: Matched | None = None
        self._learnt: tuple[str, epochs.Learnt] | None = None
        self._unsaved: tuple[str, epochs.Learnt] | None = None  # learnt for a query, which stores nothing
        self._shelf: Shelf | None = None
        self._clusters: tuple[dict[str, Any], Ints, pa.Array] | None = None

    def matched(
        self,
        settings: Settings,
        model: Path | Model | None,
        on_stage: OnStage,
        *,
        ground: Ground | None = None,
    ) -> Matched:
        """Return the matches of the index as it now is, judged by `ground`; without it by `self.ground`."""
        threads = settings.threads or cores()
        snapshot = self._store.snapshot()
        try:
            words_within(settings.memory_mb, snapshot.n_articles)  # say so before an epoch is learnt
            if ground is None:
                ground = self.ground(settings, model, on_stage)
        except BaseException:
            snapshot.close()
            raise
        held = self._matched
        if held is not None and (held.snapshot.generation, held.identity) == (
            snapshot.generation,
            ground.identity,
        ):
            snapshot.close()
            return held
        self._forget_matches()
        known = known_edges(self._store, ground.identity, snapshot.generation) if self._keep_runs else None
        try:
            state = find_matches(
                snapshot, ground.learnt, ground.model, known=known, threads=threads,
                memory_mb=settings.memory_mb, on_stage=on_stage,
            )  # fmt: skip
        except BaseException:
            snapshot.close()
            raise
        self._matched = Matched(snapshot, state, ground.learnt, ground.model, ground.identity)
        return self._matched

    def ground(
        self, settings: Settings, model: Path | Model | None, on_stage: OnStage, *, keep: bool = True
    ) -> Ground:
        """Return what pairs are judged by; `keep`: store the epoch if one is learnt for it."""
        chosen = model if isinstance(model, Model) else load_model(model)
        epoch_id, learnt = self._epoch(settings.threads or cores(), on_stage, keep)
        if not settings.furniture:
            learnt = learnt.without_furniture()
            epoch_id = epoch_hashes(learnt.to_files())[0]
        return Ground(learnt, chosen, run_identity(epoch_id, chosen.content_hash))

    def shelf(self) -> Shelf:
        """Return where the articles of the index as it now is stand."""
        held = self._shelf
        if held is not None:
            if held.snapshot.generation == self._store.generation:
                return held
            held.snapshot.close()
        self._shelf = Shelf.of(self._store.snapshot())
        return self._shelf

    def clusters_of(self, keys: Ints, ground: Ground, settings: Settings) -> pa.Array:
        """Return the cluster of each article, null for one in none: from a stored run, else worked out."""
        snapshot = self.shelf().snapshot
        wanted = {**ground.identity, "settings": settings.result_hash(), "generation": snapshot.generation}
        if self._clusters is None or self._clusters[0] != wanted:
            stored = self._stored_clusters(wanted)
            if stored is None:
                matched = self.matched(settings, ground.model, silent, ground=ground)
                clustering = self.clustering(matched, settings)
                numbers = pa.array(clustering.cluster)
                stored = (
                    matched.state.corpus.keys[clustering.member],
                    cluster_ids(matched.state.corpus, clustering).take(numbers),
                )
            found, names = stored
            order = np.argsort(found)
            self._clusters = wanted, found[order], names.take(pa.array(order))
        _, found, names = self._clusters
        place = np.minimum(np.searchsorted(found, keys), max(len(found) - 1, 0))
        there = found[place] == keys if len(found) else np.zeros(len(keys), np.bool_)
        return names.take(pa.array(place, mask=~there))

    def _stored_clusters(self, wanted: dict[str, Any]) -> tuple[Ints, pa.Array] | None:
        """Keys and cluster ids of a stored run; None without one, or if it is damaged."""
        run = self._store.latest_run(**wanted) if self._keep_runs else None
        if run is None:
            return None
        try:
            table = run.table("clusters")
        except IndexFolderError:
            return None  # a run is a cache; a damaged one only costs time
        return table["key"].to_numpy(), table["cluster_id"].combine_chunks()

    def clustering(self, matched: Matched, settings: Settings) -> Clustering:
        """Cluster the matches as the settings want it."""
        corpus = matched.state.corpus
        return assemble(
            corpus,
            matched.state.nodes,
            matched.state.matches,
            matched.state.judge,
            least=least_of(settings, matched.model),
            kept=chosen_articles(corpus, settings),
            window_s=settings.window_s,
            own=own_sites(matched.snapshot, corpus),
            carriers=Carriers.of(corpus, matched.state.nodes, outlet_numbers(matched.snapshot, corpus)),
        )

    def known_credits(self, matched: Matched, settings: Settings, rules: str) -> KnownCredits | None:
        """Return the credits that an earlier run found by these rules; None if there is none."""
        if not self._keep_runs:
            return None
        return known_credits(self._store, matched.snapshot, rules, settings.result_hash())

    def keep_run(
        self, matched: Matched, clustering: Clustering, settings: Settings, credits: tuple[str, pa.Table]
    ) -> Kept | NotKept | None:
        """Store the run, unless it is there already; None if such runs are not kept at all.

        `credits` are those of the members, after the rules they were found by.

        A run over part of the time is not stored: "the last 24 hours" is another part at every call.
        """
        if not self._keep_runs or settings.since is not None or settings.until is not None:
            return None
        choice = {"settings": settings.result_hash()}
        meta = {**matched.identity, **choice, "generation": matched.snapshot.generation}
        there = self._store.latest_run(**meta)
        if there is not None:
            return kept_again(there)
        try:
            with self._writer() as store:
                # Asked once nobody else writes: another process may have kept a run while this one was
                # worked out. What changed is told against that one, and time does not run backwards.
                there, latest = store.latest_run(**meta), store.latest_run(**choice)
                if there is not None:
                    return kept_again(there)
                if latest is not None and latest.meta.get("generation", 0) > meta["generation"]:
                    return NotKept(f"run {latest.number} is of a later state of the index")
                if not self._judged_by_the_epoch_of(store):
                    return NotKept("another process has begun a new epoch meanwhile")
                before = run_before(store, choice["settings"])
                tables = run_tables(matched.state, clustering, None if before is None else before[1])
                corpus, member = matched.state.corpus, clustering.member
                meta[CREDITS] = credits[0]
                tables[CREDITS] = kept_table(
                    matched.snapshot, corpus.part[member], corpus.row[member], credits[1]
                )
                meta["since"] = None if before is None else before[0].number
                meta["learnt_anew"] = before is not None and learnt_anew(before[0], meta)
                meta["crowded"] = matched.state.matches.n_crowded
                return kept(store.commit_run(tables, meta), meta, tables)
        except IndexFolderError as error:
            # A report must not fail because the folder is read-only or a feed is being read in: it is only
            # made again next time.
            return NotKept(error.message)

    def _judged_by_the_epoch_of(self, store: IndexStore) -> bool:
        """Whether the epoch in force is the one learnt or read here; if there is none, this becomes it."""
        assert self._learnt is not None
        stored = store.epoch()
        if stored is None:
            self._put(store, self._learnt[1])
            return True
        return stored.id == self._learnt[0]

    def learn(self, threads: int, on_stage: OnStage) -> str:
        """Begin a new epoch, learnt from what the index now holds; return its id."""
        self.forget()
        with self._store.snapshot() as snapshot:
            return self.put_epoch(self._learn_from(snapshot, threads, on_stage))

    def put_epoch(self, learnt: epochs.Learnt) -> str:
        """Make an epoch the current one; return its id."""
        with self._writer() as store:
            self._learnt = self._put(store, learnt), learnt
        return self._learnt[0]

    def _put_first_epoch(self, learnt: epochs.Learnt) -> None:
        """Make an epoch the current one, unless another process has made one meanwhile: then take that."""
        self._learnt = epoch_hashes(learnt.to_files())[0], learnt
        try:
            # Whoever holds the lock may be keeping just such an epoch, which takes a moment.
            with self._writer(at_least_s=_MOMENT_S) as store:
                if store.epoch() is None:
                    self._put(store, learnt)
        except IndexFolderError:
            if self._write:
                raise
            # The folder is read-only or held by a writer: decide by what was learnt, without keeping it.
        self.current_epoch()

    def _put(self, store: IndexStore, learnt: epochs.Learnt) -> str:
        return store.put_epoch(learnt.to_files(), {"texts": learnt.n_texts})

    def current_epoch(self) -> epochs.Learnt | None:
        """Return the epoch the store holds, None before the first report."""
        stored = self._store.epoch()
        if stored is None:
            return None
        if self._learnt is None or self._learnt[0] != stored.id:
            files = {name: stored.read(name) for name in epochs.FILES}
            self._learnt = (stored.id, epochs.Learnt.from_files(files))
        return self._learnt[1]

    def notes(self, matched: Matched) -> tuple[str, ...]:
        """Sentences about what a user should know of these matches."""
        notes = []
        learnt_from, now = matched.learnt.n_texts, len(matched.state.nodes)
        if learnt_from and now >= 2 * learnt_from:
            notes.append(
                f"the epoch was learnt from {learnt_from} texts, the index now holds {now}; "
                "dedup index --refresh learns anew"
            )
        capped = matched.state.matches.capped
        if capped:
            largest = max(bucket.size for bucket in capped)
            notes.append(
                f"{len(capped)} buckets were too large or too crowded to be paired in full "
                f"(largest {largest})"
            )
        return tuple(notes)

    def forget(self) -> None:
        """Drop what was worked out: the index is about to change, or to close."""
        self._forget_matches()
        self._unsaved = None
        if self._shelf is not None:
            self._shelf.snapshot.close()
            self._shelf = None

    def _forget_matches(self) -> None:
        if self._matched is not None:
            self._matched.snapshot.close()
            self._matched = None

    def _epoch(self, threads: int, on_stage: OnStage, keep: bool) -> tuple[str, epochs.Learnt]:
        """Return id and content of the epoch, learnt now if there is none yet."""
        if self.current_epoch() is None and (keep or self._learnt is None):
            if self._unsaved is None:
                with self._store.snapshot() as snapshot:
                    learnt = self._learn_from(snapshot, threads, on_stage)
                self._unsaved = epoch_hashes(learnt.to_files())[0], learnt
            if not keep:
                return self._unsaved
            self._put_first_epoch(self._unsaved[1])
        assert self._learnt is not None
        return self._learnt

    def _learn_from(self, snapshot: Snapshot, threads: int, on_stage: OnStage) -> epochs.Learnt:
        held = None if self._surveyor is None else self._surveyor.hand_over()
        with timed("learn"):
            return learn_epoch(snapshot, held=held, threads=threads, on_stage=on_stage)

    @contextmanager
    def _writer(self, at_least_s: float = 0.0) -> Iterator[IndexStore]:
        """Open the store for writing if it is not; what is left of `wait_s` is how long this may wait."""
        if self._write:
            yield self._store
            return
        began = time.monotonic()
        wait_s = max(self._wait_s, at_least_s)
        try:
            store = IndexStore.open(self._store.path, write=True, wait_s=wait_s, on_wait=self._on_wait)
        finally:
            self._wait_s = max(0.0, self._wait_s - (time.monotonic() - began))
        with store:
            yield store


def threshold_of(settings: Settings, model: Model) -> float:
    """Threshold of a run: the user's, else the model's, else `DEFAULT_THRESHOLD`."""
    for chosen in (settings.threshold, model.threshold):
        if chosen is not None:
            return chosen
    return DEFAULT_THRESHOLD


def least_of(settings: Settings, model: Model) -> int:
    """Threshold of a run as an integer sum."""
    return least_sum(threshold_of(settings, model))


def chosen_articles(corpus: Corpus, settings: Settings) -> NDArray[np.bool_]:
    """Which articles take part: those published from `since` on and before `until`; shape (n,)."""
    return chosen_times(corpus.published_s, settings)


def chosen_times(published_s: Ints, settings: Settings) -> NDArray[np.bool_]:
    """Which times are from `since` on and before `until`; shape (n,), as the times, in seconds since 1970."""
    kept = np.ones(len(published_s), np.bool_)
    if settings.since is not None:
        kept &= (published_s != UNKNOWN) & (published_s >= settings.since.timestamp())
    if settings.until is not None:
        kept &= (published_s != UNKNOWN) & (published_s < settings.until.timestamp())
    return kept


def cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def silent(stage: str, done: int, total: int) -> None:
    """Take no notice of a stage."""
