"""The epoch: what is learnt from a corpus, frozen, so that decisions stay put while it grows.

A pair of texts is confirmed by the two texts, the model and the epoch, and by
nothing else. So within an epoch ten small loads and one big load give the same
clusters, and confirmed edges can be kept. `dedup index --refresh` learns anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.survey import COUNTED_TEXTS, Survey
from dedup.confirm.tfidf import BIGRAM_BITS, WORD_BITS, CorpusCounts, count_documents
from dedup.text.frames import learn_frames
from dedup.text.furniture import Furniture, learn_furniture

_CODEC: Final = "zstd"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What an epoch holds.

    Parameters
    ----------
    counts : CorpusCounts
        Document frequencies over distinct texts.
    furniture : Furniture
        Passages shared by strangers.
    rubrics : uint64 array, shape (r,)
        Text hashes, ascending, of short texts that match nothing: those one outlet prints day after day
        ("Sports Betting Line"), and pages without their article (`dedup.engines.placeholders`).
    n_texts : int
        Distinct texts of the corpus it was learnt from, of which the counts are a sample.
    """

    counts: CorpusCounts
    furniture: Furniture
    rubrics: NDArray[np.uint64]
    n_texts: int

    @classmethod
    def nothing(cls) -> Learnt:
        """Return the epoch of an empty corpus: the background alone decides."""
        return cls(CorpusCounts.none(), Furniture.none(), np.empty(0, np.uint64), 0)

    def without_furniture(self) -> Learnt:
        """Return the same document frequencies with nothing to leave out of a comparison."""
        return Learnt(self.counts, Furniture.none(), np.empty(0, np.uint64), self.n_texts)

    def to_files(self) -> dict[str, bytes]:
        """Encode for the index folder; equal epochs give equal bytes."""
        return {
            "words": _packed(self.counts.words, "<u2"),
            "bigrams": _packed(self.counts.bigrams, "<u2"),
            "furniture": _packed(self.furniture.anchors),
            "frames": _packed(self.furniture.frames),
            "rubrics": _packed(self.rubrics.view(np.uint32)),
            "n_counted": str(self.counts.n_texts).encode(),
            "n_texts": str(self.n_texts).encode(),
        }

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> Learnt:
        """Decode what `to_files` gave."""
        words = _unpacked(files["words"], 1 << WORD_BITS, "<u2")
        bigrams = _unpacked(files["bigrams"], 1 << BIGRAM_BITS, "<u2")
        counts = CorpusCounts(int(files["n_counted"]), words, bigrams)
        rubrics = _unpacked(files["rubrics"]).view(np.uint64)
        furniture = Furniture(_unpacked(files["furniture"]), _unpacked(files["frames"]))
        return cls(counts, furniture, rubrics, int(files["n_texts"]))


FILES: Final = ("words", "bigrams", "furniture", "frames", "rubrics", "n_counted", "n_texts")


def learn(
    survey: Survey, outlets: NDArray[np.int64], rubrics: NDArray[np.uint64], n_texts: int, *, threads: int = 1
) -> Learnt:
    """Learn an epoch from a sample of distinct texts.

    Parameters
    ----------
    survey : Survey
        The texts of smallest hash, in ascending order of it, each once.
    outlets : int64 array, shape (n,)
        Outlet number of each of them, -1 where it is not known.
    rubrics : uint64 array, shape (r,)
        See `Learnt`.
    n_texts : int
        Distinct texts of the corpus the sample stands for.
    threads : int, default 1
        Threads to use; the result does not depend on it.

    Returns
    -------
    Learnt
    """
    counted = min(len(survey), COUNTED_TEXTS)
    counts = count_documents(survey.units, survey.unit_bigrams, survey.unit_offsets[: counted + 1])
    anchors = learn_furniture(survey.anchors, survey.hashes, outlets, threads=threads)
    frames = learn_frames(survey.bigrams, survey.bigram_offsets, survey.hashes)
    return Learnt(counts, Furniture(anchors, frames), np.unique(rubrics), n_texts)


def _packed(array: NDArray[Any], kind: str = "<u4") -> bytes:
    """Length and compressed numbers; little-endian everywhere."""
    data = array.astype(kind, copy=False).tobytes()
    return np.int64(len(array)).tobytes() + bytes(pa.Codec(_CODEC).compress(data, asbytes=True))


def _unpacked(data: bytes, size: int | None = None, kind: str = "<u4") -> NDArray[Any]:
    n = int(np.frombuffer(data[:8], "<i8")[0])
    if size is not None and n != size:
        raise ValueError(f"epoch array holds {n} numbers, not {size}")
    raw = pa.Codec(_CODEC).decompress(data[8:], np.dtype(kind).itemsize * n, asbytes=True)
    return np.frombuffer(raw, kind).astype(np.dtype(kind).newbyteorder("="))
