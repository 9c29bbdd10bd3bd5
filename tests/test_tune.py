"""Models of one's own: folds that share no article, ``dedup tune``, and ``--model`` in every command."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.confirm.features import FEATURES
from dedup.confirm.model import LOGIT, Model, load_model, parse_model
from dedup.errors import GoldError
from dedup.evaluate.folds import Sample, out_of_fold
from dedup.index.index import Index
from dedup.index.session import threshold_of
from dedup.report.writers import write_report
from dedup.settings import Settings
from tests.commands import Command, one_error

ROOT = Path(__file__).resolve().parent.parent
FEED, TRUTH = ROOT / "samples" / "feed.jsonl", ROOT / "samples" / "feed_truth.csv"
PAIRS = ROOT / "tests" / "data" / "pairs"
BRIEF_KINDS = ("headline", "near-miss-headline")

# Folds


class Witness:
    """A scorecard that must not judge what it has seen: the features of a pair are its two articles."""

    def __init__(self, features):
        self.seen = set(np.concatenate(features).ravel().tolist())

    def sums(self, features):
        assert not self.seen & set(features.ravel().tolist())
        return features.sum(axis=1)


def witness(features, labels):
    assert min(np.bincount(np.concatenate(labels), minlength=2)) >= 1
    return Witness(features)


def sample(pairs, copy, corpus=0):
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    return Sample(corpus, ends, ends, np.array(copy, np.bool_), [(str(a), str(b)) for a, b in pairs])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.booleans()), min_size=40, max_size=90))
def test_no_pair_is_predicted_by_a_fit_on_its_articles(rows):
    one = sample([(a, b) for a, b, _ in rows], [copy for _, _, copy in rows])
    try:
        sums, folds, how = out_of_fold(witness, [one])
    except GoldError:
        return  # too few of a label, or too many around one article: the tests below say when
    assert sums[0].tolist() == [a + b for a, b, _ in rows]
    assert how == "5 folds, no article in two"
    assert set(folds[0].tolist()) == set(range(5))


def test_pairs_that_hang_together_are_held_out_with_both_their_folds():
    """A chain through all articles, as candidate pairs of a feed are: copies of a story stay together."""
    pairs = [(2 * n, 2 * n + 1) for n in range(40)] + [(2 * n + 1, 2 * n + 2) for n in range(39)]
    sums, _, _ = out_of_fold(witness, [sample(pairs, [True] * 40 + [False] * 39)])
    assert sums[0].tolist() == [a + b for a, b in pairs]


def test_several_corpora_are_left_out_in_turn():
    corpora = [
        sample(
            [(1000 * c + 2 * n, 1000 * c + 2 * n + 1) for n in range(20)], [n % 2 == 0 for n in range(20)], c
        )
        for c in (1, 2, 3)
    ]
    sums, folds, how = out_of_fold(witness, corpora)
    assert how == "leaving each corpus out"
    assert [set(fold.tolist()) for fold in folds] == [{1}, {2}, {3}]
    assert all(len(one) == 20 for one in sums)


def test_a_corpus_that_holds_nearly_all_is_not_left_out():
    whole = sample([(2 * n, 2 * n + 1) for n in range(40)], [n % 2 == 0 for n in range(40)])
    few = sample([(900, 901), (902, 903)], [True, False], 1)
    sums, _, how = out_of_fold(witness, [whole, few])
    assert how == "5 folds, no article in two"
    assert [len(one) for one in sums] == [40, 2]


def test_labels_around_one_story_cannot_be_folded():
    star = sample([(0, n) for n in range(1, 61)], [n % 2 == 0 for n in range(60)])
    with pytest.raises(GoldError, match="share articles"):
        out_of_fold(witness, [star])


# Model files


def test_a_threshold_stands_in_the_file_and_in_the_hash():
    shipped = load_model()
    mine = Model(shipped.article, shipped.brief, "mine", 0.73)
    again = parse_model(orjson.loads(mine.to_json()), "again")
    assert (again.threshold, again.note) == (0.73, "mine")
    assert again.content_hash == mine.content_hash != shipped.content_hash
    assert b"threshold" not in shipped.to_json()
    assert threshold_of(Settings(), mine) == 0.73
    assert threshold_of(Settings(threshold=0.2), mine) == 0.2
    assert threshold_of(Settings(), shipped) == 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 0},
        {"threshold": 1.5},
        {"threshold": "0.5"},
        {"threshold": True},
        {"article": {"weights": [], "intercept": 0}},
        {"article": {"weights": {FEATURES[0]: 10**30}, "intercept": 0}},
        {"article": {"weights": {"no such": 1}, "intercept": 0}},
        {"format": 2},
    ],
)
@pytest.mark.parametrize("command", ["clusters", "query", "show", "export", "evaluate"])
def test_a_bad_model_is_one_line(dedup: Command, tmp_path, change, command):
    model = tmp_path / "bad.json"
    model.write_text(json.dumps(json.loads(load_model().to_json()) | change))
    given_to = {
        "clusters": (FEED,),
        "query": ("-i", tmp_path, FEED),
        "show": ("-i", tmp_path, "x"),
        "export": ("-i", tmp_path),
        "evaluate": (FEED, "--gold", TRUTH),
    }[command]
    done = dedup(command, *given_to, "--model", model)
    one_error(done, "bad.json: ", "write one with dedup tune")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped weights, but two logits harder to please."""
    path = tmp_path_factory.mktemp("model") / "strict.json"
    shipped = load_model()
    harder = [
        replace(card, intercept=card.intercept - 2 * LOGIT) for card in (shipped.article, shipped.brief)
    ]
    path.write_bytes(Model(*harder, "strict", 0.6).to_json())
    return path


