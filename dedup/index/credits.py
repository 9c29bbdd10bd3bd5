"""Credits as columns: of the members of clusters, and of every article on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.credit import NONE, Votes, cluster_credits
from dedup.engines.corpus import Ints
from dedup.report.schema import CREDIT_SCHEMA
from dedup.text.credit import RANK, Agency, Credit, find_credits, load_agencies, site_agencies

FOUND_SCHEMA: Final = pa.schema(
    [
        pa.field("agency", pa.string()),
        pa.field("tier", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("field", pa.string()),
        pa.field("start", pa.int32()),
        pa.field("end", pa.int32()),
        pa.field("evidence", pa.string()),
    ]
)
"""`Credit` as columns, all null where there is none."""


def found_table(credits: Sequence[Credit | None]) -> pa.Table:
    """Return credits as `FOUND_SCHEMA`, a row each."""
    columns = [
        pa.array([one and getattr(one, field.name) for one in credits], field.type) for field in FOUND_SCHEMA
    ]
    return pa.table(columns, schema=FOUND_SCHEMA)


def credit_columns(
    rows: pa.Table,
    credits: pa.Table,
    cluster: Ints,
    published_s: Ints,
    agencies: Sequence[Agency] | None,
) -> dict[str, pa.Array]:
    """Return the columns of `MEMBER_SCHEMA` that tell where members and clusters come from.

    Parameters
    ----------
    rows : pa.Table
        Columns ``outlet`` and ``url`` of m members.
    credits : pa.Table
        `FOUND_SCHEMA`, m rows.
    cluster, published_s : int array, shape (m,)
        Number of the cluster; seconds, `UNKNOWN` where unknown.
    agencies : sequence of Agency, optional
        The table the credits were found by.
    """
    table = load_agencies() if agencies is None else tuple(agencies)
    names = [agency.name for agency in table]
    places = {name: place for place, name in enumerate(names)}
    agency = _numbered(credits["agency"], places)
    tier = _numbered(credits["tier"], RANK)
    publisher = np.array([one.publisher for one in table] or [False], np.bool_)[agency]
    at_home = (agency >= 0) & (site_agencies(rows["outlet"], rows["url"], agencies) == agency)
    by_site = pc.is_in(credits["field"], pa.array(["url", "outlet"])).to_numpy()
    votes = Votes(
        cluster,
        agency,
        np.where(by_site & at_home & publisher, RANK["likely"], tier),
        at_home & ~publisher,
        published_s,
    )
    general = np.array([not one.own_site for one in table], np.bool_)
    clusters = cluster_credits(votes, names, general, int(cluster.max()) + 1)
    tiers = pa.array([*RANK], pa.string())

    def taken(values: pa.Array, of: Ints) -> pa.Array:
        return values.take(pa.array(of, mask=of == NONE))

    each = pa.array(names, pa.string())
    return {
        "credit": taken(each, agency),
        "credit_tier": taken(tiers, tier),
        "credit_kind": credits["kind"],
        "credit_evidence": credits["evidence"],
        "cluster_credit": taken(each, clusters.agency[cluster]),
        "cluster_credit_tier": taken(tiers, clusters.tier[cluster]),
        "cluster_credits": pa.array(clusters.told, pa.string()).take(pa.array(cluster)),
    }


def credit_table(rows: pa.Table, ids: pa.Array, agencies: Sequence[Agency] | None = None) -> pa.Table:
    """Return the credit of each article; one without a credit has nulls.

    Parameters
    ----------
    rows : pa.Table
        Columns of `dedup.article.ARTICLE_SCHEMA`.
    ids : string array
        What the articles are called.
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.

    Returns
    -------
    pa.Table
        `CREDIT_SCHEMA`, one row per article.
    """
    credits = find_credits(rows, agencies)
    table = load_agencies() if agencies is None else tuple(agencies)
    names = [agency.name for agency in table]
    sites = site_agencies(rows["outlet"], rows["url"], agencies).tolist()
    own = [
        one is not None and site >= 0 and names[site] == one.agency
        for one, site in zip(credits, sites, strict=True)
    ]
    found = dict(zip(FOUND_SCHEMA.names, found_table(credits).columns, strict=True))
    columns = {"article_id": ids, **found, "own_site": pa.array(own, pa.bool_())}
    arrays = [columns[name] if name in columns else rows[name] for name in CREDIT_SCHEMA.names]
    return pa.table(arrays, names=CREDIT_SCHEMA.names).cast(CREDIT_SCHEMA)


def _numbered(column: pa.ChunkedArray, numbers: Mapping[str, int]) -> Ints:
    """Return the number of each value, `NONE` for null."""
    encoded = column.combine_chunks().dictionary_encode()
    found = [numbers[value] for value in encoded.dictionary.to_pylist()]
    each: Ints = np.array([*found, NONE], np.int64)[encoded.indices.fill_null(len(found)).to_numpy()]
    return each


def chosen_credits(credits: pa.Table, agencies: Sequence[str], least: str, everything: bool) -> pa.Table:
    """Return the rows of a table of credits that a user asked for.

    Parameters
    ----------
    credits : pa.Table
        `CREDIT_SCHEMA`.
    agencies : sequence of str
        Only these, case ignored; empty: any.
    least : str
        Worst tier.
    everything : bool
        Articles without a credit too.
    """
    tiers = [tier for tier, rank in RANK.items() if rank <= RANK[least]]
    kept = pc.is_in(credits["tier"], pa.array(tiers, pa.string()))
    if agencies:
        asked = pa.array([name.lower() for name in agencies], pa.string())
        kept = pc.and_(kept, pc.is_in(pc.utf8_lower(credits["agency"]), asked))
    if everything:
        kept = pc.or_(kept, pc.is_null(credits["agency"]))
    return credits.filter(kept)
