"""Several numpy arrays in one file that can be memory-mapped.

Layout: the magic ``DDARRAY1``; two little-endian uint32 (length and CRC-32 of
the header); the header, JSON ``{name: {dtype, shape, offset, crc32}}``; then
each array raw, C order, little-endian, at a multiple of 64 bytes so that it is
aligned for any vector load. One file per part instead of one per array: a
thousand parts stay a thousand open maps.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.errors import DAMAGED, IndexFolderError

_MAGIC: Final = b"DDARRAY1"
_ALIGN: Final = 64
_DONTNEED: Final = getattr(mmap, "MADV_DONTNEED", 0)
# Arrow maps the file (see `ArrayFile`) and has no such call; that of Python's mmap is for its own maps.
_madvise: Final = getattr(ctypes.CDLL(None), "madvise", None) if _DONTNEED and os.name == "posix" else None


def write_arrays(file: BinaryIO, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write named arrays of numbers.

    Raises
    ------
    ValueError
        If an array holds Python objects or records.
    """
    ready: dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        given = np.asarray(array)
        if given.dtype.kind not in "biuf":
            raise ValueError(f"array {name!r} has dtype {given.dtype}; only numbers can be memory-mapped")
        ready[name] = np.ascontiguousarray(given.astype(given.dtype.newbyteorder("<"), copy=False)).reshape(
            given.shape
        )
    header: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, array in ready.items():
        header[name] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "offset": offset,
            "crc32": zlib.crc32(_bytes(array)),
        }
        offset += -(-array.nbytes // _ALIGN) * _ALIGN
    text = json.dumps(header).encode()
    file.write(_MAGIC + struct.pack("<II", len(text), zlib.crc32(text)) + text)
    position = 16 + len(text)
    file.write(bytes(-position % _ALIGN))
    for array in ready.values():
        file.write(_bytes(array))
        file.write(bytes(-array.nbytes % _ALIGN))


class ArrayFile:
    """The arrays of one file, memory-mapped read-only.

    Parameters
    ----------
    path : Path
        Written by `write_arrays`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IndexFolderError
        If its header is damaged or the file is cut off; names the file.

    Notes
    -----
    The map lives as long as any array of it, also after the file has been
    renamed. Arrow maps it and not `numpy.memmap`, which keeps a
    file descriptor per map: a thousand parts would meet the usual limit of 1,024.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with pa.memory_map(os.fspath(path)) as file:
            self._data = np.frombuffer(file.read_buffer(), dtype=np.uint8)
        head = bytes(self._data[:16])
        if len(head) < 16 or head[:8] != _MAGIC:
            raise self._damaged("it does not begin like a sketch file")
        length, crc = struct.unpack("<II", head[8:])
        text = bytes(self._data[16 : 16 + length])
        if len(text) != length or zlib.crc32(text) != crc:
            raise self._damaged("the checksum of its header is wrong")
        self._header: dict[str, dict[str, Any]] = json.loads(text)
        self._base = 16 + length + (-(16 + length) % _ALIGN)
        self._sound: set[str] = set()
        for name in self._header:
            if (end := self._span(name)[1]) > len(self._data):
                raise self._damaged(f"it is cut off at {len(self._data)} bytes, array {name!r} ends at {end}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays, in the order written."""
        return tuple(self._header)

    def array(self, name: str, *, verify: bool = True) -> npt.NDArray[Any]:
        """Return one array as a view of the map.

        Parameters
        ----------
        name : str
            One of `names`.
        verify : bool
            Compare the checksum at the first call, which reads the whole array (about 1 GB/s).
            Without it a page is read when it is first used.

        Raises
        ------
        IndexFolderError
            If the checksum is wrong; names the file.
        """
        entry = self._header[name]
        start, end = self._span(name)
        raw = self._data[start:end]
        if verify and name not in self._sound:
            if zlib.crc32(raw.data) != entry["crc32"]:
                raise self._damaged(f"the checksum of array {name!r} is wrong")
            self._sound.add(name)
        array: npt.NDArray[Any] = raw.view(np.dtype(entry["dtype"])).reshape(entry["shape"])
        return array

    def release(self) -> None:
        """Give the pages back that were read so far: they count as memory of this process until then.

        What is read again comes from the page cache or the disk; arrays handed out stay valid. Where the
        system has no such call nothing happens.
        """
        if _madvise is not None and len(self._data):
            # Of a read-only map of a file nothing can be lost. A failure costs memory, no result.
            _madvise(ctypes.c_void_p(self._data.ctypes.data), ctypes.c_size_t(len(self._data)), _DONTNEED)

    def _span(self, name: str) -> tuple[int, int]:
        entry = self._header[name]
        start = self._base + int(entry["offset"])
        return start, start + np.dtype(entry["dtype"]).itemsize * int(np.prod(entry["shape"], dtype=np.int64))

    def _damaged(self, why: str) -> IndexFolderError:
        return IndexFolderError(f"part file {self.path} is damaged: {why}", DAMAGED)


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