def test_every_command_decides_by_the_model_given(dedup: Command, tmp_path, strict):
    index, out = tmp_path / "news.dedup", tmp_path / "c.csv"
    assert dedup("index", FEED, "-i", index).returncode == 0
    assert dedup("clusters", FEED, "--model", strict, "-o", out).returncode == 0
    with Index.open(index) as idx:
        report = idx.report(model=strict)
        shipped = idx.report()
        first = report.members.to_pylist()[0]
        exported = sum(len(batch) for batch in idx.export(model=strict))
        asked = idx.query(FEED, model=strict).num_rows
    with (tmp_path / "api.csv").open("wb") as file:
        write_report(report, "csv", file)
    assert (tmp_path / "api.csv").read_bytes() == out.read_bytes()
    assert 0 < report.n_clusters != shipped.n_clusters
    assert dedup("clusters", index, "--model", strict, "--format", "csv").stdout.encode() == out.read_bytes()
    lower = dedup("clusters", index, "--model", strict, "--threshold", "0.3", "--format", "csv")
    assert lower.stdout.count("\n") > out.read_text().count("\n")
    shown = dedup("show", "-i", index, first["article_id"], "--model", strict, "--format", "csv").stdout
    assert shown.count("\n") == first["size"] + 1
    lines = dedup("export", "-i", index, "--model", strict).stdout.splitlines()
    assert len(lines) == exported != len(dedup("export", "-i", index).stdout.splitlines())
    found = dedup("query", "-i", index, FEED, "--model", strict, "--format", "csv").stdout
    assert len(list(csv.reader(found.splitlines()))) == asked + 1
    assert (
        asked
        != len(list(csv.reader(dedup("query", "-i", index, FEED, "--format", "csv").stdout.splitlines()))) - 1
    )


# dedup tune


def corpus_of_pairs(folder: Path, name: str, wanted) -> tuple[Path, Path]:
    """Write the labelled pairs of the project as a feed and its labels."""
    feed, labels = folder / f"{name}.jsonl", folder / f"{name}.csv"
    with feed.open("w", encoding="utf-8") as articles, labels.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id_a", "id_b", "label", "kind"))
        for path in sorted(PAIRS.glob("*.jsonl")):
            for pair in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
                if not wanted(pair):
                    continue
                for side in "ab":
                    articles.write(json.dumps(pair[side] | {"id": f"{pair['id']} {side}"}) + "\n")
                rows.writerow((f"{pair['id']} a", f"{pair['id']} b", pair["label"], pair["kind"]))
    return feed, labels


def is_brief(pair):
    return pair["kind"] in BRIEF_KINDS


@pytest.fixture(scope="module")
def articles(tmp_path_factory):
    return corpus_of_pairs(tmp_path_factory.mktemp("articles"), "articles", lambda pair: not is_brief(pair))


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return corpus_of_pairs(tmp_path_factory.mktemp("all"), "all", lambda pair: True)


