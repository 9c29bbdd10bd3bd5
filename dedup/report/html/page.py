"""One self-contained file: styles, script and data in it, under a policy that forbids everything else.

The policy stands in the file. It names the style sheet and the script by their
hashes and allows nothing more: no other script, no request of any kind, no form.
Data are base64 in blocks that no browser runs, so whatever a feed holds, it
cannot end a block. The list stands before the details: a page is usable
while the rest of the file is still being read.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any, BinaryIO, Final

import numpy as np
import orjson

from dedup.report.html.columns import held_by, list_columns
from dedup.report.html.details import blocks_of, detail_blocks
from dedup.report.html.source import ReportSource
from dedup.report.html.texts import EXCERPT, MOST_MEMBERS, LeftOut, TextShelf
from dedup.report.ordering import cluster_starts
from dedup.report.schema import ClusterReport
from dedup.report.wording import printable

SCRIPTS: Final = (
    "data.js",
    "words.js",
    "dom.js",
    "model.js",
    "list.js",
    "timeline.js",
    "compare.js",
    "cluster.js",
    "tables.js",
    "main.js",
)
"""Parts of the script, in the order they are joined."""

_DATA: Final = "application/octet-stream;base64"
_LEVEL: Final = 6  # of zlib; 9 takes three times as long for one part in a hundred
_DIGITS: Final = 12
_COUNTS: Final = ("articles", "clusters", "clustered", "composites")


@dataclass(frozen=True, slots=True)
class HtmlOptions:
    """What a page is made of.

    Parameters
    ----------
    name : str
        What was read, for the head of the page.
    text : str
        How much text goes in, one of `dedup.report.html.texts.CHOICES`.
    """

    name: str = ""
    text: str = "excerpt"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it.

    Parameters
    ----------
    size : int
        Bytes of the file.
    left_out : LeftOut
        Texts that are not in it.
    """

    size: int
    left_out: LeftOut


def write_html(
    report: ClusterReport,
    source: ReportSource,
    file: BinaryIO,
    options: HtmlOptions | None = None,
    *,
    on_stage: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Written:
    """Write the clusters of a report as one HTML file.

    Parameters
    ----------
    report : ClusterReport
        Shown in its order until the reader chooses another.
    source : ReportSource
        Of the same run.
    file : BinaryIO
        Need not be seekable.
    options : HtmlOptions, optional
    on_stage : callable, optional
        Gets (stage, done, total) as the work goes on.

    Returns
    -------
    Written
    """
    options = options or HtmlOptions()
    out = _Counting(file)
    members = report.members
    starts = cluster_starts(members)
    ties = source.ties(members)
    core, weakest = held_by(starts, ties)
    needed = np.concatenate([core[weakest >= 0], weakest[weakest >= 0]])
    on_stage("gather texts", 0, 1)
    with TextShelf(source, members, starts, needed, options.text) as shelf:
        blocks = blocks_of(starts, shelf.sizes)
        data = list_columns(report, starts, ties, blocks, source.outlets())
        data["about"] = _about(report, source, options, shelf.left_out)
        before, after = _frame(options.name).split("<!-- data -->")
        out.write(before.encode())
        out.write(_block("list", orjson.dumps(data)))
        script, end = after.split("<!-- details -->")
        out.write(script.encode())
        for number, block in enumerate(detail_blocks(members, starts, ties, blocks, shelf)):
            out.write(_block(f"details-{number}", block))
            on_stage("compare texts", number + 1, int(blocks[-1]) + 1)
        size = out.written + len(end.encode()) - len("<!-- size -->") + _DIGITS
        out.write(end.replace("<!-- size -->", f"{size:{_DIGITS}d}").encode())
        return Written(out.written, shelf.left_out)


def _about(
    report: ClusterReport, source: ReportSource, options: HtmlOptions, left_out: LeftOut
) -> dict[str, Any]:
    # How long a run took and how much it had to judge is no part of its result: one feed gives one file.
    counts = {name: report.counts[name] for name in _COUNTS if name in report.counts}
    return {
        "name": printable(options.name),
        "counts": counts,
        "notes": [printable(note) for note in report.notes],
        "threshold": source.threshold,
        "text": options.text,
        "excerpt": EXCERPT,
        "most_members": MOST_MEMBERS,
        "left_out": asdict(left_out),
    }


def _frame(name: str) -> str:
    """Return the page without its data."""
    folder = resources.files("dedup.report.html").joinpath("assets")
    style = folder.joinpath("report.css").read_text("utf-8")
    parts = (folder.joinpath(part).read_text("utf-8") for part in SCRIPTS)
    script = '"use strict";\n{\n' + "\n".join(parts) + "\n}\n"
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    title = printable(name)
    filled = folder.joinpath("report.html").read_text("utf-8")
    for mark, text in (
        ("<!-- policy -->", f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        ("<!-- title -->", escape(f"dedup: {title}" if title else "dedup")),
        ("<!-- style -->", f"<style>{style}</style>"),
        ("<!-- script -->", f"<script>{script}</script>"),
    ):
        filled = filled.replace(mark, text)
    return filled


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _block(name: str, data: bytes) -> bytes:
    packed = b64encode(zlib.compress(data, _LEVEL))
    return b'<script type="%s" id="%s">%s</script>\n' % (_DATA.encode(), name.encode(), packed)


class _Counting:
    """Counts the bytes that go into a file that may not know its position."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.written = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.written += len(data)
