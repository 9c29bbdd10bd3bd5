"""Explanations: what is told of a pair is what a run decided, to the integer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.cells import cell_len

import dedup as package
from dedup.compare.proposal import Sketched, proposal, shingle_sets
from dedup.confirm.model import least_sum, probability
from dedup.engines.corpus import distinct_texts, load_corpus
from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES, _nearest, node_signatures, propose
from dedup.errors import DedupError
from dedup.index.identity import display_id
from dedup.index.index import Index
from dedup.index.session import silent
from dedup.report.explanation.terminal import explanation_lines
from dedup.report.layout import Canvas
from dedup.settings import Settings
from dedup.sketch.bands import CAP, candidate_pairs
from dedup.sketch.minhash import signatures, stored_slots
from dedup.sketch.rarity import rare_slots
from dedup.sketch.shingles import BODY, BRIEF, LEAD, Shingles
from tests.commands import Command, one_error

SAMPLES = Path(__file__).parent.parent / "samples"
GUNFIRE = "Gunfire Erupts Near Israeli Embassy in Amman"
SPARKS = "Gunfire Sparks Security Response Near Israeli Embassy in Amman"
PROTEST = "Protest Erupts Near Israeli Embassy in London"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An index of the samples, with a stored run."""
    path = tmp_path_factory.mktemp("explain") / "samples.dedup"
    with Index.create(path) as index:
        index.add([str(SAMPLES / "feed.jsonl"), str(SAMPLES / "headlines.csv")])
        index.report()
    return path


@pytest.fixture(scope="module")
def index(folder):
    with Index.open(folder) as found:
        yield found


@pytest.fixture(scope="module")
def corpus(index):
    """Key and node of every article with words, as the index has them."""
    with index._store.snapshot() as snapshot:
        articles = load_corpus(snapshot)
        return articles, distinct_texts(articles)


def named(corpus, node):
    """Id of an article with this text."""
    articles, nodes = corpus
    return display_id(None, int(articles.keys[nodes.first[node]]))


def gates(found):
    return {gate.name: gate for gate in found.gates}


def test_the_score_is_the_one_the_run_stored_and_the_steps_add_up_to_it(index, corpus):
    run = index._store.latest_run()
    edges = run.table("edges").to_pylist()
    place = {hash: node for node, hash in enumerate(corpus[1].hashes.tolist())}
    np.random.default_rng(4).shuffle(edges)
    units = corpus[0].units[corpus[1].first]

    def sort_of(edge):
        brief = min(units[place[edge["left"]]], units[place[edge["right"]]]) < 20
        return brief, edge["sum"] >= least_sum(0.5)

    sorts = [[edge for edge in edges if sort_of(edge) == (x, y)][:25] for x in (0, 1) for y in (0, 1)]
    cards = set()
    for edge in [edge for some in sorts for edge in some]:
        a, b = place[edge["left"]], place[edge["right"]]
        found = index.explain(named(corpus, a), named(corpus, b))
        assert found.sum == edge["sum"]
        assert found.score == probability(np.array([edge["sum"]]))[0]
        assert found.intercept + sum(step.contribution for step in found.contributions) == edge["sum"]
        running = found.intercept
        for step in found.contributions:
            assert step.contribution == step.value * step.weight
            running += step.contribution
            assert step.running == running
        cards.add((found.scorecard, found.sum >= found.threshold_sum))
    assert cards == {("article", True), ("article", False), ("brief", True), ("brief", False)}


def test_who_was_proposed_is_what_the_whole_corpus_says(index, corpus):
    with index._store.snapshot() as snapshot:
        left, right = propose(snapshot, *corpus, 1)[:2]
    pairs = set(zip(left.tolist(), right.tolist(), strict=True))
    draw = np.random.default_rng(5)
    some = [sorted(pairs)[i] for i in draw.choice(len(pairs), 20, replace=False)]
    some += [tuple(sorted(pair)) for pair in draw.integers(0, len(corpus[1]), (20, 2)).tolist()]
    for a, b in some:
        if a != b:
            found = index.explain(named(corpus, a), named(corpus, b))
            assert gates(found)["candidate"].passed == ((a, b) in pairs)


def test_together_is_what_the_clusters_say(index):
    report = index.report().members.to_pylist()
    cluster = {row["article_id"]: row["cluster_id"] for row in report}
    ids = sorted(cluster)
    draw = np.random.default_rng(6)
    mates = [(row["article_id"], row["canonical_id"]) for row in report if row["relation"] != "canonical"]
    some = [mates[i] for i in draw.choice(len(mates), 15, replace=False)]
    some += [(ids[a], ids[b]) for a, b in draw.integers(0, len(ids), (15, 2)).tolist() if a != b]
    for a, b in some:
        found = index.explain(a, b)
        assert found.together == (cluster[a] == cluster[b])
        assert (found.left.cluster_id, found.right.cluster_id) == (cluster[a], cluster[b])


