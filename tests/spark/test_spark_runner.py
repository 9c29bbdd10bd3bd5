"""Packets that Spark moves arrive once, where they are addressed; a stage is there whole or not at all."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import pickle
import shutil
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.engines.spark.packets import Packet
from dedup.engines.spark.runner import FILE, LINE, InProcess
from dedup.errors import FeedError, GoldError
from tests.spark.conftest import need_spark

need_spark()  # what is imported below needs it

from dedup.engines.spark.failures import SparkError  # noqa: E402
from dedup.engines.spark.session import make_session  # noqa: E402
from dedup.engines.spark.spark_runner import SparkRunner  # noqa: E402

N = 3
NUMBERS = pa.schema([pa.field("n", pa.int64())])
SEEN = pa.schema([pa.field("to", pa.int64()), pa.field("kinds", pa.string()), pa.field("n", pa.int64())])
EXCHANGE = pytest.mark.parametrize("exchange", [True, False])


def spread(batches: Iterator[pa.RecordBatch]) -> Iterator[Packet]:
    """Address each number to its remainder, as one of two kinds."""
    for batch in batches:
        for n in batch["n"].to_pylist():
            yield Packet.of(n % N, "odd" if n % 2 else "even", pa.table({"n": [n]}, NUMBERS))


def see(to: int, packets: Iterator[Packet], *, calls: Path | None = None) -> Iterator[Packet]:
    """Tell what came, in which order of kinds; note the call in a folder."""
    if calls is not None:
        (calls / f"{to}-{os.urandom(8).hex()}").touch()
    kinds, numbers = [], []
    for packet in packets:
        assert to in (packet.to, -1)
        kinds.append(packet.kind)
        numbers += packet.table()["n"].to_pylist()
    changes = [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before]
    yield Packet.of(
        max(to, 0),
        "seen",
        pa.table(
            {"to": [to] * len(numbers), "kinds": [" ".join(changes)] * len(numbers), "n": numbers}, SEEN
        ),
    )


def swell(to: int, packets: Iterator[Packet], *, n_packets: int, size: int) -> Iterator[Packet]:
    for place in range(n_packets):
        yield Packet.of(0, "large", pa.table({"n": np.full(size // 8, place)}))


def weigh(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    tables = [packet.table() for packet in packets]
    yield Packet.of(0, "weight", pa.table({"packets": [len(tables)], "rows": [sum(map(len, tables))]}))


def add(to: int, packets: Iterator[Packet], *, shift: Any) -> Iterator[Packet]:
    for packet in packets:
        n = packet.table()["n"].to_numpy() + int(shift[-1])
        yield Packet.of(packet.to, "sum", pa.table({"n": n}))


def break_off(to: int, packets: Iterator[Packet], *, error: Exception | None) -> Iterator[Packet]:
    """Give some packets of each partition, and fail at the last of one."""
    yield from packets
    if to == N - 1 and error is None:
        os._exit(7)
    if to == N - 1 and error is not None:
        raise error


def send_away(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    for packet in packets:
        yield Packet(N, packet.kind, packet.data)


def give_nothing(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    yield from ()


def show_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[Packet]:
    for batch in batches:
        yield Packet.of(0, "rows", pa.Table.from_batches([batch]))


@pytest.fixture(scope="module")
def seeded(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of the numbers from 0 to 59, and the work folder of a run that has spread them."""
    folder = tmp_path_factory.mktemp("seeded")
    (folder / "numbers").mkdir()
    for place in range(3):
        some = pa.table({"n": list(range(place * 20, place * 20 + 20))}, NUMBERS)
        pq.write_table(some, folder / "numbers" / f"{place}.parquet")
    runner = SparkRunner(spark)
    runner.begin(str(folder / "work"), N, "one")
    runner.source("spread", [str(folder / "numbers")], ["n"], spread)
    return folder


