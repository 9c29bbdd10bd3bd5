"""The HTML report as a reader meets it, in headless Chromium: no request, no error, all by keyboard."""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dedup.index.index import Index
from dedup.report.html.page import HtmlOptions, write_html
from dedup.report.schema import LINK_SCHEMA, ClusterReport
from tests.feeds import story
from tests.pages import made_report
from tests.test_html import HOSTILE

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install '.[test]'"
)

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
QUAKE = "Magnitude 6.1 quake hits western Velmara"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("DEDUP_NEED_CHROMIUM"),
    reason="no Chromium: apt-get install chromium",
)

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    # As root, as in a container, Chromium has no sandbox of its own.
    options = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
    with playwright.sync_playwright() as driver, driver.chromium.launch(**options) as found:
        yield found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClusterReport]:
    path = tmp_path_factory.mktemp("page") / "report.html"
    with Index.temporary() as index, path.open("wb") as file:
        index.add(SAMPLES / "feed.jsonl")
        report, source = index.report_and_source()
        write_html(report, source, file, HtmlOptions("feed.jsonl"))
    return path, report


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """Open a page; at the end there must have been no request, no error and no dialog."""
    wrong: list[str] = []
    contexts = []

    def call(path: Path, hash: str = "", *, viewport: dict[str, int] = WIDE, **options: Any) -> Any:
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        context.route(re.compile("^(?!file:)"), lambda route: route.abort())
        context.on("page", lambda page: wrong.append("a page was opened") if page.opener() else None)
        page = context.new_page()
        page.on("request", lambda request: request.url.startswith(path.as_uri()) or wrong.append(request.url))
        page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri() + hash)
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        return page

    yield call
    for context in contexts:
        context.close()
    assert wrong == []


def page_of(path: Path, clusters: Any, **options: Any) -> Path:
    report, source = made_report(clusters)
    file = io.BytesIO()
    write_html(report, source, file, HtmlOptions("made", **options))
    path.write_bytes(file.getvalue())
    return path


def headlines(page: Any) -> list[str]:
    return page.locator(".clusters tbody th a").all_inner_texts()


def result(page: Any, said: str) -> None:
    playwright.expect(page.locator("[role=status]")).to_have_text(said)


def rows_of(report: ClusterReport) -> list[list[dict[str, Any]]]:
    return [cluster.to_pylist() for cluster in report.iter_clusters()]


def test_the_front_page_says_what_the_run_found(opened, sample):
    path, report = sample
    page = opened(path)
    said = page.locator(".figures dd").all_inner_texts()
    clusters = rows_of(report)
    syndicated = sum(len(cluster) for cluster in clusters if len({one["outlet"] for one in cluster}) > 1)
    shares = [round(100 * n / report.counts["articles"]) for n in (report.counts["clustered"], syndicated)]
    assert shares[0] != shares[1]
    assert said == [
        f"{report.counts['articles']}",
        f"{len(clusters)}",
        *(f"{share} %" for share in shares),
        "2",
    ]
    assert headlines(page) == [cluster[0]["title"] for cluster in clusters]
    most = Counter(one["outlet"] for cluster in clusters for one in cluster).most_common(1)[0]
    first = page.locator("aside table").first.locator("tbody tr").first.inner_text().split("\t")
    assert first[:2] == [most[0], str(most[1])]
    size = path.stat().st_size / 1e6
    playwright.expect(page.locator("footer")).to_contain_text(f"This file: {size:.1f} MB")


def test_search_and_filters_choose_and_say_how_many(opened, sample):
    path, report = sample
    clusters = rows_of(report)
    page = opened(path)
    page.get_by_label("Search headlines").fill("QUAKE velmara")
    result(page, f"1 of {len(clusters)} clusters")
    assert headlines(page)[0].startswith(QUAKE)
    assert "q=QUAKE" in page.url
    page.get_by_label("Search headlines").fill("no such words")
    result(page, "No cluster is as asked.")
    page.get_by_role("button", name="Clear").click()
    result(page, f"{len(clusters)} clusters")

    def chosen(test: Callable[[list[dict[str, Any]]], bool]) -> list[str]:
        return [cluster[0]["title"] for cluster in clusters if test(cluster)]

    for label, value, test in (
        ("Carried by", "Harbour Courier", lambda c: any(one["outlet"] == "Harbour Courier" for one in c)),
        ("First at", "Harbour Courier", lambda c: c[0]["outlet"] == "Harbour Courier"),
        ("Credit", "Reuters", lambda c: any(one["credit"] == "Reuters" for one in c)),
        ("Relation", "rewrite", lambda c: any(one["relation"] == "rewrite" for one in c)),
        ("Articles", "5", lambda c: c[0]["size"] >= 5),
    ):
        page.get_by_label(label, exact=True).select_option(value)
        expected = chosen(test)
        assert 0 < len(expected) < len(clusters)
        assert headlines(page) == expected, label
        page.get_by_role("button", name="Clear").click()
    page.get_by_label("From").fill("2025-03-06")
    after = chosen(
        lambda c: any(one["published"] and f"{one['published']:%Y-%m-%d}" >= "2025-03-06" for one in c)
    )
    result(page, f"{len(after)} of {len(clusters)} clusters")
    assert headlines(page) == after


