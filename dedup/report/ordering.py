"""Which clusters of a member table are shown, and in which order.

Everything is column arithmetic over the Arrow table: a report over a week of
feeds has a million rows, and a Python loop over them would cost more than
finding the clusters did. Every order is total, so the same clusters always
come out as the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from dedup.settings import Settings

CANONICAL: Final = "canonical"
"""The relation a canonical article has to itself; the others are `dedup.settings.RELATIONS`. Ids do not tell
it: outlets may number their articles alike."""

_SORT_COLUMN: Final = {"size": "size", "recent": "last", "lag": "lag", "outlets": "outlets"}


def cluster_starts(members: pa.Table) -> npt.NDArray[np.int64]:
    """Return the row at which each cluster begins, and the number of rows as the last entry."""
    rows = members.num_rows
    if rows == 0:
        return np.zeros(1, dtype=np.int64)
    ids = members.column("cluster_id").combine_chunks()
    changes = pc.not_equal(ids.slice(1), ids.slice(0, rows - 1)).to_numpy(zero_copy_only=False)
    return np.concatenate(([0], np.flatnonzero(changes) + 1, [rows])).astype(np.int64)


def cluster_facts(members: pa.Table) -> pa.Table:
    """Return one row per cluster with what it is sorted and chosen by.

    Returns
    -------
    pa.Table
        ``cluster_id``, ``size``, ``outlets`` (how many), ``first`` and ``last`` (published), ``lag`` (the
        greatest, in seconds); clusters in the order of their first rows.
    """
    # One thread: only then does Arrow keep the groups in order of appearance.
    grouped = members.group_by("cluster_id", use_threads=False).aggregate(
        [
            ("size", "max"),
            ("outlet", "count_distinct", pc.CountOptions(mode="only_valid")),
            ("published", "min"),
            ("published", "max"),
            ("lag_s", "max"),
        ]
    )
    given = ["cluster_id", "size_max", "outlet_count_distinct", "published_min", "published_max", "lag_s_max"]
    return grouped.select(given).rename_columns(["cluster_id", "size", "outlets", "first", "last", "lag"])


def sorted_members(members: pa.Table, by: str) -> pa.Table:
    """Return the members with clusters in order `by` and, within each, the canonical article first.

    Parameters
    ----------
    members : pa.Table
        `MEMBER_SCHEMA`, rows in any order.
    by : str
        One of `dedup.settings.SORTS`.

    Raises
    ------
    ValueError
        If `by` is no such order.
    """
    if by not in _SORT_COLUMN:
        raise ValueError(f"no order {by!r}; there are {', '.join(_SORT_COLUMN)}")
    if members.num_rows == 0:
        return members
    facts = cluster_facts(members)
    keys = [(_SORT_COLUMN[by], "descending"), ("size", "descending"), ("first", "ascending")]
    facts = facts.sort_by([*dict(keys).items(), ("cluster_id", "ascending")])
    rank = pc.index_in(members.column("cluster_id"), value_set=facts.column("cluster_id").combine_chunks())
    follows = pc.cast(pc.not_equal(members.column("relation"), CANONICAL), pa.int8())
    order = pc.sort_indices(
        pa.table(
            {
                "rank": rank,
                "follows": follows,
                "published": members.column("published"),
                "article_id": members.column("article_id"),
            }
        ),
        sort_keys=[(name, "ascending") for name in ("rank", "follows", "published", "article_id")],
    )
    return members.take(order)


def chosen_members(
    members: pa.Table,
    *,
    min_size: int = 2,
    outlets: Sequence[str] = (),
    across_outlets: bool = False,
    relations: Sequence[str] = (),
) -> pa.Table:
    """Return the members of the clusters asked for, in the order given.

    Parameters
    ----------
    members : pa.Table
        `MEMBER_SCHEMA`.
    min_size : int
        Least ``size`` of a cluster.
    outlets : sequence of str
        One of these carries it (case ignored); empty: any.
    across_outlets : bool
        Two or more outlets carry it.
    relations : sequence of str
        Members of these relations only, each cluster with its canonical article; a cluster that has no
        other member left goes. Empty: all.
    """
    if relations:
        ids = members.column("cluster_id")
        is_asked = pc.and_kleene(
            pc.is_in(members.column("relation"), value_set=pa.array(list(relations), pa.string())),
            pc.not_equal(members.column("relation"), CANONICAL),
        )
        is_canonical = pc.equal(members.column("relation"), CANONICAL)
        has_asked = pc.is_in(ids, value_set=_flat(ids.filter(is_asked)))
        members = members.filter(pc.or_(is_asked, pc.and_(is_canonical, has_asked)))
    facts = cluster_facts(members)
    wanted: Any = pc.greater_equal(facts.column("size"), min_size)
    if across_outlets:
        wanted = pc.and_(wanted, pc.greater_equal(facts.column("outlets"), 2))
    if outlets:
        names = pa.array([name.lower() for name in outlets], pa.string())
        carried = members.filter(pc.is_in(pc.utf8_lower(members.column("outlet")), value_set=names))
        ids = _flat(carried.column("cluster_id"))
        wanted = pc.and_(wanted, pc.is_in(facts.column("cluster_id"), value_set=ids))
    if pc.all(wanted).as_py() is not False:
        return members
    kept = _flat(facts.filter(wanted).column("cluster_id"))
    return members.filter(pc.is_in(members.column("cluster_id"), value_set=kept))


def links_touching(links: pa.Table, members: pa.Table) -> pa.Table:
    """Return the links one of whose clusters is among `members`."""
    ids = pc.unique(members.column("cluster_id"))
    ends = (pc.is_in(links.column(name), value_set=ids) for name in ("cluster_a", "cluster_b"))
    return links.filter(pc.or_(*ends))


def composites_around(composites: pa.Table, members: pa.Table, article_id: str) -> pa.Table:
    """Return the composites that draw on a cluster of `members`, and the one that is the article named."""
    ids = set(pc.unique(members.column("cluster_id")).to_pylist())
    rows = zip(
        composites.column("article_id").to_pylist(), composites.column("clusters").to_pylist(), strict=True
    )
    return composites.filter(
        pa.array([own == article_id or bool(ids & set(of or ())) for own, of in rows], pa.bool_())
    )


def links_between(links: pa.Table, members: pa.Table) -> pa.Table:
    """Return the links both of whose clusters are among `members`."""
    ids = pc.unique(members.column("cluster_id"))
    ends = (pc.is_in(links.column(name), value_set=ids) for name in ("cluster_a", "cluster_b"))
    return links.filter(pc.and_(*ends))


def _flat(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; value sets may not be chunked."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def composites_of(composites: pa.Table, members: pa.Table, settings: Settings) -> pa.Table:
    """Return the composites to show: all, or under a choice those that draw on a chosen cluster."""
    if not (settings.outlets or settings.relations or settings.across_outlets):
        return composites
    shown = set(pc.unique(members["cluster_id"]).to_pylist())
    kept = [not shown.isdisjoint(clusters or ()) for clusters in composites["clusters"].to_pylist()]
    return composites.filter(pa.array(kept, pa.bool_()))
