"""What a parser of whole documents hands back, from whatever process it ran in."""

from __future__ import annotations

from dataclasses import dataclass

from dedup.feeds.raw_batch import RawBatch


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser makes of a document.

    Parameters
    ----------
    batch : RawBatch
        Its records and rejects.
    described : str
        What was found: "atom 1.0", "html".
    encoding : str, optional
        The one it is in.
    replaced : int
        1 when invalid characters were replaced.
    """

    batch: RawBatch
    described: str
    encoding: str | None = None
    replaced: int = 0