@pytest.fixture
def run(spark: Any, tmp_path: Path, seeded: Path) -> Any:
    """Go on with a run that has a stage ``spread``, or begin another."""
    shutil.copytree(seeded / "work", tmp_path / "work")

    def begin(fingerprint: str = "one", on_stage: Any = None, replace: bool = False) -> SparkRunner:
        runner = SparkRunner(spark, on_stage)
        runner.begin(str(tmp_path / "work"), N, fingerprint, replace=replace)
        runner.source("spread", [str(seeded / "numbers")], ["n"], spread)
        return runner

    return begin


def rows(tables: Sequence[pa.Table]) -> list[dict[str, Any]]:
    return [row for table in tables for row in table.to_pylist()]


def given(folder: Path, stage: str) -> Any:
    """What a stage gave, by kind, as the work folder says it."""
    return json.loads((folder / "work" / "manifests" / f"{stage}.json").read_text())["kinds"]


def test_each_packet_arrives_once_at_its_partition_by_kind(run: Any, seeded: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    runner = run()
    runner.stage("seen", [("spread", ["odd", "even"])], partial(see, calls=calls))
    seen = rows(runner.collect("seen", "seen"))
    assert sorted(row["n"] for row in seen) == list(range(60))
    assert all(row["to"] == row["n"] % N and row["kinds"] == "even odd" for row in seen)
    assert sorted(path.name[0] for path in calls.iterdir()) == ["0", "1", "2"]
    kinds = given(tmp_path, "spread")
    assert {name: kind["packets"] for name, kind in kinds.items()} == {"even": 30, "odd": 30}
    assert runner.collect("spread", "neither") == []

    in_process = InProcess(N)
    in_process.source("spread", sorted(map(str, (seeded / "numbers").iterdir())), ["n"], spread)
    in_process.stage("seen", [("spread", ["odd", "even"])], see)
    assert sorted(map(str, rows(in_process.collect("seen", "seen")))) == sorted(map(str, seen))


def test_only_kinds_asked_for_are_read_from_several_stages(run: Any) -> None:
    runner = run()
    runner.stage("shifted", [("spread", ["odd"])], partial(add, shift=[1000]), exchange=False)
    runner.stage("seen", [("spread", ["odd"]), ("shifted", ["sum", "odd"])], see)
    seen = rows(runner.collect("seen", "seen"))
    assert sorted(row["n"] for row in seen) == [*range(1, 60, 2), *range(1001, 1060, 2)]
    assert {row["kinds"] for row in seen} == {"odd sum"}


def test_without_exchange_packets_stay_where_they_are(run: Any) -> None:
    runner = run()
    runner.stage("seen", [("spread", ["odd", "even"])], see, exchange=False)
    seen = rows(runner.collect("seen", "seen"))
    assert sorted(row["n"] for row in seen) == list(range(60))
    assert {row["to"] for row in seen} == {-1}


def test_one_call_gets_a_partition_of_many_batches_and_of_a_packet_larger_than_a_batch(run: Any) -> None:
    runner = run()
    runner.stage("seed", [("spread", ["odd"])], weigh)  # all packets are to one partition, so one call
    runner.stage("many", [("seed", ["weight"])], partial(swell, n_packets=8, size=3 << 20))
    runner.stage("one", [("seed", ["weight"])], partial(swell, n_packets=1, size=24 << 20))
    runner.stage("weight", [("many", ["large"]), ("one", ["large"])], weigh)
    assert rows(runner.collect("weight", "weight")) == [{"packets": 9, "rows": (8 * 3 + 24) << 17}]


def test_a_kernel_may_carry_tens_of_megabytes(run: Any) -> None:
    runner = run()
    shift = np.random.default_rng(1).integers(0, 1 << 60, 4 << 20)
    shift[-1] = 5
    runner.stage("sums", [("spread", ["even"])], partial(add, shift=shift))
    assert sorted(row["n"] for row in rows(runner.collect("sums", "sum"))) == list(range(5, 65, 2))


def test_a_packet_to_no_partition_is_a_defect(run: Any) -> None:
    runner = run()
    runner.stage("lost", [("spread", ["odd"])], send_away)
    with pytest.raises(SparkError, match="a packet of kind odd is addressed to 3, of 3 partitions"):
        runner.stage("seen", [("lost", ["odd"])], see)


def test_what_gives_nothing_is_a_stage_too(run: Any, tmp_path: Path) -> None:
    runner = run()
    runner.stage("nothing", [("spread", ["odd"])], give_nothing)
    runner.stage("of-nothing", [("nothing", ["odd"])], see)
    assert given(tmp_path, "nothing") == given(tmp_path, "of-nothing") == {}
    assert runner.collect("of-nothing", "seen") == []


def test_a_run_goes_on_after_the_last_stage_that_is_whole(run: Any, tmp_path: Path) -> None:
    ran: list[str] = []

    def go(fingerprint: str, *, replace: bool = False) -> list[Any]:
        ran.clear()
        runner = run(fingerprint, ran.append, replace)
        runner.stage("seen", [("spread", ["odd", "even"])], see)
        runner.drop("spread", ["even"])
        runner.stage("again", [("spread", ["odd"])], see)
        return [runner.collect(stage, "seen") for stage in ("seen", "again")]

    first = go("one")
    assert ran == ["seen", "again"]
    assert not (tmp_path / "work/stages/spread/kind=even").exists()
    assert go("one") == first
    assert ran == []
    # A file lost, a manifest lost, another run: what is not whole or not of this run is run again.
    next((tmp_path / "work/stages/again").rglob("part-*")).unlink()
    assert go("one") == first
    assert ran == ["again"]
    (tmp_path / "work/manifests/again.json").unlink()
    assert go("one") == first
    assert ran == ["again"]
    # Killed between removing what says whose folder it is, or what a stage gave, and putting the next there.
    for name in ("run", "manifests/spread"):
        (tmp_path / f"work/{name}.json").rename(tmp_path / f"work/{name}.json.tmp")
    assert go("one") == first
    assert ran == []
    with pytest.raises(SparkError, match="holds what another run has done so far"):
        go("two")
    assert go("one") == first
    assert ran == []
    assert go("two", replace=True) == first
    assert ran == ["spread", "seen", "again"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FeedError("Velmara.parquet: no text", "map a column"), "Velmara.parquet: no text; map a column"),
        (ValueError("17 is odd\n  and more"), "stage broken failed: ValueError: 17 is odd"),
        (None, "stage broken failed: Python worker exited unexpectedly"),
    ],
)
def test_a_stage_that_breaks_off_says_why_in_a_line_and_leaves_nothing(
    run: Any, tmp_path: Path, error: Exception | None, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = run()
    with pytest.raises(FeedError if isinstance(error, FeedError) else SparkError) as told:
        runner.stage("broken", [("spread", ["odd", "even"])], partial(break_off, error=error))
    assert str(told.value).startswith(line)
    assert "\n" not in str(told.value)
    assert sorted(path.name for path in (tmp_path / "work/stages").iterdir()) == ["spread"]
    runner.stage("broken", [("spread", ["odd", "even"])], see)
    assert sorted(row["n"] for row in rows(runner.collect("broken", "seen"))) == list(range(60))
    assert capfd.readouterr().out == ""


def test_the_settings_of_the_session_are_the_users(spark: Any, run: Any) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "17")
    spark.sparkContext.setJobDescription("mine")
    before = spark.conf.getAll
    run().stage("seen", [("spread", ["odd"])], give_nothing)
    assert spark.conf.getAll == before
    assert spark.sparkContext.getLocalProperty("spark.job.description") == "mine"
    spark.sparkContext.setJobDescription(None)


