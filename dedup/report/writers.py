"""Tables to csv, JSON lines and Parquet: raw data, the same bytes for the same tables.

csv lines are put together column by column (a million rows in 1.7 s
where Python's writer takes 5). Nothing is escaped beyond quoting: csv is data.
A spreadsheet that would run a cell beginning with ``=`` is served by
`safe_cells`, on demand, because it alters the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dedup.cluster.credit import counts_told
from dedup.report.schema import CANONICAL, ClusterReport

_ROWS: Final = 16_384  # rows turned into Python objects at a time
_CSV_ROWS: Final = 4_096  # bounds the text held at once, also where articles are long
_MUST_BE_QUOTED: Final = r'[",\r\n]'
# OWASP, "CSV injection"; the wide forms count where Chinese or Japanese is the language of the program.
_RUNS_AS_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
_SHARED: Final = ["cluster_id", "size", "cluster_credit", "cluster_credit_tier", "cluster_credits"]
_DAY_S: Final = 86_400
_MINUTE_S: Final = 60


def write_report(report: ClusterReport, format: str, file: BinaryIO, *, csv_safe: bool = False) -> None:
    """Write the clusters of a report.

    Parameters
    ----------
    report : ClusterReport
        csv and parquet get its member table, jsonl one object per cluster.
    format : str
        ``csv``, ``jsonl`` or ``parquet``.
    file : BinaryIO
        Need not be seekable.
    csv_safe : bool
        Put an apostrophe before cells a spreadsheet would run.
    """
    if format == "jsonl":
        for record in cluster_records(report):
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    else:
        write_batches([report.members], report.members.schema, format, file, csv_safe=csv_safe)


def write_batches(
    batches: Iterable[pa.RecordBatch | pa.Table],
    schema: pa.Schema,
    format: str,
    file: BinaryIO,
    *,
    csv_safe: bool = False,
) -> int:
    """Write rows of any schema, one csv row or JSON object each, and return how many.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch or pa.Table
        All of `schema`; they are written as they come, never held together.
    schema : pa.Schema
        Also what the header is made of when there are no rows.
    format : str
        ``csv``, ``jsonl`` or ``parquet``.
    file : BinaryIO
        Need not be seekable.
    csv_safe : bool
        Put an apostrophe before cells a spreadsheet would run.
    """
    write = _WRITERS[format]
    return write(batches, schema, file, csv_safe)


def cluster_records(report: ClusterReport) -> Iterator[dict[str, Any]]:
    """Yield one JSON object per cluster: what it is, its canonical article, members, links, composites."""
    linked: defaultdict[str, set[str]] = defaultdict(set)
    for link in report.links.to_pylist():
        linked[link["cluster_a"]].add(link["cluster_b"])
        linked[link["cluster_b"]].add(link["cluster_a"])
    composites: defaultdict[str, list[str]] = defaultdict(list)
    for composite in report.composites.to_pylist():
        for cluster_id in composite["clusters"] or ():
            composites[cluster_id].append(composite["article_id"])
    for shared, members in _by_cluster(report):
        cluster_id = shared["cluster_id"]
        dates = [member["published"] for member in members if member["published"] is not None]
        canonical = next((one for one in members if one["relation"] == CANONICAL), members[0])
        yield {
            "cluster_id": cluster_id,
            "size": shared["size"],
            "outlets": sorted({one["outlet"] for one in members if one["outlet"] is not None}),
            "first": min(dates, default=None),
            "last": max(dates, default=None),
            "canonical": {
                name: canonical[name]
                for name in ("article_id", "outlet", "published", "title", "url", "credit")
            },
            "members": members,
            "linked": sorted(linked.get(cluster_id, ())),
            "composites": sorted(composites.get(cluster_id, ())),
            "credit": shared["cluster_credit"],
            "credit_tier": shared["cluster_credit_tier"],
            "credits": counts_told(shared["cluster_credits"]),
        }


def _by_cluster(report: ClusterReport) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield what the members of each cluster share, and the members without it."""
    # Many clusters are turned into objects at once: a slice and a conversion each would cost
    # more than the objects themselves.
    waiting: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    for begin in range(0, report.members.num_rows, _ROWS):
        table = report.members.slice(begin, _ROWS)
        same = table.select(_SHARED).to_pylist()
        records = _texts(table.drop_columns([*_SHARED, "canonical_id"])).to_pylist()
        for shared, record in zip(same, records, strict=True):
            if waiting and current["cluster_id"] != shared["cluster_id"]:
                yield current, waiting
                waiting = []
            if not waiting:
                current = shared
            waiting.append(record)
    if waiting:
        yield current, waiting


def safe_cells(table: pa.Table) -> pa.Table:
    """Return `table` with an apostrophe before every text that a spreadsheet would run as a formula."""
    for position, name in enumerate(table.schema.names):
        column = table.column(position)
        if pa.types.is_string(column.type):
            guarded = pc.binary_join_element_wise("'", column, "")
            table = table.set_column(
                position,
                name,
                pc.if_else(pc.match_substring_regex(column, _RUNS_AS_FORMULA), guarded, column),
            )
    return table


