"""``dedup outlets``: who was first, who picks up from whom, and how much later."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli import options


class By(StrEnum):
    """What one row stands for."""

    OUTLET = "outlet"
    FAMILY = "family"


class OutletsFormat(StrEnum):
    """Formats of the table of outlets."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def outlets(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP),
    ],
    by: Annotated[
        By, typer.Option(help="One row per outlet, or per family: the papers of one house taken together.")
    ] = By.OUTLET,
    families: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="More families: a CSV outlet_or_host,family. Its rows go before the shipped ones; a row * "
            "drops those.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Only the first N, 0 for all. Without it a table shows 20, a file all."
        ),
    ] = None,
    threshold: options.Threshold = None,
    window: options.Window = None,
    since: options.Since = None,
    until: options.Until = None,
    model: options.Model = None,
    agencies: options.Agencies = None,
    format: Annotated[
        OutletsFormat | None,
        typer.Option(
            help="Without it the name of -o FILE decides, else table.", rich_help_panel=options.OUTPUT
        ),
    ] = None,
    output: options.Output = None,
    csv_safe: options.CsvSafe = False,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    threads: options.Threads = None,
) -> None:
    """Tell of each outlet what it shares with others, how often it was first, and from whom it copies.

    \b
    Example
      dedup outlets feed.jsonl
      dedup outlets news.dedup --by family --since '7d ago'
      dedup outlets news.dedup --by family --families mine.csv
      dedup outlets news.dedup --format json | jq .within_s

    First is who published first of those in the feed. That an outlet printed the
    same text later is certain; that it took it from the first one is not, for
    both may have it from an agency.
    """
    from dedup.cli.facade import read_agencies, read_model
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.cli.progress import Progress
    from dedup.cli.sources import opened
    from dedup.provenance.families import load_families
    from dedup.report.destination import check_writable, chosen_format, destination
    from dedup.report.provenance import CARRIERS_SHOWN, carriers_table, provenance_json, provenance_lines
    from dedup.report.writers import write_batches
    from dedup.settings import Settings

    kind = chosen_format(format, output, list(OutletsFormat))
    check_writable(output, *sources, *([] if families is None else [families]))
    settings = Settings.from_text(
        threshold=threshold, window=window, since=since, until=until, threads=threads
    )
    table = load_families(families)
    judged_by = read_model(model)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    known = read_agencies(agencies)
    with Progress() as progress:
        reading = opened(
            sources,
            progress,
            feed_options=feed_options,
            threads=threads,
        )
        with reading as idx:
            found = idx.provenance(
                by=by.value,
                families=table,
                agencies=known,
                settings=settings,
                model=judged_by,
                on_stage=progress.stage,
            )
    if kind == "csv":
        rows = carriers_table(found)
        with destination(output, kind) as file:
            write_batches([rows.slice(0, top or None)], rows.schema, kind, file, csv_safe=csv_safe)
    elif kind == "json":
        emit_lines([provenance_json(found, top or None)], output)
    else:
        shown = CARRIERS_SHOWN if top is None else top or None
        emit_lines(provenance_lines(found, canvas_for(output), shown), output)
