"""Labels, the measures held against them, and ``dedup evaluate``."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.confirm.model import load_model, probability
from dedup.engines.corpus import outlet_numbers
from dedup.engines.outlets import Carriers
from dedup.errors import GoldError
from dedup.evaluate import metrics, plots
from dedup.evaluate.curve import THRESHOLDS, choose_threshold, curve
from dedup.evaluate.evaluation import evaluate_clusters, evaluate_pairs
from dedup.evaluate.gold import GoldClusters, GoldPair, read_gold, read_pairs
from dedup.evaluate.measure import candidates_of, measure_in, unknown_ids
from dedup.index.index import Index
from dedup.index.session import silent
from dedup.settings import Settings
from tests.commands import Command, one_error

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
FEED, TRUTH = SAMPLES / "feed.jsonl", SAMPLES / "feed_truth.csv"

# Measures, against a reference that can be read in one breath

pairs_of = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.5, 1.0, 3.0, 219.333])),
    min_size=1,
    max_size=30,
)
clusterings = st.integers(1, 9).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n)] * 2)
)


def reference(rows: list[tuple[bool, bool, float]], weighted: bool) -> tuple[float, float, float]:
    cells: defaultdict[tuple[bool, bool], float] = defaultdict(float)
    for copy, grouped, weight in rows:
        cells[copy, grouped] += weight if weighted else 1
    tp, fp, fn = cells[True, True], cells[False, True], cells[True, False]
    p, r = tp / (tp + fp) if tp + fp else 0.0, tp / (tp + fn) if tp + fn else 0.0
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@settings(max_examples=15, deadline=None)
@given(pairs_of)
def test_figures_and_intervals_are_those_of_plain_python(rows):
    """The interval: F1 of 2,000 draws of ``random.Random(0).choices``, sorted, at places 100 and 1899."""
    copy, grouped = (np.array([row[i] for row in rows]) for i in (0, 1))
    weights = np.array([row[2] for row in rows])
    rng, source = random.Random(0), metrics.generator()
    for weighted in (False, True):
        w = weights if weighted else None
        counts = metrics.count_pairs(copy, grouped, w)
        assert (counts.precision, counts.recall, counts.f1) == pytest.approx(reference(rows, weighted))
        draws = sorted(reference(rng.choices(rows, k=len(rows)), weighted)[2] for _ in range(2000))
        assert metrics.intervals(copy, grouped, w, source).f1 == pytest.approx((draws[100], draws[1899]))


def test_weights_are_capped_at_the_weight_that_stands_at_the_quantile():
    weights = np.array([5.0, 1.0, 100.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0])
    assert metrics.capped(weights, 0.8).tolist() == [5, 1, 9, 2, 3, 4, 6, 7, 8, 9]
    assert metrics.capped(weights, 1).tolist() == weights.tolist()


@settings(deadline=None)
@given(clusterings)
def test_pairs_of_clusters_are_those_one_can_count(both):
    found, true = both
    cells = defaultdict(int)
    for a, b in combinations(range(len(found)), 2):
        cells[true[a] == true[b], found[a] == found[b]] += 1
    counts = metrics.count_cluster_pairs(found, true)
    assert (counts.tp, counts.fp) == (cells[True, True], cells[False, True])
    assert (counts.fn, counts.tn) == (cells[True, False], cells[False, False])


@settings(deadline=None)
@given(clusterings)
def test_b_cubed_is_the_mean_over_articles(both):
    found, true = both
    n = len(found)
    shares = []
    for i in range(n):
        mine = {j for j in range(n) if found[j] == found[i]}
        right = {j for j in range(n) if true[j] == true[i]}
        shares.append((len(mine & right) / len(mine), len(mine & right) / len(right)))
    assert metrics.b_cubed(found, true) == pytest.approx(tuple(np.mean(shares, axis=0)))


@settings(deadline=None)  # the first call imports scikit-learn
@given(clusterings)
def test_cluster_measures_know_equality_and_symmetry(both):
    found, true = both
    renamed = [f"c{one}" for one in true]
    assert metrics.b_cubed(renamed, true) == pytest.approx((1, 1))
    assert metrics.adjusted_rand(renamed, true) == pytest.approx(1)
    assert metrics.adjusted_rand(found, true) == pytest.approx(metrics.adjusted_rand(true, found))
    assert metrics.mutual_information(found, true) == pytest.approx(metrics.mutual_information(true, found))
    assert metrics.b_cubed(found, true) == pytest.approx(metrics.b_cubed(true, found)[::-1])


def test_b_cubed_of_a_member_in_the_wrong_cluster():
    """One of four a's sits with the b's: it is right for a fifth of its cluster, the b's for four fifths."""
    true = ["a"] * 4 + ["b"] * 4
    precision, recall = metrics.b_cubed([0, 0, 0, 1, 1, 1, 1, 1], true)
    assert precision == pytest.approx((3 * 1 + 1 / 5 + 4 * 4 / 5) / 8)
    assert recall == pytest.approx((3 * 3 / 4 + 1 / 4 + 4 * 1) / 8)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=40))
