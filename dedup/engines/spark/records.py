"""Which of several records of one article is current, as in an index into which all files are loaded at once.

Of several texts that is the last changed (`dedup.index.rules`, the rule ``version``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.article import ARTICLE_SCHEMA
from dedup.engines.spark.packets import Ints, column
from dedup.errors import IndexFolderError
from dedup.index.identity import display_id

ARRIVAL_SCHEMA: Final = pa.schema(
    [*ARTICLE_SCHEMA, *(pa.field(name, pa.int64()) for name in ("key", "proof", "content", "stamp"))]
)
"""A record as it arrived, with what `dedup.index.identity` says of it."""

_RANKING: Final = ["key", "proof", "content", "stamp", "file", "line"]


def first_of_each(arrivals: pa.Table) -> pa.Table:
    """Return each text of each article once; of equal records the first by file and line.

    Parameters
    ----------
    arrivals : pa.Table
        n rows of `ARRIVAL_SCHEMA`.

    Returns
    -------
    pa.Table
        At most n rows of it, ordered by key.
    """
    order, new = _ranked(arrivals)
    return arrivals.take(pa.array(order[new]))


def current(tables: list[pa.Table]) -> list[pa.Table]:
    """Return tables with the last text of each article alone.

    Parameters
    ----------
    tables : list of pa.Table
        Of `ARRIVAL_SCHEMA`: all records of their articles.

    Returns
    -------
    list of pa.Table
        Each with some rows of one that was given, and none empty.

    Raises
    ------
    IndexFolderError
        If two different articles share a key.
    """
    if not tables:
        return []
    light = pa.concat_tables([table.select(_RANKING) for table in tables])
    order, new = _ranked(light)
    rows = order[new]
    key, proof = column(light, "key")[rows], column(light, "proof")[rows]
    same = key[1:] == key[:-1]
    wrong = np.flatnonzero(same & (proof[1:] != proof[:-1]))
    if len(wrong):
        row = int(rows[wrong[0] + 1])
        raise IndexFolderError(
            f"{light['file'][row].as_py()}:{light['line'][row].as_py()}: this record's 64-bit key "
            f"{display_id(None, light['key'][row].as_py())} is that of a different article (a hash "
            "collision)",
            "change its id, or leave the record out",
        )
    last = np.ones(len(key), np.bool_)
    last[:-1] = ~same
    kept = np.sort(rows[last])
    ends = np.cumsum([len(table) for table in tables])
    parts = np.split(kept, np.searchsorted(kept, ends[:-1]))
    begins = np.append(0, ends[:-1])
    return [
        table.take(pa.array(part - begin))
        for table, part, begin in zip(tables, parts, begins, strict=True)
        if len(part)
    ]


def _ranked(arrivals: pa.Table) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the rows by key and rank, then file and line, and which of them differ from the one before."""
    files = arrivals["file"].combine_chunks().dictionary_encode()
    rank = np.argsort(np.argsort(np.array(files.dictionary.to_pylist(), object), kind="stable"))
    file = rank[files.indices.to_numpy()] if len(arrivals) else np.empty(0, np.int64)
    same = [column(arrivals, name) for name in ("proof", "content", "stamp", "key")]
    order = np.lexsort((column(arrivals, "line"), file, *same))
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for values in same:
        new[1:] |= np.diff(values[order]) != 0
    return order, new
