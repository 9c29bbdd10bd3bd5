"""The confirm stage: documents, furniture, features and the integer model."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import orjson
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

from dedup.confirm import survey as surveys
from dedup.confirm.blocks import blocks
from dedup.confirm.briefs import BRIEF_FEATURES, brief_features
from dedup.confirm.documents import make_documents
from dedup.confirm.epoch import Learnt, learn
from dedup.confirm.features import FEATURES, pair_features
from dedup.confirm.judge import Judge
from dedup.confirm.model import LOGIT, Scorecard, least_sum, load_model, parse_model, probability
from dedup.confirm.survey import Surveyor, survey_texts
from dedup.confirm.tfidf import CorpusCounts, Idf, count_documents
from dedup.errors import ModelError
from dedup.evaluate.fit import REGULARISATION, fit_scorecard
from dedup.sketch.background import load_background
from dedup.text.furniture import Furniture, learn_furniture
from dedup.text.interface import interface_words
from dedup.text.words import text_hashes, tokenize


def words_of(texts):
    return tokenize(pa.array(texts, pa.large_string()), stems=True)


def documents_of(texts, furniture=None, threads=1):
    idf = Idf.of(load_background(), CorpusCounts.none())
    return make_documents(
        words_of(texts), idf, furniture or Furniture.none(), interface_words(), threads=threads
    )


def prose(seed: int, n: int) -> str:
    """Words that occur in no other seed's prose."""
    rng = random.Random(seed)
    letters = "bcdfghjklmnpqrstvwxz"
    mark = "".join(letters[int(digit)] for digit in str(seed))
    return " ".join(mark + "".join(rng.choices(letters, k=8)) for _ in range(n))


def measured(a, b, furniture=None):
    row = pair_features(documents_of([a, b], furniture), np.array([0]), np.array([1]))[0]
    return dict(zip(FEATURES, row.tolist(), strict=True))


def test_equal_texts_contain_each_other_wholly():
    text = prose(1, 200)
    found = measured(text, text)
    assert found["containment"] == 1000
    assert found["rare"] == found["numbers"] == 0
    assert found["runs"] > 900
    assert found["outside"] > 900


def test_texts_without_a_common_pair_share_nothing():
    assert measured(prose(1, 100), prose(2, 100))["containment"] == 0


def test_containment_is_that_of_the_shorter_text_whichever_comes_first():
    story, other = prose(1, 100), prose(2, 300)
    assert measured(story, f"{other} {story}") == measured(f"{other} {story}", story)
    assert measured(story, f"{other} {story}")["containment"] >= 990
    half = f"{prose(1, 50)} {prose(3, 50)}"
    assert 450 <= measured(half, story)["containment"] <= 550


def test_containment_equals_its_definition_on_plain_sets():
    shared, a, b = prose(5, 40), prose(6, 25), prose(7, 80)
    one, two = f"{shared} {a}", f"{shared} {b}"
    pairs = [set(pairwise(text.split())) for text in (one, two)]
    # All of these words are unseen, so every pair weighs the same.
    expected = 1000 * len(pairs[0] & pairs[1]) // len(pairs[0])
    assert measured(one, two)["containment"] == expected


def test_numbers_count_against_only_where_both_sides_have_their_own():
    frame = prose(1, 60)
    assert measured(f"{frame} 12 34", f"{frame} 12 34 56")["numbers"] == 0
    assert measured(f"{frame} 12 34", f"{frame} 56 78")["numbers"] == 1000 * 2 // 4


def test_interface_language_is_seen():
    notice = "please sign in to your account or click here to subscribe to our newsletters " * 3
    assert measured(f"{notice} {prose(1, 30)}", f"{notice} {prose(2, 30)}")["interface"] > 300
    assert measured(prose(3, 60), prose(3, 60))["interface"] == 0


