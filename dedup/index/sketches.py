"""Signatures of an index as datasketch objects, for its storage back ends and its other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from dedup.errors import DedupError
from dedup.index.identity import display_id
from dedup.index.snapshot import Snapshot
from dedup.sketch.background import load_background
from dedup.sketch.bands import ROWS
from dedup.sketch.minhash import NUM_PERM, SLOT_BITS, Sketch, sketch_articles
from dedup.sketch.shingles import BODY, BRIEF
from dedup.text import fold

if TYPE_CHECKING:
    import datasketch

SEED: Final = 1
"""Seed of the permutations: `datasketch.MinHash(256, seed=1, scheme="affine32")`."""


def sketched_with() -> str:
    """Version of all that a text's hash and signature depend on: signatures of two versions must not meet."""
    return f"{load_background().content_hash}-{fold.FORMAT}-{SLOT_BITS}"


def minhash_of(snapshot: Snapshot, key: int, kind: int | None, name: str) -> datasketch.MinHash:
    """Signature of one article; `name` stands in the error."""
    sketch = _sketch(snapshot.rows([key], ("title", "text")))
    for wanted in (BODY, BRIEF) if kind is None else (kind,):
        at = np.flatnonzero(sketch.kind == wanted)
        if len(at):
            return _minhash(sketch.signatures[at[0]])
    raise DedupError(
        f"article {name!r} has no sketch of kind {kind}", "it has too few words, or too many for a brief"
    )


def lsh_of(snapshot: Snapshot, kind: int, options: dict[str, Any]) -> datasketch.MinHashLSH:
    """`MinHashLSH` of all current articles; keys are the article ids users see."""
    import datasketch

    lsh = datasketch.MinHashLSH(num_perm=NUM_PERM, params=(NUM_PERM // ROWS, ROWS), **options)
    tables = snapshot.articles(["id", "title", "text"])
    for table, kept, keys in zip(tables, snapshot.current(), snapshot.keys(), strict=True):
        ids = table["id"].to_pylist()
        sketch = _sketch(table)
        for at in np.flatnonzero(sketch.kind == kind).tolist():
            row = int(sketch.owner[at])
            if kept[row]:
                name = display_id(ids[row], int(keys[row]))
                # Two outlets may use one id; the second then goes by its key.
                lsh.insert(
                    name if name not in lsh else display_id(None, int(keys[row])),
                    _minhash(sketch.signatures[at]),
                )
    return lsh


def _sketch(articles: pa.Table) -> Sketch:
    """Sketch articles anew: an index keeps only half of each slot (`dedup.sketch.minhash.stored_slots`)."""
    return sketch_articles(articles["title"], articles["text"])


def _minhash(signature: Any) -> datasketch.MinHash:
    import datasketch

    return datasketch.MinHash(
        num_perm=NUM_PERM, seed=SEED, scheme="affine32", hashvalues=np.array(signature, np.uint32)
    )
