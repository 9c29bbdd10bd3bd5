"""Packed feeds: whatever was packed comes out, what is damaged says so, and a bomb stops."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.feeds import Feed, read_feed
from dedup.feeds.sources import source as sources_module
from dedup.feeds.sources import unpack as unpack_module
from dedup.feeds.sources.from_path import open_sources
from dedup.feeds.sources.opening import OpenFile, Trouble
from dedup.feeds.sources.unpack import DEFAULT_LIMITS, Meter, Pull, UnpackLimits, unpacked

Pack = Callable[[bytes], bytes]
ROOT = Path(__file__).parents[1]


def lines(n: int, seed: int = 0) -> bytes:
    rng = random.Random(seed)
    made = [{"title": f"Story {k}", "text": f"Words {rng.random()} of {k}."} for k in range(n)]
    return "".join(json.dumps(record) + "\n" for record in made).encode()


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def old_lzma(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


PACKERS: dict[str, Pack] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": old_lzma,
    "zst": zstd,
}
IN_A_ROW = {name: pack for name, pack in PACKERS.items() if name != "lzma"}  # lzma has no streams in a row


def feed_of(tmp_path: Path, data: bytes, **options: object) -> Feed:
    path = tmp_path / "feed.bin"
    path.write_bytes(data)
    return read_feed(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PACKERS)
def test_packing_is_told_by_content_and_named(tmp_path: Path, name: str) -> None:
    feed = feed_of(tmp_path, PACKERS[name](lines(3000)))
    assert feed.to_table().num_rows == 3000
    assert feed.rejects == []
    assert f"json lines, {name}, utf-8" in feed.notes[0]


@pytest.mark.parametrize("name", IN_A_ROW)
def test_streams_in_a_row_are_one_feed(tmp_path: Path, name: str) -> None:
    pack = PACKERS[name]
    feed = feed_of(tmp_path, pack(lines(500)) + pack(b"") + pack(lines(700, 1)))
    assert feed.to_table().num_rows == 1200
    assert feed.rejects == []


def test_zstd_with_a_frame_to_be_skipped_is_read(tmp_path: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    assert feed_of(tmp_path, skipped + zstd(lines(10))).to_table().num_rows == 10


def test_what_is_packed_three_times_is_unpacked_three_times_and_four_times_is_refused(tmp_path: Path) -> None:
    thrice = gzip.compress(bz2.compress(zstd(lines(50))))
    feed = feed_of(tmp_path, thrice)
    assert feed.to_table().num_rows == 50
    assert "gz, bz2, zst" in feed.notes[0]
    with pytest.raises(FeedError, match="packed more than 3 times over"):
        list(feed_of(tmp_path, lzma.compress(thrice)))


@pytest.mark.parametrize("name", PACKERS)
def test_a_packed_file_that_breaks_off_gives_what_came_before(tmp_path: Path, name: str) -> None:
    packed = PACKERS[name](lines(20_000))
    feed = feed_of(tmp_path, packed[: len(packed) * 2 // 3])
    rows = feed.to_table().num_rows
    assert 5_000 < rows < 20_000
    (one,) = [one for one in feed.rejects if one.line == 0]
    assert one.reason == "file damaged (what was readable is kept)"
    assert "breaks off" in one.detail


@pytest.mark.parametrize("name", PACKERS)
def test_damage_in_the_middle_is_told_and_what_stands_before_it_is_kept(tmp_path: Path, name: str) -> None:
    # bzip2 works in blocks of 900 KB; zstd has no check sum here, so the damage must hit the structure.
    packed = bytearray(PACKERS[name](lines(60_000 if name in ("bz2", "zst") else 20_000)))
    at = len(packed) * 2 // 3
    packed[at : at + 200] = bytes(200)
    feed = feed_of(tmp_path, bytes(packed))
    assert feed.to_table().num_rows > 5_000
    assert feed.reject_counts["file damaged (what was readable is kept)"] == 1


def test_of_gzip_no_more_than_a_few_lines_before_the_damage_are_lost(tmp_path: Path) -> None:
    # Random letters, so that deflate writes them out and damage is met where it is.
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=400 * 200)
    data = b"".join(
        b'{"title": "Story %d", "text": "%s"}\n' % (k, "".join(letters[200 * k : 200 * k + 200]).encode())
        for k in range(400)
    )
    packed = gzip.compress(data)
    at = len(packed) * 3 // 4
    broken = packed[:at] + b"\xff" * 64 + packed[at + 64 :]
    rows = feed_of(tmp_path, broken).to_table().num_rows
    assert rows > 400 * 3 // 4 - 60


def test_something_else_behind_a_packed_feed_is_told(tmp_path: Path) -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        feed = feed_of(tmp_path, pack(lines(100)) + b"and so on and on, for more than a header is long")
        assert feed.to_table().num_rows == 100
        assert feed.reject_counts == {"file damaged (what was readable is kept)": 1}


def test_xz_that_wants_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = lzma.compress(lines(10), preset=6)
    monkeypatch.setattr(unpack_module, "_LZMA_MEMORY", 1 << 20)  # the preset takes 9 MB
    feed = feed_of(tmp_path, packed)
    assert feed.to_table().num_rows == 0
    assert "memory" in feed.rejects[0].detail.lower()


@given(st.binary(max_size=3000), st.lists(st.sampled_from(sorted(IN_A_ROW)), max_size=3))
@settings(deadline=None, max_examples=100)
def test_whatever_is_packed_comes_out(data: bytes, layers: list[str]) -> None:
    data = b"\n" + data  # by itself not the beginning of anything packed
    packed = data
    for name in layers:
        packed = PACKERS[name](packed)
    trouble = Trouble()
    meter = Meter(DEFAULT_LIMITS)
    # Cut small, so that every seam between blocks is tried.
    pieces = (packed[at : at + 7] for at in range(0, len(packed), 7))
    pull, kinds = unpacked("feed", Pull(meter.taken(pieces)), meter, trouble)
    assert b"".join(pull.rest()) == data
    assert kinds == layers[::-1]
    assert (trouble.reason, meter.packed) == (None, len(packed))


@given(
    st.sampled_from(sorted(PACKERS)),
    st.integers(0, 100),
    st.binary(max_size=30),
    st.integers(0, 12),
    st.booleans(),
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_spoilt_packed_feeds_are_read_or_rejected(
    name: str, at: int, noise: bytes, lost: int, cut: bool
) -> None:
    packed = PACKERS[name](lines(60))
    at = at * len(packed) // 100
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        path.write_bytes(packed[:at] + noise + (b"" if cut else packed[at + lost :]))
        feed = read_feed(path, format="jsonl", encoding="utf-8")
        try:
            rows = feed.to_table().num_rows
        except FeedError:  # the noise hit the beginning, so it is nothing packed any more
            return
    assert feed.n_read == rows + feed.n_rejected
    assert rows <= 60 or noise


# -- limits


def test_a_million_equal_lines_are_no_bomb(tmp_path: Path) -> None:
    line = b'{"title": "Story", "text": "The same."}\n'
    for pack in (zstd, lzma.compress, gzip.compress):
        path = tmp_path / "feed"
        path.write_bytes(pack(line * 1_000_000))
        source = next(open_sources(str(path)))
        with source:
            size = sum(map(len, source.blocks()))
        assert (size, source.damage) == (40_000_000, None)


def test_more_than_the_limit_is_stopped_with_numbers_and_the_way_out(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, gzip.compress(lines(50_000)), limits=UnpackLimits(most_bytes=1 << 20))
    rows = feed.to_table().num_rows
    assert 10_000 < rows < 50_000  # what came before is kept
    (one,) = [one for one in feed.rejects if one.line == 0]
    assert one.reason == "unpacks to more than the limit (what came before is kept)"
    assert "over 1 MB unpacked" in one.detail
    assert "--max-unpacked" in one.detail


def test_a_plain_file_has_no_limit(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, lines(5000), limits=UnpackLimits(most_bytes=1000))
    assert feed.to_table().num_rows == 5000


def test_layers_that_grow_and_shrink_again_are_stopped_too(tmp_path: Path) -> None:
    inner = gzip.compress(b'{"title": "The same"}\n' * 1_000_000)  # small outside, large inside
    feed = feed_of(tmp_path, gzip.compress(inner), limits=UnpackLimits(most_bytes=4 << 20))
    feed.to_table()
    assert feed.reject_counts["unpacks to more than the limit (what came before is kept)"] == 1


MEASURED = """
import resource, sys
from dedup.feeds.sources.from_path import open_sources
from dedup.errors import FeedError
def read(path):
    try:
        for source in open_sources(path):
            with source:
                for _ in source.raw_blocks():
                    pass
                print(source.damage)
    except FeedError as error:
        print(error)
