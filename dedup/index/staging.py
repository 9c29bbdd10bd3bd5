"""Writing what the next transaction will commit, where nobody reads yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from dedup.index.arrays import write_arrays
from dedup.index.atomic import durable_file, explained, fsync_folder
from dedup.index.catalog import Catalog
from dedup.index.faults import fault
from dedup.index.layout import Layout
from dedup.index.parts import PASSING, footer_checksum, look_up_arrays, write_parquet, write_passing
from dedup.index.publish import remove, remove_unlisted_runs, roll_forward, write_manifest


class Staging:
    """The way of files into the index: written here, committed elsewhere, then published.

    Parameters
    ----------
    layout : Layout
        Of the folder.
    catalog : Catalog
        The writer's.
    durable : bool
        Whether to fsync.
    """

    def __init__(self, layout: Layout, catalog: Catalog, *, durable: bool) -> None:
        self._layout = layout
        self._catalog = catalog
        self._durable = durable
        self._settled = False

    def publish(self) -> None:
        """Bring the folder to what the catalog says; safe at any time."""
        self._settled = False
        roll_forward(self._layout, self._catalog, durable=self._durable)
        write_manifest(self._layout, self._catalog, durable=self._durable)
        remove_unlisted_runs(self._layout, self._catalog)  # after the manifest, which may name one
        self._settled = True

    def settle(self) -> None:
        """Publish, if what was begun last has not been."""
        if not self._settled:
            self.publish()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make durable what the block writes to staging; if it fails, free the space at once.

        Raises
        ------
        IndexFolderError
            If the system refuses; nothing is left behind then.
        """
        # If the last attempt failed, staging may hold committed things that a failure now would delete.
        self.settle()
        self._settled = False
        with explained(self._layout.staging):
            try:
                yield
                fault("staging-fsync")
                if self._durable:
                    fsync_folder(self._layout.staging)
                fault("staging-fsynced")
            except BaseException:
                with suppress(OSError):
                    for path in self._layout.staging.iterdir():
                        remove(path)
                raise


def write_part(
    layout: Layout,
    number: int,
    articles: pa.Table,
    sketch: Mapping[str, npt.NDArray[Any]],
    *,
    durable: bool,
    passing: bool = False,
) -> tuple[int, int, int]:
    """Write the two files of a part.

    Parameters
    ----------
    number : int
        Of the part.
    articles : pa.Table
        Of `PART_SCHEMA`.
    sketch : mapping of str to array
        Kept beside the store's own look-up arrays.
    durable : bool
        Whether to fsync.
    passing : bool
        Whether the part is removed at the end of the command.

    Returns
    -------
    tuple of int
        Sizes of the article file and the sketch file in bytes, checksum of the former's footer.
    """
    article_path, sketch_path = layout.articles(number).staged, layout.sketch(number).staged
    with durable_file(article_path, "articles", durable=durable) as file:
        if passing:
            write_passing(file, articles)
        else:
            write_parquet(file, articles)
    with durable_file(sketch_path, "sketch", durable=durable) as file:
        write_arrays(file, {**look_up_arrays(articles), **sketch})
    checksum = PASSING if passing else footer_checksum(article_path)
    return article_path.stat().st_size, sketch_path.stat().st_size, checksum
