"""``dedup stats``: what an index holds."""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli import options


def stats(
    index: options.IndexFolder,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="List every rejected record too, with file, line and reason.")
    ] = False,
    furniture: Annotated[
        bool,
        typer.Option(
            "--furniture",
            help="List instead what does not count: passages shared by strangers, frames, rubrics.",
        ),
    ] = False,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="With --furniture: only the first N, 0 for all.")
    ] = 20,
    format: Annotated[
        options.StatsFormat | None,
        typer.Option(
            help="Without it the name of -o FILE decides, else table.", rich_help_panel=options.OUTPUT
        ),
    ] = None,
    output: options.Output = None,
) -> None:
    """Tell what an index holds: articles, outlets, dates, rejects, and the recall to expect.

    \b
    Example
      dedup stats -i news.dedup
      dedup stats -i news.dedup --rejects
      dedup stats -i news.dedup --format json | jq .articles
      dedup stats -i news.dedup --furniture            the passages that do not count as copied
    """
    from dedup.cli.facade import open_index
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.report.destination import check_writable, chosen_format
    from dedup.report.furniture import furniture_json, furniture_lines
    from dedup.report.holdings import holdings_json, holdings_lines

    kind = chosen_format(format, output, list(options.StatsFormat))
    check_writable(output, index)
    if furniture:
        with open_index(index) as idx:
            learnt = idx.furniture(top or None)
        canvas = canvas_for(output)
        lines = [furniture_json(learnt)] if kind == "json" else furniture_lines(str(index), learnt, canvas)
        emit_lines(lines, output)
        return
    with open_index(index) as idx:
        held = idx.stats()
        listed = idx.rejects() if rejects else None
    if kind == "json":
        emit_lines([holdings_json(held, listed)], output)
    else:
        emit_lines(holdings_lines(str(index), held, listed, canvas_for(output)), output)
