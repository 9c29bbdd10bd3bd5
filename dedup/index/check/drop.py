"""Taking out of the catalog what cannot be read, and then its files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dedup.index.atomic import replacing_file
from dedup.index.catalog import Catalog
from dedup.index.check.epochs import MendedEpochs, mended_epochs
from dedup.index.check.evidence import old_manifest
from dedup.index.check.findings import CheckReport, Dropped, OnDropped
from dedup.index.check.parts import sound_by_itself
from dedup.index.check.rebuild import EPOCH_LOST, OTHER_FILE, UNREADABLE
from dedup.index.check.salvage import readable_texts
from dedup.index.faults import fault
from dedup.index.identity import Int64s
from dedup.index.layout import Layout
from dedup.index.planning import by_rank
from dedup.index.publish import remove, write_manifest
from dedup.index.rules import CURRENT, LISTED


class Once:
    """Tells of each dropped text once, whichever step of a repair drops it.

    What was told is kept in a file until the repair ends: one that is begun again after a kill tells it
    again, for the texts are no longer there to be found.

    Parameters
    ----------
    path : Path
        The file.
    on_dropped : callable
        Gets the texts that have not been told yet; not called if there are none.
    """

    def __init__(self, path: Path, on_dropped: OnDropped) -> None:
        self._path = path
        self._on_dropped = on_dropped
        self.told: list[Dropped] = []
        with suppress(OSError, ValueError, TypeError):
            self(Dropped(**one) for one in json.loads(path.read_bytes()))

    def __call__(self, dropped: Iterable[Dropped]) -> None:
        """Tell what is new of `dropped`."""
        known = set(self.told)
        new = [one for one in dropped if one not in known]
        if not new:
            return
        self.told += new
        with replacing_file(self._path, "dropped") as file:
            file.write(json.dumps([asdict(one) for one in self.told]).encode())
        self._on_dropped(new)

    def end(self) -> None:
        """Forget what was told: the repair is done."""
        self._path.unlink(missing_ok=True)


def drop(
    layout: Layout, catalog: Catalog, found: CheckReport, done: list[str], lost: list[str], tell: Once
) -> None:
    """Take the parts, epochs and runs that a check found damaged out of the index.

    An epoch whose files are whole stays, and what the catalog says of it is corrected.

    Parameters
    ----------
    layout : Layout
        Its lock is held.
    catalog : Catalog
        The writer's.
    found : CheckReport
    done, lost : lists of str
        Get a line for each thing done, and for each that could not be brought back.
    tell : Once
        Gets the texts that will be dropped, before they are.
    """
    parts = [int(name) for name in found.names("part")]
    epochs, runs = found.names("epoch"), [int(name) for name in found.names("run")]
    if not parts and not epochs and not runs:
        return
    texts = catalog.texts()
    # A file of other articles is somebody's, and does no harm where it lies: its number is not given again.
    others = {number for number in parts if sound_by_itself(layout.articles(number))}
    dropped: list[Dropped] = []
    for number in parts:
        dropped += readable_texts(layout.articles(number).final, number, texts[texts[:, 7] == number])
    tell(dropped)
    mended = _mended(layout, catalog)
    with catalog.transaction("repair"):
        catalog.note_last_numbers()
        for number in parts:
            catalog.query("UPDATE articles SET part = 0, row = 0, state = 0 WHERE part = ?", (number,))
            catalog.query("DELETE FROM parts WHERE number = ?", (number,))
        if parts:
            gone = texts[np.isin(texts[:, 7], parts) & (texts[:, 6] == CURRENT), 0]
            _promote(catalog, np.unique(gone))
            catalog.set_meta("generation", catalog.meta("generation") + 1)
        done_with_epochs = _correct_epochs(catalog, epochs, mended, lost)
        for number in runs:
            catalog.query("DELETE FROM runs WHERE number = ?", (number,))
    # A reader who follows the manifest must not find a file gone that it names.
    write_manifest(layout, catalog, durable=catalog.durable)
    for number in parts:
        things = (
            [layout.sketch(number)] if number in others else [layout.articles(number), layout.sketch(number)]
        )
        for thing in things:
            fault("repair-remove")
            remove(thing.final)
            fault("repair-removed")
        done.append(f"part {number} dropped: {OTHER_FILE if number in others else UNREADABLE}")
    done += done_with_epochs
    done += [f"run {number} dropped; the next report makes it again" for number in runs]


def _mended(layout: Layout, catalog: Catalog) -> MendedEpochs:
    entries = dict(catalog.query("SELECT id, meta FROM epochs"))
    in_manifest = Path(str(old_manifest(layout).get("epoch") or "")).name or None
    return mended_epochs(layout, entries, catalog.meta("epoch"), in_manifest)


def _correct_epochs(catalog: Catalog, epochs: list[str], mended: MendedEpochs, lost: list[str]) -> list[str]:
    """Drop or correct epochs within a transaction; return a line for each."""
    done: dict[str, None] = {}
    for digest in epochs:
        catalog.query("DELETE FROM epochs WHERE id = ?", (digest,))
        right = mended.right.get(digest, digest)
        if right in mended.whole:
            row = (right, mended.whole[right])
            catalog.query("INSERT OR REPLACE INTO epochs VALUES (?, ?)", row)
            done[f"epoch {right}: its files are whole, what the catalog says of it is corrected"] = None
    current = catalog.meta("epoch")
    if current in epochs and current != mended.current:
        catalog.set_meta("epoch", mended.current)
        if mended.current is None:
            lost.append(EPOCH_LOST)
        else:
            done[f"epoch {mended.current} is the current one again, under its right name"] = None
    told = {digest for digest in epochs if mended.right.get(digest, digest) in mended.whole}
    if mended.current is not None:
        told.add(current)
    return [*done, *(f"epoch {digest} dropped" for digest in epochs if digest not in told)]


def _promote(catalog: Catalog, keys: Int64s) -> None:
    """Make the greatest of the versions that are left the current text of each article."""
    history = catalog.history(keys)
    history = history[history[:, 6] == LISTED]
    history = history[by_rank(history)]
    last = np.append(history[1:, 0] != history[:-1, 0], True)[: len(history)]
    catalog.many("UPDATE articles SET state = 2 WHERE key = ? AND content = ?", history[last, :2].tolist())
