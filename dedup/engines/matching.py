"""From nodes to confirmed edges: sketches propose, the judge decides, earlier decisions are kept.

Within an epoch a decision never changes, so whatever pair an earlier run judged
is not judged again. Which pairs are proposed is worked out anew once the corpus
has changed, and is then what it would have been without any run before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.judge import Judge
from dedup.confirm.model import least_sum
from dedup.confirm.verdicts import Verdicts
from dedup.engines.corpus import Corpus, Ints, Nodes
from dedup.engines.spill import OnStage, gather_texts
from dedup.index.snapshot import Snapshot
from dedup.profile import count, timed
from dedup.settings import LEAST_THRESHOLD
from dedup.sketch.bands import MIN_EQUAL, CappedBucket, Whole, candidate_pairs
from dedup.sketch.minhash import NUM_PERM, Sketch, comparable_rows
from dedup.sketch.rarity import rare_slots
from dedup.sketch.shingles import BODY, BRIEF, LEAD

BRIEF_MIN_EQUAL: Final = 40
"""Slots of 256 two briefs must share: about a Jaccard similarity of 0.16 of words and bigrams."""

MOST_CANDIDATES: Final = 16
"""Candidate pairs a text may ask for, those that agree in most slots. Ten thousand articles of one template
propose fifty million pairs; a story carried by thousands needs only enough of them to hang together."""

MIN_EQUAL_OF: Final = {BODY: MIN_EQUAL, LEAD: MIN_EQUAL, BRIEF: BRIEF_MIN_EQUAL}
"""Least equal slots of a candidate pair, by the kind of sketch that proposes it."""


_LEADING: Final = 4  # slots of 16 bits that texts are put in order by


@dataclass(frozen=True, slots=True)
class Matches:
    """Scored pairs of nodes of one corpus.

    Parameters
    ----------
    left, right : int64 array, shape (m,)
        Nodes, left < right, sorted, each pair once.
    sums : int64 array, shape (m,)
        Scores, at least `LEAST_THRESHOLD`.
    relations : int8 array, shape (m,)
        What the one is to the other, if either is canonical (`dedup.cluster.relation`).
    own : int64 array, shape (k,)
        Score of each node with itself: what its best copy could reach. Only of
        nodes with an edge or several copies; `NO_SCORE` for the rest.
    n_candidates : int
        Pairs proposed.
    n_judged : int
        Pairs scored in this run; the rest was known.
    capped : tuple of CappedBucket
        Buckets not paired in full.
    n_crowded : int
        Pairs left out because both texts had `MOST_CANDIDATES` nearer ones.
    proposed : int64 array, shape (n_candidates,)
        The candidate pairs as ``left * k + right``, ascending, k being the number of nodes.
    """

    left: Ints
    right: Ints
    sums: Ints
    relations: NDArray[np.int8]
    own: Ints
    n_candidates: int
    n_judged: int
    capped: tuple[CappedBucket, ...]
    n_crowded: int
    proposed: Ints


NO_SCORE: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Proposed:
    """Candidate pairs that an earlier run found in the same corpus.

    Parameters
    ----------
    left, right : uint64 array, shape (p,)
        Hashes of the two texts, left < right, sorted.
    capped : tuple of CappedBucket
    n_crowded : int
        As of `Matches`.
    """

    left: NDArray[np.uint64]
    right: NDArray[np.uint64]
    capped: tuple[CappedBucket, ...]
    n_crowded: int


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run of the same epoch and model decided, by text hash.

    Parameters
    ----------
    hashes : uint64 array, shape (k,)
        Texts that run knew, ascending.
    own : int64 array, shape (k,)
        Their scores with themselves; `NO_SCORE` where nobody asked.
    left, right : uint64 array, shape (m,)
        Pairs it judged, copies or not.
    sums : int64 array, shape (m,)
    relations : int8 array, shape (m,)
    proposed : Proposed, optional
        Where the corpus is still the same.
    """

    hashes: NDArray[np.uint64]
    own: Ints
    left: NDArray[np.uint64]
    right: NDArray[np.uint64]
    sums: Ints
    relations: NDArray[np.int8]
    proposed: Proposed | None = None