def test_columns_sort_both_ways(opened, sample):
    page = opened(sample[0])
    button = page.get_by_role("button", name="Longest lag")
    head = page.locator("th", has=button)
    lags = [max((one["lag_s"] or 0 for one in cluster), default=0) for cluster in rows_of(sample[1])]
    titles = [cluster[0]["title"] for cluster in rows_of(sample[1])]
    for direction, sign in (("descending", -1), ("ascending", 1)):
        button.click()
        assert head.get_attribute("aria-sort") == direction
        assert headlines(page) == [
            titles[at] for at in sorted(range(len(lags)), key=lambda at: (sign * lags[at], at))
        ]
    page.get_by_role("button", name="Headline").click()
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Headline")
    assert page.locator("th[aria-sort=descending]").count() == 0


def test_a_cluster_opens_and_back_returns_to_the_list_as_it_was(opened, sample):
    path, report = sample
    page = opened(path)
    page.get_by_label("Credit", exact=True).select_option("Reuters")
    asked = page.url
    page.get_by_role("link", name=QUAKE).click()
    playwright.expect(page.get_by_role("heading", level=1)).to_contain_text(QUAKE)
    cluster = next(c for c in rows_of(report) if c[0]["title"].startswith(QUAKE))
    assert page.url.endswith(f"#/cluster/{cluster[0]['cluster_id']}")
    assert page.title().startswith(QUAKE)
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".members tbody tr").all()]
    for row, member in zip(rows, cluster, strict=True):
        assert row[0].split("\n")[0].removesuffix(" again").removesuffix("core").strip() == member["outlet"]
        assert row[2] == member["relation"]
        assert row[4] == ("" if member["relation"] == "canonical" else f"{member['score']:.2f}")
        # Behind the name may stand how sure it is.
        assert row[5].startswith(member["credit"]) if member["credit"] else row[5] == ""
    assert rows[2][3] == "+1 h 16 min"
    drawn = page.locator(".timeline svg")
    assert drawn.locator("path.mark").count() == len(cluster)
    assert "8 articles" not in drawn.get_attribute("aria-label")  # one has a day only, no time
    page.go_back()
    playwright.expect(page.locator("[role=status]")).to_contain_text("of")
    assert page.url == asked
    assert page.get_by_label("Credit", exact=True).input_value() == "Reuters"
    assert page.evaluate("document.activeElement.textContent").startswith(QUAKE)


def test_any_member_is_compared_with_the_canonical_article(opened, sample):
    path, report = sample
    cluster = next(c for c in rows_of(report) if c[0]["title"].startswith(QUAKE))
    page = opened(path, f"#/cluster/{cluster[0]['cluster_id']}")
    row = page.locator(".members tbody tr", has_text="Five Seas Radio")
    row.get_by_role("link", name="Compare").click()
    playwright.expect(page.locator(".texts")).to_be_visible()
    assert (
        page.locator(".numbers-list").inner_text()
        == "Numbers exchanged: 74 → 131; 12 → 20; only on the right: 17"
    )
    assert "changed" in page.locator(".texts mark.changed").first.inner_text()  # for those who hear it
    assert page.locator(".compare code").inner_text() == "dedup explain dm-4101 fs-4194 -i INDEX"
    # Nothing is lost and nothing added: without the marks each side is the text of its article.
    with Index.temporary() as index:
        index.add(SAMPLES / "feed.jsonl")
        for side, identifier in ((0, "dm-4101"), (1, "fs-4194")):
            article = index.article(identifier)
            shown = page.evaluate(
                """side => [...document.querySelectorAll('.texts tbody tr')].map((row) => {
                    const cell = row.children[side].cloneNode(true);
                    cell.querySelectorAll('.heard').forEach((one) => one.remove());
                    return cell.textContent;
                }).join(' ')""",
                side,
            )
            assert shown.split() == f"{article.title} {article.text}".split()
    page.get_by_label("Canonical article compared with").select_option(label="Northfield Gazette, cut")
    playwright.expect(page.locator(".texts del.cut").first).to_be_visible()
    assert page.url.endswith("/compare/0/3")
    page.go_back()
    page.go_back()
    playwright.expect(page.get_by_role("heading", name="Members")).to_be_visible()