def test_a_folder_that_is_no_work_folder_is_left_alone(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    (tmp_path / "file").write_text("text")
    for name in ("letters", "file"):
        with pytest.raises(SparkError, match="not a work folder of dedup"):
            SparkRunner(spark).begin(str(tmp_path / name), N, "one")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


def test_a_run_whose_work_folder_another_has_taken_commits_nothing(run: Any) -> None:
    runner = run()
    run()
    with pytest.raises(SparkError, match="another run has begun"):
        runner.stage("seen", [("spread", ["odd"])], see)


def test_tables_are_exported_with_their_types_whole_or_not_at_all(run: Any, tmp_path: Path) -> None:
    schema = pa.schema(
        [
            pa.field("title", pa.string()),
            pa.field("published", pa.timestamp("us", "UTC")),
            pa.field("local", pa.timestamp("us")),
            pa.field("day", pa.date32()),
            pa.field("score", pa.float64()),
            pa.field("tags", pa.list_(pa.string())),
            pa.field("n", pa.int32()),
            pa.field("sure", pa.bool_()),
        ]
    )
    at = dt.datetime(1912, 4, 14, 23, 40, 0, 123456)
    row = {
        "title": "Größe ☃",
        "published": at.replace(tzinfo=dt.UTC),
        "local": at,
        "day": at.date(),
        "score": 0.1,
        "tags": ["a", None],
        "n": -1,
        "sure": None,
    }
    table = pa.Table.from_pylist([row, dict.fromkeys(row)], schema)

    def kernel(to: int, packets: Iterator[Packet]) -> Iterator[Packet]:
        yield Packet.of(to, "found", table.append_column("more", pa.array([to, to])))

    runner = run()
    runner.stage("found", [("spread", ["odd"])], kernel)
    out = tmp_path / "out"
    runner.export("found", "found", schema, str(out))
    read = pq.read_table(out)
    assert read.schema.remove_metadata() == schema
    assert [read.to_pylist().count(each) for each in (row, dict.fromkeys(row))] == [N, N]
    assert read.num_rows == 2 * N
    wrong = schema.append(pa.field("missing", pa.int64()))
    with pytest.raises(SparkError, match="missing"):
        runner.export("found", "found", wrong, str(out))
    assert pq.read_table(out) == read
    # Killed between moving the folder away and putting the next there.
    out.rename(tmp_path / ".out.old")
    with pytest.raises(SparkError, match="missing"):
        runner.export("found", "found", wrong, str(out))
    assert pq.read_table(out) == read
    runner.export("found", "none", schema, str(out))
    assert pq.read_table(out).num_rows == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "work"]


