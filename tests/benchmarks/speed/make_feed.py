"""Make a feed of any size that reads, to a tokenizer, like a given one.

    python -m tests.benchmarks.speed.make_feed OUT.jsonl --articles 1000000 [--base FEED.jsonl] [--more N]

Texts have the lengths, the words and pairs of words, the typography and the growth of vocabulary of the
base feed (`chain`), and a share of them are copies (`plan`): whole, cut, with changed words or a paragraph
of the outlet's own, under the same or another headline, within the outlet's furniture. ``OUT.truth.csv``
says which. ``--more N`` writes the N articles after the last to ``OUT_more.jsonl``. Blocks of `BLOCK`
articles are made one after the other: the memory does not grow with the feed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from dedup.simulate.outlets import Outlet
from dedup.simulate.settings import SimulationSettings
from dedup.simulate.teller import Teller
from tests.benchmarks.speed import printing
from tests.benchmarks.speed.chain import Chain, Style, learn
from tests.benchmarks.speed.plan import OUTLETS, RELATIONS, SECONDS, Plan, make_plan

BLOCK = 4_096
"""Articles that are made at a time."""

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "feed.jsonl"
"""What to learn from where no other feed is given."""

START = np.datetime64("2024-01-01T00:00:00")
_OTHER_HEADLINE = 0.5  # of the copies
_BUFFER = 256 << 20


class Press:
    """The outlets: names, addresses, people, furniture; the same for every feed of one seed."""

    def __init__(self, seed: int, non_ascii: float) -> None:
        settings = SimulationSettings(seed=seed, outlets=OUTLETS, non_ascii=non_ascii)
        outlets = [Outlet(settings, "en", number) for number in range(OUTLETS)]
        self.plain = np.array([not outlet.typographic for outlet in outlets])
        frames = [_frame(outlet) for outlet in outlets]
        pieces = [piece for pair in frames for piece in pair]
        self.frames = np.frombuffer(b"".join(pieces), np.uint8)
        self.frame_offsets = _offsets([len(piece) for piece in pieces])
        self.beginnings = [
            [
                f'","outlet":{_json(outlet.name)},"byline":{_json(f"By {person}")},"url":"https://{outlet.domain}/'
                for person in _people(outlet, seed)
            ]
            for outlet in outlets
        ]


def make_feed(style: Style, out: Path, n: int, *, seed: int = 0, more: int = 0) -> dict[str, float]:
    """Write a feed of n articles, its truth, and `more` articles after the last to a file of their own.

    Returns
    -------
    dict
        Articles, bytes and seconds.
    """
    begun = time.perf_counter()
    plan = make_plan(n + more, seed)
    press = Press(seed, style.non_ascii)
    written = 0
    with ExitStack() as files:
        feed = files.enter_context(out.open("wb"))
        truth = files.enter_context(out.with_suffix(".truth.csv").open("w", encoding="utf-8"))
        added = files.enter_context(more_beside(out).open("wb")) if more else feed
        truth.write("article_id,cluster_id,relation\n")
        for low in range(0, n + more, BLOCK):
            # The file changes between two blocks.
            for a, b in ((low, min(low + BLOCK, n)), (max(low, n), min(low + BLOCK, n + more))):
                if a < b:
                    written += _block(style, plan, press, seed, np.arange(a, b), feed if b <= n else added)
                    truth.writelines(_truth(plan, a, b))
    return {"articles": n + more, "bytes": written, "seconds": time.perf_counter() - begun}


def more_beside(out: Path) -> Path:
    """Return where the articles after the last go."""
    return out.with_name(f"{out.stem}_more{out.suffix}")


def _block(
    style: Style, plan: Plan, press: Press, seed: int, numbers: NDArray[np.int64], file: BinaryIO
) -> int:
    outlet = plan.outlet[numbers]
    stories, told = np.unique(plan.story[numbers], return_inverse=True)
    text = _told(style, style.texts, seed, stories)
    # Titles are told by number: below 2**32 of the story, above of the article that has one of its own.
    own = (plan.relation[numbers] > 0) & (_draws(seed, numbers) < _OTHER_HEADLINE)
    names, headline = np.unique(np.where(own, numbers + (1 << 32), plan.story[numbers]), return_inverse=True)
    title = _told(style, style.titles, seed + 1, names)
    heads = list(_heads(press, numbers, outlet))
    out = np.empty(_BUFFER, np.uint8)
    ends = np.zeros(len(numbers), np.int64)
    voc = style.vocabulary
    done = written = 0
    while done < len(numbers):
        begun = done
        done = printing.print_articles(
            seed, begun, numbers, plan.relation[numbers], outlet, told, headline, *text, *title,
            _arrays(style.texts), (voc.letters, voc.places, voc.first_rare, voc.upper, voc.breaks),
            style.invention, press.plain, np.frombuffer(b"".join(heads), np.uint8),
            _offsets([len(head) for head in heads]), press.frames, press.frame_offsets, out, ends,
        )  # fmt: skip
        if done == begun:
            raise ValueError(f"article {numbers[begun]} does not fit {_BUFFER} bytes")
        file.write(out[: ends[done - 1]].data)
        written += int(ends[done - 1])
    return written


def _told(style: Style, chain: Chain, seed: int, stories: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """Return where each story starts, the types of all, the ranks of their invented words."""
    pick = (_draws(seed + 7, stories) * len(chain.lengths)).astype(np.int64)
    offsets = _offsets(chain.lengths[pick])
    types, ranks = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64)
    printing.tell(
        seed, stories, _arrays(chain), style.vocabulary.first_rare, style.invention, offsets, types, ranks
    )
    return offsets, types, ranks


def _arrays(chain: Chain) -> tuple[NDArray[Any], ...]:
    return chain.starts, chain.successors, chain.firsts, chain.lengths


def _draws(seed: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a draw from [0, 1) for each number, the same for the same seed."""
    z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed * 0x632BE5AB + 0x7F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return (z >> np.uint64(11)) / float(1 << 53)


