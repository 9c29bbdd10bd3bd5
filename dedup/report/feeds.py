"""What was found in feeds, for whoever wants to know before they are read into an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final

from rich.cells import cell_len

from dedup.article import Article, Reject
from dedup.feeds.fields.field_names import FIELD_NAMES
from dedup.feeds.found import EMPTY, NOT_A_FEED, FileFound, Look
from dedup.feeds.reasons import KEPT, SKIPPED
from dedup.feeds.sources.opening import STDIN
from dedup.report.layout import Canvas, key_values
from dedup.report.wording import count, fitted, marked, percent, printable

_TEXT_SHOWN: Final = 200  # characters
_TEXT_LINES: Final = 4
_UNUSED_SHOWN: Final = 30
_REJECTS_SHOWN: Final = 3
_FIELD_WIDTH: Final = max(map(len, FIELD_NAMES))
_HOW: Final = {
    "given": "as --map says",
    "guessed": "by its name",
    "format": "as the format says",
    "derived": "none is named",
}
_DAY_S: Final = 86_400


def found_lines(
    found: Sequence[FileFound],
    rejects: Sequence[Reject],
    reject_counts: Mapping[str, int],
    remarks: Sequence[str],
    look: Look,
    not_looked_at: int,
    canvas: Canvas,
    *,
    rejects_written: bool = False,
) -> Iterator[str]:
    """Yield the lines of a dry run.

    Parameters
    ----------
    found : sequence of FileFound
    rejects : sequence of Reject
        The first of them.
    reject_counts : mapping of str to int
        All of them by reason.
    remarks : sequence of str
        What else was met (`Feed.remarks`).
    look : Look
        How much was read.
    not_looked_at : int
        Files left out.
    canvas : Canvas
    rejects_written : bool
        They were written to a file.
    """
    for one in found:
        yield from _file_lines(one, look, canvas)
        yield ""
    if remarks:
        yield canvas.paint("Notes", "bold")
        for remark in remarks:
            yield from canvas.wrapped(printable(remark), 3, indent=2)
        yield ""
    for heading, counts in zip(("Rejected", "Noted"), _apart(reject_counts), strict=True):
        if counts:
            yield from _reject_lines(heading, rejects, counts, canvas)
            yield ""
    articles, files = sum(one.articles for one in found), sum(one.files for one in found)
    lost, kept = _apart(reject_counts)
    rejected, noted = sum(lost.values()), sum(kept.values())
    said = f"{count(files, 'file')}: {count(articles, 'article')}, {_counts(rejected, noted)}."
    if not all(one.complete for one in found):
        said += f" Of each file the first {look.records:,} records were read, no more."
    if not_looked_at:
        said += f" {count(not_looked_at, 'more file')} of the folders were not looked at."
    said += " Nothing was written but the rejects." if rejects_written else " Nothing was written."
    yield from canvas.wrapped(said, 3)


def _file_lines(one: FileFound, look: Look, canvas: Canvas) -> Iterator[str]:
    name = "standard input" if one.path == STDIN else printable(one.path)
    more = f" and {count(one.files - 1, 'more file')} alike" if one.files > 1 else ""
    yield canvas.paint(marked(name), "bold") + more
    described = [one.format, *([one.encoding] if one.encoding else [])]
    described += [f"packed as {one.compression}"] if one.compression else []
    rows = [("format", printable(", ".join(described)))]
    nothing = one.format in (EMPTY, NOT_A_FEED)
    if not nothing or one.articles:
        read = f"{count(one.articles, 'article')}, {_counts(one.rejects, one.noted)}"
        if not one.complete:
            read += f" in the first {look.records:,} records" + (" of each" if one.files > 1 else "")
        read += f", {_size(one.size)}"
        rows.append(("read", read))
    yield from key_values(rows, canvas, indent=2)
    if any(part.how != "format" for part in one.fields):
        yield from _field_lines(one, canvas)
    elif filled := [f"{name} {_share(one, name)}" for name in FIELD_NAMES if one.filled.get(name)]:
        yield from _listed("fields", filled, canvas)
    for number, article in enumerate(one.examples, 1):
        yield ""
        yield from _article_lines(number, article, canvas)


def _field_lines(one: FileFound, canvas: Canvas) -> Iterator[str]:
    """Yield a line each field: its column, how that was settled, how many articles have it."""
    rows = [
        (part.field, printable(part.column), _HOW[part.how], _share(one, part.field)) for part in one.fields
    ]
    hows = max(len(how) for _, _, how, _ in rows)
    room = canvas.width - (2 + 6 + 2 + _FIELD_WIDTH + 2 + 2 + hows + 2 + len("in 100 %"))
    width = min(max(cell_len(column) for _, column, _, _ in rows), max(room, 10))
    for number, (field, column, how, share) in enumerate(rows):
        label = canvas.paint(fitted("fields" if number == 0 else "", 6), "dim")
        about = canvas.paint(f"{fitted(how, hows)}  {share}".rstrip(), "dim")
        yield f"  {label}  {fitted(field, _FIELD_WIDTH)}  {fitted(column, width)}  {about}"
    there = {part.field for part in one.fields}
    absent = [field for field in FIELD_NAMES if field not in there]
    if absent:
        yield from _listed("none", absent, canvas)
    if one.unused:
        unused = [printable(name) for name in one.unused[:_UNUSED_SHOWN]]
        left = len(one.unused) - len(unused)
        yield from _listed("unused", unused + ([f"{left:,} more"] if left else []), canvas)


def _share(one: FileFound, field: str) -> str:
    if field not in one.filled or not one.articles:
        return ""
    filled = one.filled[field]
    return (
        "in all"
        if filled == one.articles
        else "in none"
        if not filled
        else f"in {percent(filled, one.articles)}"
    )


def _listed(name: str, values: Sequence[str], canvas: Canvas) -> Iterator[str]:
    lines = canvas.wrapped(", ".join(values), 4, indent=10)
    yield f"  {canvas.paint(fitted(name, 6), 'dim')}  {lines[0].strip()}"
    yield from lines[1:]


def _article_lines(number: int, article: Article, canvas: Canvas) -> Iterator[str]:
    title = printable(article.title) or "no title"
    first, *rest = canvas.wrapped(title, 2, indent=5)
    yield f"  {number}. {canvas.paint(marked(first.strip()), 'bold')}"
    yield from rest
    facts = f"{printable(article.outlet) or 'no outlet'} | {_time(article)}"
    for line in (facts, printable(article.url)):
        if line:
            yield canvas.paint(" " * 5 + marked(fitted(line, canvas.width - 5).rstrip()), "cyan")
    text = printable(article.text[: 2 * _TEXT_SHOWN]) if article.text else ""
    if len(text) > _TEXT_SHOWN:
        text = text[:_TEXT_SHOWN].rstrip() + "…"
    if not text:
        yield canvas.paint("     no text", "dim")
    for line in canvas.wrapped(text, _TEXT_LINES, indent=5) if text else ():
        yield marked(line)


def _time(article: Article) -> str:
    if article.published is None:
        return "no date"
    when = article.published.astimezone(UTC)
    if article.precision_s is not None and article.precision_s >= _DAY_S:
        return f"{when:%Y-%m-%d} (day only)"
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _apart(reject_counts: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the counts of what cost a record, and of what did not."""
    lost = {reason: number for reason, number in reject_counts.items() if reason not in KEPT}
    return lost, {reason: number for reason, number in reject_counts.items() if reason in KEPT}


def _counts(rejected: int, noted: int) -> str:
    return f"{rejected:,} rejected" + (f", {noted:,} noted" if noted else "")


def _reject_lines(
    heading: str, rejects: Sequence[Reject], reject_counts: Mapping[str, int], canvas: Canvas
) -> Iterator[str]:
    yield canvas.paint(heading, "bold")
    for reason, number in sorted(reject_counts.items(), key=lambda row: (-row[1], row[0])):
        yield f"  {number:>7,}  {canvas.paint(printable(reason), 'yellow')}"
        if reason in SKIPPED:
            continue
        those = [one for one in rejects if one.reason == reason][:_REJECTS_SHOWN]
        for one in those:
            place = "standard input" if one.file == STDIN else one.file
            place += f":{one.line}" if one.line else ""
            detail = one.detail.removeprefix(f"{one.file}: ")
            said = f"{place}: {detail}" if detail else place
            yield from canvas.wrapped(printable(said), 2, indent=11)
        if number > len(those):
            yield f"{'':11}and {number - len(those):,} more"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"
