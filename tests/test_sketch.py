"""Shingles, signatures, background: known answers, what is kept and dropped, pure functions of the text."""

import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash

from dedup.sketch import background as table
from dedup.sketch.background import bigram_idf, empty_background, load_background, quantised_idf, word_idf
from dedup.sketch.build_background import count
from dedup.sketch.minhash import (
    BODY_MIN_WORDS,
    BRIEF_MAX_WORDS,
    EMPTY_SLOT,
    LEAD_WORDS,
    NUM_PERM,
    Sketch,
    comparable_rows,
    load_permutations,
    signatures,
    sketch_articles,
)
from dedup.sketch.shingles import (
    BODY,
    BRIEF,
    LEAD,
    Shingles,
    bigram_hashes,
    body_shingles,
    brief_shingles,
    shingle_hash,
)
from dedup.text.words import Words, tokenize

PLAIN = empty_background()
NEWS = load_background()
SCRIPTS = {
    "Latin": "aàbcdeéfgh",
    "Greek": "αβγδεζηθ",
    "Cyrillic": "абвгдеёж",
    "Hebrew": "אבגדהוזח",
    "Arabic": "ابتثجحخد",
    "Devanagari": "कखगघािीु",
    "Thai": "กขคงาิีุ",
    "Kana": "かきくけガギ",
    "Han": "中国新闻总理",
    "Hangul": "가각나남다라",
}


def words(*texts: str | None) -> Words:
    return tokenize(pa.array(texts, pa.string()))


def sets(found: Shingles) -> list[list[int]]:
    return [found.hashes[a:b].tolist() for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]


def random_text(letters: str, seed: int, n_words: int = 80) -> str:
    rng = random.Random(seed)
    return " ".join("".join(rng.choices(letters, k=rng.randrange(2, 9))) for _ in range(n_words))


def sketch(titles: list[str | None], texts: list[str | None], **options: object) -> Sketch:
    return sketch_articles(pa.array(titles, pa.string()), pa.array(texts, pa.string()), **options)  # type: ignore[arg-type]


def estimate(made: Sketch, one: int, other: int, kind: int = BRIEF) -> float:
    rows = [int(np.flatnonzero((made.owner == i) & (made.kind == kind))[0]) for i in (one, other)]
    return float((made.signatures[rows[0]] == made.signatures[rows[1]]).mean())


# ---------------------------------------------------------------- signatures


def test_permutations_are_those_of_datasketch() -> None:
    a, b = load_permutations()
    theirs = MinHash(NUM_PERM, seed=1, scheme="affine32").permutations
    assert np.array_equal(a, theirs[0])
    assert np.array_equal(b, theirs[1])
    assert a.dtype == b.dtype == np.uint32


@pytest.mark.parametrize("script", SCRIPTS)
def test_signatures_equal_datasketch_to_the_bit(script: str) -> None:
    texts = [random_text(SCRIPTS[script], seed) for seed in range(5)]
    found = body_shingles(words(*texts, ""), PLAIN)
    signed = signatures(found)
    for row, shingles in zip(signed, sets(found), strict=True):
        theirs = MinHash(NUM_PERM, seed=1, scheme="affine32", hashfunc=int)
        theirs.update_batch(shingles)
        assert np.array_equal(row, theirs.hashvalues)
    assert (signed[-1] == EMPTY_SLOT).all()


def test_a_known_signature() -> None:
    signed = signatures(Shingles(np.array([1, 2, 2**32 - 1], np.uint32), np.array([0, 3])))
    theirs = MinHash(NUM_PERM, seed=1, scheme="affine32", hashfunc=int)
    theirs.update_batch([1, 2, 2**32 - 1])
    assert signed[0, :3].tolist() == theirs.hashvalues[:3].tolist() == [307127634, 584357965, 3184763]


# ---------------------------------------------------------------- shingles


def test_a_pair_of_words_minds_the_order() -> None:
    a, b = words("alpha beta").hashes
    assert shingle_hash(a, b) != shingle_hash(b, a)
    assert bigram_hashes(words("alpha beta", "alpha", "")).tolist() == [int(shingle_hash(a, b)), 0, 0]


def test_body_shingles_are_the_distinct_sorted_pairs() -> None:
    text = "storm hits coast storm hits town"
    pairs = {int(x) for x in bigram_hashes(words(text))[:-1]}
    assert sets(body_shingles(words(text), PLAIN)) == [sorted(pairs)]
    assert len(pairs) == 4


def test_common_pairs_are_left_out_of_covered_text() -> None:
    text = words("The president of the United States said on Tuesday that Gunfire erupted near Amman")
    kept = set(sets(body_shingles(text, NEWS))[0])
    pairs = bigram_hashes(text).tolist()
    assert pairs[2] not in kept  # of the
    assert pairs[4] not in kept  # United States
    assert pairs[10] in kept  # gunfire erupted


