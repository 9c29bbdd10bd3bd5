"""Texts made to collide, found by search through the public kernels of the sketch.

Whoever can read the code can do the same: hashes and permutations are no secret.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.sketch.minhash import Shingles, signatures
from dedup.sketch.shingles import bigram_hashes
from dedup.text.words import tokenize

_LETTERS = "bcdfghjklmnpqrstvwxz"
SEARCHED = 1_000_000
"""Pairs of words that are searched. Among so many about 116 pairs collide in 32 bits."""


@cache
def _searched() -> tuple[list[str], NDArray[np.uint32]]:
    """Return pairs of made-up words that stand in no table, and the hash of each pair."""
    rng = random.Random("colliding")
    words = ["".join(rng.choices(_LETTERS, k=8)) for _ in range(2_000)]
    pairs = list(dict.fromkeys(f"{rng.choice(words)} {rng.choice(words)}" for _ in range(SEARCHED)))
    hashed = tokenize(pa.array(pairs, pa.large_string()))
    return pairs, bigram_hashes(hashed)[hashed.offsets[:-1]]


def collisions() -> list[tuple[str, str]]:
    """Return pairs of word pairs that have one hash and no word in common."""
    pairs, hashes = _searched()
    turn = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[turn][1:] == hashes[turn][:-1])
    found = [(pairs[turn[k]], pairs[turn[k + 1]]) for k in same.tolist()]
    return [(one, other) for one, other in found if not set(one.split()) & set(other.split())]


def poison(bands: int) -> list[str]:
    """Return pairs of words with the least minima of the slots of the first `bands` bands."""
    pairs, hashes = _searched()
    least = np.full(2 * bands, 0xFFFFFFFF, np.uint32)
    where = np.zeros(2 * bands, np.int64)
    for low in range(0, len(hashes), 50_000):
        part = hashes[low : low + 50_000]
        slots = signatures(Shingles(part, np.arange(len(part) + 1)))[:, : 2 * bands]
        best = slots.argmin(axis=0)
        smaller = slots[best, np.arange(2 * bands)] < least
        least[smaller] = slots[best, np.arange(2 * bands)][smaller]
        where[smaller] = low + best[smaller]
    return [pairs[k] for k in where.tolist()]


def orders(count: int, rng: random.Random) -> Iterator[str]:
    """Yield texts of one set of word pairs: pieces between two occurrences of one word, shuffled."""
    words = ["".join(rng.choices(_LETTERS, k=7)) for _ in range(200)]
    pieces = [" ".join(words[low : low + 5]) for low in range(0, 200, 5)]
    for _ in range(count):
        rng.shuffle(pieces)
        yield "pivot " + "".join(f"{piece} pivot " for piece in pieces)


def twins(count: int, rng: random.Random) -> Iterator[str]:
    """Yield twins, one after the other: the same hash of every second word pair, and no word in common."""
    found = collisions()
    for _ in range(count // 2):
        sides: tuple[list[str], list[str]] = ([], [])
        for pair in rng.sample(found, len(found)):
            left, right = (
                {*" ".join(side).split(), *one.split()} for side, one in zip(sides, pair, strict=True)
            )
            if len(sides[0]) < 40 and not left & right:
                for side, one in zip(sides, pair, strict=True):
                    side.append(one)
        yield from (" ".join(side) for side in sides)


def strangers(count: int, rng: random.Random) -> Iterator[str]:
    """Yield texts of words of their own and of the 16 pairs that bring each into the same eight buckets."""
    shared = poison(8)
    for _ in range(count):
        own = ("".join(rng.choices(_LETTERS, k=6)) for _ in range(150))
        yield " ".join(chain(own, rng.sample(shared, len(shared))))