def test_bins_hold_equal_numbers_and_all_pairs(rows):
    copy = np.array([row[0] for row in rows])
    score = np.array([row[1] for row in rows]) / 100
    bins = metrics.reliability(copy, score)
    assert sum(one.pairs for one in bins) == len(rows)
    assert max(one.pairs for one in bins) - min(one.pairs for one in bins) <= 1
    assert sum(one.copies * one.pairs for one in bins) == pytest.approx(copy.sum())
    assert [one.score for one in bins] == sorted(one.score for one in bins)


def test_brier_and_average_precision_of_known_scores():
    copy = np.array([True, True, False, False])
    assert metrics.brier(copy, np.array([1.0, 1.0, 0.0, 0.0])) == 0
    assert metrics.brier(copy, np.full(4, 0.5)) == 0.25
    assert metrics.average_precision(copy, np.array([0.9, 0.8, 0.3, 0.1])) == 1
    # Found at places 1 and 3: (1/1 + 2/3) / 2.
    assert metrics.average_precision(copy, np.array([0.9, 0.2, 0.3, 0.1])) == pytest.approx(5 / 6)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=40),
    st.sampled_from([0.5, 0.8, 1.0]),
)
def test_the_chosen_threshold_is_the_lowest_of_that_precision(rows, wanted):
    copy = np.array([row[0] for row in rows])
    score = np.array([row[1] for row in rows]) / 100
    good = [
        t
        for t in THRESHOLDS
        if (score >= t).any() and copy[score >= t].mean() >= wanted and copy[score >= t].any()
    ]
    points = curve(copy, score)
    if good:
        assert choose_threshold(points, wanted) == good[0]
    else:
        with pytest.raises(GoldError, match=f"no threshold has precision {wanted:g}"):
            choose_threshold(points, wanted)
    best = choose_threshold(points, None)
    f1 = {point.threshold: point.counts.f1 for point in points}
    assert f1[best] == max(f1.values())


def test_clusters_that_match_themselves_are_perfect_and_blanks_are_alone():
    gold = GoldClusters({"a": "1", "b": "1", "c": "", "d": ""})
    found = evaluate_clusters(gold, {"a": "x", "b": "x"})
    assert (found.b_cubed, found.adjusted_rand, found.clusters) == ((1, 1), 1, 1)
    assert evaluate_clusters(gold, {"a": "x", "b": "x", "c": "y", "d": "y"}).b_cubed[0] == 0.75


def test_partly_derived_pairs_are_told_apart():
    pairs = [
        GoldPair("a", "b", "W"),
        GoldPair("a", "c", "P"),
        GoldPair("b", "c", "N"),
        GoldPair("c", "d", "P"),
    ]
    found = evaluate_pairs(pairs, {"a": "x", "b": "x", "c": "x"}, 0.9)
    assert (found.plain.counts.tp, found.plain.counts.fp, found.plain.counts.fn) == (1, 1, 0)
    assert (found.grouped("P"), found.labels["P"]) == (1, 2)


# Reading labels


