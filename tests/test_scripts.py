"""Ten languages in seven scripts: made-up feeds of which every copy is known, through the public API.

The feeds come from the test grammars of `dedup.simulate`, which nothing was fitted on. They show that words,
sketches and the model work in a script; how good they are on news of that language they do not show.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pytest

import dedup
from dedup.simulate import LANGUAGES, SimulatedArticle, SimulationSettings, simulate

# Measured when the floors were set, over all pairs of articles in one cluster; in the other columns articles
# grouped with the one they were made after, of all such.
#
#    pairs prec. recall    F1 verbatim    cut version rewrite extended headline template follow-up same-event
# en  1373  .996   .923  .958    74/74  49/51   33/34   33/36    28/29      0/1     0/32       1/9       0/13
# es  1286  .953   .972  .963    70/70  48/48   38/38   29/31    24/24      0/4     6/35      4/10       0/13
# de  1283  .942   .896  .919    79/79  50/53   21/21   24/28    26/28      0/5     9/35      3/10       0/13
# ru  1257  .974   .937  .955    67/67  42/43   19/19   38/38    33/35     0/11     0/35       2/8       0/13
# ar  1370  .984   .974  .979    86/86  45/48   23/23   30/30    29/29      0/8     0/35      2/10       0/13
# hi  1373  .967   .961  .964    80/80  33/34   29/29   37/38    37/37      0/7     2/34      5/10       0/13
# zh  1240  .967   .958  .963    71/71  45/45   24/24   22/24    31/32     2/10     0/36      0/10       0/14
# ja  1272  .990   .972  .981    85/85  40/42   26/26   28/28    23/24      0/6     0/35      2/10       0/13
# ko  1102  .992   .927  .959    97/97  43/43   22/22   13/18    18/18      0/8     0/36      2/10       0/14
# th   858  .896   .984  .938    69/69  48/48   18/18   22/23    28/29      0/8     8/38      1/10       0/14
#
# No round-up was grouped. Headlines re-worded by a grammar share but names and numbers; few are found. Thai
# loses precision to templates and to furniture: a word is one character there, so strangers share a third of
# their runs of four "words", more than the quarter that tells a story from furniture (English: a twentieth).
LEAST = {  # precision, recall
    "en": (0.96, 0.88),
    "es": (0.92, 0.92),
    "de": (0.91, 0.85),
    "ru": (0.94, 0.89),
    "ar": (0.95, 0.92),
    "hi": (0.93, 0.92),
    "zh": (0.93, 0.91),
    "ja": (0.95, 0.92),
    "ko": (0.95, 0.88),
    "th": (0.85, 0.93),
}
LEAST_OF_A_RELATION = {"verbatim": 0.97, "cut": 0.85, "version": 0.9, "rewrite": 0.65, "extended": 0.85}
# There are but ten follow-ups a language, so each may be half wrong; of all 97 a quarter is grouped.
MOST_OF_A_KIND = {"same-event": 0.1, "template": 0.35, "roundup": 0.0, "follow-up": 0.6}


@dataclass(frozen=True)
class Found:
    """What of a simulated feed was found."""

    precision: float
    recall: float
    pairs: int
    grouped: Counter[str]  # articles in the cluster of the article they were made after, by relation or kind
    made: Counter[str]  # articles made after another one


@cache
def found(language: str) -> Found:
    settings = SimulationSettings(articles=500, seed=3, languages=(language,), outlets=24)
    articles = list(simulate(settings))
    with dedup.Index.temporary() as index:
        index.add([article.record() for article in articles])
        members = index.report().members
    cluster = dict(zip(members["article_id"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))

    def together(a: str, b: str) -> bool:
        return a in cluster and cluster[a] == cluster.get(b)

    stories: dict[str, list[str]] = defaultdict(list)
    for article in articles:
        if article.cluster_id:
            stories[article.cluster_id].append(article.id)
    pairs = [pair for ids in stories.values() for pair in combinations(ids, 2)]
    hits = sum(together(a, b) for a, b in pairs)
    sizes = Counter(cluster.values())
    claimed = sum(n * (n - 1) // 2 for n in sizes.values())
    made, grouped = Counter[str](), Counter[str]()
    for article in articles:
        if article.origin_id:
            made[what(article)] += 1
            grouped[what(article)] += together(article.id, article.origin_id)
    return Found(hits / claimed, hits / len(pairs), len(pairs), grouped, made)


def what(article: SimulatedArticle) -> str:
    return article.relation if article.kind == "wire" else article.kind


def test_every_language_has_floors():
    assert set(LEAST) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_copies_are_found_and_little_else(language):
    result = found(language)
    assert result.pairs >= 500
    least_precision, least_recall = LEAST[language]
    assert result.precision >= least_precision
    assert result.recall >= least_recall


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("relation", LEAST_OF_A_RELATION)
def test_every_relation_is_found(language, relation):
    result = found(language)
    assert result.made[relation] >= 15
    assert result.grouped[relation] >= LEAST_OF_A_RELATION[relation] * result.made[relation]


def test_most_rewrites_are_found_over_all_languages():
    results = [found(language) for language in LANGUAGES]
    # Measured 276 of 294.
    assert sum(r.grouped["rewrite"] for r in results) >= 0.9 * sum(r.made["rewrite"] for r in results)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MOST_OF_A_KIND)
def test_what_only_resembles_a_story_mostly_stays_out(language, kind):
    result = found(language)
    assert result.made[kind] >= 3
    assert result.grouped[kind] <= MOST_OF_A_KIND[kind] * result.made[kind]


def test_few_follow_ups_are_grouped_over_all_languages():
    results = [found(language) for language in LANGUAGES]
    # Measured 22 of 97.
    assert sum(r.grouped["follow-up"] for r in results) <= 0.3 * sum(r.made["follow-up"] for r in results)
