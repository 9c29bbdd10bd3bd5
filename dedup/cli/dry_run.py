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
    mapping: str | None,
    format: str | None,
    rejects: Path | None,
    words: Mapping[str, Any],
) -> list[str]:
    """Read the beginning of feeds and return the lines that tell what was found.

    Parameters
    ----------
    feeds : sequence of str
    progress : Progress
    mapping, format
        ``--map`` and ``--format-in``.
    words : mapping
        What `options.wording` returns.
    rejects : Path, optional
        Gets the rejects.

    Raises
    ------
    FeedError, SettingsError
        As reading the feeds would raise them.
    """
    from dedup.cli.output import canvas_for
    from dedup.cli.reading import write_rejects
    from dedup.feeds import parse_map, read_feed
    from dedup.feeds.found import Look
    from dedup.report.found import found_lines

    look = Look()
    feed = read_feed(
        list(feeds),
        mapping=None if mapping is None else parse_map(mapping),
        format=format,
        batch_size=look.records // 10,
        on_file=progress.files,
        look=look,
        **words,
    )
    for _ in feed:
        progress.reading(feed.n_read)
    if rejects is not None:
        write_rejects(feed.rejects, rejects)
        progress.say(f"rejects: {len(feed.rejects):,} written to {rejects}")
    lines = found_lines(
        feed.found, feed.rejects, feed.reject_counts, feed.remarks, look, feed.not_looked_at, canvas_for(None)
    )
    return list(lines)
