"""``dedup index``: read feeds into an index."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from dedup.cli import options


def index(
    feeds: options.Feeds = None,
    index: options.IndexFolderOrNone = None,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    rejects: options.Rejects = None,
    on_change: Annotated[
        options.OnChange,
        typer.Option(
            help="A known article id comes with another text: keep both as versions, replace the old, "
            "skip or reject the new."
        ),
    ] = options.OnChange.VERSION,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Learn anew from the whole index what is common and what is furniture (begins a new epoch).",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Write nothing, and need no -i: print what was found in the feeds (format, columns, first "
            "articles, rejects).",
        ),
    ] = False,
    keep_runs: Annotated[
        int | None,
        typer.Option(
            "--keep-runs",
            metavar="N",
            min=1,
            help="Keep the newest N stored runs of the same options, from now on; 10 where nothing was said.",
        ),
    ] = None,
    wait: options.Wait = None,
    threads: options.Threads = None,
    profile: options.Profile = None,
) -> None:
    """Read feeds into an index: create it, or add to it. Nothing is added twice.

    \b
    Example
      dedup index monday.jsonl 'archive/**/*.html' -i news.dedup
      dedup index --dry-run headlines.csv                        look at it first
      dedup index headlines.csv -i news.dedup --map title=Headline,outlet=Source
      zcat dump.jsonl.gz | dedup index - -i news.dedup --rejects bad.jsonl

    If it is interrupted, run the same command again: it goes on where it stopped.
    """
    from dedup.cli.adding import add_feeds, check_feeds
    from dedup.cli.facade import open_index, open_or_create_index
    from dedup.cli.profiling import check_profile, profiling
    from dedup.cli.progress import Progress
    from dedup.report.destination import check_writable
    from dedup.report.wording import count, duration
    from dedup.settings import Settings

    if not feeds and not refresh and keep_runs is None:
        raise typer.BadParameter("name a feed to read, --refresh or --keep-runs", param_hint="FEED")
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    if dry_run:
        if not feeds or refresh:
            raise typer.BadParameter("name a feed to look at, and no --refresh", param_hint="--dry-run")
        from dedup.cli.dry_run import dry_run as looked_at

        check_profile(profile, rejects, *feeds)
        check_writable(rejects, *feeds)
        with profiling(profile), Progress() as progress:
            looked_at(
                feeds,
                progress,
                feed_options=feed_options,
                rejects=rejects,
            )
        return
    if index is None:
        raise typer.BadParameter("name the folder of the index: -i NAME.dedup", param_hint="--index")
    settings = Settings.from_text(threads=threads, on_change=on_change.value)
    check_profile(profile, rejects, index, *(feeds or ()))
    check_writable(rejects, index, *(feeds or ()))
    patience = options.patience(wait)
    if feeds:
        check_feeds(feeds, feed_options)
    with ExitStack() as stack:
        stack.enter_context(profiling(profile))
        progress = stack.enter_context(Progress())

        waiting = progress.waiter(index, wait)
        if feeds:
            opened = open_or_create_index(index, wait_s=patience, on_wait=waiting)
        else:
            opened = open_index(index, write=True, wait_s=patience, on_wait=waiting)
        idx = stack.enter_context(opened)
        if feeds:
            added = add_feeds(
                idx,
                feeds,
                progress,
                on_change=settings.on_change,
                threads=settings.threads,
                rejects=rejects,
                quiet=True,
                kept=str(index),
                feed_options=feed_options,
            )
            said = [f"added {count(added.added, 'article')}"]
            said += [f"{added.already:,} already there"] if added.already else []
            said += [count(added.versions, "new version")] if added.versions else []
            said += [f"{added.replaced:,} replaced"] if added.replaced else []
            said += [f"{added.skipped:,} skipped"] if added.skipped else []
            time = f"{added.seconds:.1f} s" if added.seconds < 60 else duration(added.seconds)
            progress.say(f"{index}: {', '.join(said)}, {time}")
        if keep_runs is not None:
            idx.keep_runs(keep_runs)
            progress.say(f"{index}: the newest {count(keep_runs, 'run')} of the same options will be kept")
        if refresh:
            progress.stage("learning a new epoch", 0, 0)
            idx.refresh(threads=settings.threads)
            progress.say(f"{index}: a new epoch begins")
