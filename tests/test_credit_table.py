"""A user's own table of agencies: what it adds, takes and replaces, and what is said of mistakes in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dedup.errors import SettingsError
from dedup.text.credit import agencies_json, find_credit, load_agencies


def table(folder: Path, *entries: Any) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({"format": 1, "agencies": entries}), encoding="utf-8")
    return path


def credited(text: str, path: Path | None = None) -> str | None:
    found = find_credit(text=text, agencies=load_agencies(path))
    return found and found.agency


def test_a_new_agency_is_found_like_the_others(tmp_path: Path) -> None:
    mine = {
        "name": "Harbor Wire",
        "full": ["Harbor Wire"],
        "short": ["HW"],
        "domains": ["harborwire.example"],
    }
    path = table(tmp_path, mine)
    assert credited("LIMA (HW) — The mill closed.") is None
    assert credited("LIMA (HW) — The mill closed.", path) == "Harbor Wire"
    assert credited("By Jane Doe, Harbor Wire\nThe mill closed.", path) == "Harbor Wire"
    assert credited("LIMA (AP) — The mill closed.", path) == "AP"
    assert credited("The minister told HW that it closed.", path) is None


def test_what_a_user_gives_to_one_agency_no_other_keeps(tmp_path: Path) -> None:
    path = table(tmp_path, {"name": "Associated Papers", "short": ["AP"], "domains": ["ap.org"]})
    assert credited("LIMA (AP) — The mill closed.", path) == "Associated Papers"
    assert credited("By Jane Doe, Associated Press\nThe mill closed.", path) == "AP"
    own = find_credit(url="https://ap.org/mill", agencies=load_agencies(path))
    assert own is not None
    assert own.agency == "Associated Papers"


def test_a_strength_a_user_gives_to_a_name_holds(tmp_path: Path) -> None:
    text = "The mill closed.\n— PA"
    assert credited(text) is None
    assert credited(text, table(tmp_path, {"name": "PA Media", "short": ["PA"]})) == "PA Media"


def test_an_entry_may_stand_instead_of_a_shipped_one_or_end_it(tmp_path: Path) -> None:
    path = table(
        tmp_path, {"name": "Petra", "replace": True}, {"name": "AP", "short": ["AP"], "replace": True}
    )
    assert credited("Amman, March 4 (Petra) – Wheat arrived.") == "Petra"
    assert credited("Amman, March 4 (Petra) – Wheat arrived.", path) is None
    assert credited("By Jane Doe, Associated Press\nThe mill closed.", path) is None
    assert credited("LIMA (AP) — The mill closed.", path) == "AP"


def test_a_line_deleted_from_the_printed_table_is_an_agency_no_longer_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    lines = agencies_json(load_agencies()).splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"name":"PTI"' not in line), encoding="utf-8")
    assert credited("New Delhi, Mar 4 (PTI) The monsoon came.") == "PTI"
    assert credited("New Delhi, Mar 4 (PTI) The monsoon came.", path) is None
    assert credited("LIMA (AP) — The mill closed.", path) == "AP"


def test_the_printed_table_is_the_table(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(agencies_json(load_agencies()), encoding="utf-8")
    assert load_agencies(path) == load_agencies()
    small = table(tmp_path, {"name": "X Wire", "full": ["X Wire"], "tier_cap": "hint", "publisher": True})
    again = tmp_path / "again.json"
    again.write_text(agencies_json(load_agencies(small)), encoding="utf-8")
    assert load_agencies(again) == load_agencies(small)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"name": "Reuters", "domains": ["https://reuters.com/"]},
            "entry 1 (Reuters): 'https://reuters.com/' in",
        ),
        ({"name": "X", "paths": ["a/b"]}, "entry 1 (X): 'a/b' in 'paths' must be one section"),
        ({"name": "X", "paths": ["*"]}, "'*' in 'paths' must be one section"),
        ({"name": "X", "short": ["A"]}, "entry 1 (X): 'A' in 'short' is too short"),
        ({"name": "X, Y", "full": ["X Y"]}, "a name must have no comma"),
        ({"name": "X", "replace": "yes"}, "'replace' must be true or false, not 'yes'"),
        ({"name": "X", "fulll": ["X Wire"]}, "entry 1 (X): unknown member 'fulll'"),
        (["X"], 'entry 1: no "name"'),
    ],
)
def test_a_mistake_is_told_with_file_entry_and_reason(entry: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_agencies(table(tmp_path, entry))
    assert said in str(caught.value)
    assert "mine.json" in str(caught.value)


def test_all_mistakes_are_told_at_once_but_not_a_hundred(tmp_path: Path) -> None:
    wrong = [{"name": f"X{n}", "short": [1]} for n in range(14)]
    with pytest.raises(SettingsError) as caught:
        load_agencies(table(tmp_path, *wrong))
    assert "entry 1 (X0)" in str(caught.value)
    assert "entry 10 (X9)" in str(caught.value)
    assert "and 4 more" in str(caught.value)
    with pytest.raises(SettingsError, match=r"entry 2 \(AP\): the agency has an entry already"):
        load_agencies(table(tmp_path, {"name": "AP"}, {"name": "AP"}))