def test_features_do_not_depend_on_threads_nor_on_the_order_within_a_pair():
    rng = np.random.default_rng(0)
    texts = [f"{prose(k % 7, 60)} {prose(100 + k, 30)} {k}" for k in range(60)]
    left, right = rng.integers(0, 60, (2, 9000))
    one, two = documents_of(texts), documents_of(texts, threads=2)
    for features in (pair_features, brief_features):
        plain = features(one, left, right)
        assert np.array_equal(plain, features(two, left, right, threads=3))
        assert np.array_equal(plain, features(one, right, left))


def strangers_with(passage: str, n: int, size: int = 150) -> list[str]:
    return [f"{prose(1000 + k, size // 2)}\n{passage}\n{prose(2000 + k, size // 2)}" for k in range(n)]


def learnt_from(texts, outlets=None) -> Furniture:
    words = words_of(texts)
    hashes = text_hashes(words)
    numbers = np.full(len(texts), -1, np.int64) if outlets is None else np.array(outlets, np.int64)
    none = Furniture.none().frames
    return Furniture(learn_furniture(survey_texts(words, hashes).anchors, hashes, numbers), none)


def test_a_passage_of_strangers_is_furniture_and_counts_no_more():
    notice = prose(42, 60)
    texts = strangers_with(notice, 6)
    furniture = learnt_from(texts)
    assert len(furniture.anchors) >= 8
    without, with_it = measured(*texts[:2]), measured(*texts[:2], furniture)
    assert without["outside"] > 200
    assert with_it["outside"] < 100
    assert with_it["runs"] < 100


def test_a_story_carried_whole_under_different_furniture_stays_a_story():
    story = prose(7, 150)
    texts = [f"{prose(3000 + k, 60)}\n{story}" for k in range(8)]
    furniture = learnt_from(texts)
    assert measured(*texts[:2], furniture)["outside"] > 600


def test_a_gallery_that_fills_most_of_an_outlets_pages_is_furniture_only_there():
    gallery = prose(8, 150)
    texts = [f"{prose(3000 + k, 60)}\n{gallery}" for k in range(8)]
    assert len(learnt_from(texts, [1] * 8).anchors) > 20
    assert len(learnt_from(texts, range(8)).anchors) == 0


def test_versions_of_one_story_are_not_taken_for_furniture():
    parts = [prose(500 + k, 25) for k in range(12)]
    texts = [" ".join(p for i, p in enumerate(parts) if i != k) + " " + prose(4000 + k, 20) for k in range(8)]
    assert len(learnt_from(texts).anchors) == 0


def test_two_pages_are_too_few_to_call_a_passage_furniture():
    assert len(learnt_from(strangers_with(prose(42, 60), 2)).anchors) == 0


def test_furniture_does_not_depend_on_the_order_of_texts():
    texts = strangers_with(prose(42, 60), 9) + strangers_with(prose(43, 40), 4, 80)
    shuffled = texts[:]
    random.Random(3).shuffle(shuffled)
    assert np.array_equal(learnt_from(texts).anchors, learnt_from(shuffled).anchors)


def test_an_epoch_does_not_depend_on_batches_and_survives_storage():
    texts = strangers_with(prose(42, 60), 9)
    words = words_of(texts)
    hashes = text_hashes(words)
    rubrics = np.array([9, 4, 4], np.uint64)

    def learnt(*batches):
        surveyor = Surveyor()
        for rows in batches:
            surveyor.add(survey_texts(words_of([texts[i] for i in rows]), hashes[list(rows)]))
        survey = surveyor.hand_over()
        order = np.argsort(survey.hashes)
        return learn(survey.take(order, 9), np.arange(9), rubrics, 9)

    whole = learnt(range(9))
    parts = learnt((4, 2), (0,), (8, 1, 3), (5, 7, 6), (4, 0))
    again = Learnt.from_files(whole.to_files())
    for other in (parts, again):
        assert other.to_files() == whole.to_files()
    assert again.counts.n_texts == 9
    assert again.rubrics.tolist() == [4, 9]