def written(folder: Path, text: str, name: str = "gold.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_may_be_written_in_several_ways(tmp_path):
    text = "\ufeffid_b,id_a,label,weight\r\n1,2,w,\r\n\r\n3,4,no,2.5\r\n5,6,1,\r\n7,8,P,\r\n2,1,YES,9\r\n"
    found = read_pairs(written(tmp_path, text))
    assert [(pair.id_a, pair.label, pair.weight) for pair in found] == [
        ("2", "W", 1), ("4", "N", 2.5), ("6", "W", 1), ("8", "P", 1),
    ]  # fmt: skip


def test_the_columns_say_which_labels_they_are(tmp_path):
    assert read_gold(written(tmp_path, "article_id,cluster_id\na,1\nb,\n")) == GoldClusters(
        {"a": "1", "b": ""}
    )
    assert isinstance(read_gold(TRUTH), GoldClusters)
    assert read_gold(written(tmp_path, "id_a,id_b,label\na,b,W\n")) == [GoldPair("a", "b", "W")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has none"),
        ("a;b;c\n1;2;3\n", "columns of neither, it has a;b;c; labelled pairs are"),
        (
            '{"title": "A headline of many words, and commas, and so on"}\n',
            'it has {"title": "A headline of many ..., and commas',
        ),
        ("id_a,id_b,label,article_id,cluster_id\n", "columns of both"),
        ("id_a,id_b,label\n", "has no pairs"),
        ("id_a,id_b,label\na,b,maybe\n", "gold.csv:2: label 'maybe' is none of W"),
        ("id_a,id_b,label\na,b\n", "gold.csv:2: label '' is none of"),
        ("id_a,id_b,label\na,,W\n", "gold.csv:2: an id is missing"),
        ("id_a,id_b,label\na,a,W\n", "gold.csv:2: a is paired with itself"),
        ("id_a,id_b,label\na,b,W\nb,a,N\n", "gold.csv:3: the pair b, a is labelled N, in line 2 W"),
        (
            "id_a,id_b,label,weight\na,b,W,nan\nc,d,N,-1\n",
            "weight 'nan' is no number of at least 0 (2 rows are",
        ),
        ("id_a,id_b,label,weight\na,b,W,inf\n", "weight 'inf'"),
        ('id_a,id_b,label\na,b,"W\n', "not a CSV in UTF-8"),
        ("article_id,cluster_id\na,1\na,2\n", "gold.csv:3: article a stands in two clusters"),
        ("article_id,cluster_id\n,1\n", "gold.csv:2: no article id"),
    ],
)
def test_labels_that_are_wrong_are_named(tmp_path, text, said):
    with pytest.raises(GoldError) as error:
        read_gold(written(tmp_path, text))
    assert said in str(error.value)


def test_columns_are_asked_for_by_name(tmp_path):
    path = written(tmp_path, "article_id,cluster_id\na,1\n")
    with pytest.raises(GoldError, match="lacks the columns id_a, id_b, label; it has article_id, cluster_id"):
        read_gold(path, "pairs")
    with pytest.raises(GoldError, match="lacks a column"):
        read_gold(written(tmp_path, "id_a,id_b,label\na,b,W\n"), "clusters")


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(GoldError, match="No such file"):
        read_gold(tmp_path / "no.csv")
    with pytest.raises(GoldError, match="Is a directory"):
        read_gold(tmp_path)
    (tmp_path / "latin.csv").write_bytes("id_a,id_b,label\né,b,W\n".encode("latin-1"))
    with pytest.raises(GoldError, match="not a CSV in UTF-8"):
        read_pairs(tmp_path / "latin.csv")


# Pairs as a run sees them


STORY = (
    "TALVORA - A magnitude 6.1 earthquake struck western Velmara before dawn on Tuesday, killing at least "
    "nine people and bringing down dozens of mud-brick houses in the hills above Sarn, officials said."
)
RAIN = (
    "Heavy rain flooded the lower market of Brunsel on Friday and closed two schools, the fire brigade said, "
    "while ferries to the islands were cancelled until the storm has passed over the gulf."
)