def test_a_tuned_model_is_fitted_told_and_used(dedup: Command, tmp_path, articles):
    feed, labels = articles
    model = tmp_path / "model.json"
    arguments = ("tune", feed, "--gold", labels, "-o", model, "--precision", "0.9", "--format", "json")
    done = dedup(*arguments)
    assert done.returncode == 0, done.stderr
    told, wrote = json.loads(done.stdout), load_model(model)
    article, brief = told["cards"]
    assert (article["fitted"], article["folds"]) == (True, "5 folds, no article in two")
    assert (brief["w"], brief["n"], brief["fitted"]) == (0, 0, False)
    assert article["w"] + article["n"] == labels.read_text().count("\n") - 1
    assert (told["threshold_is"], told["scores_are"]) == ("in sample", "out of fold")
    assert told["at_threshold"]["precision"] >= 0.9
    assert wrote.threshold == told["threshold"]
    assert wrote.content_hash == told["model"]
    assert wrote.article.weights.tolist() != load_model().article.weights.tolist()
    assert wrote.brief.weights.tolist() == load_model().brief.weights.tolist()
    assert f"article card fitted on {article['w']} W and {article['n']} N pairs" in wrote.note
    assert "(in sample), scores out of fold" in wrote.note
    assert "/" not in wrote.note

    before = model.read_bytes()
    assert dedup(*arguments).stdout == done.stdout
    assert model.read_bytes() == before

    out = dedup("clusters", feed, "--model", model, "--format", "csv").stdout
    with Index.temporary() as index:
        index.add(feed)
        members = index.report(Settings(threshold=told["threshold"]), model=wrote).members
    assert [row["article_id"] for row in csv.DictReader(out.splitlines())] == members[
        "article_id"
    ].to_pylist()


def test_each_pair_goes_to_the_card_that_judges_it(dedup: Command, tmp_path, everything):
    feed, labels = everything
    done = dedup("tune", feed, "--gold", labels, "-o", tmp_path / "m.json", "--format", "json")
    article, brief = json.loads(done.stdout)["cards"]
    # 18 copies among the headlines are too few to fit on.
    assert (brief["w"], brief["fitted"], article["fitted"]) == (18, False, True)


def headline_feed(folder: Path) -> tuple[Path, Path]:
    feed, labels = folder / "headlines.csv", folder / "stories.csv"
    with (ROOT / "samples" / "headlines.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (ROOT / "samples" / "headlines_truth.csv").open(newline="", encoding="utf-8") as file:
        story = {int(row["line"]): row["story_id"] for row in csv.DictReader(file)}
    with feed.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "outlet"))
        writer.writerows((f"h{n}", row["Headline"], row["Source"]) for n, row in enumerate(rows, 2))
    labels.write_text("article_id,cluster_id\n" + "".join(f"h{n},{s}\n" for n, s in story.items()))
    return feed, labels


def test_labelled_clusters_of_headlines_fit_the_brief_card(dedup: Command, tmp_path):
    feed, labels = headline_feed(tmp_path)
    done = dedup("tune", feed, "--gold", labels, "-o", tmp_path / "m.json", "--format", "json")
    assert done.returncode == 0, done.stderr
    article, brief = json.loads(done.stdout)["cards"]
    assert (article["w"] + article["n"], article["fitted"], brief["fitted"]) == (0, False, True)
    assert load_model(tmp_path / "m.json").article.weights.tolist() == load_model().article.weights.tolist()


