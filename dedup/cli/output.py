"""Put results where they were asked for: as a table for people, or as data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.profile import timed
from dedup.report.destination import destination
from dedup.report.layout import Canvas
from dedup.report.wording import count

if TYPE_CHECKING:
    from dedup.cli.progress import Progress
    from dedup.report.html.source import ReportSource
    from dedup.report.schema import ClusterReport
    from dedup.report.table import TableOptions


def canvas_for(output: Path | None) -> Canvas:
    """Return the canvas of standard output, or the plain one of a file."""
    return Canvas.of(sys.stdout) if output is None else Canvas()


def emit_report(
    report: ClusterReport, format: str, output: Path | None, *, table: TableOptions, csv_safe: bool = False
) -> None:
    """Print or write a report of clusters."""
    if format == "table":
        from dedup.report.table import table_lines

        emit_lines(table_lines(report, canvas_for(output), table), output)
        return
    if format == "md":
        from dedup.report.markdown import markdown_lines

        lines = markdown_lines(report, clusters=table.clusters, members=table.members, sort=table.sort)
        emit_lines(lines, output)
        return
    from dedup.report.writers import write_report

    with destination(output, format) as file:
        write_report(report, format, file, csv_safe=csv_safe)


def emit_html(
    report: ClusterReport,
    source: ReportSource,
    output: Path | None,
    sources: Sequence[str],
    text: str,
    progress: Progress,
) -> None:
    """Write a report as one HTML page, and say how large it is and what is not in it."""
    from dedup.report.html.page import HtmlOptions, write_html
    from dedup.report.html.texts import EXCERPT

    # Names without their folders: the page may be passed on.
    name = ", ".join(Path(one).name or one for one in sources)
    with timed("html"), destination(output, "html") as file:
        written = write_html(report, source, file, HtmlOptions(name, text), on_stage=progress.stage)
    where = "the page" if output is None else str(output)
    progress.say(f"{where}: {written.size / 1e6:,.1f} MB")
    left = written.left_out
    if text == "excerpt" and left.shortened:
        progress.say(f"{count(left.shortened, 'text')} shortened to {EXCERPT:,} characters; --html-text all")
    if text == "excerpt" and left.members:
        progress.say(
            f"{count(left.members, 'member')} without the text, to keep the page small; --html-text all"
        )


def emit_lines(lines: Iterable[str], output: Path | None) -> None:
    """Print or write lines of text; they may be many, so they are not held together."""
    with destination(output, "table") as file:
        encoding = "utf-8" if output is not None else sys.stdout.encoding or "utf-8"
        for line in lines:
            file.write(line.rstrip().encode(encoding, "replace") + b"\n")
