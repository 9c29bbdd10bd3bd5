"""What a run hands to whoever prints, writes or reads its clusters: three tables and some counts.

The member table is the contract with the outside: csv and parquet are this
table, column by column, in this order. Columns are added at the end, never
renamed and never moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.report import ordering

if TYPE_CHECKING:
    from dedup.settings import Settings

CANONICAL: Final = ordering.CANONICAL

MEMBER_SCHEMA: Final = pa.schema(
    [
        pa.field("cluster_id", pa.string()),
        pa.field("article_id", pa.string()),  # the feed's own id, or the one made for it
        pa.field("canonical_id", pa.string()),  # the article_id of the canonical article
        pa.field("relation", pa.string()),  # to the canonical article; its own is "canonical"
        pa.field(
            "score", pa.float64()
        ),  # 0..1 with the canonical article or the core, the better; 4 decimals
        pa.field(
            "lag_s", pa.int64()
        ),  # seconds after the canonical article; null: a time unknown, or only a day
        pa.field("outlet", pa.string()),
        pa.field("published", pa.timestamp("us", tz="UTC")),
        pa.field("title", pa.string()),
        pa.field("url", pa.string()),
        pa.field("credit", pa.string()),  # the agency named, null: none found
        pa.field("place", pa.string()),
        pa.field("byline", pa.string()),
        pa.field("size", pa.int32()),  # articles in the cluster, also those a filter hides
        pa.field("file", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("credit_tier", pa.string()),  # sure, likely or hint
        pa.field("credit_kind", pa.string()),  # dateline, byline, credit-line, copyright, url, metadata
        pa.field("credit_evidence", pa.string()),  # the words that name the agency, as they stand
        pa.field("cluster_credit", pa.string()),  # the agency the cluster comes from (dedup.cluster.credit)
        pa.field("cluster_credit_tier", pa.string()),  # the best tier a member credits that agency with
        pa.field("cluster_credits", pa.string()),  # all agencies and how many credit them: "Reuters 5, AP 2"
    ]
)
"""One row per member of a cluster."""

COMPOSITE_SCHEMA: Final = pa.schema(
    [
        pa.field("article_id", pa.string()),
        pa.field("outlet", pa.string()),
        pa.field("title", pa.string()),
        pa.field("clusters", pa.list_(pa.string())),  # the clusters it draws on
    ]
)
"""One row per composite (news in brief, round-up): it matches several clusters and is in none."""

LINK_SCHEMA: Final = pa.schema([pa.field("cluster_a", pa.string()), pa.field("cluster_b", pa.string())])
"""One row per two clusters that were one chain of matches before the guard cut it."""

QUERY_SCHEMA: Final = pa.schema(
    [
        pa.field("query", pa.int64()),  # 0-based row of the article asked about
        pa.field("query_title", pa.string()),
        pa.field("article_id", pa.string()),
        pa.field("cluster_id", pa.string()),  # null: the match is in no cluster
        pa.field("score", pa.float64()),
        pa.field("relation", pa.string()),
        pa.field("outlet", pa.string()),
        pa.field("published", pa.timestamp("us", tz="UTC")),
        pa.field("title", pa.string()),
        pa.field("url", pa.string()),
        pa.field("query_id", pa.string()),  # the feed's id of the article asked about
    ]
)
"""One row per match of an article asked about; articles without a match have none."""

CREDIT_SCHEMA: Final = pa.schema(
    [
        pa.field("article_id", pa.string()),
        pa.field("agency", pa.string()),  # null: the article credits none
        pa.field("tier", pa.string()),  # sure, likely or hint
        pa.field("kind", pa.string()),  # dateline, byline, credit-line, copyright, url, metadata
        pa.field("field", pa.string()),  # where the evidence stands: text, title, byline, credit, url, outlet
        pa.field("start", pa.int64()),  # half-open span of the evidence in that field, in code points
        pa.field("end", pa.int64()),
        pa.field("evidence", pa.string()),  # that span
        pa.field("own_site", pa.bool_()),  # the article stands on the site of that agency
        pa.field("outlet", pa.string()),
        pa.field("published", pa.timestamp("us", tz="UTC")),
        pa.field("title", pa.string()),
        pa.field("url", pa.string()),
        pa.field("file", pa.string()),
        pa.field("line", pa.int64()),
    ]
)
"""One row per article: the strongest credit found in it."""


@dataclass(frozen=True)
class ClusterReport:
    """The clusters of one run, in the order they are to be shown.

    Parameters
    ----------
    members : pa.Table
        `MEMBER_SCHEMA`. The members of a cluster stand together: the canonical article first, then by
        `published` (without a date last), then `article_id`. `ordering.sorted_members` puts any table so.
    composites : pa.Table
        `COMPOSITE_SCHEMA`.
    links : pa.Table
        `LINK_SCHEMA`.
    counts : mapping of str to int or float
        ``articles``, ``clusters``, ``clustered`` (articles in clusters), ``composites``, ``capped_buckets``,
        ``candidate_pairs``, ``confirmed_pairs``, ``seconds`` and what else the run counted. They describe
        the whole run, also after `select` and `top`.
    notes : tuple of str
        Sentences for the user, one line each.

    Raises
    ------
    ValueError
        If a table has another schema; the error names the difference.
    """

    members: pa.Table
    composites: pa.Table = field(default_factory=COMPOSITE_SCHEMA.empty_table)
    links: pa.Table = field(default_factory=LINK_SCHEMA.empty_table)
    counts: Mapping[str, int | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, table, schema in (
            ("members", self.members, MEMBER_SCHEMA),
            ("composites", self.composites, COMPOSITE_SCHEMA),
            ("links", self.links, LINK_SCHEMA),
        ):
            if not table.schema.equals(schema):
                wrong = [str(f) for f in table.schema if f not in list(schema)] or table.schema.names
                raise ValueError(f"{name} of a ClusterReport must have the schema of report.schema: {wrong}")

    @classmethod
    def empty(cls) -> ClusterReport:
        """Return a report without clusters."""
        return cls(MEMBER_SCHEMA.empty_table())

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """Row at which each cluster begins, and the number of rows as the last entry."""
        return ordering.cluster_starts(self.members)

    @property
    def n_clusters(self) -> int:
        """Number of clusters in the member table (a filter may have taken some away)."""
        return len(self._starts) - 1

    def iter_clusters(self) -> Iterator[pa.Table]:
        """Yield the members of one cluster after the other, without copying them."""
        for begin, end in pairwise(self._starts.tolist()):
            yield self.members.slice(begin, end - begin)

    def top(self, n: int) -> ClusterReport:
        """Return a report of the first `n` clusters."""
        if n >= self.n_clusters:
            return self
        return replace(self, members=self.members.slice(0, int(self._starts[n])))

    def sorted(self, by: str) -> ClusterReport:
        """Return a report with the clusters in one of `dedup.settings.SORTS`, the greatest first.

        Ties are broken by size, by the first publication and by the cluster id, so the order is total.
        Members are put in their order too, whatever it was.
        """
        return replace(self, members=ordering.sorted_members(self.members, by))

    def around(self, article_id: str) -> ClusterReport:
        """Return a report with only the links and composites of its clusters, or of this article."""
        return replace(
            self,
            composites=ordering.composites_around(self.composites, self.members, article_id),
            links=ordering.links_touching(self.links, self.members),
        )

    def select(self, settings: Settings) -> ClusterReport:
        """Return a report of what `settings` ask to be shown, sorted; doing it twice changes nothing.

        `min_size`, `outlets`, `across_outlets`, `relations`, `sort` and `top` take part. Links stay when
        both of their clusters do; composites too, but when outlets or relations are chosen only those
        that draw on a cluster that stays.
        """
        members = ordering.chosen_members(
            self.members,
            min_size=settings.min_size,
            outlets=settings.outlets,
            across_outlets=settings.across_outlets,
            relations=settings.relations,
        )
        chosen = replace(
            self,
            members=ordering.sorted_members(members, settings.sort),
            links=ordering.links_between(self.links, members),
            composites=ordering.composites_of(self.composites, members, settings),
        )
        return chosen if settings.top is None else chosen.top(settings.top)
