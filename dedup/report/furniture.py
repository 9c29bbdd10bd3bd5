"""What an epoch learnt not to count, for people and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

import orjson

from dedup.report.layout import Canvas, key_values
from dedup.report.wording import count, percent, printable

_OUTLETS_SHOWN: Final = 5
_LINES: Final = 3


def furniture_json(learnt: Any) -> str:
    """Return what an epoch learnt as one JSON object.

    Parameters
    ----------
    learnt : LearntPassages
        As `Index.furniture` returns it.
    """
    record = dataclasses.asdict(learnt)
    record["outlets"] = [
        {"outlet": name, "words": words, "masked": masked} for name, words, masked in learnt.outlets
    ]
    return orjson.dumps(record, option=orjson.OPT_INDENT_2).decode()


def furniture_lines(name: str, learnt: Any, canvas: Canvas) -> Iterator[str]:
    """Yield the lines of what an epoch learnt; `learnt` as for `furniture_json`."""
    counts = learnt.counts
    yield canvas.paint(f"{printable(name)}: what does not count when two articles are compared", "bold")
    most = "; ".join(
        f"{printable(outlet)} {percent(masked, words)}"
        for outlet, words, masked in learnt.outlets[:_OUTLETS_SHOWN]
    )
    rows = [
        ("epoch", learnt.epoch),
        (
            "passages",
            f"{counts['passage']:,} shared by strangers, {percent(learnt.masked, learnt.words)} of all words",
        ),
        ("frames", f"{counts['frame']:,} of headlines that many fill in differently"),
        (
            "rubrics",
            f"{counts['rubric']:,} short texts an outlet prints again and again, or empty pages",
        ),
    ]
    if most:
        rows.append(("most in", most))
    yield from key_values(rows, canvas, indent=2)
    for passage in learnt.passages:
        yield ""
        carried = f"{count(passage.articles, 'article')}, {count(passage.outlets, 'outlet')}"
        what = f"{passage.kind}  {carried}  {count(passage.words, 'word')}"
        left, right = canvas.ends(what, f"in {printable(passage.example)}")
        yield canvas.paint(left, "bold") + canvas.paint(right, "dim")
        yield from canvas.wrapped(printable(passage.text), _LINES, indent=2)
    if (more := sum(counts.values()) - len(learnt.passages)) > 0:
        yield ""
        yield canvas.paint(f"{more:,} more; --top 0 lists all", "dim")
