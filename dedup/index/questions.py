"""What an open index answers of single articles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, Article
from dedup.confirm.model import Model
from dedup.engines.query import find_near
from dedup.errors import DedupError
from dedup.index.loading import as_feed
from dedup.index.opened import Opened
from dedup.index.reporting import match_table
from dedup.index.session import cores, least_of, silent
from dedup.index.snapshot import Snapshot
from dedup.settings import Settings

if TYPE_CHECKING:
    import datasketch

    from dedup.compare.explanation import Explanation


class Questions(Opened):
    """The near-duplicates of new articles, why two are or are not copies, one article, its sketch."""

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
