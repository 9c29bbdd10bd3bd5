"""Epochs by their files: the id of one is a hash of them, so a wrong id in the catalog costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dedup.confirm.epoch import FILES, Learnt
from dedup.index.check.evidence import parsed
from dedup.index.layout import Layout
from dedup.index.runs import epoch_hashes, epoch_id


@dataclass(frozen=True, slots=True)
class MendedEpochs:
    """What the catalog is to say of epochs.

    Parameters
    ----------
    whole : dict of str to str
        Epochs whose files are whole, by id: what the catalog keeps of each, as JSON.
    right : dict of str to str
        Ids the catalog has that are no epoch's -> the right one.
    current : str or None
        The current one; None if it is lost, or there is none.
    """

    whole: dict[str, str]
    right: dict[str, str]
    current: str | None


def mended_epochs(
    layout: Layout, entries: Mapping[Any, Any], current: str | None, in_manifest: str | None
) -> MendedEpochs:
    """Tell which epochs can be read, and which of them the catalog means.

    Parameters
    ----------
    layout : Layout
    entries : mapping of str to str
        What the catalog has: id -> JSON.
    current : str or None
        The one it says is current.
    in_manifest : str or None
        The one the manifest says is current.
    """
    entries_read = {name: parsed(entry) for name, entry in entries.items()}
    whole = _whole(layout, entries_read)
    right = {}
    for name, entry in entries_read.items():
        meant = _meant(entry)
        if name not in whole and meant in whole:
            right[name] = meant
    wrong = entries.keys() - whole.keys() - right.keys()
    unlisted = whole.keys() - entries.keys() - {*right.values()}
    if len(wrong) == len(unlisted) == 1 and not isinstance(entries_read[next(iter(wrong))], dict):
        right[wrong.pop()] = unlisted.pop()  # neither its id nor what is kept of it can be understood
    return MendedEpochs(whole, right, _current(entries, whole, right, current, in_manifest))


def _current(
    entries: Mapping[Any, Any],
    whole: Mapping[str, str],
    right: Mapping[str, str],
    current: str | None,
    in_manifest: str | None,
) -> str | None:
    if current is None or current in whole:
        return current
    if current in right:
        return right[current]
    if current in entries:
        return None  # it is listed, and its files are damaged
    if in_manifest in whole:
        return in_manifest
    # The current one is always listed: where there is one alone it is meant.
    name = next(iter(entries)) if len(entries) == 1 else None
    return right.get(name, name if name in whole else None) if name is not None else None


def _whole(layout: Layout, entries: Mapping[Any, Any]) -> dict[str, str]:
    """Epochs that lie whole in their folders, with what the catalog keeps of each."""
    known = {meant: entry for entry in entries.values() if (meant := _meant(entry)) is not None}
    found = {}
    folders = {path.name: path for path in sorted((layout.root / "epochs").iterdir())}
    for path in sorted(layout.staging.iterdir()):
        thing = layout.staged_thing(path)
        if thing is not None and thing.kind == "epoch":  # committed, and not renamed yet
            folders.setdefault(thing.name, path)
    for name, folder in sorted(folders.items()):
        with suppress(OSError, ValueError, KeyError):
            # What else lies there is not ours, and does no harm.
            files = {file: (folder / file).read_bytes() for file in FILES}
            digest, hashes = epoch_hashes(files)
            if digest != name:
                continue
            learnt = Learnt.from_files(files)
            meta = known[digest]["meta"] if digest in known else {"texts": learnt.n_texts}
            found[digest] = json.dumps({"meta": meta, "files": hashes})
    return found


def _meant(entry: Any) -> str | None:
    """Return the id of an epoch by what the catalog keeps of it: the hashes of its files."""
    if not isinstance(entry, dict) or not isinstance(entry.get("meta"), dict):
        return None
    files = entry.get("files")
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        return None
    return epoch_id(files)
