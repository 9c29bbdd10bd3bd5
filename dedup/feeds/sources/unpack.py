"""Compressed bytes as they were before, within limits that no honest feed meets.

How a file is packed is told by its first bytes, never by its name. What is packed
several times over is unpacked several times; streams in a row (``cat a.gz b.gz``) are read as
one; of a file that breaks off or is damaged all is kept that came before the damage.

A bomb is known by what comes out of it, so it is stopped while it unpacks: nothing is held but
one block. News compresses to a third or a tenth, a feed of a million equal lines to a thousandth
with gzip and a ten-thousandth with zstd. Hence the ratio is looked at only once 256 MB have come:
below it even the worst file costs a second and no memory.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.sources.opening import Trouble


@dataclass(frozen=True)
class UnpackLimits:
    """How much one file may unpack to, all members of an archive together.

    Parameters
    ----------
    most_bytes : int
        Bytes it may unpack to. Files that are not packed have no limit.
    most_ratio : float
        Unpacked bytes to a packed one, looked at once 256 MB have come.
    most_members : int
        Files in an archive.
    """

    most_bytes: int = 32 << 30
    most_ratio: float = 1000.0
    most_members: int = 100_000


DEFAULT_LIMITS: Final = UnpackLimits()
RATIO_FROM: Final = 256 << 20
"""Unpacked bytes from which on the ratio is looked at."""
MOST_LAYERS: Final = 3
"""How often a file may be packed over: a ``.gz`` made of a ``.gz`` happens, more is no accident."""

# A block can unpack to a thousand times its size and more; so much of it is handed out at once.
_LARGEST: Final = 1 << 20
_GZIP_READ: Final = 64 << 10
# What is lost of a zstd, bzip2 or xz file that breaks off is at most one read.
_SMALL_READ: Final = 16 << 10
_SALVAGED: Final = 512  # bytes; at most so many are lost before damage in gzip
# xz says how much memory it takes; the highest setting takes 65 MB.
_LZMA_MEMORY: Final = 256 << 20


class Pull:
    """Blocks of bytes, to be read in pieces of any size.

    Parameters
    ----------
    blocks : iterator of bytes
    """

    closed = False  # pyarrow asks

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._block = b""
        self._at = 0

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, or all there are, without taking them."""
        pieces = [self._block[self._at :]]
        while sum(map(len, pieces)) < size and (block := next(self._blocks, b"")):
            pieces.append(block)
        self._block, self._at = b"".join(pieces), 0
        return self._block[:size]

    def read(self, size: int = -1) -> bytes:
        """Return 1 to `size` bytes (any number where it is negative), none at the end."""
        while self._at >= len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._block, self._at = block, 0
        if size < 0 or (self._at == 0 and size >= len(self._block)):
            piece = self._block[self._at :]
        else:
            piece = self._block[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def rest(self) -> Iterator[bytes]:
        """Yield what has not been taken, in blocks as they come."""
        if begun := self.read():
            yield begun
        yield from self._blocks

    def close(self) -> None:
        """Do nothing; pyarrow asks for it."""


class Meter:
    """Counts what goes into unpacking and what comes out, and stops it at the limits.

    Parameters
    ----------
    limits : UnpackLimits

    Attributes
    ----------
    packed : int
        Bytes taken from the file so far.
    over : bool
        A limit was met.
    """

    def __init__(self, limits: UnpackLimits) -> None:
        self.limits = limits
        self.packed = 0
        self.over = False
        self._unpacked: dict[int, int] = {}

    def taken(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `blocks` of a file, counted as packed."""
        for block in blocks:
            self.packed += len(block)
            yield block

    def unpacked(self, blocks: Iterator[bytes], layer: int, trouble: Trouble) -> Iterator[bytes]:
        """Yield `blocks` that came out of the `layer`-th unpacking, until there are too many."""
        for block in blocks:
            total = self._unpacked.get(layer, 0) + len(block)
            self._unpacked[layer] = total
            said = None
            if total > self.limits.most_bytes:
                said = f"over {size_said(self.limits.most_bytes)} unpacked"
            elif total > RATIO_FROM and total > self.limits.most_ratio * self.packed:
                said = f"over {self.limits.most_ratio:,.0f} times its size unpacked"
            if said is not None:
                self.over = True
                came = f"{size_said(total)} from {size_said(self.packed)}"
                trouble.add(reasons.OVER_LIMIT, f"{said} ({came}); --max-unpacked SIZE lets so much through")
                return
            yield block


def size_said(size: float) -> str:
    """Return a number of bytes as ``12 MB`` (powers of 1,024)."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size /= 1024
    return f"{size:,.0f} TB"


def unpacked(path: str, pull: Pull, meter: Meter, trouble: Trouble) -> tuple[Pull, list[str]]:
    """Return what `pull` holds, unpacked as often as it is packed, and how it was.

    Parameters
    ----------
    path : str
        For messages.
    pull : Pull
        The file as it is; counted by `meter` already.
    meter : Meter
    trouble : Trouble
        Gets damage and limits met, once the blocks have been read so far.

    Raises
    ------
    FeedError
        It is packed more than `MOST_LAYERS` times over.
    """
    kinds: list[str] = []
    while kind := packing(pull.peek(16)):
        if len(kinds) == MOST_LAYERS:
            raise FeedError(
                f"{path}: packed more than {MOST_LAYERS} times over", "unpack it and give the feed"
            )
        kinds.append(kind)
        pull = Pull(meter.unpacked(_UNPACKERS[kind](pull, trouble), len(kinds), trouble))
    return pull, kinds


def packing(first: bytes) -> str | None:
    """Return how a file that begins with `first` (16 bytes) is packed, None where it is not."""
    if first.startswith(b"\x1f\x8b"):
        return "gz"
    # Data, or frames that tools put before it to be skipped.
    if first.startswith(b"\x28\xb5\x2f\xfd") or (first[1:4] == b"\x2a\x4d\x18" and first[0] >> 4 == 5):
        return "zst"
    # "BZh9" may begin a text; behind it stands a block or the end, each with six bytes of its own.
    if first[:3] == b"BZh" and first[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bz2"
    if first.startswith(b"\xfd7zXZ\0"):
        return "xz"
    # lzma has no mark: properties, a size of dictionary that is a power of two, a size or -1.
    if (
        first[:3] == b"\x5d\0\0"
        and len(first) > 13
        and (first[5:13] == b"\xff" * 8 or first[10:13] == b"\0\0\0")
    ):
        return "lzma"
    return None


def inflated(
    pull: Pull, trouble: Trouble, *, wbits: int = 31, name: str = "gzip", in_a_row: bool = True
) -> Iterator[bytes]:
    """Yield what deflate packed, in blocks of at most 1 MB.

    Parameters
    ----------
    pull : Pull
    trouble : Trouble
    wbits : int
        As zlib has it: 31 for gzip, -15 for the bare data in a zip.
    name : str
        For messages.
    in_a_row : bool
        Further streams may follow the first; else what follows is not read.
    """
    unpacker = zlib.decompressobj(wbits=wbits)
    while True:
        packed = unpacker.unused_data or pull.read(_GZIP_READ)
        if unpacker.eof:
            if not in_a_row:
                return
            # A further member follows, or the zeros that tape tools append, or nothing.
            while packed and not packed.strip(b"\0"):
                packed = pull.read(_GZIP_READ)
            packed = packed.lstrip(b"\0")
            if not packed:
                return
            unpacker = zlib.decompressobj(wbits=wbits)
        elif not packed:
            trouble.add(reasons.DAMAGED, f"{name} data breaks off")
            return
        before = unpacker.copy()
        try:
            while True:
                block = unpacker.decompress(packed, _LARGEST)
                if block:
                    yield block
                packed = unpacker.unconsumed_tail
                if unpacker.eof or (not packed and len(block) < _LARGEST):
                    break
                before = unpacker.copy()
        except zlib.error as error:
            yield from _salvaged(before, packed)
            trouble.add(reasons.DAMAGED, f"{name} data is damaged ({_zlib_said(error)})")
            return


def _salvaged(unpacker: Any, packed: bytes) -> Iterator[bytes]:
    """Yield what can be unpacked of a block up to the damage in it."""
    pieces: list[bytes] = []
    try:
        while piece := unpacker.decompress(packed, _SALVAGED):
            pieces.append(piece)
            packed = unpacker.unconsumed_tail
    except zlib.error:
        pass
    if pieces:
        yield b"".join(pieces)


def _zlib_said(error: zlib.error) -> str:
    return str(error).rpartition(": ")[2]


def decompressed(pull: Pull, trouble: Trouble, new: Callable[[], Any], name: str) -> Iterator[bytes]:
    """Yield what bzip2 or xz packed, stream after stream, in blocks of at most 1 MB.

    Parameters
    ----------
    pull : Pull
    trouble : Trouble
    new : callable
        Makes a decompressor, as `bz2` and `lzma` have them.
    name : str
        For messages.
    """
    unpacker = new()
    begun = True  # it is a stream of this kind; only what follows the first may be something else
    while True:
        packed = b""
        if unpacker.eof:
            packed = unpacker.unused_data.lstrip(b"\0")  # xz pads with zeros
            while not packed and (more := pull.read(_SMALL_READ)):
                packed = more.lstrip(b"\0")
            if not packed:
                return
            unpacker, begun = new(), False
        elif unpacker.needs_input:
            packed = pull.read(_SMALL_READ)
            if not packed:
                trouble.add(reasons.DAMAGED, f"{name} data breaks off")
                return
        try:
            block = unpacker.decompress(packed, _LARGEST)
        except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
            said = (
                f"{name} data is damaged ({str(error).lower()})"
                if begun
                else f"no {name} data where more should be"
            )
            trouble.add(reasons.DAMAGED, said)
            return
        begun = True
        if block:
            yield block


def unpack_zstd(pull: Pull, trouble: Trouble) -> Iterator[bytes]:
    """Yield what zstd packed, frame after frame, in blocks of about 1 MB."""
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.PythonFile(pull, mode="r"), "zstd")
    while True:
        pieces: list[bytes] = []
        size = 0
        try:
            while size < _LARGEST and (piece := stream.read(_SMALL_READ)):
                pieces.append(piece)
                size += len(piece)
        except OSError as error:
            trouble.add(reasons.DAMAGED, f"zstd data is damaged or breaks off ({error})")
        if pieces:
            yield b"".join(pieces)
        if trouble.reason is not None or not pieces:
            return


def new_lzma() -> lzma.LZMADecompressor:
    """Return a decompressor of xz and lzma that takes at most 256 MB of memory."""
    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)


_UNPACKERS: Final[dict[str, Callable[[Pull, Trouble], Iterator[bytes]]]] = {
    "gz": inflated,
    "zst": unpack_zstd,
    "bz2": lambda pull, trouble: decompressed(pull, trouble, bz2.BZ2Decompressor, "bzip2"),
    "xz": lambda pull, trouble: decompressed(pull, trouble, new_lzma, "xz"),
    "lzma": lambda pull, trouble: decompressed(pull, trouble, new_lzma, "lzma"),
}
