"""From a path to its sources: the file, unpacked, or each member of the archive it is.

Compression is told by the first bytes, never by the name alone, so a
``.jsonl`` that is really gzip reads as well as a ``.gz`` that is not. A member that
cannot be read is refused with its reason, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from dedup.article import Reject
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.sources.archives import TAR_PEEK, archive_kind, tar_members, zip_members
from dedup.feeds.sources.opening import STDIN, OpenFile
from dedup.feeds.sources.source import Source
from dedup.feeds.sources.spool import spooled
from dedup.feeds.sources.unpack import DEFAULT_LIMITS, Meter, Pull, UnpackLimits, unpacked


def open_sources(
    path: str,
    limits: UnpackLimits = DEFAULT_LIMITS,
    refused: list[Reject] | None = None,
    encoding: str | None = None,
) -> Iterator[Source]:
    """Open a file: one source, or one for each member of an archive.

    Each is to be read and closed before the next is asked for.

    Parameters
    ----------
    path : str
        File, or ``-`` for standard input.
    limits : UnpackLimits
        How much it may unpack to.
    refused : list of Reject, optional
        Gets members of an archive that are not read, each with its reason, as they are met, and at
        the end what is wrong with the archive itself.
    encoding : str, optional
        Name of the codec the text is in, where it is not to be guessed.

    Raises
    ------
    FeedError
        The file cannot be opened, or is an archive whose members cannot be found.
    """
    refused = [] if refused is None else refused
    opened = OpenFile(path)
    handed_over = False  # a single source closes its file itself
    try:
        endless = not opened.regular
        meter = Meter(limits)
        pull, packed = unpacked(path, Pull(meter.taken(opened.blocks())), meter, opened.trouble)
        kind = archive_kind(pull.peek(TAR_PEEK))
        if kind is None:
            source = Source(
                path, pull, opened.trouble, packed, opened, encoding, endless=endless, limits=limits
            )
            handed_over = True
            yield source
            return
        spool: IO[bytes] | None = None
        try:
            if kind == "tar":
                members = tar_members(path, pull, meter, refused, opened.trouble)
            else:
                if packed or not opened.regular or path == STDIN:
                    spool = spooled(path, pull.rest(), limits)
                if opened.trouble.reason is not None:
                    refused.append(reasons.reject(path, 0, opened.trouble.reason, opened.trouble.said or ""))
                # From here on the members are counted, not the file they lie in.
                meter = Meter(limits) if not packed else meter
                members = zip_members(path, spool or opened.file, meter, refused)
            for member in members:
                name = f"{path}/{member.name}"
                try:
                    pull, inner = unpacked(name, member.pull, meter, member.trouble)
                    if inner_kind := archive_kind(pull.peek(TAR_PEEK)):
                        raise FeedError(
                            f"{name}: a {inner_kind} archive in an archive", "unpack it and give that"
                        )
                except FeedError as error:
                    refused.append(
                        reasons.reject(name, 0, reasons.MEMBER, str(error).removeprefix(f"{name}: "))
                    )
                    continue
                source = Source(
                    name,
                    pull,
                    member.trouble,
                    (*packed, kind, *inner),
                    None,
                    encoding,
                    endless=endless and kind == "tar",
                    limits=limits,
                )
                with source:
                    yield source
        finally:
            if spool is not None:
                spool.close()
        if changed := opened.changed():
            refused.append(reasons.reject(path, 0, reasons.CHANGED, changed))
    finally:
        if not handed_over:
            opened.close()
