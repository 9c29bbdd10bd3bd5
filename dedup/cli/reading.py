"""What a command tells about the feeds it has read: how much, what was guessed, what was rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dedup.cli.progress import Progress
from dedup.report.wording import count

if TYPE_CHECKING:
    from dedup.article import Reject
    from dedup.feeds.feed import Feed

REJECTS_SHOWN: Final = 5


def read_line(read: int, rejected: int, reject_counts: Mapping[str, int]) -> str:
    """Return ``read 309 articles, 3 rejected (2 not valid JSON, 1 no title and no text)``.

    `read` counts records, those that were rejected among them.
    Reasons that cost no record ("date not understood") come after, under "noted".
    """
    from dedup.feeds.reasons import KEPT

    def listed(names: Sequence[str]) -> str:
        ordered = sorted(names, key=lambda name: (-reject_counts[name], name))
        return ", ".join(f"{reject_counts[name]:,} {name}" for name in ordered)

    lost = [name for name in reject_counts if name not in KEPT]
    kept = [name for name in reject_counts if name in KEPT]
    line = f"read {count(read - rejected, 'article')}, {rejected:,} rejected"
    if lost:
        line += f" ({listed(lost)})"
    return f"{line}; noted: {listed(kept)}" if kept else line


def tell_rejects(
    progress: Progress, rejects: Sequence[Reject], reject_counts: Mapping[str, int], *, written: bool
) -> None:
    """Print the first rejects, those that lost a record before those that did not."""
    from dedup.feeds.reasons import KEPT, SKIPPED

    told = [one for one in rejects if one.reason not in SKIPPED]
    first = sorted(told, key=lambda one: one.reason in KEPT)[:REJECTS_SHOWN]
    for one in first:
        progress.say(f"  {reject_line(one)}")
    skipped = sum(reject_counts.get(reason, 0) for reason in SKIPPED)
    more = max(sum(reject_counts.values()) - skipped, len(told)) - len(first)
    if more > 0 and not written:
        progress.say(f"  and {more:,} more; --rejects FILE writes them all")


def check_any_read(feed: Feed) -> None:
    """Raise `FeedError` where a feed was read and nothing but rejects came of it.

    Files in which there is nothing at all are no error: a quiet hour may well have an empty file.
    """
    from dedup.errors import FeedError
    from dedup.feeds.reasons import EMPTY_FILE

    said = sum(number for reason, number in feed.reject_counts.items() if reason != EMPTY_FILE)
    if feed.n_read > feed.n_rejected or not said:
        return
    if feed.n_rejected:
        what = f"{count(feed.n_rejected, 'record')}, {feed.n_rejected:,} rejected"
    else:
        what = next(one.detail for one in feed.rejects if one.reason != EMPTY_FILE)
    raise FeedError(
        f"no article could be read: {what}",
        "check --format-in, --encoding and --map; --rejects FILE writes what was rejected",
    )


def reject_line(one: Reject) -> str:
    """Return ``feed.jsonl:17: not valid JSON: unexpected end of data``."""
    from dedup.feeds.sources.opening import STDIN

    name = "standard input" if one.file == STDIN else one.file
    place = f"{name}:{one.line}" if one.line else name
    return f"{place}: {one.reason}" + (f": {one.detail}" if one.detail else "")


def write_rejects(rejects: Sequence[Reject], output: Path) -> None:
    """Write rejects to a file, in the format its name says (JSON lines if it says none)."""
    import pyarrow as pa

    from dedup.report.destination import SUFFIXES, destination
    from dedup.report.writers import FORMATS, write_batches

    schema = pa.schema(
        [
            pa.field("file", pa.string()),
            pa.field("line", pa.int64()),
            pa.field("reason", pa.string()),
            pa.field("detail", pa.string()),
        ]
    )
    rows = [{name: getattr(one, name) for name in schema.names} for one in rejects]
    format = SUFFIXES.get(output.suffix.lower(), "jsonl")
    format = format if format in FORMATS else "jsonl"
    with destination(output, format) as file:
        write_batches([pa.Table.from_pylist(rows, schema=schema)], schema, format, file)
