"""The files in a zip or tar archive, one after the other, without writing any of them to disk.

Members of a zip are sorted by name, those of a tar come as they lie in it, for a tar can be
read only forwards. Folders, hidden files and what a Macintosh adds are left
out, as in a folder. The names of members are only ever shown, so one that climbs out of its
folder could do no harm; but whoever made such an archive means harm, and the member is refused.

zip: the directory at the end names the members; the data are unpacked here, for the
standard library takes a false size at its word and unpacks bzip2 and lzma without a bound.
"""

from __future__ import annotations

import bz2
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import IO, Any, Final, cast

from dedup.article import Reject
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.sources.opening import Trouble
from dedup.feeds.sources.unpack import Meter, Pull, decompressed, inflated, size_said, unpack_zstd

ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
TAR_PEEK: Final = 265
"""Bytes by which a tar is known."""

_READ: Final = 64 << 10
_STORED, _DEFLATE, _BZIP2, _LZMA, _ZSTD = 0, 8, 12, 14, 93
_METHODS: Final = frozenset({_STORED, _DEFLATE, _BZIP2, _LZMA, _ZSTD})
_ENCRYPTED: Final = 0x1 | 0x40
# Between two members of a tar stand headers: long names, attributes. More than this is an attack on memory.
_LONGEST_HEADERS: Final = 4 << 20
# The zip directory is read whole; an entry takes 46 bytes and its name.
_LONGEST_ENTRY: Final = 1024
_LARGEST_DICTIONARY: Final = 128 << 20  # of lzma in a zip, in memory
_DRIVE = re.compile(r"[A-Za-z]:")
_RAISE_MEMBERS: Final = "unpack it and give the folder"


@dataclass
class Member:
    """One file in an archive.

    Parameters
    ----------
    name : str
        Its path in the archive, fit to be shown.
    pull : Pull
        Its data, to be read before the next member is asked for.
    trouble : Trouble
        What was wrong with it.
    """

    name: str
    pull: Pull
    trouble: Trouble


def archive_kind(first: bytes) -> str | None:
    """Return ``zip``, ``tar`` or None for a file that begins with `first` (`TAR_PEEK` bytes)."""
    if first.startswith(ZIP_MARKS):
        return "zip"
    return "tar" if first[257:262] == b"ustar" else None


def zip_members(path: str, file: IO[bytes], meter: Meter, refused: list[Reject]) -> Iterator[Member]:
    """Yield the members of a zip, by name.

    Parameters
    ----------
    path : str
        For messages.
    file : file object
        Seekable.
    meter : Meter
        Its limits hold for all members together.
    refused : list of Reject
        Gets members that are not read.

    Raises
    ------
    FeedError
        The directory cannot be read, or has too many members.
    """
    entries, data_end = _directory(path, file, meter.limits.most_members)
    if any(entry.filename == "[Content_Types].xml" for entry in entries):
        raise FeedError(f"{path}: an Office document", "save it as CSV and give that")
    overlapping = _overlapping(entries, data_end)
    seen: dict[str, int] = {}
    # Members of one name are read in the order they were added.
    for entry in sorted(entries, key=lambda one: (one.filename, one.header_offset)):
        # A name may be empty, or begin with a NUL, at which `zipfile` ends it.
        if entry.filename.endswith("/") or _is_hidden(entry.filename):
            continue
        name = _numbered(entry.filename, seen)
        said = _name_said(entry.orig_filename)
        if stat.S_ISLNK(entry.external_attr >> 16):
            said = "a link"
        elif entry.flag_bits & _ENCRYPTED:
            said = "encrypted; unpack it with its password"
        elif entry.compress_type not in _METHODS:
            said = f"packed by a method unknown here ({entry.compress_type}); unpack it"
        elif entry.header_offset in overlapping:
            said = "its data overlap another member's, as in a bomb"
        if said is not None:
            refused.append(reasons.reject(f"{path}/{name}", 0, reasons.MEMBER, said))
            continue
        trouble = Trouble()
        blocks = _zip_data(file, entry, meter, trouble)
        yield Member(name, Pull(blocks), trouble)
        if meter.over:
            refused.append(reasons.reject(path, 0, reasons.OVER_LIMIT, f"nothing read after {name}"))
            return


