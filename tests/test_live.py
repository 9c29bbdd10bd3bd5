"""A feed that goes on: batch by batch in one index, the clusters of one load, and what changed each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from dedup.errors import DedupError
from dedup.index.index import Index
from dedup.report.events import EVENT_SCHEMA, EVENTS
from dedup.settings import Settings
from tests.campaigns.live import by_articles, from_memberships, judge
from tests.campaigns.story_truth import Arrival, Event, Truth
from tests.commands import Command, one_error
from tests.feeds import copies


def test_a_day_in_eight_batches_ends_as_one_load_and_its_events_are_true() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.live", "--days=1", "--per-hour=2", "--hours-per-batch=3"],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 days, 8 batches" in done.stdout
    # The made-up day holds one of each, so none of them is right by being empty.
    (line,) = [line for line in done.stdout.splitlines() if "events of planted stories" in line]
    assert all(event in line for event in EVENTS), line


def test_what_follows_from_memberships() -> None:
    old = {"a": frozenset("12"), "b": frozenset("345"), "c": frozenset("67"), "d": frozenset("89")}
    new = {
        "a": frozenset("12x"), "n": frozenset("yz"), "p": frozenset("34"), "q": frozenset("5w"),
        "m": frozenset("6789"),
    }  # fmt: skip
    assert from_memberships(old, new) == {
        ("grown", "a", frozenset("a"), 2, 3, 1, 0),
        ("born", "n", frozenset(), 0, 2, 2, 0),
        ("shrunk", "p", frozenset("b"), 3, 2, 0, 1),
        ("split", "q", frozenset("b"), 3, 2, 1, 2),
        ("merged", "m", frozenset("cd"), 4, 4, 0, 0),
    }
    assert from_memberships(old, {"a": frozenset("12")}) == {
        ("ended", name, frozenset(name), len(old[name]), 0, 0, len(old[name])) for name in "bcd"
    }


def arrivals(*told: tuple[str, str], at: str = "1") -> list[Arrival]:
    """Articles and the stories they tell: ``("b", "xy")`` tells x and y."""
    return [Arrival({"outlet": "O", "id": one, "published": at}, frozenset(which)) for one, which in told]


def names(*groups: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(f"O {one}" for one in group) for group in groups)


def test_the_truth_comes_from_who_tells_what_and_when() -> None:
    truth = Truth()

    def became(*told: tuple[str, str], at: str = "1") -> set[tuple[str, tuple[str, ...], str]]:
        return {
            (
                event.event,
                tuple(sorted("".join(sorted(one[-1] for one in old)) for old in event.olds)),
                "".join(sorted(one[-1] for one in event.now)),
            )
            for event in truth.arrive(arrivals(*told, at=at))
        }

    assert became(("1", "x"), ("5", "y"), ("9", "z")) == set()
    assert became(("2", "x"), ("6", "y")) == {("born", (), "12"), ("born", (), "56")}
    assert became(("3", "x")) == {("grown", ("12",), "123")}
    assert became(("7", "xy")) == {("merged", ("123", "56"), "123567")}
    # Corrected, it tells y alone: y goes on although x has as many articles, and x is what was parted off.
    assert became(("7", "y"), at="2") == {("shrunk", ("123567",), "567"), ("split", ("123567",), "123")}
    assert became(("7", "xy"), at="1") == set(), "an older version that comes late changes nothing"
    assert became(("3", "w"), ("2", "w"), at="3") == {("ended", ("123",), ""), ("born", (), "23")}


def test_an_event_told_wrongly_is_seen() -> None:
    olds, news = names("12", "34", "56"), names("127", "34", "568")
    grown = {Event("grown", names("12"), *names("127")), Event("grown", names("56"), *names("568"))}
    clusters = (set(olds), set(news))
    assert judge(grown, grown, clusters, clusters, set()) == []
    one = Event("grown", names("12"), *names("127"))
    for wrong in (
        grown - {one},
        grown | {Event("born", frozenset(), *names("34"))},
        grown - {one} | {one._replace(event="shrunk")},
        grown - {one} | {one._replace(olds=names("34"))},
        grown - {one} | {one._replace(now=next(iter(names("34"))))},
    ):
        assert judge(grown, wrong, clusters, clusters, set())
    # Not found whole: an excuse for what is hard to find, and for nothing else.
    missed = (clusters[0], set(names("12", "34", "568")))
    assert judge(grown, grown - {one}, clusters, missed, set()) == []
    assert judge(grown, grown - {one}, clusters, missed, {"O 7"}) == ["grown [2] to 3, O 1: true, not told"]
    other = Event("grown", names("56"), *names("568"))
    assert judge(grown, grown - {other}, clusters, missed, set()) == ["grown [2] to 3, O 5: true, not told"]


def test_events_by_their_articles() -> None:
    old, new = {"a": frozenset("12"), "b": frozenset("34")}, {"c": frozenset("125")}
    rows = [("grown", "c", frozenset("a"), 2, 3, 1, 0), ("ended", "b", frozenset("b"), 2, 0, 0, 2)]
    assert by_articles(rows, old, new) == {
        Event("grown", frozenset([frozenset("12")]), frozenset("125")),
        Event("ended", frozenset([frozenset("34")]), frozenset()),
    }


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three runs: two stories; a third one; more of the first."""
    path = tmp_path_factory.mktemp("events") / "news.dedup"
    with Index.create(path, durable=False) as index:
        for records in (copies(1, 3) + copies(2, 2), copies(3, 4), copies(1, 6)[3:]):
            index.add(records)
            index.report()
    return path


