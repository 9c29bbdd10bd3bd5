"""What `dedup stats` tells: the recall to expect, and the furniture that was learnt."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from dedup import Index
from dedup.cli import app
from dedup.errors import IndexFolderError
from dedup.index.passages import LearntPassages
from dedup.index.statistics import SIMILARITIES, bytes_in
from dedup.report.wording import percent
from dedup.settings import Settings
from dedup.sketch.bands import expected_recall
from tests import prose

OUTLETS = 8
EACH = 30


def feed() -> list[dict[str, Any]]:
    """Unrelated articles in the furniture of their outlets, headlines of one frame, and a rubric."""
    records = list(prose.strangers(OUTLETS * EACH, OUTLETS))
    for k in range(20):
        desk = prose.Desk(f"earnings {k}")
        title = f"{desk.places[0]} {desk.nouns[0]}s: third quarter earnings snapshot {desk.people[0]}"
        records.append(prose.record(1000 + k, f"Outlet {k % OUTLETS}", title, ""))
    for day in range(4):
        rubric = prose.record(2000 + day, "Outlet 0", "Harbour notes and tide tables", "", 1440 * day)
        records.append(rubric)
    return records


def listed(folder: Path, records: list[dict[str, Any]]) -> LearntPassages:
    with Index.create(folder) as index:
        index.add(records)
        index.report()
        return index.furniture()


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> LearntPassages:
    return listed(tmp_path_factory.mktemp("stats") / "index", feed())


def test_furniture_is_listed_as_the_words_of_an_article_that_carries_it(learnt: LearntPassages) -> None:
    text_of = {record["id"]: " ".join(f"{record['title']} {record['text']}".split()) for record in feed()}
    for passage in learnt.passages:
        assert passage.text in text_of[passage.example]
    printed = [" ".join(prose.furniture(f"Outlet {k}")) for k in range(OUTLETS)]
    of_outlets = [passage for passage in learnt.passages if passage.articles == EACH]
    assert len(of_outlets) >= OUTLETS
    for passage in of_outlets:
        assert (passage.kind, passage.outlets) == ("passage", 1)
        assert passage.words == len(passage.text.split())
        # A run of four words may begin in the article, so the ends may be the words of many an article.
        inner = passage.text.split()[3:-3] if passage.words > 8 else passage.text.split()
        assert sum(" ".join(inner) in whole for whole in printed) == 1


def test_frames_and_rubrics_are_listed_too(learnt: LearntPassages) -> None:
    of_kind = {kind: [p for p in learnt.passages if p.kind == kind] for kind in learnt.counts}
    assert learnt.counts == {kind: len(found) for kind, found in of_kind.items()}
    (frame,) = of_kind["frame"]
    assert (frame.articles, frame.outlets) == (20, OUTLETS)
    assert frame.text.endswith("third quarter earnings snapshot")
    (rubric,) = of_kind["rubric"]
    assert (rubric.text, rubric.articles, rubric.outlets) == ("Harbour notes and tide tables", 4, 1)


def test_passages_come_by_the_articles_that_carry_them_and_top_cuts_the_list(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as index:
        index.add(feed())
        index.report()
        whole, some = index.furniture(), index.furniture(top=3)
    assert [p.articles for p in whole.passages] == sorted((p.articles for p in whole.passages), reverse=True)
    assert some.passages == whole.passages[:3]
    assert (some.counts, some.masked) == (whole.counts, whole.masked)


def test_the_order_and_the_batches_of_the_articles_do_not_matter(
    learnt: LearntPassages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.index.carriers._BATCH", 37)
    records = feed()
    random.Random(4).shuffle(records)
    assert listed(tmp_path / "index", records) == learnt


def test_masked_words_are_those_of_the_furniture(learnt: LearntPassages) -> None:
    names = [f"Outlet {k}" for k in range(OUTLETS)]
    printed = {name: sum(len(part.split()) for part in prose.furniture(name)) for name in names}
    assert {name for name, _, _ in learnt.outlets} == set(printed)
    for name, words, masked in learnt.outlets:
        # One run of four words in four is kept, so the mask may miss words at either end.
        assert 0.4 * EACH * printed[name] <= masked <= EACH * printed[name] < words
    assert learnt.masked == sum(masked for _, _, masked in learnt.outlets)
    shares = [masked / words for _, words, masked in learnt.outlets]
    assert shares == sorted(shares, reverse=True)


def test_an_article_without_an_outlet_counts_for_none(tmp_path: Path) -> None:
    records = [{**record, "outlet": None} for record in feed()[: OUTLETS * EACH]]
    found = listed(tmp_path / "index", records)
    assert found.outlets == []
    assert found.masked > 0
    assert {passage.outlets for passage in found.passages} == {0}


def test_without_furniture_the_mask_goes_away(tmp_path: Path) -> None:
    """Two pages of one outlet share little but furniture: enough to be taken for copies, were it to count."""
    records = list(prose.strangers(OUTLETS * EACH, OUTLETS, sentences=3))
    with Index.create(tmp_path / "index") as index:
        index.add(records)
        masked = index.report()
        plain = index.report(Settings(furniture=False))
        again = index.report()
    assert masked.members.num_rows == 0
    assert plain.members.num_rows > 0.8 * len(records)
    assert again.members.equals(masked.members)
    assert Settings(furniture=False).result_hash() != Settings().result_hash()


def test_an_index_that_learnt_nothing_says_what_to_run(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as index:
        index.add(feed()[:3])
        with pytest.raises(IndexFolderError, match="has learnt nothing yet; run first: dedup clusters"):
            index.furniture()


def test_an_index_in_which_nothing_is_furniture(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as index:
        index.report()
        found = index.furniture()
    assert (found.passages, found.words, found.counts["passage"]) == ([], 0, 0)


def test_the_command_prints_a_table_or_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "index"
    learnt = listed(folder, feed())

    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app(["stats", "-i", str(folder), *arguments])
        assert not ended.value.code
        return capfd.readouterr().out

    table = said("--furniture", "--top", "2")
    assert learnt.passages[0].text.split()[0] in table
    assert f"{sum(learnt.counts.values()) - 2} more; --top 0 lists all" in table
    record = json.loads(said("--furniture", "--format", "json", "--top", "0"))
    assert [one["text"] for one in record["passages"]] == [one.text for one in learnt.passages]
    assert record["counts"] == learnt.counts
    plain = said()
    assert "Similarity is the Jaccard similarity of the word pairs of two texts" in plain
    shown = plain.split("similarity  articles  headlines\n")[1].splitlines()
    for line, similarity in zip(shown, SIMILARITIES, strict=False):
        assert line.split()[0] == f"{similarity:.2f}"
        assert percent(round(float(expected_recall(similarity)), 4), 1) in line


def test_a_file_that_a_writer_moves_while_sizes_are_summed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "moved", "two"):
        (tmp_path / name).write_bytes(b"12345")
    found = os.lstat

    def gone(path: str) -> os.stat_result:
        if path.endswith("moved"):
            Path(path).unlink(missing_ok=True)
        return found(path)

    monkeypatch.setattr(os, "lstat", gone)
    assert bytes_in(tmp_path) == 10
