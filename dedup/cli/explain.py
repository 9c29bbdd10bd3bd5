"""``dedup explain``: why two articles are in one cluster, or why not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli import options

if TYPE_CHECKING:
    from dedup.compare.explanation import Explanation


class Format(StrEnum):
    """Formats of an explanation."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


def explain(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="An article: its id, URL or headline. Without -i: a text, or its file."
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--index",
            "-i",
            metavar="INDEX|FEED",
            help="Index, or feed, that holds the two articles; a feed may be one of several -i.",
        ),
    ] = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    window: options.Window = None,
    since: options.Since = None,
    until: options.Until = None,
    no_furniture: Annotated[
        bool,
        typer.Option(
            "--no-furniture",
            help="Compare texts as they stand: what was learnt not to count, counts.",
            rich_help_panel=options.FINDING,
        ),
    ] = False,
    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Without it the name of -o FILE decides, else table.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    output: options.Output = None,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    threads: options.Threads = None,
) -> None:
    """Explain why two articles are in one cluster, or why not.

    \b
    Example
      dedup explain -i news.dedup dm-4101 hx-20391       two articles of an index
      dedup explain -i feed.jsonl dm-4101 hx-20391       of a feed, without an index
      dedup explain one.txt two.txt                      two text files
      dedup explain 'Quake hits Velmara' 'Strong quake shakes Velmara'
      dedup explain -i news.dedup dm-4101 hx-20391 -o why.html

    Give the options of the run that is to be explained: others may give other
    clusters. Without -i only the words count: an index also knows what is
    common in it, which pages repeat, who printed it and when.
    """
    from dedup.cli.facade import read_model
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.report.destination import check_writable, chosen_format, destination
    from dedup.settings import Settings

    kind = chosen_format(format, output, list(Format))
    check_writable(output, *(sources or ()))
    settings = Settings.from_text(
        threshold=threshold,
        window=window,
        since=since,
        until=until,
        threads=threads,
        furniture=not no_furniture,
    )
    judged_by = read_model(model)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    of_articles = {
        "--window": window, "--since": since, "--until": until, "--map": mapping, "--format-in": format_in,
        "--no-furniture": no_furniture or None, "--encoding": encoding, "--max-unpacked": max_unpacked,
        "--no-clean": no_clean or None, "--timezone": timezone,
        "--tz": tz,
    }  # fmt: skip
    given = [name for name, value in of_articles.items() if value is not None]
    if given and not sources:
        raise typer.BadParameter(f"{', '.join(given)}: only with -i; two texts have no date, outlet or feed")
    if sources:
        found = _of_articles(a, b, sources, settings, judged_by, threads, feed_options)
    else:
        from dedup.compare.texts import explain as explain_texts

        found = explain_texts(_text(a), _text(b), threshold=settings.threshold, model=judged_by)
    if kind == "table":
        from dedup.report.explanation.terminal import explanation_lines

        emit_lines(explanation_lines(found, canvas_for(output)), output)
        return
    data = found.to_json() if kind == "json" else found.to_html()
    with destination(output, kind) as file:
        file.write(data)


def _of_articles(
    a: str,
    b: str,
    sources: list[str],
    settings: object,
    model: object,
    threads: int | None,
    feed_options: dict[str, Any],
) -> Explanation:
    from dedup.cli.progress import Progress
    from dedup.cli.sources import opened

    with Progress() as progress:
        reading = opened(
            sources,
            progress,
            feed_options=feed_options,
            threads=threads,
        )
        with reading as idx:
            progress.stage("explaining", 0, 0)
            found: Explanation = idx.explain(a, b, settings, model=model)
    return found


def _text(argument: str) -> str:
    """Return the text of a file of that name, else the argument itself."""
    from dedup.errors import DedupError, FeedError

    path = Path(argument)
    try:
        if not path.is_file():
            if path.suffix in (".txt", ".md", ".html") and " " not in argument:
                raise DedupError(f"{argument}: no such file", "check the path")
            return argument
        return path.read_bytes().decode("utf-8-sig", "replace").replace("\0", "")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None and path.exists():
            raise FeedError(f"{argument}: cannot be read ({error.strerror})", "check the path") from error
        return argument  # too long for a file name, or not one
