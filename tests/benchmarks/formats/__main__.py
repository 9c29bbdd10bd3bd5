"""What each format gives: ``python -m tests.benchmarks.formats [--articles N] [--feed FILE] [--runs N]``.

First the committed fixtures, one a dialect: what was found in each. Then one feed written in every format and
read in turn, medians of alternating runs, each a process: articles, rejects, MB/s of the file and of the text
in it, and the time of an article beside that of one in JSON lines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from tests.benchmarks.formats.writers import FIELDS, WRITERS
from tests.benchmarks.speed.feeds import Feeds
from tests.benchmarks.speed.measure import ROOT, load
from tests.benchmarks.speed.table import text_table

FIXTURES = ROOT / "tests" / "data" / "feeds"
_HEADS = [
    "format",
    "articles",
    "rejected",
    "file MB",
    "seconds",
    "MB/s",
    "text MB/s",
    "articles/s",
    "an article",
    "peak MB",
]
_READ = """
import json, re, sys, time
from dedup.feeds import read_feed
began = time.perf_counter()
feed = read_feed(sys.argv[1])
articles, text = 0, 0
for batch in feed:
    articles += batch.articles.num_rows
    text += batch.articles.column("text").nbytes
print(json.dumps([articles, feed.n_rejected, time.perf_counter() - began, text,
                  int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]), feed.notes[:1]]))
"""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.formats", description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument(
        "--feed", type=Path, help="JSON lines; default allsides of DEDUP_GOLD_DIR, else a made one"
    )
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"fixtures, {len(list(_fixtures()))} of them\n")
    print(text_table([("fixture", "articles", "rejected", "found"), *map(_fixture_row, _fixtures())]))
    with tempfile.TemporaryDirectory(prefix="dedup-formats-") as folder:
        work = Path(folder)
        base = Feeds(work, options.feed).base()
        with base.open("rb") as lines:
            records = [json.loads(line) for line in islice(lines, options.articles)]
        records = [_named(record) for record in records]
        paths = {}
        for name, (file, write) in WRITERS.items():
            paths[name] = work / "all" / file
            paths[name].parent.mkdir(exist_ok=True)
            write(records, paths[name])
        del records
        print(f"\n{base.name}, {options.articles:,} articles at most; {options.runs} runs; {load()}\n")
        runs: dict[str, list[list]] = {name: [] for name in paths}  # type: ignore[type-arg]
        for _ in range(options.runs):
            for name, path in paths.items():
                runs[name].append(_read(path))
        print(text_table([*_speed_rows(paths, runs)]))


def _named(record: dict) -> dict:  # type: ignore[type-arg]
    """Return a record under the names of `FIELDS`, whatever the feed calls them."""
    from dedup.feeds.fields.field_map import FieldMap

    columns = FieldMap.resolve("feed", tuple(record), [record], {}).columns
    named = {name: record.get(columns[name]) for name in FIELDS if name in columns}
    return {
        name: value if isinstance(value, str) or value is None else str(value)
        for name, value in named.items()
    }


def _fixtures() -> list[Path]:
    return sorted(path for path in FIXTURES.iterdir() if path.is_file() and path.suffix != ".py")


def _fixture_row(path: Path) -> tuple[str, ...]:
    try:
        articles, rejected, *_, notes = _read(path)
    except SystemExit as error:
        return path.name, "", "", str(error)[:100]
    return path.name, f"{articles}", f"{rejected}", notes[0].removeprefix(f"{path}: ")[:100] if notes else ""


def _read(path: Path) -> list:  # type: ignore[type-arg]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise SystemExit(f"{path.name}: {done.stderr.strip().splitlines()[-1]}")
    return list(json.loads(done.stdout.splitlines()[-1]))


def _speed_rows(paths: dict[str, Path], runs: dict[str, list[list]]):  # type: ignore[no-untyped-def,type-arg]
    yield from [tuple(_HEADS)]
    lines = runs["JSON lines"]
    unit = statistics.median(run[2] for run in lines) / lines[0][0]
    for name, path in paths.items():
        articles, rejected, _, text, *_ = runs[name][0]
        seconds = statistics.median(run[2] for run in runs[name])
        size = sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size
        yield (
            name,
            f"{articles:,}",
            f"{rejected:,}",
            f"{size / 1e6:.1f}",
            f"{seconds:.2f}",
            f"{size / 1e6 / seconds:.0f}",
            f"{text / 1e6 / seconds:.0f}",
            f"{articles / seconds:,.0f}",
            f"{seconds / articles / unit:.1f}x",
            f"{max(run[4] for run in runs[name]) / 1e3:,.0f}",
        )


if __name__ == "__main__":
    main()