def test_moved_and_added_passages_stand_where_they_are(opened, tmp_path):
    lines = story(1, sentences=4)
    left = "\n".join(lines)
    right = "\n".join(
        [lines[0], lines[3], lines[1], "A local paragraph that nobody else has printed.", lines[2]]
    )
    path = page_of(tmp_path / "moved.html", [[{"text": left}, {"text": right, "lag_s": 9}]])
    page = opened(path, "#/cluster/0000000000000000/compare/0/1")
    assert page.locator(".texts mark.moved").count() == 2
    assert page.locator(".texts ins.added").count() == 1
    order = page.evaluate(
        """() => [0, 1].map((side) => [...document.querySelectorAll('.texts tbody tr')].slice(1)
            .map((row) => row.children[side].querySelector('bdi')).filter(Boolean)
            .map((cell) => {
                cell.querySelectorAll('.heard').forEach((one) => one.remove());
                return cell.textContent.trim();
            }))"""
    )
    assert order == [left.split("\n"), right.split("\n")]


def test_paragraphs_of_the_two_texts_stand_beside_each_other(opened, tmp_path):
    first, second, third, fourth = story(2, sentences=4)
    left = f"{first} It was green.\n{second}\n{third}"
    right = f"{first} It was blue and loud.\n{fourth}\nSaid later: {second} {third}"
    path = page_of(tmp_path / "rows.html", [[{"text": left}, {"text": right, "lag_s": 9}]])
    page = opened(path, "#/cluster/0000000000000000/compare/0/1")
    rows = page.evaluate(
        """() => [...document.querySelectorAll('.texts tbody tr')].slice(1)
            .map((row) => [...row.children].map((cell) => {
                cell.querySelectorAll('.heard').forEach((one) => one.remove());
                return cell.textContent.trim();
            }))"""
    )
    assert rows == [
        [f"{first} It was green.", f"{first} It was blue and loud."],
        ["", fourth],
        [second, f"Said later: {second}"],
        [third, third],
    ]


def test_the_weakest_edge_links_and_composites_are_shown(opened, sample):
    path, report = sample
    page = opened(path, "#/composites")
    assert page.locator(".composites > li").count() == report.composites.num_rows == 2
    page.locator(".composites a").first.click()
    playwright.expect(page.get_by_role("heading", name="Composites that draw on it")).to_be_visible()
    weakest = page.locator(".weakest")
    assert re.search(r"with a score of [01]\.\d\d; the threshold is 0\.50", weakest.inner_text())
    weakest.get_by_role("link", name="Compare the two").click()
    playwright.expect(page.locator(".texts, .compare .note")).to_be_visible()
    assert page.locator(".note").count() == 0
    a, b = report.links.slice(0, 1).to_pylist()[0].values() if report.links.num_rows else (None, None)
    if a:
        page.goto(f"{path.as_uri()}#/cluster/{a}")
        playwright.expect(page.locator(f".neighbours a[href='#/cluster/{b}']")).to_be_visible()


def test_linked_clusters_lead_to_each_other(opened, tmp_path):
    report, source = made_report([[{"text": "a"}, {"text": "b"}], [{"text": "c"}, {"text": "d"}]])
    links = pa.table([[f"{0:016x}"], [f"{1:016x}"]], schema=LINK_SCHEMA)
    with (tmp_path / "linked.html").open("wb") as file:
        write_html(ClusterReport(report.members, links=links, counts=report.counts), source, file)
    page = opened(tmp_path / "linked.html", "#/cluster/0000000000000001")
    page.locator(".neighbours a").click()
    playwright.expect(page.get_by_role("heading", level=1)).to_have_text("Story 0")


