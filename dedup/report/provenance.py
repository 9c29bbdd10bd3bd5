"""Who was first and who picked up: per outlet or family, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.cells import cell_len

from dedup.report.layout import Canvas
from dedup.report.wording import count, duration, fitted, lag, percent, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from dedup.provenance.trace import Provenance

CARRIERS_SHOWN: Final = 20
_GAP: Final = "  "
# Right-aligned columns of figures: heading, least width of a line that has room for it.
_FIGURES: Final = (("articles", 0), ("shared", 0), ("share", 0), ("first", 70), ("lag", 0))
_DAY: Final = 86_400
_SOURCE_FROM: Final = 90  # width from which there is room for whom it copies most
_CREDIT_FROM: Final = 130
_LEAST_NAME: Final = 12


def carriers_table(found: Provenance) -> pa.Table:
    """Return one row per carrier as an Arrow table, for csv."""
    import pyarrow as pa

    return pa.Table.from_pylist(_records(found), schema=_schema())


def provenance_json(found: Provenance, top: int | None = None) -> str:
    """Return the carriers, how fast copies travelled and what clusters go back to, as one JSON object.

    Parameters
    ----------
    found : Provenance
    top : int, optional
        Only the first so many carriers.
    """
    spread = found.pickups["within_s"].dropna()
    shared = found.clusters[found.clusters["carriers"] > 1]
    record = {
        "by": found.by,
        "clusters": len(found.clusters),
        "shared_clusters": len(shared),
        "pickups": len(found.pickups),
        "pickups_timed": len(spread),
        "within_s": {
            f"p{share}": round(float(spread.quantile(share / 100))) if len(spread) else None
            for share in (10, 50, 90)
        },
        "origins": {str(number): n for number, n in sorted(shared["origins"].value_counts().items())},
        "carriers": _records(found)[:top],
    }
    return orjson.dumps(record, option=orjson.OPT_INDENT_2).decode()


def provenance_lines(found: Provenance, canvas: Canvas, top: int | None = CARRIERS_SHOWN) -> Iterator[str]:
    """Yield the lines of the table of carriers; parameters as `provenance_json`."""
    records = _records(found)
    if not records:
        yield "No outlets: the articles name none."
        return
    shown = records[:top]
    figures = [(name, _width(name, shown)) for name, least in _FIGURES if canvas.width >= least]
    used = sum(width + len(_GAP) for _, width in figures)
    names = max(cell_len(printable(one["name"])) for one in shown)
    sources = _texts(shown, "mostly_from") if canvas.width >= _SOURCE_FROM else []
    credits = _texts(shown, "mostly_credits") if canvas.width >= _CREDIT_FROM else []
    left = canvas.width - used
    credit = min(max(len("credits most"), *map(cell_len, credits)), 24) if any(credits) else 0
    left -= credit + len(_GAP) if credit else 0
    source = max(cell_len("copies most from"), *map(cell_len, sources)) if any(sources) else 0
    name = min(max(names, len(found.by)), max(left - (source + len(_GAP) if source else 0), _LEAST_NAME))
    if source:
        name = min(name, max(left * 55 // 100, _LEAST_NAME))
        source = min(source, left - name - len(_GAP))
    heads = [fitted(found.by, name), *(fitted(head, width, right=True) for head, width in figures)]
    heads += [fitted("copies most from", source)] * bool(source) + [fitted("credits most", credit)] * bool(
        credit
    )
    yield canvas.paint(_GAP.join(heads), "dim")
    for one in shown:
        cells = [canvas.paint(fitted(printable(one["name"]), name), "bold")]
        cells += [fitted(_figure(one, head), width, right=True) for head, width in figures]
        if source:
            cells.append(fitted(_source(one), source))
        if credit:
            cells.append(canvas.paint(fitted(printable(one["mostly_credits"]), credit), "green"))
        yield _GAP.join(cells)
    if (more := len(records) - len(shown)) > 0:
        yield canvas.paint(f"… {more:,} more; --top 0 prints all", "dim")
    yield ""
    yield from _summary(found, canvas)


def _summary(found: Provenance, canvas: Canvas) -> Iterator[str]:
    shared = found.clusters[found.clusters["carriers"] > 1]
    nouns = {"outlet": "outlets", "family": "families"}[found.by]
    said = f"{count(len(shared), 'story', 'stories')} in two {nouns} or more"
    if len(shared):
        # The widest journey of one text: what "37 outlets, 2 origins" is said of.
        widest = shared.sort_values(["carriers", "cluster_id"], ascending=[False, True]).iloc[0]
        said += (
            f"; the widest: {widest['carriers']:,} {nouns}, {count(int(widest['origins']), 'origin')} "
            f"({printable(widest['origin_names'])})"
        )
    yield from canvas.wrapped(said + ".", 4)
    lags = found.pickups["within_s"].dropna()
    if len(lags):
        half, most = (duration(float(lags.quantile(share))) for share in (0.5, 0.9))
        text = (
            f"Of {count(len(lags), 'pick-up')} of known lag half came within {half} of the first copy, "
            f"nine in ten within {most}."
        )
        yield from canvas.wrapped(text, 4)
    yield from canvas.wrapped(
        "shared: articles whose story another one carries too. first: stories it was the first to carry. "
        "lag: the median of what it picked up.",
        4,
    )


def _records(found: Provenance) -> list[dict[str, Any]]:
    rows = found.carriers.astype(object).to_dict("records")
    # pandas has several ways to say that there is nothing; JSON and Arrow have one.
    return [{str(name): None if value != value or _is_na(value) else value for name, value in row.items()}
            for row in rows]  # fmt: skip


def _is_na(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, whole, real = pa.string(), pa.int64(), pa.float64()
    return pa.schema({
        "name": text, "articles": whole, "shared": whole, "share": real, "first": whole, "picked_up": whole,
        "median_lag_s": whole, "lag_in_days": pa.bool_(), "mostly_from": text, "mostly_from_n": whole,
        "mostly_credits": text,
    })  # fmt: skip


def _figure(one: dict[str, Any], name: str) -> str:
    if name == "share":
        return "" if one["share"] is None else percent(one["shared"], one["articles"])
    if name == "lag":
        if one["median_lag_s"] is None:
            return ""
        if one["lag_in_days"]:
            return lag(round(one["median_lag_s"] / _DAY) * _DAY, first=False, days=True).removeprefix("+")
        return duration(one["median_lag_s"])
    return "" if one[name] is None else f"{one[name]:,}"


def _width(name: str, shown: list[dict[str, Any]]) -> int:
    return max(len(name), *(len(_figure(one, name)) for one in shown))


def _texts(shown: list[dict[str, Any]], name: str) -> list[str]:
    if name == "mostly_from":
        return [_source(one) for one in shown]
    return [printable(one[name]) for one in shown]


def _source(one: dict[str, Any]) -> str:
    return f"{printable(one['mostly_from'])} ({one['mostly_from_n']:,})" if one["mostly_from"] else ""
