"""What the fuzzer found once stays mended, and its targets can fail. See tests/campaigns/fuzz.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from dedup.feeds import vectors
from tests.campaigns import fuzz, fuzz_targets, pure_vectors
from tests.campaigns.fuzz_targets import KEPT_FILES, TARGETS, seeds, timed

FINDINGS = sorted(KEPT_FILES.glob("*.bin"))


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_stays_mended(path: Path) -> None:
    name = path.stem.split("-")[0]
    TARGETS[name](path.read_bytes())  # the first time kernels may have to be compiled
    timed(name, path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_takes_its_seeds_and_what_is_left_of_them(name: str) -> None:
    rng = random.Random(name)
    given = list(seeds(name))
    assert given
    assert name in fuzz.NAMES
    for data in given:
        TARGETS[name](data)
        spoilt = bytearray(data[: rng.randrange(len(data) + 1)])
        for _ in range(min(3, len(spoilt))):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        TARGETS[name](bytes(spoilt))


def test_a_target_fails_where_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_targets, "expected", lambda text: [])
    with pytest.raises(AssertionError, match="not the reference's words"):
        timed("words", b"Mill on fire")
    monkeypatch.setattr(fuzz_targets, "shows", lambda text: False)
    with pytest.raises(AssertionError, match="does something when printed"):
        timed("jsonl", b'{"title": "Mill"}\nrubbish\n')


def _calling(function: Callable[..., Any]) -> Callable[..., Any]:
    return njit(lambda array, index: function(array, index))


def test_pure_vectors_say_what_the_compiled_ones_say() -> None:
    """The fuzzer runs on these, so they must be the same functions."""
    names = ("string_stops", "beyond_ascii", "suspects", "all_plain")
    compiled = {name: _calling(getattr(vectors, name)) for name in names}
    rng = np.random.default_rng(1)
    odd = np.frombuffer(b'"\\&<\r\n-\x00\x1f\x80\x81\x8b\xa0\xad\xbb\xbf\xc2\xc3a\xa8', np.uint8)
    for round in range(200):
        array = rng.choice(odd, 160) if round % 2 else rng.integers(0, 128, 160).astype(np.uint8)
        if round % 5 == 0:
            array[rng.random(160) < 0.95] = ord("a")
        index = int(rng.integers(1, 90))
        for name in names:
            assert compiled[name](array, index) == getattr(pure_vectors, name)(array, index), (name, array)
    first = njit(lambda mask: vectors.first_bit(mask))
    for mask in (0, 1, 2, 0x80000000, 0xFFFFFFFF, 0x00F0):
        assert first(np.uint32(mask)) == pure_vectors.first_bit(mask)