def test_the_matrix_counts_who_carries_whose_copy_and_leads_there(opened, sample):
    path, report = sample
    page = opened(path, "#/matrix")
    counted: Counter[tuple[str, str]] = Counter()
    clusters = rows_of(report)
    for canonical, *others in clusters:
        counted.update((canonical["outlet"], one["outlet"]) for one in others)
    grid = page.evaluate(
        "[...document.querySelectorAll('.grid tr')].map((row) => [...row.children].map((cell) => "
        "(cell.querySelector('a')?.firstChild ?? cell).textContent))"
    )
    names = grid[0][1:-1]
    found = {(row[0], by): int(n) for row in grid[1:] for by, n in zip(names, row[1:-1], strict=True) if n}
    assert found == counted
    (first, by), n = counted.most_common(1)[0]
    page.get_by_role("link", name=f"{n} of {first} in {by}").click()
    expected = [
        c[0]["title"] for c in clusters if c[0]["outlet"] == first and any(o["outlet"] == by for o in c[1:])
    ]
    playwright.expect(page.locator("[role=status]")).to_contain_text(f"{len(expected)} of")
    assert headlines(page) == expected


def test_outlets_and_agencies_add_up(opened, sample):
    path, report = sample
    page = opened(path, "#/outlets")

    def figures(column: int) -> list[int]:
        cells = page.locator(f".data tbody td:nth-of-type({column})").all_inner_texts()
        return [int(cell.replace(",", "")) for cell in cells]

    assert sum(figures(1)) <= report.counts["articles"]
    assert sum(figures(2)) == report.counts["clustered"]
    assert sum(figures(4)) == report.counts["clusters"]
    assert [a + b + c for a, b, c in zip(figures(4), figures(5), figures(6), strict=True)] == figures(2)
    page.get_by_role("button", name="Articles").click()
    assert all(a >= b for a, b in pairwise(figures(1)))
    page.get_by_role("link", name="Agencies").click()
    playwright.expect(page.get_by_role("heading", level=1)).to_have_text("Agencies")
    credited = Counter(one["credit"] for c in rows_of(report) for one in c if one["credit"])
    assert sum(figures(3)) == credited.total()


def test_everything_is_reached_by_keyboard(opened, sample):
    page = opened(sample[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("ferry")
    result(page, "1 of 46 clusters")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.cluster"):
            break
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", level=1)).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "action":
            break
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".texts")).to_be_visible()
    playwright.expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", name="Members")).to_be_visible()


