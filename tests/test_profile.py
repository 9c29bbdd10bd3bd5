"""``--profile`` and ``--memory``: what they print, and that no result depends on them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.engines import spill
from dedup.engines.budget import words_within
from dedup.errors import SettingsError
from dedup.index.index import Index
from dedup.profile import Profile, count, profiled, timed
from dedup.settings import Settings, parse_size

SAMPLE = Path(__file__).parent.parent / "samples" / "feed.jsonl"


def dedup(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dedup", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_stages_add_up_and_know_what_they_are_part_of() -> None:
    with profiled() as profile:
        for _ in range(3):
            with timed("outer"), timed("inner"):
                count(pairs=7)
    with timed("nobody looks"):
        pass
    found = profile.to_dict()
    assert [(stage["name"], stage["calls"], stage["inside"]) for stage in found["stages"]] == [
        ("outer", 3, False),
        ("inner", 3, True),
    ]
    assert found["counts"] == {"pairs": 7}
    assert found["stages"][0]["seconds"] >= found["stages"][1]["seconds"] >= 0
    assert found["total"]["peak_rss_mb"] > 10


def test_a_stage_that_fails_is_told_all_the_same() -> None:
    with profiled() as profile, pytest.raises(ZeroDivisionError), timed("fails"):
        raise ZeroDivisionError
    assert isinstance(profile, Profile)
    assert profile.to_dict()["stages"][0]["calls"] == 1


def test_the_profile_of_a_command_is_a_file_or_a_table(tmp_path: Path) -> None:
    out = dedup("clusters", SAMPLE, "-o", tmp_path / "a.csv", "--profile", tmp_path / "p.json")
    assert out.returncode == 0, out.stderr
    found = json.loads((tmp_path / "p.json").read_text())
    names = [stage["name"] for stage in found["stages"]]
    for name in ("read", "plan", "tokenise", "sketch", "write", "index", "learn", "candidates", "confirm"):
        assert name in names
    assert found["counts"]["candidate_pairs"] >= found["counts"]["matched_pairs"] > 100
    table = dedup("clusters", SAMPLE, "-o", tmp_path / "b.csv", "--profile", "-", "--memory", "2GB")
    assert "whole process" in table.stderr
    assert "candidate pairs: " in table.stderr
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("size", "said"), [("10", "no amount"), ("10MB", "below the 1024 MB"), ("x", "no amount")]
)
def test_a_memory_that_cannot_be_is_refused_in_a_line(size: str, said: str, tmp_path: Path) -> None:
    out = dedup("clusters", SAMPLE, "--memory", size, "-o", tmp_path / "a.csv")
    assert out.returncode == 1
    assert said in out.stderr
    assert len(out.stderr.splitlines()) == 1


def test_less_memory_means_smaller_documents_and_a_line_when_it_is_too_little() -> None:
    assert words_within(None, 10**6) > words_within(1100, 1000) >= 1 << 20
    with pytest.raises(SettingsError, match="too little for 1,000,000 articles; give at least"):
        words_within(1024, 10**6)


def test_results_do_not_depend_on_memory_or_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few words in memory, texts are gathered in a file first and documents made block by block."""
    reports, spilled = [], []
    made = spill.SpilledTexts

    def counted(*arguments: object) -> object:
        spilled.append(arguments)
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(spill, "SpilledTexts", counted)
    for most, threads in ((None, 1), (2_000, 1), (2_000, 3), (20_000, 2)):
        if most is not None:
            monkeypatch.setattr("dedup.engines.local.words_within", lambda *_, most=most: most)
        with Index.temporary() as index:
            index.add(SAMPLE, threads=threads)
            reports.append(index.report(Settings(threads=threads)).members)
        assert bool(spilled) == (most is not None)
    for one in reports[1:]:
        assert one.equals(reports[0])


def test_a_profile_replaces_neither_feed_nor_result_and_is_asked_for_before_the_work(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(SAMPLE.read_bytes())
    out = tmp_path / "o.csv"
    for where in (feed, out, tmp_path / "nowhere" / "p.json"):
        done = dedup("clusters", feed, "-o", out, "--profile", where)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
    assert feed.read_bytes() == SAMPLE.read_bytes()
    assert not out.exists()


def test_sizes_are_read_with_their_unit() -> None:
    assert [parse_size(text) for text in ("800MB", "2GB", "1.5 g", "700 MiB")] == [800, 2048, 1536, 700]


def test_a_limit_too_low_is_refused_before_an_epoch_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_learning(*_: object, **__: object) -> object:
        raise AssertionError("an epoch was learnt for a run that is refused")

    monkeypatch.setattr("dedup.engines.budget.ARTICLE_BYTES", 100 << 20)
    monkeypatch.setattr("dedup.index.session.learn_epoch", no_learning)
    with Index.temporary() as index:
        index.add(SAMPLE)
        with pytest.raises(SettingsError, match=r"memory: 1,024 MB is too little .* give at least"):
            index.report(Settings(memory_mb=1024))
