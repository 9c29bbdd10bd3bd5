"""Compressed bytes as they were before, within limits that no honest feed meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class UnpackLimits:
    """How much one file may unpack to, all members of an archive together.

    Parameters
    ----------
    most_bytes : int
        Bytes it may unpack to.
    most_ratio : float
        Unpacked bytes to a packed one, looked at once 256 MB have come.
    most_members : int
        Files in an archive.
    """

    most_bytes: int = 32 << 30
    most_ratio: float = 1000.0
    most_members: int = 100_000


DEFAULT_LIMITS: Final = UnpackLimits()
