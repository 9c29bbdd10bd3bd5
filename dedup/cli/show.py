"""``dedup show``: one cluster, all of it."""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli import options


def show(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="A cluster id, the beginning of one, or an article id.")
    ],
    index: options.IndexFolder,
    threshold: options.Threshold = None,
    model: options.Model = None,
    agencies: options.Agencies = None,
    window: options.Window = None,
    since: options.Since = None,
    until: options.Until = None,
    format: options.ShownOut = None,
    output: options.Output = None,
    csv_safe: options.CsvSafe = False,
    threads: options.Threads = None,
    original: Annotated[
        bool,
        typer.Option(
            "--original",
            help="Print title, byline and text of the article ID as the feed had them, uncleaned.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
) -> None:
    """Show one cluster: every member, its lag, its wire credit, its place in the feed.

    \b
    Example
      dedup show -i news.dedup 9f3a2c1d          a cluster, as the table of clusters names it
      dedup show -i news.dedup dm-4101           the cluster that holds this article
      dedup show -i news.dedup dm-4101 --format csv
      dedup show -i news.dedup dm-4101 --original
    """
    from dedup.cli.facade import open_index, read_agencies, read_model
    from dedup.cli.output import emit_lines, emit_report
    from dedup.cli.progress import Progress
    from dedup.report.destination import check_writable, chosen_format
    from dedup.report.table import TableOptions
    from dedup.report.wording import printable
    from dedup.settings import Settings

    if original:
        from dedup.report.originals import original_lines

        if format is not None:
            raise typer.BadParameter(
                "--original prints plain text; leave --format out", param_hint="--format"
            )
        check_writable(output, index)
        with open_index(index) as idx:
            lines = original_lines(idx.article(identifier), raw=output is not None)
        emit_lines(lines, output)
        return
    kind = chosen_format(format, output, list(options.ShownFormat))
    check_writable(output, index)
    settings = Settings.from_text(
        threshold=threshold, window=window, since=since, until=until, threads=threads
    )
    judged_by = read_model(model)
    known = read_agencies(agencies)
    with Progress() as progress, open_index(index) as idx:
        progress.stage("finding clusters", 0, 0)
        report = idx.show(identifier, settings, model=judged_by, agencies=known).around(identifier)
    if kind == "table" and report.n_clusters == 0:
        lines = [f"{printable(identifier)} is in no cluster: nothing in the index is a copy of it."]
        lines += [
            f"It is a composite and draws on {', '.join(one['clusters'] or ['articles in no cluster'])}."
            for one in report.composites.to_pylist()
        ]
        emit_lines(lines, output)
    else:
        table = TableOptions(clusters=None, members=None, index=str(index), detail=True)
        emit_report(report, kind, output, table=table, csv_safe=csv_safe)
    for note in report.notes:
        progress.say(note)
