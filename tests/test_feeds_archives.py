"""Archives: each member is a feed, nothing is written to disk, and whoever means harm is refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import random
import stat
import struct
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.feeds import Feed, read_feed
from dedup.feeds.sources.from_path import open_sources
from dedup.feeds.sources.unpack import UnpackLimits

MEMBER = "member of an archive not read"
DAMAGED = "file damaged (what was readable is kept)"
OVER = "unpacks to more than the limit (what came before is kept)"


def lines(n: int, seed: int = 0) -> bytes:
    rng = random.Random(seed)
    made = [{"title": f"Story {seed}.{k}", "text": f"Words {rng.random()} of {k}."} for k in range(n)]
    return "".join(json.dumps(record) + "\n" for record in made).encode()


Members = Mapping[str, bytes] | list[tuple[str, bytes]]


def zipped(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, data in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(members: Members, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items() if isinstance(members, Mapping) else members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def feed_of(tmp_path: Path, data: bytes, **options: object) -> Feed:
    path = tmp_path / "dump.bin"
    path.write_bytes(data)
    return read_feed(path, **options)  # type: ignore[arg-type]


def refused(feed: Feed) -> dict[str, str]:
    """Read the feed; return what it says about whole files, by the name within the archive."""
    feed.to_table()
    return {one.file.partition("dump.bin")[2].removeprefix("/"): one.detail for one in feed.rejects}


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
def test_members_of_a_zip_are_read_by_name_each_as_what_it_is(tmp_path: Path, method: int) -> None:
    table = b"title;outlet;text\nA lamp;Gazette;Blue words.\nA tree;Gazette;Green words.\n"
    data = zipped(
        {"b/two.jsonl": lines(2000), "a.csv": table, "c.jsonl.gz": gzip.compress(lines(3, 1))}, method
    )
    feed = feed_of(tmp_path, data)
    found = feed.to_table()
    assert feed.rejects == []
    path = str(tmp_path / "dump.bin")
    files = [f"{path}/a.csv"] * 2 + [f"{path}/b/two.jsonl"] * 2000 + [f"{path}/c.jsonl.gz"] * 3
    assert found["file"].to_pylist() == files
    assert "json lines, zip, gz, utf-8" in " ".join(feed.notes)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_members_of_a_tar_are_read_as_they_lie_in_it(tmp_path: Path, mode: str) -> None:
    long = "deep/" * 40 + "long.jsonl"  # too long for one header
    data = tarred([("b.jsonl", lines(2000)), (f"./{long}", lines(2, 1)), ("a.jsonl", lines(3, 2))], mode)
    feed = feed_of(tmp_path, data)
    names = list(dict.fromkeys(feed.to_table()["file"].to_pylist()))
    assert [name.partition("dump.bin/")[2] for name in names][::2] == ["b.jsonl", "a.jsonl"]
    assert feed.to_table().num_rows == 2005
    assert feed.rejects == []


def test_folders_hidden_files_and_what_a_macintosh_adds_are_left_out(tmp_path: Path) -> None:
    names = [".hidden.jsonl", ".git/x.jsonl", "__MACOSX/._a.jsonl", "sub/.DS_Store", "a.jsonl", "empty/"]
    for pack in (zipped, tarred):
        feed = feed_of(tmp_path, pack([(name, b"" if name.endswith("/") else lines(2)) for name in names]))
        rows = feed.to_table()
        assert set(rows["file"].to_pylist()) == {str(tmp_path / "dump.bin/a.jsonl")}


def test_names_that_climb_out_are_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "in"
    outside.mkdir()
    monkeypatch.chdir(outside)
    evil = ["../up.jsonl", "a/../../up.jsonl", "/abs.jsonl", "C:\\win.jsonl", "..\\back.jsonl", "c:up.jsonl"]
    before = sorted(tmp_path.rglob("*"))
    for pack in (zipped, tarred):
        (tmp_path / "dump.bin").write_bytes(
            pack([*((name, lines(1)) for name in evil), ("good.jsonl", lines(2))])
        )
        feed = read_feed(tmp_path / "dump.bin")
        assert feed.to_table().num_rows == 2
        said = [one.detail for one in feed.rejects]
        assert len(said) == len(evil)
        assert all("climbs out" in one or "absolute" in one for one in said)
        (tmp_path / "dump.bin").unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    data = zipped({"good.jsonl": lines(2), "evilX.txt": lines(1)}).replace(b"evilX.txt", b"evil\0.txt")
    assert refused(feed_of(tmp_path, data)) == {"evil": "its name holds a NUL"}


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.jsonl", lines(2))
    assert refused(feed_of(tmp_path, out.getvalue())) == {"link.jsonl": "a link"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("dev", tarfile.CHRTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
        entry = tarfile.TarInfo("good.jsonl")
        entry.size = len(lines(2))
        tar.addfile(entry, io.BytesIO(lines(2)))
    assert refused(feed_of(tmp_path, out.getvalue())) == {
        "soft": "a link", "hard": "a link", "dev": "no plain file",
    }  # fmt: skip


def test_encrypted_members_and_unknown_methods_are_refused_by_name(tmp_path: Path) -> None:
    data = bytearray(zipped({"closed.jsonl": lines(1), "good.jsonl": lines(2), "odd.jsonl": lines(1)}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # the first member's flags
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02", at + 4) + 4)
    data[at + 10 : at + 12] = struct.pack("<H", 9)  # the third member's method
    said = refused(feed_of(tmp_path, bytes(data)))
    assert said == {
        "closed.jsonl": "encrypted; unpack it with its password",
        "odd.jsonl": "packed by a method unknown here (9); unpack it",
    }


def test_members_of_one_name_are_all_read_and_told_apart(tmp_path: Path) -> None:
    for pack in (zipped, tarred):
        feed = feed_of(tmp_path, pack([("a.jsonl", lines(1, 1)), ("a.jsonl", lines(1, 2))]))
        rows = feed.to_table()
        assert rows["title"].to_pylist() == ["Story 1.0", "Story 2.0"]
        assert [name.rpartition("/")[2] for name in rows["file"].to_pylist()] == ["a.jsonl", "a.jsonl (2)"]


def test_a_stray_member_is_counted_and_an_archive_without_a_feed_is_an_error(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, zipped({"a.jsonl": lines(2), "logo.png": b"\x89PNG" + bytes(range(256)) * 9}))
    assert feed.to_table().num_rows == 2
    assert [(one.reason, one.file.endswith("logo.png")) for one in feed.rejects] == [(MEMBER, True)]
    with pytest.raises(FeedError, match=r"nothing in the archive can be read \(.*logo.png: .*binary"):
        list(feed_of(tmp_path, zipped({"logo.png": b"\x89PNG" + bytes(range(256)) * 9})))
    for empty in (zipped({}), zipped({"folder/": b""})):
        with pytest.raises(FeedError, match="it holds no file"):
            list(feed_of(tmp_path, empty))
    with pytest.raises(FeedError, match="an Office document; save it as CSV"):
        list(feed_of(tmp_path, zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})))


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = zipped({"a.jsonl": lines(1)})
    data = zipped(
        {"good.jsonl": lines(2), "in.zip": inner, "in.tar.gz": gzip.compress(tarred({"a.jsonl": lines(1)}))}
    )
    said = refused(feed_of(tmp_path, data))
    assert said == {
        "in.tar.gz": "a tar archive in an archive; unpack it and give that",
        "in.zip": "a zip archive in an archive; unpack it and give that",
    }
    deep = gzip.compress(gzip.compress(gzip.compress(gzip.compress(lines(1)))))
    said = refused(feed_of(tmp_path, zipped({"good.jsonl": lines(2), "deep.gz": deep})))
    assert "packed more than 3 times over" in said["deep.gz"]


def test_a_zip_within_gzip_and_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a.jsonl": lines(2000), "b.jsonl": lines(3, 1)})
    assert feed_of(tmp_path, gzip.compress(data)).to_table().num_rows == 2003
    for piped in (data, tarred({"a.jsonl": lines(2000), "b.jsonl": lines(3, 1)}, "w:gz")):

        class Stdin:
            buffer = io.BytesIO(piped)

        monkeypatch.setattr(sys, "stdin", Stdin)
        feed = read_feed("-")
        assert feed.to_table().num_rows == 2003
        assert feed.rejects == []


class Forwards(io.BytesIO):
    """A file that cannot be gone back in, so that a zip is written as into a pipe: sizes behind the data."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seek(self, *args: int) -> int:
        raise io.UnsupportedOperation