def test_two_corpora_are_left_out_in_turn(dedup: Command, tmp_path, articles):
    feed, labels = articles
    index = tmp_path / "samples.dedup"
    assert dedup("index", FEED, "-i", index).returncode == 0
    plot = tmp_path / "curve.png"
    done = dedup(
        "tune", index, feed, "--gold", TRUTH, "--gold", labels, "-o", tmp_path / "m.json", "--plot", plot
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Labelled pairs of 2 corpora"
    assert lines[1].endswith("fitted; figures: leaving each corpus out")
    assert "Scores out of fold" in lines
    assert sum(line.startswith(">") for line in lines) == 1
    assert any(line.startswith("  out of fold, threshold in sample") for line in lines)
    assert any(line.startswith("  threshold out of fold too") for line in lines)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_two_files_of_labels_of_one_source_are_one_corpus(dedup: Command, tmp_path, articles):
    feed, labels = articles
    both = ("--gold", labels, "--gold", labels, "-o", tmp_path / "m.json")
    lines = dedup("tune", feed, feed, *both).stdout.splitlines()
    assert lines[0] == "Labelled pairs of 1 corpus"
    assert lines[1].endswith("fitted; figures: 5 folds, no article in two")


def test_the_weights_may_stay(dedup: Command, tmp_path, everything):
    feed, labels = everything
    model = tmp_path / "m.json"
    done = dedup("tune", feed, "--gold", labels, "-o", model, "--keep-weights", "--format", "json")
    told, kept, shipped = json.loads(done.stdout), load_model(model), load_model()
    assert kept.article.weights.tolist() == shipped.article.weights.tolist()
    assert kept.brief.intercept == shipped.brief.intercept
    assert kept.threshold == told["threshold"]
    assert told["scores_are"] == "by the shipped weights"
    assert told["scores"]["brier"] == told["shipped"]["brier"]
    assert "by the shipped weights" in kept.note


def test_a_threshold_may_be_given(dedup: Command, tmp_path, articles):
    feed, labels = articles
    model = tmp_path / "m.json"
    done = dedup("tune", feed, "--gold", labels, "-o", model, "--threshold", "0.62", "--format", "json")
    told = json.loads(done.stdout)
    assert (told["threshold_is"], told["threshold_out_of_fold"]) == ("given", None)
    assert load_model(model).threshold == 0.62
    assert "0.62 (given)" in load_model(model).note


@pytest.fixture
def few(tmp_path):
    """12 copies and 12 others."""
    count = {"W": 0, "N": 0}

    def wanted(pair):
        count[pair["label"]] += not is_brief(pair)
        return not is_brief(pair) and count[pair["label"]] <= 12

    return corpus_of_pairs(tmp_path, "few", wanted)


def test_too_few_pairs_to_fit_may_do_for_a_threshold(dedup: Command, tmp_path, few):
    feed, labels = few
    model = tmp_path / "m.json"
    one_error(
        dedup("tune", feed, "--gold", labels, "-o", model),
        "12 W and 12 N pairs of articles and 0 W and 0 N pairs of headlines",
        "a fit needs 20 of each",
        "--keep-weights",
    )
    assert not model.exists()
    assert dedup("tune", feed, "--gold", labels, "-o", model, "--keep-weights").returncode == 0
    labels.write_text("\n".join(labels.read_text().splitlines()[:5]) + "\n")
    one_error(
        dedup("tune", feed, "--gold", labels, "-o", model, "--keep-weights"),
        "the labels hold",
        "choosing a threshold needs at least 10 of each",
    )


def test_a_precision_that_cannot_be_had_leaves_no_model(dedup: Command, tmp_path, articles):
    feed, labels = articles
    flipped = tmp_path / "flipped.csv"
    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with flipped.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id_a", "id_b", "label"))
        writer.writerows((row["id_a"], row["id_b"], "N" if row["label"] == "W" else "W") for row in rows)
    model = tmp_path / "m.json"
    done = dedup("tune", feed, "--gold", flipped, "-o", model, "--keep-weights", "--precision", "1")
    one_error(done, "no threshold has precision 1 on these labels, the best is", "label more pairs")
    assert not model.exists()


def test_other_mistakes(dedup: Command, tmp_path, articles):
    feed, labels = articles
    model = tmp_path / "m.json"
    one_error(dedup("tune", FEED, "--gold", labels, "-o", model), "labels of another feed")
    one_error(dedup("tune", feed, "--gold", labels, "-o", labels), "is what is read")
    one_error(dedup("tune", feed, "--gold", labels, "-o", model, "--precision", "1.1"), "precision: 1.1")
    one_error(dedup("tune", feed, "--gold", tmp_path / "no.csv", "-o", model), "no.csv: No such file")


@pytest.mark.parametrize(
    "arguments",
    [
        ("tune", "f.jsonl", "--gold", "g.csv"),
        ("tune", "f.jsonl", "-o", "m.json"),
        ("tune", "a.jsonl", "b.jsonl", "c.jsonl", "--gold", "a.csv", "--gold", "b.csv", "-o", "m.json"),
        ("tune", "f.jsonl", "--gold", "g.csv", "-o", "m.json", "--precision", "0.9", "--threshold", "0.5"),
    ],
)
def test_wrong_usage(dedup: Command, arguments):
    done = dedup(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
