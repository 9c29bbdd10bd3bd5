"""``dedup clusters``: find the clusters of an index or of feeds, and print them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli import options


def clusters(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP),
    ],
    threshold: options.Threshold = None,
    window: options.Window = None,
    no_furniture: Annotated[
        bool,
        typer.Option(
            "--no-furniture",
            help="Compare texts as they stand: what was learnt not to count, counts.",
            rich_help_panel=options.FINDING,
        ),
    ] = False,
    since: options.Since = None,
    until: options.Until = None,
    model: options.Model = None,
    agencies: options.Agencies = None,
    min_size: Annotated[
        int, typer.Option(metavar="N", help="Least number of articles.", rich_help_panel=options.CHOOSING)
    ] = 2,
    outlet: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="One that this outlet carries; may be repeated.",
            rich_help_panel=options.CHOOSING,
        ),
    ] = None,
    across_outlets: Annotated[
        bool,
        typer.Option(
            "--across-outlets",
            help="Only those that two or more outlets carry.",
            rich_help_panel=options.CHOOSING,
        ),
    ] = False,
    relation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="Only members that are verbatim, cut, version or rewrite of the canonical article.",
            rich_help_panel=options.CHOOSING,
        ),
    ] = None,
    sort: Annotated[
        options.Sort,
        typer.Option(
            help="Most articles, latest publication, longest lag or most outlets first.",
            rich_help_panel=options.CHOOSING,
        ),
    ] = options.Sort.SIZE,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Only the first N, 0 for all. Without it a table shows 20, md 10, a data file holds all.",
            rich_help_panel=options.CHOOSING,
        ),
    ] = None,
    format: options.ClustersOut = None,
    output: options.OutputOrFolder = None,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Of an index: write to FILE (csv, jsonl, parquet) which clusters are born, have grown, "
            "merged, split off or ended since the run before; see `dedup events`.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    csv_safe: options.CsvSafe = False,
    html_text: options.HtmlTextOut = options.HtmlText.EXCERPT,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    rejects: options.Rejects = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    wait: options.Wait = None,
    profile: options.Profile = None,
    engine: options.EngineChoice = options.Engine.LOCAL,
    master: options.Master = None,
    spark_conf: options.SparkConf = None,
    partitions: options.Partitions = None,
    work: options.Work = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Find the clusters of an index, or of feeds given directly, and print them.

    \b
    Example
      dedup clusters feed.jsonl
      dedup clusters news.dedup --since '24h ago' --across-outlets --sort recent
      dedup clusters news.dedup -o clusters.csv        one row per article
      dedup clusters news.dedup --top 5 --format md    a digest for a chat or an issue
      dedup clusters feed.csv --map title=Headline --format jsonl | jq .size
      dedup clusters news.dedup -o report.html         one page to look at
      dedup clusters articles/ --engine spark --master spark://host:7077 -o found

    csv and parquet hold one row per article: cluster_id, article_id,
    canonical_id, relation, score, lag_s, outlet, published, title and more.
    jsonl holds one object per cluster. With --relation the size of a
    cluster still counts all of its members. html is one file that needs a
    browser and nothing else; for very large feeds choose with --since or --top.
    """
    from dedup.cli.changes import check_events, events_of, not_kept_line, write_events
    from dedup.cli.facade import read_agencies, read_model, the_index_among
    from dedup.cli.output import emit_html, emit_report
    from dedup.cli.profiling import check_profile, profiling
    from dedup.cli.progress import Progress
    from dedup.cli.sources import opened
    from dedup.cli.spark import Cluster, check_not_given, clusters_on_spark
    from dedup.errors import DedupError
    from dedup.report.destination import check_writable, chosen_format
    from dedup.report.markdown import CLUSTERS_IN_DIGEST
    from dedup.report.table import CLUSTERS_SHOWN, TableOptions, summary_line
    from dedup.settings import Settings

    if engine is options.Engine.SPARK:
        clusters_on_spark(
            context,
            sources,
            output,
            Cluster(master, spark_conf or [], partitions, work, overwrite),
            threshold=threshold,
            window=window,
            since=since,
            until=until,
            min_size=min_size,
            outlets=tuple(outlet or ()),
            across_outlets=across_outlets,
            relations=relation or (),
            furniture=not no_furniture,
        )
        return
    check_not_given(context)
    target = None if output is None else Path(output)
    kind = chosen_format(format, target, list(options.ClustersFormat))
    check_profile(profile, target, rejects, *sources)
    check_writable(target, *sources)
    check_writable(rejects, *sources)
    settings = Settings.from_text(
        threshold=threshold,
        window=window,
        since=since,
        until=until,
        min_size=min_size,
        outlets=tuple(outlet or ()),
        across_outlets=across_outlets,
        relations=relation or (),
        sort=sort.value,
        top=top or None,
        threads=threads,
        memory=memory,
        furniture=not no_furniture,
    )
    judged_by = read_model(model)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    known = read_agencies(agencies)
    folder = the_index_among(sources)
    if wait is not None and folder is None:
        raise DedupError("--wait waits for another writer of an index, and these are feeds", "leave it out")
    patience = options.patience(wait)
    if events is not None:
        check_events(events, folder, since or until, target, *sources)
    # A table and a digest say how many clusters they leave out, so they are given all of them.
    asked = replace(settings, top=None) if kind in ("table", "md") else settings
    with profiling(profile), Progress() as progress:
        reading = opened(
            sources,
            progress,
            feed_options=feed_options,
            threads=threads,
            rejects=rejects,
            wait_s=patience,
            on_wait=progress.waiter(folder, wait),
        )
        with reading as idx:
            if kind == "html":
                report, source = idx.report_and_source(
                    asked, model=judged_by, agencies=known, on_stage=progress.stage
                )
                # The texts are read now: a temporary index is gone afterwards.
                emit_html(report, source, target, sources, html_text.value, progress)
            else:
                report = idx.report(asked, model=judged_by, agencies=known, on_stage=progress.stage)
            changed, refused = idx.changed, idx.not_kept
            if events is None and refused is not None:
                changed = not_kept_line(refused)
            happened = None if events is None else events_of(idx)
    if kind != "html":
        by_default = CLUSTERS_IN_DIGEST if kind == "md" else CLUSTERS_SHOWN
        shown = by_default if top is None else settings.top
        named = None if folder is None else str(folder)
        emit_report(
            report,
            kind,
            target,
            table=TableOptions(clusters=shown, sort=settings.sort, index=named),
            csv_safe=csv_safe,
        )
    for note in report.notes:
        progress.say(note)
    if changed is not None:
        progress.say(changed)
    progress.say(summary_line(report))
    # The report goes first: whatever becomes of the events, it has been made and is not made again.
    if events is not None and happened is not None:
        write_events(happened, events, f"dedup events -i {folder} -o FILE", csv_safe=csv_safe)
