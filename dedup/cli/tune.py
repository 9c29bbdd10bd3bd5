"""``dedup tune``: a confirm model fitted on one's own labels, with a threshold chosen by them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dedup.cli import options


def tune(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP),
    ],
    gold: Annotated[
        list[Path],
        typer.Option("--gold", metavar="FILE", help="Labels of SOURCE (CSV); see `dedup evaluate --help`."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="MODEL.json", help="The model, for --model.")
    ],
    precision: Annotated[
        float | None,
        typer.Option(
            metavar="0..1",
            help="Choose the lowest threshold of this precision; without it that of the greatest F1.",
            rich_help_panel=options.FINDING,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="0..1", help="Choose none, use this one.", rich_help_panel=options.FINDING),
    ] = None,
    keep_weights: Annotated[
        bool,
        typer.Option(
            "--keep-weights",
            help="Only choose the threshold; the weights stay as shipped.",
            rich_help_panel=options.FINDING,
        ),
    ] = False,
    format: Annotated[
        options.StatsFormat,
        typer.Option(help="Of what is printed; the model is JSON.", rich_help_panel=options.OUTPUT),
    ] = options.StatsFormat.TABLE,
    plot: options.Plot = None,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    threads: options.Threads = None,
) -> None:
    """Fit the confirm model on your own labels, choose a threshold, and print the curve.

    \b
    Example
      dedup tune feed.jsonl --gold pairs.csv -o model.json --precision 0.95
      dedup tune feed.jsonl --gold pairs.csv -o model.json --keep-weights
      dedup tune may.jsonl june.dedup --gold may.csv --gold june.csv -o model.json
      dedup clusters feed.jsonl --model model.json

    With one --gold all sources are one corpus; with several the first belongs to
    the first SOURCE, the second to the second, and each corpus counts the same.
    A fit needs 20 pairs of copies and 20 of others, a threshold 10 of each. What
    is printed was never fitted on: with several corpora each is left out in turn,
    else five folds of which no two share an article.
    """
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.cli.progress import Progress
    from dedup.cli.sources import opened
    from dedup.errors import SettingsError
    from dedup.evaluate.gold import read_gold
    from dedup.evaluate.labels import held_by, labelled_pairs
    from dedup.evaluate.plots import check_plot, plot_scores
    from dedup.evaluate.tuning import Labelled
    from dedup.evaluate.tuning import tune as tuned
    from dedup.report.destination import check_writable, destination
    from dedup.report.tuning import tuning_json, tuning_lines
    from dedup.settings import Settings

    if len(gold) not in (1, len(sources)):
        raise typer.BadParameter(
            f"{len(gold)} files of labels for {len(sources)} sources: give one for all, or one for each",
            param_hint="--gold",
        )
    if precision is not None and threshold is not None:
        raise typer.BadParameter("a threshold is chosen by --precision or given, not both")
    if precision is not None and not 0 < precision <= 1:  # false for nan
        raise SettingsError(f"precision: {precision} is not above 0 and at most 1")
    Settings(threshold=threshold, threads=threads).check()
    for written in (output, plot):
        check_writable(written, *sources, *gold)
    check_plot(plot)
    corpora = (
        [(sources, gold[0])]
        if len(gold) == 1
        else [([source], labels) for source, labels in zip(sources, gold, strict=True)]
    )
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    labels = [(feeds, path, read_gold(path)) for feeds, path in corpora]
    with Progress() as progress:
        measured = []
        for feeds, path, read in labels:
            reading = opened(
                feeds,
                progress,
                feed_options=feed_options,
                threads=threads,
            )
            with reading as idx:
                progress.stage("measuring pairs", 0, 0)
                known, _ = held_by(idx, read, path, progress.say)
                # One SOURCE may be given with several files of labels.
                number = [one for one, _, _ in labels].index(feeds)
                measured.append(Labelled.of(idx, labelled_pairs(idx, known), number))
        progress.stage("fitting", 0, 0)
        found = tuned(measured, keep_weights=keep_weights, precision=precision, threshold=threshold)
    if plot is not None:
        plot_scores(found.scores, plot)
    with destination(output, "json") as file:
        file.write(found.model.to_json())
    if format == options.StatsFormat.JSON:
        emit_lines([tuning_json(found)], None)
    else:
        emit_lines(tuning_lines(found, canvas_for(None)), None)
