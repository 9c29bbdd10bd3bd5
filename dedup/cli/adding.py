"""Read feeds into an index and tell how it went; what ``dedup index`` and ``dedup clusters`` share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedup.cli.progress import Progress
from dedup.cli.reading import check_any_read, read_line, tell_rejects, write_rejects

if TYPE_CHECKING:
    from dedup.feeds.sources.unpack import UnpackLimits


def unpack_limits(max_unpacked: str | None) -> UnpackLimits:
    """Return the limits that ``--max-unpacked`` sets; a size the user vouches for may be of any ratio.

    Raises
    ------
    SettingsError
        It is no size.
    """
    from dedup.errors import SettingsError
    from dedup.feeds.sources.unpack import DEFAULT_LIMITS, UnpackLimits
    from dedup.settings import parse_size

    if max_unpacked is None:
        return DEFAULT_LIMITS
    try:
        size = parse_size(max_unpacked)
    except SettingsError:
        raise SettingsError(
            f"--max-unpacked {max_unpacked!r} is no size; write it like 500MB or 100GB"
        ) from None
    return UnpackLimits(most_bytes=size << 20, most_ratio=math.inf)


def check_feeds(feeds: Sequence[str], feed_options: Mapping[str, Any]) -> None:
    """Raise now what would be wrong with the feeds and their options.

    Before an index is created: a misspelt file name must not leave an empty one behind.
    """
    from dedup.feeds import read_feed

    read_feed(list(feeds), **feed_options)


def add_feeds(
    idx: Any,
    feeds: Sequence[str],
    progress: Progress,
    *,
    feed_options: Mapping[str, Any],
    on_change: str = "version",
    threads: int | None = None,
    rejects: Path | None = None,
    quiet: bool = False,
    kept: str | None = None,
) -> Any:
    """Add feeds to an open index, print notes, counts and rejects, and return the `AddReport`.

    `feed_options` are the keywords that `options.feed_options` returns.
    `quiet` leaves out what became of known articles, for a caller that tells it in words of its own.
    `kept` names an index that stays, so that an error can say what is in it.
    """
    said: set[str] = set()

    def note(text: str) -> None:
        if text not in said:
            said.add(text)
            progress.note(text)

    from dedup.errors import FeedError
    from dedup.feeds import read_feed
    from dedup.report.wording import count

    feed = read_feed(list(feeds), on_note=note, on_file=progress.files, **feed_options)
    try:
        added = idx.add(feed, on_change=on_change, threads=threads, on_progress=progress.reading)
    except FeedError:
        # Every batch is committed as it is read, so what came before the file that cannot be read is in.
        if kept is not None and feed.n_read > feed.n_rejected:
            there = count(feed.n_read - feed.n_rejected, "article")
            verb = "is" if there == "1 article" else "are"
            progress.say(f"{kept}: {there} read before the error {verb} in it; what came after was not read")
        raise
    for text in added.notes:
        note(text)
    known = [(added.already, "already there"), (added.versions, "new versions of an article")]
    told = "".join(f", {n:,} {what}" for n, what in known if n and not quiet)
    progress.say(read_line(added.read, added.rejected, added.reject_counts) + told)
    tell_rejects(progress, added.rejects, added.reject_counts, written=rejects is not None)
    if rejects is not None:
        write_rejects(added.rejects, rejects)
        total = sum(added.reject_counts.values())
        part = f"the first {len(added.rejects):,} of " if len(added.rejects) < total else ""
        progress.say(f"rejects: {part}{total:,} written to {rejects}")
    check_any_read(feed)
    return added