def match(
    snapshot: Snapshot,
    corpus: Corpus,
    nodes: Nodes,
    judge: Judge,
    rubrics: NDArray[np.uint64],
    *,
    known: Known | None = None,
    threads: int = 1,
    on_stage: OnStage = lambda stage, done, total: None,
) -> Matches:
    """Find and score the candidate pairs of a corpus; `rubrics` (`dedup.confirm.epoch`) match nothing."""
    on_stage("candidates", 0, 1)
    is_rubric = np.isin(nodes.hashes, rubrics)
    with timed("candidates"):
        if known is not None and known.proposed is not None:
            left, right, near, capped, n_crowded = _proposed_again(known.proposed, nodes)
        else:
            left, right, near, capped, n_crowded = propose(snapshot, corpus, nodes, threads)
        told = ~(is_rubric[left] | is_rubric[right])
        left, right, near = left[told], right[told], near[told]
    on_stage("candidates", 1, 1)
    proposed = left * len(nodes) + right
    n_candidates = len(left)
    if known is not None and len(known.hashes) and len(nodes):
        _hand_over(known, nodes, judge)
    asked = np.flatnonzero(judge.memory.recall(left, right).sums == NO_SCORE)
    # Texts of several articles have copies, whatever they are like; their own score will be asked for.
    several = np.flatnonzero((nodes.copies > 1) & (judge.own_sums == NO_SCORE))
    wanted = np.unique(np.concatenate([left[asked], right[asked], several]))
    gather_texts(snapshot, corpus, nodes, judge, wanted, on_stage)
    sums, relations = judge.verdicts(
        left, right, matches_only=True, nearness=near, alone=several,
        on_block=lambda done: on_stage("confirm", done, len(asked)),
    )  # fmt: skip
    kept = sums >= least_sum(LEAST_THRESHOLD)
    left, right, sums, relations = left[kept], right[kept], sums[kept], relations[kept]
    own = np.full(len(nodes), NO_SCORE)
    edged = np.zeros(len(nodes), np.bool_)
    edged[left] = edged[right] = True
    alone = np.flatnonzero(edged | (nodes.copies > 1))
    own[alone] = judge.own(alone)
    own[is_rubric] = NO_SCORE + 1
    count(
        candidate_pairs=n_candidates, judged_pairs=len(asked), matched_pairs=len(left),
        capped_buckets=len(capped), crowded_pairs=n_crowded,
    )  # fmt: skip
    return Matches(left, right, sums, relations, own, n_candidates, len(asked), capped, n_crowded, proposed)


def propose(
    snapshot: Snapshot, corpus: Corpus, nodes: Nodes, threads: int
) -> tuple[Ints, Ints, NDArray[np.uint16], tuple[CappedBucket, ...], int]:
    """Find the candidate pairs: those that any kind of sketch proposes.

    Returns
    -------
    left, right : int64 array, shape (p,)
        Nodes, left < right, sorted, each pair once.
    near : uint16 array, shape (p,)
        Equal slots of the two, in the first kind of sketch that proposes them.
    capped : tuple of CappedBucket
        Buckets not paired in full.
    n_crowded : int
        Pairs left out, at most; see `Matches`.
    """
    proposed, equal = [np.empty(0, np.int64)], [np.empty(0, np.uint16)]
    capped: list[CappedBucket] = []
    n_crowded = 0
    n = len(nodes)
    whole: Whole | None = None
    places: Ints | None = None
    for kind, min_equal in MIN_EQUAL_OF.items():  # BODY comes first
        of, signatures, sizes = node_signatures(
            snapshot, corpus, nodes, kind, places if kind == LEAD else None
        )
        if kind == BODY:
            places = of
            whole = signatures, sizes, rare_slots(signatures, threads)
        # Every text with a lead has a body, so the rows are those of the same nodes. What begins alike, under
        # one menu say, need not go on alike.
        found = candidate_pairs(
            signatures, min_equal=min_equal, order=nodes.hashes[of],
            whole=None if kind == BRIEF else whole, most=MOST_CANDIDATES, threads=threads,
        )  # fmt: skip
        n_crowded += found.n_crowded
        a, b = of[found.left], of[found.right]
        proposed.append(np.minimum(a, b) * n + np.maximum(a, b))
        equal.append(found.equal)
        capped.extend(found.capped)
    codes, first = np.unique(np.concatenate(proposed), return_index=True)
    left, right = codes // max(n, 1), codes % max(n, 1)
    return left, right, np.concatenate(equal)[first], tuple(capped), n_crowded


