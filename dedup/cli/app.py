"""The ``dedup`` command: its sub-commands, put together.

Typer reads the signatures of the commands when the program starts, so the
modules that hold them import nothing heavy at their top: ``dedup --help``
answers in a tenth of a second, and ``dedup clusters`` to csv never loads
scikit-learn, pandas or datasketch.
"""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli import guard, interrupt
from dedup.cli.check import check
from dedup.cli.clusters import clusters
from dedup.cli.credits import credits
from dedup.cli.evaluate import evaluate
from dedup.cli.events import events
from dedup.cli.explain import explain
from dedup.cli.export import export
from dedup.cli.index import index
from dedup.cli.outlets import outlets
from dedup.cli.query import query
from dedup.cli.show import show
from dedup.cli.simulate import simulate
from dedup.cli.stats import stats
from dedup.cli.tune import tune

app = typer.Typer(
    name="dedup",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"dedup {version('dedup')}")
        raise typer.Exit


@app.callback()
def dedup(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Find syndicated near-duplicates in news feeds: who carried a story, who was first.

    \b
    Example
      dedup clusters feed.jsonl                  clusters of a feed, as a table
      dedup clusters feed.jsonl -o copies.csv    the same, one row per article
      dedup index monday.jsonl -i news.dedup     read a feed into an index
      dedup clusters news.dedup --since today    today's clusters

    Results go to standard output, everything else to standard error.
    Exit codes: 0 done, 1 an error (one line says which), 2 wrong usage,
    130 interrupted, 143 terminated.
    """


for command in (
    index, clusters, events, show, explain, credits, outlets, query, export, stats, check, evaluate, tune,
    simulate,
):  # fmt: skip
    app.command()(guard.guarded(command))


def main() -> None:
    """Run the command line; the entry point of ``dedup`` and ``python -m dedup``."""
    try:
        guard.prepare_process()  # from within it on, a signal is an exception
        app()
    except interrupt.Stopped as stopped:  # before a command began, or after it ended
        interrupt.say_stopped(stopped.number)
        raise
