"""The one place where the command line meets the index, imported when a command needs it."""

from __future__ import annotations

import importlib
import importlib.abc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedup.cli.compiling import watch_compiling
from dedup.errors import DedupError, IndexFolderError
from dedup.index.layout import Layout

_LOCK = "writer.lock"
_PAUSE_S = 0.1


def _index_module() -> Any:
    # Any, and by name: the import costs half a second, and tests put another module here.
    _keep_pandas_out()
    _keep_scipy_out()
    module = importlib.import_module("dedup.index.index")
    watch_compiling()
    return module


def _keep_pandas_out() -> None:
    """Have pyarrow look for pandas once, in vain.

    It imports pandas with the first list it turns into an array, only to ask
    whether the list is a Series, which here it never is: a fifth of a second of
    every command. pandas can still be imported afterwards, and `to_pandas` finds it.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    with _refused("pandas"):
        pa.array([0])


def _keep_scipy_out() -> None:
    """Have numba look for scipy's BLAS once, in vain: no kernel multiplies matrices, and it costs as much."""
    if "scipy" in sys.modules:
        return
    with _refused("scipy"):
        importlib.import_module("numba.np.arraymath")


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Have nobody find a package for a while."""
    # A finder and not sys.modules[name] = None, which Cython takes for the module.
    refusal = _Refusal(name)
    sys.meta_path.insert(0, refusal)
    try:
        yield
    finally:
        sys.meta_path.remove(refusal)


class _Refusal(importlib.abc.MetaPathFinder):
    """Finds nothing, and lets nobody after it look for the package."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == self._name:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


def is_index(path: str | Path) -> bool:
    """Whether `path` is the folder of an index, if only of one that lost its catalog."""
    layout = Layout(Path(path))
    return layout.catalog.is_file() or layout.rebuilt_catalog.is_file() or layout.lost_catalog


def open_index(
    path: Path, *, write: bool = False, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None
) -> Any:
    """Open an index that must be there; for writing, wait so long for another writer.

    Raises
    ------
    IndexFolderError
        If it is not; says what to do.
    """
    if not is_index(path):
        if path.is_file():
            raise IndexFolderError(
                f"{path}: a file, and an index is a folder",
                f"make one with: dedup index {path} -i NAME.dedup",
            )
        what = "no index" if path.exists() else "no such folder"
        raise IndexFolderError(f"{path}: {what}", f"make one with: dedup index FEED -i {path}")
    return _index_module().Index.open(path, write=write, wait_s=wait_s, on_wait=on_wait)


@contextmanager
def open_or_create_index(
    path: Path, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None
) -> Iterator[Any]:
    """Open an index for writing, or create it; wait so long for another writer, who may be creating it.

    A new one that an error leaves empty is removed again.
    """
    until = time.monotonic() + wait_s
    made = None
    while made is None and not is_index(path):
        try:
            made = _index_module().Index.create(path)
        except IndexFolderError as error:
            if isinstance(error.__cause__, OSError):
                raise  # a disk that refuses: what is there by now need not be there after a power cut
            # Unless it is being made by somebody else, waiting would not help.
            there = is_index(path)
            if not there and not ((path / _LOCK).exists() and time.monotonic() < until):
                raise
            time.sleep(0 if there else _PAUSE_S)
    if made is None:
        left = max(0.0, until - time.monotonic()) if wait_s else 0.0
        with open_index(path, write=True, wait_s=left, on_wait=on_wait) as idx:
            yield idx
        return
    empty = False
    try:
        with made as idx:
            try:
                yield idx
            except DedupError:
                empty = len(idx) == 0
                raise
    finally:
        if empty:
            importlib.import_module("dedup.index.creation").remove_empty(path)


def index_class() -> Any:
    """Return the class `Index`, for what needs no open index."""
    return _index_module().Index


def temporary_index() -> Any:
    """Return an index in a temporary folder, removed when it is closed."""
    return _index_module().Index.temporary()


def read_model(path: Path | None) -> Any:
    """Return the model of a file, None for the shipped one; before the feeds, which may take long to read.

    Raises
    ------
    ModelError
        If the file is no model.
    """
    if path is None:
        return None
    _keep_pandas_out()
    return importlib.import_module("dedup.confirm.model").load_model(path)


def read_agencies(path: Path | None) -> Any:
    """Return the table of agencies that a file extends, None for the shipped one; before the feeds too.

    Raises
    ------
    SettingsError
        If the file is no table of agencies.
    """
    if path is None:
        return None
    _keep_pandas_out()
    return importlib.import_module("dedup.text.credit").load_agencies(path)


def the_index_among(sources: Sequence[str]) -> Path | None:
    """Return the index if the one source is one; None when all are feeds.

    Raises
    ------
    DedupError
        If an index stands beside other sources.
    """
    indices = [source for source in sources if is_index(source)]
    if not indices:
        return None
    if len(sources) > 1:
        raise DedupError(
            f"{indices[0]} is an index and cannot be mixed with other sources",
            f"give it alone, or read the feeds into it with: dedup index FEED -i {indices[0]}",
        )
    return Path(indices[0])
