"""The credits of many articles at once, at the cost of the few that can have one.

Compiled passes over the Arrow buffers say in which texts, titles, lines and URLs a credit can stand; the
search itself (`dedup.text.credit.find`) sees only these, and bylines, credits and outlets once each. The
answers are those of the search without the passes. No column is held as Python strings as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.text.credit.agencies import Agency
from dedup.text.credit.columns import WHOLE, Bytes, bytes_of, holds_any, is_utf8
from dedup.text.credit.context import AROUND
from dedup.text.credit.evidence import Credit, rank_of
from dedup.text.credit.fields import (
    FIELD_LIMIT,
    STYLE,
    at_name,
    in_closing,
    in_line,
    in_text,
    in_title,
    in_wordings,
)
from dedup.text.credit.gate import BROKEN, Gate
from dedup.text.credit.literals import Literals
from dedup.text.credit.names import Table, table_of
from dedup.text.credit.site import URL_LIMIT, host_agency, in_outlet, in_url, outlet_agency

_ROWS: Final = 8192  # at a time: their hits are lists of numbers


class _Gates:
    """What is looked for in each field before it is searched."""

    def __init__(self, table: Table) -> None:
        self.texts = Gate(table)
        # A name ends where no word goes on (`find_names`); a wording may stand before anything.
        names = {_longest(name): WHOLE for name in (*table.names, *table.folded) if name.strip()}
        rests = [rest for _, rest, *_ in table.phrases] + ([STYLE] if table.style is not None else [])
        wordings = {_longest(rest): 0 for rest in rests if rest.strip()}
        domains = {domain: 0 for domain in table.domains}
        sections = {f"/{section}": WHOLE for section in table.sections}
        beginnings = {f"/{start}": 0 for start in table.beginnings if start.endswith("-")}
        self.lines = _folded({**names, **wordings})
        self.hosts = _folded(domains)
        self.urls = _folded({**domains, **sections, **beginnings})


def _longest(wording: str) -> str:
    return max(wording.casefold().split(), key=len)


def _folded(literals: dict[str, int]) -> Literals:
    # Values that are not ASCII pass anyway (`holds_any`), so only ASCII ones need be looked for.
    return Literals.of([pair for pair in literals.items() if pair[0].isascii()], fold=True)


@lru_cache(maxsize=8)
def _gates_of(table: Table) -> _Gates:
    return _Gates(table)


def find_credits(
    articles: pa.Table | pa.RecordBatch, agencies: Sequence[Agency] | None = None
) -> list[Credit | None]:
    """Return `find_credit` of every article of a table or batch, in its order.

    Parameters
    ----------
    articles : pyarrow.Table or RecordBatch
        Columns of `dedup.article.ARTICLE_SCHEMA`; those that are missing count as empty.
    agencies : sequence of Agency, optional
        The table, `load_agencies()` by default.

    Returns
    -------
    list of (Credit or None), length ``articles.num_rows``
    """
    table = table_of(agencies)
    gates = _gates_of(table)
    out: list[Credit | None] = []
    whole = pa.Table.from_batches([articles]) if isinstance(articles, pa.RecordBatch) else articles
    known = whole.select([name for name in _FIELDS if name in whole.column_names])
    for part in known.to_batches(max_chunksize=_ROWS) if known.num_columns else ():
        best: list[Credit | None] = [None] * part.num_rows
        for name in part.schema.names:
            for row, credit in _FIELDS[name](part.column(name), table, gates):
                held = best[row]
                if held is None or rank_of(credit) < rank_of(held):
                    best[row] = credit
        out += best
    return out or [None] * articles.num_rows


def agency_outlets(outlets: pa.Array, urls: pa.Array) -> NDArray[np.bool_]:
    """Return `is_agency_outlet` of many articles: each outlet and host is looked up once.

    Parameters
    ----------
    outlets, urls : pyarrow Array or ChunkedArray of string, length n

    Returns
    -------
    bool array, shape (n,)

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    return site_agencies(outlets, urls) >= 0