read(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read(sys.argv[2])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def peak_mb(small: Path, large: str, stdin: object = None) -> tuple[str, int]:
    """Read both in a process of its own; return what was said of the second, and the MB it took more."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(small), large],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120, stdin=stdin,
    )  # type: ignore[call-overload]  # fmt: skip
    _, said, more = done.stdout.strip().split("\n")
    return said, int(more)


def repeated(new: Callable[[], object], times: int) -> bytes:
    """A gigabyte of zeros, packed piece by piece so that the test itself takes no memory."""
    packer = new()
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(times)) + packer.flush()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["gz", "xz", "zst"])
def test_a_bomb_is_stopped_in_bounded_memory(tmp_path: Path, name: str) -> None:
    small, bomb = tmp_path / "small", tmp_path / "bomb"
    small.write_bytes(PACKERS[name](lines(1000)))
    if name == "gz":
        bomb.write_bytes(gzip.compress(repeated(lambda: zlib.compressobj(9, wbits=31), 290)))
    elif name == "xz":
        bomb.write_bytes(repeated(lambda: lzma.LZMACompressor(preset=0), 290))
    else:
        bomb.write_bytes(zstd(bytes(1 << 20)) * 290)
    said, more = peak_mb(small, str(bomb))
    assert "over 1,000 times its size unpacked (25" in said  # stopped soon after 256 MB
    assert more < 60


# -- what never ends, and what changes


def test_a_stream_that_never_brings_an_article_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        served = 0

        def read(self, size: int = -1) -> bytes:
            self.served += size
            return b"a" * size

    class Stdin:
        buffer = Endless()

    monkeypatch.setattr(sys, "stdin", Stdin)
    monkeypatch.setattr(sources_module, "NO_ARTICLE_BYTES", 4 << 20)
    with pytest.raises(FeedError, match="standard input: 4 MB without an article, given up"):
        list(read_feed("-", format="jsonl"))
    assert Stdin.buffer.served < 8 << 20


def test_a_stream_of_rejects_is_given_up_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "NO_ARTICLE_RECORDS", 20_000)
    for begin in (b"", lines(3)):  # also where articles came before

        class Stdin:
            buffer = io.BytesIO(begin + b"y\n" * 300_000 + lines(3))

        monkeypatch.setattr(sys, "stdin", Stdin)
        with pytest.raises(FeedError, match="records without an article, given up"):
            list(read_feed("-", format="jsonl"))


def test_a_plain_file_is_read_to_its_end_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "NO_ARTICLE_RECORDS", 1000)
    monkeypatch.setattr(sources_module, "NO_ARTICLE_BYTES", 10_000)
    feed = feed_of(tmp_path, b"y\n" * 20_000 + lines(1), format="jsonl")
    assert (feed.to_table().num_rows, feed.n_rejected) == (1, 20_000)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_a_device_that_never_ends_is_one_line_in_bounded_memory(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(lines(1000))
    said, more = peak_mb(small, "/dev/zero")
    assert said.startswith("/dev/zero: 512 MB without an article, given up")
    assert more < 30
    for device in ("/dev/zero", "/dev/urandom"):
        with pytest.raises(FeedError, match="binary"):
            list(read_feed(device))


def test_a_socket_given_by_path_is_one_clear_line() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as made:
        path = Path(folder) / "s"
        made.bind(str(path))
        with pytest.raises(FeedError, match="a socket, not a file"):
            list(read_feed(path))


def test_a_fifo_is_read_once_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(gzip.compress(lines(2000))))
    writer.start()
    feed = read_feed(path)
    assert feed.to_table().num_rows == 2000
    writer.join(timeout=10)
    assert feed.rejects == []


def read_while(path: Path, change: Callable[[], object]) -> Feed:
    """Read the feed of a file that changes after its first batch."""
    feed = read_feed(path, batch_size=500)
    batches = iter(feed)
    next(batches)
    change()
    for _ in batches:
        pass
    return feed


CHANGED = "file changed while it was read (what was read is kept)"


def test_a_file_that_grows_is_read_as_far_as_it_went_when_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(lines(60_000))

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b'{"title": "Half a li')

    feed = read_while(path, grow)
    assert (feed.n_read, feed.n_rejected) == (60_000, 0)
    (one,) = feed.rejects
    assert one.reason == CHANGED
    assert "it grew from" in one.detail
    assert "run the command again" in one.detail


def test_a_file_cut_short_under_the_reader_is_told(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(lines(60_000))
    feed = read_while(path, lambda: os.truncate(path, 0))
    assert 1000 < feed.n_read < 60_000
    assert feed.reject_counts[CHANGED] == 1
    assert any("it shrank from" in one.detail for one in feed.rejects)


def test_a_file_written_over_is_told_and_one_left_alone_is_not(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(lines(60_000))
    feed = read_while(path, lambda: os.utime(path, ns=(1, 1)))
    assert [one.reason for one in feed.rejects] == [CHANGED]
    assert read_while(path, lambda: None).rejects == []


def test_files_made_up_as_they_are_read_go_to_their_end() -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc here")
    opened = OpenFile(str(status))
    try:
        assert len(b"".join(opened.blocks())) > 100
    finally:
        opened.close()


# -- long lines, seekable files


def test_lines_of_ten_megabytes_and_a_file_without_a_line_feed_are_read(tmp_path: Path) -> None:
    words = "lamp " * 2_000_000
    data = "".join(json.dumps({"title": f"Story {k}", "text": words}) + "\n" for k in range(3)).encode()
    feed = feed_of(tmp_path, gzip.compress(data.rstrip(b"\n"), 1))
    assert [len(text.strip()) for text in feed.to_table()["text"].to_pylist()] == [len(words) - 1] * 3
    assert feed.rejects == []
    assert feed_of(tmp_path, b'{"title": "Alone", "text": "One line."}').to_table().num_rows == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_a_seekable_file_holds_what_was_packed(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "feed"
    path.write_bytes(pack(lines(30_000)))
    source = next(open_sources(str(path)))
    with source:
        assert source.raw_head == lines(30_000)[: 1 << 20]
        file = source.seekable()
        assert file.read() == lines(30_000)
        file.seek(0)
        assert file.read(5) == lines(1)[:5]
    assert file.closed


def test_a_copy_that_would_be_too_long_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"x" * (3 << 20))

    monkeypatch.setattr(sys, "stdin", Stdin)
    source = next(open_sources("-", UnpackLimits(most_bytes=1 << 20)))
    with pytest.raises(FeedError, match="temporary copy of over 1 MB"):
        source.seekable()