def _heads(press: Press, numbers: NDArray[np.int64], outlet: NDArray[np.int64]) -> Iterator[bytes]:
    """Yield the beginning of each line, up to its title."""
    when = np.datetime_as_string(START + numbers * SECONDS).tolist()
    for number, published, printer in zip(numbers.tolist(), when, outlet.tolist(), strict=True):
        name = f"a{number + 1:07d}"
        begun = press.beginnings[printer][number % len(press.beginnings[printer])]
        yield (
            f'{{"id":"{name}{begun}{published[:10].replace("-", "/")}/{name}.html"'
            f',"published":"{published}Z","title":"'
        ).encode()


def _truth(plan: Plan, low: int, high: int) -> Iterator[str]:
    columns = (plan.story[low:high], plan.clustered[low:high], plan.relation[low:high])
    for number, (story, clustered, relation) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True), low + 1
    ):
        yield f"a{number:07d},{f's{story}' if clustered else ''},{RELATIONS[relation]}\n"


def _people(outlet: Outlet, seed: int) -> list[str]:
    teller = Teller(outlet.grammar, Random(f"people {seed} {outlet.domain}"))
    return teller.persons


def _frame(outlet: Outlet) -> tuple[bytes, bytes]:
    """Return what an outlet prints above and below a text, as it stands in JSON."""
    outlet.ocr = 0.0  # else the mark between the two may be misread
    above, below = outlet.page(["\x00"], [], Random(0)).split("\x00")
    return orjson.dumps(above)[1:-1], orjson.dumps(below)[1:-1]


def _json(text: str) -> str:
    return orjson.dumps(text).decode()


def _offsets(sizes: Any) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--base", type=Path, default=SAMPLE)
    parser.add_argument("--more", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    begun = time.perf_counter()
    style = learn(options.base)
    print(f"learnt from {options.base.name} in {time.perf_counter() - begun:.1f} s", file=sys.stderr)
    done = make_feed(style, options.out, options.articles, seed=options.seed, more=options.more)
    size = done["bytes"] / 1e6
    print(
        f"{done['articles']:,} articles, {size:,.0f} MB in {done['seconds']:.1f} s, "
        f"{size / done['seconds']:.0f} MB/s"
    )


if __name__ == "__main__":
    main()