def test_a_text_of_common_pairs_only_keeps_them() -> None:
    assert sets(body_shingles(words("one of the"), NEWS)) == sets(body_shingles(words("one of the"), PLAIN))
    assert [len(one) for one in sets(body_shingles(words("of", "of the", "", None), NEWS))] == [1, 1, 0, 0]


def test_uncovered_text_drops_pairs_of_short_words() -> None:
    text = "el presidente de la nación dijo que no es así y se va de la ciudad"
    kept = set(sets(body_shingles(words(text), NEWS))[0])
    pairs = bigram_hashes(words(text)).tolist()
    assert pairs[2] not in kept  # de la
    assert pairs[4] in kept  # nación dijo


def test_scripts_without_spaces_have_runs_of_four() -> None:
    assert len(sets(body_shingles(words("東京都知事選挙"), NEWS))[0]) == 4
    assert len(sets(body_shingles(words("東京"), NEWS))[0]) == 1
    one, other = (
        "総理大臣は記者会見で新しい政策を発表した",
        "昨日総理大臣は記者会見で新しい政策を発表したという",
    )
    a, b = (set(x) for x in sets(body_shingles(words(one, other), NEWS)))
    assert len(a & b) / len(a) == 1


def test_a_number_between_characters_counts() -> None:
    a, b = (set(x) for x in sets(body_shingles(words("東京都知事選挙2024年", "東京都知事選挙2020年"), NEWS)))
    assert a != b
    assert a & b


def test_brief_shingles_are_words_and_pairs_that_are_not_common() -> None:
    text = words("Gunfire erupts in the capital")
    kept = set(sets(brief_shingles(text, NEWS))[0])
    pairs = bigram_hashes(text).tolist()
    assert pairs[0] in kept  # gunfire erupts
    assert pairs[1] in kept  # erupts in
    assert pairs[2] not in kept  # in the
    lone = [sets(brief_shingles(words(word), NEWS))[0][0] for word in ("gunfire", "the")]
    assert [x in kept for x in lone] == [True, False]


def test_segments_share_no_pair() -> None:
    joined = sets(brief_shingles(words("storm hits coast", "storm hits coast today"), PLAIN, segments=2))
    assert joined == sets(brief_shingles(words("storm hits coast today"), PLAIN))


@pytest.mark.parametrize("script", SCRIPTS)
def test_composed_and_decomposed_text_give_the_same_signature(script: str) -> None:
    text = random_text(SCRIPTS[script], 3)
    made = sketch([None, None], [unicodedata.normalize(form, text) for form in ("NFC", "NFD")])
    assert made.text_hash[0] == made.text_hash[1]
    assert np.array_equal(made.signatures[0], made.signatures[1])


# ---------------------------------------------------------------- the sketch of a batch


def test_which_kinds_an_article_has() -> None:
    def kinds(title: int, text: int) -> list[int]:
        made = sketch(["t " * title], ["x " * text])
        return made.kind.tolist()

    assert kinds(0, 0) == []
    assert kinds(8, 0) == [BRIEF]
    assert kinds(0, BODY_MIN_WORDS - 1) == [BRIEF]
    assert kinds(0, BODY_MIN_WORDS) == [BODY, BRIEF]
    assert kinds(0, BRIEF_MAX_WORDS - 1) == [BODY, BRIEF]
    assert kinds(9, BRIEF_MAX_WORDS - 1) == [BODY, BRIEF]  # the title has no say where the text suffices
    assert kinds(0, BRIEF_MAX_WORDS) == [BODY]
    assert kinds(BRIEF_MAX_WORDS, BODY_MIN_WORDS - 1) == [BRIEF]  # never none at all


def test_copies_of_one_headline_meet_and_another_city_stays_apart() -> None:
    made = sketch(
        [
            "Gunfire Erupts Near Israeli Embassy in Amman",
            "Gunfire Sparks Security Response Near Israeli Embassy in Amman",
            "India Rejects $300 Billion Climate Fund as 'Too Little, Too Distant'",
            "Contentious Climate Deal Strikes Divisive Chord at COP29",
        ],
        [None] * 4,
    )
    assert estimate(made, 0, 1) > 0.3
    assert estimate(made, 2, 3) < 0.1


def test_a_text_that_begins_with_its_title_gains_nothing() -> None:
    text = "Storm hits coast. Nobody was hurt, officials said."
    made = sketch(["Storm hits coast", None], [text, text])
    assert estimate(made, 0, 1) == 1


def test_text_hash_tells_headlines_from_texts() -> None:
    made = sketch(
        ["Storm hits", None, "other", "storm hits!", "", None],
        [None, "Storm hits", "STORM hits", "", None, "..."],
    )
    assert made.text_hash[0] == made.text_hash[3]
    assert len({*made.text_hash[:3].tolist()}) == 3
    assert made.text_hash[4:].tolist() == [0, 0]
    assert made.n_words.tolist() == [2, 2, 2, 2, 0, 0]
    assert made.owner.tolist() == [0, 1, 2, 3]