def test_zips_written_into_a_pipe_and_zip64_are_read(tmp_path: Path) -> None:
    out = Forwards()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", lines(100))
    assert feed_of(tmp_path, out.getvalue()).to_table().num_rows == 100
    large = io.BytesIO()
    with (
        zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.jsonl", "w", force_zip64=True) as member,
    ):
        member.write(lines(100))
    assert feed_of(tmp_path, large.getvalue()).to_table().num_rows == 100
    # More members than the plain directory can count makes the directory itself zip64.
    many = zipped({f"{'' if n % 1000 == 0 else '.'}{n:05}.jsonl": lines(1, n) for n in range(65_600)}, 0)
    feed = feed_of(tmp_path, many)
    assert feed.to_table().num_rows == 66


@pytest.mark.parametrize("says", [10, 10_000_000])
def test_a_false_size_in_the_directory_is_told_and_all_of_it_read(tmp_path: Path, says: int) -> None:
    data = bytearray(zipped({"a.jsonl": lines(100)}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", says)
    feed = feed_of(tmp_path, bytes(data))
    assert feed.to_table().num_rows == 100
    (one,) = feed.rejects
    assert (one.reason, f"the archive says {says:,} bytes" in one.detail) == (DAMAGED, True)


def test_a_damaged_member_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.jsonl": lines(3000), "b.jsonl": lines(7, 1)}))
    at = 20_000
    data[at : at + 64] = bytes(64)
    feed = feed_of(tmp_path, bytes(data))
    rows = feed.to_table().num_rows
    assert 100 < rows <= 3007
    told = [one for one in feed.rejects if one.reason == DAMAGED]
    assert [one.file.rpartition("/")[2] for one in told] == ["a.jsonl"]
    # One flipped letter is seen by nothing but the check sum.
    stored = bytearray(zipped({"a.jsonl": lines(10)}, 0))
    stored[stored.index(b"Words") + 1] ^= 1
    feed = feed_of(tmp_path, bytes(stored))
    assert feed.to_table().num_rows == 10
    assert "check sum" in feed.rejects[0].detail


def test_archives_that_break_off(tmp_path: Path) -> None:
    data = zipped({"a.jsonl": lines(3000), "b.jsonl": lines(7, 1)})
    with pytest.raises(FeedError, match="damaged or breaks off"):
        list(feed_of(tmp_path, data[:-30]))
    for mode in ("w", "w:gz"):
        data = tarred([("a.jsonl", lines(300)), ("b.jsonl", lines(20_000, 1))], mode)
        feed = feed_of(tmp_path, data[: len(data) * 2 // 3])
        assert 5_000 < feed.to_table().num_rows < 20_300
        assert set(feed.reject_counts) >= {DAMAGED}
    tar = bytearray(tarred([("a.jsonl", lines(300)), ("b.jsonl", lines(300, 1))]))
    second = tar.index(b"b.jsonl")
    tar[second : second + 512] = b"\x01" * 512
    feed = feed_of(tmp_path, bytes(tar))
    assert feed.to_table().num_rows == 300
    assert "damaged after a.jsonl" in feed.rejects[-1].detail


def overlapping() -> bytes:
    """Two entries of the directory for one member's data: what a bomb multiplies."""
    data = zipped({"a.jsonl": lines(50), "b.jsonl": lines(3, 1)})
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    return data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :]


def test_members_that_share_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="overlap another member's, as in a bomb"):
        list(feed_of(tmp_path, overlapping()))


def test_the_limit_holds_for_all_members_together(tmp_path: Path) -> None:
    data = zipped({f"{n}.jsonl": lines(5000, n) for n in range(6)})
    feed = feed_of(tmp_path, data, limits=UnpackLimits(most_bytes=1 << 20))
    rows = feed.to_table().num_rows
    assert 10_000 < rows < 25_000
    assert feed.reject_counts[OVER] == 2  # the member that met it, and what was left unread
    assert "nothing read after 2.jsonl" in feed.rejects[-1].detail


def test_too_many_members_are_one_clear_line(tmp_path: Path) -> None:
    members = {f"{n}.jsonl": lines(1, n) for n in range(6)}
    with pytest.raises(FeedError, match="6 members, 5 at most"):
        list(feed_of(tmp_path, zipped(members), limits=UnpackLimits(most_members=5)))
    feed = feed_of(tmp_path, tarred(members), limits=UnpackLimits(most_members=5))
    assert feed.to_table().num_rows == 5
    assert "over 5 members" in feed.rejects[0].detail


def test_headers_without_end_in_a_tar_are_stopped(tmp_path: Path) -> None:
    # A header may say that its attributes are a gigabyte long; they would be read into memory.
    entry = tarfile.TarInfo("pax")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 30
    data = tarred({"a.jsonl": lines(5)})[: 512 * 2] + entry.tobuf(tarfile.USTAR_FORMAT) + bytes(12 << 20)
    feed = feed_of(tmp_path, gzip.compress(data, 1))
    assert feed.to_table().num_rows == 5
    assert "headers without end" in feed.rejects[-1].detail


def test_a_folder_may_hold_archives(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x.jsonl": lines(2)}))
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "c.tar").write_bytes(tarred({"x.jsonl": lines(3, 1)}))
    feed = read_feed(tmp_path)
    assert feed.to_table().num_rows == 5
    assert [Path(one.file).name for one in feed.rejects] == ["b.zip"]


names = st.text("abcÄ日/._ -", min_size=1, max_size=12).filter(
    lambda name: (
        not name.startswith("/") and not any(part.startswith(".") or part == "" for part in name.split("/"))
    )
)


@given(
    st.dictionaries(names, st.binary(max_size=400), min_size=1, max_size=6),
    st.sampled_from([*METHODS, "w", "w:gz", "w:xz"]),
)
@settings(deadline=None, max_examples=120)
def test_whatever_goes_into_an_archive_comes_out(members: dict[str, bytes], way: int | str) -> None:
    members = {name: b"\n" + data for name, data in members.items()}
    data = tarred(members, way) if isinstance(way, str) else zipped(members, way)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data)
        found: dict[str, bytes] = {}
        rejected: list[object] = []
        for source in open_sources(str(path), refused=rejected):  # type: ignore[arg-type]
            with source:
                found[source.path.removeprefix(f"{path}/")] = b"".join(source.raw_blocks())
                assert source.damage is None
    assert rejected == []
    assert sorted(found.values()) == sorted(members.values())


@given(
    st.booleans(),
    st.lists(
        st.tuples(st.integers(0, 100), st.binary(max_size=8), st.integers(0, 8)), min_size=1, max_size=4
    ),
    st.integers(20, 100),
)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_spoilt_archives_are_read_or_rejected(
    as_zip: bool, spoils: list[tuple[int, bytes, int]], kept: int
) -> None:
    members = {"a.jsonl": lines(20), "b.jsonl.bz2": bz2.compress(lines(5, 1)), "c.csv": b"title\nLamp\n"}
    data = zipped(members) if as_zip else tarred(members)
    for where, what, lost in spoils:
        at = where * len(data) // 100
        data = data[:at] + what + data[at + lost :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data[: kept * len(data) // 100])
        try:
            feed = read_feed(path)
            rows = feed.to_table().num_rows
        except FeedError:
            return
        assert feed.n_read == rows + feed.n_rejected
        assert os.listdir(folder) == ["dump"]


def renamed(archive: bytes, old: bytes, new: bytes) -> bytes:
    """Return a zip with another name of the same length in its directory and before the data."""
    assert len(old) == len(new)
    assert archive.count(old) == 2
    return archive.replace(old, new)


def test_a_member_without_a_name_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    whole = zipped({"nameless": lines(1), "good.jsonl": lines(2, 1)})
    feed = feed_of(tmp_path, renamed(whole, b"nameless", b"\0ameless"))
    assert refused(feed) == {"(no name)": "its name holds a NUL"}
    assert feed.to_table().num_rows == 2

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open(zipfile.ZipInfo(""), "w") as member:
            member.write(lines(1))
        archive.writestr("good.jsonl", lines(2, 1))
    feed = feed_of(tmp_path, out.getvalue())
    assert refused(feed) == {"(no name)": "it has no name"}
    assert feed.to_table().num_rows == 2


def test_a_tar_whose_member_claims_a_petabyte_ends_at_once(tmp_path: Path) -> None:
    whole = bytearray(tarred({"a.jsonl": lines(2), "b.bin": b"x", "c.jsonl": lines(2, 1)}))
    header = 1024  # of b.bin
    whole[header + 124 : header + 136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    whole[header + 148 : header + 156] = b" " * 8
    whole[header + 148 : header + 156] = b"%06o\0 " % sum(whole[header : header + 512])
    link = bytearray(whole)
    link[header + 156] = ord("3")  # a device: skipped, not read
    link[header + 148 : header + 156] = b" " * 8
    link[header + 148 : header + 156] = b"%06o\0 " % sum(link[header : header + 512])
    for data in (bytes(whole), bytes(link)):
        feed = feed_of(tmp_path, data)
        assert feed.to_table().num_rows >= 2
        assert any("damaged" in one.detail or "breaks off" in one.detail for one in feed.rejects)


def test_a_member_with_impossible_properties_of_lzma_is_damaged_not_the_end(tmp_path: Path) -> None:
    whole = bytearray(zipped({"a.jsonl": lines(1), "b.jsonl": lines(2, 1)}, zipfile.ZIP_LZMA))
    properties = 30 + len("a.jsonl") + 4  # behind the header, the name, the version and the length
    assert whole[properties] == 0x5D
    whole[properties] = 8 + 9 * 4  # lc 8, lp 4: each is possible, both together are not
    feed = feed_of(tmp_path, bytes(whole))
    assert feed.to_table().num_rows == 2
    assert [one.detail for one in feed.rejects] == ["lzma data is damaged (properties)"]
