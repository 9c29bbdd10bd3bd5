"""The stages of a run, one after the other: what each reads, and the few numbers that the driver learns.

    rows --articles--> settled --texts--> nodes, sketches --epoch--> what pairs are judged by
    sketches --candidates--> pairs --confirm--> edges --components--> labels --clusters--> clusters

Between two stages packets change partitions: by article key, by text hash, by bucket, by component. The
results do not depend on the number of partitions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from dedup.confirm.epoch import Learnt
from dedup.confirm.model import Model
from dedup.confirm.survey import COUNTED_TEXTS, SURVEYED_TEXTS
from dedup.engines.spark import articles, clusters, confirm, epoch, reading, texts
from dedup.engines.spark.candidates import CANDIDATES, find_candidates
from dedup.engines.spark.components import MOST_ON_DRIVER, find_labels
from dedup.engines.spark.nearest import CANDIDATE, SMALLEST
from dedup.engines.spark.reading import Source
from dedup.engines.spark.runner import Runner
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.mapping import mapped_columns
from dedup.feeds.from_columns.column_names import column_names, readable_columns, wanted_columns
from dedup.feeds.raw_batch import SETTLED_BY
from dedup.index.session import least_of
from dedup.settings import Settings
from dedup.text.credit import Agency

COUNTED: Final = (
    "records", "rejected", "indexed", "articles", "without_words", "distinct_texts", "candidate_pairs",
    "judged_pairs", "capped_buckets", "confirmed_pairs", "clusters", "clusters_shown", "clustered",
    "composites",
)  # fmt: skip
"""What a run counts, by the names of a report's counts; and ``clusters_shown``, that the settings choose."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of a run.

    Parameters
    ----------
    paths : tuple of str
        Parquet files or folders of them.
    settings : Settings
    model : Model
    agencies : sequence of Agency, optional
        Table of agencies, the shipped one by default.
    mapping : mapping of str to str
        Field -> column; the rest is guessed by name.
    clean : bool
    zones : Zones
    most_on_driver : int
        Edges that the driver may collect to find components (`dedup.engines.spark.components`).
    """

    paths: tuple[str, ...]
    settings: Settings
    model: Model
    agencies: Sequence[Agency] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    clean: bool = True
    zones: Zones = field(default_factory=lambda: Zones.of(None, None))
    most_on_driver: int = MOST_ON_DRIVER


@dataclass(frozen=True, slots=True)
class Results:
    """What a run has found.

    Parameters
    ----------
    counts : dict of str to int
        `COUNTED`.
    places : dict of str to (str, str)
        Stage and kind of the packets of ``clusters``, ``composites``, ``links``, ``edges`` and ``rejects``.
    """

    counts: dict[str, int]
    places: dict[str, tuple[str, str]]


def run_stages(runner: Runner, job: Job, on_note: Callable[[str], None] = lambda _: None) -> Results:
    """Run all stages.

    Parameters
    ----------
    runner : Runner
    job : Job
    on_note : callable
        Gets a line for each set of columns: which of them is which field.

    Returns
    -------
    Results

    Raises
    ------
    DedupError
        As the runner and the readers raise them.
    """
    n = runner.n_partitions
    settings, model = job.settings, job.model
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    _read(runner, job, counts, on_note)
    settle = partial(articles.settle, n_partitions=n, agencies=job.agencies)
    runner.stage("settled", [("arrivals", ["arrival"])], settle)
    counts.update(
        _summed(runner, "settled", "articles", {"articles": "indexed", "wordless": "without_words"})
    )
    runner.drop("arrivals", ["arrival"])
    runner.stage("texts", [("settled", ["settled"])], texts.place_texts)
    runner.drop("settled", ["settled"])
    learnt = _learn(runner, counts)
    if not settings.furniture:
        learnt = learnt.without_furniture()

    proposal = find_candidates(runner, ("texts", ["sketch"]))
    counts["capped_buckets"] += proposal.capped_buckets
    ask = partial(confirm.ask_for_texts, n_partitions=n, mute=learnt.rubrics)
    runner.stage("asked", [(CANDIDATES, [CANDIDATE, SMALLEST])], ask)
    send = partial(confirm.send_texts, mute=learnt.rubrics)
    runner.stage("sent", [("texts", ["node"]), ("asked", ["asked"])], send)
    judge = partial(confirm.judge_pairs, n_partitions=n, learnt=learnt, model=model)
    runner.stage("edges", [("asked", ["pair"]), ("sent", ["sized", "text"])], judge)
    runner.drop("asked", ["asked", "pair"])
    runner.drop("sent", ["sized", "text"])
    counts.update(_summed(runner, "asked", "pairs", {"candidates": "candidate_pairs"}))
    counts.update(_summed(runner, "edges", "judged", {"judged": "judged_pairs"}))

    least = least_of(settings, model)
    labels = find_labels(runner, ("edges", ["edge"]), least, job.most_on_driver)
    gather = partial(clusters.gather_components, n_partitions=n, least=least)
    of_homes = [("texts", ["article", "node"]), ("edges", ["edge", "own"]), (labels, ["label"])]
    runner.stage("components", of_homes, gather)
    cluster = partial(
        clusters.cluster_components,
        learnt=learnt,
        model=model,
        least=least,
        settings=settings,
        agencies=job.agencies,
    )
    # What is chosen and shown is decided here alone: "the last 24 hours" are others each time.
    asked_for = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
    last = f"clusters-{asked_for}"
    runner.stage(last, [("components", ["member", "edge", "own", "text"])], cluster)
    names = {name: name for name in ("clusters", "clusters_shown", "clustered", "composites")}
    counts.update(_summed(runner, last, "counts", names | {"edges": "confirmed_pairs"}))
    if settings.since is None and settings.until is None:
        counts["articles"] = counts["indexed"]
    else:
        dated = [("texts", ["article"]), ("settled", ["wordless"])]
        choose = partial(clusters.count_chosen, settings=settings)
        runner.stage(f"chosen-{asked_for}", dated, choose, exchange=False)
        counts.update(_summed(runner, f"chosen-{asked_for}", "chosen", {"articles": "articles"}))
    places = {"clusters": "cluster", "composites": "composite", "links": "link", "edges": "match"}
    return Results(
        dict(counts),
        {name: (last, kind) for name, kind in places.items()} | {"rejects": ("arrivals", "reject")},
    )


def _read(runner: Runner, job: Job, counts: Counter[str], on_note: Callable[[str], None]) -> None:
    """Read the rows of all files; which column is which field is settled by the first of them."""
    schema = runner.schema(job.paths)
    mapped = mapped_columns(job.mapping)
    names = column_names(schema, mapped)
    wanted = wanted_columns(readable_columns(names, schema), mapped, None)
    tops = [field.name for field in schema if any(_lies_in(name, field.name) for name in wanted)]
    unread = tuple(name for name in names if not any(_lies_in(name, top) for top in tops))
    source = Source(job.mapping, job.clean, job.zones, unread)
    learn = partial(reading.learn_fields, source=source, most=SETTLED_BY)
    runner.source("fields", job.paths, tops, learn, most=SETTLED_BY)
    learnt = runner.collect("fields", "fields")
    for row in (row for table in learnt for row in table.to_pylist()):
        on_note(f"{row['file']}: parquet, {row['fields']}")
    if not learnt:  # no rows; says all the same that there is no title, no text
        source.learn(", ".join(job.paths), names, [])
    read = partial(reading.read_rows, source=source.having(learnt), n_partitions=runner.n_partitions)
    runner.source("arrivals", job.paths, tops, read)
    counts.update(_summed(runner, "arrivals", "read", {"records": "records", "rejected": "rejected"}))


def _learn(runner: Runner, counts: Counter[str]) -> Learnt:
    """Learn the epoch and return it."""
    runner.stage("counted", [("texts", ["count"])], texts.add_counts)
    n_texts, bins = texts.counted(runner.collect("counted", "count"))
    counts["distinct_texts"] += n_texts
    survey = partial(
        epoch.survey_nodes,
        limit=epoch.limit_of(bins, SURVEYED_TEXTS),
        count_limit=epoch.limit_of(bins, COUNTED_TEXTS),
    )
    runner.stage("survey", [("texts", ["node"])], survey, exchange=False)
    runner.stage("epoch", [("survey", ["survey", "mute"])], partial(epoch.learn_epoch, n_texts=n_texts))
    runner.drop("survey", ["survey"])
    return epoch.epoch_of(runner.collect("epoch", "epoch"))


def _summed(runner: Runner, stage: str, kind: str, names: Mapping[str, str]) -> Counter[str]:
    """Add up what the partitions counted, under the names of a report."""
    found: Counter[str] = Counter()
    for table in runner.collect(stage, kind):
        for row in table.to_pylist():
            found.update({names[name]: value for name, value in row.items() if name in names})
    return found


def _lies_in(path: str, column: str) -> bool:
    return path == column or path.startswith(f"{column}.")
