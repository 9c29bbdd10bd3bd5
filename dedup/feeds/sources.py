"""From a path to the bytes of a feed: opened, unpacked, in UTF-8, without NUL bytes.

Everything behind this module sees one thing: blocks of UTF-8 bytes, in which
some bytes may still be invalid (the readers replace those, line by line, and
count them). Compression is told by the first bytes, never by the name alone, so
a ``.jsonl`` that is really gzip reads as well as a ``.gz`` that is not. A file
that breaks off or is damaged gives all that could be unpacked, and says so.
"""

from __future__ import annotations

import codecs
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from itertools import chain
from types import TracebackType
from typing import IO, Any, Final, cast

from dedup.article import Reject
from dedup.errors import FeedError
from dedup.feeds.encoding import guess_encoding, looks_binary
from dedup.feeds.unpack import DEFAULT_LIMITS, UnpackLimits

STDIN: Final = "-"
HEAD_BYTES: Final = 1 << 20
"""Bytes looked at to tell encoding and format."""

_BLOCK: Final = 1 << 20  # stays in the processor's cache from reading to copying
# A block of gzip can unpack to a thousand times its size; this bounds it at 64 MB.
_PACKED_BLOCK: Final = 64 << 10
# What is lost of a zstd file that breaks off is at most one read.
_ZSTD_READ: Final = 16 << 10

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_FOREIGN: Final = {
    b"BZh": "bzip2-compressed; unpack it with bunzip2",
    b"\xfd7zXZ": "xz-compressed; unpack it with unxz",
    b"PK\x03\x04": "a zip archive; unpack it and give the files inside",
    b"PAR1": "Parquet; write it as JSON lines, with pandas: to_json(orient='records', lines=True)",
    b"%PDF": "a PDF; give the text of its pages",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
}

_HOW_TO_FEED: Final = "give JSON lines, CSV or a page dump, or name the format with --format-in"


