"""Options that several commands share: said once, so that they mean the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

READING: Final = "How the feed is read"
FINDING: Final = "What counts as a copy"
CHOOSING: Final = "Which clusters are shown"
OUTPUT: Final = "Output"
SPARK: Final = "Where it runs"


class Sort(StrEnum):
    """`dedup.settings.SORTS` for typer, which wants an enumeration."""

    SIZE = "size"
    RECENT = "recent"
    LAG = "lag"
    OUTLETS = "outlets"


class OnChange(StrEnum):
    """`dedup.settings.ON_CHANGE` for typer."""

    VERSION = "version"
    REPLACE = "replace"
    SKIP = "skip"
    REJECT = "reject"


class Format(StrEnum):
    """Formats of matches and of one cluster."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class ClustersFormat(StrEnum):
    """Formats of clusters: those of matches, and what is for reading."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    HTML = "html"
    MD = "md"


class ShownFormat(StrEnum):
    """Formats of one cluster."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MD = "md"


class Engine(StrEnum):
    """What runs the stages."""

    LOCAL = "local"
    SPARK = "spark"


class HtmlText(StrEnum):
    """`dedup.report.html.texts.CHOICES` for typer."""

    ALL = "all"
    EXCERPT = "excerpt"
    NONE = "none"


class FeedFormat(StrEnum):
    """Formats a feed is written in."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class StatsFormat(StrEnum):
    """Formats of ``dedup stats``."""

    TABLE = "table"
    JSON = "json"


IndexFolder: TypeAlias = Annotated[
    Path, typer.Option("--index", "-i", metavar="INDEX", help="Folder of the index.")
]
IndexFolderOrNone: TypeAlias = Annotated[
    Path | None,
    typer.Option("--index", "-i", metavar="INDEX", help="Folder of the index. Needed, but for a --dry-run."),
]
SOURCE_HELP: Final = (
    "An index, or feeds: files, folders, archives or patterns ('feeds/*.jsonl'); - is standard input."
)
FEED_HELP: Final = (
    "Files, folders, archives or patterns ('feeds/*.jsonl'), in any format; - is standard input."
)
Feeds: TypeAlias = Annotated[list[str] | None, typer.Argument(metavar="FEED", help=FEED_HELP)]
Mapping: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN,...",
        help="Which column is which field, e.g. title=Headline,outlet=Source. The rest is guessed by name.",
        rich_help_panel=READING,
    ),
]
FormatIn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--format-in",
        metavar="jsonl|json|csv|page|parquet|arrow|rss|html",
        help="Format of the feeds, where their content does not tell.",
        rich_help_panel=READING,
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Encoding of the text, such as cp1251 or gb18030; without it told by content.",
        rich_help_panel=READING,
    ),
]
MaxUnpacked: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--max-unpacked",
        metavar="SIZE",
        help="What a compressed file or an archive may unpack to, such as 100GB. Without it 32GB, and above "
        "256MB at most 1,000 times its own size.",
        rich_help_panel=READING,
    ),
]
NoClean: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-clean",
        help="Take titles, texts and bylines as they are: entities, tags, mojibake, soft hyphens and all. "
        "Feeds of markup (RSS, Atom, pages) are read as text either way; that text is their original.",
        rich_help_panel=READING,
    ),
]
Timezone: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Zone of times that name none, such as Europe/Berlin or +02:00; without it UTC.",
        rich_help_panel=READING,
    ),
]
Tz: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tz",
        metavar="ABBR=ZONE",
        help="What an abbreviation of a time zone means: IST=Asia/Jerusalem. May be repeated.",
        rich_help_panel=READING,
    ),
]
Rejects: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        metavar="FILE",
        help="Write every rejected record to FILE: file, line, reason (jsonl, csv or parquet by its name).",
        rich_help_panel=READING,
    ),
]
Threshold: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="0..1",
        help="Least score of a copy against the core of its cluster; without it the model's own.",
        rich_help_panel=FINDING,
    ),
]
Model: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="A confirm model of your own, as `dedup tune` writes it; without it the shipped one.",
        rich_help_panel=FINDING,
    ),
]
Agencies: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--agencies",
        metavar="FILE",
        help="Agencies of your own, on top of the shipped ones: JSON, as `dedup credits --list` prints it.",
        rich_help_panel=OUTPUT,
    ),
]
Window: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="72h",
        help="Greatest time between two articles that are compared: 90m, 72h, 3d, 1w.",
        rich_help_panel=FINDING,
    ),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="WHEN",
        help="Only articles published since: 2024-11-25, 2024-11-25T10:00Z, '24h ago'. UTC.",
        rich_help_panel=FINDING,
    ),
]
Until: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="WHEN",
        help="Only articles published before; a day counts to its end.",
        rich_help_panel=FINDING,
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", help="Threads to use; without it every core. Never changes a result."
    ),
]
Memory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Most memory to use, such as 2GB; refused where it is too little. Less is slower; "
        "never changes a result.",
    ),
]
Profile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE|-",
        help="Write time, CPU time and memory of each stage to FILE as JSON, or with - to the terminal.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE, which is replaced only when all went well.",
        rich_help_panel=OUTPUT,
    ),
]
OutputOrFolder: TypeAlias = Annotated[
    str | None,  # and no path: hdfs://host is none
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE, which is replaced only when all went well; with --engine spark a folder.",
        rich_help_panel=OUTPUT,
    ),
]
Plot: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE.png|svg",
        help="Draw the precision-recall curve and the calibration; needs matplotlib: dedup\\[charts].",
        rich_help_panel=OUTPUT,
    ),
]
FormatOut: TypeAlias = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="Without it the name of -o FILE decides, else table. csv is raw data: see --csv-safe.",
        rich_help_panel=OUTPUT,
    ),
]
ClustersOut: TypeAlias = Annotated[
    ClustersFormat | None,
    typer.Option(
        "--format",
        help="Without it the name of -o FILE decides, else table. csv is raw data: see --csv-safe; "
        "html is a page to look at, md a digest for a chat or an issue.",
        rich_help_panel=OUTPUT,
    ),
]
ShownOut: TypeAlias = Annotated[
    ShownFormat | None,
    typer.Option(
        "--format",
        help="Without it the name of -o FILE decides, else table. csv is raw data: see --csv-safe; "
        "md is for a chat or an issue.",
        rich_help_panel=OUTPUT,
    ),
]
CsvSafe: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--csv-safe",
        help="Put ' before csv cells beginning with = + - @, which a spreadsheet would run as a formula.",
        rich_help_panel=OUTPUT,
    ),
]
Top: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Only the first N, 0 for all. Without it a table shows 20, a file holds all.",
    ),
]
Wait: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="30s",
        help="If another process writes to the index, wait so long for it to end; without this not at all.",
    ),
]
HtmlTextOut: TypeAlias = Annotated[
    HtmlText,
    typer.Option(
        "--html-text",
        help="How much text goes into an html report: the first 12,000 characters of each (96 MB at most), "
        "all, or none.",
        rich_help_panel=OUTPUT,
    ),
]

EngineChoice: TypeAlias = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="This machine, or Apache Spark (dedup\\[spark]): Parquet files in, the folder -o OUT of Parquet "
        "out, with the same clusters.",
        rich_help_panel=SPARK,
    ),
]
Master: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Spark's master: spark://host:7077, yarn, 'local[*]' (the default).",
        rich_help_panel=SPARK,
    ),
]
SparkConf: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--spark-conf",
        metavar="KEY=VALUE",
        help="A setting of Spark, such as spark.executor.memory=4g; may be repeated.",
        rich_help_panel=SPARK,
    ),
]
Partitions: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Partitions of each stage; without it told by the size of the feed. Never changes a result.",
        rich_help_panel=SPARK,
    ),
]
Work: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="What the stages give until all is done, on a path all machines see; OUT.work by default. A run "
        "that was killed goes on from there.",
        rich_help_panel=SPARK,
    ),
]
Overwrite: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the folder OUT if it is there, and the work folder of another run.",
        rich_help_panel=SPARK,
    ),
]


def patience(wait: str | None) -> int:
    """Return how many seconds to wait for another writer: what `Wait` says, 0 without it.

    Raises
    ------
    SettingsError
        If it is no length of time.
    """
    from dedup.errors import SettingsError
    from dedup.settings import parse_duration

    try:
        return 0 if wait is None else parse_duration(wait)
    except SettingsError as error:
        raise SettingsError(f"wait: {error.message}") from None


def feed_options(
    mapping: str | None,
    format_in: str | None,
    encoding: str | None,
    max_unpacked: str | None,
    no_clean: bool,
    timezone: str | None,
    tz: list[str] | None,
) -> dict[str, Any]:
    """Return what the options on reading feeds say, as keywords of `dedup.feeds.read_feed`.

    Parameters
    ----------
    mapping, format_in, encoding, max_unpacked, no_clean, timezone, tz
        The values of `Mapping`, `FormatIn`, `Encoding`, `MaxUnpacked`, `NoClean`, `Timezone` and `Tz`.

    Raises
    ------
    FeedError, SettingsError
        One of them cannot be understood; of zones every one that does not exist is listed.
    """
    from dedup.cli.adding import unpack_limits
    from dedup.feeds import parse_map
    from dedup.feeds.dates.zones import parse_zones

    zones = parse_zones(timezone, tz)
    return {
        "mapping": None if mapping is None else parse_map(mapping),
        "format": format_in,
        "encoding": encoding,
        "limits": unpack_limits(max_unpacked),
        "clean": not no_clean,
        "timezone": zones.naive,
        "zones": zones.named,
    }
