"""``dedup credits``: which agency each article says it comes from, and the words that say so."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli import options

if TYPE_CHECKING:
    import pyarrow as pa

    from dedup.cli.progress import Progress


class Tier(StrEnum):
    """`dedup.text.credit.Tier` for typer, which wants an enumeration."""

    SURE = "sure"
    LIKELY = "likely"
    HINT = "hint"


def credits(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP),
    ] = None,
    agency: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only articles that credit this agency; may be repeated."),
    ] = None,
    tier: Annotated[
        Tier, typer.Option(help="The worst to list: sure, likely (and sure), hint (all).")
    ] = Tier.HINT,
    everything: Annotated[bool, typer.Option("--all", help="List articles without a credit too.")] = False,
    list_agencies: Annotated[
        bool,
        typer.Option(
            "--list", help="Print the table of agencies instead, as --agencies reads it; no SOURCE needed."
        ),
    ] = False,
    agencies: options.Agencies = None,
    top: options.Top = None,
    format: options.FormatOut = None,
    output: options.Output = None,
    csv_safe: options.CsvSafe = False,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    rejects: options.Rejects = None,
) -> None:
    """Tell which news agency each article credits, how sure that is, and the words that prove it.

    \b
    Example
      dedup credits feed.jsonl                        counts by agency, and the first 20
      dedup credits feed.jsonl -o credits.csv         every credit, one row per article
      dedup credits news.dedup --agency Reuters --tier likely
      dedup credits --list > mine.json                the table, to change and give to --agencies
      dedup credits feed.jsonl --agencies mine.json

    sure: the text is the agency's. likely: it mostly is. hint: agency copy is
    part of it. An agency that is only quoted ("told Reuters") or that took the
    picture is no credit.
    """
    from dedup.cli.facade import read_agencies
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.report.destination import check_writable, chosen_format

    if list_agencies:
        from dedup.text.credit import agencies_json, load_agencies

        check_writable(output)
        emit_lines(agencies_json(read_agencies(agencies) or load_agencies()).splitlines(), output)
        return
    if not sources:
        raise typer.BadParameter("give an index or feeds, or --list", param_hint="SOURCE")

    import pyarrow as pa

    from dedup.cli.progress import Progress
    from dedup.index.credits import chosen_credits
    from dedup.report.credits import SHOWN, CreditCounts, credit_lines
    from dedup.report.destination import destination
    from dedup.report.schema import CREDIT_SCHEMA
    from dedup.report.writers import write_batches

    kind = chosen_format(format, output, list(options.Format))
    check_writable(output, *sources)
    check_writable(rejects, *sources)
    known = read_agencies(agencies)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    counts, chosen = CreditCounts(), 0
    limit = (SHOWN if kind == "table" else None) if top is None else top or None

    def wanted(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
        nonlocal chosen
        for batch in batches:
            counts.add(batch)
            rows = chosen_credits(batch, agency or (), tier.value, everything)
            yield rows if limit is None else rows.slice(0, max(limit - chosen, 0))
            chosen += rows.num_rows

    with Progress() as progress:
        found = wanted(_credits(sources, progress, known, rejects, feed_options))
        if kind == "table":
            shown = pa.concat_tables([CREDIT_SCHEMA.empty_table(), *found])
            lines = credit_lines(counts, shown, chosen, canvas_for(output), brief=top is None)
            emit_lines(lines, output)
        else:
            with destination(output, kind) as file:
                write_batches(found, CREDIT_SCHEMA, kind, file, csv_safe=csv_safe)
    progress.say(counts.line())


def _credits(
    sources: list[str],
    progress: Progress,
    agencies: Any,
    rejects: Path | None,
    feed_options: dict[str, Any],
) -> Iterator[pa.Table]:
    """Yield the credits of an index, or of feeds as they are read: nothing need be compared for them."""
    import pyarrow as pa

    from dedup.cli.adding import check_feeds
    from dedup.cli.facade import open_index, the_index_among
    from dedup.cli.reading import read_line, tell_rejects, write_rejects
    from dedup.feeds import read_feed
    from dedup.index.credits import credit_table
    from dedup.index.identity import article_keys
    from dedup.index.reporting import display_ids

    folder = the_index_among(sources)
    if folder is not None:
        with open_index(folder) as idx:
            yield from idx.credits(agencies=agencies)
        return
    check_feeds(sources, feed_options)
    feed = read_feed(
        sources,
        on_note=progress.note,
        **feed_options,
    )
    for batch in feed:
        rows = batch.articles
        ids = display_ids(article_keys(rows), rows.column("id"))
        yield credit_table(pa.Table.from_batches([rows]), ids, agencies)
        progress.reading(feed.n_read)
    progress.say(read_line(feed.n_read, feed.n_rejected, feed.reject_counts))
    tell_rejects(progress, feed.rejects, feed.reject_counts, written=rejects is not None)
    if rejects is not None:
        write_rejects(feed.rejects, rejects)