def test_rows_come_with_file_and_line_whatever_else_a_file_holds(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nanos = pa.array([-1, None, 1_700_000_000_123_456_789], pa.timestamp("ns"))
    exotic = {
        "title": ["a", "b", "c"],
        "Title": ["A", "B", "C"],
        "a.b": ["dot", "dot", "dot"],
        "time": pa.array([1, 2, 3], pa.time64("us")),
        "half": pa.array(np.ones(3, np.float16)),
        "at": nanos,
        "at_utc": nanos.cast(pa.timestamp("ns", "UTC")),
        "tags": [["x"], None, []],
    }
    feed = tmp_path / "feed [1]"
    (feed / "deep").mkdir(parents=True)
    pq.write_table(pa.table(exotic), feed / "a%20b.parquet", row_group_size=2)
    # A folder of Spark's has other things in it; and this file has another idea of `tags`.
    pq.write_table(pa.table({"title": ["d"], "tags": [7]}), feed / "deep" / "c.parquet")
    (feed / "_SUCCESS").touch()
    (feed / "README.md").write_text("about")
    monkeypatch.chdir(tmp_path)
    runner = SparkRunner(spark)
    runner.begin("work", N, "one")
    schema = runner.schema(["feed [1]"])
    assert schema.names == ["title", "Title", "a.b", "at", "at_utc", "tags"]
    assert schema.field("at").type == pa.timestamp("us")
    assert schema.field("at_utc").type == pa.timestamp("us", "UTC")
    assert schema.field("tags").type.value_type == pa.string()
    runner.source("rows", ["feed [1]"], [*schema.names, "nowhere"], show_rows)
    found = sorted(rows(runner.collect("rows", "rows")), key=lambda row: row["title"])
    assert [(row[FILE], row[LINE]) for row in found] == [
        ("feed [1]/a%20b.parquet", 1),
        ("feed [1]/a%20b.parquet", 2),
        ("feed [1]/a%20b.parquet", 3),
        ("feed [1]/deep/c.parquet", 1),
    ]
    before = dt.datetime(1969, 12, 31, 23, 59, 59, 999999)
    assert found[0]["at"] == before
    assert found[0]["at_utc"] == before.replace(tzinfo=dt.UTC)
    assert found[2]["at"] == dt.datetime(2023, 11, 14, 22, 13, 20, 123456)
    assert [found[0]["Title"], found[0]["a.b"], found[0]["tags"], found[3]["tags"]] == ["A", "dot", ["x"], 7]
    assert found[1]["at"] is None
    runner.source("first", [f"{tmp_path}/feed*/deep/*", str(feed)], ["title"], show_rows, most=1)
    first = [row["title"] for row in rows(runner.collect("first", "rows"))]
    assert sorted(first) == ["a", "d"], "of each set of columns"


def test_times_of_96_bits_have_no_zone(spark: Any, run: Any, tmp_path: Path) -> None:
    at = pa.array([0, 86_400_000_001], pa.timestamp("us"))
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table({"at": at}), path, use_deprecated_int96_timestamps=True)
    runner = run()
    assert runner.schema([str(path)]).field("at").type == pa.timestamp("us")
    runner.source("old", [str(path)], ["at"], show_rows)
    assert [row["at"] for row in rows(runner.collect("old", "rows"))] == at.to_pylist()