def _texts(table: pa.Table) -> pa.Table:
    """Return `table` with times as ISO 8601 text, to the precision the article gives."""
    names = table.schema.names
    precision = table.column("precision_s") if "precision_s" in names else None
    for position, name in enumerate(names):
        column = table.column(position)
        if pa.types.is_timestamp(column.type):
            exact = precision if name == "published" else None
            table = table.set_column(position, name, _iso(column, exact))
    return table


def _iso(times: pa.ChunkedArray, precision_s: pa.ChunkedArray | None) -> pa.ChunkedArray:
    # Arrow prints "2024-11-25 07:31:00". With a time zone a cast takes 30 times as long, even for UTC.
    seconds = pc.cast(pc.floor_temporal(times, unit="second"), pa.timestamp("s", tz="UTC"))
    text = pc.cast(pc.cast(pc.cast(seconds, pa.int64()), pa.timestamp("s")), pa.string())
    text = pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
    if precision_s is None:
        return text
    # A day must not come back as midnight, so an exported feed says no more than the feed it came from.
    known = pc.fill_null(precision_s, 1)
    text = pc.if_else(
        pc.greater_equal(known, _MINUTE_S), pc.replace_substring_regex(text, r":\d\dZ$", "Z"), text
    )
    return pc.if_else(pc.greater_equal(known, _DAY_S), pc.utf8_slice_codeunits(text, 0, 10), text)


def _scores(table: pa.Table) -> pa.Table:
    """Return `table` with scores as text of four decimals; a bare 1 or 1e-04 is no help to a reader."""
    for position, name in enumerate(table.schema.names):
        column = table.column(position)
        if pa.types.is_float64(column.type):
            units = pc.cast(pc.round(pc.multiply(column, 10_000.0)), pa.int64())
            whole = pc.divide(units, 10_000)
            rest = pc.subtract(units, pc.multiply(whole, 10_000))
            digits = pc.utf8_lpad(pc.cast(rest, pa.string()), width=4, padding="0")
            text = pc.binary_join_element_wise(pc.cast(whole, pa.string()), digits, ".")
            table = table.set_column(position, name, text)
    return table


def _joined(table: pa.Table) -> pa.Table:
    """Return `table` with lists of strings as one string; csv has no lists."""
    for position, name in enumerate(table.schema.names):
        column = table.column(position)
        if pa.types.is_list(column.type):
            table = table.set_column(position, name, pc.binary_join(column, " "))
    return table


def _write_csv(
    batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, file: BinaryIO, csv_safe: bool
) -> int:
    rows = 0
    file.write(",".join(schema.names).encode() + b"\n")
    for batch in batches:
        for begin in range(0, batch.num_rows, _CSV_ROWS):
            part = _as_table(batch).slice(begin, _CSV_ROWS)
            table = _joined(_scores(_texts(part)))
            file.write(_csv_lines(safe_cells(table) if csv_safe else table))
            rows += part.num_rows
    return rows


def _csv_lines(table: pa.Table) -> pa.Buffer:
    """Return the rows as csv, a cell quoted where it must be, null and "" both empty.

    Arrow's own writer quotes every text, the header too, which people and grep dislike.
    """
    cells = []
    for column in table.itercolumns():
        text = pc.fill_null(pc.cast(column, pa.string()), "")
        if pa.types.is_string(column.type):
            awkward = pc.match_substring_regex(text, _MUST_BE_QUOTED)
            if pc.any(awkward).as_py():
                quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
                text = pc.if_else(awkward, quoted, text)
        cells.append(text)
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, ","), "", "\n")
    # Freshly computed and in one piece, so its characters stand one line behind the other.
    characters = pc.binary_join(pa.LargeListArray.from_arrays([0, len(lines)], _one_piece(lines)), "")
    return characters.buffers()[2]


def _one_piece(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks)


def _write_jsonl(
    batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, file: BinaryIO, csv_safe: bool
) -> int:
    rows = 0
    for batch in batches:
        table = _texts(_as_table(batch))
        for begin in range(0, table.num_rows, _ROWS):
            records = table.slice(begin, _ROWS).to_pylist()
            file.write(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in records))
            rows += len(records)
    return rows


def _write_parquet(
    batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, file: BinaryIO, csv_safe: bool
) -> int:
    from pyarrow import parquet

    rows = 0
    with parquet.ParquetWriter(_Counting(file), schema, compression="zstd") as writer:
        for batch in batches:
            rows += batch.num_rows
            writer.write_table(_as_table(batch))
    return rows


def _as_table(batch: pa.RecordBatch | pa.Table) -> pa.Table:
    return batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])


class _Counting:
    """What Arrow needs of a file that need not be seekable: it asks for the position, a pipe has none."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""


_WRITERS: Final[dict[str, Callable[..., int]]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}

FORMATS: Final = tuple(_WRITERS)
"""Formats of `write_report` and `write_batches`."""