def test_the_sample_is_the_texts_of_smallest_hash_however_they_come(monkeypatch):
    monkeypatch.setattr(surveys, "COUNTED_TEXTS", 5)
    monkeypatch.setattr(surveys, "SURVEYED_TEXTS", 12)
    texts = [prose(100 + i, 30 + i) for i in range(60)]
    words = words_of(texts)
    hashes = text_hashes(words)
    sample = np.argsort(hashes)[:12]
    found = []
    for seed, size in ((1, 60), (2, 7), (3, 1)):
        order = np.random.default_rng(seed).permutation(60)
        surveyor = Surveyor()
        for low in range(0, 60, size):
            rows = order[low : low + size]
            rows = rows[hashes[rows] <= np.uint64(surveyor.limit)]
            some = words_of([texts[i] for i in rows])
            surveyor.add(survey_texts(some, hashes[rows], count_limit=surveyor.count_limit))
        survey = surveyor.hand_over()
        found.append(survey.take(np.argsort(survey.hashes)[:12], 5))
    for one in found:
        assert one.hashes.tolist() == hashes[sample].tolist()
        assert np.diff(one.unit_offsets).tolist() == [30 + i for i in sample[:5]] + [0] * 7
        assert np.array_equal(one.units, found[0].units)
        assert np.array_equal(one.anchors.keys, found[0].anchors.keys)
        assert np.array_equal(one.anchors.names, found[0].anchors.names)


def test_idf_falls_with_the_corpus_and_rises_without():
    words = words_of(["quorvex senate vote", "quorvex harbour fire", "quorvex music prize"])
    background = load_background()
    keys = (words.hashes[:1] >> np.uint64(32)).astype(np.uint32)
    alone = Idf.of(background, CorpusCounts.none()).words(keys)[0]
    survey = survey_texts(words, text_hashes(words))
    counts = count_documents(survey.units, survey.unit_bigrams, survey.unit_offsets)
    common = Idf.of(background, counts).words(keys)[0]
    assert common < alone == background.unseen_idf


def test_the_integer_model_decides_as_scikit_learn_does():
    rng = np.random.default_rng(4)
    x = rng.integers(0, 1000, (4000, len(FEATURES))).astype(np.int32)
    logit = 6 * x[:, 1] / 1000 - 4 * x[:, 5] / 1000 - 1 + rng.normal(0, 0.8, 4000)
    y = (logit > 0).astype(np.int64)
    used = ("outside", "numbers")
    card = fit_scorecard([x], [y], FEATURES, used)
    columns = x[:, [FEATURES.index(name) for name in used]] / 1000
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    theirs = LogisticRegression(C=REGULARISATION, max_iter=2000, tol=1e-8).fit((columns - mean) / scale, y)
    decision = theirs.decision_function((columns - mean) / scale)
    ours = card.sums(x) / LOGIT
    assert np.abs(decision - ours).max() < 0.002
    far = np.abs(decision) > 0.002
    assert np.array_equal((ours >= 0)[far], theirs.predict((columns - mean) / scale)[far] == 1)
    assert (
        np.abs(probability(card.sums(x)) - theirs.predict_proba((columns - mean) / scale)[:, 1]).max() < 0.006
    )


def test_a_weight_of_the_wrong_sign_is_left_out():
    rng = np.random.default_rng(5)
    x = rng.integers(0, 1000, (500, len(FEATURES))).astype(np.int32)
    # More conflict of numbers, more match: nonsense.
    y = (x[:, FEATURES.index("numbers")] + x[:, FEATURES.index("outside")] > 1000).astype(np.int64)
    card = fit_scorecard([x], [y], FEATURES, ("outside", "numbers"))
    assert card.weights[FEATURES.index("numbers")] == 0
    assert card.weights[FEATURES.index("outside")] > 0
    with pytest.raises(ModelError, match="no feature"):
        fit_scorecard([x], [(x[:, FEATURES.index("numbers")] > 500).astype(np.int64)], FEATURES, ("numbers",))


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.731, 0.9, 0.999, 1.0])
def test_no_result_is_below_the_threshold_and_none_above_it_is_lost(threshold):
    least = least_sum(threshold)
    assert probability(np.array([least]))[0] >= threshold
    assert probability(np.array([least - 1]))[0] < threshold


