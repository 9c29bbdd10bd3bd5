"""What an epoch learnt not to count, found again in the articles: furniture, frames and rubrics as text.

An epoch keeps hashes, of runs of four words and of word pairs. A *passage* is a
chain of them (`dedup.index.chains`), found by two passes over the texts. No text
is held in memory but one batch and those that are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.epoch import Learnt
from dedup.confirm.units import offsets_of
from dedup.engines.corpus import Ints, node_texts
from dedup.index.carriers import Batch, Texts
from dedup.index.chains import KINDS, Chains, Entry
from dedup.index.reporting import display_ids
from dedup.index.snapshot import Snapshot
from dedup.text.furniture import Furniture, furniture_mask
from dedup.text.words import tokenize


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that do not count when two articles are compared.

    Parameters
    ----------
    kind : {"passage", "frame", "rubric"}
        Furniture of texts; word pairs of headlines that many fill in differently; whole short texts
        that one outlet prints day after day.
    text : str
        As it stands in the example; where it is filled in, as the example fills it.
    words : int
        Length of `text`.
    articles, outlets : int
        How many carry it, whole or in part; an article without an outlet counts for no outlet.
    example : str
        Id of an article that carries it.
    """

    kind: str
    text: str
    words: int
    articles: int
    outlets: int
    example: str


@dataclass(frozen=True, slots=True)
class LearntPassages:
    """What an epoch learnt, and how much of an index it hides.

    Parameters
    ----------
    epoch : str
        Id of the epoch.
    counts : dict of str to int
        Number of passages, frames and rubrics that an article of the index carries.
    words, masked : int
        Words of all articles, and those of them that stand in passages.
    outlets : list of (str, int, int)
        Outlets with their words and how many of them are masked; greatest share first, none without.
    passages : list of Passage
        Those carried by most articles first.
    """

    epoch: str
    counts: dict[str, int]
    words: int
    masked: int
    outlets: list[tuple[str, int, int]]
    passages: list[Passage]


def learnt_passages(snapshot: Snapshot, epoch: str, learnt: Learnt, top: int | None = None) -> LearntPassages:
    """List what an epoch learnt, as it stands in the articles of an index.

    Parameters
    ----------
    snapshot : Snapshot
    epoch : str
        Id of the epoch.
    learnt : Learnt
        The epoch.
    top : int, optional
        List only so many; all are counted.

    Returns
    -------
    LearntPassages
    """
    texts = Texts.of(snapshot)
    kinds = [
        Chains(texts, "passage", learnt.furniture.anchors),
        Chains(texts, "frame", learnt.furniture.frames),
    ]
    for batch in texts.batches():
        for chains in kinds:
            chains.count(batch)
    for chains in kinds:
        chains.join()
    totals = np.zeros((texts.n_outlets + 1, 2), np.int64)
    for batch in texts.batches():
        for chains in kinds:
            chains.locate(batch)
        _add_words(texts, batch, learnt.furniture, totals)
    entries = [entry for chains in kinds for entry in chains.entries()] + _rubrics(texts, learnt.rubrics)
    entries.sort(key=lambda entry: entry.rank)
    return LearntPassages(
        epoch,
        {kind: sum(entry.kind == kind for entry in entries) for kind in KINDS},
        int(totals[:, 0].sum()),
        int(totals[:, 1].sum()),
        _shares(texts, totals[:-1]),
        [_shown(texts, entry) for entry in entries[:top]],
    )


def _add_words(texts: Texts, batch: Batch, furniture: Furniture, totals: Ints) -> None:
    """Add words and masked words of a batch to their outlets; the last row is for unknown ones."""
    hidden = furniture_mask(batch.runs, batch.offsets, furniture)
    masked = np.diff(offsets_of(hidden.astype(np.int64))[batch.offsets])
    article, each = texts.carriers(batch.nodes)
    both = np.stack([np.diff(batch.offsets), masked], axis=1)
    np.add.at(totals, texts.outlet[article], both[each])  # -1 is the last row


def _shares(texts: Texts, totals: Ints) -> list[tuple[str, int, int]]:
    affected = np.flatnonzero(totals[:, 1])
    names = texts.outlet_names(affected)
    rows = [(name, *totals[code].tolist()) for name, code in zip(names, affected.tolist(), strict=True)]
    return sorted(rows, key=lambda row: (-row[2] / row[1], row[0]))


def _rubrics(texts: Texts, rubrics: NDArray[np.uint64]) -> list[Entry]:
    entries = []
    for node in np.flatnonzero(np.isin(texts.nodes.hashes, rubrics)).tolist():
        article, _ = texts.carriers(np.array([node]))
        outlets = np.unique(texts.outlet[article])
        length = len(tokenize(_text(texts, node)).hashes)
        n_outlets = int((outlets >= 0).sum())
        entries.append(
            Entry("rubric", len(article), n_outlets, node, 0, length, int(texts.nodes.hashes[node]))
        )
    return entries


def _text(texts: Texts, node: int) -> Any:
    return node_texts(texts.snapshot, texts.corpus, texts.nodes, np.array([node]))


def _shown(texts: Texts, entry: Entry) -> Passage:
    """Read the text of a passage from the article that stands for its node."""
    text = _text(texts, entry.node)
    words = tokenize(text, spans=True)
    assert words.starts is not None
    assert words.ends is not None
    octets = text[0].as_py().encode()[words.starts[entry.begin] : words.ends[entry.end - 1]]
    article = texts.nodes.first[[entry.node]]
    row = texts.snapshot.rows_at(texts.corpus.part[article], texts.corpus.row[article], ("id",))
    return Passage(
        entry.kind,
        " ".join(octets.decode().split()),
        entry.end - entry.begin,
        entry.articles,
        entry.outlets,
        display_ids(texts.corpus.keys[article], row["id"])[0].as_py(),
    )
