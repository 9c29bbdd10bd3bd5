"""The simulated feed: the same from the same settings, true to its truth, and never held in memory."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import pytest

from dedup.errors import SettingsError
from dedup.simulate import GRAMMARS, LANGUAGES, SimulatedArticle, SimulationSettings, simulate
from dedup.simulate.article import KINDS, RELATIONS
from dedup.simulate.grammar import load_grammar
from dedup.simulate.noise import misread
from dedup.simulate.writing import truth_beside, write_simulation

ROOT = Path(__file__).resolve().parent.parent
# Outlets that print what they get: no furniture, no misreading, typographic all of them.
PLAIN = {"furniture": 0.0, "ocr": 0.0, "non_ascii": 1.0}


def feed(**settings: object) -> list[SimulatedArticle]:
    return list(simulate(SimulationSettings(**settings)))


@pytest.fixture(scope="module")
def plain() -> list[SimulatedArticle]:
    return feed(articles=3_000, **PLAIN)


def copies(
    articles: list[SimulatedArticle], relation: str
) -> list[tuple[SimulatedArticle, SimulatedArticle]]:
    """Original and copy, of all copies with a text that are `relation` to it."""
    of = {article.id: article for article in articles}
    found = [
        (of[article.origin_id], article)
        for article in articles
        if article.cluster_id and article.relation == relation and article.text
    ]
    assert len(found) >= 50, relation
    return found


def paragraphs(article: SimulatedArticle) -> list[str]:
    return re.split(r"\n+", article.text or "")


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def test_the_same_settings_give_the_same_feed_and_another_seed_another():
    assert feed(articles=300, seed=5) == feed(articles=300, seed=5)
    assert not {a.text for a in feed(articles=300, seed=5)} & {a.text for a in feed(articles=300, seed=6)} - {
        None
    }


def test_the_feed_does_not_depend_on_the_hash_seed_of_the_process(tmp_path):
    for seed in ("1", "2"):
        run("-o", tmp_path / f"{seed}.jsonl", "--articles", "200", env={"PYTHONHASHSEED": seed})
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_stories_of_about_the_length_asked_for(language):
    articles = feed(
        articles=400, languages=(language,), words=250, templates=0, lookalikes=0, copies=0, **PLAIN
    )
    texts = [article.text for article in articles if article.text]
    per_word = {"zh": 2, "ja": 2, "th": 4.5}.get(language)
    lengths = [len(text) / per_word if per_word else len(text.split()) for text in texts]
    assert 200 < sum(lengths) / len(lengths) < 300
    assert len(set(texts)) == len(texts)
    assert not any(mark in article.title + (article.text or "") for article in articles for mark in "{}<>*%~")


def test_the_shares_are_those_asked_for():
    articles = feed(articles=8_000, copies=0.3, templates=0.1, lookalikes=0.05, seed=2)
    kinds = Counter(article.kind for article in articles)
    assert sum(article.relation != "original" for article in articles) / 8_000 == pytest.approx(0.3, abs=0.05)
    assert kinds["template"] / 8_000 == pytest.approx(0.1, abs=0.02)
    lookalike = sum(kinds[kind] for kind in ("same-event", "follow-up", "roundup", "placeholder"))
    assert lookalike / 8_000 == pytest.approx(0.05, abs=0.02)


def test_every_article_is_told_by_its_truth(plain):
    assert [article.id for article in plain] == sorted({article.id for article in plain})
    assert {article.kind for article in plain} == set(KINDS)
    assert {article.relation for article in plain} == set(RELATIONS)
    of = {article.id: article for article in plain}
    for article in plain:
        assert bool(article.cluster_id) == (article.kind in ("wire", "headline"))
        assert (article.relation == "original") or article.cluster_id
        assert (article.lag_s is None) == (not article.origin_id)
        if article.origin_id:
            origin = of[article.origin_id]
            assert article.lag_s == (article.published - origin.published).total_seconds() >= 0
            assert article.language == origin.language
    clusters = defaultdict(list)
    for article in plain:
        if article.cluster_id:
            clusters[article.cluster_id].append(article)
    for name, members in clusters.items():
        assert [member.id for member in members if member.relation == "original"] == [name]
        assert {member.origin_id for member in members} == {"", name}
        assert len({member.url.split("/")[2] for member in members}) == len(members) >= 2


def test_articles_of_a_block_come_in_order_of_time(plain):
    for block in (plain[:2_048], plain[2_048:]):
        times = [article.published for article in block]
        assert times == sorted(times)


def test_verbatim_copies_say_what_the_original_says(plain):
    for origin, copy in copies(plain, "verbatim"):
        # The first paragraph may have another dateline, the last may be the agency's credit.
        inner = paragraphs(origin)[1:-1]
        assert [text for text in paragraphs(copy) if text in inner] == inner


def test_a_cut_is_made_of_paragraphs_of_the_original_in_their_order(plain):
    shorter = 0
    for origin, copy in copies(plain, "cut"):
        whole = iter(paragraphs(origin)[1:])
        kept = [text for text in paragraphs(copy)[1:] if text in paragraphs(origin)]
        assert all(text in whole for text in kept)
        assert len(paragraphs(copy)) - len(kept) <= 2  # the first, and a credit that only the copy prints
        shorter += len(copy.text) < len(origin.text)
    assert shorter > 0.8 * len(copies(plain, "cut"))


def test_a_version_has_numbers_the_original_has_not_and_shares_passages_with_it(plain):
    for origin, copy in copies(plain, "version"):
        assert numbers(copy.text) - numbers(origin.text)
    shared = [set(paragraphs(origin)) & set(paragraphs(copy)) for origin, copy in copies(plain, "version")]
    assert sum(map(bool, shared)) > 0.7 * len(shared)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rewrite_keeps_numbers_and_changes_words(language):
    articles = feed(articles=2_000, languages=(language,), outlets=30, **PLAIN)
    changed = 0
    for origin, copy in copies(articles, "rewrite"):
        # Without the first paragraph and the last: datelines and credits have dates.
        assert numbers("\n".join(paragraphs(origin)[1:-1])) <= numbers(copy.text)
        changed += not set(paragraphs(origin)[:-1]) <= set(paragraphs(copy))
    assert changed > 0.9 * len(copies(articles, "rewrite"))


def test_an_extended_copy_adds_what_the_original_has_not(plain):
    for origin, copy in copies(plain, "extended"):
        assert set(paragraphs(copy)[1:]) - set(paragraphs(origin))


def test_a_follow_up_repeats_less_than_half_of_its_text(plain):
    of = {article.id: article for article in plain}
    repeats = 0
    for article in plain:
        if article.kind == "follow-up":
            shared = set(paragraphs(article)) & set(paragraphs(of[article.origin_id]))
            assert article.outlet == of[article.origin_id].outlet
            assert sum(map(len, shared)) < len(article.text) / 2
            repeats += bool(shared)
    assert repeats > 10


def test_own_reports_of_an_event_share_its_names_and_hardly_a_sentence(plain):
    of = {article.id: article for article in plain}
    own = [(article, of[article.origin_id]) for article in plain if article.kind == "same-event"]
    assert len(own) > 30
    repeated = 0
    for article, origin in own:
        assert article.text != origin.text
        sentences, others = (set(re.split(r"\. |\n+", text)) for text in (article.text, origin.text))
        repeated += bool(sentences & others)
        names = re.findall(r"[A-Z]\w{7,}", origin.text)
        assert any(name in article.title + article.text for name in names)
    assert repeated <= 0.1 * len(own)


def test_templates_share_a_frame_and_differ_in_their_numbers(plain):
    texts = [article.text for article in plain if article.kind == "template"]
    frames = Counter(re.sub(r"\d+", "#", text.splitlines()[-1]) for text in texts)
    assert len(set(texts)) == len(texts)
    assert frames.most_common(1)[0][1] > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_grammars_have_no_frame_furniture_or_name_in_common(language):
    fit, test = (load_grammar(language, name) for name in GRAMMARS)
    for one, other in (
        (fit.lexicon.names, test.lexicon.names),
        (fit.lexicon.nouns, test.lexicon.nouns),
        (fit.lexicon.verbs, test.lexicon.verbs),
        [[p for frames in g.facts for f in frames for p in f.phrasings] for g in (fit, test)],
        [[p for lead in g.leads for p in lead.frame.phrasings] for g in (fit, test)],
        [[p for f in (*g.tops, *g.bottoms) for p in f.phrasings] for g in (fit, test)],
        [
            [p for t in g.templates for f in (t.heads, *t.paragraphs) for p in f.phrasings]
            for g in (fit, test)
        ],
    ):
        assert len(one) > 5
        assert not set(one) & set(other)


def test_furniture_stands_on_the_pages_of_an_outlet_again_and_again():
    articles = feed(articles=600, furniture=1.0, ocr=0.0)
    lines = defaultdict(list)
    for article in articles:
        if article.text:
            lines[article.url.split("/")[2]].append(set(paragraphs(article)))
    shared = [set.intersection(*pages) for pages in lines.values() if len(pages) >= 3]
    assert len(shared) > 10
    assert all(shared)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0.0, 0.0), (0.7, 0.6, 0.8), (1.0, 0.95, 1.0)])
def test_so_many_texts_have_characters_beyond_ascii(share, least, most):
    texts = [a.text for a in feed(articles=2_000, non_ascii=share) if a.text and a.kind in ("wire", "single")]
    assert least <= sum(not text.isascii() for text in texts) / len(texts) <= most


def test_misreading_spares_spaces_and_keeps_to_its_rate():
    import random

    text = "The council of Velmara met on Tuesday.\n\n" * 100
    read = misread(text, 0.02, random.Random(1))
    assert [c for c in read if c.isspace()] == [c for c in text if c.isspace()]
    words = zip(text.split(), read.split(), strict=True)
    assert 0.01 < sum(a != b for a, b in words) / len(text) < 0.03


def test_articles_are_made_one_block_at_a_time():
    settings = SimulationSettings(articles=1_000_000, words=50)
    assert len(list(islice(simulate(settings), 10))) == 10
    stream = simulate(SimulationSettings(articles=30_000, words=20))
    for _ in islice(stream, 3_000):
        pass
    tracemalloc.start()
    for _ in islice(stream, 5_000):
        pass
    early = tracemalloc.get_traced_memory()[0]
    for _ in stream:
        pass
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert late < early + 4_000_000


def test_all_mistakes_in_settings_are_told_at_once():
    with pytest.raises(SettingsError) as error:
        SimulationSettings.from_text(
            articles=0,
            languages=["en,xx"],
            copies=1.5,
            ocr=0.5,
            outlets=3,
            start="soon",
            words=1,
            grammar="own",
        )
    for word in (
        "8 settings",
        "articles: 0",
        "'xx'",
        "copies: 1.5",
        "ocr: 0.5",
        "outlets: 3",
        "'soon'",
        "words: 1",
    ):
        assert word in str(error.value)


def test_shares_that_leave_no_room_are_refused():
    with pytest.raises(SettingsError, match=r"copies: 0\.9 leaves no room .* at most 0\.\d\d here"):
        simulate(SimulationSettings(copies=0.9))


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dedup", "simulate", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_writes_feed_truth_and_pairs(tmp_path):
    output, pairs = tmp_path / "feed.jsonl.gz", tmp_path / "pairs.csv"
    done = run("-o", output, "--articles", "300", "-l", "de", "-l", "ja", "--pairs", pairs)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(
        r"wrote 300 articles to .*: \d+ stories with \d+ copies, truth in .*, .* s\n", done.stderr
    )
    records = [json.loads(line) for line in gzip.decompress(output.read_bytes()).splitlines()]
    truth = list(csv.DictReader((tmp_path / "feed.truth.csv").open(encoding="utf-8")))
    labelled = list(csv.DictReader(pairs.open(encoding="utf-8")))
    assert list(records[0]) == ["id", "outlet", "url", "title", "text", "published"]
    assert [record["id"] for record in records] == [row["article_id"] for row in truth]
    assert {row["language"] for row in truth} == {"de", "ja"}
    expected = [
        (r["origin_id"], r["article_id"], "W" if r["cluster_id"] else "N") for r in truth if r["origin_id"]
    ]
    assert [(row["id_a"], row["id_b"], row["label"]) for row in labelled] == expected
    assert {row["label"] for row in labelled} == {"W", "N"}


def test_a_failed_run_leaves_the_old_files(tmp_path):
    output = tmp_path / "feed.jsonl"
    output.write_text("old")

    def broken():
        yield from simulate(SimulationSettings(articles=5))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_simulation(broken(), output, truth_beside(output))
    assert [path.name for path in tmp_path.iterdir()] == ["feed.jsonl"]
    assert output.read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "x.jsonl", "--articles", "-1"), "articles: -1"),
        (("-o", "x.jsonl", "--truth", "x.jsonl"), "written twice"),
        (("-o", "no/x.jsonl"), "no is no folder"),
        (("-o", "x.jsonl", "--base", "none.jsonl"), "none.jsonl"),
    ],
)
def test_mistakes_are_one_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_stories_of_a_base_feed_are_copied(tmp_path):
    base = ROOT / "samples" / "feed.jsonl"
    given = {" ".join(r["text"].split()) for r in map(json.loads, base.open(encoding="utf-8")) if r["text"]}
    articles = feed(articles=400, base=base, **PLAIN)
    originals = [a for a in articles if a.kind in ("wire", "single") and a.relation == "original"]
    assert len(articles) == 400
    assert len(originals) > 100
    for article in originals:
        assert " ".join(article.text.split()) in given
    assert {a.relation for a in articles} == set(RELATIONS)


def test_a_base_feed_that_is_used_up_ends_the_feed():
    articles = feed(articles=5_000, base=ROOT / "samples" / "feed.jsonl")
    assert 400 < len(articles) < 5_000
    clusters = Counter(article.cluster_id for article in articles if article.cluster_id)
    assert min(clusters.values()) >= 2