def test_shingles_made_anew_have_the_signatures_the_index_stored(index, corpus):
    articles, nodes = corpus
    with index._store.snapshot() as snapshot:
        for kind in (BODY, LEAD, BRIEF):
            of, stored, sizes = node_signatures(snapshot, articles, nodes, kind)
            rows = [0, len(of) // 2]
            some = snapshot.rows(
                [int(articles.keys[nodes.first[of[row]]]) for row in rows], ("title", "text")
            )
            sets = shingle_sets(
                *(some[name].combine_chunks().cast(pa.large_string()) for name in ("title", "text")), kind
            )
            both = Shingles(np.concatenate(sets), np.cumsum([0, *map(len, sets)]))
            assert np.array_equal(stored_slots(signatures(both)), stored[rows])
            assert [len(one) for one in sets] == sizes[rows].tolist()


@pytest.mark.parametrize(
    ("n", "slots", "told"),
    [(60, 180, f"but both have {MOST_CANDIDATES} nearer"), (CAP + 50, 104, f"has more than {CAP} texts")],
)
def test_crowds_and_capped_buckets_are_told_as_the_engine_cuts_them(n, slots, told):
    draw = np.random.default_rng(n)
    rows = draw.integers(0, 60_000, (n, 256)).astype(np.uint16)
    rows[:, :slots][draw.random((n, slots)) < 0.95] = 0
    hashes = np.sort(draw.integers(1, 2**63, n).astype(np.uint64))
    sizes = np.full(n, 100)
    nodes = np.arange(n)

    @cache
    def all_pairs():
        whole = rows, sizes, rare_slots(rows)
        found = candidate_pairs(rows, min_equal=MIN_EQUAL_OF[BODY], order=hashes, whole=whole)
        near = _nearest(found, hashes)
        return found.left[near].astype(np.int64), found.right[near].astype(np.int64)

    def kinds(kind):
        return (nodes, rows, sizes) if kind == BODY else (nodes[:0], rows[:0], sizes[:0])

    pairs = set(zip(*(side.tolist() for side in all_pairs()), strict=True))
    assert len(pairs) < n * (n - 1) // 2  # some were cut
    text = pa.array(["some words", "other words"], pa.large_string())
    said = set()
    for a, b in draw.integers(0, n, (80, 2)).tolist():
        if a == b:
            continue
        found = proposal(Sketched(hashes, kinds, all_pairs), a, b, text, text)
        assert found.proposed == (tuple(sorted((a, b))) in pairs)
        said.add(found.said)
    assert any(told in one for one in said)


def test_the_seed_case_and_the_near_miss():
    same, other = package.explain(GUNFIRE, SPARKS), package.explain(GUNFIRE, PROTEST)
    assert (same.together, other.together) == (True, False)
    assert (same.score, other.score) == (package.score(GUNFIRE, SPARKS), package.score(GUNFIRE, PROTEST))
    assert {term.text for term in other.terms.left} == {"Gunfire", "Amman"}
    assert {term.text for term in other.terms.right} == {"Protest", "London"}
    assert "below the threshold" in other.verdict
    assert "Amman" in other.verdict


def test_equal_texts_are_told_so_and_the_order_does_not_matter():
    same = package.explain(GUNFIRE, GUNFIRE.upper())
    assert same.equal
    assert same.together
    assert same.score == 1
    one, two = package.explain(GUNFIRE, PROTEST), package.explain(PROTEST, GUNFIRE)
    assert one.sum == two.sum
    assert one.terms.left == two.terms.right
    assert (one.weighted_left, one.weighted_right) == (two.weighted_right, two.weighted_left)


@pytest.mark.parametrize("text", ["", "...", "\n"])
def test_a_text_without_a_word_says_so(text):
    with pytest.raises(DedupError, match="no word"):
        package.explain(GUNFIRE, text)


def test_every_script_is_explained_in_its_own_words():
    one = "东京发生强烈地震，至少九人死亡，数千户停电，铁路全线停运"
    two = "东京强烈地震致九人死亡，数千户停电，铁路停运"
    found = package.explain(one, two)
    assert found.terms.shared
    assert all(term.text in one for term in found.terms.shared)
    assert found.intercept + sum(step.contribution for step in found.contributions) == found.sum


def test_a_round_up_is_told_to_be_a_composite(index):
    composites = {row["article_id"] for row in index.report().composites.to_pylist()}
    assert "dm-4109" in composites
    found = index.explain("dm-4109", "cv-4124")
    assert not found.together
    assert found.sum >= found.threshold_sum
    assert "dm-4109 holds several strangers" in found.verdict


def test_outlet_and_date_are_told_where_they_part_two_headlines():
    record = {"title": GUNFIRE, "outlet": "Hillside Reporter", "published": "2024-11-24", "id": "a"}
    later = {**record, "title": SPARKS, "published": "2024-12-24", "id": "b"}
    with Index.temporary() as index:
        index.add(pa.Table.from_pylist([record, later]))
        found = index.explain("a", "b")
        window = index.explain("a", "b", Settings(window_s=3600))
    gate = gates(found)["outlet and date"]
    assert not found.together
    assert not gate.passed
    assert "30 d apart" in gate.said
    assert "6 logits" in gate.said
    assert not gates(window)["window"].passed


def test_the_same_text_at_two_outlets_is_equal_without_any_comparison():
    text = (
        "A lynx that escaped from Tarnby zoo was found asleep in a school gym, its keeper told parents there."
    )
    records = [{"id": name, "outlet": name, "text": text} for name in ("one", "two")]
    with Index.temporary() as index:
        index.add(pa.Table.from_pylist(records))
        found = index.explain("one", "two")
    assert found.equal
    assert found.together
    assert found.score == 1
    assert found.relation == "verbatim"
    assert found.intercept + sum(step.contribution for step in found.contributions) == found.sum


def test_a_rubric_is_told_to_be_one():
    days = [f"2025-01-{day:02}" for day in range(1, 21)]
    records = [
        {"id": f"r{i}", "outlet": "Gazette", "title": "Sports Betting Line", "published": day}
        for i, day in enumerate(days)
    ]
    records += [
        {"id": "x", "outlet": "Herald", "title": "Sports Betting Line for Sunday", "published": days[0]}
    ]
    with Index.temporary() as index:
        index.add(pa.Table.from_pylist(records))
        index.report()
        found = index.explain("r0", "x")
    assert not found.together
    assert not gates(found)["no rubric"].passed
    assert "r0" in gates(found)["no rubric"].said


def test_a_headline_and_an_article_meet_in_no_sketch(index):
    found = package.explain(GUNFIRE, index.article("dm-4101").text)
    assert not found.sketches
    assert "too short" in gates(found)["candidate"].said
    assert not found.together


def test_an_article_is_named_by_id_url_or_headline(index):
    article = index.article("dm-4101")
    by_id = index.explain("dm-4101", "cv-4122")
    assert index.explain(article.url, "cv-4122") == by_id
    assert index.explain(article.title.upper(), "cv-4122") == by_id


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [("dm-41O1", "cv-4122", "did you mean dm-4101"), ("dm-4101", "dm-4101", "are one article")],
)
def test_a_wrong_name_is_one_clear_line(dedup: Command, folder, a, b, said):
    one_error(dedup("explain", "-i", folder, a, b), said)


