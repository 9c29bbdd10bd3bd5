"""One feed, open: its bytes as they are, or in UTF-8 without NUL bytes.

Everything behind this module sees one thing: blocks of UTF-8 bytes, in which
some bytes may still be invalid (the readers replace those, line by line, and
count them). A file that breaks off or is damaged gives all that could be
unpacked, and says so. `dedup.feeds.sources.from_path` makes the sources of a path.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from types import TracebackType
from typing import IO, Any, Final

from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.sources.encoding import guess_encoding, looks_binary
from dedup.feeds.sources.opening import STDIN, OpenFile, Trouble
from dedup.feeds.sources.spool import spooled
from dedup.feeds.sources.unpack import DEFAULT_LIMITS, Pull, UnpackLimits

HEAD_BYTES: Final = 1 << 20
"""Bytes looked at to tell encoding and format."""
NO_ARTICLE_BYTES: Final = 512 << 20
"""Bytes without an article after which a stream is given up: twice the longest line, the largest document."""
NO_ARTICLE_RECORDS: Final = 250_000
"""Rejected records in a row after which a stream is given up."""

_FOREIGN: Final = {
    b"%PDF": "a PDF; give the text of its pages",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it with 7z x",
    b"Rar!\x1a\x07": "a rar archive; unpack it with unrar",
    b"\x04\x22\x4d\x18": "lz4-compressed; unpack it with unlz4",
}

_HOW_TO_FEED: Final = (
    "give JSON, a table, RSS, saved pages or a page dump, or name the format with --format-in"
)


class Source:
    """One feed, open: a file, or a member of an archive.

    `blocks`, `raw_blocks` and `seekable` are alternatives: one of them is used, once.
    What concerns text (`head`, `whole`, `encoding`, `blocks`) is found out when it is
    first asked for, so a binary file is refused only where text is wanted of it.
    `dedup.feeds.sources.from_path.open_sources` makes them.

    Parameters
    ----------
    path : str
        The name shown; a member of an archive is ``dump.zip/inner/a.jsonl``.
    pull : Pull
        The unpacked bytes.
    trouble : Trouble
        What goes wrong while they are read.
    packed : sequence of str
        How they were packed, the outermost first: gz, zst, bz2, xz, lzma, zip, tar.
    opened : OpenFile, optional
        The file they are all of, closed with the source.
    encoding : str, optional
        Name of the codec, where it is not to be guessed.
    endless : bool
        It comes out of a pipe or a device, so it need not end.
    limits : UnpackLimits
        How long a temporary copy may be.

    Attributes
    ----------
    raw_head : bytes
        The first bytes (at most `HEAD_BYTES`), unpacked, not recoded.
    raw_whole : bool
        `raw_head` is the whole file.
    compression : str or None
        As `packed`, in one line.
    is_member : bool
        It lies in an archive, so there may be others that are no feeds.
    size : int
        Unpacked bytes read so far.
    nuls : int
        NUL bytes dropped so far.

    Raises
    ------
    FeedError
        When text is first asked for: it is binary or of an unknown encoding. While it is read: a
        stream has brought no article for `NO_ARTICLE_BYTES`.
    """

    def __init__(
        self,
        path: str,
        pull: Pull,
        trouble: Trouble,
        packed: Sequence[str] = (),
        opened: OpenFile | None = None,
        encoding: str | None = None,
        *,
        endless: bool = False,
        limits: UnpackLimits = DEFAULT_LIMITS,
    ) -> None:
        self.path = path
        self.compression = ", ".join(packed) or None
        self.is_member = opened is None
        self.nuls = 0
        self.size = 0
        self._trouble = trouble
        self._opened = opened
        self._named = encoding
        self._encoding: str | None = None
        self._spooled: IO[bytes] | None = None
        self._barren_bytes = 0
        self._barren_records = 0
        self._limits = limits
        self._endless = endless
        self._begin(pull)

    def _begin(self, pull: Pull) -> None:
        head = pull.peek(HEAD_BYTES + 1)
        self.raw_head = head[:HEAD_BYTES]
        self.raw_whole = len(head) <= HEAD_BYTES
        self._raw = self._fruitful(pull.rest())

    @property
    def damage(self) -> str | None:
        """What is wrong with the file itself, as far as it has been read."""
        return self._trouble.said

    @property
    def damage_reason(self) -> str:
        """Under which of `reasons` the damage is counted."""
        return self._trouble.reason or reasons.DAMAGED

    @property
    def changed(self) -> str | None:
        """How the file has changed since it was opened; None for a member, as the archive is asked itself."""
        return None if self._opened is None else self._opened.changed()

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
        encoding = self._named or guess_encoding(self.raw_head)
        if encoding == "unknown":
            raise FeedError(
                f"{self.path}: the text is not UTF-8, and which encoding it is in cannot be told for certain",
                "name it with --encoding",
            )
        if looks_binary(self.raw_head, encoding):
            raise FeedError(f"{self.path}: not a feed I can read (binary)", _HOW_TO_FEED)
        self._encoding = encoding
        self._blocks = self._in_utf8(self._raw, encoding)
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

        The file itself where it is a plain one, else a temporary file, which is as long as the
        limits let it be; what is wrong with it `damage` tells.
        """
        plain = None if self._opened is None or self.compression is not None else self._opened
        if plain is not None and plain.regular and plain.path != STDIN:
            plain.file.seek(0)
            self.size = os.fstat(plain.file.fileno()).st_size
            return plain.file
        self._spooled = spooled(self.path, self._raw, self._limits)
        return self._spooled

    def brought(self, articles: int, rejected: int) -> None:
        """Take down what came of the bytes so far, so that an endless stream of rubbish is told from a feed.

        Raises
        ------
        FeedError
            A stream brought `NO_ARTICLE_RECORDS` rejected records and no article among them.
        """
        self._barren_records = 0 if articles else self._barren_records + rejected
        if articles:
            self._barren_bytes = 0
        if self._endless and self._barren_records >= NO_ARTICLE_RECORDS:
            raise self._given_up(f"{self._barren_records:,} records")

    def _fruitful(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `raw`, until too much of it has brought no article."""
        for block in raw:
            self.size += len(block)
            self._barren_bytes += len(block)
            if self._barren_bytes > NO_ARTICLE_BYTES and self._endless:
                raise self._given_up(f"{NO_ARTICLE_BYTES >> 20:,} MB")
            yield block

    def _given_up(self, amount: str) -> FeedError:
        name = "standard input" if self.path == STDIN else self.path
        return FeedError(
            f"{name}: {amount} without an article, given up",
            "check what it sends and --format-in; a plain file is read to its end whatever is in it",
        )

    def _in_utf8(self, raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        if encoding in ("utf-8", "utf-8-sig"):
            raw = _without_bom(raw)
        else:
            raw = _recoded(raw, encoding)
        for block in raw:
            if b"\0" in block:
                self.nuls += block.count(b"\0")
                block = block.replace(b"\0", b"")
            if block:
                yield block

    def close(self) -> None:
        """Close the file and what was written of it; standard input stays open."""
        if self._spooled is not None:
            self._spooled.close()
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _without_bom(raw: Iterator[bytes]) -> Iterator[bytes]:
    for number, block in enumerate(raw):
        yield block.removeprefix(codecs.BOM_UTF8) if number == 0 else block


def _recoded(raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder: Any = codecs.getincrementaldecoder(encoding)(errors="replace")
    begun = False
    for block in raw:
        text = decoder.decode(block)
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True  # where the order of bytes was named
        yield text.encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")