def test_equal_texts_score_1_and_texts_without_words_0():
    records = [
        {"id": "a", "outlet": "x", "text": STORY},
        {"id": "b", "outlet": "y", "text": STORY.upper()},
        {"id": "c", "outlet": "y", "text": RAIN},
        {"id": "d", "outlet": "y", "title": "!!!", "text": "..."},
        {"id": "e", "outlet": "x", "title": "The"},
        {"id": "f", "outlet": "y", "title": "The"},
    ]
    pairs = [
        GoldPair("a", "b", "W"),
        GoldPair("a", "c", "N"),
        GoldPair("d", "a", "N"),
        GoldPair("e", "f", "N"),
    ]
    with Index.temporary() as index:
        index.add(records)
        measured = measure_in(index, pairs)
        assert unknown_ids(index, ["a", "zz", "d"]) == ["zz"]
        assert set(index.report().members["article_id"].to_pylist()) == {"a", "b"}
    scores = measured.scores(load_model())
    assert scores[0] == 1
    assert scores[1] < 0.05
    assert scores[2] == 0
    assert scores[3] < 0.5  # equal, and in no cluster: it says nothing
    assert measured.mute.tolist() == [False, False, True, False]
    assert measured.equal.tolist() == [True, False, False, True]
    assert measured.is_brief.tolist() == [False, False, False, True]


def test_pairs_score_what_a_run_gives_its_edges():
    with Index.temporary() as index:
        index.add(FEED)
        run = index._session.matched(Settings(), None, silent)
        nodes, matches = run.state.nodes, run.state.matches
        keys = run.state.corpus.keys[nodes.first]
        with index._store.snapshot() as snapshot:
            name = snapshot.rows(keys, ["id"])["id"].to_pylist()
        carriers = Carriers.of(run.state.corpus, nodes, outlet_numbers(run.snapshot, run.state.corpus))
        sums = matches.sums - carriers.handicap(matches.left, matches.right)
        ends = zip(matches.left.tolist(), matches.right.tolist(), strict=True)
        scores = measure_in(index, [GoldPair(name[a], name[b], "W") for a, b in ends]).scores(load_model())
    assert len(scores) > 100
    assert scores.tolist() == probability(sums).tolist()


def test_candidates_of_labelled_clusters_are_labelled_by_them():
    gold = read_gold(TRUTH)
    with Index.temporary() as index:
        index.add(FEED)
        pairs = candidates_of(index, gold)
    assert {pair.label for pair in pairs} == {"W", "N"}
    assert all((gold.cluster[p.id_a] == gold.cluster[p.id_b]) == (p.label == "W") for p in pairs)
    assert len({frozenset((p.id_a, p.id_b)) for p in pairs}) == len(pairs)


def test_an_id_of_several_outlets_names_none():
    with Index.temporary() as index:
        index.add([{"id": "1", "outlet": "x", "text": STORY}, {"id": "1", "outlet": "y", "text": RAIN}])
        with pytest.raises(GoldError, match="1 labelled ids name several articles: 1"):
            unknown_ids(index, ["1"])


# The command


@pytest.fixture
def report(tmp_path: Path) -> Path:
    more = "".join(f"{n},k{n}\n{n},l{n}\n" for n in range(8))
    return written(tmp_path, "cluster_id,article_id\nx,a\nx,b\ny,c\ny,d\n" + more, "report.csv")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = "".join(f"k{n},l{n},W,verbatim,{n + 1}\n" for n in range(8))
    rows += "a,b,W,cut,1\nc,d,N,template,3\na,c,N,topic,1\ne,f,W,rewrite,1\nb,c,P,cut,1\n"
    return written(tmp_path, "id_a,id_b,label,kind,weight\n" + rows, "labels.csv")