def test_events_of_any_two_runs(grown: Path) -> None:
    with Index.open(grown) as index:
        frame = index.events()
        assert isinstance(frame, pd.DataFrame)
        assert list(frame.columns) == EVENT_SCHEMA.names
        assert frame[["event", "size_before", "size", "joined", "left"]].values.tolist() == [
            ["grown", 3, 6, 3, 0]
        ]
        assert index.events(2)["event"].tolist() == ["born"]
        assert index.events(1)["event"].tolist() == ["born", "born"]
        assert index.events(since=1)["event"].tolist() == ["born", "grown"]
        assert index.event_report(since=3).line() == "run 3, since run 3: nothing changed, 3 clusters"
        assert index.event_report(1).line() == "run 1, the first: 2 clusters born"
        assert index.event_report().line() == "run 3, since run 2: 1 cluster grown, 2 unchanged"


def test_runs_of_other_options_are_told_apart(grown: Path, tmp_path: Path) -> None:
    with Index.create(tmp_path / "i", durable=False) as index:
        index.add(copies(1, 3))
        index.report()
        assert index.changed == "run 1, the first: 1 cluster born"
        index.add(copies(2, 2))
        index.report(Settings(threshold=0.9))
        index.report()
        assert index.changed == "run 3, since run 1: 1 cluster born, 1 unchanged"
        index.report()
        assert index.changed == "nothing new since run 3"
        again = index.last_events()
        assert again is not None
        assert again.events.num_rows == 0
        index.report(Settings(since=datetime(2025, 3, 1, tzinfo=UTC)))
        assert (index.changed, index.last_events()) == (None, None)
        assert index.event_report().since == 1
        assert index.event_report(2).since is None
        with pytest.raises(DedupError, match="another threshold"):
            index.event_report(3, since=2)


def test_a_refresh_in_between_is_told(tmp_path: Path) -> None:
    with Index.create(tmp_path / "i", durable=False) as index:
        index.add(copies(1, 3))
        index.report()
        index.add(copies(2, 2))
        index.refresh()
        index.report()
        assert index.changed is not None
        assert "learnt anew" in index.changed
        assert index.event_report().line() == index.changed


def test_the_command(grown: Path, dedup: Command, tmp_path: Path) -> None:
    table = dedup("events", "-i", grown, "--since", 1)
    lines = table.stdout.splitlines()
    assert lines[0] == "run 3, since run 1: 1 cluster born, 1 grown, 1 unchanged"
    assert [line.split()[0] for line in lines[2:]] == ["born", "grown"]
    assert "3 to 6 articles" in lines[3]
    data = dedup("events", "-i", grown, "--format", "jsonl")
    (row,) = map(json.loads, data.stdout.splitlines())
    assert (row["run"], row["since"], row["event"], len(row["old_ids"])) == (3, 2, "grown", 1)
    assert dedup("events", "-i", grown, "-o", tmp_path / "e.csv").returncode == 0
    assert (tmp_path / "e.csv").read_text().startswith("run,since,event,cluster_id,old_ids,")
    assert dedup("events", "-i", grown, "--since", 3, "--format", "csv").stdout.count("\n") == 1
    one_error(dedup("events", "-i", grown, "--run", 9), "no run 9", "the runs are 1 to 3")
    one_error(dedup("events", "-i", grown, "--run", 1, "--since", 2), "run 2 came after run 1")
    with Index.create(tmp_path / "empty"):
        pass
    one_error(dedup("events", "-i", tmp_path / "empty"), "no runs yet", "dedup clusters")


def test_events_of_each_clusters_command_also_of_one_that_found_nothing_new(
    dedup: Command, tmp_path: Path
) -> None:
    folder, out, events = tmp_path / "x.dedup", tmp_path / "c.csv", tmp_path / "e.jsonl"
    found = []
    for number, records in enumerate((copies(1, 3), copies(1, 5)[3:], [])):
        feed = tmp_path / f"{number}.jsonl"
        feed.write_text("".join(json.dumps(record) + "\n" for record in records))
        assert dedup("index", feed, "-i", folder).returncode == 0
        done = dedup("clusters", folder, "-o", out, "--events", events)
        assert done.returncode == 0, done.stderr
        found.append([json.loads(line)["event"] for line in events.read_text().splitlines()])
    assert found == [["born"], ["grown"], []]
    assert "nothing new since run 2" in done.stderr
    # While another process writes, no run is kept; the next one tells what this one would have.
    with Index.open(folder, write=True) as index:
        index.add(copies(2, 2))
        out.unlink()
        held = dedup("clusters", folder, "-o", out, "--events", events)
    reason = f"index {folder} is being written by process {os.getpid()}"
    one_error(held, f"{events} is not written", f"the run could not be kept: {reason}")
    assert held.stderr.count(reason) == 1
    assert out.exists()
    assert events.read_text() == ""
    assert dedup("clusters", folder, "-o", out, "--events", events).returncode == 0
    assert json.loads(events.read_text())["event"] == "born"
    one_error(dedup("clusters", folder, "--events", events, "--since", "24h ago"), "a whole index")
    one_error(dedup("clusters", feed, "--events", events), "these are feeds")
    one_error(dedup("clusters", folder, "-o", out, "--events", out), "is what -o writes")
