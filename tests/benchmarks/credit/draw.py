"""Draw articles for readers to label, stratified by what `find_credits` says of them.

    DEDUP_GOLD_DIR=... python -m tests.benchmarks.credit.draw FOLDER --strata FILE.csv [--seed N]

FOLDER gets what readers see, ``reading_all.jsonl`` and, for a second reader, ``reading_50.jsonl``: the fields
of an article, the beginning and end of its text, and every passage that names an agency or speaks of rights,
feeds and contributions. Nothing there tells what was found: strata and their sizes go to FILE.csv alone
(``id,stratum,population,drawn``), from which `measure` weights the sample up to the feeds.

Strata are corpus, tier, kind and field of the credit found; articles without one that name an agency in
words nobody mistakes; and the others. Rare strata are drawn whole, so no figure hangs on the common ones.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from dedup.text.credit import Credit, find_credits, load_agencies
from tests.benchmarks.credit.corpora import FEEDS, batches, folder

LEAD, END, AROUND, MOST = 1200, 900, 150, 40

SHARE = {
    "allsides": {"sure": 12, "likely": 12, "hint": 10, "names": 36, "none": 10},
    "missouri": {"sure": 6, "likely": 6, "hint": 6, "names": 5, "none": 5},
    "provenance": {"sure": 4, "likely": 4, "hint": 3, "names": 6, "none": 2},
    "fnc": {"sure": 4, "likely": 4, "hint": 3, "names": 6, "none": 2},
    "webpages": {"sure": 4, "likely": 4, "hint": 3, "names": 7, "none": 3},
}
"""At most so many of a stratum."""

_ALSO = "|".join(
    (
        "wire services?|wire report|newswire|news wire|news service|news agency|news agencies|syndicat\\w*",
        "contributed|contributing|inputs from|with inputs|rights reserved|copyright|\\(c\\)|©|republished",
        "originally published|originally appeared|first appeared|reporting by|editing by|staff and wire",
        "pool report",
    )
)


def mention_pattern() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what names an agency beyond doubt, and what a reader should see the passage of."""
    plain: set[str] = set()
    loose: set[str] = set()
    for agency in load_agencies():
        if agency.own_site:
            plain |= {*agency.full, *agency.short}
            loose |= {*agency.weak}
    names = "|".join(re.escape(name) for name in sorted(plain, key=lambda name: (-len(name), name)))
    more = "|".join(re.escape(name) for name in sorted(loose, key=lambda name: (-len(name), name)))
    return (
        re.compile(rf"(?<![\w@#])(?:{names})(?!\w)"),
        re.compile(rf"(?<![\w@#])(?:{names}|{more}|(?i:{_ALSO}))(?!\w)"),
    )


def stratum(corpus: str, credit: Credit | None, named: bool) -> str:
    """Return the name of the stratum of an article."""
    if credit is None:
        return f"{corpus}:{'names' if named else 'none'}"
    return f"{corpus}:{credit.tier}:{credit.kind}:{credit.field}"


def passages(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the passages between the beginning and the end that a reader should see, overlaps joined."""
    spans: list[tuple[int, int]] = []
    for match in pattern.finditer(text, LEAD - 20, max(LEAD, len(text) - END)):
        low, high = max(0, match.start() - AROUND), match.end() + AROUND
        if spans and low <= spans[-1][1]:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    shown = [text[low:high] for low, high in spans[:MOST]]
    return shown + ([f"... and {len(spans) - MOST} more passages"] if len(spans) > MOST else [])


def as_read(name: str, row: dict[str, Any], pattern: re.Pattern[str]) -> dict[str, Any]:
    """Return what a reader sees of an article."""
    text = row["text"] or ""
    item: dict[str, Any] = {"id": name, **{field: row[field] for field in row if field != "text"}}
    if len(text) <= LEAD + END:
        return item | {"text": text}
    return item | {
        "text_begins": text[:LEAD],
        "text_between": passages(text, pattern),
        "text_ends": text[-END:],
    }


def draw(gold: Path, seed: int) -> tuple[dict[str, tuple[str, int, int]], list[dict[str, Any]]]:
    """Return stratum, population and number drawn of each article, and the articles as readers see them."""
    named, shown = mention_pattern()
    strata: defaultdict[str, list[str]] = defaultdict(list)
    for corpus in FEEDS:
        for names, articles in batches(corpus, gold):
            rows = zip(*(column.to_pylist() for column in articles.columns), strict=True)
            for name, credit, row in zip(names, find_credits(articles), rows, strict=True):
                found = credit is None and any(value and named.search(value) for value in row)
                strata[stratum(corpus, credit, found)].append(name)
    chosen: dict[str, tuple[str, int, int]] = {}
    for label, members in sorted(strata.items()):
        corpus, kind = label.split(":")[:2]
        number = min(SHARE[corpus][kind], len(members))
        drawn = random.Random(f"{seed}:{label}").sample(sorted(members), number)
        chosen |= {name: (label, len(members), number) for name in drawn}
    items: list[dict[str, Any]] = []
    for corpus in FEEDS:
        for names, articles in batches(corpus, gold):
            for number, name in enumerate(names):
                if name in chosen:
                    items.append(as_read(name, articles.slice(number, 1).to_pylist()[0], shown))
    random.Random(seed).shuffle(items)  # neighbours must not share a stratum
    return chosen, items


def some_of_each(chosen: dict[str, tuple[str, int, int]], number: int, seed: int) -> set[str]:
    """Return articles for the second reader: one of each stratum in turn, until there are enough."""
    by_stratum: defaultdict[str, list[str]] = defaultdict(list)
    for name, (label, *_) in sorted(chosen.items()):
        by_stratum[label].append(name)
    rng = random.Random(seed)
    for members in by_stratum.values():
        rng.shuffle(members)
    labels = sorted(by_stratum)
    rng.shuffle(labels)
    out: list[str] = []
    while len(out) < min(number, len(chosen)):
        out += [by_stratum[label].pop() for label in labels if by_stratum[label]]
    return set(out[:number])


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--strata", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--second", type=int, default=50, help="articles of the second reader")
    options = parser.parse_args()
    chosen, items = draw(folder(), options.seed)
    second = some_of_each(chosen, options.second, options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)
    for file, wanted in (("reading_all.jsonl", set(chosen)), ("reading_50.jsonl", second)):
        lines = [orjson.dumps(item) + b"\n" for item in items if item["id"] in wanted]
        (options.folder / file).write_bytes(b"".join(lines))
    with options.strata.open("w", encoding="utf-8", newline="") as target:
        rows = csv.writer(target, lineterminator="\n")
        rows.writerow(["id", "stratum", "population", "drawn"])
        rows.writerows([name, *chosen[name]] for name in sorted(chosen))
    strata = len({label for label, *_ in chosen.values()})
    print(f"{len(items)} articles of {strata} strata, {len(second)} twice")


if __name__ == "__main__":
    main()
