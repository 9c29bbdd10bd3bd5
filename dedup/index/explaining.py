"""Explain a pair of articles of an index: judged by its epoch, and what clustering made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dedup.cluster.canonical import UNKNOWN
from dedup.compare.explanation import Explanation, Gate, Side
from dedup.compare.pair import Ruling, Subject, explain_pair
from dedup.compare.proposal import Sketched
from dedup.confirm.judge import Judge, confirm_text
from dedup.confirm.model import LOGIT, probability
from dedup.engines.assemble import Clustering
from dedup.engines.corpus import Corpus, Nodes, distinct_texts, load_corpus, node_texts, outlet_numbers
from dedup.engines.matching import node_signatures, propose
from dedup.engines.outlets import DAY_S, SAME_OUTLET, STALE_S, Carriers
from dedup.errors import DedupError
from dedup.index.identity import display_id
from dedup.index.naming import article_key
from dedup.index.session import (
    Ground,
    Matched,
    Session,
    chosen_articles,
    cores,
    least_of,
    silent,
    threshold_of,
)
from dedup.index.snapshot import Snapshot
from dedup.report.wording import duration
from dedup.settings import Settings

_COLUMNS: Final = ("id", "key", "title", "text", "outlet", "url", "published")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A pair of articles and all that is known of the corpus around them."""

    session: Session
    snapshot: Snapshot
    corpus: Corpus
    nodes: Nodes
    ground: Ground
    settings: Settings
    articles: tuple[int, int]  # places in the corpus
    names: tuple[str, str]

    @property
    def pair(self) -> tuple[int, int]:
        a, b = self.nodes.of[list(self.articles)].tolist()
        return int(a), int(b)


def explain_articles(
    session: Session, snapshot: Snapshot, where: str, a: str, b: str, settings: Settings, ground: Ground
) -> Explanation:
    """Explain two articles of an index.

    Parameters
    ----------
    session : Session
    snapshot : Snapshot
    where : str
        What to call the index in messages.
    a, b : str
        Ids, URLs or whole headlines.
    settings : Settings
        Threshold, window and time of the run to explain.
    ground : Ground
        What pairs are judged by.

    Raises
    ------
    DedupError
        If one of them names no article or several, has no word in it, or both are one article.
    """
    threads = settings.threads or cores()
    corpus = load_corpus(snapshot)
    nodes = distinct_texts(corpus)
    keys = [article_key(snapshot, corpus, nodes, name, where) for name in (a, b)]
    if keys[0] == keys[1]:
        raise DedupError(f"{a} and {b} are one article of {where}", "name two")
    places = np.searchsorted(corpus.keys, keys)
    rows = snapshot.rows(keys, _COLUMNS)
    records = rows.to_pylist()
    names = [display_id(record["id"], record["key"]) for record in records]
    for name, node in zip(names, nodes.of[places].tolist(), strict=True):
        if node < 0:
            raise DedupError(f"article {name} has no word in it", "nothing is compared with an empty article")
    clusters = session.clusters_of(np.array(keys, np.int64), ground, settings).to_pylist()
    texts = confirm_text(
        rows["title"].combine_chunks(), rows["text"].combine_chunks(), corpus.units[places]
    ).to_pylist()
    asked = _Asked(
        session, snapshot, corpus, nodes, ground, settings,
        (int(places[0]), int(places[1])), (names[0], names[1]),
    )  # fmt: skip
    subjects = [
        Subject(
            int(nodes.of[place]),
            Side(
                name=name, text=text, title=record["title"], outlet=record["outlet"], url=record["url"],
                published=None if record["published"] is None else record["published"].isoformat(),
                words=0, cluster_id=cluster, own_score=0.0,
            ),
            record["title"],
            record["text"],
        )
        for place, name, text, record, cluster in zip(
            places.tolist(), names, texts, records, clusters, strict=True
        )
    ]  # fmt: skip
    judge = Judge(
        corpus.units[nodes.first],
        lambda wanted: node_texts(snapshot, corpus, nodes, wanted),
        ground.learnt,
        ground.model,
        threads=threads,
    )
    sketched = Sketched(
        nodes.hashes,
        lambda kind: node_signatures(snapshot, corpus, nodes, kind),
        lambda: propose(snapshot, corpus, nodes, threads)[:2],
    )
    return explain_pair(
        (subjects[0], subjects[1]),
        judge,
        sketched,
        ground.learnt,
        ground.model,
        threshold_of(settings, ground.model),
        lambda proposed, total: _ruling(asked, clusters, proposed, total),
        where,
    )


