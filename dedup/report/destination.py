"""Where results go: standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from dedup.errors import DedupError

SUFFIXES: Final[Mapping[str, str]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".txt": "table",
    ".md": "md",
}
"""Format a file name stands for when no ``--format`` is given."""


def chosen_format(format: str | None, output: Path | None, allowed: Sequence[str]) -> str:
    """Return the format asked for, else that of the file's name, else the first allowed.

    Raises
    ------
    DedupError
        The name says nothing, or a format this command does not write.
    """
    if format is not None:
        return format
    if output is None:
        return allowed[0]
    # A device or a pipe has no suffix to mean anything by.
    if output.exists() and not output.is_file():
        return allowed[0]
    guess = SUFFIXES.get(output.suffix.lower())
    if guess is None or guess not in allowed:
        raise DedupError(
            f"the name {output} does not say which format to write", f"add --format {' or '.join(allowed)}"
        )
    return guess


@contextmanager
def destination(output: Path | None, format: str) -> Iterator[BinaryIO]:
    """Open what results are written to.

    Parameters
    ----------
    output : Path, optional
        Replaced when, and only when, the block ends well; None: standard output.
    format : str
        Parquet and HTML are refused on a terminal, which they would only upset.

    Raises
    ------
    DedupError
        If the file cannot be written; it is then as it was.
    """
    if output is None:
        if format in ("parquet", "html") and sys.stdout.isatty():
            raise DedupError(f"{format} is not for a terminal", "name a file with -o FILE or pipe it")
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # The index package is imported only where a file is written.
    from dedup.index.atomic import explained, replacing_file

    if output.is_dir():
        raise DedupError(f"{output} is a folder", "name a file in it")
    again = "the file is as it was before, run the command again"
    with explained(output, again=again, kind=DedupError), replacing_file(output) as file:
        yield file


def check_writable(output: Path | None, *inputs: str | Path) -> None:
    """Raise `DedupError` now if `output` cannot be written, rather than after an hour of work.

    Parameters
    ----------
    output : Path, optional
    *inputs : str or Path
        Feeds and index folders that are read: a result must not replace one, or a file inside an index.
    """
    if output is None:
        return
    folder = output.parent
    target = output.resolve()
    for source in map(Path, inputs):
        if output.is_file() and source.exists() and source.resolve() == target:
            raise DedupError(f"{output} is what is read", "choose another place with -o")
        if (source / "catalog.sqlite").exists() and target.is_relative_to(source.resolve()):
            raise DedupError(f"{output} lies inside the index {source}", "choose another place with -o")
    if output.is_dir():
        raise DedupError(f"{output} is a folder", "name a file in it")
    if not folder.is_dir():
        raise DedupError(
            f"{folder} is no folder, so {output.name} cannot be written there", "create it first"
        )
    if not os.access(folder if not output.exists() or output.is_file() else output, os.W_OK):
        raise DedupError(f"no permission to write {output}", "choose another place with -o")
