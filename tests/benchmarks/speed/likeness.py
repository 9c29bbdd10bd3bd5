"""Set a made feed beside its base: lengths, typography, growth of the vocabulary, frequencies.

    python -m tests.benchmarks.speed.likeness MADE.jsonl --base FEED.jsonl

Words are those of `dedup.text.words` (folded). The growth compares equal numbers of articles; what lies
beyond the base is compared with the base's own growth continued (Heaps' law through two of its points).
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from dedup.text.words import tokenize

MARKS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
"""Numbers of articles at which distinct words are counted."""

TOP = (10, 100, 1_000, 10_000, 100_000)
"""Share of the running words that the most frequent ones make up."""

_BATCH = 1_000


@dataclass(slots=True)
class Likeness:
    """What is measured of a feed; the profile is that of the first `profiled` articles."""

    articles: int = 0
    mean_bytes: float = 0.0
    median_bytes: float = 0.0
    non_ascii_articles: float = 0.0
    non_ascii_bytes: float = 0.0
    words: float = 0.0
    profiled: int = 0
    distinct: dict[int, int] = field(default_factory=dict)
    top: dict[int, float] = field(default_factory=dict)


def measure_likeness(feed: Path, articles: int | None = None, profiled: int = 100_000) -> Likeness:
    """Measure the articles with a text (at most so many) of a JSON-lines feed.

    Distinct words are counted over all of them, in memory that grows with the vocabulary.
    """
    found = Likeness()
    sizes: list[int] = []
    running, plain, outside = 0, 0, 0
    hashes, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
    for texts in _batches(feed, articles):
        words = tokenize(pa.array(texts, pa.large_string()), threads=2).hashes
        marks = [mark for mark in MARKS if len(sizes) < mark <= len(sizes) + len(texts)]
        coded = [text.encode() for text in texts]
        sizes += [len(text) for text in coded]
        plain += sum(text.isascii() for text in texts)
        outside += sum(len(b) - len(t.encode("ascii", "ignore")) for t, b in zip(texts, coded, strict=True))
        running += len(words)
        hashes, counts = _merged(hashes, counts, words)
        found.distinct |= dict.fromkeys(marks, len(hashes))
        if len(sizes) <= profiled:
            found.profiled = len(sizes)
            cumulated = np.cumsum(np.sort(counts)[::-1]) / max(1, running)
            found.top = {n: float(cumulated[n - 1]) for n in TOP if n <= len(cumulated)}
    n = found.articles = len(sizes)
    if n:
        found.mean_bytes, found.median_bytes = float(np.mean(sizes)), float(np.median(sizes))
        found.non_ascii_articles, found.non_ascii_bytes = 1 - plain / n, outside / sum(sizes)
        found.words = running / n
        found.distinct[n] = len(hashes)
    return found


def beside(base: Likeness, made: Likeness) -> str:
    """Return a table of both."""
    rows = [
        ("articles", f"{base.articles:,}", f"{made.articles:,}"),
        ("bytes of text, mean", f"{base.mean_bytes:,.0f}", f"{made.mean_bytes:,.0f}"),
        ("bytes of text, median", f"{base.median_bytes:,.0f}", f"{made.median_bytes:,.0f}"),
        ("words, mean", f"{base.words:,.0f}", f"{made.words:,.0f}"),
        ("articles with non-ASCII", f"{base.non_ascii_articles:.3f}", f"{made.non_ascii_articles:.3f}"),
        ("bytes outside ASCII", f"{base.non_ascii_bytes:.4f}", f"{made.non_ascii_bytes:.4f}"),
    ]
    for n in sorted(set(base.distinct) | set(made.distinct)):
        known = base.distinct.get(n)
        expected = f"{known:,}" if known else f"({continued(base, n):,})" if n > base.articles else ""
        rows.append(
            (f"distinct words in {n:,}", expected, f"{made.distinct[n]:,}" if n in made.distinct else "")
        )
    rows += [
        (f"share of the top {n:,}", f"{base.top[n]:.3f}", f"{made.top[n]:.3f}")
        for n in TOP
        if n in base.top and n in made.top
    ]
    return "\n".join(f"{name:<32}{a:>14}{b:>14}" for name, a, b in [("", "base", "made"), *rows])


def continued(base: Likeness, articles: int) -> int:
    """Return how many distinct words so many articles would have if the base went on as it grew last."""
    (n, v), (m, w) = sorted(base.distinct.items())[-1], sorted(base.distinct.items())[0]
    for mark, count in sorted(base.distinct.items()):
        if mark <= n / 3:
            m, w = mark, count
    if n == m:
        return v
    return round(v * (articles / n) ** (np.log(v / w) / np.log(n / m)))


def _batches(feed: Path, articles: int | None) -> Iterator[list[str]]:
    with feed.open("rb") as lines:
        texts = (text for line in lines if line.strip() and (text := orjson.loads(line).get("text")))
        texts = itertools.islice(texts, articles)
        while batch := list(itertools.islice(texts, _BATCH)):
            yield batch


def _merged(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64], words: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Add the counts of a batch to a sorted table."""
    new, n = np.unique(words, return_counts=True)
    place = np.minimum(np.searchsorted(hashes, new), max(0, len(hashes) - 1))
    known = hashes[place] == new if len(hashes) else np.zeros(len(new), bool)
    counts[place[known]] += n[known]
    at = np.searchsorted(hashes, new[~known])
    return np.insert(hashes, at, new[~known]), np.insert(counts, at, n[~known])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("made", type=Path)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--articles", type=int, help="measure so many of either; default all")
    options = parser.parse_args(arguments)
    base = measure_likeness(options.base, options.articles)
    print(beside(base, measure_likeness(options.made, options.articles, base.articles)))


if __name__ == "__main__":
    main()
