"""A temporary copy of bytes that must be sought in but come as a stream, within limits and room.

Tables of Parquet and zip archives are read from their end, so a packed or piped one is written out first.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from typing import IO, Final, cast

from dedup.errors import FeedError
from dedup.feeds.sources.unpack import UnpackLimits, size_said

# A temporary copy leaves so much of the disk to others.
_LEAVE_FREE: Final = 1 << 30
_LOOK_AT_DISK: Final = 64 << 20


def spooled(path: str, blocks: Iterator[bytes], limits: UnpackLimits) -> IO[bytes]:
    """Return a temporary file that holds `blocks`, at its beginning; it is gone when it is closed.

    Raises
    ------
    FeedError
        It is longer than `limits` let it be, or would fill the disk.
    """
    file = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115 - handed out
    size = looked = 0
    try:
        for block in blocks:
            size += len(block)
            if size > limits.most_bytes:
                raise FeedError(
                    f"{path}: a temporary copy of over {size_said(limits.most_bytes)} would be needed",
                    "unpack it, or raise --max-unpacked",
                )
            if size - looked > _LOOK_AT_DISK:
                looked = size
                if shutil.disk_usage(tempfile.gettempdir()).free < _LEAVE_FREE:
                    raise FeedError(
                        f"{path}: no room for a temporary copy in {tempfile.gettempdir()}",
                        "set TMPDIR to a larger disk",
                    )
            file.write(block)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
