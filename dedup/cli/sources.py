"""SOURCE on the command line: the folder of an index, or feeds read into an index that goes away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedup.cli.progress import Progress


@contextmanager
def opened(
    sources: Sequence[str],
    progress: Progress,
    *,
    feed_options: Mapping[str, Any],
    threads: int | None = None,
    rejects: Path | None = None,
    wait_s: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Any]:
    """Open the index the sources are, or one that holds what the feeds hold.

    Parameters
    ----------
    sources : sequence of str
        One index, or feeds.
    progress : Progress
    feed_options : mapping
        What `options.feed_options` returns.
    threads, rejects
        As the commands that read feeds have them.
    wait_s, on_wait
        How long the run of a report waits to be kept, and who is told; as for `Index.open`.

    Yields
    ------
    Index
    """
    from dedup.cli import facade
    from dedup.cli.adding import add_feeds, check_feeds

    folder = facade.the_index_among(sources)
    if folder is not None:
        with facade.open_index(folder, wait_s=wait_s, on_wait=on_wait) as idx:
            yield idx
        return
    check_feeds(sources, feed_options)
    with facade.temporary_index() as idx:
        add_feeds(idx, sources, progress, feed_options=feed_options, threads=threads, rejects=rejects)
        yield idx
