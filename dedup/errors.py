"""Errors a user can cause, each one clear line.

The command line prints ``str(error)`` and exits with code 1; nothing else is
needed to understand what went wrong, so every message says what was wrong,
the value, and the fix.
"""

from typing import Final

DAMAGED: Final = "`dedup check INDEX` tells what else is, `dedup check INDEX --repair` keeps what can be read"
"""The fix for whatever is damaged in an index."""


class DedupError(Exception):
    """Base of every error that `dedup` raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong, with the value.
    fix : str, optional
        What the user can do about it.
    """

    def __init__(self, message: str, fix: str | None = None) -> None:
        self.message = message
        self.fix = fix
        super().__init__(message if fix is None else f"{message}; {fix}")


class FeedError(DedupError):
    """A feed cannot be read at all (missing, unreadable, of an unknown format)."""


class MissingPackageError(FeedError):
    """A feed can be read by a package that is not installed."""


class IndexFolderError(DedupError):
    """An index folder is missing, foreign, newer than this version, locked or damaged."""


class NewerFormatError(IndexFolderError):
    """An index was written by a newer version: nothing is wrong with it, and nothing may be done to it."""


class SettingsError(DedupError):
    """One or more settings are out of range; the message lists all of them."""


class ModelError(DedupError):
    """A confirm model cannot be used, or none can be fitted."""


class GoldError(DedupError):
    """Labels cannot be used: an unreadable file, ids of another feed, too few pairs to say anything."""