def site_agencies(
    outlets: pa.Array, urls: pa.Array, agencies: Sequence[Agency] | None = None
) -> NDArray[np.int64]:
    """Return of many articles the agency on whose own site each stands, by outlet name or else by host.

    Parameters
    ----------
    outlets, urls : pyarrow Array or ChunkedArray of string, length n
    agencies : sequence of Agency, optional
        The table, `load_agencies()` by default.

    Returns
    -------
    int array, shape (n,)
        Place in the table, -1 for none.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if len(outlets) != len(urls):
        raise ValueError(f"{len(outlets)} outlets, but {len(urls)} URLs")
    table = table_of(agencies)
    hosts = _gates_of(table).hosts
    own = [np.empty(0, np.int64)]
    for column in _chunks(outlets):
        values, codes = _distinct(column)
        found = [table.place_of(outlet_agency(value, table)) if value else -1 for value in values]
        own.append(np.array([*found, -1])[codes])
    out: NDArray[np.int64] = np.concatenate(own)
    known: dict[str, int] = {}
    base = 0
    for column in _chunks(urls):
        texts = bytes_of(column)
        for row in np.flatnonzero(holds_any(texts, hosts, URL_LIMIT)).tolist():
            url = _string(texts, row)
            # No slash precedes the two before the host, and none is in it.
            site = "/".join(url.split("/", 3)[:3])
            if site not in known:
                of_host = host_agency(url, table)
                known[site] = table.place_of(of_host and of_host[0])
            if out[base + row] < 0:
                out[base + row] = known[site]
        base += len(column)
    return out


def _chunks(column: Any) -> list[pa.Array]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _string(values: Bytes, row: int) -> str:
    data, begins, ends = values
    # A feed's broken bytes must not stop the report.
    return str(data[begins[row] : ends[row]].data, "utf-8", "replace")


def _distinct(column: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct values of a column, and of each row the place among them, -1 for null."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = bytes_of(encoded.dictionary)
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return [_string(texts, row) for row in range(len(encoded.dictionary))], codes


Found = Iterator[tuple[int, Credit]]


def _in_texts(column: pa.Array, table: Table, gates: _Gates) -> Found:
    texts = bytes_of(column)
    numbers = (array.tolist() for array in gates.texts.hits(texts, sound=is_utf8(column)))
    for row, hits in groupby(zip(*numbers, strict=True), itemgetter(0)):
        text = _string(texts, row)
        phrases: set[int] = set()
        last = len(text)  # a name after it is not where the best credit is
        for _, at, length, literal, rules in hits:
            if literal == BROKEN:
                yield from ((row, credit) for credit in in_text(text, table))
            elif literal < 0:
                phrases.add(-1 - literal)
            else:
                start = at if at >= 0 else len(text) + at
                if start > last:
                    continue
                agency, strength = table.names[table.ordered[literal]]
                for credit in at_name(text, start, start + length, agency, strength, rules):
                    if credit.tier == "sure":  # none of a later start is better, and none reaches back more
                        last = min(last, credit.start + AROUND)
                    yield row, credit
        if phrases:
            wanted = [phrase for number, phrase in enumerate(table.phrases) if number in phrases]
            yield from ((row, credit) for credit in in_wordings(text, wanted))
        if len(table.phrases) in phrases:
            yield from ((row, credit) for credit in in_closing(text, table))


def _in_titles(column: pa.Array, table: Table, gates: _Gates) -> Found:
    titles = bytes_of(column)
    for row in np.unique(gates.texts.hits(titles, rules=False, sound=is_utf8(column)).row).tolist():
        yield from ((row, credit) for credit in in_title(_string(titles, row), table))


def _in_lines(field: Literal["byline", "credit"]) -> Callable[[pa.Array, Table, _Gates], Found]:
    def search(column: pa.Array, table: Table, gates: _Gates) -> Found:
        values, codes = _distinct(column)
        passed = holds_any(bytes_of(pa.array(values, pa.large_string())), gates.lines, FIELD_LIMIT)
        each = zip(values, passed.tolist(), strict=True)
        return _spread(codes, [list(in_line(value, table, field)) if held else [] for value, held in each])

    return search


def _in_outlets(column: pa.Array, table: Table, gates: _Gates) -> Found:
    values, codes = _distinct(column)
    return _spread(codes, [list(in_outlet(value, table)) if value else [] for value in values])


def _spread(codes: NDArray[np.int64], found: list[list[Credit]]) -> Found:
    """Yield for each row what was found in its value."""
    some = np.array([*map(bool, found), False])
    for row in np.flatnonzero(some[codes]).tolist():
        yield from ((row, credit) for credit in found[codes[row]])


def _in_urls(column: pa.Array, table: Table, gates: _Gates) -> Found:
    urls = bytes_of(column)
    for row in np.flatnonzero(holds_any(urls, gates.urls, URL_LIMIT + 1)).tolist():
        yield from ((row, credit) for credit in in_url(_string(urls, row), table))


_FIELDS: Final[dict[str, Callable[[pa.Array, Table, _Gates], Found]]] = {
    "text": _in_texts,
    "title": _in_titles,
    "byline": _in_lines("byline"),
    "credit": _in_lines("credit"),
    "url": _in_urls,
    "outlet": _in_outlets,
}