def _proposed_again(
    proposed: Proposed, nodes: Nodes
) -> tuple[Ints, Ints, NDArray[np.uint16], tuple[CappedBucket, ...], int]:
    """Return what `propose` would: how near the pairs are is no longer asked, for all are judged."""
    left, right = (
        np.searchsorted(nodes.hashes, side).astype(np.int64) for side in (proposed.left, proposed.right)
    )
    return left, right, np.zeros(len(left), np.uint16), proposed.capped, proposed.n_crowded


def node_signatures(
    snapshot: Snapshot, corpus: Corpus, nodes: Nodes, kind: int, of: Ints | None = None
) -> tuple[Ints, NDArray[np.uint16], Ints]:
    """Signatures comparable under one kind; of equal texts the first stands for all.

    Parameters
    ----------
    snapshot, corpus, nodes
    kind : int
    of : int64 array, shape (m,), optional
        Nodes in the order wanted; without it all that have such a signature, by their leading slots, so that
        copies stand side by side and are in the cache together.

    Returns
    -------
    of : int64 array, shape (m,)
        Node of each.
    signatures : uint16 array, shape (m, 256)
    sizes : int64 array, shape (m,)
        Shingles of each.
    """
    parts, rows = corpus.part[nodes.first], corpus.row[nodes.first]
    order = np.argsort(parts, kind="stable")
    bounds = np.searchsorted(parts[order], np.arange(len(snapshot.parts) + 1))
    taken: list[tuple[Ints, Ints]] = []
    leading: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    for part, info in enumerate(snapshot.parts):
        mine = order[bounds[part] : bounds[part + 1]]
        node_of_row = np.full(info.rows, -1, np.int64)
        node_of_row[rows[mine]] = mine
        sketch = Sketch(**snapshot.sketch(part))
        at = comparable_rows(sketch, kind)
        node = node_of_row[sketch.owner[at]]
        at, node = at[node >= 0], node[node >= 0]
        taken.append((at, node))
        if of is None:
            leading.append(sketch.signatures[at, :_LEADING].astype(">u2").view(">u8").astype(np.uint64)[:, 0])
        snapshot.release(part)
    if of is None:
        node = np.concatenate([np.empty(0, np.int64), *(node for _, node in taken)])
        of = node[np.lexsort((node, np.concatenate(leading)))]
    if sum(len(node) for _, node in taken) != len(of):
        raise ValueError(f"{len(of)} nodes asked for, but others have such a signature")
    place_of = np.full(len(nodes), -1, np.int64)
    place_of[of] = np.arange(len(of))
    # Filled part by part: the signatures of a million articles are half a gigabyte, and must not be so twice.
    sizes, signatures = np.empty(len(of), np.int64), np.empty((len(of), NUM_PERM), np.uint16)
    for part, (at, node) in enumerate(taken):
        sketch = Sketch(**snapshot.sketch(part))
        place = place_of[node]
        sizes[place], signatures[place] = sketch.n_shingles[at], sketch.signatures[at]
        snapshot.release(part)  # else every signature would be in memory twice
    return of, signatures, sizes


def _hand_over(known: Known, nodes: Nodes, judge: Judge) -> None:
    """Have the judge remember what an earlier run decided of texts that are still there."""
    n = len(nodes)
    place = np.minimum(np.searchsorted(nodes.hashes, known.hashes), n - 1)
    there = (nodes.hashes[place] == known.hashes) & (known.own != NO_SCORE)
    judge.remember_own(place[there], known.own[there])
    left, right = (
        np.minimum(np.searchsorted(nodes.hashes, side), n - 1) for side in (known.left, known.right)
    )
    there = (nodes.hashes[left] == known.left) & (nodes.hashes[right] == known.right)
    judge.memory.remember(left[there], right[there], Verdicts(known.sums[there], known.relations[there]))