def _directory(path: str, file: IO[bytes], most: int) -> tuple[list[zipfile.ZipInfo], int]:
    """Return the entries of a zip and where the data end."""
    try:
        size = _directory_size(file)
        if size > most * _LONGEST_ENTRY:
            raise FeedError(f"{path}: {size_said(size)} of member names", _RAISE_MEMBERS)
        with zipfile.ZipFile(file) as archive:
            entries, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise FeedError(
            f"{path}: the zip archive is damaged or breaks off ({reasons.shown(str(error))})",
            "`zip -FF` may mend it",
        ) from error
    if len(entries) > most:
        raise FeedError(f"{path}: {len(entries):,} members, {most:,} at most", _RAISE_MEMBERS)
    return entries, end


def _directory_size(file: IO[bytes]) -> int:
    """Return the size the directory of a zip claims, before it is read; APPNOTE.TXT 4.3.14-16."""
    end = file.seek(0, 2)
    start = max(0, end - (22 + 20 + 0xFFFF))
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return 0  # no zip: zipfile will say so
    size: int = struct.unpack_from("<L", tail, at + 12)[0]
    locator = tail.rfind(b"PK\x06\x07", 0, at)
    if locator >= 0 and len(tail) >= locator + 16:
        file.seek(min(struct.unpack_from("<Q", tail, locator + 8)[0], end))
        record = file.read(56)
        if record.startswith(b"PK\x06\x06") and len(record) == 56:
            size = max(size, struct.unpack_from("<Q", record, 40)[0])
    return size if size != 0xFFFFFFFF else 0


def _overlapping(entries: list[zipfile.ZipInfo], data_end: int) -> set[int]:
    """Return the offsets of members whose data run into another's."""
    found: set[int] = set()
    starts = sorted(entry.header_offset for entry in entries)
    following = dict(zip(starts, [*starts[1:], data_end][: len(starts)], strict=True))
    for entry in entries:
        # A header is at least 30 bytes and the name; two entries of one offset share everything.
        end = entry.header_offset + 30 + entry.compress_size
        if end > following[entry.header_offset]:
            found.add(entry.header_offset)
    found.update(one for one, other in pairwise(starts) if one == other)
    return found


def _zip_data(file: IO[bytes], entry: zipfile.ZipInfo, meter: Meter, trouble: Trouble) -> Iterator[bytes]:
    packed = Pull(meter.taken(_slice(file, entry, trouble)))
    ways: dict[int, Callable[[Pull, Trouble], Iterator[bytes]]] = {
        _STORED: lambda pull, _: pull.rest(),
        _DEFLATE: partial(inflated, wbits=-15, name="zip", in_a_row=False),
        _BZIP2: lambda pull, trouble: decompressed(pull, trouble, bz2.BZ2Decompressor, "bzip2"),
        _LZMA: _unlzma,
        _ZSTD: unpack_zstd,
    }
    sum_, size = 0, 0
    for block in meter.unpacked(ways[entry.compress_type](packed, trouble), 0, trouble):
        sum_ = zlib.crc32(block, sum_)
        size += len(block)
        yield block
    if trouble.reason is None and size != entry.file_size:
        trouble.add(reasons.DAMAGED, f"the archive says {entry.file_size:,} bytes, it holds {size:,}")
    elif trouble.reason is None and sum_ != entry.CRC:
        trouble.add(reasons.DAMAGED, "the check sum is another than the archive says")


def _slice(file: IO[bytes], entry: zipfile.ZipInfo, trouble: Trouble) -> Iterator[bytes]:
    """Yield the packed bytes of a member."""
    try:
        file.seek(entry.header_offset)
        header = file.read(30)
        if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
            trouble.add(reasons.DAMAGED, "no member where the archive says one is")
            return
        name, extra = struct.unpack_from("<HH", header, 26)
        file.seek(name + extra, 1)
        left = entry.compress_size
        at = file.tell()
        while left:
            file.seek(at)  # nothing else reads in between, but nothing depends on it
            block = file.read(min(left, _READ))
            if not block:
                trouble.add(reasons.DAMAGED, "the archive breaks off")
                return
            at += len(block)
            left -= len(block)
            yield block
    except OSError as error:
        trouble.add(reasons.DAMAGED, f"reading stopped: {error.strerror}")


