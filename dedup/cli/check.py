"""``dedup check``: whether an index is whole, and dropping what is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedup.index.check.findings import Dropped


def check(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of the index.")],
    deep: Annotated[
        bool, typer.Option("--deep", help="Hash and sketch every article anew, not a sample of each part.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Drop what cannot be read, make anew what can be, keep the rest."),
    ] = False,
    dropped: Annotated[
        Path | None,
        typer.Option(
            "--dropped",
            metavar="FILE",
            help="With --repair: write every article that is dropped to FILE (jsonl, csv or parquet by its "
            "name); nothing is written if none is.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    wait: options.Wait = None,
) -> None:
    """Check that an index is whole: catalog, every page and checksum, sketches, epochs, runs, manifest.

    \b
    Example
      dedup check news.dedup
      dedup check news.dedup --deep                              every article is hashed and sketched anew
      dedup check news.dedup --repair --dropped gone.csv         keep what can be read, list what cannot

    Nothing is changed without --repair, and a writer need not stop for it. The exit code is 0 for a sound
    index and 1 for a damaged one. To bring dropped articles back, read their feeds in again.
    """
    from dedup.cli.facade import index_class
    from dedup.cli.output import emit_lines
    from dedup.cli.progress import Progress
    from dedup.report.destination import check_writable
    from dedup.report.soundness import check_lines, repair_lines

    if dropped is not None and not repair:
        raise typer.BadParameter("nothing is dropped without --repair", param_hint="--dropped")
    if wait is not None and not repair:
        raise typer.BadParameter("a check waits for nobody without --repair", param_hint="--wait")
    check_writable(dropped, index)
    patience = options.patience(wait)

    told: list[Dropped] = []

    def write(some: Sequence[Dropped]) -> None:
        told.extend(some)
        if dropped is not None:
            _write_dropped(told, dropped)

    with Progress() as progress:
        if repair:
            done = index_class().repair(
                index,
                deep=deep,
                on_stage=progress.stage,
                on_dropped=write,
                wait_s=patience,
                on_wait=progress.waiter(index, wait),
            )
            lines, sound = repair_lines(done, dropped), done.after.sound
        else:
            found = index_class().check(index, deep=deep, on_stage=progress.stage)
            lines, sound = check_lines(found), found.sound
    emit_lines(lines, None)
    if not sound:
        raise typer.Exit(1)


def _write_dropped(some: Sequence[Dropped], output: Path) -> None:
    from dataclasses import asdict

    import pyarrow as pa

    from dedup.report.destination import SUFFIXES, destination
    from dedup.report.writers import FORMATS, write_batches

    types = {"line": pa.int64(), "part": pa.int64(), "current": pa.bool_()}
    names = ("article_id", "outlet", "url", "file", "line", "part", "current")
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in names])
    format = SUFFIXES.get(output.suffix.lower(), "jsonl")
    format = format if format in FORMATS else "jsonl"
    with destination(output, format) as file:
        write_batches(
            [pa.Table.from_pylist([asdict(one) for one in some], schema=schema)], schema, format, file
        )
