"""How right the credits of real articles are: precision and recall against the labels of a reader.

    DEDUP_GOLD_DIR=... python -m tests.benchmarks.credit.measure [--labels A.csv] [--second B.csv] [--errors]

The labels are committed (``tests/data/labels/credit``: ids, no text), the articles are not. Of each figure
two are printed: plain, of the articles read, with Wilson's interval; and weighted by how many articles of
the feeds each stands for (`weighted`). 95 % both. Rare kinds were drawn whole and common
ones thinly, so only the weighted figures speak of a feed, and they hang on few articles of large strata.

A credit is *right* when the article holds copy of the agency it names ("agencies" names none, so any will
do), and *right in tier* when also the extent is as claimed: sure and likely say that the whole text is the
agency's, hint that some of it is. Recall: of the articles that hold agency copy, those with a right credit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dedup.text.credit import Credit, find_credits
from tests.benchmarks.credit.corpora import FEEDS, batches, folder
from tests.benchmarks.credit.labels import FOLDER, Drawn, Label, kappa, read_labels, read_strata

Z = 1.959964

GENERAL = "agencies"
TIERS = ("sure", "likely", "hint")


@dataclass(frozen=True)
class Case:
    """An article: what was found, what the reader says, and whence it was drawn."""

    name: str
    credit: Credit | None
    label: Label
    drawn: Drawn

    @property
    def right(self) -> bool:
        """Whether the agency found has copy in the article."""
        if self.credit is None or not self.label.credited:
            return False
        names = {name.casefold() for name in self.label.agencies}
        return self.credit.agency == GENERAL or self.credit.agency.casefold() in names

    @property
    def right_in_tier(self) -> bool:
        """Whether as much of the text is the agency's as the tier says."""
        if self.credit is None or not self.right:
            return False
        return self.credit.tier == "hint" or self.label.extent in ("own", "whole")


