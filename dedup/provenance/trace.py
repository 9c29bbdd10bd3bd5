"""Who was first, who picked a story up, how much later: clusters read as a trade in copies.

"First" is the canonical article, the earliest whose time is known. An
outlet that *picks up* a story carries it and was not first. That it printed what
the first one had printed is certain; that it took it from there is not: both may have it from an agency.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from dedup.errors import SettingsError
from dedup.provenance.families import Families, load_families, url_host
from dedup.provenance.origins import origins
from dedup.report.wording import is_midnight

if TYPE_CHECKING:
    import pandas as pd

    from dedup.report.schema import ClusterReport

By = Literal["outlet", "family"]

_READ: Final = (
    "cluster_id",
    "relation",
    "lag_s",
    "outlet",
    "published",
    "title",
    "url",
    "credit",
    "credit_tier",
)
_CANONICAL: Final = "canonical"

CLUSTER_COLUMNS: Final = (
    "cluster_id", "title", "articles", "carriers", "origins", "origin_names", "first", "published",
    "last_lag_s",
)  # fmt: skip
CARRIER_COLUMNS: Final = (
    "name", "articles", "shared", "share", "first", "picked_up", "median_lag_s", "lag_in_days",
    "mostly_from", "mostly_from_n", "mostly_credits",
)  # fmt: skip
PICKUP_COLUMNS: Final = ("cluster_id", "carrier", "first", "relation", "credit", "lag_s", "within_s")

_DAY: Final = 86_400


@dataclass(frozen=True)
class Provenance:
    """What `trace` found. A *carrier* is an outlet, or a family of outlets, as `by` says.

    Parameters
    ----------
    clusters : pandas.DataFrame
        One row per cluster, in its order: ``cluster_id, title, articles, carriers`` (how many), ``origins``
        (how many, see `dedup.provenance.origins`), ``origin_names``, ``first`` (the carrier of the canonical
        article, None if unknown), ``published`` (when), ``last_lag_s`` (seconds to its last known copy).
    carriers : pandas.DataFrame
        One row per carrier, those with most shared articles first: ``name``; ``articles`` (missing if only
        clusters were given); ``shared``, its articles in clusters that two carriers or more hold; ``share``
        of all its articles; ``first`` and ``picked_up``, in how many such clusters it was and was not first;
        ``median_lag_s`` of what it picked up; ``lag_in_days``, whether most of those lags are between dates
        without a time; ``mostly_from``, the first carrier it most often picked up
        from, and how often; ``mostly_credits``, the agency its shared articles credit most.
    pickups : pandas.DataFrame
        One row for each cluster and carrier that was not first: ``cluster_id, carrier, first, relation,
        credit, lag_s`` (of its earliest copy; missing where a time is not known well enough), ``within_s``
        (the most it can be: of two dates without a time, a day more).
    by : {"outlet", "family"}
    """

    clusters: pd.DataFrame
    carriers: pd.DataFrame
    pickups: pd.DataFrame
    by: By

    def matrix(self, top: int = 15) -> pd.DataFrame:
        """Return how often each carrier (row) picked up what each other one (column) had first.

        Parameters
        ----------
        top : int
            Keep so many carriers, those with most pick-ups given and taken.

        Returns
        -------
        pandas.DataFrame, shape (k, k)
            Counts; rows and columns in one order, the busiest first.
        """
        import pandas as pd

        known = self.pickups.dropna(subset=["first"])
        busy = Counter(known["carrier"]) + Counter(known["first"])
        names = [name for name, _ in sorted(busy.items(), key=lambda item: (-item[1], item[0]))[:top]]
        counts = pd.crosstab(known["carrier"], known["first"])
        found: pd.DataFrame = counts.reindex(index=names, columns=names, fill_value=0)
        return found.rename_axis(index="carrier", columns="first")


def trace(
    clusters: pd.DataFrame | ClusterReport,
    *,
    by: By = "outlet",
    families: Families | None = None,
    articles: Mapping[tuple[str | None, str | None], int] | None = None,
) -> Provenance:
    """Read clusters as a trade in copies.

    Parameters
    ----------
    clusters : pandas.DataFrame or ClusterReport
        One row per member, as `Index.clusters` gives them or a csv of `dedup clusters` holds them.
    by : {"outlet", "family"}
        Whether two papers of one house are two carriers or one.
    families : Families, optional
        The shipped table by default (`load_families`).
    articles : mapping of (outlet, url host) to int, optional
        All articles looked at, to tell shares of them; `Index.provenance` gives them.

    Returns
    -------
    Provenance

    Raises
    ------
    SettingsError
        If `by` is neither, or the frame lacks a column.
    """
    import pandas as pd

    if by not in ("outlet", "family"):
        raise SettingsError(f"by: {by!r} is neither 'outlet' nor 'family'")
    families = families or load_families()
    traced = [
        _Traced(members, by, families) for members in _by_cluster(_frame(clusters)[list(_READ)]).values()
    ]
    pickups = pd.DataFrame([row for one in traced for row in one.pickups()], columns=list(PICKUP_COLUMNS))
    rows = pd.DataFrame([one.row() for one in traced], columns=list(CLUSTER_COLUMNS))
    totals: Counter[str] = Counter()
    for (outlet, host), number in (articles or {}).items():
        if (name := carrier_name(outlet, f"//{host}" if host else None, by, families)) is not None:
            totals[name] += number
    carriers = pd.DataFrame(
        _carrier_rows(traced, pickups.itertuples(index=False), totals if articles is not None else None),
        columns=list(CARRIER_COLUMNS),
    )
    whole = {"articles": "Int64", "median_lag_s": "Int64", "share": "Float64"}
    return Provenance(
        rows.astype({"last_lag_s": "Int64"}),
        carriers.astype(whole),
        pickups.astype({"lag_s": "Int64", "within_s": "Int64"}),
        by,
    )


def carrier_name(outlet: str | None, url: str | None, by: By, families: Families) -> str | None:
    """Return the carrier of an article: the family, or the outlet, or the host where no outlet is given."""
    if by == "family":
        return families.of(outlet, url)
    return (outlet or "").strip() or url_host(url)


class _Traced:
    """One cluster whose members are named by carrier."""

    def __init__(self, members: list[dict[str, Any]], by: By, families: Families) -> None:
        self.members = members
        self.canonical = next((one for one in members if one["relation"] == _CANONICAL), members[0])
        self.origins = origins(members, families)
        self.of: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in members:
            if (name := carrier_name(one["outlet"], one["url"], by, families)) is not None:
                self.of[name].append(one)
        self.first = carrier_name(self.canonical["outlet"], self.canonical["url"], by, families)

    @property
    def is_shared(self) -> bool:
        return len(self.of) > 1

    def row(self) -> tuple[Any, ...]:
        lags = [one["lag_s"] for one in self.members if one["lag_s"] is not None]
        return (
            self.canonical["cluster_id"], self.canonical["title"], len(self.members), len(self.of),
            len(self.origins), ", ".join(self.origins), self.first, self.canonical["published"],
            max(lags, default=None),
        )  # fmt: skip

    def pickups(self) -> Iterable[tuple[Any, ...]]:
        for name, copies in self.of.items():
            if name == self.first:
                continue
            # Of its copies the earliest; one whose time is known well enough says more than one that is not.
            own = min(copies, key=lambda one: (one["lag_s"] is None, one["lag_s"] or 0))
            yield (
                self.canonical["cluster_id"], name, self.first, own["relation"], own["credit"], own["lag_s"],
                self._within(own),
            )  # fmt: skip

    def _within(self, copy: Mapping[str, Any]) -> int | None:
        times = (copy["published"], self.canonical["published"])
        if copy["lag_s"] is None or None in times:
            return cast("int | None", copy["lag_s"])
        # A feed that knows the day alone gives its first moment.
        return int(copy["lag_s"]) + (_DAY if all(is_midnight(when) for when in times) else 0)


def _carrier_rows(
    traced: list[_Traced], pickups: Iterable[Any], totals: Counter[str] | None
) -> list[tuple[Any, ...]]:
    from statistics import median

    shared: Counter[str] = Counter()
    first: Counter[str] = Counter()
    credits: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sources: defaultdict[str, Counter[str]] = defaultdict(Counter)
    lags: defaultdict[str, list[int]] = defaultdict(list)
    picked_up: Counter[str] = Counter()
    in_days: Counter[str] = Counter()
    for one in traced:
        if one.is_shared:
            for name, copies in one.of.items():
                shared[name] += len(copies)
                credits[name].update(copy["credit"] for copy in copies if copy["credit"])
            if one.first is not None:
                first[one.first] += 1
    for row in pickups:
        picked_up[row.carrier] += 1
        if isinstance(row.first, str):
            sources[row.carrier][row.first] += 1
        if row.lag_s == row.lag_s and row.lag_s is not None:  # pandas makes nan of None among numbers
            lags[row.carrier].append(int(row.lag_s))
            in_days[row.carrier] += int(row.within_s) > int(row.lag_s)
    rows = []
    for name in sorted({*shared, *picked_up, *(totals or ())}, key=lambda name: (-shared[name], name)):
        n = None if totals is None else totals[name]
        source, times = _most(sources[name])
        rows.append((
            name, n, shared[name], shared[name] / n if n else None, first[name], picked_up[name],
            round(median(lags[name])) if lags[name] else None, 2 * in_days[name] > len(lags[name]),
            source, times, _most(credits[name])[0],
        ))  # fmt: skip
    return rows


def _most(counted: Counter[str]) -> tuple[str | None, int]:
    return min(counted.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))


def _frame(clusters: pd.DataFrame | ClusterReport) -> pd.DataFrame:
    import pandas as pd

    frame = clusters if isinstance(clusters, pd.DataFrame) else clusters.members.to_pandas()
    if "credit_tier" not in frame.columns:  # clusters written before tiers were told
        frame = frame.assign(credit_tier=None)
    missing = [name for name in _READ if name not in frame.columns]
    if missing:
        raise SettingsError(
            f"no column {', '.join(missing)} in the clusters", "give what Index.clusters() returns"
        )
    if not isinstance(frame["published"].dtype, pd.DatetimeTZDtype):  # read from a csv
        published = pd.to_datetime(frame["published"], utc=True, format="ISO8601", errors="coerce")
        return frame.assign(published=published)
    return frame


def _by_cluster(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    clusters: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    for values in zip(*columns, strict=True):
        member = dict(zip(frame.columns, values, strict=True))
        member["lag_s"] = None if member["lag_s"] is None else int(member["lag_s"])
        clusters[member["cluster_id"]].append(member)
    return dict(clusters)