def _ruling(asked: _Asked, clusters: list[str | None], proposed: bool, total: int) -> Ruling:
    """What clustering made of a pair, and by which rule."""
    corpus, settings = asked.corpus, asked.settings
    places = list(asked.articles)
    least = least_of(settings, asked.ground.model)
    a, b = asked.pair
    gates = []
    if settings.since is not None or settings.until is not None:
        out = ~chosen_articles(corpus, settings)[places]
        names = [name for name, left_out in zip(asked.names, out.tolist(), strict=True) if left_out]
        said = f"{' and '.join(names)} published outside" if names else "both published within"
        gates.append(Gate("time asked for", not names, f"{said} the time asked for"))
    handicap = 0
    if a != b:
        carriers = Carriers.of(corpus, asked.nodes, outlet_numbers(asked.snapshot, corpus))
        handicap = int(carriers.handicap(np.array([a]), np.array([b]))[0])
        gates += _outlet_gates(carriers, a, b, handicap, total, least)
    if settings.window_s is not None:
        gates.append(_window_gate(corpus, places, settings.window_s))
    together = clusters[0] is not None and clusters[0] == clusters[1]
    edge = proposed and total - handicap >= least and all(gate.passed for gate in gates)
    if together and edge:
        said = f"both are in cluster {clusters[0]}"
        return Ruling(True, (*gates, Gate("clusters", True, said)))
    if not together and not edge:
        return Ruling(False, (*gates, Gate("clusters", False, _apart(asked, clusters))))
    matched = asked.session.matched(settings, asked.ground.model, silent, ground=asked.ground)
    clustering = asked.session.clustering(matched, settings)
    return Ruling(together, (*gates, _cluster_gate(asked, matched, clustering, clusters, together)))


def _outlet_gates(carriers: Carriers, a: int, b: int, handicap: int, total: int, least: int) -> list[Gate]:
    """What outlet and date took off two headlines (`dedup.engines.outlets`)."""
    if not handicap:
        return []
    apart = int(max(carriers.first_s[a], carriers.first_s[b]) - min(carriers.last_s[a], carriers.last_s[b]))
    why = []
    if carriers.outlet[a] == carriers.outlet[b] >= 0 and apart >= DAY_S:
        why.append(f"headlines of one outlet on different days ({SAME_OUTLET / LOGIT:g} logits)")
    if apart > STALE_S:
        why.append(f"headlines {duration(apart)} apart ({STALE_S // DAY_S} days or less are news)")
    left = float(probability(np.array([total - handicap]))[0])
    said = f"{' and '.join(why)}: {handicap / LOGIT:g} logits are taken off, which leaves {left:.2f}"
    return [Gate("outlet and date", total - handicap >= least, said)]


def _window_gate(corpus: Corpus, places: list[int], window_s: int) -> Gate:
    """Whether the two articles lie within the window."""
    first, second = corpus.published_s[places].tolist()
    if UNKNOWN in (first, second):
        return Gate("window", True, "an article without a date is within every window")
    apart = abs(first - second)
    said = f"published {duration(apart)} apart, the window is {duration(window_s)}"
    return Gate("window", apart <= window_s, said)


def _apart(asked: _Asked, clusters: list[str | None]) -> str:
    """Where the two are, when they are not together."""
    return "; ".join(
        f"{name} is in {'no cluster' if cluster is None else f'cluster {cluster}'}"
        for name, cluster in zip(asked.names, clusters, strict=True)
    )


def _cluster_gate(
    asked: _Asked, matched: Matched, clustering: Clustering, clusters: list[str | None], together: bool
) -> Gate:
    """Why a match is not in one cluster, or why two that do not match are."""
    nodes, judge = matched.state.nodes, matched.state.judge
    members = {place: i for i, place in enumerate(clustering.member.tolist())}
    composites = set(clustering.composites.tolist())
    round_ups = [name for name, place in zip(asked.names, asked.articles, strict=True) if place in composites]
    if round_ups:
        said = f"{' and '.join(round_ups)} holds several strangers (a composite), which are in no cluster"
        return Gate("clusters", False, said)
    told = []
    for name, place, mine in zip(asked.names, asked.articles, clusters, strict=True):
        for other in dict.fromkeys(cluster for cluster in clusters if cluster is not None):
            at = [members[p] for p, c in zip(asked.articles, clusters, strict=True) if c == other]
            core = int(clustering.core[clustering.cluster[at[0]]])
            if core == place:
                told.append(f"{name} is the core of cluster {other}")
                continue
            a, b = int(nodes.of[place]), int(nodes.of[core])
            sums = judge.score(np.array([a]), np.array([b])) if a != b else None
            score = 1.0 if sums is None else float(probability(sums)[0])
            belongs = "in" if mine == other else "not in"
            told.append(
                f"{name} ({belongs} cluster {other}) scores {score:.2f} against its core {_name(asked, core)}"
            )
    if not told:
        return Gate("clusters", together, _apart(asked, clusters))
    if together:
        return Gate("clusters", True, "a cluster hangs together by its core: " + "; ".join(told))
    return Gate(
        "clusters", False, "a match, but a member must also match the core of its cluster: " + "; ".join(told)
    )


def _name(asked: _Asked, place: int) -> str:
    key = int(asked.corpus.keys[place])
    return display_id(asked.snapshot.rows([key], ("id",))["id"][0].as_py(), key)
