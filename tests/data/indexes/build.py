"""Write a small index of the present format, to be opened by every later version.

    python tests/data/indexes/build.py

Run it once after raising `FORMAT_VERSION` in dedup/index/catalog_schema.py and commit the new file; the files
of earlier formats are never made again. It holds first.jsonl of this folder, with an epoch, a run, a version
and a reject.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from dedup.index.catalog_schema import FORMAT_VERSION
from dedup.index.index import Index

HERE = Path(__file__).parent
FIRST, SECOND = "first.jsonl", "second.jsonl"


def archive(version: int) -> Path:
    """Return the file that holds an index of a format version."""
    return HERE / f"format-{version}.tar.xz"


def main() -> int:
    """Write the archive, unless there is one."""
    target = archive(FORMAT_VERSION)
    if target.exists():
        print(f"{target.name} is there already: raise FORMAT_VERSION first", file=sys.stderr)
        return 1
    kept = Path.cwd()
    os.chdir(HERE)  # so that the index holds no path of this machine
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            with Index.create(path) as index:
                index.add(FIRST)
                index.report()
            (path / "writer.lock").unlink()  # it names this machine
            target.write_bytes(_packed(path))
    finally:
        os.chdir(kept)
    print(f"{target.name}: {target.stat().st_size:,} bytes")
    return 0


def _packed(path: Path) -> bytes:
    """Pack a folder without times and owners."""

    def bare(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
        return entry

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for file in sorted(path.rglob("*")):
            tar.add(file, file.relative_to(path).as_posix(), recursive=False, filter=bare)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
