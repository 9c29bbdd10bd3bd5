"""``--profile``: where the time and the memory of a command went."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.profile import Profile


def check_profile(where: Path | None, *others: str | Path | None) -> None:
    """Raise `DedupError` now if the profile cannot be written, or would replace what is read or written."""
    if where is None or str(where) == "-":
        return
    from dedup.errors import DedupError
    from dedup.report.destination import check_writable

    if any(other is not None and Path(other).resolve() == where.resolve() for other in others):
        raise DedupError(f"--profile {where} is read or written already", "choose another place for it")
    check_writable(where, *(other for other in others if other is not None))


@contextmanager
def profiling(where: Path | None) -> Iterator[None]:
    """Take a profile of the block, if one is wanted, and write it even if the block fails.

    Parameters
    ----------
    where : Path, optional
        A file for JSON; ``-`` for a table on standard error; None for no profile.
    """
    if where is None:
        yield
        return
    from dedup.profile import profiled

    with profiled() as profile:
        try:
            yield
        finally:
            try:
                _write(profile, where)
            except OSError as error:  # the results are what the command is for
                print(f"no profile written to {where}: {error.strerror}", file=sys.stderr, flush=True)


def _write(profile: Profile, where: Path) -> None:
    found = profile.to_dict()
    if str(where) == "-":
        print("\n".join(profile_lines(found)), file=sys.stderr, flush=True)
        return
    import orjson

    from dedup.index.atomic import replacing_file

    with replacing_file(where, durable=False) as file:
        file.write(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def profile_lines(profile: dict[str, Any]) -> list[str]:
    """Lay a profile out as a table, one line a stage; then the counts."""
    rows = [*profile["stages"], {"name": "whole process", **profile["total"]}]
    lines = [f"{'stage':<16}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}"]
    lines += [
        f"{'  ' * row.get('inside', False) + row['name']:<16}{row['seconds']:>10.2f}"
        f"{row['cpu_seconds']:>10.2f}{row['peak_rss_mb']:>10,.0f}"
        for row in rows
    ]
    lines += [f"{name.replace('_', ' ')}: {number:,}" for name, number in profile["counts"].items()]
    return lines
