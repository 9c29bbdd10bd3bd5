"""Who was first, who picked up, and how many sources a story goes back to."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import dedup
from dedup.errors import DedupError, SettingsError
from dedup.provenance.families import Families, folded_name, load_families, url_host
from dedup.provenance.origins import UNKNOWN, origins
from dedup.provenance.trace import trace
from dedup.report.layout import Canvas
from dedup.report.provenance import provenance_json, provenance_lines
from tests.commands import Command, one_error

FEED = Path(__file__).parent.parent / "samples" / "feed.jsonl"


def member(outlet, relation="verbatim", credit=None, minute=0, cluster="c1", **more):
    when = pd.Timestamp("2025-03-04T06:00Z") + pd.Timedelta(minutes=minute)
    given = {
        "cluster_id": cluster, "relation": relation, "lag_s": minute * 60, "outlet": outlet,
        "published": when, "title": "Quake", "url": None, "credit": credit,
    }  # fmt: skip
    return {**given, **more}


def rows(*members):
    return pd.DataFrame(list(members))


@contextmanager
def index_of(feed):
    with dedup.Index.temporary() as index:
        index.add(feed)
        yield index


# Families


def test_an_outlet_is_known_by_its_name_or_by_its_host():
    shipped = load_families()
    assert shipped.of("Detroit Free Press") == "Gannett"
    assert shipped.of("the DETROIT  free press") == "Gannett"
    assert shipped.of("Some Name", "https://eu.freep.com/story/1") == "Gannett"
    assert shipped.of("Fox News (Online)") == shipped.of(None, "https://www.foxnews.com/x") == "Fox"
    assert shipped.of(None, "https://timesofindia.indiatimes.com/x") == "Times Group"
    assert shipped.of("www.nj.com") == "Advance"


def test_an_outlet_nobody_knows_is_a_family_of_its_own():
    shipped = load_families()
    assert shipped.of("Harbour Courier") == "Harbour Courier"
    assert shipped.of(None, "https://www.harbour-courier.example/1") == "harbour-courier.example"
    assert shipped.of(None) is None
    # A host that only ends in the same letters is another one.
    assert shipped.of(None, "https://notfreep.com/1") == "notfreep.com"


def test_an_agencys_own_site_is_the_agency():
    assert load_families().of("Reuters") == load_families().of(None, "https://www.reuters.com/x") == "Reuters"


def test_the_shipped_table_is_sorted_and_names_every_outlet_once():
    text = (resources.files("dedup.provenance") / "families.csv").read_text(encoding="utf-8")
    table = list(csv.reader(text.splitlines()))
    assert table[0] == ["outlet_or_host", "family"]
    names = [folded_name(row[0]) for row in table[1:]]
    assert len(set(names)) == len(names) > 500
    assert table[1:] == sorted(table[1:], key=lambda row: (row[1].casefold(), row[0].casefold()))


def test_rows_of_ones_own_go_before_the_shipped_ones(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("outlet_or_host,family\nHarbour Courier,Harbour Group\nfreep.com,\nnj.com,Jersey\n")
    found = load_families(mine)
    assert found.of("harbour courier") == "Harbour Group"
    assert found.of(None, "https://freep.com/1") == "freep.com"  # taken out of its family
    assert (found.of("nj.com"), found.of("Miami Herald")) == ("Jersey", "McClatchy")
    mine.write_text("outlet_or_host,family\n*,\nHarbour Courier,Harbour Group\n")
    assert load_families(mine).of("Miami Herald") == "Miami Herald"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,owner\na,b\n", "the first line is not outlet_or_host,family"),
        ("outlet_or_host,family\nonly one cell\n", ":2: not an outlet and a family"),
        ("outlet_or_host,family\n,x\n", ":2: not an outlet and a family"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, text, said):
    mine = tmp_path / "mine.csv"
    mine.write_text(text)
    with pytest.raises(DedupError, match=said):
        load_families(mine)


@given(st.text())
def test_any_text_is_an_outlet_and_any_text_a_url(text):
    found = Families([]).of(text, text)
    assert found is None or found
    assert url_host(text) is None or url_host(text)


# Origins

NOBODY = Families([])


def test_copies_that_credit_an_agency_go_back_to_it():
    story = [
        member("Courier", "canonical"),
        member("Beacon", credit="AFP"),
        member("Post", "cut"),
        member("Ledger", "rewrite"),
    ]
    assert origins(story, NOBODY) == ("AFP",)


def test_what_nobody_credits_goes_back_to_whoever_was_first():
    assert origins([member("Courier", "canonical"), member("Beacon")], NOBODY) == ("Courier",)
    assert origins([member(None, "canonical"), member("Beacon")], NOBODY) == (UNKNOWN,)


def test_an_agency_that_rewrote_an_outlets_story_is_a_second_origin():
    story = [member("Courier", "canonical"), member("Beacon", "rewrite", credit="AP"), member("Post")]
    assert origins(story, NOBODY) == ("AP", "Courier")


def test_thirty_seven_outlets_may_have_two_origins():
    story = [member("Outlet 0", "canonical", credit="Reuters")]
    story += [member(f"Outlet {n}", "version", credit="AP" if n % 2 else None) for n in range(1, 37)]
    found = trace(rows(*story))
    row = found.clusters.iloc[0]
    assert (row["carriers"], row["origins"], row["origin_names"]) == (37, 2, "AP, Reuters")


def test_an_unnamed_agency_counts_only_where_none_is_named():
    unnamed = [member("Courier", "canonical", credit="agencies"), member("Beacon")]
    assert origins(unnamed, NOBODY) == ("agencies",)
    assert origins([*unnamed, member("Post", credit="PTI")], NOBODY) == ("PTI",)


# Trade in copies


def test_each_outlet_that_was_not_first_is_one_pick_up_with_its_earliest_copy():
    found = trace(rows(
        member("Courier", "canonical"), member("Beacon", minute=30), member("Beacon", minute=90),
        member("Courier", minute=60), member("Post", "cut", minute=120),
    ))  # fmt: skip
    taken = found.pickups[["carrier", "first", "lag_s"]].to_numpy().tolist()
    assert taken == [["Beacon", "Courier", 1800], ["Post", "Courier", 7200]]
    courier = found.carriers.set_index("name").loc["Courier"]
    assert (courier["shared"], courier["first"], courier["picked_up"]) == (2, 1, 0)
    assert found.matrix().loc["Beacon", "Courier"] == 1
    assert found.matrix().loc["Courier", "Beacon"] == 0


def test_papers_of_one_house_pick_nothing_up_from_each_other():
    story = rows(
        member("Miami Herald", "canonical"), member("Sacramento Bee", minute=5), member("Post", minute=9)
    )
    assert len(trace(story).pickups) == 2
    houses = trace(story, by="family")
    assert houses.pickups["carrier"].tolist() == ["Post"]
    assert houses.clusters["carriers"].tolist() == [2]
    inside = trace(story.iloc[:2], by="family").carriers.set_index("name")
    assert "McClatchy" not in inside.index  # shares nothing with another house


def test_of_two_days_without_a_time_the_most_is_told_too():
    day = pd.Timestamp("2025-03-04T00:00Z")
    found = trace(rows(
        member("Courier", "canonical", published=day), member("Beacon", published=day, lag_s=0)
    ))  # fmt: skip
    assert found.pickups[["lag_s", "within_s"]].to_numpy().tolist() == [[0, 86_400]]
    assert found.carriers.set_index("name").loc["Beacon", "lag_in_days"]


def test_a_time_that_is_not_known_is_no_lag():
    found = trace(rows(member("Courier", "canonical"), member("Beacon", lag_s=None, published=pd.NaT)))
    assert found.pickups["lag_s"].isna().all()
    assert found.carriers.set_index("name")["median_lag_s"].isna().all()


def test_provenance_does_not_depend_on_the_order_of_the_rows():
    with dedup.Index.temporary() as index:
        index.add(FEED)
        clusters = index.clusters()
    one, other = trace(clusters), trace(clusters.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(one.carriers, other.carriers)
    pd.testing.assert_frame_equal(one.matrix(), other.matrix())


def test_shares_are_of_all_articles_of_the_time_asked(tmp_path):
    from dedup.settings import Settings

    with dedup.Index.temporary() as index:
        index.add(FEED)
        everything = index.provenance()
        part = index.provenance(settings=Settings.from_text(until="2025-03-04"))
    assert everything.carriers["articles"].sum() == 379
    assert 0 < part.carriers["articles"].sum() < 379
    assert (everything.carriers["shared"] <= everything.carriers["articles"]).all()


def test_a_frame_without_what_is_read_is_refused():
    with pytest.raises(SettingsError, match="no column credit"):
        trace(rows(member("A", "canonical")).drop(columns="credit"))
    with pytest.raises(SettingsError, match="'house' is neither"):
        trace(rows(member("A", "canonical")), by="house")  # type: ignore[arg-type]


# The command


def test_the_command_tells_first_lag_and_source_of_each_outlet(dedup: Command):
    done = dedup("outlets", FEED)
    assert done.returncode == 0
    head, first, *_ = done.stdout.splitlines()
    assert head.split() == ["outlet", "articles", "shared", "share", "first", "lag", "copies", "most", "from"]
    assert first.startswith("The Daily Meridian")
    assert "8 outlets, 1 origin (Reuters)" in done.stdout


def test_the_commands_json_and_csv_agree(dedup: Command, tmp_path):
    told = json.loads(dedup("outlets", FEED, "--format", "json").stdout)
    out = tmp_path / "outlets.csv"
    assert dedup("outlets", FEED, "-o", out).returncode == 0
    with out.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["name"] for row in table] == [one["name"] for one in told["carriers"]]
    assert [int(row["picked_up"]) for row in table] == [one["picked_up"] for one in told["carriers"]]
    assert told["pickups"] == sum(one["picked_up"] for one in told["carriers"])


def test_the_command_takes_families_of_ones_own(dedup: Command, tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text(
        "outlet_or_host,family\n"
        "The Daily Meridian,Meridian Group\nmeridian-international.example,Meridian Group\n"
    )
    done = dedup("outlets", FEED, "--by", "family", "--families", mine)
    assert done.stdout.splitlines()[1].startswith("Meridian Group")
    missing = dedup("outlets", FEED, "--families", tmp_path / "none.csv")
    one_error(missing, "none.csv", "give a CSV in UTF-8")


@pytest.mark.parametrize("width", [50, 60, 80, 90, 120, 140, 180])
def test_the_table_of_outlets_fits_any_terminal(width):
    names = ["聯合報新聞網" * 5, "صحيفة الشرق الأوسط", "\x1b[31mRed\x1b[0m Times", "x" * 80, "👩‍👩‍👧 Post"]
    story = [member("Courier", "canonical", credit="Reuters")]
    story += [member(name, credit="AFP", minute=n * 700 + 1) for n, name in enumerate(names)]
    lines = list(provenance_lines(trace(rows(*story)), Canvas(width)))
    assert all(cell_len(line) <= width for line in lines)
    assert "\x1b" not in "".join(lines)
    assert any("\x1b[1m" in line for line in provenance_lines(trace(rows(*story)), Canvas(width, color=True)))


@given(st.lists(st.tuples(st.text(max_size=8) | st.none(), st.text(max_size=8) | st.none()), max_size=6))
def test_any_clusters_can_be_traced_and_printed(given_members):
    story = [
        member(outlet, "verbatim" if n else "canonical", credit=credit, minute=n)
        for n, (outlet, credit) in enumerate(given_members)
    ]
    frame = rows(*story) if story else rows(member("A")).iloc[:0]
    for by in ("outlet", "family"):
        found = trace(frame, by=by)
        assert len(found.pickups) == (
            found.clusters["carriers"].sum() - found.clusters["first"].notna().sum()
        )
        assert all(cell_len(line) <= 80 for line in provenance_lines(found, Canvas(80)))
        json.loads(provenance_json(found))


def test_a_csv_of_clusters_is_traced_like_the_clusters_themselves(dedup: Command, tmp_path):
    out = tmp_path / "copies.csv"
    assert dedup("clusters", FEED, "-o", out).returncode == 0
    read = trace(pd.read_csv(out))
    with index_of(FEED) as index:
        own = trace(index.clusters())
    assert read.pickups["within_s"].tolist() == own.pickups["within_s"].tolist()
    assert read.carriers["name"].tolist() == own.carriers["name"].tolist()
    assert read.clusters["origin_names"].tolist() == own.clusters["origin_names"].tolist()
