"""MinHash signatures, equal to datasketch's to the bit, and the sketch of a batch of articles.

The scheme is datasketch 2.0's ``affine32``: a 32-bit shingle hash is mixed by
MurmurHash3's fmix32, then slot k of the signature is the minimum over the
shingles of ``a[k] * h + b[k]`` modulo 2**32 (Broder 1997; the permutations as
in datasketch issue 212). A user can hand our signatures to
`datasketch.MinHash(hashvalues=..., scheme="affine32")` and go on from there.

The constants ship as data, so that a run need not import datasketch and its
generator can never move them: ``permutations.npz`` holds
``datasketch.MinHash(256, seed=1, scheme="affine32").permutations``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from dedup.sketch.background import Background, load_background
from dedup.sketch.shingles import BODY, BRIEF, LEAD, Shingles, body_shingles, brief_shingles
from dedup.text.words import Words, text_hashes, tokenize

NUM_PERM: Final = 256
"""Slots of a signature. With half of them (64 bands, 5 equal slots) the expected share of wholly derived
pairs that become candidates falls from .89, .87, .93, .98 to .80, .79, .88, .93 on four labelled corpora."""

SLOT_BITS: Final = 16
"""Bits of a slot that an index keeps, see `stored_slots`."""

EMPTY_SLOT: Final = 0xFFFFFFFF
"""Every slot of the signature of an empty set, as in datasketch."""

BODY_MIN_WORDS: Final = 20
"""A text of so many words has a body sketch."""

BRIEF_MAX_WORDS: Final = 60
"""Title and text of fewer words have a brief sketch. Between the two limits an
article has both, so that two copies on either side of one limit still meet."""

LEAD_WORDS: Final = 160
"""Words of a lead. Wire copy is cut from the end, and a story of 100 words resembles its long version only in
the first 100. With leads the expected share of wholly derived pairs that become candidates rose from .89 to
.93, .87 to .96, .93 to 1.0 and .98 to 1.0 on four labelled corpora; 80 to 240 words did about as well."""

_TASK_SHINGLES: Final = 1 << 17
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)

_TITLE: Final = np.uint64(0x9E3779B97F4A7C15)
_M1: Final = np.uint32(0x85EBCA6B)
_M2: Final = np.uint32(0xC2B2AE35)


@cache
def load_permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return (a, b), each uint32 of shape (256,), read-only; every a is odd."""
    path = resources.files("dedup.sketch").joinpath("permutations.npz")
    with path.open("rb") as file, np.load(file) as data:
        a, b = data["a"], data["b"]
    a.flags.writeable = b.flags.writeable = False
    return a, b


@dataclass(frozen=True, slots=True)
class Sketch:
    """The sketches of a batch of n articles; an article has none, one or two.

    Parameters
    ----------
    owner : int32 array, shape (m,)
        Row of the article in the batch. Ascending within a kind; kinds come in the order 0, 1, 2.
    kind : uint8 array, shape (m,)
        `BODY`, `BRIEF` or `LEAD`; `comparable_rows` tells which may meet.
    n_shingles : int32 array, shape (m,)
        Size of the shingle set.
    signatures : uint32 array, shape (m, 256)
        One signature a row; no row is that of an empty set. uint16 in what an index stored.
    text_hash : uint64 array, shape (n,)
        Equal for articles whose texts are equal after folding; of a text of fewer than
        `BODY_MIN_WORDS` words the title must be equal too. 0 for an article without words.
    n_words : int32 array, shape (n,)
        Words of the text, or of the title where the text has none.
    """

    owner: NDArray[np.int32]
    kind: NDArray[np.uint8]
    n_shingles: NDArray[np.int32]
    signatures: NDArray[np.uint32] | NDArray[np.uint16]
    text_hash: NDArray[np.uint64]
    n_words: NDArray[np.int32]


def signatures(shingles: Shingles, threads: int = 1) -> NDArray[np.uint32]:
    """Sign shingle sets.

    Parameters
    ----------
    shingles : Shingles
        The sets of n articles.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    uint32 array, shape (n, 256)
        `EMPTY_SLOT` throughout for an empty set.
    """
    a, b = load_permutations()
    out = np.empty((len(shingles), NUM_PERM), np.uint32)
    offsets = shingles.offsets
    marks = np.arange(offsets[0], offsets[-1], _TASK_SHINGLES)[1:]
    inner = np.searchsorted(offsets[:-1], marks)
    cuts = np.unique(np.concatenate(([0], inner, [len(shingles)]))).tolist()

    def run(task: tuple[int, int]) -> None:
        low, high = task
        _sign(shingles.hashes, offsets[low : high + 1], a, b, out[low:high])

    if threads > 1 and len(cuts) > 2:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, pairwise(cuts)))
    else:
        for task in pairwise(cuts):
            run(task)
    return out


def sketch_articles(
    titles: pa.Array | pa.ChunkedArray,
    texts: pa.Array | pa.ChunkedArray,
    *,
    background: Background | None = None,
    leads: bool = True,
    threads: int = 1,
) -> Sketch:
    """Sketch a batch of articles.

    A body sketch covers the text alone: re-headlined copies are the rule. A
    brief sketch of a text of fewer than `BODY_MIN_WORDS` words covers title and
    text together, as sets, so a text that begins with its own title gains nothing by it.

    Parameters
    ----------
    titles, texts : pyarrow Array or ChunkedArray of strings, both of length n
        Null where an article has none.
    background : Background, optional
        What is common; the shipped one by default.
    leads : bool, default True
        Also sketch the first `LEAD_WORDS` words of longer texts.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Sketch
        An article without words has no sketch and text hash 0.

    Raises
    ------
    ValueError
        If the two columns differ in length.
    """
    if len(titles) != len(texts):
        raise ValueError(f"{len(titles)} titles and {len(texts)} texts; they must be of one length")
    text_words = tokenize(texts, threads=threads)
    title_words = tokenize(speaking_titles(titles, text_words), threads=threads)
    return sketch_words(title_words, text_words, background=background, leads=leads, threads=threads)


