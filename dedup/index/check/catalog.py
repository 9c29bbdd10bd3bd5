"""Whether the catalog is a sound database, and says one thing and not two."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dedup.errors import IndexFolderError
from dedup.index.catalog import Catalog, PartRow
from dedup.index.check.evidence import count
from dedup.index.check.findings import Damage
from dedup.index.identity import Int64s
from dedup.index.rules import CURRENT, DROPPED

_META: Final = {"durable": bool, "generation": int, "load": int, "load_open": bool, "settings": dict}
_LOST: Final = "FROM articles WHERE part = 0 AND version > 0"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """What the catalog lists, read in one transaction.

    Parameters
    ----------
    parts : list of PartRow
    texts : int64 array, shape (k, 9)
        Stored texts by part and row, columns `HISTORY_COLUMNS`.
    lost : int
        Texts an earlier repair dropped that have not come again.
    epochs, runs : dict of str to dict
        What is stored of each, by hash or number.
    epoch : str or None
        The current one.
    settings : dict
        What the index was created with.
    """

    parts: list[PartRow]
    texts: Int64s
    lost: int
    epochs: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]
    epoch: str | None
    settings: dict[str, Any]


def read_catalog(catalog: Catalog) -> tuple[Listed | None, list[str]]:
    """Check the catalog and read what it lists.

    Returns
    -------
    Listed or None
        None if it cannot be read.
    list of str
        What is wrong; nothing if the list is empty.
    """
    try:
        with catalog.reading():
            wrong = [row[0] for row in catalog.query("PRAGMA integrity_check(20)") if row[0] != "ok"]
            if wrong:
                return None, [f"SQLite finds: {reason}" for reason in wrong]
            meta = {name: catalog.meta(name) for name in (*_META, "epoch")}
            listed = Listed(
                parts=catalog.parts(),
                texts=catalog.texts(),
                lost=catalog.query(f"SELECT count(*) {_LOST}")[0][0],
                epochs={name: json.loads(entry) for name, entry in catalog.query("SELECT * FROM epochs")},
                runs={f"{n:06d}": json.loads(entry) for n, entry in catalog.query("SELECT * FROM runs")},
                epoch=meta["epoch"],
                settings=meta["settings"] or {},
            )
            wrong = [f"its value {name!r} is {meta[name]!r}" for name, kind in _META.items()
                     if type(meta[name]) is not kind]  # fmt: skip
            marks = {name: catalog.meta(name) for name in ("last_part", "last_run")}
            wrong += [f"its value {name!r} is {mark!r}" for name, mark in marks.items()
                      if mark is not None and count(mark) != mark]  # fmt: skip
            gone = np.array(catalog.query(f"SELECT DISTINCT key {_LOST}"), np.int64).ravel()
            refused = catalog.query("SELECT count(*) FROM articles WHERE part <= 0 AND (part < 0 OR state)")
            if refused[0][0]:
                wrong.append(f"{refused[0][0]} texts are listed without a part")
    except IndexFolderError as error:
        return None, [str(error.__cause__ or error.message)]
    except (ValueError, TypeError, OverflowError) as error:
        return None, [f"a value cannot be understood: {error}"]
    return listed, wrong + _contradictions(listed, gone)


def epoch_damage(listed: Listed) -> list[Damage]:
    """The catalog names a current epoch it does not hold."""
    if listed.epoch is None or listed.epoch in listed.epochs:
        return []
    return [Damage(f"epochs/{listed.epoch}", "the current epoch is not listed", "epoch", listed.epoch)]


def _contradictions(listed: Listed, gone: Int64s) -> list[str]:
    """Rows of the table `articles` that do not fit each other or the parts; `gone`: keys of dropped texts."""
    texts, wrong = listed.texts, []
    numbers = np.array([part.number for part in listed.parts], np.int64)
    rows = np.array([part.rows for part in listed.parts], np.int64)
    foreign = np.setdiff1d(texts[:, 7], numbers)
    if len(foreign):
        wrong.append(f"texts lie in parts that are not listed: {_some(foreign)}")
    expected = np.concatenate([np.empty(0, np.int64), *(np.arange(n) for n in rows)])
    known = texts[np.isin(texts[:, 7], numbers)]
    if len(known) != len(expected) or not np.array_equal(known[:, 8], expected) or not np.array_equal(
        known[:, 7], np.repeat(numbers, rows)
    ):  # fmt: skip
        wrong.append(
            f"{len(known)} texts are listed for {len(expected)} rows of the parts, or not one for each"
        )
    if len(texts) and not np.isin(texts[:, 6], (DROPPED, 1, CURRENT)).all():
        wrong.append("a text has an unknown state")
    keys, key_of = np.unique(texts[:, 0], return_inverse=True)
    current = np.bincount(key_of, weights=texts[:, 6] == CURRENT, minlength=len(keys))
    listed_texts = np.bincount(key_of, weights=texts[:, 6] > DROPPED, minlength=len(keys))
    # Only a repair leaves an article without a current text: it dropped that one, others were replaced.
    expected_current = (listed_texts > 0) | ~np.isin(keys, gone)
    odd = np.count_nonzero(current != expected_current)
    if odd:
        wrong.append(f"{odd} articles have no current text, or several")
    return wrong


def _some(numbers: Int64s) -> str:
    return ", ".join(map(str, numbers[:_SHOWN].tolist())) + (", ..." if len(numbers) > _SHOWN else "")
