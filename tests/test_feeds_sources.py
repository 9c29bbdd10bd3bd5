"""Where the bytes come from: compression, damage, folders, standard input, and files that are no feed."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from dedup.errors import FeedError
from dedup.feeds import read_feed

LINES = "".join(
    f'{{"title": "Story number {n}", "text": "Words of story {n}."}}\n' for n in range(5000)
).encode()


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.jsonl.gz", "feed", "feed.zst"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd], ids=["plain", "gz", "zst"])
def test_compression_is_told_by_content_whatever_the_name(tmp_path: Path, name: str, pack: object) -> None:
    path = tmp_path / name
    path.write_bytes(pack(LINES))  # type: ignore[operator]
    feed = read_feed(path)
    assert feed.to_table().num_rows == 5000
    assert feed.rejects == []


def test_gzip_members_in_a_row_and_padding_are_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(gzip.compress(LINES) + gzip.compress(LINES) + b"\0" * 512)
    feed = read_feed(path)
    assert feed.to_table().num_rows == 10_000
    assert feed.rejects == []


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gz", "zst"])
def test_a_file_that_breaks_off_gives_what_could_be_unpacked_and_says_so(
    tmp_path: Path, pack: object
) -> None:
    packed: bytes = pack(LINES)  # type: ignore[operator]
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(packed[: len(packed) * 4 // 5])
    feed = read_feed(path)
    assert 1000 < feed.to_table().num_rows < 5000
    assert "file damaged (what was readable is kept)" in feed.reject_counts
    assert feed.rejects[-1].line == 0
    assert "break" in feed.rejects[-1].detail or "damaged" in feed.rejects[-1].detail


def test_damage_in_the_middle_of_gzip_is_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(packed)
    feed = read_feed(path)
    feed.to_table()
    assert feed.reject_counts["file damaged (what was readable is kept)"] == 1


def test_a_folder_is_its_files_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.csv"):
        (tmp_path / name).write_text(f"title,outlet\nFrom {name},x\n", encoding="utf-8")
    (tmp_path / ".hidden").write_text("title\nnot this\n", encoding="utf-8")
    feed = read_feed(tmp_path)
    assert [Path(path).name for path in feed.paths] == ["a.csv", "b.csv", "c.csv"]
    assert feed.to_table()["title"].to_pylist() == ["From a.csv", "From b.csv", "From c.csv"]
    assert feed.to_table()["file"].to_pylist() == feed.paths


def test_a_stray_file_in_a_folder_is_counted_and_the_rest_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,outlet\nLamp,x\n", encoding="utf-8")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    feed = read_feed(tmp_path)
    assert feed.to_table().num_rows == 1
    assert [one.reason for one in feed.rejects] == ["not a feed (skipped in its folder)"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "binary"),
        (os.urandom(4096), "binary"),
        (b"PK\x03\x04" + b"x" * 100, "zip archive"),
        (b"Dear diary,\n\nnothing happened today.\n", "not a feed I can read"),
        ("Съешь ещё этих мягких французских булок\n".encode("mac-cyrillic") * 20, "--encoding"),
    ],
    ids=["png", "random", "zip", "prose", "mac-cyrillic"],
)
def test_what_is_no_feed_is_one_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(FeedError) as caught:
        list(read_feed(path))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)], ids=repr)
def test_an_empty_file_is_told_and_no_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(content)
    feed = read_feed(path)
    assert feed.to_table().num_rows == 0
    assert (feed.n_read, feed.n_rejected, dict(feed.reject_counts)) == (0, 0, {"empty file": 1})


def test_a_missing_path_and_an_empty_folder_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"nowhere\.jsonl: no such file"):
        read_feed(tmp_path / "nowhere.jsonl")
    with pytest.raises(FeedError, match="holds no file"):
        read_feed(tmp_path)
    with pytest.raises(FeedError, match="no feed given"):
        read_feed([])
    with pytest.raises(FeedError, match="a b: no such file"):
        read_feed("a\0b")


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(LINES))

    monkeypatch.setattr(sys, "stdin", Stdin)
    feed = read_feed("-")
    assert feed.to_table().num_rows == 5000
    assert feed.notes[0].startswith("standard input: json lines, gz")
    with pytest.raises(FeedError, match="only once"):
        list(feed)


def test_a_feed_can_be_read_again_and_counts_anew(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(LINES + b"oops\n")
    feed = read_feed(path)
    first, second = feed.to_table(), feed.to_table()
    assert first.equals(second)
    assert (feed.n_read, feed.n_rejected, len(feed.rejects), len(feed.notes)) == (5001, 1, 1, 1)


def test_only_the_first_rejects_are_kept_but_all_counted(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(LINES[:300] + b"\n" + b"oops\n" * 12_000)
    feed = read_feed(path)
    feed.to_table()
    assert len(feed.rejects) == 10_000
    assert feed.reject_counts["not valid JSON"] >= 12_000


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "feed.txt"
    path.write_text("garbage\nmore garbage\n", encoding="utf-8")
    feed = read_feed(path, format="ndjson")
    assert feed.to_table().num_rows == 0
    assert feed.reject_counts == {"not valid JSON": 2}


def test_to_pandas_gives_every_field(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(LINES)
    frame = read_feed(path).to_pandas()
    assert list(frame["title"][:2]) == ["Story number 0", "Story number 1"]


def test_importing_the_feeds_does_not_import_pandas() -> None:
    code = "import sys, dedup.feeds; print('pandas' in sys.modules)"
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