def test_those_who_hear_the_page_are_told_names_and_headers(opened, sample):
    page = opened(sample[0])
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, select')].filter((one) =>
            !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length)).length"""
    )
    assert unnamed == 0
    assert page.locator("main").count() == page.locator("h1").count() == 1
    assert page.locator("table").evaluate_all(
        "tables => tables.every((one) => one.querySelector('thead th[scope=col]'))"
    )
    assert page.locator("[role=status][aria-live=polite]").count() == 1
    page.get_by_role("link", name=QUAKE).click()
    members = page.get_by_role("table", name="Members of the cluster")
    playwright.expect(members.get_by_role("rowheader")).to_have_count(8)
    assert page.get_by_role("img", name=re.compile("^Time line: 7 articles from 2025-03-04")).count() == 1


@pytest.mark.parametrize(
    "view", ["", "#/matrix", "#/outlets", "#/agencies", "#/composites", "cluster", "compare"]
)
def test_a_phone_shows_every_view_without_scrolling_sideways(opened, sample, view):
    path, report = sample
    if view in ("cluster", "compare"):
        view = f"#/cluster/{report.members['cluster_id'][0]}" + ("/compare/0/1" if view == "compare" else "")
    page = opened(path, view, viewport=PHONE)
    page.wait_for_timeout(50)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    if "cluster" in view and "compare" not in view:
        # Laid out as blocks, a table is a table all the same.
        assert page.get_by_role("table").get_by_role("rowheader").count() == 8


def test_dark_follows_the_system_and_the_button(opened, sample):
    def is_dark(page: Any) -> bool:
        colour = page.evaluate(
            """() => { const c = document.createElement('canvas').getContext('2d');
            c.fillStyle = getComputedStyle(document.body).backgroundColor; c.fillRect(0, 0, 1, 1);
            return c.getImageData(0, 0, 1, 1).data[0]; }"""
        )
        return bool(colour < 60)

    page = opened(sample[0], color_scheme="dark")
    assert is_dark(page)
    page.get_by_role("button", name="Use light colours").click()
    assert not is_dark(page)
    light = opened(sample[0], color_scheme="light")
    assert not is_dark(light)
    light.get_by_role("button", name="Use dark colours").click()
    assert is_dark(light)


def test_print_leaves_out_what_cannot_be_pressed(opened, sample):
    page = opened(sample[0])
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in ("#nav", "#theme", ".filters"):
        assert page.locator(hidden).is_hidden()
    assert page.locator(".clusters").is_visible()
    assert len(page.pdf()) > 10_000


@pytest.mark.parametrize("said", HOSTILE)
def test_what_a_feed_says_is_shown_and_nothing_more(opened, tmp_path, said):
    member = {
        "title": said, "outlet": said, "byline": said, "place": said, "credit": said, "article_id": said,
        "url": "javascript:document.title='run'",
    }  # fmt: skip
    clusters = [[{**member, "text": said + " one"}, {**member, "text": said + " two", "lag_s": 60}]]
    path = page_of(tmp_path / "hostile.html", clusters)
    for view in (
        "",
        "#/matrix",
        "#/outlets",
        "#/cluster/0000000000000000",
        "#/cluster/0000000000000000/compare/0/1",
    ):
        page = opened(path, view)
        assert not page.title().startswith("run")
        assert page.locator("main script, main img, main b").count() == 0
        visible = page.locator("main").inner_text()
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b\x00]", visible)
        kept = re.sub("[\u202a-\u202e\u2066-\u2069\x00]|\x1b\\[31m", "", said)[:20].strip()
        assert kept in visible
        assert page.locator(".compare code").count() == 0  # no id of a feed is offered to a shell
        links = page.locator("main a").evaluate_all("links => links.map((one) => one.getAttribute('href'))")
        assert all(link.startswith("#/") for link in links), links


def test_addresses_are_followed_only_where_they_lead_to_a_web_page(opened, tmp_path):
    addresses = {
        "https://a.example/x": "https://a.example/x",
        "HTTP://b.example": "http://b.example/",
        "data:text/html,x": None,
        " javascript:alert(1)": None,
        "file:///etc/passwd": None,
        "vbscript:x": None,
        "//c.example": None,
    }
    cluster = [{"url": url, "text": "words", "lag_s": at} for at, url in enumerate(addresses)]
    page = opened(page_of(tmp_path / "links.html", [cluster]), "#/cluster/0000000000000000")
    rows = page.locator(".members tbody tr")
    for at, expected in enumerate(addresses.values()):
        links = rows.nth(at).locator("a[target=_blank]")
        assert links.count() == (expected is not None)
        if expected:
            assert links.get_attribute("href") == expected
            assert links.get_attribute("rel") == "noopener noreferrer nofollow"


def test_a_cluster_of_many_members_is_listed_in_steps_and_drawn_as_a_curve(opened, tmp_path):
    cluster = [{"text": f"words {n}", "outlet": f"Paper {n}", "lag_s": 60 * n} for n in range(300)]
    page = opened(page_of(tmp_path / "many.html", [cluster]), "#/cluster/0000000000000000")
    rows = page.locator(".members tbody tr")
    assert rows.count() == 200
    assert page.locator(".timeline path.curve").count() == 1
    page.get_by_role("button", name="Show all 300").click()
    assert rows.count() == 300
    rows.nth(250).get_by_role("link", name="Compare").click()
    playwright.expect(page.locator(".compare .note")).to_contain_text("not in this file")
    playwright.expect(page.locator("footer")).to_contain_text("100 members listed without the text")


def test_a_search_minds_neither_case_nor_accents(opened, tmp_path):
    titles = ("Élection à Łódź: Café fermé", "한국 지진", "Nothing of the kind")
    path = page_of(tmp_path / "accents.html", [[{"title": title, "outlet": None}] * 2 for title in titles])
    page = opened(path)
    for said, at in (("election cafe ferme", 0), ("ÉLECTION", 0), ("지진", 1)):
        page.get_by_label("Search headlines").fill(said)
        playwright.expect(page.locator(".clusters tbody th a")).to_have_text([titles[at]])
        result(page, "1 of 3 clusters")
    playwright.expect(page.locator("aside")).to_contain_text("No member has an outlet.")


def test_a_credit_is_shown_with_its_proof_where_the_table_has_one(opened, tmp_path):
    members = [
        {"text": "a", "credit": "AP"},
        {"text": "b", "credit": "Reuters"},
        {"text": "c", "credit": "Reuters"},
    ]
    report, source = made_report([members])
    # Columns a member table may have, and one that this page does not know.
    added = {
        "credit_tier": ["sure", "hint", None],
        "credit_evidence": ["(AP) -", "</td><b>Reuters</b>", None],
        "cluster_credit": ["AP"] * 3,
        "cluster_credit_tier": ["sure"] * 3,
        "publisher_family": ["North", "North", "South"],
    }
    table = report.members
    for name, values in added.items():
        if name in table.schema.names:
            table = table.drop_columns([name])
        table = table.append_column(name, pa.array(values, pa.string()))
    object.__setattr__(report, "members", table)
    path = tmp_path / "credit.html"
    with path.open("wb") as file:
        write_html(report, source, file)
    page = opened(path)
    assert page.locator(".clusters td.agency").inner_text() == "AP and 1 more"
    page.goto(path.as_uri() + "#/cluster/0000000000000000")
    playwright.expect(page.locator(".credits")).to_have_text(
        "Wire credit: AP 1, Reuters 2, none 0. The members disagree. Taken to come from AP (sure)."
    )
    # Two agencies are credited by members of the canonical article's own wording.
    playwright.expect(page.locator(".facts")).to_contain_text("2 origins (AP, Reuters)")
    cells = page.locator(".members td.credit").all_inner_texts()
    assert [" ".join(cell.split()) for cell in cells] == [
        "AP sure (AP) -",
        "Reuters hint </td><b>Reuters</b>",
        "Reuters",
    ]
    heads = page.locator(".members thead th").all_inner_texts()
    assert "Publisher family" in heads
    assert not [head for head in heads if head in ("Credit tier", "Cluster credit")]


def test_text_of_another_direction_stays_in_its_place(opened, tmp_path):
    cluster = [
        {"title": "زلزال يضرب غرب البلاد 17", "outlet": "الشرق", "text": "words"},
        {"text": "words", "lag_s": 1},
    ]
    page = opened(page_of(tmp_path / "arabic.html", [cluster]))
    title = page.locator(".clusters tbody th a bdi")
    assert title.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert title.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"


def test_texts_left_out_are_said_to_be(opened, tmp_path):
    path = page_of(tmp_path / "bare.html", [[{"text": "one"}, {"text": "two", "lag_s": 1}]], text="none")
    page = opened(path, "#/cluster/0000000000000000/compare/0/1")
    playwright.expect(page.locator(".compare .note")).to_contain_text("made without texts")
    playwright.expect(page.locator("footer")).to_contain_text("Made without texts.")


def test_an_unknown_address_says_so(opened, sample):
    page = opened(sample[0], "#/cluster/feedfeedfeedfeed")
    playwright.expect(page.locator("main")).to_have_text("This report has no such cluster.")
    page.goto(sample[0].as_uri() + "#/constructor")
    result(page, "46 clusters")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 clusters of three, with texts of about 1,500 characters that pack no better than news."""
    rng = random.Random(5)
    # Words drawn alike from 30,000 pack worse than prose does.
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(3, 9))) for _ in range(30_000)]
    pool = " ".join(rng.choices(words, k=400_000))
    clusters = []
    for n in range(20_000):
        begin = rng.randrange(len(pool) - 1500)
        text = pool[begin : begin + 1500]
        clusters.append(
            [
                {
                    "outlet": f"Paper {(7 * n + k) % 400}",
                    "lag_s": 600 * k,
                    "title": f"Story {n} as paper {k} has it",
                    "text": f"Story {n} tells: {text}{' It was changed.' if k else ''}",
                    "credit": ("AP", None, "AFP")[n % 3],
                }
                for k in range(3)
            ]
        )
    return page_of(tmp_path_factory.mktemp("large") / "large.html", clusters)


def test_twenty_thousand_clusters_open_within_three_seconds_and_stay_usable(opened, large):
    began = time.perf_counter()
    page = opened(large)
    result(page, "20,000 clusters")
    seconds = time.perf_counter() - began
    print(f"{large.stat().st_size / 1e6:.1f} MB opened in {seconds:.2f} s")
    assert seconds < 3
    assert page.locator(".clusters tbody tr").count() == 50
    page.get_by_role("button", name="Next").click()
    playwright.expect(page.locator(".pager")).to_contain_text("Page 2 of 400")
    began = time.perf_counter()
    page.get_by_label("Search headlines").fill("story 19999 ")
    result(page, "1 of 20,000 clusters")
    assert time.perf_counter() - began < 1.5
    page.locator(".clusters tbody a").click()
    playwright.expect(page.locator(".members tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Compare").first.click()
    playwright.expect(page.locator(".texts ins.added")).to_contain_text("It was changed.")
    page.goto(large.as_uri() + "#/matrix")
    playwright.expect(page.locator(".grid tbody tr")).to_have_count(20)
