"""Whether a part is whole: its articles, its arrays, and that the two fit each other and the catalog."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import fields
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import IndexFolderError
from dedup.index.arrays import ArrayFile
from dedup.index.catalog import PartRow
from dedup.index.check.findings import Damage
from dedup.index.identity import Int64s, content_hashes, identities, stamps
from dedup.index.layout import Layout, Thing
from dedup.index.loading import sketch_arrays
from dedup.index.parts import KEY, PART_SCHEMA, footer_checksum, look_up_arrays, read_parquet
from dedup.sketch.minhash import Sketch, sketch_articles

SAMPLE: Final = 16
"""Articles of a part that are sketched anew where not all are: other rules would show in nearly every one."""

_BY_ARTICLE: Final = ("text_hash", "n_words")
_BY_SKETCH: Final = ("kind", "n_shingles", "signatures")


def check_part(
    layout: Layout, part: PartRow, texts: Int64s, footers: Set[int], *, resketch: bool, deep: bool
) -> tuple[list[Damage], int]:
    """Check both files of a part.

    Parameters
    ----------
    layout : Layout
    part : PartRow
    texts : int64 array, shape (rows, 9)
        What the catalog lists of it, by row.
    footers : set of int
        Checksums that anything besides the catalog has for its footer.
    resketch : bool
        Whether this version sketches as the index was sketched.
    deep : bool
        Sketch every article anew, not `SAMPLE`, and hash every text anew.

    Returns
    -------
    list of Damage
    int
        Number of articles that were sketched anew.
    """
    name = str(part.number)
    thing = layout.articles(part.number)
    table, reason = _articles(thing, part, texts, deep)
    damage = []
    if reason is not None:
        kind = "part"
        if found := sound_by_itself(thing):
            # The catalog has no checksums: a flipped bit in it must not cost a part.
            if is_the_stored_file(*found, footers | {part.footer_crc}, texts):
                kind = "catalog"
                reason += "; yet every article in it is the one that was stored, so no article is lost"
            else:
                reason += "; it holds other articles than were stored, each of them whole"
        damage.append(Damage(_file(layout, thing), reason, kind, name if kind == "part" else ""))
    rows = np.empty(0, np.int64)
    if table is not None and resketch:
        n = table.num_rows
        rows = (
            np.arange(n)
            if deep
            else np.unique(np.linspace(0, max(n - 1, 0), min(SAMPLE, n)).astype(np.int64))
        )
    thing = layout.sketch(part.number)
    reason = _sketch(thing, part, texts[:, 0], table, rows, deep)
    if reason is not None:
        damage.append(Damage(_file(layout, thing), reason, "sketch", name))
    return damage, len(rows)


def made_arrays(table: pa.Table) -> dict[str, npt.NDArray[Any]]:
    """Make the arrays of a part anew from its articles, as `dedup.index.staging.write_part` had them."""
    sketch = sketch_articles(table["title"].combine_chunks(), table["text"].combine_chunks())
    return {**look_up_arrays(table), **sketch_arrays(sketch)}


def why(error: IndexFolderError) -> str:
    """Return what is wrong, without the path and the fix, which stand beside it."""
    _, colon, reason = error.message.partition(": ")
    return reason if colon else error.message


def _file(layout: Layout, thing: Thing) -> str:
    place = thing.staged if thing.staged.exists() and not thing.final.exists() else thing.final
    return place.relative_to(layout.root).as_posix()


def keys_and_hashes_fit(batch: pa.RecordBatch, keys: Int64s, contents: Int64s) -> bool:
    """Whether articles are those that were stored: their keys and content hashes say so."""
    return np.array_equal(identities(batch).key, keys) and np.array_equal(content_hashes(batch), contents)


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """Return the records of a part as one batch."""
    fields = table.select(ARTICLE_SCHEMA.names).combine_chunks()
    batches = fields.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=fields.schema)


def sound_by_itself(thing: Thing) -> tuple[int, Int64s] | None:
    """Read a file of articles without asking the catalog.

    Returns
    -------
    int
        Checksum of its footer.
    int64 array, shape (rows, 2)
        Keys and content hashes.

    Or None, if any page, key or hash is wrong.
    """
    try:
        crc = thing.read(footer_checksum)
        table = thing.read(partial(read_parquet, footer_crc=crc, columns=PART_SCHEMA.names))
        columns = [table[name].to_numpy() for name in ("key", "content")]
        return (crc, np.stack(columns, axis=1)) if keys_and_hashes_fit(one_batch(table), *columns) else None
    except (IndexFolderError, OSError, KeyError, ValueError):
        return None


def is_the_stored_file(footer: int, pairs: Int64s, footers: Set[int], texts: Int64s | None) -> bool:
    """Whether a sound file is the one that was stored, not one of another part or index.

    Parameters
    ----------
    footer : int
        Checksum of its footer.
    pairs : int64 array, shape (rows, 2)
        Its keys and content hashes.
    footers : set of int
        The checksums that were noted for it.
    texts : int64 array, shape (k, 9), or None
        What the catalog lists of the part, by row; None if it does not answer.

    Notes
    -----
    One witness is enough, for any of them may be what is damaged. Without any the file is believed.
    """
    if footer in footers or (texts is None and not footers):
        return True
    return texts is not None and np.array_equal(pairs, texts[:, :2])


def _articles(thing: Thing, part: PartRow, texts: Int64s, deep: bool) -> tuple[pa.Table | None, str | None]:
    try:
        table = thing.read(partial(read_parquet, footer_crc=part.footer_crc, columns=PART_SCHEMA.names))
        size = thing.read(lambda path: path.stat().st_size)
    except IndexFolderError as error:
        return None, "it is missing" if "is missing" in error.message else why(error)
    except (OSError, KeyError, ValueError) as error:
        return None, f"it cannot be read: {error}"
    if table.num_rows != part.rows:
        return None, f"it holds {table.num_rows} articles, the catalog says {part.rows}"
    if size != part.article_bytes:
        return None, f"it has {size} bytes, the catalog says {part.article_bytes}"
    for name, column in (("key", 0), ("content", 1), ("version", 3)):
        if not np.array_equal(table[name].to_numpy(), texts[:, column]):
            return None, f"its column {name!r} is not what the catalog says"
    if deep:
        batch = one_batch(table)
        if not keys_and_hashes_fit(batch, texts[:, 0], texts[:, 1]):
            return None, "a text does not have the hash it was stored with"
        if not np.array_equal(identities(batch).proof, texts[:, 2]):
            return None, "the second hash of an article is not what the catalog says"
        if not np.array_equal(stamps(batch), texts[:, 4]):
            return None, "the time of an article is not what the catalog says"
    return table, None


def _sketch(
    thing: Thing, part: PartRow, keys: Int64s, table: pa.Table | None, rows: Int64s, deep: bool
) -> str | None:
    try:
        file = thing.read(ArrayFile)
        size = thing.read(lambda path: path.stat().st_size)
        arrays = {name: file.array(name) for name in file.names}
    except IndexFolderError as error:
        return "it is missing" if "is missing" in error.message else why(error)
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        return f"it cannot be read: {error}"
    if size != part.sketch_bytes:
        return f"it has {size} bytes, the catalog says {part.sketch_bytes}"
    wanted = [field.name for field in fields(Sketch)]
    if missing := [name for name in (KEY, *wanted) if name not in arrays]:
        return f"it has no array {missing[0]!r}"
    if not np.array_equal(arrays[KEY], keys):
        return "it belongs to other articles"
    owner = arrays["owner"]
    if any(len(arrays[name]) != part.rows for name in _BY_ARTICLE) or any(
        len(arrays[name]) != len(owner) for name in _BY_SKETCH
    ):
        return "its arrays do not fit each other"
    if len(owner) and not 0 <= owner.min() <= owner.max() < part.rows:
        return "a sketch belongs to no article"
    if table is None:
        return None
    if deep and not all(
        np.array_equal(arrays.get(name, ()), made) for name, made in look_up_arrays(table).items()
    ):
        return "its look-up arrays are not those of the articles"
    return (
        None if not len(rows) or _fits(arrays, table, rows) else "its sketches are not those of the articles"
    )


def _fits(arrays: dict[str, npt.NDArray[Any]], table: pa.Table, rows: Int64s) -> bool:
    """Whether the sketches of some rows are what their texts give."""
    some = table.select(["title", "text"]).take(pa.array(rows))
    made = sketch_arrays(sketch_articles(some["title"].combine_chunks(), some["text"].combine_chunks()))
    at = np.flatnonzero(np.isin(arrays["owner"], rows))
    return (
        np.array_equal(np.searchsorted(rows, arrays["owner"][at]), made["owner"])
        and all(np.array_equal(arrays[name][at], made[name]) for name in _BY_SKETCH)
        and all(np.array_equal(arrays[name][rows], made[name]) for name in _BY_ARTICLE)
    )
