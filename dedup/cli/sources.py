"""SOURCE on the command line: the folder of an index, or feeds read into an index that goes away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedup.cli.progress import Progress


@contextmanager
def opened(
    sources: Sequence[str],
    progress: Progress,
    *,
    mapping: str | None = None,
    format: str | None = None,
    encoding: str | None = None,
    max_unpacked: str | None = None,
    threads: int | None = None,
    rejects: Path | None = None,
    words: Mapping[str, Any] | None = None,
) -> Iterator[Any]:
    """Open the index the sources are, or one that holds what the feeds hold.

    Parameters
    ----------
    sources : sequence of str
        One index, or feeds.
    progress : Progress
    mapping, format, encoding, max_unpacked, threads, rejects
        As the commands that read feeds have them.
    words : mapping, optional
        What `options.wording` returns.

    Yields
    ------
    Index
    """
    from dedup.cli import facade
    from dedup.cli.adding import add_feeds, check_feeds, unpack_limits

    folder = facade.the_index_among(sources)
    if folder is not None:
        with facade.open_index(folder) as idx:
            yield idx
        return
    columns = check_feeds(sources, mapping, format, encoding, words)
    limits = unpack_limits(max_unpacked)
    with facade.temporary_index() as idx:
        add_feeds(
            idx,
            sources,
            progress,
            mapping=columns,
            format=format,
            encoding=encoding,
            limits=limits,
            words=words,
            threads=threads,
            rejects=rejects,
        )
        yield idx
