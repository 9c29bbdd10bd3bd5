"""Write a simulated feed and its truth, article by article."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from dedup.report.destination import destination
from dedup.simulate.article import TRUTH_FIELDS, SimulatedArticle

PAIR_FIELDS: Final = ("id_a", "id_b", "label", "kind")
"""Columns of a file of labelled pairs; W: the second is a copy of the first, N: it only resembles it."""

_STEP: Final = 2_000  # articles between two reports of progress


@dataclass(slots=True)
class Written:
    """What was written: articles, clusters, and copies of other articles."""

    articles: int = 0
    clusters: int = 0
    copies: int = 0


def truth_beside(output: Path) -> Path:
    """Return where the truth of a feed goes by default: ``feed.jsonl.gz`` has ``feed.truth.csv``."""
    name = output.name.removesuffix(".gz")
    return output.with_name(f"{name.rpartition('.')[0] or name}.truth.csv")


def write_simulation(
    articles: Iterable[SimulatedArticle],
    feed: Path,
    truth: Path,
    pairs: Path | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Written:
    """Write a feed as JSON lines and its truth as csv.

    Parameters
    ----------
    articles : iterable of SimulatedArticle
        Taken one by one; nothing is kept.
    feed : Path
        Compressed if its name ends in ``.gz``.
    truth : Path
        One row per article, of `TRUTH_FIELDS`.
    pairs : Path, optional
        One row (`PAIR_FIELDS`) for every article made after another: its copy, or what only resembles it.
    on_progress : callable
        Called with the articles written so far.

    Returns
    -------
    Written

    Raises
    ------
    DedupError
        If a file cannot be written. Each is replaced only when everything went well.
    """
    written = Written()
    with ExitStack() as files:
        # Files are put in their places in the reverse order, so a new feed never stands beside an old truth.
        lines = _opened(files, feed)
        truth_rows = _opened(files, truth)
        truth_rows(_row(TRUTH_FIELDS))
        pair_rows = None if pairs is None else _opened(files, pairs)
        if pair_rows:
            pair_rows(_row(PAIR_FIELDS))
        for article in articles:
            lines(orjson.dumps(article.record(), option=orjson.OPT_APPEND_NEWLINE))
            truth_rows(_row(article.truth()))
            if pair_rows and article.origin_id:
                label, kind = ("W", article.relation) if article.cluster_id else ("N", article.kind)
                pair_rows(_row((article.origin_id, article.id, label, kind)))
            written.articles += 1
            if article.cluster_id:
                written.copies += article.origin_id != ""
                written.clusters += article.origin_id == ""
            if written.articles % _STEP == 0:
                on_progress(written.articles)
    return written


def _opened(files: ExitStack, path: Path) -> Callable[[bytes], object]:
    """Return what writes to a new file at `path`."""
    file = files.enter_context(destination(path, "jsonl"))
    if path.suffix.lower() != ".gz":
        return file.write
    # No name and no time in the header: the same articles, the same bytes.
    return files.enter_context(gzip.GzipFile("", "wb", compresslevel=3, fileobj=file, mtime=0)).write


def _row(cells: Iterable[str]) -> bytes:
    """Return a row of csv; ids, numbers and fixed words need no quoting."""
    return (",".join(cells) + "\n").encode()
