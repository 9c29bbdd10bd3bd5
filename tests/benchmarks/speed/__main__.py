"""How fast, how much memory, beside what: ``python -m tests.benchmarks.speed [SECTION ...]``.

    python -m tests.benchmarks.speed feed --peers-python rensa=venvs/rensa/bin/python
    python -m tests.benchmarks.speed --json speed.json --plot scaling.png
    python -m tests.benchmarks.speed --quick

Sections: feed (one feed, beside the peers), scale (made feeds of growing size), increment (more articles,
and queries), start (compiling, help), hostile, same (equal bytes whatever the threads), memory (the least
limit is kept to). Figures are of whole processes, imports included. Every peer has its row: without its
package it says "not installed". Put each into a virtual environment of its own (``pip install rensa orjson``;
``pip install text-dedup setuptools``; ``pip install "datatrove[processing,cli]" spacy orjson``) and name the
interpreters.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.speed.context import Context
from tests.benchmarks.speed.feeds import Feeds
from tests.benchmarks.speed.measure import load

SECTIONS = ("feed", "scale", "increment", "start", "hostile", "same", "memory")
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
PEERS = ("rensa", "text_dedup", "datatrove")
_PACKAGES = ("numpy", "numba", "pyarrow", "orjson")


def main(arguments: list[str] | None = None) -> None:
    """Run the sections asked for; print their tables, write the JSON and the picture."""
    options = _parser().parse_args(arguments)
    if options.plot:
        # Now rather than after an hour.
        importlib.import_module("matplotlib")
    with tempfile.TemporaryDirectory(prefix="dedup-speed-") as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        context = Context(
            Feeds(work, options.feed, options.quick), options.runs, tuple(sorted(options.sizes))
        )
        context.peers = dict(options.peers_python)
        if options.quick:
            context.runs, context.hostile = 1, 0.01
            context.sizes, context.added = (500, 2_000), 200
        context.hostile = options.hostile_scale or context.hostile
        machine = {
            "python": platform.python_version(),
            "system": platform.platform(),
            "packages": {name: version(name) for name in _PACKAGES},
        }
        print(f"at the start: {load()}; Python {machine['python']}, {machine['system']}")
        report: dict[str, object] = {"machine": machine, "runs": context.runs, "start": load()}
        sections = options.sections or SECTIONS
        if sections != ["start"]:
            context.warm()
        for name in sections:
            before = load()
            section = importlib.import_module(f"tests.benchmarks.speed.section_{name}")
            report[name] = {"load": before, **section.run_section(context)}
            print(f"\n{name}: {before} before, {load()} after", flush=True)
            report["end"] = load()
            if options.json:  # after every section: an interrupted run keeps what it has
                options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"\nat the end: {load()}")
        if options.plot and "scale" in report:
            from tests.benchmarks.speed.curve import draw

            draw(report["scale"]["sizes"], options.plot)  # type: ignore[index]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sections", nargs="*", type=_section, metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default all"
    )
    parser.add_argument(
        "--feed", type=Path, help="JSON lines; default allsides of DEDUP_GOLD_DIR, else a made one"
    )
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of each process (5)")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.replace("_", "").split(",")],
        default=SIZES,
        help="articles of the made feeds, with commas between",
    )
    parser.add_argument("--hostile-scale", type=float, help="size of the hostile feeds (1; 0.01 if quick)")
    parser.add_argument(
        "--quick", action="store_true", help="small feeds, one run: under a minute without peers"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the scaling curve")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="keep made feeds here, and take those that are"
    )
    parser.add_argument(
        "--peers-python",
        type=_peer,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=PATH",
        help=f"interpreter of a peer ({', '.join(PEERS)})",
    )
    return parser


def _section(text: str) -> str:
    if text not in SECTIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(SECTIONS)}")
    return text


def _peer(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name.replace("-", "_") not in PEERS or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH with a name of {', '.join(PEERS)}")
    return name.replace("-", "_"), path


if __name__ == "__main__":
    sys.exit(main())