def test_equal_texts_are_one_whatever_their_titles_unless_they_are_short() -> None:
    short, long = "Storm hits coast " * 2, "Storm hits coast and town " * 20
    made = sketch(["One", "Two", "One", "Two"], [short, short, long, long])
    assert made.text_hash[0] != made.text_hash[1]
    assert made.text_hash[2] == made.text_hash[3]
    # What has one hash has one sketch, so any of the articles can stand for all.
    long_rows = [made.signatures[made.owner == row] for row in (2, 3)]
    assert np.array_equal(*long_rows)


def test_leads_are_those_of_longer_texts() -> None:
    long = random_text(SCRIPTS["Latin"], 1, LEAD_WORDS + 200)
    head = " ".join(long.split()[:LEAD_WORDS])
    made = sketch([None] * 3, [long, head, "x"], leads=True)
    assert made.kind.tolist() == [BODY, BODY, BRIEF, LEAD]
    assert comparable_rows(made, LEAD).tolist() == [1, 3]
    assert np.array_equal(made.signatures[1], made.signatures[3])
    assert comparable_rows(made, BODY).tolist() == [0, 1]


def test_columns_must_fit() -> None:
    with pytest.raises(ValueError, match="1 titles and 2 texts"):
        sketch(["a"], ["b", "c"])


def test_batches_threads_and_neighbours_change_nothing() -> None:
    texts: list[str | None] = [random_text(SCRIPTS[s], k, 10 + 13 * k) for k in range(60) for s in SCRIPTS]
    texts[5] = None
    titles: list[str | None] = [f"title {k}" for k in range(len(texts))]
    whole = sketch(titles, texts, leads=True)
    assert len(words(*texts).hashes) > 1 << 18  # several tasks
    threaded = sketch(titles, texts, leads=True, threads=3)
    for name in ("owner", "kind", "n_shingles", "signatures", "text_hash", "n_words"):
        assert np.array_equal(getattr(whole, name), getattr(threaded, name)), name
    for i in (0, 5, 33, 311):
        alone = sketch(titles[i : i + 1], texts[i : i + 1], leads=True)
        mine = whole.owner == i
        assert np.array_equal(alone.signatures, whole.signatures[mine])
        assert np.array_equal(alone.kind, whole.kind[mine])
        assert alone.text_hash[0] == whole.text_hash[i]


def test_the_shape_of_the_sketch_of_nothing() -> None:
    made = sketch([], [])
    assert made.signatures.shape == (0, NUM_PERM)
    assert len(made.owner) == len(made.text_hash) == 0


# ---------------------------------------------------------------- background


def test_idf_falls_with_frequency() -> None:
    the, storm, unseen = word_idf(NEWS, words("the storm xqzzyv").hashes).tolist()
    assert the < storm < unseen == NEWS.unseen_idf
    of_the, rare = bigram_idf(NEWS, bigram_hashes(words("of the xqzzyv"))[:2]).tolist()
    assert of_the < 2
    assert rare == NEWS.unseen_idf
    assert NEWS.unseen_idf == round(16 * np.log(NEWS.n_articles + 1))


def test_quantised_idf_by_hand() -> None:
    assert quantised_idf(np.array([0, 9, 99]), 99).tolist() == [
        round(16 * np.log(100)),
        round(16 * np.log(10)),
        0,
    ]


def test_common_is_what_the_counts_say() -> None:
    keys, limit = (
        NEWS.common_bigrams.table.keys,
        quantised_idf(np.array([0.002 * NEWS.n_articles]), NEWS.n_articles)[0],
    )
    assert (bigram_idf(NEWS, keys) <= limit).all()
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    assert 10_000 < len(keys) < 200_000


def test_background_is_small_read_only_and_known_by_its_content() -> None:
    file = Path(table.__file__).with_name("background.npz")
    assert file.stat().st_size < 3_000_000
    assert not NEWS.words.keys.flags.writeable
    assert NEWS.content_hash != PLAIN.content_hash
    assert load_background() is NEWS


def test_counting_a_feed(tmp_path: Path) -> None:
    import gzip

    lines = [f'{{"title": "Storm {i}", "text": "the storm hits the coast"}}' for i in range(30)]
    with gzip.open(tmp_path / "allsides.jsonl.gz", "wt") as out:
        out.write("\n".join([*lines, lines[0]]))
    arrays = count(tmp_path)
    assert int(arrays["n_articles"]) == 30  # the repeated one once
    storm = words("storm").hashes >> np.uint64(32)
    place = int(np.searchsorted(arrays["words_keys"], storm[0]))
    assert arrays["words_keys"][place] == storm[0]
    assert arrays["words_idf"][place] == 0  # in every article, and counted once in each
    assert set(bigram_hashes(words("the storm hits the coast")).tolist()) - {0} <= set(
        arrays["bigrams_keys"].tolist()
    )


def test_importing_the_kernels_stays_light() -> None:
    code = (
        "import sys, dedup.sketch.minhash, dedup.sketch.bands; "
        "print([m for m in ('pandas', 'sklearn', 'datasketch', 'scipy.sparse') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
