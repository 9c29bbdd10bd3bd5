"""From what the user names to the files to read: folders walked, patterns expanded, in one fixed order.

A path that exists is that path, whatever characters are in it; only one that does not is looked at as
a pattern. Folders are walked to the bottom, entries sorted by name, so the same tree is the same
feed on every machine. Left out: hidden entries, folders that lead back to one above them, and the
folders of indexes, whose parts would read like a feed.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dedup.errors import FeedError
from dedup.feeds.reasons import shown
from dedup.feeds.sources.opening import STDIN

_INDEX_MARKS: Final = (("catalog.sqlite",), ("catalog.rebuilt",), ("manifest.json", "sketches"))
"""Names of which the folder of an index has one, or all of the last, if its catalog is lost."""

# What stands beside the feeds of a folder or an archive and tells of them.
_ABOUT_FILES: Final = re.compile(
    r"(?s:.*)\.(?:md|markdown|mdown)|(?:readme|licen[cs]e)(?:\.(?:txt|rst|html?|adoc|[a-z]{2}|1st))?",
    re.IGNORECASE,
)
_IS_INDEX: Final = "an index, and no feed"
_PATTERN: Final = "*?["


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One file to read.

    Parameters
    ----------
    path : str
        Or ``-`` for standard input.
    root : str, optional
        The folder or pattern that brought it in; None: it was named itself.
    refused : str, optional
        Why it is not read (a folder that cannot be listed, an index).
    """

    path: str
    root: str | None = None
    refused: str | None = None

    @property
    def found(self) -> bool:
        """It was not named itself, so it may be no feed without stopping the others."""
        return self.root is not None


def is_about_files(path: str) -> bool:
    """Return whether a file in a folder or an archive is by its name a README, a license or Markdown."""
    return _ABOUT_FILES.fullmatch(path.rpartition("/")[2]) is not None


def expand_paths(paths: str | Path | Sequence[str | Path]) -> list[FeedFile]:
    """Return the files to read.

    Parameters
    ----------
    paths : str, Path or sequence of these
        Files, folders, patterns (``feeds/*.jsonl``, ``dump/**/*.html``) and ``-`` for standard input.

    Raises
    ------
    FeedError
        A path does not exist, a folder or pattern gives no file, a folder is an index, no path is given.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise FeedError("no feed given", "name a file, a folder or - for standard input")
    files: list[FeedFile] = []
    for path in map(str, given):
        if path == "" or path.isspace():
            raise FeedError("the name of a feed is empty", "name a file, a folder or - for standard input")
        if path == STDIN:
            files.append(FeedFile(path))
            continue
        try:
            files += _expanded(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            said = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise FeedError(f"{shown(path)}: cannot be read ({said})") from error
    return files


def _expanded(path: str) -> list[FeedFile]:
    if os.path.isdir(path):
        if _is_index(path):
            raise FeedError(f"{shown(path)}: {_IS_INDEX}", "give it alone to the commands that take an index")
        files = list(_walk(path, path, ()))
        if not files:
            raise FeedError(f"{shown(path)}: the folder holds no file")
        return files
    if os.path.exists(path):
        return [FeedFile(path)]
    if not any(char in path for char in _PATTERN):
        raise FeedError(f"{shown(path)}: no such file", "check the path")
    matches = sorted(glob.glob(path, recursive=True), key=_order)
    if "**" in path:  # it gives folders and what is in them
        below_index: dict[str, bool] = {}
        files = [
            FeedFile(match, path)
            for match in dict.fromkeys(matches)
            if os.path.isfile(match) and not _in_index(os.path.dirname(match), below_index)
        ]
    else:
        files = []
        for match in matches:
            if os.path.isdir(match):
                files += [FeedFile(match, path, _IS_INDEX)] if _is_index(match) else _walk(match, path, ())
            elif os.path.isfile(match):
                files.append(FeedFile(match, path))
    if not files:
        raise FeedError(f"{shown(path)}: no file is named like that", "check the pattern")
    return files


def _walk(folder: str, root: str, above: tuple[tuple[int, int], ...]) -> Iterator[FeedFile]:
    """Yield the files of a folder and of those in it, sorted by name; `above` are the folders it is in."""
    try:
        status = os.stat(folder)
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        with os.scandir(folder) as entries:
            sorted_entries = sorted((entry for entry in entries if not entry.name.startswith(".")), key=_name)
    except OSError as error:
        if not above:  # the folder that was named
            raise
        yield FeedFile(folder, root, f"cannot be read ({error.strerror or error})")
        return
    for entry in sorted_entries:
        if entry.is_dir():
            if _is_index(entry.path):
                yield FeedFile(entry.path, root, _IS_INDEX)
            else:
                yield from _walk(entry.path, root, (*above, here))
        elif entry.is_file():  # no pipes, sockets, devices, dangling links
            yield FeedFile(entry.path, root)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _order(path: str) -> tuple[str, ...]:
    return Path(path).parts


def _is_index(folder: str) -> bool:
    return any(all(os.path.exists(os.path.join(folder, name)) for name in marks) for marks in _INDEX_MARKS)


def _in_index(folder: str, known: dict[str, bool]) -> bool:
    """Return whether a folder or one above it, as far as the path names them, is an index."""
    if folder not in known:
        parent = os.path.dirname(folder)
        known[folder] = (bool(folder) and _is_index(folder)) or (
            parent != folder and _in_index(parent, known)
        )
    return known[folder]