def test_the_table_of_clusters_made_before(dedup: Command, report, labels):
    done = dedup("evaluate", "--clusters", report, "--gold", labels, "--by-kind", "--cap-weight", "0.5")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout == (
        "13 labelled pairs: 10 W, 2 N, 1 P\n"
        "                                precision   recall       F1  90 % interval of F1\n"
        "  plain                             0.900    0.900    0.900  0.750 to 1.000\n"
        "  weighted, none above 3            0.880    0.957    0.917  0.780 to 1.000\n"
        "  weighted                          0.925    0.974    0.949  0.848 to 1.000\n"
        "  partly derived (P), left out: 0 of 1 grouped\n"
        "\n"
        "Pairs grouped\n"
        "  N template              1 of      1   100 %\n"
        "  N topic                 0 of      1     0 %\n"
        "  P cut                   0 of      1     0 %\n"
        "  W cut                   1 of      1   100 %\n"
        "  W rewrite               0 of      1     0 %\n"
        "  W verbatim              8 of      8   100 %\n"
    )


def test_the_same_as_data(dedup: Command, report, labels, tmp_path):
    out = tmp_path / "figures.json"
    done = dedup("evaluate", "--clusters", report, "--gold", labels, "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    found = json.loads(out.read_text())
    assert found["labels"] == {"W": 10, "N": 2, "P": 1}
    assert found["plain"]["f1"] == 0.9
    assert found["weighted_capped"]["cap"] == 7
    assert found["partly"] == {"grouped": 0, "pairs": 1}
    assert {"label": "W", "kind": "cut", "grouped": 1, "pairs": 1} in found["kinds"]


def test_labelled_clusters(dedup: Command, report, tmp_path):
    gold = written(tmp_path, "article_id,cluster_id\na,1\nb,1\nc,1\nd,\n")
    done = dedup("evaluate", "--clusters", report, "--gold", gold)
    assert done.stdout == (
        "4 labelled articles, 1 cluster of two or more\n"
        "                                precision   recall       F1\n"
        "  pairs of articles                 0.500    0.333    0.400\n"
        "  B-cubed                           0.750    0.667    0.706\n"
        "  adjusted Rand index 0.000\n"
        "  normalised mutual information 0.344\n"
    )


def test_a_feed_with_scores_and_a_plot(dedup: Command, tmp_path):
    out, plot = tmp_path / "e.json", tmp_path / "curve.png"
    arguments = ("evaluate", FEED, "--gold", TRUTH, "-o", out, "--plot", plot)
    done = dedup(*arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["clusters"]["articles"] == 379
    assert found["clusters"]["b_cubed"]["f1"] > 0.85
    assert found["scores"]["average_precision"] > 0.85
    assert found["scores"]["brier"] < 0.1
    assert [point["threshold"] for point in found["scores"]["curve"]] == list(THRESHOLDS)
    assert plot.read_bytes().startswith(b"\x89PNG")
    before = out.read_bytes(), plot.read_bytes()
    assert dedup(*arguments).returncode == 0
    assert (out.read_bytes(), plot.read_bytes()) == before


def test_the_threshold_in_use_is_marked(dedup: Command):
    done = dedup("evaluate", FEED, "--gold", TRUTH, "--threshold", "0.73")
    marked = [line for line in done.stdout.splitlines() if line.startswith(">")]
    assert [line.split()[1] for line in marked] == ["0.73"]


def test_an_svg_is_the_same_on_repeat(tmp_path):
    from dedup.evaluate.evaluation import evaluate_scores

    scores = evaluate_scores(np.array([True, False, True]), np.array([0.9, 0.1, 0.4]), 0.5)
    for name in ("a.svg", "b.svg"):
        plots.plot_scores(scores, tmp_path / name, "title")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"threshold 0.5" in (tmp_path / "a.svg").read_bytes()


def pairs_file(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id_a", "id_b", "label"), *rows])
    return path


def test_labels_of_a_few_unknown_articles_are_left_out_and_told(dedup: Command, tmp_path):
    rows = [("dm-4101", "hc-4108", "W"), ("dm-4101", "dm-4102", "N"), ("dm-4102", "zz-9", "W")]
    done = dedup("evaluate", FEED, "--gold", pairs_file(tmp_path, rows), "--format", "json")
    assert done.returncode == 0
    assert "1 of 4 labelled articles are not in the source, such as zz-9; what is labelled" in done.stderr
    found = json.loads(done.stdout)
    assert (found["labels"], found["unknown_articles"]) == ({"W": 1, "N": 1, "P": 0}, 1)
    assert found["plain"]["f1"] == 1


def test_labels_of_another_feed(dedup: Command, tmp_path):
    gold = pairs_file(tmp_path, [("x", "y", "W"), ("x", "dm-4101", "N")])
    one_error(
        dedup("evaluate", FEED, "--gold", gold), "2 of 3 labelled articles", "x, y", "labels of another feed"
    )


@pytest.mark.parametrize("label", ["W", "N"])
def test_labels_of_one_class(dedup: Command, tmp_path, report, label):
    gold = pairs_file(tmp_path, [("a", "b", label)])
    one_error(dedup("evaluate", "--clusters", report, "--gold", gold), "W and", "at least 1 of each")


def test_clusters_that_are_all_alone(dedup: Command, tmp_path, report):
    gold = written(tmp_path, "article_id,cluster_id\na,\nb,\n")
    one_error(dedup("evaluate", "--clusters", report, "--gold", gold), "are all alone")


def test_clusters_of_another_feed_are_noted(dedup: Command, tmp_path, report):
    gold = pairs_file(tmp_path, [("k", "l", "W"), ("k", "m", "N")])
    done = dedup("evaluate", "--clusters", report, "--gold", gold)
    assert done.returncode == 0
    assert "none of the labelled articles is in" in done.stderr


def test_other_mistakes(dedup: Command, tmp_path, report, labels, monkeypatch):
    with_report = ("evaluate", "--clusters", report, "--gold", labels)
    one_error(dedup(*with_report, "--cap-weight", "0"), "cap-weight: 0.0 is not above 0")
    one_error(dedup(*with_report, "-o", labels, "--format", "json"), "is what is read")
    one_error(dedup("evaluate", "--clusters", labels, "--gold", labels), "lacks a column")
    one_error(
        dedup("evaluate", FEED, "--gold", labels, "--plot", tmp_path / "x.pdf"), "a plot is .png or .svg"
    )
    one_error(
        dedup("evaluate", FEED, "--gold", labels, "--model", labels), "labels.csv: not JSON", "dedup tune"
    )
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    missing = dedup("evaluate", FEED, "--gold", labels, "--plot", tmp_path / "x.png")
    one_error(missing, "plots need matplotlib", "pip install 'dedup[charts]'")


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "--gold", "g.csv"),
        ("evaluate", "f.jsonl", "--clusters", "c.csv", "--gold", "g.csv"),
        ("evaluate", "--clusters", "c.csv", "--gold", "g.csv", "--model", "m.json"),
        ("evaluate", "f.jsonl"),
    ],
)
def test_wrong_usage(dedup: Command, arguments):
    done = dedup(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr


@pytest.mark.gold
@pytest.mark.parametrize("corpus", ["ecb", "webpages"])
def test_figures_are_those_of_the_gold_scorer(dedup: Command, tmp_path, corpus):
    if "DEDUP_GOLD_DIR" not in os.environ:
        pytest.skip("DEDUP_GOLD_DIR is not set: no gold scorer at hand")
    shared = Path(os.environ["DEDUP_GOLD_DIR"])
    gold, clusters = shared / "gold" / corpus / "pairs.csv", tmp_path / "c.csv"
    assert dedup("clusters", shared / "gold" / corpus / "articles.jsonl.gz", "-o", clusters).returncode == 0
    scorer = [sys.executable, shared / "tools" / "score_pairs.py", gold, clusters, "--cap-weight", "0.9"]
    theirs = subprocess.run(scorer, capture_output=True, text=True, check=True).stdout
    done = dedup("evaluate", "--clusters", clusters, "--gold", gold, "--format", "json")
    ours = json.loads(done.stdout)
    for name, key in (("plain", "plain"), ("weighted", "weighted_capped")):
        low, high = ours[key]["intervals"]["f1"]
        line = (
            f"{name:9s} precision {ours[key]['precision']:.4f} recall {ours[key]['recall']:.4f} "
            f"F1 {ours[key]['f1']:.4f} interval {low:.3f}-{high:.3f}  tp"
        )
        assert re.search("^" + re.escape(line), theirs, re.MULTILINE), theirs
