"""Whether the sketches proposed a pair, and which rule stopped it if not.

The rules are those of `dedup.sketch.bands` and `dedup.engines.matching`, asked of
one pair: a band in common, enough equal slots, able to share a quarter, rare
slots, and the nearest sixteen. Where a bucket was capped, or more than sixteen
texts may be nearer to both, what one pair shows does not decide; then the whole
corpus is asked (`Sketched.propose`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.compare.explanation import SketchMatch
from dedup.engines.matching import MIN_EQUAL_OF, MOST_CANDIDATES
from dedup.sketch.background import load_background
from dedup.sketch.bands import CAP, ROWS, collision_probability, expected_recall
from dedup.sketch.check import pairs_of_slots
from dedup.sketch.curve import LEAST_SHARE, may_share
from dedup.sketch.minhash import LEAD_WORDS, NUM_PERM, speaking_titles
from dedup.sketch.rarity import BY_CHANCE, FREQUENT, RARE_PART, rare_enough
from dedup.sketch.shingles import BODY, BRIEF, LEAD, body_shingles, brief_shingles
from dedup.text.words import Words, tokenize

Ints = NDArray[np.int64]

NAMES: Final = {BODY: "body", LEAD: "lead", BRIEF: "brief"}

_ROWS_TOGETHER: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Sketched:
    """The sketches of a corpus of distinct texts.

    Parameters
    ----------
    hashes : uint64 array, shape (n,)
        Text hash of each node.
    kinds : callable
        Gives nodes (ascending), signatures (uint16) and set sizes of a kind (`dedup.engines.matching.
        node_signatures`).
    propose : callable
        Gives all candidate pairs of the corpus: left, right.
    """

    hashes: NDArray[np.uint64]
    kinds: Callable[[int], tuple[Ints, NDArray[np.uint16], Ints]]
    propose: Callable[[], tuple[Ints, Ints]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the sketches said of a pair.

    Parameters
    ----------
    proposed : bool
    sketches : tuple of SketchMatch
    said : str
        In one sentence.
    """

    proposed: bool
    sketches: tuple[SketchMatch, ...]
    said: str


def proposal(sketched: Sketched, a: int, b: int, titles: pa.Array, texts: pa.Array) -> Proposal:
    """Find out whether two nodes were a candidate pair.

    Parameters
    ----------
    sketched : Sketched
    a, b : int
        Two nodes.
    titles, texts : string arrays, shape (2,)
        Of the two articles, to make their shingles anew.
    """
    found: list[SketchMatch] = []
    whole: tuple[NDArray[np.uint16], Ints] | None = None
    known: list[bool] = []

    def among_all() -> bool:
        if not known:
            left, right = sketched.propose()
            known.append(bool(((left == min(a, b)) & (right == max(a, b))).any()))
        return known[0]

    for kind in MIN_EQUAL_OF:
        of, signatures, sizes = sketched.kinds(kind)
        if kind == BODY:
            whole = signatures, sizes
        x, y = (int(np.searchsorted(of, node)) for node in (a, b))
        if max(x, y) >= len(of) or of[x] != a or of[y] != b:
            continue
        pair = _Pair(kind, signatures, None if kind == BRIEF else whole, sketched.hashes[of], x, y)
        found.append(_sketch_match(pair, shingle_sets(titles, texts, kind), among_all))
    proposed = any(one.proposed for one in found)
    if not found:
        said = "no kind of sketch holds both: one text is too short for the other's"
    elif proposed:
        said = "; ".join(f"{one.kind} sketch: {one.why}" for one in found if one.proposed)
    else:
        said = "; ".join(f"{one.kind} sketch: {one.why}" for one in found)
    return Proposal(proposed, tuple(found), said)