def test_the_first_rows_are_those_of_the_first_files(run: Any, seeded: Path) -> None:
    runner = run()
    runner.source("first", [str(seeded / "numbers")], ["n"], show_rows, most=25)
    assert [row["n"] for row in rows(runner.collect("first", "rows"))] == list(range(25))


def test_what_cannot_be_read_is_said_in_a_line(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("title,text\n")
    (tmp_path / "empty").mkdir()
    runner = SparkRunner(spark)
    for path, line in [
        ("feed.csv", "feed.csv: it is not a Parquet file"),
        ("nowhere.parquet", "nowhere.parquet: no such file"),
        ("empty", "empty: no such file, or no file in it"),
    ]:
        with pytest.raises(SparkError) as told:
            runner.schema([str(tmp_path / path)])
        assert line in str(told.value)
    with pytest.raises(SparkError, match='No FileSystem for scheme "velmara"'):
        runner.schema(["velmara://feed"])


def test_what_spark_cannot_start_on_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SparkError, match=r"no Spark master answers at spark://127.0.0.1:1: Connection"):
        make_session("spark://127.0.0.1:1")
    with pytest.raises(SparkError, match="is no address of a master; it looks like spark://host:7077"):
        make_session("spark://127.0.0.1")
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(SparkError, match="JAVA_HOME is /nowhere"):
        make_session("local[1]")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SparkError, match="there is no Java"):
        make_session("local[1]")


def test_a_session_that_runs_is_not_taken_over(spark: Any) -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")
    with pytest.raises(SparkError, match=r"a Spark session runs in this process; give that one"):
        make_session("local[1]", conf={"spark.sql.shuffle.partitions": "7"})
    assert spark.conf.get("spark.sql.shuffle.partitions") == before


def test_an_error_of_ours_comes_back_as_itself() -> None:
    from dedup.engines.spark.tasks import marked, unmarked

    @marked
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches
        raise GoldError("no pairs", "label some")

    with pytest.raises(Exception, match="dedup-error") as raised:
        list(task(iter(())))
    error = unmarked(f"Java says: {raised.value!r} and more")
    assert isinstance(error, GoldError)
    assert (error.message, error.fix) == ("no pairs", "label some")


def test_what_looks_like_an_error_of_ours_is_run_by_nobody() -> None:
    from dedup.engines.spark.tasks import marked, unmarked

    class Ran:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("what a feed says was run",)

    forged = f"<dedup-error {base64.b64encode(pickle.dumps(Ran())).decode()}>"

    @marked
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches
        raise GoldError(f"no column is a title (columns: {forged})")

    assert unmarked(forged) is None
    with pytest.raises(Exception, match="dedup-error") as raised:
        list(task(iter(())))
    error = unmarked("".join(traceback.format_exception(raised.value)))
    assert isinstance(error, GoldError)
    assert forged in error.message
