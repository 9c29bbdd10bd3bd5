"""``dedup index --dry-run``: look at feeds and tell what would be read, write nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dedup.cli.progress import Progress


def dry_run(
    feeds: Sequence[str],
    progress: Progress,
    *,
    feed_options: Mapping[str, Any],
    rejects: Path | None,
) -> None:
    """Read the beginning of feeds and print what was found; of a feed that breaks off, what came before.

    Parameters
    ----------
    feeds : sequence of str
    progress : Progress
    feed_options : mapping
        What `options.feed_options` returns.
    rejects : Path, optional
        Gets the rejects.

    Raises
    ------
    FeedError, SettingsError
        As reading the feeds would raise them.
    """
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.cli.reading import check_any_read, write_rejects
    from dedup.errors import FeedError
    from dedup.feeds import read_feed
    from dedup.feeds.found import Look
    from dedup.report.feeds import found_lines

    look = Look()
    feed = read_feed(
        list(feeds),
        batch_size=look.records // 10,
        on_file=progress.files,
        look=look,
        **feed_options,
    )
    broke: FeedError | None = None
    try:
        for _ in feed:
            progress.reading(feed.n_read)
    except FeedError as error:
        broke = error
    if broke is not None and not any(one.articles for one in feed.found):
        raise broke
    if rejects is not None:
        write_rejects(feed.rejects, rejects)
        progress.say(f"rejects: {len(feed.rejects):,} written to {rejects}")
    progress.stop()  # a bar must not stand in the result
    lines = found_lines(
        feed.found,
        feed.rejects,
        feed.reject_counts,
        feed.remarks,
        look,
        feed.not_looked_at,
        canvas_for(None),
        rejects_written=rejects is not None,
    )
    emit_lines(lines, None)
    if broke is not None:
        raise broke
    check_any_read(feed)
