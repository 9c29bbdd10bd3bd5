"""``--events FILE`` of ``dedup clusters``: what this run changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dedup.errors import DedupError
from dedup.report.destination import check_writable, chosen_format, destination

if TYPE_CHECKING:
    from dedup.index.index import Index
    from dedup.report.events import EventReport

_FORMATS = ("csv", "jsonl", "parquet")


def check_events(
    where: Path, index: Path | None, span: str | None, output: Path | None, *sources: str
) -> None:
    """Raise `DedupError` now if there will be no events to tell, or no place for them."""
    if index is None:
        raise DedupError(
            "--events tells what changed in an index since the run before, and these are feeds",
            f"read them into one: dedup index {sources[0]} -i NAME.dedup",
        )
    if span is not None:
        raise DedupError(
            "--events tells what changed in a whole index", "leave out --since and --until, or --events"
        )
    if output is not None and output.resolve() == where.resolve():
        raise DedupError(f"--events {where} is what -o writes", "choose another place for it")
    chosen_format(None, where, _FORMATS)
    check_writable(where, *sources)


def not_kept_line(reason: str) -> str:
    """Say that a run could not be kept, why, and what that means."""
    return f"the run could not be kept: {reason}; the next run tells what changed"


def events_of(index: Index) -> EventReport | DedupError:
    """Return what the last report of an index changed, or why that cannot be told."""
    if index.not_kept is not None:
        return DedupError("no events to tell", not_kept_line(index.not_kept))
    try:
        found = index.last_events()
    except DedupError as error:
        return error
    return DedupError("no events to tell", "report on the whole index") if found is None else found


def write_events(found: EventReport | DedupError, where: Path, told_again_by: str, *, csv_safe: bool) -> None:
    """Write what a report changed; the command `told_again_by` writes the same.

    Raises
    ------
    DedupError
        If there is nothing to write, or it cannot be written; the file is as it was before.
    """
    from dedup.report.writers import write_batches

    if isinstance(found, DedupError):
        raise DedupError(f"{where} is not written: {found.message}", found.fix)
    kind = chosen_format(None, where, _FORMATS)
    try:
        with destination(where, kind) as file:
            write_batches([found.events], found.events.schema, kind, file, csv_safe=csv_safe)
    except DedupError as error:
        raise DedupError(
            error.message, f"the run is kept; to write what it changed: {told_again_by}"
        ) from error
