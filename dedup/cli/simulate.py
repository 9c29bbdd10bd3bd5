"""``dedup simulate``: a synthetic syndicated feed with known truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from dedup.simulate.settings import LANGUAGES, SimulationSettings

_CONTENT: Final = "What is in the feed"
_OUTLETS: Final = "Who prints it, and how"
_DEFAULT: Final = SimulationSettings()


class GrammarName(StrEnum):
    """`dedup.simulate.GRAMMARS` for typer."""

    FIT = "fit"
    TEST = "test"


def simulate(
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the feed as JSON lines to FILE, compressed if it ends in .gz.",
        ),
    ],
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the truth goes: csv, one row per article. Without it FILE.truth.csv beside the feed.",
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write labelled pairs: id_a,id_b,label,kind; W is a copy, N is none."
        ),
    ] = None,
    articles: Annotated[
        int, typer.Option("--articles", "-n", metavar="N", help="Articles in the feed.")
    ] = _DEFAULT.articles,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another seed, other stories; the same seed, the same bytes.")
    ] = _DEFAULT.seed,
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            "-l",
            metavar="|".join(LANGUAGES),
            help="Language, repeatable; without it en.",
            rich_help_panel=_CONTENT,
        ),
    ] = None,
    grammar: Annotated[
        GrammarName,
        typer.Option(
            help="One of two grammars with no sentence, name or furniture in common: what is fitted on one "
            "can be measured on the other.",
            rich_help_panel=_CONTENT,
        ),
    ] = GrammarName.TEST,
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="FEED",
            help="Take the stories from this feed, in any format dedup reads, in place of made-up ones.",
            rich_help_panel=_CONTENT,
        ),
    ] = None,
    copies: Annotated[
        float,
        typer.Option(metavar="0..1", help="Share of articles that are copies.", rich_help_panel=_CONTENT),
    ] = _DEFAULT.copies,
    templates: Annotated[
        float, typer.Option(metavar="0..1", help="Share of fill-in texts.", rich_help_panel=_CONTENT)
    ] = _DEFAULT.templates,
    lookalikes: Annotated[
        float,
        typer.Option(
            metavar="0..1",
            help="Share of own reports of an event, follow-ups, round-ups and error pages.",
            rich_help_panel=_CONTENT,
        ),
    ] = _DEFAULT.lookalikes,
    words: Annotated[
        int, typer.Option(metavar="N", help="Mean length of a story in words.", rich_help_panel=_CONTENT)
    ] = _DEFAULT.words,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help=f"When the first story breaks, UTC; without it {_DEFAULT.start:%Y-%m-%d}.",
            rich_help_panel=_CONTENT,
        ),
    ] = None,
    days: Annotated[
        float,
        typer.Option(
            metavar="N",
            help="Days in which stories break; copies come up to two days later.",
            rich_help_panel=_CONTENT,
        ),
    ] = _DEFAULT.days,
    outlets: Annotated[
        int, typer.Option(metavar="N", help="Outlets, of all languages together.", rich_help_panel=_OUTLETS)
    ] = _DEFAULT.outlets,
    furniture: Annotated[
        float,
        typer.Option(
            metavar="0..1",
            help="Share of outlets with menus, cookie notices and the like around their texts.",
            rich_help_panel=_OUTLETS,
        ),
    ] = _DEFAULT.furniture,
    non_ascii: Annotated[
        float,
        typer.Option(
            metavar="0..1",
            help="Share of outlets with typographic quotes, dashes and accents.",
            rich_help_panel=_OUTLETS,
        ),
    ] = _DEFAULT.non_ascii,
    ocr: Annotated[
        float,
        typer.Option(
            metavar="0..0.2",
            help="Share of misread characters at the outlets that are scanned, every tenth.",
            rich_help_panel=_OUTLETS,
        ),
    ] = _DEFAULT.ocr,
) -> None:
    """Write a made-up feed of which everything is known: who copied whom, how, and how much later.

    \b
    Example
      dedup simulate -o feed.jsonl
      dedup simulate -o big.jsonl.gz --articles 100000 --seed 7 --language de --truth truth.csv
      dedup simulate -o like-mine.jsonl --base unique.jsonl --articles 5000

    For tests, samples and benchmarks. It tells nothing about quality on news:
    no outlet re-words a story as a grammar does.
    """
    import time

    from dedup.cli.progress import Progress
    from dedup.errors import DedupError
    from dedup.report.destination import check_writable
    from dedup.report.wording import count
    from dedup.simulate.feed import simulate as simulated
    from dedup.simulate.writing import truth_beside, write_simulation

    settings = SimulationSettings.from_text(
        articles=articles,
        seed=seed,
        languages=language or (),
        grammar=grammar.value,
        copies=copies,
        templates=templates,
        lookalikes=lookalikes,
        outlets=outlets,
        words=words,
        furniture=furniture,
        non_ascii=non_ascii,
        ocr=ocr,
        start=start,
        days=days,
        base=base,
    )
    truth = truth or truth_beside(output)
    files = [file for file in (output, truth, pairs) if file is not None]
    if len({file.resolve() for file in files}) < len(files):
        raise DedupError(
            f"{truth} would be written twice", "give the feed, --truth and --pairs names of their own"
        )
    for file in files:
        check_writable(file, *(() if base is None else (base,)))
    began = time.perf_counter()
    with Progress() as progress:
        written = write_simulation(
            simulated(settings),
            output,
            truth,
            pairs,
            lambda done: progress.stage("simulating", done, settings.articles),
        )
    if written.articles < settings.articles:
        progress.say(
            f"{base} has no more stories: {count(written.articles, 'article')} of {settings.articles:,}"
        )
    progress.say(
        f"wrote {count(written.articles, 'article')} to {output}: "
        f"{count(written.clusters, 'story', 'stories')} with {count(written.copies, 'copy', 'copies')}, "
        f"truth in {truth}, {time.perf_counter() - began:.1f} s"
    )
