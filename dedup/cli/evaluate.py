"""``dedup evaluate``: how well clusters agree with labels made by people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli import options


class GoldFormat(StrEnum):
    """Kinds of labels."""

    AUTO = "auto"
    PAIRS = "pairs"
    CLUSTERS = "clusters"


LABELS = "Labels"


def evaluate(
    gold: Annotated[
        Path,
        typer.Option("--gold", metavar="FILE", help="Labels (CSV), see above.", rich_help_panel=LABELS),
    ],
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP),
    ] = None,
    gold_format: Annotated[
        GoldFormat,
        typer.Option(
            "--gold-format", help="Without it the columns of the file decide.", rich_help_panel=LABELS
        ),
    ] = GoldFormat.AUTO,
    clusters: Annotated[
        Path | None,
        typer.Option(
            "--clusters", metavar="FILE", help="Instead of SOURCE: a csv that `dedup clusters` wrote."
        ),
    ] = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    cap_weight: Annotated[
        float,
        typer.Option(
            "--cap-weight",
            metavar="0..1",
            help="Weights of pairs are capped at this quantile of them.",
            rich_help_panel=LABELS,
        ),
    ] = 0.9,
    by_kind: Annotated[
        bool, typer.Option("--by-kind", help="Tell the share grouped of each kind of pair.")
    ] = False,
    format: Annotated[
        options.StatsFormat | None,
        typer.Option(
            help="Without it the name of -o FILE decides, else table.", rich_help_panel=options.OUTPUT
        ),
    ] = None,
    output: options.Output = None,
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
    """Measure the clusters of an index or of feeds against labels.

    \b
    Example
      dedup evaluate feed.jsonl --gold pairs.csv --by-kind
      dedup evaluate news.dedup --gold clusters.csv --format json
      dedup evaluate --clusters copies.csv --gold pairs.csv
      dedup evaluate feed.jsonl --gold pairs.csv --plot curve.png

    Labels are pairs (id_a,id_b,label and, if wanted, kind,weight; label W or 1:
    copies, N or 0: not, P: partly, left out) or clusters (article_id,cluster_id,
    blank: no copy). An interval is the 5th to 95th percentile of 2,000 bootstrap
    draws over the pairs.
    """
    from dedup.cli.facade import read_model
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.cli.progress import Progress
    from dedup.cli.sources import opened
    from dedup.errors import SettingsError
    from dedup.evaluate.gold import read_clusters, read_gold
    from dedup.evaluate.labels import evaluate_gold, evaluate_index, ids_of
    from dedup.evaluate.plots import check_plot, plot_scores
    from dedup.report.destination import check_writable, chosen_format
    from dedup.report.evaluation import evaluation_json, evaluation_lines
    from dedup.settings import Settings

    if bool(sources) == (clusters is not None):
        raise typer.BadParameter("give either SOURCE, or --clusters FILE", param_hint="SOURCE")
    if clusters is not None and (plot, model, threshold) != (None, None, None):
        raise typer.BadParameter(
            "clusters made before have neither scores nor a model: no --plot, --model or --threshold",
            param_hint="--clusters",
        )
    if not 0 < cap_weight <= 1:  # false for nan
        raise SettingsError(f"cap-weight: {cap_weight} is not above 0 and at most 1")
    inputs: list[str | Path] = [*(sources or []), gold]
    inputs += [path for path in (clusters, model) if path is not None]
    kind = chosen_format(format, output, list(options.StatsFormat))
    check_writable(output, *inputs)
    check_writable(plot, *inputs)
    check_plot(plot)
    settings = Settings(threshold=threshold, threads=threads).check()
    judged_by = read_model(model)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    # Labels before feeds, which may take long to read.
    labels = read_gold(gold, gold_format)
    with Progress() as progress:
        if clusters is not None:
            cluster = read_clusters(clusters)
            if not set(ids_of(labels)) & set(cluster):
                progress.say(f"none of the labelled articles is in {clusters}: is it of another feed?")
            found = evaluate_gold(labels, cluster, cap_weight)
        else:
            reading = opened(
                sources or [],
                progress,
                feed_options=feed_options,
                threads=threads,
            )
            with reading as idx:
                found = evaluate_index(
                    idx,
                    labels,
                    gold,
                    settings=settings,
                    model=judged_by,
                    quantile=cap_weight,
                    on_stage=progress.stage,
                    on_note=progress.say,
                )
    if plot is not None:
        plot_scores(found.scores, plot)
    if kind == "json":
        emit_lines([evaluation_json(found)], output)
    else:
        emit_lines(evaluation_lines(found, canvas_for(output), by_kind=by_kind), output)
