"""How credits are measured: figures of made-up labels by hand, and what the committed labels must hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dedup.text.credit import Credit
from tests.benchmarks.credit.draw import as_read, mention_pattern, passages, some_of_each
from tests.benchmarks.credit.labels import FOLDER, Drawn, Label, kappa, read_labels, read_strata
from tests.benchmarks.credit.measure import TIERS, Case, gather, report, weighted, wilson

NONE = Label((), "none")


def case(agency: str | None, tier: str, label: Label, weight: float = 1.0, name: str = "allsides/1") -> Case:
    credit = None if agency is None else Credit(agency, tier, "dateline", 0, 1, "text", "x")  # type: ignore[arg-type]
    return Case(name, credit, label, Drawn(f"{agency}{tier}", weight))


def test_a_credit_is_right_when_the_agency_has_copy_in_the_article() -> None:
    whole, part = Label(("AP",), "whole"), Label(("AP", "Reuters"), "part")
    assert case("AP", "sure", whole).right_in_tier
    assert not case("AFP", "sure", whole).right
    assert not case("AP", "sure", NONE).right
    assert case("Reuters", "sure", part).right
    assert not case("Reuters", "sure", part).right_in_tier
    assert case("Reuters", "hint", part).right_in_tier
    assert case("agencies", "hint", part).right
    assert not case(None, "", whole).right


def test_precision_and_recall_by_hand() -> None:
    cases = [
        *[case("AP", "sure", Label(("AP",), "whole"), 10)] * 3,
        case("AP", "sure", NONE, 10),
        case("AP", "hint", Label(("AP",), "part")),
        *[case(None, "", NONE, 100)] * 5,
        *[case(None, "", Label(("AFP",), "whole"), 100)] * 2,
    ]
    lines = {line.split("  ")[1].strip(): line for line in report(cases) if line.startswith("  ")}
    sure = next(line for line in report(cases) if line.startswith("  sure "))
    assert "0.750 [0.301, 0.954]  0.750 [0.301, 0.954]     3 of 4" in sure
    # Four of six found; weighted 31 of 231.
    assert lines["all, sure or likely"].split()[-3:] == ["3", "of", "6"]
    everything = [line for line in report(cases) if line.startswith("  all ")]
    assert "0.800" in everything[0]
    assert "0.667" in everything[1]
    assert "  0.134 [" in everything[1]


def test_wilson_s_interval() -> None:
    low, high = wilson(0.9, 10)
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)  # Newcombe 1998
    assert wilson(1.0, 5)[1] == pytest.approx(1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_few_heavy_articles_give_a_wide_interval() -> None:
    light, heavy = Drawn("a", 1), Drawn("b", 1000)
    share, low, _ = weighted([(True, light)] * 200 + [(True, heavy)] * 3)
    assert share == 1.0
    assert low < 0.5 < wilson(1.0, 203)[0]
    assert weighted([(True, light), (False, Drawn("b", 3))])[0] == 0.25


def test_kappa_is_agreement_beyond_chance() -> None:
    one = ["yes"] * 25 + ["no"] * 25
    other = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(one, other) == (pytest.approx(0.7), pytest.approx(0.4))
    assert kappa(["x"] * 3, ["x"] * 3) == (1.0, 1.0)


@pytest.mark.parametrize(
    "line",
    ["a,AP,none", "a,none,whole", "a,AP,all", "a,AP,whole\na,AP,whole"],
    ids=["both", "who", "what", "twice"],
)
def test_a_label_that_is_none_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"id,agency,extent\n{line}\n")
    with pytest.raises(ValueError, match=r"labels\.csv:\d: "):
        read_labels(path)


def test_readers_see_the_article_and_not_what_was_found() -> None:
    _, shown = mention_pattern()
    text = "A" * 1300 + " He told Reuters that it rained. " + "B" * 2000
    row = {"outlet": "X", "url": None, "title": "T", "byline": None, "credit": None, "text": text}
    item = as_read("allsides/1", row, shown)
    assert list(item) == [
        *("id", "outlet", "url", "title", "byline", "credit", "text_begins", "text_between", "text_ends")
    ]
    assert "told Reuters" in item["text_between"][0]
    assert passages("short", shown) == []
    assert as_read("x/1", row | {"text": "Short."}, shown)["text"] == "Short."


def test_the_second_reader_gets_some_of_every_stratum() -> None:
    chosen = {f"{stratum}/{n}": (stratum, 100, 9) for stratum in "abcde" for n in range(9)}
    second = some_of_each(chosen, 12, 1)
    assert len(second) == 12
    assert {name[0] for name in second} == set("abcde")
    assert second == some_of_each(dict(reversed(chosen.items())), 12, 1)


def test_the_committed_labels_are_of_the_sample() -> None:
    strata, first = read_strata(FOLDER / "strata.csv"), read_labels(FOLDER / "labels_a.csv")
    second = read_labels(FOLDER / "labels_b.csv")
    assert first.keys() == strata.keys()
    assert len(first) >= 200
    assert len(second) == 50
    assert second.keys() < first.keys()
    drawn = {line.split(":")[1] for line in (one.stratum for one in strata.values())}
    assert drawn == {*TIERS, "names", "none"}
    both = sorted(second)
    assert kappa([first[name].extent for name in both], [second[name].extent for name in both])[1] > 0.9


@pytest.mark.skipif(
    "DEDUP_GOLD_DIR" not in os.environ, reason="needs DEDUP_GOLD_DIR: the feeds are not committed"
)
def test_credits_of_real_feeds_stay_as_right_as_they_were_measured() -> None:
    first, strata = read_labels(FOLDER / "labels_a.csv"), read_strata(FOLDER / "strata.csv")
    cases = gather(first, strata, Path(os.environ["DEDUP_GOLD_DIR"]))
    found = [one for one in cases if one.credit is not None]
    copy = [one for one in cases if one.label.credited]
    # Measured: 0.977 and 0.959.
    assert sum(one.right for one in found) / len(found) > 0.96
    assert sum(one.right for one in copy) / len(copy) > 0.94
