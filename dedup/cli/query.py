"""``dedup query``: what in the index is a near-duplicate of articles that are not in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli import options

if TYPE_CHECKING:
    import pyarrow as pa

    from dedup.cli.progress import Progress

_LONGEST_HEADLINE = 300  # characters; a longer first line is text


def query(
    index: options.IndexFolder,
    source: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Articles to look for, in any feed format; - is standard input."),
    ] = "-",
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            help="FILE is one article as plain text: the headline in the first line, the text after it.",
            rich_help_panel=options.READING,
        ),
    ] = False,
    mapping: options.Mapping = None,
    format_in: options.FormatIn = None,
    encoding: options.Encoding = None,
    max_unpacked: options.MaxUnpacked = None,
    no_clean: options.NoClean = False,
    timezone: options.Timezone = None,
    tz: options.Tz = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    format: options.FormatOut = None,
    output: options.Output = None,
    csv_safe: options.CsvSafe = False,
    threads: options.Threads = None,
    profile: options.Profile = None,
) -> None:
    """Find near-duplicates of new articles in an index. The index is not changed.

    \b
    Example
      dedup query -i news.dedup new.jsonl
      dedup query -i news.dedup --text article.txt
      echo 'Quake hits western Velmara' | dedup query -i news.dedup --text
      dedup query -i news.dedup new.csv --map title=Headline -o matches.csv
    """
    from dedup.cli.facade import open_index, read_model
    from dedup.cli.output import canvas_for, emit_lines
    from dedup.cli.profiling import check_profile, profiling
    from dedup.cli.progress import Progress
    from dedup.report.destination import check_writable, chosen_format, destination
    from dedup.report.matches import match_lines
    from dedup.report.wording import count
    from dedup.report.writers import write_batches
    from dedup.settings import Settings

    kind = chosen_format(format, output, list(options.Format))
    check_profile(profile, output, index, source)
    check_writable(output, index, source)
    settings = Settings.from_text(threshold=threshold, threads=threads)
    judged_by = read_model(model)
    feed_options = options.feed_options(mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz)
    with profiling(profile), Progress() as progress, open_index(index) as idx:
        if source == "-" and sys.stdin.isatty():
            progress.say("reading from the terminal; Ctrl-D ends the input")
        articles = _plain_article(source) if text else _feed_articles(source, progress, feed_options)
        progress.stage("looking for near-duplicates", 0, 0)
        matches = idx.query(articles, settings, model=judged_by)
    if kind == "table":
        titles = articles.column("title").to_pylist()
        emit_lines(match_lines(matches, titles, canvas_for(output)), output)
    else:
        with destination(output, kind) as file:
            write_batches([matches], matches.schema, kind, file, csv_safe=csv_safe)
    found = len(set(matches.column("query").to_pylist()))
    total = count(matches.num_rows, "match", "matches")
    progress.say(f"{count(articles.num_rows, 'article')} looked for, {found:,} found, {total}")


def _plain_article(source: str) -> pa.Table:
    """Return the one article of a plain text file."""
    import pyarrow as pa

    from dedup.article import ARTICLE_SCHEMA
    from dedup.errors import FeedError

    if source == "-":
        data = sys.stdin.buffer.read()
    else:
        try:
            with open(source, "rb") as file:
                data = file.read()
        except OSError as error:
            raise FeedError(f"{source}: cannot be read ({error.strerror})", "check the path") from error
    whole = data.decode("utf-8-sig", "replace").replace("\0", "").strip()
    if not whole:
        raise FeedError(f"{'standard input' if source == '-' else source}: no text in it")
    headline, _, rest = whole.partition("\n")
    title: str | None = headline.strip()
    if len(headline) > _LONGEST_HEADLINE:
        title, rest = None, whole
    article = {"title": title, "text": rest.strip() or None, "file": source, "line": 1}
    return pa.Table.from_pylist([article], schema=ARTICLE_SCHEMA)


def _feed_articles(
    source: str,
    progress: Progress,
    feed_options: dict[str, Any],
) -> pa.Table:
    from dedup.cli.reading import check_any_read, read_line, tell_rejects
    from dedup.feeds import read_feed

    feed = read_feed(
        [source],
        on_note=progress.note,
        **feed_options,
    )
    articles = feed.to_table()
    progress.say(read_line(feed.n_read, feed.n_rejected, feed.reject_counts))
    tell_rejects(progress, feed.rejects, feed.reject_counts, written=True)
    check_any_read(feed)
    return articles
