"""The article a user means: by its id, its URL or its headline; and what was meant by a wrong one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.engines.corpus import Corpus, Nodes
from dedup.errors import DedupError
from dedup.index.identity import display_id
from dedup.index.snapshot import Snapshot
from dedup.report.wording import printable

_LOOKED_THROUGH: Final = 20_000  # articles compared with a wrong name: half a second
_SUGGESTED: Final = 3
_WEIGHED: Final = 40


def article_key(snapshot: Snapshot, corpus: Corpus, nodes: Nodes, name: str, where: str) -> int:
    """Return the key of the article a user names: by id, URL or whole headline.

    Raises
    ------
    DedupError
        If there is none, or several that are not one text.
    """
    keys = snapshot.find(name)
    if not keys:
        keys = _titled(snapshot, name)
        # Several articles of one text and headline: any of them will do.
        if len(set(nodes.of[np.searchsorted(corpus.keys, keys)].tolist())) == 1:
            keys = keys[:1]
    if len(keys) == 1:
        return keys[0]
    if keys:
        some = ", ".join(display_id(None, key) for key in keys[:_SUGGESTED])
        raise DedupError(
            f"{printable(name)!r} names {len(keys)} articles of {where}", f"give one of their ids: {some}"
        )
    near = _suggestions(snapshot, name)
    said = (
        f"did you mean {', '.join(near)}?"
        if near
        else "ids stand in what `dedup clusters -o FILE.csv` writes"
    )
    raise DedupError(f"no article {printable(name)!r} in {where}", said)


def _titled(snapshot: Snapshot, name: str) -> list[int]:
    """Keys of the current articles with this headline, ascending."""
    found = []
    wanted = _plain(name)
    parts = zip(snapshot.articles(["title"]), snapshot.current(), snapshot.keys(), strict=True)
    for table, kept, keys in parts:
        # Folding and blanks change the length, but not by half; most titles need not be folded.
        length = pc.utf8_length(table["title"])
        long_enough = pc.greater_equal(length, len(wanted) // 2).fill_null(False)
        near = pc.less_equal(length, 2 * len(name)).fill_null(False)
        rows = np.flatnonzero(np.asarray(long_enough) & np.asarray(near) & kept)
        titles = table["title"].take(pa.array(rows)).to_pylist()
        found += [
            int(keys[row])
            for row, title in zip(rows.tolist(), titles, strict=True)
            if _plain(title) == wanted
        ]
    return sorted(found)


def _plain(headline: str) -> str:
    return " ".join(printable(headline).split()).casefold()


def _suggestions(snapshot: Snapshot, name: str) -> list[str]:
    """Ids and headlines like a wrong one."""
    known: list[str] = []
    for table, kept, keys in zip(
        snapshot.articles(["id", "title"]), snapshot.current(), snapshot.keys(), strict=True
    ):
        if len(known) > _LOOKED_THROUGH:
            break
        rows = np.flatnonzero(kept)[:_LOOKED_THROUGH]
        some = table.take(pa.array(rows)).to_pylist()
        known += [display_id(one["id"], int(keys[row])) for row, one in zip(rows, some, strict=True)]
        known += [one["title"] for one in some if one["title"]]
    like = get_close_matches(name, known, n=_WEIGHED, cutoff=0.7)
    # Of those equally alike, the ones that differ in the fewest places.
    like.sort(
        key=lambda one: (abs(len(one) - len(name)), sum(x != y for x, y in zip(one, name, strict=False)), one)
    )
    best = list(dict.fromkeys(like))[:_SUGGESTED]
    return [f'"{printable(one)}"' if " " in one else printable(one) for one in best]