Test = Callable[[Case], bool]


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of n cases (Wilson 1927); 0 and 1 without cases."""
    if n == 0:
        return 0.0, 1.0
    square = Z**2 / n
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * (share * (1 - share) / n + square / (4 * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def weighted(answers: Iterable[tuple[bool, Drawn]]) -> tuple[float, float, float]:
    """Return a share weighted up to the feeds, and its 95 % interval.

    Wilson's for as many articles as the unequal weights are worth, (sum w)^2 / sum w^2 (Kish 1965): where
    a few articles stand for thousands each, it is as wide as for those few.
    """
    pairs = [(hit, drawn.weight) for hit, drawn in answers]
    mass = sum(weight for _, weight in pairs)
    if not mass:
        return 0.0, 0.0, 1.0
    share = sum(weight for hit, weight in pairs if hit) / mass
    return share, *wilson(share, mass**2 / sum(weight**2 for _, weight in pairs))


def row(title: str, cases: Iterable[Case], about: Test, hit: Test) -> str:
    """Return a line: share plain and weighted, each with its interval, and the number of articles."""
    answers = [(hit(case), case.drawn) for case in cases if about(case)]
    if not answers:
        return f"  {title:<22}  -"
    hits, n = sum(answer for answer, _ in answers), len(answers)
    low, high = wilson(hits / n, n)
    share, under, over = weighted(answers)
    plain = f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"
    return f"  {title:<22}  {plain}  {share:.3f} [{under:.3f}, {over:.3f}]  {hits:>4} of {n}"


def report(cases: list[Case]) -> Iterator[str]:
    """Yield the lines of precision and recall."""

    def of(tier: str, kind: str | None = None) -> Test:
        def about(case: Case) -> bool:
            return case.credit is not None and case.credit.tier == tier and kind in (None, case.credit.kind)

        return about

    def copy(extent: str = "", corpus: str = "") -> Test:
        return lambda case: (
            case.label.credited and extent in ("", case.label.extent) and case.name.startswith(corpus)
        )

    def right(case: Case) -> bool:
        return case.right

    n_found, n_copy = sum(case.credit is not None for case in cases), sum(map(copy(), cases))
    yield f"{len(cases)} articles, {n_found} with a credit, {n_copy} with agency copy"
    yield f"\n{'':<24}  {'plain':<20}  weighted"
    yield "Precision: the agency has copy in the article"
    yield row("all", cases, lambda case: case.credit is not None, right)
    for tier in TIERS:
        yield row(tier, cases, of(tier), right)
        kinds = sorted({case.credit.kind for case in cases if case.credit and case.credit.tier == tier})
        for kind in kinds:
            yield row(f"  {tier} {kind}", cases, of(tier, kind), right)
    yield "Precision in tier: and as much of the text as the tier says"
    for tier in TIERS:
        yield row(tier, cases, of(tier), lambda case: case.right_in_tier)
    yield "Recall: of the articles with agency copy"
    yield row("all", cases, copy(), right)
    yield row("all, sure or likely", cases, copy(), lambda case: right(case) and not of("hint")(case))
    for extent in ("own", "whole", "part"):
        yield row(extent, cases, copy(extent), right)
    for corpus in FEEDS:
        some = [case for case in cases if case.name.startswith(f"{corpus}/")]
        yield row(corpus, some, copy(), right)


def agreement(one: dict[str, Label], other: dict[str, Label]) -> Iterator[str]:
    """Yield what two readers agree on."""
    both = sorted(one.keys() & other.keys())
    if not both:
        return
    pairs = [(one[name], other[name]) for name in both]
    yield f"\nTwo readers, {len(both)} articles              same   Cohen's kappa"
    asked: tuple[tuple[str, Callable[[Label], object]], ...] = (
        ("agency copy or none", lambda label: label.credited),
        ("main agency", lambda label: label.agencies[:1]),
        ("extent", lambda label: label.extent),
        ("main agency and extent", lambda label: (label.agencies[:1], label.extent)),
    )
    for title, of in asked:
        same, chance_free = kappa([of(a) for a, _ in pairs], [of(b) for _, b in pairs])
        yield f"  {title:<32}  {same:6.1%}   {chance_free:.3f}"


def errors(cases: list[Case]) -> Iterator[str]:
    """Yield one line per article of which finding and label differ; ids and labels, no text."""
    for case in sorted(cases, key=lambda case: case.name):
        if case.right_in_tier or (case.credit is None and not case.label.credited):
            continue
        said = f"{case.credit.agency} {case.credit.tier} {case.credit.kind}" if case.credit else "nothing"
        label = f"{';'.join(case.label.agencies) or 'none'} {case.label.extent}"
        yield f"{case.name}: found {said}; label {label}"


def gather(labels: dict[str, Label], strata: dict[str, Drawn], gold: Path) -> list[Case]:
    """Return the labelled articles with what is found in them now."""
    out: list[Case] = []
    for corpus in sorted({name.split("/")[0] for name in labels}):
        for names, articles in batches(corpus, gold):
            places = [place for place, name in enumerate(names) if name in labels]
            if places:
                found = find_credits(articles.take(places))
                out += [
                    Case(names[place], credit, labels[names[place]], strata[names[place]])
                    for place, credit in zip(places, found, strict=True)
                ]
    if missing := labels.keys() - {case.name for case in out}:
        raise SystemExit(f"not in the feeds: {', '.join(sorted(missing)[:5])}")
    return out


def main() -> None:
    """Print the figures."""
    as_it_stands = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_stands)
    parser.add_argument("--labels", type=Path, default=FOLDER / "labels_a.csv")
    parser.add_argument("--second", type=Path, default=FOLDER / "labels_b.csv")
    parser.add_argument("--strata", type=Path, default=FOLDER / "strata.csv")
    parser.add_argument("--errors", action="store_true", help="list the articles found wrong")
    options = parser.parse_args()
    labels = read_labels(options.labels)
    cases = gather(labels, read_strata(options.strata), folder())
    print("\n".join(report(cases)))
    if options.second.is_file():
        print("\n".join(agreement(labels, read_labels(options.second))))
    if options.errors:
        print("\n" + "\n".join(errors(cases)))


if __name__ == "__main__":
    main()