def _unlzma(pull: Pull, trouble: Trouble) -> Iterator[bytes]:
    """Yield what lzma packed in a zip; APPNOTE.TXT 5.8.8: version, length of properties, properties."""
    head = pull.peek(9)
    version, length = struct.unpack("<2xHB", head[:5])[:2] if len(head) == 9 else (0, 0)
    if version != 5:
        trouble.add(reasons.DAMAGED, "lzma data is damaged (no properties)")
        return
    size = struct.unpack_from("<L", head, 5)[0]
    if length >= 9 * 5 * 5 or size > _LARGEST_DICTIONARY:
        trouble.add(reasons.DAMAGED, "lzma data is damaged or takes too much memory")
        return
    taken = 0
    while taken < 9:
        taken += len(pull.read(9 - taken))
    properties = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": length % 9}
    properties |= {"lp": length // 9 % 5, "pb": length // 45}

    def new() -> Any:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties])

    yield from decompressed(pull, trouble, new, "lzma")


def tar_members(
    path: str, pull: Pull, meter: Meter, refused: list[Reject], trouble: Trouble
) -> Iterator[Member]:
    """Yield the files in a tar, as they lie in it.

    Parameters
    ----------
    path, meter, refused
        As `zip_members` has them.
    pull : Pull
        The archive, unpacked.
    trouble : Trouble
        What went wrong with the archive so far.
    """
    stream = _Bounded(pull)
    seen: dict[str, int] = {}
    before, count = "its first member", 0
    try:
        with tarfile.open(fileobj=cast(Any, stream), mode="r|", bufsize=_READ) as archive:
            while (entry := archive.next()) is not None:
                cast(Any, archive).members = []  # a tar of a million files would be kept in memory by name
                count += 1
                if count > meter.limits.most_members:
                    many = f"over {meter.limits.most_members:,} members; {_RAISE_MEMBERS}"
                    refused.append(reasons.reject(path, 0, reasons.OVER_LIMIT, many))
                    return
                stream.allow(entry.size)
                if entry.isdir() or _is_hidden(entry.name):
                    continue
                name = _numbered(entry.name, seen)
                said = _name_said(entry.name)
                if not entry.isreg() or entry.issparse():  # sparse: a terabyte of zeros takes no byte
                    said = "a link" if entry.issym() or entry.islnk() else "no plain file"
                data = archive.extractfile(entry) if said is None else None
                if data is None:
                    said = said or "no plain file"
                    refused.append(reasons.reject(f"{path}/{name}", 0, reasons.MEMBER, said))
                    continue
                about = Trouble()
                yield Member(name, Pull(_tar_data(data, entry.size, about)), about)
                before = name
            # tarfile takes a header it cannot read for the end.
            ahead: Any = archive.fileobj
            if ahead.read(_READ).strip(b"\0"):
                trouble.add(reasons.DAMAGED, f"the tar archive is damaged after {before}")
    except (tarfile.TarError, OSError, ValueError, EOFError, zlib.error) as error:
        trouble.add(reasons.DAMAGED, f"the tar archive is damaged or breaks off after {before} ({error})")
    if trouble.reason is not None:
        refused.append(reasons.reject(path, 0, trouble.reason, trouble.said or ""))


def _tar_data(data: IO[bytes], size: int, trouble: Trouble) -> Iterator[bytes]:
    came = 0
    try:
        while block := data.read(_READ):
            came += len(block)
            yield block
    except (tarfile.TarError, OSError, ValueError):
        pass
    if came < size:
        trouble.add(reasons.DAMAGED, f"the archive breaks off ({came:,} of {size:,} bytes)")


class _Bounded:
    """A `Pull` as a file for tarfile, which stops where headers go on for longer than any do."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull
        self._left = _LONGEST_HEADERS

    def allow(self, size: int) -> None:
        self._left = size + _LONGEST_HEADERS

    def read(self, size: int) -> bytes:
        if self._left <= 0:
            raise tarfile.ReadError("headers without end")
        pieces: list[bytes] = []
        while size > 0 and (piece := self._pull.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._left -= len(piece)
        return b"".join(pieces)


def _is_hidden(name: str) -> bool:
    parts = [part for part in name.replace("\\", "/").split("/") if part]
    return any(part == "__MACOSX" or (part.startswith(".") and part.strip(".") != "") for part in parts)


def _numbered(name: str, seen: dict[str, int]) -> str:
    """Return a name to show, with (2), (3) where members have the same."""
    name = reasons.shown(name.replace("\0", " ").removeprefix("./"))
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name} ({seen[name]})"


def _name_said(name: str) -> str | None:
    """Return what is wrong with the name of a member, or None."""
    parts = name.replace("\\", "/").split("/")
    if "\0" in name:
        return "its name holds a NUL"
    if ".." in parts:
        return "its name climbs out of the archive"
    if parts[0] == "" or _DRIVE.match(name):
        return "its name is absolute"
    return None
