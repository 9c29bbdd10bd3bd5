"""The command line as its users meet it: real processes, their output, their exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dedup.cli import app, guard
from dedup.cli.reading import read_line, reject_line
from dedup.errors import DedupError

ROOT = Path(__file__).resolve().parent.parent
FEED = ROOT / "samples" / "feed.jsonl"
COMMANDS = ("index", "clusters", "show", "query", "export", "stats", "check", "evaluate", "tune", "simulate")

STORY = (
    "TALVORA (Reuters) - A magnitude 6.1 earthquake struck western Velmara before dawn on Tuesday, killing "
    "at least nine people and bringing down dozens of mud-brick houses in the hills above the town of Sarn, "
    "officials said. Rescue teams were being flown in by helicopter from the air base at Dorrim because a "
    "rockfall had blocked the road."
)
RAIN = (
    "Heavy rain flooded the lower market of Brunsel on Friday and closed two schools, the fire brigade said, "
    "while ferries to the islands were cancelled until the storm has passed over the gulf and the harbour "
    "opens again."
)
_FIELDS = ("id", "outlet", "published", "title", "text")
_ROWS = (
    ("m1", "Meridian", "2025-03-04T06:10Z", "Quake hits western Velmara", STORY),
    ("b1", "Beacon", "2025-03-04T08:24Z", "=Nine \x1b[31mdead\x1b[0m in Velmara", STORY),
    ("r1", "Ledger", "2025-03-04T09:00Z", "Rain floods Brunsel market", RAIN),
)
RECORDS = [dict(zip(_FIELDS, row, strict=True)) for row in _ROWS]


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    command = [sys.executable, "-m", "dedup", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=60, **options
    )


Inside = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def inside(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Run a command in this process, for tests of what it says; the imports are paid once."""

    def call(*arguments: str | Path, input: str = "") -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input.encode())))
        with pytest.raises(SystemExit) as ended:
            app(list(map(str, arguments)))
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *capfd.readouterr())

    return call


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    lines = [json.dumps(record) for record in RECORDS]
    path.write_text("\n".join([*lines[:2], "{broken", lines[2], '{"id": "e1"}']) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def news(feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("news") / "news.dedup"
    done = run("index", feed, "-i", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "read 3 articles, 2 rejected (1 no title and no text, 1 not valid JSON)" in done.stderr
    assert f"{feed}:3: not valid JSON" in done.stderr
    assert "added 3 articles" in done.stderr
    return folder


# Help and usage


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_shows_an_example_and_answers_at_once(command: tuple[str, ...]) -> None:
    began = time.perf_counter()
    done = run(*command, "--help")
    assert time.perf_counter() - began < 2
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"dedup {' '.join(command)}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("clusters",),
        ("clusters", "feed.jsonl", "--format", "xml"),
        ("clusters", "feed.jsonl", "--top", "many"),
        ("clusters", "feed.jsonl", "--no-such-option"),
        ("index", "feed.jsonl"),
        ("index", "-i", "news.dedup"),
        ("show", "-i", "news.dedup"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def assert_one_error(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("dedup: error: ")]
    assert len(lines) == 1, done.stderr
    assert done.stderr.endswith(lines[0] + "\n")
    for text in said:
        assert text in lines[0]
    assert "Traceback" not in done.stderr


def test_a_missing_feed_is_named_and_leaves_no_index_behind(inside: Inside, tmp_path: Path) -> None:
    assert_one_error(inside("clusters", tmp_path / "no.jsonl"), "no.jsonl", "no such file")
    assert_one_error(inside("index", tmp_path / "no.jsonl", "-i", tmp_path / "new"), "no such file")
    assert not (tmp_path / "new").exists()


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    assert_one_error(run("stats", "-i", tmp_path), "no index", "dedup index FEED -i")


def test_all_wrong_settings_are_told_at_once(inside: Inside) -> None:
    done = inside(
        "clusters", FEED, "--threshold", "7", "--since", "gestern", "--window", "5", "--min-size", "1"
    )
    assert_one_error(done, "4 settings are wrong", "threshold", "'gestern'", "'5'", "min-size")


def test_an_index_and_a_feed_do_not_mix(inside: Inside, news: Path) -> None:
    assert_one_error(inside("clusters", news, FEED), "cannot be mixed")


def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    inside: Inside, news: Path, tmp_path: Path
) -> None:
    assert_one_error(inside("clusters", news, "-o", tmp_path / "no" / "x.csv"), "is no folder")
    assert_one_error(inside("clusters", news, "-o", tmp_path), "is a folder")
    assert_one_error(inside("clusters", news, "-o", tmp_path / "x.docx"), "which format", "--format")
    assert_one_error(inside("show", "-i", news, "nothing"), "'nothing'")


# Results


def test_the_table_of_a_feed(feed: Path) -> None:
    done = run("clusters", feed, "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Quake hits western Velmara"
    assert "2 articles · 2 outlets, 1 origin · within 2 h 14 min" in done.stdout
    assert "=Nine dead in Velmara" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("3 articles, 1 cluster holds 2 of them (67 %)")
    assert "Rain" not in done.stdout


def test_the_same_clusters_from_an_index_in_every_format(news: Path, tmp_path: Path) -> None:
    out = tmp_path / "copies.csv"
    done = run("clusters", news, "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [row["article_id"] for row in rows] == ["m1", "b1"]
    assert rows[0]["published"] == "2025-03-04T06:10:00Z"
    assert rows[1]["title"] == RECORDS[1]["title"]
    assert rows[1]["lag_s"] == "8040"
    jsonl = run("clusters", news, "--format", "jsonl")
    cluster = json.loads(jsonl.stdout)
    assert cluster["cluster_id"] == rows[0]["cluster_id"]
    assert [one["article_id"] for one in cluster["members"]] == ["m1", "b1"]


def test_parquet_goes_to_a_pipe_and_comes_back(news: Path) -> None:
    from pyarrow import parquet

    command = [sys.executable, "-m", "dedup", "clusters", str(news), "--format", "parquet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert parquet.read_table(io.BytesIO(done.stdout))["article_id"].to_pylist() == ["m1", "b1"]


def test_nothing_found_is_no_error(inside: Inside, news: Path) -> None:
    done = inside("clusters", news, "--since", "2030-01-01")
    assert done.returncode == 0
    assert done.stdout == "None of the 3 articles was published in that time.\n"
    done = inside("clusters", news, "--since", "2030-01-01", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "cluster_id,article_id,canonical_id,relation,score,lag_s,outlet,published,title,"
    )
    assert done.stdout.count("\n") == 1


def test_show_query_export_stats(inside: Inside, news: Path, tmp_path: Path) -> None:
    shown = inside("show", "-i", news, "b1")
    assert shown.returncode == 0, shown.stderr
    assert "m1 · " in shown.stdout
    assert "cluster " in shown.stdout
    assert "r1 is in no cluster" in inside("show", "-i", news, "r1").stdout

    asked = inside("query", "-i", news, "--text", input=f"Earthquake in Velmara\n{STORY}\n")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("Earthquake in Velmara\n  ")
    assert "Meridian" in asked.stdout

    out = tmp_path / "unique.jsonl"
    assert inside("export", "-i", news, "-o", out).returncode == 0
    exported = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(record["id"] for record in exported) == ["m1", "r1"]
    again = inside("index", out, "-i", tmp_path / "again.dedup")
    assert "read 2 articles, 0 rejected" in again.stderr
    done = inside("export", "-i", news, "--all", "-o", out)
    assert "wrote 3 articles" in done.stderr
    exported = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(record["id"] for record in exported) == ["b1", "m1", "r1"]

    held = json.loads(inside("stats", "-i", news, "--format", "json", "--rejects").stdout)
    assert (held["articles"], held["rejects"]) == (3, {"not valid JSON": 1, "no title and no text": 1})
    assert len(held["rejected"]) == 2
    assert f"{news}\n  articles   3 articles\n" in inside("stats", "-i", news).stdout


def test_rejects_are_written_where_asked(inside: Inside, feed: Path, tmp_path: Path) -> None:
    out = tmp_path / "bad.csv"
    done = inside("clusters", feed, "--rejects", out)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [(row["line"], row["reason"]) for row in rows] == [
        ("3", "not valid JSON"),
        ("5", "no title and no text"),
    ]


def test_csv_imports_nothing_heavy(feed: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from dedup.cli import main\n"
        f"sys.argv = ['dedup', 'clusters', {str(feed)!r}, '-o', {str(tmp_path / 'x.csv')!r}]\n"
        "try:\n    main()\nfinally:\n"
        "    print(*(n for n in ('sklearn', 'pandas', 'datasketch', 'pyspark') if n in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


# Ends that are not good


def test_a_reader_that_has_seen_enough_is_no_error(news: Path) -> None:
    command = f"{sys.executable} -m dedup clusters {news} --format csv | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "c0\n"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(news: Path) -> None:
    for target in (("-o", "/dev/full", "--format", "csv"), ()):
        command = [sys.executable, "-m", "dedup", "clusters", str(news), *target]
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
            )
        assert done.returncode == 1
        assert "dedup: error: disk full" in done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    # A feed that never ends: standard input stays open.
    with subprocess.Popen(
        [sys.executable, "-m", "dedup", "clusters", "-"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What starts the tests in the background may have it ignore interrupts, and so would the child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(RECORDS[0]).encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while not any(temporary.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(sent)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert out == b""
    assert b"Traceback" not in err
    assert list(temporary.iterdir()) == []


def test_output_is_replaced_only_when_all_went_well(tmp_path: Path) -> None:
    from dedup.report.destination import destination

    out = tmp_path / "x.csv"
    out.write_text("old")

    def fail_half_way() -> None:
        with destination(out, "csv") as file:
            file.write(b"half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
    with destination(out, "csv") as file:
        file.write(b"new")
    assert out.read_text() == "new"


def fails_with(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return guard.guarded(command)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DedupError("no", "do yes"), 1, "dedup: error: no; do yes\n"),
        (KeyError("x"), 1, "dedup: error: unexpected KeyError: 'x'; set DEDUP_DEBUG=1 for the traceback\n"),
        (ValueError("two\nlines \x1b[31m"), 1, "dedup: error: unexpected ValueError: two lines ;"),
        (
            OSError(28, "No space left on device", "/x"),
            1,
            "dedup: error: disk full while writing /x; free space",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "x"),
            1,
            "dedup: error: No such file or directory: x\n",
        ),
        (MemoryError(), 1, "dedup: error: out of memory"),
        (KeyboardInterrupt(), 130, "dedup: interrupted\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_every_end_has_its_code_and_its_line(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DEDUP_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        fails_with(error)()
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") <= 1


def test_the_traceback_is_there_for_whoever_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEDUP_DEBUG", "1")
    with pytest.raises(SystemExit):
        fails_with(KeyError("x"))()
    assert "Traceback" in capsys.readouterr().err


# A terminal


def on_terminal(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Return what a terminal of 90 columns shows of a command."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color", **(env or {})}
    process = subprocess.Popen(
        [sys.executable, "-m", "dedup", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux: the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    process.wait(timeout=60)
    return shown.decode()


def test_a_terminal_gets_colours_and_its_own_width(news: Path) -> None:
    shown = on_terminal("clusters", str(news))
    assert "\x1b[1mQuake hits western Velmara\x1b[0m" in shown
    assert "\x1b[31m" not in shown  # the headline's own
    facts = next(line for line in shown.splitlines() if "2 outlets" in line)
    assert len(facts.replace("\x1b[2m", "").replace("\x1b[0m", "").rstrip("\r")) == 90
    # A slow machine shows a bar, so only the table is looked at.
    plain = on_terminal("clusters", str(news), env={"NO_COLOR": "1"})
    assert "Quake hits western Velmara\r\n2 articles" in plain


def test_a_terminal_is_spared_parquet(news: Path) -> None:
    assert "dedup: error: parquet is not for a terminal" in on_terminal(
        "clusters", str(news), "--format", "parquet"
    )


# Words


def test_what_was_read_in_one_line() -> None:
    counts = {"no title and no text": 1, "not valid JSON": 2}
    assert read_line(312, 3, counts) == (
        "read 309 articles, 3 rejected (2 not valid JSON, 1 no title and no text)"
    )
    kept = {"date not understood (article kept without it)": 4}
    assert read_line(1, 0, kept) == (
        "read 1 article, 0 rejected; noted: 4 date not understood (article kept without it)"
    )


def test_a_reject_in_one_line() -> None:
    from dedup.article import Reject

    assert (
        reject_line(Reject("f.jsonl", 17, "not valid JSON", "line 1")) == "f.jsonl:17: not valid JSON: line 1"
    )
    assert reject_line(Reject("f.jsonl", 0, "empty file")) == "f.jsonl: empty file"


def test_only_the_first_rejects_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from dedup.article import Reject
    from dedup.cli.progress import Progress
    from dedup.cli.reading import tell_rejects

    rejects = [Reject("f", n, "not valid JSON") for n in range(1, 18)]
    with Progress(wanted=False) as progress:
        tell_rejects(progress, rejects, {"not valid JSON": 17}, written=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "  f:1: not valid JSON"
    assert lines[5:] == ["  and 12 more; --rejects FILE writes them all"]


def test_a_bar_appears_after_a_second_and_goes(capsys: pytest.CaptureFixture[str]) -> None:
    from dedup.cli.progress import Progress

    with Progress(wanted=True) as progress:
        progress.stage("sketch", 1, 4)
        time.sleep(1.3)
        progress.stage("sketch", 2, 4)
        assert progress._bars is not None
        progress.say("a note")
    assert progress._bars is None
    assert "a note" in capsys.readouterr().err
    with Progress(wanted=True) as progress:
        progress.stage("quick", 1, 1)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_notes_break_between_words_and_name_a_file_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from dedup.cli.progress import Progress

    notes = ["a/long-name.csv: csv, utf-8, title=Headline", "a/long-name.csv: cleaned 3 titles", "b.csv: csv"]
    with Progress(wanted=False, width=24) as progress:
        for note in notes:
            progress.note(note)
        progress.say("read 7 articles")
        progress.note("b.csv: and more")
    assert capsys.readouterr().err.splitlines() == [
        "a/long-name.csv: csv,",
        "  utf-8, title=Headline",
        "  cleaned 3 titles",
        "b.csv: csv",
        "read 7 articles",
        "b.csv: and more",
    ]
    with Progress(wanted=False, width=0) as progress:  # no terminal
        for note in notes:
            progress.note(note)
    assert capsys.readouterr().err.splitlines() == notes


def test_a_result_never_replaces_what_is_read(feed: Path, news: Path, tmp_path: Path, inside: Inside) -> None:
    copy = tmp_path / "feed.jsonl"
    copy.write_bytes(feed.read_bytes())
    done = inside("clusters", copy, "-o", copy)
    assert done.returncode == 1
    assert "is what is read" in done.stderr
    assert copy.read_bytes() == feed.read_bytes()
    done = inside("export", "-i", news, "-o", news / "catalog.sqlite", "--format", "jsonl")
    assert done.returncode == 1
    assert "lies inside the index" in done.stderr