def shingle_sets(titles: pa.Array, texts: pa.Array, kind: int) -> list[NDArray[np.uint32]]:
    """Shingle sets of two articles under one kind (`dedup.sketch.minhash.sketch_words`)."""
    text_words = tokenize(texts)
    if kind != BRIEF:
        most = LEAD_WORDS if kind == LEAD else None
        shingles = body_shingles(text_words, load_background(), most=most)
    else:
        spoken = speaking_titles(titles, text_words).to_pylist()
        mixed = [part for pair in zip(spoken, texts.to_pylist(), strict=True) for part in pair]
        words: Words = tokenize(pa.array(mixed, pa.large_string()))
        shingles = brief_shingles(words, load_background(), segments=2)
    cuts = shingles.offsets.tolist()
    return [shingles.hashes[low:high] for low, high in pairwise(cuts)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two rows of the signatures of one kind."""

    kind: int
    signatures: NDArray[np.uint16]
    whole: tuple[NDArray[np.uint16], Ints] | None
    hashes: NDArray[np.uint64]
    x: int
    y: int

    @property
    def bands(self) -> Ints:
        bands: Any = pairs_of_slots(self.signatures)
        return np.flatnonzero(bands[self.x] == bands[self.y])

    def equal(self, row: int) -> Ints:
        """Equal slots of one row and every row."""
        parts = [
            (self.signatures[low : low + _ROWS_TOGETHER] == self.signatures[row]).sum(axis=1)
            for low in range(0, len(self.signatures), _ROWS_TOGETHER)
        ]
        return np.concatenate(parts).astype(np.int64)

    def refused(self, row: int, other: int, rare: NDArray[np.uint32]) -> str | None:
        """Why the sketches of the whole texts rule a pair out; None if they do not."""
        if self.whole is None:
            return None
        bodies, sizes = self.whole
        equal = int((bodies[row] == bodies[other]).sum())
        if not may_share(equal, sizes[row], sizes[other]):
            return (
                f"{equal} of {NUM_PERM} slots of the whole texts agree, so they cannot share "
                f"one part in {LEAST_SHARE} of the smaller set"
            )
        if not rare_enough(bodies[row], bodies[other], rare, equal, sizes[row], sizes[other]):
            return f"of the {equal} slots that agree, less than one in {RARE_PART} is rare: many hold them"
        return None

    def rare(self, row: int) -> NDArray[np.uint32]:
        """Rare slots of one whole text, as `dedup.sketch.rarity.rare_slots` has them."""
        if self.whole is None:
            return np.empty(0, np.uint32)
        bodies = self.whole[0]
        holders = np.zeros(NUM_PERM, np.int64)
        for low in range(0, len(bodies), _ROWS_TOGETHER):
            holders += (bodies[low : low + _ROWS_TOGETHER] == bodies[row]).sum(axis=0)
        bits = holders <= FREQUENT + len(bodies) // BY_CHANCE
        return np.packbits(bits, bitorder="little").view("<u4").astype(np.uint32)


def _sketch_match(pair: _Pair, sets: list[NDArray[np.uint32]], among_all: Callable[[], bool]) -> SketchMatch:
    shared = len(np.intersect1d(sets[0], sets[1], assume_unique=True))
    jaccard = shared / max(len(sets[0]) + len(sets[1]) - shared, 1)
    equal = int((pair.signatures[pair.x] == pair.signatures[pair.y]).sum())
    least = MIN_EQUAL_OF[pair.kind]
    bands = pair.bands
    proposed, why = _decided(pair, bands, equal, least, among_all)
    n_bands = NUM_PERM // ROWS
    return SketchMatch(
        kind=NAMES[pair.kind],
        left_shingles=len(sets[0]),
        right_shingles=len(sets[1]),
        shared_shingles=shared,
        jaccard=round(jaccard, 6),
        estimate=round(equal / NUM_PERM, 6),
        containment_left=round(shared / max(len(sets[0]), 1), 6),
        containment_right=round(shared / max(len(sets[1]), 1), 6),
        equal_slots=equal,
        least_slots=least,
        slots=NUM_PERM,
        bands=tuple(bands.tolist()),
        collision_probability=round(float(collision_probability(jaccard, n_bands, ROWS)), 6),
        candidate_probability=round(float(expected_recall(jaccard, n_bands, ROWS, least)), 6),
        proposed=proposed,
        why=why,
    )


def _decided(
    pair: _Pair, bands: Ints, equal: int, least: int, among_all: Callable[[], bool]
) -> tuple[bool, str]:
    """Whether this kind of sketch proposed the pair, and the rule that decided."""
    n_bands = NUM_PERM // ROWS
    if not len(bands):
        return False, f"none of {n_bands} bands collided ({equal} of {NUM_PERM} slots agree)"
    met = f"{len(bands)} of {n_bands} bands collided"
    if equal < least:
        return False, f"{met}, but only {equal} of {NUM_PERM} slots agree, {least} are needed"
    refusal = pair.refused(pair.x, pair.y, pair.rare(pair.x))
    if refusal is not None:
        return False, f"{met}, but {refusal}"
    met += f", {equal} of {NUM_PERM} slots agree"
    keys: Any = pairs_of_slots(pair.signatures)
    largest = [int((keys[:, band] == keys[pair.x, band]).sum()) for band in bands.tolist()]
    capped = min(largest) > CAP
    if not capped and min(_rank(pair, pair.x, pair.y), _rank(pair, pair.y, pair.x)) < MOST_CANDIDATES:
        return True, met
    if among_all():
        return True, f"{met}, in a bucket of {min(largest):,}" if capped else met
    if capped:
        return False, (
            f"{met}, but every bucket they share has more than {CAP} texts (the smallest {min(largest):,}), "
            "and in none of its orders they stood near each other"
        )
    return False, f"{met}, but both have {MOST_CANDIDATES} nearer candidates"


def _rank(pair: _Pair, row: int, other: int) -> int:
    """How many texts may be nearer to a row than another, `MOST_CANDIDATES` at most (`matching._nearest`)."""
    equal = pair.equal(row)
    nearness = (1023 - equal).astype(np.uint64) << np.uint64(20) | pair.hashes >> np.uint64(44)
    nearer = np.flatnonzero((equal >= MIN_EQUAL_OF[pair.kind]) & (nearness <= nearness[other]))
    keys: Any = pairs_of_slots(pair.signatures)
    rare = pair.rare(row) if len(nearer) > MOST_CANDIDATES else np.empty(0, np.uint32)
    rank = 0
    for rival in nearer.tolist():
        if rank == MOST_CANDIDATES:
            break
        if rival in (row, other) or not (keys[rival] == keys[row]).any():
            continue
        rank += len(nearer) <= MOST_CANDIDATES or pair.refused(row, rival, rare) is None
    return rank