def test_the_command_prints_lines_without_colour_into_a_pipe(dedup: Command, folder):
    done = dedup("explain", "-i", folder, "dm-4101", "cv-4122")
    assert done.returncode == 0
    assert "In one cluster" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    found = package.explain(GUNFIRE, PROTEST)
    assert any("\x1b[" in line for line in explanation_lines(found, Canvas(80, color=True)))
    assert max(map(cell_len, explanation_lines(found, Canvas(50)))) <= 50


def test_feeds_texts_and_files_need_no_index(dedup: Command, tmp_path):
    feed = dedup("explain", "-i", SAMPLES / "page_dump.txt", GUNFIRE, SPARKS)
    assert "In one cluster" in feed.stdout
    texts = dedup("explain", GUNFIRE, PROTEST, "--format", "json")
    assert json.loads(texts.stdout)["together"] is False
    for name, text in (("one.txt", GUNFIRE), ("two.txt", PROTEST)):
        (tmp_path / name).write_text(text)
    files = dedup("explain", tmp_path / "one.txt", tmp_path / "two.txt", "--format", "json")
    assert files.stdout == texts.stdout
    one_error(dedup("explain", tmp_path / "one.txt", tmp_path / "none.txt"), "no such file")


def test_json_holds_the_whole_explanation(dedup: Command, folder, index):
    done = dedup("explain", "-i", folder, "dm-4101", "ph-4144", "--format", "json")
    told = json.loads(done.stdout)
    found = index.explain("dm-4101", "ph-4144")
    assert told == json.loads(found.to_json())
    assert told["intercept"] + sum(step["contribution"] for step in told["contributions"]) == told["sum"]
    assert {sketch["kind"] for sketch in told["sketches"]} == {"body", "lead"}


def test_the_page_runs_nothing_loads_nothing_and_allows_only_its_own_style(dedup: Command, tmp_path):
    evil = "<script>alert(1)</script> \u202egnp.exe <img src=x onerror=alert(2)> quake shakes Velmara"
    page = tmp_path / "why.html"
    done = dedup("explain", evil, "Quake shakes Velmara & <b>hills</b>", "-o", page)
    assert done.returncode == 0, done.stderr
    html = page.read_text("utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>hills" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"<[^>]*\s(?:src|href|style|on\w+)\s*=", html)
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert style is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy[1]


def test_changed_numbers_stand_out_on_the_page_and_markup_between_them_does_nothing():
    html = (
        package.explain("Flood kills <i>12</i> in Sarn", "Flood kills <i>1,400</i> in Sarn")
        .to_html()
        .decode()
    )
    assert "<b>12</b>&lt;/" in html
    assert "<b>1,400</b>" in html
    assert "<i>" not in html


def test_asking_does_not_change_the_index(folder, index):
    def state():
        return {p.name: p.stat().st_mtime_ns for p in folder.rglob("*.parquet")}, index._session.ground(
            Settings(), None, silent, keep=False
        ).identity

    before = state()
    index.explain("dm-4101", "ph-4144", Settings(threshold=0.1))
    assert state() == before
