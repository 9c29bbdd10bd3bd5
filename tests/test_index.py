"""The promises of `Index`: what comes out depends on the articles, not on how they came in."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasketch
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import dedup
from dedup.article import ARTICLE_SCHEMA
from dedup.confirm.model import least_sum
from dedup.engines import matching
from dedup.errors import DedupError, IndexFolderError, SettingsError
from dedup.index.index import Index
from dedup.report.schema import MEMBER_SCHEMA
from dedup.report.writers import write_report
from dedup.settings import Settings
from tests.feeds import copies, feed, sentence, story

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"


def report_bytes(index: Index, **options) -> bytes:
    report = index.report(Settings(**options))
    members = report.members
    # Where a record stood in a file is the one thing that may differ.
    for name in ("file", "line"):
        place = members.schema.get_field_index(name)
        members = members.set_column(
            place, members.schema.field(place), pa.nulls(len(members), members.schema.field(place).type)
        )
    sink = io.BytesIO()
    write_report(replace(report, members=members), "csv", sink)
    return sink.getvalue()


def clusters_of(index: Index, **options) -> set[frozenset[str]]:
    frame = index.clusters(**options)
    return {frozenset(group) for _, group in frame.groupby("cluster_id")["article_id"]}


@pytest.fixture(scope="module")
def records():
    return feed()


@pytest.fixture(scope="module")
def expected(records):
    with Index.temporary() as index:
        index.add(records)
        return report_bytes(index)


def test_the_made_up_feed_has_the_clusters_it_was_made_with(records):
    with Index.temporary() as index:
        index.add(records)
        found = clusters_of(index)
    truth: dict[str, set[str]] = {}
    for record in records:
        if record["text"]:
            truth.setdefault(record["url"].rsplit("/", 1)[1], set()).add(record["id"])
        else:
            truth.setdefault(" ".join(record["title"].split()[:9]), set()).add(record["id"])
    assert found == {frozenset(ids) for ids in truth.values() if len(ids) > 1}


@pytest.mark.parametrize("how", ["shuffled", "reversed", "one by one", "in threes", "one thread"])
def test_order_batches_and_threads_change_no_byte(records, expected, how):
    mine = list(records)
    if how == "shuffled":
        random.Random(5).shuffle(mine)
    if how == "reversed":
        mine.reverse()
    step = {"one by one": 1, "in threes": 3}.get(how, len(mine))
    with Index.temporary() as index:
        for low in range(0, len(mine), step):
            index.add(mine[low : low + step], threads=1 if how == "one thread" else None)
        assert report_bytes(index, threads=1 if how == "one thread" else 2) == expected


def test_adding_and_clustering_equals_building_at_once_within_an_epoch(tmp_path, records):
    late = feed(stories=4, singles=5, seed=7) + copies(3, 9)[6:]  # new stories, and more copies of an old one
    with Index.create(tmp_path / "grown") as grown:
        grown.add(records)
        grown.report()  # the epoch begins here
        for low in range(0, len(late), 4):
            grown.add(late[low : low + 4])
            grown.report()
        step_by_step = report_bytes(grown)
        with Index.create(tmp_path / "at-once") as at_once:
            at_once.use_epoch(grown)
            at_once.add(records + late)
            assert report_bytes(at_once) == step_by_step
        # A run of its own, without the edges kept from the runs before.
        with Index.temporary() as plain:
            plain.use_epoch(grown)
            plain.add(late + records)
            assert report_bytes(plain) == step_by_step


def test_a_second_report_judges_only_what_is_new(tmp_path, records):
    with Index.create(tmp_path / "i") as index:
        index.add(records)
        first = index.report().counts
        assert first["judged_pairs"] == first["candidate_pairs"] > 0
    with Index.open(tmp_path / "i", write=True) as index:
        index.add(copies(3, 9)[8:])
        second = index.report().counts
    assert 0 < second["judged_pairs"] < 12 < first["judged_pairs"]


def test_the_same_articles_are_not_looked_through_for_candidates_twice(tmp_path, records, monkeypatch):
    """By other settings, in another process: what was proposed for the same corpus lies in its run."""
    sought = []
    propose = matching.propose
    monkeypatch.setattr(matching, "propose", lambda *given: sought.append(1) or propose(*given))
    with Index.create(tmp_path / "index") as index:
        index.add(records[:-20])
        first = index.report(Settings(threshold=0.9)).counts
    with Index.open(tmp_path / "index") as index:
        again = index.report(Settings(threshold=0.5))
        assert len(sought) == 1
        assert again.counts["judged_pairs"] == 0
        for name in ("candidate_pairs", "capped_buckets"):
            assert again.counts[name] == first[name]
        stored = report_bytes(index, threshold=0.5)
    with Index.temporary() as anew:
        anew.add(records[:-20])
        assert report_bytes(anew, threshold=0.5) == stored
    with Index.open(tmp_path / "index", write=True) as index:
        index.add(records[-20:])
        index.report()
    assert len(sought) == 3


def test_every_member_has_a_confirmed_edge_to_its_core(records):
    with Index.temporary() as index:
        index.add(records)
        matched = index._session.matched(Settings(), None, lambda *_: None)
        clustering, state = index._session.clustering(matched, Settings()), matched.state
        assert len(clustering.member) > 20
        core = state.nodes.of[clustering.core[clustering.cluster]]
        sums = state.judge.score(state.nodes.of[clustering.member], core)
        assert (sums >= least_sum(0.5)).all()
        assert (clustering.score >= 0.5).all()


def test_one_text_under_three_outlets_without_ids_is_three_articles_and_one_cluster():
    text = " ".join(story(1))
    with Index.temporary() as index:
        report = index.add([{"outlet": name, "text": text} for name in ("A", "B", "C")])
        assert report.added == len(index) == 3
        found = index.clusters()
    assert len(found) == 3
    assert found["cluster_id"].nunique() == 1
    assert set(found["relation"]) == {"canonical", "verbatim"}
    assert (found["score"] == 1).all()


def test_the_same_feed_twice_adds_nothing_and_a_changed_text_is_a_version(records):
    with Index.temporary() as index:
        index.add(records)
        again = index.add(records)
        assert (again.added, again.already) == (0, len(records))
        changed = [{**records[0], "title": "Another headline altogether", "text": " ".join(story(777))}]
        third = index.add(changed)
        assert (third.added, third.versions) == (0, 1)
        assert len(index) == len(records)


def test_texts_without_words_and_placeholders_are_copies_of_nothing():
    with Index.temporary() as index:
        index.add([{"outlet": str(k), "text": text} for text in ("...", "!!!", " - ") for k in range(4)])
        assert len(index.clusters()) == 0


def test_a_headline_one_outlet_prints_day_after_day_is_no_story():
    column, headline = "Harbour Betting Line", "Brannoc ferry runs aground off Luzara"
    days = [{"outlet": "Town Crier", "title": column, "published": f"2025-03-0{d}"} for d in range(1, 9)]
    carriers = ("Town Crier", "Evening Echo", "The Lantern")
    once = [{"outlet": name, "title": headline, "published": "2025-03-02"} for name in carriers]
    with Index.temporary() as index:
        index.add(days + once)
        found = index.clusters()
    assert set(found["title"]) == {headline}


def test_a_frame_filled_in_with_other_names_is_no_story_but_its_copies_are():
    firms = (
        "Brannoc Steel",
        "Calder Rail",
        "Dorvale Foods",
        "Evermoor Gas",
        "Fenwick Paper",
        "Gallow Mining",
    )
    titles = [f"{firm}: Q3 Earnings Snapshot" for firm in firms]
    rows = [{"outlet": "Wire Desk", "title": title, "published": "2025-03-02"} for title in titles]
    rows.append({"outlet": "Evening Echo", "title": titles[2], "published": "2025-03-02"})
    with Index.temporary() as index:
        index.add(rows)
        found = index.clusters()
    assert found["title"].tolist() == [titles[2]] * 2


def test_a_window_parts_the_same_text_weeks_later():
    text = " ".join(story(9))
    days = ["2025-01-01", "2025-01-02", "2025-02-20", "2025-02-21", None]
    rows = [{"id": str(k), "outlet": str(k), "text": text, "published": day} for k, day in enumerate(days)]
    with Index.temporary() as index:
        index.add(rows)
        assert clusters_of(index) == {frozenset("01234")}
        parted = clusters_of(index, window_s=72 * 3600)
        assert frozenset("01") <= max(parted, key=lambda c: "0" in c)
        assert not any({"0", "2"} <= set(c) or {"1", "3"} <= set(c) for c in parted)


def test_since_and_until_choose_articles_and_outlets_choose_clusters(records):
    with Index.temporary() as index:
        index.add(records)
        everything = index.clusters()
        since = pd.Timestamp("2025-03-03T00:00Z")
        late = index.clusters(since=since.to_pydatetime())
        assert (late["published"] >= since).all()
        assert 0 < len(late) < len(everything)
        of_one = index.clusters(outlets=("Outlet 4",))
        assert 0 < of_one["cluster_id"].nunique() < everything["cluster_id"].nunique()
        assert of_one.groupby("cluster_id")["outlet"].agg(lambda names: "Outlet 4" in set(names)).all()


def test_a_lower_threshold_never_loses_a_pair_of_the_samples():
    with Index.temporary() as index:
        index.add(SAMPLES / "headlines.csv")
        counts = [len(index.clusters(threshold=t)) for t in (0.95, 0.7, 0.5, 0.3)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.5, float("nan")])
def test_wrong_settings_say_so(threshold):
    with Index.temporary() as index, pytest.raises(SettingsError, match="threshold"):
        index.clusters(threshold=threshold)


def test_query_finds_what_an_index_holds_without_adding_it(records):
    asked = copies(3, 4)[3]
    with Index.temporary() as index:
        index.add(records)
        before = len(index)
        row = {name: None for name in ARTICLE_SCHEMA.names} | {"text": asked["text"], "file": "-", "line": 1}
        found = index.query(pa.Table.from_pylist([row], schema=ARTICLE_SCHEMA)).to_pylist()
        assert len(index) == before
        mine = {record["id"] for record in records if (record.get("url") or "").endswith("/3")}
    assert {one["article_id"] for one in found} == mine
    assert len({one["cluster_id"] for one in found}) == 1
    assert all(one["score"] >= 0.5 for one in found)


def test_query_agrees_with_clustering_the_article_itself(records):
    with Index.temporary() as index:
        index.add(records)
        whole = index.clusters()
        for record in records[:8]:
            row = {name: record.get(name) for name in ARTICLE_SCHEMA.names} | {
                "published": None,
                "file": "-",
                "line": 1,
            }
            found = index.query(pa.Table.from_pylist([row], schema=ARTICLE_SCHEMA))
            assert record["id"] in found["article_id"].to_pylist()
            cluster = whole.loc[whole["article_id"] == record["id"], "cluster_id"]
            if len(cluster):
                assert cluster.iloc[0] in found["cluster_id"].to_pylist()


def test_export_keeps_one_article_of_each_cluster_and_all_others(records):
    with Index.temporary() as index:
        index.add(records)
        kept = pa.Table.from_batches(list(index.export()))["id"].to_pylist()
        found = index.clusters()
    dropped = set(found["article_id"]) - set(found["canonical_id"])
    assert sorted(kept) == sorted({record["id"] for record in records} - dropped)


def test_show_names_a_cluster_by_its_id_its_beginning_or_a_member(records):
    with Index.temporary() as index:
        index.add(records)
        found = index.clusters()
        first = found.iloc[0]
        wanted = set(found.loc[found["cluster_id"] == first["cluster_id"], "article_id"])
        for name in (first["cluster_id"], first["cluster_id"][:10], first["article_id"]):
            assert set(index.show(name).members["article_id"].to_pylist()) == wanted
        alone = next(r["id"] for r in records if r["id"] not in set(found["article_id"]))
        assert index.show(alone).n_clusters == 0
        with pytest.raises(DedupError, match="nothing of that name"):
            index.show("nothing of that name")


def test_articles_come_back_as_they_were(records):
    with Index.temporary() as index:
        index.add(records)
        for record in records[:5]:
            article = index.article(record["id"])
            assert (article.title, article.text, article.outlet) == (
                record["title"],
                record["text"],
                record["outlet"],
            )
        with pytest.raises(DedupError, match="names no article"):
            index.article("no such id")


def test_signatures_are_datasketch_objects_that_agree_with_the_index(records):
    with Index.temporary() as index:
        index.add(records)
        found = index.clusters()
        texts = {r["id"] for r in records if r["text"]}
        pair = next(list(g)[:2] for _, g in found.groupby("cluster_id")["article_id"] if set(g) <= texts)
        a, b = (index.minhash(name) for name in pair)
        assert isinstance(a, datasketch.MinHash)
        assert a.jaccard(b) > 0.1
        lsh = index.to_lsh()
        assert set(pair) <= set(lsh.query(a))
        with pytest.raises(DedupError, match="has no sketch"):
            index.minhash(next(r["id"] for r in records if not r["text"]), kind=0)


def test_stats_count_what_is_there(tmp_path, records):
    with Index.create(tmp_path / "i") as index:
        index.add([*records, {"outlet": "nobody"}])
        index.report()
        stats = index.stats()
    assert stats.articles == len(records)
    assert sum(n for _, n in stats.outlets) == len(records)
    assert stats.rejects == {"no title and no text": 1}
    assert stats.epoch is not None
    assert stats.runs == 1
    recall = [value for _, value in stats.recall]
    assert recall == sorted(recall)


def test_runs_tell_what_became_of_the_clusters_of_the_run_before(tmp_path):
    base = copies(3, 6)
    with Index.create(tmp_path / "i") as index:
        index.add(base[:3] + copies(4, 1))
        index.report()
        index.add(base[3:] + copies(4, 3)[1:])
        index.report()
        runs = index._store.runs()
        events = [sorted(r["event"] for r in run.table("changes").to_pylist()) for run in runs]
    assert events == [["born"], ["born", "grown"]]


def test_an_index_open_for_reading_reports_while_another_process_may_write(tmp_path, records):
    with Index.create(tmp_path / "i") as writer:
        writer.add(records)
        wanted = report_bytes(writer)
        with Index.open(tmp_path / "i") as reader:
            assert report_bytes(reader) == wanted
            with pytest.raises(IndexFolderError, match="open for reading"):
                reader.add(records)


def test_refresh_begins_a_new_epoch(tmp_path, records):
    with Index.create(tmp_path / "i") as index:
        index.add(records[:10])
        index.report()
        first = index.stats().epoch
        index.add(records[10:])
        index.report()
        assert index.stats().epoch == first
        index.refresh()
        second = index.stats().epoch
        assert None not in (first, second)
        assert second != first
        with Index.temporary() as plain:
            plain.add(records)
            assert report_bytes(plain) == report_bytes(index)


def test_an_index_sketched_with_another_background_is_refused(tmp_path, records, monkeypatch):
    with Index.create(tmp_path / "i") as index:
        index.add(records[:5])
    from dedup.sketch.background import empty_background

    monkeypatch.setattr("dedup.index.sketches.load_background", empty_background)
    with pytest.raises(IndexFolderError, match="was sketched with"):
        Index.open(tmp_path / "i")


def test_a_data_frame_with_its_own_column_names_is_a_feed():
    titles = ["Brannoc ferry runs aground off Luzara"] * 2 + ["Something else entirely here now"]
    frame = pd.DataFrame(
        {"Headline": titles, "Source": ["A", "B", None], "When": ["2025-03-01", None, "2025-03-02"]}
    )
    with Index.temporary() as index:
        report = index.add(frame, mapping={"title": "Headline", "published": "When"})
        assert (report.read, report.added) == (3, 3)
        found = index.clusters()
    assert found["outlet"].tolist() == ["A", "B"]
    assert list(found.columns) == MEMBER_SCHEMA.names


def test_kill_during_index_loses_nothing_and_resumes(tmp_path):
    lines = [json.dumps(record) for k in range(6) for record in feed(stories=300, singles=400, seed=k + 20)]
    source = tmp_path / "feed.jsonl"
    source.write_text("\n".join(lines) + "\n")
    folder = tmp_path / "i.dedup"
    command = [sys.executable, "-m", "dedup", "index", str(source), "-i", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DEDUP_FAULT": "transaction-part-committed:2"}
    killed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    if killed.returncode != -signal.SIGKILL:
        pytest.fail(f"was not killed: {killed.returncode} {killed.stderr}")
    with Index.open(folder) as index:
        survived = len(index)
    assert 0 < survived < len(lines)
    environment.pop("DEDUP_FAULT")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with Index.open(folder) as index, Index.temporary() as undisturbed:
        assert len(index) == len(lines)
        undisturbed.add(source)
        assert report_bytes(index) == report_bytes(undisturbed)


def test_import_is_light():
    code = (
        "import sys, dedup; dedup.Index; "
        "print(sorted({'sklearn', 'pandas', 'datasketch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_score_and_the_estimator_agree_on_the_seed_case():
    gunfire = "Gunfire Erupts Near Israeli Embassy in Amman"
    response = "Gunfire Sparks Security Response Near Israeli Embassy in Amman"
    climate = "Contentious Climate Deal Strikes Divisive Chord at COP29"
    fund = "India Rejects $300 Billion Climate Fund as 'Too Little, Too Distant'"
    london = "Protest Erupts Near Israeli Embassy in London"
    assert dedup.score(gunfire, response) == dedup.score(response, gunfire) > 0.5
    for other in (london, climate, fund):
        assert dedup.score(gunfire, other) < 0.5
    assert dedup.score(climate, fund) < 0.5
    model = dedup.SyndicationClusterer().fit([gunfire, climate, None, response, fund, "", london])
    assert model.labels_.tolist() == [0, -1, -1, 0, -1, -1, -1]
    assert model.canonical_.tolist() == [3]
    assert model.pairs_["member"].tolist() == [0, 3]
    assert np.all(model.pairs_["score"] >= 0.5)
    with pytest.raises(TypeError, match="one string"):
        dedup.SyndicationClusterer().fit("text")


def test_case_variants_added_later_change_no_score(tmp_path):
    rows = [
        {"id": "b", "outlet": "B", "title": "zorvane kelthwick signs harbour pact with marlow council today"},
        {
            "id": "c",
            "outlet": "C",
            "title": "zorvane kelthwick signs harbour pact with dunmore council today",
        },
    ]
    late = {
        "id": "a",
        "outlet": "A",
        "title": "Zorvane Kelthwick Signs Harbour Pact With Marlow Council Today",
    }
    with Index.create(tmp_path / "i") as index:
        index.add(rows)
        index.report()
        index.add([late])
        grown = report_bytes(index)
        with Index.temporary() as plain:
            plain.use_epoch(index)
            plain.add([late, *rows])
            assert report_bytes(plain) == grown


def test_no_member_is_further_from_its_core_than_the_window():
    base = copies(11, 8)
    rows = [
        {**row, "id": str(k), "published": f"2025-03-{1 + 2 * k:02d}T00:00:01Z"} for k, row in enumerate(base)
    ]
    with Index.temporary() as index:
        index.add(rows)
        assert len(clusters_of(index)) == 1
        for cluster in clusters_of(index, window_s=3 * 86_400):
            days = sorted(int(name) * 2 for name in cluster)
            assert days[-1] - days[0] <= 6


def test_two_texts_republished_for_years_are_no_square_under_a_window():
    a, b = copies(12, 2)
    rows = [
        {
            "outlet": "Hourly",
            "url": f"https://hourly.example/{name}{k}",
            "text": row["text"],
            "published": 1_600_000_000 + 86_400 * k,
        }
        for name, row in (("a", a), ("b", b))
        for k in range(1, 3001)
    ]
    with Index.temporary() as index:
        index.add(rows)
        found = index.clusters(window_s=3600)
    assert set(found["size"]) == {2}
    assert len(found) == 6000


def test_exact_copies_of_a_fill_in_story_at_several_outlets_are_copies():
    frame = " ".join(story(13, 6))
    names = [" ".join(story(100 + k, 1)) for k in range(8)]
    rows = [
        {"id": f"{k}", "outlet": "Wire", "text": f"{name} {frame} {name}"} for k, name in enumerate(names)
    ]
    rows += [{"id": f"copy {k}", "outlet": f"Paper {k}", "text": rows[2]["text"]} for k in range(3)]
    with Index.temporary() as index:
        index.add(rows)
        found = clusters_of(index)
    assert any({"2", "copy 0", "copy 1", "copy 2"} <= cluster for cluster in found)


def test_an_article_id_is_found_before_the_beginning_of_a_cluster_id(records):
    with Index.temporary() as index:
        index.add(records)
        cluster = index.clusters()["cluster_id"].iloc[0]
        index.add([{"id": cluster[:4], "outlet": "Z", "text": " ".join(story(14))}])
        assert index.show(cluster[:4]).n_clusters == 0


def test_outlets_that_number_their_articles_alike():
    text = " ".join(story(15))
    rows = [{"id": "1", "outlet": name, "text": text, "published": f"2025-03-0{k}T01:00Z"}
            for k, name in enumerate("ABC", 1)]  # fmt: skip
    with Index.temporary() as index:
        index.add(rows)
        assert index.clusters()["relation"].tolist() == ["canonical", "verbatim", "verbatim"]
        assert len(index.clusters(relations=("verbatim",))) == 3


def test_a_query_leaves_the_index_as_it_was(tmp_path, records):
    with Index.create(tmp_path / "i") as index:
        index.add(records)
        index.query([records[0]])
        assert index.stats().epoch is None


def test_a_damaged_run_only_costs_time(tmp_path, records):
    with Index.create(tmp_path / "i") as index:
        index.add(records)
        before = report_bytes(index)
    for path in (tmp_path / "i" / "runs").rglob("*.parquet"):
        path.write_bytes(b"not parquet")
    with Index.open(tmp_path / "i", write=True) as index:
        index.add(copies(16, 1))
        assert report_bytes(index) == before


def test_a_dense_template_asks_for_a_bounded_number_of_pairs():
    frame = story(17, 10)
    rows = [
        {"id": str(k), "outlet": f"O {k}", "text": " ".join([*frame, *story(5000 + k, 1)])}
        for k in range(900)
    ]
    with Index.temporary() as index:
        index.add(rows)
        counts = index.report().counts
    assert counts["candidate_pairs"] < 900 * 450


def test_a_brief_under_headlines_that_do_not_name_it_is_copied_where_each_outlet_prints_it_once() -> None:
    rng = random.Random("puns")
    brief = " ".join(sentence(rng) for _ in range(4))
    once = [
        {
            "id": f"{k}",
            "outlet": f"Outlet {k}",
            "title": sentence(rng),
            "text": brief,
            "published": "2025-03-04",
        }
        for k in range(8)
    ]
    again = [{**record, "id": f"again {k}", "outlet": f"Outlet {k % 2}"} for k, record in enumerate(once)]
    with Index.temporary() as index:
        index.add(once)
        assert index.report().members.num_rows == 8
    with Index.temporary() as index:
        index.add(again)  # two outlets print it under four headlines each: a page without its article
        assert index.report().members.num_rows == 0
        said = {gate.name: gate for gate in index.explain("again 0", "again 1").gates}
        assert not said["no rubric"].passed
        assert "empty page" in said["no rubric"].said


def test_a_writer_that_is_refused_leaves_the_load_of_a_killed_one_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "i.dedup"
    index = Index.create(path, durable=False)
    index.add(feed())
    with index._store._catalog.transaction("load") as catalog:
        catalog.set_meta("load_open", True)  # as a kill in the midst of it would have left it
    index._store.close(finished=False)
    monkeypatch.setattr("dedup.index.index.sketched_with", lambda: "another")
    with pytest.raises(IndexFolderError, match="was sketched with"):
        Index.open(path, write=True)
    monkeypatch.undo()
    with Index.open(path) as again:
        assert again._store._catalog.meta("load_open") is True


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    with Index.create(tmp_path / "x.dedup") as index:
        index.add([{"id": "a", "title": "Rain fell", "text": "Rain fell on the hills of Ashmere today."}])
    index.close()
    assert index.path == tmp_path / "x.dedup"
    for asked in (
        index.clusters,
        index.scores,
        lambda: index.article("a"),
        lambda: index.add([]),
        lambda: len(index),
    ):
        with pytest.raises(IndexFolderError, match="is closed") as raised:
            asked()
        assert "dedup.Index.open" in str(raised.value)
