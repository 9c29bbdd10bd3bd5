"""What ``dedup check`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dedup.report.wording import count, printable

if TYPE_CHECKING:
    from dedup.index.check.findings import CheckReport, Dropped, RepairReport

_SHOWN: Final = 20


def check_lines(found: CheckReport) -> Iterator[str]:
    """Yield what was checked, what is wrong by file and reason, and the verdict."""
    for line in found.checked:
        yield f"checked  {line}"
    for line in found.notes:
        yield f"note     {printable(line)}"
    for one in found.damage:
        yield f"damaged  {printable(one.file)}: {printable(one.reason)}"
    if found.sound:
        yield f"{found.path}: sound"
    else:
        yield (
            f"{found.path}: damaged in {count(len({one.file for one in found.damage}), 'place')}; "
            f"dedup check {found.path} --repair drops what cannot be read and keeps the rest"
        )


def repair_lines(report: RepairReport, written: Path | None) -> Iterator[str]:
    """Yield what was wrong, what was done about it, and what is gone."""
    for one in report.before.damage:
        yield f"damaged  {printable(one.file)}: {printable(one.reason)}"
    for line in report.done:
        yield f"done     {printable(line)}"
    for line in report.lost:
        yield f"lost     {line}"
    for text in report.dropped[: 0 if written is not None else _SHOWN]:
        yield f"dropped  {_dropped_line(text)}"
    if report.dropped:
        articles = sum(one.current is not False for one in report.dropped)
        where = f", listed in {written}" if written is not None else ""
        more = len(report.dropped) - _SHOWN
        if not where and more > 0:
            where = f", {more:,} of them not shown; --dropped FILE lists all"
        yield f"dropped  {count(articles, 'article')}, {count(len(report.dropped), 'text')} in all{where}"
    for line in report.after.notes:
        yield f"note     {printable(line)}"
    for one in report.after.damage:
        yield f"damaged  {printable(one.file)}: {printable(one.reason)} (still)"
    verdict = "sound" if report.after.sound else "still damaged"
    again = "; read the feeds in again to bring back what was dropped" if report.dropped else ""
    yield f"{report.after.path}: {verdict}{again}"


def _dropped_line(one: Dropped) -> str:
    place = f" ({one.file}:{one.line})" if one.file else ""
    version = " (an older version)" if one.current is False else ""
    outlet = f"{one.outlet}: " if one.outlet else ""
    return printable(f"{outlet}{one.article_id}{place}{version}")
