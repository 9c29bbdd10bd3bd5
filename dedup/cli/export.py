"""``dedup export``: the feed of an index with one article per cluster."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dedup.cli import options


def export(
    index: options.IndexFolder,
    output: options.Output = None,
    format: Annotated[
        options.FeedFormat | None,
        typer.Option(
            help="Without it the name of -o FILE decides, else jsonl.", rich_help_panel=options.OUTPUT
        ),
    ] = None,
    csv_safe: options.CsvSafe = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Every article, copies too. Not with --since, --threshold and the like."),
    ] = False,
    threshold: options.Threshold = None,
    model: options.Model = None,
    window: options.Window = None,
    since: options.Since = None,
    until: options.Until = None,
    threads: options.Threads = None,
) -> None:
    """Write the feed without its copies: one article per cluster; with --all every article.

    \b
    Example
      dedup export -i news.dedup -o unique.jsonl
      dedup export -i news.dedup -o today.parquet --since today
      dedup export -i news.dedup --format csv | head
      dedup export -i news.dedup --all -o articles.parquet

    The article of a cluster is its canonical one. The fields are id, outlet,
    url, title, text, published and so on, cleaned where they were; dedup can
    read the file again. `dedup show ID --original` prints what the feed said.
    """
    from dedup.article import FEED_SCHEMA
    from dedup.cli.facade import open_index, read_model
    from dedup.cli.progress import Progress
    from dedup.errors import DedupError
    from dedup.report.destination import check_writable, chosen_format, destination
    from dedup.report.wording import count
    from dedup.report.writers import write_batches
    from dedup.settings import Settings

    if everything and any(given is not None for given in (threshold, model, window, since, until)):
        raise DedupError(
            "--all is every article, and goes with no --threshold, --model, --window, --since or --until",
            "leave them out",
        )
    kind = chosen_format(format, output, list(options.FeedFormat))
    check_writable(output, index)
    settings = Settings.from_text(
        threshold=threshold, window=window, since=since, until=until, threads=threads
    )
    judged_by = read_model(model)
    # A bar would stand in the middle of data that goes to the same terminal.
    beside = False if output is None and sys.stdout.isatty() else None
    with Progress(beside) as progress, open_index(index) as idx, destination(output, kind) as file:
        if not everything:
            progress.stage("finding clusters", 0, 0)
        rows = write_batches(
            idx.export(settings, model=judged_by, everything=everything),
            FEED_SCHEMA,
            kind,
            file,
            csv_safe=csv_safe,
        )
    where = "" if output is None else f" to {output}"
    which = "copies too" if everything else "one per cluster and all that are in none"
    progress.say(f"wrote {count(rows, 'article')}{where}, {which}")
