"""A cluster inherits the credit of its members: who decides, and that disagreement is told."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dedup as package
from dedup.cluster.canonical import UNKNOWN
from dedup.cluster.credit import Votes, cluster_credits, counts_told
from tests.commands import Command

NAMES = ["AP", "Reuters", "AFP", "agencies"]
TIERS = {"sure": 0, "likely": 1, "hint": 2}


def decided(*votes: tuple[Any, ...]) -> tuple[str | None, str | None, str | None]:
    """Agency, tier and what is told of one cluster; a vote is agency, tier, at home, time."""
    rows = [(*vote, *(False, 0)[len(vote) - 2 :]) if len(vote) < 4 else vote for vote in votes]
    given = Votes(
        np.zeros(len(rows), np.int64),
        np.array([-1 if row[0] is None else NAMES.index(row[0]) for row in rows], np.int64),
        np.array([TIERS.get(row[1], -1) for row in rows], np.int64),
        np.array([row[2] for row in rows], np.bool_),
        np.array([row[3] for row in rows], np.int64),
    )
    found = cluster_credits(given, NAMES, np.array([False, False, False, True]), 1)
    agency, tier = int(found.agency[0]), int(found.tier[0])
    return NAMES[agency] if agency >= 0 else None, [*TIERS][tier] if tier >= 0 else None, found.told[0]


def test_the_majority_decides_and_the_others_are_told() -> None:
    five, two = [("Reuters", "sure")] * 5, [("AP", "sure")] * 2
    assert decided(*two, *five, (None, None)) == ("Reuters", "sure", "Reuters 5, AP 2")


def test_nobody_credits_anybody() -> None:
    assert decided((None, None), (None, None)) == (None, None, None)


def test_a_sure_credit_weighs_two_likely_ones() -> None:
    assert decided(("AP", "sure"), ("Reuters", "likely"))[0] == "AP"
    assert decided(("AP", "sure"), *[("Reuters", "likely")] * 3)[0] == "Reuters"


def test_hints_decide_only_where_there_is_nothing_better() -> None:
    assert decided(*[("AP", "hint")] * 9, ("Reuters", "likely")) == ("Reuters", "likely", "Reuters 1, AP 9")
    assert decided(*[("AP", "hint")] * 2, ("Reuters", "hint")) == ("AP", "hint", "AP 2, Reuters 1")


def test_the_agency_s_own_page_is_the_origin() -> None:
    assert decided(*[("AP", "sure")] * 5, ("Reuters", "sure", True)) == ("Reuters", "sure", "Reuters 1, AP 5")


def test_agencies_in_general_never_outvote_one_that_is_named() -> None:
    assert decided(*[("agencies", "sure")] * 5, ("AFP", "hint")) == ("AFP", "hint", "AFP 1, agencies 5")
    assert decided(("agencies", "hint")) == ("agencies", "hint", "agencies 1")


def test_a_tie_goes_to_the_agency_credited_first() -> None:
    assert decided(("AP", "sure", False, 20), ("Reuters", "sure", False, 10))[0] == "Reuters"
    assert decided(("AP", "sure", False, 20), ("Reuters", "sure", False, UNKNOWN))[0] == "AP"
    assert decided(("Reuters", "sure", False, 5), ("AP", "sure", False, 5))[0] == "AP"


def test_order_of_members_changes_nothing() -> None:
    votes = [("AP", "sure"), ("Reuters", "likely"), ("AFP", "hint"), (None, None), ("Reuters", "sure")]
    rng = random.Random(1)
    answers = {decided(*rng.sample(votes, len(votes))) for _ in range(20)}
    assert answers == {("Reuters", "sure", "Reuters 2, AP 1, AFP 1")}


def test_what_is_told_reads_back() -> None:
    told = decided(*[("Reuters", "sure")] * 5, ("AP", "sure"))[2]
    assert counts_told(told) == {"Reuters": 5, "AP": 1}
    assert counts_told(None) == {}


STORY = """Fishing boats brought in the largest catch of herring for twenty years on Tuesday, and the cannery
in the old harbour took back forty workers whom it had sent home in spring. The harbour master
said that shoals had come closer to the coast than anyone could remember. Owners of smaller boats
complained that the price had fallen by half within a week, and asked the ministry in Velmara to
buy what the market could not take."""


def feed(folder: Path) -> Path:
    heads = {
        "a": ("The Mill Times", "https://mill.example/1", "VELMARA (Reuters) - "),
        "b": ("Harbor Sentinel", "https://sentinel.example/2", "VELMARA, March 4 (Reuters) - "),
        "c": ("Metro Beacon", "https://beacon.example/3", "VELMARA (AP) — "),
        "d": ("Five Seas Radio", "https://seas.example/4", ""),
    }
    path = folder / "feed.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, (name, (outlet, url, head)) in enumerate(heads.items()):
            record = {
                "id": name,
                "outlet": outlet,
                "url": url,
                "title": "Largest herring catch for twenty years",
            }
            record |= {"text": head + STORY, "published": f"2024-03-04T0{number}:00:00Z"}
            file.write(json.dumps(record) + "\n")
    return path


def test_a_report_shows_the_origin_of_a_cluster(tmp_path: Path, dedup: Command) -> None:
    path = feed(tmp_path)
    page = dedup("clusters", path)
    assert "credits Reuters 2, AP 1" in page.stdout
    cluster = json.loads(dedup("clusters", path, "--format", "jsonl").stdout)
    assert (cluster["credit"], cluster["credit_tier"]) == ("Reuters", "sure")
    assert cluster["credits"] == {"Reuters": 2, "AP": 1}
    member = {one["article_id"]: one for one in cluster["members"]}
    assert (member["c"]["credit"], member["c"]["credit_kind"]) == ("AP", "dateline")
    assert member["c"]["credit_evidence"] == "VELMARA (AP) —"
    assert member["d"]["credit"] is member["d"]["credit_tier"] is None
    assert "cluster_credit" not in member["a"]
    rows = dedup("clusters", path, "--format", "csv").stdout.splitlines()
    assert rows[0].endswith(
        "credit_tier,credit_kind,credit_evidence,cluster_credit,cluster_credit_tier,cluster_credits"
    )
    assert rows[4].endswith(',,,Reuters,sure,"Reuters 2, AP 1"')


def test_filters_leave_the_credit_of_the_whole_cluster(tmp_path: Path) -> None:
    with package.Index.temporary() as index:
        index.add(feed(tmp_path))
        some = index.clusters(relations=("verbatim", "cut"))
        assert set(some["cluster_credits"]) == {"Reuters 2, AP 1"}


def test_show_tells_the_words_that_prove_it(tmp_path: Path, dedup: Command) -> None:
    folder = tmp_path / "news.dedup"
    assert dedup("index", feed(tmp_path), "-i", folder).returncode == 0
    shown = dedup("show", "-i", folder, "c").stdout
    assert "AP, sure: “VELMARA (AP) —” (dateline)" in shown
    assert shown.count("(dateline)") == 3


def test_a_table_of_one_s_own_changes_credits_and_nothing_else(tmp_path: Path, dedup: Command) -> None:
    path = feed(tmp_path)
    mine = tmp_path / "mine.json"
    entry = {"name": "Radio Pool", "domains": ["seas.example"]}
    mine.write_text(json.dumps({"format": 1, "agencies": [entry, {"name": "AP", "replace": True}]}))
    before = json.loads(dedup("clusters", path, "--format", "jsonl").stdout)
    after = json.loads(dedup("clusters", path, "--format", "jsonl", "--agencies", mine).stdout)
    # The pool's own page is the origin, though two others say Reuters.
    assert (after["credit"], after["credits"]) == ("Radio Pool", {"Radio Pool": 1, "Reuters": 2})
    for name in ("cluster_id", "size", "linked"):
        assert after[name] == before[name]
    of = [
        {one["article_id"]: (one["relation"], one["score"]) for one in run["members"]}
        for run in (before, after)
    ]
    assert of[0] == of[1]
    with package.Index.temporary() as index:
        index.add(path)
        assert set(index.clusters(agencies=mine)["cluster_credit"]) == {"Radio Pool"}
        assert set(index.show("a", agencies=mine).members["cluster_credit"].to_pylist()) == {"Radio Pool"}


@pytest.mark.parametrize("command", ["clusters", "credits"])
def test_a_wrong_table_is_one_line_before_anything_is_read(
    command: str, tmp_path: Path, dedup: Command
) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text('{"format": 1, "agencies": [{"name": "X", "full": "X Wire"}]}')
    done = dedup(command, feed(tmp_path), "--agencies", mine)
    assert (done.returncode, done.stdout) == (1, "")
    said = "entry 1 (X): 'full' must be a list of texts, not 'X Wire'; correct these entries"
    assert done.stderr == f"dedup: error: {mine}: {said}\n"


def test_a_paper_s_own_site_does_not_make_another_agency_s_story_its_own(tmp_path: Path) -> None:
    pages = {
        "n": ("The New York Times", "https://www.nytimes.com/2024/03/04/herring.html", "", "00"),
        "m": ("The Mill Times", "https://mill.example/1", "VELMARA (AP) — ", "01"),
        "r": ("Metro Beacon", "https://beacon.example/3", "", "02"),
    }
    path = tmp_path / "feed.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for name, (outlet, url, head, hour) in pages.items():
            record = {
                "id": name,
                "outlet": outlet,
                "url": url,
                "title": "Largest herring catch for twenty years",
            }
            file.write(
                json.dumps(record | {"text": head + STORY, "published": f"2024-03-04T{hour}:00:00Z"}) + "\n"
            )
    with package.Index.temporary() as index:
        index.add(path)
        members = index.clusters()
    assert set(members["cluster_credits"]) == {"AP 1, NYT News Service 1"}
    assert set(members["credit"].dropna()) == {"AP", "NYT News Service"}