def test_probability_is_the_logistic_function():
    sums = np.arange(-15 * LOGIT, 15 * LOGIT, 77_777)
    exact = np.array([1 / (1 + math.exp(-s / LOGIT)) for s in sums.tolist()])
    shown = probability(sums)
    assert np.abs(shown - exact).max() < 0.005
    assert (np.diff(shown) >= 0).all()


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_thresholds_out_of_range(threshold):
    with pytest.raises(ModelError, match="threshold"):
        least_sum(threshold)


def test_the_shipped_model_can_be_read_by_a_person():
    model = load_model()
    assert 3 <= np.count_nonzero(model.article.weights) <= len(FEATURES)
    assert 3 <= np.count_nonzero(model.brief.weights) <= len(BRIEF_FEATURES)
    again = parse_model(orjson.loads(model.to_json()), "again")
    assert again.content_hash == model.content_hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format 99"),
        ({"article": {"weights": {"outside": 1.5}, "intercept": 0}}, "weight of outside is 1.5"),
        ({"article": {"weights": {"numbers": 100}, "intercept": 0}}, "weight of numbers"),
        ({"article": {"weights": {"magic": 1}, "intercept": 0}}, "unknown features"),
        ({"brief": None}, "not a confirm model"),
    ],
)
def test_a_model_file_that_is_wrong_says_what(change, said):
    data = orjson.loads(load_model().to_json()) | change
    with pytest.raises(ModelError, match=said):
        parse_model(data, "model.json")


def test_a_scorecard_is_a_plain_sum():
    card = Scorecard(("a", "b"), np.array([2000, -500], np.int64), -300_000)
    assert card.sums(np.array([[1000, 0], [500, 1000]], np.int32)).tolist() == [1_700_000, 200_000]


def test_blocks_cover_every_pair_once_and_bound_the_words():
    rng = np.random.default_rng(4)
    for most in (50, 400, 10**6):
        a, b = rng.integers(0, 200, (2, 500))
        # Small components among the first hundred nodes, a giant one among the rest.
        a, b = np.where(a < 100, a, 100 + a % 100), np.where(a < 100, a // 4 * 4 + b % 4, 100 + b % 100)
        sizes = rng.integers(1, 20, 200)
        found = list(blocks(a, b, sizes, most))
        assert np.sort(np.concatenate(found)).tolist() == list(range(500))
        for rows in found:
            assert sizes[np.unique(np.concatenate([a[rows], b[rows]]))].sum() <= 4 * most + 40


def test_verdicts_do_not_depend_on_how_many_documents_fit_and_are_remembered():
    story = [prose(10 + k, 60) for k in range(4)]
    texts = [f"{story[k % 4]} {prose(100 + k, 10 + 5 * (k % 7))}" for k in range(40)]
    column = pa.array(texts, pa.large_string())
    sizes = np.diff(words_of(texts).offsets)
    left, right = (side.ravel() for side in np.triu_indices(40, 1))
    read: list[int] = []

    def reader(wanted):
        read.extend(wanted.tolist())
        return column.take(pa.array(wanted))

    plenty = Judge(sizes, reader, Learnt.nothing(), load_model())
    scarce = Judge(sizes, reader, Learnt.nothing(), load_model(), most_words=300)
    for one, other in zip(plenty.verdicts(left, right), scarce.verdicts(left, right), strict=True):
        assert np.array_equal(one, other)
    alike = (left % 4) == (right % 4)
    assert (plenty.score(left, right)[alike] > plenty.score(left, right)[~alike].max()).all()
    read.clear()
    assert np.array_equal(scarce.score(right, left), plenty.score(left, right))
    assert np.array_equal(scarce.relations(right, left), plenty.relations(left, right))
    assert read == []
    assert np.array_equal(scarce.own(np.arange(40)), plenty.own(np.arange(40)))