class Source:
    """One open feed file.

    `blocks`, `raw_blocks` and `seekable` are alternatives: one of them is used, once.
    What concerns text (`head`, `whole`, `encoding`, `blocks`) is found out when it is
    first asked for, so a binary file is refused only where text is wanted of it.

    Parameters
    ----------
    path : str
        File, or ``-`` for standard input.
    limits : UnpackLimits
        How much it may unpack to.

    Attributes
    ----------
    path : str
        The name shown; a member of an archive is ``dump.zip/inner/a.jsonl``.
    raw_head : bytes
        The first bytes (at most `HEAD_BYTES`), unpacked, not recoded.
    raw_whole : bool
        `raw_head` is the whole file.
    compression : str or None
        ``gz``, ``zst`` or None.
    size : int
        Bytes read so far, unpacked.
    nuls : int
        NUL bytes dropped so far.
    damage : str or None
        What is wrong with the file itself, once it has been read as far as it goes.

    Raises
    ------
    FeedError
        The file cannot be opened; when text is first asked for: it is binary or of an unknown encoding.
    """

    def __init__(self, path: str, limits: UnpackLimits = DEFAULT_LIMITS) -> None:
        self.path = path
        self.compression: str | None = None
        self.nuls = 0
        self.size = 0
        self.damage: str | None = None
        self._limits = limits
        self._encoding: str | None = None
        self._spooled: IO[bytes] | None = None
        self._file: IO[bytes] = _open(path)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        raw = self._measured(self._unpacked())
        taken: list[bytes] = []
        for block in raw:
            taken.append(block)
            if sum(map(len, taken)) >= HEAD_BYTES:
                break
        head = b"".join(taken)
        following = next(raw, b"")
        self.raw_head = head[:HEAD_BYTES]
        self.raw_whole = not following and len(head) <= HEAD_BYTES
        self._raw = chain((head,), (following,) if following else (), raw)

    @property
    def encoding(self) -> str:
        """The encoding the text is in."""
        self._as_text()
        return self._encoding or "utf-8"

    @property
    def head(self) -> bytes:
        """The first bytes (at most `HEAD_BYTES`), unpacked, UTF-8, without byte order mark and NULs."""
        self._as_text()
        return self._head

    @property
    def whole(self) -> bool:
        """Whether `head` is the whole file."""
        self._as_text()
        return self._whole

    def _as_text(self) -> None:
        if self._encoding is not None:
            return
        for magic, kind in _FOREIGN.items():
            if self.raw_head.startswith(magic):
                raise FeedError(f"{self.path}: {kind}")
        encoding = guess_encoding(self.raw_head)
        if encoding == "unknown":
            raise FeedError(
                f"{self.path}: the text is neither UTF-8, UTF-16 nor Latin-1",
                "convert it with iconv -f ENCODING -t UTF-8",
            )
        if looks_binary(self.raw_head, encoding):
            raise FeedError(f"{self.path}: not a feed I can read (binary)", _HOW_TO_FEED)
        self._encoding = encoding
        self._blocks = self._in_utf8(self._raw)
        # A whole block has to come off to see the head; it is put back for the reader.
        first = next(self._blocks, b"")
        self._head = first[:HEAD_BYTES]
        second = next(self._blocks, None)
        self._whole = second is None and len(first) <= HEAD_BYTES
        if second is not None:
            self._blocks = chain((first, second), self._blocks)
        else:
            self._blocks = iter((first,))

    def blocks(self) -> Iterator[bytes]:
        """Yield the file in blocks of UTF-8, once; after the last, `damage` tells whether it was whole."""
        self._as_text()
        yield from self._blocks

    def raw_blocks(self) -> Iterator[bytes]:
        """Yield the unpacked bytes as they are, once; after the last, `damage` tells whether it was whole."""
        yield from self._raw

    def seekable(self) -> IO[bytes]:
        """Return a seekable file of the unpacked bytes, at its beginning; `close` closes it.

        The file itself where it is a plain one, else a temporary file.
        """
        if self.path != STDIN and self.compression is None and self._file.seekable():
            self._file.seek(0)
            self.size = os.fstat(self._file.fileno()).st_size
            return self._file
        self._spooled = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115
        for block in self._raw:
            self._spooled.write(block)
        self._spooled.seek(0)
        return self._spooled

    def _measured(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        for block in raw:
            self.size += len(block)
            yield block

    def _unpacked(self) -> Iterator[bytes]:
        first = self._read(_PACKED_BLOCK)
        if first.startswith(_GZIP):
            self.compression = "gz"
            return self._gunzipped(first)
        if first.startswith(_ZSTD):
            self.compression = "zst"
            return self._unzstd(first)
        return chain((first,) if first else (), iter(lambda: self._read(_BLOCK), b""))

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.damage = f"reading stopped: {_said(error)}"
            return b""

    def _gunzipped(self, first: bytes) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(wbits=31)
        packed = first
        while packed:
            try:
                block = unpacker.decompress(packed)
            except zlib.error as error:
                self.damage = f"gzip data is damaged ({error})"
                return
            if block:
                yield block
            packed = unpacker.unused_data or self._read(_PACKED_BLOCK)
            if unpacker.eof:
                # A further member follows, or the zeros that tape tools append, or nothing.
                while packed and not packed.strip(b"\0"):
                    packed = self._read(_PACKED_BLOCK)
                if packed:
                    packed = packed.lstrip(b"\0")
                    unpacker = zlib.decompressobj(wbits=31)
        if not unpacker.eof and self.damage is None:
            self.damage = "gzip data breaks off"

    def _unzstd(self, first: bytes) -> Iterator[bytes]:
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.PythonFile(_Rejoined(first, self), mode="r"), "zstd")
        while True:
            pieces: list[bytes] = []
            try:
                while sum(map(len, pieces)) < HEAD_BYTES and (piece := stream.read(_ZSTD_READ)):
                    pieces.append(piece)
            except OSError as error:
                self.damage = f"zstd data is damaged or breaks off ({error})"
            if pieces:
                yield b"".join(pieces)
            if self.damage is not None or not pieces:
                return

    def _in_utf8(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        if self._encoding == "utf-8-sig":
            raw = _without_bom(raw)
        elif self._encoding is not None and self._encoding != "utf-8":
            raw = _recoded(raw, self._encoding)
        for block in raw:
            if b"\0" in block:
                self.nuls += block.count(b"\0")
                block = block.replace(b"\0", b"")
            if block:
                yield block

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._spooled is not None:
            self._spooled.close()
        if self.path != STDIN:
            self._file.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_sources(
    path: str, limits: UnpackLimits = DEFAULT_LIMITS, refused: list[Reject] | None = None
) -> Iterator[Source]:
    """Open a file: one source, or one for each member of an archive.

    Each is to be read and closed before the next is asked for.

    Parameters
    ----------
    path : str
        File, or ``-`` for standard input.
    limits : UnpackLimits
        How much it may unpack to, all members of an archive together.
    refused : list of Reject, optional
        Gets members of an archive that are not read, each with its reason, as they are met.

    Raises
    ------
    FeedError
        The file cannot be opened.
    """
    yield Source(path, limits)


class _Rejoined:
    """A file object whose first bytes have been read already; what pyarrow needs of one."""

    closed = False

    def __init__(self, first: bytes, source: Source) -> None:
        self._first = first
        self._source = source

    def read(self, size: int = -1) -> bytes:
        if self._first:
            size = len(self._first) if size < 0 else size
            part, self._first = self._first[:size], self._first[size:]
            return part
        return self._source._read(_BLOCK if size < 0 else size)

    def close(self) -> None:
        self.closed = True


def _open(path: str) -> IO[bytes]:
    if path == STDIN:
        return sys.stdin.buffer
    try:
        return open(path, "rb")
    except OSError as error:
        raise FeedError(f"{path}: cannot be read ({_said(error)})") from error


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _without_bom(raw: Iterator[bytes]) -> Iterator[bytes]:
    for number, block in enumerate(raw):
        yield block.removeprefix(codecs.BOM_UTF8) if number == 0 else block


def _recoded(raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder: Any = codecs.getincrementaldecoder(encoding)(errors="replace")
    for block in raw:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")
