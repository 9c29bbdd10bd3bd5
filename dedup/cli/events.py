"""``dedup events``: what became of the clusters since the run before."""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli import options


def _run_number(text: str) -> int:
    """Read the number of a run; whether there is such a run, the index tells."""
    try:
        return int(text.replace("_", "?"))  # Python's own 1_0 is nobody's run
    except ValueError:  # most likely a time, which `dedup clusters --since` takes
        raise typer.BadParameter(f"{text!r} is not the number of a run, such as 41") from None


def events(
    index: options.IndexFolder,
    run: Annotated[
        int | None,
        typer.Option(
            "--run", metavar="N", parser=_run_number, help="What this run changed; without it the latest."
        ),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=_run_number,
            help="Compare with this run, without it with the one before; the latest itself changes nothing.",
        ),
    ] = None,
    top: options.Top = None,
    format: options.FormatOut = None,
    output: options.Output = None,
    csv_safe: options.CsvSafe = False,
) -> None:
    """Tell which clusters are born, have grown, shrunk, merged, split off or ended since the run before.

    \b
    Example
      dedup events -i news.dedup                     since the last `dedup clusters`
      dedup events -i news.dedup --since 41          since run 41
      dedup events -i news.dedup --run 44 -o events.csv
      dedup events -i news.dedup --format jsonl | jq 'select(.event == "merged")'

    Every `dedup clusters INDEX` that found something new is a run. Runs of
    other options (--threshold, --window, --no-furniture) are told apart.
    Of those with --since or --until nothing is kept.
    """
    from dedup.cli.facade import open_index
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.report.destination import check_writable, chosen_format, destination
    from dedup.report.events import EVENTS_SHOWN, event_lines
    from dedup.report.writers import write_batches

    kind = chosen_format(format, output, list(options.Format))
    check_writable(output, index)
    with open_index(index) as idx:
        found = idx.event_report(run, since=since)
    if kind == "table":
        shown = EVENTS_SHOWN if top is None else top or None
        emit_lines(event_lines(found, canvas_for(output), shown), output)
        return
    rows = found.events if not top else found.events.slice(0, top)
    with destination(output, kind) as file:
        write_batches([rows], rows.schema, kind, file, csv_safe=csv_safe)
    from dedup.cli.progress import Progress

    Progress().say(found.line())
