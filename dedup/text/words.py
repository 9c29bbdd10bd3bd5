"""Words: a compiled tokenizer over the UTF-8 buffers of an Arrow string column.

A word is a maximal run of word characters after folding (`dedup.text.fold`);
here it is a 64-bit hash and a byte of flags, never a Python object. Scripts
written without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar) have words of one
character with its marks.

A half word before an ellipsis that ends the text is no word (`dedup.text.truncation`).
Bytes that are not valid UTF-8, NUL and encoded surrogates only part words. The
kernel reads every byte a bounded number of times, so a text of 50 MB takes
linear time, and no article depends on its neighbours or on the thread count.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import local
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.text import fold
from dedup.text.scan import (
    LINE_START,
    NUMBER,
    SENTENCE_START,
    SHORT,
    SPACELESS,
    UPPER,
    hash_sequences,
    scan,
)
from dedup.text.truncation import trim_truncated

__all__ = [
    "LINE_START",
    "NUMBER",
    "SENTENCE_START",
    "SHORT",
    "SPACELESS",
    "UPPER",
    "Words",
    "text_hashes",
    "tokenize",
]

_scratch: Final = local()
_TASK_BYTES: Final = 1 << 20  # text per task: long enough to hide its overhead, short enough to stay in cache


@dataclass(frozen=True, slots=True)
class Words:
    """The words of n articles, one article after the other.

    Parameters
    ----------
    hashes : uint64 array, shape (n_words,)
        Hash of each folded word.
    flags : uint8 array, shape (n_words,)
        Sum of `NUMBER`, `UPPER`, `SPACELESS`, `LINE_START`, `SENTENCE_START`, `SHORT`.
    offsets : int64 array, shape (n + 1,)
        The words of article i are ``offsets[i]:offsets[i + 1]``.
    starts, ends : int64 array, shape (n_words,), or None
        Byte offsets of each word in the article's own UTF-8; None unless asked for.
    stems : uint64 array, shape (n_words,), or None
        Hash of the beginning of each word (`dedup.text.scan.STEM`), of a number the whole; None unless asked
        for.
    """

    hashes: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    starts: NDArray[np.int64] | None = None
    ends: NDArray[np.int64] | None = None
    stems: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1


def tokenize(
    texts: pa.Array | pa.ChunkedArray, *, threads: int = 1, spans: bool = False, stems: bool = False
) -> Words:
    """Cut a column of texts into words.

    Parameters
    ----------
    texts : pyarrow Array or ChunkedArray of string or large_string, length n
        A null has no words. Other string-like types are cast, binary is taken as UTF-8.
    threads : int, default 1
        Threads to use; the result does not depend on it.
    spans : bool, default False
        Also return where each word stands (16 bytes more per word).
    stems : bool, default False
        Also return the stem of each word (8 bytes more per word).

    Returns
    -------
    Words
        The words of the n texts.

    Raises
    ------
    pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError
        If the column does not hold text.
    """
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    tasks = [task for chunk in chunks for task in _tasks(chunk)]

    def run(task: _Task) -> _Result:
        return _scan_task(task, spans, stems)

    if threads > 1 and len(tasks) > 1:
        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(run, tasks))
    else:
        results = [run(task) for task in tasks]
    if not results:
        results = [run((np.empty(0, np.uint8), *np.zeros((2, 0), np.int64)))]
    hashes, flags, counts, starts, ends, roots = (
        column[0] if len(column) == 1 else np.concatenate(column) for column in zip(*results, strict=True)
    )
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return Words(
        hashes, flags, offsets, starts if spans else None, ends if spans else None, roots if stems else None
    )


def text_hashes(words: Words) -> NDArray[np.uint64]:
    """Hash the folded word sequence of each article, for finding equal texts.

    Returns
    -------
    uint64 array, shape (n,)
        0 for an article without words, never 0 otherwise.
    """
    out = np.empty(len(words), np.uint64)
    hash_sequences(words.hashes, words.offsets, out)
    return out


_Task = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]
_Result = tuple[NDArray[Any], ...]


def _tasks(column: pa.Array) -> Iterator[_Task]:
    """Yield (bytes, begin of each article, end of each article) for runs of about `_TASK_BYTES`."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
        column = column.cast(pa.large_binary() if binary else pa.large_string())
    if len(column) == 0:
        return
    _, offset_buffer, data_buffer = column.buffers()
    wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    offsets = np.frombuffer(offset_buffer, np.int64 if wide else np.int32)
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
    data = data[:]
    data.flags.writeable = False  # one array type for the kernel, however the buffer came about
    begins, ends = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
    if column.null_count:  # the bytes under a null are undefined
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        ends[nulls] = begins[nulls]
    marks = np.arange(offsets[0], offsets[-1], _TASK_BYTES)[1:]
    cuts = np.unique(np.concatenate(([0], np.searchsorted(begins, marks), [len(column)])))
    for low, high in pairwise(cuts.tolist()):
        yield data, begins[low:high], ends[low:high]


def _scan_task(task: _Task, spans: bool, stems: bool) -> _Result:
    """Tokenize one run of articles: hashes, flags, words per article, starts, ends, stems."""
    data, begins, ends = task
    table = fold.load_fold_table()
    data.flags.writeable = False
    whole, ends = ends, np.empty(len(ends), np.int64)
    trim_truncated(data, begins, whole, ends)
    counts = np.empty(len(begins), np.int64)
    n_bytes = int((ends - begins).sum())
    # A word takes two bytes or more, unless a ligature expands to several spaceless characters ("㌖", six in
    # three bytes); that rare overflow is run again.
    for capacity in (n_bytes // 2 + len(begins), 2 * n_bytes):
        buffers = _buffers(capacity, spans, stems)
        n = scan(
            data, begins, ends, table.stage1, table.stage2, table.pool, table.ascii_plain, table.marks,
            *buffers, counts,
        )  # fmt: skip
        if n >= 0:
            break
    hashes, flags, starts, ends, roots = (buffer[:n].copy() for buffer in buffers)
    return hashes, flags, counts, starts, ends, roots


def _buffers(capacity: int, spans: bool, stems: bool) -> _Result:
    """Room for the words of a task, kept between the tasks of a thread: fresh pages cost more than words."""
    sizes = (capacity, capacity, capacity * spans, capacity * spans, capacity * stems)
    held: _Result = getattr(_scratch, "buffers", ())
    if not held or any(len(buffer) < size for buffer, size in zip(held, sizes, strict=True)):
        kinds = (np.uint64, np.uint8, np.int64, np.int64, np.uint64)
        held = tuple(np.empty(size, kind) for size, kind in zip(sizes, kinds, strict=True))
        if capacity <= _TASK_BYTES:  # a giant article must not hold on to its memory
            _scratch.buffers = held
    # What is not wanted is told to the kernel by an empty array.
    return tuple(buffer if size else buffer[:0] for buffer, size in zip(held, sizes, strict=True))
