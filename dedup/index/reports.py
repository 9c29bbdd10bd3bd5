"""What an open index says of its clusters."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.article import FEED_SCHEMA
from dedup.confirm.model import Model, probability
from dedup.errors import SettingsError
from dedup.index.kept_credits import credit_rules
from dedup.index.opened import Opened, agency_table
from dedup.index.outlet_counts import count_outlets
from dedup.index.reporting import cluster_report, one_cluster
from dedup.index.session import OnStage, chosen_articles, silent
from dedup.index.shown import shown_articles
from dedup.index.source import RunSource
from dedup.profile import timed
from dedup.provenance.families import Families
from dedup.provenance.trace import By, Provenance, trace
from dedup.report.schema import ClusterReport
from dedup.settings import Settings
from dedup.text.credit import Agency

if TYPE_CHECKING:
    import pandas as pd

_EXPORT_BATCH: Final = 8192


class Reports(Opened):
    """Clusters as a report, as a frame, by outlets, one of them, and the feed without copies."""

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
        known = agency_table(agencies)
        tell = on_stage or silent
        matched = self._session.matched(settings, model, tell)
        tell("cluster", 0, 1)
        with timed("cluster"):
            clustering = self._session.clustering(matched, settings)
        with timed("report"):
            rules = credit_rules(known)
            shown = shown_articles(
                matched.snapshot, matched.state.corpus, clustering.member, known,
                self._session.known_credits(matched, settings, rules),
            )  # fmt: skip
        with timed("keep run"):
            self._kept = self._session.keep_run(matched, clustering, settings, (rules, shown.credits))
        n_chosen = int(chosen_articles(matched.state.corpus, settings).sum())
        notes = self._session.notes(matched)
        with timed("report"):
            report = cluster_report(
                matched.snapshot, matched.state, clustering, shown, n_chosen, notes, known
            )
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

    def export(
        self,
        settings: Settings | None = None,
        *,
        model: Path | Model | None = None,
        everything: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the feed with one article per cluster: the canonical ones and all that are in none.

        Parameters
        ----------
        settings, model
            As for `report`.
        everything : bool
            Yield every article instead, copies too; settings and model do not matter then.

        Yields
        ------
        pa.RecordBatch
            `dedup.article.FEED_SCHEMA`, in the order the articles lie in the index.
        """
        if everything:
            yield from self._all_articles()
            return
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

    def _all_articles(self) -> Iterator[pa.RecordBatch]:
        with self._store.snapshot() as snapshot:
            tables = snapshot.articles(FEED_SCHEMA.names)
            for table, kept in zip(tables, snapshot.current(), strict=True):
                yield from table.filter(pa.array(kept)).combine_chunks().to_batches(_EXPORT_BATCH)
