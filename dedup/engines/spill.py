"""Texts on their way to the judge, when they are too many to be held.

The judge wants texts story by story, the index has them in the order they came,
compressed by hundreds. Fetching story by story would decompress the whole index
once a block. So the texts wanted are read once, in the order they lie, and put
into one plain file, from which any of them is read at the speed of the page cache.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa

from dedup.confirm.judge import Judge, ReadTexts
from dedup.engines.corpus import Corpus, Ints, Nodes, node_texts
from dedup.engines.prefetch import prefetched
from dedup.errors import IndexFolderError
from dedup.index.atomic import explained
from dedup.index.snapshot import Snapshot
from dedup.profile import timed

_BATCH: Final = 2048
_AHEAD: Final = 2
_AGAIN: Final = "free space in it, or set TMPDIR to a folder on a larger disk"

OnStage = Callable[[str, int, int], None]
"""Gets the name of a stage, and how much of how much is done."""


def gather_texts(
    snapshot: Snapshot, corpus: Corpus, nodes: Nodes, judge: Judge, wanted: Ints, on_stage: OnStage
) -> None:
    """Have the judge read the wanted nodes from a temporary file, if they are more than it can hold.

    The file stays as long as the judge, for clustering asks about more pairs.
    """
    first = nodes.first[wanted]
    if int(corpus.units[first].sum()) <= judge.most_words:
        return
    in_order = wanted[np.lexsort((corpus.row[first], corpus.part[first]))]
    with timed("gather texts"):
        judge.read_by(
            SpilledTexts(
                lambda some: node_texts(snapshot, corpus, nodes, some), in_order, len(nodes),
                lambda done, total: on_stage("gathering texts", done, total),
            )
        )  # fmt: skip


class SpilledTexts:
    """Texts of some nodes in a temporary file; a `ReadTexts`.

    Parameters
    ----------
    read : callable
        Gives texts from the index.
    nodes : int64 array, shape (k,)
        Nodes to spill, in the order their texts lie in the index.
    n_nodes : int
        Number of all nodes; those that are not spilled are read from the index when asked for.
    on_progress : callable
        Gets (done, total) as the work goes on.

    Raises
    ------
    IndexFolderError
        As `TextFile` does.
    """

    def __init__(
        self, read: ReadTexts, nodes: Ints, n_nodes: int, on_progress: Callable[[int, int], None]
    ) -> None:
        self._read = read
        self._file = TextFile(n_nodes)
        for low, texts in prefetched(read, nodes, _BATCH, ahead=_AHEAD):
            on_progress(low, len(nodes))
            self._file.append(nodes[low : low + _BATCH], texts)

    def __call__(self, nodes: Ints) -> pa.Array:
        """Return the texts of nodes, large_string, in the order asked."""
        return self._file.read(nodes) if self._file.holds(nodes) else self._read(nodes)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


class TextFile:
    """Texts of nodes in a temporary file without a name: it is gone with the process, whatever happens to it.

    Parameters
    ----------
    n_nodes : int
        Nodes are numbered 0..n_nodes - 1.

    Raises
    ------
    IndexFolderError
        If the temporary folder (``TMPDIR``) is full or cannot be written.
    """

    def __init__(self, n_nodes: int) -> None:
        self._begins = np.full(n_nodes, -1, np.int64)
        self._sizes = np.zeros(n_nodes, np.int64)
        self._position = 0
        with explained(
            "the temporary folder", action="making a file in", again=_AGAIN, kind=IndexFolderError
        ):
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="dedup-texts-")  # noqa: SIM115

    def append(self, nodes: Ints, texts: pa.Array) -> None:
        """Write the texts of some nodes, large_string."""
        offsets, data = _buffers(texts)
        with explained(tempfile.gettempdir(), again=_AGAIN, kind=IndexFolderError):
            self._file.write(data)
            self._file.flush()
        self._begins[nodes] = self._position + offsets[:-1] - offsets[0]
        self._sizes[nodes] = np.diff(offsets)
        self._position += int(offsets[-1] - offsets[0])

    def holds(self, nodes: Ints) -> bool:
        """Whether the texts of all these nodes are there."""
        return bool((self._begins[nodes] >= 0).all())

    def read(self, nodes: Ints) -> pa.Array:
        """Return the texts of nodes, large_string, in the order asked; all must be there.

        Raises
        ------
        IndexFolderError
            If the file was cut off.
        """
        sizes = self._sizes[nodes]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        buffer = pa.allocate_buffer(int(offsets[-1]))
        data = memoryview(buffer)
        file = self._file.fileno()
        places = zip(self._begins[nodes].tolist(), offsets[:-1].tolist(), sizes.tolist(), strict=True)
        for begin, at, size in places:
            if os.preadv(file, [data[at : at + size]], begin) != size:
                raise IndexFolderError(
                    f"a temporary file in {tempfile.gettempdir()} was cut off", "run the command again"
                )
        return pa.LargeStringArray.from_buffers(len(nodes), pa.py_buffer(offsets), buffer)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


def _buffers(texts: pa.Array) -> tuple[Ints, Any]:
    """Offsets of large strings, and the bytes they span; a null is empty."""
    if texts.null_count:
        texts = texts.fill_null("")
    _, offset_buffer, data = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    whole = memoryview(b"" if data is None else data)
    return offsets, whole[offsets[0] : offsets[-1]]
