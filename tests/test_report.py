"""Reports: one fixed table, written the same way every time, and a page a person enjoys reading."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from rich.cells import cell_len

from dedup.report.layout import Canvas
from dedup.report.matches import match_lines
from dedup.report.schema import (
    COMPOSITE_SCHEMA,
    LINK_SCHEMA,
    MEMBER_SCHEMA,
    QUERY_SCHEMA,
    ClusterReport,
)
from dedup.report.table import TableOptions, summary_line, table_lines
from dedup.report.wording import count, duration, fitted, lag, percent, printable
from dedup.report.writers import write_batches, write_report
from dedup.settings import Settings

MORNING = datetime(2024, 11, 25, 7, 31, tzinfo=UTC)
COLUMNS = (
    "cluster_id,article_id,canonical_id,relation,score,lag_s,outlet,published,title,url,credit,place,byline,"
    "size,file,line,credit_tier,credit_kind,credit_evidence,cluster_credit,cluster_credit_tier,cluster_credits"
)


def member(cluster: str, article: str, canonical: str, **fields: Any) -> dict[str, Any]:
    lag_s = fields.get("lag_s", 0)
    return {
        "cluster_id": cluster,
        "article_id": article,
        "canonical_id": canonical,
        "relation": "canonical" if article == canonical else "verbatim",
        "score": 0.9312,
        "lag_s": lag_s,
        "outlet": "The Daily Meridian",
        "published": None if lag_s is None else MORNING + timedelta(seconds=lag_s),
        "title": "Quake hits western Velmara",
        "url": f"https://meridian.example/{article}",
        "credit": None,
        "place": None,
        "byline": None,
        "size": 2,
        "file": "feed.jsonl",
        "line": 1,
        "credit_tier": None,
        "credit_kind": None,
        "credit_evidence": None,
        "cluster_credit": None,
        "cluster_credit_tier": None,
        "cluster_credits": None,
        **fields,
    }


def report_of(*rows: dict[str, Any], **parts: Any) -> ClusterReport:
    return ClusterReport(pa.Table.from_pylist(list(rows), schema=MEMBER_SCHEMA), **parts)


def written(report: ClusterReport, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    write_report(report, format, file, **options)
    return file.getvalue()


def printed(report: ClusterReport, width: int = 100, color: bool = False, **options: Any) -> list[str]:
    return [line.rstrip() for line in table_lines(report, Canvas(width, color), TableOptions(**options))]


PAIR = (
    member("c" * 16, "a1", "a1", credit="Reuters"),
    member("c" * 16, "a2", "a1", outlet="Metro Beacon", lag_s=8040, relation="cut"),
)

# Any text Arrow can hold, with what upsets csv, terminals and spreadsheets made likely.
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ['"', "a,b", "x\r\ny", "\r", "\n", "=1+1", "@a", "'", "\x1b[31mred", "\u202eeurt", "한국", ""]
    ),
)
MOMENTS = st.none() | st.datetimes(datetime(1600, 1, 1), datetime(2100, 1, 1)).map(
    lambda when: when.replace(microsecond=0, tzinfo=UTC)
)


@st.composite
def reports(draw: st.DrawFn) -> ClusterReport:
    rows = []
    for number in range(draw(st.integers(0, 4))):
        size = draw(st.integers(2, 4))
        rows += [
            member(
                f"{number:016x}",
                f"{number}-{position}",
                f"{number}-0",
                title=draw(TEXTS),
                outlet=draw(TEXTS),
                url=draw(TEXTS),
                byline=draw(TEXTS),
                published=draw(MOMENTS),
                lag_s=draw(st.none() | st.integers(-(2**31), 2**31)),
                score=draw(st.none() | st.integers(0, 10_000).map(lambda n: n / 10_000)),
                size=size,
            )
            for position in range(size)
        ]
    order = draw(st.permutations(rows))
    return ClusterReport(pa.Table.from_pylist(order, schema=MEMBER_SCHEMA)).sorted("size")


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{value:.4f}" if isinstance(value, float) else str(value)


# Files


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_csv_says_what_the_table_holds(report: ClusterReport) -> None:
    text = written(report, "csv").decode()
    assert text.split("\n", 1)[0] == COLUMNS
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = [{name: as_text(value) for name, value in row.items()} for row in report.members.to_pylist()]
    assert rows == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_parquet_comes_back_as_it_was(report: ClusterReport) -> None:
    data = written(report, "parquet")
    assert parquet.read_table(io.BytesIO(data)).equals(report.members)
    assert data == written(report, "parquet")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_jsonl_holds_each_cluster_once_with_all_its_members(report: ClusterReport) -> None:
    clusters = [json.loads(line) for line in written(report, "jsonl").split(b"\n") if line]
    assert len(clusters) == report.n_clusters
    for cluster, rows in zip(clusters, report.iter_clusters(), strict=True):
        members = rows.to_pylist()
        assert cluster["cluster_id"] == members[0]["cluster_id"]
        assert [one["title"] for one in cluster["members"]] == [one["title"] for one in members]
        assert [one["article_id"] for one in cluster["members"]] == [one["article_id"] for one in members]
        assert cluster["canonical"]["article_id"] == members[0]["canonical_id"]
        dates = [one["published"] for one in members if one["published"] is not None]
        assert cluster["first"] == (as_text(min(dates)) if dates else None)


def test_a_jsonl_object_has_the_fields_of_the_contract() -> None:
    report = report_of(
        *PAIR,
        composites=pa.Table.from_pylist(
            [{"article_id": "n1", "outlet": None, "title": "In brief", "clusters": ["c" * 16, "d" * 16]}],
            schema=COMPOSITE_SCHEMA,
        ),
        links=pa.Table.from_pylist([{"cluster_a": "b" * 16, "cluster_b": "c" * 16}], schema=LINK_SCHEMA),
    )
    cluster = json.loads(written(report, "jsonl"))
    assert list(cluster) == [
        *("cluster_id", "size", "outlets", "first", "last", "canonical", "members", "linked", "composites"),
        *("credit", "credit_tier", "credits"),
    ]
    assert (cluster["size"], cluster["outlets"]) == (2, ["Metro Beacon", "The Daily Meridian"])
    assert (cluster["first"], cluster["last"]) == ("2024-11-25T07:31:00Z", "2024-11-25T09:45:00Z")
    assert cluster["linked"] == ["b" * 16]
    assert cluster["composites"] == ["n1"]
    assert cluster["members"][1]["lag_s"] == 8040


def test_clusters_longer_than_a_step_of_the_writer_stay_whole() -> None:
    rows = [
        member(f"{i // 20_000:016x}", str(i), str(i // 20_000 * 20_000), size=20_000) for i in range(40_000)
    ]
    report = report_of(*rows)
    clusters = [json.loads(line) for line in written(report, "jsonl").splitlines()]
    assert [len(cluster["members"]) for cluster in clusters] == [20_000, 20_000]
    assert written(report, "csv").count(b"\n") == 40_001


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_an_empty_report_is_a_valid_file(format: str) -> None:
    data = written(ClusterReport.empty(), format)
    if format == "csv":
        assert data.decode() == COLUMNS + "\n"
    elif format == "jsonl":
        assert data == b""
    else:
        assert parquet.read_table(io.BytesIO(data)).schema.equals(MEMBER_SCHEMA)


def test_csv_is_raw_unless_it_is_asked_to_be_safe() -> None:
    titles = ["=SUM(A1)", "+1", "-1", "@home", "\tx", "a=b"]
    report = report_of(*(member("c", str(n), "0", title=title) for n, title in enumerate(titles)))

    def read(data: bytes) -> list[str]:
        return [row["title"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]

    assert read(written(report, "csv")) == titles
    assert read(written(report, "csv", csv_safe=True)) == [*("'" + title for title in titles[:5]), "a=b"]


def test_an_exported_date_is_as_exact_as_the_feed_was() -> None:
    schema = pa.schema([("published", pa.timestamp("us", tz="UTC")), ("precision_s", pa.int32())])
    rows = [{"published": MORNING, "precision_s": precision} for precision in (1, 60, 86_400, None)]
    file = io.BytesIO()
    assert write_batches([pa.Table.from_pylist(rows, schema=schema)], schema, "csv", file) == 4
    dates = [line.split(",")[0] for line in file.getvalue().decode().splitlines()[1:]]
    assert dates == ["2024-11-25T07:31:00Z", "2024-11-25T07:31Z", "2024-11-25", "2024-11-25T07:31:00Z"]


# Order and choice


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports(), st.sampled_from(["size", "recent", "lag", "outlets"]), st.randoms())
def test_the_order_does_not_depend_on_the_order_given(report: ClusterReport, by: str, random: Any) -> None:
    rows = report.members.to_pylist()
    random.shuffle(rows)
    shuffled = ClusterReport(pa.Table.from_pylist(rows, schema=MEMBER_SCHEMA)).sorted(by)
    assert shuffled.members.equals(report.sorted(by).members)
    for cluster in shuffled.iter_clusters():
        first, *others = cluster.to_pylist()
        assert first["article_id"] == first["canonical_id"]
        keys = [(one["published"] is None, one["published"] or MORNING, one["article_id"]) for one in others]
        assert keys == sorted(keys)


def story(name: str, size: int, *, outlets: int = 1, hours: int = 0, late: int = 0) -> list[dict[str, Any]]:
    return [
        member(
            name,
            f"{name}-{n}",
            f"{name}-0",
            outlet=f"Outlet {n % outlets}",
            size=size,
            lag_s=hours * 3600 * (n == size - 1),
            published=MORNING + timedelta(hours=hours * (n == size - 1), days=late),
        )
        for n in range(size)
    ]


def test_each_order_puts_its_greatest_first() -> None:
    rows = [
        *story("big", 5),
        *story("slow", 2, hours=40),
        *story("new", 2, late=9),
        *story("wide", 3, outlets=3),
    ]
    report = report_of(*rows)
    firsts = {
        by: next(report.sorted(by).iter_clusters())["cluster_id"][0].as_py()
        for by in ("size", "recent", "lag", "outlets")
    }
    assert firsts == {"size": "big", "recent": "new", "lag": "slow", "outlets": "wide"}


def names(report: ClusterReport) -> list[str]:
    return [cluster["cluster_id"][0].as_py() for cluster in report.iter_clusters()]


def test_choosing_clusters() -> None:
    report = report_of(*story("big", 5, outlets=2), *story("pair", 2), *story("trio", 3, outlets=3))
    assert names(report.select(Settings())) == ["big", "trio", "pair"]
    assert names(report.select(Settings(min_size=3))) == ["big", "trio"]
    assert names(report.select(Settings(across_outlets=True))) == ["big", "trio"]
    assert names(report.select(Settings(outlets=("OUTLET 2",)))) == ["trio"]
    assert names(report.select(Settings(top=1))) == ["big"]
    assert names(report.select(Settings(outlets=("nobody",)))) == []


def test_choosing_by_relation_keeps_the_canonical_article_and_the_size() -> None:
    report = report_of(*PAIR, member("d", "b1", "b1"), member("d", "b2", "b1", relation="rewrite"))
    chosen = report.select(Settings(relations=("cut",)))
    assert chosen.members["article_id"].to_pylist() == ["a1", "a2"]
    assert chosen.members["size"].to_pylist() == [2, 2]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports(), st.integers(2, 4), st.booleans())
def test_choosing_twice_changes_nothing(report: ClusterReport, size: int, across: bool) -> None:
    asked = Settings(min_size=size, across_outlets=across, relations=("verbatim",), top=2, sort="recent")
    once = report.select(asked)
    assert once.select(asked).members.equals(once.members)


def test_a_report_refuses_a_table_of_another_shape() -> None:
    with pytest.raises(ValueError, match="members of a ClusterReport"):
        ClusterReport(pa.table({"cluster_id": ["c"]}))


# The page


def test_the_page_reads_like_this() -> None:
    rows = [
        member("33350485" + "0" * 8, "a1", "a1", credit="Reuters", size=4),
        member(
            "33350485" + "0" * 8,
            "a2",
            "a1",
            outlet="Metro Beacon",
            lag_s=8040,
            relation="cut",
            size=4,
            score=0.87,
        ),
        member(
            *("33350485" + "0" * 8, "a3", "a1"),
            outlet="Riverton Ledger",
            lag_s=86_400,
            relation="rewrite",
            score=0.71,
            title="Nine dead in Velmara as strong earthquake topples homes in the hills",
            credit="AP",
            size=4,
        ),
        member("33350485" + "0" * 8, "a4", "a1", outlet=None, lag_s=None, size=4, title=None),
    ]
    assert printed(report_of(*rows), 98) == [
        "Quake hits western Velmara",
        "4 articles · 3 outlets, 2 origins · within 1 d                                    cluster 33350485",
        "  canonical        first  The Daily Meridian  2024-11-25 07:31                             Reuters",
        "  cut        +2 h 14 min  Metro Beacon        same headline                          0.87",
        "  rewrite           +1 d  Riverton Ledger     Nine dead in Velmara as strong         0.71  AP",
        "                                              earthquake topples homes in the hills",
        "  verbatim       no date  -                   (no headline)                          0.93",
        "",
    ]


@pytest.mark.parametrize("width", [50, 60, 80, 100, 140, 180])
@pytest.mark.parametrize("detail", [False, True])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(report=reports())
def test_no_line_is_wider_than_the_terminal(report: ClusterReport, width: int, detail: bool) -> None:
    for line in printed(report, width, detail=detail):
        # Lines of ids and addresses are there to be copied, and are not cut.
        if not line.startswith(" " * 6):
            assert cell_len(line) <= width, line
        assert not any(character < " " or "\x7f" <= character < "\xa0" for character in line), line


@pytest.mark.parametrize("width", [60, 80, 140])
def test_wide_characters_and_long_words_keep_the_columns(width: int) -> None:
    title = "维尔马拉西部发生强烈地震至少九人死亡救援人员正在赶往灾区" * 3
    rows = [
        member("c" * 16, "a1", "a1"),
        member("c" * 16, "a2", "a1", title=title, outlet="聯合報" * 9, lag_s=60),
    ]
    lines = printed(report_of(*rows), width)
    assert all(cell_len(line) <= width for line in lines)
    assert "维尔马拉" in "".join(lines)


def test_a_long_cluster_is_cut_and_says_how_to_see_the_rest() -> None:
    report = report_of(*story("abcdef0123456789", 20))
    lines = printed(report, index="news.dedup")
    assert "  … 12 more (dedup show -i news.dedup abcdef01)" in lines
    assert len(printed(report, members=None)) == 20 + 3
    assert not any("more" in line for line in printed(report_of(*story("nine", 9))))


def test_many_clusters_are_cut_and_the_page_says_so() -> None:
    report = report_of(*(row for n in range(30) for row in story(f"{n:016x}", 2)))
    assert printed(report)[-1] == (
        "20 of 30 clusters shown, the largest first; --top 0 prints all, -o FILE.csv writes all"
    )
    assert "shown" not in printed(report, clusters=None)[-1]


def test_short_ids_stay_unambiguous() -> None:
    report = report_of(*story("aaaaaaaaaa000000", 2), *story("aaaaaaaaab000000", 2))
    assert [line.split()[-1] for line in printed(report) if "cluster " in line] == [
        "aaaaaaaaaa",
        "aaaaaaaaab",
    ]


def test_days_are_not_told_as_hours() -> None:
    midnight = datetime(2024, 11, 25, tzinfo=UTC)
    rows = [
        member("c" * 16, "a1", "a1"),
        member("c" * 16, "a2", "a1", published=midnight, lag_s=-27_060),
        member("c" * 16, "a3", "a1", published=midnight + timedelta(days=1), lag_s=59_340),
    ]
    lines = printed(report_of(*rows))
    assert "within 2 days" in lines[1]
    assert "same day" in lines[3]
    assert " +1 d " in lines[4]


def test_colour_is_only_colour() -> None:
    report = report_of(*PAIR)
    painted = printed(report, color=True)
    assert any("\x1b[1m" in line for line in painted)
    assert [printable(line) for line in painted] == [printable(line) for line in printed(report)]


def test_no_clusters_is_said_kindly() -> None:
    assert printed(ClusterReport.empty()) == ["No clusters: no two of these articles are near-duplicates."]
    filtered = ClusterReport(ClusterReport.empty().members, counts={"clusters": 3})
    assert printed(filtered) == ["Of 3 clusters found, none is as these options ask."]


def test_the_summary_of_a_run() -> None:
    counts = {"articles": 1, "clusters": 1, "clustered": 1, "composites": 1, "seconds": 75.0}
    assert summary_line(report_of(*story("a", 2), counts=counts)) == (
        "1 article, 1 cluster holds 1 of them (100 %), 1 composite, 1 min"
    )
    assert (
        summary_line(ClusterReport(ClusterReport.empty().members, counts={"articles": 3}))
        == "3 articles, no clusters"
    )
    chosen = summary_line(report_of(*story("a", 2), counts={"articles": 9, "clusters": 4, "clustered": 8}))
    assert chosen == "9 articles, 4 clusters hold 8 of them (89 %), 1 of the clusters chosen"


def test_matches_of_a_query() -> None:
    row = {
        "query": 0,
        "query_title": "Q",
        "article_id": "a",
        "cluster_id": None,
        "score": 0.81,
        "relation": "cut",
    }
    row |= {"outlet": "Metro Beacon", "published": MORNING, "title": "Quake hits", "url": None}
    table = pa.Table.from_pylist([row], schema=QUERY_SCHEMA)
    lines = [line.rstrip() for line in match_lines(table, ["Quake", "Rain"], Canvas(80))]
    assert lines[0] == "Quake"
    assert lines[1].startswith("  0.81  cut       Metro Beacon  2024-11-25 07:31  Quake hits")
    assert lines[1].endswith("no cluster")
    assert lines[-1] == "1 of 2 articles: nothing like them in the index"
    assert list(match_lines(QUERY_SCHEMA.empty_table(), ["Quake"], Canvas(80))) == [
        "Nothing like it in the index"
    ]


# Words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        ("plain  text\n", "plain text"),
        ("\x1b[2J\x1b[1;31mRed\x1b[0m", "Red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x07after", "after"),
        ("a \x1b]quote with no end", "a quote with no end"),
        ("he said \x9dhello and left", "he said hello and left"),
        ("â\x80\x9cone â\x80\x9d and â\x80\x9ctwo", "â one â and â two"),
        ("P\x90lice on the scene", "P lice on the scene"),
        ("quote\x9bword", "quote word"),
        ("a\x00b\x08c", "a b c"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("a\u2028b\ufeff", "a b"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍🚀 lands", "👩‍🚀 lands"),
        ("टाइम्स", "टाइम्स"),
    ],
)
def test_feed_text_cannot_act_on_the_terminal(text: str | None, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_leaves_nothing_that_acts(text: str) -> None:
    shown = printable(text)
    assert not any(
        ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068" for c in shown
    )
    assert printable(shown) == shown


@given(st.text(max_size=30).map(printable), st.integers(1, 20), st.booleans())
def test_fitted_fits(text: str, width: int, right: bool) -> None:
    assert cell_len(fitted(text, width, right=right)) == width


def test_lengths_of_time_in_words() -> None:
    told = [duration(s) for s in (0, 5, 60, 95, 3600, 8040, 86_400, 100_000, 1_000_000)]
    assert told == ["0 s", "5 s", "1 min", "1 min", "1 h", "2 h 14 min", "1 d", "1 d 3 h", "11 d 13 h"]
    assert [lag(s, first=False) for s in (None, 0, 60, -60)] == ["no date", "same time", "+1 min", "-1 min"]
    assert lag(0, first=True) == "first"


def test_shares_are_never_rounded_to_all_or_nothing() -> None:
    assert [percent(*pair) for pair in ((0, 0), (0, 9), (1, 900), (899, 900), (9, 9), (160, 312))] == [
        *("0 %", "0 %", "< 1 %", "> 99 %", "100 %", "51 %")
    ]
    assert count(1, "match", "matches") == "1 match"


@pytest.mark.parametrize("width", [60, 80, 120, 180])
@pytest.mark.parametrize(
    "outlet", ["聯合報新聞網", "صحيفة الشرق", "हिन्दी समाचार", "\x1b[31mRed\x1b[0m Times"]
)
def test_the_columns_after_an_outlet_of_any_script_begin_where_the_others_do(width: int, outlet: str) -> None:
    rows = [
        member("c" * 16, "a1", "a1", title="A quake"),
        member("c" * 16, "a2", "a1", title="A quake", outlet=outlet, lag_s=60),
        member("c" * 16, "a3", "a1", title="A quake", outlet="Beacon", lag_s=90),
    ]
    lines = printed(report_of(*rows), width)
    assert "\x1b" not in "".join(lines)
    begins = {cell_len(line[: line.index("same headline")]) for line in lines if "same headline" in line}
    assert len(begins) == 1, lines


def test_text_from_right_to_left_cannot_turn_the_columns_beside_it() -> None:
    title = "إطلاق نار قرب السفارة"
    rows = [
        member("c" * 16, "a1", "a1"),
        member("c" * 16, "a2", "a1", outlet="صحيفة الشرق", title=title, lag_s=60),
    ]
    line = next(line for line in printed(report_of(*rows), 120) if title in line)
    # Two runs without a mark between them would be shown as one, the headline before the outlet.
    between = line[line.index("الشرق") + len("الشرق") : line.index(title)]
    assert between.strip(" ") == "\u200e" + " " * (len(between.strip(" ")) - 2) + "\u200e"
    assert line[line.index(title) + len(title)] == "\u200e"


def test_the_readme_tells_the_columns_in_the_order_of_the_file() -> None:
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    table = readme.split("| column | meaning |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    told = [name.strip() for row in table.splitlines() for name in row.split("|")[1].split(",")]
    assert told == MEMBER_SCHEMA.names