def speaking_titles(titles: pa.Array | pa.ChunkedArray, text_words: Words) -> pa.Array | pa.ChunkedArray:
    """Titles of the articles whose text is too short to stand alone, null for the others.

    So equal texts are one thing to compare, whatever their headlines, and a sketch is a function of what
    `Sketch.text_hash` covers.
    """
    return pc.if_else(pa.array(np.diff(text_words.offsets) < BODY_MIN_WORDS), titles, None)


def sketch_words(
    title_words: Words,
    text_words: Words,
    *,
    background: Background | None = None,
    leads: bool = True,
    threads: int = 1,
) -> Sketch:
    """Sketch a batch of articles from their words.

    Parameters
    ----------
    title_words, text_words : Words
        Of n articles; titles as `speaking_titles` leaves them.
    background, leads, threads
        As of `sketch_articles`.

    Returns
    -------
    Sketch
    """
    table = load_background() if background is None else background
    n_text, n_title = np.diff(text_words.offsets), np.diff(title_words.offsets)
    body_rows = np.flatnonzero(n_text >= BODY_MIN_WORDS)
    brief_rows = np.flatnonzero((n_text < BRIEF_MAX_WORDS) & (n_title + n_text > 0))
    lead_rows = np.flatnonzero((n_text > LEAD_WORDS) & leads)

    body = body_shingles(text_words, table, threads, rows=body_rows)
    brief = brief_shingles(_interleaved(title_words, text_words, brief_rows), table, threads, segments=2)
    lead = body_shingles(text_words, table, threads, rows=lead_rows, most=LEAD_WORDS)
    parts, owners = (body, brief, lead), (body_rows, brief_rows, lead_rows)

    kinds = np.array([BODY, BRIEF, LEAD], np.uint8)
    return Sketch(
        owner=np.concatenate(owners).astype(np.int32),
        kind=np.repeat(kinds, [len(rows) for rows in owners]),
        n_shingles=np.concatenate([np.diff(part.offsets) for part in parts]).astype(np.int32),
        signatures=np.concatenate([signatures(part, threads) for part in parts]),
        text_hash=hash_texts(title_words, text_words),
        n_words=np.where(n_text == 0, n_title, n_text).astype(np.int32),
    )


def hash_texts(title_words: Words, text_words: Words) -> NDArray[np.uint64]:
    """Hash n texts as `Sketch.text_hash` has them; titles as `speaking_titles` leaves them."""
    # The odd factor keeps (title, text) from equalling (text, title), and a headline from equalling a text.
    hashes: NDArray[np.uint64] = text_hashes(title_words) * _TITLE ^ text_hashes(text_words)
    return hashes


def stored_slots(signatures: NDArray[np.uint32] | NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return what an index keeps of signatures: the lower half of each slot, same shape.

    Two slots that differ agree in their lower halves once in 65,536 times (b-bit minwise hashing, Li and
    König 2010), which neither a band nor the count of equal slots notices; and half the memory is half the
    time to compare. The full signature of one article is made anew from its text.
    """
    return signatures.astype(np.uint16)


def comparable_rows(sketch: Sketch, kind: int) -> NDArray[np.int64]:
    """Rows of a sketch that may be paired with each other under `kind`.

    The text of an article of up to `LEAD_WORDS` words is its own lead, and is
    not stored twice: its body sketch takes part among the leads.

    Returns
    -------
    int64 array
        Rows, at most one to an article.
    """
    chosen = sketch.kind == kind
    if kind == LEAD:
        chosen |= (sketch.kind == BODY) & (sketch.n_words[sketch.owner] <= LEAD_WORDS)
    return np.flatnonzero(chosen)


def _interleaved(titles: Words, texts: Words, rows: NDArray[np.int64]) -> Words:
    """Words of the title and then the text of the chosen rows, as 2 * len(rows) texts."""
    columns = (titles, texts)
    sizes = np.stack([np.diff(words.offsets)[rows] for words in columns], axis=1).reshape(-1)
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    hashes = np.empty(int(offsets[-1]), np.uint64)
    flags = np.empty(int(offsets[-1]), np.uint8)
    for k, words in enumerate(columns):
        length = sizes[k::2]
        within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        source = np.repeat(words.offsets[:-1][rows], length) + within
        target = np.repeat(offsets[:-1][k::2], length) + within
        hashes[target] = words.hashes[source]
        flags[target] = words.flags[source]
    return Words(hashes, flags, offsets)


@_compiled
def _sign(hashes, offsets, a, b, out):  # type: ignore[no-untyped-def]
    """Signature of each article; the inner loop runs over contiguous slots, so it compiles to SIMD."""
    for article in range(len(offsets) - 1):
        slots = out[article]
        for k in range(NUM_PERM):
            slots[k] = np.uint32(EMPTY_SLOT)
        for i in range(offsets[article], offsets[article + 1]):
            h = np.uint32(hashes[i])
            h = np.uint32((h ^ (h >> np.uint32(16))) * _M1)
            h = np.uint32((h ^ (h >> np.uint32(13))) * _M2)
            h = np.uint32(h ^ (h >> np.uint32(16)))
            for k in range(NUM_PERM):
                slots[k] = min(slots[k], np.uint32(a[k] * h + b[k]))
